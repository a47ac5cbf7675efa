import type { ReviewEvent, ReviewState, Seen } from './state.ts';

/**
 * The scrolling of a text by an event; null: the event does nothing of that kind. Never over a line that was not on the
 * screen where `seen` counts.
 */
export function scrolled(state: ReviewState, event: ReviewEvent): ReviewState | null {
  const by = scrollBy(state, event);
  return by === null ? null : scrollTo(state, state.scroll + by);
}

/** Lines that an event scrolls by. */
export const scrollBy = (state: ReviewState, event: ReviewEvent): number | null =>
  movement(event, Math.max(1, (state.drawn?.room ?? 10) - 1));

/** By how many lines an event moves, where a page has `page` of them; the same on every screen. Null: it does not. */
export function movement(event: ReviewEvent, page: number): number | null {
  switch (event.kind) {
    case 'up':
      return -1;
    case 'down':
      return 1;
    case 'page-up':
      return -page;
    case 'page-down':
      return page;
    case 'home':
      return -Infinity;
    case 'end':
      return Infinity;
    case 'character':
      return (
        ({ k: -1, j: 1, ' ': page, b: -page, g: -Infinity, G: Infinity } as Readonly<Record<string, number>>)[
          event.character
        ] ?? null
      );
    default:
      return null;
  }
}

/** Scrolls to a line, as far as there are any. */
export function scrollTo(state: ReviewState, wanted: number): ReviewState {
  const last = state.drawn === null ? 0 : Math.max(0, state.drawn.total - state.drawn.room);
  const { seen } = state;
  // A text that must be seen is scrolled through without a gap: the first line that was not seen is the farthest top.
  const farthest = !countsAsSeen(state) || seen === null || seen.covered ? last : Math.min(last, seen.upTo);
  return { ...state, scroll: Math.max(0, Math.min(farthest, wanted)), message: '' };
}

/** Whether the text on the screen must have been seen before anything is typed. */
export const countsAsSeen = ({ place }: ReviewState): boolean => place === 'card' || place === 'summary';

/** Whether the whole text that asks for something to be typed was on the screen, as far as it must be. */
export const wasSeen = (state: ReviewState): boolean =>
  state.drawn !== null &&
  state.seen !== null &&
  state.drawn.place === state.place &&
  state.seen.key === state.drawn.key &&
  state.seen.whole;

/**
 * The part that has been seen after `top` to `bottom` (exclusive) of a text were on the screen. `must`: that many lines
 * count, and the end.
 */
export function seeing(
  before: Seen | null,
  text: { readonly key: string; readonly width: number; readonly total: number; readonly must: number },
  top: number,
  bottom: number,
): Seen {
  const same = before !== null && before.key === text.key;
  if (same && before.whole) return before;
  const from = same && before.width === text.width ? before.upTo : 0;
  const upTo = top <= from ? Math.max(from, bottom) : from;
  const covered = upTo >= Math.min(text.must, text.total);
  return { key: text.key, width: text.width, upTo, covered, whole: covered && bottom >= text.total };
}
