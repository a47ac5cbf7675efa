import { AwsError, type AwsErrorKind } from '../../src/base/error.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import { textOf } from './memory-values.ts';

/** A resource of the memory world as "AWS" keeps it. `rows` is its data. */
export interface Item {
  readonly type: string;
  readonly identity: string;
  readonly incarnation: string;
  // These are never changed in place but replaced: forks share them, and what is told of them is made once.
  properties: Readonly<Record<string, Json>>;
  systemTags: Readonly<Record<string, string>>;
  state: string;
  pending: Readonly<Record<string, Json>>;
  rows: readonly string[];
  readonly created: string;
  /** Describes by which the transitional state is still seen; then `next` (null: the item is gone). */
  polls: number;
  next: string | null;
  /** The password as last written; not readable through the session. */
  secret: string | null;
  /** Reads for which it is not there yet, to AWS's eventually consistent eyes. */
  hidden: number;
  /** What reads still show of it, and how often, after it was changed. */
  former: { left: number; readonly view: JsonObject } | null;
}

export interface Snapshot {
  readonly name: string;
  readonly database: string;
  /** State and rows as of the moment of taking; never moves afterwards. */
  readonly properties: JsonObject;
  readonly rows: readonly string[];
  readonly created: string;
  readonly tags: Readonly<Record<string, string>>;
  polls: number;
  failed: boolean;
  hidden: number;
}

/** A failure to come: `lost` executes the call and then loses its answer. */
interface Fault {
  readonly operation: string;
  readonly error: AwsError;
  readonly lost: boolean;
  times: number;
}

/**
 * Reads of one thing: so many do not see it after it was made; so many still show it as it was before it was changed or
 * deleted.
 */
interface Lag {
  readonly unseen: number;
  readonly stale: number;
}

export interface State {
  readonly items: Map<string, Item>;
  readonly snapshots: Map<string, Snapshot>;
  /** What a client token made, and of what request. */
  readonly tokens: Map<string, { readonly identity: string; readonly request: string }>;
  readonly faults: Fault[];
  /** Copies of objects, by the name of the capture. */
  readonly copies: Map<string, ReadonlyMap<string, string>>;
  /** What was deleted and is still listed. */
  readonly ghosts: Map<
    string,
    { left: number; readonly type: string; readonly identity: string; readonly view: JsonObject }
  >;
  /** How eventually consistent the next mutations are. */
  lag: Lag;
  /** How many there may be, by type and `snapshots`. */
  readonly quotas: Map<string, number>;
  /** Classes of which AWS has none left. */
  readonly exhausted: Set<string>;
  /** Describes that a transitional state survives. */
  polls: number;
  counter: number;
}

export const keyOf = (type: string, identity: string): string => `${type} ${identity}`;

export const awsError = (
  operation: string,
  code: string,
  kind: AwsErrorKind,
  message: string,
  executed: 'no' | 'unknown' = 'no',
): AwsError =>
  new AwsError({
    code,
    kind,
    operation,
    message,
    executed,
    requestId: 'memory',
    httpStatus: kind === 'network' ? undefined : 400,
  });

/** A clock that only moves when something is made, so that runs are repeatable. */
export const nextTime = (state: State): string =>
  new Date(Date.UTC(2026, 1, 26, 12, 0, 0) + (state.counter += 1) * 60_000).toISOString();

/** One describe has passed: transitional states move on. Returns false when the item is gone. */
export function observe(state: State, item: Item): boolean {
  if (item.next === null && item.state !== 'deleting') return true;
  if (item.polls > 0) {
    item.polls -= 1;
    return true;
  }
  if (item.state === 'deleting') {
    state.items.delete(keyOf(item.type, item.identity));
    return false;
  }
  item.state = item.next ?? item.state;
  item.next = null;
  return true;
}

/** The item as the next describe would show it; null where that finds it gone. Moves nothing. */
export function foreseen(item: Item): Item | null {
  if ((item.next === null && item.state !== 'deleting') || item.polls > 0) return item;
  return item.state === 'deleting' ? null : { ...item, state: item.next ?? item.state };
}

/** Puts an item into a transitional state that lasts for the world's number of describes. */
export function become(state: State, item: Item, transitional: string, next: string | null): void {
  item.state = transitional;
  item.next = next;
  item.polls = state.polls;
  if (state.polls === 0 && next !== null) {
    item.state = next;
    item.next = null;
  }
}

/** Runs a mutation so that reads see its effects as late as the world's lag says. */
export function lagging<Result>(state: State, show: (item: Item) => JsonObject, mutate: () => Result): Result {
  const { unseen, stale } = state.lag;
  if (unseen === 0 && stale === 0) return mutate();
  const before = new Map([...state.items].map(([key, item]) => [key, { item, view: show(item) }]));
  const snapshots = new Set(state.snapshots.keys());
  const result = mutate();
  for (const [key, item] of state.items) {
    const former = before.get(key);
    if (former === undefined || former.item !== item) item.hidden = unseen;
    else if (stale > 0 && textOf(former.view) !== textOf(show(item))) item.former = { left: stale, view: former.view };
  }
  for (const [key, { item, view }] of before)
    if (stale > 0 && !state.items.has(key))
      state.ghosts.set(key, { left: stale, type: item.type, identity: item.identity, view });
  for (const [name, snapshot] of state.snapshots) if (!snapshots.has(name)) snapshot.hidden = unseen;
  return result;
}

/** A state of its own with the same in it; failures to come stay with this one. */
export const copied = (state: State): State => ({
  ...state,
  faults: [],
  lag: state.lag,
  tokens: new Map(state.tokens),
  copies: new Map(state.copies),
  quotas: new Map(state.quotas),
  exhausted: new Set(state.exhausted),
  items: new Map(
    [...state.items].map(([key, item]) => [key, { ...item, former: item.former === null ? null : { ...item.former } }]),
  ),
  snapshots: new Map([...state.snapshots].map(([name, snapshot]) => [name, { ...snapshot }])),
  ghosts: new Map([...state.ghosts].map(([key, one]) => [key, { ...one }])),
});

/** Everything that decides how the world behaves from now on, as text. */
export const pictured = (state: State): string =>
  JSON.stringify([
    [...state.items.values()].map(
      ({
        type,
        identity,
        incarnation,
        properties,
        systemTags,
        state: word,
        pending,
        rows,
        created,
        polls,
        next,
        secret,
        hidden,
        former,
      }) => [
        type,
        identity,
        incarnation,
        word,
        created,
        polls,
        next,
        secret,
        hidden,
        textOf(properties),
        textOf(systemTags),
        textOf(pending),
        textOf(rows),
        former === null ? null : [former.left, textOf(former.view)],
      ],
    ),
    [...state.snapshots.values()],
    [...state.tokens],
    [...state.copies].map(([name, held]) => [name, [...held]]),
    [...state.ghosts].map(([key, { left, view }]) => [key, left, textOf(view)]),
    state.lag,
    [...state.quotas],
    [...state.exhausted],
    state.polls,
    state.counter,
  ]);
