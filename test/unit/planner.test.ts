import { expect, it, describe } from '@jest/globals';
import { parse } from 'yaml';
import type { JsonObject } from '../../src/base/json.ts';
import { createMemoryWorld, DATABASE, GROUP, NETWORK, NOTE, type Seed } from '../helpers/memory-world.ts';
import { changePlanOf, codes, planFor, stepOf, type EntrySample } from '../helpers/planning-samples.ts';
import { checkTarget } from '../../src/plan/refresh/refresh.ts';

const ssh = { Protocol: 'tcp', Port: 22, Source: '0.0.0.0/0' };
const web = { Protocol: 'tcp', Port: 443, Source: '10.0.0.0/8' };
const seed: readonly Seed[] = [
  { type: NETWORK, identity: 'n-1', properties: { Range: '10.0.0.0/8', Tags: { Name: 'prod' } } },
  {
    type: GROUP,
    identity: 'g-web00001',
    properties: { GroupName: 'web', NetworkId: 'n-1', Rules: [ssh, web], Tags: { owner: 'x', team: 'a' } },
  },
  { type: GROUP, identity: 'g-free0001', properties: { GroupName: 'free', NetworkId: 'n-1' } },
  {
    type: DATABASE,
    identity: 'courses',
    properties: { Class: 'db.small', GroupIds: ['g-web00001'], Tags: { Name: 'courses' } },
    rows: ['a', 'b'],
  },
  { type: NOTE, identity: 'readme', properties: { Text: 'hello', Settings: { a: 1, b: { c: [1, 2] } } } },
];
const world = (more: readonly Seed[] = []) => createMemoryWorld({ seed: [...seed, ...more] });
const update = (properties: EntrySample['properties'], rest: Partial<EntrySample> = {}): EntrySample => ({
  address: 'Db',
  type: DATABASE,
  action: 'update',
  id: 'courses',
  properties: properties ?? {},
  ...rest,
});

describe('target', () => {
  it('refuses another account or region before anything is read', () => {
    const changePlan = changePlanOf([]);
    expect(() => checkTarget(changePlan, { account: '1', region: 'eu-west-1' })).toThrow(
      expect.objectContaining({ code: 'wrong-account' }),
    );
    expect(() => checkTarget(changePlan, { account: '123456789012', region: 'x' })).toThrow(
      expect.objectContaining({ code: 'wrong-region' }),
    );
    expect(() => checkTarget(changePlan, { account: '123456789012', region: 'eu-west-1' })).not.toThrow();
  });
});

