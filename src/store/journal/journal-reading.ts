import { sha256 } from '../../base/digest.ts';
import { UserError } from '../../base/error.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import type { ReadJournal } from '../../domain/records/journal-store.ts';
import { namesIn, readStored } from '../objects/folder-objects.ts';
import { after, chainStart, checkedLine, journalLine, type ChainEnd } from './journal-line.ts';
import { runFolder, segmentPath } from './journal-places.ts';

/** One file of a journal. */
interface Segment {
  readonly path: string;
  readonly text: string;
}

interface Reading {
  readonly records: JournalRecord[];
  /** Where the chain was before each record, and where it is now. */
  readonly ends: ChainEnd[];
  torn: ReadJournal['torn'];
  left: number;
}

/**
 * Reads the journal of a run in a local folder: `journal.jsonl`, then `journal-2.jsonl` and so on, each of which
 * continues the chain of the one before. The end of a file that was never finished is left out; every other damage
 * throws UserError `journal-damaged`: stop, and never clean up (law 7). Throws `no-such-run` when there is none.
 */
export function readJournal(store: string, run: string): ReadJournal {
  const path = segmentPath(store, run, 1);
  const segments: Segment[] = [];
  for (let number = 1; ; number += 1) {
    const text = readStored(segmentPath(store, run, number));
    if (text === null) break;
    segments.push({ path: segmentPath(store, run, number), text });
  }
  const numbers = namesIn(runFolder(store, run)).map((name) => Number(/^journal-(\d+)\.jsonl$/u.exec(name)?.[1] ?? 0));
  const missing = segmentPath(store, run, segments.length + 1);
  if (Math.max(...numbers, 0) > segments.length)
    throw new UserError('journal-damaged', `the journal is damaged: "${missing}" is missing`, {
      where: missing,
      help: 'restore the file from a backup of the store; nothing is rolled back from a damaged journal',
    });
  if (segments.length === 0)
    throw new UserError('no-such-run', `there is no journal "${path}"`, {
      help: '`aiplan runs` lists the runs of this store; where the store was lost, `aiplan rollback --from-aws` lists those that the capture bucket knows of',
    });
  return parseSegments(segments);
}

/** Verifies a journal that is one text. `path` only names it in errors. Throws as `readJournal` does. */
export const parseJournal = (text: string, path: string): ReadJournal => parseSegments([{ path, text }]);

/** Verifies the files of a journal in their order. */
function parseSegments(segments: readonly Segment[]): ReadJournal {
  const reading: Reading = { records: [], ends: [chainStart], torn: null, left: 0 };
  for (const segment of segments) readSegment(segment, reading);
  const { records, torn, left } = reading;
  return {
    path: segments[0]?.path ?? '',
    records,
    head: endOf(reading).head,
    torn,
    ...(left === 0 ? {} : { leftLines: left }),
  };
}

function readSegment({ path, text }: Segment, reading: Reading): void {
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  reading.torn = last === '' ? null : { line: lines.length + 1, bytes: Buffer.byteLength(last, 'utf8') };
  for (const [index, line] of lines.entries()) {
    if (index === 0 && reading.records.length > 0) leaveBehind(line, reading);
    const end = endOf(reading);
    reading.records.push(checkedLine(line, end, `${path}:${index + 1}`, `line ${index + 1}`));
    reading.ends.push(after(end, line));
  }
}

const endOf = ({ ends }: Reading): ChainEnd => ends.at(-1) ?? chainStart;

/**
 * The first line of a further file says from where on it continues. Lines behind that point in the files before it were
 * never acknowledged: a line whose write failed, or those of a process that was taken for dead and woke up.
 */
function leaveBehind(first: string, reading: Reading): void {
  const facts = factsOf(first);
  const end = facts === null ? undefined : reading.ends[facts.seq - 1];
  if (facts === null || end === undefined || end.head !== facts.prev || facts.seq === 1) return;
  const left = reading.records.length - end.seq;
  reading.records.splice(end.seq);
  reading.ends.splice(end.seq + 1);
  reading.left += left;
}

/**
 * The journal together with what lies beside it in a spool: merged where it follows, left where the journal went on
 * without it.
 */
export function withSpool(
  journal: ReadJournal,
  spool: { readonly path: string; readonly text: string } | null,
): ReadJournal {
  if (spool === null) return journal;
  const records = [...journal.records];
  let end: ChainEnd = { seq: records.length, head: journal.head };
  const lines = spool.text.split('\n');
  // A text after the last line feed was not acknowledged.
  lines.pop();
  let merged = 0;
  for (const [index, line] of lines.entries()) {
    const facts = factsOf(line);
    const stored = facts === null ? undefined : records[facts.seq - 1];
    if (stored !== undefined) {
      if (sha256(journalLine(stored)) === sha256(line)) continue;
      return { ...journal, spooled: { path: spool.path, records: lines.length, state: 'left' } };
    }
    records.push(
      checkedLine(line, end, `${spool.path}:${index + 1}`, `line ${index + 1} of what was spooled beside it`),
    );
    end = after(end, line);
    merged += 1;
  }
  return {
    ...journal,
    records,
    head: end.head,
    ...(merged === 0 ? {} : { spooled: { path: spool.path, records: merged, state: 'merged' as const } }),
  };
}

const factsOf = (line: string): { readonly seq: number; readonly prev: unknown } | null => {
  try {
    const { seq, prev } = JSON.parse(line) as { seq?: unknown; prev?: unknown };
    return typeof seq === 'number' ? { seq, prev } : null;
  } catch {
    // Not JSON: the chain check says so with its place.
    return null;
  }
};
