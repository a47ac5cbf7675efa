import type { JsonObject } from '../../../../src/base/json.ts';
import type { LiveResource } from '../../../../src/domain/live.ts';
import { compact, flagOf, listOf, numberOf, objectOf, pick, sorted, textOf } from '../../../aws/values/fields.ts';
import { instanceType } from './facts.ts';
import { ownerOf, splitTags } from '../../../aws/values/tags.ts';

/** The last part of an ARN or path: the name of an instance profile. */
const nameOf = (arn: string | undefined): string | undefined => arn?.split('/').at(-1);

const ebsFields = ['VolumeSize', 'VolumeType', 'Iops', 'Encrypted', 'KmsKeyId', 'SnapshotId'] as const;

/** Iops can be set for these types only; for others DescribeVolumes tells what follows from the size (CreateVolume). */
export const iopsTypes: ReadonlySet<string> = new Set(['gp3', 'io1', 'io2']);

function interfacesOf(raw: JsonObject): readonly JsonObject[] {
  return listOf(raw['NetworkInterfaces'])
    .map((item) => {
      const attachment = objectOf(item['Attachment']);
      const association = objectOf(item['Association']);
      return compact({
        NetworkInterfaceId: textOf(item['NetworkInterfaceId']),
        AttachmentId: textOf(attachment['AttachmentId']),
        AttachTime: textOf(attachment['AttachTime']),
        DeviceIndex: numberOf(attachment['DeviceIndex']) ?? 0,
        DeleteOnTermination: flagOf(attachment['DeleteOnTermination']) ?? false,
        SubnetId: textOf(item['SubnetId']),
        Groups: sorted(
          listOf(item['Groups'])
            .map((group) => textOf(group['GroupId']) ?? '')
            .filter((id) => id !== ''),
        ),
        Description: textOf(item['Description']),
        PrivateIpAddress: textOf(item['PrivateIpAddress']),
        SecondaryPrivateIpAddresses: listOf(item['PrivateIpAddresses'])
          .filter((address) => address['Primary'] === false)
          .map((address) => textOf(address['PrivateIpAddress']) ?? ''),
        Ipv6Addresses: listOf(item['Ipv6Addresses']).map((address) => textOf(address['Ipv6Address']) ?? ''),
        SourceDestCheck: flagOf(item['SourceDestCheck']),
        PublicIp: textOf(association['PublicIp']),
        /** `amazon` owns addresses that are not elastic (InstanceNetworkInterfaceAssociation). */
        PublicIpOwner: textOf(association['IpOwnerId']),
      });
    })
    .toSorted((a, b) => Number(a['DeviceIndex']) - Number(b['DeviceIndex']));
}

/** The volumes of an instance; with what DescribeVolumes tells where it was read. */
function blockDevicesOf(raw: JsonObject, volumes: ReadonlyMap<string, JsonObject> | undefined): readonly JsonObject[] {
  return listOf(raw['BlockDeviceMappings'])
    .filter((mapping) => textOf(objectOf(mapping['Ebs'])['VolumeId']) !== undefined)
    .map((mapping) => {
      const ebs = objectOf(mapping['Ebs']);
      const id = textOf(ebs['VolumeId']) ?? '';
      const volume = volumes?.get(id);
      const { tags, systemTags } = splitTags(volume?.['Tags']);
      return compact({
        DeviceName: textOf(mapping['DeviceName']),
        VolumeId: id,
        Root: mapping['DeviceName'] === raw['RootDeviceName'],
        DeleteOnTermination: flagOf(ebs['DeleteOnTermination']) ?? false,
        ...(volume === undefined
          ? {}
          : {
              ...volumeFacts(volume),
              Size: numberOf(volume['Size']),
              Tags: tags,
              SystemTags: systemTags,
            }),
      });
    })
    .toSorted(
      (a, b) => Number(b['Root']) - Number(a['Root']) || (String(a['DeviceName']) < String(b['DeviceName']) ? -1 : 1),
    );
}

