import { mapBounded } from '../../base/pool.ts';
import { UserError } from '../../base/error.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import type { FoundRun, ReadJournal, ClosedRun, JournalStore } from '../../domain/records/journal-store.ts';
import { after, chainStart, checkedLine, journalLine } from './journal-line.ts';
import type { Objects } from '../objects/objects.ts';

/**
 * The journal of a closed run, as one object: `journals/<run>-<records>.jsonl`, the very lines of its records. It
 * spares a reading of many runs one request for each record. It is believed only of a run with a mark that nothing more
 * happens with it, only where its chain fits, and it proves nothing that its records do not.
 */
const folder = 'journals';
const nameOf = (run: string, records: number): string => `${run}-${String(records).padStart(6, '0')}.jsonl`;
const nameParts = /^(?<run>\d{8}-\d{6}-[0-9a-f]{4})-(?<records>\d{6})\.jsonl$/u;

/**
 * Keeps a journal that has ended as one object, before its run is marked as closed. A failure here is no failure of the
 * run: its records are there.
 */
export async function keepSegment(objects: Objects, run: string, records: readonly JournalRecord[]): Promise<void> {
  if (records.at(-1)?.kind !== 'end') return;
  try {
    await objects.create(
      `${folder}/${nameOf(run, records.length)}`,
      records.map((record) => `${journalLine(record)}\n`).join(''),
    );
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
}

/** The longest segment of each run, by name. */
export async function segmentNames(
  objects: Objects,
): Promise<ReadonlyMap<string, { readonly name: string; readonly records: number }>> {
  const found = new Map<string, { name: string; records: number }>();
  for (const name of await objects.list(folder)) {
    const { run = '', records = '' } = nameParts.exec(name)?.groups ?? {};
    if (run !== '' && Number(records) > (found.get(run)?.records ?? 0))
      found.set(run, { name, records: Number(records) });
  }
  return found;
}

/**
 * The journal in a segment, or null where it cannot be told to be the whole of it. A run that is done or abandoned has
 * nothing after its end; of any other whoever went on with it may have written more, which `hasMore` looks for.
 */
export async function readSegment(
  objects: Objects,
  run: string,
  { name, records: count }: { readonly name: string; readonly records: number },
  how: ClosedRun['how'],
  path: string,
  hasMore: () => Promise<boolean>,
): Promise<ReadJournal | null> {
  const lines = ((await objects.read(`${folder}/${name}`)) ?? '').split('\n');
  if (lines.pop() !== '' || lines.length !== count) return null;
  const records: JournalRecord[] = [];
  let end = chainStart;
  try {
    for (const [at, line] of lines.entries()) {
      records.push(checkedLine(line, end, `${name}:${at + 1}`, `line ${at + 1}`));
      end = after(end, line);
    }
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
  const [first, last] = [records[0], records.at(-1)];
  if (first?.kind !== 'begin' || first.run !== run || last?.kind !== 'end') return null;
  const isOver = (last.outcome === 'done' || last.outcome === 'abandoned') && how === last.outcome;
  return isOver || !(await hasMore()) ? { path, records, head: end.head, torn: null } : null;
}

/** A run as `eachRun` tells it: its journal, or the error of reading it. Null where there is no journal. */
export async function foundRun(run: string, path: string, read: () => Promise<ReadJournal>): Promise<FoundRun | null> {
  try {
    const journal = await read();
    return { run, path: journal.path, journal, problem: null };
  } catch (error) {
    if (!(error instanceof UserError) || (error.code !== 'journal-damaged' && error.code !== 'no-such-run'))
      throw error;
    return {
      run,
      path,
      journal: null,
      problem: { code: error.code, message: error.message, where: error.where ?? null },
    };
  }
}

/**
 * Gives each run to `work`, newest first, `width` being read at a time. After `stop` no older one is begun; those that
 * are being read are still given.
 */
export async function giveEach(
  runs: readonly string[],
  width: number,
  read: (run: string) => Promise<FoundRun | null>,
  ...[work, { progress } = {}]: Parameters<JournalStore['eachRun']>
): Promise<void> {
  let done = 0;
  let stopped = false;
  // In order, because whoever wants the newest ones must not get them in the order in which answers come.
  let turn: Promise<void> = Promise.resolve();
  await mapBounded(runs, width, async (run) => {
    if (stopped) return;
    const before = turn;
    let pass: () => void = () => undefined;
    turn = new Promise((resolve) => {
      pass = resolve;
    });
    try {
      const found = await read(run);
      await before;
      if (found !== null && !stopped && work(found) === 'stop') stopped = true;
      progress?.((done += 1), runs.length);
    } finally {
      pass();
    }
  });
}
