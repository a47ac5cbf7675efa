import { describe, expect, it } from '@jest/globals';
import type { ResourceEntry } from '../../src/model/change-plan.ts';
import type { JournalEntry, JournalRecord } from '../../src/model/journal.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { LiveResource } from '../../src/model/live.ts';
import type { AttributeChange, Step } from '../../src/model/plan.ts';
import type { Capture } from '../../src/model/resource-type.ts';
import { opOf } from '../../src/engine/context.ts';
import { rollbackChangePlan } from '../../src/engine/rollback.ts';
import { orderRollback } from '../../src/engine/rollback-order.ts';
import { createMemoryWorld, DATABASE, GROUP, NOTE, type MemoryWorld } from '../helpers/memory-world.ts';

const run = '20260226-230000-a1b2';
const step = (id: string, type: string, action: Step['action'], identity: string | null, changes: readonly AttributeChange[] = []): Step => ({ id, type, action, identity, changes }) as unknown as Step;
const changed = (path: string, before: AttributeChange['before'], after: AttributeChange['after']): AttributeChange => ({ path, before, after, effect: 'in-place' });
const entry = (address: string, type: string, more: Partial<ResourceEntry> = {}): ResourceEntry => ({ address, type, action: 'update', dependsOn: [], source: { line: 1, column: 1 }, positions: {}, ...more });
const capture = (extras: JsonObject = {}): Capture => ({ how: 'native', refs: { snapshot: 's' }, pointInTime: null, bytes: 1, encrypted: true, extras });

/** A journal as a run with these steps would leave it. */
function journal(steps: readonly Step[], entries: readonly JournalEntry[]): readonly JournalRecord[] {
  const begin = { kind: 'begin', format: 'aiplan/journal@1', run, command: 'apply', target: { account: '123456789012', region: 'eu-west-1', caller: '', endpoint: null }, plan: { name: 'move', steps, configuration: { capture: { bucket: null, expiryDays: 14, expiryDaysDestruction: 90 } } }, approval: {} } as unknown as JournalEntry;
  return [begin, ...entries].map((item, index) => ({ seq: index + 1, prev: '', at: '2026-02-26T23:00:00.000Z', ...item }));
}
const before = (id: string, type: string, live: LiveResource | null, more: Partial<ResourceEntry> = {}): JournalEntry => ({ kind: 'before', step: id, live, entry: entry(id, type, more), changes: [] });
const state = (id: string, word: 'started' | 'done' | 'failed', identity: string | null, after: LiveResource | null = null): JournalEntry => ({ kind: 'step', step: id, state: word, identity, after, message: null });
const intent = (id: string, operation: string, purpose: 'change' | 'quiesce' = 'change'): JournalEntry => ({ kind: 'intent', step: id, call: 1, purpose, declared: { service: 'rds', operation, input: {}, identity: 'x', retry: 'named', purpose: '' } });
const captured = (id: string, verified = true): JournalEntry => ({ kind: 'captured', step: id, capture: capture(), verified, problems: [] });
const draftOf = (world: MemoryWorld, records: readonly JournalRecord[]) => rollbackChangePlan(records, { session: world.session, types: world.types, schemas: world.schemas, now: '2026-02-27T00:00:00.000Z' });
const read = async (world: MemoryWorld, type: string, identity: string): Promise<LiveResource> => {
  const found = await world.get(type, identity);
  if (found === undefined) throw new Error(`no ${identity}`);
  return found;
};
const codes = (findings: readonly { readonly code: string; readonly severity: string }[]): readonly string[] => findings.map(({ severity, code }) => `${severity} ${code}`);

