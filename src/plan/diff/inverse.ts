import { booleanFrom, numberFrom, textFrom } from '../../base/coerce.ts';
import { canonical } from '../../base/digest.ts';
import { folded } from '../../base/template-functions.ts';
import { isMasked, isObject, isSecretRef, isUnknown, type Json, type JsonObject } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { TypeRules } from '../../domain/resource-type.ts';
import { comparerFor, define, isLeaf, own, type Comparer } from './compare.ts';
import { diffProperties, type Difference } from './diff.ts';
import { below, ruleOf, type Nodes } from './rule-tree.ts';
import type { AttributeChange } from '../../domain/attribute-change.ts';
import type { Capture } from '../../domain/capture-plan.ts';

/** How an update is undone. */
export interface Inverse {
  /** The previous values of exactly the changed paths; `null` takes away. Empty: nothing is left to invert. */
  readonly properties: JsonObject;
  /** The values that must be live for that: those that the run made. */
  readonly expect: JsonObject;
  /** Paths that hold neither the value before nor the one that the run made: somebody else changed them since. */
  readonly conflicts: readonly {
    readonly path: string;
    readonly before: Json | undefined;
    readonly live: Json | undefined;
  }[];
  /** Paths whose previous value is not known: write-only, or sensitive and not captured. */
  readonly lost: readonly string[];
  /** Properties that AWS lets nobody put back, such as storage that has grown, and why. */
  readonly stays: readonly { readonly path: string; readonly why: string }[];
}

export interface Inverting {
  readonly before: LiveResource;
  readonly live: LiveResource;
  readonly changes: readonly AttributeChange[];
  /** The resource as read after the change; null when the run did not come so far. */
  readonly after: LiveResource | null;
  readonly capture: Capture | null;
  readonly rules: TypeRules;
  /** The value of a reference to another step now. */
  readonly resolve: (name: string) => Json | undefined;
}

/**
 * Three-way per path: live as the run made it → invert; live as before → nothing; anything else → conflict. Paths that
 * the run did not change are left alone. Pure.
 */
export function invert(input: Inverting): Inverse {
  const { before, live, rules } = input;
  const comparer = comparerFor(rules, live.type, live.identity);
  const changes = input.changes.map((change) => ({ ...change, path: resolvedPath(change, input.resolve, comparer) }));
  const properties: Record<string, Json | undefined> = {};
  const expect: Record<string, Json | undefined> = {};
  const conflicts: { path: string; before: Json | undefined; live: Json | undefined }[] = [];
  const lost = changes
    .filter(({ path }) => ruleOf(below(comparer.root, topOf(path)), 'secret') === true)
    .map(({ path }) => path);
  const targets = new Map<string, Json | undefined>();
  for (const difference of [
    ...diffProperties(before.properties, live.properties, comparer, { ignoreVolatile: true }),
    ...gonePartly(input, comparer),
  ]) {
    const change = changes.find(({ path }) => overlap(path, difference.path));
    if (isReset(topOf(difference.path), input, comparer)) continue;
    if (change === undefined) {
      if (!isConsequence(difference, changes, input, comparer)) continue;
    } else if (!isAsMade(difference, change, input, comparer)) {
      conflicts.push({ path: difference.path, before: difference.before, live: difference.after });
      continue;
    }
    const former = formerValue(difference, input.capture);
    if (former === undefined && difference.before !== undefined) {
      lost.push(difference.path);
      continue;
    }
    const [name = ''] = difference.segments;
    const current = targets.has(name) ? targets.get(name) : live.properties[name];
    targets.set(
      name,
      withValue(
        current,
        difference.segments.slice(1),
        former,
        below(comparer.root, name),
        comparer,
        before.properties[name],
      ),
    );
  }
  const stays = oneWayOf(input, targets);
  for (const { path } of stays) targets.delete(path);
  // A value that moved along with another one that stays cannot go back without it.
  for (const name of targets.keys())
    if (
      rules.properties[name]?.follows?.some((other) => stays.some(({ path }) => path === other)) === true &&
      !changes.some(({ path }) => topOf(path) === name)
    )
      targets.delete(name);
  for (const [name, target] of targets) {
    const nodes = below(comparer.root, name);
    define(properties, name, overlay(live.properties[name], target, nodes, comparer));
    const stated = statement(live.properties[name], target, nodes, comparer);
    if (stated !== undefined) define(expect, name, stated);
  }
  return { properties, expect, conflicts, lost, stays };
}

