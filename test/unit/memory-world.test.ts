import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { AwsError } from '../../src/base/error.ts';
import type { Call, Permit, ReadCall } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { ApplySession } from '../../src/domain/records/ports.ts';
import { fakeClock, memoryJournal } from '../helpers/apply-ports.ts';
import { faults } from '../helpers/fault-kinds.ts';
import { disturbance, type Disturbance } from '../helpers/fault-points.ts';
import { BOX, createMemoryWorld, DATABASE, GROUP, NOTE, type MemoryWorld, type Seed } from '../helpers/memory-world.ts';
import { Killed } from '../helpers/mortal.ts';

const sentences = new Map(
  [
    ...readFileSync(new URL('../helpers/memory-world.md', import.meta.url), 'utf8').matchAll(/^- ([A-Z]\d+): (.*)$/gmu),
  ].map(([, id = '', text = '']) => [id, text]),
);
const told = new Set<string>();
/** The test of one sentence of the specification. */
const says = (id: string, test: () => Promise<void>): void => {
  told.add(id);
  it(`${id}: ${sentences.get(id) ?? 'IS NOT WRITTEN'}`, test);
};

const service = (operation: string): Call['service'] =>
  /Database/u.test(operation) ? 'rds' : /Group|Rules|Network/u.test(operation) ? 'ec2' : 's3';
const permitted: Permit = {
  run: 'r',
  step: 's',
  operations: ['Create', 'Modify', 'Close', 'Open', 'Delete', 'Restore']
    .map((verb) => `rds:${verb}Database`)
    .concat(
      'rds:CreateDatabaseSnapshot',
      'ec2:CreateGroup',
      'ec2:DeleteGroup',
      'ec2:AuthorizeRules',
      'ec2:RevokeRules',
      's3:PutNote',
      's3:DeleteNote',
      's3:CreateBox',
      's3:DeleteBox',
      's3:PutBoxPolicy',
      's3:DeleteObject',
      's3:CopyObject',
      's3:RestoreObject',
    ),
};
type Through = Pick<ApplySession, 'read' | 'mutate'>;
const call = (operation: string, input: JsonObject): Call => ({
  service: service(operation),
  operation,
  input,
  identity: 'x',
  retry: 'none',
  purpose: 'test',
});
const change = (through: Through, operation: string, input: JsonObject, permit = permitted): Promise<JsonObject> =>
  through.mutate(call(operation, input), input, permit).then(({ output }) => output);
const ask = (through: Through, operation: string, input: JsonObject = {}): Promise<JsonObject | null> =>
  through.read({ service: service(operation), operation, input } satisfies ReadCall);
const kindOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'fine',
    (error: unknown) =>
      error instanceof AwsError ? `${error.kind} ${error.code}` : ((error as { code?: string }).code ?? String(error)),
  );
const ids = (answer: JsonObject | null, list: string): readonly string[] =>
  (answer?.[list] as readonly JsonObject[]).map(({ Id }) => String(Id));

const database: Seed = {
  type: DATABASE,
  identity: 'db',
  properties: { Class: 'db.large', GroupIds: ['g-1'], Size: 50, Retention: 14 },
  rows: ['a', 'b'],
};
const group: Seed = {
  type: GROUP,
  identity: 'g-1',
  properties: { GroupName: 'web', Rules: [{ Protocol: 'tcp', Port: 443, Source: '10.0.0.0/8' }] },
};
const worldOf = (...seed: readonly Seed[]): MemoryWorld => createMemoryWorld({ seed, polls: 0 });
const one = (name: string) => ({ DatabaseName: name, Engine: 'postgres', Class: 'db.small' });
const statusOf = async (world: MemoryWorld, name = 'db'): Promise<string> =>
  ask(world.session, 'DescribeDatabase', { DatabaseName: name }).then(
    (answer) => String(answer?.['Status']),
    (error: unknown) => (error as AwsError).kind,
  );

