import { functionOf } from '../../base/template-functions.ts';
import { isObject, isUnknown, type Json, type JsonObject } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { ResourceType, RuleScene } from '../../domain/resource-type.ts';
import type { TypeSchema } from '../../domain/schema.ts';
import { classify, type Classified } from './classify.ts';
import { comparerFor, define, own, type Comparer } from '../diff/compare.ts';
import { canonicalised } from '../diff/desired.ts';
import { fitProperties } from '../diff/fitting.ts';
import { mergeAt, type Removal } from '../diff/merge.ts';
import { referenceOf } from '../diff/references.ts';
import type { Hit } from './rule-hits.ts';
import { quote } from '../../domain/wording.ts';

/** A step whose values are all known now, beside what the plan that was confirmed knew of them. */
export interface Known {
  readonly type: ResourceType;
  readonly schema: TypeSchema | undefined;
  readonly action: 'create' | 'update' | 'replace';
  /** As planned, references and functions in place of what was not known. */
  readonly planned: JsonObject;
  /** The same with `{ $unknown }` in their place. */
  readonly unknown: JsonObject;
  /** The same with their values. */
  readonly resolved: JsonObject;
  readonly plannedLive: LiveResource | null;
  readonly live: LiveResource | null;
  readonly expect: JsonObject | undefined;
  readonly scene: Omit<RuleScene, 'after'>;
}

export interface Again {
  /**
   * The properties to send: values that were not known are coerced, and merged with what is live as a literal would
   * have been.
   */
  readonly desired: JsonObject;
  /** Effects that nobody confirmed, one sentence each. Not empty: nothing may be sent. */
  readonly problems: readonly string[];
}

/**
 * Judges a step again, right before anything of it is sent, by the rules that judged it in the plan: kinds, coercion,
 * allowed values, what AWS refuses, elements that would leave, obstacles, interruptions, destructions and grants.
 * Whatever the person did not see is a problem (laws 2 and 3); a rule that counted as a hit because its value was not
 * known was seen. Pure.
 */
export function rejudge(known: Known): Again {
  const { type, schema, planned, live, action } = known;
  const names = Object.keys(planned).filter((name) => planned[name] !== known.resolved[name]);
  if (names.length === 0) return { desired: known.resolved, problems: [] };
  const comparer = comparerFor(type.rules, type.type, live?.identity ?? '');
  const problems: string[] = [];
  const places = names.flatMap((name) => openPlaces(planned[name], name));
  const { properties: fitted, misfits } = fitProperties(known.resolved, schema, type.rules);
  for (const { at, message } of misfits)
    if (places.some((place) => within(at, place) || within(place, at))) problems.push(message);
  const desired = merged(known, canonicalised(type, fitted), names, comparer, problems);
  const [was, is] = [judged(known, known.plannedLive, known.unknown, names), judged(known, live, desired, names)];
  problems.push(...unseen(was.losing, is.losing), ...unseen(was.opening, is.opening), ...obstacles(was, is));
  problems.push(
    ...(action === 'replace'
      ? []
      : is.interrupting
          .filter((name) => !was.interrupting.includes(name))
          .map((name) => `${name}: to make it ${quote(desired[name])} interrupts the service`)),
  );
  const refused = new Set(
    (type.rules.refuses?.(known.unknown, action !== 'update') ?? []).map(({ message }) => message),
  );
  for (const { message } of type.rules.refuses?.(desired, action !== 'update') ?? [])
    if (!refused.has(message)) problems.push(message);
  return { desired, problems: [...new Set(problems)] };
}

/** A step whose resource was read again. */
export type Seen = Pick<Known, 'type' | 'schema' | 'planned' | 'scene'> & {
  readonly names: readonly string[];
  readonly plannedLive: LiveResource;
  readonly live: LiveResource;
};

/**
 * Losses by an update of these properties to the resource as it is now, and not as it was planned for: a log group
 * that was empty then holds events now. One sentence each. Pure.
 */
export function newEffects({ names, plannedLive, live, planned, ...rest }: Seen): readonly string[] {
  const known = { ...rest, action: 'update', planned, unknown: planned, resolved: planned } as const;
  const of = (resource: LiveResource): Classified =>
    judged({ ...known, plannedLive, live: resource, expect: undefined }, resource, planned, names);
  const [was, is] = [of(plannedLive), of(live)];
  const isNew =
    (hits: readonly Hit[]) =>
    (hit: Hit): boolean =>
      !hits.some(
        ({ says, rule, segments }) =>
          says === hit.says || (rule !== undefined && rule === hit.rule && sameList(segments, hit.segments)),
      );
  return is.losing.filter(isNew(was.losing)).map(({ says }) => says);
}

