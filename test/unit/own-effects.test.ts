import { describe, expect, it } from '@jest/globals';
import { loadSchema } from '../../providers/aws/schema.ts';
import { securityGroup } from '../../providers/ec2/security-group/security-group.ts';
import { volume } from '../../providers/ec2/volume/volume.ts';
import { resourceTypes } from '../../providers/index.ts';
import { liveOf } from '../../providers/rds/db-instance/shape.ts';
import { ownEffects } from '../../src/run/drift/own-effects.ts';
import { staleness } from '../../src/run/drift/staleness.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { OwnEffect } from '../../src/domain/own-effect.ts';
import type { ResourceType } from '../../src/domain/resource-type.ts';
import { described, instanceId, reader, sampleInstance } from '../helpers/ec2-samples.ts';
import { rawDatabase } from '../helpers/rds-samples.ts';

/** What is no longer as it was, without what the effects explain. */
const left = (planned: LiveResource, now: LiveResource, effects: readonly OwnEffect[]): readonly string[] =>
  staleness(planned, now, (resourceTypes.get(planned.type) as ResourceType).rules, {
    effects,
    types: resourceTypes,
    schemas: loadSchema,
  }).map(
    ({ path, before, after }) => `${path} ${before === undefined ? 'came' : after === undefined ? 'went' : 'moved'}`,
  );
const changed = (before: LiveResource, after: LiveResource, wanted: JsonObject | null = null): OwnEffect => ({
  type: before.type,
  identity: before.identity,
  what: 'changed',
  before,
  after,
  wanted,
});
const removed = (before: LiveResource): OwnEffect => ({
  type: before.type,
  identity: before.identity,
  what: 'removed',
  before,
  after: null,
  wanted: null,
});
const restored = (after: LiveResource): OwnEffect => ({
  type: after.type,
  identity: after.identity,
  what: 'made',
  before: null,
  after,
  wanted: null,
  restored: true,
});

const only = async (
  type: ResourceType,
  identity: string,
  answers: Readonly<Record<string, JsonObject>>,
): Promise<LiveResource> => {
  const { resources } = await type.read(reader(answers), {
    identities: [identity],
    all: false,
    detailed: new Set([identity]),
  });
  if (resources[0] === undefined) throw new Error(`no ${identity}`);
  return resources[0];
};

const [rawRoot, rawData] = described.DescribeVolumes.Volumes as readonly JsonObject[] as [JsonObject, JsonObject];
const attachment = { InstanceId: instanceId, Device: '/dev/sdf', State: 'attached', DeleteOnTermination: false };
const data = (fields: JsonObject = {}): JsonObject => ({
  ...rawData,
  VolumeType: 'gp3',
  Iops: 3000,
  Throughput: 125,
  Attachments: [attachment],
  ...fields,
});
const volumeOf = (raw: JsonObject): Promise<LiveResource> =>
  only(volume, 'vol-data', {
    DescribeVolumes: { Volumes: [raw] },
    DescribeSnapshots: { Snapshots: [] },
    DescribeVolumeAttribute: { AutoEnableIO: { Value: false } },
  });
const instanceWith = (raw: JsonObject, fields: JsonObject = {}): Promise<LiveResource> =>
  sampleInstance(fields, { DescribeVolumes: { Volumes: [rawRoot, raw] } });

