import type { AwsReader } from '../../domain/call.ts';
import type { ChangePlan, ResourceEntry } from '../../domain/change-plan.ts';
import { AwsError } from '../../base/error.ts';
import type { JsonObject } from '../../base/json.ts';
import type { LiveResource, LiveState, ReadFailure, ReadRefusal, Target } from '../../domain/live.ts';
import type { ReadResult, ResourceType, ResourceTypes } from '../../domain/resource-type.ts';
import type { Schemas } from '../../domain/schema.ts';
import { indexLive, type LiveIndex } from './live-index.ts';
import { locate } from './locate.ts';
import { duplicatesOf } from './duplicates.ts';
import { mapBounded } from '../../base/pool.ts';
import { resolveReferences, unknownOf, valueAt, withPlaceholders } from '../diff/references.ts';
import { firstNeeds, needLooked, needNamed, Needs, readByName, referredNames, type Need } from './refresh-needs.ts';

export { checkTarget } from './target.ts';

export interface RefreshPorts {
  readonly aws: AwsReader;
  readonly types: ResourceTypes;
  readonly schemas: Schemas;
  /** Who and where; the caller has compared it with the change plan's (`checkTarget`). */
  readonly target: Target;
  /** ISO time at which reading begins. */
  readonly now: string;
  /** Types read at once. */
  readonly concurrency: number;
  /**
   * The addresses of updates that would change something, by what was read so far. Absent: every update is read whole.
   */
  readonly changing?: (live: LiveState) => ReadonlySet<string>;
}

/**
 * Reads what planning needs: one read per type with all its identities collected, all types at once, bounded; then,
 * where a `find` or a duplicate check pointed at something, its details. A type that could not be read becomes a
 * failure; expired credentials and a lost connection are thrown (AwsError), because nothing can be planned without
 * them.
 */
export async function refresh(changePlan: ChangePlan, ports: RefreshPorts): Promise<LiveState> {
  const { aws, types, schemas, target, now } = ports;
  const before = { ...aws.counts };
  const named = ports.changing === undefined ? new Set<string>() : readByName(changePlan, schemas);
  const first = firstNeeds(changePlan, types, schemas, named);
  const collected = new Collected();
  await readAll(first, ports, collected);
  const state = collected.state(target, now, {});
  const second = secondNeeds(changePlan, first, ports, indexLive(state, types));
  if (named.size > 0) needChanging(second, changePlan, named, ports.changing?.(state) ?? named);
  if (second.byType.size > 0) await readAll(second, ports, collected);
  const calls: Record<string, number> = {};
  for (const [name, count] of Object.entries(aws.counts))
    if (count !== (before[name] ?? 0)) calls[name] = count - (before[name] ?? 0);
  return collected.state(target, now, calls);
}

async function readAll(needs: Needs, ports: RefreshPorts, collected: Collected): Promise<void> {
  const list = [...needs.byType].filter(([, need]) => need.all || need.identities.size > 0);
  await mapBounded(list, Math.max(1, ports.concurrency), async ([name, need]) => {
    const type = ports.types.get(name);
    if (type === undefined) return;
    const aws = noting(ports.aws, (error) =>
      collected.refused({
        type: name,
        operation: error.operation,
        code: error.code,
        message: error.message,
        ...permissionsOf(error),
      }),
    );
    collected.add(name, need, await readType(type, need, { ...ports, aws }));
  });
}

/** A reader that tells what AWS refused, whatever the type makes of it. That something is absent is no refusal. */
function noting(aws: AwsReader, note: (error: AwsError) => void): AwsReader {
  return {
    get counts() {
      return aws.counts;
    },
    async read(call) {
      try {
        return await aws.read(call);
      } catch (error) {
        if (error instanceof AwsError && error.kind !== 'absent') note(error);
        throw error;
      }
    },
  };
}

async function readType(type: ResourceType, need: Need, { aws, now }: RefreshPorts): Promise<ReadResult> {
  try {
    return await type.read(aws, {
      identities: [...need.identities],
      all: need.all,
      detailed: need.detailed,
      now,
      ...(need.properties.size === 0 ? {} : { properties: need.properties }),
    });
  } catch (error) {
    if (!(error instanceof AwsError) || error.kind === 'expired' || error.kind === 'network') throw error;
    const failure: ReadFailure = {
      type: type.type,
      identity: null,
      code: error.code,
      message: error.message,
      operation: error.operation,
      ...permissionsOf(error),
    };
    return { resources: [], absent: [], failures: [failure] };
  }
}

