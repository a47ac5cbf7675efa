import { canonical } from '../../base/digest.ts';
import { isObject, type Json, type JsonObject } from '../../base/json.ts';
import { value } from '../base/format.ts';

/** One statement of an IAM policy, its lists as sets of texts (IAM user guide, "Policy element reference"). */
export interface Statement {
  readonly sid: string | null;
  readonly effect: string;
  /**
   * `Action`, `Principal`, `Resource`, `Condition` and their `Not…`, and whatever else stands there: each item one
   * text.
   */
  readonly parts: Readonly<Record<string, readonly string[]>>;
}

export interface FieldDiff {
  readonly field: string;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

export interface PolicyDiff {
  readonly added: readonly Statement[];
  readonly removed: readonly Statement[];
  readonly changed: readonly {
    readonly before: Statement;
    readonly after: Statement;
    readonly fields: readonly FieldDiff[];
  }[];
  readonly unchanged: number;
  /** `Version`, `Id` and what else stands beside the statements. */
  readonly fields: readonly FieldDiff[];
}

/** Statements are compared each with each only up to this many pairs. */
const mostPairs = 10_000;
/** From this share of common items on, two statements count as one that changed. */
const alike = 0.5;

/** A policy document, given as an object or as its JSON text; null where it is none. */
export function policyOf(json: Json | undefined): JsonObject | null {
  if (isObject(json)) return isObject(json['Statement']) || Array.isArray(json['Statement']) ? json : null;
  if (typeof json !== 'string' || !/^\s*\{/u.test(json) || !json.includes('"Statement"')) return null;
  try {
    return policyOf(JSON.parse(json) as Json);
  } catch (error) {
    // A text that only looks like one is shown as text.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** The statements of a policy, in their order. An item that is no object counts as a statement of its own words. */
export function statementsOf(policy: JsonObject | null): readonly Statement[] {
  const list = policy?.['Statement'];
  return (Array.isArray(list) ? (list as readonly Json[]) : list === undefined ? [] : [list]).map(statementOf);
}

function statementOf(json: Json): Statement {
  if (!isObject(json)) return { sid: null, effect: '', parts: { Statement: [value(json)] } };
  const { Sid, Effect, ...rest } = json;
  const names = Object.keys(rest)
    .filter((name) => rest[name] !== undefined)
    .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return {
    sid: typeof Sid === 'string' && Sid !== '' ? Sid : null,
    effect: Effect === undefined ? '' : value(Effect),
    parts: Object.fromEntries(names.map((name) => [name, sorted(itemsOf(name, rest[name]))])),
  };
}

const order = ['Principal', 'NotPrincipal', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition'];
const rank = (name: string): number => (order.indexOf(name) < 0 ? order.length : order.indexOf(name));
const sorted = (items: readonly string[]): readonly string[] => [...new Set(items)].sort();

/** The items of one element of a statement, each as a text of its own. */
function itemsOf(name: string, json: Json | undefined): readonly string[] {
  if (/^(?:Not)?Principal$/u.test(name) && isObject(json)) {
    return Object.entries(json).flatMap(([kind, who]) => textsOf(who).map((text) => `${kind} ${text}`));
  }
  if (name === 'Condition' && isObject(json)) {
    return Object.entries(json).flatMap(([operator, keys]) =>
      isObject(keys)
        ? Object.entries(keys).flatMap(([key, values]) => textsOf(values).map((text) => `${operator} ${key} = ${text}`))
        : [`${operator} ${value(keys)}`],
    );
  }
  return textsOf(json);
}

/** An empty list says something else than no list: nothing matches. */
const textsOf = (json: Json | undefined): readonly string[] =>
  Array.isArray(json) ? (json.length === 0 ? ['(none)'] : json.map((item: Json) => value(item))) : [value(json)];

/** The differences between two policies, statement by statement; the order of statements means nothing. */
export function policyDiff(before: JsonObject | null, after: JsonObject | null): PolicyDiff {
  const old = statementsOf(before);
  const fresh = statementsOf(after);
  const partner = pairs(old, fresh);
  const changed = [...partner].flatMap(([from, to]) => {
    const [a, b] = [old[from] as Statement, fresh[to] as Statement];
    const fields = fieldsOf(a, b);
    return fields.length === 0 ? [] : [{ before: a, after: b, fields }];
  });
  const taken = new Set(partner.values());
  return {
    removed: old.filter((_, index) => !partner.has(index)),
    added: fresh.filter((_, index) => !taken.has(index)),
    changed,
    unchanged: partner.size - changed.length,
    fields: besides(before, after),
  };
}

/** Which statement became which: equal ones first, then by `Sid`, then the most similar. */
function pairs(old: readonly Statement[], fresh: readonly Statement[]): ReadonlyMap<number, number> {
  const partner = new Map<number, number>();
  const taken = new Set<number>();
  const pair = (from: number, to: number): void => {
    partner.set(from, to);
    taken.add(to);
  };
  const byKey = (keyOf: (statement: Statement) => string | null): void => {
    const waiting = new Map<string, number[]>();
    fresh.forEach((statement, index) => {
      const key = keyOf(statement);
      if (!taken.has(index) && key !== null) waiting.set(key, [...(waiting.get(key) ?? []), index]);
    });
    old.forEach((statement, index) => {
      const key = partner.has(index) ? null : keyOf(statement);
      const to = key === null ? undefined : waiting.get(key)?.shift();
      if (to !== undefined) pair(index, to);
    });
  };
  byKey((statement) => canonical(statement));
  byKey(({ sid }) => sid);
  const [left, right] = [
    old.flatMap((_, index) => (partner.has(index) ? [] : [index])),
    fresh.flatMap((_, index) => (taken.has(index) ? [] : [index])),
  ];
  if (left.length * right.length > mostPairs) return partner;
  const items = right.map((to) => ({ to, has: itemsIn(fresh[to] as Statement) }));
  const likely = left.flatMap((from) => {
    const has = itemsIn(old[from] as Statement);
    return items.flatMap((other) => {
      const score = similarity(has, other.has);
      return score >= alike ? [{ from, to: other.to, score }] : [];
    });
  });
  for (const { from, to } of likely.sort((a, b) => b.score - a.score || a.from - b.from || a.to - b.to)) {
    if (!partner.has(from) && !taken.has(to)) pair(from, to);
  }
  return partner;
}

const itemsIn = ({ effect, parts }: Statement): ReadonlySet<string> =>
  new Set([effect, ...Object.entries(parts).flatMap(([name, items]) => items.map((item) => `${name}\n${item}`))]);

/** The share of items that two statements have in common, 0 to 1; each has its effect at least. */
function similarity(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  let common = 0;
  for (const item of one) if (other.has(item)) common += 1;
  return common / (one.size + other.size - common);
}

function fieldsOf(a: Statement, b: Statement): readonly FieldDiff[] {
  const names = [...new Set([...Object.keys(a.parts), ...Object.keys(b.parts)])].sort(
    (x, y) => rank(x) - rank(y) || (x < y ? -1 : 1),
  );
  return [
    ...field('Sid', a.sid === null ? [] : [a.sid], b.sid === null ? [] : [b.sid]),
    ...field('Effect', a.effect === '' ? [] : [a.effect], b.effect === '' ? [] : [b.effect]),
    ...names.flatMap((name) => field(name, own(a.parts, name), own(b.parts, name))),
  ];
}

const own = (parts: Statement['parts'], name: string): readonly string[] =>
  Object.hasOwn(parts, name) ? (parts[name] ?? []) : [];

function field(name: string, before: readonly string[], after: readonly string[]): readonly FieldDiff[] {
  const [old, fresh] = [new Set(before), new Set(after)];
  const [removed, added] = [before.filter((item) => !fresh.has(item)), after.filter((item) => !old.has(item))];
  return removed.length + added.length === 0 ? [] : [{ field: name, removed, added }];
}

/** The members beside the statements. */
function besides(before: JsonObject | null, after: JsonObject | null): readonly FieldDiff[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])]
    .filter((name) => name !== 'Statement')
    .sort();
  const texts = (policy: JsonObject | null, name: string): readonly string[] =>
    policy === null || !Object.hasOwn(policy, name) || policy[name] === undefined ? [] : [value(policy[name])];
  return names.flatMap((name) => field(name, texts(before, name), texts(after, name)));
}
