import { canonical } from '../../base/digest.ts';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { TypeRules } from '../../domain/resource-type.ts';
import { comparerFor } from '../../plan/diff/compare.ts';
import { diffProperties } from '../../plan/diff/diff.ts';
import { withoutOwn, type Drifts, type Owned } from './own-drift.ts';
import type { Drift } from './drift.ts';

/**
 * Differences between a resource and its planned state: incarnation, properties and binding facts, without those that
 * this run's own effects explain (`owned`). Empty means that the step may continue. Pure.
 */
export function staleness(planned: LiveResource, now: LiveResource, rules: TypeRules, owned?: Owned): readonly Drift[] {
  if (planned.incarnation !== now.incarnation)
    return [{ path: 'incarnation', before: planned.incarnation, after: now.incarnation, inList: false }];
  const comparer = comparerFor(rules, planned.type, planned.identity);
  const compare = (was: LiveResource): Drifts => {
    // A plain read knows fewer properties than a detailed one; only what the plan knew can have changed since.
    const seen = was.detailed
      ? now.properties
      : Object.fromEntries(Object.keys(was.properties).map((name) => [name, now.properties[name]]));
    return {
      properties: diffProperties(was.properties, seen, comparer, { ignoreVolatile: true }).map(
        ({ path, segments, before, after }) => ({
          path,
          before,
          after,
          inList: segments.some((segment) => segment.startsWith('[')),
        }),
      ),
      facts: was.detailed ? factDrift(was.binding, now.binding).filter((drift) => !isMoreBackups(drift)) : [],
    };
  };
  const drifts = compare(planned);
  return owned === undefined
    ? [...drifts.properties, ...drifts.facts]
    : withoutOwn(drifts, planned, now, owned, compare);
}

function factDrift(before: JsonObject, after: JsonObject): readonly Drift[] {
  const found: Drift[] = [];
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [from, to] = [before[name], after[name]];
    if (from !== undefined && to !== undefined && canonical(from) === canonical(to)) continue;
    if (Array.isArray(from ?? []) && Array.isArray(to ?? []))
      compareElements((from ?? []) as readonly Json[], (to ?? []) as readonly Json[], name, found);
    else found.push({ path: name, before: from, after: to, inList: false });
  }
  return found;
}

function compareElements(before: readonly Json[], after: readonly Json[], path: string, found: Drift[]): void {
  const was = new Set(before.map((element) => canonical(element)));
  const is = new Set(after.map((element) => canonical(element)));
  for (const element of before)
    if (!is.has(canonical(element))) found.push({ path, before: element, after: undefined, inList: true });
  for (const element of after)
    if (!was.has(canonical(element))) found.push({ path, before: undefined, after: element, inList: true });
}

/** One more backup, such as this run's own capture, takes nothing from what the person saw. */
const isMoreBackups = ({ path, before, after, inList }: Drift): boolean =>
  path === 'backups' && (inList ? before === undefined : isMore(before, after));

function isMore(before: Json | undefined, after: Json | undefined): boolean {
  if (isObject(before) && isObject(after))
    return Object.keys({ ...before, ...after }).every(
      (name) => canonical(before[name] ?? null) === canonical(after[name] ?? null) || isMore(before[name], after[name]),
    );
  return before === 'none'
    ? after !== 'unknown' && after !== undefined
    : typeof before === 'number' && typeof after === 'number' && after > before;
}
