import { describe, expect, it } from '@jest/globals';
import type { ResourceEntry } from '../../src/domain/change-plan.ts';
import type { JournalEntry, JournalRecord } from '../../src/domain/records/journal.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { Step } from '../../src/domain/plan.ts';
import { opOf } from '../../src/plan/steps/preview-context.ts';
import { rollbackChangePlan } from '../../src/recovery/rollback/rollback.ts';
import { orderRollback } from '../../src/recovery/rollback/order.ts';
import { createMemoryWorld, DATABASE, GROUP, NOTE, type MemoryWorld } from '../helpers/memory-world.ts';
import type { AttributeChange } from '../../src/domain/attribute-change.ts';
import type { Capture } from '../../src/domain/capture-plan.ts';

const run = '20260226-230000-a1b2';
const step = (
  id: string,
  type: string,
  action: Step['action'],
  identity: string | null,
  changes: readonly AttributeChange[] = [],
): Step =>
  ({ id, type, action, identity, changes, recoverability: { level: 'restorable', loses: [] } }) as unknown as Step;
const changed = (
  path: string,
  before: AttributeChange['before'],
  after: AttributeChange['after'],
): AttributeChange => ({ path, before, after, effect: 'in-place' });
const entry = (address: string, type: string, more: Partial<ResourceEntry> = {}): ResourceEntry => ({
  address,
  type,
  action: 'update',
  dependsOn: [],
  source: { line: 1, column: 1 },
  positions: {},
  ...more,
});
const capture = (extras: JsonObject = {}): Capture => ({
  how: 'native',
  refs: { snapshot: 's' },
  pointInTime: null,
  bytes: 1,
  encrypted: true,
  extras,
});

/** A journal as a run with these steps would leave it. */
function journal(steps: readonly Step[], entries: readonly JournalEntry[]): readonly JournalRecord[] {
  const begin = {
    kind: 'begin',
    format: 'aiplan/journal@1',
    run,
    command: 'apply',
    target: { account: '123456789012', region: 'eu-west-1', caller: '', endpoint: null },
    plan: {
      name: 'move',
      steps,
      configuration: { capture: { bucket: null, expiryDays: 14, expiryDaysDestruction: 90 } },
    },
    approval: {},
  } as unknown as JournalEntry;
  return [begin, ...entries].map((item, index) => ({
    seq: index + 1,
    prev: '',
    at: '2026-02-26T23:00:00.000Z',
    ...item,
  }));
}
const before = (
  id: string,
  type: string,
  live: LiveResource | null,
  more: Partial<ResourceEntry> = {},
): JournalEntry => ({ kind: 'before', step: id, live, entry: entry(id, type, more), changes: [] });
const state = (
  id: string,
  word: 'started' | 'done' | 'failed',
  identity: string | null,
  after: LiveResource | null = null,
): JournalEntry => ({ kind: 'step', step: id, state: word, identity, after, message: null });
const intent = (id: string, operation: string, purpose: 'change' | 'quiesce' = 'change'): JournalEntry => ({
  kind: 'intent',
  step: id,
  call: 1,
  purpose,
  declared: { service: 'rds', operation, input: {}, identity: 'x', retry: 'named', purpose: '' },
});
const captured = (id: string, verified = true): JournalEntry => ({
  kind: 'captured',
  step: id,
  capture: capture(),
  verified,
  problems: [],
});
const draftOf = (
  world: MemoryWorld,
  records: readonly JournalRecord[],
  earlier: readonly (readonly JournalRecord[])[] = [],
) =>
  rollbackChangePlan(records, {
    session: world.session,
    types: world.types,
    schemas: world.schemas,
    now: '2026-02-27T00:00:00.000Z',
    earlier,
  });
const back = '20260226-231000-0b0b';
/** The journal of an earlier rollback of the run that brought back what `id` had deleted, with these entries. */
const earlierBack = (
  id: string,
  type: string,
  entries: readonly JournalEntry[],
  rollbackOf = run,
): readonly JournalRecord[] => {
  const steps = [{ ...step(id, type, 'create', null), restores: { run: rollbackOf, step: id } }];
  const begin = {
    kind: 'begin',
    format: 'aiplan/journal@1',
    run: back,
    command: 'rollback',
    target: {},
    plan: { name: 'undo-move', rollbackOf, steps },
    approval: {},
  } as unknown as JournalEntry;
  return [begin, ...entries].map((item, index) => ({
    seq: index + 1,
    prev: '',
    at: '2026-02-26T23:10:00.000Z',
    ...item,
  }));
};
/** Tags of what that rollback brings back. */
const backTags = (id: string, from: string) => ({ 'aiplan:op': opOf(back, id), 'aiplan:restored-from': from });
const restored = (id: string, live: LiveResource): readonly JournalEntry[] => [
  state(id, 'started', null),
  {
    kind: 'intent',
    step: id,
    call: 1,
    purpose: 'restore',
    declared: { service: 'rds', operation: 'Restore', input: {}, identity: 'x', retry: 'named', purpose: '' },
  },
  { kind: 'outcome', step: id, call: 1, ok: true, requestId: null, milliseconds: 1, answer: {} },
  { kind: 'remapped', step: id, map: {} },
  state(id, 'done', live.identity, live),
];
const read = async (world: MemoryWorld, type: string, identity: string): Promise<LiveResource> => {
  const found = await world.get(type, identity);
  if (found === undefined) throw new Error(`no ${identity}`);
  return found;
};
const codes = (findings: readonly { readonly code: string; readonly severity: string }[]): readonly string[] =>
  findings.map(({ severity, code }) => `${severity} ${code}`);

