import { graphlib, layout } from '@dagrejs/dagre';

/** `to` runs after `from`. */
export interface Edge {
  readonly from: string;
  readonly to: string;
}
interface Point {
  readonly x: number;
  readonly y: number;
}
/** Where each node's left upper corner stands, and the points that each edge passes, left to right, in pixels. */
export interface Layout {
  readonly corners: ReadonlyMap<string, Point>;
  readonly lines: readonly (readonly Point[])[];
}
export interface LayoutSizes {
  readonly width: number;
  readonly height: number;
  /** Between two layers, and between two nodes of a layer. */
  readonly gap: { readonly x: number; readonly y: number };
}

/**
 * A layered graph from left to right, by the longest path, with few crossings. An edge between two layers that are not
 * neighbours passes the ones between. Answers the same for the same. Pure.
 */
export function layoutOf(
  names: readonly string[],
  edges: readonly Edge[],
  { width, height, gap }: LayoutSizes,
): Layout {
  if (names.length === 0) return { corners: new Map(), lines: [] };
  const graph = new graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', ranker: 'longest-path', nodesep: gap.y, edgesep: gap.y, ranksep: gap.x });
  for (const name of names) graph.setNode(name, { width, height });
  for (const [index, { from, to }] of edges.entries()) graph.setEdge(from, to, {}, String(index));
  layout(graph);
  const corners = new Map(
    names.map((name) => {
      const { x, y } = graph.node(name) as Point;
      return [name, { x: Math.round(x - width / 2), y: Math.round(y - height / 2) }] as const;
    }),
  );
  const layers = new Set([...corners.values()].map(({ x }) => x));
  const lines = edges.map(({ from, to }, index): readonly Point[] => {
    const { points = [] } = graph.edge(from, to, String(index)) as { readonly points?: readonly Point[] };
    const [start, end] = [corners.get(from), corners.get(to)];
    if (start === undefined || end === undefined) return [];
    // In the layers between, a line passes straight where a node would stand.
    const between = points.flatMap(({ x, y }) => {
      const left = Math.round(x - width / 2);
      return layers.has(left) && left > start.x && left < end.x
        ? [
            { x: left, y: Math.round(y) },
            { x: left + width, y: Math.round(y) },
          ]
        : [];
    });
    return [{ x: start.x + width, y: start.y + height / 2 }, ...between, { x: end.x, y: end.y + height / 2 }];
  });
  return { corners, lines };
}
