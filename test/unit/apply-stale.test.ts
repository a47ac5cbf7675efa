import { describe, expect, it } from '@jest/globals';
import { securityGroup } from '../../providers/ec2/security-group/security-group.ts';
import type { Json } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { OwnEffect } from '../../src/domain/own-effect.ts';
import { staleness } from '../../src/run/drift/staleness.ts';
import { driftText, restoreDifferences, verification } from '../../src/run/drift/read-back.ts';
import { DATABASE, memorySchemas } from '../helpers/memory-schemas.ts';
import { memoryDatabase, memoryGroup, memoryTypes } from '../helpers/memory-types.ts';

const live = (more: Partial<LiveResource> = {}): LiveResource => ({
  type: 'Test::Memory::Group',
  identity: 'g-1',
  incarnation: 'g-1#0',
  properties: { GroupName: 'web', Rules: [{ Protocol: 'tcp', Port: 22, Source: '10.0.0.0/8' }] },
  attributes: { GroupId: 'g-1' },
  systemTags: {},
  state: 'present',
  pending: {},
  binding: { dependents: [{ type: 'Test::Memory::Database', identity: 'courses' }], inUse: true },
  observed: { bytes: 1 },
  detailed: true,
  ...more,
});
/** A database that named the group g-1 and was deleted. */
const deleted = (identity: string, GroupIds: readonly string[] = ['g-1']): OwnEffect => {
  const before: LiveResource = {
    ...live(),
    type: DATABASE,
    identity,
    incarnation: identity,
    properties: { GroupIds },
    attributes: {},
    binding: {},
  };
  return { type: DATABASE, identity, what: 'removed', before, after: null, wanted: null };
};
const paths = (planned: LiveResource, now: LiveResource, effects: readonly OwnEffect[] = []): readonly string[] =>
  staleness(planned, now, memoryGroup.rules, { effects, types: memoryTypes, schemas: memorySchemas }).map(
    ({ path }) => path,
  );

describe('stale check right before a step', () => {
  it('passes what is as planned; observations and system tags may move', () => {
    expect(paths(live(), live({ observed: { bytes: 2 }, systemTags: { 'aiplan:op': 'x' } }))).toEqual([]);
  });

  it('notices another incarnation under the same identity, whatever this run did', () => {
    expect(paths(live(), live({ incarnation: 'g-1#9' }), [deleted('g-1')])).toEqual(['incarnation']);
  });

  it('notices properties: a value, a rule that came, one that went', () => {
    expect(
      paths(
        live(),
        live({ properties: { GroupName: 'other', Rules: [{ Protocol: 'tcp', Port: 443, Source: '10.0.0.0/8' }] } }),
      ),
    ).toEqual(['GroupName', 'Rules[tcp 22 10.0.0.0/8]', 'Rules[tcp 443 10.0.0.0/8]']);
  });

  it('notices binding facts: a new dependent, a fact that moved', () => {
    expect(
      paths(
        live(),
        live({
          binding: {
            dependents: [
              { type: 'Test::Memory::Database', identity: 'courses' },
              { type: 'Test::Memory::Database', identity: 'other' },
            ],
            inUse: true,
          },
        }),
      ),
    ).toEqual(['dependents']);
    expect(
      paths(
        live(),
        live({ binding: { dependents: [{ type: 'Test::Memory::Database', identity: 'courses' }], inUse: false } }),
      ),
    ).toEqual(['inUse']);
    expect(paths(live(), live({ binding: { dependents: 'unknown', inUse: true } }))).toEqual(['dependents']);
  });

  it('lets pass what this run itself did: the dependent that it deleted', () => {
    expect(paths(live(), live({ binding: { dependents: [], inUse: false } }), [deleted('courses')])).toEqual([]);
    expect(paths(live(), live({ binding: { dependents: [], inUse: false } }), [deleted('unrelated')])).toEqual([
      'dependents',
      'inUse',
    ]);
  });

  it('does not let a stranger slip in beside an own effect', () => {
    expect(
      paths(
        live(),
        live({ binding: { dependents: [{ type: 'Test::Memory::Database', identity: 'stranger' }], inUse: true } }),
        [deleted('courses')],
      ),
    ).toEqual(['dependents']);
    expect(
      paths(
        live(),
        live({ properties: { ...live().properties, GroupName: 'other' }, binding: { dependents: [], inUse: false } }),
        [deleted('courses')],
      ),
    ).toEqual(['GroupName']);
  });

  it('does not take a name that only begins like a touched one for it', () => {
    expect(paths(live(), live({ binding: { dependents: [], inUse: true } }), [deleted('course')])).toEqual([
      'dependents',
    ]);
  });

  it('takes one more backup for no change, and one less for one', () => {
    const withBackups = (backups: readonly string[]): LiveResource => live({ binding: { backups } });
    expect(paths(withBackups(['snap-1']), withBackups(['snap-1', 'snap-2']))).toEqual([]);
    expect(paths(withBackups(['snap-1', 'snap-2']), withBackups(['snap-2']))).toEqual(['backups']);
    expect(paths(live({ binding: { backups: 'none' } }), live({ binding: { backups: 'snapshots exist' } }))).toEqual(
      [],
    );
    expect(paths(live({ binding: { backups: 'none' } }), live({ binding: { backups: 'unknown' } }))).toEqual([
      'backups',
    ]);
    expect(paths(live({ binding: { backups: 2 } }), live({ binding: { backups: 1 } }))).toEqual(['backups']);
  });

  it('compares of a plain read only what it knew', () => {
    const plain = live({ detailed: false, properties: { GroupName: 'web' }, binding: {} });
    expect(paths(plain, live())).toEqual([]);
    expect(paths(plain, live({ properties: { GroupName: 'x' } }))).toEqual(['GroupName']);
  });
});

