import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import { saysSomething } from '../../base/statement.ts';
import { isLeaf, own, type Comparer } from './compare.ts';
import { below, ruleOf, type Nodes } from './rule-tree.ts';

/** A difference between the author's belief and the live state. `at` is dotted, below `expect`. */
export interface Mismatch {
  readonly at: string;
  readonly expected: Json;
  readonly live: Json | undefined;
}

const isAny = (value: Json | undefined): boolean => isObject(value) && value['$any'] === true;

/**
 * Whether a live value is as stated: objects and lists as subsets, `null` not set, `$any` set, scalars by the type's
 * compare rules.
 */
export function fits(live: Json | undefined, expected: Json, nodes: Nodes, comparer: Comparer): boolean {
  if (expected === null) return isUnset(live);
  if (isAny(expected)) return !isUnset(live);
  if (comparer.same(live, expected, nodes)) return true;
  if (Array.isArray(expected)) {
    const inside = below(nodes, '*');
    const elements = live === undefined ? [] : live;
    return (
      Array.isArray(elements) &&
      expected.every((item: Json) => elements.some((element: Json) => namesElement(element, item, inside, comparer)))
    );
  }
  if (!isObject(expected) || isLeaf(expected) || (live !== undefined && (!isObject(live) || isLeaf(live))))
    return false;
  return Object.entries(expected).every(
    ([key, item]) =>
      item === undefined || fits(live === undefined ? undefined : own(live, key), item, below(nodes, key), comparer),
  );
}

/** Whether an entry of a list in `expect` means this element; one that states no value means none. */
const namesElement = (element: Json, item: Json, inside: Nodes, comparer: Comparer): boolean =>
  comparer.same(element, item, inside) || (saysSomething(item) && fits(element, item, inside, comparer));

const isUnset = (value: Json | undefined): boolean => value === undefined || value === null || value === '';

/** Compares `expect` with a live resource. A property that AWS has accepted but not made yet fits with either value. */
export function mismatches(
  expect: JsonObject,
  live: LiveResource,
  comparer: Comparer,
  tagProperty: string | null,
): readonly Mismatch[] {
  const found: Mismatch[] = [];
  for (const [name, expected] of Object.entries(expect)) {
    if (expected === undefined) continue;
    const value =
      name === tagProperty
        ? { ...(live.properties[name] as JsonObject | undefined), ...live.systemTags }
        : (own(live.properties, name) ?? own(live.attributes, name));
    const nodes = below(comparer.root, name);
    if (fits(value, expected, nodes, comparer)) continue;
    if (live.pending[name] !== undefined && fits(live.pending[name], expected, nodes, comparer)) continue;
    narrow(value, expected, nodes, name, comparer, found);
  }
  return found;
}

/** Goes down to the smallest part that does not fit. */
function narrow(
  live: Json | undefined,
  expected: Json,
  nodes: Nodes,
  at: string,
  comparer: Comparer,
  found: Mismatch[],
): void {
  if (isObject(expected) && !isAny(expected) && !isLeaf(expected) && isObject(live) && !isLeaf(live)) {
    for (const [key, item] of Object.entries(expected)) {
      const inside = below(nodes, key);
      if (item !== undefined && !fits(own(live, key), item, inside, comparer))
        narrow(own(live, key), item, inside, `${at}.${key}`, comparer, found);
    }
  } else if (Array.isArray(expected) && Array.isArray(live)) {
    const inside = below(nodes, '*');
    expected.forEach((item: Json, index) => {
      if (!live.some((element: Json) => namesElement(element, item, inside, comparer)))
        found.push({ at: `${at}.${index}`, expected: item, live });
    });
  } else found.push({ at, expected, live: ruleOf(nodes, 'sensitive') === true ? { $masked: 'unknown' } : live });
}

/** Pending changes that `expect` does not state, by property name (RDS: PendingModifiedValues). */
export const unstatedPending = (
  expect: JsonObject | undefined,
  live: LiveResource,
  comparer: Comparer,
): readonly string[] =>
  Object.keys(live.pending)
    .filter((name) => {
      const expected = expect?.[name];
      return (
        expected === undefined ||
        expected === null ||
        isAny(expected) ||
        !fits(live.pending[name], expected, below(comparer.root, name), comparer)
      );
    })
    .sort();

/**
 * Whether `stated` (a list in `expect`) shows that the author knew this live element: one entry fits it and says what
 * identifies it: its key fields, or where the list has no keys enough to fit no other element.
 */
export function isStated(
  element: Json,
  stated: Json | undefined,
  list: readonly Json[],
  listNodes: Nodes,
  comparer: Comparer,
): boolean {
  if (!Array.isArray(stated)) return false;
  const inside = below(listNodes, '*');
  const keys = ruleOf(listNodes, 'keys') ?? [];
  return stated.some((item: Json) => {
    if (!namesElement(element, item, inside, comparer)) return false;
    if (!isObject(element)) return !isAny(item);
    if (!isObject(item) || isAny(item)) return false;
    if (keys.length > 0)
      return keys.every(
        (key) => element[key] === undefined || element[key] === null || (item[key] !== undefined && !isAny(item[key])),
      );
    return (
      list.every((other) => !fits(other, item, inside, comparer) || comparer.equal(other, element, inside)) &&
      Object.values(item).some((value) => value !== null && !isAny(value))
    );
  });
}

/** The part of `expect` that speaks of one live element, for what leaves inside it. */
export const statementOf = (
  element: Json,
  stated: Json | undefined,
  listNodes: Nodes,
  comparer: Comparer,
): Json | undefined =>
  Array.isArray(stated)
    ? stated.find((item: Json) => namesElement(element, item, below(listNodes, '*'), comparer))
    : undefined;
