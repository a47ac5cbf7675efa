import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { Report } from '../../src/domain/records/report.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { interrupter, nameOf } from '../helpers/interrupter.ts';
import type { Ask } from '../helpers/query.ts';
import { furnish } from '../helpers/road-account.ts';
import { openRoad, type Entries, type Made, type Road } from '../helpers/road.ts';
import { startTestSandbox } from '../helpers/sandbox.ts';

jest.setTimeout(120_000);
const suite = (await emulatorAvailable()) ? describe : describe.skip;
const [INSTANCE, VOLUME, GROUP] = ['AWS::EC2::Instance', 'AWS::EC2::Volume', 'AWS::EC2::SecurityGroup'] as const;

suite('steps of one plan that touch each other’s neighbours', () => {
  const stop = interrupter();
  let sandbox: Sandbox;
  let road: Road;
  let ask: Ask;
  let names: Readonly<Record<string, string>> = {};
  let plans = 0;
  beforeAll(async () => {
    sandbox = await startTestSandbox({ pace: { reads: 1, milliseconds: 0 } });
    road = await openRoad(sandbox, {}, stop);
    ({ names, ask } = await furnish(sandbox));
  }, 60_000);
  afterAll(async () => {
    road?.close();
    await sandbox?.stop();
  });
  afterEach(() => {
    stop.disarm();
  });

  const blocks = ({ plan }: Made): readonly string[] =>
    plan.findings.filter(({ severity }) => severity === 'error').map(({ code, message }) => `${code}: ${message}`);
  const planned = async (entries: Entries): Promise<Made> => {
    plans += 1;
    const made = await road.plan(road.text(`own-${plans}`, entries));
    expect(blocks(made)).toEqual([]);
    return made;
  };
  const ended = (report: Report): Report => {
    expect([report.outcome, report.message, report.findings]).toEqual(['done', null, []]);
    return report;
  };
  const applied = async (entries: Entries): Promise<Report> => ended(await road.apply(await planned(entries)));
  /** Takes a run back; answers the ids that changed. */
  const takenBack = async (run: string): Promise<Readonly<Record<string, string>>> => {
    const made = await road.planRollback(run);
    expect(blocks(made)).toEqual([]);
    return ended(await road.apply(made)).map;
  };
  const there = async (type: string, identity: string): Promise<LiveResource> => {
    const live = await road.live(type, identity);
    if (live === undefined) throw new Error(`${type} ${identity} is not there`);
    return live;
  };
  const group = (name: string): Promise<string> =>
    ask(
      'ec2',
      'CreateSecurityGroup',
      { GroupName: name, GroupDescription: name, VpcId: names['Vpc'] ?? '' },
      'groupId',
    );
  const allow = (from: string, to: string): Promise<string> =>
    ask(
      'ec2',
      'AuthorizeSecurityGroupIngress',
      {
        GroupId: to,
        'IpPermissions.1.IpProtocol': 'tcp',
        'IpPermissions.1.FromPort': '80',
        'IpPermissions.1.ToPort': '80',
        'IpPermissions.1.Groups.1.GroupId': from,
      },
      'return',
    );
  const server = async (): Promise<{ readonly instance: string; readonly volume: string }> => {
    const volume = await ask(
      'ec2',
      'CreateVolume',
      { AvailabilityZone: 'eu-west-1a', Size: '10', VolumeType: 'gp3', Iops: '3000' },
      'volumeId',
    );
    const instance = await ask(
      'ec2',
      'RunInstances',
      {
        ImageId: names['Image'] ?? '',
        InstanceType: 't3.micro',
        MinCount: '1',
        MaxCount: '1',
        SubnetId: names['Subnet'] ?? '',
        'SecurityGroupId.1': names['Group'] ?? '',
      },
      'instanceId',
    );
    await ask('ec2', 'AttachVolume', { VolumeId: volume, InstanceId: instance, Device: '/dev/sdf' }, 'status');
    return { instance, volume };
  };
  const rule = (from: string, port = 80): JsonObject => ({
    IpProtocol: 'tcp',
    FromPort: port,
    ToPort: port,
    SourceSecurityGroupId: from,
  });
  const gone = { action: 'delete', reason: 'a test', expect: {} } as const;

  it('a volume grows faster and its own instance another type, and back', async () => {
    const { instance, volume } = await server();
    const before = [await there(INSTANCE, instance), await there(VOLUME, volume)].map(({ properties, state }) => ({
      properties,
      state,
    }));
    const { run } = await applied({
      Disk: { type: VOLUME, action: 'update', id: volume, properties: { Iops: 4000 } },
      Web: {
        type: INSTANCE,
        action: 'update',
        id: instance,
        when: 'now',
        reason: 'a test',
        properties: { InstanceType: 't3.medium' },
      },
    });
    expect((await there(VOLUME, volume)).properties['Iops']).toBe(4000);
    await takenBack(run);
    expect(
      [await there(INSTANCE, instance), await there(VOLUME, volume)].map(({ properties, state }) => ({
        properties,
        state,
      })),
    ).toEqual(before);
  });

  it('a volume grows and its instance is deleted; the instance comes back with the volume', async () => {
    const { instance, volume } = await server();
    const { run } = await applied({
      Disk: { type: VOLUME, action: 'update', id: volume, properties: { Size: 12 } },
      Web: { type: INSTANCE, id: instance, ...gone },
    });
    const made = await road.planRollback(run);
    expect(blocks(made)).toEqual([]);
    const { map } = ended(await road.apply(made));
    expect((await there(INSTANCE, map[instance] ?? '')).properties['Volumes']).toEqual([
      { Device: '/dev/sdf', VolumeId: volume },
    ]);
  });

  it('a volume and the instance that has it are deleted in one plan, whichever stands first, and come back together', async () => {
    const { instance, volume } = await server();
    const { run } = await applied({
      Disk: { type: VOLUME, id: volume, ...gone },
      Web: { type: INSTANCE, id: instance, ...gone },
    });
    expect([await road.live(INSTANCE, instance), await road.live(VOLUME, volume)]).toEqual([undefined, undefined]);
    const made = await road.planRollback(run);
    expect(blocks(made)).toEqual([]);
    const { map } = ended(await road.apply(made));
    expect((await there(INSTANCE, map[instance] ?? '')).properties['Volumes']).toEqual([
      { Device: '/dev/sdf', VolumeId: map[volume] },
    ]);
  });

  it('an instance with a second interface is deleted while the group of that is changed, and both are undone', async () => {
    const [first, second] = [await group('of-first'), await group('of-second')];
    const instance = await ask(
      'ec2',
      'RunInstances',
      {
        ImageId: names['Image'] ?? '',
        InstanceType: 't3.micro',
        MinCount: '1',
        MaxCount: '1',
        SubnetId: names['Subnet'] ?? '',
        'SecurityGroupId.1': first,
      },
      'instanceId',
    );
    const card = await ask(
      'ec2',
      'CreateNetworkInterface',
      { SubnetId: names['Subnet'] ?? '', Description: 'second', 'SecurityGroupId.1': second },
      'networkInterfaceId',
    );
    await ask(
      'ec2',
      'AttachNetworkInterface',
      { NetworkInterfaceId: card, InstanceId: instance, DeviceIndex: '1' },
      'attachmentId',
    );
    const before = (await there(GROUP, second)).properties;
    const { run } = await applied({
      Web: { type: INSTANCE, id: instance, ...gone },
      Second: {
        type: GROUP,
        action: 'update',
        id: second,
        reason: 'a test',
        properties: { SecurityGroupIngress: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '10.0.0.0/8' }] },
        depends_on: ['Web'],
      },
    });
    const map = await takenBack(run);
    expect((await there(GROUP, second)).properties).toEqual(before);
    expect((await there(GROUP, second)).binding).toEqual({
      protections: [],
      dependents: [{ type: 'AWS::EC2::NetworkInterface', identity: card }],
      attached: [`${card} (of ${map[instance] ?? ''}, second)`],
    });
  });

  it('two groups begin to name each other in one plan, and stop', async () => {
    const [one, other] = [await group('pair-one'), await group('pair-other')];
    const before = [await there(GROUP, one), await there(GROUP, other)].map(({ properties, binding }) => ({
      properties,
      binding,
    }));
    const { run } = await applied({
      One: {
        type: GROUP,
        action: 'update',
        id: one,
        reason: 'a test',
        properties: { SecurityGroupIngress: [rule(other)] },
      },
      Other: {
        type: GROUP,
        action: 'update',
        id: other,
        reason: 'a test',
        properties: { SecurityGroupIngress: [rule(one)] },
      },
    });
    expect((await there(GROUP, one)).binding['dependents']).toEqual([{ type: GROUP, identity: other }]);
    await takenBack(run);
    expect(
      [await there(GROUP, one), await there(GROUP, other)].map(({ properties, binding }) => ({ properties, binding })),
    ).toEqual(before);
  });

  const pair = async (
    name: string,
  ): Promise<{ readonly one: string; readonly other: string; readonly entries: Entries }> => {
    const [one, other] = [await group(`${name}-one`), await group(`${name}-other`)];
    await allow(one, other);
    await allow(other, one);
    return {
      one,
      other,
      entries: { One: { type: GROUP, id: one, ...gone }, Other: { type: GROUP, id: other, ...gone } },
    };
  };
  const rulesOf = async (identity: string): Promise<unknown> =>
    (await there(GROUP, identity)).properties['SecurityGroupIngress'];
  const owned = (from: string): JsonObject => ({ ...rule(from), SourceSecurityGroupOwnerId: names['Account'] ?? '' });

  it('two groups that name each other are deleted in one plan, and come back naming each other', async () => {
    const { one, other, entries } = await pair('mutual');
    const { run } = await applied(entries);
    expect([await road.live(GROUP, one), await road.live(GROUP, other)]).toEqual([undefined, undefined]);
    const map = await takenBack(run);
    const [first, second] = [map[one] ?? '', map[other] ?? ''];
    expect([await rulesOf(first), await rulesOf(second)]).toEqual([[owned(second)], [owned(first)]]);
  });

  it.each(['RevokeSecurityGroupIngress', 'DeleteSecurityGroup'])(
    'stopped after the first %s, that is undone too',
    async (operation) => {
      const { one, other, entries } = await pair(`stopped-${operation}`);
      stop.arm('after', (call) => nameOf(call).startsWith(operation));
      const { run, outcome } = await road.apply(await planned(entries));
      expect([outcome, stop.disarm()]).toEqual(['failed', expect.stringContaining(operation)]);
      const { map } = ended(await road.apply(await road.planRollback(run)));
      const [first, second] = [map[one] ?? one, map[other] ?? other];
      expect([await rulesOf(first), await rulesOf(second)]).toEqual([[owned(second)], [owned(first)]]);
    },
  );
});
