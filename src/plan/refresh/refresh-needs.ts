import type { ChangePlan, ResourceEntry } from '../../domain/change-plan.ts';
import type { JsonObject } from '../../base/json.ts';
import type { ResourceType, ResourceTypes } from '../../domain/resource-type.ts';
import type { Schemas } from '../../domain/schema.ts';
import { referencesIn } from '../diff/references.ts';
import { namedTypes, namings, referringProperties, referringTypes } from '../diff/relations.ts';

/** The reads that one type needs; grows while the entries are gone through. */
export interface Need {
  readonly identities: Set<string>;
  all: boolean;
  readonly detailed: Set<string>;
  readonly properties: Map<string, Set<string>>;
}

/** The needed reads, by type. */
export class Needs {
  readonly byType = new Map<string, Need>();

  of(type: string): Need {
    let need = this.byType.get(type);
    if (need === undefined) {
      need = { identities: new Set(), all: false, detailed: new Set(), properties: new Map() };
      this.byType.set(type, need);
    }
    return need;
  }

  identity(type: string, identity: string): void {
    this.of(type).identities.add(identity);
  }
  all(type: string): void {
    this.of(type).all = true;
  }
  detail(type: string, identity: string): void {
    this.of(type).identities.add(identity);
    this.of(type).detailed.add(identity);
  }

  properties(type: string, identity: string, names: Iterable<string>): void {
    const known = this.of(type).properties;
    const list = known.get(identity) ?? new Set<string>();
    for (const name of names) list.add(name);
    if (list.size > 0) known.set(identity, list);
  }
}

/**
 * Everything that planning needs of AWS and that the change plan alone tells: named resources, what `find` and
 * duplicate checks go through, literal ids, and of destructions every type that may refer to the victim. Types that
 * aiplan does not know are left out. Of the addresses in `named` only what the change plan names is read: whether they
 * change shows by that.
 */
export function firstNeeds(
  changePlan: ChangePlan,
  types: ResourceTypes,
  schemas: Schemas,
  named: ReadonlySet<string>,
): Needs {
  const needs = new Needs();
  const attributes = referredNames(changePlan);
  for (const entry of changePlan.resources) {
    if (types.get(entry.type) === undefined) continue;
    if (entry.id !== undefined)
      needNamed(needs, entry, entry.id, attributes.get(entry.address), !named.has(entry.address));
    if (entry.find !== undefined || entry.action === 'create') needs.all(entry.type);
    // Of a list, tags may have to be read one by one: they are what others are looked for by.
    if (entry.find !== undefined) {
      const tags = schemas(entry.type)?.tagProperty ?? null;
      needs.properties(entry.type, '*', [...Object.keys(entry.find), ...(tags === null ? [] : [tags])]);
    }
    if (entry.action === 'delete' || entry.action === 'replace')
      for (const type of referringTypes(entry.type, types, schemas)) needReferrers(needs, type, entry.type, schemas);
    // After a replace the successor is found by its tags.
    if (entry.action === 'replace') needs.all(entry.type);
    if (entry.action === 'create' || entry.action === 'replace')
      needLooked(needs, types.get(entry.type), entry.properties ?? {});
    if (entry.properties !== undefined) needLiterals(needs, entry, entry.properties, types, schemas);
    for (const identity of [entry.restore?.formerIdentity, entry.restore?.remains?.identity])
      if (identity !== undefined) needs.identity(entry.type, identity);
  }
  return needs;
}

/**
 * All resources of a type that may refer to a victim: their properties that name one, and their tags, by which others
 * look for them.
 */
function needReferrers(needs: Needs, type: string, victim: string, schemas: Schemas): void {
  needs.all(type);
  const schema = schemas(type);
  if (schema === undefined) return;
  const tags = schema.tagProperty;
  needs.properties(type, '*', [
    ...referringProperties(schema, victim),
    ...(tags === undefined || tags === null ? [] : [tags]),
  ]);
}

/**
 * Updates of which the names in the change plan tell whether they change anything: nothing else asks for an attribute
 * of theirs, and `expect` speaks of properties alone. A generated rollback is read whole, because it compares with what
 * was captured.
 */
export function readByName(changePlan: ChangePlan, schemas: Schemas): ReadonlySet<string> {
  if (changePlan.rollbackOf !== undefined) return new Set();
  const attributes = referredNames(changePlan);
  return new Set(
    changePlan.resources
      .filter(({ address, action, id, type, expect, rotate }) => {
        const known = schemas(type)?.properties;
        return (
          action === 'update' &&
          id !== undefined &&
          rotate === undefined &&
          known !== undefined &&
          !attributes.has(address) &&
          Object.keys(expect ?? {}).every((name) => Object.hasOwn(known, name))
        );
      })
      .map(({ address }) => address),
  );
}

/**
 * Adds the reads of a named resource: everything where it will change or go (`isWhole`), else only what the plan
 * mentions.
 */
export function needNamed(
  needs: Needs,
  entry: ResourceEntry,
  identity: string,
  attributes: ReadonlySet<string> | undefined,
  isWhole = true,
): void {
  needs.identity(entry.type, identity);
  if (entry.action !== 'read' && isWhole) needs.detail(entry.type, identity);
  const names = [...Object.keys(entry.properties ?? {}), ...Object.keys(entry.expect ?? {}), ...(attributes ?? [])];
  if (entry.action === 'read' || entry.action === 'update') needs.properties(entry.type, identity, names);
}

/** Adds the resources that the type's rules ask for about a new resource. */
export function needLooked(needs: Needs, type: ResourceType | undefined, properties: JsonObject): void {
  for (const looked of type?.rules.looksUp?.(properties) ?? []) needs.identity(looked.type, looked.identity);
}

function needLiterals(
  needs: Needs,
  entry: ResourceEntry,
  properties: JsonObject,
  types: ResourceTypes,
  schemas: Schemas,
): void {
  const schema = schemas(entry.type);
  if (schema === undefined) return;
  for (const naming of namings(schema, properties))
    for (const type of namedTypes(naming, types, schemas) ?? []) needs.identity(type, naming.value);
}

/** Top-level names that `!GetAtt` asks of each address. */
export function referredNames(changePlan: ChangePlan): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const { properties } of changePlan.resources) {
    for (const { address, path } of referencesIn(properties)) {
      if (path === null) continue;
      const names = found.get(address) ?? new Set<string>();
      names.add(path.split('.')[0] ?? path);
      found.set(address, names);
    }
  }
  return found;
}
