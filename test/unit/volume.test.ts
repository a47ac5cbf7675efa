import { beforeAll, describe, expect, it } from '@jest/globals';
import { volume } from '../../providers/ec2/volume/volume.ts';
import { comparerFor } from '../../src/plan/diff/compare.ts';
import { preview } from '../../src/plan/steps/preview.ts';
import { ruleHits } from '../../src/plan/classify/rule-hits.ts';
import type { Program } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { StepContext } from '../../src/domain/resource-type.ts';
import { changesTo, contextFor } from '../helpers/ec2-context.ts';
import { denied, play, reader } from '../helpers/ec2-samples.ts';
import type { Capture } from '../../src/domain/capture-plan.ts';

const id = 'vol-0aaaaaaaaaaaaaaa1';
const raw: JsonObject = {
  VolumeId: id,
  AvailabilityZone: 'eu-west-1a',
  Size: 50,
  VolumeType: 'gp3',
  Iops: 3000,
  Throughput: 125,
  Encrypted: true,
  KmsKeyId: 'arn:aws:kms:eu-west-1:1:key/1',
  SnapshotId: 'snap-0',
  State: 'in-use',
  MultiAttachEnabled: false,
  CreateTime: '2026-01-01T00:00:00.000Z',
  Tags: [
    { Key: 'Name', Value: 'data' },
    { Key: 'aiplan:plan', Value: 'shop' },
  ],
  Attachments: [{ InstanceId: 'i-1', Device: '/dev/sdf', State: 'attached', DeleteOnTermination: false }],
};
const answers = {
  DescribeVolumes: { Volumes: [raw] },
  DescribeSnapshots: {
    Snapshots: [{ SnapshotId: 'snap-1', VolumeId: id, State: 'completed', StartTime: '2026-11-01T00:00:00.000Z' }],
  },
  DescribeVolumeAttribute: { VolumeId: id, AutoEnableIO: { Value: false } },
};
const wanted = { identities: [id], all: false, detailed: new Set([id]) };
const read = async (fields: JsonObject = {}): Promise<LiveResource> => {
  const live = (
    await volume.read(reader({ ...answers, DescribeVolumes: { Volumes: [{ ...raw, ...fields }] } }), wanted)
  ).resources[0];
  if (live === undefined) throw new Error('the sample was not read');
  return live;
};

let live: LiveResource;
beforeAll(async () => {
  live = await read();
});

const listed = (program: Program<unknown>): readonly (readonly [string, JsonObject])[] =>
  preview(program).calls.map(({ operation, input }) => [operation, input]);
const updating = (properties: JsonObject, from: LiveResource = live): StepContext => {
  const desired = { ...from.properties, ...properties };
  return contextFor({ live: from, desired, changes: changesTo(from, desired), action: 'update' });
};

describe('reading volumes', () => {
  it('gives every property and the evidence', () => {
    expect(live.properties).toEqual({
      AutoEnableIO: false,
      AvailabilityZone: 'eu-west-1a',
      Encrypted: true,
      Iops: 3000,
      KmsKeyId: 'arn:aws:kms:eu-west-1:1:key/1',
      MultiAttachEnabled: false,
      Size: 50,
      SnapshotId: 'snap-0',
      Tags: { Name: 'data' },
      Throughput: 125,
      VolumeType: 'gp3',
    });
    expect(live).toMatchObject({
      incarnation: id,
      state: 'in-use',
      systemTags: { 'aiplan:plan': 'shop' },
      binding: { attached: ['i-1 /dev/sdf'], encrypted: true, backups: 'snapshots exist', protections: [] },
      observed: {
        created: '2026-01-01T00:00:00.000Z',
        bytes: 50 * 2 ** 30,
        snapshots: 1,
        newestSnapshot: '2026-11-01T00:00:00.000Z',
      },
    });
  });
  it('leaves out what follows from the type', async () => {
    const { properties } = await read({ VolumeType: 'gp2', Iops: 150, Throughput: undefined });
    expect(properties).not.toHaveProperty('Iops');
    expect(properties).not.toHaveProperty('Throughput');
  });
  it('turns a failed read into a failure or unknown, never into absence', async () => {
    const of = (operation: string) => volume.read(reader({ ...answers, [operation]: denied(operation) }), wanted);
    expect(await of('DescribeVolumes')).toMatchObject({
      resources: [],
      absent: [],
      failures: [{ identity: id, code: 'UnauthorizedOperation' }],
    });
    const setting = await of('DescribeVolumeAttribute');
    expect([setting.failures.length, setting.resources[0]?.properties]).toEqual([
      1,
      expect.not.objectContaining({ AutoEnableIO: expect.anything() }),
    ]);
    expect((await of('DescribeSnapshots')).resources[0]?.binding['backups']).toBe('unknown');
  });
  it('reads no details that nobody asked for', async () => {
    const plain = reader(answers);
    await volume.read(plain, { ...wanted, detailed: new Set() });
    expect(plain.calls.map(({ operation }) => operation)).toEqual(['DescribeVolumes']);
  });
});

