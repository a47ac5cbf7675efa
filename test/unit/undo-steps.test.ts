import { describe, expect, it } from '@jest/globals';
import { send } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { ResourceType } from '../../src/domain/resource-type.ts';
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

describe('a group that names another one of the same undo', () => {
  const rule = (SourceGroup: string) => ({ Protocol: 'tcp', Port: 5432, SourceGroup });
  /** As EC2: a group is made without the rules that name what is not back, and gets them when it is. */
  const asEc2 = (type: ResourceType, isAdded: boolean): ResourceType => ({
    ...type,
    capture: {
      ...type.capture!,
      restore: (context, capture) =>
        type.capture!.restore(
          {
            ...context,
            live: {
              ...context.live!,
              properties: {
                ...context.live!.properties,
                Rules: (context.live!.properties['Rules'] as readonly JsonObject[]).filter(
                  ({ SourceGroup }) => context.remap(String(SourceGroup)) !== SourceGroup,
                ),
              },
            },
          },
          capture,
        ),
    },
    *repoint(context, _capture, to) {
      if (context.live?.identity !== 'g-2' || !isAdded) return;
      yield* send({
        service: 'ec2',
        operation: 'AuthorizeRules',
        identity: context.remap('g-1'),
        retry: 'absolute',
        purpose: 'add the rule that names it',
        input: { GroupId: context.remap('g-1'), Rules: [rule(to)] },
      });
    },
  });
  const undone = async (isAdded: boolean) => {
    const world = createMemoryWorld({
      seed: [
        { type: GROUP, identity: 'g-1', properties: { GroupName: 'db', Rules: [rule('g-2')] } },
        { type: GROUP, identity: 'g-2', properties: { GroupName: 'web', Rules: [] } },
      ],
    });
    const all = world.types.all.map((type) => (type.type === GROUP ? asEc2(type, isAdded) : type));
    const bench = benchOf({ ...world, types: { all, get: (name) => all.find(({ type }) => type === name) } });
    const gone = await bench.apply(
      changePlanOf([
        entryOf('DbSG', GROUP, { action: 'delete', id: 'g-1', expect: {} }),
        entryOf('SG', GROUP, { action: 'delete', id: 'g-2', expect: {}, dependsOn: ['DbSG'] }),
      ]),
    );
    expect(gone.outcome).toBe('done');
    const { changePlan } = await bench.rollback(run);
    // As in the rollback of a rollback, where a circle of groups is cut: the one that names the other comes first.
    const resources = [...changePlan.resources].sort((a) => (a.address === 'DbSG' ? -1 : 1));
    return bench.apply(
      {
        ...changePlan,
        resources: resources.map((entry) => ({
          ...entry,
          properties: { GroupName: entry.address === 'SG' ? 'web' : 'db' },
          dependsOn: entry.address === 'SG' ? ['DbSG'] : [],
        })),
      },
      { run: undo(1) },
    );
  };

  it('comes back whole, and is not said to differ because the other was not back yet', async () => {
    const report = await undone(true);
    expect([report.outcome, report.findings]).toEqual(['done', []]);
  });

  it('is said to differ where the rule is not there when all of it is back', async () => {
    const report = await undone(false);
    expect(report.findings.map(({ step, code }) => [step, code])).toEqual([['DbSG', 'restored-differently']]);
  });
});
