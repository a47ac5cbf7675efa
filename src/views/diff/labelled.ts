import { cut } from './diff-view.ts';
import { row, span, type Row, type Tone } from '../base/rows.ts';

const columns = 15;

/** `name           text`: bounded, as the plan file has it whole. */
export const labelled = (name: string, text: string, tone: Tone = 'plain', width: number = columns): Row =>
  wholly(name, cut(text, { whole: false }), tone, width);

/** The same, however long: what is lost or opened. */
export const wholly = (name: string, text: string, tone: Tone = 'plain', width: number = columns): Row =>
  row(2, span(`${name.padEnd(width - 1)} `, 'muted'), span(text, tone));

/** Columns that hold all of some names, within reason. */
export const widthOf = (names: readonly string[]): number =>
  Math.min(24, Math.max(columns, ...names.map((name) => name.length + 1)));

/** Items of one name that are shown; the rest is counted. */
const most = 50;

/** Texts one below the other behind one name. */
export function listed(
  name: string,
  texts: readonly string[],
  tone: Tone = 'plain',
  width: number = columns,
): readonly Row[] {
  const rows = texts.slice(0, most).map((text, index) => labelled(index === 0 ? name : '', text, tone, width));
  return texts.length <= most ? rows : [...rows, labelled('', `… and ${texts.length - most} more`, tone, width)];
}
