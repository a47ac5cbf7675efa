import { describe, expect, it } from '@jest/globals';
import { benchOf, changePlanOf, entryOf, type Bench } from '../helpers/apply-world.ts';
import { BOX, createMemoryWorld, DATABASE, GROUP, NOTE } from '../helpers/memory-world.ts';

const run = '20260226-230000-0001';
const undo = (number: number): string => `20260226-23000${number}-0002`;

/** A database in a group, a box that has nothing to do with them, a note that was changed, and another that was made. */
async function changed(): Promise<Bench> {
  const bench = benchOf(
    createMemoryWorld({
      seed: [
        { type: GROUP, identity: 'g-1', properties: { GroupName: 'web' } },
        { type: DATABASE, identity: 'db', properties: { GroupIds: ['g-1'] }, rows: ['a'] },
        { type: BOX, identity: 'box', rows: ['k=v'] },
        { type: NOTE, identity: 'note', properties: { Text: 'old' } },
      ],
    }),
  );
  const report = await bench.apply(
    changePlanOf([
      entryOf('New', NOTE, { action: 'create', properties: { NoteName: 'new', Text: 'made' } }),
      entryOf('Note', NOTE, { action: 'update', id: 'note', properties: { Text: 'changed' } }),
      entryOf('Db', DATABASE, { action: 'delete', id: 'db', expect: {} }),
      entryOf('Web', GROUP, { action: 'delete', id: 'g-1', expect: {}, dependsOn: ['Db'] }),
      entryOf('Box', BOX, { action: 'delete', id: 'box', expect: {} }),
    ]),
  );
  expect(report.outcome).toBe('done');
  return bench;
}

describe('what AWS refuses of one resource in an undo', () => {
  it('stops what has to do with it, and what destroys, and nothing else; the next undo does the rest', async () => {
    const bench = await changed();
    bench.world.fail('ec2:CreateGroup', { code: 'TagLimitExceeded', kind: 'invalid' });
    const first = await bench.apply((await bench.rollback(run)).changePlan, { run: undo(1) });
    const states = Object.fromEntries(first.steps.map(({ id, state }) => [id, state]));
    expect(first.outcome).toBe('failed');
    expect(states).toEqual({ Web: 'failed', Db: 'not-started', Box: 'done', Note: 'done', New: 'not-started' });
    expect(bench.world.rows('box')).toEqual(['k=v']);
    expect((await bench.world.get(NOTE, 'note'))?.properties['Text']).toBe('old');
    expect(await bench.world.get(NOTE, 'new')).toBeDefined();
    const second = await bench.apply((await bench.rollback(run)).changePlan, { run: undo(2) });
    expect([second.outcome, bench.world.rows('db')]).toEqual(['done', ['a']]);
    expect(await bench.world.get(NOTE, 'new')).toBeUndefined();
  });

  it('stops everything where it is no refusal of that resource: the network, the credentials', async () => {
    const bench = await changed();
    bench.world.fail('ec2:CreateGroup', { code: 'ExpiredToken', kind: 'expired', times: 9 });
    const first = await bench.apply((await bench.rollback(run)).changePlan, { run: undo(1) });
    expect(first.outcome).not.toBe('done');
    expect(first.steps.find(({ id }) => id === 'Note')?.state).toBe('not-started');
  });
});
