import type { Knowledge } from '../../../domain/property-hints.ts';
import { row, span, type Row } from '../../../views/base/rows.ts';
import { clip } from '../../../views/base/text.ts';
import { detailRows } from './frame-detail.ts';
import { footerRows } from './frame-footer.ts';
import { headerRows } from './frame-header.ts';
import { listWindow } from './frame-list.ts';
import { longText } from './frame-text.ts';
import { beside, layoutOf, padded, rule, smallest, type Layout } from '../../terminal/layout.ts';
import type { Size } from '../../terminal/view.ts';
import { countsAsSeen, seeing } from '../state/scrolling.ts';
import { selected, type ReviewState } from '../state/state.ts';

/** A frame, and the state with what it has shown: how far a text was seen, how much of it there is. */
export interface Frame {
  readonly rows: readonly Row[];
  readonly state: ReviewState;
}

/**
 * The screen for a state: at most `size.rows - 1` lines of at most `size.columns` columns. Pure; `now` in milliseconds
 * since 1970. A text that is in no frame was not shown, and a text that was not shown cannot be confirmed.
 */
export function drawFrame(state: ReviewState, size: Size, now: number, knowledge: Knowledge): Frame {
  const layout = layoutOf(size);
  if (layout.tooSmall) return { rows: [tooSmallRow(state, size)], state: { ...state, drawn: null } };
  const head = headerRows(state, layout, now);
  const drawn =
    state.place === 'list' ||
    state.place === 'detail' ||
    state.place === 'search' ||
    state.place === 'reject' ||
    state.place === 'leave'
      ? drawSteps(state, layout, head.length, now, knowledge)
      : drawText(state, layout, head.length, now);
  return {
    state: drawn.state,
    rows: [...head, ...drawn.rows].slice(0, layout.height).map((line) => clip(line, layout.columns)),
  };
}

function tooSmallRow(state: ReviewState, { columns, rows }: Size): Row {
  const asks =
    state.place === 'leave'
      ? 'Leave without approving? y leaves'
      : `too small: ${smallest.columns}×${smallest.rows} at least, this is ${columns}×${rows}; q leaves`;
  return clip(row(0, span(asks, 'warning')), columns);
}

/** The list, and the selected step beside it or in its place. */
function drawSteps(state: ReviewState, layout: Layout, taken: number, now: number, knowledge: Knowledge): Frame {
  const foot = footerRows(state, layout);
  const room = Math.max(1, layout.height - taken - foot.length);
  const step = selected(state);
  if (!layout.wide && inDetail(state)) {
    const detail = detailRows(state, step, { width: layout.columns, height: room }, knowledge, now);
    return {
      rows: [...detail.rows, ...foot],
      state: { ...state, drawn: detail.drawn, scroll: detail.scroll, line: detail.line },
    };
  }
  const { rows: list, top } = listWindow(state, layout, room);
  if (!layout.wide)
    return {
      rows: [...padded(list, room), ...foot],
      state: { ...state, listTop: top, drawn: listDrawn(state, room, top) },
    };
  const detail = detailRows(state, step, { width: layout.right, height: room }, knowledge, now);
  const inStep = state.place === 'detail';
  return {
    rows: [...beside(list, detail.rows, layout.left, room), ...foot],
    state: {
      ...state,
      listTop: top,
      drawn: inStep ? detail.drawn : listDrawn(state, room, top),
      scroll: inStep ? detail.scroll : state.scroll,
      line: inStep ? detail.line : state.line,
    },
  };
}

/** Questions stand below what they are about. */
const inDetail = (state: ReviewState): boolean =>
  state.place === 'detail' || ((state.place === 'reject' || state.place === 'leave') && state.back === 'detail');

const listDrawn = (state: ReviewState, room: number, top: number): ReviewState['drawn'] => ({
  place: 'list',
  key: 'list',
  total: state.listed.length + 1,
  room,
  top,
});

/** A text over the whole width, with what is asked below it. */
function drawText(state: ReviewState, layout: Layout, taken: number, now: number): Frame {
  const text = longText(state, layout.columns, now);
  const total = text.lines.length;
  const room = Math.max(1, layout.height - taken - footerRows(state, layout).length - 1);
  const follow =
    state.place === 'filter' ? Math.max(Math.min(state.scroll, state.choice), state.choice - room + 1) : state.scroll;
  const top = Math.max(0, Math.min(follow, total - room));
  const after: ReviewState = {
    ...state,
    scroll: top,
    drawn: { place: state.place, key: text.key, total, room, top },
    seen: countsAsSeen(state)
      ? seeing(
          state.seen,
          { key: text.key, width: layout.columns, total, must: text.must },
          top,
          Math.min(total, top + room),
        )
      : state.seen,
  };
  // With its last line in this frame the text is read, and the line to type into opens at once: below it, on as many
  // lines.
  const foot = footerRows(after, layout);
  const below = total - top - room;
  const more =
    below > 0
      ? [span(`${below} more line${below === 1 ? '' : 's'}: ↓ or space`, 'warning')]
      : top > 0
        ? [span('end', 'muted')]
        : [];
  return {
    state: after,
    rows: [...padded(text.lines.slice(top, top + room), room), rule(layout.columns, ...more), ...foot],
  };
}
