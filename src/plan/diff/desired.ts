import { isObject, isSecretRef, type Json, type JsonObject } from '../../base/json.ts';
import type { ResourceType } from '../../domain/resource-type.ts';
import type { TypeSchema } from '../../domain/schema.ts';
import { define, own, type Comparer } from './compare.ts';
import { clearValue, mergeValue, type Removal } from './merge.ts';
import { below, ruleOf, type Nodes } from './rule-tree.ts';
import { quote } from '../../domain/wording.ts';

interface DesiredProblem {
  readonly code: string;
  /** Dotted, below `properties`. */ readonly at: string;
  readonly message: string;
  readonly help: string;
}

export interface Desired {
  readonly desired: JsonObject;
  readonly problems: readonly DesiredProblem[];
  /** Elements that would leave although the author did not name them (law 1). */
  readonly removals: readonly Removal[];
}

export interface DesiredInput {
  readonly type: ResourceType;
  readonly schema: TypeSchema | undefined;
  readonly comparer: Comparer;
  /** Properties before; `{}` for a create. */
  readonly before: JsonObject;
  /** The author's properties, references resolved or unknown. */
  readonly author: JsonObject;
  readonly expect: JsonObject | undefined;
  readonly action: 'create' | 'update' | 'replace';
  /** Write-only properties are set: always on a create, on an update only when `rotate` differs. */
  readonly rotates: boolean;
}

/** The properties after the step: what is live, overlaid by what the author wrote (DESIGN section 4). */
export function desiredProperties(input: DesiredInput): Desired {
  const { type, comparer, before, author, action } = input;
  const desired: Record<string, Json | undefined> = { ...before };
  const problems: DesiredProblem[] = [];
  const removals: Removal[] = [];
  for (const [name, value] of Object.entries(author)) {
    if (value === undefined) continue;
    const rule = Object.hasOwn(type.rules.properties, name) ? type.rules.properties[name] : undefined;
    if (rule === undefined) {
      problems.push({
        code: 'unsupported-property',
        at: name,
        message: `aiplan cannot set ${quote(name)} of ${type.type}`,
        help: `it can set: ${Object.keys(type.rules.properties).sort().join(', ')}`,
      });
      continue;
    }
    if (action !== 'update' && rule.create === false && value !== null) {
      problems.push({
        code: 'not-on-create',
        at: name,
        message: `${name} cannot be set when the resource is created`,
        help: 'set it by an update in a later plan',
      });
      continue;
    }
    const nodes = below(comparer.root, name);
    const stated = input.expect?.[name];
    let merged: Json | undefined;
    if (value === null) {
      const reset = resetOf(name, input, removals, problems);
      if (reset === keep) continue;
      merged = reset;
    } else {
      const usable = input.rotates ? value : withoutSecrets(value, nodes);
      if (usable === undefined) continue;
      merged = mergeValue(own(before, name), usable, comparer, name, stated, removals);
    }
    if (merged === undefined) delete desired[name];
    else define(desired, name, merged);
  }
  return { desired, problems, removals: action === 'create' ? [] : removals };
}

const keep = Symbol('keep');

/** The value to which `null` resets a property; `keep` where nothing is to do or to know. */
function resetOf(
  name: string,
  { type, schema, comparer, before, expect, action }: DesiredInput,
  removals: Removal[],
  problems: DesiredProblem[],
): Json | undefined | typeof keep {
  const live = own(before, name);
  const rule = type.rules.properties[name];
  const kind = schema?.properties[name]?.type.kind;
  if (live === undefined || action === 'create') return keep;
  if (rule !== undefined && 'reset' in rule) {
    const reset = rule.reset ?? undefined;
    if (reset !== undefined && comparer.equal(live, reset, below(comparer.root, name))) return live;
    clearValue(live, comparer, name, expect?.[name], removals, kind === 'map' || kind === 'tags');
    return reset;
  }
  if (kind === 'list' || kind === 'map' || kind === 'tags') {
    clearValue(live, comparer, name, expect?.[name], removals, kind !== 'list');
    return kind === 'list' ? [] : {};
  }
  // A replace leaves out what is null; AWS's own default applies to the new resource.
  if (action === 'replace') return undefined;
  problems.push({
    code: 'no-default',
    at: name,
    message: `${name} has no default that null could reset it to; live is ${quote(live)}`,
    help: `write the value that \`${name}\` shall have`,
  });
  return keep;
}

/** Without the write-only values, which an update sets only when it rotates them. */
function withoutSecrets(value: Json, nodes: Nodes): Json | undefined {
  if (!nodes.some((node) => node.hides === true)) return value;
  if (ruleOf(nodes, 'secret') === true) return undefined;
  if (Array.isArray(value)) return value.flatMap((item: Json) => withoutSecrets(item, below(nodes, '*')) ?? []);
  if (!isObject(value) || isSecretRef(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      const usable = item === undefined ? undefined : withoutSecrets(item, below(nodes, key));
      return usable === undefined ? [] : [[key, usable]];
    }),
  );
}

/** The author's spelling in the type's own; a type whose function fails leaves it as it was. */
export function canonicalised(type: ResourceType, properties: JsonObject): JsonObject {
  const rewrite = type.rules.canonical;
  if (rewrite === undefined) return properties;
  try {
    return rewrite(properties);
  } catch (error) {
    if (error instanceof Error) return properties;
    throw error;
  }
}

/** Whether any write-only value stands in what the author wrote. */
export function hasSecrets(value: Json | undefined, nodes: Nodes): boolean {
  if (value === undefined || value === null || !nodes.some((node) => node.hides === true)) return false;
  if (ruleOf(nodes, 'secret') === true) return true;
  if (Array.isArray(value)) return value.some((item: Json) => hasSecrets(item, below(nodes, '*')));
  return isObject(value) && Object.entries(value).some(([key, item]) => hasSecrets(item, below(nodes, key)));
}
