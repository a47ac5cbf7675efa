/** `to` runs after `from`. */
export interface Edge {
  readonly from: string;
  readonly to: string;
}

/** Layers of node and passage names, and each edge as the names that it passes, one in each layer. */
export interface Layers {
  readonly layers: readonly (readonly string[])[];
  readonly lines: readonly (readonly string[])[];
}

/** How often the order of all layers is improved, once in each direction. */
const rounds = 8;

/**
 * Puts the nodes of a graph into layers by the longest path to them, lets long edges pass through the layers between,
 * and orders each layer by the barycentre of its neighbours, so that few lines cross. A circle, which only an edited
 * plan file can have, is cut where it closes. Takes names in a stable order; answers the same for the same.
 */
export function layersOf(names: readonly string[], edges: readonly Edge[]): Layers {
  const depth = depths(names, edges);
  const layers: string[][] = Array.from({ length: Math.max(-1, ...depth.values()) + 1 }, () => []);
  for (const name of names) layers[depth.get(name) ?? 0]?.push(name);
  const lines = edges.map(({ from, to }, index): readonly string[] => {
    const [first, last] = [depth.get(from) ?? 0, depth.get(to) ?? 0];
    // An edge back to an earlier layer closes a circle: it is drawn straight.
    if (last <= first) return [from, to];
    const between = Array.from({ length: last - first - 1 }, (_, layer) => {
      const passage = `\u0000${index} ${first + 1 + layer}`;
      layers[first + 1 + layer]?.push(passage);
      return passage;
    });
    return [from, ...between, to];
  });
  return { layers: untangled(layers, lines), lines };
}

/** The length of the longest path to each node. */
function depths(names: readonly string[], edges: readonly Edge[]): ReadonlyMap<string, number> {
  const before = new Map<string, string[]>();
  for (const { from, to } of edges) before.set(to, [...(before.get(to) ?? []), from]);
  const known = new Map<string, number>();
  const open = new Set<string>();
  const depth = (name: string): number => {
    const found = known.get(name);
    if (found !== undefined) return found;
    if (open.has(name)) return -1;
    open.add(name);
    const deepest = Math.max(-1, ...(before.get(name) ?? []).map(depth)) + 1;
    open.delete(name);
    known.set(name, deepest);
    return deepest;
  };
  for (const name of names) depth(name);
  return known;
}

/**
 * The layers, each sorted by the mean place of its neighbours in the layer before, then in the layer after, and again.
 */
function untangled(
  layers: readonly (readonly string[])[],
  lines: readonly (readonly string[])[],
): readonly (readonly string[])[] {
  const links = lines.flatMap((line) => line.slice(1).map((name, index) => [line[index] ?? name, name] as const));
  const [before, after] = [new Map<string, string[]>(), new Map<string, string[]>()];
  for (const [from, to] of links) {
    before.set(to, [...(before.get(to) ?? []), from]);
    after.set(from, [...(after.get(from) ?? []), to]);
  }
  const sorted = layers.map((layer) => [...layer]);
  const place = new Map<string, number>();
  const number = (layer: readonly string[]): void =>
    layer.forEach((name, index) => place.set(name, (index + 0.5) / layer.length));
  for (const layer of sorted) number(layer);
  const improve = (layer: string[], neighbours: ReadonlyMap<string, readonly string[]>): void => {
    const centre = new Map(
      layer.map(
        (name) =>
          [
            name,
            mean((neighbours.get(name) ?? []).map((other) => place.get(other) ?? 0)) ?? place.get(name) ?? 0,
          ] as const,
      ),
    );
    layer.sort((a, b) => (centre.get(a) ?? 0) - (centre.get(b) ?? 0) || (place.get(a) ?? 0) - (place.get(b) ?? 0));
    number(layer);
  };
  for (let round = 0; round < rounds; round += 1) {
    for (const layer of sorted.slice(1)) improve(layer, before);
    for (const layer of sorted.slice(0, -1).reverse()) improve(layer, after);
  }
  return sorted;
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
