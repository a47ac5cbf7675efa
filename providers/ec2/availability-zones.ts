import type { AwsReader } from '../../src/domain/call.ts';
import type { ReadQuery, ReadResult, ResourceType } from '../../src/domain/resource-type.ts';
import { attempt, failureOf } from '../aws/values/batches.ts';
import { listOf, textOf } from '../aws/values/fields.ts';

const type = 'AWS::EC2::AvailabilityZones';

/**
 * The Availability Zones of the session's region as `Fn::GetAZs` gives them: those with a default subnet, or all where
 * none has one ("Fn::GetAZs", CloudFormation template reference), in the order of their names.
 */
async function readZones(aws: AwsReader, { identities }: ReadQuery): Promise<ReadResult> {
  const [identity] = identities;
  if (identity === undefined) return { resources: [], absent: [], failures: [] };
  const [zones, subnets] = await Promise.all([
    attempt(
      aws.read({
        service: 'ec2',
        operation: 'DescribeAvailabilityZones',
        input: {
          Filters: [
            { Name: 'zone-type', Values: ['availability-zone'] },
            { Name: 'state', Values: ['available'] },
          ],
        },
      }),
    ),
    attempt(
      aws.read({
        service: 'ec2',
        operation: 'DescribeSubnets',
        input: { Filters: [{ Name: 'default-for-az', Values: ['true'] }], MaxResults: 1000 },
      }),
    ),
  ]);
  if (!zones.ok) return { resources: [], absent: [], failures: [failureOf(type, identity, zones.error)] };
  if (!subnets.ok) return { resources: [], absent: [], failures: [failureOf(type, identity, subnets.error)] };
  const all = listOf(zones.value?.['AvailabilityZones'])
    .filter((zone) => (textOf(zone['ZoneType']) ?? 'availability-zone') === 'availability-zone')
    .map((zone) => textOf(zone['ZoneName']) ?? '');
  const withDefault = new Set(
    listOf(subnets.value?.['Subnets'])
      .filter((subnet) => subnet['DefaultForAz'] === true)
      .map((subnet) => textOf(subnet['AvailabilityZone'])),
  );
  const some = all.filter((zone) => withDefault.has(zone));
  const attributes = { Names: (some.length > 0 ? some : all).toSorted() };
  return {
    resources: [
      {
        type,
        identity,
        incarnation: identity,
        properties: attributes,
        attributes,
        systemTags: {},
        state: 'present',
        pending: {},
        binding: {},
        observed: {},
        detailed: true,
      },
    ],
    absent: [],
    failures: [],
  };
}

/** `!GetAZs`: read at plan time. Identity: the region. No entry of a plan has this type. */
export const availabilityZones: ResourceType = {
  type,
  service: 'ec2',
  managed: false,
  rules: {
    properties: {},
    compare: {},
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
  read: readZones,
  iam: { read: ['ec2:DescribeAvailabilityZones', 'ec2:DescribeSubnets'], write: [], capture: [], restore: [] },
};
