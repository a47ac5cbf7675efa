import { diffLines, diffWordsWithSpace } from 'diff';
import {
  bounded,
  counted,
  cut,
  cutPair,
  isShort,
  mostRows,
  sideRow,
  signs,
  type Shown,
  type Side,
  type Viewing,
} from './diff-view.ts';
import { row, span, type Row, type Span } from '../base/rows.ts';

/**
 * Beyond this many edits two texts have so little in common that one beside the other reads better, and comparing them
 * takes long.
 */
const mostEdits = 500;
/** Unchanged lines shown around a change, and characters around a change within a line. */
const contextLines = 3;
const contextCharacters = 30;

type Part = { readonly text: string; readonly side: Side | null };

/** Two texts: on one line word by word, on several line by line with the changed words marked. */
export function textDiff(before: string, after: string, viewing: Viewing): Shown {
  if (!isMultiline(before) && !isMultiline(after)) return wordDiff(before, after, viewing);
  const changes = diffLines(before, after, { maxEditLength: mostEdits });
  if (changes === undefined) return besides(before, after, viewing);
  const parts = changes.flatMap(({ value, added, removed }) =>
    splitLines(value).map((text): Part => ({ text, side: added ? 'added' : removed ? 'removed' : null })),
  );
  const count = (side: Side): number => parts.filter((part) => part.side === side).length;
  return {
    headline: [
      span(
        `${counted([
          [count('added'), 'lines added'],
          [count('removed'), 'lines removed'],
        ]).replaceAll(/\b1 lines/gu, '1 line')}`,
      ),
    ],
    below: bounded(lineRows(parts, viewing), viewing),
  };
}

/** One side of a text that was not there, or is no more: all its lines. */
export const textSide = (side: Side, text: string, viewing: Viewing): readonly Row[] =>
  splitLines(text).map((line) => sideRow(side, 0, cut(textOf(line), viewing)));

/** The lines of a text with their line breaks; a last line without one says so. */
const splitLines = (text: string): readonly string[] => text.match(/[^\n]*\n|[^\n]+$/gu) ?? [];
const rawOf = (line: string): string => (line.endsWith('\n') ? line.slice(0, -1) : line);
/** Tabs would shift the columns, and show as escapes; only where they make the difference they stay. */
const untabbed = (text: string): string => text.replaceAll('\t', '  ');
const textOf = (line: string): string => untabbed(rawOf(line));
const isMultiline = (text: string): boolean => /[\n\r]/u.test(text);

/** Both texts, one below the other; neither takes all the room. */
function besides(before: string, after: string, viewing: Viewing): Shown {
  const [old, fresh] = isMultiline(before) || isMultiline(after) ? [before, after] : cutPair(before, after, viewing);
  const side = (name: Side, text: string): readonly Row[] =>
    bounded(textSide(name, text, viewing), viewing, mostRows / 2);
  return { headline: [span('another text')], below: [...side('removed', old), ...side('added', fresh)] };
}

/** Two one-line texts. Removed words stand in `[-…-]`, added ones in `{+…+}`, so that no colour is needed. */
function wordDiff(before: string, after: string, viewing: Viewing): Shown {
  const parts = wordsOf(before, after);
  if (parts === null) return besides(before, after, viewing);
  const spans = parts.map((part, index): Span =>
    part.side === null
      ? span(aroundChange(part.text, index === 0, index === parts.length - 1, viewing))
      : part.side === 'removed'
        ? span(`[-${cut(part.text, viewing)}-]`, 'removed-word')
        : span(`{+${cut(part.text, viewing)}+}`, 'added-word'),
  );
  const length = spans.reduce((sum, { text }) => sum + text.length, 0);
  if (!viewing.whole && length > 2 * Math.max(200, Math.min(before.length, 400) + Math.min(after.length, 400)))
    return besides(before, after, viewing);
  return { headline: [span('words changed')], below: [{ indent: 0, spans }] };
}

/** The words of two texts as kept, removed and added parts; null where too little is common. */
function wordsOf(before: string, after: string): readonly Part[] | null {
  const changes = diffWordsWithSpace(before, after, { maxEditLength: mostEdits });
  if (changes === undefined) return null;
  const kept = changes.reduce(
    (sum, { value, added, removed }) => (added || removed ? sum : sum + value.trim().length),
    0,
  );
  if (kept * 3 < Math.max(before.length, after.length)) return null;
  return changes.map(({ value, added, removed }): Part => ({
    text: value,
    side: added ? 'added' : removed ? 'removed' : null,
  }));
}

