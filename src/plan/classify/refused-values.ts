import type { ResourceEntry } from '../../domain/change-plan.ts';
import type { JsonObject } from '../../base/json.ts';
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
