import type { Plan, Step } from '../../domain/plan.ts';
import { layoutOf, type Edge } from './picture-layout.ts';
import { inReadingOrder, isUnchanged } from './plan-parts.ts';

/**
 * A box of the picture, in CSS pixels from its upper left corner. `place` is the step's place in the order of
 * execution, from 1.
 */
export interface PictureNode {
  readonly step: Step;
  readonly place: number;
  readonly x: number;
  readonly y: number;
}
/** A line from a step to one that runs after it: the points that it passes, left to right. */
export interface PictureEdge {
  readonly from: Step;
  readonly to: Step;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/**
 * The steps that change something as a layered graph, what runs later further to the right. Those without relations
 * stand below in rows.
 */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly PictureNode[];
  readonly edges: readonly PictureEdge[];
  /** Where the steps without relations begin; null where there are none beside others. */
  readonly alone: number | null;
  /** How many steps change something. */
  readonly of: number;
  /** The steps after which each drawn step runs, by its address, in the order of execution. */
  readonly after: ReadonlyMap<string, readonly string[]>;
}

/** Two boxes and a line between them fit on a telephone. */
export const box = { width: 146, height: 62 } as const;
const gap = { x: 32, y: 16, alone: 16 } as const;
/** A line that passes a layer needs less room than a box. */
const passage = 14;
/** Above this many steps only those that are connected to a destruction or a grant are drawn. */
const mostDrawnWhole = 60;
/** A picture of more boxes than this is no picture. */
export const mostDrawn = 240;

/**
 * The picture of a plan: layers by the longest path, few crossings. Pure.
 */
export function pictureOf(plan: Plan): Picture {
  const steps = plan.steps.filter((step) => !isUnchanged(step));
  const all = new Map(steps.map((step) => [step.id, step] as const));
  const drawn = chosen(steps, all);
  const places = new Map(steps.map((step, index) => [step.id, index + 1] as const));
  const edges = [...drawn].flatMap((to) =>
    [...new Set(all.get(to)?.dependsOn ?? [])]
      .filter((from) => from !== to && drawn.has(from))
      .map((from): Edge => ({ from, to })),
  );
  const related = new Set(edges.flatMap(({ from, to }) => [from, to]));
  const connected = [...drawn].filter((id) => related.has(id));
  const { corners, lines } = layoutOf(connected, edges, { ...box, gap });
  const nodes: PictureNode[] = connected.flatMap((id) => {
    const [step, corner] = [all.get(id), corners.get(id)];
    return step === undefined || corner === undefined ? [] : [{ step, place: places.get(id) ?? 0, ...corner }];
  });
  const passed = lines.flat();
  const bottom = Math.max(0, ...nodes.map(({ y }) => y + box.height), ...passed.map(({ y }) => y + passage / 2));
  const reach = Math.max(0, ...nodes.map(({ x }) => x + box.width));
  const alone = inReadingOrder(
    [...drawn].flatMap((id) => (related.has(id) ? [] : [all.get(id)].filter((step) => step !== undefined))),
  );
  // Two boxes fit beside each other on a telephone; a long list of them is better in more.
  const columns = Math.min(
    alone.length,
    Math.max(alone.length > 12 ? 4 : 2, Math.floor((reach + gap.alone) / (box.width + gap.alone))),
  );
  const top = connected.length === 0 ? 0 : bottom + 44;
  for (const [index, step] of alone.entries()) {
    nodes.push({
      step,
      place: places.get(step.id) ?? 0,
      x: (index % columns) * (box.width + gap.alone),
      y: top + Math.floor(index / columns) * (box.height + gap.alone),
    });
  }
  return {
    nodes,
    of: steps.length,
    width: Math.max(reach, ...nodes.map(({ x }) => x + box.width), 0),
    height: Math.max(bottom, ...nodes.map(({ y }) => y + box.height)),
    edges: edges.flatMap(({ from, to }, index) => {
      const [start, end] = [all.get(from), all.get(to)];
      return start === undefined || end === undefined ? [] : [{ from: start, to: end, points: lines[index] ?? [] }];
    }),
    alone: alone.length > 0 && connected.length > 0 ? top - 20 : null,
    after: new Map(
      [...drawn].map(
        (id) =>
          [
            id,
            edges
              .filter(({ to }) => to === id)
              .map(({ from }) => from)
              .sort((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0)),
          ] as const,
      ),
    ),
  };
}

/**
 * The steps that are drawn, in the order of execution: all, or those that are connected to a destruction or a grant.
 */
function chosen(steps: readonly Step[], all: ReadonlyMap<string, Step>): ReadonlySet<string> {
  if (steps.length <= mostDrawnWhole) return new Set(all.keys());
  const marked = inReadingOrder(steps).filter((step) => step.destruction !== null || step.grant !== null);
  const wanted = new Set(marked.slice(0, mostDrawn).map(({ id }) => id));
  const near = steps.flatMap((step) => [
    ...step.dependsOn.filter(() => wanted.has(step.id)),
    ...(step.dependsOn.some((id) => wanted.has(id)) ? [step.id] : []),
  ]);
  for (const id of near) if (wanted.size < mostDrawn && all.has(id)) wanted.add(id);
  return new Set(steps.map(({ id }) => id).filter((id) => wanted.has(id)));
}
