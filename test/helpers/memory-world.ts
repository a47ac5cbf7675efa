/**
 * An in-process provider: six resource types over a Map, driven through the same programs as AWS's.
 *
 * | type                     | identity            | what it is for |
 * |---|---|---|
 * | Test::Memory::Database   | DatabaseName        | holds data (`rows`); slow states; native snapshots; deferrable changes; protected; secret `Password`; sensitive `Script`; never replaced |
 * | Test::Memory::Group      | GroupId (assigned)  | keyed list `Rules`, may refer to groups; databases refer to it; replaceable; a restore has a new id; refuses deletion while used |
 * | Test::Memory::Note       | NoteName            | plain; free-form `Settings`; may refer to a database; states change at once |
 * | Test::Memory::Box        | BoxName             | holds objects (`rows`, as `key=text`); copied and emptied one by one, in batches; closed by its policy |
 * | Test::Memory::Link       | link|NetworkId      | no tags; an identity of two parts; at most one of a network; a group goes after its link |
 * | Test::Memory::Network    | NetworkId           | read only |
 *
 * How it behaves is written in memory-world.md; test/unit/memory-world.test.ts has a test of every sentence of it.
 * `sent` holds every executed call as declared (secrets unresolved).
 */
import type { AwsErrorKind } from '../../src/base/error.ts';
import type { AwsSession, Call } from '../../src/domain/call.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { LiveResource, Target } from '../../src/domain/live.ts';
import type { ResourceTypes } from '../../src/domain/resource-type.ts';
import type { Schemas } from '../../src/domain/schema.ts';
import { liveOf } from './memory-reading.ts';
import { BOX, DATABASE, GROUP, LINK, memorySchemas } from './memory-schemas.ts';
import { memorySession } from './memory-session.ts';
import { awsError, copied, foreseen, keyOf, nextTime, pictured, type Item, type State } from './memory-state.ts';
import { memoryTypes } from './memory-types.ts';
import { describe, texts } from './memory-values.ts';

export { BOX, DATABASE, GROUP, LINK, NETWORK, NOTE } from './memory-schemas.ts';

/** What a test puts into the world; what is left out gets a default. */
export interface Seed {
  readonly type: string;
  readonly identity: string;
  /** `Tags` may hold `aws:*` and `aiplan:*` ones too. */
  readonly properties?: JsonObject;
  readonly state?: string;
  readonly incarnation?: string;
  readonly pending?: JsonObject;
  readonly rows?: readonly string[];
  readonly created?: string;
}

export interface MemoryWorld {
  readonly types: ResourceTypes;
  readonly schemas: Schemas;
  readonly session: AwsSession;
  readonly target: Target;
  /** Every executed mutating call, in order. */
  readonly sent: Call[];
  put(resource: Seed): void;
  /** Takes a resource away behind aiplan's back. */
  drop(type: string, identity: string): void;
  /** Somebody else changes a resource that is there; answers whether it was. `replaced`: another one takes its name. */
  meddle(
    type: string,
    identity: string,
    change: { readonly properties?: JsonObject; readonly tags?: JsonObject; readonly replaced?: boolean },
  ): boolean;
  /** The resource as a detailed read would give it, without counting as a describe. */
  get(type: string, identity: string): Promise<LiveResource | undefined>;
  list(): readonly { readonly type: string; readonly identity: string; readonly state: string }[];
  /** Rows of a database, objects of a box (`key=text`); with `rows`, sets them. */
  rows(identity: string, rows?: readonly string[]): readonly string[];
  /** The password as last written. */
  secret(identity: string): string | null;
  snapshots(): readonly string[];
  /** What a snapshot, or a capture's copies, hold; null where there are none. */
  held(name: string): readonly string[] | null;
  /** How late reads see what the next mutations do, in reads of the thing; both 0: at once. */
  lag(unseen: number, stale: number): void;
  /** At most so many of a type, or of `snapshots`; null: no limit. */
  limit(what: string, most: number | null): void;
  /** AWS has no capacity for a class, or has it again. */
  exhaust(name: string, none?: boolean): void;
  /** Makes a snapshot fail its verification. */
  spoil(snapshot: string): void;
  /** Describes that a transitional state survives. */
  slow(polls: number): void;
  flush(identity: string): void;
  /** A world of its own in the same state; failures to come stay with this one. */
  fork(): MemoryWorld;
  /** Everything that decides how the world behaves from now on, as text: equal ones behave alike. */
  image(): string;
  fail(
    operation: string,
    options?: { code?: string; kind?: AwsErrorKind; message?: string; lost?: boolean; times?: number },
  ): void;
}

export const memoryTarget: Target = {
  account: '123456789012',
  region: 'eu-west-1',
  caller: 'arn:aws:iam::123456789012:user/test',
  endpoint: null,
};

/** A fresh world with the given resources. */
export function createMemoryWorld({
  seed = [],
  polls = 1,
}: { readonly seed?: readonly Seed[]; readonly polls?: number } = {}): MemoryWorld {
  const state: State = {
    items: new Map(),
    snapshots: new Map(),
    tokens: new Map(),
    faults: [],
    copies: new Map(),
    ghosts: new Map(),
    lag: { unseen: 0, stale: 0 },
    quotas: new Map(),
    exhausted: new Set(),
    polls,
    counter: 0,
  };
  const world = worldOver(state, []);
  for (const resource of seed) world.put(resource);
  nextTime(state);
  return world;
}