describe('the memory world: seeing', () => {
  says('S1', async () => {
    const world = worldOf(database);
    expect([
      ids(await ask(world.session, 'DescribeDatabases'), 'Databases'),
      ids(await ask(world.session, 'DescribeDatabases', { Names: ['db', 'no'] }), 'Databases'),
    ]).toEqual([['db'], ['db']]);
    expect(await kindOf(ask(world.session, 'DescribeDatabase', { DatabaseName: 'no' }))).toBe(
      'absent DatabaseNotFound',
    );
  });
  says('S2', async () => {
    const world = worldOf();
    world.lag(3, 0);
    await change(world.session, 'CreateDatabase', one('db'));
    world.lag(0, 0);
    expect(ids(await ask(world.session, 'DescribeDatabases'), 'Databases')).toEqual([]);
    expect(await kindOf(ask(world.session, 'DescribeDatabase', { DatabaseName: 'db' }))).toBe(
      'absent DatabaseNotFound',
    );
    expect(
      await kindOf(
        change(world.session, 'ModifyDatabase', { DatabaseName: 'db', Set: { Size: 1 }, ApplyImmediately: true }),
      ),
    ).toMatch(/^absent /u);
    expect(ids(await ask(world.session, 'DescribeDatabases'), 'Databases')).toEqual(['db']);
  });
  says('S3', async () => {
    const world = worldOf({ type: NOTE, identity: 'n', properties: { Text: 'old' } });
    world.lag(0, 2);
    await change(world.session, 'PutNote', { NoteName: 'n', Text: 'new' });
    world.lag(0, 0);
    const text = async () => ((await ask(world.session, 'ListNotes'))?.['Notes'] as readonly JsonObject[])[0]?.['Text'];
    expect([await text(), await text(), await text()]).toEqual(['old', 'old', 'new']);
  });
  says('S4', async () => {
    const world = worldOf({ type: NOTE, identity: 'n' });
    world.lag(0, 2);
    await change(world.session, 'DeleteNote', { NoteName: 'n' });
    const names = async () => ids(await ask(world.session, 'ListNotes'), 'Notes');
    expect([await names(), await names(), await names()]).toEqual([['n'], ['n'], []]);
  });
  says('S5', async () => {
    const world = worldOf(database);
    world.lag(1, 0);
    await change(world.session, 'CreateDatabaseSnapshot', { DatabaseName: 'db', SnapshotName: 's' });
    const snapshot = () => kindOf(ask(world.session, 'DescribeDatabaseSnapshot', { SnapshotName: 's' }));
    expect([await snapshot(), await snapshot()]).toEqual(['absent SnapshotNotFound', 'fine']);
  });
});