/** Whether a property that was not set before the run has the value already to which an undo would reset it. */
function isReset(name: string, { before, live, rules }: Inverting, comparer: Comparer): boolean {
  const reset = rules.properties[name]?.reset;
  return (
    reset !== undefined &&
    before.properties[name] === undefined &&
    comparer.equal(live.properties[name], reset, below(comparer.root, name))
  );
}

/**
 * Changes that went one way: the type refuses the inverse, or the comparison does not even see a difference (at least
 * so much).
 */
function oneWayOf(
  { before, live, changes, rules }: Inverting,
  targets: ReadonlyMap<string, Json | undefined>,
): Inverse['stays'] {
  return [...new Set(changes.map(({ path }) => topOf(path)))].flatMap((path) => {
    const { oneWay, update } = rules.properties[path] ?? {};
    if (oneWay === undefined || sameJson(before.properties[path], live.properties[path])) return [];
    if (!targets.has(path)) return [{ path, why: oneWay }];
    const effect = typeof update === 'function' ? update(live.properties[path], targets.get(path), live) : update;
    return typeof effect === 'object' ? [{ path, why: effect.blocked }] : [];
  });
}

const sameJson = (a: Json | undefined, b: Json | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && canonical(a) === canonical(b));

export const topOf = (path: string): string => /^[^.[]+/u.exec(path)?.[0] ?? path;

/** The path of a list element that named another step's resource, with the identity that it got. */
export function resolvedPath(
  { path, after }: AttributeChange,
  resolve: Inverting['resolve'],
  comparer: Comparer,
): string {
  const name = topOf(path);
  if (!path.startsWith(`${name}[`) || !path.endsWith(']') || after === null) return path;
  const made = resolveUnknown(after, resolve);
  return made === undefined || sameJson(made, after)
    ? path
    : `${name}[${comparer.elementKey(made, below(comparer.root, name))}]`;
}

/** One path is the other, or lies inside it. */
export const overlap = (a: string, b: string): boolean =>
  a === b ||
  [
    [a, b],
    [b, a],
  ].some(([outer = '', inner = '']) => inner.startsWith(`${outer}.`) || inner.startsWith(`${outer}[`));

/** Elements that have left a list of which AWS has its own part: elsewhere that is no difference. */
const gonePartly = ({ before, live, rules }: Inverting, comparer: Comparer): readonly Difference[] =>
  (rules.partialLists ?? []).flatMap((name) => {
    const only = (properties: JsonObject): JsonObject => ({ [name]: properties[name] ?? [] });
    return diffProperties(only(before.properties), only(live.properties), comparer).filter(
      ({ path, after }) => after === undefined && path.endsWith(']'),
    );
  });

/**
 * Values that AWS moved, or removed, along with a change of the step go back with it: the speed of a volume whose type
 * was changed, the fate of a volume that was detached. Members of something that is still there are its own.
 */
function isConsequence(
  { path, before, after }: Difference,
  changes: readonly AttributeChange[],
  { rules, live, after: read }: Inverting,
  comparer: Comparer,
): boolean {
  const name = topOf(path);
  const rule = rules.properties[name];
  if (
    before === undefined ||
    rule?.update === undefined ||
    !(path === name || (after === undefined && path.endsWith(']')))
  )
    return false;
  if (rule.follows?.some((other) => changes.some((change) => topOf(change.path) === other)) !== true) return false;
  return (
    read === null ||
    !diffProperties(read.properties, live.properties, comparer, { ignoreVolatile: true }).some((difference) =>
      overlap(difference.path, path),
    )
  );
}

function isAsMade(
  { path, after, nodes }: Difference,
  change: AttributeChange,
  { after: read, live, resolve }: Inverting,
  comparer: Comparer,
): boolean {
  if (read !== null) {
    const since = diffProperties(read.properties, live.properties, comparer, { ignoreVolatile: true });
    return !since.some((difference) => overlap(difference.path, path));
  }
  if (change.path !== path) return false;
  const made = resolveUnknown(change.after, resolve);
  if (made === undefined) return false;
  return made === null
    ? after === undefined || after === null
    : comparer.equal(after, asSent(made, after), nodes) || hasAll(after, asSent(made, after));
}

/** A value from another step was coerced by the property's kind before it was sent: `"7"` became the 7 that is live. */
export function asSent(made: Json, live: Json | undefined): Json {
  if (typeof live === 'number') return numberFrom(made) ?? made;
  if (typeof live === 'boolean') return booleanFrom(made) ?? made;
  if (typeof live === 'string') return textFrom(made) ?? made;
  if (Array.isArray(made) && Array.isArray(live))
    return made.map((item: Json, index) => asSent(item, live[index] as Json | undefined));
  if (!isObject(made) || !isObject(live)) return made;
  return Object.fromEntries(
    Object.entries(made).map(([key, item]) => [key, item === undefined ? item : asSent(item, own(live, key))]),
  );
}

/**
 * Everything that the step writes is there; AWS may add to an element what it knows of it, as the owner of a group that
 * a rule names.
 */
export const hasAll = (live: Json | undefined, wanted: Json): boolean =>
  isObject(wanted) && isObject(live)
    ? Object.entries(wanted).every(([key, value]) => value === undefined || hasAll(live[key], value))
    : live !== undefined && canonical(live) === canonical(wanted);

export function resolveUnknown(value: Json, resolve: (name: string) => Json | undefined): Json | undefined {
  if (isUnknown(value)) {
    const of = (value as JsonObject)['$of'];
    if (of === undefined) return resolve(value.$unknown);
    const made = resolveUnknown(of, resolve);
    return isObject(made) ? (folded(made) as Json) : made;
  }
  if (Array.isArray(value)) {
    const items = value.map((item: Json) => resolveUnknown(item, resolve));
    return items.some((item) => item === undefined) ? undefined : (items as readonly Json[]);
  }
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, resolveUnknown(item ?? null, resolve)] as const);
  return entries.some(([, item]) => item === undefined) ? undefined : (Object.fromEntries(entries) as JsonObject);
}