describe('rollback of creates', () => {
  const made = async (tag = opOf(run, 'Note')) => {
    const world = createMemoryWorld({
      seed: [{ type: NOTE, identity: 'n1', properties: { Text: 'hello', Tags: { 'aiplan:op': tag, team: 'x' } } }],
    });
    return { world, live: await read(world, NOTE, 'n1') };
  };
  const steps = [step('Note', NOTE, 'create', null)];

  it('deletes exactly what the run made, expecting what it made', async () => {
    const { world, live } = await made();
    const { changePlan, findings, incomplete } = await draftOf(
      world,
      journal(steps, [
        before('Note', NOTE, null),
        state('Note', 'started', null),
        intent('Note', 'PutNote'),
        state('Note', 'done', 'n1', live),
      ]),
    );
    expect(changePlan).toMatchObject({
      name: 'undo-move',
      rollbackOf: run,
      target: { account: '123456789012', region: 'eu-west-1' },
    });
    expect(changePlan.resources).toMatchObject([
      {
        address: 'Note',
        type: NOTE,
        action: 'delete',
        id: 'n1',
        expect: { Text: 'hello', Tags: { 'aiplan:op': opOf(run, 'Note') } },
      },
    ]);
    expect([findings, incomplete]).toEqual([[], false]);
  });

  it('names as a conflict what is there now and was not when the run had created it, but for tags', async () => {
    const { world, live } = await made();
    const found = async (after: LiveResource) =>
      (
        await draftOf(
          world,
          journal(steps, [
            before('Note', NOTE, null),
            state('Note', 'started', null),
            state('Note', 'done', 'n1', after),
          ]),
        )
      ).findings.map(({ code, message }) => [code, message]);
    const { Text: _text, ...without } = live.properties;
    expect(await found({ ...live, properties: without })).toEqual([
      ['rollback-conflict', 'Text of n1 is "hello", which it was not when the run had created it'],
    ]);
    expect(await found({ ...live, properties: { ...live.properties, Tags: {} } })).toEqual([]);
  });

  it('goes on deleting what an earlier rollback made quiet to delete it', async () => {
    const { world, live } = await made();
    const records = journal(steps, [
      before('Note', NOTE, null),
      state('Note', 'started', null),
      state('Note', 'done', 'n1', { ...live, properties: { ...live.properties, Text: 'loud' } }),
    ]);
    const begun = (incarnation: string) =>
      [
        { kind: 'begin', run: back, plan: { rollbackOf: run, steps: [step('Note', NOTE, 'delete', 'n1')] } },
        before('Note', NOTE, { ...live, incarnation }),
        state('Note', 'started', 'n1'),
        intent('Note', 'Close', 'quiesce'),
      ].map((item, index) => ({ seq: index, prev: '', at: '', ...item })) as unknown as readonly JournalRecord[];
    const expected = async (earlier: readonly (readonly JournalRecord[])[]) =>
      (await draftOf(world, records, earlier)).changePlan.resources[0]?.expect;
    expect(await expected([])).toMatchObject({ Text: 'loud' });
    expect(await expected([begun(live.incarnation)])).toEqual({ Tags: { 'aiplan:op': opOf(run, 'Note') } });
    expect(await expected([begun('another')])).toMatchObject({ Text: 'loud' });
  });

  it('finds by its tag what was made when the answer was lost or the process killed', async () => {
    const { world } = await made();
    const { changePlan } = await draftOf(
      world,
      journal(steps, [before('Note', NOTE, null), state('Note', 'started', null), intent('Note', 'PutNote')]),
    );
    expect(changePlan.resources).toMatchObject([{ action: 'delete', id: 'n1' }]);
  });

  it('finds by its name what was made, where a plain list tells no tags', async () => {
    const { world } = await made();
    const note = world.types.get(NOTE)!;
    const blind = {
      ...note,
      read: async (...[aws, query]: Parameters<typeof note.read>) => {
        const result = await note.read(aws, query);
        return query.all
          ? { ...result, resources: result.resources.map((resource) => ({ ...resource, systemTags: {} })) }
          : result;
      },
    };
    const types = { all: [blind], get: (type: string) => (type === NOTE ? blind : undefined) };
    const named: JournalEntry = {
      kind: 'intent',
      step: 'Note',
      call: 1,
      purpose: 'change',
      declared: { service: 's3', operation: 'PutNote', input: {}, identity: 'n1', retry: 'named', purpose: '' },
    };
    const records = journal(steps, [before('Note', NOTE, null), state('Note', 'started', null), named]);
    const { changePlan } = await rollbackChangePlan(records, {
      session: world.session,
      types,
      schemas: world.schemas,
      now: '2026-02-27T00:00:00.000Z',
      earlier: [],
    });
    expect(changePlan.resources).toMatchObject([{ action: 'delete', id: 'n1' }]);
  });

  it('has nothing to do where nothing was made', async () => {
    const records = journal(steps, [
      before('Note', NOTE, null),
      state('Note', 'started', null),
      intent('Note', 'PutNote'),
    ]);
    const { changePlan, findings } = await draftOf(createMemoryWorld(), records);
    expect(changePlan.resources).toEqual([]);
    expect(codes(findings)).toEqual(['info rollback-nothing-made']);
  });

  it('leaves alone what only has the name: another incarnation, another tag, no tag', async () => {
    const { world, live } = await made();
    const claim = (after: LiveResource) =>
      journal(steps, [before('Note', NOTE, null), state('Note', 'started', null), state('Note', 'done', 'n1', after)]);
    expect(codes((await draftOf(world, claim({ ...live, incarnation: 'n1#77' }))).findings)).toEqual([
      'error rollback-foreign',
    ]);
    for (const tag of ['op-of-another', '']) {
      const other = await made(tag);
      const { changePlan, findings } = await draftOf(
        other.world,
        claim({ ...live, systemTags: { 'aiplan:op': opOf(run, 'Note') } }),
      );
      expect([changePlan.resources, codes(findings)]).toEqual([[], ['error rollback-foreign']]);
    }
    const stranger = await made('');
    const { changePlan, findings } = await draftOf(
      stranger.world,
      journal(steps, [before('Note', NOTE, null), state('Note', 'started', 'n1')]),
    );
    expect([changePlan.resources, codes(findings)]).toEqual([[], ['error rollback-foreign']]);
  });
});

