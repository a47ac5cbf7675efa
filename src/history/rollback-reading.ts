import { isMadeBy } from './made-by.ts';
import type { AwsReader, Makes, Program } from '../domain/call.ts';
import { AwsError } from '../base/error.ts';
import type { JournalRecord } from '../domain/records/journal.ts';
import type { LiveResource, ReadFailure } from '../domain/live.ts';
import type { ReadQuery, ReadResult, ResourceType, ResourceTypes } from '../domain/resource-type.ts';
import type { Schemas } from '../domain/schema.ts';
import type { Earlier, Try } from './earlier-rollbacks.ts';
import type { History } from './step-history.ts';

export interface RollbackReaders {
  readonly session: AwsReader;
  readonly types: ResourceTypes;
  readonly schemas: Schemas;
  /** ISO time. */
  readonly now: string;
  /**
   * Journals of the earlier rollbacks of the same run: this one keeps what they finished, and continues what they left.
   */
  readonly earlier: readonly (readonly JournalRecord[])[];
  /**
   * How long, in milliseconds, AWS may not show what a call did whose answer was lost. Default: that of a run's pace.
   */
  readonly consistency?: number;
}

/** The live state of every resource of which a run's journal speaks. */
export interface Found {
  /** By type and identity, wholly read. */
  get(type: string, identity: string): LiveResource | undefined;
  /** A resource that is on its way out, in one of the type's gone states. */
  leaving(type: string, identity: string): LiveResource | undefined;
  /** The live resource that carries a step's `aiplan:op` tag. */
  byOp(type: string, op: string): LiveResource | undefined;
  /** Live resources that say of themselves that they were restored from an identity: a hint, no proof. */
  restoredFrom(type: string, identity: string): readonly LiveResource[];
  /** Live resources that carry one of these `aiplan:op` tags. */
  byOps(type: string, ops: readonly string[]): readonly LiveResource[];
  /** Live resources that are what these calls make, and that no tag tells of. */
  byMakes(type: string, makes: readonly Makes[]): readonly LiveResource[];
  failures(type: string): readonly ReadFailure[];
}

/**
 * Why what a step is about could not be read: its type as a whole, or it itself. A refusal about another resource of
 * the type concerns it only where something is looked for by its tags, which may be that one. Undefined where all is
 * known.
 */
export function unreadOf(found: Found, history: History, tries: readonly Try[]): ReadFailure | undefined {
  const { type, before, made, after, named, op, acted, step } = history;
  const failures = found.failures(type);
  const own = new Set([before?.identity, made, after?.identity, ...named, ...tries.map((one) => one.after?.identity)]);
  const direct = failures.find(({ identity }) => identity === null || own.has(identity));
  if (direct !== undefined) return direct;
  const isSought =
    (step.action === 'create' || step.action === 'replace') &&
    acted &&
    made === null &&
    named.length === 0 &&
    found.byOp(type, op) === undefined;
  const isTried = tries.some((one) => one.after === null && found.byOps(type, [one.op]).length === 0);
  return isSought || isTried ? failures[0] : undefined;
}

/**
 * The resource that a step made, as AWS has it: by the identity where the journal knows it. Only where it does not, by
 * the tag, or of a type without tags by what its call makes: anybody can copy a tag to something else.
 */
export const madeBy = (
  found: Pick<Found, 'get' | 'byOp' | 'byMakes'>,
  { type, op, made, makes }: Pick<History, 'type' | 'op' | 'made' | 'makes'>,
): LiveResource | undefined =>
  made === null ? (found.byOp(type, op) ?? found.byMakes(type, makes)[0]) : found.get(type, made);

/** Code of a read failure: the name exists, and belongs to another account (`ReadFailure` of buckets). */
const notOwned = 'not-owned';

/**
 * Reads, per type, everything that a rollback must know: the named resources wholly, and the type's list for the tags.
 */
