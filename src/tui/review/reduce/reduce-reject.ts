import { listedSteps } from '../state/entries.ts';
import { compareReplanned } from '../state/replanned.ts';
import { scrolled } from '../state/scrolling.ts';
import { noSearch } from '../state/search.ts';
import { isBlocked, selected, type Moment, type ReviewEvent, type ReviewState } from '../state/state.ts';
import { moveTo } from './reduce-cursor.ts';

/** Asks whether the selected step is to leave the plan, or says why it cannot. */
export function askReject(state: ReviewState): ReviewState {
  const step = selected(state);
  if (step === null) return { ...state, message: 'select the step that you reject' };
  if (!state.canReject) return { ...state, message: 'steps of this plan cannot be left out here' };
  return { ...state, place: 'reject', back: state.place, drawn: null, message: '' };
}

/** One `y`: leaving a resource alone hurts nothing. Anything else keeps the step. */
export function inReject(state: ReviewState, event: ReviewEvent, { now }: Moment): ReviewState {
  const step = selected(state);
  if (step === null || event.kind === 'paste') return state;
  if (event.kind === 'character' && event.together !== true && event.character === 'y') {
    return { ...state, place: 'planning', leavingOut: { id: step.id, since: now }, drawn: null, message: '' };
  }
  return { ...state, place: state.back, drawn: null, message: '' };
}

/** While the plan is made again nothing can be decided but to leave. */
export function inPlanning(state: ReviewState, event: ReviewEvent): ReviewState {
  if (event.kind !== 'character' || event.character !== 'q') return state;
  return { ...state, message: 'planning again: Ctrl-C leaves without approving' };
}

/** The new plan, or why there is none. An answer that nobody waits for any more changes nothing. */
export function replanned(
  state: ReviewState,
  event: Extract<ReviewEvent, { kind: 'replanned' | 'replan-failed' }>,
): ReviewState {
  if (state.place !== 'planning' || state.leavingOut === null) return state;
  const { id } = state.leavingOut;
  if (event.kind === 'replan-failed')
    return {
      ...state,
      place: 'failed',
      leavingOut: null,
      failure: event.lines,
      scroll: 0,
      drawn: null,
      replanned: null,
    };
  const { plan } = event;
  const change = compareReplanned(id, state.plan, plan, state.confirmations);
  return {
    ...state,
    plan,
    confirmations: change.confirmations,
    rejected: [...new Set([...state.rejected, id])].sort(),
    replanned: change,
    leavingOut: null,
    place: 'replanned',
    listed: listedSteps(plan.steps, null, state.unchanged),
    filter: null,
    search: noSearch,
    cursor: 0,
    listTop: 0,
    line: 0,
    scroll: 0,
    drawn: null,
    seen: null,
  };
}

/** Shows what changed, to be read; each of these keys leads to the list. */
export function inReplanned(state: ReviewState, event: ReviewEvent): ReviewState {
  const goesOn =
    event.kind === 'escape' ||
    (event.kind === 'enter' && event.together !== true) ||
    (event.kind === 'character' && event.character === 'q');
  if (!goesOn) return scrolled(state, event) ?? state;
  const first = state.listed.findIndex((step) => step.confirm !== null && !state.confirmations.has(step.id));
  return moveTo(
    { ...state, place: 'list', drawn: null },
    isBlocked(state.plan) || state.listed.length === 0 ? 0 : Math.max(1, first + 1),
  );
}

/** Everything is as it was before. */
export function inFailed(state: ReviewState, event: ReviewEvent): ReviewState {
  if (event.kind === 'escape' || event.kind === 'enter' || (event.kind === 'character' && event.character === 'q')) {
    return { ...state, place: 'list', scroll: 0, drawn: null, message: 'nothing was left out' };
  }
  return scrolled(state, event) ?? state;
}
