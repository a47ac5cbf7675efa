import { UserError } from '../../base/error.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import type { ReadJournal, RunSummary } from '../../domain/records/journal-store.ts';

/** A run's name: `<yyyymmdd>-<hhmmss>-<4 hex>`, UTC. `now` in milliseconds since 1970, `random` two bytes. */
export function newRunId(now: number, random: Uint8Array): string {
  const [date, time] = new Date(now).toISOString().split('T') as [string, string];
  const suffix = Array.from(random.slice(0, 2), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${date.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${suffix}`;
}

const runName = /^\d{8}-\d{6}-[0-9a-f]{4}$/u;

/** Whether a name in the store can be that of a run. */
export const isRunName = (name: string): boolean => runName.test(name);

/** Throws UserError `no-such-run` for what is not the name of a run, so that no path is made of it. */
export function refuseOddName(run: string): void {
  if (!isRunName(run))
    throw new UserError('no-such-run', `"${run}" is not the name of a run`, {
      help: 'a run is named like 20260226-231500-a1b2; `aiplan runs` lists them',
    });
}

/** The line about a run in a list, from the records of its journal, of which the first and the last are enough. */
export function summaryOf(run: string, path: string, records: readonly JournalRecord[]): RunSummary {
  const begin = records.find((record) => record.kind === 'begin');
  // An end with anything behind it is that of a resumed run.
  const last = records.at(-1);
  const end = last?.kind === 'end' ? last : undefined;
  return {
    run,
    path,
    command: begin?.command ?? null,
    planName: begin?.plan.name ?? null,
    rollbackOf: begin?.plan.rollbackOf ?? null,
    account: begin?.target.account ?? null,
    region: begin?.target.region ?? null,
    endpoint: begin?.target.endpoint ?? null,
    startedAt: begin?.at ?? null,
    endedAt: end?.at ?? null,
    outcome: end?.outcome ?? 'open',
    steps: begin?.plan.steps.length ?? 0,
    problem: null,
  };
}

/** The same of a journal that was read, with what lies beside it in a spool. */
export const summaryOfRead = (run: string, path: string, { records, spooled }: ReadJournal): RunSummary => ({
  ...summaryOf(run, path, records),
  ...(spooled?.state === 'merged' ? { spooled: true } : {}),
});

/** A run whose journal cannot be read. */
export const damagedSummary = (run: string, path: string, problem: string): RunSummary => ({
  run,
  path,
  command: null,
  planName: null,
  rollbackOf: null,
  account: null,
  region: null,
  endpoint: null,
  startedAt: null,
  endedAt: null,
  outcome: 'damaged',
  steps: 0,
  problem,
});
