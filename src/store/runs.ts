import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../model/error.ts';
import type { JournalRecord, RunOutcome } from '../model/journal.ts';
import { journalPath } from './journal.ts';
import { readJournal, type ReadJournal } from './journal-reading.ts';

/** A run's name: `<yyyymmdd>-<hhmmss>-<4 hex>`, UTC. `now` in milliseconds since 1970, `random` two bytes. */
export function newRunId(now: number, random: Uint8Array): string {
  const [date, time] = new Date(now).toISOString().split('T') as [string, string];
  const suffix = Array.from(random.slice(0, 2), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${date.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${suffix}`;
}

const runName = /^\d{8}-\d{6}-[0-9a-f]{4}$/u;

/** One run in a list. `open`: it has no end, so it was killed or is still going. */
export interface RunSummary {
  readonly run: string;
  readonly path: string;
  readonly command: 'apply' | 'rollback' | null;
  readonly planName: string | null;
  readonly rollbackOf: string | null;
  readonly account: string | null;
  readonly region: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly outcome: RunOutcome | 'open' | 'damaged';
  readonly steps: number;
  /** Why the journal cannot be read; null when it can. */
  readonly problem: string | null;
}

/** The runs of a store, newest first. A damaged journal is listed as such and hides no other. */
export function listRuns(store: string): readonly RunSummary[] {
  let names: readonly string[];
  try {
    names = readdirSync(join(store, 'runs'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new UserError('unreadable-file', `cannot read "${join(store, 'runs')}"`, { cause: error, help: 'check the path and its permissions' });
  }
  return names.filter((name) => runName.test(name)).sort().reverse().map((run) => summaryOf(store, run));
}

function summaryOf(store: string, run: string): RunSummary {
  const path = journalPath(store, run);
  try {
    return { run, path, ...told(readJournal(path).records), problem: null };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { run, path, command: null, planName: null, rollbackOf: null, account: null, region: null, startedAt: null, endedAt: null, outcome: 'damaged', steps: 0, problem: error.message };
  }
}

function told(records: readonly JournalRecord[]): Omit<RunSummary, 'run' | 'path' | 'problem'> {
  const begin = records.find((record) => record.kind === 'begin');
  const end = records.findLast((record) => record.kind === 'end');
  return {
    command: begin?.command ?? null, planName: begin?.plan.name ?? null, rollbackOf: begin?.plan.rollbackOf ?? null,
    account: begin?.target.account ?? null, region: begin?.target.region ?? null,
    startedAt: begin?.at ?? null, endedAt: end?.at ?? null, outcome: end?.outcome ?? 'open',
    steps: begin?.plan.steps.length ?? 0,
  };
}

/** Reads one run's journal. Throws UserError `no-such-run`, `journal-damaged`. */
export function readRun(store: string, run: string): ReadJournal {
  if (!runName.test(run)) throw new UserError('no-such-run', `"${run}" is not the name of a run`, { help: 'a run is named like 20260226-231500-a1b2; `aiplan runs` lists them' });
  return readJournal(journalPath(store, run));
}