describe('rollback of creates', () => {
  const made = async (tag = opOf(run, 'Note')) => {
    const world = createMemoryWorld({ seed: [{ type: NOTE, identity: 'n1', properties: { Text: 'hello', Tags: { 'aiplan:op': tag, team: 'x' } } }] });
    return { world, live: await read(world, NOTE, 'n1') };
  };
  const steps = [step('Note', NOTE, 'create', null)];

  it('deletes exactly what the run made, expecting what it made', async () => {
    const { world, live } = await made();
    const { changePlan, findings, incomplete } = await draftOf(world, journal(steps, [before('Note', NOTE, null), state('Note', 'started', null), intent('Note', 'PutNote'), state('Note', 'done', 'n1', live)]));
    expect(changePlan).toMatchObject({ name: 'undo-move', rollbackOf: run, target: { account: '123456789012', region: 'eu-west-1' } });
    expect(changePlan.resources).toMatchObject([{ address: 'Note', type: NOTE, action: 'delete', id: 'n1', expect: { Text: 'hello', Tags: { 'aiplan:op': opOf(run, 'Note') } } }]);
    expect([findings, incomplete]).toEqual([[], false]);
  });

  it('finds by its tag what was made when the answer was lost or the process killed', async () => {
    const { world } = await made();
    const { changePlan } = await draftOf(world, journal(steps, [before('Note', NOTE, null), state('Note', 'started', null), intent('Note', 'PutNote')]));
    expect(changePlan.resources).toMatchObject([{ action: 'delete', id: 'n1' }]);
  });

  it('finds by its name what was made, where a plain list tells no tags', async () => {
    const { world } = await made();
    const note = world.types.get(NOTE)!;
    const blind = { ...note, read: async (...[aws, query]: Parameters<typeof note.read>) => {
      const result = await note.read(aws, query);
      return query.all ? { ...result, resources: result.resources.map((resource) => ({ ...resource, systemTags: {} })) } : result;
    } };
    const types = { all: [blind], get: (type: string) => (type === NOTE ? blind : undefined) };
    const named: JournalEntry = { kind: 'intent', step: 'Note', call: 1, purpose: 'change', declared: { service: 's3', operation: 'PutNote', input: {}, identity: 'n1', retry: 'named', purpose: '' } };
    const records = journal(steps, [before('Note', NOTE, null), state('Note', 'started', null), named]);
    const { changePlan } = await rollbackChangePlan(records, { session: world.session, types, schemas: world.schemas, now: '2026-02-27T00:00:00.000Z' });
    expect(changePlan.resources).toMatchObject([{ action: 'delete', id: 'n1' }]);
  });

  it('has nothing to do where nothing was made', async () => {
    const records = journal(steps, [before('Note', NOTE, null), state('Note', 'started', null), intent('Note', 'PutNote')]);
    const { changePlan, findings } = await draftOf(createMemoryWorld(), records);
    expect(changePlan.resources).toEqual([]);
    expect(codes(findings)).toEqual(['info rollback-nothing-made']);
  });

  it('leaves alone what only has the name: another incarnation, another tag, no tag', async () => {
    const { world, live } = await made();
    const claim = (after: LiveResource) => journal(steps, [before('Note', NOTE, null), state('Note', 'started', null), state('Note', 'done', 'n1', after)]);
    expect(codes((await draftOf(world, claim({ ...live, incarnation: 'n1#77' }))).findings)).toEqual(['error rollback-foreign']);
    for (const tag of ['op-of-another', '']) {
      const other = await made(tag);
      const { changePlan, findings } = await draftOf(other.world, claim({ ...live, systemTags: { 'aiplan:op': opOf(run, 'Note') } }));
      expect([changePlan.resources, codes(findings)]).toEqual([[], ['error rollback-foreign']]);
    }
    const stranger = await made('');
    const { changePlan, findings } = await draftOf(stranger.world, journal(steps, [before('Note', NOTE, null), state('Note', 'started', 'n1')]));
    expect([changePlan.resources, codes(findings)]).toEqual([[], ['error rollback-foreign']]);
  });
});

