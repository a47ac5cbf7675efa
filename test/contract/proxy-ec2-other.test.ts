import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  AuthorizeSecurityGroupIngressCommand,
  CopySnapshotCommand,
  CreateSecurityGroupCommand,
  CreateSnapshotCommand,
  CreateSnapshotsCommand,
  CreateVolumeCommand,
  CreateVpcCommand,
  DeleteSecurityGroupCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSnapshotsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DescribeVolumesModificationsCommand,
  DescribeVpcsCommand,
  EnableFastSnapshotRestoresCommand,
  ModifyVolumeCommand,
  RevokeSecurityGroupIngressCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
  UpdateSecurityGroupRuleDescriptionsIngressCommand,
  type EC2Client,
  type IpPermission,
} from '@aws-sdk/client-ec2';
import { CreateDBInstanceCommand, type RDSClient } from '@aws-sdk/client-rds';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { clientsOf, follow, plainImage, refusalCode, startTestSandbox } from '../helpers/sandbox.ts';

const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('the proxy makes volumes, snapshots and groups behave as on AWS', () => {
  let sandbox: Sandbox;
  let ec2: EC2Client;
  let rds: RDSClient;
  beforeAll(async () => {
    sandbox = await startTestSandbox();
    ({ ec2, rds } = clientsOf(sandbox.endpoint));
  }, 90_000);
  beforeEach(async () => {
    await sandbox.reset();
  });
  afterAll(async () => {
    await sandbox.stop();
  });

  const volume = async (input: object = {}): Promise<string> => {
    const { VolumeId = '' } = await ec2.send(
      new CreateVolumeCommand({ AvailabilityZone: 'eu-west-1a', Size: 10, VolumeType: 'gp3', ...input }),
    );
    return VolumeId;
  };
  const readVolume = async (id: string) =>
    (await ec2.send(new DescribeVolumesCommand({ VolumeIds: [id] }))).Volumes?.[0];
  const readSnapshot = async (id: string) =>
    (await ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [id] }))).Snapshots?.[0];
  const key = 'arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-4333-8444-555555555555';

  it('freezes size, encryption and key of a snapshot, and hands them on', async () => {
    const id = await volume({ Encrypted: true, KmsKeyId: key });
    const { SnapshotId = '', State } = await ec2.send(new CreateSnapshotCommand({ VolumeId: id }));
    expect(State).toBe('pending');
    expect(await refusalCode(volume({ SnapshotId, Size: undefined }))).toBe('IncorrectState');
    expect(await follow(async () => (await readSnapshot(SnapshotId))?.State, 'completed')).toEqual([
      'pending',
      'completed',
    ]);
    await ec2.send(new ModifyVolumeCommand({ VolumeId: id, Size: 40 }));
    expect(await readSnapshot(SnapshotId)).toMatchObject({
      VolumeSize: 10,
      Encrypted: true,
      KmsKeyId: key,
      Progress: '100%',
    });
    expect(await refusalCode(volume({ SnapshotId, Size: 5 }))).toBe('InvalidParameterValue');
    const restored = await volume({ SnapshotId, Size: undefined });
    expect(await readVolume(restored)).toMatchObject({ Size: 10, Encrypted: true, KmsKeyId: key });
    const copy = await ec2.send(new CopySnapshotCommand({ SourceSnapshotId: SnapshotId, SourceRegion: 'eu-west-1' }));
    expect(await readSnapshot(copy.SnapshotId ?? '')).toMatchObject({ VolumeSize: 10, Encrypted: true, KmsKeyId: key });
  });

  it('shows how far a snapshot is, and filters by the state that is shown', async () => {
    const { SnapshotId = '' } = await ec2.send(new CreateSnapshotCommand({ VolumeId: await volume() }));
    const pending = await ec2.send(
      new DescribeSnapshotsCommand({ Filters: [{ Name: 'status', Values: ['pending'] }] }),
    );
    expect(pending.Snapshots?.map((item) => [item.SnapshotId, item.Progress])).toEqual([[SnapshotId, '33%']]);
    await follow(async () => (await readSnapshot(SnapshotId))?.State, 'completed');
    expect(
      (await ec2.send(new DescribeSnapshotsCommand({ Filters: [{ Name: 'status', Values: ['pending'] }] }))).Snapshots,
    ).toEqual([]);
  });

  it("answers a set of snapshots with states and the volumes' tags", async () => {
    const { Instances = [] } = await ec2.send(
      new RunInstancesCommand({
        ImageId: await plainImage(ec2),
        MinCount: 1,
        MaxCount: 1,
        TagSpecifications: [{ ResourceType: 'volume', Tags: [{ Key: 'Name', Value: 'root' }] }],
      }),
    );
    const { Snapshots = [] } = await ec2.send(
      new CreateSnapshotsCommand({
        InstanceSpecification: { InstanceId: Instances[0]?.InstanceId },
        CopyTagsFromSource: 'volume',
      }),
    );
    expect(Snapshots.map(({ State, VolumeSize }) => [State, VolumeSize])).toEqual([['pending', 8]]);
    expect((await readSnapshot(Snapshots[0]?.SnapshotId ?? ''))?.Tags).toEqual([{ Key: 'Name', Value: 'root' }]);
  });

  it('does not shrink a volume, and shows a modification while it lasts', async () => {
    const id = await volume();
    expect(await refusalCode(ec2.send(new ModifyVolumeCommand({ VolumeId: id, Size: 5 })))).toBe(
      'InvalidParameterValue',
    );
    await ec2.send(new ModifyVolumeCommand({ VolumeId: id, Size: 20, Throughput: 300 }));
    expect(await refusalCode(ec2.send(new ModifyVolumeCommand({ VolumeId: id, Size: 30 })))).toBe(
      'IncorrectModificationState',
    );
    const modification = async () =>
      (await ec2.send(new DescribeVolumesModificationsCommand({ VolumeIds: [id] }))).VolumesModifications?.[0]
        ?.ModificationState;
    expect(await follow(modification, 'completed')).toEqual(['modifying', 'optimizing', 'completed']);
    expect(await readVolume(id)).toMatchObject({ Size: 20, Throughput: 300, Iops: 3000 });
  });

  it('makes one volume of one client token', async () => {
    const id = await volume({ ClientToken: 'one' });
    expect(await volume({ ClientToken: 'one' })).toBe(id);
    expect(await refusalCode(volume({ ClientToken: 'one', Size: 11 }))).toBe('IdempotentParameterMismatch');
  });

  it('never executes a dry run', async () => {
    const before = (await ec2.send(new DescribeVpcsCommand({}))).Vpcs?.length;
    expect(await refusalCode(ec2.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16', DryRun: true })))).toBe(
      'DryRunOperation',
    );
    expect((await ec2.send(new DescribeVpcsCommand({}))).Vpcs).toHaveLength(before ?? 0);
  });

  it('says in words what the emulator cannot do', async () => {
    const refusal = ec2.send(
      new EnableFastSnapshotRestoresCommand({
        AvailabilityZones: ['eu-west-1a'],
        SourceSnapshotIds: ['snap-0123456789abcdef0'],
      }),
    );
    expect(await refusalCode(refusal)).toBe('UnsupportedOperation');
  });

  it('describes a rule anew, whatever it is about, and removes a description that is left out', async () => {
    const VpcId = (await ec2.send(new DescribeSubnetsCommand({}))).Subnets?.[0]?.VpcId;
    const { GroupId = '' } = await ec2.send(
      new CreateSecurityGroupCommand({ GroupName: 'told', Description: 'told', VpcId }),
    );
    const rules = (range?: string, group?: string): IpPermission[] => [
      {
        IpProtocol: 'tcp',
        FromPort: 22,
        ToPort: 22,
        IpRanges: [{ CidrIp: '10.0.0.0/8', ...(range === undefined ? {} : { Description: range }) }],
      },
      { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId, ...(group === undefined ? {} : { Description: group }) }] },
    ];
    await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: rules('office') }));
    const told = async () => {
      const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }));
      const { SecurityGroupRules = [] } = await ec2.send(
        new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [GroupId] }] }),
      );
      const parties = SecurityGroups.flatMap(({ IpPermissions = [] }) =>
        IpPermissions.flatMap(({ IpRanges = [], UserIdGroupPairs = [] }) =>
          [...IpRanges, ...UserIdGroupPairs].map(({ Description }) => Description),
        ),
      );
      return [
        parties,
        SecurityGroupRules.filter(({ IsEgress }) => IsEgress === false).map(({ Description }) => Description),
      ];
    };
    const describe = (range?: string, group?: string) =>
      ec2.send(new UpdateSecurityGroupRuleDescriptionsIngressCommand({ GroupId, IpPermissions: rules(range, group) }));
    await describe('the office', 'its own');
    expect(await told()).toEqual([
      ['the office', 'its own'],
      ['the office', 'its own'],
    ]);
    await describe();
    expect(await told()).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
    expect(
      await refusalCode(
        ec2.send(
          new UpdateSecurityGroupRuleDescriptionsIngressCommand({
            GroupId,
            IpPermissions: [{ IpProtocol: 'tcp', FromPort: 23, ToPort: 23, IpRanges: [{ CidrIp: '10.0.0.0/8' }] }],
          }),
        ),
      ),
    ).toBe('InvalidPermission.NotFound');
  });

  describe('DeleteSecurityGroup', () => {
    const group = async (name: string): Promise<string> => {
      const VpcId = (await ec2.send(new DescribeSubnetsCommand({}))).Subnets?.[0]?.VpcId;
      return (
        (await ec2.send(new CreateSecurityGroupCommand({ GroupName: name, Description: name, VpcId }))).GroupId ?? ''
      );
    };
    const remove = (GroupId: string) => refusalCode(ec2.send(new DeleteSecurityGroupCommand({ GroupId })));

    it('refuses the default group', async () => {
      const groups =
        (await ec2.send(new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'group-name', Values: ['default'] }] })))
          .SecurityGroups ?? [];
      expect(await remove(groups[0]?.GroupId ?? '')).toBe('CannotDelete');
    });

    it('refuses a group that another refers to, until it does no more', async () => {
      const [web, database] = [await group('web'), await group('database')];
      const rule = {
        GroupId: database,
        IpPermissions: [{ IpProtocol: 'tcp', FromPort: 5432, ToPort: 5432, UserIdGroupPairs: [{ GroupId: web }] }],
      };
      await ec2.send(new AuthorizeSecurityGroupIngressCommand(rule));
      expect(await remove(web)).toBe('DependencyViolation');
      await ec2.send(new RevokeSecurityGroupIngressCommand(rule));
      expect(await remove(web)).toBe('none');
    });

    it('deletes a group to which only its own rules refer', async () => {
      const own = await group('own');
      await ec2.send(
        new AuthorizeSecurityGroupIngressCommand({
          GroupId: own,
          IpPermissions: [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: own }] }],
        }),
      );
      expect(await remove(own)).toBe('none');
    });

    it('refuses a group of a living instance or database', async () => {
      const [web, database] = [await group('web'), await group('database')];
      const { Instances = [] } = await ec2.send(
        new RunInstancesCommand({ ImageId: await plainImage(ec2), MinCount: 1, MaxCount: 1, SecurityGroupIds: [web] }),
      );
      await rds.send(
        new CreateDBInstanceCommand({
          DBInstanceIdentifier: 'courses',
          DBInstanceClass: 'db.t3.micro',
          Engine: 'postgres',
          AllocatedStorage: 20,
          MasterUsername: 'root1',
          MasterUserPassword: 'not-a-secret',
          VpcSecurityGroupIds: [database],
        }),
      );
      expect(await remove(web)).toBe('DependencyViolation');
      expect(await remove(database)).toBe('DependencyViolation');
      await ec2.send(new TerminateInstancesCommand({ InstanceIds: [Instances[0]?.InstanceId ?? ''] }));
      expect(await remove(web)).toBe('none');
    });
  });
});
