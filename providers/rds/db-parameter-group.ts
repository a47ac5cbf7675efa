import type { AwsReader } from '../../src/domain/call.ts';
import { mask, maskSalt } from '../../src/base/digest.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { ResourceType } from '../../src/domain/resource-type.ts';
import { compact, textOf } from '../aws/values/fields.ts';
import { readGroups, readOnlyRules, type GroupKind } from './db-groups.ts';
import { allPages } from './pages.ts';

const TYPE = 'AWS::RDS::DBParameterGroup';

/** Parameters whose values may let somebody in; shown as set, never as text (law 11). */
const SECRET = /password|passwd|secret|token|credential|private_?key|ldap/iu;

/**
 * The parameters that were set by a user: DescribeDBParameters with `Source=user`, instead of some five hundred
 * defaults.
 */
async function parameters(aws: AwsReader, raw: JsonObject): Promise<JsonObject> {
  const name = String(raw['DBParameterGroupName'] ?? '');
  const set = await allPages(aws, 'DescribeDBParameters', { DBParameterGroupName: name, Source: 'user' }, 'Parameters');
  const values = set.flatMap((parameter) => {
    const [key, value] = [textOf(parameter['ParameterName']), textOf(parameter['ParameterValue'])];
    if (key === undefined || value === undefined) return [];
    return [
      [key, SECRET.test(key) ? mask(maskSalt(TYPE, name.toLowerCase(), `Parameters.${key}`), value) : value] as const,
    ];
  });
  return { Parameters: Object.fromEntries(values) };
}

const kind: GroupKind = {
  type: TYPE,
  operation: 'DescribeDBParameterGroups',
  list: 'DBParameterGroups',
  name: 'DBParameterGroupName',
  arn: 'DBParameterGroupArn',
  absent: 'DBParameterGroupNotFound',
  state: () => 'present',
  properties: (raw) =>
    compact({
      DBParameterGroupName: raw['DBParameterGroupName'],
      Family: raw['DBParameterGroupFamily'],
      Description: raw['Description'],
    }),
  attributes: () => ({}),
  details: parameters,
};

/** AWS::RDS::DBParameterGroup, read only: looked up and referred to, never changed. */
export const dbParameterGroup: ResourceType = {
  type: TYPE,
  service: 'rds',
  managed: false,
  rules: readOnlyRules(['DBParameterGroupName', 'Family', 'Description', 'Parameters', 'Tags'], 'DBParameterGroupName'),
  read: (aws, query) => readGroups(kind, aws, query),
  iam: {
    read: ['rds:DescribeDBParameterGroups', 'rds:DescribeDBParameters', 'rds:ListTagsForResource'],
    write: [],
    capture: [],
    restore: [],
  },
};
