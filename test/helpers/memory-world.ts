/**
 * An in-process provider: four resource types over a Map, driven through the same programs as AWS's.
 *
 * | type                     | identity            | what it is for |
 * |---|---|---|
 * | Test::Memory::Database   | DatabaseName        | holds data (`rows`); slow states; native snapshots; deferrable changes; protected; secret `Password`; sensitive `Script`; never replaced |
 * | Test::Memory::Group      | GroupId (assigned)  | keyed list `Rules`, may refer to groups; databases refer to it; replaceable; a restore has a new id; refuses deletion while used |
 * | Test::Memory::Note       | NoteName            | plain; free-form `Settings`; may refer to a database; states change at once |
 * | Test::Memory::Network    | NetworkId           | read only |
 *
 * Behaviour:
 * - A database that is created, modified, closed, opened, restored or deleted is in a transitional state for `polls`
 *   describes (default 1, set by `slow`); a snapshot likewise. Listing counts as a describe.
 * - A modification with `ApplyImmediately: false` leaves `Class` in `pending`; `flush(identity)` is the maintenance window.
 * - A snapshot holds the rows and properties of its moment. A restore brings back rows, engine, size and the given class;
 *   everything else is at its default until a second modification. The final snapshot of a delete is `<captureName>-final`.
 * - Deleting a protected database is refused; deleting one needs a final snapshot or, with the permit's confirmed loss, its skip.
 * - `CreateGroup` is idempotent by `ClientToken`; `CreateDatabase` and `CreateDatabaseSnapshot` refuse a name that exists.
 * - `mutate` refuses operations that the permit does not name; `sent` holds every executed call as declared (secrets unresolved).
 * - `fail(operation, …)` orders failures: refused before execution, or executed with the answer lost (`lost: true`).
 */
import type { AwsErrorKind } from '../../src/model/error.ts';
import type { AwsSession, Call } from '../../src/model/call.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import type { LiveResource, Target } from '../../src/model/live.ts';
import type { ResourceTypes } from '../../src/model/resource-type.ts';
import type { Schemas } from '../../src/model/schema.ts';
import { readMemory } from './memory-reading.ts';
import { DATABASE, memorySchemas } from './memory-schemas.ts';
import { memorySession } from './memory-session.ts';
import { awsError, keyOf, nextTime, type Item, type State } from './memory-state.ts';
import { memoryTypes } from './memory-types.ts';

export { DATABASE, GROUP, NETWORK, NOTE } from './memory-schemas.ts';
export { memoryTypes } from './memory-types.ts';

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
  /** The resource as a detailed read would give it, without counting as a describe. */
  get(type: string, identity: string): Promise<LiveResource | undefined>;
  list(): readonly { readonly type: string; readonly identity: string; readonly state: string }[];
  /** Rows of a database; with `rows`, sets them. */
  rows(identity: string, rows?: readonly string[]): readonly string[];
  /** The password as last written. */
  secret(identity: string): string | null;
  snapshots(): readonly string[];
  /** Makes a snapshot fail its verification. */
  spoil(snapshot: string): void;
  /** Describes that a transitional state survives. */
  slow(polls: number): void;
  flush(identity: string): void;
  fail(operation: string, options?: { code?: string; kind?: AwsErrorKind; message?: string; lost?: boolean; times?: number }): void;
}

export const memoryTarget: Target = { account: '123456789012', region: 'eu-west-1', caller: 'arn:aws:iam::123456789012:user/test', endpoint: null };

/** A fresh world with the given resources. */
export function createMemoryWorld({ seed = [], polls = 1 }: { readonly seed?: readonly Seed[]; readonly polls?: number } = {}): MemoryWorld {
  const state: State = { items: new Map(), snapshots: new Map(), tokens: new Map(), faults: [], polls, counter: 0 };
  const sent: Call[] = [];
  const still = memorySession(state, []);
  const world: MemoryWorld = {
    types: memoryTypes(), schemas: memorySchemas, session: memorySession(state, sent), target: memoryTarget, sent,
    put({ type, identity, properties = {}, state: word, incarnation, pending = {}, rows = [], created }) {
      const { Tags = {}, Password, ...rest } = properties;
      const tags = Object.entries(Tags as Record<string, string>);
      const system = ([key]: readonly [string, string]): boolean => /^(aws|aiplan):/u.test(key);
      const defaults: Record<string, Json> = type === DATABASE ? { DatabaseName: identity, Engine: 'postgres', Class: 'db.small', Size: 20, Retention: 7, Protected: false, Public: false, GroupIds: [], Parameters: {} }
        : type.endsWith('Group') ? { Rules: [] } : type.endsWith('Note') ? { NoteName: identity, Settings: {} } : {};
      state.items.set(keyOf(type, identity), {
        type, identity, incarnation: incarnation ?? `${identity}#0`, properties: { ...defaults, ...(rest as Record<string, Json>), Tags: Object.fromEntries(tags.filter((tag) => !system(tag))) },
        systemTags: Object.fromEntries(tags.filter(system)), state: word ?? (type === DATABASE ? 'available' : 'present'), pending: { ...(pending as Record<string, Json>) },
        rows: [...rows], created: created ?? '2025-01-01T00:00:00.000Z', polls: 0, next: null, secret: typeof Password === 'string' ? Password : null,
      } satisfies Item);
    },
    drop(type, identity) { state.items.delete(keyOf(type, identity)); },
    async get(type, identity) {
      const before = [...state.items.values()].map((item) => [item, { ...item }] as const);
      const { resources } = await readMemory(type, still, { identities: [identity], all: false, detailed: new Set([identity]) });
      for (const [item, copy] of before) { Object.assign(item, copy); state.items.set(keyOf(item.type, item.identity), item); }
      return resources[0];
    },
    list: () => [...state.items.values()].map(({ type, identity, state: word }) => ({ type, identity, state: word })),
    rows(identity, rows) {
      const item = state.items.get(keyOf(DATABASE, identity));
      if (item === undefined) throw new Error(`no database ${identity}`);
      if (rows !== undefined) item.rows = [...rows];
      return [...item.rows];
    },
    secret: (identity) => state.items.get(keyOf(DATABASE, identity))?.secret ?? null,
    snapshots: () => [...state.snapshots.keys()],
    spoil(snapshot) { const found = state.snapshots.get(snapshot); if (found !== undefined) found.failed = true; },
    slow(count) { state.polls = count; },
    flush(identity) {
      const item = state.items.get(keyOf(DATABASE, identity));
      if (item !== undefined) { item.properties = { ...item.properties, ...item.pending }; item.pending = {}; }
    },
    fail(operation, { code = 'InternalError', kind = 'unknown', message = 'ordered by the test', lost = false, times = 1 } = {}) {
      state.faults.push({ operation, lost, times, error: awsError(operation, code, kind, message, lost || kind === 'network' || kind === 'unknown' ? 'unknown' : 'no') });
    },
  };
  for (const resource of seed) world.put(resource);
  nextTime(state);
  return world;
}
