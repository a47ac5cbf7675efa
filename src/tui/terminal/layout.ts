import { blank, row, span, type Row, type Span } from '../../views/base/rows.ts';
import { clip, widthOfRow, wrap } from '../../views/base/text.ts';
import type { Size } from './view.ts';

/** Below this nothing is shown but that it is too small, and nothing can be confirmed. */
export const smallest: Size = { columns: 40, rows: 12 };
/** From here on the list and the selected step stand side by side. */
const wideFrom = 100;

export interface Layout {
  readonly columns: number;
  /** Lines of a frame: one less than the terminal has, because a frame as high as the terminal scrolls it. */
  readonly height: number;
  readonly tooSmall: boolean;
  readonly wide: boolean;
  /** No lines for what is only agreeable. */
  readonly short: boolean;
  /** Columns of the list, and of the selected step beside it. */
  readonly left: number;
  readonly right: number;
}

export function layoutOf({ columns, rows }: Size): Layout {
  const wide = columns >= wideFrom;
  const left = wide ? Math.min(76, Math.floor(columns * 0.42)) : columns;
  return {
    columns,
    height: Math.max(1, rows - 1),
    tooSmall: columns < smallest.columns || rows < smallest.rows,
    wide,
    short: rows < 20,
    left,
    right: wide ? columns - left - separator.length : columns,
  };
}

const separator = ' │ ';

/** Rows side by side, on as many lines as `height` says. */
export function beside(left: readonly Row[], right: readonly Row[], leftWidth: number, height: number): readonly Row[] {
  return Array.from({ length: height }, (_, index) => {
    const [one, other] = [left[index] ?? blank, right[index] ?? blank];
    return {
      indent: one.indent,
      spans: [
        ...one.spans,
        plain(' '.repeat(Math.max(0, leftWidth - widthOfRow(one)))),
        span(separator, 'muted'),
        plain(' '.repeat(other.indent)),
        ...other.spans,
      ],
    };
  });
}

const plain = (text: string): Span => ({ text, tone: 'plain' });

/** A part is not cut to less than this. */
const leastPart = 8;

/** Parts of one line: whole ones as far as they fit, one that does not cut to what is left if that says anything. */
export function fitting(width: number, parts: readonly (readonly Span[])[]): Row {
  let line: Row = { indent: 0, spans: [] };
  for (const part of parts) {
    if (part.every(({ text }) => text === '')) continue;
    const longer: Row = { indent: 0, spans: line.spans.length === 0 ? part : [...line.spans, plain('  '), ...part] };
    if (widthOfRow(longer) <= width) line = longer;
    else if (width - widthOfRow(line) >= leastPart + 2) line = clip(longer, width);
  }
  return line;
}

/** A line across the screen, with words in it. */
export function rule(width: number, ...words: readonly Span[]): Row {
  if (words.length === 0) return row(0, span('─'.repeat(width), 'muted'));
  const line = clip({ indent: 0, spans: [span('── ', 'muted'), ...words, plain(' ')] }, width);
  return { indent: 0, spans: [...line.spans, span('─'.repeat(Math.max(0, width - widthOfRow(line))), 'muted')] };
}

export const wrapped = (rows: readonly Row[], width: number): readonly Row[] =>
  rows.flatMap((line) => wrap(line, width));

/** Wrapped rows on at most `most` lines; what is cut ends in an ellipsis. */
export function wrappedTo(line: Row, width: number, most: number): readonly Row[] {
  const lines = wrap(line, width);
  if (lines.length <= most) return lines;
  const last = lines[most - 1] ?? blank;
  return [...lines.slice(0, most - 1), clip({ ...last, spans: [...last.spans, plain(' …')] }, width)];
}

/** Exactly `height` lines. */
export const padded = (rows: readonly Row[], height: number): readonly Row[] =>
  rows.length >= height
    ? rows.slice(0, height)
    : [...rows, ...Array.from({ length: height - rows.length }, () => blank)];

/** A row that begins further right. */
export const shifted = (line: Row, by: number): Row => ({ ...line, indent: line.indent + by });
