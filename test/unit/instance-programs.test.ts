import { beforeAll, describe, expect, it } from '@jest/globals';
import { instance } from '../../providers/ec2/instance/instance.ts';
import { preview } from '../../src/plan/steps/preview.ts';
import type { Program } from '../../src/domain/call.ts';
import { AwsError } from '../../src/base/error.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { StepContext } from '../../src/domain/resource-type.ts';
import { changesTo, contextFor } from '../helpers/ec2-context.ts';
import { instanceId, play, sampleInstance, script } from '../helpers/ec2-samples.ts';

let live: LiveResource;
beforeAll(async () => {
  live = await sampleInstance();
});

const listed = (program: Program<unknown>): readonly (readonly [string, JsonObject])[] =>
  preview(program).calls.map(({ operation, input }) => [operation, input]);
const operations = (program: Program<unknown>): readonly string[] =>
  preview(program).calls.map(({ operation }) => operation);
const updating = (properties: JsonObject, from: LiveResource = live): StepContext => {
  const desired = { ...from.properties, ...properties };
  return contextFor({ live: from, desired, changes: changesTo(from, desired), action: 'update' });
};

describe('create', () => {
  it('sends everything that RunInstances takes in one call, with tags and token', () => {
    const desired = {
      ImageId: 'ami-1',
      InstanceType: 't3.micro',
      SubnetId: 'subnet-1',
      SecurityGroupIds: ['sg-1'],
      KeyName: 'ops',
      IamInstanceProfile: 'web',
      UserData: 'echo é',
      EbsOptimized: true,
      Monitoring: true,
      DisableApiTermination: true,
      InstanceInitiatedShutdownBehavior: 'terminate',
      CreditSpecification: { CPUCredits: 'standard' },
      MetadataOptions: { HttpTokens: 'required' },
      PlacementGroupName: 'tight',
      Tenancy: 'dedicated',
      CpuOptions: { CoreCount: 1, ThreadsPerCore: 1 },
      HibernationOptions: { Configured: true },
      EnclaveOptions: { Enabled: false },
      PrivateIpAddress: '10.0.0.9',
      Tags: { Name: 'web' },
      BlockDeviceMappings: [
        { DeviceName: '/dev/sdf', Ebs: { VolumeSize: 20, Encrypted: false } },
        { DeviceName: '/dev/sdg', NoDevice: {} },
      ],
    };
    expect(listed(instance.create!(contextFor({ desired })))).toEqual([
      [
        'RunInstances',
        {
          MinCount: 1,
          MaxCount: 1,
          ClientToken: 'op-web-1',
          ImageId: 'ami-1',
          InstanceType: 't3.micro',
          SubnetId: 'subnet-1',
          SecurityGroupIds: ['sg-1'],
          KeyName: 'ops',
          IamInstanceProfile: { Name: 'web' },
          UserData: Buffer.from('echo é').toString('base64'),
          EbsOptimized: true,
          Monitoring: { Enabled: true },
          DisableApiTermination: true,
          InstanceInitiatedShutdownBehavior: 'terminate',
          CreditSpecification: { CpuCredits: 'standard' },
          MetadataOptions: { HttpTokens: 'required' },
          Placement: { GroupName: 'tight', Tenancy: 'dedicated' },
          CpuOptions: { CoreCount: 1, ThreadsPerCore: 1 },
          HibernationOptions: { Configured: true },
          PrivateIpAddress: '10.0.0.9',
          BlockDeviceMappings: [
            { DeviceName: '/dev/sdf', Ebs: { VolumeSize: 20 } },
            { DeviceName: '/dev/sdg', NoDevice: '' },
          ],
          TagSpecifications: [
            {
              ResourceType: 'instance',
              Tags: [
                { Key: 'Name', Value: 'web' },
                { Key: 'aiplan:plan', Value: 'shop' },
                { Key: 'aiplan:resource', Value: 'Web' },
                { Key: 'aiplan:op', Value: 'op-web-1' },
              ],
            },
            ...['volume', 'network-interface'].map((ResourceType) => ({
              ResourceType,
              Tags: [
                { Key: 'aiplan:plan', Value: 'shop' },
                { Key: 'aiplan:resource', Value: 'Web' },
                { Key: 'aiplan:op', Value: 'op-web-1' },
              ],
            })),
          ],
        },
      ],
    ]);
  });
  it('is idempotent by token', () => {
    expect(preview(instance.create!(contextFor({ desired: { ImageId: 'ami-1' } }))).calls[0]).toMatchObject({
      retry: 'token',
      identity: 'op-web-1',
    });
  });
  it('puts groups and subnet into the interface where the author describes one', () => {
    const desired = {
      ImageId: 'ami-1',
      NetworkInterfaces: [
        { DeviceIndex: '0', AssociatePublicIpAddress: true, SubnetId: 'subnet-2', GroupSet: ['sg-2'] },
      ],
    };
    const [[, input]] = listed(instance.create!(contextFor({ desired }))) as [[string, JsonObject]];
    expect(input['NetworkInterfaces']).toEqual([
      { DeviceIndex: 0, SubnetId: 'subnet-2', Groups: ['sg-2'], AssociatePublicIpAddress: true },
    ]);
    expect(input).not.toHaveProperty('SubnetId');
  });
  it('makes further calls for what a launch does not take', () => {
    const desired = {
      ImageId: 'ami-1',
      SourceDestCheck: false,
      Volumes: [{ Device: '/dev/sdf', VolumeId: { $unknown: 'Data' } }],
    };
    expect(listed(instance.create!(contextFor({ desired }))).slice(1)).toEqual([
      ['ModifyNetworkInterfaceAttribute', { NetworkInterfaceId: 'eni-preview', SourceDestCheck: { Value: false } }],
      ['AttachVolume', { InstanceId: 'i-preview', VolumeId: { $unknown: 'Data' }, Device: '/dev/sdf' }],
    ]);
  });
});

