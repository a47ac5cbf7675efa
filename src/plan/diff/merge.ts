import { isObject, isUnknown, type Json, type JsonObject } from '../../base/json.ts';
import { define, isDefault, isLeaf, isSet, own, type Comparer } from './compare.ts';
import { isStated, statementOf } from './expectation.ts';
import { below, ruleOf, type Nodes } from './rule-tree.ts';

/** A live list element or map key that the plan would take away without having said so. */
export interface Removal {
  readonly path: string;
  /** Dotted, for positions. */ readonly at: string;
  readonly element: Json;
}

interface Merging {
  readonly comparer: Comparer;
  readonly removals: Removal[];
}

/** Where the merge stands: for paths, for positions and in `expect`. */
interface Here {
  /** Made only for what leaves unnamed: the key of an element can be long. */
  readonly path: () => string;
  readonly at: string;
  readonly nodes: Nodes;
  readonly stated: Json | undefined;
  /** Inside an element of a list, which is whole: what the author leaves out of it goes. */
  readonly whole: boolean;
}

/**
 * The value after the change: objects merge key by key, a list is the whole list (elements by key where they have one)
 * and each element of it is whole; null takes a key away. A value that equals live keeps live's spelling, and its
 * object identity. `removals` receives every list element that leaves although `expect` does not name it (law 1).
 */
export function mergeValue(
  live: Json | undefined,
  author: Json,
  comparer: Comparer,
  path: string,
  stated: Json | undefined,
  removals: Removal[],
): Json | undefined {
  return merge(
    live,
    author,
    { path: () => path, at: path, nodes: below(comparer.root, path), stated, whole: false },
    { comparer, removals },
  );
}

/** As `mergeValue`, at a place further down: the names that lead there from the top. */
export function mergeAt(
  live: Json | undefined,
  author: Json,
  comparer: Comparer,
  names: readonly string[],
  stated: Json | undefined,
  removals: Removal[],
): Json | undefined {
  const path = names.join('.');
  return merge(
    live,
    author,
    { path: () => path, at: path, nodes: names.reduce(below, comparer.root), stated, whole: false },
    { comparer, removals },
  );
}

function merge(live: Json | undefined, author: Json, here: Here, merging: Merging): Json | undefined {
  if (author === null) {
    clear(live, here, merging);
    return undefined;
  }
  if (isLeaf(author)) {
    // A list that is not known yet may lack every element that is live.
    if (isUnknown(author)) clear(live, here, merging);
    return author;
  }
  if (live !== undefined && merging.comparer.equal(live, author, here.nodes)) return live;
  if (Array.isArray(author)) return asLive(live, mergeList(Array.isArray(live) ? live : [], author, here, merging));
  if (isObject(author)) return mergeObject(isObject(live) && !isLeaf(live) ? live : nothing, author, here, merging);
  return author;
}

function mergeObject(live: JsonObject, author: JsonObject, here: Here, merging: Merging): JsonObject {
  const result: Record<string, Json | undefined> = { ...live };
  let same = live !== nothing;
  for (const [key, value] of Object.entries(author)) {
    if (value === undefined) continue;
    const before = own(live, key);
    const merged = merge(before, value, child(here, key), merging);
    if (merged === before) continue;
    same = false;
    if (merged === undefined) delete result[key];
    else define(result, key, merged);
  }
  for (const key of leftOut(live, author, here)) {
    clear(own(live, key), child(here, key), merging);
    delete result[key];
    same = false;
  }
  return same ? live : result;
}

/**
 * The members of a live object that go although the author does not say so: in an element of a list those that are left
 * out, unless AWS fills it in or it means nothing; anywhere the members that AWS does not take beside one that the
 * author sets.
 */
function leftOut(live: JsonObject, author: JsonObject, here: Here): readonly string[] {
  const groups = ruleOf(here.nodes, 'exclusive');
  if (!here.whole && groups === undefined) return [];
  const isSet = (name: string): boolean => own(author, name) !== undefined && own(author, name) !== null;
  const chosen = groups?.filter((group) => group.some(isSet)) ?? [];
  const excluded = (key: string): boolean =>
    chosen.length > 0 &&
    groups?.some((group) => group.includes(key)) === true &&
    !chosen.some((group) => group.includes(key));
  const stays = (key: string): boolean => {
    const nodes = below(here.nodes, key);
    return ruleOf(nodes, 'assigned') === true || isDefault(live[key], nodes);
  };
  return Object.keys(live).filter(
    (key) =>
      live[key] !== undefined && own(author, key) === undefined && (excluded(key) || (here.whole && !stays(key))),
  );
}

const nothing: JsonObject = {};