describe('rules', () => {
  const hits = (kind: 'destructive' | 'grants', before: JsonObject, after: JsonObject) =>
    ruleHits(volume.rules[kind], before, after, live, comparerFor(volume.rules, volume.type, id));
  it('a volume grows and never shrinks', () => {
    const update = volume.rules.properties['Size']?.update;
    const effect = (from: number, to: number): unknown =>
      typeof update === 'function' ? update(from, to, live) : update;
    expect([effect(50, 60), effect(50, 50)]).toEqual(['in-place', 'in-place']);
    expect(effect(50, 40)).toEqual({ blocked: expect.stringContaining('from 50 to 40 GiB') });
    expect(volume.rules.properties['Size']?.oneWay).toEqual(expect.any(String));
    expect(volume.rules.properties['Encrypted']?.update).toBeUndefined();
  });
  it('encryption that is dropped is a grant', () => {
    expect(hits('grants', { Encrypted: true }, { Encrypted: false })).toHaveLength(1);
    expect(hits('grants', { Encrypted: false }, { Encrypted: true })).toEqual([]);
    expect(hits('grants', {}, { Encrypted: false })).toHaveLength(1);
  });
  it('a volume from a snapshot and one under a key of another account are grants when they are made', () => {
    const made = (after: JsonObject) =>
      ruleHits(volume.rules.grants, {}, after, null, comparerFor(volume.rules, volume.type, ''), {
        account: '111111111111',
        after,
        find: () => undefined,
      }).map(({ says }) => says);
    expect(made({ SnapshotId: 'snap-prod', Size: 8 })).toEqual([expect.stringContaining('snap-prod')]);
    expect(made({ Size: 8, Encrypted: true, KmsKeyId: 'arn:aws:kms:eu-west-1:666666666666:key/k' })).toEqual([
      expect.stringContaining('account 666666666666'),
    ]);
    expect(made({ Size: 8, Encrypted: true, KmsKeyId: 'arn:aws:kms:eu-west-1:111111111111:key/k' })).toEqual([]);
  });
  it('less performance stays for six hours', () => {
    const once = (before: JsonObject, after: JsonObject): number =>
      ruleHits(volume.rules.oneWay ?? [], before, after, live, comparerFor(volume.rules, volume.type, id)).length;
    expect([
      once({ Iops: 4000 }, { Iops: 3000 }),
      once({ Iops: 3000 }, { Iops: 4000 }),
      once({ Throughput: 500 }, {}),
      once({ VolumeType: 'io2' }, { VolumeType: 'gp3' }),
      once({ VolumeType: 'gp2' }, { VolumeType: 'gp3' }),
    ]).toEqual([1, 0, 1, 1, 0]);
  });
  it('I/O that goes on after a suspected inconsistency is a destruction', () => {
    expect(hits('destructive', { AutoEnableIO: false }, { AutoEnableIO: true })).toHaveLength(1);
    expect(hits('destructive', { AutoEnableIO: true }, { AutoEnableIO: false })).toEqual([]);
    expect(hits('destructive', live.properties, { ...live.properties, Size: 60, VolumeType: 'io2' })).toEqual([]);
  });
  it.each([
    ['the same name tag', { Tags: { Name: 'data' } }, 'similar'],
    ['another name tag', { Tags: { Name: 'logs' }, SnapshotId: 'snap-0' }, null],
    ['the same origin and shape', { SnapshotId: 'snap-0', AvailabilityZone: 'eu-west-1a' }, 'similar'],
    ['the same origin in another size', { SnapshotId: 'snap-0', Size: 60 }, null],
    ['nothing in common', { Size: 50, AvailabilityZone: 'eu-west-1a' }, null],
  ])('duplicate: %s', (_what, desired, expected) => {
    expect(volume.rules.duplicate(desired as JsonObject, live)).toBe(expected);
  });
});

