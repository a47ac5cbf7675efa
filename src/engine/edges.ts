import type { ResourceEntry } from '../model/change-plan.ts';
import type { JsonObject } from '../model/json.ts';
import type { ResourceTypes } from '../model/resource-type.ts';
import { keyOf, type Planning } from './draft.ts';
import { referencesIn } from './references.ts';
import { namedTypes, namings, type Naming } from './relations.ts';

/** What each step runs after: by reference, by literal id, by what it deletes, by `depends_on`. */
export type Edges = ReadonlyMap<string, ReadonlySet<string>>;

type Kind = 'explicit' | 'needs' | 'names';

/**
 * The edges of a plan. `depends_on` wins over an edge that only comes from naming something, and over a reference whose
 * value is known without the other step having run.
 */
export function edgesOf(planning: Planning): Edges {
  const edges = new Map<string, Map<string, Kind>>();
  const steps = planning.changePlan.resources.filter(({ action }) => action !== 'read');
  const add = (from: string, to: string, kind: Kind): void => {
    if (from === to && kind === 'names') return;
    const list = edges.get(from);
    if (list === undefined) edges.set(from, new Map([[to, kind]]));
    else if (list.get(to) !== 'explicit') list.set(to, kind);
  };
  const { names } = planning;
  const hasVictims = steps.some(({ address }) => isVictim(planning, address));
  for (const entry of steps) {
    for (const address of entry.dependsOn) add(entry.address, address, 'explicit');
    for (const { address } of referencesIn(entry.properties)) add(entry.address, address, 'needs');
    if (entry.properties !== undefined) {
      for (const other of namedAddresses(planning, entry, entry.properties, names)) if (!isVictim(planning, other)) add(entry.address, other, 'names');
    }
    // A victim goes after every step that names it now: that step stops naming it, or goes itself.
    const live = planning.located.get(entry.address);
    if (live === undefined || !hasVictims) continue;
    for (const other of namedAddresses(planning, entry, live.properties, names)) {
      if (!isVictim(planning, other)) continue;
      // Who refers to what is replaced waits for the new one instead.
      if (!referencesIn(entry.properties).some(({ address }) => address === other)) add(other, entry.address, 'names');
    }
  }
  for (const [from, list] of edges) {
    for (const [to, kind] of list) {
      if (kind !== 'explicit') continue;
      const back = edges.get(to)?.get(from);
      if (back === 'names' || (back === 'needs' && isKnownBefore(planning, from))) edges.get(to)?.delete(from);
    }
  }
  return new Map([...edges].map(([from, list]) => [from, new Set(list.keys())]));
}

const isVictim = (planning: Planning, address: string): boolean => ['delete', 'replace'].includes(planning.entries.get(address)?.action ?? '');
const isKnownBefore = (planning: Planning, address: string): boolean => ['update', 'read'].includes(planning.entries.get(address)?.action ?? '');

function namedAddresses(planning: Planning, entry: ResourceEntry, properties: JsonObject, names: ReadonlyMap<string, string>): ReadonlySet<string> {
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
export interface LiteralState { readonly naming: Naming; readonly state: 'live' | 'dead' | 'victim' | 'unchecked'; readonly address?: string }

/** Looks every literal id up (DESIGN section 4: a dead one blocks). Ids of types that aiplan does not know are left out. */
export function literalStates(planning: Planning, entry: ResourceEntry, properties: JsonObject): readonly LiteralState[] {
  const schema = planning.schemas(entry.type);
  if (schema === undefined) return [];
  const { names } = planning;
  return namings(schema, properties).flatMap((naming): readonly LiteralState[] => {
    const types = namedTypes(naming, planning.types, planning.schemas);
    if (types === null) return [];
    for (const type of types) {
      const address = planning.byIdentity.get(keyOf(type, naming.value));
      if (address !== undefined && address !== entry.address && isVictim(planning, address)) return [{ naming, state: 'victim', address }];
      if (names.has(keyOf(type, naming.value))) return [{ naming, state: 'live' }];
    }
    const states = types.map((type) => planning.index.find(type, naming.value).state);
    if (states.includes('live')) return [{ naming, state: 'live' }];
    return [{ naming, state: states.every((state) => state === 'absent' || state === 'gone') ? 'dead' : 'unchecked' }];
  });
}

