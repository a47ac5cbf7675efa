import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import { invert, type Inverting } from '../../src/plan/diff/inverse.ts';
import { instanceRules } from '../../providers/ec2/instance/rules/rules.ts';
import { volumeRules } from '../../providers/ec2/volume/rules/rules.ts';
import { rules as bucketRules } from '../../providers/s3/rules/rules.ts';
import { dbInstanceRules } from '../../providers/rds/db-instance/rules.ts';
import { memoryDatabase, memoryGroup, memoryNote } from '../helpers/memory-types.ts';
import type { AttributeChange } from '../../src/domain/attribute-change.ts';
import type { Capture } from '../../src/domain/capture-plan.ts';

const live = (properties: JsonObject): LiveResource => ({
  type: 'x',
  identity: 'it',
  incarnation: 'it#0',
  properties,
  attributes: {},
  systemTags: {},
  state: 'available',
  pending: {},
  binding: {},
  observed: {},
  detailed: true,
});
const change = (path: string, after: AttributeChange['after'] = null): AttributeChange => ({
  path,
  before: null,
  after,
  effect: 'in-place',
});
const back = (
  before: JsonObject,
  now: JsonObject,
  changes: readonly AttributeChange[],
  more: Partial<Inverting> = {},
) => {
  const {
    properties,
    expect: stated,
    conflicts,
    lost,
  } = invert({
    before: live(before),
    live: live(now),
    after: live(now),
    changes,
    capture: null,
    rules: memoryDatabase.rules,
    resolve: () => undefined,
    ...more,
  });
  return { properties, expect: stated, conflicts: conflicts.map(({ path }) => path), lost };
};

