import type { JsonObject } from '../../../../src/base/json.ts';
import type { LiveResource } from '../../../../src/domain/live.ts';
import { flagOf, listOf, numberOf, textOf } from '../../../aws/values/fields.ts';

export const instanceType = 'AWS::EC2::Instance';

/**
 * A volume that is attached to an instance, from `attributes.BlockDevices`. Sizes and so on only after a detailed read.
 */
export interface BlockDevice {
  readonly device: string;
  readonly volume: string;
  readonly root: boolean;
  readonly deleteOnTermination: boolean;
  /** GiB. */
  readonly size: number | undefined;
  readonly volumeType: string | undefined;
  readonly iops: number | undefined;
  readonly throughput: number | undefined;
  readonly encrypted: boolean | undefined;
  readonly kmsKeyId: string | undefined;
  readonly tags: JsonObject;
  readonly systemTags: JsonObject;
}

export function blockDevicesOf(live: LiveResource): readonly BlockDevice[] {
  return listOf(live.attributes['BlockDevices']).map((entry) => ({
    device: textOf(entry['DeviceName']) ?? '',
    volume: textOf(entry['VolumeId']) ?? '',
    root: entry['Root'] === true,
    deleteOnTermination: entry['DeleteOnTermination'] === true,
    size: numberOf(entry['Size']),
    volumeType: textOf(entry['VolumeType']),
    iops: numberOf(entry['Iops']),
    throughput: numberOf(entry['Throughput']),
    encrypted: flagOf(entry['Encrypted']),
    kmsKeyId: textOf(entry['KmsKeyId']),
    tags: (entry['Tags'] ?? {}) as JsonObject,
    systemTags: (entry['SystemTags'] ?? {}) as JsonObject,
  }));
}

/** A network interface of an instance, from `attributes.Interfaces`. */
export interface Interface {
  readonly id: string;
  readonly index: number;
  readonly attachment: string;
  readonly deleteOnTermination: boolean;
  readonly raw: JsonObject;
}

export function interfacesOf(live: LiveResource): readonly Interface[] {
  return listOf(live.attributes['Interfaces']).map((raw) => ({
    id: textOf(raw['NetworkInterfaceId']) ?? '',
    index: numberOf(raw['DeviceIndex']) ?? 0,
    attachment: textOf(raw['AttachmentId']) ?? '',
    deleteOnTermination: raw['DeleteOnTermination'] === true,
    raw,
  }));
}

/** The interface with device index 0: the one that groups, addresses and the source check of the instance belong to. */
export const primaryInterfaceOf = (live: LiveResource): Interface | undefined =>
  interfacesOf(live).find(({ index }) => index === 0);

/** Spot instances are not stopped by aiplan: a one-time request cannot be (StopInstances). */
export const isSpot = (live: LiveResource): boolean => live.attributes['Lifecycle'] === 'spot';

/** Only instances with an EBS root can be stopped and imaged (StopInstances, CreateImage). */
export const hasInstanceStoreRoot = (live: LiveResource): boolean =>
  live.attributes['RootDeviceType'] === 'instance-store';

export const isStoppable = (live: LiveResource): boolean => !isSpot(live) && !hasInstanceStoreRoot(live);

export const isRunning = (live: LiveResource | null): boolean => live?.state === 'running' || live?.state === 'pending';

/** Permanent losses of a stop, one sentence each: instance store, a public address that is not elastic. */
export function instanceStoreOf(live: LiveResource | null): string | undefined {
  const store = live === null || !isRunning(live) ? undefined : textOf(live.binding['instanceStore']);
  return store === undefined || store === 'none' ? undefined : store;
}

/** The public address that a stop loses; undefined where there is none, or where it is elastic. */
export function passingAddressOf(live: LiveResource | null): string | undefined {
  return live === null || !isRunning(live) ? undefined : textOf(live.attributes['PassingPublicIp']);
}