describe('programs', () => {
  const created = {
    ResourceType: 'volume',
    Tags: [
      { Key: 'Name', Value: 'data' },
      { Key: 'aiplan:plan', Value: 'shop' },
      { Key: 'aiplan:resource', Value: 'Web' },
      { Key: 'aiplan:op', Value: 'op-web-1' },
    ],
  };
  it('creates with token and tags, a key only with encryption', () => {
    const desired = {
      AvailabilityZone: 'eu-west-1a',
      Size: 10,
      VolumeType: 'io2',
      Iops: 500,
      MultiAttachEnabled: true,
      Encrypted: true,
      KmsKeyId: 'alias/x',
      AutoEnableIO: true,
      Tags: { Name: 'data' },
    };
    expect(listed(volume.create!(contextFor({ desired })))).toEqual([
      [
        'CreateVolume',
        {
          ClientToken: 'op-web-1',
          AvailabilityZone: 'eu-west-1a',
          Size: 10,
          VolumeType: 'io2',
          Iops: 500,
          MultiAttachEnabled: true,
          Encrypted: true,
          KmsKeyId: 'alias/x',
          TagSpecifications: [created],
        },
      ],
      ['ModifyVolumeAttribute', { VolumeId: 'vol-preview', AutoEnableIO: { Value: true } }],
    ]);
    const plain =
      listed(
        volume.create!(
          contextFor({ desired: { AvailabilityZone: 'a', Size: 1, Encrypted: false, MultiAttachEnabled: false } }),
        ),
      )[0]?.[1] ?? {};
    for (const name of ['Encrypted', 'KmsKeyId', 'MultiAttachEnabled']) expect(plain).not.toHaveProperty(name);
  });
  it('replaces with the data of the old volume, unless the plan names another origin', () => {
    const replacing = (properties: JsonObject) =>
      listed(volume.create!(contextFor({ live, desired: { ...live.properties, ...properties }, replacing: true })));
    expect(replacing({ AvailabilityZone: 'eu-west-1b' })).toEqual([
      ['CreateSnapshot', expect.objectContaining({ VolumeId: id })],
      ['CreateVolume', expect.objectContaining({ SnapshotId: 'snap-preview', AvailabilityZone: 'eu-west-1b' })],
    ]);
    expect(replacing({ SnapshotId: 'snap-7' }).map(([name]) => name)).toEqual(['CreateVolume']);
  });
  it('changes only what differs, in one ModifyVolume', () => {
    expect(
      listed(volume.update!(updating({ Size: 60, Iops: 4000, AutoEnableIO: true, Tags: { owner: 'me' } }))),
    ).toEqual([
      ['ModifyVolume', { VolumeId: id, Size: 60, Iops: 4000 }],
      ['ModifyVolumeAttribute', { VolumeId: id, AutoEnableIO: { Value: true } }],
      ['CreateTags', { Resources: [id], Tags: [{ Key: 'owner', Value: 'me' }] }],
      ['DeleteTags', { Resources: [id], Tags: [{ Key: 'Name' }] }],
    ]);
  });
  it('waits for the change before, which AWS finishes first', () => {
    const happened: string[] = [];
    let judge: ((answer: JsonObject) => unknown) | undefined;
    play(volume.update!(updating({ Size: 60 })), (effect) => {
      happened.push(effect.kind);
      if (effect.kind === 'wait') judge ??= effect.wait.judge;
      return undefined;
    });
    expect(happened).toEqual(['wait', 'call', 'wait']);
    const judged = (...states: readonly string[]): unknown =>
      judge?.({
        VolumesModifications: states.map((state, index) => ({
          ModificationState: state,
          StartTime: String(index),
          Progress: 30,
        })),
      });
    for (const state of ['modifying', 'optimizing'])
      expect(judged('completed', state)).toEqual({ state: 'pending', detail: state, percent: 30 });
    for (const states of [[], ['optimizing', 'completed'], ['optimizing', 'failed']])
      expect(judged(...states)).toEqual({ state: 'done' });
  });
  it("waits until the change is optimizing, and fails with AWS's reason", () => {
    const judged = (modification: JsonObject | null): unknown => {
      let found: unknown;
      play(volume.update!(updating({ Size: 60 })), (effect) => {
        if (effect.kind === 'wait')
          found = effect.wait.judge({ VolumesModifications: modification === null ? [] : [modification] });
        return undefined;
      });
      return found;
    };
    expect(judged({ ModificationState: 'optimizing' })).toEqual({ state: 'done' });
    expect(judged({ ModificationState: 'modifying', Progress: 40 })).toMatchObject({ state: 'pending', percent: 40 });
    expect(judged({ ModificationState: 'failed', StatusMessage: 'no room' })).toEqual({
      state: 'failed',
      reason: 'no room',
    });
    expect(judged(null)).toMatchObject({ state: 'pending' });
  });
  it('never deletes what is attached at that moment', () => {
    const { calls, error } = play(volume.remove!(contextFor({ live })), (effect) =>
      effect.kind === 'read' ? { Volumes: [raw] } : undefined,
    );
    expect([calls, error]).toEqual([[], expect.objectContaining({ code: 'volume-attached' })]);
    expect(listed(volume.remove!(contextFor({ live })))).toEqual([['DeleteVolume', { VolumeId: id }]]);
  });
});

