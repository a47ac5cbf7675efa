import { describe, expect, it } from '@jest/globals';
import type { RestoreOrder } from '../../src/domain/change-plan.ts';
import { bucketFindings } from '../../src/plan/steps/needs-capture-bucket.ts';
import { needed } from '../../src/domain/confirmation.ts';
import { createMemoryWorld, DATABASE, GROUP, NETWORK, NOTE, type Seed } from '../helpers/memory-world.ts';
import { codes, planFor, stepOf, type EntrySample } from '../helpers/planning-samples.ts';
import type { Capture } from '../../src/domain/capture-plan.ts';

const seed: readonly Seed[] = [
  { type: NETWORK, identity: 'n-1' },
  { type: GROUP, identity: 'g-web00001', properties: { GroupName: 'web', NetworkId: 'n-1' } },
  {
    type: GROUP,
    identity: 'g-sub00001',
    properties: {
      GroupName: 'sub',
      NetworkId: 'n-1',
      Rules: [{ Protocol: 'tcp', Port: 1, SourceGroup: 'g-web00001' }],
    },
  },
  {
    type: DATABASE,
    identity: 'courses',
    properties: { GroupIds: ['g-web00001'], Protected: true, Tags: { Name: 'courses' } },
    rows: ['a', 'b'],
  },
];
const world = (more: readonly Seed[] = seed) => createMemoryWorld({ seed: more });
const remove = (rest: Partial<EntrySample> = {}): EntrySample => ({
  address: 'Db',
  type: DATABASE,
  action: 'delete',
  id: 'courses',
  reason: 'not needed',
  expect: { Tags: { Name: 'courses' } },
  ...rest,
});
const removeGroup = (rest: Partial<EntrySample> = {}): EntrySample => ({
  address: 'Web',
  type: GROUP,
  action: 'delete',
  id: 'g-web00001',
  reason: 'r',
  expect: {},
  ...rest,
});

