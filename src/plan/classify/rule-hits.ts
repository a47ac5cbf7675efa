import { isObject, isUnknown, type Json, type JsonObject } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { ChangeRule, RuleScene } from '../../domain/resource-type.ts';
import { isLeaf, isSet, type Comparer } from '../diff/compare.ts';
import { differingNames, noElements, pairElements } from '../diff/diff.ts';
import { holdsUnknown, placeholderOf, withPlaceholders } from '../diff/references.ts';
import { below, ruleOf, type Nodes } from '../diff/rule-tree.ts';

/** A rule that recognised something, and where. */
export interface Hit {
  readonly segments: readonly string[];
  readonly says: string;
  readonly irreversible: boolean;
  /** The value is not known yet, so that nothing tells that the rule does not hit. */
  readonly unknown?: true;
  /** The rule itself, to find it again when the value is known. */
  readonly rule?: ChangeRule;
}

/**
 * Holds every rule against the values before and after: at each concrete place of its path that differs. A rule that
 * throws counts as a hit, and so does one on whose path a value is not known yet (law 9): what cannot be judged is not
 * safe.
 */
export function ruleHits(
  rules: readonly ChangeRule[],
  before: JsonObject,
  after: JsonObject,
  live: LiveResource | null,
  comparer: Comparer,
  scene?: RuleScene,
  former: FormerValues = () => anyFormer,
): readonly Hit[] {
  const hits: Hit[] = [];
  for (const rule of rules) {
    const names = rule.path.split('.');
    const hit = (judged: Judged | null, segments: readonly string[]): void => {
      if (judged === null) return;
      hits.push({
        segments,
        says: judged.says,
        irreversible: rule.irreversible === true,
        rule,
        ...(judged.unknown ? { unknown: true } : {}),
      });
    };
    visit(before, after, names, 0, [], comparer.root, comparer, {
      known: (old, fresh, segments) => {
        hit(
          judge(rule, old, fresh, live, segments, scene) ??
            (old === undefined && live !== null ? judgeUnanswered(rule, fresh, live, segments, scene, former) : null),
          segments,
        );
      },
      unknown: (old, name, segments) => {
        hit(judgeUnknown(rule, old, name, live, segments, scene), segments);
      },
      possible: (old, fresh, segments) => {
        const judged = judge(rule, old, fresh, live, segments, scene);
        hit(judged === null ? null : { says: judged.says, unknown: true }, segments);
      },
    });
  }
  return hits;
}

interface Judged {
  readonly says: string;
  readonly unknown: boolean;
}

/**
 * The answer of a rule about two values. Where a part of the new one is not known yet, the rule is watched: if it looks
 * at that part, its answer cannot be relied on and counts as a hit; if it does not, the part has no bearing on it.
 */
function judge(
  rule: ChangeRule,
  before: Json | undefined,
  after: Json | undefined,
  live: LiveResource | null,
  segments: readonly string[],
  scene: RuleScene | undefined,
): Judged | null {
  const seen = new Set<string>();
  const value =
    after === undefined
      ? undefined
      : watched(after, (name) => {
          seen.add(name);
        });
  try {
    if (rule.given?.(before, live) === false) return null;
    const hits = rule.when === undefined || rule.when(before, value, live, scene);
    const [name] = seen;
    if (name !== undefined)
      return {
        says: mayMean(rule, before, withPlaceholders(after ?? null), live, segments, name, scene),
        unknown: true,
      };
    // A rule that is sure of its hit may still name the part: the sentence will be another once it is known, and the
    // hit the same.
    return hits ? { says: rule.says(before, value, live, scene), unknown: seen.size > 0 } : null;
  } catch (error) {
    return { says: `${rule.path} changes in a way that could not be judged (${messageOf(error)})`, unknown: true };
  }
}

/** The values that a path may have had, where AWS answered none; none: it was not set. */
export type FormerValues = (path: string) => readonly Json[];

/** Of a path of which nothing is known, one value of each kind that a rule may look for. */
export const anyFormer: readonly Json[] = [true, false, 0, 1, 2 ** 31, 'another value'];

/**
 * A single value of a live resource that AWS did not answer: the rule is asked with each value that it may have. A
 * list or an object that is not there is empty.
 */
function judgeUnanswered(
  rule: ChangeRule,
  after: Json | undefined,
  live: LiveResource,
  segments: readonly string[],
  scene: RuleScene | undefined,
  former: FormerValues,
): Judged | null {
  if (rule.path.endsWith('*') || after === undefined || after === null || typeof after === 'object') return null;
  for (const before of former(rule.path)) {
    const judged = before === after ? null : judge(rule, before, after, live, segments, scene);
    if (judged !== null)
      return {
        says: `${judged.says} (AWS did not answer what ${segments.at(-1) ?? rule.path} was, and unknown is not safe)`,
        unknown: judged.unknown,
      };
  }
  return null;
}

/** A whole value that is not known yet, against each value that it may take the place of. */
function judgeUnknown(
  rule: ChangeRule,
  olds: readonly (Json | undefined)[],
  name: string,
  live: LiveResource | null,
  segments: readonly string[],
  scene: RuleScene | undefined,
): Judged | null {
  const holds = (old: Json | undefined): boolean => {
    try {
      return rule.given?.(old, live) !== false;
    } catch {
      return true;
    }
  };
  const index = olds.findIndex(holds);
  return index < 0
    ? null
    : { says: mayMean(rule, olds[index], placeholderOf(name), live, segments, name, scene), unknown: true };
}