function volumeFacts(volume: JsonObject): JsonObject {
  const type = textOf(volume['VolumeType']);
  return {
    VolumeType: type,
    Iops: iopsTypes.has(type ?? '') ? numberOf(volume['Iops']) : undefined,
    Throughput: type === 'gp3' ? numberOf(volume['Throughput']) : undefined,
    Encrypted: flagOf(volume['Encrypted']) ?? false,
    KmsKeyId: textOf(volume['KmsKeyId']),
    SnapshotId: textOf(volume['SnapshotId']),
  };
}

/** The address that a stop gives up: on the primary interface, not elastic. */
function passingAddress(interfaces: readonly JsonObject[], elastic: ReadonlySet<string>): string | undefined {
  const primary = interfaces.find((item) => item['DeviceIndex'] === 0);
  const address = textOf(primary?.['PublicIp']);
  if (address === undefined || elastic.has(address)) return undefined;
  const owner = textOf(primary?.['PublicIpOwner']);
  return owner === undefined || owner === 'amazon' ? address : undefined;
}

/** The facts that a detailed read adds to DescribeInstances; a failed one is undefined. */
export interface InstanceDetails {
  readonly volumes: ReadonlyMap<string, JsonObject> | undefined;
  readonly addresses: readonly JsonObject[] | undefined;
  /** Properties that only attribute reads tell: user data (masked), protections, credits. */
  readonly properties: JsonObject;
  readonly attributes: JsonObject;
  readonly binding: JsonObject;
  readonly observed: JsonObject;
}

/**
 * One element of DescribeInstances as a live resource in CloudFormation shape; complete where `details` are given and
 * whole.
 */
export function instanceResource(
  raw: JsonObject,
  details: InstanceDetails | null,
  isWhole = details !== null,
): LiveResource {
  const identity = textOf(raw['InstanceId']) ?? '';
  const { tags, systemTags } = splitTags(raw['Tags']);
  const state = objectOf(raw['State']);
  const interfaces = interfacesOf(raw);
  const devices = blockDevicesOf(raw, details?.volumes);
  const primary = interfaces.find((item) => item['DeviceIndex'] === 0);
  const owner = ownerOf(systemTags, raw['Operator']);
  const passing = passingAddress(
    interfaces,
    new Set((details?.addresses ?? []).map((address) => textOf(address['PublicIp']) ?? '')),
  );
  return {
    type: instanceType,
    identity,
    incarnation: identity,
    properties: {
      ...plainProperties(raw, primary),
      Tags: tags,
      ...(details === null
        ? {}
        : {
            ...(details.volumes === undefined
              ? {}
              : { BlockDeviceMappings: mappings(devices), Volumes: separateVolumes(devices, systemTags) }),
            ...(primary === undefined
              ? {}
              : { NetworkInterfaces: [interfaceProperty(primary, passing !== undefined)] }),
            ...details.properties,
          }),
    },
    attributes: compact({
      InstanceId: identity,
      PrivateIp: textOf(raw['PrivateIpAddress']),
      PublicIp: textOf(raw['PublicIpAddress']),
      PrivateDnsName: textOf(raw['PrivateDnsName']),
      PublicDnsName: textOf(raw['PublicDnsName']),
      VpcId: textOf(raw['VpcId']),
      AvailabilityZone: textOf(objectOf(raw['Placement'])['AvailabilityZone']),
      State: { Code: String(numberOf(state['Code']) ?? ''), Name: textOf(state['Name']) ?? '' },
      RootDeviceName: textOf(raw['RootDeviceName']),
      RootDeviceType: textOf(raw['RootDeviceType']),
      Lifecycle: textOf(raw['InstanceLifecycle']),
      PassingPublicIp: passing,
      BlockDevices: devices,
      Interfaces: interfaces,
      ...details?.attributes,
    }),
    systemTags,
    state: textOf(state['Name']) ?? 'unknown',
    pending: {},
    binding: compact({ owner, ...details?.binding }),
    observed: compact({
      created: textOf(primary?.['AttachTime']) ?? textOf(raw['LaunchTime']),
      launched: textOf(raw['LaunchTime']),
      ...details?.observed,
    }),
    detailed: isWhole,
  };
}