export async function readForRollback(
  histories: readonly History[],
  earlier: Earlier,
  { session, types, now }: Omit<RollbackReaders, 'earlier'>,
): Promise<Found> {
  const byType = new Map<string, LiveResource[]>();
  const failures = new Map<string, ReadFailure[]>();
  const read = async (name: string): Promise<void> => {
    const type = types.get(name);
    if (type === undefined) {
      failures.set(name, [
        { type: name, identity: null, code: 'unknown-type', message: `this version does not know ${name}` },
      ]);
      return;
    }
    const own = histories.filter((history) => history.type === name);
    const identities = new Set([
      ...own.flatMap(({ before, made, after, named }) =>
        [before?.identity, made, after?.identity, ...named].filter((identity) => typeof identity === 'string'),
      ),
      ...earlier.identitiesOf(name),
    ]);
    const ops = new Set(own.flatMap(({ op, step }) => [op, ...earlier.triesOf(step.id).map((past) => past.op)]));
    const listed = await readOrFail(type, session, { identities: [], all: true, detailed: new Set(), now });
    const makes = [...own.flatMap((history) => history.makes), ...earlier.makesOf(name)];
    for (const live of makes.length === 0 ? [] : listed.resources)
      if (isMadeBy(makes, live, type.rules)) identities.add(live.identity);
    for (const { identity, systemTags } of listed.resources) {
      if (ops.has(systemTags['aiplan:op'] ?? '') || identities.has(systemTags['aiplan:restored-from'] ?? ''))
        identities.add(identity);
    }
    const wholly =
      identities.size === 0
        ? { resources: [], failures: [] }
        : await readOrFail(type, session, { identities: [...identities], all: false, detailed: identities, now });
    byType.set(name, [...wholly.resources]);
    // A name that is another account's now is nothing of ours: what the run knew under it is gone.
    failures.set(
      name,
      [...listed.failures, ...wholly.failures].filter(({ code }) => code !== notOwned),
    );
  };
  for (const name of new Set(histories.map(({ type }) => type))) await read(name);
  const isThere = (type: string, resource: LiveResource): boolean =>
    types.get(type)?.rules.goneStates.includes(resource.state) !== true;
  const among = (type: string, test: (resource: LiveResource) => boolean): readonly LiveResource[] =>
    (byType.get(type) ?? []).filter((resource) => isThere(type, resource) && test(resource));
  return {
    leaving: (type, identity) =>
      (byType.get(type) ?? []).find((resource) => resource.identity === identity && !isThere(type, resource)),
    get: (type, identity) => among(type, (resource) => resource.identity === identity)[0],
    byOp: (type, op) => among(type, ({ systemTags }) => systemTags['aiplan:op'] === op)[0],
    byOps: (type, ops) => among(type, ({ systemTags }) => ops.includes(systemTags['aiplan:op'] ?? '')),
    restoredFrom: (type, identity) => among(type, ({ systemTags }) => systemTags['aiplan:restored-from'] === identity),
    byMakes: (type, makes) =>
      makes.length === 0 ? [] : among(type, (resource) => isMadeBy(makes, resource, types.get(type)?.rules)),
    failures: (type) => failures.get(type) ?? [],
  };
}

/** A type that cannot be listed at all stops no other. Throws AwsError where nothing can be read. */
export async function readOrFail(
  type: ResourceType,
  session: AwsReader,
  query: ReadQuery,
): Promise<Pick<ReadResult, 'resources' | 'failures'>> {
  try {
    return await type.read(session, query);
  } catch (error) {
    if (!(error instanceof AwsError) || error.kind === 'expired' || error.kind === 'network') throw error;
    return {
      resources: [],
      failures: [
        { type: type.type, identity: null, code: error.code, message: `${error.operation}: ${error.message}` },
      ],
    };
  }
}

/**
 * Whether a program would change anything now: it runs with real reads up to its first mutating call, which is not
 * sent. A failed read counts as a change (law 9).
 */
export async function wouldChange(program: Program<unknown>, session: AwsReader): Promise<boolean> {
  try {
    let step = program.next();
    while (step.done !== true) {
      const effect = step.value;
      if (
        effect.kind === 'call' ||
        effect.kind === 'keep-secret' ||
        (effect.kind === 'batch' && effect.calls.length > 0)
      )
        return true;
      step = program.next(
        effect.kind === 'read'
          ? await session.read(effect.call)
          : effect.kind === 'wait'
            ? await session.read(effect.wait.read)
            : effect.kind === 'batch'
              ? []
              : undefined,
      );
    }
    return false;
  } catch (error) {
    if (error instanceof AwsError) return true;
    throw error;
  }
}
