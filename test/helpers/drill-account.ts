import {
  AllocateAddressCommand,
  AssociateAddressCommand,
  AttachNetworkInterfaceCommand,
  AttachVolumeCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  CreateVolumeCommand,
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  ModifyInstanceAttributeCommand,
  RevokeSecurityGroupEgressCommand,
  RunInstancesCommand,
  StopInstancesCommand,
  type EC2Client,
  type IpPermission,
  type Tag,
} from '@aws-sdk/client-ec2';
import {
  CreateDBInstanceCommand,
  CreateDBInstanceReadReplicaCommand,
  DescribeDBInstancesCommand,
  type RDSClient,
} from '@aws-sdk/client-rds';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import type { Dice } from './dice.ts';
import { asker } from './query.ts';
import { region } from './road.ts';
import { clientsOf } from './sandbox.ts';

/** Identities of a grown account, for whoever writes a plan for it. */
export interface Grown {
  readonly vpc: string;
  readonly subnet: string;
  readonly image: string;
  readonly otherImage: string;
  readonly groups: readonly string[];
  readonly instances: readonly string[];
  readonly databases: readonly string[];
  readonly buckets: readonly string[];
}

interface Clients {
  readonly ec2: EC2Client;
  readonly rds: RDSClient;
  readonly s3: S3Client;
}

/** Tags as people leave them: some, odd ones, or none at all. */
const tagsOf = (dice: Dice, name: string): Tag[] => [
  ...(dice.chance(0.7) ? [{ Key: 'Name', Value: name }] : []),
  ...(dice.chance(0.4) ? [{ Key: 'team', Value: dice.pick(['shop', 'courses', '']) }] : []),
  ...(dice.chance(0.2) ? [{ Key: 'k8s.io/cluster/x y', Value: 'owned + shared' }] : []),
];
const specification = (kind: 'instance' | 'volume' | 'security-group' | 'network-interface', tags: Tag[]) =>
  tags.length === 0 ? {} : { TagSpecifications: [{ ResourceType: kind, Tags: tags }] };

/** Asks until the answer is yes; the sandbox counts reads, so that no time has to pass. */
async function settled(what: string, ask: () => Promise<boolean>): Promise<void> {
  for (let reads = 0; reads < 200; reads += 1) if (await ask()) return;
  throw new Error(`${what} did not settle`);
}

/**
 * An account as it has grown over years, without aiplan: several things that need each other, some odd, one that nobody
 * can read.
 */
export async function grow(sandbox: Sandbox, dice: Dice): Promise<Grown> {
  const ask = asker(sandbox.endpoint, region);
  const clients = clientsOf(sandbox.endpoint);
  try {
    const vpc = await ask('ec2', 'CreateVpc', { CidrBlock: '10.60.0.0/16' }, 'vpcId');
    const subnet = await ask(
      'ec2',
      'CreateSubnet',
      { VpcId: vpc, CidrBlock: '10.60.1.0/24', AvailabilityZone: `${region}a` },
      'subnetId',
    );
    const other = await ask(
      'ec2',
      'CreateSubnet',
      { VpcId: vpc, CidrBlock: '10.60.2.0/24', AvailabilityZone: `${region}b` },
      'subnetId',
    );
    await ask('rds', 'CreateDBSubnetGroup', {
      DBSubnetGroupName: 'private',
      DBSubnetGroupDescription: 'private',
      'SubnetIds.SubnetIdentifier.1': subnet,
      'SubnetIds.SubnetIdentifier.2': other,
    });
    const image = (name: string): Promise<string> =>
      ask(
        'ec2',
        'RegisterImage',
        {
          Name: name,
          RootDeviceName: '/dev/xvda',
          'BlockDeviceMapping.1.DeviceName': '/dev/xvda',
          'BlockDeviceMapping.1.Ebs.VolumeSize': '8',
          'BlockDeviceMapping.1.Ebs.VolumeType': 'gp3',
        },
        'imageId',
      );
    const [first, second] = [await image('base'), await image('newer')];
    const groups = await growGroups(clients, dice, vpc);
    const instances: string[] = [];
    for (let index = dice.between(1, 3); index > 0; index -= 1)
      instances.push(await growInstance(clients, dice, { name: `web-${index}`, image: first, subnet, groups }));
    for (let index = dice.between(0, 2); index > 0; index -= 1) {
      const kind = dice.pick([
        { VolumeType: 'gp3' as const },
        { VolumeType: 'gp2' as const },
        { VolumeType: 'io1' as const, Iops: 200 },
      ]);
      await clients.ec2.send(
        new CreateVolumeCommand({
          AvailabilityZone: `${region}a`,
          Size: dice.between(8, 12),
          ...kind,
          ...specification('volume', tagsOf(dice, `free-${index}`)),
        }),
      );
    }
    return {
      vpc,
      subnet,
      image: first,
      otherImage: second,
      groups,
      instances,
      databases: await growDatabases(clients, dice, groups),
      buckets: await growBuckets(clients, dice),
    };
  } finally {
    for (const client of Object.values(clients)) client.destroy();
  }
}

