import { isMasked, isObject, isSecretRef, type Json, type JsonObject } from '../../base/json.ts';
import { nameIn, nameText } from '../../domain/identity.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { TypeRules } from '../../domain/resource-type.ts';
import { comparerFor, type Comparer } from '../../plan/diff/compare.ts';
import { diffProperties } from '../../plan/diff/diff.ts';
import { mergeValue, type Removal } from '../../plan/diff/merge.ts';
import { below, ruleOf, type Nodes } from '../../plan/diff/rule-tree.ts';
import { few, quote } from '../../domain/wording.ts';
import type { Drift } from './drift.ts';

/**
 * The comparison of a step's desired properties with the live ones after it. `pending`: names that AWS accepted and
 * will change later.
 */
export interface Verification {
  readonly differences: readonly Drift[];
  readonly pending: readonly string[];
}

/**
 * Compares what a step wanted with what is live after it, by the same merge and rules that the planner uses: a property
 * differs when planning it again would change something. Write-only and volatile properties are not compared.
 * `authored` is what the change plan says of them: a key that it takes away by a null must be gone, which the value
 * that is left cannot tell. Pure.
 */
export function verification(
  wanted: JsonObject,
  live: LiveResource,
  rules: TypeRules,
  authored: JsonObject = {},
): Verification {
  const comparer = comparerFor(rules, live.type, live.identity);
  const differences: Drift[] = [];
  const pending: string[] = [];
  for (const [name, value] of Object.entries(wanted)) {
    const nodes = below(comparer.root, name);
    if (
      value === undefined ||
      isSecretRef(value) ||
      ruleOf(nodes, 'secret') === true ||
      ruleOf(nodes, 'volatile') === true
    )
      continue;
    const now = live.properties[name];
    const whole = now === undefined ? value : (withTaken(value, authored[name], nodes, comparer) ?? value);
    if (holds(now, whole, name, nodes, comparer)) continue;
    const later = live.pending[name];
    if (later !== undefined && holds(later, value, name, nodes, comparer)) pending.push(name);
    else
      differences.push({
        path: name,
        before: ruleOf(nodes, 'hides') === true ? { $masked: 'unknown' } : value,
        after: ruleOf(nodes, 'hides') === true ? { $masked: 'unknown' } : now,
        inList: false,
      });
  }
  return { differences, pending };
}

function holds(now: Json | undefined, wanted: Json, name: string, nodes: Nodes, comparer: Comparer): boolean {
  // AWS leaves out what is empty.
  if (now === undefined && isEmpty(wanted)) return true;
  const removals: Removal[] = [];
  const merged = mergeValue(now, wanted, comparer, name, undefined, removals);
  if (removals.length > 0) return false;
  return now === undefined ? merged === undefined : merged !== undefined && comparer.equal(now, merged, nodes);
}

/**
 * The desired value with the keys that the author removes by a null, at any depth and inside elements of lists;
 * undefined where he takes none. An element is known by its key; one whose key only another step's result tells, by its
 * place.
 */
function withTaken(wanted: Json, authored: Json | undefined, nodes: Nodes, comparer: Comparer): Json | undefined {
  if (Array.isArray(authored)) {
    if (!Array.isArray(wanted)) return undefined;
    const keyOf = (element: Json): string =>
      comparer.elementKey(isObject(element) ? withoutNulls(element) : element, nodes);
    const byKey = new Map((authored as readonly Json[]).map((element) => [keyOf(element), element]));
    let some = false;
    const elements = (wanted as readonly Json[]).map((element, index) => {
      const own =
        byKey.get(keyOf(element)) ??
        (authored.length === wanted.length ? (authored as readonly Json[])[index] : undefined);
      const whole = withTaken(element, own, below(nodes, '*'), comparer);
      some ||= whole !== undefined;
      return whole ?? element;
    });
    return some ? elements : undefined;
  }
  if (!isObject(authored) || !isObject(wanted)) return undefined;
  const taken = Object.entries(authored).flatMap(([key, value]): readonly (readonly [string, Json])[] => {
    const inside =
      value === null
        ? null
        : withTaken(wanted[key] ?? (isObject(value) ? {} : null), value, below(nodes, key), comparer);
    return inside === undefined ? [] : [[key, inside]];
  });
  return taken.length === 0 ? undefined : { ...wanted, ...Object.fromEntries(taken) };
}

const withoutNulls = (value: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));

const isEmpty = (value: Json): boolean =>
  value === null ||
  value === '' ||
  (Array.isArray(value) && value.length === 0) ||
  (isObject(value) && Object.keys(value).length === 0);

/**
 * Differences between a resource as captured and as restored, both ways. `captured` has its identities remapped
 * already. Pure.
 */
export function restoreDifferences(captured: JsonObject, live: LiveResource, rules: TypeRules): readonly Drift[] {
  const comparer = comparerFor(rules, live.type, live.identity);
  return diffProperties(captured, live.properties, comparer, { ignoreVolatile: true }).flatMap(
    ({ path, before, after }) =>
      // A masked text is salted with the identity: of a new one it cannot be told whether it is the same.
      (isEmpty(before ?? null) && isEmpty(after ?? null)) || (isMasked(before) && isMasked(after))
        ? []
        : [{ path, before, after, inList: false }],
  );
}

/** `Size: 20 → 30` for each difference, safe for a screen. */
export const driftText = (drift: readonly Drift[]): string =>
  few(drift.map(({ path, before, after }) => `${path}: ${quote(shown(before))} → ${quote(shown(after))}`));

/** A value as it may be said: of a hidden one, that it is hidden; of a name of a resource, its text. */
export function shown(value: Json | undefined): Json | undefined {
  const name = nameIn(value);
  return name !== undefined ? nameText(name) : isMasked(value) ? '(hidden)' : value;
}
