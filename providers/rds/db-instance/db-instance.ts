import type { ResourceType } from '../../../src/domain/resource-type.ts';
import { databaseCapture } from './capture.ts';
import { preflightDatabase } from './checks.ts';
import { DB_INSTANCE } from './fields.ts';
import { createDatabase, finishRemoval, removeDatabase, updateDatabase } from './programs.ts';
import { readDBInstances } from './read.ts';
import { replicas } from './shape.ts';
import { dbInstanceRules } from './rules.ts';
import { untilGone, untilReady } from './states.ts';

/**
 * AWS::RDS::DBInstance. Members of Aurora clusters are read and updated; their data and their deletion are the
 * cluster's.
 */
export const dbInstance: ResourceType = {
  type: DB_INSTANCE,
  service: 'rds',
  managed: true,
  users: 'listed',
  rules: dbInstanceRules,
  read: readDBInstances,
  create: createDatabase,
  update: updateDatabase,
  remove: removeDatabase,
  removed: finishRemoval,
  // That changes are in effect, `update` and `restore` see to: here a change that waits for its window is no reason to
  // wait.
  *waitUntilStable(identity) {
    yield* untilReady(identity);
  },
  gone: untilGone,
  capture: databaseCapture,
  neighbours: replicas,
  preflight: preflightDatabase,
  iam: {
    read: [
      'rds:DescribeDBInstances',
      'rds:DescribeDBSnapshots',
      'rds:DescribeDBInstanceAutomatedBackups',
      'rds:ListTagsForResource',
      'rds:DescribeOrderableDBInstanceOptions',
    ],
    write: [
      'rds:CreateDBInstance',
      'rds:ModifyDBInstance',
      'rds:DeleteDBInstance',
      'rds:AddTagsToResource',
      'rds:RemoveTagsFromResource',
      'rds:AddRoleToDBInstance',
      'rds:RemoveRoleFromDBInstance',
      'iam:PassRole',
      'rds:DescribeAccountAttributes',
      'rds:DescribeDBSubnetGroups',
      'rds:DescribeDBParameterGroups',
      'rds:DescribeOptionGroups',
      'ec2:DescribeSecurityGroups',
    ],
    capture: ['rds:CreateDBSnapshot', 'rds:AddTagsToResource'],
    restore: [
      'rds:RestoreDBInstanceFromDBSnapshot',
      'rds:ModifyDBInstance',
      'rds:RebootDBInstance',
      'rds:AddTagsToResource',
      'rds:RemoveTagsFromResource',
      'rds:AddRoleToDBInstance',
      'iam:PassRole',
      'kms:CreateGrant',
      'kms:DescribeKey',
    ],
  },
};
