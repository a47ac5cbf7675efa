import { beforeAll, describe, expect, it } from '@jest/globals';
import { instance } from '../../providers/ec2/instance/instance.ts';
import { preview } from '../../src/plan/steps/preview.ts';
import type { Program } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { StepContext } from '../../src/domain/resource-type.ts';
import { contextFor } from '../helpers/ec2-context.ts';
import { instanceId, play, sampleInstance } from '../helpers/ec2-samples.ts';
import type { Capture } from '../../src/domain/capture-plan.ts';

const operations = instance.capture!;
const limits = { maxObjects: 1, maxBytes: 1 };
let live: LiveResource;
beforeAll(async () => {
  live = await sampleInstance();
});

const listed = (program: Program<unknown>): readonly (readonly [string, JsonObject])[] =>
  preview(program).calls.map(({ operation, input }) => [operation, input]);
const typeChange = [{ path: 'InstanceType', before: 'a', after: 'b', effect: 'restart' as const }];
const tagChange = [{ path: 'Tags.Name', before: 'a', after: 'b', effect: 'in-place' as const }];
const stored = (): LiveResource => ({ ...live, binding: { ...live.binding, instanceStore: '475 GB' } });

describe('what will be captured', () => {
  it('a set of snapshots before an update, a tag change too', () => {
    expect(operations.plan(live, 'update', tagChange, limits)).toEqual({
      how: 'native',
      late: false,
      loses: [],
      what: expect.stringContaining('2 volumes, 108 GiB'),
    });
    expect(operations.plan(live, 'update', typeChange, limits).loses).toEqual([
      'what is in memory',
      'the public address 203.0.113.9',
    ]);
  });
  it('an image before a termination, with everything that does not come back', () => {
    const plan = operations.plan(live, 'delete', [], limits);
    expect(plan).toMatchObject({
      how: 'native',
      late: true,
      newIdentity: true,
      what: expect.stringContaining('after the instance was stopped'),
    });
    for (const part of [instanceId, 'vol-root', 'ami-1', 'MAC', '10.0.0.5', '203.0.113.9', 'memory'])
      expect(plan.loses.join('\n')).toContain(part);
    expect(plan.impossible).toBeUndefined();
  });
  it('instance store only where it is really lost', () => {
    expect(operations.plan(stored(), 'delete', [], limits).impossible).toContain('475 GB');
    expect(operations.plan(stored(), 'update', typeChange, limits).impossible).toContain('475 GB');
    expect(operations.plan(stored(), 'update', tagChange, limits).impossible).toBeUndefined();
    expect(operations.plan({ ...stored(), state: 'stopped' }, 'delete', [], limits).impossible).toBeUndefined();
    const rootless = { ...live, attributes: { ...live.attributes, RootDeviceType: 'instance-store' } };
    expect(operations.plan(rootless, 'delete', [], limits)).toMatchObject({
      how: 'none',
      impossible: expect.stringContaining('root'),
    });
  });
  it('the configuration where there is no volume', () => {
    expect(
      operations.plan({ ...live, attributes: { ...live.attributes, BlockDevices: [] } }, 'update', tagChange, limits)
        .how,
    ).toBe('config');
  });
});

describe('quiet, and back', () => {
  it('stops, keeps the volumes and interfaces that would go, and waits until AWS shows it', () => {
    expect(listed(operations.quiesce!(contextFor({ live })))).toEqual([
      ['StopInstances', { InstanceIds: [instanceId] }],
      [
        'ModifyInstanceAttribute',
        {
          InstanceId: instanceId,
          BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { DeleteOnTermination: false } }],
        },
      ],
      [
        'ModifyNetworkInterfaceAttribute',
        { NetworkInterfaceId: 'eni-2', Attachment: { AttachmentId: 'eni-attach-2', DeleteOnTermination: false } },
      ],
    ]);
    const waits: string[] = [];
    play(operations.quiesce!(contextFor({ live })), (effect) => {
      if (effect.kind === 'wait') waits.push(effect.wait.what);
      return undefined;
    });
    expect(waits.at(-1)).toContain('kept on termination');
  });
  it('puts back exactly that', () => {
    expect(listed(operations.unquiesce!(contextFor({ live })))).toEqual([
      [
        'ModifyInstanceAttribute',
        {
          InstanceId: instanceId,
          BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { DeleteOnTermination: true } }],
        },
      ],
      [
        'ModifyNetworkInterfaceAttribute',
        { NetworkInterfaceId: 'eni-2', Attachment: { AttachmentId: 'eni-attach-2', DeleteOnTermination: true } },
      ],
      ['StartInstances', { InstanceIds: [instanceId] }],
    ]);
  });
  it('neither stops nor starts what was stopped or is a spot instance', () => {
    for (const other of [
      { ...live, state: 'stopped' },
      { ...live, attributes: { ...live.attributes, Lifecycle: 'spot' } },
    ]) {
      const names = [
        ...listed(operations.quiesce!(contextFor({ live: other }))),
        ...listed(operations.unquiesce!(contextFor({ live: other }))),
      ].map(([name]) => name);
      expect(names).not.toContain('StopInstances');
      expect(names).not.toContain('StartInstances');
    }
  });
});