describe('update', () => {
  it('keeps what is as it shall be', async () => {
    const planned = await planFor(world(), [update({ Class: 'DB.SMALL', Size: 10, GroupIds: ['g-web00001'] })]);
    expect(stepOf(planned, 'Db')).toMatchObject({ action: 'keep', changes: [], calls: [], blocked: false });
  });

  it('lists what changes, with before and after, its calls, and no confirmation for what is harmless', async () => {
    const step = stepOf(await planFor(world(), [update({ Retention: 14, Parameters: { x: '1' } })]), 'Db');
    expect(step.changes).toEqual([
      { path: 'Parameters.x', before: null, after: '1', effect: 'in-place' },
      { path: 'Retention', before: 7, after: 14, effect: 'in-place' },
    ]);
    expect(step).toMatchObject({
      action: 'update',
      confirm: null,
      destruction: null,
      recoverability: { level: 'reversible', loses: [] },
      capture: { how: 'native' },
    });
    expect(step.calls).toEqual(['rds:CreateDatabaseSnapshot', 'rds:ModifyDatabase']);
  });

  it('asks when, where a change interrupts or can be deferred, and marks it', async () => {
    const without = await planFor(world(), [update({ Class: 'db.large' })]);
    expect(codes(without, 'Db')).toEqual(['when-needed']);
    expect(without.plan.findings.find(({ code }) => code === 'when-needed')?.help).toContain('when: window');
    const step = stepOf(await planFor(world(), [update({ Class: 'db.large' }, { when: 'window' })]), 'Db');
    expect(step).toMatchObject({ blocked: false, interrupts: true, when: 'window', confirm: null });
    expect(codes(await planFor(world(), [update({ Retention: 9 }, { when: 'now' })]), 'Db', 'info')).toContain(
      'when-ignored',
    );
  });

  it('marks a one-way change without asking for more', async () => {
    const step = stepOf(await planFor(world(), [update({ Size: 30 })]), 'Db');
    expect(step).toMatchObject({
      blocked: false,
      confirm: null,
      oneWay: ['Size: storage never shrinks'],
      recoverability: { level: 'restorable' },
    });
  });

  it('needs the reason and the accepted loss of an irreversible destruction, and the identity typed', async () => {
    expect(codes(await planFor(world(), [update({ Retention: 1 })]), 'Db')).toEqual([
      'reason-needed',
      'accept-loss-needed',
    ]);
    const step = stepOf(
      await planFor(world(), [update({ Retention: 1 }, { reason: 'cheaper', acceptLoss: 'old backups' })]),
      'Db',
    );
    expect(step).toMatchObject({ blocked: false, confirm: 'courses', recoverability: { level: 'irreversible' } });
    expect(step.destruction?.loses[0]).toContain('backups older than 1 days');
    expect(step.changes[0]).toMatchObject({ path: 'Retention', effect: 'destructive' });
  });

  it('takes the loss of a protection as a destruction that an inverse call takes back', async () => {
    const protectedWorld = createMemoryWorld({
      seed: [{ type: DATABASE, identity: 'courses', properties: { Protected: true } }],
    });
    const step = stepOf(await planFor(protectedWorld, [update({ Protected: null }, { reason: 'r' })]), 'Db');
    expect(step).toMatchObject({
      blocked: false,
      confirm: 'courses',
      recoverability: { level: 'reversible' },
      changes: [{ path: 'Protected', before: true, after: false, effect: 'destructive' }],
    });
  });

  it('takes a grant to the person, with its reason', async () => {
    expect(codes(await planFor(world(), [update({ Public: true })]), 'Db')).toEqual(['reason-needed']);
    const step = stepOf(await planFor(world(), [update({ Public: true }, { reason: 'r' })]), 'Db');
    expect(step).toMatchObject({
      blocked: false,
      confirm: 'courses',
      destruction: null,
      grant: { opens: ['everyone on the internet can reach the database'] },
    });
  });

  it('blocks what is not updatable, unsupported or without a default', async () => {
    expect(codes(await planFor(world(), [update({ Engine: 'mysql' })]), 'Db')).toEqual(['replacement-needed']);
    expect(codes(await planFor(world(), [update({ Colour: 'red' })]), 'Db')).toEqual(['unsupported-property']);
    expect(codes(await planFor(world(), [update({ Class: null })]), 'Db')).toEqual(['no-default']);
    const note = createMemoryWorld({ seed: [{ type: NOTE, identity: 'readme', properties: { Kind: 'rich' } }] });
    expect(
      codes(
        await planFor(note, [
          { address: 'N', type: NOTE, action: 'update', id: 'readme', properties: { Kind: 'plain' } },
        ]),
        'N',
      ),
    ).toEqual(['replacement-needed']);
  });

  it('blocks an update of what does not exist, is read-only, or is in no state to be changed', async () => {
    expect(codes(await planFor(world(), [update({ Retention: 9 }, { id: 'nobody' })]), 'Db')).toEqual(['not-found']);
    const busy = createMemoryWorld({ seed: [{ type: DATABASE, identity: 'courses', state: 'backing-up' }] });
    expect(codes(await planFor(busy, [update({ Retention: 9 })]), 'Db')).toEqual(['wrong-state']);
    expect(
      codes(
        await planFor(world(), [{ address: 'N', type: NETWORK, action: 'update', id: 'n-1', properties: {} }]),
        'N',
      ),
    ).toEqual(['read-only-type']);
  });

  it('blocks on a change that others left pending, unless expect states it', async () => {
    const pending = () =>
      createMemoryWorld({
        seed: [
          { type: DATABASE, identity: 'courses', properties: { Class: 'db.small' }, pending: { Class: 'db.huge' } },
        ],
      });
    expect(codes(await planFor(pending(), [update({ Retention: 9 })]), 'Db')).toEqual(['pending-change']);
    expect(
      codes(await planFor(pending(), [update({ Retention: 9 }, { expect: { Class: 'db.small' } })]), 'Db'),
    ).toEqual(['pending-change']);
    expect(codes(await planFor(pending(), [update({ Retention: 9 }, { expect: { Class: 'db.huge' } })]), 'Db')).toEqual(
      [],
    );
    const own = await planFor(pending(), [update({ Class: 'db.huge' }, { when: 'window' })]);
    expect(stepOf(own, 'Db')).toMatchObject({ action: 'keep', blocked: false });
    expect(codes(own, 'Db', 'info')).toEqual(['already-pending']);
  });

  it("says that a value will not stay where the plan states today's and another is pending, and what is pending beside it", async () => {
    const late = () =>
      createMemoryWorld({
        seed: [
          {
            type: DATABASE,
            identity: 'courses',
            properties: { Class: 'db.small', Retention: 7 },
            pending: { Class: 'db.huge' },
          },
        ],
      });
    const today = await planFor(late(), [update({ Class: 'db.small' })]);
    expect(stepOf(today, 'Db')).toMatchObject({ action: 'keep', blocked: true });
    expect(today.plan.findings.find(({ code }) => code === 'pending-change')?.message).toBe(
      'Class is "db.small" only for now: a change to "db.huge" is pending',
    );
    expect(
      codes(await planFor(late(), [update({ Class: 'db.small' }, { expect: { Class: 'db.huge' } })]), 'Db'),
    ).toEqual([]);
    const other = await planFor(late(), [update({ Retention: 7 })]);
    expect([codes(other, 'Db'), codes(other, 'Db', 'warning')]).toEqual([[], ['pending-change']]);
  });

  it('sets a secret again only when the word differs, and shows its source, never more', async () => {
    const secret = { $secret: { env: 'AIPLAN_SECRET_DB' } };
    const left = await planFor(world(), [update({ Password: secret })]);
    expect(stepOf(left, 'Db').action).toBe('keep');
    expect(codes(left, 'Db', 'info')).toEqual(['secret-not-set']);
    const set = stepOf(await planFor(world(), [update({ Password: secret }, { rotate: 'spring' })]), 'Db');
    expect(set.changes).toEqual([
      {
        path: 'Password',
        before: { $masked: 'unknown' },
        after: { $masked: 'changed', source: 'env AIPLAN_SECRET_DB' },
        effect: 'in-place',
      },
    ]);
    expect(set.calls).toContain('rds:SetDatabaseTags');
    const done = createMemoryWorld({
      seed: [{ type: DATABASE, identity: 'courses', properties: { Tags: { 'aiplan:rotate': 'spring' } } }],
    });
    expect(stepOf(await planFor(done, [update({ Password: secret }, { rotate: 'spring' })]), 'Db').action).toBe('keep');
  });

  it('compares a sensitive text without showing it', async () => {
    const scripted = () =>
      createMemoryWorld({ seed: [{ type: DATABASE, identity: 'courses', properties: { Script: 'CANARY-OLD' } }] });
    expect(stepOf(await planFor(scripted(), [update({ Script: 'CANARY-OLD' })]), 'Db').action).toBe('keep');
    const changed = await planFor(scripted(), [update({ Script: 'CANARY-NEW' }, { reason: 'r' })]);
    const step = stepOf(changed, 'Db');
    expect(step).toMatchObject({
      grant: { opens: ['the script runs with the powers of the database'] },
      changes: [{ path: 'Script', before: { $masked: 'set' }, after: { $masked: 'set' } }],
    });
    expect(JSON.stringify(changed.plan.steps)).not.toContain('CANARY-OLD');
    expect(stepOf(changed, 'Db').changes[0]?.authored).toBe('CANARY-NEW');
  });

  it('marks tags that backup and clean-up tools act on, for every type', async () => {
    const tagged = () =>
      createMemoryWorld({
        seed: [{ type: NOTE, identity: 'readme', properties: { Tags: { Backup: 'daily', plain: '1', note: 'a' } } }],
      });
    const note = (Tags: EntrySample['properties']): EntrySample => ({
      address: 'N',
      type: NOTE,
      action: 'update',
      id: 'readme',
      properties: { Tags: Tags ?? {} },
      reason: 'r',
    });
    expect(stepOf(await planFor(tagged(), [note({ note: null })]), 'N')).toMatchObject({
      destruction: null,
      changes: [{ path: 'Tags.note', before: 'a', after: null }],
    });
    expect(stepOf(await planFor(tagged(), [note({ Backup: null })]), 'N')).toMatchObject({
      confirm: 'readme',
      changes: [{ path: 'Tags.Backup', effect: 'destructive' }],
    });
    expect(stepOf(await planFor(tagged(), [note({ Backup: 'never' })]), 'N').destruction).not.toBeNull();
    for (const key of ['expire-after', 'DeleteAfter', 'auto-terminate', 'maid_status', 'janitor'])
      expect(stepOf(await planFor(tagged(), [note({ [key]: '1d' })]), 'N').destruction).not.toBeNull();
    expect(stepOf(await planFor(tagged(), [note({ anything: 'x' })]), 'N').destruction).not.toBeNull();
    expect(stepOf(await planFor(tagged(), [note({ Description: 'x' })]), 'N').destruction).toBeNull();
    expect(stepOf(await planFor(tagged(), [note({ plain: null })]), 'N').destruction).not.toBeNull();
  });
});

