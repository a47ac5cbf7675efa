import { describe, expect, it } from '@jest/globals';
import { faults } from '../helpers/fault-kinds.ts';
import { accounted, goesOn, matrixText, rollsBack, stateByOp, tryAll, type Matrix } from '../helpers/fault-matrix.ts';
import type { Effect } from '../helpers/fault-points.ts';
import { changePlan, freshBench, run } from '../helpers/fault-scenario.ts';

/** Every fault at every effect of these kinds; each run is then, on its own, taken back and gone on with. */
async function matrixOf(title: string, kinds: readonly Effect[]): Promise<Matrix> {
  const [calm, before] = [freshBench(), await freshBench().state()];
  expect((await calm.apply(changePlan, { run })).outcome).toBe('done');
  const after = await stateByOp(calm);
  const matrix = await tryAll({
    start: async () => ({ bench: freshBench(), plan: changePlan }), run, faults: faults.filter(({ on }) => kinds.includes(on)),
    followUps: { rollback: rollsBack(before, run), resume: goesOn(before, after, changePlan, run) }, invariant: accounted(before, run),
  });
  process.stdout.write(matrixText(title, matrix));
  expect(matrix.wrong).toEqual([]);
  return matrix;
}

describe('a run with every kind of step, disturbed by every fault at every read, line, object and renewal', () => {
  it('can be taken back, and can be gone on with, and nothing is lost track of', async () => {
    const { cells } = await matrixOf('faults at reads, at lines of the journal, at the capture bucket and at credentials', ['read', 'line', 'vault', 'renew']);
    expect(cells).toBeGreaterThan(1_000);
  }, 300_000);
});