describe('inverse of an update', () => {
  it('puts back exactly the changed paths and expects what the run made', () => {
    expect(
      back({ Class: 'a', Size: 20, Public: false }, { Class: 'b', Size: 20, Public: true }, [change('Class', 'b')]),
    ).toEqual({ properties: { Class: 'a' }, expect: { Class: 'b' }, conflicts: [], lost: [] });
  });

  it('has nothing to do where live is as before', () => {
    expect(back({ Class: 'a' }, { Class: 'a' }, [change('Class', 'b')])).toEqual({
      properties: {},
      expect: {},
      conflicts: [],
      lost: [],
    });
  });

  it('takes away what was not set, and map keys one by one', () => {
    expect(
      back({ Tags: { owner: 'ada', 'k8s.io/a.b': '1' } }, { Tags: { team: 'x', 'k8s.io/a.b': '2' }, Public: true }, [
        change('Tags.owner'),
        change('Tags.team', 'x'),
        change('Tags.k8s.io/a.b', '2'),
        change('Public', true),
      ]),
    ).toEqual({
      properties: { Tags: { owner: 'ada', team: null, 'k8s.io/a.b': '1' }, Public: null },
      expect: { Tags: { owner: null, team: 'x', 'k8s.io/a.b': '2' }, Public: true },
      conflicts: [],
      lost: [],
    });
  });

  it('names a conflict where live is neither as before nor as made', () => {
    expect(
      back({ Class: 'a' }, { Class: 'c' }, [change('Class', 'b')], { after: live({ Class: 'b' }) }).conflicts,
    ).toEqual(['Class']);
    expect(back({ Class: 'a' }, { Class: 'c' }, [change('Class', 'b')], { after: null }).conflicts).toEqual(['Class']);
  });

  it('takes a property for undone that an earlier undo has reset, because AWS has no way to nothing', () => {
    const enabled = [change('VersioningConfiguration', { Status: 'Enabled' })];
    const inverse = invert({
      before: live({ BucketName: 'b' }),
      live: live({ BucketName: 'b', VersioningConfiguration: { Status: 'Suspended' } }),
      after: live({ BucketName: 'b', VersioningConfiguration: { Status: 'Enabled' } }),
      changes: enabled,
      capture: null,
      rules: bucketRules,
      resolve: () => undefined,
    });
    expect(inverse).toMatchObject({ properties: {}, conflicts: [], stays: [{ path: 'VersioningConfiguration' }] });
    // Somebody who enabled it again, or wrote another value, is a conflict still.
    expect(back({}, { Kept: 5 }, [change('Kept', 7)], { after: live({ Kept: 7 }) }).conflicts).toEqual(['Kept']);
  });

  it('judges a run that was cut off by what the plan wanted, references resolved', () => {
    expect(back({ Class: 'a' }, { Class: 'B' }, [change('Class', 'b')], { after: null })).toMatchObject({
      properties: { Class: 'a' },
      conflicts: [],
    });
    const wanted = [change('Name', { $unknown: 'Group' })];
    expect(back({ Name: 'x' }, { Name: 'g-1' }, wanted, { after: null, resolve: () => 'g-1' })).toMatchObject({
      properties: { Name: 'x' },
      conflicts: [],
    });
    expect(back({ Name: 'x' }, { Name: 'g-1' }, wanted, { after: null })).toMatchObject({ conflicts: ['Name'] });
    // What another step gave as text was coerced before it was sent.
    for (const [was, is, given] of [
      [7, 1, '1'],
      [false, true, 'True'],
      ['a', '5', 5],
    ] as const) {
      expect(
        back({ Kept: was }, { Kept: is }, [change('Kept', { $unknown: 'New.Value' })], {
          after: null,
          resolve: () => given,
        }),
      ).toMatchObject({ properties: { Kept: was }, conflicts: [] });
    }
  });

  it('puts back what AWS moved along with a change, and nothing that somebody else moved', () => {
    const retyped = [change('VolumeType', 'gp2')];
    const fast = { VolumeType: 'gp3', Iops: 4000, Throughput: 250, Size: 10 };
    expect(back(fast, { VolumeType: 'gp2', Size: 10 }, retyped, { rules: volumeRules }).properties).toEqual({
      VolumeType: 'gp3',
      Iops: 4000,
      Throughput: 250,
    });
    expect(
      back({ VolumeType: 'io1', Iops: 200 }, { VolumeType: 'gp3', Iops: 3000 }, [change('VolumeType', 'gp3')], {
        rules: volumeRules,
      }).properties,
    ).toEqual({ VolumeType: 'io1', Iops: 200 });
    // Set by somebody later, or of a step that changed nothing that it follows.
    expect(
      back({ VolumeType: 'io1', Iops: 200 }, { VolumeType: 'gp3', Iops: 9000 }, [change('VolumeType', 'gp3')], {
        rules: volumeRules,
        after: live({ VolumeType: 'gp3', Iops: 3000 }),
      }).properties,
    ).toEqual({ VolumeType: 'io1' });
    expect(
      back(
        { ...fast, AutoEnableIO: true },
        { ...fast, Iops: 5000, AutoEnableIO: false },
        [change('AutoEnableIO', false)],
        { rules: volumeRules },
      ).properties,
    ).toEqual({ AutoEnableIO: true });
  });

  it('leaves alone what moved along with something that stays', () => {
    const grown = back(
      { AllocatedStorage: 20, Iops: 3000 },
      { AllocatedStorage: 400, Iops: 12000 },
      [change('AllocatedStorage', 400)],
      { rules: dbInstanceRules },
    );
    expect(grown.properties).toEqual({});
  });

  it('gives a detached volume its fate back, and leaves the values of one that is still there to the volume', () => {
    const disk = (DeviceName: string, more: JsonObject = {}): JsonObject => ({
      DeviceName,
      Ebs: { DeleteOnTermination: true, VolumeSize: 8, ...more },
    });
    const volume = { Device: '/dev/sdf', VolumeId: 'vol-1' };
    const detached = [change('Volumes[vol-1]')];
    const before = { Volumes: [volume], BlockDeviceMappings: [disk('/dev/xvda'), disk('/dev/sdf')] };
    expect(
      back(before, { Volumes: [], BlockDeviceMappings: [disk('/dev/xvda')] }, detached, { rules: instanceRules })
        .properties,
    ).toEqual({ Volumes: [volume], BlockDeviceMappings: before.BlockDeviceMappings });
    expect(
      back(before, { Volumes: [], BlockDeviceMappings: [disk('/dev/xvda', { VolumeSize: 30 })] }, detached, {
        rules: instanceRules,
      }).properties['BlockDeviceMappings'],
    ).toEqual([disk('/dev/xvda', { VolumeSize: 30 }), disk('/dev/sdf')]);
  });

  it('knows its own element again to which AWS has added what it knows, also where the run was cut off', () => {
    const written = { Protocol: 'tcp', Port: 80, SourceGroup: 'g-2' };
    const cut = back(
      { Rules: [] },
      { Rules: [{ ...written, Owner: '123456789012' }] },
      [change('Rules[tcp 80 g-2]', written)],
      { after: null, rules: memoryGroup.rules },
    );
    expect(cut).toMatchObject({ properties: { Rules: [] }, conflicts: [] });
    expect(
      back(
        { Rules: [] },
        { Rules: [{ ...written, SourceGroup: 'g-2', Port: 80, Protocol: 'tcp', Description: 'theirs' }] },
        [change('Rules[tcp 80 g-2]', { ...written, Description: 'ours' })],
        { after: null, rules: memoryGroup.rules },
      ).conflicts,
    ).toEqual(['Rules[tcp 80 g-2]']);
  });

  it('changes lists element by element, and leaves what others added', () => {
    const rule = (Port: number, Description?: string): JsonObject => ({
      Protocol: 'tcp',
      Port,
      Source: '10.0.0.0/8',
      ...(Description === undefined ? {} : { Description }),
    });
    const before = { Rules: [rule(22), rule(80, 'old')] };
    const after = { Rules: [rule(80, 'new'), rule(443)] };
    const now = { Rules: [...after.Rules, rule(9999)] };
    const changes = [
      change('Rules[tcp 22 10.0.0.0/8]'),
      change('Rules[tcp 443 10.0.0.0/8]'),
      change('Rules[tcp 80 10.0.0.0/8].Description'),
    ];
    expect(back(before, now, changes, { after: live(after), rules: memoryGroup.rules })).toEqual({
      properties: { Rules: [rule(80, 'old'), rule(9999), rule(22)] },
      expect: { Rules: [rule(443)] },
      conflicts: [],
      lost: [],
    });
  });

  it('takes an element out that the plan only knew by a reference', () => {
    const rule = (Source: AttributeChange['after']): JsonObject => ({ Protocol: 'tcp', Port: 5432, Source });
    const changes = [
      change('Rules[tcp 5432 g-old]'),
      change('Rules[tcp 5432 (known after New)]', rule({ $unknown: 'New' })),
    ];
    const now = { Rules: [rule('g-new')] };
    expect(
      back({ Rules: [rule('g-old')] }, now, changes, {
        after: live(now),
        rules: memoryGroup.rules,
        resolve: (name) => (name === 'New' ? 'g-new' : undefined),
      }),
    ).toEqual({ properties: { Rules: [rule('g-old')] }, expect: { Rules: [rule('g-new')] }, conflicts: [], lost: [] });
  });

  it('goes into free-form maps', () => {
    expect(
      back(
        { Settings: { a: { x: 1, y: 2 } } },
        { Settings: { a: { x: 9, y: 2 }, b: 1 } },
        [change('Settings.a.x', 9), change('Settings.b', 1)],
        { rules: memoryNote.rules },
      ),
    ).toMatchObject({
      properties: { Settings: { a: { x: 1 }, b: null } },
      expect: { Settings: { a: { x: 9 }, b: 1 } },
    });
  });

  it('leaves what goes one way, and says why', () => {
    const input = (from: number, to: number, oneWay: boolean): Inverting => ({
      before: live({ Size: from, Class: 'a' }),
      live: live({ Size: to, Class: 'b' }),
      after: live({ Size: to, Class: 'b' }),
      changes: [change('Size', to), change('Class', 'b')],
      capture: null,
      resolve: () => undefined,
      rules: {
        ...memoryDatabase.rules,
        properties: {
          ...memoryDatabase.rules.properties,
          Size: {
            ...(oneWay ? { oneWay: 'it grows' } : {}),
            update: (was, is) => (Number(is) < Number(was) ? { blocked: 'it never shrinks' } : 'in-place'),
          },
        },
      },
    });
    expect(invert(input(10, 20, true))).toMatchObject({
      properties: { Class: 'a' },
      stays: [{ path: 'Size', why: 'it never shrinks' }],
    });
    expect(invert(input(10, 20, true)).properties).not.toHaveProperty('Size');
    expect(invert(input(10, 20, false))).toMatchObject({ properties: { Size: 10, Class: 'a' }, stays: [] });
    const atLeast = input(10, 20, true);
    expect(invert({ ...atLeast, rules: { ...atLeast.rules, compare: { Size: 'at-least' } } })).toMatchObject({
      properties: { Class: 'a' },
      stays: [{ path: 'Size' }],
    });
    expect(invert({ ...atLeast, live: live({ Size: 10, Class: 'b' }) }).stays).toEqual([]);
  });

  it('takes sensitive texts from the capture, and says what is lost', () => {
    const masked = (digest: string): JsonObject => ({ $masked: 'set', digest });
    const capture: Capture = {
      how: 'native',
      refs: {},
      pointInTime: null,
      bytes: null,
      encrypted: null,
      extras: { script: { $secret: { captured: 'Db/script' } } },
    };
    const before = { Script: masked('a') };
    const now = { Script: masked('b') };
    expect(back(before, now, [change('Script', masked('b'))], { capture })).toMatchObject({
      properties: { Script: { $secret: { captured: 'Db/script' } } },
      expect: {},
      lost: [],
    });
    const apart = { ...capture, extras: { secrets: { Script: { $secret: { captured: 'x' } } } } };
    expect(back(before, now, [change('Script', masked('b'))], { capture: apart })).toMatchObject({
      properties: { Script: { $secret: { captured: 'x' } } },
    });
    expect(back(before, now, [change('Script', masked('b'))])).toMatchObject({ properties: {}, lost: ['Script'] });
    expect(back({}, {}, [change('Password', { $masked: 'changed' })])).toMatchObject({
      properties: {},
      lost: ['Password'],
    });
  });
});
