import { describe, expect, it } from '@jest/globals';
import { createMemoryWorld, DATABASE, GROUP, NETWORK, NOTE, type Seed } from '../helpers/memory-world.ts';
import { codes, planFor, stepOf, type EntrySample } from '../helpers/planning-samples.ts';

const network: Seed = { type: NETWORK, identity: 'n-1' };
const database = (properties: EntrySample['properties'] = {}): EntrySample => ({
  address: 'Db',
  type: DATABASE,
  action: 'create',
  properties: { DatabaseName: 'courses', Engine: 'postgres', Class: 'db.small', ...properties },
});

describe('create', () => {
  it('plans what it makes, with secrets masked and no capture', async () => {
    const planned = await planFor(createMemoryWorld(), [
      database({ Password: { $secret: { env: 'AIPLAN_SECRET_DB' } }, Tags: { team: 'x' } }),
    ]);
    const step = stepOf(planned, 'Db');
    expect(step).toMatchObject({
      action: 'create',
      identity: null,
      blocked: false,
      confirm: null,
      incarnation: null,
      capture: { how: 'none' },
      calls: ['rds:CreateDatabase'],
      recoverability: { level: 'reversible' },
    });
    expect(step.changes.map(({ path, before, after }) => [path, before, after])).toEqual([
      ['Class', null, 'db.small'],
      ['DatabaseName', null, 'courses'],
      ['Engine', null, 'postgres'],
      ['Password', null, { $masked: 'set', source: 'env AIPLAN_SECRET_DB' }],
      ['Tags', null, { team: 'x' }],
    ]);
    expect(planned.work.get('Db')?.desired['Password']).toEqual({ $secret: { env: 'AIPLAN_SECRET_DB' } });
    expect(planned.work.get('Db')?.preview[0]?.input).toMatchObject({
      Tags: { team: 'x', 'aiplan:plan': 'sample', 'aiplan:resource': 'Db' },
    });
  });

  it('takes a grant to the person, who types the name, or the address where AWS makes the id', async () => {
    expect(codes(await planFor(createMemoryWorld(), [database({ Public: true })]), 'Db')).toEqual(['reason-needed']);
    expect(
      stepOf(await planFor(createMemoryWorld(), [{ ...database({ Public: true }), reason: 'r' }]), 'Db'),
    ).toMatchObject({ confirm: 'courses', grant: { opens: [expect.any(String)] } });
    const open: EntrySample = {
      address: 'Web',
      type: GROUP,
      action: 'create',
      reason: 'r',
      properties: { GroupName: 'web', NetworkId: 'n-1', Rules: [{ Protocol: 'tcp', Port: 80, Source: '0.0.0.0/0' }] },
    };
    expect(stepOf(await planFor(createMemoryWorld({ seed: [network] }), [open]), 'Web')).toMatchObject({
      confirm: 'Web',
      grant: { opens: ['port 80 is open to everyone'] },
    });
  });

  it('blocks the lost baseline: what exists and is not ours', async () => {
    const planned = await planFor(createMemoryWorld({ seed: [{ type: DATABASE, identity: 'courses' }] }), [database()]);
    expect(codes(planned, 'Db')).toEqual(['already-exists']);
    expect(planned.plan.findings[0]).toMatchObject({
      message: expect.stringContaining('this looks like a lost baseline, not a new environment'),
    });
  });

  it('blocks what only looks alike, with the list', async () => {
    const planned = await planFor(
      createMemoryWorld({ seed: [{ type: DATABASE, identity: 'other', properties: { Tags: { Name: 'courses' } } }] }),
      [database({ Tags: { Name: 'courses' } })],
    );
    expect(codes(planned, 'Db')).toEqual(['looks-like-existing']);
    expect(planned.plan.findings[0]?.message).toContain('other');
  });

  it('keeps what this plan made, blocks it when it differs, and is not fooled by a copied tag', async () => {
    const owned = { 'aiplan:plan': 'sample', 'aiplan:resource': 'Db' };
    const ours = (more: Seed['properties'] = {}): Seed => ({
      type: DATABASE,
      identity: 'courses',
      properties: { Class: 'db.small', Tags: owned, ...more },
    });
    expect(stepOf(await planFor(createMemoryWorld({ seed: [ours()] }), [database()]), 'Db')).toMatchObject({
      action: 'keep',
      identity: 'courses',
      blocked: false,
    });
    const different = await planFor(createMemoryWorld({ seed: [ours({ Class: 'db.large' })] }), [database()]);
    expect(codes(different, 'Db')).toEqual(['declare-update']);
    expect(different.plan.findings[0]?.help).toContain('id: courses');
    expect(
      codes(
        await planFor(
          createMemoryWorld({ seed: [ours(), { type: DATABASE, identity: 'forged', properties: { Tags: owned } }] }),
          [database()],
        ),
        'Db',
      ),
    ).toEqual(['already-exists']);
    expect(
      codes(
        await planFor(
          createMemoryWorld({
            seed: [{ ...ours(), properties: { Class: 'db.small', Tags: { ...owned, 'aiplan:plan': 'another' } } }],
          }),
          [database()],
        ),
        'Db',
      ),
    ).toEqual(['already-exists']);
  });

  it('compares nested properties of the twin that only a detailed read gives', async () => {
    const owned: Seed = {
      type: DATABASE,
      identity: 'courses',
      properties: { Parameters: { a: '1' }, Tags: { 'aiplan:plan': 'sample', 'aiplan:resource': 'Db' } },
    };
    expect(
      stepOf(await planFor(createMemoryWorld({ seed: [owned] }), [database({ Parameters: { a: '1' } })]), 'Db').action,
    ).toBe('keep');
    expect(
      codes(await planFor(createMemoryWorld({ seed: [owned] }), [database({ Parameters: { a: '2' } })]), 'Db'),
    ).toEqual(['declare-update']);
  });

  it('blocks when whether it exists cannot be read', async () => {
    const world = createMemoryWorld();
    world.fail('rds:DescribeDatabases', { code: 'AccessDenied', kind: 'denied', message: 'no', times: 9 });
    const planned = await planFor(world, [database()]);
    expect(codes(planned, 'Db')).toEqual(['read-failed']);
    expect(planned.plan.findings[0]).toMatchObject({
      message: expect.stringContaining('AccessDenied'),
      help: expect.stringContaining('rds:DescribeDatabases'),
    });
  });

  it('passes literals and references between creates, in order', async () => {
    const planned = await planFor(createMemoryWorld(), [
      {
        address: 'Second',
        type: NOTE,
        action: 'create',
        properties: { NoteName: 'second', DatabaseName: { Ref: 'Db' }, Text: { 'Fn::GetAtt': ['Db', 'Class'] } },
      },
      { address: 'Third', type: NOTE, action: 'create', properties: { NoteName: 'third', DatabaseName: 'courses' } },
      database(),
    ]);
    expect(planned.plan.steps.map(({ id }) => id)).toEqual(['Db', 'Second', 'Third']);
    expect(stepOf(planned, 'Second').changes).toContainEqual(
      expect.objectContaining({ path: 'Text', after: 'db.small' }),
    );
    expect(stepOf(planned, 'Second').dependsOn).toEqual(['Db']);
    expect(stepOf(planned, 'Third').dependsOn).toEqual(['Db']);
    expect(planned.plan.findings).toEqual([]);
  });
});

