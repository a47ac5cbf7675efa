import { canonical } from '../../base/digest.ts';
import { isSameMask } from '../../base/digest.ts';
import { isMasked, isObject, isSecretRef, type Json, type JsonObject } from '../../base/json.ts';
import {
  bounded,
  compact,
  counted,
  cut,
  cutPair,
  fitsLine,
  inline,
  isMark,
  isScalar,
  isShort,
  named,
  shift,
  signs,
  type Shown,
  type Side,
  type Viewing,
} from './diff-view.ts';
import { value } from '../base/format.ts';
import { sequenceDiff, setDiff, type ListDiff, type ListEdit } from './list-diff.ts';
import { policyOf } from './policy-diff.ts';
import { policyRows, policySide } from './policy-rows.ts';
import { row, span, type Row } from '../base/rows.ts';
import { isText, textDiff, textSide } from './text-diff.ts';

/** Deeper than this, values are shown on one line. */
const deepest = 6;

/**
 * The change of a value: scalars `old → new`, policies by statement, texts by word or line, lists and objects by what
 * differs.
 */
export function valueDiff(path: string, before: Json, after: Json, viewing: Viewing, depth = 0): Shown {
  if (before === null) return oneSide('added', path, after, viewing, depth);
  if (after === null) return oneSide('removed', path, before, viewing, depth);
  if (isMark(before) || isMark(after)) return { headline: [span(markText(path, before, after, viewing))], below: [] };
  const about = viewing.about(path);
  const [oldPolicy, newPolicy] = [policyOf(before), policyOf(after)];
  if (oldPolicy !== null && newPolicy !== null) return policyRows(oldPolicy, newPolicy, viewing);
  if (typeof before === 'string' && typeof after === 'string' && isText(before, after, about.text))
    return textDiff(before, after, viewing);
  if (depth < deepest && Array.isArray(before) && Array.isArray(after))
    return listRows(path, before, after, about.set, viewing, depth);
  if (depth < deepest && isObject(before) && isObject(after) && !isScalar(before) && !isScalar(after))
    return objectRows(path, before, after, viewing, depth);
  return arrow(path, before, after, viewing);
}

/** `old → new` on one line, or one below the other where they are long. */
function arrow(path: string, before: Json, after: Json, viewing: Viewing): Shown {
  const [old, fresh] = cutPair(compact(path, before), compact(path, after), viewing);
  if (isShort(old) && isShort(fresh))
    return { headline: [span(old, 'removed'), span(' → '), span(fresh, 'added')], below: [] };
  return {
    headline: [span('changed')],
    below: [row(0, span(`${signs.removed} ${old}`, 'removed')), row(0, span(`${signs.added} ${fresh}`, 'added'))],
  };
}

/** Of a sensitive value only that it changes; of one that is not known yet, after what. */
function markText(path: string, before: Json, after: Json, viewing: Viewing): string {
  if (isMasked(after))
    return secretText(after, isMasked(before) && isSameMask(before, after) ? after.$masked : 'changed');
  return `${isMasked(before) ? sideText(before) : inline(path, before, viewing)} → ${isMark(after) ? sideText(after) : inline(path, after, viewing)}`;
}

const sideText = (json: Json): string => (isMasked(json) ? secretText(json, json.$masked) : value(json));

/** `(sensitive: changed)`, and where a secret is read from. */
function secretText(json: JsonObject, said: string): string {
  const source = json['source'];
  return `(sensitive: ${said}${typeof source === 'string' ? `, from ${source}` : ''})`;
}

/** A value that was not there, or is no more. */
export function oneSide(side: Side, path: string, json: Json, viewing: Viewing, depth = 0): Shown {
  if (isMark(json)) return { headline: [span(isSecretRef(json) ? value(json) : sideText(json), side)], below: [] };
  const policy = policyOf(json);
  if (policy !== null) return policySide(side, policy, viewing);
  if (typeof json === 'string' && /[\n\r]/u.test(json))
    return { headline: [span('text', side)], below: bounded(textSide(side, json, viewing), viewing) };
  if (depth >= deepest || fitsLine(path, json))
    return { headline: [span(inline(path, json, viewing), side)], below: [] };
  const entries: readonly (readonly [string, Json])[] = Array.isArray(json)
    ? json.map((item: Json, index): readonly [string, Json] => [`[${index + 1}]`, item])
    : Object.entries(json as JsonObject).flatMap(([name, item]): readonly (readonly [string, Json])[] =>
        item === undefined ? [] : [[name, item]],
      );
  const rows = entries.flatMap(([name, item]) => {
    const shown = oneSide(side, Array.isArray(json) ? `${path}[]` : `${path}.${name}`, item, viewing, depth + 1);
    return named(signs[side], side, cut(name, viewing), shown, 0);
  });
  return {
    headline: [
      span(`${entries.length} ${Array.isArray(json) ? 'element' : 'field'}${entries.length === 1 ? '' : 's'}`, side),
    ],
    below: bounded(rows, viewing),
  };
}