describe('delete', () => {
  it('stands alone with evidence, capture, what is lost, its calls and the text to type', async () => {
    const step = stepOf(await planFor(world(), [remove()]), 'Db');
    expect(step).toMatchObject({
      action: 'delete',
      blocked: false,
      confirm: 'courses',
      incarnation: 'courses#0',
      capture: { how: 'native', what: 'a snapshot of courses' },
      evidence: {
        binding: { protections: ['Protected'], dependents: [], encrypted: true },
        observed: { rows: 2, bytes: 2048 },
      },
      recoverability: { level: 'restorable', loses: ['automated backups'] },
      destruction: { loses: ['Database courses is deleted', 'automated backups'] },
      calls: ['rds:CloseDatabase', 'rds:CreateDatabaseSnapshot', 'rds:DeleteDatabase'],
    });
  });

  it('is not restorable where captures would not be kept', async () => {
    const planned = await planFor(world(), [remove()], {
      findings: bucketFindings(['The capture bucket "captures": versioning is not enabled.']),
    });
    expect(stepOf(planned, 'Db')).toMatchObject({
      blocked: true,
      recoverability: {
        level: 'irreversible',
        loses: ['automated backups', 'The capture bucket "captures": versioning is not enabled.'],
      },
    });
    expect(planned.plan.findings).toContainEqual(
      expect.objectContaining({
        code: 'capture-bucket-weak',
        severity: 'error',
        step: null,
        help: expect.stringContaining('aiplan setup'),
      }),
    );
  });

  it('sets properties first, in the same confirmation', async () => {
    const step = stepOf(await planFor(world(), [remove({ properties: { Protected: false } })]), 'Db');
    expect(step.calls).toEqual([
      'rds:ModifyDatabase',
      'rds:CloseDatabase',
      'rds:CreateDatabaseSnapshot',
      'rds:DeleteDatabase',
    ]);
    expect(step.destruction?.loses).toEqual([
      'Database courses is deleted',
      'the database can be deleted afterwards',
      'automated backups',
    ]);
    expect(step.changes).toEqual([
      {
        path: 'Protected',
        before: true,
        after: false,
        effect: 'destructive',
        notes: ['the database can be deleted afterwards'],
      },
    ]);
  });

  it('blocks what is not there, unless this plan deleted it before', async () => {
    const absent = await planFor(world(), [remove({ id: 'nobody' })]);
    expect(codes(absent, 'Db')).toEqual(['not-found']);
    expect(absent.plan.findings[0]?.help).toContain('check the id');
    const own = { ownDeletions: [{ type: DATABASE, identity: 'nobody' }] };
    expect(stepOf(await planFor(world(), [remove({ id: 'nobody' })], own), 'Db')).toMatchObject({
      action: 'keep',
      blocked: false,
      confirm: null,
    });
    expect(
      stepOf(await planFor(world(), [remove()], { ownDeletions: [{ type: DATABASE, identity: 'courses' }] }), 'Db')
        .action,
    ).toBe('delete');
    expect(
      codes(await planFor(world([{ type: DATABASE, identity: 'courses', state: 'deleting' }]), [remove()]), 'Db'),
    ).toEqual(['not-found']);
  });

  it('leaves it to the reader of the change plan to miss an expect, and blocks where it is not so', async () => {
    const { expect: _expect, ...bare } = remove();
    expect(codes(await planFor(world(), [bare]), 'Db', 'warning')).toEqual([]);
    expect(codes(await planFor(world(), [remove({ expect: { Tags: { Name: 'bastion' } } })]), 'Db')).toEqual([
      'expect-mismatch',
    ]);
  });

  it('shows dependents from the schema relations and blocks while they stay', async () => {
    const planned = await planFor(world(), [removeGroup()]);
    expect(stepOf(planned, 'Web').evidence.binding['dependents']).toEqual([
      { type: DATABASE, identity: 'courses' },
      { type: GROUP, identity: 'g-sub00001' },
    ]);
    expect(codes(planned, 'Web')).toEqual(['still-used', 'still-used']);
  });

  it('runs after every step that stops naming the victim', async () => {
    const planned = await planFor(world(), [
      removeGroup(),
      { address: 'Sub', type: GROUP, action: 'delete', id: 'g-sub00001', reason: 'r', expect: {} },
      {
        address: 'Db',
        type: DATABASE,
        action: 'update',
        id: 'courses',
        properties: { GroupIds: [] },
        expect: { GroupIds: ['g-web00001'] },
      },
    ]);
    expect(planned.plan.steps.map(({ id, blocked }) => [id, blocked])).toEqual([
      ['Db', false],
      ['Sub', false],
      ['Web', false],
    ]);
    expect(stepOf(planned, 'Web').dependsOn).toEqual(['Db', 'Sub']);
    const other = await planFor(world(), [
      removeGroup(),
      { address: 'Sub', type: GROUP, action: 'delete', id: 'g-sub00001', reason: 'r', expect: {} },
      { address: 'Db', type: DATABASE, action: 'update', id: 'courses', properties: { Retention: 9 } },
    ]);
    expect(codes(other, 'Web')).toEqual(['still-used']);
  });

  it('is blocked by a user that no property ties to it, whatever that user is updated to', async () => {
    const planned = await planFor(
      world(),
      [
        removeGroup(),
        { address: 'Sub', type: GROUP, action: 'delete', id: 'g-sub00001', reason: 'r', expect: {} },
        { address: 'Db', type: DATABASE, action: 'update', id: 'courses', properties: { Retention: 9 } },
      ],
      {
        edit: (live) => ({
          ...live,
          resources: live.resources.map((item) =>
            item.identity === 'courses'
              ? { ...item, properties: { ...item.properties, GroupIds: [] } }
              : item.identity === 'g-web00001'
                ? { ...item, binding: { ...item.binding, dependents: [{ type: DATABASE, identity: 'courses' }] } }
                : item,
          ),
        }),
      },
    );
    expect(codes(planned, 'Web')).toEqual(['still-used']);
  });

  it('is blocked by what is unknown about the victim (law 9)', async () => {
    const denied = world();
    denied.fail('rds:DescribeDatabases', { code: 'AccessDenied', kind: 'denied', times: 9 });
    const planned = await planFor(denied, [removeGroup()]);
    expect(codes(planned, 'Web')).toContain('unknown-evidence');
    expect(planned.plan.findings.find(({ code }) => code === 'unknown-evidence')).toMatchObject({
      message: expect.stringMatching(/ answered AccessDenied: "/u),
      help: expect.stringMatching(/^allow [a-z0-9]+:\w+ \(/u),
    });
    expect(stepOf(planned, 'Web').evidence.binding['dependents']).toBe('unknown');
    const unread = world();
    unread.fail('rds:DescribeDatabases', { code: 'AccessDenied', kind: 'denied', times: 9 });
    expect(codes(await planFor(unread, [remove()]), 'Db')).toEqual(['read-failed']);
    const plain = await planFor(world(), [remove()], {
      edit: (live) => ({
        ...live,
        resources: live.resources.map((item) => (item.identity === 'courses' ? { ...item, detailed: false } : item)),
      }),
    });
    expect(codes(plain, 'Db')).toEqual(['unknown-evidence']);
  });

  it('is irreversible where nothing can be captured, and then needs the accepted loss', async () => {
    const failed = () =>
      world([{ type: DATABASE, identity: 'courses', state: 'failed', properties: { Tags: { Name: 'courses' } } }]);
    expect(codes(await planFor(failed(), [remove()]), 'Db')).toEqual(['accept-loss-needed']);
    const step = stepOf(await planFor(failed(), [remove({ acceptLoss: 'the data' })]), 'Db');
    expect(step).toMatchObject({
      blocked: false,
      recoverability: { level: 'irreversible' },
      capture: { how: 'none', what: 'a failed database cannot be captured' },
      acceptLoss: 'the data',
    });
    expect(step.calls).not.toContain('rds:CreateDatabaseSnapshot');
    expect(codes(await planFor(world(), [remove({ acceptLoss: 'x' })]), 'Db', 'info')).toEqual([
      'accept-loss-needless',
    ]);
  });

  it('deletes last', async () => {
    const planned = await planFor(world(), [
      remove(),
      { address: 'N', type: NOTE, action: 'create', properties: { NoteName: 'n' } },
      { address: 'Sub', type: GROUP, action: 'update', id: 'g-sub00001', properties: { Description: 'd' } },
    ]);
    expect(planned.plan.steps.map(({ id }) => id)).toEqual(['N', 'Sub', 'Db']);
    expect(planned.plan.summary).toEqual({
      create: 1,
      update: 1,
      replace: 0,
      delete: 1,
      keep: 0,
      blocked: 0,
      destructions: 1,
      grants: 0,
    });
  });
});

describe('a generated rollback', () => {
  const rollback = { changePlan: { rollbackOf: 'run-1' } };
  const capture: Capture = {
    how: 'native',
    refs: { snapshot: 's' },
    pointInTime: null,
    bytes: 1,
    encrypted: true,
    extras: {},
  };
  const order = async (): Promise<RestoreOrder> => {
    const live = await world().get(DATABASE, 'courses');
    if (live === undefined) throw new Error('no database');
    return {
      run: 'run-1',
      step: 'Db',
      formerIdentity: 'courses',
      formerIncarnation: live.incarnation,
      capture: capture as never,
      live,
    };
  };
  const restore = async (): Promise<EntrySample> => ({
    address: 'Db',
    type: DATABASE,
    action: 'create',
    properties: {},
    restore: { ...(await order()), proven: true },
  });

  it('restores without asking again, with the calls of restore', async () => {
    const step = stepOf(
      await planFor(createMemoryWorld({ seed: seed.slice(0, 3) }), [await restore()], rollback),
      'Db',
    );
    expect(step).toMatchObject({
      action: 'create',
      blocked: false,
      confirm: null,
      coveredBy: 'run-1',
      restores: { run: 'run-1', step: 'Db' },
      calls: ['rds:RestoreDatabase', 'rds:ModifyDatabase'],
    });
  });

  it('blocks where a stranger holds the name, keeps what still is the old one, waits for what is going', async () => {
    const with_ = (more: Partial<Seed>) =>
      createMemoryWorld({ seed: [...seed.slice(0, 3), { type: DATABASE, identity: 'courses', ...more }] });
    expect(codes(await planFor(with_({ incarnation: 'stranger' }), [await restore()], rollback), 'Db')).toEqual([
      'name-taken',
    ]);
    expect(stepOf(await planFor(with_({}), [await restore()], rollback), 'Db').action).toBe('keep');
    expect(
      codes(await planFor(with_({ incarnation: 'other', state: 'deleting' }), [await restore()], rollback), 'Db'),
    ).toEqual([]);
  });

  it('continues what an earlier try left, only if it still is that', async () => {
    const half = () =>
      createMemoryWorld({
        seed: [...seed.slice(0, 3), { type: DATABASE, identity: 'courses', incarnation: 'second' }],
      });
    const onward = async (remains: { identity: string; incarnation: string }): Promise<EntrySample> => ({
      ...(await restore()),
      restore: { ...(await order()), proven: true, remains },
    });
    expect(
      stepOf(await planFor(half(), [await onward({ identity: 'courses', incarnation: 'second' })], rollback), 'Db'),
    ).toMatchObject({
      action: 'create',
      blocked: false,
      grant: { opens: ['only the journal of an earlier rollback says what of it is back already'] },
      confirm: 'courses',
    });
    expect(
      codes(await planFor(half(), [await onward({ identity: 'courses', incarnation: 'third' })], rollback), 'Db'),
    ).toEqual(['conflict']);
    expect(
      codes(await planFor(half(), [await onward({ identity: 'elsewhere', incarnation: 'second' })], rollback), 'Db'),
    ).toEqual(['conflict']);
    const emptied = createMemoryWorld({ seed: [...seed.slice(0, 3), { type: DATABASE, identity: 'courses' }] });
    expect(
      stepOf(await planFor(emptied, [await onward({ identity: 'courses', incarnation: 'courses#0' })], rollback), 'Db')
        .action,
    ).toBe('create');
  });

  it('inverts without confirmation, reason or when, and calls a mismatch a conflict', async () => {
    const invert = (Class: string): EntrySample => ({
      address: 'Db',
      type: DATABASE,
      action: 'update',
      id: 'courses',
      properties: { Class: 'db.large' },
      expect: { Class },
    });
    expect(stepOf(await planFor(world(), [invert('db.small')], rollback), 'Db')).toMatchObject({
      blocked: false,
      confirm: null,
      coveredBy: 'run-1',
    });
    expect(codes(await planFor(world(), [invert('db.huge')], rollback), 'Db')).toEqual(['conflict']);
  });

  it('asks for what an inverse would lose or open: the journal that claims it was so is a file that an agent can write', async () => {
    const invert = (properties: EntrySample['properties']): EntrySample => ({
      address: 'Db',
      type: DATABASE,
      action: 'update',
      id: 'courses',
      ...(properties === undefined ? {} : { properties }),
    });
    for (const properties of [{ Protected: false }, { Public: true }]) {
      const step = stepOf(await planFor(world(), [invert(properties)], rollback), 'Db');
      expect(step.confirm).toBe('courses');
      expect(step.coveredBy).toBeUndefined();
    }
  });

  it('asks for the plan name, so that no `--yes` and no lower tier answers for a journal', async () => {
    const { plan } = await planFor(
      world(),
      [{ address: 'Db', type: DATABASE, action: 'update', id: 'courses', properties: { Tags: { note: 'b' } } }],
      rollback,
    );
    expect([needed(plan).confirmations, needed(plan).name]).toEqual([[], true]);
    expect(needed({ ...plan, rollbackOf: null }).name).toBe(false);
  });

  it('deletes what the run made only if it is unused and holds no data; else a person confirms', async () => {
    const made = (rows: readonly string[], Tags = { 'aiplan:op': 'op-1' } as Record<string, string>) =>
      createMemoryWorld({
        seed: [
          { type: DATABASE, identity: 'courses', rows, properties: { Tags } },
          { type: GROUP, identity: 'g-web00001', properties: { Tags } },
        ],
      });
    const listed = { made: { incarnation: null }, pinned: true as const };
    const entries = [
      { address: 'Db', type: DATABASE, action: 'delete' as const, id: 'courses', ...listed },
      { address: 'Web', type: GROUP, action: 'delete' as const, id: 'g-web00001', ...listed },
    ];
    const empty = await planFor(made([]), entries, rollback);
    expect([stepOf(empty, 'Db').confirm, stepOf(empty, 'Web').confirm]).toEqual([null, null]);
    // What only the journal and a tag speak of is confirmed like anybody's.
    expect(
      (
        await planFor(
          made([]),
          entries.map(({ made: _made, ...entry }) => entry),
          rollback,
        )
      ).plan.steps
        .map(({ confirm }) => confirm)
        .sort(),
    ).toEqual(['b00001', 'courses']);
    const full = await planFor(made(['a']), entries, rollback);
    expect(stepOf(full, 'Db')).toMatchObject({ confirm: 'courses', blocked: false });
    expect(stepOf(full, 'Db').coveredBy).toBeUndefined();
    const untagged = await planFor(made([], {}), entries, rollback);
    expect([stepOf(untagged, 'Db').confirm, stepOf(untagged, 'Web').confirm]).toEqual(['courses', 'b00001']);
  });

  it('reopens what was left quiet, even where nothing else differs', async () => {
    const live = await world().get(DATABASE, 'courses');
    if (live === undefined) throw new Error('no database');
    const step = stepOf(
      await planFor(
        world(),
        [
          {
            address: 'Db',
            type: DATABASE,
            action: 'update',
            id: 'courses',
            properties: {},
            reopen: { run: 'run-1', step: 'Db', capture: null, live, pinned: true },
          },
        ],
        rollback,
      ),
      'Db',
    );
    expect(step).toMatchObject({
      action: 'update',
      changes: [],
      confirm: null,
      coveredBy: 'run-1',
      calls: ['rds:OpenDatabase'],
      capture: { how: 'config' },
    });
  });

  it('points at what came back under another identity, as a step that does something', async () => {
    const live = await world().get(GROUP, 'g-web00001');
    if (live === undefined) throw new Error('no group');
    const former = {
      ...live,
      identity: 'g-former',
      binding: { dependents: [{ type: DATABASE, identity: 'courses' }] },
    };
    const planned = await planFor(
      world(),
      [
        {
          address: 'Web',
          type: GROUP,
          action: 'update',
          id: 'g-web00001',
          properties: {},
          repoint: { ...(await order()), formerIdentity: 'g-former', live: former },
        },
      ],
      rollback,
    );
    expect(stepOf(planned, 'Web')).toMatchObject({
      action: 'update',
      blocked: false,
      calls: ['rds:ModifyDatabase'],
      confirm: 'b00001',
    });
    const pinned = await planFor(
      world(),
      [
        {
          address: 'Web',
          type: GROUP,
          action: 'update',
          id: 'g-web00001',
          properties: {},
          repoint: { ...(await order()), formerIdentity: 'g-former', live: former, pinned: true },
        },
      ],
      rollback,
    );
    expect(stepOf(pinned, 'Web')).toMatchObject({ confirm: null, coveredBy: 'run-1' });
  });
});