/**
 * The value before; of a sensitive one the text that the capture kept under the property's name, undefined where none
 * was.
 */
function formerValue({ before, segments }: Difference, capture: Capture | null): Json | undefined {
  if (!isMasked(before)) return before;
  const name = segments
    .filter((segment) => !segment.startsWith('['))
    .at(-1)
    ?.toLowerCase();
  const { secrets, ...extras } = capture?.extras ?? {};
  const kept = Object.entries({ ...extras, ...(isObject(secrets) ? secrets : {}) }).find(
    ([key, value]) => key.toLowerCase() === name && isSecretRef(value),
  );
  return kept?.[1];
}

/**
 * The value with one path set; undefined takes the path away. A segment in brackets is the key of a list element. `was`
 * is the whole value before: a list that was not there goes with its last element.
 */
function withValue(
  value: Json | undefined,
  segments: readonly string[],
  wanted: Json | undefined,
  nodes: Nodes,
  comparer: Comparer,
  was: Json | undefined,
): Json | undefined {
  const [head, ...rest] = segments;
  if (head === undefined) return wanted;
  if (!head.startsWith('[')) {
    const result: Record<string, Json | undefined> = isObject(value) ? { ...value } : {};
    const had = isObject(was) ? own(was, head) : undefined;
    const inner = withValue(
      isObject(value) ? own(value, head) : undefined,
      rest,
      wanted,
      below(nodes, head),
      comparer,
      had,
    );
    if (inner === undefined || (had === undefined && Array.isArray(inner) && inner.length === 0)) delete result[head];
    else define(result, head, inner);
    return result;
  }
  const list = Array.isArray(value) ? [...(value as readonly Json[])] : [];
  const index = indexOf(list, head.slice(1, -1), nodes, comparer);
  const old = Array.isArray(was) ? indexOf(was, head.slice(1, -1), nodes, comparer) : -1;
  const inner = withValue(
    index < 0 ? undefined : list[index],
    rest,
    wanted,
    below(nodes, '*'),
    comparer,
    old < 0 ? undefined : (was as readonly Json[])[old],
  );
  if (inner === undefined) return index < 0 ? list : list.toSpliced(index, 1);
  return index < 0 ? [...list, inner] : list.with(index, inner);
}

/** Position of the element with a key; `key #2` is the second of that key. */
function indexOf(list: readonly Json[], key: string, nodes: Nodes, comparer: Comparer): number {
  const exact = list.findIndex((element) => comparer.elementKey(element, nodes) === key);
  const numbered = /^(.*) #(\d+)$/su.exec(key);
  if (exact >= 0 || numbered === null) return exact;
  const places = list.flatMap((element, index) => (comparer.elementKey(element, nodes) === numbered[1] ? [index] : []));
  return places[Number(numbered[2]) - 1] ?? -1;
}

