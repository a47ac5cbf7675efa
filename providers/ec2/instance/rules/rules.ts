import type { Json, JsonObject } from '../../../../src/base/json.ts';
import type { LiveResource } from '../../../../src/domain/live.ts';
import type { ChangeRule, PropertyRule, TypeRules } from '../../../../src/domain/resource-type.ts';
import { compact, keyed, listOf, objectOf, textOf } from '../../../aws/values/fields.ts';
import { decodedUserData } from './encoded-user-data.ts';
import { imageType } from '../../images.ts';
import { instanceGrants } from './grants.ts';
import { blockDevicesOf, instanceStoreOf, passingAddressOf } from '../reading/facts.ts';
import { refusedInstance } from './values.ts';
import { instanceParts, withoutInstanceParts } from './parts.ts';
import { instanceVerdicts } from './verdicts.ts';

type Effect = ReturnType<Extract<NonNullable<PropertyRule['update']>, (...args: never) => unknown>>;

/** Properties that an instance must be stopped for (EC2 user guide, "Modify a stopped instance"). */
export const stoppedProperties = ['InstanceType', 'UserData', 'EbsOptimized'] as const;

/** Settings of a mapped volume belong to the volume; only its fate at termination is the instance's. */
function mappingEffect(
  before: Json | undefined,
  after: Json | undefined,
  live: LiveResource,
  desired: JsonObject = {},
): Effect {
  const volumes = new Map(blockDevicesOf(live).map(({ device, volume }) => [device, volume]));
  const known = new Map(listOf(before).map((entry) => [textOf(entry['DeviceName']) ?? '', entry]));
  for (const entry of listOf(after)) {
    const device = textOf(entry['DeviceName']) ?? '';
    const old = known.get(device);
    // A volume that the same step attaches: its fate is set once it is there, everything else is the volume's.
    if (old === undefined && listOf(desired['Volumes']).some((volume) => volume['Device'] === device)) continue;
    if (old === undefined)
      return {
        blocked: `"${device}" cannot be mapped on an existing instance: create an AWS::EC2::Volume and name it in Volumes`,
      };
    const wanted = objectOf(entry['Ebs']);
    const changed = Object.keys(wanted).filter(
      (name) => name !== 'DeleteOnTermination' && wanted[name] !== objectOf(old['Ebs'])[name],
    );
    if (changed.length > 0)
      return {
        blocked:
          `${changed.join(', ')} of "${device}" belongs to the volume: update AWS::EC2::Volume ${volumes.get(device) ?? ''}`.trim(),
      };
  }
  return 'in-place';
}

/** AttachVolume and DetachVolume; a volume stays at its device name. */
function volumesEffect(before: Json | undefined, after: Json | undefined): Effect {
  const devices = new Map(listOf(before).map((entry) => [textOf(entry['VolumeId']) ?? '', textOf(entry['Device'])]));
  const moved = listOf(after).find((entry) => {
    const device = devices.get(textOf(entry['VolumeId']) ?? '');
    return device !== undefined && device !== textOf(entry['Device']);
  });
  return moved === undefined
    ? 'in-place'
    : {
        blocked: `${textOf(moved['VolumeId']) ?? 'a volume'} would move to another device name: detach it in one plan and attach it in the next`,
      };
}

/** The losses of a stop for any of the properties (StopInstances; "Stop and start Amazon EC2 instances"). */
const stopRules: readonly ChangeRule[] = stoppedProperties.flatMap((path): readonly ChangeRule[] => [
  {
    path,
    irreversible: true,
    given: (_before, live) => live !== null && instanceStoreOf(live) !== undefined,
    says: (_before, _after, live) =>
      instanceStoreOf(live) === 'unknown'
        ? 'the stop erases instance store volumes, if the instance has any; that could not be read'
        : `the stop erases the instance store volumes (${instanceStoreOf(live) ?? ''})`,
  },
  {
    path,
    given: (_before, live) => live !== null && passingAddressOf(live) !== undefined,
    says: (_before, _after, live) =>
      `the stop gives up the public address ${passingAddressOf(live) ?? ''}, which is not elastic`,
  },
]);

