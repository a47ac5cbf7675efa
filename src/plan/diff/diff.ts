import { mask, maskSalt } from '../../base/digest.ts';
import { isMasked, isObject, isSecretRef, secretSourceOf, type Json, type JsonObject } from '../../base/json.ts';
import { isLeaf, isSet, own, type Comparer } from './compare.ts';
import { below, ruleOf, type Nodes } from './rule-tree.ts';

/** One difference. `before` and `after` are as they are; `undefined` is absent. Not masked: never serialise these. */
export interface Difference {
  readonly path: string;
  /** Names and, for list elements, keys in brackets; the first is the property. */
  readonly segments: readonly string[];
  readonly before: Json | undefined;
  readonly after: Json | undefined;
  readonly nodes: Nodes;
}

export interface DiffOptions {
  /** Leave out what AWS moves by itself: for verification and stale checks, never for what an author asks. */
  readonly ignoreVolatile?: boolean;
}

/**
 * The differences between two sets of properties, in the order of their names: objects key by key, lists with keys
 * element by element, everything else as a whole. `before` is live where the comparison has a direction.
 */
export function diffProperties(
  before: JsonObject,
  after: JsonObject,
  comparer: Comparer,
  options: DiffOptions = {},
): readonly Difference[] {
  const found: Difference[] = [];
  for (const name of differingNames(before, after)) {
    diffValue(
      own(before, name),
      own(after, name),
      { path: name, segments: [name], nodes: below(comparer.root, name) },
      comparer,
      options,
      found,
    );
  }
  return found;
}

interface Spot {
  readonly path: string;
  readonly segments: readonly string[];
  readonly nodes: Nodes;
}

function diffValue(
  before: Json | undefined,
  after: Json | undefined,
  spot: Spot,
  comparer: Comparer,
  options: DiffOptions,
  found: Difference[],
): void {
  if (before === after || (before !== undefined && after !== undefined && comparer.equal(before, after, spot.nodes)))
    return;
  if (options.ignoreVolatile === true && ruleOf(spot.nodes, 'volatile') === true) return;
  if (isWalkable(before) && isWalkable(after) && before !== undefined && after !== undefined) {
    for (const name of differingNames(before as JsonObject, after as JsonObject)) {
      diffValue(
        own(before as JsonObject, name),
        own(after as JsonObject, name),
        { path: `${spot.path}.${name}`, segments: [...spot.segments, name], nodes: below(spot.nodes, name) },
        comparer,
        options,
        found,
      );
    }
    return;
  }
  const lists = (before === undefined || Array.isArray(before)) && (after === undefined || Array.isArray(after));
  if (lists && isSet(spot.nodes)) {
    for (const { key, before: old, after: fresh } of pairElements(
      (before ?? noElements) as readonly Json[],
      (after ?? noElements) as readonly Json[],
      spot.nodes,
      comparer,
    )) {
      if (fresh === undefined && options.ignoreVolatile === true && ruleOf(spot.nodes, 'partial') === true) continue;
      diffValue(
        old,
        fresh,
        { path: `${spot.path}[${key}]`, segments: [...spot.segments, `[${key}]`], nodes: below(spot.nodes, '*') },
        comparer,
        options,
        found,
      );
    }
    return;
  }
  found.push({ ...spot, before, after });
}

const isWalkable = (value: Json | undefined): boolean => isObject(value) && !isLeaf(value);

/** The names whose values are not one and the same, in order. */
export function differingNames(before: JsonObject, after: JsonObject): readonly string[] {
  const names = Object.keys(before).filter((name) => before[name] !== own(after, name));
  for (const name of Object.keys(after))
    if (after[name] !== undefined && !Object.hasOwn(before, name)) names.push(name);
  return names.sort();
}

/** One and the same empty list, so that pairs made with it are found again. */
export const noElements: readonly Json[] = [];

export interface Pair {
  readonly key: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** The pairs of the lists that were last held against a list: every rule of a type asks for the same ones. */
const lastPairs = new WeakMap<
  readonly Json[],
  { readonly after: readonly Json[]; readonly nodes: Nodes; readonly pairs: readonly Pair[] }
>();

/** Elements of two lists matched by key, in the order of their keys; a key that occurs twice is numbered. */
export function pairElements(
  before: readonly Json[],
  after: readonly Json[],
  nodes: Nodes,
  comparer: Comparer,
): readonly Pair[] {
  const last = lastPairs.get(before);
  if (last?.after === after && last.nodes === nodes) return last.pairs;
  const pairs = pairsOf(before, after, nodes, comparer);
  lastPairs.set(before, { after, nodes, pairs });
  return pairs;
}

function pairsOf(before: readonly Json[], after: readonly Json[], nodes: Nodes, comparer: Comparer): readonly Pair[] {
  const pairs = new Map<string, { before: Json[]; after: Json[] }>();
  const group = (element: Json): { before: Json[]; after: Json[] } => {
    const key = comparer.elementKey(element, nodes);
    let found = pairs.get(key);
    if (found === undefined) {
      found = { before: [], after: [] };
      pairs.set(key, found);
    }
    return found;
  };
  for (const element of before) group(element).before.push(element);
  for (const element of after) group(element).after.push(element);
  return [...pairs.entries()]
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .flatMap(([key, { before: old, after: fresh }]) =>
      Array.from({ length: Math.max(old.length, fresh.length) }, (_, index) => ({
        key: index === 0 ? key : `${key} #${index + 1}`,
        before: old[index],
        after: fresh[index],
      })),
    );
}

/**
 * A value as it may be shown and stored: sensitive texts and secrets masked, at any depth (law 11). Absent becomes
 * null. `state` of a secret is `changed` on an update, `set` on a create.
 */
export function shown(
  value: Json | undefined,
  nodes: Nodes,
  type: string,
  identity: string,
  state: 'set' | 'changed' = 'set',
): Json {
  if (value === undefined || value === null) return null;
  if (isSecretRef(value)) {
    const source = secretSourceOf(value);
    return { $masked: state, ...(source === undefined ? {} : { source }) };
  }
  if (isMasked(value)) return value;
  if (nodes.length === 0) return hasSecret(value) ? maskSecrets(value, state) : value;
  if (ruleOf(nodes, 'sensitive') === true)
    return isLeaf(value)
      ? value
      : mask(
          maskSalt(type, identity, ruleOf(nodes, 'path') ?? ''),
          typeof value === 'string' ? value : JSON.stringify(value),
        );
  // A secret that stands as a literal is an error of the change plan; it is hidden all the same.
  if (ruleOf(nodes, 'secret') === true) return { $masked: state };
  if (Array.isArray(value)) return value.map((item: Json) => shown(item, below(nodes, '*'), type, identity, state));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) =>
      item === undefined ? [] : [[key, shown(item, below(nodes, key), type, identity, state)]],
    ),
  );
}

const hasSecret = (value: Json): boolean =>
  isSecretRef(value) ||
  (Array.isArray(value)
    ? value.some((item: Json) => hasSecret(item))
    : isObject(value) && Object.values(value).some((item) => item !== undefined && hasSecret(item)));

function maskSecrets(value: Json, state: 'set' | 'changed'): Json {
  if (isSecretRef(value)) return shown(value, [], '', '', state);
  if (Array.isArray(value)) return value.map((item: Json) => maskSecrets(item, state));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[key, maskSecrets(item, state)]])),
  );
}