describe('rollback of updates', () => {
  it('puts back the changed paths with what is expected, in reverse order of the run', async () => {
    const world = createMemoryWorld({
      seed: [
        { type: NOTE, identity: 'n1', properties: { Text: 'one' } },
        { type: NOTE, identity: 'n2', properties: { Text: 'one' } },
      ],
    });
    const olds = [await read(world, NOTE, 'n1'), await read(world, NOTE, 'n2')];
    world.put({ type: NOTE, identity: 'n1', properties: { Text: 'two' } });
    world.put({ type: NOTE, identity: 'n2', properties: { Text: 'two' } });
    const entries = ['n1', 'n2'].flatMap((identity, index) => [
      before(identity, NOTE, olds[index]!),
      state(identity, 'started', identity),
    ]);
    const { changePlan, findings } = await draftOf(
      world,
      journal(
        [
          step('n1', NOTE, 'update', 'n1', [changed('Text', 'one', 'two')]),
          step('n2', NOTE, 'update', 'n2', [changed('Text', 'one', 'two')]),
        ],
        entries,
      ),
    );
    expect(changePlan.resources).toMatchObject([
      {
        address: 'n2',
        action: 'update',
        id: 'n2',
        properties: { Text: 'one' },
        expect: { Text: 'two' },
        when: 'now',
        dependsOn: [],
      },
      {
        address: 'n1',
        action: 'update',
        id: 'n1',
        properties: { Text: 'one' },
        expect: { Text: 'two' },
        dependsOn: ['n2'],
      },
    ]);
    expect(findings).toEqual([]);
  });

  it('names conflicts as errors, which block', async () => {
    const world = createMemoryWorld({ seed: [{ type: NOTE, identity: 'n1', properties: { Text: 'one' } }] });
    const old = await read(world, NOTE, 'n1');
    world.put({ type: NOTE, identity: 'n1', properties: { Text: 'three' } });
    const one = [step('n1', NOTE, 'update', 'n1', [changed('Text', 'one', 'two')])];
    const { findings } = await draftOf(world, journal(one, [before('n1', NOTE, old), state('n1', 'started', 'n1')]));
    expect(findings).toMatchObject([
      {
        severity: 'error',
        code: 'rollback-conflict',
        step: 'n1',
        message: expect.stringContaining('"three": neither "one" as before'),
      },
    ]);
    world.drop(NOTE, 'n1');
    expect(
      codes((await draftOf(world, journal(one, [before('n1', NOTE, old), state('n1', 'started', 'n1')]))).findings),
    ).toEqual(['error rollback-gone']);
    world.put({ type: NOTE, identity: 'n1', incarnation: 'n1#9', properties: { Text: 'two' } });
    expect(
      codes((await draftOf(world, journal(one, [before('n1', NOTE, old), state('n1', 'started', 'n1')]))).findings),
    ).toEqual(['error rollback-gone']);
  });

  it('says what AWS will still change, and accepts the loss where the inverse is one', async () => {
    const world = createMemoryWorld({ seed: [{ type: DATABASE, identity: 'db', properties: { Retention: 7 } }] });
    const old = await read(world, DATABASE, 'db');
    world.put({ type: DATABASE, identity: 'db', properties: { Retention: 14 }, pending: { Class: 'db.large' } });
    const { changePlan, findings, incomplete } = await draftOf(
      world,
      journal(
        [step('Db', DATABASE, 'update', 'db', [changed('Retention', 7, 14), changed('Class', 'db.small', 'db.large')])],
        [before('Db', DATABASE, old), state('Db', 'started', 'db')],
      ),
    );
    expect(changePlan.resources).toMatchObject([{ properties: { Retention: 7 }, acceptLoss: expect.any(String) }]);
    expect([codes(findings), incomplete]).toEqual([['warning rollback-pending'], true]);
  });

  it('waits for what the run began and AWS has not finished', async () => {
    const world = createMemoryWorld({ seed: [{ type: DATABASE, identity: 'db', properties: { Class: 'db.small' } }] });
    const old = await read(world, DATABASE, 'db');
    const one = {
      ...step('Db', DATABASE, 'update', 'db', [changed('Class', 'db.small', 'db.large')]),
      when: 'now',
    } as Step;
    const records = journal(
      [one],
      [before('Db', DATABASE, old), state('Db', 'started', 'db'), intent('Db', 'ModifyDatabase')],
    );
    world.put({ type: DATABASE, identity: 'db', state: 'modifying' });
    const { changePlan, findings } = await draftOf(world, records);
    expect([changePlan.resources, codes(findings), findings[0]?.help]).toEqual([
      [],
      ['error rollback-wait'],
      expect.stringContaining(`aiplan rollback ${run}`),
    ]);
    world.put({ type: DATABASE, identity: 'db', pending: { Class: 'db.large' } });
    expect(codes((await draftOf(world, records)).findings)).toEqual(['error rollback-wait']);
    // Its own way back is no reason to wait.
    world.put({ type: DATABASE, identity: 'db', properties: { Class: 'db.large' }, pending: { Class: 'db.small' } });
    const again = await draftOf(world, records);
    expect([again.changePlan.resources.map(({ properties }) => properties), codes(again.findings)]).toEqual([
      [{ Class: 'db.small' }],
      [],
    ]);
    // What was made and is still being made.
    const made = createMemoryWorld({
      seed: [
        { type: DATABASE, identity: 'new', state: 'creating', properties: { Tags: { 'aiplan:op': opOf(run, 'New') } } },
      ],
    });
    const creating = journal(
      [step('New', DATABASE, 'create', null)],
      [before('New', DATABASE, null), state('New', 'started', null), intent('New', 'CreateDatabase')],
    );
    expect(codes((await draftOf(made, creating)).findings)).toEqual(['error rollback-wait']);
  });

  it('waits a minute after a lost answer: AWS may not show yet what became of the call', async () => {
    const world = createMemoryWorld();
    const records = journal(
      [step('Note', NOTE, 'create', null)],
      [before('Note', NOTE, null), state('Note', 'started', null), intent('Note', 'PutNote')],
    );
    const at = (now: string, consistency?: number) =>
      rollbackChangePlan(records, {
        session: world.session,
        types: world.types,
        schemas: world.schemas,
        now,
        earlier: [],
        ...(consistency === undefined ? {} : { consistency }),
      });
    expect(codes((await at('2026-02-26T23:00:59.000Z')).findings)).toEqual(['error rollback-wait']);
    expect(codes((await at('2026-02-26T23:01:00.000Z')).findings)).toEqual(['info rollback-nothing-made']);
    expect(codes((await at('2026-02-26T23:00:00.000Z', 0)).findings)).toEqual(['info rollback-nothing-made']);
  });

  it('does not put back again what an earlier rollback put back, whatever it is now', async () => {
    const world = createMemoryWorld({ seed: [{ type: NOTE, identity: 'n1', properties: { Text: 'one' } }] });
    const old = await read(world, NOTE, 'n1');
    world.put({ type: NOTE, identity: 'n1', properties: { Text: 'chosen since' } });
    const one = [step('n1', NOTE, 'update', 'n1', [changed('Text', 'one', 'two')])];
    const records = journal(one, [before('n1', NOTE, old), state('n1', 'started', 'n1')]);
    const rollback = (word: 'done' | 'started') =>
      [
        { kind: 'begin', run: back, plan: { rollbackOf: run, steps: [step('n1', NOTE, 'update', 'n1')] } },
        state('n1', word, 'n1'),
      ].map((item, index) => ({ seq: index, prev: '', at: '', ...item })) as unknown as readonly JournalRecord[];
    const done = await draftOf(world, records, [rollback('done')]);
    expect([done.changePlan.resources, codes(done.findings)]).toEqual([[], ['info rollback-put-back']]);
    expect(codes((await draftOf(world, records, [rollback('started')])).findings)).toEqual(['error rollback-conflict']);
  });

  it('is blocked where live cannot be read: unknown is not absent', async () => {
    const world = createMemoryWorld({ seed: [{ type: NOTE, identity: 'n1' }] });
    const old = await read(world, NOTE, 'n1');
    world.fail('s3:ListNotes', { code: 'AccessDenied', kind: 'denied' });
    const { changePlan, findings } = await draftOf(
      world,
      journal(
        [step('n1', NOTE, 'delete', 'n1')],
        [before('n1', NOTE, old), captured('n1'), state('n1', 'started', 'n1')],
      ),
    );
    expect([changePlan.resources, codes(findings)]).toEqual([[], ['error rollback-unread']]);
  });
});

