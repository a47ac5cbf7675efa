import type { Confirmation } from '../../../domain/approval.ts';
import { boundObservations } from '../../../domain/bands.ts';
import { lossPhrase } from '../../../domain/confirmation.ts';
import type { Step } from '../../../domain/plan.ts';
import { scrolled, wasSeen } from '../state/scrolling.ts';
import { missing, refusal, selected, type Moment, type ReviewEvent, type ReviewState } from '../state/state.ts';
import { difference, longestTyped, manyTogether, pasteEntered, pasteRefused, togetherRefused } from '../state/typed.ts';
import { toOpen } from './reduce-cursor.ts';

/** Opens the card of the selected step, or says why not. */
export function openCard(state: ReviewState, { now }: Moment): ReviewState {
  const step = selected(state);
  const isNone = step !== null && !step.blocked && step.confirm === null;
  if (isNone && refusal(state, now) === null && missing(state) > 0)
    return toOpen(state, 1, 'that step needs no confirmation of its own; this one does: c opens it');
  const why =
    refusal(state, now) ??
    (step === null
      ? 'select the step that you confirm'
      : step.blocked
        ? 'this step is blocked: it cannot be confirmed, only rejected'
        : step.confirm === null
          ? 'this step needs no confirmation of its own'
          : state.confirmations.has(step.id)
            ? 'already confirmed'
            : null);
  return why === null
    ? {
        ...state,
        place: 'card',
        back: state.place,
        scroll: 0,
        typed: '',
        typedIdentity: null,
        drawn: null,
        message: '',
      }
    : { ...state, message: why };
}

/** The card of a step: read to its end, then the identity is typed, and the loss where nothing brings it back. */
export function inCard(state: ReviewState, event: ReviewEvent, moment: Moment): ReviewState {
  if (event.kind === 'escape')
    return {
      ...state,
      place: state.back,
      scroll: 0,
      typed: '',
      typedIdentity: null,
      drawn: null,
      message: 'not confirmed',
    };
  const step = selected(state);
  if (step === null || step.confirm === null) return { ...state, place: 'list', drawn: null };
  return inTypedLine(state, event, (typed) =>
    state.typedIdentity === null ? identityTyped(state, step, typed, moment) : lossTyped(state, step, typed, moment),
  );
}

/** A line in which a text is typed, character by character, below a text that was read to its end. */
export function inTypedLine(
  state: ReviewState,
  event: ReviewEvent,
  submit: (typed: string) => ReviewState,
): ReviewState {
  if (event.kind === 'paste') return { ...state, typed: '', burst: manyTogether, message: pasteRefused };
  if (!wasSeen(state)) {
    // The place where the line will open says what to do.
    return scrolled(state, event) ?? state;
  }
  switch (event.kind) {
    case 'character':
      // Who scrolled to the end with the space bar presses it once too often, or holds it down.
      if (event.character === ' ' && state.typed === '') return scrolled(state, event) ?? state;
      if (event.together === true) return joined(state, pasteRefused);
      return state.typed.length >= longestTyped
        ? state
        : { ...state, typed: state.typed + event.character, message: '' };
    case 'backspace':
      return { ...state, typed: [...state.typed].slice(0, -1).join(''), message: '' };
    case 'enter':
      return event.together === true
        ? joined(state, state.typed === '' ? pasteEntered : pasteRefused)
        : submit(state.typed);
    default:
      return scrolled(state, event) ?? state;
  }
}

/** Keys that came together do not count; the text typed before stays. */
const joined = (state: ReviewState, ofPaste: string): ReviewState => ({
  ...state,
  burst: state.burst + 1,
  message: state.burst < manyTogether ? togetherRefused : ofPaste,
});

function identityTyped(state: ReviewState, step: Step, typed: string, moment: Moment): ReviewState {
  if (typed !== step.confirm) return { ...state, typed: '', message: difference(typed, step.confirm ?? '') };
  if (lossPhrase(step) !== null) return { ...state, typed: '', typedIdentity: typed, message: '' };
  return confirmed(state, step, { typed, typedLoss: null }, moment);
}

function lossTyped(state: ReviewState, step: Step, typed: string, moment: Moment): ReviewState {
  const wanted = lossPhrase(step);
  if (wanted === null || state.typedIdentity === null) return { ...state, place: 'list', drawn: null };
  if (typed !== wanted) return { ...state, typed: '', message: difference(typed, wanted) };
  return confirmed(state, step, { typed: state.typedIdentity, typedLoss: typed }, moment);
}

function confirmed(
  state: ReviewState,
  step: Step,
  said: Pick<Confirmation, 'typed' | 'typedLoss'>,
  { now, shown }: Moment,
): ReviewState {
  const confirmations = new Map(state.confirmations);
  confirmations.set(step.id, {
    step: step.id,
    stepDigest: step.digest,
    ...said,
    shown: shown(step),
    at: new Date(now).toISOString(),
    observed: boundObservations(step.evidence.observed),
  });
  const after: ReviewState = {
    ...state,
    confirmations,
    place: 'list',
    typed: '',
    typedIdentity: null,
    scroll: 0,
    drawn: null,
  };
  const left = missing(after);
  return toOpen(
    after,
    1,
    left === 0 ? `${step.id} confirmed; everything is confirmed, a goes on` : `${step.id} confirmed; ${left} to go`,
  );
}
