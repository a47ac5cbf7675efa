import { describe, expect, it } from '@jest/globals';
import { readDBInstances } from '../../providers/rds/db-instance/read.ts';
import { liveOf, pendingOf, propertiesOf } from '../../providers/rds/db-instance/shape.ts';
import type { AwsReader, ReadCall } from '../../src/domain/call.ts';
import { AwsError } from '../../src/base/error.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { rawDatabase } from '../helpers/rds-samples.ts';

describe('the shape of a DB instance', () => {
  it("has every property that AWS tells, in CloudFormation's names and types", () => {
    expect(propertiesOf(rawDatabase)).toEqual({
      DBInstanceIdentifier: 'courses-prod',
      DBInstanceClass: 'db.m7g.large',
      Engine: 'postgres',
      MasterUsername: 'root',
      DBName: 'courses',
      Port: '5432',
      AllocatedStorage: '200',
      MaxAllocatedStorage: 1000,
      StorageType: 'gp3',
      Iops: 3000,
      StorageThroughput: 125,
      StorageEncrypted: true,
      KmsKeyId: 'arn:aws:kms:eu-west-1:123456789012:key/k1',
      PreferredBackupWindow: '02:00-02:30',
      BackupRetentionPeriod: 14,
      PreferredMaintenanceWindow: 'sun:04:00-sun:04:30',
      VPCSecurityGroups: ['sg-a', 'sg-b'],
      DBParameterGroupName: 'courses-pg15',
      OptionGroupName: 'default:postgres-15',
      AvailabilityZone: 'eu-west-1a',
      DBSubnetGroupName: 'private',
      MultiAZ: true,
      EngineVersion: '15.4',
      AutoMinorVersionUpgrade: false,
      LicenseModel: 'postgresql-license',
      PubliclyAccessible: false,
      CACertificateIdentifier: 'rds-ca-rsa2048-g1',
      CopyTagsToSnapshot: true,
      MonitoringInterval: 60,
      MonitoringRoleArn: 'arn:aws:iam::123456789012:role/monitor',
      EnableIAMDatabaseAuthentication: true,
      DatabaseInsightsMode: 'standard',
      EnablePerformanceInsights: true,
      PerformanceInsightsKMSKeyId: 'arn:aws:kms:eu-west-1:123456789012:key/k2',
      PerformanceInsightsRetentionPeriod: 31,
      EnableCloudwatchLogsExports: ['postgresql', 'upgrade'],
      DeletionProtection: true,
      AssociatedRoles: [{ FeatureName: 's3Import', RoleArn: 'arn:aws:iam::123456789012:role/import' }],
      NetworkType: 'IPV4',
      BackupTarget: 'region',
      DedicatedLogVolume: false,
      EngineLifecycleSupport: 'open-source-rds-extended-support',
      ManageMasterUserPassword: false,
      Tags: { team: 'platform', CreatedBy: 'alexey' },
    });
  });
  it('keeps system tags apart and tells identity, incarnation, protection, creator and size', () => {
    const live = liveOf({ ...rawDatabase, DBInstanceIdentifier: 'Courses-Prod' });
    expect(live).toMatchObject({
      identity: 'courses-prod',
      incarnation: 'db-AAA@2024-06-20T09:12:00.000Z',
      state: 'available',
      systemTags: { 'aiplan:plan': 'shop', 'aiplan:op': 'old-op' },
      binding: {
        protections: ['DeletionProtection'],
        dependents: [],
        encrypted: 'arn:aws:kms:eu-west-1:123456789012:key/k1',
      },
      observed: {
        bytes: 200 * 2 ** 30,
        created: '2024-06-20T09:12:00.000Z',
        creator: 'alexey',
        lastUse: 'unknown',
        parameterApplyStatus: 'in-sync',
      },
    });
    expect(live.attributes['Endpoint']).toEqual({
      Address: 'courses-prod.abc.eu-west-1.rds.amazonaws.com',
      Port: '5432',
      HostedZoneId: 'Z29XKXDKYMONMX',
    });
    expect(live.attributes['LatestRestorableTime']).toBeUndefined();
  });
  it('says which groups are attached and not in effect', () => {
    expect(liveOf(rawDatabase).inactive).toBeUndefined();
    const late = {
      ...rawDatabase,
      DBParameterGroups: [{ DBParameterGroupName: 'new', ParameterApplyStatus: 'pending-reboot' }],
      OptionGroupMemberships: [{ OptionGroupName: 'o', Status: 'pending-maintenance-apply' }],
    };
    expect(liveOf(late).inactive).toEqual({
      DBParameterGroupName: 'pending-reboot',
      OptionGroupName: 'pending-maintenance-apply',
    });
  });
  it('takes an empty text for no name', () => {
    expect(liveOf({ ...rawDatabase, ReadReplicaSourceDBInstanceIdentifier: '' }).binding['replicaOf']).toBeUndefined();
    expect(liveOf({ ...rawDatabase, ReadReplicaSourceDBInstanceIdentifier: 'courses-main' }).binding['replicaOf']).toBe(
      'courses-main',
    );
  });
  it('tells another database of the same name apart, even where the resource id is the same', () => {
    expect(liveOf({ ...rawDatabase, InstanceCreateTime: '2026-11-22T00:00:00.000Z' }).incarnation).not.toBe(
      liveOf(rawDatabase).incarnation,
    );
    expect(liveOf({ ...rawDatabase, DbiResourceId: 'db-BBB' }).incarnation).not.toBe(liveOf(rawDatabase).incarnation);
  });
  it('names what owns it: a stack or an Aurora cluster, whose storage is not its own', () => {
    const tagged = (Key: string, Value: string): JsonObject => ({ ...rawDatabase, TagList: [{ Key, Value }] });
    expect(liveOf(tagged('aws:cloudformation:stack-name', 'platform')).binding['owner']).toBe(
      'CloudFormation stack platform',
    );
    const member = liveOf({ ...rawDatabase, DBClusterIdentifier: 'courses', AllocatedStorage: 1 });
    expect(member.binding['owner']).toBe('Aurora cluster courses');
    expect(member.properties['AllocatedStorage']).toBeUndefined();
    expect(member.observed['bytes']).toBeUndefined();
  });
  it("says what is pending in CloudFormation's names, and of a password only that there is one", () => {
    expect(
      pendingOf({
        ...rawDatabase,
        PendingModifiedValues: {
          DBInstanceClass: 'db.m7g.xlarge',
          AllocatedStorage: 300,
          Port: 5433,
          MasterUserPassword: '****',
          IAMDatabaseAuthenticationEnabled: false,
          ProcessorFeatures: [],
          PendingCloudwatchLogsExports: { LogTypesToEnable: ['iam-db-auth-error'], LogTypesToDisable: ['upgrade'] },
        },
      }),
    ).toEqual({
      DBInstanceClass: 'db.m7g.xlarge',
      AllocatedStorage: '300',
      Port: '5433',
      MasterUserPassword: { $masked: 'changed' },
      EnableIAMDatabaseAuthentication: false,
      EnableCloudwatchLogsExports: ['iam-db-auth-error', 'postgresql'],
    });
    expect(pendingOf(rawDatabase)).toEqual({});
  });
  it('leaves out zeros that mean "not applicable", and takes the port from wherever AWS tells it', () => {
    const properties = propertiesOf({
      ...rawDatabase,
      Iops: 0,
      StorageThroughput: 0,
      Endpoint: null,
      DbInstancePort: 6000,
      MasterUserSecret: { SecretArn: 'arn:s', KmsKeyId: 'k' },
    });
    expect(properties).toMatchObject({
      Port: '6000',
      ManageMasterUserPassword: true,
      MasterUserSecret: { KmsKeyId: 'k' },
    });
    expect('Iops' in properties || 'StorageThroughput' in properties).toBe(false);
  });
});

