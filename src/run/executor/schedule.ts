/** The input of the scheduler; items are named by their position. */
export interface Schedule {
  readonly count: number;
  /** At most so many run at the same time. */
  readonly width: number;
  /** Positions that must have ended before this one begins; all of them are smaller. */
  readonly after: (index: number) => readonly number[];
  readonly work: (index: number) => Promise<void>;
  /** True for an error that only follows from another one's. */
  readonly follows?: (error: unknown) => boolean;
}

/**
 * Runs work in order, each as soon as what it waits for has ended and there is room. After a failure nothing more is
 * begun, what is under way ends, and the first error that does not follow from another is thrown.
 */
export async function inSchedule({ count, width, after, work, follows = () => false }: Schedule): Promise<void> {
  const begun = new Set<number>();
  const ended = new Set<number>();
  const under = new Map<number, Promise<void>>();
  const failures: unknown[] = [];
  const isReady = (index: number): boolean => !begun.has(index) && after(index).every((before) => ended.has(before));
  const begin = (index: number): void => {
    begun.add(index);
    under.set(
      index,
      work(index)
        .then(
          () => {
            ended.add(index);
          },
          (error: unknown) => {
            failures.push(error);
          },
        )
        .finally(() => under.delete(index)),
    );
  };
  for (;;) {
    for (let index = 0; index < count && under.size < width && failures.length === 0; index += 1)
      if (isReady(index)) begin(index);
    if (under.size === 0) break;
    await Promise.race(under.values());
  }
  if (failures.length > 0) throw failures.find((failure) => !follows(failure)) ?? failures[0];
  if (ended.size < count)
    throw new Error(
      `steps wait for each other: ${Array.from({ length: count }, (_, index) => index)
        .filter((index) => !ended.has(index))
        .join(', ')}`,
    );
}

/**
 * A place where one may be at a time. Who is in may enter again without waiting; who has left may be followed by the
 * next.
 */
export interface Turn {
  enter(who: string): Promise<void>;
  leave(who: string): void;
}

/** A turn that goes round in the order of asking. */
export function oneAtATime(): Turn {
  let holder: string | null = null;
  const waiting: { readonly who: string; readonly go: () => void }[] = [];
  return {
    enter(who) {
      if (holder === null || holder === who) {
        holder = who;
        return Promise.resolve();
      }
      return new Promise((go) => {
        waiting.push({ who, go });
      });
    },
    leave(who) {
      if (holder !== who) return;
      const next = waiting.shift();
      holder = next?.who ?? null;
      next?.go();
    },
  };
}