describe('replace', () => {
  const replacing = (properties: JsonObject, more: Partial<StepContext> = {}): StepContext =>
    contextFor({ live, desired: { ...live.properties, ...properties }, replacing: true, action: 'replace', ...more });
  const image = {
    Images: [
      {
        ImageId: 'ami-2',
        RootDeviceName: '/dev/sda1',
        BlockDeviceMappings: [{ DeviceName: '/dev/sda1', Ebs: { VolumeSize: 30 } }],
      },
    ],
  };

  it('copies the settings, keeps the root settings but takes its contents from the new image, and takes a new address', () => {
    const { calls } = play(instance.create!(replacing({ ImageId: 'ami-2' })), (effect) =>
      effect.kind === 'read' && effect.call.operation === 'DescribeImages' ? image : undefined,
    );
    const input = calls[0]!['input'] as JsonObject;
    expect(input).toMatchObject({
      ImageId: 'ami-2',
      InstanceType: 'm7g.large',
      SubnetId: 'subnet-1',
      SecurityGroupIds: ['sg-1'],
      UserData: { $secret: { captured: 'aiplan-web-1-user-data' } },
    });
    expect(input['BlockDeviceMappings']).toEqual([
      {
        DeviceName: '/dev/sda1',
        Ebs: {
          DeleteOnTermination: true,
          Encrypted: true,
          Iops: 3000,
          KmsKeyId: expect.any(String),
          VolumeSize: 30,
          VolumeType: 'gp3',
        },
      },
    ]);
    for (const name of ['PrivateIpAddress', 'NetworkInterfaces', 'CpuOptions', 'CreditSpecification', 'Placement'])
      expect(input).not.toHaveProperty(name);
    expect(JSON.stringify(calls)).not.toMatch(/canary|\$masked/u);
  });
  it('carries address, volumes and elastic addresses only after the old one is gone', () => {
    const carry = ['PrivateIpAddress', 'volumes', 'addresses'];
    const held = { ...live, attributes: { ...live.attributes, Addresses: [{ AllocationId: 'eipalloc-1' }] } };
    const calls = listed(instance.create!(replacing({}, { live: held, carry, order: 'delete-first' })));
    expect(calls[0]?.[1]['PrivateIpAddress']).toBe('10.0.0.5');
    expect(calls.slice(1)).toEqual([
      ['AttachVolume', { InstanceId: 'i-preview', VolumeId: 'vol-data', Device: '/dev/sdf' }],
      [
        'AssociateAddress',
        { AllocationId: 'eipalloc-1', NetworkInterfaceId: 'eni-preview', AllowReassociation: false },
      ],
    ]);
    // A volume that went with the old instance goes with the new one.
    const devices = (live.attributes['BlockDevices'] as readonly JsonObject[]).map((device) =>
      device['VolumeId'] === 'vol-data' ? { ...device, DeleteOnTermination: true } : device,
    );
    const going = listed(
      instance.create!(
        replacing(
          {},
          {
            live: { ...live, attributes: { ...live.attributes, BlockDevices: devices } },
            carry: ['volumes'],
            order: 'delete-first',
          },
        ),
      ),
    );
    expect(going.slice(1)).toEqual([
      ['AttachVolume', { InstanceId: 'i-preview', VolumeId: 'vol-data', Device: '/dev/sdf' }],
      [
        'ModifyInstanceAttribute',
        {
          InstanceId: 'i-preview',
          BlockDeviceMappings: [{ DeviceName: '/dev/sdf', Ebs: { DeleteOnTermination: true } }],
        },
      ],
    ]);
    expect(() => preview(instance.create!(replacing({}, { carry, order: 'create-first' })))).toThrow(
      /delete-first|still holds/u,
    );
    expect(preview(instance.preflight!(replacing({}, { carry, order: 'create-first' }), 'replace')).result).toEqual([
      expect.stringContaining('delete-first'),
    ]);
  });
});

