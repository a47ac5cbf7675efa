import { describe, expect, it } from '@jest/globals';
import { dbInstance } from '../../providers/rds/db-instance/db-instance.ts';
import { describeInstance, untilChanged, untilGone } from '../../providers/rds/db-instance/states.ts';
import { operationsOf, preview } from '../../src/plan/steps/preview.ts';
import type { Call, Program, Wait } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { liveDatabase, rawDatabase, stepContext, updateContext } from '../helpers/rds-samples.ts';
import { liveOf } from '../../providers/rds/db-instance/shape.ts';

const callsOf = (program: Program<unknown> | undefined): readonly Call[] => preview(program as Program<unknown>).calls;
const inputOf = (values: JsonObject, fields: Parameters<typeof updateContext>[1] = {}): JsonObject | undefined =>
  callsOf(dbInstance.update?.(updateContext(values, fields))).find((call) => call.operation === 'ModifyDBInstance')
    ?.input;
const waitOf = (program: Program<unknown>): Wait => {
  const step = program.next();
  if (step.done === true || step.value.kind !== 'wait') throw new Error('it does not wait');
  return step.value.wait;
};

describe('creating a database', () => {
  const desired = {
    DBInstanceIdentifier: 'Courses-New',
    DBInstanceClass: 'db.t4g.micro',
    Engine: 'postgres',
    AllocatedStorage: '20',
    Port: '5433',
    MasterUsername: 'root',
    MasterUserPassword: { $secret: { env: 'AIPLAN_SECRET_DB' } },
    VPCSecurityGroups: ['sg-a'],
    DBSubnetGroupName: 'private',
    EnableCloudwatchLogsExports: ['postgresql'],
    MultiAZ: false,
    MasterUserSecret: { KmsKeyId: 'k' },
    CustomIAMInstanceProfile: 'p',
    AssociatedRoles: [{ FeatureName: 's3Import', RoleArn: 'arn:r' }],
    Tags: { team: 'a' },
  };
  const context = stepContext({ live: null, desired, ownership: { 'aiplan:op': 'op-1', 'aiplan:rotate': 'one' } });
  it('is one call with tags and the secret as a reference, then one for each role', () => {
    const [create, role, ...rest] = callsOf(dbInstance.create?.(context));
    expect(create).toMatchObject({ operation: 'CreateDBInstance', identity: 'courses-new', retry: 'named' });
    expect(create?.input).toEqual({
      DBInstanceIdentifier: 'courses-new',
      DBInstanceClass: 'db.t4g.micro',
      Engine: 'postgres',
      AllocatedStorage: 20,
      Port: 5433,
      MasterUsername: 'root',
      MasterUserPassword: { $secret: { env: 'AIPLAN_SECRET_DB' } },
      VpcSecurityGroupIds: ['sg-a'],
      DBSubnetGroupName: 'private',
      EnableCloudwatchLogsExports: ['postgresql'],
      MultiAZ: false,
      MasterUserSecretKmsKeyId: 'k',
      CustomIamInstanceProfile: 'p',
      Tags: [
        { Key: 'team', Value: 'a' },
        { Key: 'aiplan:op', Value: 'op-1' },
        { Key: 'aiplan:rotate', Value: 'one' },
      ],
    });
    expect(role).toMatchObject({
      operation: 'AddRoleToDBInstance',
      input: { DBInstanceIdentifier: 'courses-new', RoleArn: 'arn:r', FeatureName: 's3Import' },
    });
    expect(rest).toEqual([]);
    expect(preview(dbInstance.create?.(context) as Program<{ identity: string }>).result).toEqual({
      identity: 'courses-new',
    });
  });
  it('can be listed before its name is known', () => {
    const unnamed = stepContext({
      live: null,
      desired: { DBInstanceIdentifier: { $unknown: 'Other.Name' }, Engine: 'postgres' },
    });
    expect(operationsOf(callsOf(dbInstance.create?.(unnamed)))).toEqual(['rds:CreateDBInstance']);
  });
  it('needs a name', () => {
    expect(() =>
      preview(dbInstance.create?.(stepContext({ live: null, desired: { Engine: 'postgres' } })) as Program<unknown>),
    ).toThrow(expect.objectContaining({ code: 'name-missing' }));
  });
});

