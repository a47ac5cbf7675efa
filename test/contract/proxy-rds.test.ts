import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CopyDBSnapshotCommand,
  CreateDBInstanceCommand,
  CreateDBParameterGroupCommand,
  CreateDBSnapshotCommand,
  CreateDBSubnetGroupCommand,
  DeleteDBInstanceCommand,
  DeleteDBParameterGroupCommand,
  DeleteDBSnapshotCommand,
  DeleteDBSubnetGroupCommand,
  DescribeAccountAttributesCommand,
  DescribeDBInstanceAutomatedBackupsCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  DescribeDBSubnetGroupsCommand,
  ModifyDBInstanceCommand,
  ModifyDBSubnetGroupCommand,
  RebootDBInstanceCommand,
  RestoreDBInstanceFromDBSnapshotCommand,
  StopDBInstanceCommand,
  type CreateDBInstanceCommandInput,
  type DBInstance,
  type ModifyDBInstanceCommandInput,
  type RDSClient,
  type RestoreDBInstanceFromDBSnapshotCommandInput,
} from '@aws-sdk/client-rds';
import { DescribeSubnetsCommand, type EC2Client } from '@aws-sdk/client-ec2';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { clientsOf, follow, refusalCode, startTestSandbox } from '../helpers/sandbox.ts';

