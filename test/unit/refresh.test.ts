import { expect, it } from '@jest/globals';
import { refresh } from '../../src/plan/refresh/refresh.ts';
import type { LiveState } from '../../src/domain/live.ts';
import type { ReadQuery, ResourceTypes } from '../../src/domain/resource-type.ts';
import { createMemoryWorld, DATABASE, GROUP, LINK, NETWORK, NOTE, type MemoryWorld } from '../helpers/memory-world.ts';
import { changePlanOf, planningNow, type EntrySample } from '../helpers/planning-samples.ts';

/** Refreshes, and tells what each type was asked for, in order. */
async function read(
  world: MemoryWorld,
  entries: readonly EntrySample[],
  concurrency = 4,
): Promise<{ live: LiveState; asked: readonly (readonly [string, ReadQuery])[]; most: number }> {
  const asked: [string, ReadQuery][] = [];
  let open = 0;
  let most = 0;
  const all = world.types.all.map((type) => ({
    ...type,
    read: async (...[aws, query]: Parameters<typeof type.read>) => {
      asked.push([type.type, query]);
      open += 1;
      most = Math.max(most, open);
      await new Promise((done) => {
        setImmediate(done);
      });
      open -= 1;
      return type.read(aws, query);
    },
  }));
  const types: ResourceTypes = { all, get: (name) => all.find(({ type }) => type === name) };
  const live = await refresh(changePlanOf(entries), {
    aws: world.session,
    types,
    schemas: world.schemas,
    target: world.target,
    now: planningNow,
    concurrency,
  });
  return { live, asked, most };
}

const seed = [
  { type: NETWORK, identity: 'n-1', properties: { Tags: { Name: 'prod' } } },
  { type: GROUP, identity: 'g-1', properties: { GroupName: 'one', NetworkId: 'n-1', Tags: { Name: 'one' } } },
  { type: DATABASE, identity: 'a' },
  { type: DATABASE, identity: 'b' },
];
const update = (address: string, id: string, properties: EntrySample['properties'] = {}): EntrySample => ({
  address,
  type: DATABASE,
  action: 'update',
  id,
  properties: properties ?? {},
});

it('reads a type once, with all its identities, and what an update mentions by name', async () => {
  const { live, asked } = await read(createMemoryWorld({ seed }), [
    update('A', 'a', { Parameters: {} }),
    update('B', 'b'),
    update('C', 'nobody'),
  ]);
  expect(asked).toHaveLength(1);
  expect(asked[0]?.[1]).toMatchObject({
    identities: ['a', 'b', 'nobody'],
    all: false,
    detailed: new Set(['a', 'b', 'nobody']),
    properties: new Map([['a', new Set(['Parameters'])]]),
    now: planningNow,
  });
  expect(live).toMatchObject({
    absent: [{ type: DATABASE, identity: 'nobody' }],
    complete: [],
    failures: [],
    calls: { 'rds:DescribeDatabases': 1 },
    recorded: false,
  });
});

it('reads literal ids, all types that may depend on a victim, and all of a type for find and create', async () => {
  const { asked } = await read(createMemoryWorld({ seed }), [
    update('A', 'a', { GroupIds: ['g-1', { Ref: 'X' }] }),
    { address: 'N', type: NOTE, action: 'create', properties: { NoteName: 'n' } },
  ]);
  expect(new Map(asked.map(([type, { identities, all }]) => [type, { identities, all }]))).toEqual(
    new Map([
      [DATABASE, { identities: ['a'], all: false }],
      [GROUP, { identities: ['g-1'], all: false }],
      [NOTE, { identities: [], all: true }],
    ]),
  );
  const victim = await read(createMemoryWorld({ seed }), [{ address: 'G', type: GROUP, action: 'delete', id: 'g-1' }]);
  expect(victim.asked.map(([type, { all }]) => [type, all])).toEqual(
    expect.arrayContaining([
      [DATABASE, true],
      [GROUP, true],
    ]),
  );
  expect(victim.live.complete).toEqual([DATABASE, GROUP, LINK]);
  expect(victim.live.resources.find(({ identity }) => identity === 'g-1')?.detailed).toBe(true);
  expect(victim.live.resources.find(({ identity }) => identity === 'a')?.detailed).toBe(false);
});

it('reads the details of what find found, in a second round, and of nothing else', async () => {
  const { live, asked } = await read(createMemoryWorld({ seed }), [
    { address: 'G', type: GROUP, action: 'update', find: { Tags: { Name: 'one' } }, properties: { Description: 'd' } },
    { address: 'Net', type: NETWORK, action: 'read', find: { Tags: { Name: 'prod' } } },
  ]);
  expect(asked.map(([type, { all, detailed }]) => [type, all, [...detailed]])).toEqual([
    [GROUP, true, []],
    [NETWORK, true, []],
    [GROUP, false, ['g-1']],
  ]);
  expect(live.resources.find(({ identity }) => identity === 'g-1')?.detailed).toBe(true);
});

it('reads all types at once, within the bound', async () => {
  const entries: readonly EntrySample[] = [
    { address: 'G', type: GROUP, action: 'delete', id: 'g-1' },
    { address: 'N', type: NOTE, action: 'create', properties: {} },
    { address: 'Net', type: NETWORK, action: 'read', id: 'n-1' },
  ];
  expect((await read(createMemoryWorld({ seed }), entries)).most).toBe(4);
  expect((await read(createMemoryWorld({ seed }), entries, 2)).most).toBe(2);
});

it('takes a denied read for a failure, not for absence, and passes on what makes planning pointless', async () => {
  const denied = createMemoryWorld({ seed });
  denied.fail('rds:DescribeDatabases', { code: 'AccessDenied', kind: 'denied' });
  const { live } = await read(denied, [update('A', 'a')]);
  expect(live).toMatchObject({
    absent: [],
    complete: [],
    failures: [{ type: DATABASE, identity: 'a', code: 'AccessDenied' }],
    refusals: [{ type: DATABASE, operation: 'rds:DescribeDatabases', code: 'AccessDenied' }],
  });
  for (const kind of ['expired', 'network', 'denied'] as const) {
    const world = createMemoryWorld({ seed });
    const throwing = world.types.all.map((type) => ({
      ...type,
      read: () =>
        world.session.read({ service: 'rds', operation: 'DescribeDatabase', input: { DatabaseName: 'a' } }) as never,
    }));
    world.fail('rds:DescribeDatabase', { code: 'Oops', kind, times: 9 });
    const reading = refresh(changePlanOf([update('A', 'a')]), {
      aws: world.session,
      types: { all: throwing, get: (name) => throwing.find(({ type }) => type === name) },
      schemas: world.schemas,
      target: world.target,
      now: planningNow,
      concurrency: 1,
    });
    if (kind === 'denied')
      expect((await reading).failures).toMatchObject([{ type: DATABASE, identity: null, code: 'Oops' }]);
    else await expect(reading).rejects.toMatchObject({ kind });
  }
});