describe('replace of a protected instance', () => {
  let guarded: LiveResource;
  let off: unknown;
  let on: unknown;
  beforeAll(() => {
    guarded = {
      ...live,
      properties: { ...live.properties, DisableApiTermination: true },
      binding: { ...live.binding, protections: ['termination protection'] },
    };
    [off, on] = [false, true].map((Value) => [
      'ModifyInstanceAttribute',
      { InstanceId: live.identity, DisableApiTermination: { Value } },
    ]);
  });
  const replacing = (DisableApiTermination: boolean): StepContext =>
    contextFor({
      live: guarded,
      desired: { ...guarded.properties, DisableApiTermination },
      replacing: true,
      action: 'replace',
    });
  const switches = (program: Program<unknown>) =>
    listed(program).filter(([, input]) => 'DisableApiTermination' in input);

  it('switches the protection of the old one off when that is quiet, as the author wrote it, and on again where it stays', () => {
    expect(preview(instance.preflight!(replacing(true), 'replace')).result).toEqual([
      expect.stringContaining('has termination protection'),
    ]);
    expect(preview(instance.preflight!(replacing(false), 'replace')).result).toEqual([]);
    expect(switches(instance.capture!.quiesce!(replacing(false)))).toEqual([off]);
    expect(switches(instance.capture!.unquiesce!(replacing(false)))).toEqual([on]);
    // A delete has switched it off before, as a part of its own update; then nothing is to be taken back.
    const deleting = contextFor({
      live: { ...guarded, properties: { ...guarded.properties, DisableApiTermination: false } },
      action: 'delete',
    });
    expect([switches(instance.capture!.quiesce!(deleting)), switches(instance.capture!.unquiesce!(deleting))]).toEqual([
      [],
      [],
    ]);
  });

  it('is not another one by that, and is by anything else', () => {
    const quiet = {
      ...guarded,
      properties: { ...guarded.properties, DisableApiTermination: false },
      binding: { ...guarded.binding, protections: [] },
    };
    expect(instance.capture!.quieted!(guarded, quiet)).toEqual(guarded);
    expect(instance.capture!.quieted!(quiet, guarded).properties['DisableApiTermination']).toBe(true);
  });
});

