import { describe, expect, it } from '@jest/globals';
import { dbInstance } from '../../providers/rds/db-instance/db-instance.ts';
import { liveOf } from '../../providers/rds/db-instance/shape.ts';
import { asideName, finalSnapshotName, snapshotName } from '../../providers/rds/db-instance/snapshots.ts';
import { operationsOf, preview } from '../../src/plan/steps/preview.ts';
import { callName, type Call, type Program, type ReadCall } from '../../src/domain/call.ts';
import { AwsError } from '../../src/base/error.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { StepContext } from '../../src/domain/resource-type.ts';
import { liveDatabase, rawDatabase, stepContext, updateContext } from '../helpers/rds-samples.ts';
import type { Capture } from '../../src/domain/capture-plan.ts';

const limits = { maxBytes: 1, maxObjects: 1 };
const taken: Capture = {
  how: 'native',
  refs: { snapshot: 'snap', snapshotArn: 'arn', final: 'snap-final' },
  pointInTime: null,
  bytes: 1,
  encrypted: true,
  extras: {},
};
type Answers = (call: ReadCall, made: readonly Call[]) => JsonObject | null;

/**
 * Runs a program on scripted answers: a read is answered once, a wait until its judge is content (at most 20 times).
 */
function play<Result>(
  program: Program<Result>,
  answers: Answers,
  refuse: (call: Call) => AwsError | undefined = () => undefined,
): { readonly calls: readonly Call[]; readonly result: Result } {
  const calls: Call[] = [];
  let step = program.next();
  while (step.done !== true) {
    const effect = step.value;
    let value: unknown;
    let thrown: unknown;
    try {
      if (effect.kind === 'call') {
        calls.push(effect.call);
        value = {};
        thrown = refuse(effect.call);
      }
      if (effect.kind === 'read') value = answers(effect.call, calls);
      if (effect.kind === 'wait') {
        for (let tries = 0; ; tries += 1) {
          const answer = answers(effect.wait.read, calls);
          const judged = effect.wait.judge(answer);
          if (judged.state === 'done') {
            value = answer;
            break;
          }
          if (judged.state === 'failed') throw new Error(`${effect.wait.what}: ${judged.reason}`);
          if (tries > 20) throw new Error(`${effect.wait.what} hangs`);
        }
      }
    } catch (error) {
      thrown = error;
    }
    step = thrown === undefined ? program.next(value) : program.throw(thrown);
  }
  return { calls, result: step.value };
}

const restore = (context: StepContext = stepContext(), capture: Capture = taken) =>
  dbInstance.capture?.restore(context, capture) as Program<{ identity: string; map: Readonly<Record<string, string>> }>;
const inputOf = (calls: readonly Call[], operation: string): JsonObject | undefined =>
  calls.find((call) => call.operation === operation)?.input;

