import { expect, it } from '@jest/globals';
import { orderNodes, type OrderNode } from '../../src/plan/graph/order.ts';

const nodes = (...addresses: string[]): OrderNode[] => addresses.map((address, index) => ({ address, rank: 0, index }));
const after = (edges: Readonly<Record<string, readonly string[]>>) =>
  new Map(Object.entries(edges).map(([from, to]) => [from, new Set(to)]));

it('runs each after what it needs, else by rank, else by file', () => {
  const list = [
    { address: 'd', rank: 3, index: 0 },
    { address: 'u', rank: 2, index: 1 },
    { address: 'c2', rank: 0, index: 2 },
    { address: 'c1', rank: 0, index: 3 },
  ];
  expect(orderNodes(list, after({ c2: ['u'] })).order).toEqual(['c1', 'u', 'c2', 'd']);
});

it('names every circle in full and keeps the rest in order', () => {
  const { order, cycles, stuck } = orderNodes(
    nodes('a', 'b', 'c', 'd', 'e', 'f', 'g'),
    after({ a: ['b'], b: ['a'], c: ['d', 'a'], d: ['e'], e: ['c'], f: ['c'], g: ['g'] }),
  );
  expect(cycles.map((cycle) => [...cycle].sort())).toEqual(
    expect.arrayContaining([['a', 'b'], ['c', 'd', 'e'], ['g']]),
  );
  expect(cycles).toHaveLength(3);
  expect([...stuck].sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  expect(order).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  for (const cycle of cycles)
    for (const [index, address] of cycle.entries())
      expect({ a: ['b'], b: ['a'], c: ['d', 'a'], d: ['e'], e: ['c'], g: ['g'] }[address]).toContain(
        cycle[(index + 1) % cycle.length],
      );
});

it('ignores what is not a node', () => expect(orderNodes(nodes('a'), after({ a: ['nobody'] })).order).toEqual(['a']));

it('goes through a chain of 10,000, and through a circle of 10,000, without recursion', () => {
  const list = nodes(...Array.from({ length: 10_000 }, (_, index) => `n${index}`));
  const chain = new Map(list.slice(0, -1).map(({ address }, index) => [address, new Set([`n${index + 1}`])]));
  expect(orderNodes(list, chain).order).toEqual(list.map(({ address }) => address).reverse());
  chain.set('n9999', new Set(['n0']));
  expect(orderNodes(list, chain).cycles[0]).toHaveLength(10_000);
});
