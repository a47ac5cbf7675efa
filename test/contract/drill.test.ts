import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { playRound, type Round } from '../helpers/drill-round.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { startTestSandbox } from '../helpers/sandbox.ts';

jest.setTimeout(86_400_000);
const suite = (await emulatorAvailable()) ? describe : describe.skip;

/** `AIPLAN_DRILL_SEED`, `AIPLAN_DRILL_ROUNDS`: what `npm run drill` asks for. */
const seed = Number(process.env['AIPLAN_DRILL_SEED'] ?? 20_261_130);
const rounds = Number(process.env['AIPLAN_DRILL_ROUNDS'] ?? 6);

const told = ({ seed: own, end, how, entries, wrong }: Round): string => `round ${own}: ${end}, ${how}${end === 'fault' ? `\n  ${wrong.join('\n  ')}\n  plan: ${JSON.stringify(entries)}` : ''}`;

suite('a random drill: grown accounts, plans as agents write them, applied, killed, taken back', () => {
  let sandbox: Sandbox;
  beforeAll(async () => { sandbox = await startTestSandbox({ pace: { reads: 1, milliseconds: 0 } }); }, 60_000);
  afterAll(async () => { await sandbox?.stop(); });

  it('every round ends as it began, or is refused at plan', async () => {
    const ends = { ended: 0, refused: 0, fault: 0 };
    const faults: string[] = [];
    for (let index = 0; index < rounds; index += 1) {
      const round = await playRound(sandbox, seed + index);
      ends[round.end] += 1;
      if (round.end === 'fault') faults.push(told(round));
      if (process.env['AIPLAN_DRILL_VERBOSE'] === '1') process.stdout.write(`${told(round)}\n`);
    }
    process.stdout.write(`drill: seeds ${seed} to ${seed + rounds - 1}: ${ends.ended} ended as they began, ${ends.refused} refused at plan, ${ends.fault} faults\n`);
    expect(faults).toEqual([]);
  });
});
