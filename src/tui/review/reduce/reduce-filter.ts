import { filterChoices } from '../state/entries.ts';
import { scrollBy } from '../state/scrolling.ts';
import type { ReviewEvent, ReviewState } from '../state/state.ts';
import { relist } from './reduce-cursor.ts';

/** The menu of what the list can be filtered by. */
export function inFilter(state: ReviewState, event: ReviewEvent): ReviewState {
  const choices = filterChoices(state.plan.steps);
  if (event.kind === 'escape' || (event.kind === 'character' && (event.character === 'f' || event.character === 'q')))
    return { ...state, place: 'list', drawn: null };
  if (event.kind === 'enter') {
    if (event.together === true) return state;
    const chosen = choices[state.choice]?.filter ?? null;
    return relist({ ...state, place: 'list', drawn: null }, chosen, state.unchanged);
  }
  const by = scrollBy(state, event);
  return by === null ? state : { ...state, choice: Math.max(0, Math.min(choices.length - 1, state.choice + by)) };
}