function mayMean(
  rule: ChangeRule,
  before: Json | undefined,
  after: Json,
  live: LiveResource | null,
  segments: readonly string[],
  name: string,
  scene: RuleScene | undefined,
): string {
  const place = segments.reduce(
    (path, segment) => (segment.startsWith('[') ? `${path}${segment}` : `${path}${path === '' ? '' : '.'}${segment}`),
    '',
  );
  const known = `${place} is known only after ${name}`;
  try {
    return `${known}; it may mean this: ${rule.says(before, after, live, scene)}`;
  } catch (error) {
    return `${known}, and could not be judged (${messageOf(error)})`;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * The value with a placeholder for each unknown part, which tells when it is looked at. Itself where everything is
 * known.
 */
function watched(value: Json, note: (name: string) => void): Json {
  if (typeof value !== 'object' || value === null || !holdsUnknown(value)) return value;
  const copy: object = Array.isArray(value) ? [] : {};
  for (const [key, item] of Object.entries(value) as readonly (readonly [string, Json | undefined])[]) {
    const get = isUnknown(item)
      ? () => {
          note(item.$unknown);
          return placeholderOf(item.$unknown);
        }
      : undefined;
    const inside = item === undefined || get !== undefined ? item : watched(item, note);
    Object.defineProperty(copy, key, {
      enumerable: true,
      configurable: true,
      ...(get === undefined ? { value: inside, writable: true } : { get }),
    });
  }
  return copy as Json;
}

interface Visitor {
  readonly known: (before: Json | undefined, after: Json | undefined, segments: readonly string[]) => void;
  readonly unknown: (before: readonly (Json | undefined)[], name: string, segments: readonly string[]) => void;
  /** The two may turn out to be the same element: what identifies the new one is not known yet. */
  readonly possible: (before: Json | undefined, after: Json | undefined, segments: readonly string[]) => void;
}

function visit(
  before: Json | undefined,
  after: Json | undefined,
  names: readonly string[],
  depth: number,
  segments: readonly string[],
  nodes: Nodes,
  comparer: Comparer,
  visitor: Visitor,
): void {
  if (before === after) return;
  if (isUnknown(after)) {
    visitor.unknown(valuesAt(before, names, depth), after.$unknown, segments);
    return;
  }
  const name = names[depth];
  if (name === undefined) {
    if (before === undefined || after === undefined || !comparer.equal(before, after, nodes))
      visitor.known(before, after, segments);
    return;
  }
  if (name !== '*') {
    const old = field(before, name);
    const fresh = field(after, name);
    if (old !== undefined || fresh !== undefined)
      visit(old, fresh, names, depth + 1, [...segments, name], below(nodes, name), comparer, visitor);
    return;
  }
  if (Array.isArray(before) || Array.isArray(after)) {
    const old = (Array.isArray(before) ? before : noElements) as readonly Json[];
    const fresh = (Array.isArray(after) ? after : noElements) as readonly Json[];
    const inside = below(nodes, '*');
    // Without keys the elements are matched by equality, so that one that moves is no change.
    const pairs = isSet(nodes) ? pairElements(old, fresh, nodes, comparer) : unmatched(old, fresh, inside, comparer);
    const keys = ruleOf(nodes, 'keys') ?? [];
    for (const pair of pairs) {
      const place = [...segments, `[${pair.key}]`];
      visit(pair.before, pair.after, names, depth + 1, place, inside, comparer, visitor);
      const { after: element } = pair;
      if (
        pair.before !== undefined ||
        !isObject(element) ||
        isLeaf(element) ||
        !keys.some((key) => holdsUnknown(element[key]))
      )
        continue;
      for (const other of old)
        visit(other, element, names, depth + 1, place, inside, comparer, { ...visitor, known: visitor.possible });
    }
    return;
  }
  for (const key of differingNames(mapOf(before), mapOf(after)))
    visit(
      field(before, key),
      field(after, key),
      names,
      depth + 1,
      [...segments, key],
      below(nodes, key),
      comparer,
      visitor,
    );
}

/**
 * The values at the rest of a path, which something unknown takes the place of; where there are many, one more may be
 * added.
 */
function valuesAt(value: Json | undefined, names: readonly string[], depth: number): readonly (Json | undefined)[] {
  const name = names[depth];
  if (name === undefined) return [value];
  if (name !== '*') return valuesAt(field(value, name), names, depth + 1);
  const items: readonly (Json | undefined)[] = Array.isArray(value)
    ? (value as readonly Json[])
    : Object.values(mapOf(value));
  return [...items, undefined].flatMap((item) => valuesAt(item, names, depth + 1));
}

const unmatched = (before: readonly Json[], after: readonly Json[], nodes: Nodes, comparer: Comparer) => {
  const rest = [...after];
  const gone = before.filter((element) => {
    const index = rest.findIndex((other) => comparer.equal(element, other, nodes));
    if (index >= 0) rest.splice(index, 1);
    return index < 0;
  });
  return [
    ...gone.map((element, index) => ({
      key: `- ${index}`,
      before: element as Json | undefined,
      after: undefined as Json | undefined,
    })),
    ...rest.map((element, index) => ({
      key: `+ ${index}`,
      before: undefined as Json | undefined,
      after: element as Json | undefined,
    })),
  ];
};

const field = (value: Json | undefined, name: string): Json | undefined =>
  isObject(value) && !isLeaf(value) && Object.hasOwn(value, name) ? value[name] : undefined;
const mapOf = (value: Json | undefined): JsonObject => (isObject(value) && !isLeaf(value) ? value : {});

/** Whether a change and a hit speak of the same place, one perhaps inside the other. */
export function overlap(a: readonly string[], b: readonly string[]): boolean {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}
