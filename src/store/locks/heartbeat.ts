import type { LockPace } from './lock-state.ts';

/** Two clocks: what the wall says, which jumps when a machine wakes up, and one that only counts. Milliseconds. */
export interface Clocks {
  wall(): number;
  steady(): number;
}

export const systemClocks: Clocks = { wall: () => Date.now(), steady: () => performance.now() };

/** A moment by both clocks. */
type Moment = { readonly wall: number; readonly steady: number };

/** Notices when a holder did not live on as it should: it slept, was stopped, or somebody set the clock. */
export interface GapWatch {
  /** This moment, to be given to `proven` when a look that begins now shows the lock to be our own. */
  mark(): Moment;
  proven(at: Moment): void;
  /** Milliseconds since then, by whichever clock says more. A wall clock that was set back counts as a gap. */
  sinceProven(): number;
  isGap(): boolean;
}

export function gapWatch(clocks: Clocks, { gap }: LockPace): GapWatch {
  const mark = (): Moment => ({ wall: clocks.wall(), steady: clocks.steady() });
  let at = mark();
  const since = (): number => {
    const wall = clocks.wall() - at.wall;
    const steady = clocks.steady() - at.steady;
    return wall < steady - gap ? Number.POSITIVE_INFINITY : Math.max(wall, steady);
  };
  return {
    mark,
    proven(moment) {
      at = moment;
    },
    sinceProven: since,
    isGap: () => since() > gap,
  };
}

/** Calls `beat` again and again without keeping the process alive; never two at once. Returns how to stop. */
export function everySoOften(milliseconds: number, beat: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    running = beat().finally(() => {
      busy = false;
    });
  }, milliseconds);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
