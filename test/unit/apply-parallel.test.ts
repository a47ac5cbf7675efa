import { describe, expect, it } from '@jest/globals';
import { AwsError } from '../../src/base/error.ts';
import type { ApplySession } from '../../src/domain/records/ports.ts';
import { callName } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { Task } from '../../src/run/apply/run-context.ts';
import { edgesOf, ranksOf } from '../../src/run/apply/change-phase.ts';
import { tasksOf } from '../../src/run/apply/run-context.ts';
import { benchOf, changePlanOf, entryOf } from '../helpers/apply-world.ts';
import { createMemoryWorld, DATABASE, GROUP, NETWORK, NOTE, type Seed } from '../helpers/memory-world.ts';

const run = '20260226-230000-0001';
const database = (identity: string, more: Partial<Seed> = {}): Seed => ({
  type: DATABASE,
  identity,
  properties: { Class: 'db.large' },
  rows: [identity],
  ...more,
});
const network: Seed = { type: NETWORK, identity: 'net-1', properties: { Range: '10.0.0.0/16', Tags: {} } };
const grow = (address: string, id: string) => entryOf(address, DATABASE, { id, properties: { Class: 'db.huge' } });
const drop = (address: string, id: string) =>
  entryOf(address, DATABASE, { action: 'delete', id, expect: { Class: 'db.large' } });

/** Counts mutating calls that are under way, except those of captures. */
function watching() {
  let under = 0;
  let most = 0;
  const session = (inner: ApplySession): ApplySession => ({
    ...inner,
    async mutate(call, resolved, permit) {
      const counts = call.operation !== 'CreateDatabaseSnapshot';
      if (counts) most = Math.max(most, (under += 1));
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
      try {
        return await inner.mutate(call, resolved, permit);
      } finally {
        if (counts) under -= 1;
      }
    },
  });
  return { session, most: () => most };
}

describe('steps of a run', () => {
  it('overlap while they wait; mutating calls go one at a time', async () => {
    const world = createMemoryWorld({ seed: ['a', 'b', 'c'].map((name) => database(name)), polls: 6 });
    const bench = benchOf(world);
    const watch = watching();
    const order: string[] = [];
    const report = await bench.apply(changePlanOf([grow('A', 'a'), grow('B', 'b'), grow('C', 'c')]), {
      run,
      session: watch.session,
      events: (event) => {
        if (event.kind === 'step' && event.step !== '') order.push(`${event.step} ${event.state}`);
      },
    });
    expect(report.outcome).toBe('done');
    expect(watch.most()).toBe(1);
    // All three are under way before the first is done.
    expect(order.slice(0, 3)).toEqual(['A started', 'B started', 'C started']);
    expect(order.slice(3).sort()).toEqual(['A done', 'B done', 'C done']);
  });

  it('after a failure no further call is sent, waits come to their end, and what was stopped or closed for its capture is opened again', async () => {
    const world = createMemoryWorld({ seed: ['a', 'b', 'c', 'd', 'e'].map((name) => database(name)), polls: 4 });
    const bench = benchOf(world);
    const before = await bench.state();
    let refused = false;
    const report = await bench.apply(
      changePlanOf(['a', 'b', 'c', 'd', 'e'].map((name) => drop(name.toUpperCase(), name))),
      {
        run,
        session: (inner) => ({
          ...inner,
          async mutate(call, resolved, permit) {
            if (call.operation === 'DeleteDatabase') {
              refused = true;
              throw new AwsError({
                code: 'AccessDenied',
                kind: 'denied',
                operation: callName(call),
                message: 'no',
                executed: 'no',
              });
            }
            return inner.mutate(call, resolved, permit);
          },
        }),
      },
    );
    expect([refused, report.outcome]).toEqual([true, 'failed']);
    const records = bench.journalOf(run);
    const failedAt = records.findIndex((record) => record.kind === 'outcome' && !record.ok);
    const later = records
      .slice(failedAt + 1)
      .flatMap((record) => (record.kind === 'intent' ? [`${record.purpose} ${record.declared.operation}`] : []));
    expect(later.length).toBeGreaterThan(0);
    expect(later.filter((call) => !call.startsWith('undo '))).toEqual([]);
    expect(await bench.state()).toEqual(before);
    expect(report.steps.filter(({ state }) => state === 'not-started').map(({ id }) => id)).toContain('E');
  });

  it('begin one after the other where one names the resource of the other, and at every change of rank', async () => {
    const world = createMemoryWorld({
      seed: [
        network,
        { type: GROUP, identity: 'g-1', properties: { GroupName: 'one', NetworkId: 'net-1' } },
        database('a', { properties: { Class: 'db.large', GroupIds: ['g-1'] } }),
        database('b'),
        database('c'),
      ],
    });
    const bench = benchOf(world);
    const planned = await bench.plan(
      changePlanOf([
        entryOf('Fresh', NOTE, { action: 'create', properties: { NoteName: 'fresh', Text: 'x' } }),
        grow('A', 'a'),
        grow('B', 'b'),
        entryOf('Group', GROUP, {
          id: 'g-1',
          properties: { Rules: [{ Protocol: 'tcp', Port: 443, Source: '10.0.0.0/8' }] },
        }),
        drop('C', 'c'),
      ]),
    );
    const tasks = tasksOf({ planned, ports: { types: world.types } } as unknown as Parameters<typeof tasksOf>[0]);
    const groups = ranksOf(tasks).map((group) => group.map(({ step }) => step.id));
    expect(groups.map((group) => [...group].sort())).toEqual([['Fresh'], ['A', 'B', 'Group'], ['C']]);
    const updates = ranksOf(tasks)[1] ?? [];
    const edges = edgesOf(updates);
    const [a, b, group] = ['A', 'B', 'Group'].map((id) => updates.findIndex(({ step }) => step.id === id)) as [
      number,
      number,
      number,
    ];
    expect(edges[Math.max(a, group)]).toContain(Math.min(a, group));
    expect(edges[Math.max(a, b)]).not.toContain(Math.min(a, b));
    expect(edges[b]).toEqual([]);
  });

  it('begin one after the other where one names every part of the composite identity of the other', () => {
    const task = (id: string, identity: string, properties: JsonObject): Task =>
      ({
        step: { id, identity, dependsOn: [] },
        work: { live: { identity, properties, attributes: {}, binding: {} }, desired: properties, entry: {} },
      }) as unknown as Task;
    const edges = edgesOf([
      task('Door', 'IGW|vpc-1', { VpcId: 'vpc-1', InternetGatewayId: 'igw-1' }),
      task('Gate', 'igw-1', { Attachments: ['IGW|vpc-1'] }),
      task('Other', 'igw-2', { Attachments: ['IGW|vpc-2'] }),
      task('Way', 'rtb-1|0.0.0.0/0', { RouteTableId: 'rtb-1', DestinationCidrBlock: '0.0.0.0/0' }),
      task('User', 'user', { Way: { RouteTableId: 'rtb-1', DestinationCidrBlock: '0.0.0.0/0' } }),
      task('Beside', 'rtb-1|10.0.0.0/8', { RouteTableId: 'rtb-1', DestinationCidrBlock: '10.0.0.0/8' }),
    ]);
    expect(edges).toEqual([[], [0], [], [], [3], []]);
  });
});
