import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { instance } from '../../providers/ec2/instance/instance.ts';
import type { Program } from '../../src/domain/call.ts';
import { mask, maskSalt } from '../../src/base/digest.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { StepContext } from '../../src/domain/resource-type.ts';
import { drive } from '../helpers/drive.ts';
import { changesTo, contextFor } from '../helpers/ec2-context.ts';
import { readOne, startEc2, type Ec2Fixture } from '../helpers/ec2-fixture.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import type { Capture } from '../../src/domain/capture-plan.ts';

jest.setTimeout(180_000);
const suite = (await emulatorAvailable()) ? describe : describe.skip;
const script = '#!/bin/sh\necho hello\n';

const masked = (identity: string, text: string): Json =>
  mask(maskSalt('AWS::EC2::Instance', identity, 'UserData'), text);

suite('AWS::EC2::Instance against the emulator', () => {
  let ec2: Ec2Fixture;
  const secrets = new Map<string, string>();
  let next = 60;

  beforeAll(async () => {
    ec2 = await startEc2();
    for (const name of ['web', 'worker']) {
      await ec2.ask('iam', 'CreateInstanceProfile', { InstanceProfileName: name });
    }
    await ec2.ask('ec2', 'CreateKeyPair', { KeyName: 'ops' });
  });
  afterAll(async () => {
    await ec2.stop();
  });

  const run = <Result>(make: () => Program<Result>): Promise<Result> => drive(ec2.aws, make, secrets);
  const read = async (identity: string): Promise<LiveResource> => {
    const live = await readOne(ec2.aws, instance, identity);
    if (live === undefined) throw new Error(`${identity} is not there`);
    return live;
  };
  const base = (more: JsonObject = {}): JsonObject => ({
    ImageId: ec2.image,
    InstanceType: 't3.micro',
    SubnetId: ec2.subnet,
    SecurityGroupIds: [ec2.groups[0]],
    Tags: { Name: 'web' },
    ...more,
  });
  const launched = async (more: JsonObject = {}): Promise<LiveResource> => {
    next += 1;
    const context = contextFor({ desired: base(more), op: `op-web-${next}` });
    const { identity } = await run(() => instance.create!(context));
    await run(() => instance.waitUntilStable!(identity));
    return read(identity);
  };
  const updated = async (live: LiveResource, properties: JsonObject): Promise<LiveResource> => {
    const desired = { ...live.properties, ...properties };
    const context = contextFor({ live, desired, changes: changesTo(live, desired), action: 'update' });
    await run(() => instance.update!(context));
    await run(() => instance.waitUntilStable!(live.identity));
    return read(live.identity);
  };
  const captured = async (context: StepContext): Promise<Capture> => {
    const capture = await run(() => instance.capture!.take(context));
    expect(await run(() => instance.capture!.verify(context, capture))).toEqual([]);
    return capture;
  };

  it('creates what is desired and reads it back', async () => {
    const desired = {
      PrivateIpAddress: '10.20.1.50',
      KeyName: 'ops',
      IamInstanceProfile: 'web',
      EbsOptimized: true,
      Monitoring: true,
      SourceDestCheck: false,
      DisableApiTermination: true,
      InstanceInitiatedShutdownBehavior: 'terminate',
      CreditSpecification: { CPUCredits: 'standard' },
      MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 2, HttpEndpoint: 'enabled' },
      BlockDeviceMappings: [
        { DeviceName: '/dev/sdf', Ebs: { VolumeSize: 20, VolumeType: 'gp3', DeleteOnTermination: false } },
      ],
    };
    const live = await launched({ ...desired, UserData: script });
    const { BlockDeviceMappings, ...plain } = desired;
    expect(live.properties).toMatchObject({ ...base(), ...plain, UserData: masked(live.identity, script) });
    expect(live.properties['BlockDeviceMappings']).toEqual([
      expect.objectContaining({ DeviceName: '/dev/xvda' }),
      { DeviceName: '/dev/sdf', Ebs: expect.objectContaining(BlockDeviceMappings[0]!.Ebs) },
    ]);
    expect(live.properties['Volumes']).toEqual([]);
    expect(live.systemTags).toMatchObject({ 'aiplan:plan': 'shop', 'aiplan:resource': 'Web' });
    expect(live.binding).toMatchObject({
      protections: ['termination protection'],
      encrypted: false,
      backups: 'none',
      instanceStore: 'none',
    });
    expect(live.observed['bytes']).toBe(28 * 2 ** 30);
    expect(JSON.stringify(live)).not.toContain('hello');
  });

  it('changes everything that can be changed in place', async () => {
    const live = await launched({ DisableApiTermination: false });
    const changes = {
      SecurityGroupIds: [...ec2.groups].sort(),
      SourceDestCheck: false,
      Monitoring: true,
      IamInstanceProfile: 'web',
      DisableApiTermination: true,
      InstanceInitiatedShutdownBehavior: 'terminate',
      CreditSpecification: { CPUCredits: 'standard' },
      Tags: { owner: 'platform' },
      MetadataOptions: {
        ...(live.properties['MetadataOptions'] as JsonObject),
        HttpTokens: 'required',
        HttpPutResponseHopLimit: 3,
      },
    };
    const after = await updated(live, changes);
    expect(after.properties).toMatchObject(changes);
    expect(after.properties['Tags']).toEqual({ owner: 'platform' });
    expect(after.systemTags).toEqual(live.systemTags);
    expect((await updated(after, { IamInstanceProfile: 'worker' })).properties['IamInstanceProfile']).toBe('worker');
    const plain = { ...live.properties, IamInstanceProfile: null };
    const back = await updated(await read(live.identity), plain);
    expect({ ...back.properties, NetworkInterfaces: null }).toEqual({ ...live.properties, NetworkInterfaces: null });
  });

  it('stops and starts for what needs a stopped instance, and leaves a stopped one stopped', async () => {
    const live = await launched({ UserData: script });
    const after = await updated(live, { InstanceType: 't3.small', EbsOptimized: true, UserData: 'second' });
    expect(after.properties).toMatchObject({
      InstanceType: 't3.small',
      EbsOptimized: true,
      UserData: masked(live.identity, 'second'),
    });
    expect(after.state).toBe('running');
    await ec2.ask('ec2', 'StopInstances', { 'InstanceId.1': live.identity });
    let stopped = await read(live.identity);
    while (stopped.state !== 'stopped') stopped = await read(live.identity);
    const again = await updated(stopped, { InstanceType: 't3.micro' });
    expect([again.state, again.properties['InstanceType']]).toEqual(['stopped', 't3.micro']);
  });

  it('puts kept user data back byte for byte, also where it is no text', async () => {
    const live = await launched({});
    const bytes = Buffer.from([0x1f, 0x8b, 0x08, 0x00, 0xff, 0xfe]).toString('base64');
    secrets.set('archive', bytes);
    const after = await updated(live, { UserData: { $secret: { captured: 'archive' } } });
    const answer = await ec2.aws.read({
      service: 'ec2',
      operation: 'DescribeInstanceAttribute',
      input: { InstanceId: live.identity, Attribute: 'userData' },
    });
    expect(answer?.['UserData']).toEqual({ Value: bytes });
    expect(after.properties['UserData']).toEqual(masked(live.identity, `base64 ${bytes}`));
  });

  it('attaches, detaches and keeps volumes as the plan says', async () => {
    const live = await launched({});
    const id = await ec2.ask('ec2', 'CreateVolume', { AvailabilityZone: 'eu-west-1a', Size: '5' }, 'volumeId');
    const attached = await updated(live, { Volumes: [{ Device: '/dev/sdg', VolumeId: id }] });
    expect(attached.properties['Volumes']).toEqual([{ Device: '/dev/sdg', VolumeId: id }]);
    const root = { DeviceName: '/dev/xvda', Ebs: { DeleteOnTermination: false } };
    const kept = await updated(attached, { BlockDeviceMappings: [root] });
    expect((kept.properties['BlockDeviceMappings'] as JsonObject[])[0]).toMatchObject(root);
    expect((await updated(kept, { Volumes: [] })).properties['Volumes']).toEqual([]);
  });

  it('captures a plain change by a set of snapshots', async () => {
    const live = await launched({ BlockDeviceMappings: [{ DeviceName: '/dev/sdf', Ebs: { VolumeSize: 3 } }] });
    const capture = await captured(contextFor({ live, op: 'op-tag', action: 'update' }));
    expect(capture).toMatchObject({ how: 'native', bytes: 11 * 2 ** 30, encrypted: false });
    expect(capture.refs['image']).toBeUndefined();
    expect(capture.pointInTime).toMatch(/^\d{4}-/u);
    const ids = (capture.refs['snapshots'] as JsonObject[]).map((item) => String(item['SnapshotId']));
    expect(new Set(ids).size).toBe(2);
    const found = await ec2.aws.read({ service: 'ec2', operation: 'DescribeSnapshots', input: { SnapshotIds: ids } });
    for (const snapshot of (found ?? {})['Snapshots'] as JsonObject[]) {
      expect(snapshot['Tags']).toEqual(
        expect.arrayContaining([
          { Key: 'aiplan:op', Value: 'op-tag' },
          { Key: 'aiplan:source', Value: live.identity },
        ]),
      );
    }
    expect(
      await run(() =>
        instance.capture!.verify(contextFor({ live }), {
          ...capture,
          refs: { snapshots: [(capture.refs['snapshots'] as JsonObject[])[0]!] },
        }),
      ),
    ).toHaveLength(1);
  });

  it('takes a quiescing back as if it had not been', async () => {
    const live = await launched({});
    const context = contextFor({ live, action: 'delete' });
    await run(() => instance.capture!.quiesce!(context));
    const quiet = await read(live.identity);
    expect(quiet.state).toBe('stopped');
    expect((quiet.attributes['BlockDevices'] as JsonObject[]).map((device) => device['DeleteOnTermination'])).toEqual([
      false,
    ]);
    await run(() => instance.capture!.unquiesce!(context));
    const after = await read(live.identity);
    expect([after.state, after.properties]).toEqual(['running', live.properties]);
  });

  it('deletes the instance alone and brings it back as it was', async () => {
    const data = { DeviceName: '/dev/sdf', Ebs: { VolumeSize: 20, VolumeType: 'gp3', DeleteOnTermination: true } };
    const first = await launched({
      PrivateIpAddress: '10.20.1.99',
      UserData: script,
      IamInstanceProfile: 'web',
      SourceDestCheck: false,
      Monitoring: true,
      InstanceInitiatedShutdownBehavior: 'terminate',
      MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 2 },
      CreditSpecification: { CPUCredits: 'standard' },
      BlockDeviceMappings: [
        { DeviceName: '/dev/xvda', Ebs: { VolumeSize: 12, VolumeType: 'gp3', Iops: 4000 } },
        data,
        { ...data, DeviceName: '/dev/sdg' },
      ],
    });
    const allocation = await ec2.ask('ec2', 'AllocateAddress', { Domain: 'vpc' }, 'allocationId');
    await ec2.ask('ec2', 'AssociateAddress', { AllocationId: allocation, InstanceId: first.identity });
    const live = await read(first.identity);
    const [root, sdf, sdg] = (live.attributes['BlockDevices'] as JsonObject[]).map((device) =>
      String(device['VolumeId']),
    );
    const context = contextFor({ live, op: 'op-delete', captureName: 'aiplan-web-delete', action: 'delete' });
    expect(await run(() => instance.preflight!(context, 'delete'))).toEqual([]);
    expect(await run(() => instance.capture!.restorable(context, null))).toEqual({ problems: [], losses: [] });

    await run(() => instance.capture!.quiesce!(context));
    const capture = await captured(context);
    await run(() => instance.remove!(context));
    await run(() => instance.gone!(live.identity));
    expect(JSON.stringify(capture)).not.toContain('hello');
    const volumes = (
      await ec2.aws.read({ service: 'ec2', operation: 'DescribeVolumes', input: { VolumeIds: [root!, sdf!, sdg!] } })
    )?.['Volumes'] as JsonObject[];
    expect(volumes.map((volume) => volume['State'])).toEqual(['available', 'available', 'available']);
    expect(instance.rules.leftovers(live)).toEqual([root, sdf, sdg, allocation]);
    await ec2.ask('ec2', 'DeleteVolume', { VolumeId: sdg! });

    const restoring = contextFor({ live, op: 'op-restore', action: 'create' });
    const { identity, map } = await run(() => instance.capture!.restore(restoring, capture));
    await run(() => instance.waitUntilStable!(identity));
    const after = await read(identity);
    expect(after.state).toBe('running');
    const lost = { ImageId: null, UserData: null, BlockDeviceMappings: null, Volumes: null };
    expect({ ...after.properties, ...lost }).toEqual({ ...live.properties, ...lost });
    expect(after.properties['UserData']).toEqual(masked(identity, script));
    const withoutOrigin = (list: Json | undefined): JsonObject[] =>
      (list as JsonObject[]).map((item) => ({ ...item, Ebs: { ...(item['Ebs'] as JsonObject), SnapshotId: null } }));
    expect(withoutOrigin(after.properties['BlockDeviceMappings'])).toEqual(
      withoutOrigin(live.properties['BlockDeviceMappings']),
    );
    const devices = (after.attributes['BlockDevices'] as JsonObject[]).map((device) => String(device['VolumeId']));
    expect(devices[1]).toBe(sdf);
    expect(map).toMatchObject({ [live.identity]: identity, [root!]: devices[0], [sdg!]: devices[2] });
    expect(after.attributes['Addresses']).toEqual([expect.objectContaining({ AllocationId: allocation })]);
    expect(after.systemTags).toEqual({
      'aiplan:plan': 'shop',
      'aiplan:resource': 'Web',
      'aiplan:restored-from': live.identity,
      'aiplan:op': 'op-restore',
    });
  });

  it('brings a stopped, protected instance back stopped and protected', async () => {
    const running = await launched({ DisableApiTermination: true });
    await ec2.ask('ec2', 'StopInstances', { 'InstanceId.1': running.identity });
    let live = await read(running.identity);
    while (live.state !== 'stopped') live = await read(running.identity);
    const context = contextFor({
      live,
      desired: live.properties,
      op: 'op-delete-2',
      captureName: 'aiplan-web-delete-2',
      action: 'delete',
    });
    expect(await run(() => instance.preflight!(context, 'delete'))).toEqual([
      expect.stringContaining('DisableApiTermination: false'),
    ]);
    await run(() => instance.capture!.quiesce!(context));
    const capture = await captured(context);
    await expect(run(() => instance.remove!(context))).rejects.toMatchObject({ code: 'OperationNotPermitted' });
    await updated(live, { DisableApiTermination: false });
    await run(() => instance.remove!(context));
    await run(() => instance.gone!(live.identity));
    const { identity } = await run(() => instance.capture!.restore(contextFor({ live, op: 'op-restore-2' }), capture));
    const after = await read(identity);
    expect([after.state, after.properties['DisableApiTermination']]).toEqual(['stopped', true]);
  });

  it('replaces with what is carried along', async () => {
    const first = await launched({
      PrivateIpAddress: '10.20.1.77',
      UserData: script,
      BlockDeviceMappings: [{ DeviceName: '/dev/sdf', Ebs: { VolumeSize: 4, DeleteOnTermination: true } }],
    });
    const data = await ec2.ask('ec2', 'CreateVolume', { AvailabilityZone: 'eu-west-1a', Size: '5' }, 'volumeId');
    const live = await updated(first, { Volumes: [{ Device: '/dev/sdg', VolumeId: data }] });
    const image = await ec2.ask(
      'ec2',
      'RegisterImage',
      {
        Name: 'newer',
        RootDeviceName: '/dev/sda1',
        'BlockDeviceMapping.1.DeviceName': '/dev/sda1',
        'BlockDeviceMapping.1.Ebs.VolumeSize': '9',
        'BlockDeviceMapping.1.Ebs.VolumeType': 'gp3',
      },
      'imageId',
    );
    const context = contextFor({
      live,
      desired: { ...live.properties, ImageId: image },
      changes: [],
      op: 'op-replace',
      captureName: 'aiplan-web-replace',
      action: 'replace',
      replacing: true,
      carry: ['PrivateIpAddress', 'volumes'],
      order: 'delete-first',
      ownership: { 'aiplan:plan': 'shop', 'aiplan:resource': 'Web', 'aiplan:op': 'op-replace' },
    });
    expect(await run(() => instance.preflight!(context, 'replace'))).toEqual([]);
    await run(() => instance.capture!.quiesce!(context));
    await captured(context);
    await run(() => instance.remove!(context));
    await run(() => instance.gone!(live.identity));
    const { identity } = await run(() => instance.create!(context));
    const after = await read(identity);
    expect(after.properties).toMatchObject({
      ImageId: image,
      PrivateIpAddress: '10.20.1.77',
      InstanceType: 't3.micro',
      Tags: { Name: 'web' },
      UserData: masked(identity, script),
    });
    const sdf = (live.attributes['BlockDevices'] as JsonObject[]).find(
      (device) => device['DeviceName'] === '/dev/sdf',
    )?.['VolumeId'];
    expect(
      (after.attributes['BlockDevices'] as JsonObject[]).map((device) => [
        device['DeviceName'],
        device['Root'] === true ? device['Size'] : device['VolumeId'],
      ]),
    ).toEqual([
      ['/dev/sda1', 9],
      ['/dev/sdf', sdf],
      ['/dev/sdg', data],
    ]);
  });

  it('tells the absent and the terminated apart from the failed', async () => {
    const live = await launched({});
    await ec2.ask('ec2', 'TerminateInstances', { 'InstanceId.1': live.identity });
    await run(() => instance.gone!(live.identity));
    const { resources, absent, failures } = await instance.read(ec2.aws, {
      identities: [live.identity, 'i-0123456789abcdef0'],
      all: false,
      detailed: new Set([live.identity]),
    });
    expect([resources.map(({ state }) => state), absent, failures]).toEqual([
      ['terminated'],
      ['i-0123456789abcdef0'],
      [],
    ]);
  });

  it('says what stands against a launch', async () => {
    const desired = base({
      ImageId: 'ami-0123456789abcdef0',
      SubnetId: 'subnet-0123456789abcdef0',
      SecurityGroupIds: ['sg-0123456789abcdef0'],
      KeyName: 'nobody',
    });
    const problems = await run(() => instance.preflight!(contextFor({ desired }), 'create'));
    expect(problems).toEqual([
      expect.stringContaining('ami-0123456789abcdef0'),
      expect.stringContaining('subnet-0123456789abcdef0'),
      expect.stringContaining('sg-0123456789abcdef0'),
      expect.stringContaining('nobody'),
    ]);
  });
});