describe('the memory world: states', () => {
  says('T1', async () => {
    const world = worldOf(database);
    world.slow(2);
    const seen: string[] = [];
    for (const [operation, input] of [
      ['CreateDatabase', one('new')],
      ['ModifyDatabase', { DatabaseName: 'new', Set: { Size: 30 }, ApplyImmediately: true }],
      ['CloseDatabase', { DatabaseName: 'new' }],
      ['OpenDatabase', { DatabaseName: 'new' }],
      ['DeleteDatabase', { DatabaseName: 'new', FinalSnapshotName: 'final' }],
    ] as const) {
      await change(world.session, operation, input);
      seen.push([await statusOf(world, 'new'), await statusOf(world, 'new'), await statusOf(world, 'new')].join(' '));
    }
    await change(world.session, 'RestoreDatabase', { DatabaseName: 'new', SnapshotName: 'final', Class: 'db.small' });
    seen.push([await statusOf(world, 'new'), await statusOf(world, 'new'), await statusOf(world, 'new')].join(' '));
    expect(seen).toEqual([
      'creating creating available',
      'modifying modifying available',
      'closing closing closed',
      'opening opening available',
      'deleting deleting absent',
      'creating creating available',
    ]);
  });
  says('T2', async () => {
    const world = worldOf(database);
    world.slow(9);
    await change(world.session, 'CloseDatabase', { DatabaseName: 'db' });
    for (const [operation, input] of [
      ['ModifyDatabase', { Set: {}, ApplyImmediately: true }],
      ['CloseDatabase', {}],
      ['CreateDatabaseSnapshot', { SnapshotName: 's' }],
      ['DeleteDatabase', { FinalSnapshotName: 'f' }],
    ] as const) {
      expect([operation, await kindOf(change(world.session, operation, { DatabaseName: 'db', ...input }))]).toEqual([
        operation,
        'conflict InvalidState',
      ]);
    }
    expect(world.snapshots()).toEqual([]);
  });
  says('T3', async () => {
    const world = worldOf(database);
    world.slow(1);
    await change(world.session, 'CreateDatabaseSnapshot', { DatabaseName: 'db', SnapshotName: 's' });
    world.rows('db', ['later']);
    const status = async () =>
      (await ask(world.session, 'DescribeDatabaseSnapshot', { SnapshotName: 's' }))?.['Status'];
    expect([await status(), await status(), world.held('s')]).toEqual(['creating', 'available', ['a', 'b']]);
  });
  says('T4', async () => {
    const world = worldOf(database);
    const set = (Set: JsonObject, ApplyImmediately: boolean) =>
      change(world.session, 'ModifyDatabase', { DatabaseName: 'db', Set, ApplyImmediately });
    await set({ Class: 'db.huge' }, false);
    expect([
      (await world.get(DATABASE, 'db'))?.properties['Class'],
      (await world.get(DATABASE, 'db'))?.pending,
    ]).toEqual(['db.large', { Class: 'db.huge' }]);
    await set({ Size: 60 }, true);
    expect([
      (await world.get(DATABASE, 'db'))?.properties['Class'],
      (await world.get(DATABASE, 'db'))?.pending,
    ]).toEqual(['db.huge', {}]);
    await set({ Class: 'db.small' }, false);
    world.flush('db');
    expect((await world.get(DATABASE, 'db'))?.properties['Class']).toBe('db.small');
  });
});

describe('the memory world: names and tokens', () => {
  says('N1', async () => {
    const world = worldOf(database, { type: BOX, identity: 'box' });
    expect([
      await kindOf(change(world.session, 'CreateDatabase', one('db'))),
      await kindOf(change(world.session, 'CreateBox', { BoxName: 'box' })),
    ]).toEqual(['exists DatabaseAlreadyExists', 'exists BucketAlreadyOwnedByYou']);
    world.slow(5);
    await change(world.session, 'DeleteDatabase', { DatabaseName: 'db', FinalSnapshotName: 'f' });
    expect(await kindOf(change(world.session, 'CreateDatabase', one('db')))).toBe('exists DatabaseAlreadyExists');
  });
  says('N2', async () => {
    const world = worldOf();
    const make = (GroupName: string) =>
      change(world.session, 'CreateGroup', { GroupName, NetworkId: 'net', ClientToken: 't' });
    expect([await make('a'), await make('a')].map(({ GroupId }) => GroupId)).toEqual([
      expect.any(String),
      (await make('a'))['GroupId'],
    ]);
    expect([world.list().length, await kindOf(make('b'))]).toEqual([1, 'conflict IdempotentParameterMismatch']);
  });
  says('N3', async () => {
    const world = worldOf(database);
    const before = (await world.get(DATABASE, 'db'))?.incarnation;
    await change(world.session, 'DeleteDatabase', { DatabaseName: 'db', FinalSnapshotName: 'f' });
    await statusOf(world);
    await change(world.session, 'CreateDatabase', one('db'));
    expect((await world.get(DATABASE, 'db'))?.incarnation).not.toBe(before);
  });
});

