import { findCycles } from './order-cycles.ts';

/** One node of the order: `rank` orders what is free to run at the same time, `index` is the place in the file. */
export interface OrderNode {
  readonly address: string;
  readonly rank: number;
  readonly index: number;
}

export interface Ordered {
  /** Addresses in the order of execution; those in or behind a circle come last, in file order. */
  readonly order: readonly string[];
  /** One circle of every knot, each as addresses of which each runs after the next; the first is not repeated. */
  readonly cycles: readonly (readonly string[])[];
  /** Addresses that are in a circle or wait for one. */
  readonly stuck: ReadonlySet<string>;
}

/**
 * Orders nodes so that each runs after everything in `after`; of what is free, the lowest rank first, then file order.
 * Deterministic and iterative. Unknown addresses in `after` are ignored.
 */
export function orderNodes(nodes: readonly OrderNode[], after: ReadonlyMap<string, ReadonlySet<string>>): Ordered {
  const known = new Map(nodes.map((node) => [node.address, node]));
  const waiting = new Map<string, number>();
  const releases = new Map<string, OrderNode[]>();
  const free = new Heap();
  for (const node of nodes) {
    let count = 0;
    for (const address of after.get(node.address) ?? []) {
      if (!known.has(address)) continue;
      count += 1;
      const list = releases.get(address);
      if (list === undefined) releases.set(address, [node]);
      else list.push(node);
    }
    waiting.set(node.address, count);
    if (count === 0) free.push(node);
  }
  const order: string[] = [];
  for (let node = free.pop(); node !== undefined; node = free.pop()) {
    order.push(node.address);
    for (const next of releases.get(node.address) ?? []) {
      const left = (waiting.get(next.address) ?? 0) - 1;
      waiting.set(next.address, left);
      if (left === 0) free.push(next);
    }
  }
  const stuck = new Set(nodes.filter(({ address }) => (waiting.get(address) ?? 0) > 0).map(({ address }) => address));
  const rest = nodes
    .filter(({ address }) => stuck.has(address))
    .sort((a, b) => a.index - b.index)
    .map(({ address }) => address);
  return { order: [...order, ...rest], cycles: findCycles(rest, stuck, after), stuck };
}

/** A binary heap by rank, then place in the file. */
class Heap {
  readonly #items: OrderNode[] = [];

  push(node: OrderNode): void {
    const items = this.#items;
    items.push(node);
    let at = items.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(node, items[parent] as OrderNode)) break;
      items[at] = items[parent] as OrderNode;
      at = parent;
    }
    items[at] = node;
  }

  pop(): OrderNode | undefined {
    const items = this.#items;
    const top = items[0];
    const last = items.pop();
    if (top === undefined || last === undefined || items.length === 0) return top;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= items.length) break;
      const right = left + 1;
      const child = right < items.length && before(items[right] as OrderNode, items[left] as OrderNode) ? right : left;
      if (!before(items[child] as OrderNode, last)) break;
      items[at] = items[child] as OrderNode;
      at = child;
    }
    items[at] = last;
    return top;
  }
}

const before = (a: OrderNode, b: OrderNode): boolean => a.rank < b.rank || (a.rank === b.rank && a.index < b.index);
