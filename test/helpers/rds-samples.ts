import type { JsonObject } from '../../src/base/json.ts';
import type { StepContext } from '../../src/domain/resource-type.ts';
import { liveOf } from '../../providers/rds/db-instance/shape.ts';
import type { AttributeChange } from '../../src/domain/attribute-change.ts';

/** A database as DescribeDBInstances of AWS shows it, with everything that AWS reports by default. */
export const rawDatabase: JsonObject = {
  DBInstanceIdentifier: 'courses-prod',
  DBInstanceClass: 'db.m7g.large',
  Engine: 'postgres',
  DBInstanceStatus: 'available',
  MasterUsername: 'root',
  DBName: 'courses',
  Endpoint: { Address: 'courses-prod.abc.eu-west-1.rds.amazonaws.com', Port: 5432, HostedZoneId: 'Z29XKXDKYMONMX' },
  DbInstancePort: 0,
  AllocatedStorage: 200,
  MaxAllocatedStorage: 1000,
  StorageType: 'gp3',
  Iops: 3000,
  StorageThroughput: 125,
  StorageEncrypted: true,
  KmsKeyId: 'arn:aws:kms:eu-west-1:123456789012:key/k1',
  InstanceCreateTime: '2024-06-20T09:12:00.000Z',
  PreferredBackupWindow: '02:00-02:30',
  BackupRetentionPeriod: 14,
  PreferredMaintenanceWindow: 'sun:04:00-sun:04:30',
  VpcSecurityGroups: [
    { VpcSecurityGroupId: 'sg-b', Status: 'active' },
    { VpcSecurityGroupId: 'sg-a', Status: 'active' },
    { VpcSecurityGroupId: 'sg-gone', Status: 'removing' },
  ],
  DBParameterGroups: [{ DBParameterGroupName: 'courses-pg15', ParameterApplyStatus: 'in-sync' }],
  OptionGroupMemberships: [{ OptionGroupName: 'default:postgres-15', Status: 'in-sync' }],
  AvailabilityZone: 'eu-west-1a',
  SecondaryAvailabilityZone: 'eu-west-1b',
  DBSubnetGroup: { DBSubnetGroupName: 'private', VpcId: 'vpc-1' },
  MultiAZ: true,
  EngineVersion: '15.4',
  AutoMinorVersionUpgrade: false,
  LicenseModel: 'postgresql-license',
  PubliclyAccessible: false,
  DbiResourceId: 'db-AAA',
  CACertificateIdentifier: 'rds-ca-rsa2048-g1',
  CopyTagsToSnapshot: true,
  MonitoringInterval: 60,
  MonitoringRoleArn: 'arn:aws:iam::123456789012:role/monitor',
  DBInstanceArn: 'arn:aws:rds:eu-west-1:123456789012:db:courses-prod',
  IAMDatabaseAuthenticationEnabled: true,
  DatabaseInsightsMode: 'standard',
  PerformanceInsightsEnabled: true,
  PerformanceInsightsKMSKeyId: 'arn:aws:kms:eu-west-1:123456789012:key/k2',
  PerformanceInsightsRetentionPeriod: 31,
  EnabledCloudwatchLogsExports: ['upgrade', 'postgresql'],
  DeletionProtection: true,
  AssociatedRoles: [{ RoleArn: 'arn:aws:iam::123456789012:role/import', FeatureName: 's3Import', Status: 'ACTIVE' }],
  NetworkType: 'IPV4',
  BackupTarget: 'region',
  DedicatedLogVolume: false,
  EngineLifecycleSupport: 'open-source-rds-extended-support',
  LatestRestorableTime: '2026-11-22T10:00:00.000Z',
  TagList: [
    { Key: 'team', Value: 'platform' },
    { Key: 'aiplan:plan', Value: 'shop' },
    { Key: 'aiplan:op', Value: 'old-op' },
    { Key: 'CreatedBy', Value: 'alexey' },
  ],
  ReadReplicaDBInstanceIdentifiers: [],
  PendingModifiedValues: {},
};

export const liveDatabase = liveOf(rawDatabase);

/** A step on that database; `changes` are given as path, before, after. */
export function stepContext(fields: Partial<StepContext> = {}): StepContext {
  return {
    run: 'run-7',
    step: 'CoursesDb',
    op: 'run-7-coursesdb',
    account: '123456789012',
    region: 'eu-west-1',
    endpoint: null,
    live: liveDatabase,
    desired: liveDatabase.properties,
    changes: [],
    ownership: {},
    when: null,
    captureBucket: null,
    captureName: 'aiplan-run-7-coursesdb',
    captureExpires: '2027-01-01T00:00:00.000Z',
    remap: (id) => id,
    replacing: false,
    ...fields,
  };
}

/** An update of that database to the given values (null: removed). */
export function updateContext(values: JsonObject, fields: Partial<StepContext> = {}): StepContext {
  const live = fields.live ?? liveDatabase;
  const changes = Object.entries(values).map(([path, after]): AttributeChange => ({
    path,
    before: live.properties[path] ?? null,
    after: after ?? null,
    effect: 'in-place',
  }));
  const desired = Object.fromEntries(
    Object.entries({ ...live.properties, ...values }).filter(([, value]) => value !== null),
  );
  return stepContext({ live, changes, desired, ...fields });
}