describe('rollback of updates', () => {
  it('puts back the changed paths with what is expected, in reverse order of the run', async () => {
    const world = createMemoryWorld({ seed: [{ type: NOTE, identity: 'n1', properties: { Text: 'one' } }, { type: NOTE, identity: 'n2', properties: { Text: 'one' } }] });
    const olds = [await read(world, NOTE, 'n1'), await read(world, NOTE, 'n2')];
    world.put({ type: NOTE, identity: 'n1', properties: { Text: 'two' } });
    world.put({ type: NOTE, identity: 'n2', properties: { Text: 'two' } });
    const entries = ['n1', 'n2'].flatMap((identity, index) => [before(identity, NOTE, olds[index]!), state(identity, 'started', identity)]);
    const { changePlan, findings } = await draftOf(world, journal([step('n1', NOTE, 'update', 'n1', [changed('Text', 'one', 'two')]), step('n2', NOTE, 'update', 'n2', [changed('Text', 'one', 'two')])], entries));
    expect(changePlan.resources).toMatchObject([
      { address: 'n2', action: 'update', id: 'n2', properties: { Text: 'one' }, expect: { Text: 'two' }, when: 'now', dependsOn: [] },
      { address: 'n1', action: 'update', id: 'n1', properties: { Text: 'one' }, expect: { Text: 'two' }, dependsOn: ['n2'] },
    ]);
    expect(findings).toEqual([]);
  });

  it('names conflicts as errors, which block', async () => {
    const world = createMemoryWorld({ seed: [{ type: NOTE, identity: 'n1', properties: { Text: 'one' } }] });
    const old = await read(world, NOTE, 'n1');
    world.put({ type: NOTE, identity: 'n1', properties: { Text: 'three' } });
    const one = [step('n1', NOTE, 'update', 'n1', [changed('Text', 'one', 'two')])];
    const { findings } = await draftOf(world, journal(one, [before('n1', NOTE, old), state('n1', 'started', 'n1')]));
    expect(findings).toMatchObject([{ severity: 'error', code: 'rollback-conflict', step: 'n1', message: expect.stringContaining('"three": neither "one" as before') }]);
    world.drop(NOTE, 'n1');
    expect(codes((await draftOf(world, journal(one, [before('n1', NOTE, old), state('n1', 'started', 'n1')]))).findings)).toEqual(['error rollback-gone']);
    world.put({ type: NOTE, identity: 'n1', incarnation: 'n1#9', properties: { Text: 'two' } });
    expect(codes((await draftOf(world, journal(one, [before('n1', NOTE, old), state('n1', 'started', 'n1')]))).findings)).toEqual(['error rollback-gone']);
  });

  it('says what AWS will still change, and accepts the loss where the inverse is one', async () => {
    const world = createMemoryWorld({ seed: [{ type: DATABASE, identity: 'db', properties: { Retention: 7 } }] });
    const old = await read(world, DATABASE, 'db');
    world.put({ type: DATABASE, identity: 'db', properties: { Retention: 14 }, pending: { Class: 'db.large' } });
    const { changePlan, findings, incomplete } = await draftOf(world, journal([step('Db', DATABASE, 'update', 'db', [changed('Retention', 7, 14), changed('Class', 'db.small', 'db.large')])], [before('Db', DATABASE, old), state('Db', 'started', 'db')]));
    expect(changePlan.resources).toMatchObject([{ properties: { Retention: 7 }, acceptLoss: expect.any(String) }]);
    expect([codes(findings), incomplete]).toEqual([['warning rollback-pending'], true]);
  });

  it('is blocked where live cannot be read: unknown is not absent', async () => {
    const world = createMemoryWorld({ seed: [{ type: NOTE, identity: 'n1' }] });
    const old = await read(world, NOTE, 'n1');
    world.fail('s3:ListNotes', { code: 'AccessDenied', kind: 'denied' });
    const { changePlan, findings } = await draftOf(world, journal([step('n1', NOTE, 'delete', 'n1')], [before('n1', NOTE, old), captured('n1'), state('n1', 'started', 'n1')]));
    expect([changePlan.resources, codes(findings)]).toEqual([[], ['error rollback-unread']]);
  });
});

