import type { AwsReader } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { ReadQuery, ReadResult, ResourceType } from '../../src/domain/resource-type.ts';
import { describe } from './common.ts';
import { compact, flagOf, listOf, numberOf, objectOf, textOf } from '../aws/values/fields.ts';
import { creatorOf, ownerOf, splitTags } from '../aws/values/tags.ts';

const subnetType = 'AWS::EC2::Subnet';

/** Reads subnets: DescribeSubnets in pages, which tells everything. */
async function readSubnets(aws: AwsReader, query: ReadQuery): Promise<ReadResult> {
  const { found, absent, failures } = await describe(aws, query, {
    type: subnetType,
    operation: 'DescribeSubnets',
    list: 'Subnets',
    filter: 'subnet-id',
    idField: 'SubnetId',
  });
  return {
    resources: found.map((raw) => subnetResource(raw, query.detailed.has(textOf(raw['SubnetId']) ?? ''))),
    absent,
    failures,
  };
}

function subnetResource(raw: JsonObject, detailed: boolean): LiveResource {
  const identity = textOf(raw['SubnetId']) ?? '';
  const { tags, systemTags } = splitTags(raw['Tags']);
  const ipv6 = listOf(raw['Ipv6CidrBlockAssociationSet'])
    .filter((item) => objectOf(item['Ipv6CidrBlockState'])['State'] === 'associated')
    .map((item) => textOf(item['Ipv6CidrBlock']) ?? '');
  const names = objectOf(raw['PrivateDnsNameOptionsOnLaunch']);
  const places = {
    AvailabilityZone: textOf(raw['AvailabilityZone']),
    AvailabilityZoneId: textOf(raw['AvailabilityZoneId']),
    OutpostArn: textOf(raw['OutpostArn']),
  };
  return {
    type: subnetType,
    identity,
    incarnation: identity,
    properties: compact({
      VpcId: textOf(raw['VpcId']),
      CidrBlock: textOf(raw['CidrBlock']),
      ...places,
      AssignIpv6AddressOnCreation: flagOf(raw['AssignIpv6AddressOnCreation']),
      MapPublicIpOnLaunch: flagOf(raw['MapPublicIpOnLaunch']),
      EnableDns64: flagOf(raw['EnableDns64']),
      EnableLniAtDeviceIndex: numberOf(raw['EnableLniAtDeviceIndex']),
      Ipv6CidrBlock: ipv6[0],
      Ipv6Native: flagOf(raw['Ipv6Native']),
      PrivateDnsNameOptionsOnLaunch: Object.keys(names).length === 0 ? undefined : names,
      Tags: tags,
    }),
    attributes: compact({
      SubnetId: identity,
      VpcId: textOf(raw['VpcId']),
      CidrBlock: textOf(raw['CidrBlock']),
      ...places,
      Ipv6CidrBlocks: ipv6,
      DefaultForAz: flagOf(raw['DefaultForAz']) ?? false,
      OwnerId: textOf(raw['OwnerId']),
    }),
    systemTags,
    state: textOf(raw['State']) ?? 'unknown',
    pending: {},
    binding: compact({ owner: ownerOf(systemTags, undefined) }),
    observed: compact({
      freeAddresses: numberOf(raw['AvailableIpAddressCount']),
      creator: creatorOf(tags, systemTags),
    }),
    detailed,
  };
}

const readOnly = { create: false } as const;
const names = [
  'VpcId',
  'CidrBlock',
  'AvailabilityZone',
  'AvailabilityZoneId',
  'OutpostArn',
  'AssignIpv6AddressOnCreation',
  'MapPublicIpOnLaunch',
  'EnableDns64',
  'EnableLniAtDeviceIndex',
  'Ipv6CidrBlock',
  'Ipv6Native',
  'PrivateDnsNameOptionsOnLaunch',
  'Tags',
] as const;

/** AWS::EC2::Subnet, to be read only: `find` and references. Identity: the subnet id. */
export const subnet: ResourceType = {
  type: subnetType,
  service: 'ec2',
  managed: false,
  rules: {
    properties: Object.fromEntries(names.map((name) => [name, readOnly])),
    compare: { CidrBlock: 'cidr', Ipv6CidrBlock: 'cidr' },
    keys: {},
    secretInput: [],
    sensitive: [],
    volatile: [],
    destructive: [],
    grants: [],
    changeableStates: [],
    goneStates: [],
    duplicate: () => null,
    leftovers: () => [],
  },
  read: readSubnets,
  iam: { read: ['ec2:DescribeSubnets'], write: [], capture: [], restore: [] },
};
