import { describe, expect, it } from '@jest/globals';
import { instance } from '../../providers/ec2/instance/instance.ts';
import { mask, maskSalt } from '../../src/base/digest.ts';
import { denied, described, instanceId, reader, sampleInstance, script } from '../helpers/ec2-samples.ts';

const wanted = { identities: [instanceId], all: false, detailed: new Set([instanceId]) };

describe('reading instances', () => {
  it('gives every property in CloudFormation shape', async () => {
    const live = await sampleInstance();
    expect(live.properties).toEqual({
      AvailabilityZone: 'eu-west-1a',
      CpuOptions: { CoreCount: 2, ThreadsPerCore: 1 },
      DisableApiTermination: false,
      EbsOptimized: true,
      EnclaveOptions: { Enabled: false },
      HibernationOptions: { Configured: false },
      IamInstanceProfile: 'web',
      ImageId: 'ami-1',
      InstanceInitiatedShutdownBehavior: 'stop',
      InstanceType: 'm7g.large',
      KeyName: 'ops',
      MetadataOptions: {
        HttpEndpoint: 'enabled',
        HttpProtocolIpv6: 'disabled',
        HttpPutResponseHopLimit: 1,
        HttpTokens: 'required',
        InstanceMetadataTags: 'disabled',
      },
      Monitoring: false,
      PrivateIpAddress: '10.0.0.5',
      SecurityGroupIds: ['sg-1'],
      SourceDestCheck: true,
      SubnetId: 'subnet-1',
      Tags: { Name: 'web' },
      Tenancy: 'default',
      UserData: mask(maskSalt('AWS::EC2::Instance', instanceId, 'UserData'), script),
      BlockDeviceMappings: [
        {
          DeviceName: '/dev/xvda',
          Ebs: {
            DeleteOnTermination: true,
            VolumeSize: 8,
            VolumeType: 'gp3',
            Iops: 3000,
            Encrypted: true,
            KmsKeyId: expect.any(String),
            SnapshotId: 'snap-ami',
          },
        },
        {
          DeviceName: '/dev/sdf',
          Ebs: {
            DeleteOnTermination: false,
            VolumeSize: 100,
            VolumeType: 'gp2',
            Encrypted: true,
            KmsKeyId: expect.any(String),
          },
        },
      ],
      Volumes: [{ Device: '/dev/sdf', VolumeId: 'vol-data' }],
      NetworkInterfaces: [{ DeviceIndex: '0', DeleteOnTermination: true, AssociatePublicIpAddress: true }],
    });
    expect(live.systemTags).toEqual({ 'aiplan:plan': 'shop', 'aiplan:op': 'op-old' });
    expect(live.attributes).toMatchObject({
      PublicIp: '203.0.113.9',
      PrivateIp: '10.0.0.5',
      VpcId: 'vpc-1',
      State: { Code: '16', Name: 'running' },
      PassingPublicIp: '203.0.113.9',
      CpuOptionsDefault: true,
    });
  });

  it('shows user data nowhere', async () => {
    expect(JSON.stringify(await sampleInstance())).not.toMatch(/canary|c2VjcmV0/u);
  });

  it('gives the evidence: volumes, backups, age, store', async () => {
    const live = await sampleInstance();
    expect(live.binding).toEqual({
      protections: [],
      encrypted: true,
      backups: 'snapshots exist',
      instanceStore: 'none',
      attached: [
        'eni-2',
        'vol-data /dev/sdf (100 GiB, kept on termination)',
        'vol-root /dev/xvda (root, 8 GiB, deleted on termination)',
      ],
    });
    expect(live.observed).toEqual({
      bytes: 108 * 2 ** 30,
      snapshots: 1,
      newestSnapshot: '2026-11-20T00:00:00.000Z',
      created: '2025-01-01T00:00:00.000Z',
      launched: '2026-11-01T00:00:00.000Z',
    });
  });

  it.each([
    [
      'an Auto Scaling group',
      { Tags: [{ Key: 'aws:autoscaling:groupName', Value: 'web-asg' }] },
      'Auto Scaling group web-asg',
    ],
    ['a stack', { Tags: [{ Key: 'aws:cloudformation:stack-name', Value: 'shop' }] }, 'CloudFormation stack shop'],
    [
      'an AWS service',
      { Operator: { Managed: true, Principal: 'eks.amazonaws.com' } },
      'AWS service eks.amazonaws.com',
    ],
  ])('names %s as the owner', async (_who, fields, owner) => {
    expect((await sampleInstance(fields)).binding['owner']).toBe(owner);
  });

  it('tells instance store, and that it does not know', async () => {
    const store = {
      InstanceTypes: [
        { InstanceType: 'm7g.large', InstanceStorageSupported: true, InstanceStorageInfo: { TotalSizeInGB: 475 } },
      ],
    };
    expect((await sampleInstance({}, { DescribeInstanceTypes: store })).binding['instanceStore']).toBe('475 GB');
    expect((await sampleInstance({}, { DescribeInstanceTypes: { InstanceTypes: [] } })).binding['instanceStore']).toBe(
      'unknown',
    );
    expect(
      (await sampleInstance({}, { DescribeInstanceTypes: denied('ec2:DescribeInstanceTypes') })).binding[
        'instanceStore'
      ],
    ).toBe('unknown');
  });

  it('keeps an elastic address apart from one that a stop loses', async () => {
    const address = {
      AllocationId: 'eipalloc-1',
      PublicIp: '203.0.113.9',
      InstanceId: instanceId,
      NetworkInterfaceId: 'eni-1',
    };
    const live = await sampleInstance({}, { DescribeAddresses: { Addresses: [address] } });
    expect(live.attributes['PassingPublicIp']).toBeUndefined();
    expect(live.binding['attached']).toContain('eipalloc-1 203.0.113.9 (elastic)');
  });

  it('turns a failed read into a failure or unknown, never into absence', async () => {
    const of = async (operation: string) =>
      instance.read(reader({ ...described, [operation]: denied(operation) }), wanted);
    const all = await of('DescribeInstances');
    expect([all.resources, all.absent, all.failures.map(({ identity, code }) => [identity, code])]).toEqual([
      [],
      [],
      [[instanceId, 'UnauthorizedOperation']],
    ]);
    const volumes = await of('DescribeVolumes');
    expect(volumes.failures).toHaveLength(1);
    expect(volumes.resources[0]?.properties).not.toHaveProperty('BlockDeviceMappings');
    expect(volumes.resources[0]?.binding).toMatchObject({
      attached: 'unknown',
      encrypted: 'unknown',
      backups: 'unknown',
    });
    expect((await of('disableApiStop')).resources[0]?.binding['protections']).toBe('unknown');
    const userData = await of('userData');
    expect(userData.failures).toHaveLength(1);
    expect(userData.resources[0]?.properties['UserData']).toEqual({ $masked: 'unknown' });
    const snapshots = await of('DescribeSnapshots');
    expect([snapshots.failures, snapshots.resources[0]?.binding['backups']]).toEqual([[], 'unknown']);
  });

  it('asks for details only where they are expected, credits only of burstable types, and follows pages', async () => {
    const plain = reader();
    const result = await instance.read(plain, { ...wanted, detailed: new Set() });
    expect(plain.calls.map(({ operation }) => operation)).toEqual(['DescribeInstances']);
    expect(result.resources[0]).toMatchObject({ detailed: false });
    expect(result.resources[0]?.properties).not.toHaveProperty('UserData');
    const full = reader();
    await instance.read(full, wanted);
    expect(full.calls.filter(({ operation }) => operation === 'DescribeInstanceCreditSpecifications')).toEqual([]);
    let page = 0;
    const paged = {
      counts: {},
      read: async () => {
        page += 1;
        return {
          Reservations: [{ Instances: [{ InstanceId: `i-${page}` }] }],
          ...(page < 3 ? { NextToken: String(page) } : {}),
        };
      },
    };
    expect(
      (await instance.read(paged, { identities: ['i-9'], all: true, detailed: new Set() })).resources.map(
        ({ identity }) => identity,
      ),
    ).toEqual(['i-1', 'i-2', 'i-3']);
  });

  it('splits identities into calls of 200 values', async () => {
    const many = reader({ DescribeInstances: { Reservations: [] } });
    const identities = Array.from({ length: 401 }, (_, index) => `i-${index}`);
    const { absent } = await instance.read(many, { identities, all: false, detailed: new Set() });
    expect(many.calls).toHaveLength(3);
    expect(absent).toHaveLength(401);
  });

  it('counts a volume made together with the instance as its own, not as a separate one', async () => {
    const tags = [
      { Key: 'aiplan:plan', Value: 'shop' },
      { Key: 'aiplan:resource', Value: 'Web' },
    ];
    const volumes = described.DescribeVolumes.Volumes.map((volume) => ({ ...volume, Tags: tags }));
    const live = await sampleInstance({ Tags: tags }, { DescribeVolumes: { Volumes: volumes } });
    expect(live.properties['Volumes']).toEqual([]);
  });
});
