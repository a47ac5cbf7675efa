import type { AuditEvent } from '../domain/records/audit.ts';
import type { Plan } from '../domain/plan.ts';
import type { AuditLogs } from './view.ts';
import { recordsOf } from '../history/journal-reading.ts';

/**
 * The events that are asked for. Several conditions must all hold. Times in milliseconds since 1970, `until` itself
 * included.
 */
export interface AuditFilter {
  readonly run?: string;
  /** Identities, or addresses of a change plan: one of them. */
  readonly resource?: readonly string[];
  /** A login name, the principal of a signer, an ARN of a caller, or the last part of one. */
  readonly by?: string;
  readonly since?: number;
  readonly until?: number;
}

/**
 * The events that a filter lets through, in their order. An event about a whole plan or run is about each of its
 * resources; a review and the making of a plan belong to the run that applied it. Pure.
 */
export function filterEvents(
  events: readonly AuditEvent[],
  filter: AuditFilter,
  logs: AuditLogs,
): readonly AuditEvent[] {
  const planOfRun = filter.run === undefined ? null : planDigestOf(filter.run, logs);
  const resources = filter.resource === undefined ? null : resourceIndex(logs);
  return events.filter((event) => {
    const at = Date.parse(event.at);
    if (filter.since !== undefined && !(at >= filter.since)) return false;
    if (filter.until !== undefined && !(at <= filter.until)) return false;
    if (filter.by !== undefined && !isBy(event, filter.by)) return false;
    if (
      filter.run !== undefined &&
      event.run !== filter.run &&
      !(event.run === null && event.plan !== null && event.plan === planOfRun)
    )
      return false;
    return resources === null || (filter.resource ?? []).some((resource) => isAbout(event, resource, resources));
  });
}

const planDigestOf = (run: string, { audit, journals }: AuditLogs): string | null =>
  recordsOf(journals.find((journal) => journal.run === run)?.records ?? [], 'begin')[0]?.plan.digest ??
  audit.flatMap((record) => (record.kind === 'run-began' && record.run === run ? [record.plan] : []))[0] ??
  null;

const isBy = ({ by, approver, caller, agent }: AuditEvent, wanted: string): boolean =>
  by === wanted ||
  approver === wanted ||
  caller === wanted ||
  agent === wanted ||
  (caller?.endsWith(`/${wanted}`) ?? false);

/** Names by plan digest, and by run and step. */
interface ResourceIndex {
  readonly plans: ReadonlyMap<string, ReadonlySet<string>>;
  readonly runs: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;
}

/**
 * Every name that a plan or a run knows its resources by: addresses, identities before and after, new ones of a
 * restore.
 */
function resourceIndex({ journals, plans }: AuditLogs): ResourceIndex {
  const ofPlans = new Map([...plans].map(([digest, plan]) => [digest, namesOfPlan(plan)]));
  const ofRuns = new Map<string, ReadonlyMap<string, Set<string>>>();
  for (const { run, records } of journals) {
    const begin = recordsOf(records ?? [], 'begin')[0];
    if (begin === undefined || records === null) continue;
    const steps = new Map(
      begin.plan.steps.map(({ id, identity }) => [id, new Set(identity === null ? [id] : [id, identity])]),
    );
    for (const { step, identity } of recordsOf(records, 'step')) if (identity !== null) steps.get(step)?.add(identity);
    for (const { step, map } of recordsOf(records, 'remapped'))
      for (const pair of Object.entries(map)) for (const name of pair) steps.get(step)?.add(name);
    ofRuns.set(run, steps);
    if (!ofPlans.has(begin.plan.digest)) ofPlans.set(begin.plan.digest, namesOfPlan(begin.plan));
  }
  return { plans: ofPlans, runs: ofRuns };
}

const namesOfPlan = (plan: Plan): Set<string> =>
  new Set(plan.steps.flatMap(({ id, identity }) => (identity === null ? [id] : [id, identity])));

function isAbout(event: AuditEvent, resource: string, { plans, runs }: ResourceIndex): boolean {
  if (event.step === resource || event.identity === resource) return true;
  const steps = event.run === null ? undefined : runs.get(event.run);
  if (event.step !== null) return steps?.get(event.step)?.has(resource) ?? false;
  if (event.plan !== null && plans.get(event.plan)?.has(resource) === true) return true;
  return steps !== undefined && [...steps.values()].some((names) => names.has(resource));
}
