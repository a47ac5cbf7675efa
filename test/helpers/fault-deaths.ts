import type { Bench } from './apply-world.ts';
import type { Fault, Point, Watch } from './fault-points.ts';

/** What a process leaves that dies at an effect of a run: right before it, or right after it. */
export interface Deaths {
  /** Every effect of the run. */
  readonly points: readonly Point[];
  at(when: NonNullable<Fault['kills']>, point: Point): Bench;
}

/**
 * Every way in which a run can die, from one run that does not: a dead process does nothing more, so that what it
 * leaves is the world, the journals, the capture bucket and the clock as they are at that moment. Test "what a process
 * leaves" compares it with runs that do die.
 */
export async function deathsOf(bench: Bench, run: (watch: Watch) => Promise<readonly Point[]>): Promise<Deaths> {
  const left = { before: new Map<number, Bench>(), after: new Map<number, Bench>() };
  const points = await run((when, { number }) => {
    left[when].set(number, bench.fork());
  });
  return {
    points,
    at(when, { number, name }) {
      const found = left[when].get(number);
      if (found === undefined) throw new Error(`effect ${number} ${name} was not seen`);
      return found;
    },
  };
}
