import { sanitise } from '../../base/sanitise.ts';

/** The meaning of a piece of text; renderers choose the colour. No meaning depends on colour alone. */
export type Tone =
  | 'plain'
  | 'title'
  | 'muted'
  | 'destroy'
  | 'grant'
  | 'change'
  | 'create'
  | 'good'
  | 'warning'
  | 'claim'
  | 'unknown'
  /** A line, and the part of a line, that a change takes away or adds; a `-`, `+` or bracket says it too. */
  | 'removed'
  | 'added'
  | 'removed-word'
  | 'added-word';

export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

/** One logical line, before wrapping. `indent` in columns. All text is sanitised when a row is made (law 10). */
export interface Row {
  readonly indent: number;
  readonly spans: readonly Span[];
  /** A command or a line of YAML to be pasted: it is printed on one line, however long. */
  readonly paste?: true;
}

/** A span of safe text. */
export const span = (text: string, tone: Tone = 'plain'): Span => ({ text: sanitise(text), tone });

/** A row from texts and spans. */
export const row = (indent: number, ...parts: readonly (string | Span)[]): Row => ({
  indent,
  spans: parts.map((part) => (typeof part === 'string' ? span(part) : part)),
});

/** A command to be pasted into a shell, on a line of its own that is never wrapped. */
export const pasteRow = (command: string): Row => ({ ...row(0, span(command, 'title')), paste: true });

/**
 * A line that is written into a file: `key: value`, an element, a comment, or text of a block. A list of allowed words
 * is none.
 */
const pasted = /^(?: +\S|(?:- )?[\w"'.-]+:(?: |$)|- |#)/u;
const words = /^(?:allowed|nearest|parts):/u;

/**
 * The next thing to do, as it stands below an error: what is to be pasted is never wrapped, and keeps its empty lines.
 */
export function helpRows(help: string | undefined): readonly Row[] {
  const lines = (help ?? '').trimEnd().split('\n');
  if (lines.length === 1 && lines[0] === '') return [];
  return lines.map((line) =>
    line === ''
      ? blank
      : pasted.test(line) && !words.test(line)
        ? { ...row(4, span(line, 'muted')), paste: true }
        : row(4, span(line, 'muted')),
  );
}

export const blank: Row = { indent: 0, spans: [] };

/** The text of a row without tones. */
export const plainText = (line: Row): string => ' '.repeat(line.indent) + line.spans.map((part) => part.text).join('');
