import type { JsonObject } from '../../../../src/base/json.ts';
import type { LiveResource } from '../../../../src/domain/live.ts';
import type { HeldPart } from '../../../../src/domain/resource-type.ts';
import { listOf, textOf } from '../../../aws/values/fields.ts';
import { blockDevicesOf, interfacesOf, type BlockDevice } from '../reading/facts.ts';

const sizeOf = ({ size }: BlockDevice): string => (size === undefined ? 'size unknown' : `${size} GiB`);
const nameOf = ({ tags }: BlockDevice): string => {
  const name = textOf(tags['Name']);
  return name === undefined || name === '' ? '' : `, tagged "${name}"`;
};

/**
 * What outlives an instance beside its root volume: data volumes, elastic addresses and further interfaces. AWS
 * assigned all of them to this very instance, so another one has them only when they are moved.
 */
export const instanceParts = (live: LiveResource): readonly HeldPart[] => [
  ...blockDevicesOf(live)
    .filter(({ root }) => !root)
    .map((device) => ({
      identity: device.volume,
      text: `data volume ${device.volume} (${device.device}, ${sizeOf(device)}${nameOf(device)})`,
      word: 'volumes',
    })),
  ...listOf(live.attributes['Addresses']).flatMap((address): readonly HeldPart[] => {
    const identity = textOf(address['AllocationId']);
    if (identity === undefined) return [];
    const isPrimary = [undefined, live.properties['PrivateIpAddress']].includes(address['PrivateIpAddress']);
    return [
      {
        identity,
        text: `elastic address ${textOf(address['PublicIp']) ?? 'unknown'} (${identity})`,
        word: isPrimary ? 'addresses' : null,
      },
    ];
  }),
  ...interfacesOf(live)
    .filter(({ index }) => index > 0)
    .map(({ id, index }) => ({
      identity: id,
      text: `network interface ${id} (device index ${index})`,
      word: null,
    })),
];

/**
 * The properties of a replacement without the volumes that stay with the old instance. A volume that was mapped at the
 * launch has an empty one in its place, as at every launch; one that was attached has none.
 */
export function withoutInstanceParts(desired: JsonObject, live: LiveResource, left: ReadonlySet<string>): JsonObject {
  const attached = new Set(listOf(live.properties['Volumes']).map((volume) => textOf(volume['VolumeId'])));
  const devices = new Set(
    blockDevicesOf(live)
      .filter(({ volume }) => left.has(volume) && attached.has(volume))
      .map(({ device }) => device),
  );
  if (devices.size === 0) return desired;
  return {
    ...desired,
    Volumes: listOf(desired['Volumes']).filter((volume) => !left.has(textOf(volume['VolumeId']) ?? '')),
    ...(desired['BlockDeviceMappings'] === undefined
      ? {}
      : {
          BlockDeviceMappings: listOf(desired['BlockDeviceMappings']).filter(
            (mapping) => !devices.has(textOf(mapping['DeviceName']) ?? ''),
          ),
        }),
  };
}