describe('rollback of deletes', () => {
  const deleted = async () => {
    const world = createMemoryWorld({
      seed: [
        {
          type: DATABASE,
          identity: 'db',
          properties: { Class: 'db.large', Script: 'secret script', Tags: { team: 'x' } },
          rows: ['a'],
        },
      ],
    });
    return { world, old: await read(world, DATABASE, 'db') };
  };
  const steps = [step('Db', DATABASE, 'delete', 'db')];

  it('restores from the verified capture', async () => {
    const { world, old } = await deleted();
    world.drop(DATABASE, 'db');
    const { changePlan, findings } = await draftOf(
      world,
      journal(steps, [
        before('Db', DATABASE, old),
        state('Db', 'started', 'db'),
        captured('Db'),
        intent('Db', 'DeleteDatabase'),
        state('Db', 'done', 'db'),
      ]),
    );
    expect(changePlan.resources).toMatchObject([
      {
        address: 'Db',
        action: 'create',
        restore: {
          run,
          step: 'Db',
          formerIdentity: 'db',
          formerIncarnation: old.incarnation,
          capture: capture(),
          live: old,
        },
      },
    ]);
    expect(changePlan.resources[0]?.properties).toMatchObject({ Class: 'db.large', Tags: { team: 'x' } });
    expect(changePlan.resources[0]?.properties).not.toHaveProperty('Script');
    expect(findings).toEqual([]);
  });

  it('opens again what was only made quiet when the process died', async () => {
    const { world, old } = await deleted();
    const { changePlan } = await draftOf(
      world,
      journal(steps, [
        before('Db', DATABASE, old),
        state('Db', 'started', 'db'),
        intent('Db', 'CloseDatabase', 'quiesce'),
      ]),
    );
    expect(changePlan.resources).toMatchObject([
      { address: 'Db', action: 'update', id: 'db', properties: {}, reopen: { run, step: 'Db', live: old } },
    ]);
    const undone: JournalEntry = { kind: 'finding', step: 'Db', code: 'quiesce-undone', message: '' };
    expect(
      (
        await draftOf(
          world,
          journal(steps, [
            before('Db', DATABASE, old),
            state('Db', 'started', 'db'),
            intent('Db', 'CloseDatabase', 'quiesce'),
            undone,
          ]),
        )
      ).changePlan.resources,
    ).toEqual([]);
  });

  it('does not trust a capture that was not verified', async () => {
    const { world, old } = await deleted();
    world.drop(DATABASE, 'db');
    const { changePlan, findings, incomplete } = await draftOf(
      world,
      journal(steps, [
        before('Db', DATABASE, old),
        state('Db', 'started', 'db'),
        captured('Db', false),
        intent('Db', 'DeleteDatabase'),
      ]),
    );
    expect([changePlan.resources, codes(findings), incomplete]).toEqual([[], ['warning rollback-impossible'], true]);
  });

  it('never deletes a stranger to free a name, whatever its tags say', async () => {
    const { world, old } = await deleted();
    const records = journal(steps, [
      before('Db', DATABASE, old),
      state('Db', 'started', 'db'),
      captured('Db'),
      state('Db', 'done', 'db'),
    ]);
    for (const Tags of [{}, { 'aiplan:restored-from': 'db' }, backTags('Db', 'db')]) {
      world.put({ type: DATABASE, identity: 'db', incarnation: 'db#9', properties: { Tags } });
      const { changePlan, findings } = await draftOf(world, records);
      expect([changePlan.resources, codes(findings)]).toEqual([[], ['error rollback-name-taken']]);
    }
    // A journal of a rollback of another run proves nothing either.
    expect(
      codes(
        (
          await draftOf(world, records, [
            earlierBack('Db', DATABASE, restored('Db', await read(world, DATABASE, 'db')), '20260101-000000-ffff'),
          ])
        ).findings,
      ),
    ).toEqual(['error rollback-name-taken']);
  });

  it('leaves alone what an earlier rollback brought back to the end, whatever was changed in it since', async () => {
    const { world, old } = await deleted();
    const records = journal(steps, [
      before('Db', DATABASE, old),
      state('Db', 'started', 'db'),
      captured('Db'),
      state('Db', 'done', 'db'),
    ]);
    world.put({
      type: DATABASE,
      identity: 'db',
      incarnation: 'db#9',
      properties: { Class: 'db.large', Tags: backTags('Db', 'db') },
    });
    const earlier = [earlierBack('Db', DATABASE, restored('Db', await read(world, DATABASE, 'db')))];
    world.put({
      type: DATABASE,
      identity: 'db',
      incarnation: 'db#9',
      properties: { Class: 'db.chosen-since', Tags: backTags('Db', 'db') },
    });
    const { changePlan, findings } = await draftOf(world, records, earlier);
    expect([changePlan.resources, codes(findings)]).toEqual([[], ['info rollback-restored']]);
    // Another one of the name, or one that lost the tag, is not what came back.
    world.put({ type: DATABASE, identity: 'db', incarnation: 'db#10', properties: { Tags: {} } });
    expect(codes((await draftOf(world, records, earlier)).findings)).toEqual(['error rollback-name-taken']);
    world.drop(DATABASE, 'db');
    const again = await draftOf(world, records, earlier);
    expect([
      again.changePlan.resources.map(({ action, restore }) => [action, restore?.remains]),
      codes(again.findings),
    ]).toEqual([[['create', undefined]], ['info rollback-gone-again']]);
  });

  it('continues what an earlier rollback left half restored, under its own name or a new one', async () => {
    const { world, old } = await deleted();
    const records = journal(steps, [
      before('Db', DATABASE, old),
      state('Db', 'started', 'db'),
      captured('Db'),
      state('Db', 'done', 'db'),
    ]);
    world.put({ type: DATABASE, identity: 'db', incarnation: 'db#9', properties: { Tags: backTags('Db', 'db') } });
    const stopped = earlierBack('Db', DATABASE, restored('Db', old).slice(0, 3));
    const { changePlan, findings } = await draftOf(world, records, [stopped]);
    expect(findings).toEqual([]);
    expect(changePlan.resources).toMatchObject([
      {
        address: 'Db',
        action: 'create',
        restore: { formerIdentity: 'db', remains: { identity: 'db', incarnation: 'db#9' }, tries: [opOf(back, 'Db')] },
      },
    ]);
    // A type may say by a tag that its restore is under way, whatever a journal says.
    world.put({
      type: DATABASE,
      identity: 'db',
      incarnation: 'db#9',
      properties: { Tags: { ...backTags('Db', 'db'), 'aiplan:restoring': back } },
    });
    const marked = await draftOf(world, records, [
      earlierBack('Db', DATABASE, restored('Db', await read(world, DATABASE, 'db'))),
    ]);
    expect(marked.changePlan.resources).toMatchObject([{ restore: { remains: { incarnation: 'db#9' } } }]);

    const groups = createMemoryWorld({
      seed: [{ type: GROUP, identity: 'g-1', properties: { GroupName: 'web', NetworkId: 'n' } }],
    });
    const group = await read(groups, GROUP, 'g-1');
    groups.drop(GROUP, 'g-1');
    for (const id of ['g-2', 'g-3'])
      groups.put({
        type: GROUP,
        identity: id,
        properties: { GroupName: 'web', NetworkId: 'n', Tags: backTags('Web', 'g-1') },
      });
    const of = journal(
      [step('Web', GROUP, 'delete', 'g-1')],
      [before('Web', GROUP, group), captured('Web'), state('Web', 'started', 'g-1'), state('Web', 'done', 'g-1')],
    );
    const two = await draftOf(groups, of, [earlierBack('Web', GROUP, restored('Web', group).slice(0, 1))]);
    expect(two.changePlan.resources).toMatchObject([{ restore: { remains: { identity: 'g-2' } } }]);
    expect([codes(two.findings), two.findings[0]?.message]).toEqual([
      ['warning rollback-leftover'],
      expect.stringContaining('g-3'),
    ]);
  });

  it('makes nothing twice where it cannot prove what came back', async () => {
    const world = createMemoryWorld({
      seed: [{ type: GROUP, identity: 'g-1', properties: { GroupName: 'web', NetworkId: 'n' } }],
    });
    const old = await read(world, GROUP, 'g-1');
    world.drop(GROUP, 'g-1');
    const records = journal(
      [step('Web', GROUP, 'delete', 'g-1')],
      [before('Web', GROUP, old), captured('Web'), state('Web', 'started', 'g-1'), state('Web', 'done', 'g-1')],
    );
    world.put({
      type: GROUP,
      identity: 'g-2',
      properties: { GroupName: 'web', NetworkId: 'n', Tags: { 'aiplan:restored-from': 'g-1' } },
    });
    const claims = await draftOf(world, records);
    // Anybody can copy the tag: it keeps nothing from coming back, and the person sees it.
    expect([claims.changePlan.resources, codes(claims.findings), claims.findings[0]?.message]).toMatchObject([
      [{ address: 'Web', action: 'create', restore: { formerIdentity: 'g-1', claimant: 'g-2' } }],
      ['info rollback-claimed'],
      expect.stringContaining('g-2 says by its tag'),
    ]);
    const back2 = await read(world, GROUP, 'g-2');
    world.put({ type: GROUP, identity: 'g-2', properties: { GroupName: 'web', NetworkId: 'n', Tags: {} } });
    const stripped = await draftOf(world, records, [earlierBack('Web', GROUP, restored('Web', back2))]);
    expect([stripped.changePlan.resources, codes(stripped.findings), stripped.findings[0]?.message]).toEqual([
      [],
      ['error rollback-unproven'],
      expect.stringContaining('does not carry the tag'),
    ]);
  });

  it('completes what a removal piece by piece left, and opens again what it did not touch', async () => {
    const world = createMemoryWorld({ seed: [{ type: NOTE, identity: 'n1', properties: { Text: 'half' } }] });
    const old = await read(world, NOTE, 'n1');
    const copied: JournalEntry = {
      kind: 'captured',
      step: 'n1',
      capture: { ...capture(), how: 'copy' },
      verified: true,
      problems: [],
    };
    const removal: JournalEntry = {
      kind: 'step',
      step: 'n1',
      state: 'started',
      identity: 'n1',
      after: null,
      message: 'removing',
    };
    const start = [
      before('n1', NOTE, old),
      state('n1', 'started', 'n1'),
      intent('n1', 'Close', 'quiesce'),
      copied,
      removal,
    ];
    const records = (...entries: JournalEntry[]) => journal([step('n1', NOTE, 'delete', 'n1')], [...start, ...entries]);
    const refused: JournalEntry = {
      kind: 'outcome',
      step: 'n1',
      call: 1,
      ok: false,
      requestId: null,
      milliseconds: 1,
      code: 'Denied',
      message: '',
      executed: 'no',
    };
    expect((await draftOf(world, records())).changePlan.resources).toMatchObject([{ action: 'update', reopen: {} }]);
    expect((await draftOf(world, records(intent('n1', 'DeleteObjects'), refused))).changePlan.resources).toMatchObject([
      { action: 'update', reopen: {} },
    ]);
    const { changePlan } = await draftOf(world, records(intent('n1', 'DeleteObjects')));
    expect(changePlan.resources).toMatchObject([
      {
        action: 'create',
        restore: { formerIdentity: 'n1', remains: { identity: 'n1', incarnation: old.incarnation } },
      },
    ]);
    // What AWS deletes as a whole and is there, was not deleted.
    const whole = journal(
      [step('n1', NOTE, 'delete', 'n1')],
      [before('n1', NOTE, old), state('n1', 'started', 'n1'), captured('n1'), removal, intent('n1', 'Delete')],
    );
    expect((await draftOf(world, whole)).changePlan.resources).toEqual([]);
  });

  it('takes the identities that an earlier rollback gave over for the others', async () => {
    const world = createMemoryWorld({
      seed: [
        { type: GROUP, identity: 'g-1', properties: { GroupName: 'web', NetworkId: 'n' } },
        { type: DATABASE, identity: 'db', properties: { GroupIds: ['g-1'] } },
      ],
    });
    const [group, database] = [await read(world, GROUP, 'g-1'), await read(world, DATABASE, 'db')];
    world.drop(GROUP, 'g-1');
    world.drop(DATABASE, 'db');
    world.put({
      type: GROUP,
      identity: 'g-2',
      properties: { GroupName: 'web', NetworkId: 'n', Tags: backTags('Group', 'g-1') },
    });
    const two = [step('Db', DATABASE, 'delete', 'db'), step('Group', GROUP, 'delete', 'g-1')];
    const records = journal(two, [
      before('Group', GROUP, group),
      before('Db', DATABASE, database),
      captured('Group'),
      captured('Db'),
      state('Group', 'started', 'g-1'),
      state('Db', 'started', 'db'),
    ]);
    const earlier = earlierBack(
      'Group',
      GROUP,
      restored('Group', await read(world, GROUP, 'g-2')).map((item) =>
        item.kind === 'remapped' ? { ...item, map: { 'g-1': 'g-2', 'eni-1': 'eni-2' } } : item,
      ),
    );
    const { changePlan } = await draftOf(world, records, [earlier]);
    expect(changePlan.resources).toMatchObject([
      { address: 'Db', properties: { GroupIds: ['g-2'] }, restore: { known: { 'g-1': 'g-2', 'eni-1': 'eni-2' } } },
    ]);
  });

  it('finishes the re-pointing that an earlier rollback did not come to', async () => {
    const world = createMemoryWorld({
      seed: [
        { type: GROUP, identity: 'g-1', properties: { GroupName: 'web', NetworkId: 'n' } },
        { type: DATABASE, identity: 'db', properties: { GroupIds: ['g-1'] } },
      ],
    });
    const old = await read(world, GROUP, 'g-1');
    world.drop(GROUP, 'g-1');
    world.put({
      type: GROUP,
      identity: 'g-2',
      properties: { GroupName: 'web', NetworkId: 'n', Tags: backTags('Web', 'g-1') },
    });
    const records = journal(
      [step('Web', GROUP, 'delete', 'g-1')],
      [before('Web', GROUP, old), captured('Web'), state('Web', 'started', 'g-1'), state('Web', 'done', 'g-1')],
    );
    const earlier = [earlierBack('Web', GROUP, restored('Web', await read(world, GROUP, 'g-2')))];
    expect((await draftOf(world, records, earlier)).changePlan.resources).toMatchObject([
      { address: 'Web', action: 'update', id: 'g-2', properties: {}, repoint: { formerIdentity: 'g-1' } },
    ]);
    // Nothing is left that could name it.
    world.drop(DATABASE, 'db');
    expect((await draftOf(world, records, earlier)).changePlan.resources).toEqual([]);
    expect(world.sent).toEqual([]);
  });

  it('restores what is named before what names it, and refers to it', async () => {
    const world = createMemoryWorld({
      seed: [
        { type: GROUP, identity: 'g-1', properties: { GroupName: 'web', NetworkId: 'n' } },
        { type: DATABASE, identity: 'db', properties: { GroupIds: ['g-1'] } },
      ],
    });
    const [group, database] = [await read(world, GROUP, 'g-1'), await read(world, DATABASE, 'db')];
    world.drop(GROUP, 'g-1');
    world.drop(DATABASE, 'db');
    // Deliberately the wrong way round: the run deleted the group last, so that reversed order alone would be right.
    const two = [step('Group', GROUP, 'delete', 'g-1'), step('Db', DATABASE, 'delete', 'db')];
    const { changePlan } = await draftOf(
      world,
      journal(two, [
        before('Group', GROUP, group),
        before('Db', DATABASE, database),
        captured('Group'),
        captured('Db'),
        state('Group', 'started', 'g-1'),
        state('Db', 'started', 'db'),
      ]),
    );
    expect(changePlan.resources.map(({ address, dependsOn }) => [address, dependsOn])).toEqual([
      ['Group', []],
      ['Db', ['Group']],
    ]);
    expect(changePlan.resources[1]?.properties?.['GroupIds']).toEqual([{ Ref: 'Group' }]);
  });

  it('brings back both sides of a replace', async () => {
    const world = createMemoryWorld({
      seed: [{ type: GROUP, identity: 'g-1', properties: { GroupName: 'web', NetworkId: 'n' } }],
    });
    const old = await read(world, GROUP, 'g-1');
    world.drop(GROUP, 'g-1');
    world.put({
      type: GROUP,
      identity: 'g-2',
      properties: { GroupName: 'web', NetworkId: 'm', Tags: { 'aiplan:op': opOf(run, 'Web') } },
    });
    const records = journal(
      [step('Web', GROUP, 'replace', 'g-1')],
      [
        before('Web', GROUP, old),
        captured('Web'),
        state('Web', 'started', 'g-1'),
        state('Web', 'started', 'g-2'),
        state('Web', 'done', 'g-2', await read(world, GROUP, 'g-2')),
      ],
    );
    const { changePlan } = await draftOf(world, records);
    expect(changePlan.resources).toMatchObject([
      { address: 'Web', action: 'create', restore: { formerIdentity: 'g-1' } },
      { address: 'WebReplacement', action: 'delete', id: 'g-2' },
    ]);
    const first = journal(
      [step('Web', GROUP, 'replace', 'g-1')],
      [
        before('Web', GROUP, old, { order: 'delete-first' }),
        captured('Web'),
        state('Web', 'started', 'g-1'),
        state('Web', 'started', 'g-2'),
      ],
    );
    expect((await draftOf(world, first)).changePlan.resources.map(({ address }) => address)).toEqual([
      'WebReplacement',
      'Web',
    ]);
  });
});

