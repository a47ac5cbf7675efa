import type { Point } from './points.ts';

/** Of the points that are no kills, a slice holds one of so many. */
const parts = 3;

/**
 * The points that one run of CI tries: every kill point of every mutating call, each followed by one of its two ways
 * on, and a third of the other points. The commit (any text of hexadecimal digits) turns the choice, so that the
 * commits of a day cover all of them.
 */
export function sliceOf(points: readonly Point[], commit: string): readonly Point[] {
  const turn = Number.parseInt(commit.slice(0, 8), 16) || 0;
  const kills = [...new Set(points.flatMap((point) => (point.kind === 'kill' ? [killed(point)] : [])))];
  const others = points.filter(({ kind }) => kind === 'fault');
  const ways = new Map(kills.map((name, index) => [name, (turn + index) % 2 === 0 ? 'resume' : 'rollback']));
  const chosen = new Set(others.filter((_, index) => (turn + index) % parts === 0).map(({ name }) => name));
  return points.filter((point) =>
    point.kind === 'kill' ? ways.get(killed(point)) === point.way : chosen.has(point.name),
  );
}

const killed = ({ when, call, scenario }: Point & { readonly kind: 'kill' }): string =>
  `${when} ${call.operation}#${call.nth} of ${scenario}`;
