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

const holds = (records: readonly JournalRecord[], { records: count, head }: RunEnd): boolean =>
  count <= records.length && headAt(records, count) === head;

/**
 * Ends that pin this journal and yet say otherwise than it what the run had made by then: no run wrote them. They count
 * for nothing. Pure.
 */
export const plantedEnds = (records: readonly JournalRecord[], ends: readonly RunEnd[]): readonly RunEnd[] =>
  ends.filter((end) => holds(records, end) && canonical(madeIn(records.slice(0, end.records))) !== canonical(end.made));

/** An end that the journal does not hold: it was cut, or made anew, since. Null where it holds all of them. Pure. */
export const endNotHeld = (records: readonly JournalRecord[], ends: readonly RunEnd[]): RunEnd | null =>
  ends.find((end) => !holds(records, end)) ?? null;

/**
 * The ends in the capture bucket that pin this journal: all that are not planted fit it, and nothing was appended after
 * the last of them but the journal's own end. None where it is not pinned. Pure.
 */
export function pinningEnds(records: readonly JournalRecord[], ends: readonly RunEnd[]): readonly RunEnd[] {
  const planted = new Set(plantedEnds(records, ends));
  const own = ends.filter((end) => !planted.has(end));
  const isPinned =
    own.length > 0 &&
    endNotHeld(records, own) === null &&
    records.slice(Math.max(...own.map(({ records: count }) => count))).every(({ kind }) => kind === 'end');
  return isPinned ? own : [];
}
