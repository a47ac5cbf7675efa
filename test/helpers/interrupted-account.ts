import {
  AttachVolumeCommand,
  CreateVolumeCommand,
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { CreateDBInstanceCommand, DescribeDBInstancesCommand } from '@aws-sdk/client-rds';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetBucketPolicyCommand,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { asker } from './query.ts';
import { region, type Road } from './road.ts';
import { clientsOf } from './sandbox.ts';

/** Identities in the small account. */
export interface SmallAccount {
  readonly vpc: string;
  readonly instance: string;
  readonly volume: string;
  readonly group: string;
  readonly image: string;
  readonly subnet: string;
}

export const database = 'courses';
export const bucket = 'courses-uploads';

/**
 * One database, one instance with a data volume, and a versioned bucket of three keys: one with two versions, one with
 * a delete marker on top. All of it without aiplan.
 */
export async function furnishSmall(sandbox: Sandbox): Promise<SmallAccount> {
  const ask = asker(sandbox.endpoint, region);
  const { ec2, rds, s3 } = clientsOf(sandbox.endpoint);
  const vpc = await ask('ec2', 'CreateVpc', { CidrBlock: '10.50.0.0/16' }, 'vpcId');
  const subnet = await ask(
    'ec2',
    'CreateSubnet',
    { VpcId: vpc, CidrBlock: '10.50.1.0/24', AvailabilityZone: `${region}a` },
    'subnetId',
  );
  const other = await ask(
    'ec2',
    'CreateSubnet',
    { VpcId: vpc, CidrBlock: '10.50.2.0/24', AvailabilityZone: `${region}b` },
    'subnetId',
  );
  const group = await ask(
    'ec2',
    'CreateSecurityGroup',
    { GroupName: 'courses', GroupDescription: 'courses', VpcId: vpc },
    'groupId',
  );
  const image = await ask(
    'ec2',
    'RegisterImage',
    {
      Name: 'base',
      RootDeviceName: '/dev/xvda',
      'BlockDeviceMapping.1.DeviceName': '/dev/xvda',
      'BlockDeviceMapping.1.Ebs.VolumeSize': '8',
      'BlockDeviceMapping.1.Ebs.VolumeType': 'gp3',
    },
    'imageId',
  );
  await ask('rds', 'CreateDBSubnetGroup', {
    DBSubnetGroupName: 'private',
    DBSubnetGroupDescription: 'private',
    'SubnetIds.SubnetIdentifier.1': subnet,
    'SubnetIds.SubnetIdentifier.2': other,
  });

  await rds.send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier: database,
      DBInstanceClass: 'db.m6g.large',
      Engine: 'postgres',
      EngineVersion: '15.4',
      AllocatedStorage: 20,
      StorageType: 'gp3',
      MasterUsername: 'root1',
      MasterUserPassword: 'correct-horse-battery',
      DBSubnetGroupName: 'private',
      VpcSecurityGroupIds: [group],
      BackupRetentionPeriod: 7,
      PreferredBackupWindow: '02:00-02:30',
      MonitoringInterval: 0,
      EnablePerformanceInsights: true,
      PerformanceInsightsRetentionPeriod: 31,
      DeletionProtection: true,
      Tags: [{ Key: 'team', Value: 'courses' }],
    }),
  );
  const { Instances = [] } = await ec2.send(
    new RunInstancesCommand({
      ImageId: image,
      InstanceType: 't3.micro',
      MinCount: 1,
      MaxCount: 1,
      SubnetId: subnet,
      SecurityGroupIds: [group],
      PrivateIpAddress: '10.50.1.20',
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'web' }] }],
    }),
  );
  const instance = Instances[0]?.InstanceId ?? '';
  const { VolumeId: volume = '' } = await ec2.send(
    new CreateVolumeCommand({
      AvailabilityZone: `${region}a`,
      Size: 5,
      VolumeType: 'gp3',
      TagSpecifications: [{ ResourceType: 'volume', Tags: [{ Key: 'Name', Value: 'data' }] }],
    }),
  );
  await settled(
    async () =>
      (await ec2.send(new DescribeInstancesCommand({ InstanceIds: [instance] }))).Reservations?.[0]?.Instances?.[0]
        ?.State?.Name === 'running',
  );
  await settled(
    async () =>
      (await ec2.send(new DescribeVolumesCommand({ VolumeIds: [volume] }))).Volumes?.[0]?.State === 'available',
  );
  await ec2.send(new AttachVolumeCommand({ InstanceId: instance, VolumeId: volume, Device: '/dev/sdf' }));
  await settled(
    async () =>
      (await ec2.send(new DescribeVolumesCommand({ VolumeIds: [volume] }))).Volumes?.[0]?.Attachments?.[0]?.State ===
      'attached',
  );

  const Bucket = bucket;
  await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: region } }));
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [{ Key: 'team', Value: 'courses' }] } }));
  await s3.send(
    new PutBucketPolicyCommand({
      Bucket,
      Policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Sid: 'Tls',
            Effect: 'Deny',
            Principal: '*',
            Action: 's3:*',
            Resource: `arn:aws:s3:::${Bucket}/*`,
            Condition: { Bool: { 'aws:SecureTransport': 'never' } },
          },
        ],
      }),
    }),
  );
  for (const [Key, Body] of [
    ['plain.txt', 'one'],
    ['twice.txt', 'older'],
    ['twice.txt', 'newer'],
    ['gone.txt', 'was here'],
  ] as const)
    await s3.send(new PutObjectCommand({ Bucket, Key, Body, Metadata: { by: 'test' } }));
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'gone.txt' }));
  await settled(
    async () =>
      (await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: database }))).DBInstances?.[0]
        ?.DBInstanceStatus === 'available',
  );
  for (const client of [ec2, rds, s3]) client.destroy();
  return { vpc, instance, volume, group, image, subnet };
}

