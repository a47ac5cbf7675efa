import { lossPhrase, needed } from '../../../domain/confirmation.ts';
import { inTypedLine } from './reduce-card.ts';
import {
  hasExpired,
  isBlocked,
  lastWord,
  missing,
  refusal,
  type Moment,
  type ReviewEvent,
  type ReviewState,
} from '../state/state.ts';
import { difference } from '../state/typed.ts';

/** Goes on to the summary, or says what is still missing. */
export function toSummary(state: ReviewState, { now }: Moment): ReviewState {
  const left = missing(state);
  const why =
    refusal(state, now) ??
    (isBlocked(state.plan)
      ? 'the plan is blocked: it cannot be applied as it is'
      : needed(state.plan).nothing
        ? 'nothing is left to do: leave with q'
        : left > 0
          ? `${left} confirmation${left === 1 ? '' : 's'} still missing; n goes to the next`
          : null);
  return why === null
    ? { ...state, place: 'summary', typed: '', scroll: 0, drawn: null, message: '' }
    : { ...state, message: why };
}

/** The summary: read to its end, then the last word is typed. */
export function inSummary(state: ReviewState, event: ReviewEvent, moment: Moment): ReviewState {
  if (event.kind === 'escape')
    return { ...state, place: 'list', typed: '', scroll: 0, drawn: null, message: 'not approved' };
  return inTypedLine(state, event, (typed) => {
    const wanted = lastWord(state);
    if (typed !== wanted) return { ...state, typed: '', message: difference(typed, wanted) };
    return mayApprove(state, moment.now)
      ? { ...state, place: 'end', decision: 'approved', why: '' }
      : { ...state, place: 'list', typed: '', drawn: null };
  });
}

/** Once more, all of it, whatever way led here: the confirmations are those of these very steps. */
function mayApprove(state: ReviewState, now: number): boolean {
  const needs = needed(state.plan);
  return (
    refusal(state, now) === null &&
    !hasExpired(state, now) &&
    !isBlocked(state.plan) &&
    !needs.nothing &&
    needs.confirmations.every((step) => {
      const given = state.confirmations.get(step.id);
      return (
        given !== undefined &&
        given.stepDigest === step.digest &&
        given.typed === step.confirm &&
        given.typedLoss === lossPhrase(step)
      );
    })
  );
}