describe('reading DB instances', () => {
  const reader = (answers: (call: ReadCall) => JsonObject): { aws: AwsReader; calls: ReadCall[] } => {
    const calls: ReadCall[] = [];
    return {
      calls,
      aws: {
        counts: {},
        read: (call) => {
          calls.push(call);
          try {
            return Promise.resolve(answers(call));
          } catch (error) {
            return Promise.reject(error as Error);
          }
        },
      },
    };
  };
  const denied = new AwsError({
    code: 'AccessDenied',
    kind: 'denied',
    operation: 'rds:X',
    message: 'no',
    executed: 'no',
  });
  const query = (identities: readonly string[], detailed: readonly string[] = [], all = false) => ({
    identities,
    all,
    detailed: new Set(detailed),
  });

  it('asks for many by one filter and calls absent what a complete answer does not hold', async () => {
    const { aws, calls } = reader(() => ({ DBInstances: [rawDatabase] }));
    const result = await readDBInstances(aws, query(['Courses-Prod', 'nobody']));
    expect(calls.map((call) => call.input)).toEqual([
      { Filters: [{ Name: 'db-instance-id', Values: ['courses-prod', 'nobody'] }] },
    ]);
    expect(result.resources.map((live) => [live.identity, live.detailed])).toEqual([['courses-prod', false]]);
    expect(result.absent).toEqual(['nobody']);
  });
  it('follows pages, and needs no more calls for 250 names than three', async () => {
    const { aws, calls } = reader((call) =>
      call.input['Marker'] === undefined ? { DBInstances: [], Marker: 'm' } : { DBInstances: [rawDatabase] },
    );
    expect((await readDBInstances(aws, query([], [], true))).resources).toHaveLength(1);
    expect(calls).toHaveLength(2);
    const many = reader(() => ({ DBInstances: [] }));
    await readDBInstances(many.aws, query(Array.from({ length: 250 }, (_, index) => `db-${index}`)));
    expect(many.calls).toHaveLength(3);
  });
  it('reads nothing for no identities, and a failed read is never absence', async () => {
    const { aws, calls } = reader(() => {
      throw denied;
    });
    expect(await readDBInstances(aws, query([]))).toEqual({ resources: [], absent: [], failures: [] });
    expect(calls).toHaveLength(0);
    expect(await readDBInstances(aws, query(['courses-prod']))).toEqual({
      resources: [],
      absent: [],
      failures: [{ type: 'AWS::RDS::DBInstance', identity: 'courses-prod', code: 'AccessDenied', message: 'no' }],
    });
    expect((await readDBInstances(aws, query([], [], true))).failures).toEqual([
      { type: 'AWS::RDS::DBInstance', identity: null, code: 'AccessDenied', message: 'no' },
    ]);
  });
  it('says unknown where the backups cannot be read', async () => {
    const { aws } = reader((call) => {
      if (call.operation === 'DescribeDBSnapshots') throw denied;
      return { DBInstances: [rawDatabase] };
    });
    const [live] = (await readDBInstances(aws, query(['courses-prod'], ['courses-prod']))).resources;
    expect(live?.binding['backups']).toBe('unknown');
    expect(live?.observed['backups']).toBe('unknown (AccessDenied)');
  });
  it('counts backups, its own captures aside in what must not move', async () => {
    const snapshot = (SnapshotType: string, time: string, key?: string): JsonObject => ({
      DBInstanceIdentifier: 'courses-prod',
      SnapshotType,
      SnapshotCreateTime: time,
      TagList: key === undefined ? [] : [{ Key: key, Value: 'x' }],
    });
    const { aws } = reader((call) =>
      call.operation === 'DescribeDBInstances'
        ? { DBInstances: [rawDatabase] }
        : call.operation === 'DescribeDBSnapshots'
          ? {
              DBSnapshots: [
                snapshot('manual', '2026-01-01T00:00:00.000Z', 'aiplan:op'),
                snapshot('automated', '2026-11-20T00:00:00.000Z'),
                { ...snapshot('manual', '2026-11-21T00:00:00.000Z'), DBInstanceIdentifier: 'other' },
              ],
            }
          : {
              DBInstanceAutomatedBackups: [
                {
                  DBInstanceIdentifier: 'courses-prod',
                  Status: 'active',
                  RestoreWindow: { EarliestTime: '2026-11-08T00:00:00.000Z', LatestTime: '2026-11-22T00:00:00.000Z' },
                },
                { DBInstanceIdentifier: 'courses-prod', Status: 'retained' },
              ],
            },
    );
    const [live] = (await readDBInstances(aws, query(['courses-prod'], ['courses-prod']))).resources;
    expect(live?.detailed).toBe(true);
    expect(live?.binding['backups']).toEqual({ manual: 'none', automated: 'some' });
    expect(live?.observed).toMatchObject({
      manualSnapshots: 0,
      aiplanSnapshots: 1,
      automatedSnapshots: 1,
      newestSnapshot: '2026-11-20T00:00:00.000Z',
      retainedBackups: 1,
      earliestRestorable: '2026-11-08T00:00:00.000Z',
      latestRestorable: '2026-11-22T00:00:00.000Z',
    });
  });
});
