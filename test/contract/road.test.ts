import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { resourceTypes } from '../../providers/index.ts';
import { isMasked, type Json, type JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { Report } from '../../src/domain/records/report.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { loadSchema } from '../../providers/aws/schema.ts';
import { fixtures, furnish, typeFixture, type TypeFixture } from '../helpers/road-account.ts';
import { asker } from '../helpers/query.ts';
import { openRoad, region, type Entries, type Made, type Road } from '../helpers/road.ts';
import { startTestSandbox } from '../helpers/sandbox.ts';

jest.setTimeout(180_000);
const suite = (await emulatorAvailable()) ? describe : describe.skip;

const [INSTANCE, VOLUME, GROUP] = ['AWS::EC2::Instance', 'AWS::EC2::Volume', 'AWS::EC2::SecurityGroup'] as const;

let sandbox: Sandbox;
let road: Road;
let names: Readonly<Record<string, string>> = {};

const blocksOf = ({ plan }: Made): readonly string[] =>
  plan.findings.filter(({ severity }) => severity === 'error').map(({ code, message }) => `${code}: ${message}`);
const isEmpty = (made: Made): void => {
  expect(blocksOf(made)).toEqual([]);
  expect(
    made.plan.steps.flatMap(({ id, action, changes }) => (action === 'keep' ? [] : [[id, action, changes]])),
  ).toEqual([]);
};

/** Plans, which must not be blocked, and applies, which must end well. */
async function applied(made: Made): Promise<Report> {
  expect(blocksOf(made)).toEqual([]);
  const report = await road.apply(made);
  expect([report.outcome, report.message, report.findings]).toEqual(['done', null, []]);
  return report;
}

async function there(type: string, identity: string): Promise<LiveResource> {
  const live = await road.live(type, identity);
  if (live === undefined) throw new Error(`${type} ${identity} is not there`);
  return live;
}

const stateOf = ({ incarnation, properties, systemTags, state, pending }: LiveResource): object => ({
  incarnation,
  properties,
  systemTags,
  state,
  pending,
});

/**
 * What a restore must bring back: former identities written as the new ones, without what is lost and what cannot be
 * compared.
 */
function restorable(
  { properties, state, pending }: LiveResource,
  lost: readonly string[],
  map: Readonly<Record<string, string>> = {},
): object {
  const told = Object.entries(properties).filter(([name, value]) => !lost.includes(name) && !isMasked(value));
  let text = JSON.stringify({ properties: Object.fromEntries(told), state, pending });
  for (const [from, to] of Object.entries(map)) text = text.replaceAll(`"${from}"`, `"${to}"`);
  return JSON.parse(text) as object;
}

/** Takes a run back; then nothing is left to take back. Answers its report. */
async function takenBack(run: string): Promise<Report> {
  const made = await road.planRollback(run);
  const report = await applied(made);
  isEmpty(await road.planRollback(run));
  return report;
}

/** Whether `live` holds everything of `wanted`: objects and lists as subsets, in any order. */
function holds(live: Json | undefined, wanted: Json | undefined): boolean {
  if (Array.isArray(wanted))
    return Array.isArray(live) && wanted.every((item: Json) => live.some((element: Json) => holds(element, item)));
  if (typeof wanted !== 'object' || wanted === null) return live === wanted || isMasked(live);
  return (
    typeof live === 'object' &&
    live !== null &&
    Object.entries(wanted as JsonObject).every(([name, value]) => holds((live as JsonObject)[name], value))
  );
}

describe('the contract', () => {
  it('has a fixture of every managed type', () => {
    expect(fixtures.map(({ type }) => type).toSorted()).toEqual(
      resourceTypes.all
        .filter(({ managed }) => managed)
        .map(({ type }) => type)
        .toSorted(),
    );
  });
  it('is told of every managed type who uses it', () => {
    expect(resourceTypes.all.filter(({ managed, users }) => managed && users === undefined)).toEqual([]);
  });
});

suite('every managed type walks the whole road', () => {
  beforeAll(async () => {
    sandbox = await startTestSandbox({ pace: { reads: 1, milliseconds: 0 } });
    road = await openRoad(sandbox, { AIPLAN_SECRET_DB: 'correct-horse-battery' });
    ({ names } = await furnish(sandbox));
  }, 60_000);
  afterAll(async () => {
    road?.close();
    await sandbox?.stop();
  });

  describe.each(fixtures)('$file', ({ file, type, hasUpdates }) => {
    const rules = resourceTypes.get(type)?.rules;
    const hasTags = loadSchema(type)?.tagProperty !== null;
    const hasParts = (loadSchema(type)?.primaryIdentifier.length ?? 1) > 1;
    let fixture: TypeFixture;
    let identity = '';
    let first: Report;
    const covered: string[] = [];
    const plan = (name: string, entry: JsonObject): Promise<Made> =>
      road.plan(road.text(`contract-${file}-${name}`, { Thing: { type: fixture.type, ...entry } }));
    const updating = (name: string, fields: JsonObject): Promise<Made> =>
      plan(name, { action: 'update', id: identity, ...fields });
    const deleting = (name: string, fields: JsonObject = {}): Promise<Made> =>
      plan(name, { action: 'delete', id: identity, reason: 'the contract', ...fixture.delete, ...fields });
    beforeAll(() => {
      fixture = typeFixture(file, names);
    });
    afterAll(() => {
      process.stdout.write(`${fixture.type}: ${covered.join(', ')}\n`);
    });

    /** What may stand in an update: neither the name nor a secret. */
    const updatable = (properties: JsonObject): JsonObject =>
      Object.fromEntries(
        Object.entries(properties).filter(
          ([name]) =>
            name !== rules?.nameProperty &&
            name !== 'MasterUserPassword' &&
            !(hasParts && loadSchema(type)?.primaryIdentifier.includes(name) === true),
        ),
      );
    const meddled = async (): Promise<Report> => applied(await updating('meddle', fixture.meddle ?? {}));
    const created = async (): Promise<Made> => {
      const made = await plan('create', { action: 'create', ...fixture.create });
      first = await applied(made);
      identity = first.steps[0]?.identity ?? '';
      return made;
    };

    it('is created as desired, with its owner on it, and planned again it is empty', async () => {
      const made = await created();
      const live = await there(fixture.type, identity);
      const wanted = updatable(fixture.create['properties'] as JsonObject);
      expect(Object.keys(wanted).filter((name) => !holds(live.properties[name], wanted[name]))).toEqual([]);
      expect(live.systemTags).toEqual(
        hasTags
          ? expect.objectContaining({
              'aiplan:plan': `contract-${file}-create`,
              'aiplan:resource': 'Thing',
              'aiplan:op': expect.stringMatching(/^op-[0-9a-f]{24}$/u),
            })
          : {},
      );
      isEmpty(await road.again(made));
      isEmpty(await updating('same', { properties: wanted }));
      covered.push('create', 'keep');
    });

    it('refuses to take a create back that somebody changed since, and else deletes what the run made', async () => {
      if (hasUpdates) {
        const other = await meddled();
        expect(blocksOf(await road.planRollback(first.run))).toEqual(
          expect.arrayContaining([expect.stringMatching(/conflict: /u)]),
        );
        await takenBack(other.run);
      }
      await takenBack(first.run);
      expect(await road.live(fixture.type, identity)).toBeUndefined();
      await created();
      covered.push('create undone');
    });

    it('changes nothing when the world moved between plan and apply', async () => {
      if (!hasUpdates) {
        // Nothing of it moves: it is there, or it is another one.
        const made = await deleting('gone');
        await takenBack(first.run);
        const since = road.requestCount();
        expect(await road.apply(made)).toMatchObject({ outcome: 'stale', exitCode: 4, calls: 0 });
        expect(road.mutations(since)).toEqual([]);
        await created();
        covered.push('stale');
        return;
      }
      const live = await there(fixture.type, identity);
      const touched = Object.keys(fixture.meddle?.['properties'] as JsonObject);
      const known = Object.fromEntries(touched.map((name) => [name, live.properties[name] ?? null]));
      const plans = [await updating('victim', fixture.victim ?? {}), await deleting('delete', { expect: known })];
      expect(plans.flatMap(blocksOf)).toEqual([]);
      const other = await meddled();
      const since = road.requestCount();
      for (const made of plans) {
        const report = await road.apply(made);
        expect([report.outcome, report.exitCode, report.calls]).toEqual(['stale', 4, 0]);
      }
      expect(road.mutations(since)).toEqual([]);
      await takenBack(other.run);
      covered.push('stale');
    });

    it('shows exactly what each update changes, makes it, and undoes it', async () => {
      const failures: unknown[] = [];
      for (const { name, entry, shows, stays } of fixture.updates) {
        try {
          const before = await there(fixture.type, identity);
          const made = await updating('update', entry);
          expect(blocksOf(made)).toEqual([]);
          expect(
            Object.fromEntries(
              made.plan.steps.flatMap(({ changes }) => changes.map(({ path, effect }) => [path, effect])),
            ),
          ).toEqual(shows);
          const { run } = await applied(made);
          isEmpty(await road.again(made));
          if (stays === undefined) {
            await takenBack(run);
            expect(stateOf(await there(fixture.type, identity))).toEqual(stateOf(before));
          } else {
            const back = await road.planRollback(run);
            isEmpty(back);
            expect(back.plan.findings).toContainEqual(
              expect.objectContaining({
                code: 'rollback-one-way',
                severity: 'warning',
                message: expect.stringMatching(new RegExp(`^${stays} of ${identity} stays `, 'u')),
              }),
            );
          }
          covered.push(Object.keys(shows).join(' '));
        } catch (error) {
          failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
      if (failures.length > 0) throw new Error(failures.join('\n\n'));
    }, 120_000);

    it('is deleted, stays deleted, and comes back as it was', async () => {
      const before = await there(fixture.type, identity);
      const made = await deleting('delete', hasTags ? { expect: { Tags: before.properties['Tags'] ?? null } } : {});
      const { run } = await applied(made);
      expect(await road.live(fixture.type, identity)).toBeUndefined();
      isEmpty(await road.again(made));
      const { map } = await takenBack(run);
      const back = map[identity] ?? identity;
      const after = await there(fixture.type, back);
      expect(restorable(after, fixture.lost)).toEqual(restorable(before, fixture.lost, map));
      // An identity that the author's own properties name may be the very same again.
      if (rules?.identityOf === undefined) expect(after.incarnation).not.toBe(before.incarnation);
      expect(after.systemTags).toEqual(
        hasTags
          ? {
              ...before.systemTags,
              'aiplan:op': expect.stringMatching(/^op-/u),
              'aiplan:restored-from': identity,
            }
          : {},
      );
      identity = back;
      isEmpty(
        await updating('same', {
          properties: updatable(
            Object.fromEntries(Object.entries(after.properties).filter(([, value]) => !isMasked(value))),
          ),
        }),
      );
      covered.push('delete', 'restore');
    });
  });

  describe('replace', () => {
    const plan = (name: string, resources: Entries): Promise<Made> =>
      road.plan(road.text(`contract-replace-${name}`, resources));
    const make = async (name: string, type: string, properties: JsonObject): Promise<string> =>
      (await applied(await plan(name, { Thing: { type, action: 'create', reason: 'to be replaced', properties } })))
        .steps[0]?.identity ?? '';
    const replaced = async (
      name: string,
      type: string,
      identity: string,
      fields: JsonObject,
    ): Promise<{ readonly run: string; readonly to: string }> => {
      const made = await plan(name, {
        Thing: { type, action: 'replace', id: identity, reason: 'the contract', ...fields },
      });
      expect(made.plan.steps.map(({ action, confirm }) => [action, confirm])).toEqual([
        ['replace', identity.slice(-6)],
      ]);
      const { run, steps } = await applied(made);
      expect(await road.live(type, identity)).toBeUndefined();
      isEmpty(await road.again(made));
      return { run, to: steps[0]?.identity ?? '' };
    };
    const server = (more: JsonObject = {}): JsonObject => ({
      ImageId: names['Image'] ?? '',
      InstanceType: 't3.micro',
      SubnetId: names['Subnet'] ?? '',
      SecurityGroupIds: [names['Group'] ?? ''],
      Tags: { team: 'platform' },
      ...more,
    });

    it('makes the new instance first, and takes that back', async () => {
      const old = await make('first', INSTANCE, server({ Tags: { Name: 'create-first' } }));
      const before = await there(INSTANCE, old);
      const { run, to } = await replaced('first-image', INSTANCE, old, {
        order: 'create-first',
        properties: { ImageId: names['ImageB'] ?? '' },
      });
      expect((await there(INSTANCE, to)).properties).toMatchObject({
        ImageId: names['ImageB'],
        InstanceType: 't3.micro',
        Tags: { Name: 'create-first' },
      });
      const { map } = await takenBack(run);
      expect(await road.live(INSTANCE, to)).toBeUndefined();
      const lost = ['ImageId', 'BlockDeviceMappings'];
      expect(restorable(await there(INSTANCE, map[old] ?? ''), lost)).toEqual(restorable(before, lost, map));
    });

    it('carries the address and the volumes of an instance along, and takes that back', async () => {
      const volume = await make('carried-volume', VOLUME, {
        AvailabilityZone: 'eu-west-1a',
        Size: 3,
        VolumeType: 'gp3',
        Tags: { Name: 'carried' },
      });
      const old = await make(
        'carrying',
        INSTANCE,
        server({
          PrivateIpAddress: '10.40.1.77',
          Tags: { Name: 'carrying' },
          Volumes: [{ Device: '/dev/sdg', VolumeId: volume }],
        }),
      );
      const before = await there(INSTANCE, old);
      const { run, to } = await replaced('carry', INSTANCE, old, {
        order: 'delete-first',
        carry: ['PrivateIpAddress', 'volumes'],
        properties: { ImageId: names['ImageB'] ?? '' },
      });
      expect((await there(INSTANCE, to)).properties).toMatchObject({
        PrivateIpAddress: '10.40.1.77',
        Volumes: [{ Device: '/dev/sdg', VolumeId: volume }],
      });
      const { map } = await takenBack(run);
      const lost = ['ImageId', 'BlockDeviceMappings'];
      expect(restorable(await there(INSTANCE, map[old] ?? ''), lost)).toEqual(restorable(before, lost, map));
    });

    it('replaces a volume by one with its data, and takes that back', async () => {
      const old = await make('volume', VOLUME, {
        AvailabilityZone: 'eu-west-1a',
        Size: 3,
        VolumeType: 'gp3',
        Tags: { Name: 'replaced' },
      });
      const before = await there(VOLUME, old);
      const { run, to } = await replaced('volume-zone', VOLUME, old, {
        order: 'create-first',
        properties: { AvailabilityZone: 'eu-west-1b' },
      });
      const after = await there(VOLUME, to);
      expect(after.properties).toMatchObject({
        AvailabilityZone: 'eu-west-1b',
        Size: 3,
        SnapshotId: expect.stringMatching(/^snap-/u),
      });
      const { map } = await takenBack(run);
      expect(restorable(await there(VOLUME, map[old] ?? ''), ['SnapshotId'])).toEqual(
        restorable(before, ['SnapshotId'], map),
      );
    });

    it('replaces a security group that others name by three entries, and points them back when it is undone', async () => {
      const old = await make('group', GROUP, {
        GroupName: 'named-by-others',
        GroupDescription: 'old',
        VpcId: names['Vpc'] ?? '',
        Tags: { Name: 'named' },
      });
      const user = await make('user', INSTANCE, server({ SecurityGroupIds: [old], Tags: { Name: 'uses-a-group' } }));
      const rule = { IpProtocol: 'tcp', FromPort: 5432, ToPort: 5432 };
      const other = await make('other', GROUP, {
        GroupName: 'names-another',
        GroupDescription: 'other',
        VpcId: names['Vpc'] ?? '',
        SecurityGroupIngress: [{ ...rule, SourceSecurityGroupId: old }],
      });
      const alone = {
        Thing: {
          type: GROUP,
          action: 'replace',
          id: old,
          reason: 'the contract',
          order: 'create-first',
          properties: { GroupName: 'renamed' },
        },
      };
      expect(blocksOf(await plan('group-alone', alone))).toEqual(
        expect.arrayContaining([expect.stringMatching(/^still-used: /u)]),
      );
      const states = [await there(INSTANCE, user), await there(GROUP, other), await there(GROUP, old)].map((live) =>
        restorable(live, []),
      );
      const made = await plan('group-moved', {
        New: {
          type: GROUP,
          action: 'create',
          properties: { GroupName: 'renamed', GroupDescription: 'new', VpcId: names['Vpc'] ?? '' },
        },
        User: {
          type: INSTANCE,
          action: 'update',
          id: user,
          reason: 'moved',
          expect: { SecurityGroupIds: [old] },
          properties: { SecurityGroupIds: [{ Ref: 'New' }] },
        },
        Other: {
          type: GROUP,
          action: 'update',
          id: other,
          reason: 'moved',
          expect: { SecurityGroupIngress: [{ ...rule, SourceSecurityGroupId: old }] },
          properties: { SecurityGroupIngress: [{ ...rule, SourceSecurityGroupId: { Ref: 'New' } }] },
        },
        Old: { type: GROUP, action: 'delete', id: old, reason: 'moved', expect: { GroupName: 'named-by-others' } },
      });
      const { run } = await applied(made);
      expect(await road.live(GROUP, old)).toBeUndefined();
      isEmpty(await road.again(made));
      const { map } = await takenBack(run);
      const again = [await there(INSTANCE, user), await there(GROUP, other), await there(GROUP, map[old] ?? '')].map(
        (live) => restorable(live, []),
      );
      expect(again).toEqual(
        states.map((state) => JSON.parse(JSON.stringify(state).replaceAll(old, map[old] ?? '')) as object),
      );
    });

    it('deletes an instance, its group and another that both name each other, and brings all back, though image and key pair are gone', async () => {
      const ask = asker(sandbox.endpoint, region);
      const image = await ask(
        'ec2',
        'RegisterImage',
        {
          Name: 'soon-gone',
          RootDeviceName: '/dev/xvda',
          'BlockDeviceMapping.1.DeviceName': '/dev/xvda',
          'BlockDeviceMapping.1.Ebs.VolumeSize': '8',
          'BlockDeviceMapping.1.Ebs.VolumeType': 'gp3',
        },
        'imageId',
      );
      await ask('ec2', 'CreateKeyPair', { KeyName: 'soon-gone' });
      const rule = { IpProtocol: 'tcp', FromPort: 5432, ToPort: 5432 };
      const group = { GroupDescription: 'circle', VpcId: names['Vpc'] ?? '' };
      const one = await make('circle-one', GROUP, { ...group, GroupName: 'circle-one' });
      const two = await make('circle-two', GROUP, {
        ...group,
        GroupName: 'circle-two',
        SecurityGroupIngress: [{ ...rule, SourceSecurityGroupId: one }],
      });
      await applied(
        await plan('circle-closed', {
          One: {
            type: GROUP,
            action: 'update',
            id: one,
            reason: 'circle',
            properties: { SecurityGroupIngress: [{ ...rule, SourceSecurityGroupId: two }] },
          },
        }),
      );
      const web = await make(
        'circle-web',
        INSTANCE,
        server({ ImageId: image, KeyName: 'soon-gone', SecurityGroupIds: [one], Tags: { Name: 'circle' } }),
      );
      const before = [await there(INSTANCE, web), await there(GROUP, one), await there(GROUP, two)];
      const { run } = await applied(
        await plan('circle-gone', {
          Web: { type: INSTANCE, action: 'delete', id: web, reason: 'gone', expect: { Tags: { Name: 'circle' } } },
          One: { type: GROUP, action: 'delete', id: one, reason: 'gone', expect: { GroupName: 'circle-one' } },
          Two: { type: GROUP, action: 'delete', id: two, reason: 'gone', expect: { GroupName: 'circle-two' } },
        }),
      );
      await ask('ec2', 'DeregisterImage', { ImageId: image });
      await ask('ec2', 'DeleteKeyPair', { KeyName: 'soon-gone' });
      const made = await road.planRollback(run);
      expect(blocksOf(made)).toEqual([]);
      const report = await road.apply(made);
      expect([report.outcome, report.findings.map(({ code, step }) => `${code} ${step ?? ''}`)]).toEqual([
        'done',
        expect.arrayContaining(['restore-loses Web']),
      ]);
      isEmpty(await road.planRollback(run));
      const lost = ['ImageId', 'BlockDeviceMappings', 'KeyName'];
      const after = [
        await there(INSTANCE, report.map[web] ?? ''),
        await there(GROUP, report.map[one] ?? ''),
        await there(GROUP, report.map[two] ?? ''),
      ];
      expect(after.map((live) => restorable(live, lost))).toEqual(
        before.map((live) => restorable(live, lost, report.map)),
      );
    });

    it('replaces a security group of its own, and takes that back', async () => {
      const old = await make('lone-group', GROUP, {
        GroupName: 'alone',
        GroupDescription: 'alone',
        VpcId: names['Vpc'] ?? '',
        Tags: { Name: 'alone' },
      });
      const before = await there(GROUP, old);
      const { run } = await replaced('lone-group-renamed', GROUP, old, {
        order: 'delete-first',
        properties: { GroupDescription: 'another' },
      });
      const { map } = await takenBack(run);
      expect(restorable(await there(GROUP, map[old] ?? ''), [])).toEqual(restorable(before, [], map));
    });

    it.each([
      ['db-instance', 'DBInstanceClass', 'db.m6g.2xlarge'],
      ['bucket', 'Tags', { team: 'x' }],
    ])('is blocked for %s', async (file, property, value) => {
      const { type, create } = typeFixture(file, names);
      const { rules } = resourceTypes.get(type) ?? {};
      const identity = String((create['properties'] as JsonObject)[rules?.nameProperty ?? '']);
      const made = await plan(`no-${file}`, {
        Thing: {
          type,
          action: 'replace',
          id: identity,
          reason: 'the contract',
          order: 'delete-first',
          properties: { [property]: value },
        },
      });
      expect(blocksOf(made)).toEqual([expect.stringMatching(/^replace-blocked: /u)]);
    });
  });

  it('carries a plan of many resources out in order, and undoes it in reverse', async () => {
    const text = `
aiplan: 1
name: contract-many
intent: Several resources that name each other.
target: { account: "${names['Account'] ?? ''}", region: eu-west-1 }
resources:
  Server:
    type: AWS::EC2::Instance
    action: create
    reason: it is needed
    properties:
      ImageId: ${names['Image'] ?? ''}
      InstanceType: t3.micro
      SubnetId: ${names['Subnet'] ?? ''}
      SecurityGroupIds: [ !GetAtt Web.GroupId ]
      Volumes: [ { Device: /dev/sdg, VolumeId: !Ref Disk } ]
      Tags: { Name: contract-many }
  Web:
    type: AWS::EC2::SecurityGroup
    action: create
    properties: { GroupName: contract-many, GroupDescription: many, VpcId: ${names['Vpc'] ?? ''} }
  Database:
    type: AWS::EC2::SecurityGroup
    action: create
    properties:
      GroupName: contract-many-db
      GroupDescription: many
      VpcId: ${names['Vpc'] ?? ''}
      SecurityGroupIngress: [ { IpProtocol: tcp, FromPort: 5432, ToPort: 5432, SourceSecurityGroupId: !Ref Web } ]
  Disk:
    type: AWS::EC2::Volume
    action: create
    properties: { AvailabilityZone: eu-west-1a, Size: 2, VolumeType: gp3, Tags: { Name: contract-many } }
`;
    const made = await road.plan(text);
    const order = made.plan.steps.map(({ id }) => id);
    for (const [first, second] of [
      ['Web', 'Server'],
      ['Disk', 'Server'],
      ['Web', 'Database'],
    ])
      expect(order.indexOf(first ?? '')).toBeLessThan(order.indexOf(second ?? ''));
    const report = await applied(made);
    const identityOf = (id: string): string => report.steps.find((step) => step.id === id)?.identity ?? '';
    const live = await there(INSTANCE, identityOf('Server'));
    expect(live.properties).toMatchObject({
      SecurityGroupIds: [identityOf('Web')],
      Volumes: [{ Device: '/dev/sdg', VolumeId: identityOf('Disk') }],
    });
    isEmpty(await road.again(made));
    const back = await road.planRollback(report.run);
    const reverse = back.plan.steps.map(({ id }) => id);
    for (const [first, second] of [
      ['Server', 'Web'],
      ['Server', 'Disk'],
      ['Database', 'Web'],
    ])
      expect(reverse.indexOf(first ?? '')).toBeLessThan(reverse.indexOf(second ?? ''));
    await takenBack(report.run);
    for (const { id, type } of report.steps)
      expect([id, await road.live(type, identityOf(id))]).toEqual([id, undefined]);
  });

  it('blocks an update while a change of somebody else is pending', async () => {
    const { type } = typeFixture('db-instance', names);
    const updating = (name: string, fields: JsonObject): Promise<Made> =>
      road.plan(road.text(name, { Db: { type, action: 'update', id: 'contract-db', ...fields } }));
    const later = await updating('contract-later', {
      when: 'window',
      properties: { DBInstanceClass: 'db.m6g.4xlarge' },
    });
    const { steps, run } = await road.apply(later);
    expect(steps.map(({ state }) => state)).toEqual(['pending']);
    isEmpty(await road.again(later));
    expect(
      blocksOf(await updating('contract-hasty', { when: 'now', properties: { BackupRetentionPeriod: 16 } })),
    ).toEqual([expect.stringMatching(/^pending-change: .*DBInstanceClass/u)]);
    const back = await road.planRollback(run);
    expect(back.plan.findings).toContainEqual(
      expect.objectContaining({ code: 'rollback-pending', message: expect.stringContaining('DBInstanceClass') }),
    );
  });
});
