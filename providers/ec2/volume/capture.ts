import { look, send, type Program } from '../../../src/domain/call.ts';
import { UserError } from '../../../src/base/error.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import type { Restorable, StepContext } from '../../../src/domain/resource-type.ts';
import { boundTimes } from '../../aws/values/capture-binding.ts';
import { flagOf, gib, listOf, numberOf, objectOf, textOf } from '../../aws/values/fields.ts';
import { keysRestorable } from '../../aws/values/keys.ts';
import { attachVolume, setVolumeFate } from '../instance/programs/parts.ts';
import { describeInstance, instanceIn, previewInstance } from '../instance/reading/state.ts';
import { filtered } from '../paging.ts';
import { describeSnapshots, snapshotProblems } from '../snapshots.ts';
import { restoreTags } from '../../aws/values/tags.ts';
import {
  describeVolume,
  finishVolume,
  liveVolume,
  makeVolume,
  refuseAttached,
  snapshotVolume,
  volumeIn,
} from './programs.ts';
import type { CapturePlan, Capture } from '../../../src/domain/capture-plan.ts';

/** The capture before a volume is changed or deleted: always a snapshot. Pure. */
export function planVolumeCapture(live: LiveResource, action: 'update' | 'replace' | 'delete'): CapturePlan {
  const what = `a snapshot of ${numberOf(live.properties['Size']) ?? '?'} GiB`;
  if (live.state === 'error')
    return {
      how: 'none',
      what: 'nothing',
      late: false,
      loses: [`everything on ${live.identity}`],
      impossible: 'the volume is in error, and AWS takes no snapshot of it',
    };
  if (action === 'update') return { how: 'native', what, late: false, loses: [] };
  return {
    how: 'native',
    what,
    late: true,
    newIdentity: true,
    loses: [
      `the id ${live.identity}`,
      ...(textOf(live.properties['SnapshotId']) === undefined
        ? []
        : [
            `the origin ${textOf(live.properties['SnapshotId']) ?? ''} in SnapshotId: the restored volume is made from the snapshot taken before`,
          ]),
      'full speed at first: a restored volume loads its blocks from the snapshot when they are first read',
    ],
  };
}

/**
 * Nothing may write while the last snapshot is taken: the volume is attached to nothing by now, or the step ends here.
 */
export function* quiesceVolume(context: StepContext): Program {
  yield* refuseAttached(liveVolume(context).identity);
}

export function* takeVolume(context: StepContext): Program<Capture> {
  const live = liveVolume(context);
  const { id, snapshot } = yield* snapshotVolume(context, live, 'take a snapshot');
  return {
    how: 'native',
    refs: { snapshot: id, bound: boundTimes([{ id, created: snapshot['StartTime'] }]) },
    pointInTime: textOf(snapshot['StartTime']) ?? null,
    bytes: (numberOf(live.properties['Size']) ?? 0) * gib,
    encrypted: flagOf(snapshot['Encrypted']) ?? false,
    extras: {},
  };
}

/** Reads the snapshot back: completed, of this volume, of its size and encryption. */
export function* verifyVolume(context: StepContext, capture: Capture): Program<readonly string[]> {
  const live = liveVolume(context);
  const id = textOf(capture.refs['snapshot']);
  if (id === undefined) return [`no snapshot of ${live.identity} was taken`];
  const answer = yield* look(describeSnapshots([id]), { Snapshots: [] });
  return snapshotProblems(id, listOf(answer?.['Snapshots'])[0], {
    volume: live.identity,
    size: numberOf(live.properties['Size']),
    encrypted: flagOf(live.properties['Encrypted']),
  });
}

/**
 * Whether the volume could be made from its snapshot now: the zone and the snapshot are there, and the key that both
 * have in common can be used. Reads only.
 */
