import type { Json, JsonObject } from '../../../../src/base/json.ts';
import { compact, flagOf, gib, listOf, numberOf, objectOf, textOf } from '../../../aws/values/fields.ts';
import { creatorOf, splitTags } from '../../../aws/values/tags.ts';

/** The facts that were read about one instance; undefined where the read failed or AWS knows nothing of it. */
export interface InstanceReads {
  readonly volumes: readonly JsonObject[] | undefined;
  readonly addresses: readonly JsonObject[] | undefined;
  readonly snapshots: readonly JsonObject[] | undefined;
  readonly facts: JsonObject | undefined;
  readonly terminationProtection: Json | undefined;
  readonly stopProtection: Json | undefined;
}

/**
 * Snapshots that hold all their data and do not come from an aiplan run, which would make every plan stale after its
 * first.
 */
const isBackup = (snapshot: JsonObject): boolean =>
  snapshot['State'] === 'completed' && splitTags(snapshot['Tags']).systemTags['aiplan:op'] === undefined;

/** Binding facts and observations of an instance. A fact that could not be read is `unknown` (law 9). */
export function evidenceOf(
  raw: JsonObject,
  reads: InstanceReads,
): { readonly binding: JsonObject; readonly observed: JsonObject } {
  const { tags, systemTags } = splitTags(raw['Tags']);
  const volumes = reads.volumes;
  const ids = new Set((volumes ?? []).map((volume) => textOf(volume['VolumeId'])));
  const snapshots = reads.snapshots?.filter(
    (snapshot) => ids.has(textOf(snapshot['VolumeId'])) && snapshot['State'] === 'completed',
  );
  const newest = snapshots
    ?.map((snapshot) => textOf(snapshot['StartTime']) ?? '')
    .toSorted()
    .at(-1);
  return {
    binding: {
      protections: protectionsOf(reads),
      attached: attachedOf(raw, reads),
      encrypted: encryptionOf(volumes),
      backups: snapshots === undefined ? 'unknown' : snapshots.some(isBackup) ? 'snapshots exist' : 'none',
      instanceStore: instanceStoreOf(reads.facts),
    },
    observed: compact({
      bytes:
        volumes === undefined
          ? 'unknown'
          : volumes.reduce((sum, volume) => sum + (numberOf(volume['Size']) ?? 0) * gib, 0),
      snapshots: snapshots === undefined ? 'unknown' : snapshots.length,
      newestSnapshot: newest,
      creator: creatorOf(tags, systemTags),
    }),
  };
}

function protectionsOf({ terminationProtection, stopProtection }: InstanceReads): Json {
  if (terminationProtection === undefined || stopProtection === undefined) return 'unknown';
  return [
    ...(terminationProtection === true ? ['termination protection'] : []),
    ...(stopProtection === true ? ['stop protection'] : []),
  ];
}

function attachedOf(raw: JsonObject, { volumes, addresses }: InstanceReads): Json {
  if (volumes === undefined || addresses === undefined) return 'unknown';
  const disks = listOf(raw['BlockDeviceMappings']).map((mapping) => {
    const ebs = objectOf(mapping['Ebs']);
    const volume = volumes.find((item) => item['VolumeId'] === ebs['VolumeId']);
    return diskText({
      id: textOf(ebs['VolumeId']) ?? 'volume',
      device: textOf(mapping['DeviceName']) ?? '',
      root: mapping['DeviceName'] === raw['RootDeviceName'],
      size: volume?.['Size'],
      fate: ebs['DeleteOnTermination'] === true,
    });
  });
  const cards = listOf(raw['NetworkInterfaces'])
    .filter((item) => numberOf(objectOf(item['Attachment'])['DeviceIndex']) !== 0)
    .map((item) => textOf(item['NetworkInterfaceId']) ?? '');
  return [
    ...disks,
    ...cards,
    ...addresses.map(
      (address) => `${textOf(address['AllocationId']) ?? 'address'} ${textOf(address['PublicIp']) ?? ''} (elastic)`,
    ),
  ].toSorted();
}

/** A volume of an instance in words. `size` in GiB; `fate`: deleted on termination. */
export const diskText = ({
  id,
  device,
  root,
  size,
  fate,
}: {
  readonly id: string;
  readonly device: string;
  readonly root: boolean;
  readonly size: Json | undefined;
  readonly fate: boolean;
}): string =>
  `${id} ${device} (${root ? 'root, ' : ''}${numberOf(size) ?? '?'} GiB, ${fate ? 'deleted' : 'kept'} on termination)`;

function encryptionOf(volumes: readonly JsonObject[] | undefined): Json {
  if (volumes === undefined) return 'unknown';
  const encrypted = volumes.filter((volume) => flagOf(volume['Encrypted']) === true).length;
  if (encrypted === 0) return false;
  return encrypted === volumes.length ? true : `${encrypted} of ${volumes.length} volumes`;
}

/** Disks of the host, lost with every stop (DescribeInstanceTypes.InstanceStorageInfo). */
function instanceStoreOf(facts: JsonObject | undefined): string {
  const supported = flagOf(facts?.['InstanceStorageSupported']);
  if (facts === undefined || supported === undefined) return 'unknown';
  return supported ? `${numberOf(objectOf(facts['InstanceStorageInfo'])['TotalSizeInGB']) ?? '?'} GB` : 'none';
}
