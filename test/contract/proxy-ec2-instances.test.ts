import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  AttachVolumeCommand,
  CreateImageCommand,
  CreateVolumeCommand,
  DeregisterImageCommand,
  DescribeImagesCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstanceCreditSpecificationsCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSnapshotsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DeleteSnapshotCommand,
  ModifyInstanceAttributeCommand,
  MonitorInstancesCommand,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
  CreateSecurityGroupCommand,
  ModifyNetworkInterfaceAttributeCommand,
  type RunInstancesCommandInput,
  type EC2Client,
} from '@aws-sdk/client-ec2';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { clientsOf, follow, plainImage, refusalCode, startTestSandbox } from '../helpers/sandbox.ts';

const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('the proxy makes EC2 instances behave as on AWS', () => {
  let sandbox: Sandbox;
  let ec2: EC2Client;
  let subnet = '';
  let zone = '';
  let plain = '';
  beforeAll(async () => {
    sandbox = await startTestSandbox();
    ({ ec2 } = clientsOf(sandbox.endpoint));
  }, 90_000);
  beforeEach(async () => {
    await sandbox.reset();
    const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
    subnet = Subnets[0]?.SubnetId ?? '';
    zone = Subnets[0]?.AvailabilityZone ?? '';
    plain = await plainImage(ec2);
  });
  afterAll(async () => {
    await sandbox.stop();
  });

  const run = async (input: Partial<RunInstancesCommandInput> = {}): Promise<string> => {
    const { Instances = [] } = await ec2.send(
      new RunInstancesCommand({
        ImageId: plain,
        MinCount: 1,
        MaxCount: 1,
        InstanceType: 't3.micro',
        SubnetId: subnet,
        ...input,
      }),
    );
    return Instances[0]?.InstanceId ?? '';
  };
  const read = async (id: string) => {
    const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
    return Reservations[0]?.Instances?.[0];
  };
  const state = async (id: string): Promise<string> => (await read(id))?.State?.Name ?? 'absent';
  const volumesOf = async (id: string) =>
    (await ec2.send(new DescribeVolumesCommand({ Filters: [{ Name: 'attachment.instance-id', Values: [id] }] })))
      .Volumes ?? [];

  it('shows the states in between, and refuses what they do not allow', async () => {
    const id = await run();
    expect(await refusalCode(ec2.send(new StopInstancesCommand({ InstanceIds: [id] })))).toBe('IncorrectInstanceState');
    expect(await follow(() => state(id), 'running')).toEqual(['pending', 'running']);
    await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
    expect(await refusalCode(ec2.send(new StartInstancesCommand({ InstanceIds: [id] })))).toBe(
      'IncorrectInstanceState',
    );
    expect(await follow(() => state(id), 'stopped')).toEqual(['stopping', 'stopped']);
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    expect(await follow(() => state(id), 'terminated')).toEqual(['shutting-down', 'terminated']);
    expect(await refusalCode(ec2.send(new StartInstancesCommand({ InstanceIds: [id] })))).toBe(
      'IncorrectInstanceState',
    );
  });

  it('lets filters by state see the state that is shown', async () => {
    const id = await run();
    const filtered = async (name: string) =>
      (await ec2.send(new DescribeInstancesCommand({ Filters: [{ Name: 'instance-state-name', Values: [name] }] })))
        .Reservations?.length;
    expect(await filtered('pending')).toBe(1);
    await follow(() => state(id), 'running');
    expect(await filtered('pending')).toBe(0);
    expect(await filtered('running')).toBe(1);
  });

  it('makes one instance of one client token', async () => {
    const ids = await Promise.all([run({ ClientToken: 'once' }), run({ ClientToken: 'once' })]);
    expect(ids[0]).toBe(ids[1]);
    expect(await refusalCode(run({ ClientToken: 'once', InstanceType: 't3.large' }))).toBe(
      'IdempotentParameterMismatch',
    );
    expect(await run({ ClientToken: 'twice' })).not.toBe(ids[0]);
    const { Reservations = [] } = await ec2.send(
      new DescribeInstancesCommand({ Filters: [{ Name: 'client-token', Values: ['once'] }] }),
    );
    expect(Reservations.flatMap(({ Instances = [] }) => Instances.map(({ InstanceId }) => InstanceId))).toEqual([
      ids[0],
    ]);
  });

  it('frees the token of a refused request', async () => {
    expect(await refusalCode(run({ ClientToken: 'again', SubnetId: 'subnet-00000000' }))).not.toBe('none');
    expect(await run({ ClientToken: 'again' })).toMatch(/^i-/u);
  });

  it('honours termination protection given at launch', async () => {
    const id = await run({ DisableApiTermination: true });
    expect(await refusalCode(ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] })))).toBe(
      'OperationNotPermitted',
    );
  });

  it('gives volumes as requested, with DeleteOnTermination as requested and modified', async () => {
    const id = await run({
      BlockDeviceMappings: [
        { DeviceName: '/dev/sda1', Ebs: { VolumeSize: 20, VolumeType: 'gp3', Iops: 4000, Throughput: 250 } },
        {
          DeviceName: '/dev/sdf',
          Ebs: { VolumeSize: 50, VolumeType: 'io2', Iops: 1000, DeleteOnTermination: false, Encrypted: true },
        },
      ],
    });
    const [root, data] = (await volumesOf(id)).sort((a, b) => (a.Size ?? 0) - (b.Size ?? 0));
    expect(root).toMatchObject({
      Size: 20,
      VolumeType: 'gp3',
      Iops: 4000,
      Throughput: 250,
      Encrypted: false,
      Attachments: [{ DeleteOnTermination: true }],
    });
    expect(data).toMatchObject({
      Size: 50,
      VolumeType: 'io2',
      Iops: 1000,
      Encrypted: true,
      Attachments: [{ DeleteOnTermination: false }],
    });
    const flags = async () =>
      Object.fromEntries(
        (await read(id))?.BlockDeviceMappings?.map((item) => [item.DeviceName, item.Ebs?.DeleteOnTermination]) ?? [],
      );
    expect(await flags()).toEqual({ '/dev/sda1': true, '/dev/sdf': false });
    await ec2.send(
      new ModifyInstanceAttributeCommand({
        InstanceId: id,
        BlockDeviceMappings: [{ DeviceName: '/dev/sda1', Ebs: { DeleteOnTermination: false } }],
      }),
    );
    expect(await flags()).toEqual({ '/dev/sda1': false, '/dev/sdf': false });
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    const { Volumes = [] } = await ec2.send(new DescribeVolumesCommand({}));
    expect(Volumes.map(({ State }) => State)).toEqual(['available', 'available']);
  });

  it('takes the volumes, the interface and the address of a terminated instance away', async () => {
    const address = '172.31.0.77';
    const id = await run({ PrivateIpAddress: address });
    expect(await read(id)).toMatchObject({ PrivateIpAddress: address, SubnetId: subnet });
    expect(await refusalCode(run({ PrivateIpAddress: address }))).toBe('InvalidIPAddress.InUse');
    await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
    await follow(() => state(id), 'terminated');
    expect((await ec2.send(new DescribeNetworkInterfacesCommand({}))).NetworkInterfaces).toEqual([]);
    expect((await ec2.send(new DescribeVolumesCommand({}))).Volumes).toEqual([]);
    expect((await read(id))?.NetworkInterfaces ?? []).toEqual([]);
    expect(await read(await run({ PrivateIpAddress: address }))).toMatchObject({ PrivateIpAddress: address });
  });

  it('changes type and user data of a stopped instance only, and reads user data back as it was', async () => {
    const id = await run({ UserData: Buffer.from('first').toString('base64') });
    await follow(() => state(id), 'running');
    const type = () =>
      ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: id, InstanceType: { Value: 't3.large' } }));
    const data = () =>
      ec2.send(
        new ModifyInstanceAttributeCommand({ InstanceId: id, UserData: { Value: Buffer.from('#!/bin/sh\necho ä\n') } }),
      );
    expect(await refusalCode(type())).toBe('IncorrectInstanceState');
    expect(await refusalCode(data())).toBe('IncorrectInstanceState');
    await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
    expect(await refusalCode(type())).toBe('IncorrectInstanceState');
    await follow(() => state(id), 'stopped');
    await type();
    await data();
    const { UserData } = await ec2.send(
      new DescribeInstanceAttributeCommand({ InstanceId: id, Attribute: 'userData' }),
    );
    expect(Buffer.from(UserData?.Value ?? '', 'base64').toString('utf8')).toBe('#!/bin/sh\necho ä\n');
    expect((await read(id))?.InstanceType).toBe('t3.large');
  });

  it('keeps the groups when the shutdown behaviour changes, and changes them on the interface too', async () => {
    const group = async (name: string) =>
      (
        await ec2.send(
          new CreateSecurityGroupCommand({ GroupName: name, Description: name, VpcId: (await read(id))?.VpcId }),
        )
      ).GroupId ?? '';
    const id = await run();
    const [first, second] = [await group('first'), await group('second')];
    await ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: id, Groups: [first] }));
    await ec2.send(
      new ModifyInstanceAttributeCommand({ InstanceId: id, InstanceInitiatedShutdownBehavior: { Value: 'terminate' } }),
    );
    const groups = async () =>
      [
        (await read(id))?.SecurityGroups,
        (await ec2.send(new DescribeNetworkInterfacesCommand({}))).NetworkInterfaces?.[0]?.Groups,
      ].map((list) => list?.map(({ GroupId }) => GroupId));
    expect(await groups()).toEqual([[first], [first]]);
    const behaviour = await ec2.send(
      new DescribeInstanceAttributeCommand({ InstanceId: id, Attribute: 'instanceInitiatedShutdownBehavior' }),
    );
    expect(behaviour.InstanceInitiatedShutdownBehavior?.Value).toBe('terminate');
    const NetworkInterfaceId = (await read(id))?.NetworkInterfaces?.[0]?.NetworkInterfaceId;
    await ec2.send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId, Groups: [second] }));
    expect(await groups()).toEqual([[second], [second]]);
  });

  it('captures every volume in an image, and launches them from it', async () => {
    const id = await run({
      BlockDeviceMappings: [
        { DeviceName: '/dev/sda1', Ebs: { VolumeSize: 20, VolumeType: 'gp3' } },
        {
          DeviceName: '/dev/sdf',
          Ebs: { VolumeSize: 50, VolumeType: 'gp3', Encrypted: true, DeleteOnTermination: false },
        },
      ],
    });
    await follow(() => state(id), 'running');
    const tags = [{ Key: 'aiplan:op', Value: 'x' }];
    const image = (name: string) =>
      ec2.send(
        new CreateImageCommand({
          InstanceId: id,
          Name: name,
          NoReboot: true,
          TagSpecifications: [
            { ResourceType: 'image', Tags: tags },
            { ResourceType: 'snapshot', Tags: tags },
          ],
        }),
      );
    const ImageId = (await image('backup')).ImageId ?? '';
    expect(await refusalCode(image('backup'))).toBe('InvalidAMIName.Duplicate');
    expect(await refusalCode(run({ ImageId }))).toBe('InvalidAMIID.Unavailable');
    const described = async () => (await ec2.send(new DescribeImagesCommand({ ImageIds: [ImageId] }))).Images?.[0];
    expect(await follow(async () => (await described())?.State, 'available')).toEqual(['pending', 'available']);
    const devices = (await described())?.BlockDeviceMappings ?? [];
    expect(
      devices.map(({ DeviceName, Ebs }) => [DeviceName, Ebs?.VolumeSize, Ebs?.Encrypted, Ebs?.DeleteOnTermination]),
    ).toEqual([
      ['/dev/sda1', 20, false, true],
      ['/dev/sdf', 50, true, false],
    ]);
    const { Snapshots = [] } = await ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'] }));
    expect(Snapshots.map(({ SnapshotId }) => SnapshotId).sort()).toEqual(
      devices.map(({ Ebs }) => Ebs?.SnapshotId).sort(),
    );
    expect(Snapshots.map((item) => item.Tags)).toEqual([tags, tags]);
    expect(await refusalCode(ec2.send(new DeleteSnapshotCommand({ SnapshotId: devices[0]?.Ebs?.SnapshotId })))).toBe(
      'InvalidSnapshot.InUse',
    );

    const again = await run({
      ImageId,
      BlockDeviceMappings: [{ DeviceName: '/dev/sdf', Ebs: { VolumeType: 'gp3', Iops: 5000 } }],
    });
    const sizes = (await volumesOf(again))
      .map(({ Size, Encrypted, Iops, SnapshotId }) => [Size, Encrypted, Iops, SnapshotId])
      .sort();
    expect(sizes).toEqual([
      [20, false, 3000, devices[0]?.Ebs?.SnapshotId],
      [50, true, 5000, devices[1]?.Ebs?.SnapshotId],
    ]);
    await ec2.send(new DeregisterImageCommand({ ImageId }));
    expect(await refusalCode(run({ ImageId }))).toBe('InvalidAMIID.NotFound');
    expect(await refusalCode(ec2.send(new DeleteSnapshotCommand({ SnapshotId: devices[0]?.Ebs?.SnapshotId })))).toBe(
      'none',
    );
  });

  it('refuses attachments that cannot be', async () => {
    const id = await run();
    await follow(() => state(id), 'running');
    const { VolumeId = '' } = await ec2.send(
      new CreateVolumeCommand({ AvailabilityZone: zone, Size: 5, VolumeType: 'gp3' }),
    );
    const attach = (Device: string, volume = VolumeId) =>
      ec2.send(new AttachVolumeCommand({ InstanceId: id, VolumeId: volume, Device }));
    expect(await refusalCode(attach('/dev/sdf'))).toBe('IncorrectState');
    await follow(
      async () => (await ec2.send(new DescribeVolumesCommand({ VolumeIds: [VolumeId] }))).Volumes?.[0]?.State,
      'available',
    );
    expect(await refusalCode(attach('/dev/sda1'))).toBe('InvalidParameterValue');
    await attach('/dev/sdf');
    expect(await refusalCode(attach('/dev/sdg'))).toBe('VolumeInUse');
    const elsewhere =
      (
        await ec2.send(
          new CreateVolumeCommand({ AvailabilityZone: zone === 'eu-west-1a' ? 'eu-west-1b' : 'eu-west-1a', Size: 5 }),
        )
      ).VolumeId ?? '';
    await follow(
      async () => (await ec2.send(new DescribeVolumesCommand({ VolumeIds: [elsewhere] }))).Volumes?.[0]?.State,
      'available',
    );
    expect(await refusalCode(attach('/dev/sdh', elsewhere))).toBe('InvalidVolume.ZoneMismatch');
  });

  it('remembers monitoring and credits, which the emulator does not know', async () => {
    const id = await run({ CreditSpecification: { CpuCredits: 'standard' } });
    await ec2.send(new MonitorInstancesCommand({ InstanceIds: [id] }));
    expect((await read(id))?.Monitoring?.State).toBe('enabled');
    const { InstanceCreditSpecifications } = await ec2.send(
      new DescribeInstanceCreditSpecificationsCommand({ InstanceIds: [id] }),
    );
    expect(InstanceCreditSpecifications).toEqual([{ InstanceId: id, CpuCredits: 'standard' }]);
  });
});
