import { expect } from '@jest/globals';
import type { ChangePlan } from '../../src/domain/change-plan.ts';
import type { Bench } from './apply-world.ts';
import { faults } from './fault-kinds.ts';
import { accounted, goesOn, rollsBack, stateByOp } from './fault-follow-ups.ts';
import { matrixText, tryAll, type Matrix } from './fault-matrix.ts';
import type { Effect } from './fault-points.ts';
import { deadEnd, disturbedRun } from './fault-run.ts';
import { changePlan, freshBench, run } from './fault-scenario.ts';

/**
 * Every fault at every effect of these kinds; each run is then, on its own, taken back and gone on with. Prints the
 * matrix, and expects nothing wrong.
 */
export const expectMatrixOf = async (title: string, kinds: readonly Effect[]): Promise<Matrix> =>
  expectMatrix(title, await matrixOf(freshBench, changePlan, kinds));

/** The same of another account and another change plan, without expecting anything of it. */
export async function matrixOf(start: () => Bench, plan: ChangePlan, kinds: readonly Effect[]): Promise<Matrix> {
  const [calm, before] = [start(), await start().state()];
  expect((await calm.apply(plan, { run })).outcome).toBe('done');
  const after = await stateByOp(calm);
  return tryAll({
    start,
    disturb: (bench, fault, number, watch) => disturbedRun(bench, fault, number, plan, run, watch),
    dead: deadEnd(run),
    faults: faults.filter(({ on }) => kinds.includes(on)),
    followUps: { rollback: rollsBack(before, run), resume: goesOn(before, after, plan, run) },
    invariant: accounted(before, run),
  });
}

/** Prints a matrix. Nothing may be wrong in it, nothing left out, and no fault may have had nowhere to strike. */
export function expectMatrix(title: string, matrix: Matrix): Matrix {
  process.stdout.write(matrixText(title, matrix));
  expect(matrix.wrong).toEqual([]);
  expect(matrix.cells).toBe(matrix.pairs - matrix.impossible);
  expect([...matrix.rows].flatMap(([name, row]) => (row.size === 0 ? [name] : []))).toEqual([]);
  return matrix;
}
