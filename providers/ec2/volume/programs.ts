import { look, send, until, type Program } from '../../../src/domain/call.ts';
import { UserError } from '../../../src/base/error.ts';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import type { StepContext } from '../../../src/domain/resource-type.ts';
import { compact, listOf, objectOf, pick, propertyOf, textOf } from '../../aws/values/fields.ts';
import { filtered } from '../paging.ts';
import { untilSnapshots } from '../snapshots.ts';
import { captureTags } from '../../aws/values/tags.ts';
import { changeTags, tagSpecification } from '../tags.ts';
import { modifiedProperties } from './rules/rules.ts';

/** The volume that the step is about. Throws UserError `no-live-resource` where the engine gave none. */
export function liveVolume(context: StepContext): LiveResource {
  if (context.live === null)
    throw new UserError('no-live-resource', `step "${context.step}" needs the live volume, and there is none`);
  return context.live;
}

/** By filter: an id that AWS does not know yet, or any more, makes an empty answer and not an error. */
export const describeVolume = (id: string) =>
  ({ service: 'ec2', operation: 'DescribeVolumes', input: filtered('volume-id', [id]) }) as const;
export const volumeIn = (answer: JsonObject | null): JsonObject | undefined => listOf(answer?.['Volumes'])[0];

const createdFields = [
  'AvailabilityZone',
  'Size',
  'VolumeType',
  'Iops',
  'Throughput',
  'SnapshotId',
  'OutpostArn',
] as const;

/** CreateVolume with the given settings, idempotent by token; answers the id of the volume once it can be used. */
export function* makeVolume(settings: JsonObject, token: string, tags: JsonObject, purpose: string): Program<string> {
  const answer = yield* send({
    service: 'ec2',
    operation: 'CreateVolume',
    identity: token,
    retry: 'token',
    purpose,
    input: compact({
      ClientToken: token,
      ...pick(settings, createdFields),
      // A key without encryption is refused, and `Encrypted: false` for an encrypted snapshot (CreateVolume).
      ...(settings['Encrypted'] === true ? { Encrypted: true, KmsKeyId: settings['KmsKeyId'] } : {}),
      MultiAttachEnabled: settings['MultiAttachEnabled'] === true ? true : undefined,
      TagSpecifications: [tagSpecification('volume', tags)],
    }),
    preview: { VolumeId: 'vol-preview' },
  });
  const id = textOf(answer['VolumeId']);
  if (id === undefined) throw new UserError('unexpected-answer', 'CreateVolume answered no volume id');
  return yield* finishVolume(id, settings);
}

/** Waits for a new volume and sets what CreateVolume does not take; answers its id. */
export function* finishVolume(id: string, settings: JsonObject): Program<string> {
  yield* settleVolume(id);
  if (settings['AutoEnableIO'] === true) yield* setAutoEnableIO(id, true);
  return id;
}

/**
 * A new volume; one that replaces another gets its data from a snapshot taken now, unless the plan names another
 * origin.
 */
export function* createVolume(context: StepContext): Program<{ readonly identity: string }> {
  const { desired, live, remains } = context;
  if (remains !== undefined) return { identity: yield* finishVolume(remains.identity, desired) };
  const copied =
    context.replacing && live !== null && desired['SnapshotId'] === live.properties['SnapshotId'] ? live : null;
  const snapshot =
    copied === null ? undefined : yield* snapshotVolume(context, copied, 'take a snapshot to make the new volume from');
  const settings = snapshot === undefined ? desired : { ...desired, SnapshotId: snapshot.id };
  return {
    identity: yield* makeVolume(
      settings,
      context.op,
      { ...objectOf(desired['Tags']), ...context.ownership },
      'create the volume',
    ),
  };
}

