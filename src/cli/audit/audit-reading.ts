import type { AuditRecord } from '../../domain/records/audit.ts';
import type { AuditProblem } from '../../domain/records/audit-report.ts';
import { UserError } from '../../base/error.ts';
import type { Plan } from '../../domain/plan.ts';
import type { AuditFilter } from '../../audit/filter.ts';
import type { AuditedJournal, AuditLogs } from '../../audit/view.ts';
import { mapBounded } from '../../base/pool.ts';
import { recordsOf } from '../../history/journal-reading.ts';
import { told } from '../context/progress.ts';
import type { CommandContext } from '../context/command-context.ts';

/** The options of `audit` and `audit export`, as typed. */
export interface AuditOptions {
  readonly run?: string;
  readonly resource?: readonly string[];
  readonly by?: string;
  readonly since?: string;
  readonly until?: string;
}

/** Where an entry of the audit log stands in the store (src/store/audit-log.ts). */
export const auditPlace = ({ store }: Pick<CommandContext, 'store'>, seq: number): string =>
  `${store.place}/audit/${String(seq).padStart(8, '0')}.json`;

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/**
 * A moment, in milliseconds since 1970: `2026-02-26`, `2026-02-26T23:15`, each in UTC unless it says another zone, or
 * an age such as `90m`, `24h`, `7d`, `2w`. Throws UserError `bad-time`.
 */
export function timeOf(text: string, now: number): number {
  const age = /^(\d{1,6})([mhdw])$/u.exec(text);
  if (age !== null) return now - Number(age[1]) * (units[age[2] ?? ''] ?? 0);
  const dated = /^\d{4}-\d\d-\d\d(?<time>[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?<zone>Z|[+-]\d\d:?\d\d)?)?$/u.exec(text);
  const time =
    dated === null
      ? Number.NaN
      : Date.parse(
          dated.groups?.['time'] === undefined || dated.groups['zone'] !== undefined
            ? text.replace(' ', 'T')
            : `${text.replace(' ', 'T')}Z`,
        );
  if (Number.isNaN(time))
    throw new UserError('bad-time', `"${text}" is no time`, {
      help: 'write for example 2026-02-26, 2026-02-26T23:15 (UTC), or an age: 90m, 24h, 7d, 2w',
    });
  return time;
}

/** The options as a filter. Throws UserError `bad-time`. */
export function filterOf({ run, resource, by, since, until }: AuditOptions, now: number): AuditFilter {
  return {
    ...(run === undefined ? {} : { run }),
    ...(resource === undefined ? {} : { resource }),
    ...(by === undefined ? {} : { by }),
    ...(since === undefined ? {} : { since: timeOf(since, now) }),
    ...(until === undefined ? {} : { until: timeOf(until, now) }),
  };
}

/** The part that was read, and the part that could not be. */
export interface ReadLogs {
  readonly logs: AuditLogs;
  /** Each place where the audit log is damaged; what else it holds is in `logs`. */
  readonly damaged: readonly AuditProblem[];
  readonly planProblems: readonly AuditProblem[];
}

type Reading = Pick<CommandContext, 'store'> & Partial<Pick<CommandContext, 'io' | 'options'>>;

const progressOf = ({ io, options }: Reading, what: string): ((done: number, of: number) => void) =>
  io === undefined || options === undefined ? () => undefined : told({ io, options }, what);

/**
 * The readable part of the audit log, and each place where it is damaged. Throws what the store throws when it cannot
 * be reached.
 */
export async function readAuditLog(
  context: Reading,
): Promise<{ readonly audit: readonly AuditRecord[]; readonly damaged: readonly AuditProblem[] }> {
  const damaged: AuditProblem[] = [];
  const audit = await context.store.readAudit(progressOf(context, 'entries of the audit log read'), (problem) => {
    damaged.push(problem);
  });
  return { audit, damaged };
}

/**
 * Every journal, newest first, a few at a time; none stays in memory but what `work` keeps of it. `work` answers `stop`
 * where no older one is needed.
 */
export async function eachJournal(context: Reading, work: (journal: AuditedJournal) => 'stop' | void): Promise<void> {
  await context.store.eachRun(
    ({ run, path, journal, problem }) => {
      // A place without a journal: of a run that the log names, `verifyAudit` says that it is missing.
      if (problem?.code === 'no-such-run') return undefined;
      return work(
        journal === null
          ? { run, path: problem.where ?? path, records: null, problem: problem.message }
          : { run, path, records: journal.records, problem: null },
      );
    },
    { progress: progressOf(context, 'runs read') },
  );
}