function worldOver(state: State, sent: Call[]): MemoryWorld {
  return {
    types: memoryTypes,
    schemas: memorySchemas,
    session: memorySession(state, sent),
    target: memoryTarget,
    sent,
    put({ type, identity, properties = {}, state: word, incarnation, pending = {}, rows = [], created }) {
      const { Tags = {}, Password, ...rest } = properties;
      const tags = Object.entries(Tags as Record<string, string>);
      const system = ([key]: readonly [string, string]): boolean => /^(aws|aiplan):/u.test(key);
      const defaults: Record<string, Json> =
        type === DATABASE
          ? {
              DatabaseName: identity,
              Engine: 'postgres',
              Class: 'db.small',
              Size: 20,
              Retention: 7,
              Protected: false,
              Public: false,
              GroupIds: [],
              Parameters: {},
            }
          : type.endsWith('Group')
            ? { Rules: [] }
            : type.endsWith('Note')
              ? { NoteName: identity, Settings: {} }
              : type === BOX
                ? { BoxName: identity, Settings: {} }
                : {};
      state.items.set(keyOf(type, identity), {
        type,
        identity,
        incarnation: incarnation ?? `${identity}#0`,
        properties: {
          ...defaults,
          ...(rest as Record<string, Json>),
          Tags: Object.fromEntries(tags.filter((tag) => !system(tag))),
        },
        systemTags: Object.fromEntries(tags.filter(system)),
        state: word ?? (type === DATABASE ? 'available' : 'present'),
        pending: { ...(pending as Record<string, Json>) },
        rows: [...rows],
        created: created ?? '2025-01-01T00:00:00.000Z',
        polls: 0,
        next: null,
        secret: typeof Password === 'string' ? Password : null,
        hidden: 0,
        former: null,
      } satisfies Item);
    },
    drop(type, identity) {
      state.items.delete(keyOf(type, identity));
    },
    meddle(type, identity, { properties = {}, tags = {}, replaced = false }) {
      const item = state.items.get(keyOf(type, identity));
      if (item === undefined || item.state === 'deleting') return false;
      const changed = {
        ...item.properties,
        ...(properties as Record<string, Json>),
        Tags: { ...(item.properties['Tags'] as JsonObject), ...tags },
      };
      if (replaced)
        state.items.set(keyOf(type, identity), {
          ...item,
          incarnation: `${identity}#stranger`,
          systemTags: {},
          properties: type === LINK ? { ...changed, GroupId: 'g-stranger' } : changed,
          rows: ['stranger=1'],
          next: null,
          polls: 0,
          state: type === DATABASE ? 'available' : 'present',
        });
      else item.properties = changed;
      return true;
    },
    async get(type, identity) {
      const found = state.items.get(keyOf(type, identity));
      const item = found === undefined ? null : foreseen(found);
      if (item === null) return undefined;
      const users =
        type !== GROUP
          ? []
          : [...state.items.values()]
              .filter(
                (other) =>
                  other.type === DATABASE &&
                  foreseen(other) !== null &&
                  texts(other.properties['GroupIds']).includes(identity),
              )
              .map((other) => ({ type: DATABASE, identity: other.identity }));
      return liveOf(type, describe(item), true, undefined, users);
    },
    list: () => [...state.items.values()].map(({ type, identity, state: word }) => ({ type, identity, state: word })),
    rows(identity, rows) {
      const item = state.items.get(keyOf(DATABASE, identity)) ?? state.items.get(keyOf(BOX, identity));
      if (item === undefined) throw new Error(`no database or box ${identity}`);
      if (rows !== undefined) item.rows = [...rows];
      return [...item.rows];
    },
    secret: (identity) => state.items.get(keyOf(DATABASE, identity))?.secret ?? null,
    snapshots: () => [...state.snapshots.keys()],
    held: (name) =>
      state.snapshots.get(name)?.rows ??
      (state.copies.has(name) ? [...(state.copies.get(name) ?? [])].map(([key, body]) => `${key}=${body}`) : null),
    lag(unseen, stale) {
      state.lag = { unseen, stale };
    },
    limit(what, most) {
      if (most === null) state.quotas.delete(what);
      else state.quotas.set(what, most);
    },
    exhaust(name, none = true) {
      if (none) state.exhausted.add(name);
      else state.exhausted.delete(name);
    },
    spoil(snapshot) {
      const found = state.snapshots.get(snapshot);
      if (found !== undefined) found.failed = true;
    },
    slow(count) {
      state.polls = count;
    },
    flush(identity) {
      const item = state.items.get(keyOf(DATABASE, identity));
      if (item !== undefined) {
        item.properties = { ...item.properties, ...item.pending };
        item.pending = {};
      }
    },
    fork: () => worldOver(copied(state), [...sent]),
    image: () => pictured(state),
    fail(
      operation,
      { code = 'InternalError', kind = 'unknown', message = 'ordered by the test', lost = false, times = 1 } = {},
    ) {
      state.faults.push({
        operation,
        lost,
        times,
        error: awsError(
          operation,
          code,
          kind,
          message,
          lost || kind === 'network' || kind === 'unknown' ? 'unknown' : 'no',
        ),
      });
    },
  };
}
