import { inFilter } from './reduce-filter.ts';
import { inDetail, inList } from './reduce-list.ts';
import { inSearch } from './reduce-search.ts';
import { inCard } from './reduce-card.ts';
import { inFailed, inPlanning, inReject, inReplanned, replanned } from './reduce-reject.ts';
import { inSummary } from './reduce-summary.ts';
import { scrolled } from '../state/scrolling.ts';
import { hasExpired, type Moment, type ReviewEvent, type ReviewState } from '../state/state.ts';

/**
 * The reducer. No event but the exact typed texts, character by character, each followed by Enter, ever approves
 * anything.
 */
export function reduce(state: ReviewState, event: ReviewEvent, moment: Moment): ReviewState {
  if (state.decision !== null) return state;
  if (event.kind === 'gone') return declined(state, event.why);
  if (event.kind === 'interrupt') return declined(state, 'interrupted with Ctrl-C');
  if (event.kind === 'replanned' || event.kind === 'replan-failed') return replanned(state, event);
  const alone =
    'together' in event && event.together === true ? state : state.burst === 0 ? state : { ...state, burst: 0 };
  // A screen that was left alone longer than the plan lives confirms nothing any more, whatever was on it.
  if ((alone.place === 'card' || alone.place === 'summary') && hasExpired(alone, moment.now)) {
    return {
      ...alone,
      place: 'list',
      typed: '',
      typedIdentity: null,
      scroll: 0,
      drawn: null,
      message: 'the plan has expired: nothing can be confirmed any more; leave with q and plan again',
    };
  }
  switch (alone.place) {
    case 'list':
      return inList(alone, event, moment);
    case 'detail':
      return inDetail(alone, event, moment);
    case 'search':
      return inSearch(alone, event);
    case 'filter':
      return inFilter(alone, event);
    case 'help':
      return inHelp(alone, event);
    case 'card':
      return inCard(alone, event, moment);
    case 'reject':
      return inReject(alone, event, moment);
    case 'planning':
      return inPlanning(alone, event);
    case 'replanned':
      return inReplanned(alone, event);
    case 'failed':
      return inFailed(alone, event);
    case 'summary':
      return inSummary(alone, event, moment);
    case 'leave':
      return inLeave(alone, event);
    case 'end':
      return alone;
    default:
      return alone.place satisfies never;
  }
}

export const declined = (state: ReviewState, why: string): ReviewState => ({
  ...state,
  place: 'end',
  decision: 'declined',
  why,
});

function inHelp(state: ReviewState, event: ReviewEvent): ReviewState {
  if (
    event.kind === 'escape' ||
    event.kind === 'enter' ||
    (event.kind === 'character' && (event.character === '?' || event.character === 'q'))
  ) {
    return { ...state, place: state.back, scroll: 0, drawn: null, message: '' };
  }
  return scrolled(state, event) ?? state;
}

/** One `y` leaves: nothing is approved by it. */
function inLeave(state: ReviewState, event: ReviewEvent): ReviewState {
  if (event.kind === 'character' && event.character === 'y') return declined(state, 'left without approving');
  return event.kind === 'paste' ? state : { ...state, place: state.back, drawn: null, message: '' };
}
