import type { ResourceTypes } from '../../domain/resource-type.ts';
import { entryOf, textScalar, type MapEntry, type MapNode, type Node } from '../reader/node.ts';
import { planNameOf, type Skeleton } from './skeleton.ts';
import type { Schemas } from '../../domain/schema.ts';
import { carriedProperties, type Carrying } from './left-out.ts';
import { specialTag, textOf } from '../functions/function-tags.ts';

/**
 * CloudFormation's own fields of a resource, with what the language calls them; what is not here has no meaning in a
 * change plan.
 */
const FIELDS: Readonly<Record<string, string>> = { Type: 'type', Properties: 'properties', DependsOn: 'depends_on' };
const SPELLINGS = [
  'Type',
  'Properties',
  'DependsOn',
  'DeletionPolicy',
  'UpdateReplacePolicy',
  'UpdatePolicy',
  'CreationPolicy',
  'Condition',
  'Metadata',
];

/** Whether the file is a CloudFormation template: `Resources` with entries that have a `Type`, or its version line. */
export function isTemplate(root: MapNode): boolean {
  if (entryOf(root, 'AWSTemplateFormatVersion') !== undefined) return true;
  const resources = entryOf(root, 'Resources')?.node;
  return (
    resources?.kind === 'map' &&
    resources.entries.some(({ node }) => node.kind === 'map' && entryOf(node, 'Type') !== undefined)
  );
}

/** A template as a change plan that creates what it declares; parameters that have a default are filled in. */
export function templateSkeleton(root: MapNode, types: ResourceTypes, schemas: Schemas): Skeleton {
  const description = textOf(entryOf(root, 'Description')?.node ?? root) ?? '';
  const name = planNameOf(description === '' ? 'my-change' : description);
  const values = new Map<string, Node>([['AWS::StackName', textScalar(name, 0)], ...parametersOf(root)]);
  const resources = mapOf(entryOf(root, 'Resources')?.node).map((entry) => ({
    ...entry,
    node: planSpelling(entry.node, values),
  }));
  const carried = resources.filter(({ node }) => types.get(typeOf(node))?.managed === true);
  const others = resources.filter((entry) => !carried.includes(entry));
  const known = new Set(carried.map(({ key }) => key));
  const left = [
    ...others.map(({ key, node }) => `${key} is left out: ${typeOf(node) || 'its type'} is not supported yet`),
    ...sectionsLeft(root),
    ...mapOf(entryOf(root, 'Resources')?.node)
      .filter(({ key }) => known.has(key))
      .flatMap(({ key, node }) => fieldsLeft(key, node, known)),
  ];
  const gone = new Set(others.map(({ key }) => key));
  return {
    name,
    intent: description.split('\n')[0]?.trim().slice(0, 300) || 'Make what the CloudFormation template declares',
    resources: carried.map((entry) => {
      const type = types.get(typeOf(entry.node));
      const schema = type === undefined ? undefined : schemas(type.type);
      const node = dependingOn(entry.node, known);
      return type === undefined || schema === undefined
        ? { ...entry, node }
        : {
            ...entry,
            node: withProperties(node, { address: entry.key, schema, rules: type.rules, gone, left }),
          };
    }),
    left,
  };
}

function withProperties(node: Node, carrying: Carrying): Node {
  if (node.kind !== 'map') return node;
  return {
    ...node,
    entries: node.entries.map((entry) =>
      entry.key === 'properties' && entry.node.kind === 'map'
        ? { ...entry, node: carriedProperties(entry.node, carrying) }
        : entry,
    ),
  };
}

/** Sections that a change plan has nothing like, each with the names in it, and parameters without a value. */
const sectionsLeft = (root: MapNode): readonly string[] =>
  root.entries.flatMap(({ key, node }) => {
    if (['AWSTemplateFormatVersion', 'Description', 'Resources'].includes(key)) return [];
    const names = mapOf(node).map((entry) => entry.key);
    if (key !== 'Parameters')
      return [`${key} is left out (${names.join(', ') || 'all of it'}): a change plan has nothing like it`];
    return mapOf(node)
      .filter((entry) => entry.node.kind !== 'map' || entryOf(entry.node, 'Default') === undefined)
      .map((entry) => `Parameter ${entry.key} has no default: write its value where  !Ref ${entry.key}  stands`);
  });

/** Fields of an entry that a change plan has nothing like. */
function fieldsLeft(address: string, node: Node, known: ReadonlySet<string>): readonly string[] {
  const after = node.kind === 'map' ? entryOf(node, 'DependsOn')?.node : undefined;
  const names =
    after === undefined ? [] : (after.kind === 'list' ? after.items : [after]).flatMap((item) => textOf(item) ?? []);
  return [
    ...mapOf(node)
      .filter(({ key }) => SPELLINGS.includes(key) && FIELDS[key] === undefined)
      .map(({ key }) => `${address}: ${key} is left out: a change plan has nothing like it`),
    ...names
      .filter((name) => !known.has(name))
      .map((name) => `${address}: DependsOn ${name} is left out, as ${name} is`),
  ];
}

