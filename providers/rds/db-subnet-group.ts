import type { ResourceType } from '../../src/domain/resource-type.ts';
import { compact, listOf, sorted, textOf } from '../aws/values/fields.ts';
import { readGroups, readOnlyRules, type GroupKind } from './db-groups.ts';

const kind: GroupKind = {
  type: 'AWS::RDS::DBSubnetGroup',
  operation: 'DescribeDBSubnetGroups',
  list: 'DBSubnetGroups',
  name: 'DBSubnetGroupName',
  arn: 'DBSubnetGroupArn',
  absent: 'DBSubnetGroupNotFound',
  state: (raw) => textOf(raw['SubnetGroupStatus']) ?? 'present',
  properties: (raw) =>
    compact({
      DBSubnetGroupName: raw['DBSubnetGroupName'],
      DBSubnetGroupDescription: raw['DBSubnetGroupDescription'],
      SubnetIds: sorted(listOf(raw['Subnets']).flatMap((subnet) => textOf(subnet['SubnetIdentifier']) ?? [])),
    }),
  attributes: (raw) => compact({ VpcId: raw['VpcId'] }),
};

/** AWS::RDS::DBSubnetGroup, read only: looked up and referred to, never changed. */
export const dbSubnetGroup: ResourceType = {
  type: kind.type,
  service: 'rds',
  managed: false,
  rules: readOnlyRules(['DBSubnetGroupName', 'DBSubnetGroupDescription', 'SubnetIds', 'Tags'], 'DBSubnetGroupName'),
  read: (aws, query) => readGroups(kind, aws, query),
  iam: { read: ['rds:DescribeDBSubnetGroups', 'rds:ListTagsForResource'], write: [], capture: [], restore: [] },
};