function plainProperties(raw: JsonObject, primary: JsonObject | undefined): JsonObject {
  const placement = objectOf(raw['Placement']);
  const monitoring = textOf(objectOf(raw['Monitoring'])['State']);
  const groups =
    (primary?.['Groups'] as readonly string[] | undefined) ??
    sorted(listOf(raw['SecurityGroups']).map((group) => textOf(group['GroupId']) ?? ''));
  const options = (name: string, fields: readonly string[]): JsonObject => {
    const found = pick(objectOf(raw[name]), fields);
    return Object.keys(found).length === 0 ? {} : { [name]: found };
  };
  return {
    ...compact({
      AvailabilityZone: textOf(placement['AvailabilityZone']),
      EbsOptimized: flagOf(raw['EbsOptimized']),
      IamInstanceProfile: nameOf(textOf(objectOf(raw['IamInstanceProfile'])['Arn'])),
      ImageId: textOf(raw['ImageId']),
      InstanceType: textOf(raw['InstanceType']),
      KeyName: textOf(raw['KeyName']),
      Monitoring: monitoring === undefined ? undefined : monitoring === 'enabled' || monitoring === 'pending',
      PlacementGroupName: textOf(placement['GroupName']),
      PrivateIpAddress: textOf(raw['PrivateIpAddress']),
      SecurityGroupIds: groups,
      SourceDestCheck: flagOf(primary?.['SourceDestCheck']) ?? flagOf(raw['SourceDestCheck']),
      SubnetId: textOf(raw['SubnetId']),
      Tenancy: textOf(placement['Tenancy']),
    }),
    ...options('CpuOptions', ['CoreCount', 'ThreadsPerCore']),
    ...options('EnclaveOptions', ['Enabled']),
    ...options('HibernationOptions', ['Configured']),
    ...options('MetadataOptions', [
      'HttpEndpoint',
      'HttpProtocolIpv6',
      'HttpPutResponseHopLimit',
      'HttpTokens',
      'InstanceMetadataTags',
    ]),
    ...options('PrivateDnsNameOptions', [
      'EnableResourceNameDnsAAAARecord',
      'EnableResourceNameDnsARecord',
      'HostnameType',
    ]),
  };
}

const mappings = (devices: readonly JsonObject[]): readonly JsonObject[] =>
  devices.map((device) => ({
    DeviceName: device['DeviceName'],
    Ebs: {
      DeleteOnTermination: device['DeleteOnTermination'],
      ...pick({ ...device, VolumeSize: device['Size'] }, ebsFields),
    },
  }));

/** Attached volumes that are resources of their own: neither the root nor made by aiplan together with the instance. */
const separateVolumes = (
  devices: readonly JsonObject[],
  instanceTags: Readonly<Record<string, string>>,
): readonly JsonObject[] =>
  devices
    .filter((device) => device['Root'] !== true && !madeTogether(objectOf(device['SystemTags']), instanceTags))
    .map((device) => ({ Device: device['DeviceName'], VolumeId: device['VolumeId'] }));

const madeTogether = (volume: JsonObject, instance: JsonObject): boolean =>
  volume['aiplan:resource'] !== undefined &&
  volume['aiplan:resource'] === instance['aiplan:resource'] &&
  volume['aiplan:plan'] === instance['aiplan:plan'];

/** Without network, groups and address, which stand at the top. */
const interfaceProperty = (primary: JsonObject, isPublic: boolean): JsonObject =>
  compact({
    DeviceIndex: '0',
    Description: primary['Description'],
    DeleteOnTermination: primary['DeleteOnTermination'],
    AssociatePublicIpAddress: isPublic,
  });
