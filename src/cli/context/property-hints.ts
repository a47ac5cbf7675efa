import type { Knowledge, PropertyKnowledge } from '../../domain/property-hints.ts';
import type { PropertySchema, PropertyType, TypeSchema } from '../../domain/schema.ts';
import { isSet } from '../../plan/diff/compare.ts';
import { below, ruleOf, ruleTree, type Nodes } from '../../plan/diff/rule-tree.ts';
import type { CommandContext } from './command-context.ts';

/** Names of prose and scripts. */
const prose = /(?:Description|UserData|Message|Comment)$/u;

/**
 * The knowledge of the types' rules and AWS's registry about properties, for showing changes. Schemas are read on the
 * first question about a type; each property is looked up once.
 */
export function propertyHintsOf({ types, schemas }: Pick<CommandContext, 'types' | 'schemas'>): Knowledge {
  const known = new Map<string, PropertyKnowledge>();
  return (type, path) => {
    const key = `${type}\n${path.replaceAll(/\[.*?\]/gu, '[]')}`;
    let found = known.get(key);
    if (found === undefined) {
      found = lookUp(path, types.get(type)?.rules, schemas(type));
      known.set(key, found);
    }
    return found;
  };
}

function lookUp(
  path: string,
  rules: Parameters<typeof ruleTree>[0] | undefined,
  schema: TypeSchema | undefined,
): PropertyKnowledge {
  const names = namesOf(path);
  let nodes: Nodes = rules === undefined ? [] : ruleTree(rules);
  for (const name of names) nodes = below(nodes, name);
  const { property, type } =
    schema === undefined ? { property: undefined, type: undefined } : propertyAt(schema, names);
  const last = names.findLast((name) => name !== '*') ?? '';
  return {
    documentation: property?.documentation ?? null,
    policy: ruleOf(nodes, 'compare') === 'policy' || (type?.kind === 'json' && /Policy(?:Document)?$/u.test(last)),
    set: isSet(nodes),
    text: prose.test(last) && (type === undefined || type.kind === 'string'),
  };
}

/** `SecurityGroupIngress[tcp 22 22 0.0.0.0/0].Description` → its names, `*` for the element. */
function namesOf(path: string): readonly string[] {
  const names: string[] = [];
  let rest = path;
  while (rest !== '') {
    const name = /^[^.[]*/u.exec(rest)?.[0] ?? '';
    if (name !== '') names.push(name);
    rest = rest.slice(name.length);
    if (rest.startsWith('[')) {
      // A key may hold anything; the element ends where a name or the path's end follows.
      const end = /\](?=$|\.[A-Z]|\[)/u.exec(rest);
      names.push('*');
      rest = end === null ? '' : rest.slice(end.index + 1);
    }
    if (rest.startsWith('.')) rest = rest.slice(1);
    else if (name === '' && !rest.startsWith('[')) break;
  }
  return names;
}

/** The nearest property around a path that has words of its own, and the type at the path itself. */
function propertyAt(
  schema: TypeSchema,
  names: readonly string[],
): { readonly property: PropertySchema | undefined; readonly type: PropertyType | undefined } {
  let property: PropertySchema | undefined;
  let type: PropertyType | undefined;
  let members: Readonly<Record<string, PropertySchema>> | undefined = schema.properties;
  for (const name of names) {
    if (name === '*') {
      type = type?.kind === 'list' || type?.kind === 'map' ? type.element : undefined;
    } else {
      const found: PropertySchema | undefined =
        members !== undefined && Object.hasOwn(members, name) ? members[name] : undefined;
      if (found?.documentation !== undefined) property = found;
      type = found?.type ?? (type?.kind === 'map' ? type.element : undefined);
    }
    members = membersOf(schema, type);
  }
  return { property, type };
}

function membersOf(
  schema: TypeSchema,
  type: PropertyType | undefined,
): Readonly<Record<string, PropertySchema>> | undefined {
  if (type?.kind === 'object') return schema.definitions[type.definition];
  if (type?.kind !== 'union') return undefined;
  return Object.assign({}, ...type.types.map((option) => membersOf(schema, option) ?? {}));
}
