import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dbInstance } from '../../providers/rds/db-instance/db-instance.ts';
import type { Program } from '../../src/domain/call.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { StepContext } from '../../src/domain/resource-type.ts';
import { drive } from '../helpers/drive.ts';
import { changesTo } from '../helpers/ec2-context.ts';
import { readOne } from '../helpers/ec2-fixture.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { region, startRds, type RdsFixture } from '../helpers/rds-fixture.ts';
import type { Capture } from '../../src/domain/capture-plan.ts';

const suite = (await emulatorAvailable()) ? describe : describe.skip;
const role = (name: string): string => `arn:aws:iam::123456789012:role/${name}`;

suite('AWS::RDS::DBInstance against the emulator', () => {
  let rds: RdsFixture;
  beforeAll(async () => {
    rds = await startRds();
  });
  afterAll(async () => {
    await rds.stop();
  });

  const secrets = new Map([['AIPLAN_SECRET_DB', 'correct-horse-battery']]);
  const run = <Result>(make: () => Program<Result>): Promise<Result> => drive(rds.aws, make, secrets);
  const read = async (identity: string): Promise<LiveResource> => {
    const live = await readOne(rds.aws, dbInstance, identity);
    if (live === undefined) throw new Error(`${identity} is not there`);
    return live;
  };
  const contextOf = (identity: string, fields: Partial<StepContext>): StepContext => ({
    run: 'run-1',
    step: 'CoursesDb',
    op: `op-${identity}`,
    account: '123456789012',
    region,
    endpoint: null,
    live: null,
    desired: {},
    changes: [],
    ownership: {},
    when: null,
    captureBucket: null,
    captureName: `aiplan-${identity}`,
    captureExpires: '2027-01-01T00:00:00.000Z',
    remap: (id) => id,
    replacing: false,
    ...fields,
  });
  const desiredOf = (identity: string): JsonObject => ({
    DBInstanceIdentifier: identity,
    DBInstanceClass: 'db.m6g.large',
    Engine: 'postgres',
    EngineVersion: '15.4',
    AllocatedStorage: '100',
    MaxAllocatedStorage: 500,
    StorageType: 'gp3',
    StorageEncrypted: true,
    MasterUsername: 'root1',
    MasterUserPassword: { $secret: { env: 'AIPLAN_SECRET_DB' } },
    DBName: 'courses',
    Port: '5433',
    DBSubnetGroupName: 'private',
    VPCSecurityGroups: [rds.groups[0]],
    DBParameterGroupName: 'courses-pg15',
    BackupRetentionPeriod: 14,
    PreferredBackupWindow: '02:00-02:30',
    PreferredMaintenanceWindow: 'sun:04:00-sun:04:30',
    MultiAZ: true,
    PubliclyAccessible: false,
    CopyTagsToSnapshot: true,
    DeletionProtection: true,
    AutoMinorVersionUpgrade: false,
    EnableIAMDatabaseAuthentication: true,
    EnableCloudwatchLogsExports: ['postgresql'],
    EnablePerformanceInsights: true,
    PerformanceInsightsRetentionPeriod: 31,
    MonitoringInterval: 60,
    MonitoringRoleArn: role('monitor'),
    AssociatedRoles: [{ FeatureName: 's3Import', RoleArn: role('import') }],
    Tags: { team: 'platform', Name: 'courses' },
  });
  const created = async (identity: string, fields: JsonObject = {}): Promise<LiveResource> => {
    const ownership = { 'aiplan:plan': 'shop', 'aiplan:resource': 'CoursesDb', 'aiplan:op': `op-${identity}` };
    const context = contextOf(identity, { desired: { ...desiredOf(identity), ...fields }, ownership });
    expect(await run(() => dbInstance.preflight!(context, 'create'))).toEqual([]);
    const made = await run(() => dbInstance.create!(context));
    expect(made.identity).toBe(identity);
    await run(() => dbInstance.waitUntilStable!(identity));
    return read(identity);
  };
  const updated = async (
    live: LiveResource,
    values: Readonly<Record<string, Json | undefined>>,
    when: 'now' | 'window' | null = 'now',
  ): Promise<LiveResource> => {
    const desired = { ...live.properties, ...values };
    const changes = changesTo(live, desired);
    const context = contextOf(live.identity, {
      live,
      desired,
      changes,
      when,
      op: `op-${live.identity}-${Object.keys(values).join('')}`,
    });
    expect(await run(() => dbInstance.preflight!(context, 'update'))).toEqual([]);
    await run(() => dbInstance.update!(context));
    await run(() => dbInstance.waitUntilStable!(live.identity));
    return read(live.identity);
  };
  const captured = async (context: StepContext): Promise<Capture> => {
    expect(await run(() => dbInstance.capture!.restorable(context, null))).toEqual({ problems: [], losses: [] });
    const capture = await run(() => dbInstance.capture!.take(context));
    expect(await run(() => dbInstance.capture!.verify(context, capture))).toEqual([]);
    return capture;
  };

  it('creates what is desired and reads it back', async () => {
    const live = await created('courses-made');
    const { MasterUserPassword: _password, ...readable } = desiredOf('courses-made');
    expect(live.properties).toMatchObject(readable);
    expect(live).toMatchObject({
      identity: 'courses-made',
      state: 'available',
      pending: {},
      systemTags: { 'aiplan:plan': 'shop', 'aiplan:op': 'op-courses-made' },
      binding: { protections: ['DeletionProtection'], dependents: [], backups: { manual: 'none', automated: 'some' } },
      observed: { bytes: 100 * 2 ** 30, lastUse: 'unknown', automatedSnapshots: 1 },
    });
    expect(live.incarnation).toMatch(/^db-[A-Z2-7]{26}@20/u);
    expect(JSON.stringify(live)).not.toContain('correct-horse-battery');
    const again = contextOf('courses-made', {
      desired: desiredOf('courses-made'),
      ownership: { 'aiplan:plan': 'shop' },
    });
    expect(await run(() => dbInstance.preflight!(again, 'create'))).toEqual([
      'the name "courses-made" is held by a database that is "available"',
    ]);
  }, 60_000);

  it('updates every property that can be, and reads each back', async () => {
    let live = await created('courses-changed', { DeletionProtection: false, AssociatedRoles: [] });
    const values: JsonObject = {
      AllocatedStorage: '200',
      MaxAllocatedStorage: 800,
      DBInstanceClass: 'db.m6g.xlarge',
      BackupRetentionPeriod: 7,
      PreferredBackupWindow: '03:00-03:30',
      PreferredMaintenanceWindow: 'mon:05:00-mon:05:30',
      MultiAZ: false,
      PubliclyAccessible: true,
      CopyTagsToSnapshot: false,
      DeletionProtection: true,
      AutoMinorVersionUpgrade: true,
      EnableIAMDatabaseAuthentication: false,
      EnableCloudwatchLogsExports: ['upgrade'],
      PerformanceInsightsRetentionPeriod: 93,
      MonitoringInterval: 30,
      MonitoringRoleArn: role('other'),
      EngineVersion: '15.8',
      Port: '5444',
      VPCSecurityGroups: [rds.groups[1]],
      DBParameterGroupName: 'other-pg15',
      CACertificateIdentifier: 'rds-ca-rsa2048-g1',
      LicenseModel: 'postgresql-license',
      NetworkType: 'DUAL',
      DedicatedLogVolume: true,
      EngineLifecycleSupport: 'open-source-rds-extended-support-disabled',
      DatabaseInsightsMode: 'standard',
      Tags: { team: 'shop', cost: '7' },
      AssociatedRoles: [{ FeatureName: 's3Export', RoleArn: role('export') }],
    };
    for (const [name, value] of Object.entries(values)) {
      live = await updated(live, { [name]: value });
      expect({ [name]: live.properties[name] }).toEqual({ [name]: value });
    }
    live = await updated(live, { StorageType: 'io1', Iops: 3000, StorageThroughput: undefined });
    expect(live.properties).toMatchObject({ StorageType: 'io1', Iops: 3000 });
    live = await updated(live, { EnablePerformanceInsights: false, PerformanceInsightsRetentionPeriod: undefined });
    expect(live.properties['EnablePerformanceInsights']).toBe(false);
    live = await updated(live, { MaxAllocatedStorage: undefined });
    expect(live.properties['MaxAllocatedStorage']).toBeUndefined();
    // All of it at once is one change.
    const before = { ...rds.aws.counts };
    live = await updated(live, { DBInstanceClass: 'db.m6g.large', MultiAZ: true, BackupRetentionPeriod: 21 });
    expect((rds.aws.counts['rds:ModifyDBInstance'] ?? 0) - (before['rds:ModifyDBInstance'] ?? 0)).toBe(1);
    expect(live.properties).toMatchObject({
      DBInstanceClass: 'db.m6g.large',
      MultiAZ: true,
      BackupRetentionPeriod: 21,
    });
  }, 240_000);

  it('leaves a change for the window pending, and flushes nothing of others without `now`', async () => {
    let live = await created('courses-later', { DeletionProtection: false });
    live = await updated(live, { DBInstanceClass: 'db.m6g.4xlarge' }, 'window');
    expect(live.properties['DBInstanceClass']).toBe('db.m6g.large');
    expect(live.pending).toEqual({ DBInstanceClass: 'db.m6g.4xlarge' });
    live = await updated(live, { DeletionProtection: true, CopyTagsToSnapshot: false }, null);
    expect(live.properties).toMatchObject({
      DeletionProtection: true,
      CopyTagsToSnapshot: false,
      DBInstanceClass: 'db.m6g.large',
    });
    expect(live.pending).toEqual({ DBInstanceClass: 'db.m6g.4xlarge' });
  }, 60_000);

  it('sets a password and records the word of its rotation', async () => {
    const live = await created('courses-rotated', { DeletionProtection: false });
    const desired = { ...live.properties, MasterUserPassword: { $secret: { env: 'AIPLAN_SECRET_DB' } } };
    const changes = [
      {
        path: 'MasterUserPassword',
        before: { $masked: 'unknown' },
        after: { $masked: 'changed' },
        effect: 'grant' as const,
      },
    ];
    await run(() =>
      dbInstance.update!(
        contextOf('courses-rotated', { live, desired, changes, ownership: { 'aiplan:rotate': 'march' } }),
      ),
    );
    const after = await read('courses-rotated');
    expect(after.systemTags['aiplan:rotate']).toBe('march');
    expect(after.pending).toEqual({});
  }, 60_000);

  it('captures, deletes with a final snapshot, and restores under the same name with every setting', async () => {
    const before = await created('courses-prod');
    const protectedContext = contextOf('courses-prod', {
      live: before,
      desired: before.properties,
      action: 'delete',
      op: 'op-delete',
    });
    expect(await run(() => dbInstance.preflight!(protectedContext, 'delete'))).toEqual([
      expect.stringContaining('DeletionProtection: false'),
    ]);
    const capture = await captured(protectedContext);
    expect(capture).toMatchObject({
      how: 'native',
      encrypted: true,
      bytes: 100 * 2 ** 30,
      refs: { snapshot: 'aiplan-courses-prod', final: 'aiplan-courses-prod-final' },
    });
    // As the engine does: what the delete says in `properties` first, in the same step.
    const desired = { ...before.properties, DeletionProtection: false };
    const opening = { ...protectedContext, desired, changes: changesTo(before, desired) };
    expect(await run(() => dbInstance.preflight!(opening, 'delete'))).toEqual([]);
    await run(() => dbInstance.update!(opening));
    await run(() => dbInstance.waitUntilStable!('courses-prod'));
    const context = { ...opening, live: await read('courses-prod') };
    await run(() => dbInstance.remove!(context));
    await run(() => dbInstance.gone!('courses-prod'));
    const gone = await dbInstance.read(rds.aws, { identities: ['courses-prod'], all: false, detailed: new Set() });
    expect(gone).toMatchObject({ resources: [], absent: ['courses-prod'], failures: [] });

    const snapshots = await rds.aws.read({
      service: 'rds',
      operation: 'DescribeDBSnapshots',
      input: { DBSnapshotIdentifier: 'aiplan-courses-prod-final' },
    });
    expect(JSON.stringify(snapshots)).toContain('"aiplan:expires"');
    const backups = await rds.aws.read({
      service: 'rds',
      operation: 'DescribeDBInstanceAutomatedBackups',
      input: { Filters: [{ Name: 'status', Values: ['retained'] }] },
    });
    expect(JSON.stringify(backups)).toContain('courses-prod');

    const restoring = contextOf('courses-prod', {
      run: 'run-2',
      op: 'op-restore',
      live: before,
      desired: before.properties,
      captureName: 'aiplan-other',
      ownership: { 'aiplan:op': 'op-restore' },
    });
    expect(await run(() => dbInstance.preflight!(restoring, 'create'))).toEqual([]);
    const { identity, map } = await run(() => dbInstance.capture!.restore(restoring, capture));
    await run(() => dbInstance.waitUntilStable!(identity));
    const after = await read('courses-prod');
    expect(identity).toBe('courses-prod');
    expect(after.properties).toEqual(before.properties);
    expect(after.incarnation).not.toBe(before.incarnation);
    expect(map).toEqual({ [String(before.attributes['DbiResourceId'])]: after.attributes['DbiResourceId'] });
    expect(after.systemTags).toEqual({
      'aiplan:plan': 'shop',
      'aiplan:resource': 'CoursesDb',
      'aiplan:op': 'op-restore',
      'aiplan:restored-from': 'courses-prod',
    });
    expect(after.binding['protections']).toEqual(['DeletionProtection']);
    expect(after.pending).toEqual({});
    expect(after.observed['parameterApplyStatus']).toBe('in-sync');
    const restored = rds.proxy.requests
      .filter(({ operation }) => operation === 'RestoreDBInstanceFromDBSnapshot')
      .at(-1);
    expect(restored?.parameters['DBSnapshotIdentifier']).toBe('aiplan-courses-prod-final');
  }, 120_000);

  it("restores from the first snapshot where the final one is missing, and settings that are the opposite of AWS's defaults", async () => {
    const before = await created('courses-plain', {
      MultiAZ: false,
      DeletionProtection: false,
      AutoMinorVersionUpgrade: false,
      PubliclyAccessible: true,
      BackupRetentionPeriod: 0,
      EnableIAMDatabaseAuthentication: false,
      EnableCloudwatchLogsExports: [],
      StorageType: 'io1',
      Iops: 4000,
      MaxAllocatedStorage: undefined,
      EnablePerformanceInsights: false,
      PerformanceInsightsRetentionPeriod: undefined,
      MonitoringInterval: 0,
      MonitoringRoleArn: undefined,
      DBParameterGroupName: undefined,
      AssociatedRoles: [],
      StorageEncrypted: false,
      CopyTagsToSnapshot: false,
    });
    const context = contextOf('courses-plain', { live: before, desired: before.properties });
    const capture = await captured(context);
    await run(() => dbInstance.remove!(context));
    await run(() => dbInstance.gone!('courses-plain'));
    await rds.ask('rds', 'DeleteDBSnapshot', { DBSnapshotIdentifier: 'aiplan-courses-plain-final' });
    await run(() =>
      dbInstance.capture!.restore(contextOf('courses-plain', { live: before, run: 'run-2', op: 'op-again' }), capture),
    );
    expect((await read('courses-plain')).properties).toEqual(before.properties);
  }, 120_000);

  it("moves its own half-restored leftover aside, and leaves a stranger's database alone", async () => {
    const before = await created('courses-held', { DeletionProtection: false, AssociatedRoles: [] });
    const context = contextOf('courses-held', { live: before, desired: before.properties });
    const capture = await captured(context);
    const restoring = contextOf('courses-held', { live: before, run: 'run-9', op: 'op-held-restore' });
    await expect(run(() => dbInstance.capture!.restore(restoring, capture))).rejects.toMatchObject({
      code: 'name-taken',
    });
    expect((await read('courses-held')).incarnation).toBe(before.incarnation);
    await rds.ask('rds', 'AddTagsToResource', {
      ResourceName: String(before.attributes['DBInstanceArn']),
      'Tags.Tag.1.Key': 'aiplan:restoring',
      'Tags.Tag.1.Value': 'run-8',
    });
    await run(() => dbInstance.capture!.restore(restoring, capture));
    const [after, aside] = [await read('courses-held'), await read('courses-held-aiplan-run-9')];
    expect(aside.incarnation).toBe(before.incarnation);
    expect(after.incarnation).not.toBe(before.incarnation);
    expect(after.properties).toEqual(before.properties);
  }, 120_000);

  it('reads many databases in one call', async () => {
    const before = rds.aws.counts['rds:DescribeDBInstances'] ?? 0;
    const { resources, absent } = await dbInstance.read(rds.aws, {
      identities: ['Courses-Made', 'courses-changed', 'nobody'],
      all: false,
      detailed: new Set(),
    });
    expect(resources.map(({ identity }) => identity).sort()).toEqual(['courses-changed', 'courses-made']);
    expect(absent).toEqual(['nobody']);
    expect((rds.aws.counts['rds:DescribeDBInstances'] ?? 0) - before).toBe(1);
  });
});