describe('a volume and the instance that has it', () => {
  it.each<readonly [string, JsonObject]>([
    ['Iops', { Iops: 4000 }],
    ['Size', { Size: 120 }],
    ['type and what follows', { VolumeType: 'io2', Iops: 6000, Throughput: undefined }],
  ])('%s of the volume, changed by the run, is no drift of the instance', async (_what, change) => {
    const [before, now] = [data(), data(change)];
    const own = changed(await volumeOf(before), await volumeOf(now));
    expect(left(await instanceWith(before), await instanceWith(now), [])).not.toEqual([]);
    expect(left(await instanceWith(before), await instanceWith(now), [own])).toEqual([]);
  });

  it('another value than the run gave, another property, another volume: somebody else was there', async () => {
    const own = changed(await volumeOf(data()), await volumeOf(data({ Iops: 4000 })));
    const planned = await instanceWith(data());
    expect(left(planned, await instanceWith(data({ Iops: 5000 })), [own])).toEqual([
      'BlockDeviceMappings[/dev/sdf].Ebs.Iops moved',
    ]);
    expect(left(planned, await instanceWith(data({ Iops: 4000, Size: 120 })), [own])).toEqual([
      'BlockDeviceMappings[/dev/sdf].Ebs.VolumeSize moved',
      'attached went',
      'attached came',
    ]);
    expect(
      left(
        planned,
        await sampleInstance({}, { DescribeVolumes: { Volumes: [{ ...rawRoot, Iops: 4000 }, data({ Iops: 4000 })] } }),
        [own],
      ),
    ).toEqual(['BlockDeviceMappings[/dev/xvda].Ebs.Iops moved']);
  });

  it('what somebody else did to the very volume before the run read it back is theirs in the instance too', async () => {
    const [before, after] = [await volumeOf(data()), await volumeOf(data({ Iops: 5000, Size: 120 }))];
    const own = changed(before, after, { ...before.properties, Iops: 4000 });
    expect(left(await instanceWith(data()), await instanceWith(data({ Iops: 4000 })), [own])).toEqual([]);
    expect(left(await instanceWith(data()), await instanceWith(data({ Iops: 5000, Size: 120 })), [own])).toEqual([
      'BlockDeviceMappings[/dev/sdf].Ebs.Iops moved',
      'BlockDeviceMappings[/dev/sdf].Ebs.VolumeSize moved',
      'attached went',
      'attached came',
    ]);
    // What AWS moves along with the change is the run's.
    const retyped = changed(before, await volumeOf(data({ VolumeType: 'io2', Iops: 100, Throughput: undefined })), {
      ...before.properties,
      VolumeType: 'io2',
    });
    expect(
      left(
        await instanceWith(data()),
        await instanceWith(data({ VolumeType: 'io2', Iops: 100, Throughput: undefined })),
        [retyped],
      ),
    ).toEqual([]);
  });

  it('a volume that the run changed and somebody else detached is missed', async () => {
    const own = changed(await volumeOf(data()), await volumeOf(data({ Iops: 4000 })));
    const alone = await sampleInstance(
      { BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeId: 'vol-root', DeleteOnTermination: true } }] },
      { DescribeVolumes: { Volumes: [rawRoot] } },
    );
    expect(left(await instanceWith(data()), alone, [own])).toEqual([
      'Volumes[vol-data] went',
      'attached went',
      'backups moved',
    ]);
  });

  it('the volume of a deleted instance is attached to nothing, that of another one is', async () => {
    const planned = await volumeOf(data());
    const free = await volumeOf(data({ State: 'available', Attachments: [] }));
    const elsewhere = await volumeOf(data({ Attachments: [{ ...attachment, InstanceId: 'i-theirs' }] }));
    const own = removed(await instanceWith(data()));
    expect(left(planned, free, [own])).toEqual([]);
    expect(left(planned, free, [])).toEqual(['attached went']);
    expect(left(planned, elsewhere, [own])).toEqual(['attached came']);
    expect(
      left(planned, free, [
        changed(await instanceWith(data()), await instanceWith(data(), { InstanceType: 'm7g.xlarge' })),
      ]),
    ).toEqual(['attached went']);
  });

  it('a volume that came back and was attached again is no drift of the instance', async () => {
    const bare = await sampleInstance(
      { BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeId: 'vol-root', DeleteOnTermination: true } }] },
      { DescribeVolumes: { Volumes: [rawRoot] } },
    );
    const now = await instanceWith(data());
    expect(left(bare, now, [restored(await volumeOf(data()))])).toEqual([]);
    expect(left(bare, now, [restored(await volumeOf(data({ Size: 90 })))])).not.toEqual([]);
    expect(left(bare, now, [])).not.toEqual([]);
  });
});

