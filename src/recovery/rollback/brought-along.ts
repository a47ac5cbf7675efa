import type { JsonObject } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { ResourceTypes, TypeRules } from '../../domain/resource-type.ts';
import type { History } from '../../history/step-history.ts';
import { topOf } from '../../plan/diff/inverse.ts';

/** The resources that the restore of a resource brings along, by type. Pure. */
const broughtWith = (types: ResourceTypes, live: LiveResource) => types.get(live.type)?.capture?.brings?.(live) ?? [];

/**
 * The former identities of what comes back inside of something else that the run took away → the identity of that.
 * Pure.
 */
export const bringersOf = (types: ResourceTypes, histories: readonly History[]): ReadonlyMap<string, string> =>
  new Map(
    histories.flatMap(({ step, before }) =>
      before === null || (step.action !== 'delete' && step.action !== 'replace')
        ? []
        : broughtWith(types, before).map(({ identity }) => [identity, before.identity] as const),
    ),
  );

/**
 * Properties that the run had changed of resources that come back inside of another one, as they were before: their
 * capture was taken after those changes. A one-way change, such as a size, is left as captured. Undefined where the run
 * changed nothing of them. Pure.
 */
export function formerlyOf(
  types: ResourceTypes,
  histories: readonly History[],
  before: LiveResource,
): Readonly<Record<string, JsonObject>> | undefined {
  const found = broughtWith(types, before).flatMap(({ type, identity }) => {
    const rules = types.get(type)?.rules;
    const changes = histories.filter(
      (history) =>
        history.type === type &&
        history.step.action === 'update' &&
        history.acted &&
        history.before?.identity === identity,
    );
    return rules === undefined ? [] : changes.map((history) => [identity, changedOf(rules, history)] as const);
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

/** The changed properties, and what AWS moves along with them, as they were before. */
function changedOf({ properties }: TypeRules, { step, before }: History): JsonObject {
  const tops = new Set(step.changes.map(({ path }) => topOf(path)));
  const isTouched = (name: string): boolean =>
    tops.has(name) || properties[name]?.follows?.some((other) => tops.has(other)) === true;
  const names = Object.keys(properties).filter((name) => isTouched(name) && properties[name]?.oneWay === undefined);
  return Object.fromEntries(names.map((name) => [name, before?.properties[name] ?? null]));
}
