import type { Json } from '../../base/json.ts';
import type { CompareRule, TypeRules } from '../../domain/resource-type.ts';

/** The rules of a type about one path. Nodes form a tree; `*` is a child like any other. */
export interface RuleNode {
  readonly path: string;
  readonly children: Map<string, RuleNode>;
  /** The list of this node alone, always the same one. */
  readonly alone: Nodes;
  compare?: CompareRule;
  keys?: readonly string[];
  partial?: boolean;
  volatile?: boolean;
  assigned?: boolean;
  default?: Json;
  exclusive?: readonly (readonly string[])[];
  sensitive?: boolean;
  secret?: boolean;
  /** The node or one below it is sensitive or secret. */
  hides?: boolean;
}

/** The nodes that match a concrete path; usually none or one. */
export type Nodes = readonly RuleNode[];

const none: Nodes = [];
const trees = new WeakMap<TypeRules, Nodes>();

/** The compiled rules of a type, made once per type. */
export function ruleTree(rules: TypeRules): Nodes {
  let tree = trees.get(rules);
  if (tree === undefined) {
    tree = compile(rules).alone;
    trees.set(rules, tree);
  }
  return tree;
}

function nodeAt(path: string): RuleNode {
  const alone: RuleNode[] = [];
  const node: RuleNode = { path, children: new Map(), alone };
  alone.push(node);
  return node;
}

function compile(rules: TypeRules): RuleNode {
  const root = nodeAt('');
  const at = (path: string, hides = false): RuleNode => {
    let node = root;
    for (const name of path.split('.')) {
      if (hides) node.hides = true;
      let child = node.children.get(name);
      if (child === undefined) {
        child = nodeAt(node.path === '' ? name : `${node.path}.${name}`);
        node.children.set(name, child);
      }
      node = child;
    }
    if (hides) node.hides = true;
    return node;
  };
  for (const [path, rule] of Object.entries(rules.compare)) at(path).compare = rule;
  for (const [path, keys] of Object.entries(rules.keys)) at(path).keys = keys;
  for (const path of rules.partialLists ?? []) at(path).partial = true;
  for (const path of rules.assigned ?? []) at(path).assigned = true;
  for (const [path, value] of Object.entries(rules.defaults ?? {})) at(path).default = value;
  for (const [path, groups] of Object.entries(rules.exclusive ?? {})) at(path).exclusive = groups;
  for (const path of rules.volatile) at(path).volatile = true;
  for (const path of rules.sensitive) at(path, true).sensitive = true;
  for (const path of rules.secretInput) at(path, true).secret = true;
  return root;
}

/** The nodes one level down: by the name of a property or map key. */
export function below(nodes: Nodes, name: string): Nodes {
  let found = none;
  const add = (node: RuleNode | undefined): void => {
    if (node !== undefined) found = found.length === 0 ? node.alone : [...found, node];
  };
  for (const node of nodes) {
    add(node.children.get(name));
    if (name !== '*') add(node.children.get('*'));
  }
  return found;
}

/** The first word that the nodes have on a subject. */
export const ruleOf = <Key extends keyof RuleNode>(nodes: Nodes, key: Key): RuleNode[Key] | undefined => {
  for (const node of nodes) if (node[key] !== undefined) return node[key];
  return undefined;
};