describe('an instance with a second interface, and the group of that', () => {
  const card = (id: string, fields: JsonObject = {}): JsonObject => ({
    NetworkInterfaceId: id,
    Groups: [{ GroupId: 'sg-1' }],
    ...fields,
  });
  const of = (id: string): JsonObject => ({ Attachment: { InstanceId: id } });
  const group = (interfaces: readonly JsonObject[]): Promise<LiveResource> =>
    only(securityGroup, 'sg-1', {
      DescribeSecurityGroups: { SecurityGroups: [{ GroupId: 'sg-1', GroupName: 'web', VpcId: 'vpc-1' }] },
      DescribeSecurityGroupRules: { SecurityGroupRules: [] },
      DescribeNetworkInterfaces: { NetworkInterfaces: interfaces },
    });
  const both = [card('eni-1', of(instanceId)), card('eni-2', { ...of(instanceId), Description: 'second' })];

  it('deleted: the first goes, the second stays without it', async () => {
    const own = removed(await sampleInstance());
    const now = await group([card('eni-2', { Description: 'second' })]);
    expect(left(await group(both), now, [own])).toEqual([]);
    expect(left(await group(both), now, [])).toEqual([
      'dependents went',
      'dependents came',
      'attached went',
      'attached went',
      'attached came',
    ]);
  });

  it('brought back: the second has an instance again', async () => {
    const again = await sampleInstance({ InstanceId: instanceId });
    expect(left(await group([card('eni-2', { Description: 'second' })]), await group(both), [restored(again)])).toEqual(
      [],
    );
  });

  it('an interface of somebody else beside them is found', async () => {
    const own = removed(await sampleInstance());
    expect(
      left(await group(both), await group([card('eni-2', { Description: 'second' }), card('eni-9', of('i-theirs'))]), [
        own,
      ]),
    ).toEqual(['dependents came', 'attached came']);
    expect(
      left(
        await group(both),
        await group([card('eni-2', { Description: 'second' }), card('eni-9', { Description: `of ${instanceId}` })]),
        [own],
      ),
    ).toEqual(['dependents came', 'attached came']);
  });

  it('an interface that somebody detaches while the run changes its instance is found', async () => {
    const own = changed(await sampleInstance(), await sampleInstance({ InstanceType: 'm7g.xlarge' }));
    expect(
      left(await group(both), await group([card('eni-1', of(instanceId)), card('eni-2', { Description: 'second' })]), [
        own,
      ]),
    ).toEqual(['dependents came', 'attached went', 'attached came']);
  });

  it('interfaces that RDS made come and go with a database of the group, those of another service do not', async () => {
    const raw = { ...rawDatabase, VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-1', Status: 'active' }] };
    const made = card('eni-5', {
      Description: 'RDSNetworkInterface',
      RequesterManaged: true,
      RequesterId: 'amazon-rds',
    });
    const balancer = card('eni-6', { Description: 'ELB', RequesterManaged: true, RequesterId: 'amazon-elb' });
    const planned = await group([made, balancer]);
    expect(left(planned, await group([balancer]), [removed(liveOf(raw))])).toEqual([]);
    expect(left(planned, await group([]), [removed(liveOf(raw))])).toEqual(['dependents went', 'attached went']);
    expect(left(planned, await group([balancer]), [removed(liveOf(rawDatabase))])).toEqual([
      'dependents went',
      'attached went',
    ]);
  });
});

describe('groups that name groups', () => {
  const rule = (from: string): JsonObject => ({
    IsEgress: false,
    GroupId: 'sg-1',
    IpProtocol: 'tcp',
    FromPort: 80,
    ToPort: 80,
    ReferencedGroupInfo: { GroupId: from, UserId: '123456789012' },
  });
  const pairs = (from: string): JsonObject => ({
    IpPermissions: [
      { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, UserIdGroupPairs: [{ GroupId: from, UserId: '123456789012' }] },
    ],
  });
  const group = (
    id: string,
    { names = [], namedBy = [] }: { readonly names?: readonly string[]; readonly namedBy?: readonly string[] } = {},
  ): Promise<LiveResource> =>
    only(securityGroup, id, {
      DescribeSecurityGroups: {
        SecurityGroups: [
          { GroupId: id, GroupName: id, VpcId: 'vpc-1', ...(names[0] === undefined ? {} : pairs(names[0])) },
          ...namedBy.map((other) => ({ GroupId: other, GroupName: other, ...pairs(id) })),
        ],
      },
      DescribeSecurityGroupRules: { SecurityGroupRules: names.map((other) => ({ ...rule(other), GroupId: id })) },
      DescribeNetworkInterfaces: { NetworkInterfaces: [] },
    });

  it('a rule that the run adds is a user of the other group; the same group without such a change is not', async () => {
    const [planned, now] = [await group('sg-2'), await group('sg-2', { namedBy: ['sg-1'] })];
    expect(left(planned, now, [changed(await group('sg-1'), await group('sg-1', { names: ['sg-2'] }))])).toEqual([]);
    expect(left(planned, now, [changed(await group('sg-1'), await group('sg-1'))])).toEqual(['dependents came']);
    expect(
      left(planned, await group('sg-2', { namedBy: ['sg-1', 'sg-9'] }), [
        changed(await group('sg-1'), await group('sg-1', { names: ['sg-2'] })),
      ]),
    ).toEqual(['dependents came']);
  });

  it('a rule that names what the run deleted may go, one that names what it restored may come', async () => {
    const [planned, now] = [await group('sg-1', { names: ['sg-2'] }), await group('sg-1', { names: ['sg-3'] })];
    expect(left(planned, now, [removed(await group('sg-2')), restored(await group('sg-3'))])).toEqual([]);
    expect(left(planned, now, [removed(await group('sg-2'))])).toHaveLength(1);
    expect(left(planned, now, [restored(await group('sg-3'))])).toHaveLength(1);
  });
});

describe('databases', () => {
  it('a replica whose source the run deleted is one of its own, and the source misses a replica that the run deleted', () => {
    const replica = liveOf({
      ...rawDatabase,
      DBInstanceIdentifier: 'replica',
      ReadReplicaSourceDBInstanceIdentifier: 'courses-prod',
    });
    const alone = liveOf({ ...rawDatabase, DBInstanceIdentifier: 'replica' });
    const [source, bare] = [
      liveOf({ ...rawDatabase, ReadReplicaDBInstanceIdentifiers: ['replica'] }),
      liveOf(rawDatabase),
    ];
    const whole = (live: LiveResource): LiveResource => ({ ...live, detailed: true });
    expect(left(whole(replica), whole(alone), [])).not.toEqual([]);
    expect(left(whole(replica), whole(alone), [removed(source)])).toEqual([]);
    expect(left(whole(source), whole(bare), [removed(replica)])).toEqual([]);
    expect(left(whole(source), whole(bare), [])).toEqual(['dependents went']);
  });

  it('the first automated backup of a new database is one more, and none less', () => {
    const at = (automated: string): LiveResource => ({
      ...liveOf(rawDatabase),
      detailed: true,
      binding: { backups: { manual: 'none', automated } },
    });
    expect(left(at('none'), at('some'), [])).toEqual([]);
    expect(left(at('some'), at('none'), [])).toEqual(['backups moved']);
    expect(left(at('some'), { ...at('some'), binding: { backups: 'unknown' } }, [])).toEqual(['backups moved']);
  });
});

describe('the effects of a run', () => {
  it('keep what was before the first one, and learn what was read after the last', () => {
    const effects = ownEffects();
    const at = (Size: number): LiveResource => ({ ...liveOf(rawDatabase), properties: { Size } });
    effects.note({ ...changed(at(1), at(1)), after: null, wanted: { Size: 2 } });
    effects.read(at(2).type, at(2));
    effects.note(removed(at(2)));
    expect(effects.all).toEqual([{ ...removed(at(1)) }]);
  });
});
