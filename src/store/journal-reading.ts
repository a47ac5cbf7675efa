import { sha256 } from '../model/digest.ts';
import { UserError } from '../model/error.ts';
import { isObject } from '../model/json.ts';
import type { JournalRecord } from '../model/journal.ts';
import { readWhole } from './files.ts';
import { journalRoot } from './journal.ts';

/** A journal as read back. `head` is the SHA-256 of its last whole line. */
export interface ReadJournal {
  readonly path: string;
  readonly records: readonly JournalRecord[];
  readonly head: string;
  /** A last line that was never finished: the process died while it wrote. What it said was not acknowledged. */
  readonly torn: { readonly line: number; readonly bytes: number } | null;
}

/**
 * Reads a journal and verifies its chain, line by line. A torn last line is left out and reported. Throws UserError
 * `no-such-run` when there is none, `journal-damaged` for every other damage: stop, and never clean up (law 7).
 */
export function readJournal(path: string): ReadJournal {
  const text = readWhole(path);
  if (text === null) throw new UserError('no-such-run', `there is no journal "${path}"`, { help: '`aiplan runs` lists the runs of this store' });
  return parseJournal(text, path);
}

/** Verifies a journal's text. `path` only names it in errors. Throws as `readJournal` does. */
export function parseJournal(text: string, path: string): ReadJournal {
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  const records: JournalRecord[] = [];
  let head = journalRoot;
  for (const [index, line] of lines.entries()) {
    records.push(checked(line, index + 1, head, path));
    head = sha256(line);
  }
  return { path, records, head, torn: last === '' ? null : { line: lines.length + 1, bytes: Buffer.byteLength(last, 'utf8') } };
}

function checked(line: string, number: number, head: string, path: string): JournalRecord {
  const damaged = (what: string): never => {
    throw new UserError('journal-damaged', `the journal is damaged in line ${number}: ${what}`, {
      where: `${path}:${number}`,
      help: 'leave it as it is: nothing is rolled back from a damaged journal. Restore the file from a backup of the store; the captures and their manifests are in the capture bucket',
    });
  };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return damaged('it is not JSON');
  }
  if (!isObject(value) || typeof value['kind'] !== 'string' || typeof value['at'] !== 'string') return damaged('it is not a journal record');
  if (value['seq'] !== number) damaged(`its number is ${String(value['seq'])}`);
  if (value['prev'] !== head) damaged(number === 1 ? 'the journal does not begin here' : `it does not follow line ${number - 1}, which was changed, added or removed`);
  const record = value as unknown as JournalRecord;
  if (number === 1 && record.kind !== 'begin') damaged(`a journal begins with "begin", not with "${record.kind}"`);
  if (record.kind === 'begin' && record.format !== 'aiplan/journal@1') damaged(`its format "${String(record.format)}" is unknown to this version`);
  return record;
}
