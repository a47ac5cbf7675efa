import { look, send, type Program } from '../../../../src/domain/call.ts';
import { UserError } from '../../../../src/base/error.ts';
import type { JsonObject } from '../../../../src/base/json.ts';
import type { LiveResource } from '../../../../src/domain/live.ts';
import type { StepContext } from '../../../../src/domain/resource-type.ts';
import { compact, listOf, numberOf, objectOf, textOf } from '../../../aws/values/fields.ts';
import { blockDevicesOf, type BlockDevice } from '../reading/facts.ts';
import { choiceOf, launchMappings, launchNetwork, launchSettings } from './launch.ts';
import { associateAddresses, attachVolume, setVolumeFate, untilVolumeFree } from './parts.ts';
import { untilState } from '../reading/state.ts';
import { userDataForRun } from './user-data.ts';
import { tagSpecification } from '../../tags.ts';

/** The parts that the new instance takes over from the one that it replaces. */
interface Carried {
  readonly volumes: readonly BlockDevice[];
  readonly addresses: readonly JsonObject[];
  readonly withoutAddress: boolean;
}

/**
 * The parts that a replace brings along. The private address, data volumes and elastic addresses are free only after
 * the old instance is gone, so they need `order: delete-first`; AWS assigns a new private address where none is
 * carried. Throws UserError `carry-needs-delete-first`.
 */
function carriedBy(context: StepContext): Carried {
  const { live, replacing, order, desired } = context;
  if (!replacing || live === null) return { volumes: [], addresses: [], withoutAddress: false };
  const carry = context.carry ?? [];
  if (carry.length > 0 && order !== 'delete-first') {
    throw new UserError(
      'carry-needs-delete-first',
      `step "${context.step}" carries ${carry.join(', ')}, which ${live.identity} still holds`,
      { help: 'Write order: delete-first.' },
    );
  }
  return {
    volumes: carry.includes('volumes') ? blockDevicesOf(live).filter(({ root }) => !root) : [],
    addresses: carry.includes('addresses')
      ? listOf(live.attributes['Addresses']).filter(
          (address) =>
            address['PrivateIpAddress'] === undefined ||
            address['PrivateIpAddress'] === live.properties['PrivateIpAddress'],
        )
      : [],
    withoutAddress:
      !carry.includes('PrivateIpAddress') && desired['PrivateIpAddress'] === live.properties['PrivateIpAddress'],
  };
}

/** The image, where a replace must fit copied volumes to it. DescribeImages. */
function* imageFor(desired: JsonObject, copied: LiveResource | null): Program<JsonObject | null> {
  const id = textOf(desired['ImageId']);
  if (copied === null || id === undefined) return null;
  return (
    listOf(
      (yield* look({
        service: 'ec2',
        operation: 'DescribeImages',
        input: { ImageIds: [id], IncludeDeprecated: true },
      }))?.['Images'],
    )[0] ?? null
  );
}

/** A root volume is at least as large as the snapshot of its image (RunInstances refuses less). */
function largeEnough(mapping: JsonObject, image: JsonObject | null): JsonObject {
  const minimum = numberOf(
    objectOf(
      listOf(image?.['BlockDeviceMappings']).find((item) => item['DeviceName'] === image?.['RootDeviceName'])?.['Ebs'],
    )['VolumeSize'],
  );
  const size = numberOf(objectOf(mapping['Ebs'])['VolumeSize']);
  if (
    minimum === undefined ||
    size === undefined ||
    size >= minimum ||
    mapping['DeviceName'] !== image?.['RootDeviceName']
  )
    return mapping;
  return { ...mapping, Ebs: { ...objectOf(mapping['Ebs']), VolumeSize: minimum } };
}

/**
 * RunInstances with everything that it takes, ownership tags included, and further calls for what it does not: attached
 * volumes, the source check. Idempotent by client token; with `context.remains` the launch is behind it, and the rest
 * follows.
 */
