import {
  AttachVolumeCommand,
  CreateVolumeCommand,
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  RunInstancesCommand,
  type CreateVolumeCommandInput,
  type RunInstancesCommandInput,
} from '@aws-sdk/client-ec2';
import { fill, type Fixture, type FixtureInstance } from './fixture.ts';
import { ageOf, named, tagList, until, type SeedContext } from './context.ts';

/** Launches the instances, and makes and attaches their data volumes. */
export async function seedInstances(context: SeedContext, { instances = {} }: Fixture): Promise<void> {
  await Promise.all(Object.entries(instances).map(([name, instance]) => seedInstance(context, name, instance)));
}

async function seedInstance(context: SeedContext, name: string, instance: FixtureInstance): Promise<void> {
  const { ec2, names } = context;
  const { age, tags, groups = [], blockDevices = [], volumes = {}, userData, ImageId, SubnetId, ...input } = instance;
  const { Instances = [] } = await ec2.send(
    new RunInstancesCommand({
      ...(input as Partial<RunInstancesCommandInput>),
      MinCount: 1,
      MaxCount: 1,
      ImageId: fill(ImageId, names),
      SubnetId: fill(SubnetId, names),
      SecurityGroupIds: groups.map((group) => named(context, group)),
      BlockDeviceMappings: blockDevices.map(({ DeviceName, ...Ebs }) => ({ DeviceName, Ebs })),
      TagSpecifications: [{ ResourceType: 'instance', Tags: tagList(tags) }],
      ...(userData === undefined ? {} : { UserData: Buffer.from(userData).toString('base64') }),
    }),
  );
  const InstanceId = (names[name] = Instances[0]?.InstanceId ?? '');
  const read = async () =>
    (await ec2.send(new DescribeInstancesCommand({ InstanceIds: [InstanceId] }))).Reservations?.[0]?.Instances?.[0];
  await until(`instance ${InstanceId}`, async () => (await read())?.State?.Name === 'running');
  const launched = await read();
  ageOf(context, InstanceId, age);
  for (const mapping of launched?.BlockDeviceMappings ?? []) ageOf(context, mapping.Ebs?.VolumeId ?? '', age);
  for (const [volumeName, { Device, age: made, tags: labels, ...volume }] of Object.entries(volumes)) {
    const { VolumeId = '' } = await ec2.send(
      new CreateVolumeCommand({
        ...(volume as unknown as Partial<CreateVolumeCommandInput>),
        AvailabilityZone: launched?.Placement?.AvailabilityZone,
        TagSpecifications: [{ ResourceType: 'volume', Tags: tagList(labels) }],
      }),
    );
    await until(
      `volume ${VolumeId}`,
      async () =>
        (await ec2.send(new DescribeVolumesCommand({ VolumeIds: [VolumeId] }))).Volumes?.[0]?.State === 'available',
    );
    await ec2.send(new AttachVolumeCommand({ VolumeId, InstanceId, Device }));
    names[volumeName] = VolumeId;
    ageOf(context, VolumeId, made ?? age);
  }
}
