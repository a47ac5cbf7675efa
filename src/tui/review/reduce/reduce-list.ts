import { tabs } from '../../../views/step/tab-rows.ts';
import { openCard } from './reduce-card.ts';
import { askReject } from './reduce-reject.ts';
import { toSummary } from './reduce-summary.ts';
import { scrollBy, scrollTo } from '../state/scrolling.ts';
import { selectsLine, type Moment, type ReviewEvent, type ReviewState } from '../state/state.ts';
import { moveTo, relist, toOpen, toMatch } from './reduce-cursor.ts';

/**
 * Letters besides those that scroll that may come several at once: a held key on a slow line. All others are pressed
 * one by one.
 */
const repeatable = new Set(['n', 'N']);

export function inList(state: ReviewState, event: ReviewEvent, moment: Moment): ReviewState {
  const page = Math.max(1, (state.drawn?.room ?? 10) - 1);
  switch (event.kind) {
    case 'up':
      return move(state, -1);
    case 'down':
      return move(state, 1);
    case 'page-up':
      return move(state, -page);
    case 'page-down':
      return move(state, page);
    case 'home':
      return move(state, -Infinity);
    case 'end':
      return move(state, Infinity);
    case 'right':
      return toDetail(state);
    case 'enter':
      return event.together === true ? together(state) : toDetail(state);
    case 'escape':
      return backOut(state);
    case 'character': {
      const by = scrollBy(state, event);
      if (by !== null) return move(state, by);
      return event.character === 'l' && event.together !== true ? toDetail(state) : either(state, event, moment);
    }
    default:
      return either(state, event, moment);
  }
}

/** On a narrow screen the detail stands in the place of the list; on a wide one beside it, and takes the keys. */
export function inDetail(state: ReviewState, event: ReviewEvent, moment: Moment): ReviewState {
  if (
    event.kind === 'escape' ||
    event.kind === 'left' ||
    (event.kind === 'character' && event.character === 'h' && event.together !== true)
  )
    return { ...state, place: 'list', line: 0, scroll: 0, message: '' };
  if (event.kind === 'enter' && event.together === true) return together(state);
  const by = scrollBy(state, event);
  return by === null ? either(state, event, moment) : moveLine(state, by);
}

/**
 * In a text of changes a line is selected, so that AWS's words about its property can be shown; all others are
 * scrolled.
 */
function moveLine(state: ReviewState, by: number): ReviewState {
  if (!selectsLine(state)) return scrollTo(state, state.scroll + by);
  const total = state.drawn?.total ?? 1;
  return { ...state, line: Math.max(0, Math.min(total - 1, state.line + by)), message: '' };
}

/** Keys that do the same in the list and in the detail. */
function either(state: ReviewState, event: ReviewEvent, moment: Moment): ReviewState {
  switch (event.kind) {
    case 'tab':
      return toTab(state, state.tab + 1);
    case 'back-tab':
      return toTab(state, state.tab + tabs.length - 1);
    case 'paste':
      return { ...state, message: 'pasted text does not count' };
    case 'character':
      return event.together === true && !repeatable.has(event.character)
        ? together(state)
        : letter(state, event.character, moment);
    default:
      return state;
  }
}

const together = (state: ReviewState): ReviewState => ({
  ...state,
  burst: state.burst + 1,
  message: state.burst === 0 ? 'two keys came at once: press them one by one' : 'pasted text does not count',
});

function letter(state: ReviewState, key: string, moment: Moment): ReviewState {
  switch (key) {
    case 'n':
      return state.search.query === '' ? toOpen(state, 1) : toMatch(state, 1);
    case 'N':
      return state.search.query === '' ? toOpen(state, -1) : toMatch(state, -1);
    case 'd':
      return relist(state, state.filter?.by === 'destructions' ? null : { by: 'destructions' }, state.unchanged);
    case 'f':
      return { ...state, place: 'filter', choice: 0, scroll: 0, drawn: null, message: '' };
    case '/':
      return { ...state, place: 'search', searchFrom: state.cursor, message: '' };
    case 'e':
      return { ...state, expanded: !state.expanded, message: '' };
    case 'u':
      return relist(state, state.filter, !state.unchanged);
    case 'c':
      return openCard(state, moment);
    case 'r':
      return askReject(state);
    case 'a':
      return toSummary(state, moment);
    case '?':
      return { ...state, place: 'help', back: state.place, scroll: 0, drawn: null, message: '' };
    case 'q':
      return leave(state);
    default:
      return /^[1-5]$/u.test(key)
        ? toTab(state, Number(key) - 1)
        : { ...state, message: `"${key}" does nothing here; ? shows what does` };
  }
}

const toTab = (state: ReviewState, tab: number): ReviewState => ({
  ...state,
  tab: tab % tabs.length,
  line: 0,
  scroll: 0,
  message: '',
});
const move = (state: ReviewState, by: number): ReviewState => moveTo(state, state.cursor + by);
const toDetail = (state: ReviewState): ReviewState => ({ ...state, place: 'detail', line: 0, scroll: 0, message: '' });

/** Escape takes away what is around the list: first the search, then the filter. */
function backOut(state: ReviewState): ReviewState {
  if (state.search.query !== '') return { ...state, search: { query: '', found: new Set() }, message: '' };
  return state.filter === null ? { ...state, message: '' } : relist(state, null, state.unchanged);
}

/** Leaving asks back where something would be lost. */
function leave(state: ReviewState): ReviewState {
  if (state.confirmations.size > 0 || state.rejected.length > 0)
    return { ...state, place: 'leave', back: state.place, message: '' };
  return { ...state, place: 'end', decision: 'declined', why: 'left without approving' };
}
