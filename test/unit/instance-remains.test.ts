import { beforeAll, describe, expect, it } from '@jest/globals';
import { instance } from '../../providers/ec2/instance/instance.ts';
import { operationsOf, preview } from '../../src/plan/steps/preview.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { StepContext } from '../../src/domain/resource-type.ts';
import { contextFor } from '../helpers/ec2-context.ts';
import { instanceId, play, sampleInstance } from '../helpers/ec2-samples.ts';
import type { Capture } from '../../src/domain/capture-plan.ts';

/** What an earlier rollback launched before it was stopped. */
const begun = 'i-0bbbbbbbbbbbbbbb2';
const capture: Capture = {
  how: 'native',
  pointInTime: null,
  bytes: null,
  encrypted: true,
  extras: {},
  refs: { image: 'ami-9', snapshots: [{ DeviceName: '/dev/sdf', VolumeId: 'vol-data', SnapshotId: 'snap-d' }] },
};
let live: LiveResource;
beforeAll(async () => {
  live = await sampleInstance();
});

const context = (more: Partial<LiveResource> = {}): StepContext =>
  contextFor({
    live: { ...live, ...more },
    op: 'op-2',
    tries: ['op-1'],
    remains: { identity: begun, incarnation: begun },
  });

interface There {
  readonly state?: string;
  readonly attached?: string;
  readonly volumes?: readonly JsonObject[];
  readonly early?: readonly JsonObject[];
  readonly card?: JsonObject;
}

/** Goes on with an instance in this condition; answers what is sent. */
function goOn(
  { state = 'running', attached, volumes = [], early = [], card = { Status: 'available' } }: There,
  of: StepContext = context(),
) {
  let now = state;
  const described = (): JsonObject => ({
    InstanceId: begun,
    State: { Name: now },
    RootDeviceName: '/dev/xvda',
    PrivateIpAddress: '10.0.0.5',
    BlockDeviceMappings: [
      { DeviceName: '/dev/xvda', Ebs: { VolumeId: 'vol-new-root' } },
      ...(attached === undefined ? [] : [{ DeviceName: '/dev/sdf', Ebs: { VolumeId: attached } }]),
    ],
    NetworkInterfaces: [
      {
        NetworkInterfaceId: 'eni-new',
        Attachment: { DeviceIndex: 0 },
        PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: '10.0.0.5' }],
      },
    ],
  });
  return play(instance.capture!.restore(of, capture), (effect) => {
    if (effect.kind === 'call' && effect.call.operation === 'StopInstances') now = 'stopped';
    if (effect.kind === 'call' && effect.call.operation === 'StartInstances') now = 'running';
    const read = effect.kind === 'read' ? effect.call : effect.kind === 'wait' ? effect.wait.read : undefined;
    if (read === undefined) return undefined;
    if (read.operation === 'DescribeInstances') return { Reservations: [{ Instances: [described()] }] };
    if (read.operation === 'DescribeNetworkInterfaces')
      return { NetworkInterfaces: [{ NetworkInterfaceId: 'eni-2', ...card }] };
    if (effect.kind === 'read' && read.operation === 'DescribeVolumes')
      return { Volumes: JSON.stringify(read.input).includes('tag:aiplan:op') ? early : volumes };
    return undefined;
  });
}
const names = ({ calls }: ReturnType<typeof goOn>): readonly unknown[] => calls.map(({ operation }) => operation);