const destructive: readonly ChangeRule[] = [
  ...stopRules,
  {
    path: 'DisableApiTermination',
    when: (before, after) => before === true && after !== true,
    says: () => 'termination protection is switched off',
  },
  {
    path: 'InstanceInitiatedShutdownBehavior',
    when: (before, after) => before !== 'terminate' && after === 'terminate',
    says: () => 'a shutdown from inside the system terminates the instance from now on',
  },
  {
    path: 'BlockDeviceMappings.*.Ebs.DeleteOnTermination',
    when: (before, after) => before !== true && after === true,
    says: () => 'the volume is deleted together with the instance from now on',
  },
  {
    path: 'Volumes.*',
    given: (before) => before !== undefined && before !== null,
    when: (_before, after) => after === null || after === undefined,
    says: (before, _after, live) =>
      `${textOf(objectOf(before)['VolumeId']) ?? 'a volume'} is detached${live?.state === 'running' ? ' while the instance runs: what is not yet written to it is lost' : ''}`,
  },
  {
    path: 'SecurityGroupIds.*',
    given: (before) => textOf(before) !== undefined,
    when: (_before, after) => after === null || after === undefined,
    says: (before) =>
      `the instance leaves ${String(before)}: traffic that the group's rules admit to it, and that others admit from the group, stops`,
  },
  {
    path: 'IamInstanceProfile',
    given: (before) => textOf(before) !== undefined,
    when: (_before, after) => after === null || after === undefined || after === '',
    says: (before) =>
      `nothing on the instance acts with the instance profile "${String(before)}" any more: what needs its permissions fails`,
  },
  {
    path: 'MetadataOptions.HttpEndpoint',
    given: (before) => before === 'enabled',
    when: (_before, after) => after !== 'enabled',
    says: () => 'programs on the instance no longer get its credentials and metadata',
  },
  {
    path: 'Monitoring',
    given: (before) => before === true,
    when: (_before, after) => after !== true,
    says: () => 'detailed monitoring is switched off: alarms see a value every five minutes instead of every minute',
  },
  {
    path: 'SourceDestCheck',
    given: (before) => before === false,
    when: (_before, after) => after !== false,
    says: () =>
      'the instance no longer forwards the traffic of others: networks whose routes lead through it lose their way out',
  },
];

const created: PropertyRule = {};
/** What a stop is needed for interrupts nothing where the instance is stopped. */
const stopping = (_before: Json | undefined, _after: Json | undefined, { state }: LiveResource) =>
  state === 'stopped' ? 'in-place' : 'restart';

/**
 * Network, groups and address of the primary interface stand at the top, wherever the author wrote them: told twice,
 * what is to leave one place would stay in the other (CloudFormation allows only one of the two).
 */
function canonicalProperties(authored: JsonObject): JsonObject {
  const properties = withPlainUserData(authored);
  const list = listOf(properties['NetworkInterfaces']);
  const primary = list.find((item) => String(item['DeviceIndex']) === '0');
  if (primary === undefined) return properties;
  const { SubnetId, GroupSet: SecurityGroupIds, PrivateIpAddress, ...rest } = primary;
  return {
    ...compact({ SubnetId, SecurityGroupIds, PrivateIpAddress }),
    ...properties,
    NetworkInterfaces: list.map((item) => (item === primary ? rest : item)),
  };
}

/** User data in base64 as the text that is in it, so that the person reads what the instance will do. */
function withPlainUserData(properties: JsonObject): JsonObject {
  const written = properties['UserData'];
  const decoded = typeof written === 'string' ? decodedUserData(written) : null;
  return decoded === null || decoded === 'binary' ? properties : { ...properties, UserData: decoded.text };
}

/**
 * The properties of AWS::EC2::Instance that aiplan sets. Which change needs what: EC2 API reference,
 * ModifyInstanceAttribute and the calls named in programs/update.ts.
 */