describe('taking', () => {
  const tags = [
    { Key: 'aiplan:op', Value: 'op-web-1' },
    { Key: 'aiplan:run', Value: 'run-1' },
    { Key: 'aiplan:source', Value: instanceId },
    { Key: 'aiplan:expires', Value: '2027-01-01T00:00:00.000Z' },
  ];
  it('an image without reboot, with tags on image and snapshots', () => {
    expect(listed(operations.take(contextFor({ live, action: 'delete' })))).toEqual([
      [
        'CreateImage',
        {
          InstanceId: instanceId,
          Name: 'aiplan-web-1',
          Description: expect.any(String),
          NoReboot: true,
          TagSpecifications: [
            { ResourceType: 'image', Tags: tags },
            { ResourceType: 'snapshot', Tags: tags },
          ],
        },
      ],
    ]);
  });
  it('a crash-consistent set for an update; an image where the action is not told', () => {
    expect(listed(operations.take(contextFor({ live, action: 'update' })))).toEqual([
      [
        'CreateSnapshots',
        {
          InstanceSpecification: { InstanceId: instanceId, ExcludeBootVolume: false },
          Description: expect.any(String),
          TagSpecifications: [{ ResourceType: 'snapshot', Tags: tags }],
        },
      ],
    ]);
    expect(listed(operations.take(contextFor({ live })))[0]?.[0]).toBe('CreateImage');
  });
});

describe('verifying', () => {
  const refs = {
    image: 'ami-9',
    snapshots: [
      { DeviceName: '/dev/xvda', VolumeId: 'vol-root', SnapshotId: 'snap-r' },
      { DeviceName: '/dev/sdf', VolumeId: 'vol-data', SnapshotId: 'snap-d' },
    ],
  };
  const good = [
    { SnapshotId: 'snap-r', VolumeId: 'vol-root', State: 'completed', VolumeSize: 8, Encrypted: true },
    { SnapshotId: 'snap-d', VolumeId: 'vol-data', State: 'completed', VolumeSize: 100, Encrypted: true },
  ];
  const verify = (
    snapshots: readonly JsonObject[],
    more: { readonly image?: string; readonly refs?: JsonObject } = {},
  ): readonly string[] => {
    const capture: Capture = {
      how: 'native',
      refs: more.refs ?? refs,
      pointInTime: null,
      bytes: null,
      encrypted: true,
      extras: {},
    };
    return (
      play(operations.verify(contextFor({ live }), capture), (effect) => {
        if (effect.kind !== 'read') return undefined;
        return effect.call.operation === 'DescribeImages'
          ? { Images: [{ ImageId: 'ami-9', State: more.image ?? 'available' }] }
          : { Snapshots: snapshots };
      }).result ?? ['it failed']
    );
  };
  it('finds nothing in a complete capture, and every gap in another', () => {
    expect(verify(good)).toEqual([]);
    expect(verify(good, { image: 'pending' })).toEqual([expect.stringContaining('pending')]);
    expect(verify(good.slice(1))).toEqual([expect.stringContaining('snap-r')]);
    expect(verify([{ ...good[0], State: 'error' }, good[1]!])).toEqual([expect.stringContaining('error')]);
    expect(verify([{ ...good[0], VolumeSize: 7 }, good[1]!])).toEqual([expect.stringContaining('7 GiB')]);
    expect(verify([{ ...good[0], Encrypted: false }, good[1]!])).toEqual([expect.stringContaining('not encrypted')]);
    expect(verify([{ ...good[0], VolumeId: 'vol-x' }, good[1]!])).toEqual([expect.stringContaining('not of vol-root')]);
    expect(verify(good, { refs: { ...refs, snapshots: [refs.snapshots[0]!] } })).toEqual([
      expect.stringContaining('vol-data'),
    ]);
  });
});

