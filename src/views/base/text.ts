import stringWidth from 'string-width';
import { commandPlaces, madeVisible } from '../../base/sanitise.ts';
import type { Row, Span } from './rows.ts';
import { sgr } from './theme.ts';

export interface TextOptions {
  readonly width: number;
  readonly color: boolean;
}

/** Rows as text: wrapped at `width` columns with a hanging indent, coloured or not. Ends with a line break. */
export function rowsToText(rows: readonly Row[], options: TextOptions): string {
  let text = '';
  for (const line of rows)
    for (const part of printedLines(line, options.width)) text += `${paint(part, options.color)}\n`;
  return text === '' ? '\n' : text;
}

/** One row as display lines of at most `width` columns. Words longer than a line are broken. */
export function wrap(line: Row, width: number): readonly Row[] {
  return columnsOf(line) <= width ? [trimmed(line)] : broken(line, width);
}

/**
 * One row as the lines that are printed: wrapped, but for a command to be pasted, which stays one line. No line of them
 * is one that a CI system takes for a command of its own, wherever the text was broken; such a line may be a few
 * columns longer than `width`.
 */
export const printedLines = (line: Row, width: number): readonly Row[] =>
  (line.paste === true ? [line] : wrap(line, width)).map(inert);

function inert(line: Row): Row {
  const places = new Set(commandPlaces(line.spans.map(({ text }) => text).join('')));
  if (places.size === 0) return line;
  let at = -1;
  const shown = (unit: string): string => {
    at += 1;
    return places.has(at) ? madeVisible(unit) : unit;
  };
  // By UTF-16 units, as the places are counted; halves of a pair stay side by side.
  return { ...line, spans: line.spans.map(({ text, tone }) => ({ text: text.split('').map(shown).join(''), tone })) };
}

const columnsOf = ({ indent, spans }: Row): number =>
  spans.reduce((sum, { text }) => sum + columnsOfText(text), indent);

/** Most text of aiplan has one column for each character, and needs no look at Unicode's tables. */
const plainText = /^[ -~→…─│├└▏±×↓↑←·]*$/u;
const columnsOfText = (text: string): number =>
  plainText.test(text)
    ? text.length
    : charactersOf(text).reduce((sum, character) => sum + columnsOfCharacter(character), 0);

/**
 * A letter with its accents is one character, and so are some pairs of symbols. Where there is nothing to join, each
 * code point is one.
 */
const joined = /[\p{M}\p{Emoji_Modifier}\u{1f1e6}-\u{1f1ff}\u200d\ufe0f\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]/u;
const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
const charactersOf = (text: string): readonly string[] =>
  joined.test(text) ? Array.from(segmenter.segment(text), ({ segment }) => segment) : [...text];

/** Looked up once: a text of ten thousand wide characters has few different ones. */
const known = new Map<string, number>();
const mostKnown = 20_000;

function columnsOfCharacter(character: string): number {
  let columns = known.get(character);
  if (columns === undefined) {
    columns = stringWidth(character);
    if (known.size < mostKnown) known.set(character, columns);
  }
  return columns;
}

/** The line without white space at its end. */
function trimmed(line: Row): Row {
  const at = line.spans.findLastIndex(({ text }) => text !== '');
  const last = line.spans[at];
  return last === undefined || !/\s$/u.test(last.text)
    ? line
    : { ...line, spans: line.spans.with(at, { ...last, text: last.text.trimEnd() }) };
}

function broken(line: Row, width: number): readonly Row[] {
  const lines: Row[] = [];
  const hang = Math.min(line.indent + 4, Math.max(0, width - 10));
  let indent = line.indent;
  let spans: Span[] = [];
  let used = indent;
  const flush = (): void => {
    const last = spans.at(-1);
    if (last !== undefined) spans[spans.length - 1] = { ...last, text: last.text.trimEnd() };
    lines.push({ indent, spans });
    indent = hang;
    spans = [];
    used = indent;
  };
  const put = (text: string, columns: number, tone: Span['tone']): void => {
    spans.push({ text, tone });
    used += columns;
  };
  for (const part of line.spans) {
    for (const word of part.text.match(/\s+|\S+/gu) ?? []) {
      const columns = columnsOfText(word);
      if (used + columns <= width) put(word, columns, part.tone);
      else if (/^\s/u.test(word)) flush();
      else {
        if (used > indent && columns <= width - hang) flush();
        cut(word, columns, part.tone);
      }
    }
  }
  if (spans.length > 0 || lines.length === 0) flush();
  return lines;

  /** A word on as many lines as it needs; in its own gait, because it may be very long. */
  function cut(word: string, columns: number, tone: Span['tone']): void {
    if (used + columns <= width) {
      put(word, columns, tone);
      return;
    }
    let [head, taken] = ['', 0];
    for (const character of charactersOf(word)) {
      const own = columnsOfCharacter(character);
      if (used + taken + own > width && used + taken > indent) {
        if (head !== '') put(head, taken, tone);
        flush();
        [head, taken] = ['', 0];
      }
      head += character;
      taken += own;
    }
    if (head !== '') put(head, taken, tone);
  }
}

/** One row on one line of at most `width` columns; what does not fit is cut, and an ellipsis says so. */
export function clip(line: Row, width: number): Row {
  // Of a text that is far too long only the beginning is looked at.
  const most = 16 * width;
  const long = (text: string): boolean => text.length > most;
  if (!line.spans.some(({ text }) => long(text)) && columnsOf(line) <= width) return line;
  const spans: Span[] = [];
  let room = Math.max(0, width - line.indent - 1);
  for (const { text, tone } of line.spans) {
    const beginning = long(text) ? text.slice(0, most).replace(/[\ud800-\udbff]$/u, '') : text;
    const columns = columnsOfText(beginning);
    if (!long(text) && columns <= room) {
      spans.push({ text, tone });
      room -= columns;
      continue;
    }
    spans.push({ text: `${headOf(beginning, room)}…`, tone });
    break;
  }
  return { indent: Math.min(line.indent, Math.max(0, width - 1)), spans };
}

/** As much of the beginning of a text as fits into some columns. */
function headOf(text: string, columns: number): string {
  if (plainText.test(text)) return text.slice(0, columns);
  let [head, used] = ['', 0];
  for (const character of charactersOf(text)) {
    used += columnsOfCharacter(character);
    if (used > columns) break;
    head += character;
  }
  return head;
}

/** Columns that a row takes on one line. */
export const widthOfRow = (line: Row): number => columnsOf(line);

/** One display line as text, with SGR codes where `color`. */
export function paint(line: Row, color: boolean): string {
  const body = line.spans
    .map(({ text, tone }) => (color && sgr[tone] !== '' && text !== '' ? `\u001b[${sgr[tone]}m${text}\u001b[0m` : text))
    .join('');
  return body === '' ? '' : ' '.repeat(line.indent) + body;
}
