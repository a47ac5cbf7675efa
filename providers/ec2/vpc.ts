import type { AwsReader } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource, ReadFailure } from '../../src/domain/live.ts';
import type { ReadQuery, ReadResult, ResourceType } from '../../src/domain/resource-type.ts';
import { describe } from './common.ts';
import { compact, flagOf, listOf, objectOf, textOf } from '../aws/values/fields.ts';
import { attempt, bounded, failureOf } from '../aws/values/batches.ts';
import { byFilter } from './paging.ts';
import { creatorOf, ownerOf, splitTags } from '../aws/values/tags.ts';

const vpcType = 'AWS::EC2::VPC';
/** Properties that only DescribeVpcAttribute tells, one a call, by the attribute's name. */
const attributeNames = { EnableDnsSupport: 'enableDnsSupport', EnableDnsHostnames: 'enableDnsHostnames' } as const;

/** Reads VPCs: DescribeVpcs in pages; DNS attributes and the default security group for the detailed ones only. */
async function readVpcs(aws: AwsReader, query: ReadQuery): Promise<ReadResult> {
  const { found, absent, failures } = await describe(aws, query, {
    type: vpcType,
    operation: 'DescribeVpcs',
    list: 'Vpcs',
    filter: 'vpc-id',
    idField: 'VpcId',
  });
  const detailed = found.map(idOf).filter((id) => query.detailed.has(id));
  const more: ReadFailure[] = [];
  const groups = detailed.length === 0 ? [] : await defaultGroups(aws, detailed, more);
  const details = new Map(await bounded(detailed, async (id) => [id, await readAttributes(aws, id, more)] as const));
  return {
    resources: found.map((raw) =>
      vpcResource(
        raw,
        details.get(idOf(raw)),
        groups.find((group) => group['VpcId'] === raw['VpcId']),
      ),
    ),
    absent,
    failures: [...failures, ...more],
  };
}

const idOf = (raw: JsonObject): string => textOf(raw['VpcId']) ?? '';

async function readAttributes(aws: AwsReader, id: string, failures: ReadFailure[]): Promise<JsonObject> {
  const entries = await Promise.all(
    Object.entries(attributeNames).map(async ([property, attribute]) => {
      const answer = await attempt(
        aws.read({ service: 'ec2', operation: 'DescribeVpcAttribute', input: { VpcId: id, Attribute: attribute } }),
      );
      if (!answer.ok) failures.push(failureOf(vpcType, id, answer.error));
      return [property, answer.ok ? flagOf(objectOf(answer.value?.[property])['Value']) : undefined] as const;
    }),
  );
  return compact(Object.fromEntries(entries));
}

async function defaultGroups(
  aws: AwsReader,
  ids: readonly string[],
  failures: ReadFailure[],
): Promise<readonly JsonObject[]> {
  const answer = await attempt(
    byFilter(aws, 'DescribeSecurityGroups', 'SecurityGroups', 'vpc-id', ids, {
      Filters: [{ Name: 'group-name', Values: ['default'] }],
      MaxResults: 1000,
    }),
  );
  if (!answer.ok) failures.push(...ids.map((id) => failureOf(vpcType, id, answer.error)));
  return answer.ok ? answer.value : [];
}

/** IPv4 or IPv6 ranges that are associated now, with the ids of their associations. */
const associated = (list: JsonObject[keyof JsonObject], state: string): readonly JsonObject[] =>
  listOf(list).filter((item) => objectOf(item[state])['State'] === 'associated');

function vpcResource(raw: JsonObject, details: JsonObject | undefined, group: JsonObject | undefined): LiveResource {
  const identity = idOf(raw);
  const { tags, systemTags } = splitTags(raw['Tags']);
  return {
    type: vpcType,
    identity,
    incarnation: identity,
    properties: compact({
      CidrBlock: textOf(raw['CidrBlock']),
      InstanceTenancy: textOf(raw['InstanceTenancy']),
      Tags: tags,
      ...details,
    }),
    attributes: compact({
      VpcId: identity,
      CidrBlock: textOf(raw['CidrBlock']),
      IsDefault: flagOf(raw['IsDefault']) ?? false,
      OwnerId: textOf(raw['OwnerId']),
      CidrBlockAssociations: associated(raw['CidrBlockAssociationSet'], 'CidrBlockState').map(
        (item) => textOf(item['AssociationId']) ?? '',
      ),
      Ipv6CidrBlocks: associated(raw['Ipv6CidrBlockAssociationSet'], 'Ipv6CidrBlockState').map(
        (item) => textOf(item['Ipv6CidrBlock']) ?? '',
      ),
      DefaultSecurityGroup: textOf(group?.['GroupId']),
    }),
    systemTags,
    state: textOf(raw['State']) ?? 'unknown',
    pending: {},
    binding: compact({ owner: ownerOf(systemTags, undefined) }),
    observed: compact({ creator: creatorOf(tags, systemTags) }),
    detailed: details !== undefined,
  };
}

const property = { create: false } as const;

/** AWS::EC2::VPC, to be read only: `find` and references. Identity: the VPC id. */
export const vpc: ResourceType = {
  type: vpcType,
  service: 'ec2',
  managed: false,
  rules: {
    properties: {
      CidrBlock: property,
      InstanceTenancy: property,
      EnableDnsSupport: property,
      EnableDnsHostnames: property,
      Tags: property,
    },
    compare: { CidrBlock: 'cidr' },
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
  read: readVpcs,
  iam: {
    read: ['ec2:DescribeVpcs', 'ec2:DescribeVpcAttribute', 'ec2:DescribeSecurityGroups'],
    write: [],
    capture: [],
    restore: [],
  },
};