describe('rollback of deletes', () => {
  const deleted = async () => {
    const world = createMemoryWorld({ seed: [{ type: DATABASE, identity: 'db', properties: { Class: 'db.large', Script: 'secret script', Tags: { team: 'x' } }, rows: ['a'] }] });
    return { world, old: await read(world, DATABASE, 'db') };
  };
  const steps = [step('Db', DATABASE, 'delete', 'db')];

  it('restores from the verified capture', async () => {
    const { world, old } = await deleted();
    world.drop(DATABASE, 'db');
    const { changePlan, findings } = await draftOf(world, journal(steps, [before('Db', DATABASE, old), state('Db', 'started', 'db'), captured('Db'), intent('Db', 'DeleteDatabase'), state('Db', 'done', 'db')]));
    expect(changePlan.resources).toMatchObject([{ address: 'Db', action: 'create', restore: { run, step: 'Db', formerIdentity: 'db', formerIncarnation: old.incarnation, capture: capture(), live: old } }]);
    expect(changePlan.resources[0]?.properties).toMatchObject({ Class: 'db.large', Tags: { team: 'x' } });
    expect(changePlan.resources[0]?.properties).not.toHaveProperty('Script');
    expect(findings).toEqual([]);
  });

  it('opens again what was only made quiet when the process died', async () => {
    const { world, old } = await deleted();
    const { changePlan } = await draftOf(world, journal(steps, [before('Db', DATABASE, old), state('Db', 'started', 'db'), intent('Db', 'CloseDatabase', 'quiesce')]));
    expect(changePlan.resources).toMatchObject([{ address: 'Db', action: 'update', id: 'db', properties: {}, reopen: { run, step: 'Db', live: old } }]);
    const undone: JournalEntry = { kind: 'finding', step: 'Db', code: 'quiesce-undone', message: '' };
    expect((await draftOf(world, journal(steps, [before('Db', DATABASE, old), state('Db', 'started', 'db'), intent('Db', 'CloseDatabase', 'quiesce'), undone]))).changePlan.resources).toEqual([]);
  });

  it('does not trust a capture that was not verified', async () => {
    const { world, old } = await deleted();
    world.drop(DATABASE, 'db');
    const { changePlan, findings, incomplete } = await draftOf(world, journal(steps, [before('Db', DATABASE, old), state('Db', 'started', 'db'), captured('Db', false), intent('Db', 'DeleteDatabase')]));
    expect([changePlan.resources, codes(findings), incomplete]).toEqual([[], ['warning rollback-impossible'], true]);
  });

  it('never deletes a stranger to free a name, and knows what it brought back before', async () => {
    const { world, old } = await deleted();
    const records = journal(steps, [before('Db', DATABASE, old), state('Db', 'started', 'db'), captured('Db'), state('Db', 'done', 'db')]);
    world.put({ type: DATABASE, identity: 'db', incarnation: 'db#9' });
    expect(codes((await draftOf(world, records)).findings)).toEqual(['error rollback-name-taken']);
    world.put({ type: DATABASE, identity: 'db', incarnation: 'db#9', properties: { Class: 'db.large', Script: 'secret script', Tags: { team: 'x', 'aiplan:restored-from': 'db' } } });
    const { changePlan, findings } = await draftOf(world, records);
    expect([changePlan.resources, codes(findings)]).toEqual([[], ['info rollback-restored']]);
  });

  it('finishes what an earlier rollback began: settings that a restore cannot take', async () => {
    const { world, old } = await deleted();
    const records = journal(steps, [before('Db', DATABASE, old), state('Db', 'started', 'db'), captured('Db'), state('Db', 'done', 'db')]);
    world.put({ type: DATABASE, identity: 'db', incarnation: 'db#9', properties: { Script: 'secret script', Tags: { team: 'x', 'aiplan:restored-from': 'db' } } });
    const { changePlan, findings } = await draftOf(world, records);
    expect(changePlan.resources).toMatchObject([{ address: 'Db', action: 'update', id: 'db', properties: { Class: 'db.large' }, expect: { Class: 'db.small' } }]);
    expect(codes(findings)).toEqual(['info rollback-restored']);
  });

  it('leaves alone what an earlier rollback brought back to the end, whatever was changed in it since', async () => {
    const { world, old } = await deleted();
    const records = journal(steps, [before('Db', DATABASE, old), state('Db', 'started', 'db'), captured('Db'), state('Db', 'done', 'db')]);
    world.put({ type: DATABASE, identity: 'db', incarnation: 'db#9', properties: { Class: 'db.chosen-since', Tags: { 'aiplan:restored-from': 'db' } } });
    const restoring = { ...step('Db', DATABASE, 'create', null), restores: { run, step: 'Db' } };
    const later = (...entries: JournalEntry[]) => [{ seq: 1, prev: '', at: '', kind: 'begin', run: 'back', plan: { rollbackOf: run, steps: [restoring] } } as unknown as JournalRecord, ...entries.map((entry) => ({ seq: 2, prev: '', at: '', ...entry }))];
    const draft = (journals: readonly (readonly JournalRecord[])[]) => rollbackChangePlan(records, { session: world.session, types: world.types, schemas: world.schemas, now: '2026-02-27T00:00:00.000Z', later: journals });
    expect((await draft([later(state('Db', 'started', 'db'), state('Db', 'done', 'db'))])).changePlan.resources).toEqual([]);
    expect((await draft([later(state('Db', 'started', 'db'))])).changePlan.resources).toHaveLength(1);
  });

  it('finishes the re-pointing that an earlier rollback did not come to', async () => {
    const world = createMemoryWorld({ seed: [{ type: GROUP, identity: 'g-1', properties: { GroupName: 'web', NetworkId: 'n' } }, { type: DATABASE, identity: 'db', properties: { GroupIds: ['g-1'] } }] });
    const old = await read(world, GROUP, 'g-1');
    world.drop(GROUP, 'g-1');
    world.put({ type: GROUP, identity: 'g-2', properties: { GroupName: 'web', NetworkId: 'n', Tags: { 'aiplan:restored-from': 'g-1' } } });
    const records = journal([step('Web', GROUP, 'delete', 'g-1')], [before('Web', GROUP, old), captured('Web'), state('Web', 'started', 'g-1'), state('Web', 'done', 'g-1')]);
    expect((await draftOf(world, records)).changePlan.resources).toMatchObject([{ address: 'Web', action: 'update', id: 'g-2', properties: {}, repoint: { formerIdentity: 'g-1' } }]);
    // Nothing is left that could name it.
    world.drop(DATABASE, 'db');
    expect((await draftOf(world, records)).changePlan.resources).toEqual([]);
    expect(world.sent).toEqual([]);
  });

  it('restores what is named before what names it, and refers to it', async () => {
    const world = createMemoryWorld({ seed: [{ type: GROUP, identity: 'g-1', properties: { GroupName: 'web', NetworkId: 'n' } }, { type: DATABASE, identity: 'db', properties: { GroupIds: ['g-1'] } }] });
    const [group, database] = [await read(world, GROUP, 'g-1'), await read(world, DATABASE, 'db')];
    world.drop(GROUP, 'g-1');
    world.drop(DATABASE, 'db');
    // Deliberately the wrong way round: the run deleted the group last, so that reversed order alone would be right.
    const two = [step('Group', GROUP, 'delete', 'g-1'), step('Db', DATABASE, 'delete', 'db')];
    const { changePlan } = await draftOf(world, journal(two, [before('Group', GROUP, group), before('Db', DATABASE, database), captured('Group'), captured('Db'), state('Group', 'started', 'g-1'), state('Db', 'started', 'db')]));
    expect(changePlan.resources.map(({ address, dependsOn }) => [address, dependsOn])).toEqual([['Group', []], ['Db', ['Group']]]);
    expect(changePlan.resources[1]?.properties?.['GroupIds']).toEqual([{ Ref: 'Group' }]);
  });

  it('brings back both sides of a replace', async () => {
    const world = createMemoryWorld({ seed: [{ type: GROUP, identity: 'g-1', properties: { GroupName: 'web', NetworkId: 'n' } }] });
    const old = await read(world, GROUP, 'g-1');
    world.drop(GROUP, 'g-1');
    world.put({ type: GROUP, identity: 'g-2', properties: { GroupName: 'web', NetworkId: 'm', Tags: { 'aiplan:op': opOf(run, 'Web') } } });
    const records = journal([step('Web', GROUP, 'replace', 'g-1')], [before('Web', GROUP, old), captured('Web'), state('Web', 'started', 'g-1'), state('Web', 'started', 'g-2'), state('Web', 'done', 'g-2', await read(world, GROUP, 'g-2'))]);
    const { changePlan } = await draftOf(world, records);
    expect(changePlan.resources).toMatchObject([{ address: 'Web', action: 'create', restore: { formerIdentity: 'g-1' } }, { address: 'WebReplacement', action: 'delete', id: 'g-2' }]);
    const first = journal([step('Web', GROUP, 'replace', 'g-1')], [before('Web', GROUP, old, { order: 'delete-first' }), captured('Web'), state('Web', 'started', 'g-1'), state('Web', 'started', 'g-2')]);
    expect((await draftOf(world, first)).changePlan.resources.map(({ address }) => address)).toEqual(['WebReplacement', 'Web']);
  });
});

describe('order of a rollback', () => {
  const restore = (address: string, from: string, properties: JsonObject): ResourceEntry =>
    entry(address, GROUP, { action: 'create', properties, restore: { run, step: address, formerIdentity: from, formerIncarnation: from, capture: null } });

  it('keeps the former identity in one place of a circle, and uses what is known to be restored', () => {
    const circle = orderRollback([restore('A', 'g-a', { Rules: [{ SourceGroup: 'g-b' }] }), restore('B', 'g-b', { Rules: [{ SourceGroup: 'g-a' }, { SourceGroup: 'g-c' }] })], new Map([['g-c', 'g-c2']]));
    expect(circle.map(({ address, properties, dependsOn }) => [address, properties, dependsOn])).toEqual([
      ['B', { Rules: [{ SourceGroup: 'g-a' }, { SourceGroup: 'g-c2' }] }, []],
      ['A', { Rules: [{ SourceGroup: { Ref: 'B' } }] }, ['B']],
    ]);
  });
});
