import { describe, expect, it } from '@jest/globals';
import { refusesResume, rollsOn } from '../helpers/fault-follow-ups.ts';
import { expectMatrix } from '../helpers/fault-head.ts';
import { faults } from '../helpers/fault-kinds.ts';
import { tryAll } from '../helpers/fault-matrix.ts';
import { deadEnd, disturbedRun } from '../helpers/fault-run.ts';
import { changePlan, freshBench, run } from '../helpers/fault-scenario.ts';

describe('a rollback that is disturbed', () => {
  it('by any fault at any of its effects can be resumed by rolling back again, and by nothing else', async () => {
    const before = await freshBench().state();
    const done = freshBench();
    expect((await done.apply(changePlan, { run })).outcome).toBe('done');
    const { changePlan: plan } = await done.rollback(run);
    const matrix = expectMatrix(
      'faults in a rollback',
      await tryAll({
        start: () => done.fork(),
        disturb: (bench, fault, number, watch) => disturbedRun(bench, fault, number, plan, 'back', watch),
        dead: deadEnd('back'),
        faults,
        followUps: { rollback: rollsOn(before, run), resume: refusesResume(run, 'back') },
        invariant: async () => [],
      }),
    );
    expect([matrix.cells > 1_500, matrix.effects > 180]).toEqual([true, true]);
  }, 300_000);
});