/** The live list itself where nothing of it changed. */
const asLive = (live: Json | undefined, merged: readonly Json[]): readonly Json[] =>
  Array.isArray(live) && live.length === merged.length && live.every((element, index) => element === merged[index])
    ? live
    : merged;

function mergeList(live: readonly Json[], author: readonly Json[], here: Here, merging: Merging): readonly Json[] {
  return isSet(here.nodes) ? mergeSet(live, author, here, merging) : mergeOrdered(live, author, here, merging);
}

function mergeSet(live: readonly Json[], author: readonly Json[], here: Here, merging: Merging): readonly Json[] {
  const { comparer } = merging;
  const waiting = new Map<string, number[]>();
  live.forEach((element, index) => {
    const key = comparer.elementKey(element, here.nodes);
    const same = waiting.get(key);
    if (same === undefined) waiting.set(key, [index]);
    else same.push(index);
  });
  const kept = new Map<number, Json>();
  const added: Json[] = [];
  for (const element of author) {
    const index = waiting.get(comparer.elementKey(element, here.nodes))?.shift();
    const before = index === undefined ? undefined : live[index];
    const merged = merge(before, element, inside(here, before ?? element, String(index ?? 'new'), merging), merging);
    if (merged === undefined) continue;
    if (index === undefined) added.push(merged);
    else kept.set(index, merged);
  }
  const partial = ruleOf(here.nodes, 'partial') === true;
  const result: Json[] = [];
  live.forEach((element, index) => {
    const merged = kept.get(index);
    if (merged !== undefined) result.push(merged);
    else if (partial) result.push(element);
    else leave(element, live, here, merging);
  });
  return [...result, ...added];
}

function mergeOrdered(live: readonly Json[], author: readonly Json[], here: Here, merging: Merging): readonly Json[] {
  const quiet: Merging = { comparer: merging.comparer, removals: [] };
  const nodes = below(here.nodes, '*');
  const result = author.flatMap((element, index) => {
    const before = live[index];
    const merged =
      before === undefined ? undefined : merge(before, element, inside(here, before, String(index), merging), quiet);
    // An element at a position is the live one only if everything that the author says of it is so.
    const value =
      merged !== undefined && merging.comparer.equal(before, merged, nodes)
        ? before
        : merge(undefined, element, inside(here, element, String(index), merging), quiet);
    return value === undefined ? [] : [value];
  });
  const rest = [...result];
  for (const element of live) {
    const found = rest.findIndex((candidate) => merging.comparer.equal(element, candidate, nodes));
    if (found >= 0) rest.splice(found, 1);
    else leave(element, live, here, merging);
  }
  return result;
}

/**
 * Something goes as a whole. A key set to null states itself, but not what lies in the lists below it; where `keys` is
 * true (a map such as tags, reset as a whole), not the keys either.
 */
function clear(live: Json | undefined, here: Here, merging: Merging, keys = false): void {
  if (Array.isArray(live)) {
    if (ruleOf(here.nodes, 'partial') !== true)
      for (const element of live as readonly Json[]) leave(element, live, here, merging);
  } else if (isObject(live) && !isLeaf(live)) {
    for (const [key, value] of Object.entries(live)) {
      if (value === undefined) continue;
      const inner = child(here, key);
      if (keys && (inner.stated === undefined || !merging.comparer.equal(value, inner.stated, inner.nodes)))
        merging.removals.push({ path: inner.path(), at: here.at, element: value });
      else clear(value, inner, merging);
    }
  }
}

/** The removals when a property is reset as a whole: see `mergeValue` for the parameters. */
export function clearValue(
  live: Json | undefined,
  comparer: Comparer,
  path: string,
  stated: Json | undefined,
  removals: Removal[],
  keys: boolean,
): void {
  clear(
    live,
    { path: () => path, at: path, nodes: below(comparer.root, path), stated, whole: false },
    { comparer, removals },
    keys,
  );
}

function leave(element: Json, list: readonly Json[], here: Here, merging: Merging): void {
  if (isStated(element, here.stated, list, here.nodes, merging.comparer)) return;
  merging.removals.push({
    path: `${here.path()}[${merging.comparer.elementKey(element, here.nodes)}]`,
    at: here.at,
    element,
  });
}

const child = (here: Here, key: string): Here => ({
  path: () => `${here.path()}.${key}`,
  at: `${here.at}.${key}`,
  nodes: below(here.nodes, key),
  stated: isObject(here.stated) ? own(here.stated, key) : undefined,
  whole: here.whole,
});

const inside = (here: Here, element: Json, index: string, { comparer }: Merging): Here => ({
  path: () => `${here.path()}[${comparer.elementKey(element, here.nodes)}]`,
  at: `${here.at}.${index}`,
  nodes: below(here.nodes, '*'),
  stated: statementOf(element, here.stated, here.nodes, comparer),
  whole: true,
});
