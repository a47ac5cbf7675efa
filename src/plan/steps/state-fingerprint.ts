import { canonical } from '../../base/digest.ts';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { TypeRules } from '../../domain/resource-type.ts';
import { define, isLeaf, isSet } from '../diff/compare.ts';
import { shown } from '../diff/diff.ts';
import { normalisePolicy } from '../../base/policy.ts';
import { below, ruleOf, ruleTree, type Nodes } from '../diff/rule-tree.ts';

/**
 * Everything that was read of a resource, in a form in which equal states are equal texts: what AWS moves by itself
 * (`volatile`) is left out, lists without an order are sorted, sensitive texts masked (law 11). It stands in the step
 * and in its digest, so that a confirmation also binds to what the step does not show of its resource. Pure.
 */
export function boundState(
  { type, identity, properties }: Pick<LiveResource, 'type' | 'identity' | 'properties'>,
  rules: TypeRules,
): JsonObject {
  const root = ruleTree(rules);
  const state: Record<string, Json | undefined> = {};
  for (const name of Object.keys(properties).sort()) {
    const nodes = below(root, name);
    const value = properties[name];
    if (value === undefined || value === null) continue;
    const bound = boundValue(shown(value, nodes, type, identity), nodes);
    if (bound !== undefined) define(state, name, bound);
  }
  return state;
}

function boundValue(value: Json, nodes: Nodes): Json | undefined {
  if (nodes.length === 0) return value;
  if (ruleOf(nodes, 'volatile') === true) return undefined;
  if (ruleOf(nodes, 'compare') === 'policy') return normalisePolicy(value);
  if (Array.isArray(value)) {
    const inside = below(nodes, '*');
    const items = (value as readonly Json[]).flatMap((item) => boundValue(item, inside) ?? []);
    return isSet(nodes)
      ? items
          .map((item) => ({ item, text: canonical(item) }))
          .sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
          .map(({ item }) => item)
      : items;
  }
  if (!isObject(value) || isLeaf(value)) return value;
  const kept: Record<string, Json | undefined> = {};
  for (const [name, item] of Object.entries(value)) {
    const bound = item === undefined ? undefined : boundValue(item, below(nodes, name));
    if (bound !== undefined) define(kept, name, bound);
  }
  return kept;
}