describe('changing a database', () => {
  it('sends only what changes, and at once only when the author says now', () => {
    expect(inputOf({ DBInstanceClass: 'db.m7g.xlarge', BackupRetentionPeriod: 21 }, { when: 'now' })).toEqual({
      DBInstanceIdentifier: 'courses-prod',
      DBInstanceClass: 'db.m7g.xlarge',
      BackupRetentionPeriod: 21,
      ApplyImmediately: true,
    });
    expect(inputOf({ DBInstanceClass: 'db.m7g.xlarge' }, { when: 'window' })?.['ApplyImmediately']).toBe(false);
    // Nothing deferrable: `when` is not given, and nothing that others left pending may be flushed.
    expect(inputOf({ DeletionProtection: false })).toEqual({
      DBInstanceIdentifier: 'courses-prod',
      DeletionProtection: false,
      ApplyImmediately: false,
    });
  });
  it.each([
    ['the port has another name', { Port: '5555' }, { DBPortNumber: 5555 }],
    ['groups are the whole list', { VPCSecurityGroups: ['sg-a', 'sg-c'] }, { VpcSecurityGroupIds: ['sg-a', 'sg-c'] }],
    [
      'log exports are a difference',
      { EnableCloudwatchLogsExports: ['postgresql', 'iam-db-auth-error'] },
      { CloudwatchLogsExportConfiguration: { EnableLogTypes: ['iam-db-auth-error'], DisableLogTypes: ['upgrade'] } },
    ],
    ['gp3 below the threshold takes no IOPS', { AllocatedStorage: '300' }, { AllocatedStorage: 300 }],
    [
      'provisioned storage grows with its IOPS',
      { StorageType: 'io2', Iops: 6000 },
      { AllocatedStorage: 200, StorageType: 'io2', Iops: 6000 },
    ],
    [
      'throughput goes with IOPS and size',
      { StorageThroughput: 500, Iops: 12000 },
      { AllocatedStorage: 200, Iops: 12000, StorageThroughput: 500 },
    ],
    [
      'leaving provisioned storage sets IOPS to 0',
      { StorageType: 'gp2', Iops: null, StorageThroughput: null },
      { AllocatedStorage: 200, StorageType: 'gp2', Iops: 0 },
    ],
    ['autoscaling off is a limit that equals the size', { MaxAllocatedStorage: null }, { MaxAllocatedStorage: 200 }],
    ['a minor upgrade', { EngineVersion: '15.8' }, { EngineVersion: '15.8' }],
    ['a major upgrade says so', { EngineVersion: '16.3' }, { EngineVersion: '16.3', AllowMajorVersionUpgrade: true }],
    [
      'monitoring goes with its role',
      { MonitoringInterval: 30 },
      { MonitoringInterval: 30, MonitoringRoleArn: 'arn:aws:iam::123456789012:role/monitor' },
    ],
    ['monitoring off has none', { MonitoringInterval: 0, MonitoringRoleArn: null }, { MonitoringInterval: 0 }],
    ['Performance Insights off', { EnablePerformanceInsights: false }, { EnablePerformanceInsights: false }],
    [
      'its retention goes with it',
      { PerformanceInsightsRetentionPeriod: 93 },
      { EnablePerformanceInsights: true, PerformanceInsightsRetentionPeriod: 93 },
    ],
    [
      'the advanced mode wants its retention',
      { DatabaseInsightsMode: 'advanced', PerformanceInsightsRetentionPeriod: 465 },
      { EnablePerformanceInsights: true, PerformanceInsightsRetentionPeriod: 465, DatabaseInsightsMode: 'advanced' },
    ],
    [
      'processor features',
      { ProcessorFeatures: [{ Name: 'coreCount', Value: '2' }] },
      { ProcessorFeatures: [{ Name: 'coreCount', Value: '2' }] },
    ],
    ['processor features back to default', { ProcessorFeatures: null }, { UseDefaultProcessorFeatures: true }],
    ['a directory', { Domain: 'd-1', DomainIAMRoleName: 'r' }, { Domain: 'd-1', DomainIAMRoleName: 'r' }],
    ['no directory', { Domain: null }, { DisableDomain: true }],
    [
      'a managed password',
      { ManageMasterUserPassword: true, MasterUserSecret: { KmsKeyId: 'k' } },
      { ManageMasterUserPassword: true, MasterUserSecretKmsKeyId: 'k' },
    ],
    [
      'no managed password',
      { ManageMasterUserPassword: false, MasterUserPassword: { $secret: { env: 'P' } } },
      { ManageMasterUserPassword: false, MasterUserPassword: { $secret: { env: 'P' } } },
    ],
    [
      "null resets to AWS's default",
      { DeletionProtection: null, PubliclyAccessible: null },
      { DeletionProtection: false, PubliclyAccessible: false },
    ],
  ] as readonly [string, JsonObject, JsonObject][])('%s', (_name, values, expected) => {
    expect(inputOf(values, { when: 'now' })).toEqual({
      DBInstanceIdentifier: 'courses-prod',
      ...expected,
      ApplyImmediately: true,
    });
  });
  it('adds tags first and removes them last', () => {
    const calls = callsOf(
      dbInstance.update?.(updateContext({ Tags: { team: 'shop', cost: '1' }, DeletionProtection: false })),
    );
    expect(operationsOf(calls)).toEqual([
      'rds:AddTagsToResource',
      'rds:ModifyDBInstance',
      'rds:RemoveTagsFromResource',
    ]);
    expect(calls[0]?.input).toEqual({
      ResourceName: 'arn:aws:rds:eu-west-1:123456789012:db:courses-prod',
      Tags: [
        { Key: 'team', Value: 'shop' },
        { Key: 'cost', Value: '1' },
      ],
    });
    expect(calls[2]?.input).toEqual({
      ResourceName: 'arn:aws:rds:eu-west-1:123456789012:db:courses-prod',
      TagKeys: ['CreatedBy'],
    });
  });
  it('records the rotation after the password was set, and not again when the word is the same', () => {
    const values = { MasterUserPassword: { $secret: { env: 'AIPLAN_SECRET_DB' } } };
    const calls = callsOf(dbInstance.update?.(updateContext(values, { ownership: { 'aiplan:rotate': 'march' } })));
    expect(calls.map((call) => call.operation)).toEqual(['ModifyDBInstance', 'AddTagsToResource']);
    expect(calls[0]?.input).toEqual({
      DBInstanceIdentifier: 'courses-prod',
      MasterUserPassword: { $secret: { env: 'AIPLAN_SECRET_DB' } },
      ApplyImmediately: false,
    });
    expect(calls[1]?.input['Tags']).toEqual([{ Key: 'aiplan:rotate', Value: 'march' }]);
    const recorded = { ...liveDatabase, systemTags: { 'aiplan:rotate': 'march' } };
    expect(
      callsOf(
        dbInstance.update?.(
          updateContext({ DeletionProtection: false }, { live: recorded, ownership: { 'aiplan:rotate': 'march' } }),
        ),
      ).map((call) => call.operation),
    ).toEqual(['ModifyDBInstance']);
  });
  it('replaces the role of a feature, adds others before it removes', () => {
    const roles = [
      { FeatureName: 's3Import', RoleArn: 'arn:new' },
      { FeatureName: 'Lambda', RoleArn: 'arn:l' },
    ];
    expect(
      callsOf(dbInstance.update?.(updateContext({ AssociatedRoles: roles }))).map((call) => [
        call.operation,
        call.input['RoleArn'],
      ]),
    ).toEqual([
      ['RemoveRoleFromDBInstance', 'arn:aws:iam::123456789012:role/import'],
      ['AddRoleToDBInstance', 'arn:new'],
      ['AddRoleToDBInstance', 'arn:l'],
    ]);
    expect(
      callsOf(
        dbInstance.update?.(updateContext({ AssociatedRoles: [{ FeatureName: 'Lambda', RoleArn: 'arn:l' }] })),
      ).map((call) => call.operation),
    ).toEqual(['AddRoleToDBInstance', 'RemoveRoleFromDBInstance']);
  });
});

