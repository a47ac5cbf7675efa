import { canonical } from '../model/digest.ts';
import { isObject, type Json, type JsonObject } from '../model/json.ts';
import type { LiveResource } from '../model/live.ts';
import type { TypeRules } from '../model/resource-type.ts';
import { comparerFor } from './compare.ts';
import { diffProperties } from './diff.ts';

/** Something that is no longer as it was planned; in a list, one element that came or went. */
export interface Drift { readonly path: string; readonly before: Json | undefined; readonly after: Json | undefined; readonly inList: boolean }

/**
 * What of a resource is no longer as the plan was made from: incarnation, properties, and binding facts, without what this
 * run's own effects explain (`touched`: identities that it has changed). Empty means that the step may go on. Pure.
 */
export function staleness(planned: LiveResource, now: LiveResource, rules: TypeRules, touched: ReadonlySet<string>): readonly Drift[] {
  if (planned.incarnation !== now.incarnation) return [{ path: 'incarnation', before: planned.incarnation, after: now.incarnation, inList: false }];
  const comparer = comparerFor(rules, planned.type, planned.identity);
  // A plain read knows fewer properties than a detailed one; only what the plan knew can have changed since.
  const seen = planned.detailed ? now.properties : Object.fromEntries(Object.keys(planned.properties).map((name) => [name, now.properties[name]]));
  const properties = diffProperties(planned.properties, seen, comparer, { ignoreVolatile: true })
    .map(({ path, segments, before, after }) => ({ path, before, after, inList: segments.some((segment) => segment.startsWith('[')) }));
  const bindings = planned.detailed ? bindingDrift(planned.binding, now.binding).filter((drift) => !isMoreBackups(drift)) : [];
  const related = isRelated(planned, touched);
  return [
    ...properties.filter((drift) => !explained(drift, touched)),
    ...bindings.filter((drift) => !explained(drift, touched) && !(related && !drift.inList)),
  ];
}

function bindingDrift(before: JsonObject, after: JsonObject): readonly Drift[] {
  const found: Drift[] = [];
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [from, to] = [before[name], after[name]];
    if (from !== undefined && to !== undefined && canonical(from) === canonical(to)) continue;
    if (Array.isArray(from ?? []) && Array.isArray(to ?? [])) compareElements((from ?? []) as readonly Json[], (to ?? []) as readonly Json[], name, found);
    else found.push({ path: name, before: from, after: to, inList: false });
  }
  return found;
}

function compareElements(before: readonly Json[], after: readonly Json[], path: string, found: Drift[]): void {
  const was = new Set(before.map((element) => canonical(element)));
  const is = new Set(after.map((element) => canonical(element)));
  for (const element of before) if (!is.has(canonical(element))) found.push({ path, before: element, after: undefined, inList: true });
  for (const element of after) if (!was.has(canonical(element))) found.push({ path, before: undefined, after: element, inList: true });
}

/** One more backup, such as this run's own capture, takes nothing from what the person saw. */
const isMoreBackups = ({ path, before, after, inList }: Drift): boolean =>
  path === 'backups' && (inList ? before === undefined : before === 'none' ? after !== 'unknown' : typeof before === 'number' && typeof after === 'number' && after > before);

const explained = ({ before, after }: Drift, touched: ReadonlySet<string>): boolean => names(before, touched) || names(after, touched);

/** True when a text in the value is one of the identities, or has one as a word: `AWS::EC2::Instance i-1`. */
function names(value: Json | undefined, identities: ReadonlySet<string>): boolean {
  if (identities.size === 0) return false;
  if (typeof value === 'string') return identities.has(value) || value.split(/[\s|/,]+/u).some((word) => identities.has(word));
  if (Array.isArray(value)) return value.some((item: Json) => names(item, identities));
  return isObject(value) && Object.values(value).some((item) => names(item, identities));
}

const isRelated = ({ properties, binding, attributes }: LiveResource, touched: ReadonlySet<string>): boolean =>
  names(properties, touched) || names(binding, touched) || names(attributes, touched);
