import {
  CreateSecurityGroupCommand,
  CreateVolumeCommand,
  CreateVpcCommand,
  CreateSubnetCommand,
  RegisterImageCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { CreateDBInstanceCommand } from '@aws-sdk/client-rds';
import { CreateBucketCommand, type BucketLocationConstraint } from '@aws-sdk/client-s3';
import { fleetPlan } from './fleet-plan.ts';
import { closeSeed, openSeed, tagList, type SeedContext } from './seed/context.ts';

/** Identities by CloudFormation type, in the order of making. */
export type Fleet = Readonly<Record<string, readonly string[]>>;

/** Instances of one launch share a reservation, and the emulator pages by reservation. */
const LAUNCH = 25;

/** Makes `count` resources for benchmarks, in an emulator on this machine. */
export async function seedFleet(endpoint: string, count: number, region = 'eu-west-1'): Promise<Fleet> {
  const context = await openSeed(endpoint, region);
  try {
    return await make(context, fleetPlan(count));
  } finally {
    closeSeed(context);
  }
}

const times = async (count: number, one: (index: number) => Promise<string>): Promise<readonly string[]> => {
  const made: string[] = [];
  for (let index = 0; index < count; index += 1) made.push(await one(index));
  return made;
};

async function make({ ec2, rds, s3, region }: SeedContext, plan: ReturnType<typeof fleetPlan>): Promise<Fleet> {
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.64.0.0/16' }));
  const { Subnet } = await ec2.send(
    new CreateSubnetCommand({ VpcId: Vpc?.VpcId, CidrBlock: '10.64.0.0/17', AvailabilityZone: `${region}a` }),
  );
  const tags = (kind: string, index: number) =>
    tagList({ Name: `fleet-${kind}-${index}`, env: index % 5 === 0 ? 'prod' : 'dev', team: `team-${index % 7}` });
  const groups = await times(plan['AWS::EC2::SecurityGroup'], async (index) => {
    const { GroupId = '' } = await ec2.send(
      new CreateSecurityGroupCommand({
        GroupName: `fleet-${index}`,
        Description: `fleet ${index}`,
        VpcId: Vpc?.VpcId,
        TagSpecifications: [{ ResourceType: 'security-group', Tags: tags('group', index) }],
      }),
    );
    return GroupId;
  });
  const { ImageId } = await ec2.send(
    new RegisterImageCommand({
      Name: 'fleet',
      RootDeviceName: '/dev/xvda',
      BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 8 } }],
    }),
  );
  const instances: string[] = [];
  while (instances.length < plan['AWS::EC2::Instance']) {
    const MaxCount = Math.min(LAUNCH, plan['AWS::EC2::Instance'] - instances.length);
    const group = groups[instances.length % Math.max(1, groups.length)];
    const { Instances = [] } = await ec2.send(
      new RunInstancesCommand({
        ImageId,
        InstanceType: 't3.micro',
        MinCount: MaxCount,
        MaxCount,
        SubnetId: Subnet?.SubnetId,
        ...(group === undefined ? {} : { SecurityGroupIds: [group] }),
        TagSpecifications: [{ ResourceType: 'instance', Tags: tags('instance', instances.length) }],
      }),
    );
    instances.push(...Instances.map(({ InstanceId = '' }) => InstanceId));
  }
  const volumes = await times(plan['AWS::EC2::Volume'], async (index) => {
    const { VolumeId = '' } = await ec2.send(
      new CreateVolumeCommand({
        AvailabilityZone: `${region}a`,
        Size: 8 + (index % 64),
        VolumeType: 'gp3',
        TagSpecifications: [{ ResourceType: 'volume', Tags: tags('volume', index) }],
      }),
    );
    return VolumeId;
  });
  const databases = await times(plan['AWS::RDS::DBInstance'], async (index) => {
    const DBInstanceIdentifier = `fleet-${index}`;
    await rds.send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier,
        DBInstanceClass: 'db.t4g.micro',
        Engine: 'postgres',
        EngineVersion: '15.4',
        AllocatedStorage: 20,
        StorageType: 'gp3',
        MasterUsername: 'fleet',
        MasterUserPassword: `unused-${index}`,
        BackupRetentionPeriod: 0,
        Tags: tags('database', index),
      }),
    );
    return DBInstanceIdentifier;
  });
  const buckets = await times(plan['AWS::S3::Bucket'], async (index) => {
    const Bucket = `fleet-${region}-${index}`;
    await s3.send(
      new CreateBucketCommand({
        Bucket,
        ...(region === 'us-east-1'
          ? {}
          : { CreateBucketConfiguration: { LocationConstraint: region as BucketLocationConstraint } }),
      }),
    );
    return Bucket;
  });
  return {
    'AWS::EC2::SecurityGroup': groups,
    'AWS::EC2::Instance': instances,
    'AWS::EC2::Volume': volumes,
    'AWS::RDS::DBInstance': databases,
    'AWS::S3::Bucket': buckets,
  };
}