const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('the proxy makes RDS behave as on AWS', () => {
  let sandbox: Sandbox;
  let rds: RDSClient;
  let ec2: EC2Client;
  beforeAll(async () => {
    sandbox = await startTestSandbox();
    ({ rds, ec2 } = clientsOf(sandbox.endpoint));
  }, 90_000);
  beforeEach(async () => {
    await sandbox.reset();
  });
  afterAll(async () => {
    await sandbox.stop();
  });

  const id = 'courses-prod';
  const read = async (identifier = id): Promise<DBInstance> =>
    (await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: identifier }))).DBInstances?.[0] ?? {};
  const status = async (identifier = id): Promise<string> => {
    try {
      return (await read(identifier)).DBInstanceStatus ?? '';
    } catch (error) {
      return (error as Error).name;
    }
  };
  const settled = (identifier = id) => follow(() => status(identifier), 'available');
  const create = async (input: Partial<CreateDBInstanceCommandInput> = {}): Promise<void> => {
    await rds.send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier: id,
        DBInstanceClass: 'db.m6g.large',
        Engine: 'postgres',
        EngineVersion: '15.4',
        AllocatedStorage: 100,
        StorageType: 'gp3',
        MasterUsername: 'root1',
        MasterUserPassword: 'not-a-secret',
        BackupRetentionPeriod: 7,
        ...input,
      }),
    );
    await settled(input.DBInstanceIdentifier);
  };
  const modify = (input: Partial<ModifyDBInstanceCommandInput>) =>
    rds.send(new ModifyDBInstanceCommand({ DBInstanceIdentifier: id, ApplyImmediately: true, ...input }));
  const snapshot = async (name: string): Promise<void> => {
    await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: id, DBSnapshotIdentifier: name }));
    await follow(async () => (await readSnapshot(name))?.Status, 'available');
    await settled();
  };
  const readSnapshot = async (name: string) =>
    (await rds.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: name }))).DBSnapshots?.[0];
  const remove = (input: object) => rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: id, ...input }));
  const restore = (input: Partial<RestoreDBInstanceFromDBSnapshotCommandInput> = {}) =>
    rds.send(
      new RestoreDBInstanceFromDBSnapshotCommand({ DBInstanceIdentifier: id, DBSnapshotIdentifier: 'final', ...input }),
    );
  const gone = () => follow(() => status(), 'DBInstanceNotFoundFault');

  it('gives every incarnation its own resource id, and keeps it', async () => {
    await create();
    await create({ DBInstanceIdentifier: 'other' });
    const [first, other, again] = [await read(), await read('other'), await read()];
    expect(first.DbiResourceId).toMatch(/^db-[A-Z2-7]{26}$/u);
    expect(other.DbiResourceId).not.toBe(first.DbiResourceId);
    expect(again.DbiResourceId).toBe(first.DbiResourceId);
    const found = await rds.send(
      new DescribeDBInstancesCommand({ Filters: [{ Name: 'dbi-resource-id', Values: [other.DbiResourceId ?? ''] }] }),
    );
    expect(found.DBInstances?.map(({ DBInstanceIdentifier }) => DBInstanceIdentifier)).toEqual(['other']);
    await remove({ SkipFinalSnapshot: true });
    await gone();
    await create();
    expect((await read()).DbiResourceId).not.toBe(first.DbiResourceId);
  });

  it('shows the states in between, the endpoint last', async () => {
    const { DBInstance: made } = await rds.send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier: id,
        DBInstanceClass: 'db.m6g.large',
        Engine: 'postgres',
        EngineVersion: '15.4',
        AllocatedStorage: 20,
        MasterUsername: 'root1',
        MasterUserPassword: 'not-a-secret',
      }),
    );
    expect(made).toMatchObject({ DBInstanceStatus: 'creating' });
    expect(made?.Endpoint).toBeUndefined();
    expect(await settled()).toEqual(['creating', 'backing-up', 'available']);
    expect((await read()).Endpoint?.Address).toMatch(/^courses-prod\./u);
    await modify({ DBInstanceClass: 'db.m6g.xlarge' });
    expect(await refusalCode(modify({ DBInstanceClass: 'db.m6g.large' }))).toBe('InvalidDBInstanceState');
    expect(await settled()).toEqual(['modifying', 'available']);
    await modify({ DeletionProtection: true });
    expect(await status()).toBe('available');
  });

  it("restores under the same identifier within a minute, with AWS's defaults for what was not passed", async () => {
    await create({
      MultiAZ: true,
      DeletionProtection: true,
      EnableIAMDatabaseAuthentication: true,
      CopyTagsToSnapshot: true,
      PreferredMaintenanceWindow: 'tue:01:00-tue:01:30',
      MonitoringInterval: 60,
      MonitoringRoleArn: 'arn:aws:iam::123456789012:role/rds',
      EnablePerformanceInsights: true,
      MaxAllocatedStorage: 500,
      Tags: [{ Key: 'team', Value: 'courses' }],
    });
    const before = await read();
    expect(before).toMatchObject({
      MultiAZ: true,
      MonitoringInterval: 60,
      PerformanceInsightsEnabled: true,
      PerformanceInsightsRetentionPeriod: 7,
      Iops: 3000,
      StorageThroughput: 125,
      MaxAllocatedStorage: 500,
    });
    expect(await refusalCode(remove({ FinalDBSnapshotIdentifier: 'final' }))).toBe('InvalidParameterCombination');
    await modify({ DeletionProtection: false });
    await remove({ FinalDBSnapshotIdentifier: 'final', DeleteAutomatedBackups: false });
    expect(await refusalCode(restore())).toBe('InvalidDBSnapshotState');
    await gone();
    expect((await readSnapshot('final'))?.Status).toBe('available');
    await restore({ Tags: [{ Key: 'restored', Value: 'yes' }], DBInstanceClass: 'db.m6g.large' });
    expect(await settled()).toEqual(['creating', 'backing-up', 'available']);
    const after = await read();
    expect(after).toMatchObject({
      MultiAZ: false,
      DeletionProtection: false,
      IAMDatabaseAuthenticationEnabled: false,
      CopyTagsToSnapshot: false,
      MonitoringInterval: 0,
      PerformanceInsightsEnabled: false,
      BackupRetentionPeriod: 7,
      TagList: [{ Key: 'restored', Value: 'yes' }],
    });
    expect(after.PreferredMaintenanceWindow).not.toBe(before.PreferredMaintenanceWindow);
    expect(after.DbiResourceId).not.toBe(before.DbiResourceId);
    expect(await refusalCode(restore())).toBe('DBInstanceAlreadyExists');
  });

  it('restores with everything that was passed', async () => {
    await create({ MultiAZ: true });
    await remove({ FinalDBSnapshotIdentifier: 'final' });
    await gone();
    await restore({
      MultiAZ: true,
      DeletionProtection: true,
      EnableIAMDatabaseAuthentication: true,
      CopyTagsToSnapshot: true,
      BackupRetentionPeriod: 0,
    });
    await settled();
    expect(await read()).toMatchObject({
      MultiAZ: true,
      DeletionProtection: true,
      IAMDatabaseAuthenticationEnabled: true,
      CopyTagsToSnapshot: true,
      BackupRetentionPeriod: 0,
    });
  });

  it('shows an instance as deleting before it is gone, and holds its name so long', async () => {
    await create();
    await remove({ SkipFinalSnapshot: true });
    expect((await rds.send(new DescribeDBInstancesCommand({}))).DBInstances).toMatchObject([
      { DBInstanceIdentifier: id, DBInstanceStatus: 'deleting' },
    ]);
    expect(await refusalCode(remove({ SkipFinalSnapshot: true }))).toBe('InvalidDBInstanceState');
    expect(
      await refusalCode(
        rds.send(
          new CreateDBInstanceCommand({
            DBInstanceIdentifier: id,
            DBInstanceClass: 'db.t3.micro',
            Engine: 'postgres',
            MasterUsername: 'root1',
            MasterUserPassword: 'not-a-secret',
          }),
        ),
      ),
    ).toBe('DBInstanceAlreadyExists');
    expect(await gone()).toEqual(['deleting', 'DBInstanceNotFoundFault']);
    expect((await rds.send(new DescribeDBInstancesCommand({}))).DBInstances).toEqual([]);
  });

  it('refuses to delete without a word about the final snapshot', async () => {
    await create();
    expect(await refusalCode(remove({}))).toBe('InvalidParameterCombination');
    expect(await refusalCode(remove({ SkipFinalSnapshot: true, FinalDBSnapshotIdentifier: 'final' }))).toBe(
      'InvalidParameterCombination',
    );
    expect(await status()).toBe('available');
  });

  it('keeps or deletes automated backups as asked', async () => {
    await create();
    const { DbiResourceId } = await read();
    const backups = async () =>
      (await rds.send(new DescribeDBInstanceAutomatedBackupsCommand({}))).DBInstanceAutomatedBackups?.map((item) => [
        item.DbiResourceId,
        item.Status,
      ]);
    const automated = async () =>
      (await rds.send(new DescribeDBSnapshotsCommand({ SnapshotType: 'automated' }))).DBSnapshots?.map((item) => [
        item.DbiResourceId,
        item.SnapshotType,
      ]);
    expect(await backups()).toEqual([[DbiResourceId, 'active']]);
    expect(await automated()).toEqual([[DbiResourceId, 'automated']]);
    await remove({ SkipFinalSnapshot: true, DeleteAutomatedBackups: false });
    await gone();
    expect(await backups()).toEqual([[DbiResourceId, 'retained']]);
    await create();
    expect(await backups()).toHaveLength(2);
    await remove({ SkipFinalSnapshot: true });
    await gone();
    expect(await backups()).toEqual([[DbiResourceId, 'retained']]);
    expect(await automated()).toEqual([[DbiResourceId, 'automated']]);
  });

  it('takes no automated snapshot where backups are off', async () => {
    await create({ BackupRetentionPeriod: 0 });
    expect((await rds.send(new DescribeDBSnapshotsCommand({}))).DBSnapshots).toEqual([]);
  });

  it('copies and restores automated snapshots, and never deletes them', async () => {
    await create();
    const name =
      (await rds.send(new DescribeDBSnapshotsCommand({ DBInstanceIdentifier: id }))).DBSnapshots?.[0]
        ?.DBSnapshotIdentifier ?? '';
    expect(name).toMatch(/^rds:courses-prod-\d{4}-\d\d-\d\d-\d\d-\d\d$/u);
    expect((await readSnapshot(name))?.DBSnapshotArn).toMatch(new RegExp(`:snapshot:${name}$`, 'u'));
    expect(await refusalCode(rds.send(new DeleteDBSnapshotCommand({ DBSnapshotIdentifier: name })))).toBe(
      'InvalidDBSnapshotState',
    );
    await rds.send(new CopyDBSnapshotCommand({ SourceDBSnapshotIdentifier: name, TargetDBSnapshotIdentifier: 'kept' }));
    await follow(async () => (await readSnapshot('kept'))?.Status, 'available');
    expect(await readSnapshot('kept')).toMatchObject({ SnapshotType: 'manual', StorageType: 'gp3' });
    expect(await refusalCode(restore({ DBInstanceIdentifier: 'second', DBSnapshotIdentifier: name }))).toBe('none');
  });

  it('takes snapshots of an available instance only, and shows how far they are', async () => {
    await create();
    await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: id, DBSnapshotIdentifier: 'first' }));
    expect(await status()).toBe('backing-up');
    expect(
      await refusalCode(
        rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: id, DBSnapshotIdentifier: 'second' })),
      ),
    ).toBe('InvalidDBInstanceState');
    const { Status, PercentProgress } = (await readSnapshot('first')) ?? {};
    expect([Status, PercentProgress]).toEqual(['creating', 33]);
    await settled();
    await rds.send(new StopDBInstanceCommand({ DBInstanceIdentifier: id }));
    expect(await follow(() => status(), 'stopped')).toEqual(['stopping', 'stopped']);
    expect(
      await refusalCode(
        rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: id, DBSnapshotIdentifier: 'third' })),
      ),
    ).toBe('InvalidDBInstanceState');
    expect(await refusalCode(modify({ BackupRetentionPeriod: 3 }))).toBe('InvalidDBInstanceState');
  });

  it('counts manual snapshots against the quota of 100', async () => {
    await create();
    await snapshot('s-0');
    for (let index = 1; index < 100; index += 1)
      await rds.send(
        new CopyDBSnapshotCommand({ SourceDBSnapshotIdentifier: 's-0', TargetDBSnapshotIdentifier: `s-${index}` }),
      );
    const quotas = (await rds.send(new DescribeAccountAttributesCommand({}))).AccountQuotas ?? [];
    expect(quotas.find(({ AccountQuotaName }) => AccountQuotaName === 'ManualSnapshots')).toMatchObject({
      Used: 100,
      Max: 100,
    });
    expect(
      await refusalCode(
        rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: id, DBSnapshotIdentifier: 'too-many' })),
      ),
    ).toBe('SnapshotQuotaExceeded');
    expect(await refusalCode(remove({ FinalDBSnapshotIdentifier: 'too-many' }))).toBe('SnapshotQuotaExceeded');
    expect(await status()).toBe('available');
  }, 60_000);

  it('does not shrink storage', async () => {
    await create();
    expect(await refusalCode(modify({ AllocatedStorage: 50 }))).toBe('InvalidParameterCombination');
    await modify({ AllocatedStorage: 200 });
    expect(await settled()).toEqual(['modifying', 'storage-optimization', 'available']);
    expect((await read()).AllocatedStorage).toBe(200);
  });

  it('lets changes wait for the window, and makes them all when one is immediate', async () => {
    await create();
    await modify({ ApplyImmediately: false, DBInstanceClass: 'db.m7g.large', BackupRetentionPeriod: 14 });
    await settled();
    expect(await read()).toMatchObject({
      DBInstanceClass: 'db.m6g.large',
      BackupRetentionPeriod: 14,
      PendingModifiedValues: { DBInstanceClass: 'db.m7g.large' },
    });
    await modify({ MultiAZ: true });
    await settled();
    const after = await read();
    expect(after).toMatchObject({ DBInstanceClass: 'db.m7g.large', MultiAZ: true });
    expect(after.PendingModifiedValues?.DBInstanceClass).toBeUndefined();
  });

  it('applies a parameter group after a reboot', async () => {
    await create();
    await rds.send(
      new CreateDBParameterGroupCommand({
        DBParameterGroupName: 'tuned',
        DBParameterGroupFamily: 'postgres15',
        Description: 'tuned',
      }),
    );
    await modify({ DBParameterGroupName: 'tuned' });
    await settled();
    const group = async () => (await read()).DBParameterGroups?.[0];
    expect(await group()).toEqual({ DBParameterGroupName: 'tuned', ParameterApplyStatus: 'pending-reboot' });
    await rds.send(new RebootDBInstanceCommand({ DBInstanceIdentifier: id }));
    expect(await settled()).toEqual(['rebooting', 'available']);
    expect((await group())?.ParameterApplyStatus).toBe('in-sync');
    expect(await refusalCode(rds.send(new DeleteDBParameterGroupCommand({ DBParameterGroupName: 'tuned' })))).toBe(
      'InvalidDBParameterGroupState',
    );
  });

  it('takes what is remembered along in a rename', async () => {
    await create({ MonitoringInterval: 60, MonitoringRoleArn: 'arn:aws:iam::123456789012:role/rds' });
    const { DbiResourceId } = await read();
    await modify({ NewDBInstanceIdentifier: 'moved' });
    expect(await status()).toBe('DBInstanceNotFoundFault');
    expect(await settled('moved')).toEqual(['renaming', 'modifying', 'available']);
    expect(await read('moved')).toMatchObject({ DbiResourceId, MonitoringInterval: 60 });
  });

  it('keeps subnet groups that are in use, and changes them', async () => {
    const subnets =
      (await ec2.send(new DescribeSubnetsCommand({}))).Subnets?.map(({ SubnetId = '' }) => SubnetId) ?? [];
    await rds.send(
      new CreateDBSubnetGroupCommand({
        DBSubnetGroupName: 'private',
        DBSubnetGroupDescription: 'private',
        SubnetIds: subnets.slice(0, 2),
        Tags: [{ Key: 'a', Value: 'b' }],
      }),
    );
    await create({ DBSubnetGroupName: 'private' });
    expect(await refusalCode(rds.send(new DeleteDBSubnetGroupCommand({ DBSubnetGroupName: 'private' })))).toBe(
      'InvalidDBSubnetGroupStateFault',
    );
    await rds.send(new ModifyDBSubnetGroupCommand({ DBSubnetGroupName: 'private', SubnetIds: subnets }));
    const { DBSubnetGroups = [] } = await rds.send(new DescribeDBSubnetGroupsCommand({ DBSubnetGroupName: 'private' }));
    expect(DBSubnetGroups[0]?.Subnets).toHaveLength(subnets.length);
  });
});
