import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inSchedule, oneAtATime } from '../../src/run/executor/schedule.ts';

/** Work that ends when the test says so. */
function bench(count: number, width: number, after: (index: number) => readonly number[]) {
  const begun: number[] = [];
  const ends = new Map<number, { done(): void; fail(error: Error): void }>();
  const result = inSchedule({
    count,
    width,
    after,
    work: (index) =>
      new Promise((done, fail) => {
        begun.push(index);
        ends.set(index, { done, fail });
      }),
  });
  const settled = result.then(
    () => 'done',
    (error: Error) => error.message,
  );
  const turn = async (): Promise<void> => {
    for (let n = 0; n < 20; n += 1) await Promise.resolve();
  };
  return {
    begun,
    settled,
    turn,
    async end(index: number) {
      ends.get(index)?.done();
      ends.delete(index);
      await turn();
    },
    async fail(index: number, message: string) {
      ends.get(index)?.fail(new Error(message));
      ends.delete(index);
      await turn();
    },
    under: () => [...ends.keys()],
  };
}

describe('inSchedule', () => {
  it('begins in order, as many as there is room for, each after what it waits for', async () => {
    const on = bench(5, 2, (index) => (index === 2 ? [0] : index === 4 ? [1, 3] : []));
    await on.turn();
    expect(on.begun).toEqual([0, 1]);
    await on.end(1);
    expect(on.begun).toEqual([0, 1, 3]);
    await on.end(0);
    expect(on.begun).toEqual([0, 1, 3, 2]);
    await on.end(3);
    expect(on.begun).toEqual([0, 1, 3, 2, 4]);
    await on.end(2);
    await on.end(4);
    expect(await on.settled).toBe('done');
  });

  it('begins nothing after a failure, lets what is under way end, and throws the first error', async () => {
    const on = bench(4, 2, () => []);
    await on.turn();
    await on.fail(1, 'first');
    expect(on.begun).toEqual([0, 1]);
    await on.fail(0, 'second');
    expect(await on.settled).toBe('first');
    expect(on.begun).toEqual([0, 1]);
  });

  it('names those that wait for each other instead of ending as if they were done', async () => {
    const circle = inSchedule({
      count: 3,
      width: 2,
      after: (index) => (index === 1 ? [2] : index === 2 ? [1] : []),
      work: () => Promise.resolve(),
    });
    await expect(circle).rejects.toThrow('steps wait for each other: 1, 2');
  });

  it('with any dependencies and any order of endings: never more than the width, never before what it waits for, everything once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.nat(), { minLength: 40, maxLength: 40 }),
        async (count, width, noise) => {
          const after = (index: number): readonly number[] =>
            Array.from({ length: index }, (_, before) => before).filter(
              (before) => (noise[(index * 3 + before) % 40] ?? 0) % 3 === 0,
            );
          const on = bench(count, width, after);
          const ended = new Set<number>();
          for (let n = 0; ended.size < count; n += 1) {
            await on.turn();
            const under = on.under();
            expect(under.length).toBeLessThanOrEqual(width);
            for (const index of under) expect(after(index).filter((before) => !ended.has(before))).toEqual([]);
            const next = under[(noise[n % 40] ?? 0) % under.length] ?? 0;
            ended.add(next);
            await on.end(next);
          }
          expect(await on.settled).toBe('done');
          expect([...on.begun].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index));
        },
      ),
      { seed: Number(process.env['AIPLAN_SEED'] ?? 20260226), numRuns: Number(process.env['AIPLAN_RUNS'] ?? 200) },
    );
  });
});

describe('oneAtATime', () => {
  it('lets one in at a time, in the order of asking; who is in enters again at once', async () => {
    const turn = oneAtATime();
    const log: string[] = [];
    const enter = async (who: string): Promise<void> => {
      await turn.enter(who);
      log.push(who);
    };
    await enter('a');
    await enter('a');
    const [b, c] = [enter('b'), enter('c')];
    await Promise.resolve();
    expect(log).toEqual(['a', 'a']);
    turn.leave('c');
    await Promise.resolve();
    expect(log).toEqual(['a', 'a']);
    turn.leave('a');
    await b;
    expect(log).toEqual(['a', 'a', 'b']);
    turn.leave('b');
    await c;
    turn.leave('c');
    await enter('a');
    expect(log).toEqual(['a', 'a', 'b', 'c', 'a']);
  });
});
