import type { Json, JsonObject } from '../../base/json.ts';
import { allowedSpelling } from '../../base/coerce.ts';
import type { PropertySchema } from '../../domain/schema.ts';
import { chosenName } from '../functions/chosen-name.ts';
import { judgeName, requireProperties } from './names.ts';
import { holdsDynamic } from '../functions/dynamic-references.ts';
import { readDynamicText } from '../functions/functions.ts';
import { isReservedKey, kindOf, textScalar, type MapNode, type Node } from '../reader/node.ts';
import { list, quote } from '../reader/problems.ts';
import { coerceBoolean, coerceNumber, coerceText, type Coerced } from '../reader/scalar.ts';
import { placeSpecial, readSecret } from '../functions/placement.ts';
import { judgeRefused } from './refused-values.ts';
import { readSpecial, specialTag } from '../functions/function-tags.ts';
import { readTags } from './tags.ts';
import { noPlaceholder } from './text.ts';
import { decodedUserData } from './user-data.ts';
import { own, said, type Spot, type ValueContext } from '../functions/values-context.ts';

/**
 * Reads `properties`, `expect` or `find` by the type's schema: names, kinds, allowed values, tags, references. Every
 * problem is reported; what could not be read is left out. Undefined where the node is no map.
 */
export function readValues(node: Node, context: ValueContext): JsonObject | undefined {
  const { mode, problems, schema } = context;
  if (node.kind === 'bad') return undefined;
  if (node.kind !== 'map' || specialTag(node) !== null) {
    problems.error(
      'wrong-type',
      node.at,
      `${mode} is ${kindOf(node)}; a map is expected`,
      `${mode}: { ${Object.keys(context.rules.properties)[0] ?? 'Tags'}: … }`,
    );
    return undefined;
  }
  const result: Record<string, Json> = {};
  for (const { key, at, node: value } of node.entries) {
    if (isReservedKey(key)) continue;
    context.positions[`${mode}.${key}`] = problems.places.at(at);
    const judged = judgeName(key, at, context);
    if (judged === undefined) continue;
    const { name, property } = judged;
    const read = readValue(
      {
        node: value,
        type: property.type,
        property,
        path: name,
        place: `${mode}.${key}`,
        element: false,
        inList: false,
      },
      context,
    );
    result[name] = read === undefined ? unread : read;
  }
  if (mode === 'properties' && context.action === 'create') {
    const names = Object.entries(schema.properties).filter(
      ([name, { required }]) =>
        name !== context.rules.optionalName && (required === true || name === context.rules.nameProperty),
    );
    requireProperties(names, node, `a create of ${schema.type}`, problems);
    chooseName(result, node, context);
  }
  if (mode === 'properties') judgeRefused(result, node, context);
  return result;
}

/** A name that AWS or CloudFormation would choose may be left out; the plan shows the chosen one. */
function chooseName(
  result: Record<string, Json>,
  node: MapNode,
  { rules, address, where, problems }: ValueContext,
): void {
  const name = rules.optionalName;
  if (name === undefined || node.entries.some(({ key }) => key === name)) return;
  result[name] = chosenName(address, where);
  problems.info(
    'name-chosen',
    node.at,
    `${name} is left out, so aiplan chooses ${quote(result[name])}`,
    `${name}: ${result[name]}   # to have it in the file`,
  );
}

/** Stands for a value that was reported: it is there, and nothing more is said of it. */
const unread: JsonObject = { $unknown: 'unread' };

function readValue(spot: Spot, context: ValueContext): Json | undefined {
  const { node, type, path } = spot;
  if (node.kind === 'bad') return undefined;
  if (context.rules.secretInput.includes(path)) return readSecret(spot, context);
  if (type.kind === 'tags')
    return isNull(node) ? readNull(spot, context) : readTags(spot, context, (inner) => readValue(inner, context));
  const dynamic = readDynamic(spot, context);
  if (dynamic !== null) return dynamic;
  const special = readSpecial(node, context.problems);
  if (special === undefined) return undefined;
  if (special !== null) return placeSpecial(special, spot, context, (inner) => readValue(inner, context));
  if (isNull(node)) return readNull(spot, context);
  switch (type.kind) {
    case 'string':
      return context.rules.sensitive.includes(path)
        ? readProgram(spot, context)
        : scalar(spot, context, (found) => coerceText(found));
    case 'integer':
      return scalar(spot, context, (found) => coerceNumber(found, 'integer'));
    case 'number':
      return scalar(spot, context, (found) => coerceNumber(found, 'number'));
    case 'boolean':
      return scalar(spot, context, coerceBoolean);
    case 'list':
      return readList(spot, context);
    case 'map':
    case 'object':
      return readMap(spot, context);
    case 'union': {
      const fits = type.types.find(({ kind }) =>
        node.kind === 'list'
          ? kind === 'list'
          : node.kind === 'map'
            ? kind === 'object' || kind === 'map' || kind === 'json'
            : kind !== 'list' && kind !== 'object' && kind !== 'map',
      );
      return readValue({ ...spot, type: fits ?? type.types[0] ?? { kind: 'json' } }, context);
    }
    default:
      return readJson(node, spot, context);
  }
}

