import { look, send, until, type Call, type Program } from '../../../../src/domain/call.ts';
import type { Json, JsonObject } from '../../../../src/base/json.ts';
import type { LiveResource } from '../../../../src/domain/live.ts';
import type { StepContext } from '../../../../src/domain/resource-type.ts';
import { boundTimes } from '../../../aws/values/capture-binding.ts';
import { gib, listOf, objectOf, secretJson, textOf } from '../../../aws/values/fields.ts';
import {
  blockDevicesOf,
  hasInstanceStoreRoot,
  interfacesOf,
  isRunning,
  isStoppable,
  type BlockDevice,
} from '../reading/facts.ts';
import { setInterfaceFate, setVolumeFate, untilVolumesStay } from './parts.ts';
import { liveOf, start, stop } from '../reading/state.ts';
import { keepUserData } from './user-data.ts';
import { filtered } from '../../paging.ts';
import { describeSnapshots, earliest, snapshotProblems, untilSnapshots } from '../../snapshots.ts';
import { captureTags } from '../../../aws/values/tags.ts';
import { tagSpecification } from '../../tags.ts';
import type { Capture, NotBroughtOut } from '../../../../src/domain/capture-plan.ts';

/** Volumes and further interfaces that would go with the instance: nobody named them, so they stay (law 1). */
const goingVolumes = (live: LiveResource): readonly BlockDevice[] =>
  blockDevicesOf(live).filter(({ deleteOnTermination }) => deleteOnTermination);
const goingInterfaces = (live: LiveResource) =>
  interfacesOf(live).filter(({ index, deleteOnTermination }) => index > 0 && deleteOnTermination);

/** Stops the instance, so that its disks are consistent, and keeps what would be deleted along with it. */
export function* quiesceInstance(context: StepContext): Program {
  const live = liveOf(context);
  if (isRunning(live) && isStoppable(live)) yield* stop(live.identity, 'stop the instance before its image is taken');
  const volumes = goingVolumes(live);
  if (volumes.length > 0) {
    yield* send(
      setVolumeFate(
        live.identity,
        volumes.map(({ device }) => ({ device, deleteOnTermination: false })),
        'keep the volumes when the instance is terminated',
      ),
    );
  }
  for (const { id, attachment } of goingInterfaces(live)) yield* send(setInterfaceFate(id, attachment, false));
  // The protection off that the author wrote is the new instance's; the old one has its own, and keeps it until it is
  // about to go.
  if (
    context.action === 'replace' &&
    live.properties['DisableApiTermination'] === true &&
    context.desired['DisableApiTermination'] === false
  )
    yield* send(protection(live.identity, false));
  yield* untilVolumesStay(live.identity);
}

const protection = (identity: string, value: boolean): Call => ({
  service: 'ec2',
  operation: 'ModifyInstanceAttribute',
  identity,
  retry: 'absolute',
  purpose: value
    ? 'protect the instance against termination again'
    : 'switch the termination protection of the old instance off',
  input: { InstanceId: identity, DisableApiTermination: { Value: value } },
});

/**
 * The instance as it would be without `quiesceInstance`: the fates of its volumes and interfaces, its termination
 * protection and a public address that is not elastic as before; a volume that came or went since still shows.
 */
export function quietedInstance(before: LiveResource, now: LiveResource): LiveResource {
  const devices = new Map(
    listOf(before.properties['BlockDeviceMappings']).map((mapping) => [
      mapping['DeviceName'],
      objectOf(mapping['Ebs'])['DeleteOnTermination'],
    ]),
  );
  const properties: Record<string, Json | undefined> = { ...now.properties };
  // Only ever switched off here, and only where it was on.
  const unprotected =
    before.properties['DisableApiTermination'] === true && now.properties['DisableApiTermination'] === false;
  if (unprotected) properties['DisableApiTermination'] = true;
  const protections =
    unprotected && now.binding['protections'] !== undefined
      ? { protections: before.binding['protections'] ?? null }
      : {};
  if (now.properties['BlockDeviceMappings'] !== undefined) {
    properties['BlockDeviceMappings'] = listOf(now.properties['BlockDeviceMappings']).map((mapping) => {
      const fate = devices.get(mapping['DeviceName']);
      return fate === undefined
        ? mapping
        : { ...mapping, Ebs: { ...objectOf(mapping['Ebs']), DeleteOnTermination: fate } };
    });
  }
  const [first, former] = [
    listOf(now.properties['NetworkInterfaces'])[0],
    listOf(before.properties['NetworkInterfaces'])[0],
  ];
  if (first !== undefined && former !== undefined) {
    const { AssociatePublicIpAddress: _now, ...rest } = first;
    properties['NetworkInterfaces'] = [
      {
        ...rest,
        ...(former['AssociatePublicIpAddress'] === undefined
          ? {}
          : { AssociatePublicIpAddress: former['AssociatePublicIpAddress'] }),
      },
    ];
  }
  const { attached } = now.binding;
  if (!Array.isArray(attached) || !Array.isArray(before.binding['attached']))
    return { ...now, properties, binding: { ...now.binding, ...protections } };
  const known = new Map((before.binding['attached'] as readonly Json[]).map((text) => [withoutFate(text), text]));
  return {
    ...now,
    properties,
    binding: {
      ...now.binding,
      ...protections,
      attached: (attached as readonly Json[]).map((text) => known.get(withoutFate(text)) ?? text),
    },
  };
}