describe('deleting a database', () => {
  const remove = (raw: JsonObject) => callsOf(dbInstance.remove?.(stepContext({ live: liveOf(raw) })));
  it('takes a final snapshot, keeps the automated backups, and tags the snapshot as a capture', () => {
    const [deleted, tagged] = remove(rawDatabase);
    expect(deleted).toMatchObject({ operation: 'DeleteDBInstance', identity: 'courses-prod', retry: 'absolute' });
    expect(deleted?.input).toEqual({
      DBInstanceIdentifier: 'courses-prod',
      SkipFinalSnapshot: false,
      FinalDBSnapshotIdentifier: 'aiplan-run-7-coursesdb-final',
      DeleteAutomatedBackups: false,
    });
    expect(tagged).toMatchObject({
      operation: 'AddTagsToResource',
      input: { ResourceName: 'arn:aws:rds:eu-west-1:123456789012:snapshot:aiplan-run-7-coursesdb-final' },
    });
    expect(tagged?.input['Tags']).toContainEqual({ Key: 'aiplan:expires', Value: '2027-01-01T00:00:00.000Z' });
  });
  it.each([
    ['a failed database', { DBInstanceStatus: 'failed' }],
    ['a failed restore', { DBInstanceStatus: 'incompatible-restore' }],
    ['a network that is gone', { DBInstanceStatus: 'incompatible-network' }],
    ['a read replica', { ReadReplicaSourceDBInstanceIdentifier: 'courses-main' }],
    ['RDS Custom', { Engine: 'custom-oracle-ee' }],
    ['an Aurora member', { DBClusterIdentifier: 'courses' }],
  ])('skips it only where AWS refuses one: %s', (_name, fields) => {
    const [deleted, ...rest] = remove({ ...rawDatabase, ...fields });
    expect(deleted?.input).toEqual({
      DBInstanceIdentifier: 'courses-prod',
      SkipFinalSnapshot: true,
      DeleteAutomatedBackups: false,
    });
    expect(rest).toEqual([]);
    const plan = dbInstance.capture?.plan(liveOf({ ...rawDatabase, ...fields }), 'delete', [], {
      maxBytes: 1,
      maxObjects: 1,
    });
    expect(plan?.impossible).toBeDefined();
  });
});

