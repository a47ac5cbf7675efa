import { isObject, type Json, type JsonObject } from '../../src/base/json.ts';
import type { Item } from './memory-state.ts';

export const texts = (value: Json | undefined): readonly string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
export const record = (value: Json | undefined): Record<string, string> =>
  isObject(value) ? { ...(value as Record<string, string>) } : {};
export const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

interface Described {
  readonly of: Pick<Item, 'systemTags' | 'state' | 'pending' | 'rows' | 'identity' | 'incarnation'>;
  readonly view: JsonObject;
}
const described = new WeakMap<object, Described>();

/**
 * An answer's form of an item: AWS names nothing as aiplan does, so that types have something to translate. Nothing of
 * an item is changed in place, so that equal parts give the same answer, made once.
 */
export function describe(item: Item): JsonObject {
  const { properties, systemTags, state, pending, rows, identity, incarnation } = item;
  const known = described.get(properties);
  if (
    known !== undefined &&
    known.of.systemTags === systemTags &&
    known.of.state === state &&
    known.of.pending === pending &&
    known.of.rows === rows &&
    known.of.identity === identity &&
    known.of.incarnation === incarnation
  )
    return known.view;
  const { Tags, Password: _password, Script, ...rest } = properties;
  const view = {
    ...rest,
    ...(Script === undefined ? {} : { HasScript: true, ScriptText: Script }),
    Id: identity,
    ResourceId: incarnation,
    Status: state,
    Pending: pending,
    Rows: rows.length,
    Created: item.created,
    AllTags: { ...record(Tags), ...systemTags },
  };
  described.set(properties, { of: { systemTags, state, pending, rows, identity, incarnation }, view });
  return view;
}

const textOfs = new WeakMap<object, string>();
/** A value that is never changed, as text; made once. */
export function textOf(value: object): string {
  const known = textOfs.get(value);
  if (known !== undefined) return known;
  const made = JSON.stringify(value);
  textOfs.set(value, made);
  return made;
}

/** Tags that AWS or aiplan owns. */
export const isSystemTag = (key: string): boolean => /^(aws|aiplan):/u.test(key);
