/** How often all heights move towards their neighbours. */
const rounds = 12;

/**
 * The height of each name's middle, from 0: as close to the mean of its neighbours as the others of its layer let it.
 * `layers` are in their order from above, `lines` the edges as names, `size` the room that a name needs.
 */
export function centred(
  layers: readonly (readonly string[])[],
  lines: readonly (readonly string[])[],
  size: (name: string) => number,
): ReadonlyMap<string, number> {
  const neighbours = new Map<string, string[]>();
  for (const line of lines) {
    for (const [index, name] of line.entries()) {
      const next = line[index + 1];
      if (next === undefined) continue;
      neighbours.set(name, [...(neighbours.get(name) ?? []), next]);
      neighbours.set(next, [...(neighbours.get(next) ?? []), name]);
    }
  }
  const at = new Map<string, number>();
  for (const layer of layers) {
    let used = 0;
    for (const name of layer) {
      at.set(name, used + size(name) / 2);
      used += size(name);
    }
  }
  const settle = (layer: readonly string[]): void => {
    const wanted = layer.map((name) => {
      const near = (neighbours.get(name) ?? []).map((other) => at.get(other) ?? 0);
      return near.length === 0 ? (at.get(name) ?? 0) : near.reduce((sum, height) => sum + height, 0) / near.length;
    });
    for (const [index, height] of apart(wanted, layer.map(size)).entries()) at.set(layer[index] ?? '', height);
  };
  for (let round = 0; round < rounds; round += 1) {
    for (const layer of round % 2 === 0 ? layers.slice(1) : [...layers].reverse()) settle(layer);
  }
  const top = Math.min(...layers.flatMap((layer) => layer.map((name) => (at.get(name) ?? 0) - size(name) / 2)));
  return new Map([...at].map(([name, height]) => [name, Math.round(height - top)] as const));
}

/**
 * The heights closest to the wanted ones (least squares) that keep the order and the distances. Less what lies before
 * it, each height may only grow: isotonic regression, by pooling neighbours that would overtake each other.
 */
export function apart(wanted: readonly number[], sizes: readonly number[]): readonly number[] {
  const offsets: number[] = [];
  let used = 0;
  for (const size of sizes) {
    offsets.push(used + size / 2);
    used += size;
  }
  const pools: { sum: number; count: number }[] = [];
  for (const [index, height] of wanted.entries()) {
    pools.push({ sum: height - (offsets[index] ?? 0), count: 1 });
    for (
      let last = pools.at(-1), before = pools.at(-2);
      last !== undefined && before !== undefined && before.sum / before.count > last.sum / last.count;
      last = pools.at(-1), before = pools.at(-2)
    ) {
      pools.splice(-2, 2, { sum: before.sum + last.sum, count: before.count + last.count });
    }
  }
  return pools
    .flatMap(({ sum, count }) => Array.from({ length: count }, () => sum / count))
    .map((height, index) => height + (offsets[index] ?? 0));
}