describe('waiting', () => {
  it('a change waits until a database that is backed up takes it, and mends a full disk', () => {
    const wait = waitOf(dbInstance.update?.(updateContext({ MultiAZ: false })) as Program);
    expect(
      ['backing-up', 'available', 'storage-full', 'failed'].map(
        (DBInstanceStatus) => wait.judge({ DBInstances: [{ DBInstanceStatus }] }).state,
      ),
    ).toEqual(['pending', 'done', 'done', 'failed']);
  });
  const answer = (fields: JsonObject): JsonObject => ({ DBInstances: [{ ...rawDatabase, ...fields }] });
  it('a settled database is in use twice in a row; a dead state fails', () => {
    const wait = waitOf(dbInstance.waitUntilStable?.('courses-prod') as Program);
    expect(wait.read).toEqual(describeInstance('courses-prod'));
    expect(wait.agree).toBe(2);
    for (const status of ['available', 'storage-optimization', 'storage-initialization'])
      expect(wait.judge(answer({ DBInstanceStatus: status }))).toEqual({ state: 'done' });
    for (const status of [
      'creating',
      'backing-up',
      'modifying',
      'upgrading',
      'configuring-log-exports',
      'rebooting',
      'a-state-of-tomorrow',
    ])
      expect(wait.judge(answer({ DBInstanceStatus: status })).state).toBe('pending');
    for (const status of [
      'failed',
      'incompatible-restore',
      'incompatible-parameters',
      'incompatible-network',
      'incompatible-option-group',
      'storage-full',
      'inaccessible-encryption-credentials',
      'restore-error',
      'stopped',
      'deleting',
      'insufficient-capacity',
    ]) {
      expect(wait.judge(answer({ DBInstanceStatus: status }))).toEqual({
        state: 'failed',
        reason: `the database is "${status}"`,
      });
    }
    expect(wait.judge(null).state).toBe('failed');
  });
  it('available right after a change is not yet changed', () => {
    const wait = waitOf(
      untilChanged('courses-prod', {
        names: new Set(['DBInstanceClass']),
        desired: { DBInstanceClass: 'db.m7g.xlarge' },
        when: 'now',
      }),
    );
    expect(wait.judge(answer({}))).toEqual({ state: 'pending', detail: 'DBInstanceClass not in effect yet' });
    expect(
      wait.judge(answer({ DBInstanceStatus: 'modifying', PendingModifiedValues: { DBInstanceClass: 'db.m7g.xlarge' } }))
        .state,
    ).toBe('pending');
    expect(wait.judge(answer({ PendingModifiedValues: { DBInstanceClass: 'db.m7g.xlarge' } }))).toEqual({
      state: 'pending',
      detail: 'DBInstanceClass pending',
    });
    expect(wait.judge(answer({ DBInstanceClass: 'db.m7g.xlarge' }))).toEqual({ state: 'done' });
  });
  it('a change for the window may stay pending, and what others left pending is not waited for', () => {
    const expected = { names: new Set(['DBInstanceClass']), desired: { DBInstanceClass: 'db.m7g.xlarge' } };
    expect(
      waitOf(untilChanged('courses-prod', { ...expected, when: 'window' })).judge(
        answer({ PendingModifiedValues: { DBInstanceClass: 'db.m7g.xlarge' } }),
      ),
    ).toEqual({ state: 'done' });
    expect(
      waitOf(untilChanged('courses-prod', { ...expected, when: 'now' })).judge(
        answer({ DBInstanceClass: 'db.m7g.xlarge', PendingModifiedValues: { MultiAZ: false } }),
      ),
    ).toEqual({ state: 'done' });
    const password = { names: new Set(['MasterUserPassword']), desired: {}, when: 'window' as const };
    expect(
      waitOf(untilChanged('courses-prod', password)).judge(
        answer({ PendingModifiedValues: { MasterUserPassword: '****' } }),
      ).state,
    ).toBe('pending');
  });
  it('a value that AWS writes in its own way does not hang the run', () => {
    const wait = waitOf(
      untilChanged('courses-prod', {
        names: new Set(['AllocatedStorage']),
        desired: { AllocatedStorage: '205' },
        when: 'now',
      }),
    );
    const states = Array.from({ length: 6 }, () => wait.judge(answer({ AllocatedStorage: 220 })).state);
    expect(states).toEqual(['pending', 'pending', 'pending', 'pending', 'done', 'done']);
    expect(wait.judge(answer({ DBInstanceStatus: 'storage-full' })).state).toBe('pending');
  });
  it('gone is absence, and a deletion that AWS gives up is a failure', () => {
    const wait = waitOf(untilGone('courses-prod'));
    expect(wait.judge(answer({})).state).toBe('pending');
    expect(wait.judge(answer({ DBInstanceStatus: 'deleting' })).state).toBe('pending');
    expect(wait.judge(answer({})).state).toBe('failed');
    expect(waitOf(untilGone('courses-prod')).judge(null)).toEqual({ state: 'done' });
  });
  it('another one under the name proves that it is gone, and is not taken for a deletion that was given up', () => {
    const wait = waitOf(untilGone('courses-prod', 'db-OLD@2024-01-01T00:00:00.000Z'));
    expect(
      wait.judge(
        answer({
          DbiResourceId: 'db-OLD',
          InstanceCreateTime: '2024-01-01T00:00:00.000Z',
          DBInstanceStatus: 'deleting',
        }),
      ).state,
    ).toBe('pending');
    expect(
      wait.judge(
        answer({
          DbiResourceId: 'db-NEW',
          InstanceCreateTime: '2026-11-23T00:00:00.000Z',
          DBInstanceStatus: 'available',
        }),
      ).state,
    ).toBe('done');
  });
});