/** Asks until the answer is yes; the sandbox counts reads, so that no time has to pass. */
async function settled(ask: () => Promise<boolean>): Promise<void> {
  for (let reads = 0; reads < 100; reads += 1) if (await ask()) return;
  throw new Error('it did not settle');
}

const types = [
  'AWS::RDS::DBInstance',
  'AWS::EC2::Instance',
  'AWS::EC2::Volume',
  'AWS::EC2::SecurityGroup',
  'AWS::S3::Bucket',
] as const;

/** What lives in the account, by type: gone ones and what aiplan keeps for itself left out. */
async function everything(road: Road): Promise<Readonly<Record<(typeof types)[number], readonly LiveResource[]>>> {
  const lists = await Promise.all(types.map(async (type) => [type, await road.all(type)] as const));
  return Object.fromEntries(lists) as Awaited<ReturnType<typeof everything>>;
}

/**
 * The state that a person would compare, free of identities that a restore assigns anew: properties, states,
 * attachments, and what the bucket holds. `counts` say that nothing is there twice; roots of replaced instances are
 * kept by law and not counted.
 */
export async function stateOf(road: Road, s3: S3Client): Promise<JsonObject> {
  const all = await everything(road);
  const names: Record<string, string> = {};
  for (const { identity, attributes } of all['AWS::EC2::Instance']) {
    names[identity] = 'INSTANCE';
    for (const device of attributes['BlockDevices'] as readonly JsonObject[])
      names[String(device['VolumeId'])] = `VOLUME ${String(device['DeviceName'])}`;
  }
  const kept = all['AWS::EC2::Volume'].filter(
    ({ identity, properties }) =>
      names[identity] !== undefined || (properties['Tags'] as JsonObject)['Name'] !== undefined,
  );
  const resources = [
    ...all['AWS::RDS::DBInstance'],
    ...all['AWS::EC2::Instance'],
    ...kept,
    ...all['AWS::EC2::SecurityGroup'],
    ...all['AWS::S3::Bucket'],
  ];
  const shown = resources.map(({ type, identity, state, properties, pending, systemTags }) => ({
    type,
    identity,
    state,
    properties: comparable(properties),
    pending,
    restoring: systemTags['aiplan:restoring'] ?? null,
  }));
  let text = JSON.stringify({ resources: shown });
  for (const [from, to] of Object.entries(names)) text = text.replaceAll(from, to);
  const { resources: renamed } = JSON.parse(text) as { resources: JsonObject[] };
  return {
    resources: renamed.toSorted((a, b) =>
      `${String(a['type'])} ${String(a['identity'])}` < `${String(b['type'])} ${String(b['identity'])}` ? -1 : 1,
    ),
    objects: await objectsOf(s3),
    policy: (await s3.send(new GetBucketPolicyCommand({ Bucket: bucket }))).Policy ?? '',
  };
}

/**
 * Where an instance or a volume came from is announced as lost; of masked texts only that they are set can be compared.
 */
function comparable(value: Json | undefined): Json {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value ?? null;
  const { ImageId: _image, SnapshotId: _snapshot, digest, ...rest } = value as JsonObject;
  return Object.fromEntries(
    Object.entries('$masked' in value ? rest : { ...rest, ...(digest === undefined ? {} : { digest }) }).map(
      ([key, item]) => [key, comparable(item)],
    ),
  );
}

/** Every version and marker of the bucket, newest first within a key: contents by their ETag. */
async function objectsOf(s3: S3Client): Promise<JsonObject> {
  const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
  const keys = new Map<string, { readonly what: string; readonly latest: boolean }[]>();
  for (const { Key = '', ETag, IsLatest } of [
    ...Versions,
    ...DeleteMarkers.map((marker) => ({ ...marker, ETag: 'marker' })),
  ])
    keys.set(Key, [...(keys.get(Key) ?? []), { what: ETag ?? '', latest: IsLatest === true }]);
  return Object.fromEntries(
    [...keys]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, list]) => [
        key,
        list.toSorted((a, b) => Number(b.latest) - Number(a.latest)).map(({ what }) => what),
      ]),
  );
}