describe('lists (law 1)', () => {
  const group = (Rules: readonly object[] | null, rest: Partial<EntrySample> = {}): EntrySample => ({
    address: 'Web',
    type: GROUP,
    action: 'update',
    id: 'g-web00001',
    properties: { Rules: Rules as never },
    reason: 'r',
    ...rest,
  });

  it('blocks an element that leaves without having been named, and names it', async () => {
    const planned = await planFor(world(), [group([web])]);
    expect(codes(planned, 'Web')).toEqual(['unnamed-removal']);
    expect(planned.plan.findings[0]?.message).toContain('Rules[tcp 22 0.0.0.0/0]');
    expect(planned.plan.findings[0]?.help).toMatch(
      /add to Web:\n {4}expect: \{"Rules":\[\{.*"0\.0\.0\.0\/0".*\}\]\}$/u,
    );
    const lines = planned.plan.findings[0]?.help?.split('\n').slice(1) ?? [];
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(76);
    const pasted = parse(lines.join('\n')) as { readonly expect: JsonObject };
    expect(codes(await planFor(world(), [group([web], { expect: pasted.expect })]), 'Web')).toEqual([]);
  });

  it('lets it leave when expect names it, and asks for a confirmation', async () => {
    const step = stepOf(await planFor(world(), [group([web], { expect: { Rules: [ssh] } })]), 'Web');
    expect(step).toMatchObject({
      blocked: false,
      confirm: 'b00001',
      changes: [{ path: 'Rules[tcp 22 0.0.0.0/0]', before: ssh, after: null, effect: 'destructive' }],
    });
    expect(step.calls).toEqual(['ec2:RevokeRules']);
  });

  it('is not satisfied by a wildcard or by half a key', async () => {
    for (const stated of [{ Port: 22 }, { Protocol: 'tcp', Port: 22, Source: { $any: true } }]) {
      expect(codes(await planFor(world(), [group([web], { expect: { Rules: [stated] } })]), 'Web')).toEqual([
        'unnamed-removal',
      ]);
    }
    // An entry that states nothing names no element.
    for (const stated of [{}, { Port: null }, { Port: { $any: true } }, { Source: {} }]) {
      expect(codes(await planFor(world(), [group([web], { expect: { Rules: [stated] } })]), 'Web')).toEqual([
        'unnamed-removal',
        'expect-mismatch',
      ]);
    }
  });

  it('treats null as an empty list, not as a way around', async () => {
    const emptied = await planFor(world(), [group(null)]);
    expect(codes(emptied, 'Web')).toEqual(['unnamed-removal']);
    expect(emptied.plan.findings[0]?.message).toMatch(/^2 elements would be removed .*: Rules\[.*, Rules\[/u);
    expect(codes(await planFor(world(), [group(null, { expect: { Rules: [ssh, web] } })]), 'Web')).toEqual([]);
    expect(codes(await planFor(world(), [{ ...group([ssh, web]), properties: { Tags: null } }]), 'Web')).toEqual([
      'unnamed-removal',
    ]);
  });

  it('adds before it removes, and reordering is nothing', async () => {
    expect(stepOf(await planFor(world(), [group([web, ssh])]), 'Web').action).toBe('keep');
    const step = stepOf(
      await planFor(world(), [group([web, { ...ssh, Source: '10.1.0.0/16' }], { expect: { Rules: [ssh] } })]),
      'Web',
    );
    expect(step.calls).toEqual(['ec2:AuthorizeRules', 'ec2:RevokeRules']);
    expect(step.grant).toBeNull();
  });

  it('holds inside free-form values too', async () => {
    const note = (rest: Partial<EntrySample>): EntrySample => ({
      address: 'N',
      type: NOTE,
      action: 'update',
      id: 'readme',
      properties: { Settings: { b: { c: [1] } } },
      ...rest,
    });
    expect(codes(await planFor(world(), [note({})]), 'N')).toEqual(['unnamed-removal']);
    const named = stepOf(await planFor(world(), [note({ expect: { Settings: { b: { c: [2] } } } })]), 'N');
    expect(named).toMatchObject({ blocked: false, changes: [{ path: 'Settings.b.c', before: [1, 2], after: [1] }] });
  });
});

describe('expect (law 2)', () => {
  it('blocks what is not as believed, and shows both', async () => {
    const planned = await planFor(world(), [
      update({ Retention: 9 }, { expect: { Tags: { Name: 'bastion' }, Class: 'db.small' } }),
    ]);
    expect(codes(planned, 'Db')).toEqual(['expect-mismatch']);
    expect(planned.plan.findings[0]?.message).toBe('expected Tags.Name to be "bastion", live is "courses"');
  });

  it('only tells what is passed where everything is as wanted already, of the properties that the entry sets', async () => {
    const passed = await planFor(world(), [update({ Class: 'db.small' }, { expect: { Class: 'db.large' } })]);
    expect(passed.plan.findings.map(({ severity, code, message }) => [severity, code, message])).toContainEqual([
      'info',
      'expect-passed',
      'Class is no longer "db.large", and everything is as this entry wants it already',
    ]);
    expect(stepOf(passed, 'Db')).toMatchObject({ action: 'keep', blocked: false });
    expect(
      codes(await planFor(world(), [update({ Class: 'db.small' }, { expect: { Tags: { Name: 'bastion' } } })]), 'Db'),
    ).toEqual(['expect-mismatch']);
    expect(
      codes(
        await planFor(world(), [update({ Class: 'db.small', Retention: 9 }, { expect: { Class: 'db.large' } })]),
        'Db',
      ),
    ).toEqual(['expect-mismatch']);
  });

  it('knows null, any and subsets', async () => {
    const wrong = { Public: null, GroupIds: ['g-other'], Missing: { $any: true } };
    expect(codes(await planFor(world(), [update({ Retention: 9 }, { expect: wrong })]), 'Db')).toEqual([
      'expect-mismatch',
      'expect-mismatch',
      'expect-mismatch',
    ]);
    const right = { Script: null, GroupIds: ['g-web00001'], Class: { $any: true }, Tags: { Other: null } };
    expect(codes(await planFor(world(), [update({ Retention: 9 }, { expect: right })]), 'Db')).toEqual([]);
  });

  it('stands at its place in the file', async () => {
    const planned = await planFor(world(), [
      update({ Retention: 9 }, { expect: { Class: 'x' }, positions: { 'expect.Class': { line: 42, column: 7 } } }),
    ]);
    expect(planned.plan.findings[0]).toMatchObject({ line: 42, column: 7 });
  });
});

describe('find and read', () => {
  it('finds exactly one, blocks none and many', async () => {
    const find = (tags: object): EntrySample => ({
      address: 'X',
      type: GROUP,
      action: 'update',
      find: { Tags: tags as never },
      properties: { Description: 'd' },
    });
    const two = () =>
      world([
        { type: GROUP, identity: 'g-two', properties: { GroupName: 'two', NetworkId: 'n-1', Tags: { team: 'a' } } },
      ]);
    expect(stepOf(await planFor(two(), [find({ owner: 'x' })]), 'X')).toMatchObject({
      blocked: false,
      identity: 'g-web00001',
    });
    expect(codes(await planFor(two(), [find({ owner: 'nobody' })]), 'X')).toEqual(['find-none']);
    expect(codes(await planFor(two(), [find({ team: 'a' })]), 'X')).toEqual(['find-many']);
  });

  it('makes no step of a read, resolves references to it, and blocks everything when it is not there', async () => {
    const entries = (name: string): readonly EntrySample[] => [
      { address: 'Net', type: NETWORK, action: 'read', find: { Tags: { Name: name } } },
      { address: 'G', type: GROUP, action: 'create', properties: { GroupName: 'new', NetworkId: { Ref: 'Net' } } },
    ];
    const good = await planFor(world(), entries('prod'));
    expect(good.plan.steps.map(({ id }) => id)).toEqual(['G']);
    expect(stepOf(good, 'G').changes).toContainEqual({
      path: 'NetworkId',
      before: null,
      after: 'n-1',
      effect: 'in-place',
    });
    expect(good.reads.get('Net')?.identity).toBe('n-1');
    const bad = await planFor(world(), entries('nobody'));
    expect(codes(bad, 'Net')).toEqual(['find-none']);
    expect(stepOf(bad, 'G').blocked).toBe(true);
  });

  it('lets one live resource have one address', async () => {
    const planned = await planFor(world(), [
      update({ Retention: 9 }),
      { ...update({ Retention: 10 }), address: 'Again' },
    ]);
    expect(codes(planned, 'Again')).toEqual(['duplicate-identity']);
  });
});

describe('references and ids', () => {
  it('leaves unknown what only a step makes, and keeps the reference for the executor', async () => {
    const planned = await planFor(world(), [
      { address: 'G', type: GROUP, action: 'create', properties: { GroupName: 'new', NetworkId: 'n-1' } },
      update({ GroupIds: ['g-web00001', { Ref: 'G' }] }),
    ]);
    expect(stepOf(planned, 'Db').changes).toEqual([
      { path: 'GroupIds[G]', before: null, after: { $unknown: 'G' }, effect: 'in-place' },
    ]);
    expect(planned.work.get('Db')?.desired['GroupIds']).toEqual(['g-web00001', { Ref: 'G' }]);
    expect(planned.plan.steps.map(({ id }) => id)).toEqual(['G', 'Db']);
  });

  it('blocks a dead literal id, a reference to what is deleted, and an attribute that does not exist', async () => {
    expect(codes(await planFor(world(), [update({ GroupIds: ['g-web00001', 'g-dead'] })]), 'Db')).toEqual(['dead-id']);
    expect(
      codes(
        await planFor(world(), [
          update({ Parameters: { a: { 'Fn::GetAtt': ['N', 'Nope'] } } }),
          { address: 'N', type: NOTE, action: 'update', id: 'readme', properties: {} },
        ]),
        'Db',
      ),
    ).toEqual(['unknown-attribute']);
    const planned = await planFor(world(), [
      { address: 'Free', type: GROUP, action: 'delete', id: 'g-free0001', reason: 'r', expect: {} },
      update({ GroupIds: ['g-web00001', { Ref: 'Free' }] }),
    ]);
    expect(codes(planned, 'Db')).toContain('reference-to-deleted');
    expect(
      codes(
        await planFor(world(), [
          { address: 'Free', type: GROUP, action: 'delete', id: 'g-free0001', reason: 'r', expect: {} },
          update({ GroupIds: ['g-web00001', 'g-free0001'] }),
        ]),
        'Db',
      ),
    ).toContain('uses-deleted');
  });

  it('does not hand a secret to another property', async () => {
    const planned = await planFor(world(), [
      {
        address: 'New',
        type: DATABASE,
        action: 'create',
        properties: {
          DatabaseName: 'new',
          Engine: 'mysql',
          Class: 'x',
          Password: { $secret: { env: 'AIPLAN_SECRET_X' } },
        },
      },
      {
        address: 'N',
        type: NOTE,
        action: 'update',
        id: 'readme',
        properties: { Text: { 'Fn::GetAtt': ['New', 'Password'] } },
      },
    ]);
    expect(codes(planned, 'N')).toEqual(['secret-reference']);
  });

  it('names a circle in full and blocks what is in and behind it', async () => {
    const note = (address: string, other: string): EntrySample => ({
      address,
      type: NOTE,
      action: 'create',
      properties: { NoteName: address.toLowerCase(), Text: { 'Fn::GetAtt': [other, 'Text'] } },
    });
    const planned = await planFor(world(), [note('A', 'B'), note('B', 'C'), note('C', 'A'), note('D', 'A')]);
    expect(planned.plan.findings.find(({ code }) => code === 'cycle')?.message).toMatch(/A → B → C → A/u);
    expect(planned.plan.steps.every(({ blocked }) => blocked)).toBe(true);
    expect(codes(planned, 'D')).toEqual(['behind-cycle']);
  });

  it('what is there already and names each other needs no order', async () => {
    const names = (address: string, id: string, other: string | JsonObject): EntrySample => ({
      address,
      type: GROUP,
      action: 'update',
      id,
      properties: { Rules: [{ Protocol: 'tcp', Port: 80, SourceGroup: other }] },
    });
    for (const [one, other] of [
      ['g-web00001', 'g-free0001'],
      [{ Ref: 'Web' }, { Ref: 'Free' }],
    ] as const) {
      const planned = await planFor(world(), [names('Web', 'g-web00001', other), names('Free', 'g-free0001', one)]);
      expect(
        codes(planned, 'Web')
          .concat(codes(planned, 'Free'))
          .filter((code) => code.includes('cycle')),
      ).toEqual([]);
      expect(
        planned.plan.steps.map(({ id, changes }) => [
          id,
          changes.flatMap(({ after }) => (after === null ? [] : [(after as JsonObject)['SourceGroup']])),
        ]),
      ).toEqual([
        ['Web', ['g-free0001']],
        ['Free', ['g-web00001']],
      ]);
    }
    const fresh: EntrySample = {
      address: 'New',
      type: GROUP,
      action: 'create',
      properties: {
        GroupName: 'new',
        NetworkId: 'net-1',
        Rules: [{ Protocol: 'tcp', Port: 80, SourceGroup: 'g-web00001' }],
      },
    };
    const both = await planFor(world(), [names('Web', 'g-web00001', { Ref: 'New' }), fresh]);
    expect(both.plan.steps.map(({ id }) => id)).toEqual(['New', 'Web']);
    const self = await planFor(world(), [names('Web', 'g-web00001', { Ref: 'Web' })]);
    expect(self.plan.findings.filter(({ code }) => code === 'cycle')).toEqual([]);
  });

  it('lets depends_on win', async () => {
    const planned = await planFor(world(), [
      {
        address: 'Db',
        type: DATABASE,
        action: 'update',
        id: 'courses',
        properties: { Retention: 9 },
        dependsOn: ['Free'],
      },
      { address: 'Free', type: GROUP, action: 'delete', id: 'g-free0001', reason: 'r', expect: {} },
    ]);
    expect(planned.plan.steps.map(({ id }) => id)).toEqual(['Free', 'Db']);
  });
});
