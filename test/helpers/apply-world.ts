import type { Approval } from '../../src/domain/approval.ts';
import { boundObservations } from '../../src/domain/bands.ts';
import type { ChangePlan, ResourceEntry } from '../../src/domain/change-plan.ts';
import type { Configuration } from '../../src/domain/configuration.ts';
import { canonical } from '../../src/base/digest.ts';
import type { JournalEntry, JournalRecord } from '../../src/domain/records/journal.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { Planned } from '../../src/domain/plan.ts';
import type { ApplyPorts, ApplySession, CaptureVault } from '../../src/domain/records/ports.ts';
import type { Report } from '../../src/domain/records/report.ts';
import { apply } from '../../src/run/apply/apply.ts';
import { madeIn } from '../../src/run/apply/run-end.ts';
import { approve } from '../../src/plan/approve.ts';
import { lossPhrase, needed } from '../../src/domain/confirmation.ts';
import { withPins } from '../../src/recovery/rollback/pinned-claims.ts';
import { plan } from '../../src/plan/planner.ts';
import { refresh } from '../../src/plan/refresh/refresh.ts';
import { rollbackChangePlan, type RollbackDraft } from '../../src/recovery/rollback/rollback.ts';
import type { AwsReader } from '../../src/domain/call.ts';
import type { LiveState } from '../../src/domain/live.ts';
import {
  fakeClock,
  memoryJournal,
  memorySecrets,
  memoryVault,
  recorder,
  vaultLike,
  vaultOf,
  type FakeClock,
  type MemoryVault,
} from './apply-ports.ts';
import { memoryTypes } from './memory-types.ts';
import { textOf } from './memory-values.ts';
import type { MemoryWorld } from './memory-world.ts';
import { Killed } from './mortal.ts';

export const testConfiguration: Configuration = {
  allowedSigners: null,
  minimumTier: 'T0',
  allowYes: true,
  planExpiryMinutes: 60,
  maxConfirmations: 100,
  secretPrefixes: ['AIPLAN_SECRET_'],
  secretFiles: [],
  protected: [],
  accounts: [],
  aliases: {},
  capture: { bucket: null, maxObjects: 1000, maxBytes: 1e9, expiryDays: 14, expiryDaysDestruction: 90 },
  store: null,
  storeRegion: null,
  storeProfile: null,
  sources: {},
};

export const entryOf = (address: string, type: string, more: Partial<ResourceEntry>): ResourceEntry => ({
  address,
  type,
  action: 'update',
  dependsOn: [],
  source: { line: 1, column: 1 },
  positions: {},
  ...(more.action === 'create' ? {} : { reason: 'test', when: 'now' }),
  ...more,
});

export const changePlanOf = (resources: readonly ResourceEntry[], more: Partial<ChangePlan> = {}): ChangePlan => ({
  aiplan: 1,
  name: 'test-plan',
  intent: 'Test.',
  assume: [],
  target: { account: '123456789012', region: 'eu-west-1' },
  resources,
  ...more,
});

/** One run in the memory world: plan, a person who confirms everything, apply. */
export interface Bench {
  readonly world: MemoryWorld;
  readonly clock: FakeClock;
  readonly vault: MemoryVault;
  plan(
    changePlan: ChangePlan,
    ownDeletions?: readonly { readonly type: string; readonly identity: string }[],
  ): Promise<Planned>;
  approve(planned: Planned): ReturnType<typeof approve>;
  apply(changePlan: ChangePlan, options?: RunOptions): Promise<Report>;
  /** The journal of a run, also of one that was killed. */
  journalOf(run: string): readonly JournalRecord[];
  rollback(run: string): Promise<RollbackDraft>;
  /** Another bench that goes on from here on its own: world, journals, capture bucket and clock as they are now. */
  fork(): Bench;
  /** Everything that decides what happens from now on, as text. */
  image(): string;
  /** Everything that a person would call the state: properties, rows and own tags of all resources. */
  state(): Promise<JsonObject>;
}

