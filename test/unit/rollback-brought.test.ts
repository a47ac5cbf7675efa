import { describe, expect, it } from '@jest/globals';
import { bearsOutFormer } from '../../src/cli/planning/proven-restores.ts';
import { formerlyOf } from '../../src/recovery/rollback/brought-along.ts';
import { send } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { ResourceType, ResourceTypes } from '../../src/domain/resource-type.ts';
import type { RunManifest } from '../../src/domain/records/run-manifest.ts';
import { instance } from '../../providers/ec2/instance/instance.ts';
import { benchOf, changePlanOf, entryOf, type Bench } from '../helpers/apply-world.ts';
import { createMemoryWorld, GROUP } from '../helpers/memory-world.ts';
import { Killed } from '../helpers/mortal.ts';

const run = '20260226-230000-0001';

/** A group "host" whose restore makes the group "root" anew with it, as an instance its root volume. */
function hosting(type: ResourceType, captured: string): ResourceType {
  const isHost = (live: LiveResource | null): boolean => live?.properties['GroupName'] === 'host';
  const { capture } = type;
  if (capture === undefined) throw new Error('a group has captures');
  return {
    ...type,
    capture: {
      ...capture,
      brings: (live) => (isHost(live) ? [{ type: GROUP, identity: 'g-root' }] : []),
      bringing: (live, properties) => ({
        ...live,
        attributes: { ...live.attributes, Root: properties['g-root'] ?? {} },
      }),
      *restore(context, taken) {
        const restored = yield* capture.restore(context, taken);
        if (!isHost(context.live)) return restored;
        const root = (context.live?.attributes['Root'] ?? { Description: captured }) as JsonObject;
        const answer = yield* send({
          service: 'ec2',
          operation: 'CreateGroup',
          identity: context.op,
          retry: 'token',
          purpose: 'its root',
          preview: { GroupId: 'g-preview' },
          input: {
            GroupName: 'root',
            ...root,
            Tags: { ...context.ownership, 'aiplan:restored-from': 'g-root' },
            ClientToken: `${context.op}-r`,
          },
        });
        return { ...restored, map: { ...restored.map, 'g-root': String(answer['GroupId']) } };
      },
    },
  };
}

function bench(captured = 'before'): Bench {
  const world = createMemoryWorld({
    seed: [
      { type: GROUP, identity: 'g-host', properties: { GroupName: 'host' } },
      { type: GROUP, identity: 'g-root', properties: { GroupName: 'root', Description: 'before' } },
    ],
  });
  const all = world.types.all.map((type) => (type.type === GROUP ? hosting(type, captured) : type));
  const types: ResourceTypes = { all, get: (name) => all.find(({ type }) => type === name) };
  return benchOf({ ...world, types });
}
const deleteHost = entryOf('Host', GROUP, { action: 'delete', id: 'g-host', expect: { GroupName: 'host' } });
const deleteRoot = entryOf('Root', GROUP, {
  action: 'delete',
  id: 'g-root',
  expect: { GroupName: 'root' },
  dependsOn: ['Host'],
});
const made = ({ world }: Bench): number => world.sent.filter(({ operation }) => operation === 'CreateGroup').length;
const names = async ({ world }: Bench): Promise<readonly unknown[]> =>
  (
    await Promise.all(
      world.list().map(async ({ identity }) => (await world.get(GROUP, identity))?.properties['GroupName']),
    )
  ).toSorted();

