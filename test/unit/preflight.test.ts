import { describe, expect, it } from '@jest/globals';
import { send } from '../../src/model/call.ts';
import { AwsError } from '../../src/model/error.ts';
import type { ResourceType, ResourceTypes } from '../../src/model/resource-type.ts';
import { benchOf, changePlanOf, entryOf } from '../helpers/apply-world.ts';
import { memoryVault } from '../helpers/apply-ports.ts';
import { createMemoryWorld, DATABASE, NOTE, type MemoryWorld } from '../helpers/memory-world.ts';

const entries = [
  entryOf('Note', NOTE, { id: 'readme', properties: { Text: 'new' } }),
  entryOf('Db', DATABASE, { action: 'delete', id: 'courses', expect: { Class: 'db.large' } }),
];
const freshWorld = (): MemoryWorld => createMemoryWorld({ seed: [{ type: NOTE, identity: 'readme' }, { type: DATABASE, identity: 'courses', properties: { Class: 'db.large' } }] });

/** The types of the world, one of them with other programs. */
const withType = (types: ResourceTypes, name: string, change: (type: ResourceType) => ResourceType): ResourceTypes => {
  const all = types.all.map((type) => (type.type === name ? change(type) : type));
  return { all, get: (type) => all.find((item) => item.type === type) };
};
/** Applies with changed types; answers the problems as `step code message`. */
async function problems(change: (world: MemoryWorld) => ResourceTypes): Promise<readonly string[]> {
  const world = freshWorld();
  const report = await benchOf(world).apply(changePlanOf(entries), { ports: { types: change(world) } });
  expect([report.outcome, world.sent]).toEqual(['blocked', []]);
  return report.findings.map(({ step, code, message }) => `${step ?? ''} ${code} ${message}`);
}

describe('preflight', () => {
  it('asks every type and says everything at once', async () => {
    expect(await problems(({ types }) => withType(withType(types, DATABASE, (type) => ({ ...type, *preflight() { return ['the snapshot quota is used up']; } })), NOTE, (type) => ({ ...type, *preflight() { return ['one', 'two']; } })))).toEqual([
      'Note preflight one', 'Note preflight two', 'Db preflight the snapshot quota is used up',
    ]);
  });

  it('a destruction that could not be restored is a problem', async () => {
    expect(await problems(({ types }) => withType(types, DATABASE, (type) => ({ ...type, capture: { ...type.capture!, *restorable() { return { problems: ['the key is disabled'], losses: [] }; } } })))).toEqual(['Db not-restorable the key is disabled']);
  });

  it('what cannot be checked is a problem too', async () => {
    const denied = new AwsError({ code: 'AccessDenied', kind: 'denied', operation: 'rds:DescribeAccountAttributes', message: 'no', executed: 'no' });
    expect(await problems(({ types }) => withType(types, DATABASE, (type) => ({ ...type, *preflight() { throw denied; } })))).toEqual(['Db preflight-unknown it cannot be checked: rds:DescribeAccountAttributes: AccessDenied: no']);
  });

  it('a check that would change something is refused before anything leaves', async () => {
    expect(await problems(({ types }) => withType(types, DATABASE, (type) => ({
      ...type, *preflight() { yield* send({ service: 'rds', operation: 'DeleteDatabase', identity: 'courses', input: { DatabaseName: 'courses' }, retry: 'none', purpose: 'sabotage' }); return []; },
    })))).toEqual([expect.stringContaining('Db preflight-unknown it cannot be checked: rds:DeleteDatabase is a mutating call in a check')]);
  });

  it('names programs that a type does not have', async () => {
    expect(await problems(({ types }) => withType(types, DATABASE, ({ remove: _remove, ...type }) => type))).toEqual(['Db not-supported Test::Memory::Database: this version cannot delete']);
  });

  it('names a state in which nothing can be changed', async () => {
    expect(await problems(({ types }) => withType(types, NOTE, (type) => ({ ...type, rules: { ...type.rules, changeableStates: ['ready', 'idle'] } })))).toEqual(['Note state readme is "present"; it can be changed while it is "ready" or "idle"']);
  });

  it('a capture bucket that does not keep what is written into it blocks every run that captures anything', async () => {
    const weak = { ...memoryVault(), check: async () => ['The capture bucket "captures": versioning is not enabled.'] };
    for (const some of [entries, entries.slice(0, 1)]) {
      const world = freshWorld();
      const report = await benchOf(world).apply(changePlanOf(some), { ports: { vault: weak } });
      expect([report.outcome, world.sent, report.findings.map(({ step, code, message }) => `${step ?? ''} ${code} ${message}`)])
        .toEqual(['blocked', [], [' capture-bucket-weak The capture bucket "captures": versioning is not enabled. Run `aiplan setup`.']]);
    }
    const denied = new AwsError({ code: 'AccessDenied', kind: 'denied', operation: 's3:HeadBucket', message: 'no', executed: 'no' });
    const unknown = await benchOf(freshWorld()).apply(changePlanOf(entries), { ports: { vault: { ...memoryVault(), check: () => Promise.reject(denied) } } });
    expect(unknown.findings.map(({ code }) => code)).toEqual(['preflight-unknown']);
    // What only makes something new captures nothing.
    const made = await benchOf(createMemoryWorld({ seed: [] })).apply(changePlanOf([entryOf('New', NOTE, { action: 'create', properties: { NoteName: 'new', Text: 'new' } })]), { ports: { vault: weak } });
    expect(made.outcome).toBe('done');
  });

  it('needs no bucket for what destroys nothing', async () => {
    const world = freshWorld();
    const report = await benchOf(world).apply(changePlanOf(entries.slice(0, 1)), { ports: { vault: memoryVault(null) } });
    expect(report.outcome).toBe('done');
  });
});