/** CreateSnapshot with aiplan's tags; answers the completed snapshot. Its point in time is the moment of the call. */
export function* snapshotVolume(
  context: StepContext,
  live: LiveResource,
  purpose: string,
): Program<{ readonly id: string; readonly snapshot: JsonObject }> {
  const answer = yield* send({
    service: 'ec2',
    operation: 'CreateSnapshot',
    identity: live.identity,
    retry: 'named',
    purpose,
    input: {
      VolumeId: live.identity,
      Description: `aiplan ${context.run} before ${context.step}`,
      TagSpecifications: [tagSpecification('snapshot', captureTags(context))],
    },
    preview: { SnapshotId: 'snap-preview' },
  });
  const id = textOf(answer['SnapshotId']) ?? '';
  const snapshots = yield* untilSnapshots([id], `snapshot ${id} of ${live.identity}`);
  return { id, snapshot: snapshots[0] ?? {} };
}

/** ModifyVolume with the changed settings in one call, AutoEnableIO and tags by their own. */
export function* updateVolume(context: StepContext): Program {
  const live = liveVolume(context);
  const changed = new Set(context.changes.map(({ path }) => propertyOf(path)));
  const settings = modifiedProperties.filter((name) => changed.has(name));
  if (settings.length > 0) {
    yield* untilModifiable(live.identity);
    yield* send({
      service: 'ec2',
      operation: 'ModifyVolume',
      identity: live.identity,
      retry: 'absolute',
      purpose: `change ${settings.join(', ')}`,
      input: { VolumeId: live.identity, ...pick(context.desired, settings) },
    });
    yield* untilModified(live.identity);
  }
  if (changed.has('AutoEnableIO')) yield* setAutoEnableIO(live.identity, context.desired['AutoEnableIO'] === true);
  if (changed.has('Tags')) yield* changeTags(context, live);
}

function* setAutoEnableIO(id: string, value: boolean): Program {
  yield* send({
    service: 'ec2',
    operation: 'ModifyVolumeAttribute',
    input: { VolumeId: id, AutoEnableIO: { Value: value } },
    identity: id,
    retry: 'absolute',
    purpose: 'set what happens after a suspected inconsistency',
  });
}

const describeModifications = (id: string) =>
  ({ service: 'ec2', operation: 'DescribeVolumesModifications', input: filtered('volume-id', [id]) }) as const;

const newest = (answer: JsonObject | null): JsonObject | undefined =>
  listOf(answer?.['VolumesModifications']).toSorted((a, b) =>
    (textOf(a['StartTime']) ?? '') < (textOf(b['StartTime']) ?? '') ? 1 : -1,
  )[0];

/** A volume has its new size and speed from `optimizing` on (DescribeVolumesModifications). */
function* untilModified(id: string): Program {
  yield* until({
    what: `change of ${id}`,
    read: describeModifications(id),
    judge: (answer) => {
      const modification = newest(answer);
      const state = textOf(modification?.['ModificationState']);
      if (state === 'failed')
        return { state: 'failed', reason: textOf(modification?.['StatusMessage']) ?? 'AWS says failed' };
      if (state === 'optimizing' || state === 'completed') return { state: 'done' };
      const percent = modification?.['Progress'];
      return { state: 'pending', detail: state ?? 'not begun', ...(typeof percent === 'number' ? { percent } : {}) };
    },
  });
}

/**
 * AWS takes a change only after the one before it is finished, which it is not while the volume is still `optimizing`,
 * for up to a day (EBS User Guide, "Monitor the progress of volume modifications"). Waited for, not refused: a rollback
 * of a change that was made a moment ago would else have to wait as a whole.
 */
function* untilModifiable(id: string): Program {
  yield* until({
    what: `the change of ${id} before this one`,
    read: describeModifications(id),
    judge: (answer) => {
      const modification = newest(answer);
      const state = textOf(modification?.['ModificationState']);
      if (state !== 'modifying' && state !== 'optimizing') return { state: 'done' };
      const percent = modification?.['Progress'];
      return { state: 'pending', detail: state, ...(typeof percent === 'number' ? { percent } : {}) };
    },
  });
}

/** DeleteVolume. Throws UserError `volume-attached` where something still uses it: it is never detached unasked. */
export function* removeVolume(context: StepContext): Program {
  const { identity } = liveVolume(context);
  yield* refuseAttached(identity);
  yield* send({
    service: 'ec2',
    operation: 'DeleteVolume',
    input: { VolumeId: identity },
    identity,
    retry: 'absolute',
    purpose: 'delete the volume',
  });
}