/** Of a long unchanged stretch only its ends are shown. */
function aroundChange(text: string, first: boolean, last: boolean, { whole }: Viewing): string {
  if (whole || text.length <= 2 * contextCharacters + 10) return text;
  const head = first ? '' : text.slice(0, contextCharacters);
  const tail = last ? '' : text.slice(-contextCharacters);
  return `${head} … ${tail}`;
}

/** The changed lines with some around them; what is left out between them is counted. */
function lineRows(parts: readonly Part[], viewing: Viewing): readonly Row[] {
  const near = new Set<number>();
  parts.forEach(({ side }, index) => {
    if (side !== null) for (let at = index - contextLines; at <= index + contextLines; at += 1) near.add(at);
  });
  const rows: Row[] = [];
  for (let index = 0; index < parts.length;) {
    const part = parts[index] as Part;
    if (!near.has(index)) {
      let end = index;
      while (end < parts.length && !near.has(end)) end += 1;
      // One line takes no more room than saying that one is left out.
      rows.push(
        row(
          0,
          span(
            end - index === 1 ? `  ${cut(textOf(part.text), viewing)}` : `… ${end - index} unchanged lines`,
            'muted',
          ),
        ),
      );
      index = end;
    } else if (part.side === null) {
      rows.push(row(0, span(`  ${cut(textOf(part.text), viewing)}`, 'muted')));
      index += 1;
    } else {
      const removed = run(parts, index, 'removed');
      const added = run(parts, index + removed.length, 'added');
      rows.push(
        ...(removed.length === 0
          ? added.map((line) => sideRow('added', 0, said(line, null, viewing)))
          : replacedRows(removed, added, viewing)),
      );
      index += removed.length + added.length;
    }
  }
  return rows;
}

function run(parts: readonly Part[], from: number, side: Side): readonly string[] {
  const found: string[] = [];
  for (let index = from; parts[index]?.side === side; index += 1) found.push(parts[index]?.text ?? '');
  return found;
}

/** A line as text; a difference that nobody sees is said in words. */
function said(line: string, other: string | null, viewing: Viewing): string {
  const [own, theirs] = [rawOf(line), other === null ? null : rawOf(other)];
  if (own === theirs)
    return `${cut(untabbed(own), viewing)} (${line.endsWith('\n') ? 'with' : 'without'} a line break at its end)`;
  if (theirs === null || own.trimEnd() !== theirs.trimEnd()) return cut(untabbed(own), viewing);
  const spaces = own.length - own.trimEnd().length;
  return `${cut(own, viewing)} (${spaces === 0 ? 'no white space' : `${spaces} character${spaces === 1 ? '' : 's'} of white space`} at its end)`;
}

/** Lines that took the place of others: the removed ones, then the added ones, the words that differ marked in both. */
function replacedRows(removed: readonly string[], added: readonly string[], viewing: Viewing): readonly Row[] {
  const words = removed.map((line, index) => {
    const other = added[index];
    return other === undefined || line.length + other.length > 4 * 400 ? null : wordsOf(rawOf(line), rawOf(other));
  });
  const line = (side: Side, text: string, index: number, other: string | undefined): Row => {
    const parts = words[index] ?? null;
    const plain = said(text, other ?? null, viewing);
    if (parts === null || plain !== textOf(text)) return sideRow(side, 0, plain);
    return row(
      0,
      span(`${signs[side]} `, side),
      ...parts
        .filter((part) => part.side === null || part.side === side)
        .map((part) => (part.side === null ? span(untabbed(part.text), side) : span(part.text, `${side}-word`))),
    );
  };
  return [
    ...removed.map((text, index) => line('removed', text, index, added[index])),
    ...added.map((text, index) => line('added', text, index, removed[index])),
  ];
}

/** Whether two texts are compared as text rather than shown as `old → new`: an ARN is one word, however long. */
export const isText = (before: string, after: string, prose: boolean): boolean =>
  isMultiline(before) ||
  isMultiline(after) ||
  ((prose || !isShort(before) || !isShort(after)) && /\s/u.test(before.trim()) && /\s/u.test(after.trim()));
