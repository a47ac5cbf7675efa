import { isObject, type Json, type JsonObject } from '../model/json.ts';
import type { LiveResource } from '../model/live.ts';
import type { ChangeRule } from '../model/resource-type.ts';
import { isLeaf, isSet, type Comparer } from './compare.ts';
import { differingNames, noElements, pairElements } from './diff.ts';
import { below, type Nodes } from './rule-tree.ts';

/** A rule that recognised something, and where. */
export interface Hit { readonly segments: readonly string[]; readonly says: string; readonly irreversible: boolean }

/**
 * Holds every rule against the values before and after: at each concrete place of its path that differs. A rule that
 * throws counts as a hit: what cannot be judged is not safe (law 9).
 */
export function ruleHits(rules: readonly ChangeRule[], before: JsonObject, after: JsonObject, live: LiveResource | null, comparer: Comparer): readonly Hit[] {
  const hits: Hit[] = [];
  for (const rule of rules) {
    const names = rule.path.split('.');
    visit(before, after, names, 0, [], comparer.root, comparer, (old, fresh, segments) => {
      const says = judge(rule, old, fresh, live);
      if (says !== null) hits.push({ segments, says, irreversible: rule.irreversible === true });
    });
  }
  return hits;
}

function judge(rule: ChangeRule, before: Json | undefined, after: Json | undefined, live: LiveResource | null): string | null {
  try {
    return rule.when === undefined || rule.when(before, after, live) ? rule.says(before, after, live) : null;
  } catch (error) {
    return `${rule.path} changes in a way that could not be judged (${error instanceof Error ? error.message : String(error)})`;
  }
}

type Found = (before: Json | undefined, after: Json | undefined, segments: readonly string[]) => void;

function visit(before: Json | undefined, after: Json | undefined, names: readonly string[], depth: number, segments: readonly string[], nodes: Nodes, comparer: Comparer, found: Found): void {
  if (before === after) return;
  const name = names[depth];
  if (name === undefined) {
    if (before === undefined || after === undefined || !comparer.equal(before, after, nodes)) found(before, after, segments);
    return;
  }
  if (name !== '*') {
    const old = field(before, name);
    const fresh = field(after, name);
    if (old !== undefined || fresh !== undefined) visit(old, fresh, names, depth + 1, [...segments, name], below(nodes, name), comparer, found);
    return;
  }
  if (Array.isArray(before) || Array.isArray(after)) {
    const old = (Array.isArray(before) ? before : noElements) as readonly Json[];
    const fresh = (Array.isArray(after) ? after : noElements) as readonly Json[];
    const inside = below(nodes, '*');
    // Without keys the elements are matched by equality, so that one that moves is no change.
    const pairs = isSet(nodes) ? pairElements(old, fresh, nodes, comparer) : unmatched(old, fresh, inside, comparer);
    for (const pair of pairs) visit(pair.before, pair.after, names, depth + 1, [...segments, `[${pair.key}]`], inside, comparer, found);
    return;
  }
  for (const key of differingNames(mapOf(before), mapOf(after))) visit(field(before, key), field(after, key), names, depth + 1, [...segments, key], below(nodes, key), comparer, found);
}

const unmatched = (before: readonly Json[], after: readonly Json[], nodes: Nodes, comparer: Comparer) => {
  const rest = [...after];
  const gone = before.filter((element) => {
    const index = rest.findIndex((other) => comparer.equal(element, other, nodes));
    if (index >= 0) rest.splice(index, 1);
    return index < 0;
  });
  return [
    ...gone.map((element, index) => ({ key: `- ${index}`, before: element as Json | undefined, after: undefined as Json | undefined })),
    ...rest.map((element, index) => ({ key: `+ ${index}`, before: undefined as Json | undefined, after: element as Json | undefined })),
  ];
};

const field = (value: Json | undefined, name: string): Json | undefined => (isObject(value) && !isLeaf(value) && Object.hasOwn(value, name) ? value[name] : undefined);
const mapOf = (value: Json | undefined): JsonObject => (isObject(value) && !isLeaf(value) ? value : {});

/** Whether a change and a hit speak of the same place, one perhaps inside the other. */
export function overlap(a: readonly string[], b: readonly string[]): boolean {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}
