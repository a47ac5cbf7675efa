import type { ResourceEntry } from '../../domain/change-plan.ts';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import type { ResourceTypes } from '../../domain/resource-type.ts';
import type { PropertySchema, PropertyType, Schemas, TypeSchema } from '../../domain/schema.ts';
import { list, quote, type Problems } from '../reader/problems.ts';
import { own, type PendingReference } from './values-context.ts';

/**
 * The part of another entry that an entry names: its identity (`ref`) or one of its properties or attributes
 * (`attribute`, dotted).
 */
export interface EntryReference {
  readonly address: string;
  /** `null` for the identity. */
  readonly path: string | null;
  readonly kind: 'ref' | 'attribute';
  /** Where it stands in the properties, dotted: `VPCSecurityGroups.0`. */
  readonly place: string;
}

/** Every reference in an entry's properties, in order. Pure; the entry is taken to be valid. */
export function referencesOf(entry: ResourceEntry): readonly EntryReference[] {
  const found: EntryReference[] = [];
  const visit = (value: Json | undefined, place: string): void => {
    if (typeof value !== 'object') return;
    if (Array.isArray(value)) {
      value.forEach((item: Json, index) => visit(item, place === '' ? String(index) : `${place}.${index}`));
      return;
    }
    if (!isObject(value)) return;
    const reference = asReference(value);
    if (reference !== null) {
      found.push({ ...reference, place });
      return;
    }
    for (const [key, item] of Object.entries(value)) visit(item, place === '' ? key : `${place}.${key}`);
  };
  visit(entry.properties, '');
  return found;
}

/** The reference that a JSON value is, or null. */
function asReference(value: JsonObject): Omit<EntryReference, 'place'> | null {
  const keys = Object.keys(value);
  if (keys.length !== 1) return null;
  const ref = value['Ref'];
  if (typeof ref === 'string') return { kind: 'ref', address: ref, path: null };
  const attribute = value['Fn::GetAtt'];
  if (!Array.isArray(attribute)) return null;
  const [address, path] = attribute as readonly Json[];
  return typeof address === 'string' && typeof path === 'string' ? { kind: 'attribute', address, path } : null;
}

/**
 * Judges every reference of the file: known address, known attribute, fitting type, not to something that is deleted.
 */
export function judgeReferences(
  references: readonly PendingReference[],
  entries: ReadonlyMap<string, ResourceEntry>,
  schemas: Schemas,
  types: ResourceTypes,
  problems: Problems,
): void {
  for (const reference of references) {
    const about = problems.about(reference.address);
    const { special, at } = reference;
    const entry = entries.get(special.address);
    if (entry === undefined) {
      about.error(
        'unknown-address',
        at,
        `there is no entry ${quote(special.address)}${about.meant(special.address, entries.keys())}`,
        insteadOfAddress(special.address, reference, types),
      );
      continue;
    }
    if (entry.action === 'delete') {
      about.error(
        'reference-to-deleted',
        at,
        `${quote(special.address)} is deleted by this plan and cannot be referred to`,
        'refer to something that stays',
      );
      continue;
    }
    const schema = entry.type === '' ? undefined : schemas(entry.type);
    if (schema !== undefined) judgeFit(reference, schema, about);
  }
}

/** A parameter of a template, an id, or an entry that is not there: each has another answer. */
function insteadOfAddress(address: string, { refers, place }: PendingReference, types: ResourceTypes): string {
  if (types.get(address) !== undefined || /^[a-z]+-[0-9a-f]{8,}$/u.test(address))
    return 'a reference names an entry of this file; write a literal id without !Ref';
  const name =
    place
      .replace(/\.\d+$/u, '')
      .split('.')
      .at(-1) ?? place;
  const look = refers?.map(({ type }) => type).find((type) => types.get(type) !== undefined);
  const value = `write the value itself (a change plan has no parameters):  ${name}: …`;
  return look === undefined
    ? value
    : `${value}\nor look a live one up:\n  ${address}: { type: ${look}, action: read, id: … }`;
}