describe('order of a rollback', () => {
  const restore = (address: string, from: string, properties: JsonObject): ResourceEntry =>
    entry(address, GROUP, {
      action: 'create',
      properties,
      restore: { run, step: address, formerIdentity: from, formerIncarnation: from, capture: null },
    });

  it('keeps the former identity in one place of a circle, and uses what is known to be restored', () => {
    const circle = orderRollback(
      [
        restore('A', 'g-a', { Rules: [{ SourceGroup: 'g-b' }] }),
        restore('B', 'g-b', { Rules: [{ SourceGroup: 'g-a' }, { SourceGroup: 'g-c' }] }),
      ],
      new Map([['g-c', 'g-c2']]),
    );
    expect(circle.map(({ address, properties, dependsOn }) => [address, properties, dependsOn])).toEqual([
      ['B', { Rules: [{ SourceGroup: 'g-a' }, { SourceGroup: 'g-c2' }] }, []],
      ['A', { Rules: [{ SourceGroup: { Ref: 'B' } }] }, ['B']],
    ]);
  });

  it('takes the name of a database for nothing but that: a group that is called the same comes back before it', () => {
    const [db, group] = [
      restore('Db', 'courses', { Name: 'courses', GroupIds: ['g-1'] }),
      restore('Group', 'g-1', { GroupName: 'courses', Description: 'courses', Tags: { Name: 'courses' } }),
    ];
    const copy = restore('Copy', 'copy', { Name: 'copy', SourceName: 'courses' });
    const chosen = {
      identities: new Set(['courses', 'copy']),
      referredTo: (_type: string, properties: JsonObject) =>
        typeof properties['SourceName'] === 'string' ? [properties['SourceName']] : [],
    };
    const order = orderRollback([group, copy, db], new Map(), new Map(), chosen);
    expect(order.map(({ address, properties }) => [address, properties])).toEqual([
      ['Group', { GroupName: 'courses', Description: 'courses', Tags: { Name: 'courses' } }],
      ['Db', { Name: 'courses', GroupIds: [{ Ref: 'Group' }] }],
      ['Copy', { Name: 'copy', SourceName: 'courses' }],
    ]);
  });
});
