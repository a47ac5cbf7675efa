import type { Json, JsonObject } from '../../../../src/base/json.ts';
import type { LiveResource } from '../../../../src/domain/live.ts';
import type { Neighbours, OwnEffect, Tie } from '../../../../src/domain/own-effect.ts';
import { compact, listOf, objectOf, textOf, textsOf } from '../../../aws/values/fields.ts';
import { blockDevicesOf, interfacesOf } from '../reading/facts.ts';
import { diskText } from '../reading/evidence.ts';
import { securityGroupType } from '../../security-group/read.ts';
import { volumeRules, volumeType } from '../../volume/rules/rules.ts';

/** Members of `Ebs` and the property of the volume that each repeats. */
const lent = {
  VolumeSize: 'Size',
  VolumeType: 'VolumeType',
  Iops: 'Iops',
  Encrypted: 'Encrypted',
  KmsKeyId: 'KmsKeyId',
  SnapshotId: 'SnapshotId',
} as const;

/**
 * An instance moves its network interfaces along, has volumes, and by each interface its groups; what it shows of a
 * volume is the volume's.
 */
export const instanceNeighbours: Neighbours = {
  ties: (live) => [
    ...interfacesOf(live).flatMap(({ id, raw }): readonly Tie[] => [
      { type: 'AWS::EC2::NetworkInterface', identity: id, along: true },
      ...textsOf(raw['Groups']).map((identity) => ({ type: securityGroupType, identity, along: false })),
    ]),
    ...blockDevicesOf(live).map(({ volume }) => ({ type: volumeType, identity: volume, along: true })),
  ],
  shows(live, effect) {
    if (effect.type !== volumeType || effect.what === 'removed') return live;
    const device = blockDevicesOf(live).find((item) => item.volume === effect.identity)?.device;
    return device === undefined ? withAttached(live, effect) : withVolume(live, effect, device);
  },
  follows: { encrypted: ['attached', 'BlockDeviceMappings'], backups: ['attached', 'BlockDeviceMappings'] },
};

/**
 * The value that the run gave a property of a volume: the desired one, and those that AWS moved along with it;
 * everything else is as it was.
 */
function given({ before, after, wanted }: OwnEffect, name: string): Json | undefined {
  if (before === null || wanted === null) return after?.properties[name] ?? wanted?.[name] ?? before?.properties[name];
  const isChanged = (one: string): boolean => before.properties[one] !== wanted[one];
  if (isChanged(name)) return wanted[name];
  return after !== null && volumeRules.properties[name]?.follows?.some(isChanged) === true
    ? after.properties[name]
    : before.properties[name];
}

/** A volume of the instance as it was changed. */
function withVolume(live: LiveResource, effect: OwnEffect, device: string): LiveResource {
  const { identity, before } = effect;
  const former = before?.properties ?? {};
  const ebs = (item: JsonObject): JsonObject =>
    compact({
      ...item,
      ...Object.fromEntries(Object.entries(lent).map(([name, property]) => [name, given(effect, property)])),
    });
  const mappings = listOf(live.properties['BlockDeviceMappings']).map((mapping): JsonObject =>
    mapping['DeviceName'] === device ? { ...mapping, Ebs: ebs(objectOf(mapping['Ebs'])) } : mapping,
  );
  const texts = (live.binding['attached'] ?? []) as readonly Json[];
  const attached = Array.isArray(texts)
    ? texts
        .map((text) =>
          String(text).startsWith(`${identity} `)
            ? String(text).replace(
                `${String(former['Size'] ?? '?')} GiB`,
                `${String(given(effect, 'Size') ?? '?')} GiB`,
              )
            : text,
        )
        .toSorted()
    : texts;
  return {
    ...live,
    properties: {
      ...live.properties,
      ...(live.properties['BlockDeviceMappings'] === undefined ? {} : { BlockDeviceMappings: mappings }),
    },
    binding: { ...live.binding, ...(live.binding['attached'] === undefined ? {} : { attached }) },
  };
}

/** A volume that the run attached to the instance, as one that came back is. */
function withAttached(live: LiveResource, { identity, after }: OwnEffect): LiveResource {
  const attachment = listOf(after?.attributes['Attachments']).find((item) => item['InstanceId'] === live.identity);
  const device = textOf(attachment?.['Device']);
  if (
    after === null ||
    attachment === undefined ||
    device === undefined ||
    live.properties['BlockDeviceMappings'] === undefined
  )
    return live;
  const fate = attachment['DeleteOnTermination'] === true;
  const Ebs = compact({
    DeleteOnTermination: fate,
    ...Object.fromEntries(Object.entries(lent).map(([name, property]) => [name, after.properties[property]])),
  });
  const { attached } = live.binding;
  return {
    ...live,
    properties: {
      ...live.properties,
      BlockDeviceMappings: [...listOf(live.properties['BlockDeviceMappings']), { DeviceName: device, Ebs }],
      Volumes: [...listOf(live.properties['Volumes']), { Device: device, VolumeId: identity }],
    },
    binding: {
      ...live.binding,
      ...(Array.isArray(attached)
        ? {
            attached: [
              ...(attached as readonly Json[]),
              diskText({ id: identity, device, root: false, size: after.properties['Size'], fate }),
            ].toSorted(),
          }
        : {}),
    },
  };
}
