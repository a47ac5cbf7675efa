import type { RestoreOrder } from '../../domain/change-plan.ts';
import { isObject, type Json } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { ResourceType } from '../../domain/resource-type.ts';

/**
 * The resource that a restore makes: as it was captured, what it brings along as that was before the run; or, where it
 * is brought out beside what there is, as its type lets it be. The order itself stays in the words of the journal, by
 * which it is proved. Pure.
 */
export function restoredFrom(
  type: ResourceType | undefined,
  { live, apart, formerly }: RestoreOrder,
): LiveResource | { readonly blocked: string } {
  if (live === undefined) return { blocked: 'what it restores was not recorded' };
  if (apart === undefined) return formerly === undefined ? live : (type?.capture?.bringing?.(live, formerly) ?? live);
  if (type?.capture?.apart === undefined)
    return { blocked: 'nothing of this type can be brought out beside what there is' };
  const properties = Object.fromEntries(
    Object.entries({ ...live.properties, ...apart.instead }).filter(([, value]) => value !== null),
  );
  return type.capture.apart({ ...live, properties }, apart.as, apart.instead);
}

/** A value with every text that is a former identity replaced by the one of now. Pure. */
export function inKnown(value: Json, known: Readonly<Record<string, string>> | undefined): Json {
  if (known === undefined) return value;
  if (typeof value === 'string') return known[value] ?? value;
  if (Array.isArray(value)) return value.map((item: Json) => inKnown(item, known));
  return isObject(value)
    ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inKnown(item ?? null, known)]))
    : value;
}
