import type { StepContext } from '../../../../src/domain/resource-type.ts';
import type { BlockDevice } from '../reading/facts.ts';
import type { Capture } from '../../../../src/domain/capture-plan.ts';
import { type Program, look, send, until, progress } from '../../../../src/domain/call.ts';
import { listOf, textOf, compact, objectOf } from '../../../aws/values/fields.ts';
import { filtered } from '../../paging.ts';
import { attachVolume, setInterfaceFate } from './parts.ts';
import { liveOf } from '../reading/state.ts';
import { UserError } from '../../../../src/base/error.ts';
import { tagSpecification } from '../../tags.ts';
import { restoreTags } from '../../../aws/values/tags.ts';

/**
 * Attaches the kept volumes where they are free; makes those from their snapshots that are gone or in use elsewhere.
 */
export function* returnVolumes(
  context: StepContext,
  instance: Where,
  devices: readonly BlockDevice[],
  capture: Capture,
): Program<Readonly<Record<string, string>>> {
  const map: Record<string, string> = {};
  if (devices.length === 0) return map;
  const ids = devices.map(({ volume }) => context.remap(volume));
  // While calls are only listed nothing is found, so that both ways are listed.
  const kept = listOf(
    (yield* look(
      { service: 'ec2', operation: 'DescribeVolumes', input: filtered('volume-id', ids) },
      { Volumes: [] },
    ))?.['Volumes'],
  );
  for (const [index, device] of devices.entries()) {
    const id = context.remap(device.volume);
    const free =
      context.apart === undefined && kept.find((volume) => volume['VolumeId'] === id)?.['State'] === 'available';
    const volume = free
      ? id
      : ((yield* volumeOfEarlierTry(context, device.volume)) ??
        (yield* volumeFromSnapshot(context, instance, device, index, capture)));
    if (!free) map[device.volume] = volume;
    yield* attachVolume(instance.identity, volume, device.device);
  }
  return map;
}

/** A volume that an earlier try made from the snapshot and did not attach any more. */
function* volumeOfEarlierTry(context: StepContext, former: string): Program<string | undefined> {
  if (context.tries === undefined || context.tries.length === 0) return undefined;
  const answer = yield* look(
    {
      service: 'ec2',
      operation: 'DescribeVolumes',
      input: {
        Filters: [
          { Name: 'tag:aiplan:op', Values: context.tries },
          { Name: 'tag:aiplan:restored-from', Values: [former] },
        ],
      },
    },
    { Volumes: [] },
  );
  const found = listOf(answer?.['Volumes']).find(({ State }) => State === 'available' || State === 'creating');
  const id = textOf(found?.['VolumeId']);
  if (id !== undefined) yield* untilAvailable(id);
  return id;
}

function* volumeFromSnapshot(
  context: StepContext,
  { identity: instance, zone }: Where,
  device: BlockDevice,
  index: number,
  capture: Capture,
): Program<string> {
  const live = liveOf(context);
  const snapshot = textOf(
    listOf(capture.refs['snapshots']).find((item) => item['VolumeId'] === device.volume)?.['SnapshotId'],
  );
  const token = `${context.op}-${index}`;
  if (snapshot === undefined)
    throw new UserError(
      'no-snapshot',
      `the capture of ${live.identity} holds no snapshot of ${device.volume}, and the volume is not free`,
      { help: `Attach it to ${instance} by hand as ${device.device}.` },
    );
  const answer = yield* send({
    service: 'ec2',
    operation: 'CreateVolume',
    identity: token,
    retry: 'token',
    purpose: `make ${device.volume} again from ${snapshot}`,
    input: compact({
      ClientToken: token,
      SnapshotId: snapshot,
      AvailabilityZone: zone,
      Size: device.size,
      VolumeType: device.volumeType,
      Iops: device.iops,
      Throughput: device.throughput,
      ...(device.encrypted === true ? { Encrypted: true, KmsKeyId: device.kmsKeyId } : {}),
      TagSpecifications: [
        tagSpecification('volume', restoreTags(context, device.tags, device.systemTags, device.volume)),
      ],
    }),
    preview: { VolumeId: 'vol-preview' },
  });
  const id = textOf(answer['VolumeId']) ?? '';
  yield* untilAvailable(id);
  return id;
}

function* untilAvailable(id: string): Program {
  yield* until({
    what: `volume ${id} available`,
    read: { service: 'ec2', operation: 'DescribeVolumes', input: filtered('volume-id', [id]) },
    judge: (found) => {
      const state = textOf(listOf(found?.['Volumes'])[0]?.['State']);
      if (state === 'error') return { state: 'failed', reason: 'it is in error: is its key usable?' };
      return state === 'available' ? { state: 'done' } : { state: 'pending', detail: state ?? 'not visible yet' };
    },
  });
}

/** Attaches kept interfaces that are still free at their former place. */
export function* returnInterfaces(
  context: StepContext,
  instance: string,
  cards: readonly { readonly id: string; readonly index: number; readonly deleteOnTermination: boolean }[],
): Program {
  if (cards.length === 0) return;
  const answer = yield* look(
    {
      service: 'ec2',
      operation: 'DescribeNetworkInterfaces',
      input: filtered(
        'network-interface-id',
        cards.map(({ id }) => id),
      ),
    },
    { NetworkInterfaces: cards.map(({ id }) => ({ NetworkInterfaceId: id, Status: 'available' })) },
  );
  for (const { id, index, deleteOnTermination } of cards) {
    const found = listOf(answer?.['NetworkInterfaces']).find((item) => item['NetworkInterfaceId'] === id);
    const attachment = objectOf(found?.['Attachment']);
    if (attachment['InstanceId'] === instance) {
      if (deleteOnTermination && attachment['DeleteOnTermination'] !== true)
        yield* send(setInterfaceFate(id, textOf(attachment['AttachmentId']) ?? '', true));
      continue;
    }
    if (found?.['Status'] !== 'available') {
      yield* progress(
        `the network interface ${id} is ${found === undefined ? 'gone' : 'in use elsewhere'}; it is left alone`,
      );
      continue;
    }
    const attached = yield* send({
      service: 'ec2',
      operation: 'AttachNetworkInterface',
      identity: id,
      retry: 'absolute',
      purpose: `attach the network interface ${id}`,
      input: { InstanceId: instance, NetworkInterfaceId: id, DeviceIndex: index },
      preview: { AttachmentId: 'eni-attach-preview' },
    });
    if (deleteOnTermination) yield* send(setInterfaceFate(id, textOf(attached['AttachmentId']) ?? '', true));
  }
}

export interface Where {
  readonly identity: string;
  readonly zone: string;
}
