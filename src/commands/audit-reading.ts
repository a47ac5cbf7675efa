import type { AuditRecord } from '../model/audit.ts';
import type { AuditProblem } from '../model/audit-report.ts';
import { UserError } from '../model/error.ts';
import type { Plan } from '../model/plan.ts';
import type { AuditFilter } from '../engine/audit-filter.ts';
import type { AuditedJournal, AuditLogs } from '../engine/audit-view.ts';
import { recordsOf } from '../engine/report.ts';
import type { World } from './world.ts';

/** The options of `audit` and `audit export`, as typed. */
export interface AuditOptions { readonly run?: string; readonly resource?: readonly string[]; readonly by?: string; readonly since?: string; readonly until?: string }

/** Where an entry of the audit log stands in the store (src/store/audit-log.ts). */
export const auditPlace = ({ store }: Pick<World, 'store'>, seq: number): string => `${store.place}/audit/${String(seq).padStart(8, '0')}.json`;

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/**
 * A moment, in milliseconds since 1970: `2026-02-26`, `2026-02-26T23:15`, each in UTC unless it says another zone, or an age such as `90m`,
 * `24h`, `7d`, `2w`. Throws UserError `bad-time`.
 */
export function timeOf(text: string, now: number): number {
  const age = /^(\d{1,6})([mhdw])$/u.exec(text);
  if (age !== null) return now - Number(age[1]) * (units[age[2] ?? ''] ?? 0);
  const dated = /^\d{4}-\d\d-\d\d(?<time>[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?<zone>Z|[+-]\d\d:?\d\d)?)?$/u.exec(text);
  const time = dated === null ? Number.NaN : Date.parse(dated.groups?.['time'] === undefined || dated.groups['zone'] !== undefined ? text.replace(' ', 'T') : `${text.replace(' ', 'T')}Z`);
  if (Number.isNaN(time)) throw new UserError('bad-time', `"${text}" is no time`, { help: 'write for example 2026-02-26, 2026-02-26T23:15 (UTC), or an age: 90m, 24h, 7d, 2w' });
  return time;
}

/** The options as a filter. Throws UserError `bad-time`. */
export function filterOf({ run, resource, by, since, until }: AuditOptions, now: number): AuditFilter {
  return {
    ...(run === undefined ? {} : { run }), ...(resource === undefined ? {} : { resource }), ...(by === undefined ? {} : { by }),
    ...(since === undefined ? {} : { since: timeOf(since, now) }), ...(until === undefined ? {} : { until: timeOf(until, now) }),
  };
}

/** What was read, and what could not be. */
export interface ReadLogs { readonly logs: AuditLogs; readonly damaged: AuditProblem | null; readonly planProblems: readonly AuditProblem[] }

/**
 * Everything that an audit looks at: the audit log, the journals (of one run, where only that is asked for), and the kept plans where
 * `plans`. A damaged log, journal or plan is told and hides no other. Throws UserError `no-such-run` for a run that neither log knows,
 * and what the store throws when it cannot be reached.
 */
export async function readLogs(world: Pick<World, 'store'>, { run, plans = false }: { readonly run?: string | undefined; readonly plans?: boolean } = {}): Promise<ReadLogs> {
  const { store } = world;
  let audit: readonly AuditRecord[] = [];
  let damaged: AuditProblem | null = null;
  try {
    audit = await store.readAudit();
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'audit-damaged') throw error;
    damaged = { code: error.code, where: error.where ?? store.place, message: error.message };
  }
  const runs = run === undefined ? (await store.listRuns()).map(({ run: name, path }) => ({ run: name, path })) : [{ run, path: run }];
  const journals: AuditedJournal[] = [];
  for (const known of runs) {
    const journal = await journalOf(world, known, audit, run !== undefined);
    if (journal !== null) journals.push(journal);
  }
  const kept = plans ? await keptPlans(world, audit, journals) : { plans: new Map<string, Plan>(), problems: [] };
  return { logs: { audit, journals, plans: kept.plans }, damaged, planProblems: kept.problems };
}

/** Null where there is none: of a run that the audit log names, `verifyAudit` says that it is missing. */
async function journalOf({ store }: Pick<World, 'store'>, { run, path }: { readonly run: string; readonly path: string }, audit: readonly AuditRecord[], named: boolean): Promise<AuditedJournal | null> {
  try {
    const read = await store.readRun(run);
    return { run, path: read.path, records: read.records, problem: null };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (error.code === 'no-such-run' && !named) return null;
    if (error.code === 'no-such-run' && !audit.some((record) => 'run' in record && record.run === run)) throw error;
    if (error.code !== 'no-such-run' && error.code !== 'journal-damaged') throw error;
    return { run, path: error.where ?? path, records: null, problem: error.message };
  }
}

async function keptPlans({ store }: Pick<World, 'store'>, audit: readonly AuditRecord[], journals: readonly AuditedJournal[]): Promise<{ readonly plans: ReadonlyMap<string, Plan>; readonly problems: readonly AuditProblem[] }> {
  const digests = new Set([
    ...audit.flatMap((record) => ('plan' in record && record.plan !== null ? [record.plan] : [])),
    ...journals.flatMap(({ records }) => recordsOf(records ?? [], 'resumed').map(({ remaining }) => remaining)),
  ]);
  const plans = new Map<string, Plan>();
  const problems: AuditProblem[] = [];
  for (const digest of digests) {
    try {
      const plan = await store.keptPlan(digest);
      if (plan !== null) plans.set(digest, plan);
    } catch (error) {
      if (!(error instanceof UserError) || error.code === 'store-unreadable' || error.code === 'unreadable-file') throw error;
      problems.push({ code: error.code, where: error.where ?? `${store.place}, plan ${digest}`, message: error.message });
    }
  }
  return { plans, problems };
}