/** A text with `{{resolve:ssm:…}}` in it, by its look-up; null for any other value. */
function readDynamic(spot: Spot, context: ValueContext): Json | undefined | null {
  const { node } = spot;
  const { rules, problems } = context;
  if (
    node.kind !== 'scalar' ||
    node.tag !== null ||
    typeof node.value !== 'string' ||
    !holdsDynamic(node.value) ||
    rules.sensitive.includes(spot.path)
  )
    return null;
  const json = readDynamicText(node.value, spot, context);
  if (json === undefined || (spot.type.kind !== 'list' && spot.type.kind !== 'object' && spot.type.kind !== 'map'))
    return json;
  return problems.error(
    'reference-type',
    node.at,
    `${said(spot)}: a parameter is one text, and ${said(spot)} takes a ${spot.type.kind === 'list' ? 'list' : 'map'}`,
    spot.type.kind === 'list' ? `!Split [",", "${node.value.slice(0, 200)}"]` : 'write the map itself',
  ) as undefined;
}

const isNull = (node: Node): boolean => node.kind === 'scalar' && node.tag === null && node.value === null;

/** `null` removes or resets in an update, means "not set" in `expect`, and nothing elsewhere. */
function readNull(spot: Spot, { mode, action, rules, problems }: ValueContext): null | undefined {
  const { node, type, property, path, element } = spot;
  if (mode === 'expect' && !element) return null;
  const refuse = (why: string, help: string): undefined =>
    problems.error('null-not-allowed', node.at, `${said(spot)} is null: ${why}`, help) as undefined;
  if (mode === 'find') return refuse('a search names values', 'delete the line, or write the value to look for');
  if (element) return refuse('an element of a list has a value', 'write the value, or delete it from the list');
  if (action === 'create') return refuse('a create has nothing to reset', 'delete the line');
  if (property?.required === true) return refuse('AWS requires it', 'write a value, or delete the line');
  const resets =
    path.includes('.') ||
    type.kind === 'list' ||
    type.kind === 'map' ||
    type.kind === 'tags' ||
    own(rules.properties, path)?.reset !== undefined;
  return resets
    ? null
    : refuse('aiplan knows no default to reset it to', 'write the value that it shall have, or delete the line');
}

/** User data: text of many lines; in base64, as templates have it, it is decoded, because aiplan encodes it. */
function readProgram(spot: Spot, context: ValueContext): Json | undefined {
  const text = scalar(spot, context, (found) => coerceText(found, 'lines'));
  const decoded = typeof text === 'string' && context.mode === 'properties' ? decodedUserData(text) : null;
  if (decoded === null) return text;
  const name = said(spot);
  if (decoded === 'binary')
    return context.problems.error(
      'user-data-binary',
      spot.node.at,
      `${name} is base64 of compressed data, which nobody can review`,
      `write the text itself, or  ${name}: !Text path/to/file ; aiplan encodes it`,
    ) as undefined;
  context.problems.info(
    'user-data-decoded',
    spot.node.at,
    `${name} stands in base64 and was decoded: aiplan encodes it by itself`,
    `write the text itself, or  ${name}: !Text path/to/file`,
  );
  return readProgram({ ...spot, node: { ...textScalar(decoded.text, spot.node.at), computed: true } }, context);
}

/** False where a text holds a placeholder, which is reported. User data is a program and may hold anything. */
function holdsPlaceholder(spot: Spot, text: string, context: ValueContext): boolean {
  if (context.rules.sensitive.includes(spot.path)) return true;
  return noPlaceholder(
    text,
    spot.type.kind === 'json' ? 'policy' : 'value',
    { what: said(spot), at: spot.node.at },
    context.problems,
    context.addresses,
  );
}

function scalar(
  spot: Spot,
  context: ValueContext,
  coerce: (node: Extract<Node, { kind: 'scalar' }>) => Coerced<string | number | boolean>,
): Json | undefined {
  const { node, property } = spot;
  const { problems } = context;
  const name = said(spot);
  if (node.kind !== 'scalar') {
    const kind = spot.type.kind === 'string' ? 'text' : spot.type.kind === 'boolean' ? 'true or false' : 'a number';
    problems.error(
      'wrong-type',
      node.at,
      `${name} is ${kindOf(node)}; ${kind} is expected`,
      node.kind === 'list' ? 'write one value, without brackets' : undefined,
    );
    return undefined;
  }
  const coerced = coerce(node);
  if ('problem' in coerced) {
    const { code, message, help } = coerced.problem;
    if (code === 'unsafe-character') problems.unsafe(node.at, message);
    else problems.error(code, node.at, `${name}: ${message}`, help);
    return undefined;
  }
  const { value } = coerced;
  if (typeof value === 'string' && node.computed !== true && !holdsPlaceholder(spot, value, context)) return undefined;
  const allowed = property?.values;
  if (allowed !== undefined && typeof value !== 'boolean') {
    // Another spelling of the same word loses nothing; where AWS tells two by their capitals, the author has to.
    const spelled = allowedSpelling(value, allowed);
    if (spelled !== undefined) return spelled;
    problems.error(
      'value-not-allowed',
      node.at,
      `${name}: ${quote(value)} is not allowed${typeof value === 'string' ? problems.meant(value, allowed.map(String)) : ''}`,
      `allowed: ${list(allowed)}`,
    );
    return undefined;
  }
  return value;
}