describe('restoring a database', () => {
  it('lists every call that it could make', () => {
    const { calls } = preview(restore());
    expect(operationsOf(calls)).toEqual([
      'rds:ModifyDBInstance',
      'rds:RestoreDBInstanceFromDBSnapshot',
      'rds:ModifyDBInstance',
      'rds:AddRoleToDBInstance',
      'rds:RebootDBInstance',
      'rds:ModifyDBInstance',
      'rds:AddTagsToResource',
      'rds:RemoveTagsFromResource',
      'rds:AddTagsToResource',
    ]);
    expect(calls[0]?.input).toEqual({
      DBInstanceIdentifier: 'courses-prod',
      NewDBInstanceIdentifier: 'courses-prod-aiplan-run-7',
      ApplyImmediately: true,
    });
  });
  it("says everything that would else become a default, in today's ids, and protection last", () => {
    const { calls } = preview(restore(stepContext({ remap: (id) => (id === 'sg-a' ? 'sg-new' : id) })));
    expect(inputOf(calls, 'RestoreDBInstanceFromDBSnapshot')).toEqual({
      DBInstanceIdentifier: 'courses-prod',
      DBSnapshotIdentifier: 'snap-final',
      DBInstanceClass: 'db.m7g.large',
      Port: 5432,
      DBSubnetGroupName: 'private',
      VpcSecurityGroupIds: ['sg-new', 'sg-b'],
      DBParameterGroupName: 'courses-pg15',
      MultiAZ: true,
      PubliclyAccessible: false,
      StorageType: 'gp3',
      AutoMinorVersionUpgrade: false,
      LicenseModel: 'postgresql-license',
      CopyTagsToSnapshot: true,
      EnableIAMDatabaseAuthentication: true,
      EnableCloudwatchLogsExports: ['postgresql', 'upgrade'],
      DeletionProtection: false,
      NetworkType: 'IPV4',
      BackupRetentionPeriod: 14,
      PreferredBackupWindow: '02:00-02:30',
      DedicatedLogVolume: false,
      CACertificateIdentifier: 'rds-ca-rsa2048-g1',
      EngineLifecycleSupport: 'open-source-rds-extended-support',
      Tags: [
        { Key: 'team', Value: 'platform' },
        { Key: 'CreatedBy', Value: 'alexey' },
        { Key: 'aiplan:plan', Value: 'shop' },
        { Key: 'aiplan:op', Value: 'run-7-coursesdb' },
        { Key: 'aiplan:restoring', Value: 'run-7' },
      ],
    });
    const settings = calls.filter((call) => call.operation === 'ModifyDBInstance')[1]?.input;
    expect(settings).toMatchObject({
      PreferredMaintenanceWindow: 'sun:04:00-sun:04:30',
      MaxAllocatedStorage: 1000,
      MonitoringInterval: 60,
      MonitoringRoleArn: 'arn:aws:iam::123456789012:role/monitor',
      EnablePerformanceInsights: true,
      PerformanceInsightsRetentionPeriod: 31,
      PerformanceInsightsKMSKeyId: 'arn:aws:kms:eu-west-1:123456789012:key/k2',
      BackupRetentionPeriod: 14,
      VpcSecurityGroupIds: ['sg-b', 'sg-new'],
      ApplyImmediately: true,
    });
    for (const never of ['EngineVersion', 'AllocatedStorage', 'MasterUserPassword', 'DeletionProtection'])
      expect(settings?.[never]).toBeUndefined();
    expect(calls.filter((call) => call.operation === 'ModifyDBInstance')[2]?.input).toEqual({
      DBInstanceIdentifier: 'courses-prod',
      DeletionProtection: true,
      ApplyImmediately: false,
    });
  });
  it.each([
    ['the zone where there is no standby', { MultiAZ: false }, { AvailabilityZone: 'eu-west-1a', MultiAZ: false }],
    ['IOPS where they were provisioned', { StorageType: 'io2', Iops: 9000 }, { StorageType: 'io2', Iops: 9000 }],
    ['gp3 IOPS above the baseline', { Iops: 12000, StorageThroughput: 500 }, { Iops: 12000, StorageThroughput: 500 }],
    [
      'the managed password of Oracle',
      { Engine: 'oracle-ee', MasterUserSecret: { SecretArn: 's', KmsKeyId: 'k' } },
      { ManageMasterUserPassword: true, MasterUserSecretKmsKeyId: 'k' },
    ],
  ] as readonly [string, JsonObject, JsonObject][])('says %s', (_name, fields, expected) => {
    expect(
      inputOf(
        preview(restore(stepContext({ live: liveOf({ ...rawDatabase, ...fields }) }))).calls,
        'RestoreDBInstanceFromDBSnapshot',
      ),
    ).toMatchObject(expected);
  });
  it('turns a managed password on after the restore where the restore itself cannot', () => {
    const live = liveOf({ ...rawDatabase, MasterUserSecret: { SecretArn: 's', KmsKeyId: 'k' } });
    const { calls } = preview(restore(stepContext({ live })));
    expect(inputOf(calls, 'RestoreDBInstanceFromDBSnapshot')?.['ManageMasterUserPassword']).toBeUndefined();
    expect(calls.filter((call) => call.operation === 'ModifyDBInstance')[1]?.input).toMatchObject({
      ManageMasterUserPassword: true,
      MasterUserSecretKmsKeyId: 'k',
    });
  });

  /** A world in which the restored database appears as AWS makes it: `made` decides. */
  const world =
    (held: JsonObject | null, made: JsonObject, snapshots: Readonly<Record<string, string>>): Answers =>
    (call, calls) => {
      if (call.operation === 'DescribeDBSnapshots') {
        const status = snapshots[String(call.input['DBSnapshotIdentifier'])];
        return status === undefined
          ? null
          : { DBSnapshots: [{ Status: status, TagList: [{ Key: 'aiplan:op', Value: 'op-of-the-run' }] }] };
      }
      const renamed = calls.some((made) => made.input['NewDBInstanceIdentifier'] !== undefined);
      if (call.input['DBInstanceIdentifier'] !== 'courses-prod')
        return renamed ? { DBInstances: [{ DBInstanceStatus: 'available' }] } : null;
      if (calls.some((made) => made.operation === 'RestoreDBInstanceFromDBSnapshot')) return { DBInstances: [made] };
      return held === null || renamed ? null : { DBInstances: [held] };
    };
  const { DeletionProtection: _protection, ...unprotected } = rawDatabase;
  const restored: JsonObject = { ...unprotected, DeletionProtection: true, DbiResourceId: 'db-BBB', TagList: [] };
  const available = { snap: 'available', 'snap-final': 'available' };

  it('prefers the final snapshot, and takes the other where there is none', () => {
    expect(
      inputOf(play(restore(), world(null, restored, available)).calls, 'RestoreDBInstanceFromDBSnapshot')?.[
        'DBSnapshotIdentifier'
      ],
    ).toBe('snap-final');
    expect(
      inputOf(play(restore(), world(null, restored, { snap: 'available' })).calls, 'RestoreDBInstanceFromDBSnapshot')?.[
        'DBSnapshotIdentifier'
      ],
    ).toBe('snap');
    expect(
      inputOf(
        play(restore(), world(null, restored, { snap: 'available', 'snap-final': 'failed' })).calls,
        'RestoreDBInstanceFromDBSnapshot',
      )?.['DBSnapshotIdentifier'],
    ).toBe('snap');
    expect(() => play(restore(), world(null, restored, {}))).toThrow(
      expect.objectContaining({ code: 'capture-missing' }),
    );
  });
  it('changes nothing that came back right, and says which ids are new', () => {
    const { calls, result } = play(restore(), world(null, restored, available));
    expect(calls.map(callName)).toEqual([
      'rds:RestoreDBInstanceFromDBSnapshot',
      'rds:ModifyDBInstance',
      'rds:AddTagsToResource',
      'rds:RemoveTagsFromResource',
    ]);
    expect(calls.slice(2).map((call) => call.input)).toEqual([
      { ResourceName: rawDatabase['DBInstanceArn'], Tags: [{ Key: 'aiplan:restored-from', Value: 'courses-prod' }] },
      { ResourceName: rawDatabase['DBInstanceArn'], TagKeys: ['aiplan:restoring'] },
    ]);
    expect(calls[1]?.input).toEqual({
      DBInstanceIdentifier: 'courses-prod',
      DeletionProtection: true,
      ApplyImmediately: false,
    });
    expect(result).toEqual({ identity: 'courses-prod', map: { 'db-AAA': 'db-BBB' } });
  });
  it('gives a final snapshot without tags those of the capture before it', () => {
    const tags = [
      { Key: 'aiplan:op', Value: 'op-1' },
      { Key: 'aiplan:run', Value: 'run-1' },
      { Key: 'aiplan:expires', Value: '2027-02-01T00:00:00.000Z' },
    ];
    const untagged =
      (before: JsonObject | null): Answers =>
      (call, calls) => {
        if (call.operation !== 'DescribeDBSnapshots') return world(null, restored, available)(call, calls);
        return call.input['DBSnapshotIdentifier'] === 'snap-final'
          ? {
              DBSnapshots: [
                {
                  Status: 'available',
                  DBSnapshotArn: 'arn:aws:rds:eu-west-1:123456789012:snapshot:snap-final',
                  TagList: [{ Key: 'team', Value: 'platform' }],
                },
              ],
            }
          : before;
      };
    const tagged = (before: JsonObject | null): readonly unknown[] =>
      play(restore(), untagged(before))
        .calls.filter(({ input }) => String(input['ResourceName']).includes(':snapshot:'))
        .map(({ operation, input }) => [operation, input['ResourceName'], input['Tags']]);
    expect(
      tagged({ DBSnapshots: [{ Status: 'available', TagList: [...tags, { Key: 'team', Value: 'platform' }] }] }),
    ).toEqual([['AddTagsToResource', 'arn:aws:rds:eu-west-1:123456789012:snapshot:snap-final', tags]]);
    expect(tagged(null)).toEqual([
      [
        'AddTagsToResource',
        'arn:aws:rds:eu-west-1:123456789012:snapshot:snap-final',
        expect.arrayContaining([{ Key: 'aiplan:op', Value: 'run-7-coursesdb' }]),
      ],
    ]);
    // The database is back: that the tags are refused keeps nothing back.
    const refusal = new AwsError({
      code: 'AccessDenied',
      kind: 'denied',
      operation: 'rds:AddTagsToResource',
      message: 'no',
      executed: 'no',
    });
    expect(
      play(restore(), untagged(null), ({ input }) =>
        String(input['ResourceName']).includes(':snapshot:') ? refusal : undefined,
      ).result.identity,
    ).toBe('courses-prod');
  });
  it('never deletes backups that a restored database has and the captured one had not', () => {
    const live = liveOf({ ...rawDatabase, BackupRetentionPeriod: 0 });
    const { calls } = preview(restore(stepContext({ live })));
    expect(inputOf(calls, 'RestoreDBInstanceFromDBSnapshot')?.['BackupRetentionPeriod']).toBe(0);
    for (const call of calls.filter((made) => made.operation === 'ModifyDBInstance'))
      expect(call.input['BackupRetentionPeriod']).toBeUndefined();
  });
  it('restarts where the parameter group waits for it, and gives roles back', () => {
    let restarted = false;
    const answers: Answers = (call, calls) => {
      restarted = calls.some((made) => made.operation === 'RebootDBInstance');
      const role = calls.some((made) => made.operation === 'AddRoleToDBInstance');
      return world(
        null,
        {
          ...restored,
          AssociatedRoles: role ? rawDatabase['AssociatedRoles'] : [],
          DBParameterGroups: [
            { DBParameterGroupName: 'courses-pg15', ParameterApplyStatus: restarted ? 'in-sync' : 'pending-reboot' },
          ],
        },
        available,
      )(call, calls);
    };
    expect(play(restore(), answers).calls.map(callName)).toEqual([
      'rds:RestoreDBInstanceFromDBSnapshot',
      'rds:AddRoleToDBInstance',
      'rds:RebootDBInstance',
      'rds:ModifyDBInstance',
      'rds:AddTagsToResource',
      'rds:RemoveTagsFromResource',
    ]);
  });
  it('moves a half-restored leftover of its own aside', () => {
    const leftover = { ...rawDatabase, TagList: [{ Key: 'aiplan:restoring', Value: 'run-6' }] };
    const { calls } = play(restore(), world(leftover, restored, available));
    expect(calls.map(callName).slice(0, 2)).toEqual(['rds:ModifyDBInstance', 'rds:RestoreDBInstanceFromDBSnapshot']);
    expect(calls.some((call) => call.operation.startsWith('Delete'))).toBe(false);
  });
  it('continues what this very step restored before it was cut off', () => {
    const begun = {
      ...restored,
      DeletionProtection: false,
      TagList: [
        { Key: 'aiplan:op', Value: 'run-7-coursesdb' },
        { Key: 'aiplan:restoring', Value: 'run-7' },
      ],
    };
    let protectedNow = false;
    const answers: Answers = (call, calls) => {
      protectedNow ||= calls.some((made) => made.input['DeletionProtection'] === true);
      return world({ ...begun, DeletionProtection: protectedNow }, restored, available)(call, calls);
    };
    expect(play(restore(), answers).calls.map(callName)).toEqual([
      'rds:ModifyDBInstance',
      'rds:AddTagsToResource',
      'rds:RemoveTagsFromResource',
    ]);
  });
  it('continues what an earlier try restored, and never touches what is complete', () => {
    const tries = stepContext({ tries: ['run-3-coursesdb'], remains: { identity: 'courses-prod', incarnation: 'x' } });
    const begun = {
      ...restored,
      TagList: [
        { Key: 'aiplan:op', Value: 'run-3-coursesdb' },
        { Key: 'aiplan:restoring', Value: 'run-3' },
      ],
    };
    expect(play(restore(tries), world(begun, restored, available)).calls.map(callName)).toEqual([
      'rds:ModifyDBInstance',
      'rds:AddTagsToResource',
      'rds:RemoveTagsFromResource',
    ]);
    const stranger = { ...begun, TagList: [{ Key: 'aiplan:op', Value: 'run-4-coursesdb' }] };
    expect(() => play(restore(tries), world(stranger, restored, available))).toThrow(
      expect.objectContaining({ code: 'name-taken' }),
    );
  });
  it('leaves a stranger under the name alone, even one that an earlier restore brought back completely', () => {
    for (const TagList of [
      [],
      [
        { Key: 'aiplan:restored-from', Value: 'courses-prod' },
        { Key: 'aiplan:op', Value: 'run-3-coursesdb' },
      ],
    ]) {
      expect(() => play(restore(), world({ ...rawDatabase, TagList }, restored, available))).toThrow(
        expect.objectContaining({ code: 'name-taken', help: expect.stringContaining('courses-prod-restored') }),
      );
    }
    const broken = {
      ...rawDatabase,
      DBInstanceStatus: 'incompatible-restore',
      TagList: [{ Key: 'aiplan:restoring', Value: 'run-6' }],
    };
    expect(() => play(restore(), world(broken, restored, available))).toThrow(
      expect.objectContaining({ code: 'name-taken' }),
    );
  });
  it('waits for one that is being deleted', () => {
    let reads = 0;
    const answers: Answers = (call, calls) => {
      if (call.operation === 'DescribeDBInstances' && calls.length === 0) {
        reads += 1;
        return reads < 4 ? { DBInstances: [{ ...rawDatabase, DBInstanceStatus: 'deleting' }] } : null;
      }
      return world(null, restored, available)(call, calls);
    };
    expect(play(restore(), answers).calls[0]?.operation).toBe('RestoreDBInstanceFromDBSnapshot');
    expect(reads).toBeGreaterThanOrEqual(4);
  });
});

