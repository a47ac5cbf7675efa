import type { DeclaredAction, Position, ResourceEntry } from '../domain/change-plan.ts';
import type { JsonObject } from '../base/json.ts';
import type { ResourceType, ResourceTypes } from '../domain/resource-type.ts';
import type { Schemas, TypeSchema } from '../domain/schema.ts';
import { actions, fieldNames, otherActions, fields, instead, type FieldName } from './fields.ts';
import { unsupportedField } from './fields.ts';
import { readIdentity } from './values/identity.ts';
import { limits } from './reader/limits.ts';
import { entryOf, isReservedKey, kindOf, type MapEntry, type MapNode } from './reader/node.ts';
import { list, quote, type Problems } from './reader/problems.ts';
import { sanitise } from '../base/sanitise.ts';
import { writeEntries } from './foreign/skeleton.ts';
import { nearest } from './reader/spelling.ts';
import { planSpelling, templateFields } from './foreign/cloudformation-template.ts';
import { insteadOfType } from './foreign/unsupported.ts';
import type { Where } from './functions/pseudo-parameters.ts';
import { readChoice, readProse, readWord, readWords } from './values/text.ts';
import { readValues } from './values/values.ts';
import { own, type Lookups, type Mode, type PendingReference, type SecretSources } from './functions/values-context.ts';

export interface EntryContext {
  readonly problems: Problems;
  readonly schemas: Schemas;
  readonly types: ResourceTypes;
  readonly readText: ((path: string) => string) | undefined;
  readonly secrets: SecretSources | undefined;
  readonly where: Where;
  readonly addresses: ReadonlySet<string>;
  readonly lookups: Lookups;
  /** All entries of the file. */
  readonly resources: readonly MapEntry[];
  readonly typeNames: (() => ReadonlySet<string>) | undefined;
  readonly references: PendingReference[];
  /** Filled with the places of `depends_on`. */
  readonly dependencies: { readonly address: string; readonly on: string; readonly at: number }[];
}

type Draft = { -readonly [Key in keyof ResourceEntry]?: ResourceEntry[Key] };

/** Reads one entry of `resources`. Always gives an entry, as far as it could be read; errors are among the problems. */
export function readEntry({ key: address, at, node }: MapEntry, context: EntryContext): ResourceEntry {
  const problems = context.problems.about(address);
  const source = problems.places.at(at);
  const positions: Record<string, Position> = {};
  const empty: ResourceEntry = { address, type: '', action: 'read', dependsOn: [], source, positions };
  if (!/^[A-Za-z][A-Za-z0-9_-]{0,254}$/u.test(address)) {
    problems.error(
      'invalid-address',
      at,
      `${quote(address)} is not an address`,
      'a letter, then up to 254 letters, digits, _ and -: CoursesDb',
    );
  }
  if (node.kind === 'bad') return empty;
  if (node.kind !== 'map' || node.tag !== null) {
    problems.error(
      'wrong-type',
      node.at,
      `an entry of resources is ${kindOf(node)}; a map is expected`,
      `${address}:\n  type: AWS::S3::Bucket\n  action: read\n  id: name`,
    );
    return empty;
  }
  return readPlanEntry(inPlanSpelling(node, address, problems), address, empty, context, problems);
}

/**
 * An entry that is written as CloudFormation writes resources is read as what it means, after one error that hands it
 * over.
 */
function inPlanSpelling(node: MapNode, address: string, problems: Problems): MapNode {
  const foreign = templateFields(node);
  if (!foreign.includes('Type') && !foreign.includes('Properties')) return node;
  const entry = planSpelling(node);
  if (entry.kind !== 'map') return node;
  const dropped = foreign.filter((name) => !['Type', 'Properties', 'DependsOn'].includes(name));
  problems.error(
    'cloudformation-spelling',
    node.entries.find(({ key }) => foreign.includes(key))?.at ?? node.at,
    `${quote(address)} is written as CloudFormation writes resources (${list(foreign)}); a change plan has type, action and properties${dropped.length === 0 ? '' : `, and nothing like ${list(dropped)}`}`,
    writeEntries([{ key: address, at: node.at, node: entry }]).trimEnd(),
  );
  return entry;
}

