import type { ResourceEntry } from '../../domain/change-plan.ts';
import type { Configuration } from '../../domain/configuration.ts';
import { sha256 } from '../../base/digest.ts';
import type { JsonObject } from '../../base/json.ts';
import type { LiveResource, Target } from '../../domain/live.ts';
import type { StepContext } from '../../domain/resource-type.ts';
import type { AttributeChange } from '../../domain/attribute-change.ts';

/** The run that stands in a plan's previews: names and tokens of a plan must not depend on when it was made. */
export const planningRun = 'run-0';

export interface ContextInput {
  readonly run: string;
  readonly planName: string;
  readonly target: Pick<Target, 'account' | 'region' | 'endpoint'>;
  readonly configuration: Pick<Configuration, 'capture'>;
  /** When the run started, ISO: captures expire so many days after it. */
  readonly now: string;
  readonly entry: ResourceEntry;
  readonly live: LiveResource | null;
  /** All properties wanted after the step, references resolved. */
  readonly desired: JsonObject;
  readonly changes: readonly AttributeChange[];
  readonly action: 'create' | 'update' | 'replace' | 'delete';
  /** The step loses data or a protection: its captures are kept longer. */
  readonly destruction: boolean;
  readonly remap?: (identity: string) => string;
  /** Which session of the run it is: a further capture has a name of its own. Absent: the first. */
  readonly session?: number;
  /** Identities that steps before this one delete, and those that they make stop naming it. */
  readonly deletedBefore?: readonly string[];
  readonly releasedBefore?: readonly string[];
  /** Identities that other steps restore. */
  readonly returning?: readonly string[];
  /** Identities that later steps delete, and that name it until then. */
  readonly deletedAfter?: readonly string[];
}

/** The context of a step's programs, at plan time and at apply. Pure: equal inputs give equal names. */
export function contextFor(input: ContextInput): StepContext {
  const { run, entry, target, configuration, live, action } = input;
  const op = opOf(run, entry.address);
  const days = input.destruction ? configuration.capture.expiryDaysDestruction : configuration.capture.expiryDays;
  return {
    run,
    step: entry.address,
    op,
    account: target.account,
    region: target.region,
    endpoint: target.endpoint,
    live,
    desired: input.desired,
    changes: input.changes,
    ownership: ownershipOf(input, op),
    when: entry.when ?? null,
    captureBucket: captureBucketOf(configuration, target),
    captureName: captureNameOf(run, entry.address, input.session),
    captureExpires: expiry(input.now, days),
    remap: input.remap ?? ((identity) => identity),
    replacing: action === 'replace',
    action,
    ...(entry.carry === undefined ? {} : { carry: entry.carry }),
    ...(entry.order === undefined ? {} : { order: entry.order }),
    ...(input.deletedBefore === undefined ? {} : { deletedBefore: input.deletedBefore }),
    ...(input.releasedBefore === undefined ? {} : { releasedBefore: input.releasedBefore }),
    ...(input.returning === undefined ? {} : { returning: input.returning }),
    ...(input.deletedAfter === undefined || input.deletedAfter.length === 0
      ? {}
      : { deletedAfter: input.deletedAfter }),
  };
}

/** Value of the `aiplan:op` tag and base of client tokens: 27 characters of [a-z0-9-]. */
export const opOf = (run: string, address: string): string => `op-${hex(`${run}\n${address}`).slice(0, 24)}`;

/**
 * A name for a capture: at most 50 characters, so that a type may append a word and stay below the 63 of RDS; no two
 * hyphens in a row and none at the end, which RDS refuses (CreateDBSnapshot, DBSnapshotIdentifier).
 */
export function captureNameOf(run: string, address: string, session = 1): string {
  const word = address
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, '-')
    .replaceAll(/^-+|-+$/gu, '')
    .slice(0, 28)
    .replace(/-+$/u, '');
  return `aiplan-${word === '' ? '' : `${word}-`}${hex(`${run}\n${address}\ncapture${session === 1 ? '' : `\n${session}`}`).slice(0, 12)}`;
}

/** The bucket that captures of objects and kept secrets go to. */
export const captureBucketOf = (
  configuration: Pick<Configuration, 'capture'>,
  target: Pick<Target, 'account' | 'region'>,
): string => configuration.capture.bucket ?? `aiplan-captures-${target.account}-${target.region}`;

/**
 * True for an entry of a generated rollback that continues what an earlier run left unfinished, whatever else it
 * changes.
 */
export const isUnfinished = ({ reopen, repoint }: ResourceEntry): boolean =>
  reopen !== undefined || repoint !== undefined;

/** Tags by which a resource is known as the plan's: all on a create, the rotation word on an update that rotates. */
function ownershipOf({ planName, entry, action, live }: ContextInput, op: string): Readonly<Record<string, string>> {
  const rotate: Readonly<Record<string, string>> =
    entry.rotate === undefined || live?.systemTags['aiplan:rotate'] === entry.rotate
      ? {}
      : { 'aiplan:rotate': entry.rotate };
  // A restored resource keeps its former tags.
  if (entry.restore !== undefined || (action === 'create' && isUnfinished(entry))) return { 'aiplan:op': op };
  if (action === 'create' || action === 'replace')
    return { 'aiplan:plan': planName, 'aiplan:resource': entry.address, 'aiplan:op': op, ...rotate };
  return action === 'update' ? rotate : {};
}

const hex = (text: string): string => sha256(text).slice('sha256:'.length);

const expiry = (now: string, days: number): string => {
  const from = Date.parse(now);
  return new Date((Number.isFinite(from) ? from : 0) + days * 86_400_000).toISOString();
};
