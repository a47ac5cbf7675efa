import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  PutBucketEncryptionCommand,
  PutObjectCommand,
  GetObjectCommand,
  CreateBucketCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { Report } from '../../src/domain/records/report.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { keyAsker, type Ask } from '../helpers/query.ts';
import { furnish } from '../helpers/road-account.ts';
import { openRoad, region, type Entries, type Made, type Road } from '../helpers/road.ts';
import { clientsOf, startTestSandbox } from '../helpers/sandbox.ts';

jest.setTimeout(120_000);
const suite = (await emulatorAvailable()) ? describe : describe.skip;
const [INSTANCE, VOLUME, DATABASE, BUCKET] = [
  'AWS::EC2::Instance',
  'AWS::EC2::Volume',
  'AWS::RDS::DBInstance',
  'AWS::S3::Bucket',
] as const;
const bucket = 'lost-originals';

suite('what was captured comes back though its originals are gone', () => {
  let sandbox: Sandbox;
  let road: Road;
  let ask: Ask;
  let s3: S3Client;
  let keys: ReturnType<typeof keyAsker>;
  let names: Readonly<Record<string, string>> = {};
  let plans = 0;
  const hooks = new Set<() => void>();
  beforeAll(async () => {
    sandbox = await startTestSandbox({ pace: { reads: 1, milliseconds: 0 } });
    road = await openRoad(sandbox, {}, { checked: true });
    ({ names, ask } = await furnish(sandbox));
    keys = keyAsker(sandbox.endpoint, region);
    ({ s3 } = clientsOf(sandbox.endpoint));
  }, 60_000);
  afterEach(() => {
    for (const hook of hooks) hook();
    hooks.clear();
  });
  afterAll(async () => {
    road?.close();
    s3?.destroy();
    await sandbox?.stop();
  });

  const plan = async (entries: Entries): Promise<Made> => {
    plans += 1;
    return road.plan(road.text(`lost-${plans}`, entries));
  };
  const said = ({ plan: { findings } }: Made, severity: string): readonly string[] =>
    findings
      .filter((finding) => finding.severity === severity)
      .map(({ code, step, message }) => `${step ?? ''} ${code}: ${message}`);
  const done = (report: Report): Report => {
    expect([report.outcome, report.message]).toEqual(['done', null]);
    return report;
  };
  const applied = async (entries: Entries): Promise<Report> => {
    const made = await plan(entries);
    expect(said(made, 'error')).toEqual([]);
    return done(await road.apply(made));
  };
  const there = async (type: string, identity: string): Promise<LiveResource> => {
    const live = await road.live(type, identity);
    if (live === undefined) throw new Error(`${type} ${identity} is not there`);
    return live;
  };
  const remove = (type: string, id: string): JsonObject => ({
    type,
    action: 'delete',
    id,
    reason: 'a test',
    expect: {},
  });
  const database = async (
    DBInstanceIdentifier: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<string> => {
    await ask('rds', 'CreateDBInstance', {
      DBInstanceIdentifier,
      DBInstanceClass: 'db.m6g.large',
      Engine: 'postgres',
      EngineVersion: '15.4',
      AllocatedStorage: '20',
      StorageType: 'gp3',
      MasterUsername: 'root1',
      MasterUserPassword: 'correct-horse',
      DBSubnetGroupName: 'private',
      'VpcSecurityGroupIds.VpcSecurityGroupId.1': names['Group'] ?? '',
      BackupRetentionPeriod: '7',
      'Tags.Tag.1.Key': 'team',
      'Tags.Tag.1.Value': 'courses',
      ...more,
    });
    return DBInstanceIdentifier;
  };
  const volume = (more: Readonly<Record<string, string>> = {}): Promise<string> =>
    ask(
      'ec2',
      'CreateVolume',
      {
        AvailabilityZone: `${region}a`,
        Size: '5',
        VolumeType: 'gp3',
        'TagSpecification.1.ResourceType': 'volume',
        'TagSpecification.1.Tag.1.Key': 'Name',
        'TagSpecification.1.Tag.1.Value': 'data',
        ...more,
      },
      'volumeId',
    );
  const server = (more: Readonly<Record<string, string>> = {}): Promise<string> =>
    ask(
      'ec2',
      'RunInstances',
      {
        ImageId: names['Image'] ?? '',
        InstanceType: 't3.micro',
        MinCount: '1',
        MaxCount: '1',
        'NetworkInterface.1.DeviceIndex': '0',
        'NetworkInterface.1.SubnetId': names['Subnet'] ?? '',
        'NetworkInterface.1.SecurityGroupId.1': names['Group'] ?? '',
        'TagSpecification.1.ResourceType': 'instance',
        'TagSpecification.1.Tag.1.Key': 'Name',
        'TagSpecification.1.Tag.1.Value': 'web',
        ...more,
      },
      'instanceId',
    );

  it('says before a destruction that the key is disabled or pending deletion, and keeps a rollback for when it is not', async () => {
    const key = (await keys('CreateKey', {})).KeyMetadata?.Arn ?? '';
    // The emulator takes ids only where AWS takes ARNs as well.
    const id = key.slice(key.lastIndexOf('/') + 1);
    const db = await database('keyed', { StorageEncrypted: 'true', KmsKeyId: key });
    const disk = await volume({ Encrypted: 'true', KmsKeyId: key });
    const web = await server({
      'BlockDeviceMapping.1.DeviceName': '/dev/xvda',
      'BlockDeviceMapping.1.Ebs.Encrypted': 'true',
      'BlockDeviceMapping.1.Ebs.KmsKeyId': key,
    });
    await s3.send(
      new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint: region } }),
    );
    await s3.send(
      new PutBucketEncryptionCommand({
        Bucket: bucket,
        ServerSideEncryptionConfiguration: {
          Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key } }],
        },
      }),
    );
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'a', Body: 'one' }));
    const entries: Entries = {
      Db: remove(DATABASE, db),
      Disk: remove(VOLUME, disk),
      Web: remove(INSTANCE, web),
      Files: remove(BUCKET, bucket),
    };
    const before = [
      await there(DATABASE, db),
      await there(VOLUME, disk),
      await there(INSTANCE, web),
      await there(BUCKET, bucket),
    ].map(({ properties }) => properties);
    const each = (why: string): readonly unknown[] =>
      ['Db', 'Disk', 'Web', 'Files'].map((step) =>
        expect.stringMatching(new RegExp(`^${step} not-restorable: the key ${key} of \\S+ ${why}`, 'u')),
      );

    await keys('DisableKey', { KeyId: id });
    expect(said(await plan(entries), 'error')).toEqual(expect.arrayContaining([...each('is disabled: enable it')]));
    await keys('ScheduleKeyDeletion', { KeyId: id, PendingWindowInDays: 7 });
    expect(said(await plan(entries), 'error')).toEqual(expect.arrayContaining([...each('is pending deletion')]));
    await keys('CancelKeyDeletion', { KeyId: id });
    await keys('EnableKey', { KeyId: id });
    hooks.add(sandbox.proxy.onRequest(({ service }) => (service === 'kms' ? { kind: 'deny' } : undefined)));
    expect(said(await plan(entries), 'error')).toEqual(
      expect.arrayContaining(
        ['Db', 'Disk', 'Web', 'Files'].map((step) =>
          expect.stringMatching(
            new RegExp(
              `^${step} not-restorable: whether the key ${key} of \\S+ can be used is not known: kms:DescribeKey: AccessDenied`,
              'u',
            ),
          ),
        ),
      ),
    );
    for (const hook of hooks) hook();

    const { run } = await applied(entries);
    await keys('DisableKey', { KeyId: id });
    const blocked = await road.planRollback(run);
    expect(said(blocked, 'error')).toEqual(expect.arrayContaining([...each('is disabled')]));
    await keys('EnableKey', { KeyId: id });
    hooks.add(sandbox.proxy.onRequest(({ service }) => (service === 'kms' ? { kind: 'deny' } : undefined)));
    const unknown = await road.planRollback(run);
    expect([
      said(unknown, 'error'),
      said(unknown, 'warning').filter((text) => text.includes('kms:DescribeKey')),
    ]).toEqual([
      [],
      expect.arrayContaining([
        expect.stringMatching(/^Db restore-loses: /u),
        expect.stringMatching(/^Files restore-loses: /u),
      ]),
    ]);
    const { map } = done(await road.apply(unknown));
    const after = [
      await there(DATABASE, db),
      await there(VOLUME, map[disk] ?? ''),
      await there(INSTANCE, map[web] ?? ''),
      await there(BUCKET, bucket),
    ].map(({ properties }) => properties);
    expect(after.slice(0, 1)).toEqual(before.slice(0, 1));
    expect(after[1]).toEqual({ ...before[1], SnapshotId: expect.any(String) });
    expect(after[3]).toEqual(before[3]);
    expect(await (await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'a' }))).Body?.transformToString()).toBe(
      'one',
    );
  });

  /** Of a volume or an instance that came out of a snapshot, what its origin was is announced as lost. */
  const without = ({ properties }: LiveResource, ...left: readonly string[]): JsonObject =>
    Object.fromEntries(Object.entries(properties).filter(([name]) => !left.includes(name)));
  const origins = ['ImageId', 'SnapshotId', 'BlockDeviceMappings', 'PrivateIpAddress'];

  it('brings each out under another name or id, beside a stranger, with all that it had', async () => {
    const [db, disk, web] = [await database('brought'), await volume(), await server()];
    const before = [await there(DATABASE, db), await there(VOLUME, disk), await there(INSTANCE, web)];
    const { run } = await applied({ Db: remove(DATABASE, db), Disk: remove(VOLUME, disk), Web: remove(INSTANCE, web) });
    await database('brought', { AllocatedStorage: '30' });
    expect(said(await road.bringOut(run, 'Db', 'brought'), 'error')).toEqual([
      expect.stringMatching(/^Db name-taken/u),
    ]);
    await expect(road.bringOut(run, 'Web', 'a-name')).rejects.toThrow(/leave --as out/u);
    const out = async (step: string, as: string | null): Promise<LiveResource> => {
      const made = await road.bringOut(run, step, as);
      expect(said(made, 'error')).toEqual([]);
      const { steps } = done(await road.apply(made));
      return there(steps[0]?.type ?? '', steps[0]?.identity ?? '');
    };
    const [again, copy, other] = [await out('Db', 'brought-again'), await out('Disk', null), await out('Web', null)];
    expect(again.properties).toEqual({ ...before[0]?.properties, DBInstanceIdentifier: 'brought-again' });
    expect(without(copy, ...origins)).toEqual(without(before[1] as LiveResource, ...origins));
    expect(without(other, ...origins)).toEqual(without(before[2] as LiveResource, ...origins));
    expect([again, copy, other].map(({ systemTags }) => systemTags['aiplan:brought-out-of'])).toEqual([db, disk, web]);
    expect((await there(DATABASE, 'brought')).properties['AllocatedStorage']).toBe('30');
    // It is no way back of the run: that still has its own.
    const back = await road.planRollback(run);
    expect(said(back, 'error')).toEqual([expect.stringMatching(/^Db rollback-name-taken: the name brought is held/u)]);
    const help = back.plan.findings.find(({ code }) => code === 'rollback-name-taken')?.help;
    expect(help).toContain(`aiplan captures restore ${run}/Db --as NAME`);
  });

  it('says how to have it elsewhere where AWS has no room for it, and makes it there', async () => {
    const [db, disk, web] = [await database('crowded'), await volume(), await server()];
    const { run } = await applied({ Db: remove(DATABASE, db), Disk: remove(VOLUME, disk), Web: remove(INSTANCE, web) });
    // Zone a is full, and so is one class of databases.
    hooks.add(
      sandbox.proxy.onRequest(({ operation, parameters }) => {
        const full =
          operation === 'RestoreDBInstanceFromDBSnapshot'
            ? parameters['DBInstanceClass'] === 'db.m6g.large'
            : operation === 'CreateVolume'
              ? parameters['AvailabilityZone'] === `${region}a`
              : operation === 'RunInstances' && parameters['NetworkInterface.1.SubnetId'] === names['Subnet'];
        return full ? { kind: 'capacity' } : undefined;
      }),
    );
    for (const [step, as, code, words] of [
      ['Db', 'crowded', 'InsufficientDBInstanceCapacity', '--set DBInstanceClass=… or --set AvailabilityZone=…'],
      ['Disk', null, 'InsufficientVolumeCapacity', '--set AvailabilityZone=… or --set VolumeType=…'],
      ['Web', null, 'InsufficientInstanceCapacity', '--set InstanceType=… or --set SubnetId=…'],
    ] as const) {
      const made = await road.bringOut(run, step, as);
      const { outcome, message } = await road.apply(made);
      expect([said(made, 'error'), outcome, message]).toEqual([[], 'failed', expect.stringContaining(code)]);
      expect(message).toContain(words);
    }
    const { outcome, message } = await road.apply(await road.planRollback(run));
    expect([outcome, message]).toEqual([
      'failed',
      expect.stringMatching(
        new RegExp(
          `can be brought out otherwise: aiplan captures restore ${run}/(?:Db --as NAME|Disk|Web) \\(--set \\w+=…`,
          'u',
        ),
      ),
    ]);
    const elsewhere = async (step: string, as: string | null, instead: JsonObject): Promise<LiveResource> => {
      const made = await road.bringOut(run, step, as, instead);
      expect(said(made, 'error')).toEqual([]);
      const { steps } = done(await road.apply(made));
      return there(steps[0]?.type ?? '', steps[0]?.identity ?? '');
    };
    expect((await elsewhere('Db', 'crowded', { DBInstanceClass: 'db.m6g.xlarge' })).properties['DBInstanceClass']).toBe(
      'db.m6g.xlarge',
    );
    expect((await elsewhere('Disk', null, { AvailabilityZone: `${region}b` })).properties['AvailabilityZone']).toBe(
      `${region}b`,
    );
    expect((await elsewhere('Web', null, { SubnetId: names['SubnetB'] ?? '' })).properties).toMatchObject({
      SubnetId: names['SubnetB'],
      AvailabilityZone: `${region}b`,
      Tags: { Name: 'web' },
    });
  });

  it('lists what an instance loses: image, key pair, private and elastic address, interface; and comes back without', async () => {
    const image = await ask(
      'ec2',
      'RegisterImage',
      {
        Name: 'to-go',
        RootDeviceName: '/dev/xvda',
        'BlockDeviceMapping.1.DeviceName': '/dev/xvda',
        'BlockDeviceMapping.1.Ebs.VolumeSize': '8',
      },
      'imageId',
    );
    await ask('ec2', 'CreateKeyPair', { KeyName: 'to-go' });
    const web = await server({ ImageId: image, KeyName: 'to-go', 'NetworkInterface.1.PrivateIpAddress': '10.40.1.77' });
    const allocation = await ask('ec2', 'AllocateAddress', { Domain: 'vpc' }, 'allocationId');
    await ask('ec2', 'AssociateAddress', { AllocationId: allocation, InstanceId: web });
    const { run } = await applied({ Web: remove(INSTANCE, web) });
    await ask('ec2', 'DeregisterImage', { ImageId: image });
    await ask('ec2', 'DeleteKeyPair', { KeyName: 'to-go' });
    const other = await server({ 'NetworkInterface.1.PrivateIpAddress': '10.40.1.77' });
    await ask('ec2', 'AssociateAddress', { AllocationId: allocation, InstanceId: other });
    // What AWS would say to the instance as it was.
    for (const [more, code] of [
      [{ ImageId: image }, 'InvalidAMIID.NotFound'],
      [{ KeyName: 'to-go' }, 'InvalidKeyPair.NotFound'],
      [{ 'NetworkInterface.1.PrivateIpAddress': '10.40.1.77' }, 'InvalidIPAddress.InUse'],
    ] as const) {
      await expect(server(more)).rejects.toThrow(code);
    }
    const made = await road.planRollback(run);
    expect([
      said(made, 'error'),
      said(made, 'warning').filter((text) => text.startsWith('Web restore-loses: ')),
    ]).toEqual([
      [],
      [
        expect.stringContaining('the key pair "to-go", which does not exist any more'),
        expect.stringContaining('the private address 10.40.1.77, which something else has by now'),
        expect.stringContaining(`the elastic address ${allocation}, which ${other} has by now`),
      ],
    ]);
    const { map } = done(await road.apply(made));
    const after = await there(INSTANCE, map[web] ?? '');
    expect(after.properties['KeyName']).toBeUndefined();
    expect([after.properties['PrivateIpAddress'], after.attributes['Addresses']]).toEqual([
      expect.not.stringMatching(/^10\.40\.1\.77$/u),
      [],
    ]);
    expect((await there(INSTANCE, other)).attributes['Addresses']).toEqual([
      expect.objectContaining({ AllocationId: allocation }),
    ]);
  });
});