describe('replace', () => {
  const rule = { Protocol: 'tcp', Port: 22, Source: '10.0.0.0/8' };
  const seed: readonly Seed[] = [
    network,
    { type: NETWORK, identity: 'n-2' },
    {
      type: GROUP,
      identity: 'g-web00001',
      properties: { GroupName: 'web', NetworkId: 'n-1', Rules: [rule], Tags: { owner: 'x' } },
    },
  ];
  const replace = (properties: EntrySample['properties'], rest: Partial<EntrySample> = {}): EntrySample => ({
    address: 'Web',
    type: GROUP,
    action: 'replace',
    id: 'g-web00001',
    order: 'create-first',
    reason: 'r',
    expect: {},
    properties: properties ?? {},
    ...rest,
  });

  it('takes live properties along, overlays, destroys the old one and says what is carried', async () => {
    const planned = await planFor(createMemoryWorld({ seed }), [replace({ NetworkId: 'n-2' })]);
    const step = stepOf(planned, 'Web');
    expect(step).toMatchObject({
      action: 'replace',
      blocked: false,
      confirm: 'b00001',
      changes: [{ path: 'NetworkId', before: 'n-1', after: 'n-2', effect: 'replace' }],
      calls: ['ec2:CreateGroup', 'ec2:DeleteGroup'],
    });
    expect(step.recoverability).toEqual({ level: 'restorable', loses: ['the id g-web00001'] });
    expect(planned.work.get('Web')?.desired).toEqual({
      GroupName: 'web',
      NetworkId: 'n-2',
      Rules: [rule],
      Tags: { owner: 'x' },
    });
    expect(codes(planned, 'Web', 'info')).toEqual(['replace-carries']);
    expect(
      stepOf(
        await planFor(createMemoryWorld({ seed }), [replace({ NetworkId: 'n-2' }, { order: 'delete-first' })]),
        'Web',
      ).calls,
    ).toEqual(['ec2:DeleteGroup', 'ec2:CreateGroup']);
  });

  it('blocks data stores, a missing order, what cannot be carried, and unnamed removals', async () => {
    expect(
      codes(
        await planFor(createMemoryWorld({ seed: [{ type: DATABASE, identity: 'courses' }] }), [
          {
            address: 'Db',
            type: DATABASE,
            action: 'replace',
            id: 'courses',
            order: 'create-first',
            reason: 'r',
            properties: { Engine: 'mysql' },
          },
        ]),
        'Db',
      ),
    ).toEqual(['replace-blocked']);
    const { order: _order, ...unordered } = replace({ NetworkId: 'n-2' });
    expect(codes(await planFor(createMemoryWorld({ seed }), [unordered]), 'Web')).toEqual(['order-needed']);
    expect(
      codes(await planFor(createMemoryWorld({ seed }), [replace({ NetworkId: 'n-2' }, { carry: ['Moon'] })]), 'Web'),
    ).toEqual(['cannot-carry']);
    expect(
      codes(await planFor(createMemoryWorld({ seed }), [replace({ NetworkId: 'n-2', Rules: [] })]), 'Web'),
    ).toEqual(['unnamed-removal']);
  });

  it('blocks while somebody uses the old one, also when that would be pointed at the new one', async () => {
    const used = [...seed, { type: DATABASE, identity: 'courses', properties: { GroupIds: ['g-web00001'] } }];
    expect(codes(await planFor(createMemoryWorld({ seed: used }), [replace({ NetworkId: 'n-2' })]), 'Web')).toEqual([
      'still-used',
    ]);
    const pointed: EntrySample = {
      address: 'Db',
      type: DATABASE,
      action: 'update',
      id: 'courses',
      properties: { GroupIds: [{ Ref: 'Web' }] },
      expect: { GroupIds: ['g-web00001'] },
    };
    expect(
      codes(await planFor(createMemoryWorld({ seed: used }), [replace({ NetworkId: 'n-2' }), pointed]), 'Web'),
    ).toEqual(['still-used']);
    const released: EntrySample = {
      address: 'Db',
      type: DATABASE,
      action: 'update',
      id: 'courses',
      properties: { GroupIds: [] },
      expect: { GroupIds: ['g-web00001'] },
    };
    const planned = await planFor(createMemoryWorld({ seed: used }), [replace({ NetworkId: 'n-2' }), released]);
    expect(codes(planned, 'Web')).toEqual([]);
    expect(planned.plan.steps.map(({ id }) => id)).toEqual(['Db', 'Web']);
  });

  it('warns where an update would do, and where the new one would bear the old name', async () => {
    expect(
      codes(await planFor(createMemoryWorld({ seed }), [replace({ Description: 'd' })]), 'Web', 'warning'),
    ).toEqual(['replace-unneeded', 'name-collision']);
    expect(
      codes(await planFor(createMemoryWorld({ seed }), [replace({ GroupName: 'web2' })]), 'Web', 'warning'),
    ).toEqual([]);
  });

  it('is kept once it is done', async () => {
    const after = createMemoryWorld({
      seed: [
        network,
        {
          type: GROUP,
          identity: 'g-new',
          properties: { NetworkId: 'n-1', Tags: { 'aiplan:plan': 'sample', 'aiplan:resource': 'Web' } },
        },
      ],
    });
    expect(stepOf(await planFor(after, [replace({ NetworkId: 'n-1' })]), 'Web')).toMatchObject({
      action: 'keep',
      identity: 'g-new',
      blocked: false,
    });
    expect(
      codes(await planFor(createMemoryWorld({ seed: [network] }), [replace({ NetworkId: 'n-1' })]), 'Web'),
    ).toEqual(['not-found']);
  });
});