function objectRows(path: string, before: JsonObject, after: JsonObject, viewing: Viewing, depth: number): Shown {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  const member = (object: JsonObject, name: string): Json =>
    Object.hasOwn(object, name) ? (object[name] ?? null) : null;
  const differing = names.filter((name) => canonical(member(before, name)) !== canonical(member(after, name)));
  const same = names.filter((name) => !differing.includes(name) && member(after, name) !== null).length;
  const rows = differing.flatMap((name) =>
    fieldRows(cut(name, viewing), `${path}.${name}`, member(before, name), member(after, name), viewing, depth),
  );
  const counts = counted([
    [differing.length, differing.length === 1 ? 'field differs' : 'fields differ'],
    [same, 'unchanged'],
  ]);
  return { headline: [span(counts === '' ? 'no field differs' : counts)], below: bounded(rows, viewing) };
}

/** One named value inside another. */
function fieldRows(
  name: string,
  path: string,
  before: Json,
  after: Json,
  viewing: Viewing,
  depth: number,
): readonly Row[] {
  const sign = before === null ? signs.added : after === null ? signs.removed : signs.changed;
  return named(
    sign,
    before === null ? 'added' : after === null ? 'removed' : 'change',
    name,
    valueDiff(path, before, after, viewing, depth + 1),
    0,
  );
}

function listRows(
  path: string,
  before: readonly Json[],
  after: readonly Json[],
  isSet: boolean,
  viewing: Viewing,
  depth: number,
): Shown {
  const diff: ListDiff = isSet ? setDiff(before, after) : sequenceDiff(before, after);
  const count = (kind: ListEdit['kind']): number => diff.edits.filter((edit) => edit.kind === kind).length;
  const headline = counted([
    [count('changed'), 'changed'],
    [count('removed'), 'removed'],
    [count('added'), 'added'],
    [count('moved'), 'moved'],
    [diff.stay, 'unchanged'],
  ]);
  const rows = diff.edits.flatMap((edit) => editRows(path, edit, diff.ordered, viewing, depth));
  return {
    headline: [
      span(
        `${headline === '' ? 'no element' : headline}${diff.ordered || diff.edits.length > 0 ? '' : '; only the order differs'}`,
      ),
    ],
    below: bounded(rows, viewing),
  };
}

function editRows(path: string, edit: ListEdit, ordered: boolean, viewing: Viewing, depth: number): readonly Row[] {
  const place = (at: number): string => (ordered ? `[${at}] ` : '');
  switch (edit.kind) {
    case 'added':
      return elementRows('added', place(edit.to), path, edit.value, viewing, depth);
    case 'removed':
      return elementRows('removed', place(edit.from), path, edit.value, viewing, depth);
    case 'moved':
      return [
        row(
          0,
          span(`${signs.changed} ${place(edit.from)}→ ${place(edit.to)}`, 'change'),
          span(`${inline(path, edit.value, viewing)} (moved)`),
        ),
      ];
    case 'changed':
      return named(
        signs.changed,
        'change',
        edit.from === edit.to ? `[${edit.to}]` : `[${edit.from}] → [${edit.to}]`,
        valueDiff(`${path}[]`, edit.before, edit.after, viewing, depth + 1),
        0,
      );
    default:
      return edit satisfies never;
  }
}

/** An element that came or left, with its fields below it where they do not fit on a line. */
function elementRows(
  side: Side,
  place: string,
  path: string,
  json: Json,
  viewing: Viewing,
  depth: number,
): readonly Row[] {
  const shown = oneSide(side, `${path}[]`, json, viewing, depth + 1);
  return [
    row(0, span(`${signs[side]} ${place}`, side), ...shown.headline, span(` (${side})`, side)),
    ...shift(shown.below, 2),
  ];
}
