import stringWidth from 'string-width';
import type { Row, Span } from './rows.ts';
import { sgr } from './theme.ts';

export interface TextOptions { readonly width: number; readonly color: boolean }

/** Rows as text: wrapped at `width` columns with a hanging indent, coloured or not. Ends with a line break. */
export function rowsToText(rows: readonly Row[], options: TextOptions): string {
  let text = '';
  for (const line of rows) for (const part of wrap(line, options.width)) text += `${paint(part, options.color)}\n`;
  return text === '' ? '\n' : text;
}

/** One row as display lines of at most `width` columns. Words longer than a line are broken. */
export function wrap(line: Row, width: number): readonly Row[] {
  return columnsOf(line) <= width ? [trimmed(line)] : broken(line, width);
}

const columnsOf = ({ indent, spans }: Row): number => spans.reduce((sum, { text }) => sum + columnsOfText(text), indent);

/** Columns of a text. What aiplan mostly writes has one for each character, and needs no look at Unicode's tables. */
const columnsOfText = (text: string): number => (/^[ -~→…─│├└▏±×↓↑←·]*$/u.test(text) ? text.length : stringWidth(text));

/** The line without white space at its end. */
function trimmed(line: Row): Row {
  const at = line.spans.findLastIndex(({ text }) => text !== '');
  const last = line.spans[at];
  return last === undefined || !/\s$/u.test(last.text) ? line : { ...line, spans: line.spans.with(at, { ...last, text: last.text.trimEnd() }) };
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
  for (const part of line.spans) {
    for (const word of part.text.match(/\s+|\S+/gu) ?? []) {
      let rest = word;
      while (rest !== '') {
        const columns = columnsOfText(rest);
        if (used + columns <= width) {
          spans.push({ text: rest, tone: part.tone });
          used += columns;
          rest = '';
        } else if (/^\s/u.test(rest)) {
          flush();
          rest = '';
        } else if (used > indent && columns <= width - hang) {
          flush();
        } else {
          const head = take(rest, Math.max(1, width - used));
          // A wide character that does not fit beside the rest goes to the next line.
          if (used > indent && columnsOfText(head) > width - used) {
            flush();
            continue;
          }
          spans.push({ text: head, tone: part.tone });
          rest = rest.slice(head.length);
          flush();
        }
      }
    }
  }
  if (spans.length > 0 || lines.length === 0) flush();
  return lines;
}

function take(text: string, columns: number): string {
  let used = 0;
  let end = 0;
  for (const character of text) {
    used += columnsOfText(character);
    if (used > columns && end > 0) break;
    end += character.length;
  }
  return text.slice(0, end);
}

/** One row on one line of at most `width` columns; what does not fit is cut, and an ellipsis says so. */
export function clip(line: Row, width: number): Row {
  if (columnsOf(line) <= width) return line;
  const spans: Span[] = [];
  let room = Math.max(0, width - line.indent - 1);
  for (const part of line.spans) {
    const columns = columnsOfText(part.text);
    if (columns <= room) {
      spans.push(part);
      room -= columns;
      continue;
    }
    const head = room === 0 ? '' : take(part.text, room);
    // A wide character may not fit into what is left.
    spans.push({ text: `${columnsOfText(head) <= room ? head : ''}…`, tone: part.tone });
    break;
  }
  return { indent: Math.min(line.indent, Math.max(0, width - 1)), spans };
}

/** Columns that a row takes on one line. */
export const widthOfRow = (line: Row): number => columnsOf(line);

/** One display line as text, with SGR codes where `color`. */
export function paint(line: Row, color: boolean): string {
  const body = line.spans.map(({ text, tone }) => (color && sgr[tone] !== '' && text !== '' ? `\u001b[${sgr[tone]}m${text}\u001b[0m` : text)).join('');
  return body === '' ? '' : ' '.repeat(line.indent) + body;
}