export function* volumeRestorable(context: StepContext, capture: Capture | null): Program<Restorable> {
  const live = liveVolume(context);
  const zone = textOf(live.properties['AvailabilityZone']) ?? '';
  const answer = yield* look(
    { service: 'ec2', operation: 'DescribeAvailabilityZones', input: filtered('zone-name', [zone]) },
    { AvailabilityZones: [{ State: 'available' }] },
  );
  const problems: string[] =
    listOf(answer?.['AvailabilityZones'])[0]?.['State'] === 'available'
      ? []
      : [`availability zone "${zone}" is not available`];
  const key = textOf(live.properties['KmsKeyId']);
  const keys =
    context.remains !== undefined || live.properties['Encrypted'] !== true || key === undefined
      ? { problems: [], losses: [] }
      : yield* keysRestorable([{ key, of: live.identity }], capture !== null);
  problems.push(...keys.problems);
  if (capture === null) return { problems, losses: [] };
  const snapshot = textOf(capture.refs['snapshot']) ?? '';
  if (context.remains === undefined) {
    const found = listOf(
      (yield* look(describeSnapshots([snapshot]), { Snapshots: [{ State: 'completed' }] }))?.['Snapshots'],
    )[0];
    if (found?.['State'] !== 'completed')
      problems.push(
        `the snapshot ${snapshot === '' ? '(none)' : snapshot} of ${live.identity} ${found === undefined ? 'does not exist any more' : `is ${textOf(found['State']) ?? 'in an unknown state'}`}`,
      );
  }
  const losses: string[] = [...keys.losses];
  for (const attachment of listOf(live.attributes['Attachments'])) {
    const former = textOf(attachment['InstanceId']) ?? '';
    if ((context.returning ?? []).includes(former)) continue;
    const instance = context.remap(former);
    const found = instanceIn(yield* look(describeInstance(instance), previewInstance(instance)));
    const state = textOf(objectOf(found?.['State'])['Name']);
    if (state !== 'running' && state !== 'stopped')
      losses.push(`its attachment to ${instance}, which is ${state ?? 'gone'}: it comes back attached to nothing`);
  }
  return { problems, losses };
}

/** Another volume with the same data: its id is AWS's, and it is attached to nothing. */
export const volumeApart = (live: LiveResource, as: string | null): LiveResource | { readonly blocked: string } =>
  as === null
    ? { ...live, attributes: { ...live.attributes, Attachments: [] } }
    : { blocked: 'AWS gives a volume its id: leave --as out' };

/**
 * A new volume from the snapshot with all former settings and tags, attached again where it was and the place is free.
 */
export function* restoreVolume(
  context: StepContext,
  capture: Capture,
): Program<{ readonly identity: string; readonly map: Readonly<Record<string, string>> }> {
  const live = liveVolume(context);
  const snapshot = textOf(capture.refs['snapshot']);
  if (snapshot === undefined)
    throw new UserError('no-snapshot', `the capture of ${live.identity} holds no snapshot to restore from`);
  const tags = restoreTags(context, objectOf(live.properties['Tags']), live.systemTags, live.identity);
  const identity =
    context.remains === undefined
      ? yield* makeVolume(
          { ...live.properties, SnapshotId: snapshot },
          context.op,
          tags,
          `make ${live.identity} again from ${snapshot}`,
        )
      : yield* finishVolume(context.remains.identity, live.properties);
  for (const attachment of listOf(live.attributes['Attachments'])) yield* attachAgain(context, identity, attachment);
  return { identity, map: { [live.identity]: identity } };
}

/**
 * Attaches the volume where it was, if the instance exists and nothing else is there. One that is there already stays.
 */
function* attachAgain(context: StepContext, volume: string, attachment: Readonly<Record<string, unknown>>): Program {
  const instance = context.remap(String(attachment['InstanceId'] ?? ''));
  const device = String(attachment['Device'] ?? '');
  const found = instanceIn(yield* look(describeInstance(instance), previewInstance(instance)));
  const state = textOf(objectOf(found?.['State'])['Name']);
  const taken = listOf(found?.['BlockDeviceMappings']).some((mapping) => mapping['DeviceName'] === device);
  const now = volumeIn(yield* look(describeVolume(volume), { Volumes: [{ State: 'available' }] }));
  const attached = listOf(now?.['Attachments']).some(
    (item) => item['InstanceId'] === instance && item['Device'] === device,
  );
  if (!attached) {
    if (now?.['State'] !== 'available' || taken || (state !== 'running' && state !== 'stopped')) return;
    yield* attachVolume(instance, volume, device);
  }
  if (attachment['DeleteOnTermination'] === true) {
    yield* send(
      setVolumeFate(
        instance,
        [{ device, deleteOnTermination: true }],
        'delete the volume with the instance, as before',
      ),
    );
  }
}
