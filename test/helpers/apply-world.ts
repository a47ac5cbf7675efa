import type { Approval } from '../../src/model/approval.ts';
import type { ChangePlan, ResourceEntry } from '../../src/model/change-plan.ts';
import type { Configuration } from '../../src/model/configuration.ts';
import { canonical } from '../../src/model/digest.ts';
import type { JournalEntry, JournalRecord } from '../../src/model/journal.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { Planned } from '../../src/model/plan.ts';
import type { ApplyPorts, ApplySession } from '../../src/model/ports.ts';
import type { Report } from '../../src/model/report.ts';
import { apply } from '../../src/engine/apply.ts';
import { approve } from '../../src/engine/approve.ts';
import { lossPhrase, needed } from '../../src/model/confirm.ts';
import { plan } from '../../src/engine/planner.ts';
import { refresh } from '../../src/engine/refresh.ts';
import { rollbackChangePlan, type RollbackDraft } from '../../src/engine/rollback.ts';
import { fakeClock, memoryJournal, memorySecrets, memoryVault, recorder, type FakeClock, type MemoryVault } from './apply-ports.ts';
import type { MemoryWorld } from './memory-world.ts';

export const testConfiguration: Configuration = {
  allowedSigners: null, minimumTier: 'T0', allowYes: true, planExpiryMinutes: 60, maxConfirmations: 100, secretPrefixes: ['AIPLAN_SECRET_'], secretFiles: [], protected: [], accounts: [], aliases: {},
  capture: { bucket: null, maxObjects: 1000, maxBytes: 1e9, expiryDays: 14, expiryDaysDestruction: 90 }, store: null, sources: {},
};

export const entryOf = (address: string, type: string, more: Partial<ResourceEntry>): ResourceEntry =>
  ({ address, type, action: 'update', dependsOn: [], source: { line: 1, column: 1 }, positions: {}, ...(more.action === 'create' ? {} : { reason: 'test', when: 'now' }), ...more });

export const changePlanOf = (resources: readonly ResourceEntry[], more: Partial<ChangePlan> = {}): ChangePlan =>
  ({ aiplan: 1, name: 'test-plan', intent: 'Test.', assume: [], target: { account: '123456789012', region: 'eu-west-1' }, resources, ...more });

/** One run in the memory world: plan, a person who confirms everything, apply. */
export interface Bench {
  readonly world: MemoryWorld;
  readonly clock: FakeClock;
  readonly vault: MemoryVault;
  plan(changePlan: ChangePlan, ownDeletions?: readonly { readonly type: string; readonly identity: string }[]): Promise<Planned>;
  approve(planned: Planned): ReturnType<typeof approve>;
  apply(changePlan: ChangePlan, options?: RunOptions): Promise<Report>;
  /** The journal of a run, also of one that was killed. */
  journalOf(run: string): readonly JournalRecord[];
  rollback(run: string): Promise<RollbackDraft>;
  /** Everything that a person would call the state: properties, rows and own tags of all resources. */
  state(): Promise<JsonObject>;
}

export interface RunOptions {
  readonly run?: string;
  readonly stop?: AbortSignal;
  readonly session?: (session: ApplySession) => ApplySession;
  readonly beforeAppend?: (entry: JournalEntry) => void;
  readonly afterAppend?: (entry: JournalEntry) => void;
  readonly ports?: Partial<ApplyPorts>;
  /** After the plan was approved and before it is applied. */
  readonly between?: () => void;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly events?: (event: Parameters<ApplyPorts['emit']>[0]) => void;
}

export function benchOf(world: MemoryWorld): Bench {
  const clock = fakeClock();
  const vault = memoryVault();
  const journals = new Map<string, readonly JournalRecord[]>();
  const planNow = async (changePlan: ChangePlan, ownDeletions: readonly { readonly type: string; readonly identity: string }[] = []): Promise<Planned> => {
    const now = new Date(clock.now()).toISOString();
    const live = await refresh(changePlan, { aws: world.session, types: world.types, schemas: world.schemas, target: world.target, now, concurrency: 8 });
    return plan({ changePlan, text: canonical(changePlan), live, types: world.types, schemas: world.schemas, configuration: testConfiguration, now, ownDeletions });
  };
  const rollbacksOf = (run: string): readonly (readonly JournalRecord[])[] => [...journals.values()].filter(([first]) => first?.kind === 'begin' && first.plan.rollbackOf === run);
  const bench: Bench = {
    world, clock, vault, plan: planNow,
    approve(planned) {
      const { plan: shown } = planned;
      const needs = needed(shown);
      const approval: Approval = {
        format: 'aiplan/approval@1', planDigest: shown.digest, planName: shown.name, target: shown.target, nonce: '0'.repeat(32),
        createdAt: new Date(clock.now()).toISOString(), expiresAt: new Date(clock.now() + 3_600_000).toISOString(), tier: 'T0', by: 'ada', typedName: shown.name,
        confirmations: needs.confirmations.map((step) => ({ step: step.id, stepDigest: step.digest, typed: step.confirm ?? '', shown: '', typedLoss: lossPhrase(step) })),
      };
      return approve(planned, approval, testConfiguration, clock.now());
    },
    async apply(changePlan, { run = '20260226-230000-0001', stop = new AbortController().signal, session = (same: ApplySession) => same, beforeAppend, afterAppend, ports = {}, between, secrets = {}, events } = {}) {
      const approved = bench.approve(await planNow(changePlan));
      const journal = memoryJournal(run, clock, beforeAppend, afterAppend);
      journals.set(run, journal.records);
      between?.();
      return apply(approved, {
        session: session({ ...world.session, async renew() { /* the memory world has no credentials */ } }), types: world.types, schemas: world.schemas,
        journal, clock, emit: events ?? recorder().emit, vault, secrets: memorySecrets(secrets), stop, replan: () => planNow(changePlan), ...ports,
      });
    },
    journalOf: (run) => journals.get(run) ?? [],
    // Nobody rolls back within a minute of a lost answer: AWS may not show yet what became of the call.
    rollback: (run) => rollbackChangePlan(bench.journalOf(run), { session: world.session, types: world.types, schemas: world.schemas, now: new Date(clock.time += 61_000).toISOString(), earlier: rollbacksOf(run) }),
    async state() {
      const found: Record<string, JsonObject> = {};
      for (const { type, identity } of world.list()) {
        const live = await world.get(type, identity);
        if (live !== undefined) found[`${type} ${identity}`] = { ...live.properties, ...(type.endsWith('Database') ? { rows: [...world.rows(identity)], secret: world.secret(identity) } : {}), state: live.state };
      }
      return found;
    },
  };
  return bench;
}
