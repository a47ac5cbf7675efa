/**
 * One circle of every strongly connected part (Tarjan's algorithm, iterative): addresses of which each runs after the
 * next, and the last after the first. `members` in file order.
 */
export function findCycles(
  members: readonly string[],
  within: ReadonlySet<string>,
  after: ReadonlyMap<string, ReadonlySet<string>>,
): readonly (readonly string[])[] {
  const next = (address: string): readonly string[] =>
    [...(after.get(address) ?? [])].filter((other) => within.has(other));
  const cycles: (readonly string[])[] = [];
  for (const part of parts(members, next)) {
    const first = part[0] as string;
    if (part.length > 1 || next(first).includes(first)) cycles.push(circle(first, new Set(part), next));
  }
  return cycles;
}

/** For each address the number of its strongly connected part: two of one number wait for each other. */
export const knotsOf = (
  members: readonly string[],
  after: ReadonlyMap<string, ReadonlySet<string>>,
): ReadonlyMap<string, number> =>
  new Map(
    parts(members, (address) => [...(after.get(address) ?? [])]).flatMap((part, index) =>
      part.map((address) => [address, index] as const),
    ),
  );

interface Frame {
  readonly address: string;
  readonly next: readonly string[];
  at: number;
}

function parts(
  members: readonly string[],
  next: (address: string) => readonly string[],
): readonly (readonly string[])[] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const open = new Set<string>();
  const stack: string[] = [];
  const found: string[][] = [];
  const enter = (address: string): Frame => {
    index.set(address, index.size);
    low.set(address, index.size - 1);
    stack.push(address);
    open.add(address);
    return { address, next: next(address), at: 0 };
  };
  const lower = (address: string, value: number): void => {
    low.set(address, Math.min(low.get(address) ?? value, value));
  };
  for (const start of members) {
    if (index.has(start)) continue;
    const frames = [enter(start)];
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      const other = frame.next[frame.at];
      frame.at += 1;
      if (other === undefined) {
        frames.pop();
        const parent = frames.at(-1);
        if (parent !== undefined) lower(parent.address, low.get(frame.address) ?? 0);
        if (low.get(frame.address) === index.get(frame.address)) {
          const part = stack.splice(stack.lastIndexOf(frame.address));
          for (const address of part) open.delete(address);
          found.push(part);
        }
      } else if (!index.has(other)) frames.push(enter(other));
      else if (open.has(other)) lower(frame.address, index.get(other) ?? 0);
    }
  }
  return found;
}

/** Walks inside one part until it meets itself. */
function circle(
  start: string,
  part: ReadonlySet<string>,
  next: (address: string) => readonly string[],
): readonly string[] {
  const walk: string[] = [];
  const places = new Map<string, number>();
  let here = start;
  for (;;) {
    const place = places.get(here);
    if (place !== undefined) return walk.slice(place);
    places.set(here, walk.length);
    walk.push(here);
    here = next(here).find((address) => part.has(address)) ?? start;
  }
}