function readPlanEntry(
  node: MapNode,
  address: string,
  empty: ResourceEntry,
  context: EntryContext,
  problems: Problems,
): ResourceEntry {
  const { source } = empty;
  const positions = empty.positions as Record<string, Position>;
  for (const entry of node.entries) {
    positions[entry.key] = problems.places.at(entry.at);
    if (!Object.hasOwn(fields, entry.key) && !isReservedKey(entry.key))
      problems.error(
        'unknown-field',
        entry.at,
        `an entry has no field ${quote(entry.key)}${problems.meant(entry.key, fieldNames)}`,
        unsupportedField(entry.key) ??
          (/^[A-Z]/u.test(entry.key)
            ? 'properties of the resource stand under  properties:'
            : `the fields are: ${list(fieldNames)}`),
      );
  }
  const type = readType(node, address, context, problems);
  const action = readAction(node, problems);
  if (action === undefined) return { ...empty, type: type?.schema.type ?? '' };
  if (type !== undefined && !type.resource.managed && action !== 'read') {
    problems.error(
      'type-read-only',
      entryOf(node, 'action')?.at ?? node.at,
      `aiplan can look ${type.schema.type} up but not ${action} it yet`,
      `${action === 'create' ? 'make it elsewhere, or name one that exists' : 'change it elsewhere'} (aiplan inventory ${type.schema.type} lists them):\n  ${address}: { type: ${type.schema.type}, action: read, id: ${idOf(node)} }`,
    );
    return { ...empty, type: type.schema.type, action };
  }
  useOfFields(node, action, problems);
  const draft: Draft = { address, type: type?.schema.type ?? '', action };
  readFields(node, draft, action, type, context, problems);
  if (type !== undefined) {
    for (const mode of ['find', 'expect', 'properties'] as const)
      readBody(mode, node, draft, action, type, positions, context, problems);
  }
  judgeEntry(node, action, type, problems);
  return { ...empty, ...draft, source, positions, dependsOn: draft.dependsOn ?? [] };
}

/** The id that an entry has already. */
const idOf = (node: MapNode): string => {
  const id = entryOf(node, 'id')?.node;
  return id?.kind === 'scalar' && id.tag === null && typeof id.value === 'string' ? sanitise(id.value) : '…';
};

interface KnownType {
  readonly resource: ResourceType;
  readonly schema: TypeSchema;
}

function readType(
  node: MapNode,
  address: string,
  { schemas, types, typeNames, resources }: EntryContext,
  problems: Problems,
): KnownType | undefined {
  const found = entryOf(node, 'type');
  if (found === undefined)
    return problems.error('missing-field', node.at, 'the entry has no type', 'type: AWS::S3::Bucket') as undefined;
  const name = readWord(found.node, 'type', problems);
  if (name === undefined) return undefined;
  const resource = types.get(name);
  const schema = resource === undefined ? undefined : schemas(name);
  if (resource !== undefined && schema !== undefined) return { resource, schema };
  const names = types.all.map(({ type }) => type);
  if (typeNames?.().has(name) === true) {
    return problems.error(
      'type-not-supported',
      found.node.at,
      `${name} is not supported yet`,
      insteadOfType(name, node, address, resources),
    ) as undefined;
  }
  const meant = problems.meant(name, names);
  problems.error(
    'unknown-type',
    found.node.at,
    `AWS has no type ${quote(name)}${meant}`,
    meant === '' ? `the types are: ${list(names)}` : 'correct the spelling',
  );
  // The rest of the entry is read as one of the type that was meant, so that everything is said at once.
  const likely = meant === '' ? undefined : types.get(nearest(name, names) ?? '');
  const described = likely === undefined ? undefined : schemas(likely.type);
  return likely === undefined || described === undefined ? undefined : { resource: likely, schema: described };
}

/** The likely action of an entry without one: a create, a change of something named, or a look-up. */
const likelyAction = (node: MapNode): DeclaredAction => {
  const has = (name: FieldName): boolean => entryOf(node, name) !== undefined;
  return !has('properties') ? 'read' : has('id') || has('find') ? 'update' : 'create';
};

