#!/usr/bin/env node
// How long the program takes to start, against a bare `node -e 0` in the same run. Usage: node bench/start-up.mjs
// [runs]
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { countArgument, machine, median, ratio, runNode, table } from './lib/measure.mjs';
import { bin, cleanPlace, inTemporaryFolder, requireBuild } from './lib/program.mjs';
import { sample, yaml } from './lib/sample.mjs';

requireBuild();
const runs = countArgument(0, 15);

await inTemporaryFolder(async (folder) => {
  const place = cleanPlace(folder);
  const file = join(place.cwd, 'change.yaml');
  const live = join(place.cwd, 'live.json');
  const { changePlan, live: state } = sample(12);
  writeFileSync(file, yaml(changePlan));
  writeFileSync(live, JSON.stringify(state));
  const cases = [
    { name: 'node -e 0', words: ['-e', '0'], aim: '' },
    { name: 'aiplan --version', words: [bin, '--version'], aim: '≤ 1.50' },
    { name: 'aiplan validate FILE', words: [bin, 'validate', file], aim: '' },
    { name: 'aiplan plan FILE --live LIVE', words: [bin, 'plan', file, '--live', live], aim: '', codes: [0, 3] },
  ].map((item) => ({ ...item, times: [] }));
  // By turns, so that a slow moment of the machine meets all of them.
  for (let run = 0; run <= runs; run += 1) {
    for (const { words, codes, times } of cases) {
      const { milliseconds } = await runNode(words, { ...place, ...(codes === undefined ? {} : { codes }) });
      if (run > 0) times.push(milliseconds);
    }
  }
  const bare = median(cases[0].times);
  process.stdout.write(`start-up, ${runs} runs each by turns, 12 resources; ${machine()}\n`);
  table([
    ['', 'median', 'least', 'ratio', 'aim'],
    ...cases.map(({ name, times, aim }) => [
      name,
      `${median(times).toFixed(0)} ms`,
      `${Math.min(...times).toFixed(0)} ms`,
      ratio(median(times), bare),
      aim,
    ]),
  ]);
});