interface RunOptions {
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

/** Planning is pure: equal inputs give the same plan, which the fault tests ask for thousands of times. */
const plans = new Map<string, Planned>();
export function planOnce(input: Parameters<typeof plan>[0]): Planned {
  const { resources, ...rest } = input.live;
  const key = [
    ...resources.map(textOf),
    JSON.stringify([input.text, { ...rest, calls: {} }, input.now, input.ownDeletions, input.ownMade]),
  ].join('\n');
  const known = input.types === memoryTypes ? plans.get(key) : undefined;
  if (known !== undefined) return known;
  const planned = plan(input);
  if (plans.size >= 256) plans.delete(plans.keys().next().value as string);
  if (input.types === memoryTypes) plans.set(key, planned);
  return planned;
}

/** A process that was killed keeps no end. */
const endingVault = (vault: CaptureVault, isDead: () => boolean): CaptureVault => ({
  ...vault,
  ...(vault.putEnd === undefined
    ? {}
    : { putEnd: async (end) => (isDead() ? Promise.reject(new Killed('dead already')) : (vault.putEnd?.(end) ?? '')) }),
});

export function benchOf(
  world: MemoryWorld,
  clock = fakeClock(),
  vault = memoryVault(),
  journals = new Map<string, readonly JournalRecord[]>(),
): Bench {
  const planNow = async (
    changePlan: ChangePlan,
    ownDeletions: readonly { readonly type: string; readonly identity: string }[] = [],
    aws: AwsReader = world.session,
    asBefore = (same: LiveState): LiveState => same,
  ): Promise<Planned> => {
    const now = new Date(clock.now()).toISOString();
    const live = asBefore(
      await refresh(changePlan, {
        aws,
        types: world.types,
        schemas: world.schemas,
        target: world.target,
        now,
        concurrency: 8,
      }),
    );
    return planOnce({
      changePlan,
      text: canonical(changePlan),
      live,
      types: world.types,
      schemas: world.schemas,
      configuration: testConfiguration,
      now,
      ownDeletions,
      ownMade: ownMadeOf(changePlan.name),
    });
  };
  const ownMadeOf = (name: string): NonNullable<Parameters<typeof plan>[0]['ownMade']> =>
    [...journals.values()]
      .filter(([first]) => first?.kind === 'begin' && first.plan.name === name)
      .flatMap(madeIn)
      .filter(({ type }) => world.schemas(type)?.tagProperty === null)
      .map(({ step, ...made }) => ({ address: step, ...made }));
  const rollbacksOf = (run: string): readonly (readonly JournalRecord[])[] =>
    [...journals.values()].filter(([first]) => first?.kind === 'begin' && first.plan.rollbackOf === run);
  const bench: Bench = {
    world,
    clock,
    vault,
    plan: (changePlan, ownDeletions) => planNow(changePlan, ownDeletions),
    approve(planned) {
      const { plan: shown } = planned;
      const needs = needed(shown);
      const approval: Approval = {
        format: 'aiplan/approval@1',
        planDigest: shown.digest,
        planName: shown.name,
        target: shown.target,
        nonce: '0'.repeat(32),
        createdAt: new Date(clock.now()).toISOString(),
        expiresAt: new Date(clock.now() + 3_600_000).toISOString(),
        tier: 'T0',
        by: 'ada',
        typedName: shown.name,
        confirmations: needs.confirmations.map((step) => ({
          step: step.id,
          stepDigest: step.digest,
          typed: step.confirm ?? '',
          shown: '',
          typedLoss: lossPhrase(step),
          observed: boundObservations(step.evidence.observed),
        })),
      };
      return approve(planned, approval, testConfiguration, clock.now());
    },
    async apply(
      changePlan,
      {
        run = '20260226-230000-0001',
        stop = new AbortController().signal,
        session = (same: ApplySession) => same,
        beforeAppend,
        afterAppend,
        ports = {},
        between,
        secrets = {},
        events,
      } = {},
    ) {
      const approved = bench.approve(await planNow(changePlan));
      let isDead = false;
      const dying =
        (hook: ((entry: JournalEntry) => void) | undefined) =>
        (entry: JournalEntry): void => {
          try {
            hook?.(entry);
          } catch (error) {
            isDead ||= error instanceof Killed;
            throw error;
          }
        };
      const journal = memoryJournal(run, clock, dying(beforeAppend), dying(afterAppend));
      journals.set(run, journal.records);
      between?.();
      const through = session({
        ...world.session,
        async renew() {
          /* the memory world has no credentials */
        },
      });
      return apply(approved, {
        session: through,
        types: world.types,
        schemas: world.schemas,
        journal,
        clock,
        emit: events ?? recorder().emit,
        secrets: memorySecrets(secrets),
        stop,
        replan: (asBefore) => planNow(changePlan, [], through, asBefore),
        ...ports,
        vault: endingVault(vaultOf(ports.vault ?? vault, run), () => isDead),
      });
    },
    journalOf: (run) => journals.get(run) ?? [],
    // Nobody rolls back within a minute of a lost answer: AWS may not show yet what became of the call.
    async rollback(run) {
      const earlier = rollbacksOf(run);
      const draft = await rollbackChangePlan(bench.journalOf(run), {
        session: world.session,
        types: world.types,
        schemas: world.schemas,
        now: new Date((clock.time += 61_000)).toISOString(),
        earlier,
      });
      const pinned = (records: readonly JournalRecord[]) => ({
        records,
        ends: vault.ends.filter((end) => records[0]?.kind === 'begin' && end.run === records[0].run),
      });
      const runs = [...vault.manifests.values()].flatMap((manifest) =>
        manifest.format === 'aiplan/run@1' && manifest.run === run
          ? [{ key: run, written: manifest.at, manifest }]
          : [],
      );
      return {
        ...draft,
        changePlan: withPins(draft.changePlan, {
          own: pinned(bench.journalOf(run)),
          earlier: earlier.map(pinned),
          runs,
          captures: [...vault.manifests.values()].flatMap((manifest) =>
            manifest.format === 'aiplan/capture@1' && manifest.run === run
              ? [{ key: run, written: manifest.at, manifest }]
              : [],
          ),
        }),
      };
    },
    fork: () =>
      benchOf(
        world.fork(),
        fakeClock(clock.time),
        vaultLike(vault),
        new Map([...journals].map(([name, records]) => [name, [...records]])),
      ),
    image: () =>
      JSON.stringify([
        clock.time,
        world.image(),
        [...journals].map(([name, records]) => [name, records.map(textOf)]),
        [...vault.kept],
        vault.ends,
        [...vault.manifests].map(([name, manifest]) => [name, textOf(manifest)]),
      ]),
    async state() {
      const found: Record<string, JsonObject> = {};
      for (const { type, identity } of world.list()) {
        const live = await world.get(type, identity);
        if (live !== undefined)
          found[`${type} ${identity}`] = {
            ...live.properties,
            ...(type.endsWith('Database')
              ? { rows: [...world.rows(identity)], secret: world.secret(identity) }
              : type.endsWith('Box')
                ? { rows: [...world.rows(identity)].sort() }
                : {}),
            state: live.state,
          };
      }
      return found;
    },
  };
  return bench;
}
