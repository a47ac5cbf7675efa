import { canonical, sha256 } from '../../base/digest.ts';
import { UserError } from '../../base/error.ts';
import { isObject } from '../../base/json.ts';
import { sanitise } from '../../base/sanitise.ts';
import { flawText } from '../../base/shape.ts';
import type { JournalEntry, JournalRecord } from '../../domain/records/journal.ts';
import { journalRecord } from '../objects/shapes.ts';

/** `prev` of the first line of every journal. */
export const journalRoot = `sha256:${'0'.repeat(64)}`;

/** The exact bytes of a record's line, without its line feed. The next line's `prev` is the SHA-256 of them. */
export const journalLine = (record: JournalRecord): string => canonical(record);

/** Where a chain of records has come to: the number of the last one, and the SHA-256 of its line. */
export interface ChainEnd {
  readonly seq: number;
  readonly head: string;
}

export const chainStart: ChainEnd = { seq: 0, head: journalRoot };

/** The chain after one more line. */
export const after = ({ seq }: ChainEnd, line: string): ChainEnd => ({ seq: seq + 1, head: sha256(line) });

/**
 * Records that may still be stored beside the journal when the journal cannot take them: those of past events. An
 * announcement (begin, phases, the state before, intents) is never spooled, because nothing may follow an announcement
 * that is not stored.
 */
export const tellsWhatHappened = ({ kind }: Pick<JournalEntry, 'kind'>): boolean =>
  !['begin', 'phase', 'before', 'intent', 'intent-batch'].includes(kind);

/**
 * Reads one line of a journal and checks that it follows the chain. `where` names it (`path:line`), `name` says it in
 * words. Throws UserError `journal-damaged`.
 */
export function checkedLine(line: string, { seq, head }: ChainEnd, where: string, name: string): JournalRecord {
  const damaged = (what: string): never => {
    throw new UserError('journal-damaged', `the journal is damaged in ${name}: ${what}`, {
      where,
      help: 'leave it as it is: nothing is rolled back from a damaged journal. Restore it from a backup of the store; the captures and their manifests are in the capture bucket',
    });
  };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return damaged('it is not JSON');
  }
  if (!isObject(value) || typeof value['kind'] !== 'string' || typeof value['at'] !== 'string')
    return damaged('it is not a journal record');
  if (value['seq'] !== seq + 1) damaged(`its number is ${quoted(value['seq'])}`);
  if (value['prev'] !== head)
    damaged(
      seq === 0
        ? 'the journal does not begin here'
        : `it does not follow record ${seq}, which was changed, added or removed`,
    );
  const record = value as unknown as JournalRecord;
  if (seq === 0 && record.kind !== 'begin') damaged(`a journal begins with "begin", not with "${record.kind}"`);
  if (record.kind === 'begin' && record.format !== 'aiplan/journal@1')
    damaged(`its format ${quoted(record.format)} is unknown to this version`);
  const flaw = journalRecord(value);
  if (flaw !== null) damaged(sanitise(flawText(flaw)));
  return record;
}

/** A value that came from a file, for a message. */
const quoted = (value: unknown): string =>
  value === undefined ? 'missing' : sanitise(JSON.stringify(value)).slice(0, 80);
