import { checkTarget, refresh } from '../../src/plan/refresh/refresh.ts';
import { plan } from '../../src/plan/planner.ts';
import type { ChangePlan, ResourceEntry } from '../../src/domain/change-plan.ts';
import type { Configuration } from '../../src/domain/configuration.ts';
import { canonical } from '../../src/base/digest.ts';
import type { LiveState } from '../../src/domain/live.ts';
import type { Planned, Step } from '../../src/domain/plan.ts';
import type { MemoryWorld } from './memory-world.ts';

export const planningNow = '2026-02-26T12:00:00.000Z';

/** The configuration that tests plan with: defaults of the product, no file. */
export const plainConfiguration: Configuration = {
  allowedSigners: null,
  minimumTier: 'T0',
  allowYes: false,
  planExpiryMinutes: 60,
  maxConfirmations: 20,
  secretPrefixes: ['AIPLAN_SECRET_'],
  secretFiles: [],
  protected: [],
  accounts: [],
  aliases: {},
  capture: { bucket: null, maxObjects: 10_000, maxBytes: 1_000_000_000, expiryDays: 14, expiryDaysDestruction: 90 },
  store: null,
  storeRegion: null,
  storeProfile: null,
  sources: {},
};

/** An entry as the parser would give it; `line` is made from its place. */
export type EntrySample = Partial<ResourceEntry> & Pick<ResourceEntry, 'address' | 'type' | 'action'>;

export function changePlanOf(entries: readonly EntrySample[], rest: Partial<ChangePlan> = {}): ChangePlan {
  return {
    aiplan: 1,
    name: 'sample',
    intent: 'a test',
    assume: [],
    target: { account: '123456789012', region: 'eu-west-1' },
    resources: entries.map((entry, index) => ({
      dependsOn: [],
      source: { line: index * 10 + 1, column: 3 },
      positions: {},
      ...entry,
    })),
    ...rest,
  };
}

export interface PlanOptions {
  readonly configuration?: Partial<Configuration>;
  readonly changePlan?: Partial<ChangePlan>;
  readonly findings?: Parameters<typeof plan>[0]['findings'];
  readonly ownDeletions?: readonly { readonly type: string; readonly identity: string }[];
  readonly now?: string;
  readonly edit?: (live: LiveState) => LiveState;
}

/** Refreshes and plans entries against a memory world. */
export async function planFor(
  world: MemoryWorld,
  entries: readonly EntrySample[],
  options: PlanOptions = {},
): Promise<Planned> {
  const changePlan = changePlanOf(entries, options.changePlan);
  checkTarget(changePlan, world.target);
  const now = options.now ?? planningNow;
  const live = await refresh(changePlan, {
    aws: world.session,
    types: world.types,
    schemas: world.schemas,
    target: world.target,
    now,
    concurrency: 4,
  });
  return plan({
    changePlan,
    text: canonical(changePlan),
    live: options.edit === undefined ? live : options.edit(live),
    types: world.types,
    schemas: world.schemas,
    configuration: { ...plainConfiguration, ...options.configuration },
    now,
    ...(options.ownDeletions === undefined ? {} : { ownDeletions: options.ownDeletions }),
    ...(options.findings === undefined ? {} : { findings: options.findings }),
  });
}

export const stepOf = (planned: Planned, id: string): Step => {
  const step = planned.plan.steps.find((candidate) => candidate.id === id);
  if (step === undefined) throw new Error(`no step ${id}`);
  return step;
};

/** Codes of the findings about a step (null: about the plan), errors unless told otherwise. */
export const codes = (
  planned: Planned,
  id: string | null,
  severity: 'error' | 'warning' | 'info' = 'error',
): readonly string[] =>
  planned.plan.findings
    .filter((finding) => finding.step === id && finding.severity === severity)
    .map(({ code }) => code);
