/**
 * Every circle in a graph of addresses, each named in full in the direction of the arrows, `A → B → C`; one for each
 * knot of addresses that depend on each other. Iterative (Tarjan), so that a chain of 10,000 does no harm.
 */
export function findCycles(arrows: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open = new Set<string>();
  const stack: string[] = [];
  const knots: Set<string>[] = [];
  for (const root of arrows.keys()) {
    if (order.has(root)) continue;
    const path: { readonly at: string; next: number }[] = [{ at: root, next: 0 }];
    while (path.length > 0) {
      const frame = path.at(-1)!;
      const { at } = frame;
      if (!order.has(at)) {
        order.set(at, order.size);
        low.set(at, order.get(at)!);
        stack.push(at);
        open.add(at);
      }
      const target = arrows.get(at)?.[frame.next];
      frame.next += 1;
      if (target !== undefined) {
        if (!arrows.has(target)) continue;
        if (!order.has(target)) path.push({ at: target, next: 0 });
        else if (open.has(target)) low.set(at, Math.min(low.get(at)!, order.get(target)!));
        continue;
      }
      path.pop();
      const parent = path.at(-1)?.at;
      if (parent !== undefined) low.set(parent, Math.min(low.get(parent)!, low.get(at)!));
      if (low.get(at) !== order.get(at)) continue;
      const knot = new Set<string>();
      for (let member = ''; member !== at;) {
        member = stack.pop()!;
        open.delete(member);
        knot.add(member);
      }
      if (knot.size > 1 || (arrows.get(at) ?? []).includes(at)) knots.push(knot);
    }
  }
  return knots.map((knot) => shortestCircle(knot, arrows, order));
}

/** The shortest way from the knot's first address back to itself. */
function shortestCircle(
  knot: ReadonlySet<string>,
  arrows: ReadonlyMap<string, readonly string[]>,
  order: ReadonlyMap<string, number>,
): readonly string[] {
  const start = [...knot].reduce((first, member) => (order.get(member)! < order.get(first)! ? member : first));
  const came = new Map<string, string>();
  const queue = [start];
  for (let head = 0; head < queue.length; head += 1) {
    const at = queue[head]!;
    for (const target of arrows.get(at) ?? []) {
      if (target === start) {
        const circle = [at];
        for (let back = at; back !== start;) {
          back = came.get(back)!;
          circle.push(back);
        }
        return circle.reverse();
      }
      if (!knot.has(target) || came.has(target)) continue;
      came.set(target, at);
      queue.push(target);
    }
  }
  return [...knot];
}
