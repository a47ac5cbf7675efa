import { expect } from '@jest/globals';
import type { ChangePlan } from '../../src/domain/change-plan.ts';
import type { Bench } from './apply-world.ts';
import { deathsOf, type Deaths } from './fault-deaths.ts';
import { accounted, goesOn, rollsBack, stateByOp, type FollowUp } from './fault-follow-ups.ts';
import type { Fault, Watch } from './fault-points.ts';
import { disturbedBy, disturbedRun } from './fault-run.ts';
import { freshBench, run } from './fault-scenario.ts';
import { resumeOnce } from './resume-world.ts';

/** What a run that died left, and where it did. */
export interface Left {
  readonly bench: Bench;
  readonly where: string;
}

/** What the deaths of a run leave that can be gone on with: those that leave the same are one. */
export function* leftBy(
  { points, at }: Deaths,
  isWanted: (point: Deaths['points'][number], when: NonNullable<Fault['kills']>) => boolean = () => true,
): Generator<Left> {
  const seen = new Set<string>();
  for (const point of points) {
    for (const when of ['before', 'after'] as const) {
      if (!isWanted(point, when)) continue;
      const bench = at(when, point);
      const image = bench.image();
      if (seen.has(image) || bench.journalOf(run).length === 0 || bench.journalOf(run).at(-1)?.kind === 'end') continue;
      seen.add(image);
      yield { bench, where: `${when} ${point.number} ${point.name}` };
    }
  }
}

/** Goes on with a run, with one fault at one effect of that, or none. */
export const disturbedResume =
  (plan: ChangePlan) => (bench: Bench, fault: Fault | null, number: number, watch?: Watch) =>
    disturbedBy(bench, { fault, number, name: run, watch }, (through) => resumeOnce(bench, plan, run, through));

/** One change plan with everything that is asked about runs of it. */
export interface Piece {
  readonly plan: ChangePlan;
  readonly deaths: Deaths;
  /** Gone on with to the end, and taken back. */
  readonly followUps: Readonly<Record<'resume' | 'rollback', FollowUp>>;
  readonly invariant: (bench: Bench) => Promise<readonly string[]>;
}

/** Runs a change plan undisturbed, and sees every way in which that could die. */
export async function pieceOf(plan: ChangePlan): Promise<Piece> {
  const before = await freshBench().state();
  const calm = freshBench();
  const deaths = await deathsOf(calm, async (watch) => {
    const { end, told } = await disturbedRun(calm, null, -1, plan, run, watch);
    expect(end).toBe('done');
    return told.points;
  });
  return {
    plan,
    deaths,
    followUps: { resume: goesOn(before, await stateByOp(calm), plan, run), rollback: rollsBack(before, run) },
    invariant: accounted(before, run),
  };
}

/** A minute later, when nobody doubts any more what became of a lost call. */
export function later(bench: Bench): Bench {
  const fork = bench.fork();
  fork.clock.time += 61_000;
  return fork;
}
