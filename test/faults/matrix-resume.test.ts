import { describe, expect, it } from '@jest/globals';
import { expectMatrix } from '../helpers/fault-head.ts';
import { faults } from '../helpers/fault-kinds.ts';
import { merged, tryAll, type Matrix } from '../helpers/fault-matrix.ts';
import { deadEnd } from '../helpers/fault-run.ts';
import { pieces, run } from '../helpers/fault-scenario.ts';
import { disturbedResume, later, leftBy, pieceOf } from '../helpers/fault-twice.ts';

// Being killed once more while it is gone on with is in resume.test.ts, at every two points.
const every = process.env['AIPLAN_EVERY_POINT'] === '1';
const others = faults.filter(
  ({ kills, on }) => kills === undefined && (every || on === 'call' || on === 'vault' || on === 'renew'),
);

describe('going on with a run that was killed between a call and its answer, disturbed by every other fault', () => {
  it('can be resumed once more, and can be undone, and nothing is lost track of', async () => {
    const matrices: Matrix[] = [];
    for (const plan of Object.values(pieces)) {
      const { deaths, followUps, invariant } = await pieceOf(plan);
      for (const { bench } of leftBy(deaths, ({ effect }, when) => effect === 'call' && when === 'after')) {
        matrices.push(
          await tryAll({
            start: () => later(bench),
            disturb: disturbedResume(plan),
            dead: deadEnd(run),
            faults: others,
            followUps,
            invariant,
          }),
        );
      }
    }
    const { cells } = expectMatrix(
      `faults at the calls, objects and renewals${every ? ', reads and lines' : ''} of going on with ${matrices.length} runs, each killed between a call and its answer`,
      merged(matrices),
    );
    expect([matrices.length > 15, cells > 1_000]).toEqual([true, true]);
  }, 1_200_000);
});