describe('update', () => {
  it('sets the fate of a volume that it attaches once that is there, and of one that is there before anything else', () => {
    const volumes = [
      ...(live.properties['Volumes'] as readonly JsonObject[]),
      { Device: '/dev/sdg', VolumeId: 'vol-9' },
    ];
    const mappings = [
      { DeviceName: '/dev/sdf', Ebs: { DeleteOnTermination: true } },
      { DeviceName: '/dev/sdg', Ebs: { DeleteOnTermination: true } },
    ];
    const calls = listed(
      instance.update!(
        updating({
          Volumes: volumes,
          BlockDeviceMappings: [
            ...(live.properties['BlockDeviceMappings'] as readonly JsonObject[]).slice(0, 1),
            ...mappings,
          ],
        }),
      ),
    );
    const fate = (DeviceName: string) => [
      'ModifyInstanceAttribute',
      { InstanceId: live.identity, BlockDeviceMappings: [{ DeviceName, Ebs: { DeleteOnTermination: true } }] },
    ];
    expect(calls).toEqual([
      fate('/dev/sdf'),
      ['AttachVolume', { InstanceId: live.identity, VolumeId: 'vol-9', Device: '/dev/sdg' }],
      fate('/dev/sdg'),
    ]);
  });
  it('sends one call for each changed property, and nothing for the others', () => {
    expect(
      listed(
        instance.update!(
          updating({
            DisableApiTermination: true,
            InstanceInitiatedShutdownBehavior: 'terminate',
            SecurityGroupIds: ['sg-1', 'sg-2'],
            SourceDestCheck: false,
            Monitoring: true,
            MetadataOptions: { ...(live.properties['MetadataOptions'] as JsonObject), HttpPutResponseHopLimit: 2 },
            CreditSpecification: { CPUCredits: 'standard' },
            Tags: { owner: 'me' },
          }),
        ),
      ),
    ).toEqual([
      ['ModifyInstanceAttribute', { InstanceId: instanceId, DisableApiTermination: { Value: true } }],
      [
        'ModifyInstanceAttribute',
        { InstanceId: instanceId, Attribute: 'instanceInitiatedShutdownBehavior', Value: 'terminate' },
      ],
      ['ModifyNetworkInterfaceAttribute', { NetworkInterfaceId: 'eni-1', Groups: ['sg-1', 'sg-2'] }],
      ['ModifyNetworkInterfaceAttribute', { NetworkInterfaceId: 'eni-1', SourceDestCheck: { Value: false } }],
      ['ModifyInstanceMetadataOptions', { InstanceId: instanceId, HttpPutResponseHopLimit: 2 }],
      ['MonitorInstances', { InstanceIds: [instanceId] }],
      [
        'ModifyInstanceCreditSpecification',
        { InstanceCreditSpecifications: [{ InstanceId: instanceId, CpuCredits: 'standard' }] },
      ],
      ['CreateTags', { Resources: [instanceId], Tags: [{ Key: 'owner', Value: 'me' }] }],
      ['DeleteTags', { Resources: [instanceId], Tags: [{ Key: 'Name' }] }],
    ]);
  });
  it('associates, replaces and takes away a profile', () => {
    const { IamInstanceProfile: _profile, ...without } = live.properties;
    expect(listed(instance.update!(updating({ IamInstanceProfile: 'web' }, { ...live, properties: without })))).toEqual(
      [['AssociateIamInstanceProfile', { InstanceId: instanceId, IamInstanceProfile: { Name: 'web' } }]],
    );
    expect(listed(instance.update!(updating({ IamInstanceProfile: 'arn:aws:iam::1:instance-profile/x' })))).toEqual([
      [
        'ReplaceIamInstanceProfileAssociation',
        { AssociationId: 'iip-assoc-preview', IamInstanceProfile: { Arn: 'arn:aws:iam::1:instance-profile/x' } },
      ],
    ]);
    expect(listed(instance.update!(updating({ IamInstanceProfile: undefined })))).toEqual([
      ['DisassociateIamInstanceProfile', { AssociationId: 'iip-assoc-preview' }],
    ]);
  });
  it('stops once for all that needs it; author text goes as bytes, kept text by reference', () => {
    expect(
      listed(instance.update!(updating({ InstanceType: 'm7g.xlarge', EbsOptimized: false, UserData: 'echo' }))),
    ).toEqual([
      ['StopInstances', { InstanceIds: [instanceId] }],
      ['ModifyInstanceAttribute', { InstanceId: instanceId, InstanceType: { Value: 'm7g.xlarge' } }],
      ['ModifyInstanceAttribute', { InstanceId: instanceId, EbsOptimized: { Value: false } }],
      ['ModifyInstanceAttribute', { InstanceId: instanceId, UserData: { Value: { $bytes: 'echo' } } }],
      ['StartInstances', { InstanceIds: [instanceId] }],
    ]);
    const kept = { $secret: { captured: 'x' } };
    expect(listed(instance.update!(updating({ UserData: kept }, { ...live, state: 'stopped' })))).toEqual([
      ['ModifyInstanceAttribute', { InstanceId: instanceId, Attribute: 'userData', Value: kept }],
    ]);
  });
  it('puts a refused change back and lets the instance run again before it fails', () => {
    const refused = new AwsError({
      code: 'InvalidParameterValue',
      kind: 'invalid',
      operation: 'ec2:ModifyInstanceAttribute',
      message: 'no',
      executed: 'no',
    });
    const { calls, error } = play(
      instance.update!(updating({ InstanceType: 'm7g.xlarge', EbsOptimized: false })),
      (effect) =>
        effect.kind === 'call' && JSON.stringify(effect.call.input).includes('"EbsOptimized":{"Value":false}')
          ? refused
          : undefined,
    );
    expect(error).toBe(refused);
    expect(calls.slice(3)).toEqual([
      { operation: 'ModifyInstanceAttribute', input: { InstanceId: instanceId, InstanceType: { Value: 'm7g.large' } } },
      { operation: 'StartInstances', input: { InstanceIds: [instanceId] } },
    ]);
  });
  it('does not touch anything more where an answer was lost', () => {
    const lost = new AwsError({
      code: 'TimeoutError',
      kind: 'network',
      operation: 'ec2:ModifyInstanceAttribute',
      message: 'lost',
      executed: 'unknown',
    });
    const { calls, error } = play(instance.update!(updating({ InstanceType: 'm7g.xlarge' })), (effect) =>
      effect.kind === 'call' && effect.call.operation === 'ModifyInstanceAttribute' ? lost : undefined,
    );
    expect([error, calls.length]).toEqual([lost, 2]);
  });
  it('attaches before it detaches, and sets only the fates that change', () => {
    const [root, data] = live.properties['BlockDeviceMappings'] as JsonObject[];
    expect(
      listed(
        instance.update!(
          updating({
            Volumes: [{ Device: '/dev/sdg', VolumeId: 'vol-2' }],
            BlockDeviceMappings: [
              { ...root, Ebs: { ...(root!['Ebs'] as JsonObject), DeleteOnTermination: false } },
              data!,
            ],
          }),
        ),
      ),
    ).toEqual([
      [
        'ModifyInstanceAttribute',
        {
          InstanceId: instanceId,
          BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { DeleteOnTermination: false } }],
        },
      ],
      ['AttachVolume', { InstanceId: instanceId, VolumeId: 'vol-2', Device: '/dev/sdg' }],
      ['DetachVolume', { InstanceId: instanceId, VolumeId: 'vol-data' }],
    ]);
  });
  it('reads a refusal that stands in a successful answer', () => {
    const answer = {
      UnsuccessfulInstanceCreditSpecifications: [{ InstanceId: instanceId, Error: { Message: 'not burstable' } }],
    };
    const { error } = play(instance.update!(updating({ CreditSpecification: { CPUCredits: 'standard' } })), (effect) =>
      effect.kind === 'call' ? answer : undefined,
    );
    expect(error).toMatchObject({ code: 'credits-refused', message: expect.stringContaining('not burstable') });
  });
});

