import { look, progress, send, until, type Call, type Program } from '../../../../src/domain/call.ts';
import type { Json, JsonObject } from '../../../../src/base/json.ts';
import { compact, listOf, textOf } from '../../../aws/values/fields.ts';
import { describeInstance, instanceIn, previewInstance } from '../reading/state.ts';
import { filtered } from '../../paging.ts';

const describeVolume = (volume: Json) =>
  ({ service: 'ec2', operation: 'DescribeVolumes', input: filtered('volume-id', [volume]) }) as const;
const volumeIn = (answer: JsonObject | null): JsonObject | undefined => listOf(answer?.['Volumes'])[0];
const nameOf = (value: Json): string => textOf(value) ?? 'the new volume';

/**
 * AttachVolume, then until it is attached. The volume may be one that only exists after another step (in a preview).
 */
export function* attachVolume(instance: string, volume: Json, device: Json): Program {
  yield* send({
    service: 'ec2',
    operation: 'AttachVolume',
    input: { InstanceId: instance, VolumeId: volume, Device: device },
    identity: instance,
    retry: 'absolute',
    purpose: `attach ${nameOf(volume)}`,
  });
  yield* until({
    what: `volume ${nameOf(volume)} attached`,
    read: describeVolume(volume),
    judge: (answer) => {
      const attachment = listOf(volumeIn(answer)?.['Attachments']).find((item) => item['InstanceId'] === instance);
      return attachment?.['State'] === 'attached'
        ? { state: 'done' }
        : { state: 'pending', detail: textOf(attachment?.['State']) ?? 'not attached' };
    },
  });
}

/** A terminated instance lets its volumes go a moment later; AttachVolume refuses one that is in use. */
export function* untilVolumeFree(volume: string): Program {
  yield* until({
    what: `volume ${volume} free`,
    read: describeVolume(volume),
    judge: (answer) => {
      const state = textOf(volumeIn(answer)?.['State']);
      return state === 'available' ? { state: 'done' } : { state: 'pending', detail: state ?? 'not visible yet' };
    },
  });
}

/** DetachVolume, then until the volume is free. A busy device stays `detaching` until the system lets it go. */
export function* detachVolume(instance: string, volume: string): Program {
  yield* send({
    service: 'ec2',
    operation: 'DetachVolume',
    input: { InstanceId: instance, VolumeId: volume },
    identity: instance,
    retry: 'absolute',
    purpose: `detach ${volume}`,
  });
  yield* until({
    what: `volume ${volume} detached`,
    read: describeVolume(volume),
    judge: (answer) => {
      const attachment = listOf(volumeIn(answer)?.['Attachments']).find(
        (item) => item['InstanceId'] === instance && item['State'] !== 'detached',
      );
      return attachment === undefined
        ? { state: 'done' }
        : { state: 'pending', detail: textOf(attachment['State']) ?? 'detaching' };
    },
  });
}

/**
 * Where an elastic address goes: to an interface, and to one of its private addresses where it is not the primary one.
 */
export interface AddressPlace {
  readonly allocation: string;
  readonly interface: string;
  readonly privateAddress: string | undefined;
}

/**
 * Associates elastic addresses that nothing else uses by now; AllowReassociation stays false, so none is taken away.
 */
export function* associateAddresses(places: readonly AddressPlace[]): Program {
  if (places.length === 0) return;
  const ids = places.map(({ allocation }) => allocation);
  const answer = yield* look(
    { service: 'ec2', operation: 'DescribeAddresses', input: filtered('allocation-id', ids) },
    { Addresses: ids.map((AllocationId) => ({ AllocationId })) },
  );
  for (const { allocation, interface: target, privateAddress } of places) {
    const current = listOf(answer?.['Addresses']).find((item) => item['AllocationId'] === allocation);
    if (current === undefined || textOf(current['AssociationId']) !== undefined) {
      yield* progress(
        `the elastic address ${allocation} is ${current === undefined ? 'gone' : 'in use elsewhere'}; it is left alone`,
      );
      continue;
    }
    yield* send({
      service: 'ec2',
      operation: 'AssociateAddress',
      identity: allocation,
      retry: 'absolute',
      purpose: `associate the elastic address ${textOf(current['PublicIp']) ?? allocation}`,
      input: compact({
        AllocationId: allocation,
        NetworkInterfaceId: target,
        PrivateIpAddress: privateAddress,
        AllowReassociation: false,
      }),
    });
  }
}

/** Which volumes go with their instance: one call for all devices (ModifyInstanceAttribute, BlockDeviceMappings). */
export const setVolumeFate = (
  instance: string,
  fates: readonly { readonly device: string; readonly deleteOnTermination: boolean }[],
  purpose: string,
): Call => ({
  service: 'ec2',
  operation: 'ModifyInstanceAttribute',
  identity: instance,
  retry: 'absolute',
  purpose,
  input: {
    InstanceId: instance,
    BlockDeviceMappings: fates.map(({ device, deleteOnTermination }) => ({
      DeviceName: device,
      Ebs: { DeleteOnTermination: deleteOnTermination },
    })),
  },
});

/** Whether a network interface goes with its instance. */
export const setInterfaceFate = (id: string, attachment: string, deleteOnTermination: boolean): Call => ({
  service: 'ec2',
  operation: 'ModifyNetworkInterfaceAttribute',
  identity: id,
  retry: 'absolute',
  purpose: deleteOnTermination ? 'delete the network interface with the instance again' : 'keep the network interface',
  input: { NetworkInterfaceId: id, Attachment: { AttachmentId: attachment, DeleteOnTermination: deleteOnTermination } },
});

/** Reads an instance until no volume would go with it: only then may it be terminated (law 1). */
export function* untilVolumesStay(instance: string): Program {
  yield* until({
    what: `volumes of ${instance} kept on termination`,
    read: describeInstance(instance),
    judge: (answer) => {
      const going = listOf(instanceIn(answer)?.['BlockDeviceMappings']).filter(
        (mapping) => (mapping['Ebs'] as JsonObject | undefined)?.['DeleteOnTermination'] === true,
      );
      return going.length === 0
        ? { state: 'done' }
        : { state: 'pending', detail: `${going.length} would still be deleted` };
    },
    preview: previewInstance(instance),
  });
}
