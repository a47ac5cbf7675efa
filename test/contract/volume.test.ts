import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { instance } from '../../providers/ec2/instance/instance.ts';
import { volume } from '../../providers/ec2/volume/volume.ts';
import type { Program } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { StepContext } from '../../src/domain/resource-type.ts';
import { drive } from '../helpers/drive.ts';
import { changesTo, contextFor } from '../helpers/ec2-context.ts';
import { readOne, startEc2, type Ec2Fixture } from '../helpers/ec2-fixture.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import type { Capture } from '../../src/domain/capture-plan.ts';

jest.setTimeout(180_000);
const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('AWS::EC2::Volume against the emulator', () => {
  let ec2: Ec2Fixture;
  let next = 0;
  beforeAll(async () => {
    ec2 = await startEc2();
  });
  afterAll(async () => {
    await ec2.stop();
  });

  const run = <Result>(make: () => Program<Result>): Promise<Result> => drive(ec2.aws, make);
  const read = async (identity: string): Promise<LiveResource> => {
    const live = await readOne(ec2.aws, volume, identity);
    if (live === undefined) throw new Error(`${identity} is not there`);
    return live;
  };
  const created = async (properties: JsonObject): Promise<LiveResource> => {
    next += 1;
    const context = contextFor({ desired: { AvailabilityZone: 'eu-west-1a', ...properties }, op: `op-data-${next}` });
    const { identity } = await run(() => volume.create!(context));
    await run(() => volume.waitUntilStable!(identity));
    return read(identity);
  };
  const updated = async (live: LiveResource, properties: JsonObject): Promise<LiveResource> => {
    const desired = { ...live.properties, ...properties };
    const context = contextFor({ live, desired, changes: changesTo(live, desired), action: 'update' });
    expect(await run(() => volume.preflight!(context, 'update'))).toEqual([]);
    await run(() => volume.update!(context));
    await run(() => volume.waitUntilStable!(live.identity));
    return read(live.identity);
  };
  const captured = async (context: StepContext): Promise<Capture> => {
    const capture = await run(() => volume.capture!.take(context));
    expect(await run(() => volume.capture!.verify(context, capture))).toEqual([]);
    return capture;
  };

  it('creates what is desired and reads it back', async () => {
    const desired = {
      Size: 30,
      VolumeType: 'gp3',
      Iops: 4000,
      Throughput: 200,
      Encrypted: true,
      AutoEnableIO: true,
      Tags: { Name: 'data' },
    };
    const live = await created(desired);
    expect(live.properties).toMatchObject({ AvailabilityZone: 'eu-west-1a', MultiAttachEnabled: false, ...desired });
    expect(live.properties['KmsKeyId']).toMatch(/^arn:/u);
    expect(live).toMatchObject({
      state: 'available',
      systemTags: { 'aiplan:plan': 'shop', 'aiplan:resource': 'Web' },
      binding: { attached: [], encrypted: true, protections: [], backups: 'none' },
      observed: { bytes: 30 * 2 ** 30, snapshots: 0 },
    });
  });

  it('changes everything that can be changed, and nothing else', async () => {
    const live = await created({ Size: 10, VolumeType: 'gp3', Tags: { Name: 'data', old: 'yes' } });
    const changes = {
      Size: 20,
      Iops: 5000,
      Throughput: 300,
      AutoEnableIO: true,
      Tags: { Name: 'data', owner: 'platform' },
    };
    expect((await updated(live, changes)).properties).toEqual({ ...live.properties, ...changes });
    const { Throughput: _none, ...rest } = (await updated(live, { VolumeType: 'io2', Iops: 6000 })).properties;
    expect(rest).toMatchObject({ VolumeType: 'io2', Iops: 6000, Size: 20 });
  });

  it('deletes a volume and brings it back from its snapshot', async () => {
    const live = await created({
      Size: 12,
      VolumeType: 'io1',
      Iops: 500,
      Encrypted: true,
      AutoEnableIO: true,
      Tags: { Name: 'data' },
    });
    const context = contextFor({ live, op: 'op-delete', action: 'delete' });
    expect(await run(() => volume.preflight!(context, 'delete'))).toEqual([]);
    expect(await run(() => volume.capture!.restorable(context, null))).toEqual({ problems: [], losses: [] });
    await run(() => volume.capture!.quiesce!(context));
    const capture = await captured(context);
    expect(capture).toMatchObject({ how: 'native', bytes: 12 * 2 ** 30, encrypted: true });
    expect(capture.pointInTime).toMatch(/^\d{4}-/u);
    await run(() => volume.remove!(context));
    await run(() => volume.gone!(live.identity));
    expect(await readOne(ec2.aws, volume, live.identity)).toBeUndefined();

    const { identity, map } = await run(() => volume.capture!.restore(contextFor({ live, op: 'op-restore' }), capture));
    await run(() => volume.waitUntilStable!(identity));
    const after = await read(identity);
    expect(map).toEqual({ [live.identity]: identity });
    expect(after.properties).toEqual({ ...live.properties, SnapshotId: capture.refs['snapshot'] });
    expect(after.systemTags).toEqual({
      'aiplan:plan': 'shop',
      'aiplan:resource': 'Web',
      'aiplan:restored-from': live.identity,
      'aiplan:op': 'op-restore',
    });
  });

  it('is never deleted while attached, and is attached again by a restore', async () => {
    const data = await created({ Size: 5 });
    const server = contextFor({
      desired: {
        ImageId: ec2.image,
        InstanceType: 't3.micro',
        SubnetId: ec2.subnet,
        Volumes: [{ Device: '/dev/sdf', VolumeId: data.identity }],
      },
      op: 'op-server',
    });
    const { identity: owner } = await run(() => instance.create!(server));
    const live = await read(data.identity);
    expect(live.binding['attached']).toEqual([`${owner} /dev/sdf`]);
    const context = contextFor({ live, op: 'op-delete-2', action: 'delete' });
    expect(await run(() => volume.preflight!(context, 'delete'))).toEqual([expect.stringContaining(owner)]);
    expect(await run(() => volume.preflight!({ ...context, deletedBefore: [owner] }, 'delete'))).toEqual([]);
    await expect(run(() => volume.capture!.quiesce!(context))).rejects.toMatchObject({ code: 'volume-attached' });
    await expect(run(() => volume.remove!(context))).rejects.toMatchObject({ code: 'volume-attached' });

    const capture = await captured(context);
    await ec2.ask('ec2', 'DetachVolume', { VolumeId: data.identity, InstanceId: owner });
    await run(() => volume.remove!(context));
    const { identity } = await run(() => volume.capture!.restore(contextFor({ live, op: 'op-restore-2' }), capture));
    expect((await read(identity)).attributes['Attachments']).toEqual([
      expect.objectContaining({ InstanceId: owner, Device: '/dev/sdf' }),
    ]);
  });

  it('notices an incomplete capture', async () => {
    const live = await created({ Size: 5 });
    const capture = await captured(contextFor({ live, op: 'op-tag', action: 'update' }));
    const verify = (more: JsonObject, refs: JsonObject = capture.refs) => {
      const context = contextFor({ live: { ...live, properties: { ...live.properties, ...more } } });
      return run(() => volume.capture!.verify(context, { ...capture, refs }));
    };
    expect(await verify({ Size: 6 })).toEqual([expect.stringContaining('5 GiB')]);
    expect(await verify({ Encrypted: true })).toEqual([expect.stringContaining('not encrypted')]);
    expect(await verify({}, { snapshot: 'snap-0123456789abcdef0' })).toEqual([expect.stringContaining('not there')]);
    expect(await verify({}, {})).toHaveLength(1);
  });

  it('counts backups of others, not its own captures, and reads many in few calls', async () => {
    const live = await created({ Size: 1 });
    await captured(contextFor({ live, op: 'op-own' }));
    expect(await read(live.identity)).toMatchObject({ binding: { backups: 'none' }, observed: { snapshots: 1 } });
    await ec2.ask('ec2', 'CreateSnapshot', { VolumeId: live.identity });
    let now = await read(live.identity);
    while (now.observed['snapshots'] !== 2) now = await read(live.identity);
    expect(now.binding['backups']).toBe('snapshots exist');
    const before = ec2.aws.counts['ec2:DescribeVolumes'] ?? 0;
    const missing = Array.from({ length: 250 }, (_, index) => `vol-${String(index).padStart(17, '0')}`);
    const result = await volume.read(ec2.aws, {
      identities: [live.identity, ...missing],
      all: false,
      detailed: new Set(),
    });
    expect((ec2.aws.counts['ec2:DescribeVolumes'] ?? 0) - before).toBe(2);
    expect([result.resources.length, result.absent.length, result.failures]).toEqual([1, 250, []]);
  });
});
