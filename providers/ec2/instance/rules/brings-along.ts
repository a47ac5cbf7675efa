import type { JsonObject } from '../../../../src/base/json.ts';
import type { LiveResource } from '../../../../src/domain/live.ts';
import { listOf, objectOf } from '../../../aws/values/fields.ts';
import { blockDevicesOf } from '../reading/facts.ts';
import { volumeType } from '../../volume/rules/rules.ts';

/**
 * RunInstances recreates the root volume from the image; data volumes are attached again, or made from their own
 * snapshots.
 */
export const broughtByInstance = (live: LiveResource) =>
  blockDevicesOf(live)
    .filter(({ root }) => root)
    .map(({ volume }) => ({ type: volumeType, identity: volume }));

/**
 * The captured instance as it would be with these properties of its volumes: their tags, and the kind and speed that
 * are asked for.
 */
export function instanceBringing(live: LiveResource, properties: Readonly<Record<string, JsonObject>>): LiveResource {
  const devices = new Map(blockDevicesOf(live).map(({ device, volume }) => [device, properties[volume]]));
  const changed = (item: JsonObject, names: readonly string[], given: JsonObject | undefined): JsonObject => {
    if (given === undefined) return item;
    const set = names.filter((name) => given[name] !== undefined);
    const rest = Object.fromEntries(Object.entries(item).filter(([name]) => !set.includes(name)));
    return {
      ...rest,
      ...Object.fromEntries(set.flatMap((name) => (given[name] === null ? [] : [[name, given[name]]]))),
    };
  };
  const speed = ['VolumeType', 'Iops', 'Throughput'];
  const attributes = listOf(live.attributes['BlockDevices']).map((item) =>
    changed(item, [...speed, 'Tags'], devices.get(String(item['DeviceName']))),
  );
  const mappings = listOf(live.properties['BlockDeviceMappings']).map((mapping): JsonObject => ({
    ...mapping,
    Ebs: changed(objectOf(mapping['Ebs']), ['VolumeType', 'Iops'], devices.get(String(mapping['DeviceName']))),
  }));
  return {
    ...live,
    attributes: { ...live.attributes, BlockDevices: attributes },
    properties:
      live.properties['BlockDeviceMappings'] === undefined
        ? live.properties
        : { ...live.properties, BlockDeviceMappings: mappings },
  };
}