function readAction(node: MapNode, problems: Problems): DeclaredAction | undefined {
  const found = entryOf(node, 'action');
  if (found === undefined) {
    const likely = likelyAction(node);
    problems.error(
      'missing-field',
      node.at,
      `the entry has no action; there are ${actions.join(', ')}`,
      `action: ${likely}`,
    );
    return likely;
  }
  const word =
    found.node.kind === 'scalar' && found.node.tag === null && typeof found.node.value === 'string'
      ? own(otherActions, found.node.value.toLowerCase())
      : undefined;
  if (word !== undefined) {
    problems.error(
      'value-not-allowed',
      found.node.at,
      `action: ${quote(String((found.node as { readonly value?: unknown }).value))} is not allowed; did you mean "${word}"?`,
      `action: ${word}`,
    );
    return word;
  }
  return readChoice(found.node, 'action', actions, problems);
}

/** The field table of the language: what an action requires, allows, ignores and refuses. */
function useOfFields(node: MapNode, action: DeclaredAction, problems: Problems): void {
  for (const name of fieldNames) {
    const found = entryOf(node, name);
    const use = fields[name][action];
    if (found === undefined) {
      if (use === 'required' && name !== 'type' && name !== 'action')
        problems.error('missing-field', node.at, `action: ${action} needs ${name}`, example(name, action));
    } else if (use === 'no') {
      problems.error(
        'field-not-allowed',
        found.at,
        `action: ${action} takes no ${name}`,
        own(instead[name] ?? {}, action) ?? 'delete the line',
      );
    } else if (use === 'ignored') {
      problems.warning(
        `${name.replace('_', '-')}-ignored`,
        found.at,
        `${name} has no effect with  action: ${action}`,
        'delete the line',
      );
    }
  }
  const id = entryOf(node, 'id');
  const find = entryOf(node, 'find');
  if (fields.id[action] !== 'one-of') return;
  if (id !== undefined && find !== undefined)
    problems.error(
      'id-and-find',
      find.at,
      'an entry names its resource by  id  or by  find, not both',
      'delete one of them',
    );
  if (id === undefined && find === undefined)
    problems.error(
      'missing-field',
      node.at,
      `action: ${action} needs  id  or  find`,
      'id: …   or   find: { Tags: { Name: … } }',
    );
}

function example(name: FieldName, action: DeclaredAction): string {
  switch (name) {
    case 'reason':
      return `reason: Why this ${action} is right`;
    case 'order':
      return 'order: create-first   or   order: delete-first';
    case 'id':
      return 'id: …   (aiplan inventory prints the ids of live resources)';
    case 'properties':
      return 'properties: { … }';
    default:
      return `${name}: …`;
  }
}

function readFields(
  node: MapNode,
  draft: Draft,
  action: DeclaredAction,
  type: KnownType | undefined,
  context: EntryContext,
  problems: Problems,
): void {
  const field = (name: FieldName): MapEntry | undefined => {
    const use = fields[name][action];
    return use === 'no' || use === 'ignored' ? undefined : entryOf(node, name);
  };
  const set = <Key extends keyof Draft>(key: Key, value: Draft[Key] | undefined): void => {
    if (value !== undefined) draft[key] = value;
  };
  const id = field('id');
  if (id !== undefined && type !== undefined) set('id', readIdentity(id.node, type.schema, problems));
  const when = field('when');
  if (when !== undefined) set('when', readChoice(when.node, 'when', ['now', 'window'], problems));
  const order = field('order');
  if (order !== undefined) set('order', readChoice(order.node, 'order', ['create-first', 'delete-first'], problems));
  const reason = field('reason');
  if (reason !== undefined) set('reason', readProse(reason.node, 'reason', limits.prose, problems));
  const loss = field('accept_loss');
  if (loss !== undefined) set('acceptLoss', readProse(loss.node, 'accept_loss', limits.prose, problems));
  const rotate = field('rotate');
  const word = rotate === undefined ? undefined : readWord(rotate.node, 'rotate', problems);
  if (rotate !== undefined && word !== undefined) {
    if (/^[\w.-]{1,64}$/u.test(word)) draft.rotate = word;
    else
      problems.error(
        'invalid-word',
        rotate.node.at,
        `rotate: ${quote(word)} is not a word`,
        'up to 64 letters, digits, and . _ -  :  rotate: 2026-03',
      );
  }
  const carry = field('carry');
  if (carry !== undefined) set('carry', readCarry(carry, type, problems));
  const dependsOn = field('depends_on');
  if (dependsOn !== undefined) {
    const words = readWords(dependsOn.node, 'depends_on', problems);
    for (const { word: on, at } of words ?? []) context.dependencies.push({ address: draft.address ?? '', on, at });
    draft.dependsOn = [...new Set((words ?? []).map(({ word: on }) => on))];
  }
}

