import type { ProxiedService } from '../protocol/proxied.ts';
import { rdsNamespace } from '../protocol/query.ts';
import { databaseTags } from './tag-limit.ts';
import type { QueryCorrection } from '../protocol/correction.ts';
import { automatedBackups, deleteInstance } from './delete.ts';
import { groupsAndAccount } from './groups.ts';
import { createInstance, describeInstances, shownInstances } from './instances.ts';
import { modifyInstance, shifts } from './modify.ts';
import { orderable } from './orderable.ts';
import { databaseRefusals } from './refusals.ts';
import { restore } from './restore.ts';
import { roles } from './roles.ts';
import { databaseSnapshots } from './snapshots.ts';

/** In order: a correction sees what the ones above it made of a request. */
export const rdsCorrections: readonly QueryCorrection[] = [
  ...databaseTags,
  ...orderable,
  restore,
  createInstance,
  describeInstances,
  ...databaseRefusals,
  modifyInstance,
  ...shifts,
  ...roles,
  deleteInstance,
  automatedBackups,
  ...databaseSnapshots,
  ...groupsAndAccount,
  shownInstances,
];

/** Errors of each operation: RDS API reference. */
export const rds: ProxiedService = {
  version: '2014-10-31',
  namespace: rdsNamespace,
  query: rdsCorrections,
  refuses: {
    dependency: [[/^(?:Delete|Modify|Stop|Reboot)DBInstance$/u, 'InvalidDBInstanceState', 400]],
    quota: [
      [/^(?:CreateDBInstance|RestoreDBInstance\w+)$/u, 'InstanceQuotaExceeded', 400],
      [/^CreateDBSnapshot$/u, 'SnapshotQuotaExceeded', 400],
    ],
    capacity: [
      [/^(?:CreateDBInstance|ModifyDBInstance|RestoreDBInstance\w+)$/u, 'InsufficientDBInstanceCapacity', 400],
    ],
  },
  otherwise: {
    dependency: 'InvalidDBInstanceState',
    quota: 'InstanceQuotaExceeded',
    capacity: 'InsufficientDBInstanceCapacity',
  },
  absent: [
    [/^DescribeDBInstances$/u, 'DBInstanceNotFound', 404],
    [/^DescribeDBSnapshots$/u, 'DBSnapshotNotFound', 404],
  ],
};