describe('what comes back inside of something else', () => {
  it('comes back once, with that, and a second rollback finds it done', async () => {
    const both = bench();
    expect((await both.apply(changePlanOf([deleteHost, deleteRoot]))).outcome).toBe('done');
    const { changePlan, findings } = await both.rollback(run);
    expect([findings, changePlan.resources.map(({ address }) => address)]).toEqual([[], ['Host', 'Root']]);
    const report = await both.apply(changePlan, { run: 'back' });
    expect([report.outcome, report.findings, Object.keys(report.map).toSorted()]).toEqual([
      'done',
      [],
      ['g-host', 'g-root'],
    ]);
    expect([made(both), await names(both)]).toEqual([2, ['host', 'root']]);
    const again = await both.rollback(run);
    expect([again.changePlan.resources, again.findings.map(({ severity, code }) => `${severity} ${code}`)]).toEqual([
      [],
      ['info rollback-restored', 'info rollback-restored'],
    ]);
  });

  it('is not made beside it by a rollback that continues one that was stopped in between', async () => {
    const both = bench();
    await both.apply(changePlanOf([deleteHost, deleteRoot]));
    let dead = false;
    const dying = both.apply((await both.rollback(run)).changePlan, {
      run: 'back',
      beforeAppend: (record) => {
        dead ||= record.kind === 'step' && record.step === 'Root';
        if (dead) throw new Killed('dead');
      },
    });
    await dying.catch(() => null);
    expect(made(both)).toBe(2);
    const { changePlan, findings } = await both.rollback(run);
    expect([findings.map(({ severity }) => severity), changePlan.resources.map(({ address }) => address)]).toEqual([
      ['info'],
      ['Root'],
    ]);
    expect((await both.apply(changePlan, { run: 'again' })).outcome).toBe('done');
    expect([made(both), await names(both)]).toEqual([2, ['host', 'root']]);
  });

  it('comes back by itself where that does not', async () => {
    const both = bench();
    await both.apply(changePlanOf([deleteHost, deleteRoot]));
    const { changePlan } = await both.rollback(run);
    const alone = changePlan.resources
      .filter(({ address }) => address === 'Root')
      .map((entry) => ({ ...entry, dependsOn: [] }));
    expect((await both.apply({ ...changePlan, resources: alone }, { run: 'back' })).outcome).toBe('done');
    expect([made(both), await names(both)]).toEqual([1, ['root']]);
  });

  it('is as before the run, though it was captured after the run had changed it', async () => {
    const changed = bench('by the run');
    const update = entryOf('Root', GROUP, {
      action: 'update',
      id: 'g-root',
      properties: { Description: 'by the run' },
    });
    expect((await changed.apply(changePlanOf([update, deleteHost]))).outcome).toBe('done');
    const { changePlan } = await changed.rollback(run);
    const order = changePlan.resources.find(({ address }) => address === 'Host')?.restore;
    expect(order?.formerly).toEqual({ 'g-root': { Description: 'before' } });
    const report = await changed.apply(changePlan, { run: 'back' });
    expect((await changed.world.get(GROUP, report.map['g-root'] ?? ''))?.properties['Description']).toBe('before');
    const manifests = [...changed.vault.manifests].flatMap(([, manifest]) =>
      'befores' in manifest ? [manifest as unknown as RunManifest] : [],
    );
    expect(bearsOutFormer(manifests, order)).toBe(true);
    expect(bearsOutFormer(manifests, { formerly: { 'g-root': { Description: 'forged' } } })).toBe(false);
  });
});

describe('the root volume of an instance', () => {
  const live = {
    type: 'AWS::EC2::Instance',
    identity: 'i-1',
    properties: {
      BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeType: 'gp3', Iops: 4000, VolumeSize: 8 } }],
    },
    attributes: {
      BlockDevices: [
        {
          DeviceName: '/dev/xvda',
          VolumeId: 'vol-r',
          Root: true,
          VolumeType: 'gp3',
          Iops: 4000,
          Tags: { owner: 'run' },
        },
        { DeviceName: '/dev/sdf', VolumeId: 'vol-d', Root: false },
      ],
    },
  } as unknown as LiveResource;

  it('is what its restore makes anew, with the tags, kind and speed from before the run; its size stays', () => {
    expect(instance.capture?.brings?.(live)).toEqual([{ type: 'AWS::EC2::Volume', identity: 'vol-r' }]);
    const back = instance.capture?.bringing?.(live, {
      'vol-r': { Tags: { owner: 'ops' }, VolumeType: 'gp2', Iops: null, Throughput: null },
    });
    expect(back?.attributes['BlockDevices']).toEqual([
      { DeviceName: '/dev/xvda', VolumeId: 'vol-r', Root: true, VolumeType: 'gp2', Tags: { owner: 'ops' } },
      { DeviceName: '/dev/sdf', VolumeId: 'vol-d', Root: false },
    ]);
    expect(back?.properties['BlockDeviceMappings']).toEqual([
      { DeviceName: '/dev/xvda', Ebs: { VolumeType: 'gp2', VolumeSize: 8 } },
    ]);
    expect(
      formerlyOf({ all: [instance], get: (name) => (name === instance.type ? instance : undefined) }, [], live),
    ).toBeUndefined();
  });
});