/**
 * The properties that an author would write to turn `live` into `target`: objects by changed keys, null for what goes,
 * lists whole.
 */
function overlay(live: Json | undefined, target: Json | undefined, nodes: Nodes, comparer: Comparer): Json {
  if (target === undefined) return null;
  if (Array.isArray(live) && Array.isArray(target)) return wholeElements(live, target, nodes, comparer);
  if (!isObject(target) || isSecretRef(target) || !isObject(live) || isMasked(live)) return target;
  const result: Record<string, Json | undefined> = {};
  for (const key of new Set([...Object.keys(live), ...Object.keys(target)])) {
    if (!sameJson(own(live, key), own(target, key)))
      define(result, key, overlay(own(live, key), own(target, key), below(nodes, key), comparer));
  }
  return result;
}

/** Elements are whole, but some members stay where they are left out: a null says that one is to go. */
function wholeElements(
  live: readonly Json[],
  target: readonly Json[],
  nodes: Nodes,
  comparer: Comparer,
): readonly Json[] {
  if ((ruleOf(nodes, 'keys') ?? []).length === 0) return target;
  return target.map((element) => {
    const key = comparer.elementKey(element, nodes);
    return withNulls(
      live.find((other) => comparer.elementKey(other, nodes) === key),
      element,
      below(nodes, '*'),
      comparer,
    );
  });
}

function withNulls(live: Json | undefined, target: Json, nodes: Nodes, comparer: Comparer): Json {
  if (Array.isArray(live) && Array.isArray(target)) return wholeElements(live, target, nodes, comparer);
  if (!isObject(live) || !isObject(target) || isLeaf(live) || isLeaf(target)) return target;
  const result: Record<string, Json | undefined> = {};
  for (const key of new Set([...Object.keys(target), ...Object.keys(live)])) {
    const value = own(target, key);
    define(result, key, value === undefined ? null : withNulls(own(live, key), value, below(nodes, key), comparer));
  }
  return result;
}

/** Members that leave a list inside of an element that stays, beside those that identify the element. */
function insideOf(live: Json, target: Json, nodes: Nodes, comparer: Comparer): readonly Json[] {
  const keys = ruleOf(nodes, 'keys') ?? [];
  if (!isObject(live) || !isObject(target) || isLeaf(live) || keys.length === 0 || !holdsLists(live)) return [];
  const inside = statement(live, target, below(nodes, '*'), comparer);
  return isObject(inside)
    ? [
        {
          ...inside,
          ...Object.fromEntries(keys.flatMap((key) => (own(live, key) === undefined ? [] : [[key, own(live, key)]]))),
        },
      ]
    : [];
}

const holdsLists = (value: Json | undefined): boolean =>
  Array.isArray(value) || (isObject(value) && Object.values(value).some((item) => holdsLists(item)));

/** The part of `live` that the change removes or overwrites. Undefined where it only adds. */
function statement(
  live: Json | undefined,
  target: Json | undefined,
  nodes: Nodes,
  comparer: Comparer,
): Json | undefined {
  if (isMasked(live)) return undefined;
  if (live === undefined) return null;
  if (Array.isArray(live)) {
    const stays = new Map(
      (Array.isArray(target) ? (target as readonly Json[]) : []).map((element) => [
        comparer.elementKey(element, nodes),
        element,
      ]),
    );
    const leaving = (live as readonly Json[]).flatMap((element) => {
      const other = stays.get(comparer.elementKey(element, nodes));
      return other === undefined ? [element] : insideOf(element, other, nodes, comparer);
    });
    return leaving.length === 0 ? undefined : leaving;
  }
  if (!isObject(live)) return live;
  const result: Record<string, Json | undefined> = {};
  for (const key of new Set([...Object.keys(live), ...Object.keys(isObject(target) ? target : {})])) {
    const other = isObject(target) ? own(target, key) : undefined;
    const stated = sameJson(own(live, key), other)
      ? undefined
      : statement(own(live, key), other, below(nodes, key), comparer);
    if (stated !== undefined) define(result, key, stated);
  }
  return Object.keys(result).length === 0 ? undefined : result;
}
