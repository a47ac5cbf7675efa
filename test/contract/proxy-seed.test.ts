import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  DescribeVolumesCommand,
} from '@aws-sdk/client-ec2';
import { DescribeDBInstancesCommand, DescribeDBSnapshotsCommand } from '@aws-sdk/client-rds';
import {
  GetBucketLoggingCommand,
  GetBucketPolicyCommand,
  ListBucketsCommand,
  ListObjectVersionsCommand,
} from '@aws-sdk/client-s3';
import { fileURLToPath } from 'node:url';
import { fillPlans } from '../../src/sandbox/seed/fixture.ts';
import { seedFleet } from '../../src/sandbox/fleet.ts';
import { seed, type Seeded } from '../../src/sandbox/seed.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { clientsOf, refusalCode, startTestSandbox } from '../helpers/sandbox.ts';

const suite = (await emulatorAvailable()) ? describe : describe.skip;
const folder = fileURLToPath(new URL('../../fixtures/course-platform', import.meta.url));
const year = (time: Date | undefined): number => (Date.now() - (time?.getTime() ?? 0)) / (365.25 * 86_400_000);

suite('the course platform is seeded', () => {
  let sandbox: Sandbox;
  let seeded: Seeded;
  let clients: ReturnType<typeof clientsOf>;
  beforeAll(async () => {
    sandbox = await startTestSandbox();
    clients = clientsOf(sandbox.endpoint);
    seeded = await seed(sandbox.endpoint, folder);
  }, 120_000);
  afterAll(async () => {
    await sandbox.stop();
  });

  it('has the database with its age, its settings and its snapshots', async () => {
    const { DBInstances = [] } = await clients.rds.send(
      new DescribeDBInstancesCommand({ DBInstanceIdentifier: 'courses-prod' }),
    );
    expect(DBInstances[0]).toMatchObject({
      DBInstanceStatus: 'available',
      DBInstanceClass: 'db.m6g.large',
      AllocatedStorage: 100,
      StorageType: 'gp3',
      MultiAZ: true,
      BackupRetentionPeriod: 7,
      DeletionProtection: false,
      DBSubnetGroup: { DBSubnetGroupName: 'courses-private', VpcId: seeded.names['Vpc'] },
      DBParameterGroups: [{ DBParameterGroupName: 'courses-postgres15' }],
      VpcSecurityGroups: [{ VpcSecurityGroupId: seeded.names['DatabaseGroup'] }],
      IAMDatabaseAuthenticationEnabled: true,
      PerformanceInsightsEnabled: true,
    });
    expect(year(DBInstances[0]?.InstanceCreateTime)).toBeCloseTo(2.42, 1);
    const { DBSnapshots = [] } = await clients.rds.send(
      new DescribeDBSnapshotsCommand({ DBInstanceIdentifier: 'courses-prod' }),
    );
    const days = (type: string) =>
      DBSnapshots.filter(({ SnapshotType }) => SnapshotType === type)
        .map(({ SnapshotCreateTime }) => Math.round(year(SnapshotCreateTime) * 365.25))
        .sort((a, b) => a - b);
    expect(days('automated')).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(days('manual')).toHaveLength(2);
    expect(new Set(DBSnapshots.map(({ DbiResourceId }) => DbiResourceId))).toEqual(
      new Set([DBInstances[0]?.DbiResourceId]),
    );
  });

  it('has the instances with data volumes, user data and ages', async () => {
    const InstanceId = seeded.names['WebInstance'] ?? '';
    const { Reservations = [] } = await clients.ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }));
    const web = Reservations[0]?.Instances?.[0];
    expect(web).toMatchObject({
      InstanceType: 't3.large',
      PrivateIpAddress: '10.20.0.10',
      RootDeviceName: '/dev/xvda',
      Monitoring: { State: 'enabled' },
      MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 2 },
      ImageId: seeded.names['AmazonLinux'],
    });
    expect(year(web?.LaunchTime)).toBeCloseTo(2.33, 1);
    expect(web?.BlockDeviceMappings?.map(({ DeviceName, Ebs }) => [DeviceName, Ebs?.DeleteOnTermination])).toEqual([
      ['/dev/xvda', true],
      ['/dev/sdf', false],
    ]);
    const { Volumes = [] } = await clients.ec2.send(
      new DescribeVolumesCommand({ VolumeIds: [seeded.names['WebData'] ?? ''] }),
    );
    expect(Volumes[0]).toMatchObject({
      Size: 100,
      Iops: 4000,
      Throughput: 250,
      Encrypted: true,
      Attachments: [{ InstanceId, Device: '/dev/sdf', DeleteOnTermination: false }],
    });
    const { UserData } = await clients.ec2.send(
      new DescribeInstanceAttributeCommand({ InstanceId, Attribute: 'userData' }),
    );
    expect(Buffer.from(UserData?.Value ?? '', 'base64').toString()).toContain('courses-platform:2026.2');
  });

  it('has groups that refer to each other', async () => {
    const { SecurityGroups = [] } = await clients.ec2.send(
      new DescribeSecurityGroupsCommand({ GroupIds: [seeded.names['DatabaseGroup'] ?? ''] }),
    );
    expect(
      SecurityGroups[0]?.IpPermissions?.flatMap(({ UserIdGroupPairs = [] }) =>
        UserIdGroupPairs.map(({ GroupId }) => GroupId),
      ).sort(),
    ).toEqual([seeded.names['WebGroup'], seeded.names['BastionGroup']].sort());
  });

  it('has buckets with versions, a delete marker, policies, logging and ages', async () => {
    const { Versions = [], DeleteMarkers = [] } = await clients.s3.send(
      new ListObjectVersionsCommand({ Bucket: 'courses-prod-uploads' }),
    );
    expect([Versions.length, new Set(Versions.map(({ Key }) => Key)).size, DeleteMarkers.length]).toEqual([50, 40, 1]);
    expect(Math.max(...Versions.map(({ LastModified }) => year(LastModified)))).toBeGreaterThan(0.8);
    const { Buckets = [] } = await clients.s3.send(new ListBucketsCommand({}));
    expect(Buckets.map(({ Name, CreationDate }) => [Name, Math.round(year(CreationDate))])).toEqual([
      ['courses-prod-logs', 2],
      ['courses-prod-uploads', 2],
      ['courses-prod-uploads-copy', 0],
    ]);
    expect((await clients.s3.send(new GetBucketPolicyCommand({ Bucket: 'courses-prod-logs' }))).Policy).toContain(
      '"aws:SourceAccount":"123456789012"',
    );
    expect(
      (await clients.s3.send(new GetBucketLoggingCommand({ Bucket: 'courses-prod-uploads' }))).LoggingEnabled
        ?.TargetBucket,
    ).toBe('courses-prod-logs');
  });

  it('fills every placeholder of the plans', async () => {
    const plans = await fillPlans(folder, seeded.names);
    expect(Object.keys(plans)).toEqual([
      'delete-duplicates-wrong-expect.yaml',
      'delete-duplicates.yaml',
      'lost-baseline.yaml',
    ]);
    for (const text of Object.values(plans)) expect(text.replace(/^#.*$/gmu, '')).not.toContain('${');
    expect(plans['delete-duplicates.yaml']).toContain(`id: ${seeded.names['WebInstance']}`);
  });

  it('seeds a fleet of exactly that many, beside it', async () => {
    const fleet = await seedFleet(sandbox.endpoint, 23);
    expect(Object.values(fleet).flat()).toHaveLength(23);
    expect(
      Object.values(fleet)
        .flat()
        .every((identity) => identity !== ''),
    ).toBe(true);
  }, 60_000);

  it('seeds nothing that is not on this machine', async () => {
    await expect(seed('https://ec2.eu-west-1.amazonaws.com', folder)).rejects.toMatchObject({ code: 'not-a-sandbox' });
    expect(await refusalCode(seed(sandbox.endpoint, '/nowhere'))).not.toBe('none');
  });
});
