import type { TypeRules } from '../../domain/resource-type.ts';
import type { PropertyType, TypeSchema } from '../../domain/schema.ts';
import { shortType } from '../../domain/wording.ts';
import { specialTag, textOf } from '../functions/function-tags.ts';
import { textScalar, type MapEntry, type MapNode, type Node } from '../reader/node.ts';
import { makesSomethingElse, saidOtherwise } from './unsupported.ts';

/** What is needed to carry the properties of one resource over. */
export interface Carrying {
  readonly address: string;
  readonly schema: TypeSchema;
  readonly rules: TypeRules;
  /** Addresses that the file has and the change plan does not: what refers to one cannot be carried over. */
  readonly gone: ReadonlySet<string>;
  /** Sentences about everything that is left out. */
  readonly left: string[];
}

/**
 * The properties that the language takes. Everything else is named in `left`: a property or member that aiplan does not
 * set, a reference to a resource that is left out, and the text of a secret.
 */
export function carriedProperties(properties: MapNode, carrying: Carrying): MapNode {
  const { schema, rules } = carrying;
  const entries = properties.entries.flatMap((entry): readonly MapEntry[] => {
    const { key, node } = entry;
    const why = whyNot(key, schema, rules);
    if (why !== null) return leave(carrying, key, why);
    if (rules.secretInput.includes(key) && !isSecretSource(node)) {
      leave(carrying, `the value of ${key}`, 'a change plan names where a secret is read from');
      return [{ ...entry, node: textScalar(variableOf(carrying.address, key), entry.at, '!Env') }];
    }
    const carried = carriedValue(node, schema.properties[key]?.type, key, carrying);
    return carried === undefined ? [] : [{ ...entry, node: carried }];
  });
  return { ...properties, entries };
}

function whyNot(name: string, schema: TypeSchema, rules: TypeRules): string | null {
  if (saidOtherwise(name) !== undefined) return 'it says how a change is made, not how the resource is';
  const rule = Object.hasOwn(rules.properties, name) ? rules.properties[name] : undefined;
  if (rule !== undefined) return rule.create === false ? 'AWS takes it only for a resource that exists' : null;
  return makesSomethingElse(name, schema, rules)
    ? 'it is not supported yet, and without it something else is made'
    : `${schema.type} has no property of that name`;
}

function leave({ address, left }: Carrying, what: string, why: string): readonly never[] {
  left.push(`${address}: ${what} is left out: ${why}`);
  return [];
}

/** The value without members that its type does not have; undefined where it refers to what is left out. */
function carriedValue(node: Node, type: PropertyType | undefined, path: string, carrying: Carrying): Node | undefined {
  const special = specialTag(node);
  const gone = special === null ? undefined : [...namesIn(node)].find((name) => carrying.gone.has(name));
  if (gone !== undefined) {
    leave(carrying, path, `it refers to ${gone}, which is left out`);
    return undefined;
  }
  if (special !== null) return node;
  if (node.kind === 'list') {
    const element = type?.kind === 'list' ? type.element : undefined;
    const items = node.items.flatMap((item, index) => {
      // Half of an element is another element.
      const lost = item.kind === 'map' ? [...namesIn(item)].find((name) => carrying.gone.has(name)) : undefined;
      return lost === undefined
        ? (carriedValue(item, element, `${path}.${index}`, carrying) ?? [])
        : leave(carrying, `${path}.${index}`, `it refers to ${lost}, which is left out`);
    });
    return { ...node, items };
  }
  if (node.kind !== 'map') return node;
  const members = type?.kind === 'object' ? carrying.schema.definitions[type.definition] : undefined;
  const element = type?.kind === 'map' ? type.element : undefined;
  const entries = node.entries.flatMap((entry): readonly MapEntry[] => {
    const at = `${path}.${entry.key}`;
    if (members !== undefined && !Object.hasOwn(members, entry.key))
      return leave(carrying, at, `${shortType(carrying.schema.type)} has no member of that name there`);
    const carried = carriedValue(entry.node, members?.[entry.key]?.type ?? element, at, carrying);
    return carried === undefined ? [] : [{ ...entry, node: carried }];
  });
  return { ...node, entries };
}

/** The addresses that the functions in a value may name: `X`, `X.Path`, `${X}`. */
function* namesIn(argument: Node): Generator<string> {
  const special = specialTag(argument);
  if (special !== null) {
    yield* namedBy(special.argument);
    return;
  }
  if (argument.kind === 'list') for (const item of argument.items) yield* namesIn(item);
  if (argument.kind === 'map') for (const { node } of argument.entries) yield* namesIn(node);
}

/** The same of what stands right behind a function. */
function* namedBy(argument: Node): Generator<string> {
  const text = textOf(argument);
  if (text !== null) {
    yield text.split('.')[0] ?? text;
    for (const [, name = ''] of text.matchAll(/\$\{([A-Za-z]\w*)/gu)) yield name;
  }
  if (argument.kind === 'list') for (const item of argument.items) yield* namedBy(item);
  else yield* namesIn(argument);
}

const isSecretSource = (node: Node): boolean =>
  ['!Env', '!File'].includes(specialTag(node)?.tag ?? '') ||
  /^\{\{resolve:(?:secretsmanager|ssm-secure):/u.test(textOf(node) ?? '');

/** `AIPLAN_SECRET_ORDERS_MASTER_USER_PASSWORD`. */
const variableOf = (address: string, name: string): string =>
  `AIPLAN_SECRET_${`${address}_${name}`
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])/gu, '_')
    .replaceAll(/\W/gu, '_')
    .toUpperCase()}`;