const ranges = ['10.0.0.0/8', '192.168.7.0/24', '0.0.0.0/0'] as const;

async function growGroups({ ec2 }: Clients, dice: Dice, vpc: string): Promise<readonly string[]> {
  const groups: string[] = [];
  for (let index = dice.between(3, 5); index > 0; index -= 1) {
    const { GroupId = '' } = await ec2.send(
      new CreateSecurityGroupCommand({
        GroupName: `group ${index}`,
        Description: dice.pick(['old', 'Managed by hand', 'x']),
        VpcId: vpc,
        ...specification('security-group', tagsOf(dice, `group-${index}`)),
      }),
    );
    groups.push(GroupId);
    if (dice.chance(0.2))
      await ec2.send(
        new RevokeSecurityGroupEgressCommand({
          GroupId,
          IpPermissions: [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
        }),
      );
  }
  for (const [index, GroupId] of groups.entries()) {
    const port = (number: number): Pick<IpPermission, 'IpProtocol' | 'FromPort' | 'ToPort'> => ({
      IpProtocol: 'tcp',
      FromPort: number,
      ToPort: number,
    });
    const described = (): { readonly Description?: string } =>
      dice.chance(0.5) ? { Description: dice.pick(['office', 'the old VPN, (of 2019)']) } : {};
    const rules: IpPermission[] = dice
      .some([22, 80, 443], dice.between(0, 3))
      .map((number) => ({ ...port(number), IpRanges: [{ CidrIp: dice.pick(ranges), ...described() }] }));
    // Every group names the next one now and then, and two may name each other.
    for (const peer of dice.some(groups, dice.between(0, 2)))
      rules.push({ ...port(5432 + index), UserIdGroupPairs: [{ GroupId: peer, ...described() }] });
    if (rules.length > 0) await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: rules }));
  }
  return groups;
}

interface Placing {
  readonly name: string;
  readonly image: string;
  readonly subnet: string;
  readonly groups: readonly string[];
}

async function growInstance({ ec2 }: Clients, dice: Dice, { name, image, subnet, groups }: Placing): Promise<string> {
  const { Instances = [] } = await ec2.send(
    new RunInstancesCommand({
      ImageId: image,
      InstanceType: dice.pick(['t3.micro', 't3.small']),
      MinCount: 1,
      MaxCount: 1,
      SubnetId: subnet,
      SecurityGroupIds: [...dice.some(groups, dice.between(1, 2))],
      ...specification('instance', tagsOf(dice, name)),
      ...(dice.chance(0.3) ? { UserData: Buffer.from('#!/bin/sh\necho grown\n').toString('base64') } : {}),
    }),
  );
  const instance = Instances[0]?.InstanceId ?? '';
  const isState = async (state: string): Promise<boolean> =>
    (await ec2.send(new DescribeInstancesCommand({ InstanceIds: [instance] }))).Reservations?.[0]?.Instances?.[0]?.State
      ?.Name === state;
  await settled(instance, () => isState('running'));
  for (const Device of dice.some(['/dev/sdf', '/dev/sdg'], dice.between(0, 2))) {
    const { VolumeId = '' } = await ec2.send(
      new CreateVolumeCommand({
        AvailabilityZone: `${region}a`,
        Size: dice.between(7, 12),
        VolumeType: dice.pick(['gp3', 'gp2']),
        ...specification('volume', tagsOf(dice, `${name} data`)),
      }),
    );
    const isVolume = async (
      test: (volume: { readonly State?: string | undefined; readonly attached: string | undefined }) => boolean,
    ): Promise<boolean> => {
      const volume = (await ec2.send(new DescribeVolumesCommand({ VolumeIds: [VolumeId] }))).Volumes?.[0];
      return test({ State: volume?.State, attached: volume?.Attachments?.[0]?.State });
    };
    await settled(VolumeId, () => isVolume(({ State }) => State === 'available'));
    await ec2.send(new AttachVolumeCommand({ InstanceId: instance, VolumeId, Device }));
    await settled(VolumeId, () => isVolume(({ attached }) => attached === 'attached'));
    if (dice.chance(0.4))
      await ec2.send(
        new ModifyInstanceAttributeCommand({
          InstanceId: instance,
          BlockDeviceMappings: [{ DeviceName: Device, Ebs: { DeleteOnTermination: true } }],
        }),
      );
  }
  if (dice.chance(0.4)) {
    const { NetworkInterface } = await ec2.send(
      new CreateNetworkInterfaceCommand({
        SubnetId: subnet,
        Description: dice.pick(['second', '']),
        Groups: [...dice.some(groups, 1)],
        ...specification('network-interface', tagsOf(dice, `${name} card`)),
      }),
    );
    await ec2.send(
      new AttachNetworkInterfaceCommand({
        InstanceId: instance,
        NetworkInterfaceId: NetworkInterface?.NetworkInterfaceId ?? '',
        DeviceIndex: 1,
      }),
    );
  } else if (dice.chance(0.3)) {
    const { AllocationId } = await ec2.send(new AllocateAddressCommand({ Domain: 'vpc' }));
    await ec2.send(new AssociateAddressCommand({ AllocationId, InstanceId: instance }));
  }
  if (dice.chance(0.2))
    await ec2.send(
      new ModifyInstanceAttributeCommand({ InstanceId: instance, DisableApiTermination: { Value: true } }),
    );
  if (dice.chance(0.2)) {
    await ec2.send(new StopInstancesCommand({ InstanceIds: [instance] }));
    await settled(instance, () => isState('stopped'));
  }
  return instance;
}