const permissionsOf = ({ permissions }: AwsError): Pick<ReadFailure, 'permissions'> =>
  permissions === undefined ? {} : { permissions };

/** Everything of the updates that will change something: their capture and their evidence need it. */
function needChanging(
  needs: Needs,
  changePlan: ChangePlan,
  named: ReadonlySet<string>,
  changing: ReadonlySet<string>,
): void {
  for (const entry of changePlan.resources)
    if (entry.id !== undefined && named.has(entry.address) && changing.has(entry.address))
      needNamed(needs, entry, entry.id, undefined);
}

/** The properties with what the first reading found for `{{resolve:ssm:…}}` and other lookups in the plan. */
const withLookups = (properties: JsonObject, changePlan: ChangePlan, index: LiveIndex): JsonObject =>
  resolveReferences(
    properties,
    (reference) => {
      const asked = changePlan.resources.find(
        ({ address, lookup }) => lookup === true && address === reference.address,
      );
      const known = asked?.id === undefined ? undefined : index.find(asked.type, asked.id);
      return (
        (known?.state === 'live' && reference.path !== null
          ? valueAt(known.resource.properties, reference.path)
          : undefined) ?? unknownOf(reference)
      );
    },
    () => null,
  ) as JsonObject;

/** Resources at which the first reading points: those that `find` found, and those that a create would duplicate. */
function secondNeeds(changePlan: ChangePlan, first: Needs, { types, schemas }: RefreshPorts, index: LiveIndex): Needs {
  const needs = new Needs();
  const attributes = referredNames(changePlan);
  // The planner reports what cannot be found.
  const planning = { index, types, schemas, findings: [] };
  const add = (entry: ResourceEntry, identity: string): void => {
    if (first.byType.get(entry.type)?.detailed.has(identity) !== true)
      needNamed(needs, entry, identity, attributes.get(entry.address));
  };
  for (const entry of changePlan.resources) {
    const type = types.get(entry.type);
    if (type === undefined) continue;
    if (entry.find !== undefined) {
      const found = locate(planning, entry);
      if (found !== null && (entry.action !== 'read' || entry.expect !== undefined || attributes.has(entry.address)))
        add(entry, found.identity);
    } else if (entry.action === 'create' && entry.restore === undefined) {
      needLooked(needs, type, withLookups(entry.properties ?? {}, changePlan, index));
      const { owned, same } = duplicatesOf(
        entry,
        changePlan.name,
        type,
        withPlaceholders(literals(entry.properties ?? {})) as JsonObject,
        index.ofType(entry.type),
      );
      for (const other of new Set([...owned, ...same])) add(entry, other.identity);
    }
  }
  return needs;
}

/** References are no values yet: left out. */
const literals = (properties: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(properties).filter(
      ([, value]) =>
        value !== null &&
        !(typeof value === 'object' && ('Ref' in value || Object.keys(value).some((key) => key.startsWith('Fn::')))),
    ),
  );

/** Joins the answers of both readings; a later, more detailed answer about a resource wins. */
class Collected {
  readonly #resources = new Map<string, LiveResource>();
  readonly #absent = new Map<string, { readonly type: string; readonly identity: string }>();
  readonly #complete = new Set<string>();
  readonly #failures = new Map<string, ReadFailure>();
  readonly #refusals = new Map<string, ReadRefusal>();

  refused(refusal: ReadRefusal): void {
    this.#refusals.set(`${refusal.type}\n${refusal.operation}\n${refusal.code}`, refusal);
  }

  add(type: string, need: Need, { resources, absent, failures }: ReadResult): void {
    for (const resource of resources) this.#resources.set(`${type}\n${resource.identity}`, resource);
    for (const identity of absent) {
      this.#absent.set(`${type}\n${identity}`, { type, identity });
      this.#resources.delete(`${type}\n${identity}`);
    }
    for (const failure of failures)
      this.#failures.set(`${type}\n${failure.identity ?? ''}\n${failure.operation ?? ''}`, failure);
    if (need.all && !failures.some(({ identity }) => identity === null)) this.#complete.add(type);
  }

  state(target: Target, readAt: string, calls: Readonly<Record<string, number>>): LiveState {
    return {
      format: 'aiplan/live@1',
      target,
      readAt,
      recorded: false,
      resources: [...this.#resources.values()],
      absent: [...this.#absent.values()],
      complete: [...this.#complete].sort(),
      failures: [...this.#failures.values()],
      calls,
      account: {},
      ...(this.#refusals.size === 0 ? {} : { refusals: [...this.#refusals.values()] }),
    };
  }
}