describe('the memory world: refusals', () => {
  says('R1', async () => {
    const world = worldOf(
      database,
      group,
      {
        type: GROUP,
        identity: 'g-2',
        properties: { GroupName: 'two', Rules: [{ Protocol: 'tcp', Port: 1, SourceGroup: 'g-3' }] },
      },
      { type: GROUP, identity: 'g-3', properties: { GroupName: 'three' } },
    );
    expect([
      await kindOf(change(world.session, 'DeleteGroup', { GroupId: 'g-1' })),
      await kindOf(change(world.session, 'DeleteGroup', { GroupId: 'g-3' })),
      await kindOf(change(world.session, 'DeleteGroup', { GroupId: 'g-2' })),
    ]).toEqual(['dependency DependencyViolation', 'dependency DependencyViolation', 'fine']);
  });
  says('R2', async () => {
    const world = worldOf({ type: BOX, identity: 'box', rows: ['a=1'] });
    expect(await kindOf(change(world.session, 'DeleteBox', { BoxName: 'box' }))).toBe('dependency BucketNotEmpty');
    await change(world.session, 'CopyObject', { BoxName: 'box', Key: 'a', To: 'copies' });
    await change(world.session, 'PutBoxPolicy', { BoxName: 'box', Policy: 'closed' });
    expect(await kindOf(change(world.session, 'RestoreObject', { BoxName: 'box', Key: 'a', From: 'copies' }))).toBe(
      'denied AccessDenied',
    );
    await change(world.session, 'DeleteObject', { BoxName: 'box', Key: 'a' });
    expect(await kindOf(change(world.session, 'DeleteBox', { BoxName: 'box' }))).toBe('fine');
  });
  says('R3', async () => {
    const world = worldOf({ ...database, properties: { Protected: true } });
    expect([
      await kindOf(change(world.session, 'DeleteDatabase', { DatabaseName: 'db', FinalSnapshotName: 'f' })),
      world.snapshots(),
    ]).toEqual(['invalid InvalidParameterCombination', []]);
  });
  says('R4', async () => {
    const world = worldOf(database);
    await change(world.session, 'CreateDatabaseSnapshot', { DatabaseName: 'db', SnapshotName: 'f' });
    expect([
      await kindOf(change(world.session, 'DeleteDatabase', { DatabaseName: 'db', FinalSnapshotName: 'f' })),
      await statusOf(world),
    ]).toEqual(['exists SnapshotAlreadyExists', 'available']);
    await change(world.session, 'DeleteDatabase', { DatabaseName: 'db', FinalSnapshotName: 'g' });
    expect([await statusOf(world), world.held('g')]).toEqual(['absent', ['a', 'b']]);
  });
  says('R5', async () => {
    const world = worldOf(database, group);
    const before = world.image();
    for (const [what, most, work, code] of [
      [DATABASE, 1, () => change(world.session, 'CreateDatabase', one('two')), 'quota InstanceQuotaExceeded'],
      [GROUP, 1, () => change(world.session, 'CreateGroup', { GroupName: 'x' }), 'quota SecurityGroupLimitExceeded'],
      [
        'snapshots',
        0,
        () => change(world.session, 'CreateDatabaseSnapshot', { DatabaseName: 'db', SnapshotName: 's' }),
        'quota SnapshotQuotaExceeded',
      ],
      [BOX, 0, () => change(world.session, 'CreateBox', { BoxName: 'b' }), 'quota TooManyBuckets'],
    ] as const) {
      world.limit(what, most);
      expect(await kindOf(work())).toBe(code);
      world.limit(what, null);
    }
    world.exhaust('db.small');
    expect([
      await kindOf(change(world.session, 'CreateDatabase', one('two'))),
      await kindOf(
        change(world.session, 'ModifyDatabase', {
          DatabaseName: 'db',
          Set: { Class: 'db.small' },
          ApplyImmediately: true,
        }),
      ),
    ]).toEqual(['quota InsufficientDBInstanceCapacity', 'quota InsufficientDBInstanceCapacity']);
    world.exhaust('db.small', false);
    expect(world.image()).toBe(before);
    expect(await kindOf(change(world.session, 'CreateDatabase', one('two')))).toBe('fine');
  });
  says('R6', async () => {
    const world = worldOf(database);
    expect(
      await kindOf(
        change(
          world.session,
          'DeleteDatabase',
          { DatabaseName: 'db', FinalSnapshotName: 'f' },
          { ...permitted, operations: [] },
        ),
      ),
    ).toBe('gate-refused');
    expect(await kindOf(change(world.session, 'DeleteDatabase', { DatabaseName: 'db', SkipFinalSnapshot: true }))).toBe(
      'gate-refused',
    );
    expect([await statusOf(world), world.sent]).toEqual(['available', []]);
    expect(
      await kindOf(
        change(
          world.session,
          'DeleteDatabase',
          { DatabaseName: 'db', SkipFinalSnapshot: true },
          { ...permitted, confirmedLoss: ['skip-final-snapshot'] },
        ),
      ),
    ).toBe('fine');
  });
  says('R7', async () => {
    const world = worldOf(group);
    const rule = { Protocol: 'tcp', Port: 443, Source: '10.0.0.0/8' };
    expect([
      await kindOf(change(world.session, 'AuthorizeRules', { GroupId: 'g-1', Rules: [rule] })),
      await kindOf(change(world.session, 'RevokeRules', { GroupId: 'g-1', Rules: [{ ...rule, Port: 1 }] })),
    ]).toEqual(['exists InvalidPermission.Duplicate', 'fine']);
    expect((await world.get(GROUP, 'g-1'))?.properties['Rules']).toEqual([rule]);
  });
});