describe('preflight', () => {
  const problems = (
    action: 'update' | 'delete' | 'create',
    context: StepContext,
    answer?: JsonObject,
  ): readonly string[] =>
    play(volume.preflight!(context, action), (effect) => (effect.kind === 'read' ? answer : undefined)).result ?? [
      'it failed',
    ];
  it('an attached volume is not deleted, unless the run frees it first', () => {
    const context = contextFor({ live });
    expect(problems('delete', context, { Volumes: [raw] })).toEqual([expect.stringContaining('i-1')]);
    expect(problems('delete', { ...context, deletedBefore: ['i-1'] }, { Volumes: [raw] })).toEqual([]);
    expect(problems('delete', { ...context, releasedBefore: ['i-1'] }, { Volumes: [raw] })).toEqual([]);
  });
  it('refuses what AWS manages, and deletes of what a stack owns', () => {
    const owned = (owner: string) => ({ ...live, binding: { ...live.binding, owner } });
    expect(problems('update', updating({ Tags: {} }, owned('AWS service eks')))).toHaveLength(1);
    expect(problems('update', updating({ Tags: {} }, owned('CloudFormation stack s')))).toEqual([]);
    expect(problems('delete', contextFor({ live: owned('CloudFormation stack s') }), { Volumes: [] })).toHaveLength(1);
  });
  it('a snapshot to create from must be there and complete', () => {
    const context = contextFor({ desired: { SnapshotId: 'snap-9' } });
    expect(problems('create', context, { Snapshots: [] })).toEqual([expect.stringContaining('snap-9')]);
    expect(problems('create', context, { Snapshots: [{ State: 'pending' }] })).toEqual([
      expect.stringContaining('pending'),
    ]);
    expect(problems('create', context, { Snapshots: [{ State: 'completed' }] })).toEqual([]);
  });
});

