import type { JsonObject } from '../../base/json.ts';
import { entryOf, type MapNode, type Node } from '../reader/node.ts';
import { makesSomethingElse } from '../foreign/unsupported.ts';
import type { ValueContext } from '../functions/values-context.ts';

/**
 * Problems for which AWS would refuse the values, whatever is live (`TypeRules.refuses`): the planner judges them again
 * when references are resolved. Of a create everything is here, so that something can be missing; what the author wrote
 * and could not be read is not.
 */
export function judgeRefused(
  values: JsonObject,
  node: MapNode,
  { action, rules, schema, problems }: ValueContext,
): void {
  // A property that is not supported yet would make something else, which needs other things.
  const whole = action === 'create' && !node.entries.some(({ key }) => makesSomethingElse(key, schema, rules));
  const properties = rules.canonical?.(values) ?? values;
  for (const { at, missing, message, help } of rules.refuses?.(properties, whole) ?? []) {
    const path = at === '' ? [] : at.split('.');
    const place = placeOf(node, path);
    if (missing === undefined) problems.error('refused-value', place.at, message, help);
    else if (!holds(place.node, missing) && !(path.length === 0 && schema.properties[missing]?.required === true))
      problems.error('missing-property', place.at, message, help);
  }
}

const holds = (node: Node, name: string): boolean => node.kind === 'map' && entryOf(node, name) !== undefined;

/** The value at the path, or the nearest one around it that was written; where its name stands. */
function placeOf(node: Node, path: readonly string[], at = node.at): { readonly node: Node; readonly at: number } {
  const [name, ...rest] = path;
  if (name === undefined) return { node, at };
  if (node.kind === 'list') {
    const item = node.items[Number(name)];
    return item === undefined ? { node, at } : placeOf(item, rest, item.at);
  }
  const entry = node.kind === 'map' ? entryOf(node, name) : undefined;
  return entry === undefined ? { node, at } : placeOf(entry.node, rest, entry.at);
}