function judgeFit(
  { at, special, wanted, refers, inText }: PendingReference,
  schema: TypeSchema,
  problems: Problems,
): void {
  const wrongType = (type: string): void => {
    problems.error(
      'reference-type',
      at,
      `${quote(special.address)} is of type ${type}; ${list(new Set((refers ?? []).map((target) => target.type)))} is expected`,
      'refer to an entry of that type',
    );
  };
  if (special.kind === 'ref') {
    const fitting = (refers ?? []).filter(({ type }) => type === schema.type);
    if (refers !== undefined && fitting.length === 0) return wrongType(schema.type);
    const names = fitting
      .filter(({ property }) => !schema.primaryIdentifier.includes(property))
      .map(({ property }) => property);
    if (names.length > 0 && names.length === fitting.length) {
      problems.error(
        'reference-type',
        at,
        `!Ref ${special.address} is its ${list(schema.primaryIdentifier)}; its ${list(names)} is expected`,
        `!GetAtt ${special.address}.${names[0]}`,
      );
    } else if (!isScalar(wanted)) {
      problems.error(
        'reference-type',
        at,
        `!Ref ${special.address} is one text; ${words(wanted)} is expected`,
        wanted.kind === 'list' ? `[ !Ref ${special.address} ]` : 'write the value itself',
      );
    }
    return undefined;
  }
  const attribute = attributeAt(schema, special.path);
  if (attribute === undefined) {
    const names = [...Object.keys(schema.attributes), ...Object.keys(schema.properties)];
    problems.error(
      'unknown-attribute',
      at,
      `${schema.type} has no attribute or property ${quote(special.path)}${problems.meant(special.path, names)}`,
      problems.near(special.path, names).length === 0
        ? "look the attribute up in AWS's documentation of the type"
        : `nearest: ${list(problems.near(special.path, names))}`,
    );
    return undefined;
  }
  if (inText === true) return undefined;
  const targets = attribute.refers;
  if (
    refers !== undefined &&
    targets !== undefined &&
    !targets.some(({ type }) => refers.some((target) => target.type === type))
  )
    return wrongType(list(new Set(targets.map(({ type }) => type))));
  if (couldBe(attribute.type, wanted)) return undefined;
  problems.error(
    'reference-type',
    at,
    `${quote(special.path)} of ${schema.type} is ${words(attribute.type, wanted)}; ${words(wanted, attribute.type)} is expected`,
    wanted.kind === 'list' && isScalar(attribute.type)
      ? `[ !GetAtt ${special.address}.${special.path} ]`
      : 'refer to something of that kind',
  );
  return undefined;
}

const isScalar = ({ kind }: PropertyType): boolean =>
  kind === 'string' ||
  kind === 'number' ||
  kind === 'integer' ||
  kind === 'boolean' ||
  kind === 'json' ||
  kind === 'union';
const isMap = ({ kind }: PropertyType): boolean => kind === 'object' || kind === 'map' || kind === 'tags';
const isNumber = ({ kind }: PropertyType): boolean => kind === 'number' || kind === 'integer';

/**
 * Whether a value of one kind can be one of the other: any scalar is a text, and a text may be a number or true or
 * false, which shows when it is known.
 */
function couldBe(given: PropertyType, wanted: PropertyType): boolean {
  if (given.kind === 'json' || wanted.kind === 'json' || given.kind === 'union' || wanted.kind === 'union') return true;
  if (given.kind === 'list' || wanted.kind === 'list')
    return given.kind === 'list' && wanted.kind === 'list' && couldBe(given.element, wanted.element);
  if (isMap(given) || isMap(wanted)) return isMap(given) && isMap(wanted);
  return given.kind === 'string' || wanted.kind === 'string' || isNumber(given) === isNumber(wanted);
}

const words = (type: PropertyType, other?: PropertyType): string =>
  type.kind === 'list'
    ? 'a list'
    : isMap(type)
      ? 'a map'
      : other === undefined || other.kind === 'list' || isMap(other)
        ? 'one value'
        : isNumber(type)
          ? 'a number'
          : type.kind === 'boolean'
            ? 'true or false'
            : 'text';

/**
 * The schema of a dotted path of a live resource: an attribute as the registry writes it, else a property, through
 * definitions, tags and maps. Undefined where there is none.
 */
export function attributeAt(schema: TypeSchema, path: string): PropertySchema | undefined {
  const direct = own(schema.attributes, path);
  if (direct !== undefined) return direct;
  const [first = '', ...rest] = path.split('.');
  let found = own(schema.properties, first) ?? own(schema.attributes, first);
  for (const part of rest) {
    if (found === undefined) return undefined;
    const { type }: PropertySchema = found;
    if (type.kind === 'object') found = own(schema.definitions[type.definition] ?? {}, part);
    else if (type.kind === 'tags') found = { type: { kind: 'string' } };
    else if (type.kind === 'map' || (type.kind === 'list' && /^\d+$/u.test(part))) found = { type: type.element };
    else found = type.kind === 'json' ? { type: { kind: 'json' } } : undefined;
  }
  return found;
}