/**
 * Everything that an audit looks at: the audit log, the journals (of one run, where only that is asked for: then
 * nothing else is read), and the kept plans where `plans`. `keep` says what of each journal is kept; absent: all of it.
 * A damaged log, journal or plan is told and hides no other. Throws UserError `no-such-run` for a run that neither log
 * knows, and what the store throws when it cannot be reached.
 */
export async function readLogs(
  context: Reading,
  {
    run,
    plans = false,
    keep = (journal) => journal,
  }: {
    readonly run?: string | undefined;
    readonly plans?: boolean;
    readonly keep?: (journal: AuditedJournal) => AuditedJournal;
  } = {},
): Promise<ReadLogs> {
  if (run !== undefined) return readLogsOf(context, run, plans);
  const { audit, damaged } = await readAuditLog(context);
  const journals: AuditedJournal[] = [];
  await eachJournal(context, (journal) => {
    journals.push(keep(journal));
  });
  const kept = plans ? await keptPlans(context, audit, journals) : { plans: new Map<string, Plan>(), problems: [] };
  return { logs: { audit, journals: journals.toReversed(), plans: kept.plans }, damaged, planProblems: kept.problems };
}

/** The journal of one run, and what the log says of it and of its plans. */
async function readLogsOf(context: Reading, run: string, plans: boolean): Promise<ReadLogs> {
  const { store } = context;
  let journal: AuditedJournal;
  try {
    const read = await store.readRun(run);
    journal = { run, path: read.path, records: read.records, problem: null };
  } catch (error) {
    if (!(error instanceof UserError) || (error.code !== 'no-such-run' && error.code !== 'journal-damaged'))
      throw error;
    journal = { run, path: error.where ?? run, records: null, problem: error.message };
    const { audit, damaged } = await auditOfRun(context, run, []);
    if (
      error.code === 'no-such-run' &&
      damaged.length === 0 &&
      !audit.some((record) => 'run' in record && record.run === run)
    )
      throw error;
    return { logs: { audit, journals: [journal], plans: new Map() }, damaged, planProblems: [] };
  }
  const digests = [
    ...recordsOf(journal.records, 'begin').map(({ plan }) => plan.digest),
    ...recordsOf(journal.records, 'resumed').map(({ remaining }) => remaining),
  ];
  const { audit, damaged } = await auditOfRun(context, run, digests);
  const kept = plans ? await keptPlans(context, audit, [journal]) : { plans: new Map<string, Plan>(), problems: [] };
  return { logs: { audit, journals: [journal], plans: kept.plans }, damaged, planProblems: kept.problems };
}

async function auditOfRun(
  { store }: Reading,
  run: string,
  digests: readonly string[],
): Promise<{ readonly audit: readonly AuditRecord[]; readonly damaged: readonly AuditProblem[] }> {
  const damaged: AuditProblem[] = [];
  const audit = await store.readAuditOf(run, digests, (problem) => {
    damaged.push(problem);
  });
  return { audit, damaged };
}

/** Plans that are read at once. */
const width = 24;

/**
 * The kept plans that the log and the journals name; `keep` says what of each is kept. One that cannot be read is told
 * and hides no other.
 */
export async function keptPlans(
  context: Reading,
  audit: readonly AuditRecord[],
  journals: readonly AuditedJournal[],
  keep: (digest: string, plan: Plan) => Plan = (_digest, plan) => plan,
): Promise<{ readonly plans: ReadonlyMap<string, Plan>; readonly problems: readonly AuditProblem[] }> {
  const { store } = context;
  const digests = [
    ...new Set([
      ...audit.flatMap((record) => ('plan' in record && record.plan !== null ? [record.plan] : [])),
      ...journals.flatMap(({ records }) => recordsOf(records ?? [], 'resumed').map(({ remaining }) => remaining)),
    ]),
  ];
  const plans = new Map<string, Plan>();
  const problems: AuditProblem[] = [];
  const progress = progressOf(context, 'plans read');
  let done = 0;
  await mapBounded(digests, width, async (digest) => {
    try {
      const plan = await store.keptPlan(digest);
      if (plan !== null) plans.set(digest, keep(digest, plan));
    } catch (error) {
      if (!(error instanceof UserError) || error.code === 'store-unreadable' || error.code === 'unreadable-file')
        throw error;
      problems.push({
        code: error.code,
        where: error.where ?? `${store.place}, plan ${digest}`,
        message: error.message,
      });
    }
    progress((done += 1), digests.length);
  });
  return { plans, problems };
}