describe('restoring', () => {
  const capture: Capture = {
    how: 'native',
    pointInTime: null,
    bytes: null,
    encrypted: true,
    refs: { image: 'ami-9', snapshots: [{ DeviceName: '/dev/sdf', VolumeId: 'vol-data', SnapshotId: 'snap-d' }] },
    extras: { secrets: { UserData: { $secret: { captured: 'ud' } } } },
  };
  const moved: Readonly<Record<string, string>> = {
    'sg-1': 'sg-new',
    'subnet-1': 'subnet-new',
    'vol-data': 'vol-moved',
  };
  const context = (more: Partial<LiveResource> = {}): StepContext =>
    contextFor({ live: { ...live, ...more }, op: 'op-back', remap: (id) => moved[id] ?? id });

  it('launches from the image with the former settings, every id through the map', () => {
    const [[, input]] = listed(operations.restore(context(), capture)) as [[string, JsonObject]];
    expect(input).toEqual({
      MinCount: 1,
      MaxCount: 1,
      ClientToken: 'op-back',
      ImageId: 'ami-9',
      InstanceType: 'm7g.large',
      KeyName: 'ops',
      EbsOptimized: true,
      Monitoring: { Enabled: false },
      InstanceInitiatedShutdownBehavior: 'stop',
      IamInstanceProfile: { Name: 'web' },
      MetadataOptions: live.properties['MetadataOptions'],
      UserData: { $secret: { captured: 'ud' } },
      NetworkInterfaces: [
        {
          DeviceIndex: 0,
          SubnetId: 'subnet-new',
          Groups: ['sg-new'],
          DeleteOnTermination: true,
          AssociatePublicIpAddress: true,
          PrivateIpAddresses: [
            { Primary: true, PrivateIpAddress: '10.0.0.5' },
            { Primary: false, PrivateIpAddress: '10.0.0.6' },
          ],
        },
      ],
      BlockDeviceMappings: [
        {
          DeviceName: '/dev/xvda',
          Ebs: { VolumeSize: 8, VolumeType: 'gp3', Iops: 3000, Throughput: 125, DeleteOnTermination: true },
        },
        { DeviceName: '/dev/sdf', NoDevice: '' },
      ],
      TagSpecifications: [
        {
          ResourceType: 'instance',
          Tags: [
            { Key: 'Name', Value: 'web' },
            { Key: 'aiplan:plan', Value: 'shop' },
            { Key: 'aiplan:restored-from', Value: instanceId },
            { Key: 'aiplan:op', Value: 'op-back' },
          ],
        },
        {
          ResourceType: 'volume',
          Tags: [
            { Key: 'Name', Value: 'web root' },
            { Key: 'aiplan:restored-from', Value: 'vol-root' },
            { Key: 'aiplan:op', Value: 'op-back' },
          ],
        },
      ],
    });
  });
  it('lists every operation that it could need, protection last', () => {
    const elastic = { Addresses: [{ AllocationId: 'eipalloc-1' }], StopProtection: true };
    const full = context({
      properties: { ...live.properties, DisableApiTermination: true, SourceDestCheck: false },
      attributes: { ...live.attributes, ...elastic },
    });
    expect(listed(operations.restore(full, capture)).map(([name]) => name)).toEqual([
      'RunInstances',
      'StopInstances',
      'CreateVolume',
      'AttachVolume',
      'AttachNetworkInterface',
      'ModifyNetworkInterfaceAttribute',
      'ModifyInstanceAttribute',
      'ModifyNetworkInterfaceAttribute',
      'AssociateAddress',
      'StartInstances',
      'ModifyInstanceAttribute',
      'ModifyInstanceAttribute',
    ]);
    expect(listed(operations.restore(full, capture)).at(-1)?.[1]).toEqual({
      InstanceId: 'i-preview',
      DisableApiTermination: { Value: true },
    });
  });
  it('takes the kept volume where it is free, else makes one from its snapshot', () => {
    const attached = (state: string) =>
      play(operations.restore(context(), capture), (effect) =>
        effect.kind === 'read' && effect.call.operation === 'DescribeVolumes'
          ? { Volumes: [{ VolumeId: 'vol-moved', State: state }] }
          : undefined,
      );
    const kept = attached('available');
    expect(kept.calls.map((call) => call['operation'])).not.toContain('CreateVolume');
    expect(kept.calls.find((call) => call['operation'] === 'AttachVolume')?.['input']).toEqual({
      InstanceId: 'i-preview',
      VolumeId: 'vol-moved',
      Device: '/dev/sdf',
    });
    const made = attached('in-use');
    expect(made.calls.find((call) => call['operation'] === 'CreateVolume')?.['input']).toMatchObject({
      ClientToken: 'op-back-0',
      SnapshotId: 'snap-d',
      Size: 100,
      VolumeType: 'gp2',
      Encrypted: true,
    });
    expect(made.result?.map).toMatchObject({
      'vol-data': 'vol-preview',
      'vol-root': 'vol-preview',
      [instanceId]: 'i-preview',
      'eni-1': 'eni-preview',
    });
  });
  it('lets go of an address that someone else has by now', () => {
    const { calls } = play(operations.restore(context(), capture), (effect) =>
      effect.kind === 'read' && JSON.stringify(effect.call.input).includes('addresses.private-ip-address')
        ? { NetworkInterfaces: [{ PrivateIpAddress: '10.0.0.5' }] }
        : undefined,
    );
    const [network] = (calls[0]!['input'] as JsonObject)['NetworkInterfaces'] as JsonObject[];
    expect(network).not.toHaveProperty('PrivateIpAddress');
    expect(network).not.toHaveProperty('PrivateIpAddresses');
  });
  it('puts every elastic address where it was', () => {
    const Addresses = [
      { AllocationId: 'eipalloc-1', NetworkInterfaceId: 'eni-1', PrivateIpAddress: '10.0.0.5' },
      { AllocationId: 'eipalloc-2', NetworkInterfaceId: 'eni-1', PrivateIpAddress: '10.0.0.6' },
      { AllocationId: 'eipalloc-3', NetworkInterfaceId: 'eni-2', PrivateIpAddress: '10.0.0.7' },
    ];
    const calls = listed(
      operations.restore(context({ attributes: { ...live.attributes, Addresses } }), capture),
    ).filter(([name]) => name === 'AssociateAddress');
    expect(calls.map(([, input]) => input)).toEqual([
      { AllocationId: 'eipalloc-1', NetworkInterfaceId: 'eni-preview', AllowReassociation: false },
      {
        AllocationId: 'eipalloc-2',
        NetworkInterfaceId: 'eni-preview',
        PrivateIpAddress: '10.0.0.6',
        AllowReassociation: false,
      },
      {
        AllocationId: 'eipalloc-3',
        NetworkInterfaceId: 'eni-2',
        PrivateIpAddress: '10.0.0.7',
        AllowReassociation: false,
      },
    ]);
  });
  it('leaves an elastic address alone that is in use by now', () => {
    const busy = context({
      attributes: {
        ...live.attributes,
        Addresses: [{ AllocationId: 'eipalloc-1', NetworkInterfaceId: 'eni-1', PrivateIpAddress: '10.0.0.5' }],
      },
    });
    const { calls } = play(operations.restore(busy, capture), (effect) =>
      effect.kind === 'read' && effect.call.operation === 'DescribeAddresses'
        ? { Addresses: [{ AllocationId: 'eipalloc-1', AssociationId: 'eipassoc-1' }] }
        : undefined,
    );
    expect(calls.map((call) => call['operation'])).not.toContain('AssociateAddress');
  });
  it("states CPU options only where they are not the type's own", () => {
    const [[, input]] = listed(
      operations.restore(context({ attributes: { ...live.attributes, CpuOptionsDefault: false } }), capture),
    ) as [[string, JsonObject]];
    expect(input['CpuOptions']).toEqual({ CoreCount: 2, ThreadsPerCore: 1 });
  });
  it('fails before it sends anything where the capture holds no image', () => {
    const { calls, error } = play(operations.restore(context(), { ...capture, refs: {} }), () => undefined);
    expect([calls, error]).toEqual([[], expect.objectContaining({ code: 'no-image' })]);
  });
});