function readCarry({ node }: MapEntry, type: KnownType | undefined, problems: Problems): readonly string[] | undefined {
  const words = readWords(node, 'carry', problems);
  const carries = type?.resource.rules.carries;
  for (const { word, at } of type === undefined ? [] : (words ?? [])) {
    if (carries?.includes(word) === true) continue;
    problems.error(
      'value-not-allowed',
      at,
      `carry: ${type?.schema.type ?? 'the type'} cannot carry ${quote(word)} along${problems.meant(word, carries ?? [])}`,
      carries === undefined || carries.length === 0 ? 'delete the line' : `allowed: ${list(carries)}`,
    );
  }
  return words?.map(({ word }) => word);
}

function readBody(
  mode: Mode,
  node: MapNode,
  draft: Draft,
  action: DeclaredAction,
  { resource, schema }: KnownType,
  positions: Record<string, Position>,
  context: EntryContext,
  problems: Problems,
): void {
  const found = entryOf(node, mode);
  if (found === undefined || fields[mode][action] === 'no' || (mode === 'properties' && !resource.managed)) return;
  const { references, readText, secrets, where, addresses, lookups } = context;
  const values: JsonObject | undefined = readValues(found.node, {
    address: draft.address ?? '',
    mode,
    action,
    schema,
    rules: resource.rules,
    problems,
    positions,
    references,
    readText,
    secrets,
    where,
    addresses,
    lookups,
    written: new Set(found.node.kind === 'map' ? found.node.entries.map(({ key }) => key) : []),
  });
  if (values === undefined) return;
  draft[mode] = values;
  const written = found.node.kind === 'map' ? found.node.entries.length : 1;
  if (written === 0 && (mode === 'find' || (mode === 'properties' && action === 'update'))) {
    problems.error(
      `empty-${mode}`,
      found.at,
      mode === 'find'
        ? 'find is empty and would match everything'
        : `properties is empty: the update would change nothing`,
      mode === 'find' ? 'find: { Tags: { Name: … } }' : 'name the properties to change, or write  action: read',
    );
  }
}

/** Problems that only show once the whole entry is read. */
function judgeEntry(node: MapNode, action: DeclaredAction, type: KnownType | undefined, problems: Problems): void {
  const properties = entryOf(node, 'properties')?.node;
  if (action !== 'update' || type === undefined || properties?.kind !== 'map') return;
  const secrets = type.resource.rules.secretInput.filter(
    (path) => entryOf(properties, path.split('.')[0] ?? path) !== undefined,
  );
  const rotate = entryOf(node, 'rotate');
  if (rotate !== undefined && secrets.length === 0)
    problems.error(
      'rotate-without-secret',
      rotate.at,
      'rotate sets write-only properties anew, and none is given',
      type.resource.rules.secretInput.length === 0
        ? 'delete the line'
        : `properties: { ${type.resource.rules.secretInput[0]}: !Env AIPLAN_SECRET_… }`,
    );
  if (rotate === undefined && secrets.length > 0)
    problems.warning(
      'secret-without-rotate',
      node.at,
      `${list(secrets)} can never be read, so an update leaves it as it is unless  rotate  asks for it`,
      'rotate: a-new-word',
    );
}
