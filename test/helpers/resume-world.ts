import type { ChangePlan } from '../../src/domain/change-plan.ts';
import { canonical } from '../../src/base/digest.ts';
import type { JournalEntry, JournalRecord } from '../../src/domain/records/journal.ts';
import type { LiveState } from '../../src/domain/live.ts';
import type { Planned } from '../../src/domain/plan.ts';
import type { ApplyPorts, ApplySession } from '../../src/domain/records/ports.ts';
import type { Report } from '../../src/domain/records/report.ts';
import { refresh } from '../../src/plan/refresh/refresh.ts';
import { resume } from '../../src/recovery/resume/resume.ts';
import { remainingOf, type Remaining } from '../../src/recovery/resume/remaining-steps.ts';
import { rewind } from '../../src/recovery/resume/rewind.ts';
import { reconcile, waitUntil, type Reconciliation } from '../../src/recovery/resume/reconcile.ts';
import { memorySecrets, recorder, vaultOf } from './apply-ports.ts';
import { planOnce, testConfiguration, type Bench } from './apply-world.ts';

export interface ResumeOptions {
  readonly session?: (session: ApplySession) => ApplySession;
  readonly beforeAppend?: (entry: JournalEntry) => void;
  readonly afterAppend?: (entry: JournalEntry) => void;
  readonly ports?: Partial<ApplyPorts>;
  readonly secrets?: Readonly<Record<string, string>>;
  /** After the person confirmed and before anything goes on. */
  readonly between?: () => void;
}

const planFor = async (
  bench: Bench,
  changePlan: ChangePlan,
  asBefore: (live: LiveState) => LiveState = (same) => same,
): Promise<Planned> => {
  const { world, clock } = bench;
  const now = new Date(clock.now()).toISOString();
  const live = asBefore(
    await refresh(changePlan, {
      aws: world.session,
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
  });
};

/**
 * What a person sees before going on: where each step stands, after waiting as long as AWS may not show it, and what
 * remains.
 */
export async function look(
  bench: Bench,
  changePlan: ChangePlan,
  run: string,
): Promise<{ readonly settlement: Reconciliation; readonly remaining: Remaining }> {
  const { world, clock } = bench;
  const records = bench.journalOf(run);
  const read = (): Promise<Reconciliation> =>
    reconcile(records, { session: world.session, types: world.types, schemas: world.schemas, now: clock.now() });
  let settlement = await read();
  for (let until = waitUntil(settlement); until !== null; until = waitUntil(settlement)) {
    clock.time = until;
    settlement = await read();
  }
  return {
    settlement,
    remaining: remainingOf(
      records,
      settlement,
      await planFor(bench, changePlan, (live) => rewind(live, records, world.types)),
      new Date(clock.now()).toISOString(),
    ),
  };
}

/**
 * A person goes on with a run and confirms whatever is asked. Answers the report; throws what cannot be gone on with,
 * by name.
 */
export async function resumeOnce(
  bench: Bench,
  changePlan: ChangePlan,
  run: string,
  { session = (same) => same, beforeAppend, afterAppend, ports = {}, secrets = {}, between }: ResumeOptions = {},
): Promise<Report> {
  const { world, clock, vault } = bench;
  const { remaining } = await look(bench, changePlan, run);
  if (remaining.stale.length > 0)
    throw new StaleRun(remaining.stale.map(({ step, why }) => `${step ?? 'the plan'}: ${why}`).join('; '));
  const approved = bench.approve(remaining.planned);
  between?.();
  const records = bench.journalOf(run) as JournalRecord[];
  return resume(
    approved,
    { by: 'ada', host: 'test', pid: 1 },
    {
      session: session({
        ...world.session,
        async renew() {
          /* the memory world has no credentials */
        },
      }),
      types: world.types,
      schemas: world.schemas,
      clock,
      emit: recorder().emit,
      secrets: memorySecrets(secrets),
      stop: new AbortController().signal,
      replan: (asBefore) => planFor(bench, changePlan, asBefore),
      journal: {
        run,
        records,
        async append(entry) {
          beforeAppend?.(entry);
          const record: JournalRecord = {
            seq: records.length + 1,
            prev: `line ${records.length}`,
            at: new Date(clock.now()).toISOString(),
            ...entry,
          };
          records.push(record);
          afterAppend?.(entry);
          return record;
        },
      },
      ...ports,
      vault: vaultOf(ports.vault ?? vault, run),
    },
  );
}

/** The run cannot go on: somebody else changed something, or the plan is another one now. */
export class StaleRun extends Error {}
