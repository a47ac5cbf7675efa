import type { ResourceEntry } from '../../domain/change-plan.ts';
import { isObject, type JsonObject } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { ResourceType } from '../../domain/resource-type.ts';
import { block, type Planning } from '../refresh/draft.ts';

/** `changed`: the properties that an update changes; anything else of it is as AWS took it. */
export type Judged =
  | { readonly action: 'create' | 'replace' }
  | { readonly action: 'update'; readonly changed: ReadonlySet<string> };

/** The first part of a dotted path. */
const topOf = (path: string): string => path.split('.', 1)[0] ?? path;

/**
 * Blocks a step whose properties AWS would refuse whatever is live (`TypeRules.refuses`). The properties are those that
 * will be sent: references are resolved as far as they are known, so that a value cannot come in by one that would be
 * refused as a literal.
 */
export function blockRefused(
  planning: Pick<Planning, 'findings'>,
  entry: ResourceEntry,
  type: ResourceType,
  desired: JsonObject,
  judged: Judged,
): void {
  const whole = judged.action !== 'update';
  const properties = judged.action === 'update' ? withoutFollowing(type, desired, judged.changed) : desired;
  for (const { at, missing, message, help } of type.rules.refuses?.(properties, whole) ?? []) {
    if (judged.action === 'update' && !judged.changed.has(topOf(at === '' ? (missing ?? '') : at))) continue;
    block(planning, entry, at === '' ? 'properties' : `properties.${at}`, 'refused-value', message, help);
  }
}

/** AWS moves some properties along with others: their live values will not be the ones afterwards. */
const withoutFollowing = ({ rules }: ResourceType, desired: JsonObject, changed: ReadonlySet<string>): JsonObject =>
  Object.fromEntries(
    Object.entries(desired).filter(
      ([name]) => changed.has(name) || !(rules.properties[name]?.follows ?? []).some((leader) => changed.has(leader)),
    ),
  );

/** Tags of one resource; AWS's own do not count (Tagging AWS Resources, "Tag naming limits and requirements"). */
const mostTags = 50;

/**
 * Blocks a step whose resource would have more tags than AWS takes: the author's, and those by which aiplan knows it.
 * `live`: the resource that keeps its tags of aiplan; null for a new one.
 */
export function blockTags(
  planning: Pick<Planning, 'findings'>,
  entry: ResourceEntry,
  tagProperty: string | null,
  desired: JsonObject,
  live: LiveResource | null,
): void {
  const tags = tagProperty === null ? undefined : desired[tagProperty];
  if (tagProperty === null || !isObject(tags)) return;
  const own = Object.keys(tags).length;
  const marks = new Set([
    ...(live === null
      ? ['aiplan:plan', 'aiplan:resource', 'aiplan:op']
      : Object.keys(live.systemTags).filter((key) => !key.startsWith('aws:'))),
    ...(entry.rotate === undefined ? [] : ['aiplan:rotate']),
  ]);
  if (own + marks.size <= mostTags) return;
  block(
    planning,
    entry,
    `properties.${tagProperty}`,
    'tag-limit',
    `a resource has at most ${mostTags} tags; these ${own} and ${[...marks].join(', ')} are ${own + marks.size}`,
    `leave ${own + marks.size - mostTags} out; aiplan knows what it made by its own`,
  );
}