describe('the memory world: restoring', () => {
  says('B1', async () => {
    const world = worldOf(database, group);
    await change(world.session, 'DeleteDatabase', { DatabaseName: 'db', FinalSnapshotName: 'f' });
    await statusOf(world);
    await change(world.session, 'RestoreDatabase', { DatabaseName: 'db', SnapshotName: 'f', Class: 'db.small' });
    expect([world.rows('db'), (await world.get(DATABASE, 'db'))?.properties]).toEqual([
      ['a', 'b'],
      expect.objectContaining({ Engine: 'postgres', Size: 50, Class: 'db.small', Retention: 1, GroupIds: [] }),
    ]);
  });
  says('B2', async () => {
    const world = worldOf(group, { type: BOX, identity: 'box', rows: ['a=1', 'b=2'] });
    await change(world.session, 'DeleteGroup', { GroupId: 'g-1' });
    expect((await change(world.session, 'CreateGroup', { GroupName: 'web', ClientToken: 't' }))['GroupId']).not.toBe(
      'g-1',
    );
    for (const Key of ['a', 'b']) await change(world.session, 'CopyObject', { BoxName: 'box', Key, To: 'copies' });
    for (const Key of ['a', 'b']) await change(world.session, 'DeleteObject', { BoxName: 'box', Key });
    await change(world.session, 'DeleteBox', { BoxName: 'box' });
    await change(world.session, 'CreateBox', { BoxName: 'box' });
    await change(world.session, 'RestoreObject', { BoxName: 'box', Key: 'b', From: 'copies' });
    expect([world.rows('box'), world.held('copies')]).toEqual([['b=2'], ['a=1', 'b=2']]);
  });
});

