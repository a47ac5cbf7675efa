import { describe, expect, it } from '@jest/globals';
import type { JournalRecord } from '../../src/domain/records/journal.ts';
import { AwsError, UserError } from '../../src/base/error.ts';
import { benchOf, changePlanOf, entryOf } from '../helpers/apply-world.ts';
import { memoryVault } from '../helpers/apply-ports.ts';
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

describe('apply', () => {
  it('walks through its phases: configuration of everything first, creates, updates, and deletes last, captured right before', async () => {
    const world = createMemoryWorld({ seed: [database, note] });
    const bench = benchOf(world);
    const manifestAt: number[] = [];
    const vault = {
      ...bench.vault,
      async putManifest(...given: Parameters<typeof bench.vault.putManifest>) {
        manifestAt.push(bench.journalOf(run).length);
        return bench.vault.putManifest(...given);
      },
    };
    const report = await bench.apply(changePlanOf([deleteDatabase, updateNote, createNote]), { ports: { vault } });
    const told = lines(bench.journalOf(run));
    expect(told).toEqual([
      'begin',
      'phase recheck',
      'phase preflight',
      'phase capture',
      'before Fresh',
      'before Note',
      'before Db',
      'captured Note verified',
      'phase change',
      'step Fresh started -',
      'intent Fresh change PutNote',
      'outcome Fresh ok',
      'step Fresh started fresh',
      'step Fresh done fresh',
      'step Note started readme',
      'intent Note change PutNote',
      'outcome Note ok',
      'step Note done readme',
      'step Db started courses',
      'intent Db quiesce CloseDatabase',
      'outcome Db ok',
      'intent Db capture CreateDatabaseSnapshot',
      'outcome Db ok',
      'captured Db verified',
      'step Db started courses',
      'intent Db change DeleteDatabase',
      'outcome Db ok',
      'step Db done courses',
      'end done',
    ]);
    expect(told[(manifestAt[0] ?? 0) - 1]).toBe('captured Db verified');
    expect(bench.vault.manifests.get(`${run}/Db`)).toMatchObject({
      format: 'aiplan/capture@1',
      live: { identity: 'courses' },
      capture: { how: 'native' },
      journalHead: expect.stringMatching(/^sha256:[0-9a-f]{64}$/u),
    });
    expect(report).toMatchObject({ outcome: 'done', exitCode: 0, command: 'apply', map: {}, message: null });
    expect(report.steps.map(({ id, state, identity }) => [id, state, identity])).toEqual([
      ['Fresh', 'done', 'fresh'],
      ['Note', 'done', 'readme'],
      ['Db', 'done', 'courses'],
    ]);
    expect(
      world
        .list()
        .map(({ identity }) => identity)
        .sort(),
    ).toEqual(['fresh', 'readme']);
    expect(world.snapshots()).toHaveLength(2);
    expect((await world.get(NOTE, 'fresh'))?.systemTags).toMatchObject({
      'aiplan:plan': 'test-plan',
      'aiplan:resource': 'Fresh',
      'aiplan:op': expect.any(String),
    });
  });

  it('changes nothing when something moved between review and apply', async () => {
    const world = createMemoryWorld({ seed: [database, note] });
    const bench = benchOf(world);
    const report = await bench.apply(changePlanOf([deleteDatabase, updateNote]), {
      between: () => {
        world.put({ ...note, properties: { Text: 'changed by somebody' } });
      },
    });
    expect(report).toMatchObject({ outcome: 'stale', exitCode: 4, calls: 0 });
    expect(world.sent).toEqual([]);
  });

  it('stops at a step whose resource moved while the run was on its way', async () => {
    const world = createMemoryWorld({ seed: [database, note] });
    const bench = benchOf(world);
    const report = await bench.apply(changePlanOf([updateNote, deleteDatabase]), {
      beforeAppend(entry) {
        if (entry.kind === 'step' && entry.step === 'Note' && entry.state === 'done')
          world.put({ ...database, properties: { ...database.properties, Class: 'db.tiny' } });
      },
    });
    expect(report).toMatchObject({
      outcome: 'stale',
      exitCode: 4,
      message: expect.stringContaining('Class: "db.large" → "db.tiny"'),
    });
    expect(report.steps.map(({ id, state }) => [id, state])).toEqual([
      ['Note', 'done'],
      ['Db', 'failed'],
    ]);
    expect(world.sent.map(({ operation }) => operation)).toEqual(['PutNote']);
  });

  it('lists all problems of all steps before the first mutation', async () => {
    const world = createMemoryWorld({ seed: [database, note, { ...database, identity: 'other' }] });
    const bench = benchOf(world);
    const withSecret = entryOf('New', DATABASE, {
      action: 'create',
      properties: {
        DatabaseName: 'new',
        Engine: 'postgres',
        Class: 'db.small',
        Password: { $secret: { env: 'AIPLAN_SECRET_MISSING' } },
      },
    });
    const report = await bench.apply(
      changePlanOf([withSecret, updateNote, deleteDatabase, { ...deleteDatabase, address: 'Other', id: 'other' }]),
      { ports: { vault: memoryVault(null) } },
    );
    expect(report).toMatchObject({ outcome: 'blocked', exitCode: 3 });
    expect(report.findings.map(({ step, code }) => [step, code])).toEqual([
      ['New', 'secret-missing'],
      ['Db', 'no-capture-bucket'],
      ['Other', 'no-capture-bucket'],
    ]);
    expect(report.findings[1]?.message).toContain('aiplan setup');
    expect(world.sent).toEqual([]);
  });

  it('an incomplete early capture changes nothing at all', async () => {
    const world = createMemoryWorld({ seed: [database, note] });
    const bench = benchOf(world);
    world.fail('rds:CreateDatabaseSnapshot', { code: 'SnapshotQuotaExceeded', kind: 'quota' });
    const report = await bench.apply(
      changePlanOf([updateNote, entryOf('Db', DATABASE, { id: 'courses', properties: { Class: 'db.small' } })]),
    );
    expect(report).toMatchObject({
      outcome: 'failed',
      exitCode: 5,
      message: expect.stringContaining('nothing was changed'),
    });
    expect(report.steps.map(({ state }) => state)).toEqual(['not-started', 'not-started']);
    expect(world.sent).toEqual([]);
  });

  it('a late capture that fails opens the resource again and leaves it alone', async () => {
    const world = createMemoryWorld({ seed: [database, note] });
    const bench = benchOf(world);
    world.fail('rds:CreateDatabaseSnapshot', { code: 'SnapshotQuotaExceeded', kind: 'quota' });
    const before = await bench.state();
    const report = await bench.apply(
      changePlanOf([
        deleteDatabase,
        { ...entryOf('Last', NOTE, { action: 'delete', id: 'readme' }), dependsOn: ['Db'] },
      ]),
    );
    expect(report).toMatchObject({
      outcome: 'failed',
      exitCode: 5,
      message: expect.stringContaining('SnapshotQuotaExceeded'),
    });
    expect(report.steps.map(({ id, state }) => [id, state])).toEqual([
      ['Db', 'failed'],
      ['Last', 'not-started'],
    ]);
    expect(report.undone).toEqual([{ step: 'Db', text: expect.stringContaining('undone') }]);
    expect(await bench.state()).toEqual(before);
    expect(lines(bench.journalOf(run))).not.toContain('intent Db change DeleteDatabase');
  });

  it('a capture that cannot be read back as complete is no capture', async () => {
    const world = createMemoryWorld({ seed: [database] });
    const bench = benchOf(world);
    const report = await bench.apply(changePlanOf([deleteDatabase]), {
      beforeAppend(entry) {
        if (entry.kind === 'outcome') for (const snapshot of world.snapshots()) world.spoil(snapshot);
      },
    });
    expect(report.outcome).toBe('failed');
    expect(world.list()).toEqual([{ type: DATABASE, identity: 'courses', state: 'available' }]);
  });

  it('says so when the resource could not be opened again', async () => {
    const world = createMemoryWorld({ seed: [database] });
    const bench = benchOf(world);
    world.fail('rds:CreateDatabaseSnapshot', { kind: 'quota' });
    world.fail('rds:OpenDatabase', { code: 'AccessDenied', kind: 'denied' });
    const report = await bench.apply(changePlanOf([deleteDatabase]));
    expect(report.undone).toEqual([{ step: 'Db', text: expect.stringContaining('could not be opened again') }]);
    const { changePlan } = await bench.rollback(run);
    expect((await bench.apply({ ...changePlan }, { run: 'back' })).outcome).toBe('done');
    expect(world.list()).toEqual([{ type: DATABASE, identity: 'courses', state: 'available' }]);
  });

  it('a refused deletion opens the resource again', async () => {
    const world = createMemoryWorld({ seed: [database] });
    const bench = benchOf(world);
    world.fail('rds:DeleteDatabase', { code: 'InvalidState', kind: 'conflict' });
    const before = await bench.state();
    const report = await bench.apply(changePlanOf([deleteDatabase]));
    expect([report.outcome, report.undone.length]).toEqual(['failed', 1]);
    expect(await bench.state()).toEqual(before);
  });

  it('a lost answer ends the run in doubt, with nothing sent after it', async () => {
    const world = createMemoryWorld({ seed: [database, note] });
    const bench = benchOf(world);
    world.fail('rds:DeleteDatabase', { code: 'ECONNRESET', kind: 'network', lost: true });
    const report = await bench.apply(
      changePlanOf([
        deleteDatabase,
        { ...entryOf('Last', NOTE, { action: 'delete', id: 'readme' }), dependsOn: ['Db'] },
      ]),
    );
    expect(report).toMatchObject({ outcome: 'failed', message: expect.stringContaining('in doubt') });
    expect(report.steps.map(({ id, state }) => [id, state])).toEqual([
      ['Db', 'doubt'],
      ['Last', 'not-started'],
    ]);
    expect(world.sent.at(-1)?.operation).toBe('DeleteDatabase');
  });

  it('resolves references to what earlier steps made', async () => {
    const world = createMemoryWorld({ seed: [database, network] });
    const bench = benchOf(world);
    const group = entryOf('Web', GROUP, {
      action: 'create',
      properties: { GroupName: 'web', NetworkId: { Ref: 'Net' } },
    });
    const report = await bench.apply(
      changePlanOf([
        entryOf('Net', NETWORK, { action: 'read', id: 'net-1' }),
        group,
        entryOf('Db', DATABASE, { id: 'courses', properties: { GroupIds: [{ 'Fn::GetAtt': ['Web', 'GroupId'] }] } }),
      ]),
    );
    expect(report.outcome).toBe('done');
    const made = report.steps.find(({ id }) => id === 'Web')?.identity ?? '';
    expect((await world.get(GROUP, made))?.properties['NetworkId']).toBe('net-1');
    expect((await world.get(DATABASE, 'courses'))?.properties['GroupIds']).toEqual([made]);
  });

  it('sets the properties of a delete before it, in the same step', async () => {
    const world = createMemoryWorld({
      seed: [{ ...database, properties: { ...database.properties, Protected: true } }],
    });
    const bench = benchOf(world);
    const report = await bench.apply(changePlanOf([{ ...deleteDatabase, properties: { Protected: false } }]));
    expect(report.outcome).toBe('done');
    expect(world.sent.map(({ operation }) => operation)).toEqual([
      'ModifyDatabase',
      'CloseDatabase',
      'CreateDatabaseSnapshot',
      'DeleteDatabase',
    ]);
  });

  it.each(['create-first', 'delete-first'] as const)('replaces %s and knows the new identity', async (order) => {
    const world = createMemoryWorld({
      seed: [
        network,
        {
          type: GROUP,
          identity: 'g-old',
          properties: {
            GroupName: 'web',
            NetworkId: 'net-1',
            Rules: [{ Protocol: 'tcp', Port: 22, Source: '10.0.0.0/8' }],
          },
        },
      ],
    });
    const bench = benchOf(world);
    const report = await bench.apply(
      changePlanOf([
        entryOf('Web', GROUP, { action: 'replace', id: 'g-old', order, properties: { GroupName: 'web2' } }),
      ]),
    );
    expect(report.outcome).toBe('done');
    expect(world.sent.map(({ operation }) => operation)).toEqual(
      order === 'create-first' ? ['CreateGroup', 'DeleteGroup'] : ['DeleteGroup', 'CreateGroup'],
    );
    const made = report.steps[0]?.identity ?? '';
    expect(made).not.toBe('g-old');
    expect((await world.get(GROUP, made))?.properties).toMatchObject({ GroupName: 'web2', Rules: [{ Port: 22 }] });
  });

  it('a change in the maintenance window is pending, not done', async () => {
    const world = createMemoryWorld({ seed: [database] });
    const bench = benchOf(world);
    const report = await bench.apply(
      changePlanOf([entryOf('Db', DATABASE, { id: 'courses', when: 'window', properties: { Class: 'db.small' } })]),
    );
    expect(report.outcome).toBe('done');
    expect(report.steps).toMatchObject([{ state: 'pending', message: expect.stringContaining('maintenance window') }]);
  });

  it('reports what is not as wanted after the change, and rolls nothing back by itself', async () => {
    const world = createMemoryWorld({ seed: [note] });
    const bench = benchOf(world);
    const report = await bench.apply(changePlanOf([updateNote]), {
      beforeAppend(entry) {
        if (entry.kind === 'outcome') world.put({ ...note, properties: { Text: 'something else' } });
      },
    });
    expect(report).toMatchObject({
      outcome: 'done',
      findings: [{ step: 'Note', code: 'verified-differently', message: expect.stringContaining('"something else"') }],
    });
  });

  it('waits out eventual consistency after an own create', async () => {
    const world = createMemoryWorld({ seed: [network] });
    const bench = benchOf(world);
    let hidden = 3;
    const report = await bench.apply(
      changePlanOf([entryOf('Web', GROUP, { action: 'create', properties: { GroupName: 'web', NetworkId: 'net-1' } })]),
      {
        session: (session) => ({
          ...session,
          async read(call) {
            if (call.operation === 'DescribeGroups' && world.sent.length > 0 && hidden > 0) {
              hidden -= 1;
              return { Groups: [] };
            }
            return session.read(call);
          },
        }),
      },
    );
    expect([report.outcome, hidden]).toEqual(['done', 0]);
  });

  it('stops between steps, finishes the call in flight, and can be rolled back', async () => {
    const world = createMemoryWorld({ seed: [database, note] });
    const bench = benchOf(world);
    const before = await bench.state();
    const stop = new AbortController();
    const report = await bench.apply(changePlanOf([updateNote, createNote, deleteDatabase]), {
      stop: stop.signal,
      beforeAppend(entry) {
        if (entry.kind === 'intent' && entry.step === 'Note') stop.abort();
      },
    });
    expect(report).toMatchObject({ outcome: 'stopped', exitCode: 5 });
    expect(report.steps.map(({ id, state }) => [id, state])).toEqual([
      ['Fresh', 'done'],
      ['Note', 'done'],
      ['Db', 'not-started'],
    ]);
    const { changePlan, findings } = await bench.rollback(run);
    expect(findings).toEqual([]);
    expect((await bench.apply(changePlan, { run: 'back' })).outcome).toBe('done');
    expect(await bench.state()).toEqual(before);
  });

  it('gives up a wait on stop, and takes back what it made quiet', async () => {
    const world = createMemoryWorld({ seed: [database], polls: 5 });
    const bench = benchOf(world);
    const before = await bench.state();
    const stop = new AbortController();
    const report = await bench.apply(changePlanOf([deleteDatabase]), {
      stop: stop.signal,
      events(event) {
        if (event.kind === 'progress' && event.text.includes('closed')) stop.abort();
      },
    });
    expect(report).toMatchObject({ outcome: 'stopped', steps: [{ state: 'open' }], undone: [{ step: 'Db' }] });
    expect(await bench.state()).toEqual(before);
  });

  it('pauses when the credentials are gone for good', async () => {
    const world = createMemoryWorld({ seed: [note] });
    const bench = benchOf(world);
    const expired = new AwsError({
      code: 'ExpiredToken',
      kind: 'expired',
      operation: 'sts',
      message: 'expired',
      executed: 'no',
    });
    const report = await bench.apply(changePlanOf([updateNote]), {
      session: (session) => ({
        ...session,
        async renew() {
          throw expired;
        },
      }),
    });
    expect(report).toMatchObject({ outcome: 'stopped', message: expect.stringContaining('log in again') });
  });

  it('sends nothing more once the journal cannot be written, and says where it stands', async () => {
    const world = createMemoryWorld({ seed: [database, note] });
    const bench = benchOf(world);
    let full = false;
    const work = bench.apply(changePlanOf([updateNote, deleteDatabase]), {
      beforeAppend(entry) {
        if (entry.kind === 'intent' && entry.step === 'Db') full = true;
        if (full)
          throw new UserError('store-unwritable', 'cannot write "journal.jsonl": ENOSPC', {
            help: 'free some disk space',
          });
      },
    });
    await expect(work).rejects.toMatchObject({
      code: 'store-unwritable',
      exitCode: 5,
      message: expect.stringContaining('1 done, 1 open'),
    });
    expect(world.sent.map(({ operation }) => operation)).toEqual(['PutNote']);
  });

  it('refuses a journal that has begun', async () => {
    const world = createMemoryWorld({ seed: [note] });
    const bench = benchOf(world);
    const used = {
      run: 'x',
      records: [{} as JournalRecord],
      append: async () => {
        throw new Error('not reached');
      },
    };
    await expect(bench.apply(changePlanOf([updateNote]), { ports: { journal: used } })).rejects.toMatchObject({
      code: 'run-exists',
    });
  });

  it('keeps secrets and sensitive texts out of the journal, whole', async () => {
    const world = createMemoryWorld({
      seed: [{ ...database, properties: { ...database.properties, Script: 'canary-old-script' } }],
    });
    const bench = benchOf(world);
    const report = await bench.apply(
      changePlanOf([
        entryOf('Db', DATABASE, { id: 'courses', properties: { Script: 'canary-new-script' } }),
        entryOf('New', DATABASE, {
          action: 'create',
          reason: 'needed',
          properties: {
            DatabaseName: 'new',
            Engine: 'postgres',
            Class: 'db.small',
            Password: { $secret: { env: 'AIPLAN_SECRET_NEW' } },
          },
        }),
      ]),
      { secrets: { AIPLAN_SECRET_NEW: 'canary-password' } },
    );
    expect(report.outcome).toBe('done');
    expect(world.secret('new')).toBe('canary-password');
    const rest = bench
      .journalOf(run)
      .map((record) => (record.kind === 'begin' ? { ...record, plan: { ...record.plan, changePlan: '' } } : record));
    for (const canary of ['canary-old-script', 'canary-new-script', 'canary-password'])
      expect(JSON.stringify(rest)).not.toContain(canary);
  });
});
