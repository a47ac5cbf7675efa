import { look, type Program } from '../../../../src/domain/call.ts';
import type { Json, JsonObject } from '../../../../src/base/json.ts';
import { listOf, objectOf, textOf, textsOf } from '../../../aws/values/fields.ts';
import { filtered } from '../../paging.ts';

/** The conditions that a new instance must find: each reads false only where a complete answer says so. */
export interface Placement {
  readonly subnet: Json | undefined;
  readonly groups: Json | undefined;
  readonly key?: Json | undefined;
}

/** Why an instance could not be placed: subnet, groups or key pair that are not there. Reads only. */
export function* placementProblems({ subnet, groups, key }: Placement): Program<readonly string[]> {
  const problems: string[] = [];
  const subnetId = textOf(subnet);
  if (subnetId !== undefined && (yield* isMissing('DescribeSubnets', 'Subnets', 'subnet-id', subnetId)))
    problems.push(`subnet "${subnetId}" does not exist`);
  const wanted = textsOf(groups);
  if (wanted.length > 0) {
    const answer = yield* look(
      { service: 'ec2', operation: 'DescribeSecurityGroups', input: filtered('group-id', wanted) },
      preview('SecurityGroups', 'GroupId', wanted),
    );
    const found = new Set(listOf(answer?.['SecurityGroups']).map((group) => textOf(group['GroupId'])));
    problems.push(...wanted.filter((id) => !found.has(id)).map((id) => `security group "${id}" does not exist`));
  }
  if (yield* isKeyGone(key)) problems.push(`key pair "${textOf(key) ?? ''}" does not exist`);
  return problems;
}

/** Whether a key pair is named that does not exist. DescribeKeyPairs. */
export function* isKeyGone(key: Json | undefined): Program<boolean> {
  const name = textOf(key);
  return name !== undefined && (yield* isMissing('DescribeKeyPairs', 'KeyPairs', 'key-name', name));
}

const preview = (list: string, field: string, values: readonly string[]): JsonObject => ({
  [list]: values.map((value) => ({ [field]: value })),
});

function* isMissing(operation: string, list: string, filter: string, value: string): Program<boolean> {
  const answer = yield* look({ service: 'ec2', operation, input: filtered(filter, [value]) }, { [list]: [{}] });
  return listOf(answer?.[list]).length === 0;
}

/**
 * Which of the addresses are in use in a subnet, but for the interfaces of instances that `leaving` names.
 * DescribeNetworkInterfaces.
 */
export function* usedAddresses(
  subnet: string,
  addresses: readonly string[],
  filter: 'addresses.private-ip-address' | 'ipv6-addresses.ipv6-address' = 'addresses.private-ip-address',
  leaving: readonly string[] = [],
): Program<ReadonlySet<string>> {
  if (addresses.length === 0) return new Set();
  const answer = yield* look(
    {
      service: 'ec2',
      operation: 'DescribeNetworkInterfaces',
      input: {
        Filters: [
          { Name: 'subnet-id', Values: [subnet] },
          { Name: filter, Values: addresses },
        ],
      },
    },
    { NetworkInterfaces: [] },
  );
  const staying = listOf(answer?.['NetworkInterfaces']).filter(
    (item) => !leaving.includes(textOf(objectOf(item['Attachment'])['InstanceId']) ?? ''),
  );
  return new Set(
    staying
      .flatMap((item) => [
        textOf(item['PrivateIpAddress']),
        ...listOf(item['PrivateIpAddresses']).map((address) => textOf(address['PrivateIpAddress'])),
        ...listOf(item['Ipv6Addresses']).map((address) => textOf(address['Ipv6Address'])),
      ])
      .filter((address) => address !== undefined),
  );
}