describe('a restore that was stopped after the launch', () => {
  it('launches nothing again, and does everything that comes after', () => {
    const done = goOn({ volumes: [{ VolumeId: 'vol-data', State: 'available' }] });
    expect(names(done)).toEqual([
      'StopInstances',
      'AttachVolume',
      'AttachNetworkInterface',
      'ModifyNetworkInterfaceAttribute',
      'ModifyInstanceAttribute',
      'StartInstances',
    ]);
    expect(done.calls.map(({ input }) => (input as JsonObject)['InstanceId']).filter((id) => id !== undefined)).toEqual(
      [begun, begun, begun],
    );
    expect(done.result).toEqual({
      identity: begun,
      map: { [instanceId]: begun, 'vol-root': 'vol-new-root', 'eni-1': 'eni-new' },
    });
  });

  it('attaches nothing twice, and starts what the earlier one left stopped', () => {
    const card = {
      Status: 'in-use',
      Attachment: { InstanceId: begun, AttachmentId: 'eni-attach-9', DeleteOnTermination: true },
    };
    const done = goOn({ state: 'stopped', attached: 'vol-data', card });
    expect(names(done)).toEqual(['ModifyInstanceAttribute', 'StartInstances']);
    expect(done.result?.map).not.toHaveProperty('vol-data');
    // The fate of an attached interface may not have been set any more.
    const half = goOn({
      attached: 'vol-data',
      card: { ...card, Attachment: { ...card.Attachment, DeleteOnTermination: false } },
    });
    expect(half.calls[0]).toEqual({
      operation: 'ModifyNetworkInterfaceAttribute',
      input: { NetworkInterfaceId: 'eni-2', Attachment: { AttachmentId: 'eni-attach-9', DeleteOnTermination: true } },
    });
  });

  it('takes the volume that the earlier one made from the snapshot, attached or not', () => {
    expect(goOn({ attached: 'vol-made' }).result?.map).toMatchObject({ 'vol-data': 'vol-made' });
    const free = goOn({
      volumes: [{ VolumeId: 'vol-data', State: 'in-use' }],
      early: [{ VolumeId: 'vol-made', State: 'available' }],
    });
    expect([names(free).includes('CreateVolume'), free.result?.map['vol-data']]).toEqual([false, 'vol-made']);
    expect(free.calls.find(({ operation }) => operation === 'AttachVolume')?.['input']).toEqual({
      InstanceId: begun,
      VolumeId: 'vol-made',
      Device: '/dev/sdf',
    });
    // One that is in use is somebody's.
    expect(
      names(
        goOn({
          volumes: [{ VolumeId: 'vol-data', State: 'in-use' }],
          early: [{ VolumeId: 'vol-made', State: 'in-use' }],
        }),
      ),
    ).toContain('CreateVolume');
  });

  it('leaves stopped what was stopped, and never stops it twice: stop protection may be on again', () => {
    const was = context({ state: 'stopped', attributes: { ...live.attributes, StopProtection: true } });
    expect(names(goOn({ state: 'stopped', attached: 'vol-data' }, was))).not.toContain('StopInstances');
    expect(names(goOn({ state: 'running', attached: 'vol-data' }, was))).toEqual(
      expect.arrayContaining(['StopInstances', 'ModifyInstanceAttribute']),
    );
    expect(names(goOn({ state: 'running', attached: 'vol-data' }, was))).not.toContain('StartInstances');
  });

  it('associates an address only with a private one that the instance has', () => {
    const Addresses = [
      { AllocationId: 'eipalloc-1', NetworkInterfaceId: 'eni-1', PrivateIpAddress: '10.0.0.5' },
      { AllocationId: 'eipalloc-2', NetworkInterfaceId: 'eni-1', PrivateIpAddress: '10.0.0.6' },
    ];
    const { calls } = goOn({ attached: 'vol-data' }, context({ attributes: { ...live.attributes, Addresses } }));
    expect(calls.filter(({ operation }) => operation === 'AssociateAddress').map(({ input }) => input)).toEqual([
      { AllocationId: 'eipalloc-1', NetworkInterfaceId: 'eni-new', AllowReassociation: false },
    ]);
  });

  it('lists for the plan every operation that it may send, and no launch', () => {
    const listed = operationsOf(
      preview(
        instance.capture!.restore(
          context({
            attributes: { ...live.attributes, StopProtection: true, Addresses: [{ AllocationId: 'eipalloc-1' }] },
          }),
          capture,
        ),
      ).calls,
    );
    expect(listed).toEqual([
      'ec2:StopInstances',
      'ec2:CreateVolume',
      'ec2:AttachVolume',
      'ec2:AttachNetworkInterface',
      'ec2:ModifyNetworkInterfaceAttribute',
      'ec2:ModifyInstanceAttribute',
      'ec2:AssociateAddress',
      'ec2:StartInstances',
      'ec2:ModifyInstanceAttribute',
    ]);
    const bare = operationsOf(
      preview(
        instance.capture!.restore(
          context({ attributes: { ...live.attributes, BlockDevices: [], Interfaces: [] } }),
          capture,
        ),
      ).calls,
    );
    expect(bare).toEqual(['ec2:StartInstances']);
  });
});
