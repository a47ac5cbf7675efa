import type { CompareRule, TypeRules } from '../model/resource-type.ts';

/** What the rules of a type say about one path. Nodes form a tree; `*` is a child like any other. */
export interface RuleNode {
  readonly path: string;
  readonly children: Map<string, RuleNode>;
  compare?: CompareRule;
  keys?: readonly string[];
  partial?: boolean;
  volatile?: boolean;
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
    tree = [compile(rules)];
    trees.set(rules, tree);
  }
  return tree;
}

function compile(rules: TypeRules): RuleNode {
  const root: RuleNode = { path: '', children: new Map() };
  const at = (path: string, hides = false): RuleNode => {
    let node = root;
    for (const name of path.split('.')) {
      if (hides) node.hides = true;
      let child = node.children.get(name);
      if (child === undefined) {
        child = { path: node.path === '' ? name : `${node.path}.${name}`, children: new Map() };
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
  for (const path of rules.volatile) at(path).volatile = true;
  for (const path of rules.sensitive) at(path, true).sensitive = true;
  for (const path of rules.secretInput) at(path, true).secret = true;
  return root;
}

/** The nodes one level down: by the name of a property or map key. */
export function below(nodes: Nodes, name: string): Nodes {
  if (nodes.length === 0) return none;
  const found: RuleNode[] = [];
  for (const node of nodes) {
    const named = node.children.get(name);
    if (named !== undefined) found.push(named);
    const any = name === '*' ? undefined : node.children.get('*');
    if (any !== undefined) found.push(any);
  }
  return found.length === 0 ? none : found;
}

/** The first word that the nodes have on a subject. */
export const ruleOf = <Key extends keyof RuleNode>(nodes: Nodes, key: Key): RuleNode[Key] | undefined => {
  for (const node of nodes) if (node[key] !== undefined) return node[key];
  return undefined;
};