export function* createInstance(context: StepContext): Program<{ readonly identity: string }> {
  const { desired } = context;
  const copied = context.replacing ? context.live : null;
  const carried = carriedBy(context);
  const identity = context.remains?.identity ?? (yield* launch(context, copied, carried));
  const instance = yield* untilState(identity, ['running']);
  const network = listOf(instance['NetworkInterfaces']).find(
    (item) => (numberOf(objectOf(item['Attachment'])['DeviceIndex']) ?? 0) === 0,
  );
  if (desired['SourceDestCheck'] === false) {
    const primary = textOf(network?.['NetworkInterfaceId']) ?? '';
    yield* send({
      service: 'ec2',
      operation: 'ModifyNetworkInterfaceAttribute',
      identity: primary,
      retry: 'absolute',
      purpose: 'switch the source/destination check off',
      input: { NetworkInterfaceId: primary, SourceDestCheck: { Value: false } },
    });
  }
  const there = new Set(
    listOf(instance['BlockDeviceMappings']).map((mapping) => textOf(objectOf(mapping['Ebs'])['VolumeId'])),
  );
  const moving = carried.volumes.filter(({ volume }) => !there.has(volume));
  for (const { volume } of moving) yield* untilVolumeFree(volume);
  for (const { volume, device } of moving) yield* attachVolume(identity, volume, device);
  const going = carried.volumes.filter(({ deleteOnTermination }) => deleteOnTermination);
  if (going.length > 0)
    yield* send(setVolumeFate(identity, going, 'delete the carried volumes with the instance, as before'));
  for (const volume of separate(desired, copied))
    if (!there.has(textOf(volume['VolumeId'])))
      yield* attachVolume(identity, volume['VolumeId'] ?? null, volume['Device'] ?? null);
  const target = textOf(network?.['NetworkInterfaceId']) ?? '';
  yield* associateAddresses(
    carried.addresses.map((address) => ({
      allocation: textOf(address['AllocationId']) ?? '',
      interface: target,
      privateAddress: undefined,
    })),
  );
  return { identity };
}

/** RunInstances; answers the id of the new instance. */
function* launch(context: StepContext, copied: LiveResource | null, carried: Carried): Program<string> {
  const { desired, ownership } = context;
  const image = yield* imageFor(desired, copied);
  const userData = yield* userDataForRun(context);
  const elsewhere = new Set([
    ...carried.volumes.map(({ device }) => device),
    ...listOf(desired['Volumes']).map((volume) => textOf(volume['Device']) ?? ''),
    ...emptied(desired, copied),
  ]);
  const mappings = launchMappings(desired, copied, image, elsewhere)?.map((mapping) => largeEnough(mapping, image));
  const answer = yield* send({
    service: 'ec2',
    operation: 'RunInstances',
    identity: context.op,
    retry: 'token',
    purpose: 'launch the instance',
    input: compact({
      MinCount: 1,
      MaxCount: 1,
      ClientToken: context.op,
      ImageId: desired['ImageId'],
      ...launchSettings(desired, choiceOf(desired, copied)),
      ...launchNetwork(desired, copied, carried.withoutAddress),
      BlockDeviceMappings: mappings,
      UserData: userData,
      DisableApiTermination: desired['DisableApiTermination'] === true ? true : undefined,
      TagSpecifications: [
        tagSpecification('instance', { ...objectOf(desired['Tags']), ...ownership }),
        tagSpecification('volume', { ...ownership }),
        tagSpecification('network-interface', { ...ownership }),
      ],
    }),
    preview: { Instances: [{ InstanceId: 'i-preview' }] },
  });
  const identity = textOf(listOf(answer['Instances'])[0]?.['InstanceId']);
  if (identity === undefined) throw new UserError('unexpected-answer', 'RunInstances answered no instance id');
  return identity;
}

/**
 * Devices of volumes that stay with the old instance, where the author maps nothing: an image that was taken of it
 * would bring copies of them.
 */
function emptied(desired: JsonObject, copied: LiveResource | null): readonly string[] {
  const mapped = new Set(listOf(desired['BlockDeviceMappings']).map((mapping) => mapping['DeviceName']));
  return listOf(copied?.properties['Volumes'])
    .map((volume) => textOf(volume['Device']) ?? '')
    .filter((device) => !mapped.has(device));
}

/** The volumes that the plan attaches; those of the replaced instance come along only by `carry`. */
function separate(desired: JsonObject, copied: LiveResource | null): readonly JsonObject[] {
  const old = new Set(listOf(copied?.properties['Volumes']).map((volume) => volume['VolumeId']));
  return listOf(desired['Volumes']).filter((volume) => !old.has(volume['VolumeId']));
}
