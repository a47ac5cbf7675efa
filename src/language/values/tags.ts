import type { Json, JsonObject } from '../../base/json.ts';
import {
  entryOf,
  isReservedKey,
  kindOf,
  textScalar,
  type ListNode,
  type MapEntry,
  type MapNode,
  type Node,
} from '../reader/node.ts';
import { quote, type Problems } from '../reader/problems.ts';
import { coerceText } from '../reader/scalar.ts';
import { noPlaceholder } from './text.ts';
import type { Spot, ValueContext } from '../functions/values-context.ts';

/** Limits of EC2, RDS and S3 alike ("Tag restrictions" of the Tagging AWS Resources guide). */
const MOST_TAGS = 50;
const LONGEST_KEY = 128;
const LONGEST_VALUE = 256;

/**
 * The tags of a resource, in aiplan always a map of texts. `value` reads what stands behind a tag when it is not plain
 * text.
 */
export function readTags(
  spot: Spot,
  context: ValueContext,
  value: (spot: Spot) => Json | undefined,
): JsonObject | undefined {
  const { problems, mode } = context;
  const { place } = spot;
  const name = spot.path;
  const node = spot.node.kind === 'list' && spot.node.tag === null ? asMap(spot.node, name, problems) : spot.node;
  if (node.kind !== 'map' || node.tag !== null) {
    if (node.kind !== 'bad')
      problems.error(
        'wrong-type',
        node.at,
        `${name} is ${kindOf(node)}; a map of texts is expected`,
        `${name}: { team: platform }`,
      );
    return undefined;
  }
  const only = node.entries.length === 1 ? node.entries[0] : undefined;
  if (spot.node.kind === 'map' && only !== undefined && (only.key === 'Ref' || only.key.startsWith('Fn::'))) {
    problems.error(
      'ambiguous-tags',
      only.at,
      `a map whose only key is ${quote(only.key)} reads as a reference`,
      'tags cannot be a reference as a whole; name a second tag beside this one',
    );
    return undefined;
  }
  const tags: Record<string, Json> = {};
  for (const { key, at, node: inner } of node.entries) {
    if (isReservedKey(key)) continue;
    context.positions[`${place}.${key}`] = problems.places.at(at);
    if (/^(?:aws|aiplan):/iu.test(key)) {
      problems.error(
        'reserved-tag',
        at,
        mode === 'properties'
          ? `the tag ${quote(key)} is reserved: ${/^aws:/iu.test(key) ? 'AWS' : 'aiplan'} writes it`
          : `the tag ${quote(key)} is not among a resource's own tags and cannot be compared`,
        'delete the line',
      );
      continue;
    }
    if (!noPlaceholder(key, 'value', { what: `the key of a tag in ${name}`, at }, problems)) continue;
    if (key === '' || key.length > LONGEST_KEY)
      problems.error('tag-limit', at, `a tag key has 1 to ${LONGEST_KEY} characters; ${quote(key)} has ${key.length}`);
    const text = tagValue(
      {
        ...spot,
        node: inner,
        type: { kind: 'string' },
        property: undefined,
        path: `${name}.*`,
        place: `${place}.${key}`,
        element: false,
      },
      context,
      value,
    );
    if (typeof text === 'string' && text.length > LONGEST_VALUE)
      problems.error(
        'tag-limit',
        inner.at,
        `a tag value has at most ${LONGEST_VALUE} characters; that of ${quote(key)} has ${text.length}`,
      );
    if (text !== undefined) tags[key] = text;
  }
  if (node.entries.length > MOST_TAGS)
    problems.error('tag-limit', node.at, `a resource has at most ${MOST_TAGS} tags; here are ${node.entries.length}`);
  return tags;
}

function tagValue(spot: Spot, context: ValueContext, value: (spot: Spot) => Json | undefined): Json | undefined {
  const { node } = spot;
  if (
    node.kind === 'scalar' &&
    node.tag === null &&
    node.value === null &&
    context.mode === 'properties' &&
    context.action === 'create'
  ) {
    context.problems.error(
      'null-not-allowed',
      node.at,
      'null removes a tag, and a create has none to remove',
      'delete the line, or write  ""  for an empty tag',
    );
    return undefined;
  }
  return value(spot);
}

/** AWS's list of `{ Key, Value }` as the map that it means; the values as they are written, functions too. */
function asMap(list: ListNode, name: string, problems: Problems): MapNode {
  const entries: MapEntry[] = [];
  const seen = new Set<string>();
  for (const item of list.items) {
    if (item.kind === 'bad') continue;
    const key = keyOf(item);
    if (item.kind !== 'map' || key === null) {
      problems.error(
        'wrong-type',
        item.at,
        `an element of ${name} is ${item.kind === 'map' ? 'no pair of Key and Value' : kindOf(item)}`,
        `${name}: { team: platform }   or   - { Key: team, Value: platform }`,
      );
      continue;
    }
    for (const extra of item.entries)
      if (extra.key !== 'Key' && extra.key !== 'Value')
        problems.error(
          'unknown-property',
          extra.at,
          `a tag has no ${quote(extra.key)}`,
          'delete it; a tag has Key and Value',
        );
    if (seen.has(key))
      problems.error('duplicate-key', item.at, `the tag ${quote(key)} stands twice`, 'keep one of them');
    else entries.push({ key, at: item.at, node: entryOf(item, 'Value')?.node ?? textScalar('', item.at) });
    seen.add(key);
  }
  return { kind: 'map', at: list.at, tag: null, entries };
}

function keyOf(item: Node): string | null {
  const node = item.kind === 'map' ? entryOf(item, 'Key')?.node : undefined;
  if (node?.kind !== 'scalar' || node.tag !== null) return null;
  const coerced = coerceText(node);
  return 'value' in coerced ? coerced.value : null;
}
