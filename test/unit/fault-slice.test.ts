import { expect, it } from '@jest/globals';
import { batchesOf, faultPoints, killPoints, type Point } from '../faults-http/points.ts';
import { sliceOf } from '../faults-http/slice.ts';

const kinds = new Map(
  ['ec2:RunInstances', 'ec2:DescribeInstances', 's3:PutObject', 'rds:CreateDBInstance'].map((kind) => [
    kind,
    { scenario: 'whole' as const, mutating: !kind.includes('Describe') },
  ]),
);
const calls = ['ec2:RunInstances', 's3:PutObject', 'rds:CreateDBInstance'].map((operation) => ({ operation, nth: 1 }));
const all: readonly Point[] = [...faultPoints(kinds), ...killPoints('whole', calls)];
const slices = Array.from({ length: 6 }, (_, turn) => sliceOf(all, `${turn}`.padStart(8, '0')));

it('every slice kills at every boundary of every mutating call, once', () => {
  for (const slice of slices) {
    const kills = slice.flatMap((point) => (point.kind === 'kill' ? [`${point.when} ${point.call.operation}`] : []));
    expect(kills.toSorted()).toEqual(
      calls
        .flatMap(({ operation }) => ['after', 'answered', 'before'].map((when) => `${when} ${operation}`))
        .toSorted(),
    );
  }
});

it('six turns cover every point, and none has them all', () => {
  expect(new Set(slices.flat().map(({ name }) => name))).toEqual(new Set(all.map(({ name }) => name)));
  for (const slice of slices) expect(slice.length).toBeLessThan(all.length / 2);
});

it('a commit always chooses the same, whatever its text', () => {
  expect(sliceOf(all, 'c0ffee11')).toEqual(sliceOf(all, 'c0ffee11aaaa'));
  expect(sliceOf(all, '').length).toBeGreaterThan(0);
});

it('no point is left out of the runs that are shared, and the last boundary of a run turns with the commit', () => {
  const killsOf = (sharing: number, commit: string): readonly (readonly string[])[] =>
    batchesOf(all, (kind) => kinds.get(kind)?.mutating === true, sharing, commit).map(({ points }) =>
      points.map(({ name }) => name),
    );
  for (const [sharing, commit] of [
    [0, '1'],
    [1, '0'],
    [4, '0'],
    [4, '3'],
  ] as const) {
    const runs = killsOf(sharing, commit);
    expect(runs.flat().toSorted()).toEqual(all.map(({ name }) => name).toSorted());
    // Both commands after one kill need a copy of what it left.
    if (sharing === 0) expect(runs.filter((names) => names[0]?.startsWith('kill ') && names.length > 1)).toEqual([]);
  }
  const lasts = ['0', '1', '2', '3'].flatMap((commit) =>
    killsOf(4, commit)
      .filter(([name]) => name?.startsWith('kill ') === true)
      .map((names) => names.at(-1)?.replace(/, \w+$/u, '')),
  );
  expect(new Set(lasts).size).toBe(calls.length * 3);
});
