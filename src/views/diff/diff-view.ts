import type { PropertyKnowledge } from '../../domain/property-hints.ts';
import { functionOf } from '../../base/template-functions.ts';
import { isMasked, isObject, isSecretRef, isUnknown, type Json, type JsonObject } from '../../base/json.ts';
import { value } from '../base/format.ts';
import { row, span, type Row, type Span, type Tone } from '../base/rows.ts';
import { withUnit } from '../base/units.ts';

/**
 * A comparison as it is shown: what stands behind the property's name, and the rows below it (indent from the name's).
 */
export interface Shown {
  readonly headline: readonly Span[];
  readonly below: readonly Row[];
}

/** How much is shown, and what is known of the properties of the type. */
export interface Viewing {
  readonly about: (path: string) => PropertyKnowledge;
  /** A loss or a grant is shown whole, however long. */
  readonly whole: boolean;
}

/** Characters of one value, and rows below one property, of what is neither lost nor opened. */
const longestValue = 400;
export const mostRows = 60;
/**
 * From this many columns on, a text is compared word by word and a nested value gets a row for each part; a flat one,
 * from that many.
 */
const longLine = 60;
const longFlatLine = 140;

/** A text bounded for a row; the plan file has it whole. */
export const cut = (text: string, viewing: Pick<Viewing, 'whole'>): string =>
  viewing.whole || text.length <= longestValue
    ? text
    : `${text.slice(0, longestValue).replace(/[\ud800-\udbff]$/u, '')}… (${text.length} characters)`;

/** Two texts bounded so that where they differ is seen: what both begin with is left out where it is long. */
export function cutPair(before: string, after: string, viewing: Pick<Viewing, 'whole'>): readonly [string, string] {
  if (viewing.whole || (before.length <= longestValue && after.length <= longestValue)) return [before, after];
  let common = 0;
  while (common < Math.min(before.length, after.length) && before[common] === after[common]) common += 1;
  if (common < longestValue / 2) return [cut(before, viewing), cut(after, viewing)];
  const tail = (text: string): string =>
    `(${common - 20} characters as before) …${cut(text.slice(common - 20).replace(/^[\udc00-\udfff]/u, ''), viewing)}`;
  return [tail(before), tail(after)];
}

/** A value on one line, with its unit where that is plain. */
export const inline = (path: string, json: Json | undefined, viewing: Pick<Viewing, 'whole'>): string =>
  cut(compact(path, json), viewing);

/** As `value` writes it, with units at any depth. */
export function compact(path: string, json: Json | undefined): string {
  if (json === undefined || isScalar(json))
    return typeof json === 'number' || typeof json === 'string' ? withUnit(path, value(json)) : value(json);
  if (Array.isArray(json))
    return json.length === 0 ? value(json) : `[${json.map((item: Json) => compact(path, item)).join(', ')}]`;
  return `{ ${Object.entries(json as JsonObject)
    .map(([name, item]) => `${name}: ${compact(`${path}.${name}`, item)}`)
    .join(', ')} }`;
}

/** A value of which only something is said: masked, a secret, or known later. */
export const isMark = (json: Json | undefined): boolean => isMasked(json) || isSecretRef(json) || isUnknown(json);

export const isScalar = (json: Json | undefined): boolean =>
  json === undefined || json === null || typeof json !== 'object' || isMark(json) || isReference(json);

/** A reference that only the order of the steps resolves; shown as a value, not walked into. */
const isReference = (json: Json): boolean =>
  isObject(json) && ('Ref' in json || 'Fn::GetAtt' in json || functionOf(json) !== null);

export const signs = { added: '+', removed: '-', changed: '~' } as const;
export type Side = 'added' | 'removed';

/** Rows moved to the right. */
export const shift = (rows: readonly Row[], by: number): readonly Row[] =>
  rows.map((line) => ({ ...line, indent: line.indent + by }));

/** A row that stands for one side of a comparison. */
export const sideRow = (side: Side, indent: number, text: string): Row =>
  row(indent, span(`${signs[side]} ${text}`, side));

/** A named comparison: `~ name: old → new`, and what stands below it. */
export const named = (sign: string, tone: Tone, name: string, shown: Shown, indent: number): readonly Row[] => [
  row(indent, span(`${sign} ${name}${shown.headline.length === 0 ? '' : ': '}`, tone), ...shown.headline),
  ...shift(shown.below, indent + 2),
];

/** At most `most` rows; what is left out is counted. */
export function bounded(
  rows: readonly Row[],
  viewing: Pick<Viewing, 'whole'>,
  most: number = mostRows,
): readonly Row[] {
  if (viewing.whole || rows.length <= most) return rows;
  return [
    ...rows.slice(0, most - 1),
    row(0, span(`… ${rows.length - most + 1} more lines; the plan file has them whole`, 'muted')),
  ];
}

/** `2 added, 1 removed`; empty where nothing is counted. */
export const counted = (counts: readonly (readonly [number, string])[]): string =>
  counts
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(', ');

/** Columns that rows take at most, without wrapping; for deciding what fits on a line. */
export const isShort = (text: string, most: number = longLine): boolean => text.length <= most && !/[\n\r]/u.test(text);

/** Whether a value stands on one line. */
export const fitsLine = (path: string, json: Json): boolean =>
  isScalar(json) ||
  isShort(compact(path, json), Object.values(json as JsonObject).every(isScalar) ? longFlatLine : longLine);