async function growDatabases({ rds }: Clients, dice: Dice, groups: readonly string[]): Promise<readonly string[]> {
  const names: string[] = [];
  const isAvailable = (name: string) => async (): Promise<boolean> =>
    (await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: name }))).DBInstances?.[0]
      ?.DBInstanceStatus === 'available';
  for (let index = dice.between(0, 2); index > 0; index -= 1) {
    const name = `courses-${index}`;
    await rds.send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier: name,
        DBInstanceClass: 'db.m6g.large',
        Engine: 'postgres',
        EngineVersion: '15.4',
        AllocatedStorage: 20,
        StorageType: 'gp3',
        MasterUsername: 'root1',
        MasterUserPassword: 'correct-horse-battery',
        DBSubnetGroupName: 'private',
        VpcSecurityGroupIds: [...dice.some(groups, dice.between(1, 2))],
        BackupRetentionPeriod: dice.pick([7, 14]),
        PreferredBackupWindow: '02:00-02:30',
        PreferredMaintenanceWindow: 'sun:04:00-sun:04:30',
        MonitoringInterval: 0,
        DeletionProtection: dice.chance(0.4),
        ...(dice.chance(0.6) ? { Tags: [{ Key: 'team', Value: 'courses' }] } : {}),
      }),
    );
    await settled(name, isAvailable(name));
    names.push(name);
    if (!dice.chance(0.2)) continue;
    await rds.send(
      new CreateDBInstanceReadReplicaCommand({
        DBInstanceIdentifier: `${name}-replica`,
        SourceDBInstanceIdentifier: name,
      }),
    );
    await settled(`${name}-replica`, isAvailable(`${name}-replica`));
    names.push(`${name}-replica`);
  }
  return names;
}

async function growBuckets({ s3 }: Clients, dice: Dice): Promise<readonly string[]> {
  const names: string[] = [];
  for (let index = dice.between(1, 2); index > 0; index -= 1) {
    const Bucket = `grown-${index}.pages`;
    await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: region } }));
    names.push(Bucket);
    const versioned = dice.chance(0.6);
    if (versioned)
      await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
    if (dice.chance(0.5))
      await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [{ Key: 'team', Value: 'shop' }] } }));
    for (const Key of dice.some(['index.html', 'a b/ä+1.txt', 'deep/er/page'], dice.between(0, 3))) {
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: `first of ${Key}`, Metadata: { by: 'hand' } }));
      if (dice.chance(0.5)) await s3.send(new PutObjectCommand({ Bucket, Key, Body: `second of ${Key}` }));
      if (versioned && dice.chance(0.3)) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    }
    if (dice.chance(0.4))
      await s3.send(
        new PutBucketLifecycleConfigurationCommand({
          Bucket,
          LifecycleConfiguration: {
            Rules: [{ ID: 'old', Status: 'Enabled', Filter: { Prefix: 'tmp/' }, Expiration: { Days: 400 } }],
          },
        }),
      );
    if (dice.chance(0.4)) {
      const statement = {
        Sid: 'Tls',
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: `arn:aws:s3:::${Bucket}/*`,
        Condition: { Bool: { 'aws:SecureTransport': 'never' } },
      };
      await s3.send(
        new PutBucketPolicyCommand({
          Bucket,
          Policy: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }),
        }),
      );
    }
  }
  if (dice.chance(0.5)) {
    const Bucket = 'audit-archive-of-everybody';
    await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: region } }));
    await s3.send(
      new PutBucketPolicyCommand({
        Bucket,
        Policy: JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Deny',
              Principal: '*',
              Action: ['s3:Get*', 's3:List*', 's3:Put*', 's3:Delete*'],
              Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`],
            },
          ],
        }),
      }),
    );
  }
  return names;
}