export const instanceRules: TypeRules = {
  canonical: canonicalProperties,
  refuses: refusedInstance,
  properties: {
    AvailabilityZone: created,
    BlockDeviceMappings: { update: mappingEffect, follows: ['Volumes'] },
    CpuOptions: { ...created, follows: ['InstanceType'] },
    CreditSpecification: { update: 'in-place', follows: ['InstanceType'] },
    DisableApiTermination: { update: 'in-place', reset: false },
    EbsOptimized: { update: stopping, reset: false, follows: ['InstanceType'] },
    EnclaveOptions: created,
    HibernationOptions: created,
    IamInstanceProfile: { update: 'in-place', reset: null },
    ImageId: created,
    InstanceInitiatedShutdownBehavior: { update: 'in-place', reset: 'stop' },
    InstanceType: { update: stopping },
    KeyName: created,
    MetadataOptions: { update: 'in-place' },
    Monitoring: { update: 'in-place', reset: false },
    NetworkInterfaces: created,
    PlacementGroupName: created,
    PrivateDnsNameOptions: created,
    PrivateIpAddress: created,
    SecurityGroupIds: { update: 'in-place' },
    SourceDestCheck: { update: 'in-place', reset: true },
    SubnetId: created,
    Tags: { update: 'in-place' },
    Tenancy: created,
    UserData: { update: stopping },
    Volumes: { update: volumesEffect },
  },
  compare: {
    SecurityGroupIds: 'set',
    IamInstanceProfile: 'arn-or-name',
    'BlockDeviceMappings.*.Ebs.KmsKeyId': 'arn-or-name',
  },
  keys: {
    SecurityGroupIds: [],
    BlockDeviceMappings: ['DeviceName'],
    Volumes: ['VolumeId'],
    NetworkInterfaces: ['DeviceIndex'],
  },
  partialLists: ['BlockDeviceMappings', 'NetworkInterfaces'],
  // A member that a mapping or an interface leaves out is AWS's choice, and stays that of the volume or interface
  // (RunInstances).
  assigned: ['BlockDeviceMappings.*.*', 'BlockDeviceMappings.*.Ebs.*', 'NetworkInterfaces.*.*'],
  verdicts: instanceVerdicts,
  secretInput: [],
  sensitive: ['UserData'],
  // Image and snapshots say where an instance came from, which never changes but by a restore, from its capture.
  volatile: ['ImageId', 'BlockDeviceMappings.*.Ebs.SnapshotId', 'NetworkInterfaces.*.AssociatePublicIpAddress'],
  // EC2 API reference: Instance, InstanceAttribute, EbsInstanceBlockDevice. A volume that is attached stays when the
  // instance goes, unless somebody says otherwise (AttachVolume).
  unset: {
    'BlockDeviceMappings.*.Ebs.DeleteOnTermination': false,
    IamInstanceProfile: null,
    KeyName: null,
    UserData: null,
  },
  destructive,
  grants: instanceGrants,
  carries: ['PrivateIpAddress', 'volumes', 'addresses'],
  parts: instanceParts,
  withoutParts: withoutInstanceParts,
  changeableStates: ['running', 'stopped'],
  deleteNeeds: { DisableApiTermination: false },
  goneStates: ['shutting-down', 'terminated'],
  looksUp: ({ ImageId }) =>
    typeof ImageId === 'string' && ImageId.startsWith('ami-') ? [{ type: imageType, identity: ImageId }] : [],
  duplicate,
  duplicateKeys: (properties) => [
    ...keyed('address', properties['PrivateIpAddress']),
    ...keyed('name', objectOf(properties['Tags'])['Name']),
    ...keyed('image', properties['ImageId']),
  ],
  leftovers: (live) => [
    ...blockDevicesOf(live)
      .filter(({ root }) => root)
      .map(({ volume }) => volume),
    ...instanceParts(live).map(({ identity }) => identity),
  ],
};

/**
 * An instance has no natural key but its private address; the name tag, or the same image, type and subnet, look alike.
 */
function duplicate(desired: JsonObject, other: LiveResource): 'same' | 'similar' | null {
  const equal = (...names: readonly string[]): boolean =>
    names.every((name) => textOf(desired[name]) !== undefined && desired[name] === other.properties[name]);
  if (equal('SubnetId', 'PrivateIpAddress')) return 'same';
  const name = textOf(objectOf(desired['Tags'])['Name']);
  if (name !== undefined) return name === objectOf(other.properties['Tags'])['Name'] ? 'similar' : null;
  return equal('ImageId', 'InstanceType', 'SubnetId') ? 'similar' : null;
}
