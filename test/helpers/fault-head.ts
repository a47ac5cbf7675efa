import { expect } from '@jest/globals';
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
export async function expectMatrixOf(title: string, kinds: readonly Effect[]): Promise<Matrix> {
  const [calm, before] = [freshBench(), await freshBench().state()];
  expect((await calm.apply(changePlan, { run })).outcome).toBe('done');
  const after = await stateByOp(calm);
  return expectMatrix(
    title,
    await tryAll({
      start: freshBench,
      disturb: (bench, fault, number, watch) => disturbedRun(bench, fault, number, changePlan, run, watch),
      dead: deadEnd(run),
      faults: faults.filter(({ on }) => kinds.includes(on)),
      followUps: { rollback: rollsBack(before, run), resume: goesOn(before, after, changePlan, run) },
      invariant: accounted(before, run),
    }),
  );
}

/** Prints a matrix. Nothing may be wrong in it, nothing left out, and no fault may have had nowhere to strike. */
export function expectMatrix(title: string, matrix: Matrix): Matrix {
  process.stdout.write(matrixText(title, matrix));
  expect(matrix.wrong).toEqual([]);
  expect(matrix.cells).toBe(matrix.pairs - matrix.impossible);
  expect([...matrix.rows].flatMap(([name, row]) => (row.size === 0 ? [name] : []))).toEqual([]);
  return matrix;
}
