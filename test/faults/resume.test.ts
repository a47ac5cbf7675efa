import { describe, expect, it } from '@jest/globals';
import { deathsOf } from '../helpers/fault-deaths.ts';
import { disturbedResume, later, leftBy, pieceOf, type Piece } from '../helpers/fault-twice.ts';
import { changePlan, pieces } from '../helpers/fault-scenario.ts';

// That a run which was killed once, at any point, can be gone on with and can be taken back, is in the matrices, in
// their rows "killed".

/**
 * Every two points at which a run and then going on with it can be killed. Prints how many there are, and answers what
 * is wrong.
 */
async function killedTwice(
  name: string,
  { plan, deaths: first, followUps, invariant }: Piece,
): Promise<{ readonly tried: number; readonly wrong: readonly string[] }> {
  const wrong: string[] = [];
  const words = new Map<string, number>();
  const count = { first: 0, effects: 0, tried: 0 };
  for (const { bench: left, where: once } of leftBy(first)) {
    count.first += 1;
    const start = later(left);
    const second = await deathsOf(
      start,
      async (watch) => (await disturbedResume(plan)(start, null, -1, watch)).told.points,
    );
    count.effects += second.points.length;
    for (const { bench, where } of leftBy(second)) {
      count.tried += 1;
      const place = `killed ${once}, then ${where}`;
      for (const lost of await invariant(bench)) wrong.push(`${place}: ${lost}`);
      for (const [way, followUp] of Object.entries(followUps)) {
        const told = await followUp(bench.fork());
        if ('wrong' in told) wrong.push(`${place}: ${way}: ${told.wrong}`);
        else words.set(told.word, (words.get(told.word) ?? 0) + 1);
      }
    }
  }
  process.stdout.write(
    `killed twice, ${name}: at ${first.points.length} effects of the run, which leave ${count.first} different states, and at ${count.effects} effects of going on with them, which leave ${count.tried}; all tried, both ways: ${[...words].map(([word, number]) => `${number} ${word}`).join(', ')}; wrong: ${wrong.length}\n`,
  );
  return { tried: count.tried, wrong };
}

describe('a run that was killed, and killed again while it was resumed', () => {
  // The whole change plan at once has ten thousand such states, which takes minutes.
  for (const [name, plan] of Object.entries(
    process.env['AIPLAN_EVERY_POINT'] === '1' ? { ...pieces, 'the whole change plan': changePlan } : pieces,
  )) {
    it(`at any two points can be resumed once more, and can be undone: ${name}`, async () => {
      const { tried, wrong } = await killedTwice(name, await pieceOf(plan));
      expect(wrong).toEqual([]);
      expect(tried).toBeGreaterThan(100);
    }, 1_200_000);
  }
});