describe('the memory world: what goes wrong in between', () => {
  /** The fault of that name at the first effect of a session. */
  const broken = (world: MemoryWorld, name: string): { readonly through: ApplySession; readonly told: Disturbance } => {
    const fault = faults.find((candidate) => candidate.name === name);
    if (fault === undefined) throw new Error(`no fault "${name}"`);
    const disturbed = disturbance(world, fakeClock(), fault, 0);
    return {
      told: disturbed,
      through: disturbed.session({
        ...world.session,
        async renew() {
          /* fine */
        },
      }),
    };
  };
  const note = { NoteName: 'n', Text: 'new' };
  const isThere = (world: MemoryWorld): boolean => world.list().length > 0;

  says('F1', async () => {
    for (const [name, done] of [
      ['request dropped', false],
      ['answer dropped', true],
      ['answer cut off', true],
      ['answer garbled', true],
    ] as const) {
      const world = worldOf();
      expect([name, await kindOf(change(broken(world, name).through, 'PutNote', note)), isThere(world)]).toEqual([
        name,
        expect.stringMatching(/^(?:network|unknown) /u),
        done,
      ]);
    }
  });
  says('F2', async () => {
    const world = worldOf();
    await change(broken(world, 'carried out twice').through, 'CreateGroup', { GroupName: 'a', ClientToken: 't' });
    expect(world.list()).toHaveLength(1);
    expect([
      await kindOf(change(broken(world, 'carried out twice').through, 'CreateDatabase', one('db'))),
      await kindOf(change(broken(world, 'carried out twice, second answer').through, 'CreateDatabase', one('other'))),
    ]).toEqual(['fine', 'exists DatabaseAlreadyExists']);
    expect(world.list()).toHaveLength(3);
  });
  says('F3', async () => {
    const world = worldOf();
    const { through, told: disturbed } = broken(world, 'answer dropped, carried out late');
    expect([await kindOf(change(through, 'PutNote', note)), isThere(world)]).toEqual(['network ECONNRESET', false]);
    await disturbed.settle();
    expect(isThere(world)).toBe(true);
  });
  says('F4', async () => {
    const world = worldOf();
    const { through } = broken(world, 'throttled once');
    expect([
      await kindOf(change(through, 'PutNote', note)),
      isThere(world),
      await kindOf(change(through, 'PutNote', note)),
    ]).toEqual(['throttled RequestLimitExceeded', false, 'fine']);
    const { through: later, told: disturbed } = broken(world, 'throttled for good');
    expect([await kindOf(change(later, 'PutNote', note)), await kindOf(change(later, 'DeleteNote', note))]).toEqual([
      'throttled RequestLimitExceeded',
      'throttled RequestLimitExceeded',
    ]);
    await disturbed.settle();
    expect(await kindOf(change(later, 'DeleteNote', note))).toBe('fine');
  });
  says('F5', async () => {
    const world = worldOf(database);
    const { through } = broken(world, 'credentials expired for good');
    expect([
      await kindOf(change(through, 'PutNote', note)),
      await kindOf(through.renew()),
      await kindOf(ask(through, 'DescribeDatabases')),
    ]).toEqual(['expired ExpiredToken', 'expired ExpiredToken', 'expired ExpiredToken']);
    const { through: cut } = broken(world, 'network gone');
    expect([
      await kindOf(change(cut, 'PutNote', note)),
      await kindOf(ask(cut, 'DescribeDatabases')),
      world.sent,
    ]).toEqual(['network ECONNRESET', 'network ECONNRESET', []]);
  });
  says('F6', async () => {
    const world = worldOf();
    const { through, told: disturbed } = broken(world, 'killed before the request');
    await expect(change(through, 'PutNote', note)).rejects.toThrow(Killed);
    await expect(ask(through, 'ListNotes')).rejects.toThrow(Killed);
    expect([isThere(world), disturbed.dead]).toEqual([false, true]);
    const { through: after } = broken(world, 'killed after the request, before the answer');
    await expect(change(after, 'PutNote', note)).rejects.toThrow(Killed);
    expect(isThere(world)).toBe(true);
  });
  says('F7', async () => {
    for (const [name, lines] of [
      ['ENOSPC', 0],
      ['EROFS', 0],
      ['EIO in fsync', 1],
    ] as const) {
      const world = worldOf();
      const { told: disturbed } = broken(world, name);
      const journal = memoryJournal('r', fakeClock(), disturbed.beforeAppend, disturbed.afterAppend);
      const write = () => journal.append({ kind: 'phase', phase: 'recheck' });
      expect([name, await kindOf(write()), await kindOf(write()), journal.records.length]).toEqual([
        name,
        'store-unwritable',
        'store-unwritable',
        lines,
      ]);
    }
  });
});

it('has a test of every sentence, and no test without one', () => {
  expect([...told].sort()).toEqual([...sentences.keys()].sort());
});
