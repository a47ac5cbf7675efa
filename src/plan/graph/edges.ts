import type { ResourceEntry } from '../../domain/change-plan.ts';
import { nameIn } from '../../domain/identity.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { ResourceTypes } from '../../domain/resource-type.ts';
import { keyOf, type Planning } from '../refresh/draft.ts';
import { knotsOf } from './order-cycles.ts';
import { referencesIn, type Reference } from '../diff/references.ts';
import { isIdentity, namedTypes, namings, type Naming } from '../diff/relations.ts';

/** The steps after which each step runs: by reference, by literal id, by what it deletes, by `depends_on`. */
export type Edges = ReadonlyMap<string, ReadonlySet<string>>;

/** `prefers`: the other step may come later too, where a circle leaves no order. */
type Kind = 'explicit' | 'needs' | 'names' | 'prefers';
const strength: Readonly<Record<Kind, number>> = { prefers: 0, names: 1, needs: 2, explicit: 3 };

/**
 * The edges of a plan. `depends_on` wins over an edge that only comes from naming something, and over a reference whose
 * value is known without the other step having run. A step that only names an existing resource needs no order, nor do
 * victims that name each other, which let go of each other: in a circle such edges are left out.
 */
export function edgesOf(planning: Planning): Edges {
  const edges = new Map<string, Map<string, Kind>>();
  const steps = planning.changePlan.resources.filter(({ action }) => action !== 'read');
  const add = (from: string, to: string, kind: Kind): void => {
    if (from === to && strength[kind] <= strength.names) return;
    const list = edges.get(from);
    if (list === undefined) edges.set(from, new Map([[to, kind]]));
    else if (strength[list.get(to) ?? 'prefers'] <= strength[kind]) list.set(to, kind);
  };
  const { names } = planning;
  const hasVictims = steps.some(({ address }) => isVictim(planning, address));
  for (const entry of steps) {
    for (const address of entry.dependsOn) add(entry.address, address, 'explicit');
    for (const reference of referencesIn(entry.properties))
      add(entry.address, reference.address, isKnownBefore(planning, reference) ? 'prefers' : 'needs');
    if (entry.properties !== undefined) {
      for (const other of namedAddresses(planning, entry, entry.properties, names))
        if (!isVictim(planning, other)) add(entry.address, other, isThere(planning, other) ? 'prefers' : 'names');
    }
    // A victim goes after every step that names it now: that step stops naming it, or goes itself.
    const live = planning.located.get(entry.address);
    if (live === undefined || !hasVictims) continue;
    if (isVictim(planning, entry.address))
      for (const other of usersOf(planning, live)) add(entry.address, other, 'prefers');
    // A resource that goes, stays or is released with another one, as a volume with its instance, is deleted after that
    // one.
    for (const { type, identity, along } of planning.types.get(entry.type)?.neighbours?.ties?.(live) ?? []) {
      const other = along ? planning.byIdentity.get(keyOf(type, identity)) : undefined;
      if (other !== undefined && isVictim(planning, other)) add(other, entry.address, 'prefers');
    }
    for (const other of namedAddresses(planning, entry, live.properties, names)) {
      if (!isVictim(planning, other)) continue;
      const isPair = entry.action === 'delete' && planning.entries.get(other)?.action === 'delete';
      // Who refers to what is replaced waits for the new one instead.
      if (!referencesIn(entry.properties).some(({ address }) => address === other))
        add(other, entry.address, isPair ? 'prefers' : 'names');
    }
  }
  for (const [from, list] of edges) {
    for (const [to, kind] of list) {
      if (kind !== 'explicit') continue;
      const back = edges.get(to)?.get(from);
      if (back === 'prefers' || back === 'names' || (back === 'needs' && isThere(planning, from)))
        edges.get(to)?.delete(from);
    }
  }
  return withoutCircles(edges);
}