describe('waiting', () => {
  const judge = (program: Program<unknown>, answer: JsonObject | null): unknown => {
    const step = program.next();
    if (step.done === true || step.value.kind !== 'wait') throw new Error('not a wait');
    return step.value.wait.judge(answer);
  };
  const inState = (state: string, reason?: string): JsonObject => ({
    Reservations: [
      {
        Instances: [
          {
            State: { Name: state },
            ...(reason === undefined ? {} : { StateReason: { Code: reason, Message: 'why' } }),
          },
        ],
      },
    ],
  });
  it('takes absence after a create for not visible yet, and a terminated instance for a failure with its reason', () => {
    expect(judge(instance.waitUntilStable!('i-1'), { Reservations: [] })).toMatchObject({ state: 'pending' });
    expect(judge(instance.waitUntilStable!('i-1'), inState('running'))).toEqual({ state: 'done' });
    expect(judge(instance.waitUntilStable!('i-1'), inState('terminated', 'Server.InternalError'))).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('why'),
    });
  });
  it('waits for metadata options only where they can be applied', () => {
    const program = instance.waitUntilStable!('i-1');
    program.next();
    const second = program.next({});
    if (second.done === true || second.value.kind !== 'wait') throw new Error('not a wait');
    const pending = (state: string): JsonObject => ({
      Reservations: [{ Instances: [{ State: { Name: state }, MetadataOptions: { State: 'pending' } }] }],
    });
    expect(second.value.wait.judge(pending('running'))).toEqual({ state: 'pending' });
    expect(second.value.wait.judge(pending('stopped'))).toEqual({ state: 'done' });
  });
  it('is gone when terminated or absent', () => {
    expect(judge(instance.gone!('i-1'), { Reservations: [] })).toEqual({ state: 'done' });
    expect(judge(instance.gone!('i-1'), inState('terminated'))).toEqual({ state: 'done' });
    expect(judge(instance.gone!('i-1'), inState('shutting-down'))).toMatchObject({ state: 'pending' });
  });
});