function readList(spot: Spot, context: ValueContext): Json | undefined {
  const { node, type, path, place } = spot;
  if (node.kind !== 'list' || type.kind !== 'list') {
    context.problems.error(
      'wrong-type',
      node.at,
      `${said(spot)} is ${kindOf(node)}; a list is expected`,
      node.kind === 'map' ? 'put the element in brackets:  [ { … } ]' : 'put the value in brackets:  [ … ]',
    );
    return undefined;
  }
  const items: Json[] = [];
  node.items.forEach((item, index) => {
    const inner = `${place}.${index}`;
    context.positions[inner] = context.problems.places.at(item.at);
    const read = readValue(
      {
        node: item,
        type: type.element,
        property: spot.property,
        path: `${path}.*`,
        place: inner,
        element: true,
        inList: true,
      },
      context,
    );
    items.push(read === undefined ? unread : read);
  });
  return items;
}

function readMap(spot: Spot, context: ValueContext): Json | undefined {
  const { node, type, path, place } = spot;
  const { problems, schema, mode, action } = context;
  if (node.kind !== 'map') {
    problems.error('wrong-type', node.at, `${said(spot)} is ${kindOf(node)}; a map is expected`);
    return undefined;
  }
  const definition = type.kind === 'object' ? (schema.definitions[type.definition] ?? {}) : undefined;
  const result: Record<string, Json> = {};
  for (const { key, at, node: value } of node.entries) {
    if (isReservedKey(key)) continue;
    const inner = `${place}.${key}`;
    context.positions[inner] = problems.places.at(at);
    const property: PropertySchema | undefined = definition === undefined ? undefined : own(definition, key);
    if (definition !== undefined && property === undefined) {
      problems.error(
        'unknown-property',
        at,
        `${said(spot)} has no property ${quote(key)}${problems.meant(key, Object.keys(definition))}`,
        Object.keys(definition).length <= 8
          ? `there are: ${list(Object.keys(definition))}`
          : `nearest: ${list(problems.near(key, Object.keys(definition))) || 'none'}`,
      );
      continue;
    }
    if (mode === 'properties' && own(schema.attributes, `${path}.${key}`) !== undefined) {
      problems.error(
        'read-only-attribute',
        at,
        `${said(spot)}.${key} is assigned by AWS and cannot be set`,
        'delete the line',
      );
      continue;
    }
    const wanted = property?.type ?? (type.kind === 'map' ? type.element : { kind: 'json' as const });
    const read = readValue(
      {
        node: value,
        type: wanted,
        property,
        path: `${path}.${definition === undefined ? '*' : key}`,
        place: inner,
        element: false,
        inList: spot.inList,
      },
      context,
    );
    result[key] = read === undefined ? unread : read;
  }
  if (definition !== undefined && mode === 'properties' && (action === 'create' || spot.inList)) {
    requireProperties(
      Object.entries(definition).filter(([, { required }]) => required === true),
      node,
      said(spot),
      problems,
    );
  }
  return result;
}

/** Free JSON: any value; references allowed; exact numbers only. */
function readJson(node: Node, spot: Spot, context: ValueContext): Json | undefined {
  const { problems } = context;
  if (node.kind === 'bad') return undefined;
  const json: Spot = { ...spot, node, type: { kind: 'json' } };
  const dynamic = readDynamic(json, context);
  if (dynamic !== null) return dynamic;
  const special = readSpecial(node, problems);
  if (special === undefined) return undefined;
  if (special !== null) return placeSpecial(special, json, context, (inner) => readJson(inner.node, inner, context));
  if (node.kind === 'list')
    return node.items.map((item) => readJson(item, spot, context)).filter((item) => item !== undefined);
  if (node.kind === 'map') {
    return Object.fromEntries(
      node.entries
        .filter(({ key }) => !isReservedKey(key))
        .map(({ key, node: value }) => [key, readJson(value, spot, context)] as const)
        .filter(([, value]) => value !== undefined),
    );
  }
  if (node.value === null || typeof node.value === 'boolean') return node.value;
  return scalar({ ...json, property: undefined }, context, (found) =>
    typeof found.value === 'number' ? coerceNumber(found, 'number') : coerceText(found, 'lines'),
  );
}
