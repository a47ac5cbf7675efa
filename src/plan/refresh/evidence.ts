import { isSameName, nameIn } from '../../domain/identity.ts';
import { canonical } from '../../base/digest.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import type { LiveResource, ReadFailure } from '../../domain/live.ts';
import type { ResourceType, ResourceTypes } from '../../domain/resource-type.ts';
import type { Schemas } from '../../domain/schema.ts';
import type { LiveIndex } from './live-index.ts';
import { namesResource, namings, referringProperties, referringTypes } from '../diff/relations.ts';

/** Who names what, over everything that was read. */
export interface Referrers {
  /** The live resources that name the victim through a property, itself left out. */
  of(victim: LiveResource): readonly LiveResource[];
  /** Known types that may name the victim and of which what may name it could not be read whole. */
  unread(victim: LiveResource): readonly string[];
  /** The failed reads of single resources that leave open whether they use the victim. */
  unreadOf(victim: LiveResource): readonly ReadFailure[];
}

/** The index is made when it is first asked for: only destructions need it. */
export function referrersOf(index: LiveIndex, types: ResourceTypes, schemas: Schemas): Referrers {
  let byValue: Map<string, Set<LiveResource>> | null = null;
  const values = (): Map<string, Set<LiveResource>> => {
    if (byValue !== null) return byValue;
    byValue = new Map();
    for (const type of index.types) {
      const schema = schemas(type);
      if (schema === undefined) continue;
      for (const resource of index.ofType(type)) {
        for (const { value } of namings(schema, resource.properties)) {
          const known = byValue.get(value);
          if (known === undefined) byValue.set(value, new Set([resource]));
          else known.add(resource);
        }
      }
    }
    return byValue;
  };
  return {
    of(victim) {
      const names = new Set([victim.identity, ...strings(victim.attributes), ...strings(victim.properties)]);
      const found = new Set<LiveResource>();
      for (const name of names) {
        for (const resource of values().get(name) ?? [])
          if (isOther(resource, victim) && namesIn(resource.type, resource.properties, victim, schemas))
            found.add(resource);
      }
      return [...found];
    },
    unreadOf: (victim) =>
      referringTypes(victim.type, types, schemas).flatMap((type) =>
        partlyRead(index, { types, schemas }, type, victim),
      ),
    unread: (victim) =>
      referringTypes(victim.type, types, schemas).filter(
        (type) => !index.isComplete(type) || partlyRead(index, { types, schemas }, type, victim).length > 0,
      ),
  };
}

/** The failed reads of other resources of the type that leave open whether they use the victim. */
function partlyRead(
  index: LiveIndex,
  { types, schemas }: { readonly types: ResourceTypes; readonly schemas: Schemas },
  type: string,
  victim: LiveResource,
): readonly ReadFailure[] {
  const schema = schemas(type);
  const isPossible = types.get(victim.type)?.rules.takesFromOthers;
  const names = (schema === undefined ? [] : referringProperties(schema, victim.type)).filter(
    (name) => isPossible === undefined || isPossible(victim, name),
  );
  return index
    .failuresOfType(type)
    .filter(
      ({ identity, properties }) =>
        !(type === victim.type && identity === victim.identity) && properties?.some((name) => names.includes(name)),
    );
}

const isOther = (resource: LiveResource, victim: LiveResource): boolean =>
  resource.type !== victim.type || resource.identity !== victim.identity;
const strings = (object: JsonObject): readonly string[] =>
  Object.values(object).filter((value): value is string => typeof value === 'string');

/** Whether a resource with these properties names the victim. */
export function namesIn(type: string, properties: JsonObject, victim: LiveResource, schemas: Schemas): boolean {
  const schema = schemas(type);
  return schema !== undefined && namings(schema, properties).some((naming) => namesResource(naming, victim, schemas));
}

/**
 * The binding facts with every dependent: the type's own list and what the schema's relations show. `unknown` where
 * either could not be read, and where the type does not say who uses it (law 9).
 */
export function withDependents(victim: LiveResource, referrers: Referrers, users: ResourceType['users']): JsonObject {
  const own = victim.binding['dependents'];
  const isUntold = users === undefined || users === 'unknown' || (users === 'listed' && own === undefined);
  if (isUntold || own === 'unknown' || referrers.unread(victim).length > 0)
    return { ...victim.binding, dependents: 'unknown' };
  const listed = (Array.isArray(own) ? own : []) as readonly Json[];
  const found = referrers
    .of(victim)
    .filter((resource) => !listed.some((item) => isNameOf(item, resource)))
    .map(({ type, identity }) => ({ type, identity }));
  return {
    ...victim.binding,
    dependents: [...listed, ...found]
      .map((item) => ({ item, key: canonical(item) }))
      .sort((a, b) => (a.key < b.key ? -1 : 1))
      .map(({ item }) => item),
  };
}

const isNameOf = (item: Json, resource: LiveResource): boolean => {
  const name = nameIn(item);
  return name !== undefined && isSameName(name, resource);
};

/** Names of binding facts that could not be read (law 9). */
export const unknownFacts = (binding: JsonObject): readonly string[] =>
  Object.entries(binding)
    .filter(([, value]) => holdsUnknown(value))
    .map(([name]) => name)
    .sort();

const holdsUnknown = (value: Json | undefined): boolean =>
  value === 'unknown' ||
  (Array.isArray(value) && value.some((item: Json) => item === 'unknown')) ||
  (typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).some((item) => item === 'unknown'));
