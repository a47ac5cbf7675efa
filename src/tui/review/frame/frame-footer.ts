import { betweenMarks, needed } from '../../../domain/confirmation.ts';
import { blank, row, span, type Row, type Span } from '../../../views/base/rows.ts';
import { wrap } from '../../../views/base/text.ts';
import { matchText, statusRow } from './frame-list.ts';
import { wantedText } from './frame-text.ts';
import { fitting, padded, wrappedTo, type Layout } from '../../terminal/layout.ts';
import { wasSeen } from '../state/scrolling.ts';
import { isBlocked, lastWord, missing, selected, type ReviewState } from '../state/state.ts';

/** The lines at the bottom: what the last key did, and what can be done now. */
export function footerRows(state: ReviewState, layout: Layout): readonly Row[] {
  const { columns } = layout;
  const most = layout.short ? 2 : 3;
  const message = state.message === '' ? [] : wrappedTo(row(0, span(state.message, 'warning')), columns, most);
  const question = (...parts: readonly (string | Span)[]): readonly Row[] => wrappedTo(row(0, ...parts), columns, most);
  switch (state.place) {
    case 'list':
      return [
        ...status(state, columns),
        ...(message.length === 0 && !layout.short ? [blank] : message),
        keyRow(columns, listKeys(state)),
      ];
    case 'detail':
      return [
        ...(layout.wide ? status(state, columns) : []),
        ...(message.length === 0 && !layout.short ? [blank] : message),
        keyRow(columns, detailKeys),
      ];
    case 'search':
      return [
        ...status(state, columns),
        ...message,
        line(
          `/${state.search.query}`,
          columns,
          span(state.search.query === '' ? '' : `  ${matchText(state)}`, 'muted'),
        ),
        keyRow(columns, searchKeys),
      ];
    case 'filter':
      return [...message, keyRow(columns, ['enter filters', 'esc goes back'])];
    case 'help':
      return [keyRow(columns, ['esc goes back', '↓ scrolls'])];
    case 'planning':
      return [...message, keyRow(columns, ['Ctrl-C leaves without approving'])];
    case 'replanned':
    case 'failed':
      return [keyRow(columns, ['enter goes on', '↓ scrolls'])];
    case 'reject':
      return question(
        span(`Reject ${selected(state)?.id ?? ''}? `, 'warning'),
        span('y rejects', 'title'),
        ', anything else keeps it. It leaves the plan, and what depends on it is planned again.',
      );
    case 'leave':
      return question(
        span('Leave without approving? ', 'warning'),
        span('y leaves', 'title'),
        ', anything else stays. Confirmations and rejections are forgotten.',
      );
    case 'card':
    case 'summary':
      return [...message, ...asking(state, layout)];
    case 'end':
      return message;
    default:
      return state.place satisfies never;
  }
}

function status(state: ReviewState, columns: number): readonly Row[] {
  const found = statusRow(state);
  return found === null ? [] : wrappedTo(found, columns, 2);
}

/** The line to type into, once the text above it was read; before that, what is to be done. */
function asking(state: ReviewState, layout: Layout): readonly Row[] {
  const { columns } = layout;
  const wanted = wantedText(state, lastWord(state));
  if (wanted === null) return [];
  const ask =
    state.place === 'summary'
      ? row(
          0,
          'Type ',
          span(wanted, 'title'),
          ` and Enter to ${({ apply: 'apply', sign: 'sign', look: 'finish' } as const)[state.purpose]}; Esc goes back.`,
        )
      : state.typedIdentity === null
        ? row(
            0,
            'Type ',
            span(wanted, 'title'),
            layout.short
              ? ' and Enter; Esc leaves it alone.'
              : ` and Enter to confirm this ${selected(state)?.destruction === null ? 'grant' : 'destruction'}; Esc leaves it alone.`,
          )
        : row(
            0,
            span('This cannot be brought back. ', 'destroy'),
            `Type the ${wanted.length} characters between « and », then Enter:`,
          );
  const phrase =
    state.place === 'card' && state.typedIdentity !== null ? [row(0, span(betweenMarks(wanted), 'destroy'))] : [];
  const lines = [...wrappedTo(ask, columns, layout.short ? 3 : 5), ...phrase, line(`> ${state.typed}`, columns)];
  // As many lines before as after: what stands above does not move away when the line opens.
  return wasSeen(state)
    ? lines
    : padded(
        wrappedTo(
          row(
            0,
            span('Scroll to its end to read it (↓, space); then type. ', 'warning'),
            span('Esc goes back', 'muted'),
          ),
          columns,
          2,
        ),
        lines.length,
      );
}

/** A line that is typed into: of a long text its end is shown. */
function line(text: string, columns: number, ...after: readonly Span[]): Row {
  const cursor = span('▏', 'muted');
  const lines = wrap(row(0, span(text), cursor), columns - 2);
  const last = lines.at(-1) ?? blank;
  const shown: Row =
    lines.length > 1 ? { indent: 0, spans: [span('… '), ...last.spans] } : { indent: 0, spans: [span(text), cursor] };
  return fitting(columns, [shown.spans, after]);
}

const detailKeys = ['esc back', 'c confirm', 'tab next tab', '? help', 'q leave', 'n next', 'r reject', '↓ scrolls'];
const searchKeys = ['enter keeps it', 'esc goes back', '↓ next'];

/** The most needed first: on a narrow screen the last ones fall away. */
const listKeys = (state: ReviewState): readonly string[] => [
  ...(needed(state.plan).nothing || isBlocked(state.plan) ? [] : missing(state) === 0 ? ['a go on'] : ['c confirm']),
  '? help',
  'q leave',
  'n next',
  'r reject',
  'enter detail',
  '/ search',
  'f filter',
  'd destructions',
  'e expand',
  'u unchanged',
];

const keyRow = (columns: number, keys: readonly string[]): Row =>
  fitting(
    columns,
    keys.map((key) => [span(key, 'muted')]),
  );
