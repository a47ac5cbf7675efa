import { isObject, isUnknown, type Json, type JsonObject } from '../../base/json.ts';
import { folded, functionOf } from '../../base/template-functions.ts';
import { define } from './compare.ts';

/** A reference in a change plan: `Ref` has no path. */
export interface Reference {
  readonly address: string;
  readonly path: string | null;
  /** Dotted path with indexes where it stands, for positions. */
  readonly at: string;
}

/** The reference that a value is, or null. */
export function referenceOf(
  value: Json | undefined,
): { readonly address: string; readonly path: string | null } | null {
  if (!isObject(value)) return null;
  if (typeof value['Ref'] === 'string') return { address: value['Ref'], path: null };
  const target = value['Fn::GetAtt'];
  if (Array.isArray(target) && typeof target[0] === 'string' && target.length > 1)
    return { address: target[0], path: target.slice(1).map(String).join('.') };
  if (typeof target === 'string' && target.includes('.'))
    return { address: target.slice(0, target.indexOf('.')), path: target.slice(target.indexOf('.') + 1) };
  return null;
}

/** A scalar neither is a reference nor holds one. */
const mayRefer = (value: Json | undefined): boolean => typeof value === 'object' && value !== null;

/** Every reference in a value, in its order. */
export function referencesIn(value: Json | undefined, at = ''): readonly Reference[] {
  const found: Reference[] = [];
  const walk = (item: Json | undefined, place: string): void => {
    const reference = referenceOf(item);
    if (reference !== null) found.push({ ...reference, at: place });
    else if (Array.isArray(item))
      item.forEach((element: Json, index) => {
        if (mayRefer(element)) walk(element, place === '' ? String(index) : `${place}.${index}`);
      });
    else if (isObject(item))
      for (const key of Object.keys(item))
        if (mayRefer(item[key])) walk(item[key], place === '' ? key : `${place}.${key}`);
  };
  walk(value, at);
  return found;
}

/** Answers in place of a function that cannot be applied to the values it got. */
export type RefuseFunction = (at: string, problem: string) => Json;

/**
 * Replaces every reference by what `resolve` answers, and every function by its value: `{ $unknown, $of }` where an
 * argument is not known yet, what `refuse` answers where the arguments do not fit. A value without references is
 * returned as it is, not copied.
 */
export function resolveReferences(
  value: Json,
  resolve: (reference: Reference) => Json,
  refuse: RefuseFunction,
  at = '',
): Json {
  const reference = referenceOf(value);
  if (reference !== null) return resolve({ ...reference, at });
  const mapped = mapInside(value, (item, key) =>
    resolveReferences(item, resolve, refuse, at === '' ? key : `${at}.${key}`),
  );
  return functionOf(mapped) === null ? mapped : applied(mapped as JsonObject, refuse, at);
}

function applied(value: JsonObject, refuse: RefuseFunction, at: string): Json {
  const result = folded(value);
  const problem = isObject(result) ? result['$problem'] : undefined;
  if (typeof problem === 'string') return refuse(at, problem);
  return result === value ? { $unknown: [...unknownNames(value)].join(', '), $of: value } : (result as Json);
}

function unknownNames(value: Json | undefined, names: Set<string> = new Set()): ReadonlySet<string> {
  const name = isObject(value) ? value['$unknown'] : undefined;
  if (typeof name === 'string') names.add(name);
  else if (mayRefer(value)) for (const item of Object.values(value as JsonObject)) unknownNames(item, names);
  return names;
}

/** `{ $unknown }` for a reference that cannot be resolved yet. */
export const unknownOf = ({ address, path }: Pick<Reference, 'address' | 'path'>): JsonObject => ({
  $unknown: path === null ? address : `${address}.${path}`,
});

/** The inverse of `unknownOf`, anywhere in a value: what the executor resolves at its time. */
export function withReferences(value: Json): Json {
  const name = isObject(value) ? value['$unknown'] : undefined;
  if (typeof name === 'string') {
    const of = (value as JsonObject)['$of'];
    if (of !== undefined) return withReferences(of);
    const dot = name.indexOf('.');
    return dot < 0 ? { Ref: name } : { 'Fn::GetAtt': [name.slice(0, dot), name.slice(dot + 1)] };
  }
  return mapInside(value, withReferences);
}

/** The text that stands for a value which is not known yet. */
export const placeholderOf = (name: string): string => `(known after ${name})`;

/** Stands a text in for every unknown value, so that previews and sentences have something to show. */
export function withPlaceholders(value: Json): Json {
  const name = isObject(value) ? value['$unknown'] : undefined;
  return typeof name === 'string' ? placeholderOf(name) : mapInside(value, withPlaceholders);
}

/** Whether a value, or any part of it, is not known yet. */
export const holdsUnknown = (value: Json | undefined): boolean =>
  mayRefer(value) &&
  (isUnknown(value) ||
    (Array.isArray(value)
      ? value.some((item: Json) => holdsUnknown(item))
      : Object.values(value as JsonObject).some((item) => holdsUnknown(item))));

/** A list or object with every list or object in it replaced by what `map` answers; itself where that is the same. */
function mapInside(value: Json, map: (item: Json, key: string) => Json): Json {
  if (Array.isArray(value)) {
    let copy: Json[] | null = null;
    for (let index = 0; index < value.length; index += 1) {
      const item = value[index] as Json;
      const mapped = mayRefer(item) ? map(item, String(index)) : item;
      if (mapped === item) continue;
      copy ??= [...(value as readonly Json[])];
      copy[index] = mapped;
    }
    return copy ?? value;
  }
  if (!isObject(value)) return value;
  let copy: Record<string, Json | undefined> | null = null;
  for (const key of Object.keys(value)) {
    const item = value[key];
    if (item === undefined || !mayRefer(item)) continue;
    const mapped = map(item, key);
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
