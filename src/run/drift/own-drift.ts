import { canonical } from '../../base/digest.ts';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import { nameIn } from '../../domain/identity.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { OwnEffect, Subject } from '../../domain/own-effect.ts';
import type { ResourceTypes } from '../../domain/resource-type.ts';
import type { Schemas } from '../../domain/schema.ts';
import { namesIn } from '../../plan/refresh/evidence.ts';
import { namings, type Naming } from '../../plan/diff/relations.ts';
import { overlap, topOf } from '../../plan/diff/inverse.ts';
import type { Drift } from './drift.ts';

/** A run's effects so far, and what is known of the types that they are about. */
export interface Owned {
  readonly effects: readonly OwnEffect[];
  readonly types: ResourceTypes;
  readonly schemas: Schemas;
}

/** The differences of one resource, apart: of its properties, and of its binding facts. */
export interface Drifts {
  readonly properties: readonly Drift[];
  readonly facts: readonly Drift[];
}

/**
 * The differences that the run's own effects on other resources do not explain: those are somebody else's. `again`
 * compares another state with what is live. A difference counts as the run's only where the effect has exactly that
 * consequence: a value that another resource lends is the one that the run gave it, a neighbour that came or went is
 * tied by the run's own change. Pure.
 */
export function withoutOwn(
  drifts: Drifts,
  planned: LiveResource,
  now: LiveResource,
  owned: Owned,
  again: (shown: LiveResource) => Drifts,
): readonly Drift[] {
  const all = [...drifts.properties, ...drifts.facts];
  const effects = owned.effects.filter(({ type, identity }) => type !== planned.type || identity !== planned.identity);
  if (effects.length === 0 || all.length === 0) return all;
  const neighbours = owned.types.get(planned.type)?.neighbours;
  const shown = effects.reduce((live, effect) => neighbours?.shows?.(live, effect) ?? live, planned);
  const since = shown === planned ? drifts : again(shown);
  const stays = (own: readonly Drift[], others: readonly Drift[]): readonly Drift[] =>
    shown === planned ? own : own.filter((drift) => others.some((other) => isSame(drift, other)));
  const properties = stays(drifts.properties, since.properties).filter(
    (drift) => !isPointedElsewhere(drift, [planned, now], effects, owned.schemas),
  );
  const facts = stays(drifts.facts, since.facts).filter((drift) => {
    const element = drift.before ?? drift.after;
    if (!drift.inList || element === undefined) return true;
    const came = drift.before === undefined;
    const subjects = neighbours?.about?.(came ? now : planned, drift.path, element) ?? subjectOf(element);
    return !effects.some((effect) => subjects.some((subject) => movesWith(effect, subject, planned, came, owned)));
  });
  const left = [...properties, ...facts];
  return left.filter((drift) => {
    const sources = drift.inList ? undefined : neighbours?.follows?.[drift.path];
    if (sources === undefined) return true;
    const moved = all.filter(({ path }) => sources.includes(topOf(path)));
    return moved.length === 0 || moved.some((source) => left.includes(source));
  });
}

const isSame = (one: Drift, other: Drift): boolean =>
  one.inList && one.path === other.path && !one.path.includes('[')
    ? canonical(one.before ?? null) === canonical(other.before ?? null) &&
      canonical(one.after ?? null) === canonical(other.after ?? null)
    : overlap(one.path, other.path);

/** The resource that is named, else the first word of a text is an identity, of whatever type. */
function subjectOf(element: Json): readonly Subject[] {
  const name = nameIn(element);
  if (name !== undefined) return [name];
  return typeof element === 'string' ? [{ type: null, identity: element.split(' ', 1)[0] ?? element }] : [];
}

/**
 * References to what the run took away are gone, or references to what it restored in its place came, and nothing else.
 */
function isPointedElsewhere(
  { before, after }: Drift,
  states: readonly LiveResource[],
  effects: readonly OwnEffect[],
  schemas: Schemas,
): boolean {
  const schema = schemas(states[0]?.type ?? '');
  if (schema === undefined) return false;
  const known = new Map<string, Naming['refers']>();
  for (const { properties } of states)
    for (const { value, refers } of namings(schema, properties)) known.set(value, refers);
  const [was, is] = [before, after].map((value) => new Set(textsIn(value).filter((text) => known.has(text)))) as [
    Set<string>,
    Set<string>,
  ];
  const gone = [...was].filter((text) => !is.has(text));
  const came = [...is].filter((text) => !was.has(text));
  const by = (text: string, test: (effect: OwnEffect) => boolean): boolean =>
    effects.some(
      (effect) =>
        effect.identity === text && test(effect) && known.get(text)?.some(({ type }) => type === effect.type) === true,
    );
  return (
    gone.length + came.length > 0 &&
    gone.every((text) => by(text, ({ what }) => what === 'removed')) &&
    came.every((text) => by(text, ({ restored }) => restored === true))
  );
}

function textsIn(value: Json | undefined): readonly string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap((item: Json) => textsIn(item));
  return isObject(value) ? Object.values(value).flatMap(textsIn) : [];
}

/**
 * Whether an element about the subject comes to, or goes from, the facts of `resource` by the effect. The effect of an
 * update is judged by its desired properties: as read after it, the resource may have somebody else's change too.
 */
function movesWith(effect: OwnEffect, subject: Subject, resource: LiveResource, came: boolean, owned: Owned): boolean {
  const { type, identity, before, after, wanted, what } = effect;
  // A fact that names exactly the resource that the run took away, or made, whatever ties the two.
  if (subject.type === type && subject.identity === identity && what === (came ? 'made' : 'removed')) return true;
  const names = (properties: JsonObject | null | undefined): boolean =>
    properties !== null && properties !== undefined && namesIn(type, properties, resource, owned.schemas);
  const linkedBefore =
    what === 'changed' ? names(before?.properties) : before !== null && isLinked(before, resource, owned);
  const linkedAfter =
    what === 'changed'
      ? names(wanted ?? after?.properties)
      : what === 'made' && (after === null ? names(wanted) : isLinked(after, resource, owned));
  if (!linkedBefore && !linkedAfter) return false;
  const isOfType = subject.type === null || subject.type === type;
  if (isOfType && subject.identity === null) return true;
  if (isOfType && subject.identity === identity) return came ? !linkedBefore : !linkedAfter;
  // Resources that AWS moves along with it: an interface that stays when its instance goes is a user of its own by
  // then.
  const has = (live: LiveResource | null): boolean =>
    live !== null &&
    tiesOf(live, owned).some(
      (tie) => tie.along && tie.identity === subject.identity && (subject.type === null || subject.type === tie.type),
    );
  return what !== 'changed' && (has(before) || has(after));
}

const tiesOf = (live: LiveResource, { types }: Owned) => types.get(live.type)?.neighbours?.ties?.(live) ?? [];

const isLinked = (one: LiveResource, resource: LiveResource, owned: Owned): boolean =>
  namesIn(one.type, one.properties, resource, owned.schemas) ||
  tiesOf(one, owned).some(({ type, identity }) => type === resource.type && identity === resource.identity);
