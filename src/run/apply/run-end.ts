import { canonical, sha256 } from '../../base/digest.ts';
import type { JournalRecord, RunOutcome } from '../../domain/records/journal.ts';
import type { ApplyPorts } from '../../domain/records/ports.ts';
import type { MadeResource, RunEnd } from '../../domain/records/run-end.ts';
import { messageOf } from '../executor/interruptions.ts';
import { allHistoriesOf } from '../../history/step-history.ts';

/** The resources that a run made, as its journal knows them. Pure. */
export const madeIn = (records: readonly JournalRecord[]): readonly MadeResource[] =>
  allHistoriesOf(records).flatMap(({ step, type, made, after }) =>
    made === null
      ? []
      : [{ step: step.id, type, identity: made, incarnation: after?.identity === made ? after.incarnation : null }],
  );

/**
 * Keeps how far the run came, and what it made, in the capture bucket, right before the journal gets its end. A run
 * that sent nothing leaves nothing there. If the record cannot be written, that is a finding: the undo then asks for
 * more.
 */
export async function keepEnd({ journal, vault, clock, emit }: ApplyPorts, outcome: RunOutcome): Promise<void> {
  const { records, run } = journal;
  if (
    vault.bucket === null ||
    vault.putEnd === undefined ||
    !records.some(({ kind }) => kind === 'intent' || kind === 'intent-batch')
  )
    return;
  const end: RunEnd = {
    format: 'aiplan/run-end@1',
    run,
    at: new Date(clock.now()).toISOString(),
    outcome,
    records: records.length,
    head: headAt(records, records.length),
    made: madeIn(records),
  };
  try {
    await vault.putEnd(end);
  } catch (error) {
    // Whatever it is: the run has come to its end, and its journal must still say so.
    const message = `how far the run came could not be written into the capture bucket, so a rollback asks for a confirmation of everything that rests on the journal (${messageOf(error)})`;
    await journal.append({ kind: 'finding', step: null, code: 'end-not-kept', message });
    emit({ kind: 'finding', step: null, code: 'end-not-kept', text: message });
  }
}

/** SHA-256 of the line of the last of the first so many records. */
const headAt = (records: readonly JournalRecord[], count: number): string =>
  sha256(canonical(records[count - 1] ?? null));

/**
 * An end that the journal does not hold: the journal was cut or rewritten since. Null where it holds all of them. Pure.
 */
export const endNotHeld = (records: readonly JournalRecord[], ends: readonly RunEnd[]): RunEnd | null =>
  ends.find(({ records: count, head }) => count > records.length || headAt(records, count) !== head) ?? null;

/**
 * Whether what lies in the capture bucket of a run pins this journal of it: every end fits, and nothing was appended
 * after the last of them but the journal's own end. Pure.
 */
export const isPinned = (records: readonly JournalRecord[], ends: readonly RunEnd[]): boolean =>
  ends.length > 0 &&
  endNotHeld(records, ends) === null &&
  records.slice(Math.max(...ends.map(({ records: count }) => count))).every(({ kind }) => kind === 'end');