describe('capturing a database', () => {
  it('names what is taken and what a delete loses', () => {
    const live = liveOf({
      ...rawDatabase,
      ReadReplicaDBInstanceIdentifiers: ['courses-replica'],
      MasterUserSecret: { SecretArn: 's' },
    });
    const plan = dbInstance.capture?.plan(live, 'delete', [], limits);
    expect(plan).toMatchObject({ how: 'native', late: false });
    expect(plan?.what).toMatch(/200 GiB.*key arn:aws:kms.*final snapshot/u);
    expect(plan?.loses.join('\n')).toMatch(/DbiResourceId[\s\S]*courses-replica[\s\S]*secret/u);
    expect(plan?.impossible).toBeUndefined();
  });
  it('speaks of automated backups only where there are some', () => {
    const kept = /automated backups are kept apart/u;
    const none = /there are no automated backups/u;
    const told = (retention: number, changes = updateContext({}).changes): string =>
      dbInstance.capture
        ?.plan(liveOf({ ...rawDatabase, BackupRetentionPeriod: retention }), 'delete', changes, limits)
        .loses.join('\n') ?? '';
    expect([kept.test(told(7)), none.test(told(7))]).toEqual([true, false]);
    expect([kept.test(told(0)), none.test(told(0))]).toEqual([false, true]);
    // Switched off by the same step, right before the deletion.
    const off = told(7, [{ path: 'BackupRetentionPeriod', before: 7, after: 0, effect: 'destructive' }]);
    expect([kept.test(off), none.test(off)]).toEqual([false, true]);
  });
  it('loses nothing by an update that has an inverse', () => {
    expect(
      dbInstance.capture?.plan(liveDatabase, 'update', updateContext({ DBInstanceClass: 'x' }).changes, limits).loses,
    ).toEqual([]);
    expect(
      dbInstance.capture?.plan(liveDatabase, 'update', updateContext({ EngineVersion: '16.1' }).changes, limits).loses,
    ).toHaveLength(1);
  });
  it('is impossible where AWS takes no snapshot', () => {
    for (const action of ['update', 'delete'] as const)
      expect(
        dbInstance.capture?.plan(liveOf({ ...rawDatabase, DBInstanceStatus: 'storage-full' }), action, [], limits)
          .impossible,
      ).toMatch(/storage-full/u);
    const replica = liveOf({ ...rawDatabase, ReadReplicaSourceDBInstanceIdentifier: 'main' });
    expect(dbInstance.capture?.plan(replica, 'update', [], limits).impossible).toBeUndefined();
    expect(dbInstance.capture?.plan(replica, 'delete', [], limits).impossible).toMatch(/read replica of main/u);
    const member = liveOf({ ...rawDatabase, DBClusterIdentifier: 'courses' });
    expect(dbInstance.capture?.plan(member, 'update', [], limits)).toMatchObject({ how: 'config' });
    expect(dbInstance.capture?.plan(member, 'delete', [], limits).impossible).toMatch(/Aurora cluster courses/u);
  });
  it("takes a tagged snapshot under its own name and remembers the final one's", () => {
    const { calls, result } = preview(dbInstance.capture?.take(stepContext()) as Program<Capture>);
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({
      operation: 'CreateDBSnapshot',
      identity: 'aiplan-run-7-coursesdb',
      retry: 'named',
    });
    expect(calls[0]?.input).toMatchObject({
      DBSnapshotIdentifier: 'aiplan-run-7-coursesdb',
      DBInstanceIdentifier: 'courses-prod',
    });
    expect(calls[0]?.input['Tags']).toEqual(
      expect.arrayContaining([
        { Key: 'aiplan:op', Value: 'run-7-coursesdb' },
        { Key: 'aiplan:source', Value: 'courses-prod' },
        { Key: 'aiplan:expires', Value: '2027-01-01T00:00:00.000Z' },
      ]),
    );
    expect(result.refs).toMatchObject({ snapshot: 'aiplan-run-7-coursesdb', final: 'aiplan-run-7-coursesdb-final' });
    const member = preview(
      dbInstance.capture?.take(
        stepContext({ live: liveOf({ ...rawDatabase, DBClusterIdentifier: 'c' }) }),
      ) as Program<Capture>,
    );
    expect([member.calls, member.result.how]).toEqual([[], 'config']);
  });
  it.each([
    ['is fine', {}, []],
    ['is not there', null, ['the snapshot snap does not exist']],
    ['is not complete', { Status: 'creating' }, ['the snapshot snap is "creating"']],
    ['is too small', { AllocatedStorage: 100 }, ['the snapshot snap holds 100 GiB, the database has 200']],
    ['is not encrypted', { Encrypted: false }, ['the snapshot snap is not encrypted, the database is']],
    ['has another key', { KmsKeyId: 'k9' }, ['the snapshot snap is encrypted with another key, k9']],
    ['is of another database', { DBInstanceIdentifier: 'shop' }, ['the snapshot snap is of the database shop']],
    ['is of another engine', { EngineVersion: '14.1' }, ['the snapshot snap is of postgres 14.1']],
  ] as readonly [string, JsonObject | null, readonly string[]][])('reads it back: it %s', (_name, fields, problems) => {
    const snapshot = {
      DBInstanceIdentifier: 'courses-prod',
      Status: 'available',
      AllocatedStorage: 200,
      Encrypted: true,
      Engine: 'postgres',
      EngineVersion: '15.4',
      KmsKeyId: 'arn:aws:kms:eu-west-1:123456789012:key/k1',
    };
    const program = dbInstance.capture?.verify(stepContext(), taken) as Program<readonly string[]>;
    expect(
      play(program, () => (fields === null ? null : { DBSnapshots: [{ ...snapshot, ...fields }] })).result,
    ).toEqual(problems);
  });
  it('gives names that RDS takes', () => {
    expect(snapshotName('aiplan-x--y-')).toBe('aiplan-x-y');
    expect(finalSnapshotName('aiplan-x--y-')).toBe('aiplan-x-y-final');
    const long = asideName('a'.repeat(63), 'Run_2026.11');
    expect(long).toMatch(/^a+-aiplan-run-2026-11$/u);
    expect(long).toHaveLength(63);
  });
});

