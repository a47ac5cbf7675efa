import { describe, expect, it } from '@jest/globals';
import { benchOf, changePlanOf, entryOf } from '../helpers/apply-world.ts';
import { unmapped } from '../helpers/fault-scenario.ts';
import { lines } from '../helpers/journal-lines.ts';
import { createMemoryWorld, DATABASE, GROUP, NETWORK, NOTE, type Seed } from '../helpers/memory-world.ts';

const database: Seed = {
  type: DATABASE,
  identity: 'courses',
  properties: { Class: 'db.large', Tags: { team: 'x' } },
  rows: ['a', 'b'],
};
const note: Seed = { type: NOTE, identity: 'readme', properties: { Text: 'old' } };
const network: Seed = { type: NETWORK, identity: 'net-1', properties: { Range: '10.0.0.0/16', Tags: {} } };
const deleteDatabase = entryOf('Db', DATABASE, { action: 'delete', id: 'courses', expect: { Class: 'db.large' } });
const updateNote = entryOf('Note', NOTE, { action: 'update', id: 'readme', properties: { Text: 'new' } });
const createNote = entryOf('Fresh', NOTE, { action: 'create', properties: { NoteName: 'fresh', Text: 'hello' } });
const run = '20260226-230000-0001';

describe('rollback', () => {
  const everything = (): Seed[] => [
    network,
    note,
    {
      type: GROUP,
      identity: 'g-web',
      properties: {
        GroupName: 'web',
        NetworkId: 'net-1',
        Tags: { Name: 'web' },
        Rules: [{ Protocol: 'tcp', Port: 443, Source: '0.0.0.0/0' }],
      },
    },
    {
      ...database,
      properties: {
        ...database.properties,
        GroupIds: ['g-web'],
        Script: 'boot',
        Retention: 14,
        Parameters: { a: '1' },
      },
    },
  ];

  it('brings everything back: rows, settings, a new id everywhere it is named', async () => {
    const world = createMemoryWorld({ seed: everything() });
    const bench = benchOf(world);
    const before = await bench.state();
    const applied = await bench.apply(
      changePlanOf([
        deleteDatabase,
        entryOf('Web', GROUP, { action: 'delete', id: 'g-web', expect: { GroupName: 'web' } }),
        updateNote,
        createNote,
      ]),
    );
    expect(applied.outcome).toBe('done');
    expect(
      world
        .list()
        .map(({ identity }) => identity)
        .sort(),
    ).toEqual(['fresh', 'net-1', 'readme']);
    const { changePlan, findings, incomplete } = await bench.rollback(run);
    expect([findings, incomplete]).toEqual([[], false]);
    const report = await bench.apply(changePlan, { run: 'back' });
    expect(report).toMatchObject({ command: 'rollback', outcome: 'done', exitCode: 0, findings: [] });
    expect(Object.keys(report.map)).toContain('g-web');
    expect(unmapped(await bench.state(), report.map)).toEqual(before);
    expect(world.rows('courses')).toEqual(['a', 'b']);
  });

  it('is nothing to do the second time', async () => {
    const world = createMemoryWorld({ seed: everything() });
    const bench = benchOf(world);
    await bench.apply(changePlanOf([deleteDatabase, updateNote, createNote]));
    await bench.apply((await bench.rollback(run)).changePlan, { run: 'back' });
    const again = await bench.rollback(run);
    expect(again.changePlan.resources).toEqual([]);
    expect(again.findings.map(({ severity, code }) => `${severity} ${code}`).sort()).toEqual([
      'info rollback-nothing-made',
      'info rollback-put-back',
      'info rollback-restored',
    ]);
  });

  it('names the second time too what could not be put back, and is incomplete again', async () => {
    const world = createMemoryWorld({ seed: everything() });
    const bench = benchOf(world);
    const plan = changePlanOf([
      entryOf('Db', DATABASE, {
        id: 'courses',
        rotate: 'autumn',
        properties: { Class: 'db.small', Password: { $secret: { env: 'AIPLAN_SECRET_DB' } } },
      }),
    ]);
    expect((await bench.apply(plan, { secrets: { AIPLAN_SECRET_DB: 'new' } })).outcome).toBe('done');
    const first = await bench.rollback(run);
    expect([first.incomplete, first.findings.map(({ code }) => code)]).toEqual([true, ['rollback-secret']]);
    expect((await bench.apply(first.changePlan, { run: 'back' })).outcome).toBe('done');
    const again = await bench.rollback(run);
    expect(again.changePlan.resources).toEqual([]);
    expect([again.incomplete, again.findings.map(({ severity, code }) => `${severity} ${code}`)]).toEqual([
      true,
      ['info rollback-put-back', 'warning rollback-secret'],
    ]);
    // What somebody changes after it is theirs.
    world.meddle(DATABASE, 'courses', { properties: { Class: 'db.theirs' } });
    expect((await bench.rollback(run)).findings.map(({ code }) => code)).toEqual([
      'rollback-put-back',
      'rollback-secret',
    ]);
  });

  it('names the second time what the first one found otherwise than it had put it back', async () => {
    const world = createMemoryWorld({ seed: everything() });
    const bench = benchOf(world);
    await bench.apply(changePlanOf([updateNote]));
    // AWS takes the call and keeps another value.
    const report = await bench.apply((await bench.rollback(run)).changePlan, {
      run: 'back',
      session: (session) => ({
        ...session,
        async mutate(call, resolved, permit) {
          const answer = await session.mutate(call, resolved, permit);
          world.meddle(NOTE, 'readme', { properties: { Text: 'Old.' } });
          return answer;
        },
      }),
    });
    expect(report.findings.map(({ code }) => code)).toEqual(['verified-differently']);
    const again = await bench.rollback(run);
    expect([again.incomplete, again.findings.map(({ code, message }) => `${code}: ${message}`)]).toEqual([
      true,
      [
        'rollback-put-back: rollback back put readme back as it was, as far as that was possible',
        'rollback-differs: Text of readme is "Old.", and was "old" before the run: rollback back left it so',
      ],
    ]);
  });

  it('points what still names a restored group at the new one', async () => {
    const world = createMemoryWorld({ seed: everything() });
    const bench = benchOf(world);
    // The database keeps naming the group: it was taken away behind its back, as AWS allows for rules of other groups.
    const live = await world.get(GROUP, 'g-web');
    world.drop(GROUP, 'g-web');
    const changePlan = changePlanOf(
      [
        entryOf('Web', GROUP, {
          action: 'create',
          properties: { GroupName: 'web' },
          reason: 'run x deleted it',
          restore: {
            run: 'x',
            step: 'Web',
            formerIdentity: 'g-web',
            formerIncarnation: 'g-web#0',
            live: live!,
            capture: { how: 'config', refs: {}, pointInTime: null, bytes: null, encrypted: null, extras: {} },
          },
        }),
      ],
      { rollbackOf: 'x' },
    );
    const report = await bench.apply(changePlan);
    expect(report.outcome).toBe('done');
    expect((await world.get(DATABASE, 'courses'))?.properties['GroupIds']).toEqual([report.map['g-web']]);
    expect(lines(bench.journalOf(run))).toContain('intent Web repoint ModifyDatabase');
  });

  it('that fails is incomplete: exit 6', async () => {
    const world = createMemoryWorld({ seed: everything() });
    const bench = benchOf(world);
    await bench.apply(changePlanOf([deleteDatabase]));
    const { changePlan } = await bench.rollback(run);
    world.fail('rds:RestoreDatabase', { code: 'InsufficientCapacity', kind: 'quota' });
    expect(await bench.apply(changePlan, { run: 'back' })).toMatchObject({ outcome: 'failed', exitCode: 6 });
    expect(await bench.apply((await bench.rollback(run)).changePlan, { run: 'again' })).toMatchObject({
      outcome: 'done',
      exitCode: 0,
    });
    expect(world.rows('courses')).toEqual(['a', 'b']);
  });

  it('brings back a sensitive text from the vault', async () => {
    const world = createMemoryWorld({ seed: everything() });
    const bench = benchOf(world);
    const before = await bench.state();
    await bench.apply(
      changePlanOf([entryOf('Db', DATABASE, { id: 'courses', properties: { Script: 'new boot', Retention: 20 } })]),
    );
    expect(await bench.state()).not.toEqual(before);
    const { changePlan } = await bench.rollback(run);
    expect(JSON.stringify(changePlan)).not.toContain('new boot');
    expect((await bench.apply(changePlan, { run: 'back' })).outcome).toBe('done');
    expect(await bench.state()).toEqual(before);
  });
});
