import { allowedSpelling, booleanFrom, numberFrom, textFrom } from '../../base/coerce.ts';
import { isMasked, isObject, isSecretRef, type Json, type JsonObject } from '../../base/json.ts';
import type { TypeRules } from '../../domain/resource-type.ts';
import { isUnsafe } from '../../base/sanitise.ts';
import type { PropertySchema, PropertyType, TypeSchema } from '../../domain/schema.ts';
import { define, isLeaf } from './compare.ts';
import { few, quote } from '../../domain/wording.ts';

/** Why a value may not stand where it would, dotted below `properties`, with the codes that a literal gets. */
interface Misfit {
  readonly at: string;
  readonly code: string;
  readonly message: string;
  readonly help: string;
}

export interface Fitted {
  readonly properties: JsonObject;
  readonly misfits: readonly Misfit[];
}

interface Spot {
  readonly type: PropertyType;
  readonly property: PropertySchema | undefined;
  /** With `*` for list elements and map keys, as rules write it. */
  readonly path: string;
  /** With indexes, as positions write it. */
  readonly at: string;
  readonly inList: boolean;
}

interface Fitting {
  readonly schema: TypeSchema;
  readonly rules: TypeRules;
  readonly misfits: Misfit[];
}

/** The longest value of a tag ("Tag restrictions" of the Tagging AWS Resources guide). */
const LONGEST_TAG = 256;

/**
 * The one door for values that are not literals of the change plan (references, functions, what is read at plan time):
 * the kinds, coercion, allowed values, names of members and safe characters that a literal has to pass. A value that is
 * not known yet, secret or masked stays as it is. Literals pass unchanged. Used at plan time and again right before
 * sending.
 */
export function fitProperties(properties: JsonObject, schema: TypeSchema | undefined, rules: TypeRules): Fitted {
  if (schema === undefined) return { properties, misfits: [] };
  const fitting: Fitting = { schema, rules, misfits: [] };
  const result: Record<string, Json | undefined> = {};
  for (const [name, value] of Object.entries(properties)) {
    const property = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    define(
      result,
      name,
      value === undefined || property === undefined
        ? value
        : fit(value, { type: property.type, property, path: name, at: name, inList: false }, fitting),
    );
  }
  return { properties: result, misfits: fitting.misfits };
}

function fit(value: Json, spot: Spot, fitting: Fitting): Json {
  if (value === null || isLeaf(value)) return value;
  if (fitting.rules.secretInput.includes(spot.path) && !isSecretRef(value) && !isMasked(value)) {
    say(
      fitting,
      spot,
      'literal-secret',
      `${spot.at} is a secret and takes no value that a plan can show`,
      'write  !Env NAME  or  !File PATH',
    );
    return { $masked: 'unknown' };
  }
  switch (spot.type.kind) {
    case 'string':
      return fitText(value, spot, fitting);
    case 'integer':
    case 'number':
      return fitNumber(value, spot, fitting, spot.type.kind === 'integer' ? 'a whole number' : 'a number');
    case 'boolean':
      return booleanFrom(value) ?? wrong(value, 'true or false', spot, fitting);
    case 'list':
      return fitList(value, spot.type.element, spot, fitting);
    case 'tags':
    case 'map':
    case 'object':
      return fitObject(value, spot, fitting);
    case 'union':
      return fit(value, { ...spot, type: alternative(value, spot.type.types) }, fitting);
    case 'json':
      safe(value, spot, fitting);
      return value;
    default:
      return spot.type satisfies never;
  }
}

function fitText(value: Json, spot: Spot, fitting: Fitting): Json {
  const text = textFrom(value);
  if (text === undefined) return wrong(value, 'text', spot, fitting);
  safe(text, spot, fitting);
  return allowed(text, spot, fitting);
}

function fitNumber(value: Json, spot: Spot, fitting: Fitting, wanted: string): Json {
  const number = numberFrom(value);
  if (number === undefined || (wanted === 'a whole number' && !Number.isInteger(number)))
    return wrong(value, wanted, spot, fitting);
  return allowed(number, spot, fitting);
}

function allowed<Value extends string | number>(value: Value, spot: Spot, fitting: Fitting): Value {
  const values = spot.property?.values;
  const spelled = values === undefined ? value : allowedSpelling(value, values);
  if (spelled === undefined)
    say(
      fitting,
      spot,
      'value-not-allowed',
      `${spot.at}: ${quote(value)} is not allowed`,
      `allowed: ${few((values ?? []).map(String), 40)}`,
    );
  return spelled ?? value;
}