export function* refuseAttached(identity: string): Program {
  const users = attachedTo(
    volumeIn(yield* look(describeVolume(identity), { Volumes: [{ VolumeId: identity, State: 'available' }] })),
  );
  if (users.length > 0) {
    throw new UserError('volume-attached', `${identity} is attached to ${users.join(', ')}`, {
      help: 'Take it out of Volumes of that instance first, in this plan or an earlier one.',
    });
  }
}

const attachedTo = (volume: JsonObject | undefined): readonly string[] =>
  listOf(volume?.['Attachments'])
    .filter((item) => item['State'] !== 'detached')
    .map((item) => textOf(item['InstanceId']) ?? 'unknown');

/** Usable: `available` or `in-use`. */
export function* settleVolume(identity: string): Program {
  yield* until({
    what: `volume ${identity} usable`,
    read: describeVolume(identity),
    judge: (answer) => {
      const state = textOf(volumeIn(answer)?.['State']);
      if (state === 'available' || state === 'in-use') return { state: 'done' };
      if (state === 'error') return { state: 'failed', reason: 'it is in error: is its key usable?' };
      if (state === 'deleting' || state === 'deleted') return { state: 'failed', reason: `it is ${state}` };
      return { state: 'pending', detail: state ?? 'not visible yet' };
    },
  });
}

export function* volumeGone(identity: string): Program {
  yield* until({
    what: `volume ${identity} deleted`,
    read: describeVolume(identity),
    judge: (answer) => {
      const state = textOf(volumeIn(answer)?.['State']);
      return state === undefined || state === 'deleted' ? { state: 'done' } : { state: 'pending', detail: state };
    },
    agree: 2,
    preview: { Volumes: [] },
  });
}

/** Problems of a step, before the first mutation of the run; one sentence each. Reads only. */
export function* preflightVolume(
  context: StepContext,
  action: 'create' | 'update' | 'replace' | 'delete',
): Program<readonly string[]> {
  const { live } = context;
  if (action === 'create' || live === null) return yield* originProblems(context.desired['SnapshotId']);
  const problems = [...ownerProblems(live, action)];
  if (action === 'delete' || action === 'replace') {
    const gone = new Set([...(context.deletedBefore ?? []), ...(context.releasedBefore ?? [])]);
    const users = attachedTo(volumeIn(yield* look(describeVolume(live.identity), {}))).filter((id) => !gone.has(id));
    if (users.length > 0)
      problems.push(
        `${live.identity} is attached to ${users.join(', ')}; take it out of Volumes of that instance first`,
      );
  }
  if (action === 'replace')
    problems.push(
      ...(yield* originProblems(
        context.desired['SnapshotId'] === live.properties['SnapshotId'] ? undefined : context.desired['SnapshotId'],
      )),
    );
  return problems;
}

function ownerProblems(live: LiveResource, action: string): readonly string[] {
  const owner = textOf(live.binding['owner']);
  if (owner === undefined || owner.startsWith('Auto Scaling')) return [];
  if (owner.startsWith('AWS service')) return [`${live.identity} is managed by ${owner}; change it there`];
  return action === 'update' ? [] : [`${live.identity} belongs to ${owner}; delete or replace it there`];
}

function* originProblems(snapshot: Json | undefined): Program<readonly string[]> {
  const id = textOf(snapshot);
  if (id === undefined) return [];
  const answer = yield* look(
    { service: 'ec2', operation: 'DescribeSnapshots', input: filtered('snapshot-id', [id]) },
    { Snapshots: [{ State: 'completed' }] },
  );
  const found = listOf(answer?.['Snapshots'])[0];
  if (found === undefined) return [`snapshot "${id}" does not exist, or is not shared with this account`];
  return found['State'] === 'completed'
    ? []
    : [`snapshot "${id}" is ${textOf(found['State']) ?? 'in an unknown state'}, not completed`];
}