describe('preflight', () => {
  const problems = (from: LiveResource, action: 'update' | 'delete', properties: JsonObject = {}): readonly string[] =>
    preview(instance.preflight!({ ...updating(properties, from), action }, action)).result;
  const owned = (owner: string): LiveResource => ({ ...live, binding: { ...live.binding, owner } });

  it('refuses what someone else manages', () => {
    expect(problems(owned('AWS service eks.amazonaws.com'), 'update', { Monitoring: true })).toHaveLength(1);
    expect(problems(owned('Auto Scaling group asg'), 'delete')).toEqual([expect.stringContaining('asg')]);
    expect(problems(owned('Auto Scaling group asg'), 'update', { InstanceType: 'x' })).toHaveLength(1);
    expect(problems(owned('Auto Scaling group asg'), 'update', { Monitoring: true })).toEqual([]);
    expect(problems(owned('CloudFormation stack shop'), 'delete')).toHaveLength(1);
    expect(problems(owned('CloudFormation stack shop'), 'update', { Monitoring: true })).toEqual([]);
  });
  it('says which line switches termination protection off', () => {
    const held = { ...live, properties: { ...live.properties, DisableApiTermination: true } };
    expect(problems(held, 'delete')).toEqual([expect.stringContaining('properties: { DisableApiTermination: false }')]);
    expect(problems(held, 'delete', { DisableApiTermination: false })).toEqual([]);
  });
  it('stop protection, spot and instance store roots stand against a stop', () => {
    const with_ = (attributes: JsonObject): LiveResource => ({
      ...live,
      attributes: { ...live.attributes, ...attributes },
    });
    expect(problems(with_({ StopProtection: true }), 'delete')).toEqual([
      expect.stringContaining('--no-disable-api-stop'),
    ]);
    expect(problems(with_({ StopProtection: true }), 'update', { Monitoring: true })).toEqual([]);
    expect(problems(with_({ Lifecycle: 'spot' }), 'update', { InstanceType: 'x' })).toHaveLength(1);
    expect(problems(with_({ RootDeviceType: 'instance-store' }), 'update', { UserData: 'x' })).toHaveLength(1);
    expect(problems(live, 'update', { InstanceType: 'x' })).toEqual([]);
  });
});

describe('nothing that a program lists', () => {
  it('holds user data that was read from AWS', () => {
    const context = contextFor({ live, desired: live.properties, replacing: true });
    const secret = { UserData: { Value: Buffer.from(script).toString('base64') } };
    for (const program of [instance.create!(context), instance.capture!.take(context)] as Program<unknown>[]) {
      const { calls, result } = play(program, (effect) =>
        effect.kind === 'read' && effect.call.operation === 'DescribeInstanceAttribute' ? secret : undefined,
      );
      expect(JSON.stringify([calls, result])).not.toMatch(/canary|c2VjcmV0LWNhbmFyeQ|IyEvYmlu/u);
    }
  });
  it('mutates from settle, gone, preflight, verify or restorable', () => {
    const context = contextFor({ live, desired: live.properties });
    const capture = {
      how: 'native',
      refs: { image: 'ami-9', snapshots: [] },
      pointInTime: null,
      bytes: null,
      encrypted: null,
      extras: {},
    } as const;
    const programs = [
      instance.waitUntilStable!('i-1'),
      instance.gone!('i-1'),
      instance.preflight!(context, 'replace'),
      instance.capture!.verify(context, capture),
      instance.capture!.restorable(context, null),
    ] as Program<unknown>[];
    for (const program of programs) expect(operations(program)).toEqual([]);
  });
});
