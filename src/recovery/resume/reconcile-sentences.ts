import { callName } from '../../domain/call.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import { doubtsOf, recordsOf } from '../../history/journal-reading.ts';
import { driftText } from '../../run/drift/read-back.ts';
import { few, quote } from '../../domain/wording.ts';
import type { Drift } from '../../run/drift/drift.ts';

/**
 * The calls of a step whose answers are not known, and batches that were carried out in part, one sentence each: what
 * was sent, when, and by what it can be found again.
 */
export function doubtWords(own: readonly JournalRecord[], settled: number, op: string): readonly string[] {
  const outcomes = new Map(recordsOf(own, 'outcome').map((record) => [record.call, record]));
  const doubts = new Set(doubtsOf(own, settled).map(({ call }) => call));
  const isPartial = (call: number): boolean => {
    const outcome = outcomes.get(call);
    return outcome !== undefined && !outcome.ok && (outcome.partial?.succeeded ?? 0) > 0;
  };
  const unfinished = [...recordsOf(own, 'intent'), ...recordsOf(own, 'intent-batch')].filter(
    ({ call, seq }) => seq > settled && (doubts.has(call) || isPartial(call)),
  );
  return unfinished.map((intent) => {
    const what =
      intent.kind === 'intent'
        ? `${callName(intent.declared)} on ${quote(intent.declared.identity)}`
        : `a batch of ${intent.count} calls (${few(intent.operations)})`;
    const by =
      intent.kind !== 'intent'
        ? ''
        : intent.declared.retry === 'token'
          ? ` with the token ${op}`
          : intent.declared.retry === 'named'
            ? ` with the tag aiplan:op=${op}`
            : '';
    const outcome = outcomes.get(intent.call);
    const answer =
      outcome === undefined || outcome.ok
        ? 'no answer is journaled'
        : outcome.partial === undefined
          ? `the answer was lost (${outcome.code})`
          : `${outcome.partial.succeeded} of them were carried out, ${outcome.partial.notSent} were not sent`;
    return `${what} was sent at ${timeOf(intent.at)}${by}; ${answer}`;
  });
}

/**
 * Of what is gone though no removal of the run took it away. `refusal`: AWS's code for the last call of it, null where
 * none was sent.
 */
export const notRemovedWords = (identity: string, refusal: string | null): string =>
  refusal === null
    ? `${identity} is gone, and this run never sent its removal: somebody else deleted it`
    : `${identity} is gone, and AWS had refused its removal (${quote(refusal)}): somebody else deleted it`;

/**
 * Differences that the run does not explain: changes by somebody else, where both states could be read. '' where there
 * is none.
 */
export function othersWords(identity: string, others: readonly Drift[]): string {
  const isUnread = ({ before, after }: Drift): boolean => before === 'unknown' || after === 'unknown';
  const [unread, moved] = [others.filter(isUnread), others.filter((drift) => !isUnread(drift))];
  return [
    ...(moved.length === 0 ? [] : [`${identity} was changed by somebody else: ${driftText(moved)}`]),
    ...(unread.length === 0
      ? []
      : [
          `${few([...new Set(unread.map(({ path }) => path))])} of ${identity} could not be read ${unread.every(({ before }) => before === 'unknown') ? 'when the run began the step' : 'now'}: whether somebody else changed that, nobody can say`,
        ]),
  ].join('; ');
}

/** The calls of a step that AWS has answered, by name. */
export function answeredWords(own: readonly JournalRecord[]): string | null {
  const ok = new Set(recordsOf(own, 'outcome').flatMap((record) => (record.ok ? [record.call] : [])));
  const names = [
    ...recordsOf(own, 'intent').flatMap(({ call, declared, purpose }) =>
      ok.has(call) && purpose !== 'capture' ? [callName(declared)] : [],
    ),
    ...recordsOf(own, 'intent-batch').flatMap(({ call, operations, purpose }) =>
      ok.has(call) && purpose !== 'capture' ? operations : [],
    ),
  ];
  return names.length === 0 ? null : `${few([...new Set(names)])} ${names.length === 1 ? 'was' : 'were'} carried out`;
}

/** `12:01:03` of an ISO time, with its day where that says something. */
const timeOf = (at: string): string => `${at.slice(0, 10)} ${at.slice(11, 19)}Z`;