/** An entry that runs after no others than those that are carried over. */
function dependingOn(node: Node, known: ReadonlySet<string>): Node {
  if (node.kind !== 'map') return node;
  const entries = node.entries.flatMap((entry): MapEntry[] => {
    if (entry.key !== 'depends_on' || entry.node.kind !== 'list') return [entry];
    const items = entry.node.items.filter((item) => known.has(textOf(item) ?? ''));
    return items.length === 0 ? [] : [{ ...entry, node: { ...entry.node, items } }];
  });
  return { ...node, entries };
}

const mapOf = (node: Node | undefined): readonly MapEntry[] => (node?.kind === 'map' ? node.entries : []);
const typeOf = (node: Node): string => (node.kind === 'map' ? (textOf(entryOf(node, 'type')?.node ?? node) ?? '') : '');

/** The defaults of the parameters; of one that names an SSM parameter, its look-up. */
function parametersOf(root: MapNode): readonly (readonly [string, Node])[] {
  return mapOf(entryOf(root, 'Parameters')?.node).flatMap(({ key, node }) => {
    const found = node.kind === 'map' ? entryOf(node, 'Default')?.node : undefined;
    if (found?.kind !== 'scalar') return [];
    const type = node.kind === 'map' ? (textOf(entryOf(node, 'Type')?.node ?? node) ?? '') : '';
    const text = textOf(found) ?? '';
    if (type.startsWith('AWS::SSM::Parameter::'))
      return [[key, textScalar(`{{resolve:ssm:${text}}}`, found.at)] as const];
    const listed = type === 'CommaDelimitedList' || type.startsWith('List<');
    return [
      [
        key,
        listed
          ? ({
              kind: 'list',
              at: found.at,
              tag: null,
              items: text.split(',').map((item) => textScalar(item.trim(), found.at)),
            } as const)
          : found,
      ] as const,
    ];
  });
}

/** The fields by which an entry shows that it is written as CloudFormation writes resources. */
export const templateFields = (node: MapNode): readonly string[] =>
  node.entries.map(({ key }) => key).filter((key) => SPELLINGS.includes(key));

/**
 * An entry in CloudFormation's spelling as the language writes it: `action: create`, values as they are, parameters
 * filled in.
 */
export function planSpelling(node: Node, values: ReadonlyMap<string, Node> = new Map()): Node {
  if (node.kind !== 'map') return node;
  const field = (name: string): MapEntry[] => {
    const found = node.entries.find(({ key }) => key === name) ?? node.entries.find(({ key }) => FIELDS[key] === name);
    return found === undefined
      ? []
      : [
          {
            ...found,
            key: name,
            node:
              name === 'depends_on' && found.node.kind === 'scalar'
                ? { kind: 'list', at: found.node.at, tag: null, items: [found.node] }
                : filled(found.node, values),
          },
        ];
  };
  const known = new Set(['type', 'action', 'properties', 'depends_on']);
  const rest = node.entries.filter(({ key }) => !SPELLINGS.includes(key) && !known.has(key));
  const action = node.entries.find(({ key }) => key === 'action') ?? {
    key: 'action',
    at: node.at,
    node: textScalar('create', node.at),
  };
  const properties = field('properties');
  return {
    ...node,
    entries: [
      ...field('type'),
      action,
      ...rest,
      ...field('depends_on'),
      ...(properties.length === 0
        ? [{ key: 'properties', at: node.at, node: { kind: 'map', at: node.at, tag: null, entries: [] } } as const]
        : properties),
    ],
  };
}

/**
 * A value with the parameters of the template in place; `AWS::NoValue` leaves its key out; user data is not encoded.
 */
function filled(node: Node, values: ReadonlyMap<string, Node>): Node {
  const special = specialTag(node);
  if (special !== null) {
    const text = textOf(special.argument);
    if (special.tag === '!Ref' && text !== null) return values.get(text) ?? node;
    if (special.tag === '!Sub' && text !== null) return substituted(node, text, values);
    if (special.tag === '!Base64') return filled(special.argument, values);
    const argument =
      special.argument.kind === 'list' && node.tag !== null
        ? { ...special.argument, items: special.argument.items.map((item) => filled(item, values)) }
        : undefined;
    if (argument !== undefined) return { ...argument, tag: node.tag };
  }
  return mapped(node, values);
}

function mapped(node: Node, values: ReadonlyMap<string, Node>): Node {
  if (node.kind === 'list')
    return { ...node, items: node.items.filter((item) => !isNoValue(item)).map((item) => filled(item, values)) };
  if (node.kind !== 'map') return node;
  return {
    ...node,
    entries: node.entries
      .filter((entry) => !isNoValue(entry.node))
      .map((entry) => ({ ...entry, node: filled(entry.node, values) })),
  };
}

function isNoValue(node: Node): boolean {
  const special = specialTag(node);
  return special?.tag === '!Ref' && textOf(special.argument) === 'AWS::NoValue';
}

/** `!Sub` with the parameters in it filled in; without any reference left it is plain text. */
function substituted(node: Node, text: string, values: ReadonlyMap<string, Node>): Node {
  const result = text.replaceAll(/\$\{([A-Za-z][\w:]*)\}/gu, (whole, name: string) => {
    const value = values.get(name);
    return value === undefined ? whole : (textOf(value) ?? whole);
  });
  return result.includes('${') ? { ...textScalar(result, node.at, '!Sub') } : textScalar(result, node.at);
}