/** Leaves out the edges inside a knot that only say which order would be preferred. */
function withoutCircles(edges: ReadonlyMap<string, ReadonlyMap<string, Kind>>): Edges {
  const all = new Map([...edges].map(([from, list]) => [from, new Set(list.keys())]));
  const preferred = [...edges].flatMap(([from, list]) =>
    [...list].flatMap(([to, kind]) => (kind === 'prefers' ? [[from, to] as const] : [])),
  );
  if (preferred.length === 0) return all;
  const knot = knotsOf([...new Set([...all].flatMap(([from, list]) => [from, ...list]))], all);
  for (const [from, to] of preferred) if (knot.get(from) === knot.get(to)) all.get(from)?.delete(to);
  return all;
}

/**
 * Addresses of the live users of a victim, as its type wrote them: also those that name it by no property, as an
 * instance by a second interface.
 */
function usersOf(planning: Planning, { binding }: LiveResource): readonly string[] {
  const { dependents } = binding;
  return (Array.isArray(dependents) ? (dependents as readonly Json[]) : []).flatMap((dependent) => {
    const name = nameIn(dependent);
    const address = name === undefined ? undefined : planning.byIdentity.get(keyOf(name.type, name.identity));
    return address === undefined || planning.entries.get(address)?.action === 'read' ? [] : [address];
  });
}

const isVictim = (planning: Planning, address: string): boolean =>
  ['delete', 'replace'].includes(planning.entries.get(address)?.action ?? '');
const isThere = (planning: Planning, address: string): boolean =>
  ['update', 'read'].includes(planning.entries.get(address)?.action ?? '');

/** A reference to the identity of a resource that is updated: it is what it is before the step too. */
export function isKnownBefore(planning: Planning, { address, path }: Pick<Reference, 'address' | 'path'>): boolean {
  const entry = planning.entries.get(address);
  return (
    entry?.action === 'update' &&
    planning.located.has(address) &&
    (path === null || isIdentity(planning.schemas(entry.type), path))
  );
}

function namedAddresses(
  planning: Planning,
  entry: ResourceEntry,
  properties: JsonObject,
  names: ReadonlyMap<string, string>,
): ReadonlySet<string> {
  const found = new Set<string>();
  const schema = planning.schemas(entry.type);
  if (schema === undefined) return found;
  for (const { value, refers } of namings(schema, properties)) {
    for (const { type } of refers) {
      const address = planning.byIdentity.get(keyOf(type, value)) ?? names.get(keyOf(type, value));
      if (address !== undefined && address !== entry.address) found.add(address);
    }
  }
  return found;
}

/** Creates whose name the author chose, by `type\nname`: a literal that is the name means the step. */
export function createdNames(resources: readonly ResourceEntry[], types: ResourceTypes): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { address, type, action, properties } of resources) {
    const name = action === 'create' ? properties?.[types.get(type)?.rules.nameProperty ?? ''] : undefined;
    if (typeof name === 'string') found.set(keyOf(type, name), address);
  }
  return found;
}

/** A literal id in `properties`, and what is known of it. */
export interface LiteralState {
  readonly naming: Naming;
  readonly state: 'live' | 'dead' | 'victim' | 'unchecked';
  readonly address?: string;
}

/**
 * Looks every literal id up (DESIGN section 4: a dead one blocks). Ids of types that aiplan does not know are left out.
 */
export function literalStates(
  planning: Planning,
  entry: ResourceEntry,
  properties: JsonObject,
): readonly LiteralState[] {
  const schema = planning.schemas(entry.type);
  if (schema === undefined) return [];
  const { names } = planning;
  return namings(schema, properties).flatMap((naming): readonly LiteralState[] => {
    const types = namedTypes(naming, planning.types, planning.schemas);
    if (types === null) return [];
    for (const type of types) {
      const address = planning.byIdentity.get(keyOf(type, naming.value));
      if (address !== undefined && address !== entry.address && isVictim(planning, address))
        return [{ naming, state: 'victim', address }];
      if (names.has(keyOf(type, naming.value))) return [{ naming, state: 'live' }];
    }
    const states = types.map((type) => planning.index.find(type, naming.value).state);
    if (states.includes('live')) return [{ naming, state: 'live' }];
    return [{ naming, state: states.every((state) => state === 'absent' || state === 'gone') ? 'dead' : 'unchecked' }];
  });
}
