import { canonical } from '../../base/digest.ts';
import { isObject, type Json } from '../../base/json.ts';
import type { TypeRules } from '../../domain/resource-type.ts';
import type { PropertyType, TypeSchema } from '../../domain/schema.ts';
import type { Verdicts } from '../../domain/verdict.ts';
import { isLeaf } from '../diff/compare.ts';
import type { Difference } from '../diff/diff.ts';
import type { Hit } from './rule-hits.ts';
import type { Path } from '../../base/property-path.ts';

/** The members of a table, by name; `*` is any list element or map key. A node without children is a leaf. */
interface Known {
  readonly children: Map<string, Known>;
}

const compiled = new WeakMap<Verdicts, Known>();
const noVerdicts: Verdicts = {};

function tableOf(verdicts: Verdicts): Known {
  let root = compiled.get(verdicts);
  if (root !== undefined) return root;
  root = { children: new Map() };
  for (const path of Object.keys(verdicts)) {
    let node = root;
    for (const name of path.split('.')) {
      const child = node.children.get(name) ?? { children: new Map() };
      node.children.set(name, child);
      node = child;
    }
  }
  compiled.set(verdicts, root);
  return root;
}

/**
 * Every place among the differences on which the type has no verdict: it counts as a hit until a person has judged it
 * (law 9).
 */
export function withoutVerdict(differences: readonly Difference[], verdicts: Verdicts | undefined): readonly Hit[] {
  const root = tableOf(verdicts ?? noVerdicts);
  const found = new Map<string, Hit>();
  for (const { segments, before, after } of differences) {
    const names = segments.map((segment) => (segment.startsWith('[') ? '*' : segment));
    walk(before, after, root, names, (path) => {
      if (found.has(path)) return;
      found.set(path, {
        segments,
        irreversible: false,
        says: `aiplan has no verdict on changes of ${path}: it may lose or open anything`,
      });
    });
  }
  return [...found.values()];
}

/** Goes down `names` in the table, then through the values wherever they differ. */
function walk(
  before: Json | undefined,
  after: Json | undefined,
  root: Known,
  names: readonly string[],
  missing: (path: string) => void,
): void {
  let node = root;
  for (const [index, name] of names.entries()) {
    const child = node.children.get(name);
    if (child === undefined) return missing(names.slice(0, index + 1).join('.'));
    node = child;
    if (node.children.size === 0) return undefined;
  }
  return inside(before, after, node, names, missing);
}

function inside(
  before: Json | undefined,
  after: Json | undefined,
  node: Known,
  path: readonly string[],
  missing: (path: string) => void,
): void {
  if (node.children.size === 0) return;
  for (const [value, other] of [
    [before, after],
    [after, before],
  ] as const) {
    // A value that is known only later is judged by every rule on its path; its place is one that the table knows.
    if (value === undefined || value === null || isLeaf(value)) continue;
    if (Array.isArray(value)) {
      const others = new Set(Array.isArray(other) ? other.map((item: Json) => canonical(item)) : []);
      const element = node.children.get('*');
      if (element === undefined) return missing([...path, '*'].join('.'));
      for (const item of value as readonly Json[])
        if (!others.has(canonical(item))) inside(item, undefined, element, [...path, '*'], missing);
    } else if (isObject(value)) {
      for (const [name, item] of Object.entries(value)) {
        const was = isObject(other) ? other[name] : undefined;
        if (item === undefined || (was !== undefined && canonical(item) === canonical(was))) continue;
        const child = node.children.get(name) ?? node.children.get('*');
        if (child === undefined) missing([...path, name].join('.'));
        else inside(item, was, child, [...path, name], missing);
      }
    } else {
      return missing(path.join('.'));
    }
  }
}

/**
 * Every leaf that an author can set: below the properties of the rules, all that the schema describes. Tags are one
 * leaf.
 */
export function settableLeaves(schema: TypeSchema, rules: Pick<TypeRules, 'properties'>): readonly Path[] {
  const leaves: Path[] = [];
  const visit = (type: PropertyType, path: Path, within: readonly string[]): void => {
    if (type.kind === 'list' || type.kind === 'map') visit(type.element, `${path}.*`, within);
    else if (type.kind === 'union') for (const one of type.types) visit(one, path, within);
    else if (type.kind !== 'object' || within.includes(type.definition)) leaves.push(path);
    else {
      const members = Object.entries(schema.definitions[type.definition] ?? {});
      if (members.length === 0) leaves.push(path);
      for (const [name, member] of members) visit(member.type, `${path}.${name}`, [...within, type.definition]);
    }
  };
  for (const name of Object.keys(rules.properties)) {
    const property = schema.properties[name];
    if (property === undefined) leaves.push(name);
    else visit(property.type, name, []);
  }
  return [...new Set(leaves)].sort();
}
