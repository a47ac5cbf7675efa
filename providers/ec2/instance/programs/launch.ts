import type { Json, JsonObject } from '../../../../src/base/json.ts';
import { isObject } from '../../../../src/base/json.ts';
import type { LiveResource } from '../../../../src/domain/live.ts';
import { compact, flagOf, listOf, objectOf, textOf } from '../../../aws/values/fields.ts';

const isSame = (a: Json | undefined, b: Json | undefined): boolean =>
  a !== undefined && JSON.stringify(a) === JSON.stringify(b);

/** Settings that go into a launch only where the author asks for them: see `launchSettings`. */
export interface LaunchChoice {
  readonly zone: boolean;
  readonly cpu: boolean;
}

/**
 * The settings of a copied instance that a replace states: what differs from it, and CPU options that are not the
 * type's own.
 */
export const choiceOf = (desired: JsonObject, copied: LiveResource | null): LaunchChoice => ({
  zone: copied === null || !isSame(desired['AvailabilityZone'], copied.properties['AvailabilityZone']),
  cpu:
    copied === null ||
    !isSame(desired['CpuOptions'], copied.properties['CpuOptions']) ||
    copied.attributes['CpuOptionsDefault'] === false,
});

/**
 * The settings of RunInstances that a create and a restore share: everything but image, network, volumes, user data and
 * tags. The zone follows from a subnet, and types without CPU options or credits refuse them even at their default.
 */
export function launchSettings(desired: JsonObject, { zone, cpu }: LaunchChoice): JsonObject {
  const profile = textOf(desired['IamInstanceProfile']);
  const credits = objectOf(desired['CreditSpecification'])['CPUCredits'];
  const tenancy = textOf(desired['Tenancy']);
  const placement = compact({
    AvailabilityZone: zone ? desired['AvailabilityZone'] : undefined,
    GroupName: desired['PlacementGroupName'],
    Tenancy: tenancy === 'default' ? undefined : tenancy,
  });
  return compact({
    InstanceType: desired['InstanceType'],
    KeyName: desired['KeyName'],
    EbsOptimized: desired['EbsOptimized'] === true ? true : undefined,
    Monitoring: typeof desired['Monitoring'] === 'boolean' ? { Enabled: desired['Monitoring'] } : undefined,
    InstanceInitiatedShutdownBehavior: desired['InstanceInitiatedShutdownBehavior'],
    IamInstanceProfile:
      profile === undefined
        ? unknownProfile(desired['IamInstanceProfile'])
        : profile.startsWith('arn:')
          ? { Arn: profile }
          : { Name: profile },
    Placement: Object.keys(placement).length === 0 ? undefined : placement,
    CpuOptions: cpu ? desired['CpuOptions'] : undefined,
    CreditSpecification:
      credits === undefined || !/^t\d/u.test(textOf(desired['InstanceType']) ?? 't3')
        ? undefined
        : { CpuCredits: credits },
    HibernationOptions:
      flagOf(objectOf(desired['HibernationOptions'])['Configured']) === true ? { Configured: true } : undefined,
    EnclaveOptions: flagOf(objectOf(desired['EnclaveOptions'])['Enabled']) === true ? { Enabled: true } : undefined,
    MetadataOptions: desired['MetadataOptions'],
    PrivateDnsNameOptions: desired['PrivateDnsNameOptions'],
  });
}

/** A profile that only exists after another step. */
const unknownProfile = (value: Json | undefined): Json | undefined => (isObject(value) ? { Name: value } : undefined);

/**
 * Where the addresses of the primary interface stand: at the top, or in NetworkInterfaces, which then holds all of
 * them.
 */
export function launchNetwork(desired: JsonObject, copied: LiveResource | null, withoutAddress: boolean): JsonObject {
  const top = compact({
    SubnetId: desired['SubnetId'],
    SecurityGroupIds: desired['SecurityGroupIds'],
    PrivateIpAddress: withoutAddress ? undefined : desired['PrivateIpAddress'],
  });
  const elements = listOf(desired['NetworkInterfaces']);
  const primary = elements.find((item) => String(item['DeviceIndex']) === '0');
  const old = listOf(copied?.properties['NetworkInterfaces'])[0];
  if (primary === undefined || isSame(primary, old)) return top;
  const own = Object.fromEntries(
    Object.entries(primary).filter(([name, value]) => name !== 'DeviceIndex' && !isSame(value, old?.[name])),
  );
  const { GroupSet, ...rest } = own;
  return {
    NetworkInterfaces: [
      compact({
        DeviceIndex: 0,
        SubnetId: top['SubnetId'],
        PrivateIpAddress: top['PrivateIpAddress'],
        ...rest,
        Groups: GroupSet ?? top['SecurityGroupIds'],
      }),
    ],
  };
}

const ebsNames = [
  'DeleteOnTermination',
  'Encrypted',
  'Iops',
  'KmsKeyId',
  'SnapshotId',
  'VolumeSize',
  'VolumeType',
] as const;

/**
 * BlockDeviceMappings as RunInstances takes them. When a replace copies the live ones, the root keeps its settings but
 * not its contents, which come from the new image; `without` names devices that are not made, because volumes are moved
 * there.
 */
export function launchMappings(
  desired: JsonObject,
  copied: LiveResource | null,
  image: JsonObject | null,
  without: ReadonlySet<string>,
): readonly JsonObject[] | undefined {
  const oldRoot = textOf(copied?.attributes['RootDeviceName']);
  const newRoot = textOf(image?.['RootDeviceName']);
  const made = listOf(desired['BlockDeviceMappings'])
    .filter((mapping) => !without.has(textOf(mapping['DeviceName']) ?? ''))
    .map((mapping): JsonObject => {
      const device = textOf(mapping['DeviceName']);
      if (mapping['NoDevice'] !== undefined) return { DeviceName: mapping['DeviceName'], NoDevice: '' };
      if (mapping['VirtualName'] !== undefined)
        return { DeviceName: mapping['DeviceName'], VirtualName: mapping['VirtualName'] };
      const ebs = compact(Object.fromEntries(ebsNames.map((name) => [name, objectOf(mapping['Ebs'])[name]])));
      if (device === undefined || device !== oldRoot)
        return { DeviceName: mapping['DeviceName'], Ebs: withoutDefaults(ebs) };
      const { SnapshotId: _contents, ...settings } = ebs;
      return { DeviceName: newRoot ?? device, Ebs: withoutDefaults(settings) };
    });
  const inImage = listOf(image?.['BlockDeviceMappings']).map((mapping) => textOf(mapping['DeviceName']) ?? '');
  const all = [
    ...made,
    ...inImage.filter((device) => without.has(device)).map((device) => ({ DeviceName: device, NoDevice: '' })),
  ];
  return all.length === 0 ? undefined : all;
}

/**
 * `Encrypted: false` is refused for encrypted snapshots, and a key without encryption everywhere (CreateVolume,
 * EbsBlockDevice).
 */
const withoutDefaults = ({ Encrypted, KmsKeyId, ...rest }: JsonObject): JsonObject =>
  Encrypted === true ? compact({ ...rest, Encrypted, KmsKeyId }) : rest;
