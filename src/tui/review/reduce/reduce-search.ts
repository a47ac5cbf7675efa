import { orderedSteps } from '../state/entries.ts';
import { noSearch, searchFor } from '../state/search.ts';
import type { ReviewEvent, ReviewState } from '../state/state.ts';
import { longestTyped } from '../state/typed.ts';
import { moveTo, toMatch } from './reduce-cursor.ts';

/** A search continues with each character; Enter keeps it for `n` and `N`, Escape returns to where it began. */
export function inSearch(state: ReviewState, event: ReviewEvent): ReviewState {
  const { query } = state.search;
  switch (event.kind) {
    case 'character':
      return query.length >= longestTyped ? state : searched(state, query + event.character);
    case 'backspace':
      return query === ''
        ? { ...state, place: 'list', message: '' }
        : searched(state, [...query].slice(0, -1).join(''));
    case 'paste':
      return { ...state, message: 'pasted text is not searched: type it' };
    case 'enter':
      return {
        ...state,
        place: 'list',
        message: state.search.found.size === 0 && query !== '' ? `nothing holds "${query}"` : '',
      };
    case 'escape':
      return moveTo({ ...state, place: 'list', search: noSearch }, state.searchFrom);
    case 'down':
    case 'tab':
      return toMatch(state, 1);
    case 'up':
    case 'back-tab':
      return toMatch(state, -1);
    default:
      return state;
  }
}

/** The first step from where the search began is selected. */
function searched(state: ReviewState, query: string): ReviewState {
  const search = searchFor(query, orderedSteps(state.plan.steps), state.search);
  const from = { ...state, search, cursor: Math.max(0, state.searchFrom - 1), line: 0, scroll: 0, message: '' };
  if (search.found.size === 0)
    return { ...from, cursor: state.searchFrom, message: query.trim() === '' ? '' : `nothing holds "${query}"` };
  return toMatch(from, 1);
}