describe('checks before anything changes', () => {
  const check = (context: StepContext, action: 'create' | 'update' | 'delete', answers: Answers) =>
    play(dbInstance.preflight?.(context, action) as Program<readonly string[]>, answers).result;
  const fine: Answers = (call) => {
    switch (call.operation) {
      case 'DescribeAccountAttributes':
        return { AccountQuotas: [{ AccountQuotaName: 'ManualSnapshots', Used: 10, Max: 100 }] };
      case 'DescribeDBSubnetGroups':
        return { DBSubnetGroups: [{}] };
      case 'DescribeDBParameterGroups':
        return { DBParameterGroups: [{}] };
      case 'DescribeOptionGroups':
        return { OptionGroupsList: [{}] };
      case 'DescribeKey':
        return { KeyMetadata: { KeyState: 'Enabled' } };
      case 'DescribeSecurityGroups':
        return { SecurityGroups: [{ GroupId: 'sg-a' }, { GroupId: 'sg-b' }] };
      default:
        return null;
    }
  };
  const open = liveOf({ ...rawDatabase, DeletionProtection: false });
  it('find nothing wrong with a delete and an update that can go', () => {
    expect(check(stepContext({ live: open }), 'delete', fine)).toEqual([]);
    expect(
      check(stepContext({ desired: { ...liveDatabase.properties, DeletionProtection: false } }), 'delete', fine),
    ).toEqual([]);
    expect(check(updateContext({ VPCSecurityGroups: ['sg-a'] }), 'update', fine)).toEqual([]);
  });
  it('find protection, and say what to write', () => {
    expect(check(stepContext(), 'delete', fine)).toEqual([
      expect.stringContaining('properties: { DeletionProtection: false }'),
    ]);
  });
  it('find another owner, a cluster, a broken state and a full disk', () => {
    const owned = liveOf({ ...rawDatabase, TagList: [{ Key: 'aws:cloudformation:stack-name', Value: 'platform' }] });
    expect(check(updateContext({ MultiAZ: false }, { live: owned }), 'update', fine)).toEqual([]);
    expect(
      check(
        stepContext({ live: { ...owned, properties: { ...owned.properties, DeletionProtection: false } } }),
        'delete',
        fine,
      ),
    ).toEqual([expect.stringContaining('CloudFormation stack platform')]);
    const member = liveOf({ ...rawDatabase, DeletionProtection: false, DBClusterIdentifier: 'courses' });
    expect(check(stepContext({ live: member }), 'delete', fine)).toEqual([
      expect.stringContaining('member of the Aurora cluster courses'),
    ]);
    expect(check(updateContext({ PromotionTier: 2 }, { live: member }), 'update', fine)).toEqual([]);
    expect(
      check(
        updateContext({ MultiAZ: false }, { live: liveOf({ ...rawDatabase, DBInstanceStatus: 'failed' }) }),
        'update',
        fine,
      ),
    ).toEqual([expect.stringContaining('"failed"')]);
    expect(
      check(
        stepContext({ live: liveOf({ ...rawDatabase, DeletionProtection: false, DBInstanceStatus: 'storage-full' }) }),
        'delete',
        fine,
      ),
    ).toEqual([expect.stringContaining('AllocatedStorage')]);
  });
  it('find that backups of a source of replicas cannot end, however the value comes', () => {
    const source = liveOf({
      ...rawDatabase,
      DeletionProtection: false,
      ReadReplicaDBInstanceIdentifiers: ['courses-read'],
    });
    const to = (BackupRetentionPeriod: Json, live = source): readonly string[] =>
      check(
        stepContext({
          live,
          desired: { ...live.properties, BackupRetentionPeriod },
          changes: [{ path: 'BackupRetentionPeriod', before: 7, after: BackupRetentionPeriod, effect: 'destructive' }],
        }),
        'update',
        fine,
      );
    expect(to(0)).toEqual([
      'courses-prod is the source of courses-read, and AWS keeps backups of a source: its BackupRetentionPeriod cannot become 0',
    ]);
    expect(to(1)).toEqual([]);
    expect(to(0, open)).toEqual([]);
  });
  it("find groups that do not exist, and ask nothing about AWS's own default ones", () => {
    const none: Answers = (call, calls) =>
      ['DescribeDBParameterGroups', 'DescribeOptionGroups'].includes(call.operation) ? null : fine(call, calls);
    const context = updateContext({
      VPCSecurityGroups: ['sg-a', 'sg-x'],
      DBParameterGroupName: 'lost',
      OptionGroupName: 'gone',
    });
    expect(check(context, 'update', none)).toEqual([
      'the DB parameter group "lost" does not exist',
      'the option group "gone" does not exist',
      'the security group sg-x does not exist',
    ]);
    expect(
      check(
        updateContext({ DBParameterGroupName: 'default.postgres15', OptionGroupName: 'default:postgres-15' }),
        'update',
        none,
      ),
    ).toEqual([]);
    expect(play(dbInstance.capture!.restorable(stepContext(), null), none).result.problems).toEqual([
      'the DB parameter group "courses-pg15" does not exist',
    ]);
  });
  it('find snapshot names that are taken, but not by this step itself', () => {
    const holding =
      (TagList: JsonObject[]): Answers =>
      (call, calls) =>
        call.operation === 'DescribeDBSnapshots' ? { DBSnapshots: [{ TagList }] } : fine(call, calls);
    expect(check(stepContext({ live: open }), 'delete', holding([]))).toEqual([
      'a DB snapshot named "aiplan-run-7-coursesdb" already exists',
      'a DB snapshot named "aiplan-run-7-coursesdb-final" already exists',
    ]);
    expect(
      check(stepContext({ live: open }), 'delete', holding([{ Key: 'aiplan:op', Value: 'run-7-coursesdb' }])),
    ).toEqual([]);
  });
  it('find that the snapshots do not fit, by the quota or by counting', () => {
    const used =
      (Used: number): Answers =>
      (call, calls) =>
        call.operation === 'DescribeAccountAttributes'
          ? { AccountQuotas: [{ AccountQuotaName: 'ManualSnapshots', Used, Max: 100 }] }
          : fine(call, calls);
    expect(check(stepContext({ live: open }), 'delete', used(98))).toEqual([]);
    expect(check(stepContext({ live: open }), 'delete', used(99))).toEqual([
      expect.stringMatching(/^2 manual DB snapshots are needed and 99 of 100 are in use/u),
    ]);
    expect(check(updateContext({ MultiAZ: false }), 'update', used(99))).toEqual([]);
    const failing =
      (kind: 'denied' | 'throttled', count: number): Answers =>
      (call, calls) => {
        if (call.operation === 'DescribeAccountAttributes')
          throw new AwsError({ code: 'X', kind, operation: 'rds:X', message: 'x', executed: 'no' });
        if (call.input['SnapshotType'] === 'manual')
          return call.input['Marker'] === undefined
            ? { DBSnapshots: Array.from({ length: count - 1 }, () => ({})), Marker: 'm' }
            : { DBSnapshots: [{}] };
        return fine(call, calls);
      };
    expect(check(stepContext({ live: open }), 'delete', failing('denied', 98))).toEqual([]);
    expect(check(stepContext({ live: open }), 'delete', failing('denied', 99))).toHaveLength(1);
    expect(() => check(stepContext({ live: open }), 'delete', failing('throttled', 1))).toThrow('x');
  });
  it('find a name that is taken before a create', () => {
    const ownership = { 'aiplan:plan': 'shop' };
    const context = stepContext({ live: null, ownership, desired: { DBInstanceIdentifier: 'courses-prod' } });
    const held: Answers = (call, calls) =>
      call.operation === 'DescribeDBInstances' ? { DBInstances: [rawDatabase] } : fine(call, calls);
    expect(check(context, 'create', held)).toEqual([
      'the name "courses-prod" is held by a database that is "available"',
    ]);
    expect(
      check(
        stepContext({
          live: null,
          ownership,
          desired: { DBInstanceIdentifier: 'x', ManageMasterUserPassword: true, DBSubnetGroupName: 'private' },
        }),
        'create',
        fine,
      ),
    ).toEqual([]);
    expect(check(stepContext({ live: null, ownership, desired: {} }), 'create', fine)).toEqual([
      expect.stringContaining('DBInstanceIdentifier is missing'),
    ]);
  });
});
