#!/usr/bin/env node
// The random drill: `npm run drill -- --rounds 100 --seed 7`, on the emulator; with `--memory` on the in-process
// stand-in, thousands of plans in minutes.
import { inRoot } from './lib/paths.mjs';
import { Stop, runMain } from './lib/report.mjs';
import { runNode } from './lib/run.mjs';

const usage = 'npm run drill -- [--rounds N] [--seed S] [--memory]';

function asked(words) {
  const found = { rounds: 20, seed: Date.now() % 1_000_000_000, memory: false };
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index];
    if (word === '--memory') found.memory = true;
    else if (word === '--rounds' || word === '--seed') {
      index += 1;
      const value = Number(words[index]);
      if (!Number.isInteger(value) || value < 1)
        throw new Stop(`${word} takes a whole number from 1 on, not "${words[index] ?? ''}"\n${usage}`);
      found[word.slice(2)] = value;
    } else throw new Stop(`"${word}" is no option\n${usage}`);
  }
  return found;
}

await runMain(async () => {
  const { rounds, seed, memory } = asked(process.argv.slice(2));
  process.stdout.write(
    `drill: ${rounds} rounds from seed ${seed}${memory ? ', in memory' : ', on the emulator'}; again with: npm run drill -- --rounds ${rounds} --seed ${seed}${memory ? ' --memory' : ''}\n`,
  );
  const { code } = await runNode(
    [
      '--experimental-vm-modules',
      '--disable-warning=ExperimentalWarning',
      inRoot('node_modules', 'jest', 'bin', 'jest.js'),
      '--runInBand',
      memory ? 'test/faults/soak' : 'test/contract/drill',
    ],
    {
      show: true,
      environment: {
        AIPLAN_REQUIRE_EMULATOR: '1',
        AIPLAN_SEED: String(seed),
        AIPLAN_RUNS: String(rounds),
        AIPLAN_DRILL_SEED: String(seed),
        AIPLAN_DRILL_ROUNDS: String(rounds),
        AIPLAN_DRILL_VERBOSE: '1',
      },
    },
  );
  if (code !== 0) throw new Stop('the drill found something: the seed, the plan and what differs stand above');
});