describe('verification', () => {
  const database = (properties: LiveResource['properties'], more: Partial<LiveResource> = {}): LiveResource =>
    live({ type: 'Test::Memory::Database', identity: 'courses', properties, ...more });
  const differ = (wanted: LiveResource['properties'], now: LiveResource): unknown => {
    const { differences, pending } = verification(wanted, now, memoryDatabase.rules);
    return [differences.map(({ path }) => path), pending];
  };

  it('is content with what planning again would keep: rules of comparison, more defaults, no order', () => {
    expect(
      differ(
        { Class: 'DB.LARGE', Size: 20, GroupIds: ['g-2', 'g-1'], Parameters: { a: '1' }, Tags: {} },
        database({ Class: 'db.large', Size: 30, GroupIds: ['g-1', 'g-2'], Parameters: { a: '1', b: '2' } }),
      ),
    ).toEqual([[], []]);
  });

  it('finds what differs, in both directions of a list', () => {
    expect(differ({ Retention: 14, GroupIds: ['g-1'] }, database({ Retention: 7, GroupIds: ['g-1', 'g-9'] }))).toEqual([
      ['Retention', 'GroupIds'],
      [],
    ]);
    expect(differ({ GroupIds: ['g-1', 'g-2'] }, database({ GroupIds: ['g-1'] }))).toEqual([['GroupIds'], []]);
    expect(differ({ Public: null }, database({ Public: true }))).toEqual([['Public'], []]);
  });

  it('finds a key that was to leave and has not, which what is left of the map cannot tell', () => {
    const taken = (now: LiveResource['properties']): unknown =>
      verification({ Tags: { team: 'x' } }, database(now), memoryDatabase.rules, {
        Tags: { owner: null },
      }).differences.map(({ path }) => path);
    expect([taken({ Tags: { team: 'x', owner: 'me' } }), taken({ Tags: { team: 'x' } }), taken({})]).toEqual([
      ['Tags'],
      [],
      ['Tags'],
    ]);
  });

  it('finds a description that was to leave an element of a list and has not, by its key or by its place', () => {
    const rule = { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '10.0.0.0/8' };
    const other = { ...rule, FromPort: 80, ToPort: 80, Description: 'stays' };
    const group = (SecurityGroupIngress: Json): LiveResource =>
      live({ type: securityGroup.type, identity: 'sg-1', properties: { SecurityGroupIngress } });
    const left = (authored: Json, now: Json, wanted: Json = [other, rule]): unknown =>
      verification({ SecurityGroupIngress: wanted }, group(now), securityGroup.rules, {
        SecurityGroupIngress: authored,
      }).differences.map(({ path }) => path);
    const [kept, gone] = [
      [{ ...rule, Description: 'old' }, other],
      [rule, other],
    ];
    expect([
      left([other, { ...rule, Description: null }], kept),
      left([{ ...rule, Description: null }, other], kept),
    ]).toEqual([['SecurityGroupIngress'], ['SecurityGroupIngress']]);
    expect(left([other, { ...rule, Description: null }], gone)).toEqual([]);
    // Left out, it stays as it is: AWS keeps it, and so does the plan.
    expect(left([other, rule], kept)).toEqual([]);
    const named = {
      ...rule,
      CidrIp: undefined,
      SourceSecurityGroupId: { $unknown: 'New.GroupId' },
      Description: null,
    } as unknown as Json;
    const resolved = { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, SourceSecurityGroupId: 'sg-new' };
    expect([
      left([named], [{ ...resolved, Description: 'old' }], [resolved]),
      left([named], [resolved], [resolved]),
    ]).toEqual([['SecurityGroupIngress'], []]);
  });

  it('does not compare secrets, and tells what AWS will do later', () => {
    expect(
      differ(
        { Password: { $secret: { env: 'X' } }, Class: 'db.large' },
        database({ Class: 'db.small' }, { pending: { Class: 'db.large' } }),
      ),
    ).toEqual([[], ['Class']]);
  });

  it('compares a restore both ways, and says nothing about masked texts', () => {
    const captured = { Class: 'db.small', Script: { $masked: 'set', digest: 'a' }, Parameters: {} };
    expect(
      restoreDifferences(
        captured,
        database({ Class: 'db.small', Script: { $masked: 'set', digest: 'b' }, Public: true }),
        memoryDatabase.rules,
      ).map(({ path }) => path),
    ).toEqual(['Public']);
  });

  it('writes differences safely', () => {
    expect(
      driftText([
        { path: 'Class', before: 'a', after: '\u001b[31m', inList: false },
        { path: 'Script', before: { $masked: 'set', digest: 'x' }, after: undefined, inList: false },
      ]),
    ).toBe('Class: "a" → "\\u001b[31m", Script: "(hidden)" → nothing');
  });
});