describe('capture', () => {
  const operations = volume.capture!;
  const capture: Capture = {
    how: 'native',
    refs: { snapshot: 'snap-c' },
    pointInTime: null,
    bytes: null,
    encrypted: true,
    extras: {},
  };
  it('plans a snapshot for everything, late only before a deletion', () => {
    expect(operations.plan(live, 'update', [], { maxObjects: 1, maxBytes: 1 })).toEqual({
      how: 'native',
      what: 'a snapshot of 50 GiB',
      late: false,
      loses: [],
    });
    const gone = operations.plan(live, 'delete', [], { maxObjects: 1, maxBytes: 1 });
    expect(gone).toMatchObject({ late: true, newIdentity: true });
    expect(gone.loses.join('\n')).toContain(id);
    expect(
      operations.plan({ ...live, state: 'error' }, 'delete', [], { maxObjects: 1, maxBytes: 1 }).impossible,
    ).toEqual(expect.any(String));
  });
  it('takes a tagged snapshot', () => {
    expect(listed(operations.take(contextFor({ live })))).toEqual([
      [
        'CreateSnapshot',
        {
          VolumeId: id,
          Description: expect.any(String),
          TagSpecifications: [
            {
              ResourceType: 'snapshot',
              Tags: expect.arrayContaining([
                { Key: 'aiplan:op', Value: 'op-web-1' },
                { Key: 'aiplan:run', Value: 'run-1' },
                { Key: 'aiplan:source', Value: id },
                { Key: 'aiplan:expires', Value: '2027-01-01T00:00:00.000Z' },
              ]),
            },
          ],
        },
      ],
    ]);
  });
  it('restores every setting and the former place, through the map', () => {
    const held = {
      ...live,
      attributes: {
        ...live.attributes,
        Attachments: [{ InstanceId: 'i-1', Device: '/dev/sdf', DeleteOnTermination: true }],
      },
    };
    const context = contextFor({ live: held, op: 'op-back', remap: (text) => (text === 'i-1' ? 'i-new' : text) });
    expect(listed(operations.restore(context, capture))).toEqual([
      [
        'CreateVolume',
        {
          ClientToken: 'op-back',
          AvailabilityZone: 'eu-west-1a',
          Size: 50,
          VolumeType: 'gp3',
          Iops: 3000,
          Throughput: 125,
          SnapshotId: 'snap-c',
          Encrypted: true,
          KmsKeyId: 'arn:aws:kms:eu-west-1:1:key/1',
          TagSpecifications: [
            {
              ResourceType: 'volume',
              Tags: [
                { Key: 'Name', Value: 'data' },
                { Key: 'aiplan:plan', Value: 'shop' },
                { Key: 'aiplan:restored-from', Value: id },
                { Key: 'aiplan:op', Value: 'op-back' },
              ],
            },
          ],
        },
      ],
      ['AttachVolume', { InstanceId: 'i-new', VolumeId: 'vol-preview', Device: '/dev/sdf' }],
      [
        'ModifyInstanceAttribute',
        { InstanceId: 'i-new', BlockDeviceMappings: [{ DeviceName: '/dev/sdf', Ebs: { DeleteOnTermination: true } }] },
      ],
    ]);
  });
  it('continues what an earlier try made: nothing is made or attached twice', () => {
    const held = {
      ...live,
      properties: { ...live.properties, AutoEnableIO: true },
      attributes: {
        ...live.attributes,
        Attachments: [{ InstanceId: 'i-1', Device: '/dev/sdf', DeleteOnTermination: true }],
      },
    };
    const context = contextFor({
      live: held,
      op: 'op-2',
      tries: ['op-1'],
      remains: { identity: 'vol-new', incarnation: 'vol-new' },
    });
    expect(listed(operations.restore(context, capture)).map(([name]) => name)).toEqual([
      'ModifyVolumeAttribute',
      'AttachVolume',
      'ModifyInstanceAttribute',
    ]);
    const there = { Volumes: [{ State: 'in-use', Attachments: [{ InstanceId: 'i-1', Device: '/dev/sdf' }] }] };
    const { calls, result } = play(operations.restore(context, capture), (effect) =>
      effect.kind === 'read' && effect.call.operation === 'DescribeVolumes' ? there : undefined,
    );
    expect(calls.map((call) => call['operation'])).toEqual(['ModifyVolumeAttribute', 'ModifyInstanceAttribute']);
    expect(result).toEqual({ identity: 'vol-new', map: { [id]: 'vol-new' } });
  });
  it('does not attach where something else is by now', () => {
    const taken = {
      Reservations: [
        { Instances: [{ State: { Name: 'running' }, BlockDeviceMappings: [{ DeviceName: '/dev/sdf' }] }] },
      ],
    };
    const { calls } = play(operations.restore(contextFor({ live }), capture), (effect) =>
      effect.kind === 'read' && effect.call.operation === 'DescribeInstances' ? taken : undefined,
    );
    expect(calls.map((call) => call['operation'])).toEqual(['CreateVolume']);
  });
  it('says when the zone is not available', () => {
    const problems = (answer: JsonObject) =>
      play(operations.restorable(contextFor({ live }), null), (effect) =>
        effect.kind === 'read' && effect.call.service === 'ec2' ? answer : undefined,
      ).result?.problems;
    expect(problems({ AvailabilityZones: [] })).toEqual([expect.stringContaining('eu-west-1a')]);
    expect(problems({ AvailabilityZones: [{ State: 'available' }] })).toEqual([]);
  });
});