/**
 * Whether a rule of losses on one of these properties looks at more than their values: at contents, say, which a read
 * of the properties alone does not tell.
 */
export const judgesByLive = ({ rules }: ResourceType, names: readonly string[]): boolean =>
  rules.destructive.some(
    ({ path, given, when }) =>
      names.includes(path.split(/[.[]/u, 1)[0] ?? path) && ((given?.length ?? 0) > 1 || (when?.length ?? 0) > 2),
  );

const within = (inner: string, outer: string): boolean => inner === outer || inner.startsWith(`${outer}.`);

/**
 * Values that were not known take the place that a literal would have taken: maps merge, and a list tells what leaves
 * (law 1).
 */
function merged(
  { action, planned, live, expect }: Known,
  fitted: JsonObject,
  names: readonly string[],
  comparer: Comparer,
  problems: string[],
): JsonObject {
  const desired: Record<string, Json | undefined> = { ...fitted };
  const removals: Removal[] = [];
  for (const name of names) {
    const value = own(fitted, name);
    const before = action === 'create' || live === null ? undefined : own(live.properties, name);
    const made =
      value === undefined || value === null
        ? undefined
        : place(planned[name], value, before, [name], own(expect ?? {}, name), comparer, removals);
    if (made === undefined) delete desired[name];
    else define(desired, name, made);
  }
  if (action !== 'create')
    for (const { path, element } of removals)
      problems.push(`${path} would be removed without having been named: ${quote(element)}`);
  return desired;
}

/** Down to where something was not known. An element of a list is whole: what is inside of it merges with nothing. */
function place(
  planned: Json | undefined,
  value: Json,
  live: Json | undefined,
  segments: readonly string[],
  stated: Json | undefined,
  comparer: Comparer,
  removals: Removal[],
): Json | undefined {
  if (isOpen(planned)) return mergeAt(live, value, comparer, segments, stated, removals);
  if (!isObject(planned) || !isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      item === undefined || own(planned, key) === item
        ? item
        : place(
            own(planned, key),
            item,
            isObject(live) ? own(live, key) : undefined,
            [...segments, key],
            isObject(stated) ? own(stated, key) : undefined,
            comparer,
            removals,
          ),
    ]),
  );
}

const isOpen = (value: Json | undefined): boolean =>
  referenceOf(value) !== null || functionOf(value) !== null || isUnknown(value);

/** Dotted places of what was not known. */
function openPlaces(value: Json | undefined, at: string): readonly string[] {
  if (isOpen(value)) return [at];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => openPlaces(item as Json | undefined, `${at}.${key}`));
}

function judged(
  { type, schema, action, scene }: Known,
  live: LiveResource | null,
  desired: JsonObject,
  names: readonly string[],
): Classified {
  const pick = (properties: JsonObject): JsonObject =>
    Object.fromEntries(
      names.flatMap((name) => (own(properties, name) === undefined ? [] : [[name, properties[name]]])),
    );
  const base = action === 'create' ? null : live;
  return classify({
    type,
    schema,
    action,
    scene,
    live: base,
    comparer: comparerFor(type.rules, type.type, base?.identity ?? ''),
    before: base === null ? {} : pick(base.properties),
    after: pick(desired),
  });
}

/** Hits that the plan neither named nor counted because a value was not known. */
const unseen = (was: readonly Hit[], is: readonly Hit[]): readonly string[] =>
  is
    .filter(
      (hit) =>
        !was.some(
          (other) =>
            other.says === hit.says ||
            (other.rule === hit.rule &&
              (other.unknown === true || hit.rule === undefined) &&
              sameList(other.segments, hit.segments)),
        ),
    )
    .map(({ says }) => says);

/** The key of an element may only be known now: up to it, both speak of the same place. */
function sameList(a: readonly string[], b: readonly string[]): boolean {
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    if (a[index]?.startsWith('[') === true && b[index]?.startsWith('[') === true) return true;
    if (a[index] !== b[index]) return false;
  }
  return true;
}

const obstacles = (was: Classified, is: Classified): readonly string[] =>
  is.obstacles
    .filter(({ property, code }) => !was.obstacles.some((other) => other.property === property && other.code === code))
    .map(({ message }) => message);
