import type { KillPoint, Point } from './points.ts';

/** Of the points that are no kills, a slice holds one of so many. */
const parts = 3;

/**
 * The points that one run of CI tries: every kill point of every mutating call, each followed by one of its two ways
 * on, and a third of the other points. A call that is not sent is followed by one way, and the same call carried out by
 * the other. The commit (any text of hexadecimal digits) turns the choice, so that the commits of a day cover all of
 * them.
 */
export function sliceOf(points: readonly Point[], commit: string): readonly Point[] {
  const turn = Number.parseInt(commit.slice(0, 8), 16) || 0;
  const calls = [...new Set(points.flatMap((point) => (point.kind === 'kill' ? [callOf(point)] : [])))];
  const places = new Map(calls.map((name, index) => [name, turn + index]));
  const wayOf = (point: KillPoint): KillPoint['way'] =>
    ((places.get(callOf(point)) ?? 0) + (point.when === 'before' ? 1 : 0)) % 2 === 0 ? 'resume' : 'rollback';
  const others = points.filter(({ kind }) => kind === 'fault');
  const chosen = new Set(others.filter((_, index) => (turn + index) % parts === 0).map(({ name }) => name));
  return points.filter((point) => (point.kind === 'kill' ? wayOf(point) === point.way : chosen.has(point.name)));
}

const callOf = ({ call, scenario }: KillPoint): string => `${call.operation}#${call.nth} of ${scenario}`;