const withoutFate = (text: Json): string => String(text).replace(/, (?:deleted|kept) on termination\)/u, ')');

/** Puts back what `quiesceInstance` switched, and starts the instance if it ran. */
export function* unquiesceInstance(context: StepContext): Program {
  const live = liveOf(context);
  const volumes = goingVolumes(live);
  if (volumes.length > 0) {
    yield* send(
      setVolumeFate(
        live.identity,
        volumes.map(({ device }) => ({ device, deleteOnTermination: true })),
        'delete the volumes with the instance again, as before',
      ),
    );
  }
  for (const { id, attachment } of goingInterfaces(live)) yield* send(setInterfaceFate(id, attachment, true));
  if (live.properties['DisableApiTermination'] === true) yield* send(protection(live.identity, true));
  if (isRunning(live) && isStoppable(live)) yield* start(live.identity, 'start the instance again');
}

/** An image before a destruction, a crash-consistent set of snapshots before an update; the configuration always. */
export function* takeInstance(context: StepContext): Program<Capture> {
  const live = liveOf(context);
  const userData = yield* keepUserData(context, live.identity);
  const extras: JsonObject = {
    ...(userData === null ? {} : { secrets: { UserData: secretJson(userData) } }),
    state: live.state,
  };
  const devices = blockDevicesOf(live);
  if (devices.length === 0 || hasInstanceStoreRoot(live)) {
    return {
      how: hasInstanceStoreRoot(live) ? 'none' : 'config',
      refs: {},
      pointInTime: null,
      bytes: null,
      encrypted: null,
      extras,
    };
  }
  const { refs, snapshots } =
    context.action === 'update'
      ? yield* takeSnapshots(context, live, devices)
      : yield* takeImage(context, live, devices);
  return {
    how: 'native',
    refs,
    extras,
    pointInTime: earliest(snapshots),
    bytes: devices.reduce((sum, { size }) => sum + (size ?? 0) * gib, 0),
    encrypted: snapshots.length > 0 && snapshots.every((snapshot) => snapshot['Encrypted'] === true),
  };
}

const made = (snapshot: JsonObject) => ({ id: textOf(snapshot['SnapshotId']), created: snapshot['StartTime'] });

interface Taken {
  readonly refs: JsonObject;
  readonly snapshots: readonly JsonObject[];
}

/** CreateSnapshots: one point in time over all volumes. */
function* takeSnapshots(context: StepContext, live: LiveResource, devices: readonly BlockDevice[]): Program<Taken> {
  const answer = yield* send({
    service: 'ec2',
    operation: 'CreateSnapshots',
    identity: live.identity,
    retry: 'named',
    purpose: 'take snapshots of all volumes',
    input: {
      InstanceSpecification: { InstanceId: live.identity, ExcludeBootVolume: false },
      Description: `aiplan ${context.run} before ${context.step}`,
      TagSpecifications: [tagSpecification('snapshot', captureTags(context))],
    },
    preview: { Snapshots: devices.map(({ volume }) => ({ SnapshotId: 'snap-preview', VolumeId: volume })) },
  });
  const taken = listOf(answer['Snapshots']).map((snapshot) => ({
    SnapshotId: textOf(snapshot['SnapshotId']) ?? '',
    VolumeId: textOf(snapshot['VolumeId']) ?? '',
  }));
  const snapshots = yield* untilSnapshots(
    taken.map(({ SnapshotId }) => SnapshotId),
    `snapshots of ${live.identity}`,
  );
  return { refs: { snapshots: taken, bound: boundTimes(snapshots.map(made)) }, snapshots };
}

const describeImage = (id: string) =>
  ({ service: 'ec2', operation: 'DescribeImages', input: filtered('image-id', [id]) }) as const;

/** The snapshots of an image, by device. */
const snapshotsIn = (
  image: JsonObject | undefined,
): readonly { readonly DeviceName: string; readonly SnapshotId: string }[] =>
  listOf(image?.['BlockDeviceMappings'])
    .map((mapping) => ({
      DeviceName: textOf(mapping['DeviceName']) ?? '',
      SnapshotId: textOf(objectOf(mapping['Ebs'])['SnapshotId']) ?? '',
    }))
    .filter(({ SnapshotId }) => SnapshotId !== '');

