import { describe, expect, it } from '@jest/globals';
import type { Bench } from '../helpers/apply-world.ts';
import { deathsOf } from '../helpers/fault-deaths.ts';
import { expectMatrixOf } from '../helpers/fault-head.ts';
import { faults } from '../helpers/fault-kinds.ts';
import { disturbedRun } from '../helpers/fault-run.ts';
import { changePlan, freshBench, run } from '../helpers/fault-scenario.ts';

describe('a run with every kind of step, disturbed by every fault at every mutating call', () => {
  it('can be undone, and can be resumed, and nothing is lost track of', async () => {
    const { cells, effects } = await expectMatrixOf('faults at calls', ['call']);
    expect([cells > 500, effects > 170]).toEqual([true, true]);
  }, 300_000);

  it('leaves what a process leaves that is killed there', async () => {
    const calm = freshBench();
    const { points, at } = await deathsOf(
      calm,
      async (watch) => (await disturbedRun(calm, null, -1, changePlan, run, watch)).told.points,
    );
    // Waits that were under way end when the process does, of which the clock of the test knows nothing.
    const left = (bench: Bench): unknown => [
      bench.world.image(),
      bench.journalOf(run),
      [...bench.vault.kept],
      [...bench.vault.manifests.keys()],
    ];
    let killed = 0;
    for (const fault of faults.filter(({ kills }) => kills !== undefined)) {
      // Each way to die is tried at all of its effects in the matrices; that it leaves the same is tried at every
      // sixth, and at every call.
      for (const point of points.filter(
        ({ effect, number }) => effect === fault.on && (effect === 'call' || number % 6 === 0),
      )) {
        const bench = freshBench();
        const { end, told } = await disturbedRun(bench, fault, point.number, changePlan, run);
        expect([fault.name, point.name, told.struck?.number, end]).toEqual([
          fault.name,
          point.name,
          point.number,
          bench.journalOf(run).length === 0 ? 'nothing' : 'killed',
        ]);
        expect(left(bench)).toEqual(left(at(fault.kills ?? 'before', point)));
        killed += 1;
      }
    }
    expect(killed).toBeGreaterThan(80);
  }, 120_000);
});
