import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateVolumeCommand,
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeVpcsCommand,
  ModifyInstanceAttributeCommand,
  ModifyVolumeCommand,
  RegisterImageCommand,
  RunInstancesCommand,
  StopInstancesCommand,
  type EC2Client,
  type RunInstancesCommandInput,
} from '@aws-sdk/client-ec2';
import {
  AddTagsToResourceCommand,
  CreateDBInstanceCommand,
  CreateDBParameterGroupCommand,
  CreateDBSnapshotCommand,
  DeleteDBInstanceCommand,
  DescribeDBInstancesCommand,
  DescribeDBSnapshotsCommand,
  RestoreDBInstanceFromDBSnapshotCommand,
  DescribeOrderableDBInstanceOptionsCommand,
  ModifyDBInstanceCommand,
  StopDBInstanceCommand,
  type CreateDBInstanceCommandInput,
  type RDSClient,
} from '@aws-sdk/client-rds';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketAclCommand,
  PutBucketEncryptionCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { keyAsker } from '../helpers/query.ts';
import { clientsOf, follow, refusalCode, startTestSandbox } from '../helpers/sandbox.ts';

const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('the proxy refuses what AWS documents as refused', () => {
  let sandbox: Sandbox;
  let ec2: EC2Client;
  let rds: RDSClient;
  let s3: S3Client;
  beforeAll(async () => {
    sandbox = await startTestSandbox();
    ({ ec2, rds, s3 } = clientsOf(sandbox.endpoint));
  }, 90_000);
  afterAll(async () => {
    await sandbox.stop();
  });

  const zone = { AvailabilityZone: 'eu-west-1a' };

  it('volumes without a size, and figures that their type does not take', async () => {
    const code = (input: object): Promise<string> =>
      refusalCode(ec2.send(new CreateVolumeCommand({ ...zone, ...input })));
    expect(await code({})).toBe('MissingParameter');
    expect(await code({ Size: 10, VolumeType: 'io1' })).toBe('MissingParameter');
    expect(await code({ Size: 10, VolumeType: 'io1', Iops: 1000 })).toBe('InvalidParameterValue');
    expect(await code({ Size: 100, VolumeType: 'gp3', Iops: 1000 })).toBe('InvalidParameterValue');
    expect(await code({ Size: 100, VolumeType: 'gp2', Iops: 3000 })).toBe('InvalidParameterCombination');
    const { VolumeId } = await ec2.send(new CreateVolumeCommand({ ...zone, Size: 100, VolumeType: 'gp3' }));
    expect(await refusalCode(ec2.send(new ModifyVolumeCommand({ VolumeId, Iops: 1000 })))).toBe(
      'InvalidParameterValue',
    );
    expect(await refusalCode(ec2.send(new ModifyVolumeCommand({ VolumeId, VolumeType: 'gp2', Throughput: 200 })))).toBe(
      'InvalidParameterCombination',
    );
  });

  it('instances without an image, of a type that there is not, or of another architecture', async () => {
    const { ImageId } = await ec2.send(
      new RegisterImageCommand({
        Name: 'x86',
        Architecture: 'x86_64',
        RootDeviceName: '/dev/xvda',
        BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 8 } }],
      }),
    );
    const run = (input: Partial<RunInstancesCommandInput>) =>
      ec2.send(new RunInstancesCommand({ MinCount: 1, MaxCount: 1, InstanceType: 't3.micro', ...input }));
    expect(await refusalCode(run({}))).toBe('MissingParameter');
    expect(await refusalCode(run({ ImageId, InstanceType: 't3.gigantic' as 't3.micro' }))).toBe(
      'InvalidParameterValue',
    );
    expect(await refusalCode(run({ ImageId, InstanceType: 't4g.micro' }))).toBe('InvalidParameterValue');
    const InstanceId = (await run({ ImageId })).Instances?.[0]?.InstanceId;
    const state = async (): Promise<string> =>
      (await ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId ?? ''] }))).Reservations?.[0]
        ?.Instances?.[0]?.State?.Name ?? '';
    await follow(state, 'running');
    await ec2.send(new StopInstancesCommand({ InstanceIds: [InstanceId ?? ''] }));
    await follow(state, 'stopped');
    expect(
      await refusalCode(
        ec2.send(new ModifyInstanceAttributeCommand({ InstanceId, InstanceType: { Value: 't4g.micro' } })),
      ),
    ).toBe('InvalidParameterValue');
    expect(
      await refusalCode(
        ec2.send(new ModifyInstanceAttributeCommand({ InstanceId, InstanceType: { Value: 't3.gigantic' } })),
      ),
    ).toBe('InvalidInstanceAttributeValue');
    await ec2.send(new ModifyInstanceAttributeCommand({ InstanceId, InstanceType: { Value: 't3.small' } }));
  });

  it('the 51st tag, of every type, and makes nothing', async () => {
    const tags = (count: number) => Array.from({ length: count }, (_, index) => ({ Key: `tag${index}`, Value: 'v' }));
    const spec = (ResourceType: 'instance' | 'volume', count: number) => [{ ResourceType, Tags: tags(count) }];
    const instances = async (): Promise<number> =>
      ((await ec2.send(new DescribeInstancesCommand({}))).Reservations ?? []).length;
    const before = await instances();
    const { ImageId } = await ec2.send(
      new RegisterImageCommand({
        Name: 'tagged',
        Architecture: 'x86_64',
        RootDeviceName: '/dev/xvda',
        BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 8 } }],
      }),
    );
    const launch = (count: number) =>
      ec2.send(
        new RunInstancesCommand({
          MinCount: 1,
          MaxCount: 1,
          InstanceType: 't3.micro',
          ImageId,
          TagSpecifications: spec('instance', count),
        }),
      );
    expect(await refusalCode(launch(51))).toBe('TagLimitExceeded');
    expect(await instances()).toBe(before);
    await launch(50);
    const disk = { AvailabilityZone: 'eu-west-1a', Size: 1, TagSpecifications: spec('volume', 51) };
    expect(await refusalCode(ec2.send(new CreateVolumeCommand(disk)))).toBe('TagLimitExceeded');
    const create = (DBInstanceIdentifier: string, count: number) =>
      rds.send(
        new CreateDBInstanceCommand({
          DBInstanceIdentifier,
          DBInstanceClass: 'db.t3.micro',
          Engine: 'postgres',
          AllocatedStorage: 20,
          MasterUsername: 'root1',
          MasterUserPassword: 'password-1',
          Tags: tags(count),
        }),
      );
    expect(await refusalCode(create('tags-51', 51))).toBe('InvalidParameterValue');
    const arn = (await create('tags-50', 50)).DBInstance?.DBInstanceArn ?? '';
    const add = (Key: string) =>
      rds.send(new AddTagsToResourceCommand({ ResourceName: arn, Tags: [{ Key, Value: 'w' }] }));
    expect(await refusalCode(add('one-more'))).toBe('InvalidParameterValue');
    await add('tag1');
    await s3.send(new CreateBucketCommand({ Bucket: 'fifty-tags' }));
    const put = (count: number) =>
      s3.send(new PutBucketTaggingCommand({ Bucket: 'fifty-tags', Tagging: { TagSet: tags(count) } }));
    expect(await refusalCode(put(51))).toBe('BadRequest');
    await put(50);
  });

  it('rules and descriptions of groups; a rule that names a group keeps its description; interfaces by any of their groups', async () => {
    const VpcId = (await ec2.send(new DescribeVpcsCommand({}))).Vpcs?.[0]?.VpcId;
    const group = async (GroupName: string): Promise<string> =>
      (await ec2.send(new CreateSecurityGroupCommand({ GroupName, Description: 'test', VpcId }))).GroupId ?? '';
    expect(
      await refusalCode(
        ec2.send(new CreateSecurityGroupCommand({ GroupName: 'odd', Description: "the site's", VpcId })),
      ),
    ).toBe('InvalidParameterValue');
    const [a, b] = [await group('a'), await group('b')];
    const allow = (permission: object) =>
      ec2.send(
        new AuthorizeSecurityGroupIngressCommand({ GroupId: a, IpPermissions: [{ IpProtocol: 'tcp', ...permission }] }),
      );
    expect(await refusalCode(allow({ FromPort: 1, IpRanges: [{ CidrIp: '10.0.0.0/8' }] }))).toBe(
      'InvalidParameterValue',
    );
    await allow({ FromPort: 5432, ToPort: 5432, UserIdGroupPairs: [{ GroupId: b, Description: 'the site' }] });
    const { SecurityGroupRules = [] } = await ec2.send(
      new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [a] }] }),
    );
    expect(SecurityGroupRules.find(({ ReferencedGroupInfo }) => ReferencedGroupInfo?.GroupId === b)?.Description).toBe(
      'the site',
    );
    const { ImageId } = await ec2.send(
      new RegisterImageCommand({
        Name: 'plain',
        RootDeviceName: '/dev/xvda',
        BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 8 } }],
      }),
    );
    await ec2.send(
      new RunInstancesCommand({
        ImageId,
        InstanceType: 't3.micro',
        MinCount: 1,
        MaxCount: 1,
        SecurityGroupIds: [a, b],
      }),
    );
    for (const Values of [[a], [a, 'sg-0123456789abcdef0'], [b, a]]) {
      expect(
        (await ec2.send(new DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'group-id', Values }] })))
          .NetworkInterfaces,
      ).toHaveLength(1);
    }
    expect(
      (
        await ec2.send(
          new DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'group-id', Values: ['sg-0123456789abcdef0'] }] }),
        )
      ).NetworkInterfaces,
    ).toEqual([]);
  });

  it('databases that do not fit together', async () => {
    const create = (input: Partial<CreateDBInstanceCommandInput>) =>
      rds.send(
        new CreateDBInstanceCommand({
          DBInstanceIdentifier: 'd',
          DBInstanceClass: 'db.m6g.large',
          Engine: 'postgres',
          EngineVersion: '15.4',
          AllocatedStorage: 100,
          StorageType: 'gp3',
          MasterUsername: 'root1',
          MasterUserPassword: 'not-a-secret',
          ...input,
        }),
      );
    const code = (input: Partial<CreateDBInstanceCommandInput>): Promise<string> => refusalCode(create(input));
    await rds.send(
      new CreateDBParameterGroupCommand({
        DBParameterGroupName: 'pg14',
        DBParameterGroupFamily: 'postgres14',
        Description: 'x',
      }),
    );
    await rds.send(
      new CreateDBParameterGroupCommand({
        DBParameterGroupName: 'pg15',
        DBParameterGroupFamily: 'postgres15',
        Description: 'x',
      }),
    );
    expect(await code({ DBInstanceClass: 'db.x9.huge' })).toBe('InvalidParameterValue');
    expect(await code({ AllocatedStorage: 5 })).toBe('InvalidParameterValue');
    expect(await code({ Iops: 1000 })).toBe('InvalidParameterCombination');
    expect(await code({ StorageType: 'io1', Iops: 6000 })).toBe('InvalidParameterCombination');
    expect(
      await code({ PreferredBackupWindow: '03:00-04:00', PreferredMaintenanceWindow: 'sun:03:30-sun:04:30' }),
    ).toBe('InvalidParameterValue');
    expect(await code({ DBParameterGroupName: 'pg14' })).toBe('InvalidParameterCombination');
    await create({
      DBParameterGroupName: 'pg15',
      PreferredBackupWindow: '03:00-04:00',
      PreferredMaintenanceWindow: 'sun:04:30-sun:05:00',
    });
    const status = async (): Promise<string> =>
      (await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: 'd' }))).DBInstances?.[0]
        ?.DBInstanceStatus ?? '';
    await follow(status, 'available');
    const modify = (input: object): Promise<string> =>
      refusalCode(
        rds.send(new ModifyDBInstanceCommand({ DBInstanceIdentifier: 'd', ApplyImmediately: true, ...input })),
      );
    expect(await modify({ EngineVersion: '16.1', AllowMajorVersionUpgrade: true })).toBe('InvalidParameterCombination');
    expect(await modify({ PreferredMaintenanceWindow: 'mon:03:30-mon:04:00' })).toBe('InvalidParameterValue');
    expect(await modify({ StorageType: 'gp3', Iops: 1000 })).toBe('InvalidParameterCombination');
    await rds.send(new StopDBInstanceCommand({ DBInstanceIdentifier: 'd' }));
    await follow(status, 'stopped');
    expect(
      await refusalCode(
        rds.send(new DeleteDBInstanceCommand({ DBInstanceIdentifier: 'd', FinalDBSnapshotIdentifier: 'final' })),
      ),
    ).toMatch(/^InvalidDBInstanceState/u);
    const offers = async (DBInstanceClass: string) =>
      (
        await rds.send(
          new DescribeOrderableDBInstanceOptionsCommand({ Engine: 'postgres', EngineVersion: '15.4', DBInstanceClass }),
        )
      ).OrderableDBInstanceOptions;
    expect(await offers('db.t4g.micro')).toMatchObject([{ DBInstanceClass: 'db.t4g.micro', EngineVersion: '15.4' }]);
    expect(await offers('db.x9.huge')).toEqual([]);
  });

  it('lists of keys that XML cannot hold, access control lists of new buckets; the version null is there', async () => {
    const Bucket = 'refusals-1';
    await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }));
    expect(await refusalCode(s3.send(new PutBucketAclCommand({ Bucket, ACL: 'private' })))).toBe(
      'AccessControlListNotSupported',
    );
    await s3.send(new PutObjectCommand({ Bucket, Key: 'odd\u0001key', Body: 'x' }));
    await s3.send(new PutObjectCommand({ Bucket, Key: 'plain', Body: 'x' }));
    expect(
      await refusalCode(
        s3.send(
          new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'odd\u0001key', VersionId: 'null' }] } }),
        ),
      ),
    ).toBe('MalformedXML');
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: 'plain', VersionId: 'null' }))).ContentLength).toBe(1);
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'odd\u0001key', VersionId: 'null' }));
    expect((await s3.send(new ListObjectVersionsCommand({ Bucket }))).Versions?.map(({ Key }) => Key)).toEqual([
      'plain',
    ]);
  });

  it('what needs a key that is disabled or pending deletion; volumes and instances come to nothing after AWS has answered', async () => {
    const ask = keyAsker(sandbox.endpoint, 'eu-west-1');
    const key = (await ask('CreateKey', {})).KeyMetadata?.Arn ?? '';
    const KeyId = key.slice(key.lastIndexOf('/') + 1);
    const state = async (name: string): Promise<unknown> => (await ask('DescribeKey', { KeyId: name })).KeyMetadata;
    await rds.send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier: 'keyed',
        DBInstanceClass: 'db.m6g.large',
        Engine: 'postgres',
        EngineVersion: '15.4',
        AllocatedStorage: 100,
        MasterUsername: 'root1',
        MasterUserPassword: 'not-a-secret',
        StorageEncrypted: true,
        KmsKeyId: key,
      }),
    );
    await follow(
      async () =>
        (await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: 'keyed' }))).DBInstances?.[0]
          ?.DBInstanceStatus ?? '',
      'available',
    );
    await rds.send(new CreateDBSnapshotCommand({ DBInstanceIdentifier: 'keyed', DBSnapshotIdentifier: 'of-keyed' }));
    await follow(
      async () =>
        (await rds.send(new DescribeDBSnapshotsCommand({ DBSnapshotIdentifier: 'of-keyed' }))).DBSnapshots?.[0]
          ?.Status ?? '',
      'available',
    );
    const Bucket = 'refusals-keyed';
    await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }));
    await s3.send(
      new PutBucketEncryptionCommand({
        Bucket,
        ServerSideEncryptionConfiguration: {
          Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key } }],
        },
      }),
    );
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
    const put = (): Promise<string> => refusalCode(s3.send(new PutObjectCommand({ Bucket, Key: 'b', Body: 'x' })));
    const { ImageId } = await ec2.send(
      new RegisterImageCommand({
        Name: 'keyed',
        RootDeviceName: '/dev/xvda',
        BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 8 } }],
      }),
    );
    expect(await state(key)).toMatchObject({ KeyState: 'Enabled' });
    expect(await state('arn:aws:kms:eu-west-1:123456789012:key/5a1dbc0e-0000-4000-8000-000000000001')).toMatchObject({
      KeyState: 'Enabled',
      KeyManager: 'AWS',
    });

    await ask('DisableKey', { KeyId });
    expect(await state(key)).toMatchObject({ KeyState: 'Disabled' });
    const again = (): Promise<string> =>
      refusalCode(
        rds.send(
          new RestoreDBInstanceFromDBSnapshotCommand({
            DBInstanceIdentifier: 'keyed-again',
            DBSnapshotIdentifier: 'of-keyed',
          }),
        ),
      );
    expect([await again(), await put()]).toEqual(['KMSKeyNotAccessibleFault', 'KMS.DisabledException']);
    expect(await refusalCode(s3.send(new GetObjectCommand({ Bucket, Key: 'a' })))).toBe('KMS.DisabledException');
    const { VolumeId = '' } = await ec2.send(
      new CreateVolumeCommand({ ...zone, Size: 10, Encrypted: true, KmsKeyId: key }),
    );
    expect(
      await follow(
        async () => (await ec2.send(new DescribeVolumesCommand({ VolumeIds: [VolumeId] }))).Volumes?.[0]?.State ?? '',
        'error',
      ),
    ).toEqual(['creating', 'error']);
    const { Instances = [] } = await ec2.send(
      new RunInstancesCommand({
        ImageId,
        InstanceType: 't3.micro',
        MinCount: 1,
        MaxCount: 1,
        BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { Encrypted: true, KmsKeyId: key } }],
      }),
    );
    const server = async () =>
      (await ec2.send(new DescribeInstancesCommand({ InstanceIds: [Instances[0]?.InstanceId ?? ''] })))
        .Reservations?.[0]?.Instances?.[0];
    expect(await follow(async () => (await server())?.State?.Name ?? '', 'terminated')).toEqual([
      'pending',
      'terminated',
    ]);
    expect((await server())?.StateReason?.Code).toBe('Client.InternalError');

    await ask('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
    expect([await state(key), await put()]).toEqual([
      expect.objectContaining({ KeyState: 'PendingDeletion' }),
      'KMS.KMSInvalidStateException',
    ]);
    await ask('CancelKeyDeletion', { KeyId });
    expect(await put()).toBe('KMS.DisabledException');
    await ask('EnableKey', { KeyId });
    expect([await put(), await again()]).toEqual(['none', 'none']);
  });
});
