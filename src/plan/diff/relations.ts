import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { ResourceTypes } from '../../domain/resource-type.ts';
import type { PropertySchema, PropertyType, Schemas, TypeSchema } from '../../domain/schema.ts';

/** A property that names other resources, as the schema says. */
interface Relation {
  /** Property names; `*` for list elements and map values. */
  readonly path: readonly string[];
  readonly refers: NonNullable<PropertySchema['refers']>;
}

/** A value that names another resource. */
export interface Naming {
  readonly value: string;
  /** Dotted path with indexes, for positions: `SecurityGroupIngress.0.SourceSecurityGroupId`. */
  readonly at: string;
  readonly refers: Relation['refers'];
}

const relations = new WeakMap<TypeSchema, readonly Relation[]>();

/** The relations of a type, through its nested definitions; computed once per schema. */
function relationsOf(schema: TypeSchema): readonly Relation[] {
  let found = relations.get(schema);
  if (found === undefined) {
    found = [];
    collect(schema, schema.properties, [], [], found as Relation[]);
    relations.set(schema, found);
  }
  return found;
}

function collect(
  schema: TypeSchema,
  properties: Readonly<Record<string, PropertySchema>>,
  path: readonly string[],
  inside: readonly string[],
  found: Relation[],
): void {
  for (const [name, property] of Object.entries(properties)) {
    const here = [...path, name];
    if (property.refers !== undefined && property.refers.length > 0)
      found.push({ path: [...here, ...leafPath(property.type)], refers: property.refers });
    descend(schema, property.type, here, inside, found);
  }
}

function descend(
  schema: TypeSchema,
  type: PropertyType,
  path: readonly string[],
  inside: readonly string[],
  found: Relation[],
): void {
  if (type.kind === 'list' || type.kind === 'map') descend(schema, type.element, [...path, '*'], inside, found);
  else if (type.kind === 'union') for (const one of type.types) descend(schema, one, path, inside, found);
  else if (type.kind === 'object' && !inside.includes(type.definition)) {
    collect(schema, schema.definitions[type.definition] ?? {}, path, [...inside, type.definition], found);
  }
}

const leafPath = (type: PropertyType): readonly string[] =>
  type.kind === 'list' || type.kind === 'map' ? ['*', ...leafPath(type.element)] : [];

/** Every text in `properties` that names another resource. */
export function namings(schema: TypeSchema, properties: JsonObject): readonly Naming[] {
  const found: Naming[] = [];
  for (const { path, refers } of relationsOf(schema)) {
    if (path[0] !== undefined && properties[path[0]] !== undefined) walk(properties, path, 0, '', refers, found);
  }
  return found;
}

function walk(
  value: Json | undefined,
  path: readonly string[],
  depth: number,
  at: string,
  refers: Relation['refers'],
  found: Naming[],
): void {
  if (value === undefined || value === null) return;
  const name = path[depth];
  if (name === undefined) {
    if (typeof value === 'string' && value !== '') found.push({ value, at, refers });
    return;
  }
  const under = (key: string): string => (at === '' ? key : `${at}.${key}`);
  if (name === '*') {
    if (Array.isArray(value))
      value.forEach((item: Json, index) => walk(item, path, depth + 1, under(String(index)), refers, found));
    else if (isObject(value))
      for (const [key, item] of Object.entries(value)) walk(item, path, depth + 1, under(key), refers, found);
  } else if (isObject(value)) walk(value[name], path, depth + 1, under(name), refers, found);
}

/**
 * Whether a property of a type is its identity. A type whose identifier AWS assigns may spell it twice (a security
 * group's `Id` and `GroupId`), so an assigned attribute whose name ends like an id counts too.
 */
export function isIdentity(schema: TypeSchema | undefined, property: string): boolean {
  if (schema === undefined || schema.primaryIdentifier.length !== 1) return false;
  const primary = schema.primaryIdentifier[0] as string;
  if (primary === property) return true;
  const own = shortName(schema.type);
  return (
    schema.attributes[primary] !== undefined &&
    schema.attributes[property] !== undefined &&
    property.endsWith('Id') &&
    own.endsWith(property.slice(0, -2))
  );
}

const shortName = (type: string): string => type.slice(type.lastIndexOf(':') + 1);

/** The types that aiplan knows and of which the naming gives the identity; null when it may name something unknown. */
export function namedTypes(naming: Naming, types: ResourceTypes, schemas: Schemas): readonly string[] | null {
  if (naming.value.startsWith('arn:')) return null;
  const found = new Set<string>();
  for (const { type, property } of naming.refers) {
    if (types.get(type) === undefined) return null;
    const schema = schemas(type);
    if (isIdentity(schema, property) && !(isAssigned(schema) && isNameField(naming.at))) found.add(type);
  }
  return found.size === 0 ? null : [...found];
}

const isAssigned = (schema: TypeSchema | undefined): boolean =>
  schema?.attributes[schema.primaryIdentifier[0] ?? ''] !== undefined;

/** The registry says of some fields that hold a name that they hold an id (`SourceSecurityGroupName`). */
const isNameField = (at: string): boolean =>
  at
    .split('.')
    .findLast((part) => !/^\d+$/u.test(part))
    ?.endsWith('Name') === true;

/** Whether a naming gives this resource, by its identity or by the attribute that the relation speaks of. */
export function namesResource(
  naming: Pick<Naming, 'value' | 'refers'>,
  resource: LiveResource,
  schemas: Schemas,
): boolean {
  return naming.refers.some(({ type, property }) => {
    if (type !== resource.type) return false;
    if (isIdentity(schemas(type), property) && naming.value === resource.identity) return true;
    const named = resource.attributes[property] ?? resource.properties[property];
    return typeof named === 'string' && named === naming.value;
  });
}

/** The top-level properties of a type that may name a resource of the given type. */
export const referringProperties = (schema: TypeSchema, type: string): readonly string[] => [
  ...new Set(
    relationsOf(schema)
      .filter(({ refers }) => refers.some((target) => target.type === type))
      .map(({ path }) => path[0] ?? ''),
  ),
];

/** The known types that have a property which may name a resource of the given type. */
export const referringTypes = (type: string, types: ResourceTypes, schemas: Schemas): readonly string[] =>
  types.all
    .map((candidate) => candidate.type)
    .filter((candidate) => {
      const schema = schemas(candidate);
      return schema !== undefined && referringProperties(schema, type).length > 0;
    });
