import { isObject, type Json, type JsonObject } from '../model/json.ts';
import { define } from './compare.ts';

/** A reference in a change plan: `Ref` has no path. */
export interface Reference {
  readonly address: string;
  readonly path: string | null;
  /** Dotted path with indexes where it stands, for positions. */
  readonly at: string;
}

/** The reference that a value is, or null. */
export function referenceOf(value: Json | undefined): { readonly address: string; readonly path: string | null } | null {
  if (!isObject(value)) return null;
  if (typeof value['Ref'] === 'string') return { address: value['Ref'], path: null };
  const target = value['Fn::GetAtt'];
  if (Array.isArray(target) && typeof target[0] === 'string' && target.length > 1) return { address: target[0], path: target.slice(1).map(String).join('.') };
  if (typeof target === 'string' && target.includes('.')) return { address: target.slice(0, target.indexOf('.')), path: target.slice(target.indexOf('.') + 1) };
  return null;
}

/** Every reference in a value, in its order. */
export function referencesIn(value: Json | undefined, at = ''): readonly Reference[] {
  const found: Reference[] = [];
  const walk = (item: Json | undefined, place: string): void => {
    const reference = referenceOf(item);
    if (reference !== null) found.push({ ...reference, at: place });
    else if (Array.isArray(item)) item.forEach((element: Json, index) => walk(element, place === '' ? String(index) : `${place}.${index}`));
    else if (isObject(item)) for (const [key, child] of Object.entries(item)) walk(child, place === '' ? key : `${place}.${key}`);
  };
  walk(value, at);
  return found;
}

/** Replaces every reference by what `resolve` answers. What holds no reference is returned as it is, not copied. */
export function resolveReferences(value: Json, resolve: (reference: Reference) => Json, at = ''): Json {
  const reference = referenceOf(value);
  if (reference !== null) return resolve({ ...reference, at });
  const under = (key: string): string => (at === '' ? key : `${at}.${key}`);
  if (Array.isArray(value)) {
    const items = value.map((item: Json, index) => resolveReferences(item, resolve, under(String(index))));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  if (!isObject(value)) return value;
  let copy: Record<string, Json | undefined> | null = null;
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    const resolved = resolveReferences(item, resolve, under(key));
    if (resolved === item) continue;
    copy ??= { ...value };
    define(copy, key, resolved);
  }
  return copy ?? value;
}

/** `{ $unknown }` for a reference that cannot be resolved yet. */
export const unknownOf = ({ address, path }: Pick<Reference, 'address' | 'path'>): JsonObject => ({ $unknown: path === null ? address : `${address}.${path}` });

/** The inverse of `unknownOf`, anywhere in a value: what the executor resolves at its time. */
export function withReferences(value: Json): Json {
  if (Array.isArray(value)) {
    const items = value.map((item: Json) => withReferences(item));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  if (!isObject(value)) return value;
  const name = value['$unknown'];
  if (typeof name === 'string') {
    const dot = name.indexOf('.');
    return dot < 0 ? { Ref: name } : { 'Fn::GetAtt': [name.slice(0, dot), name.slice(dot + 1)] };
  }
  return mapValues(value, withReferences);
}

/** Stands a text in for every unknown value, so that rules and previews see something of the right kind. */
export function withPlaceholders(value: Json): Json {
  if (Array.isArray(value)) {
    const items = value.map((item: Json) => withPlaceholders(item));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  if (!isObject(value)) return value;
  return typeof value['$unknown'] === 'string' ? `(known after ${value['$unknown']})` : mapValues(value, withPlaceholders);
}

function mapValues(value: JsonObject, map: (item: Json) => Json): JsonObject {
  let copy: Record<string, Json | undefined> | null = null;
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    const mapped = map(item);
    if (mapped === item) continue;
    copy ??= { ...value };
    define(copy, key, mapped);
  }
  return copy ?? value;
}

/** A value by dotted path: objects by key, lists by index. */
export function valueAt(root: Json | undefined, path: string): Json | undefined {
  let value: Json | undefined = root;
  for (const name of path.split('.')) {
    if (Array.isArray(value)) value = value[Number(name)] as Json | undefined;
    else if (isObject(value)) value = Object.hasOwn(value, name) ? value[name] : undefined;
    else return undefined;
  }
  return value;
}