function fitList(value: Json, element: PropertyType, spot: Spot, fitting: Fitting): Json {
  if (!Array.isArray(value)) return wrong(value, 'a list', spot, fitting);
  return value.map((item: Json, index) =>
    fit(
      item,
      { type: element, property: spot.property, path: `${spot.path}.*`, at: `${spot.at}.${index}`, inList: true },
      fitting,
    ),
  );
}

function fitObject(value: Json, spot: Spot, fitting: Fitting): Json {
  if (!isObject(value)) return wrong(value, 'a map', spot, fitting);
  const { type } = spot;
  const members = type.kind === 'object' ? (fitting.schema.definitions[type.definition] ?? {}) : undefined;
  const result: Record<string, Json | undefined> = {};
  for (const [key, item] of Object.entries(value)) {
    const at = `${spot.at}.${key}`;
    const property = members !== undefined && Object.hasOwn(members, key) ? members[key] : undefined;
    if (item === undefined) continue;
    if (members !== undefined && property === undefined) {
      say(
        fitting,
        { ...spot, at },
        'unknown-property',
        `${spot.at} has no property ${quote(key)}`,
        `there are: ${few(Object.keys(members), 40)}`,
      );
      continue;
    }
    if (type.kind === 'tags' && typeof item === 'string' && item.length > LONGEST_TAG)
      say(
        fitting,
        { ...spot, at },
        'tag-limit',
        `${at} has ${item.length} characters; a tag value has at most ${LONGEST_TAG}`,
        'use a shorter value',
      );
    const wanted: PropertyType = property?.type ?? (type.kind === 'map' ? type.element : { kind: 'string' });
    define(
      result,
      key,
      fit(
        item,
        { type: wanted, property, path: `${spot.path}.${members === undefined ? '*' : key}`, at, inList: spot.inList },
        fitting,
      ),
    );
  }
  for (const [key, { required }] of spot.inList ? Object.entries(members ?? {}) : []) {
    if (required === true && result[key] === undefined)
      say(fitting, spot, 'missing-property', `${spot.at} needs ${key}`, `write \`${key}\``);
  }
  return result;
}

/** As the language chooses among alternatives: a list for a list, a map for a map, else the first scalar. */
const alternative = (value: Json, types: readonly PropertyType[]): PropertyType =>
  types.find(({ kind }) =>
    Array.isArray(value)
      ? kind === 'list'
      : isObject(value)
        ? kind === 'object' || kind === 'map' || kind === 'json'
        : kind !== 'list' && kind !== 'object' && kind !== 'map',
  ) ??
  types[0] ?? { kind: 'json' };

/** Text of several lines is taken where the language takes it: in sensitive properties and in free JSON. */
function safe(value: Json, spot: Spot, fitting: Fitting): void {
  if (Array.isArray(value))
    value.forEach((item: Json) => {
      safe(item, spot, fitting);
    });
  else if (isObject(value))
    for (const item of Object.values(value)) {
      if (item !== undefined) safe(item, spot, fitting);
    }
  if (typeof value !== 'string') return;
  const lines = spot.type.kind === 'json' || fitting.rules.sensitive.includes(spot.path);
  if (isUnsafe(lines ? value.replace(/[\n\t\r]/gu, ' ') : value))
    say(
      fitting,
      spot,
      'unsafe-character',
      `${spot.at} holds characters that are invisible or control the screen: ${quote(value)}`,
      'use a value without them',
    );
}

const kindOf = (value: Json): string =>
  Array.isArray(value)
    ? 'a list'
    : isObject(value)
      ? 'a map'
      : typeof value === 'string'
        ? 'text'
        : typeof value === 'number'
          ? 'a number'
          : 'true or false';

function wrong(value: Json, wanted: string, spot: Spot, fitting: Fitting): Json {
  say(
    fitting,
    spot,
    'wrong-type',
    `${spot.at}: ${quote(value)} is ${kindOf(value)}; ${wanted} is expected`,
    'refer to a value of that kind, or write the value itself',
  );
  return value;
}

function say({ misfits }: Fitting, { at }: Pick<Spot, 'at'>, code: string, message: string, help: string): void {
  misfits.push({ at, code, message, help });
}