/** CreateImage without reboot: the instance is stopped by then (CreateImage reboots a running one by default). */
function* takeImage(context: StepContext, live: LiveResource, devices: readonly BlockDevice[]): Program<Taken> {
  const tags = captureTags(context);
  const answer = yield* send({
    service: 'ec2',
    operation: 'CreateImage',
    identity: live.identity,
    retry: 'named',
    purpose: 'take an image with all volumes',
    input: {
      InstanceId: live.identity,
      Name: context.captureName,
      Description: `aiplan ${context.run} before ${context.step}`,
      NoReboot: true,
      TagSpecifications: [tagSpecification('image', tags), tagSpecification('snapshot', tags)],
    },
    preview: { ImageId: 'ami-preview' },
  });
  const imageId = textOf(answer['ImageId']) ?? '';
  const found = yield* until({
    what: `image ${imageId} available`,
    read: describeImage(imageId),
    judge: (seen) => {
      const image = listOf(seen?.['Images'])[0];
      const state = textOf(image?.['State']);
      if (state === 'available') return { state: 'done' };
      if (state === undefined || state === 'pending' || state === 'transient')
        return { state: 'pending', detail: state ?? 'not visible yet' };
      return {
        state: 'failed',
        reason: `it is ${state} (${textOf(objectOf(image?.['StateReason'])['Message']) ?? 'no reason given'})`,
      };
    },
    preview: {
      Images: [
        {
          ImageId: imageId,
          State: 'available',
          BlockDeviceMappings: devices.map(({ device }) => ({
            DeviceName: device,
            Ebs: { SnapshotId: 'snap-preview' },
          })),
        },
      ],
    },
  });
  const image = listOf(found?.['Images'])[0];
  const taken = snapshotsIn(image).map((item) => ({
    ...item,
    VolumeId: devices.find(({ device }) => device === item.DeviceName)?.volume ?? '',
  }));
  const snapshots = yield* untilSnapshots(
    taken.map(({ SnapshotId }) => SnapshotId),
    `snapshots of image ${imageId}`,
  );
  const bound = boundTimes([{ id: imageId, created: image?.['CreationDate'] }, ...snapshots.map(made)]);
  return { refs: { image: imageId, snapshots: taken, bound }, snapshots };
}

/**
 * Reads the capture back: image available, one completed snapshot of the right size and encryption for every volume.
 */
export function* verifyInstance(context: StepContext, capture: Capture): Program<readonly string[]> {
  const live = liveOf(context);
  const devices = blockDevicesOf(live);
  if (capture.how !== 'native')
    return devices.length > 0 && !hasInstanceStoreRoot(live) ? ['the volumes were not captured'] : [];
  const problems: string[] = [];
  const refs = listOf(capture.refs['snapshots']);
  const imageId = textOf(capture.refs['image']);
  if (imageId !== undefined) {
    const answer = yield* look(describeImage(imageId), { Images: [{ State: 'available' }] });
    const image = listOf(answer?.['Images'])[0];
    if (image?.['State'] !== 'available')
      problems.push(`image ${imageId} is ${textOf(image?.['State']) ?? 'gone'}, not available`);
  }
  const ids = refs.map((item) => textOf(item['SnapshotId']) ?? '');
  const snapshots = listOf((yield* look(describeSnapshots(ids), { Snapshots: [] }))?.['Snapshots']);
  for (const device of devices) {
    const id = textOf(refs.find((item) => item['VolumeId'] === device.volume)?.['SnapshotId']);
    if (id === undefined) problems.push(`no snapshot of ${device.volume} (${device.device}) was taken`);
    else
      problems.push(
        ...snapshotProblems(
          id,
          snapshots.find((item) => item['SnapshotId'] === id),
          device,
        ),
      );
  }
  return problems;
}

/** An update takes snapshots of the volumes and no image, and without an image AWS launches nothing. Pure. */
export function instanceNotBroughtOut({ how, refs }: Capture): NotBroughtOut | null {
  if (how !== 'native' || textOf(refs['image']) !== undefined) return null;
  const taken = listOf(refs['snapshots']).map((item) => `${textOf(item['SnapshotId'])} of ${textOf(item['VolumeId'])}`);
  return {
    why: 'it holds snapshots of the volumes and no image: the change left the instance standing',
    instead: `make a volume of a snapshot and attach it: aws ec2 create-volume --availability-zone ZONE --snapshot-id ID, with ${taken.join(', ')}`,
  };
}
