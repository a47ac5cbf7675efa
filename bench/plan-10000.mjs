#!/usr/bin/env node
// Parses, validates and plans many resources against recorded live state. Usage: node bench/plan-10000.mjs [resources]
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { countArgument, machine, runNode, seconds, table } from './lib/measure.mjs';
import { bin, cleanPlace, inTemporaryFolder, requireBuild } from './lib/program.mjs';
import { sample, yaml } from './lib/sample.mjs';

requireBuild();
const count = countArgument(0, 10_000);
const megabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MB`;

await inTemporaryFolder(async (folder) => {
  const place = cleanPlace(folder);
  const file = join(place.cwd, 'change.yaml');
  const live = join(place.cwd, 'live.json');
  const out = join(place.cwd, 'plan.json');
  const { changePlan, live: state } = sample(count);
  const text = yaml(changePlan);
  writeFileSync(file, text);
  writeFileSync(live, JSON.stringify(state));
  const rows = [];
  for (const [name, words, codes] of [
    ['validate', ['validate', file], [0]],
    ['plan, as text', ['plan', file, '--live', live], [0, 3]],
    ['plan, as JSON', ['plan', file, '--live', live, '--json'], [0, 3]],
    ['plan, into a file', ['plan', file, '--live', live, '--quiet', '-o', out], [0, 3]],
  ]) {
    const { milliseconds, bytes, output, processor } = await runNode([bin, ...words], { ...place, codes, usage: true });
    rows.push([
      name,
      `${seconds(milliseconds)} s`,
      `${seconds(processor)} s`,
      megabytes(bytes),
      megabytes(output.length),
    ]);
    if (words.includes('--json')) {
      const { summary, findings } = JSON.parse(output);
      rows.push([
        `  ${Object.entries(summary)
          .map(([what, number]) => `${number} ${what}`)
          .join(', ')}; ${findings.filter(({ severity }) => severity === 'error').length} errors`,
        '',
        '',
        '',
        '',
      ]);
    }
  }
  process.stdout.write(
    `${count} resources in ${megabytes(text.length)} of YAML, recorded live state; whole process; ${machine()}\n`,
  );
  table([['', 'time', 'processor', 'peak memory', 'output'], ...rows, ['aim, at 10,000', '', '10.00 s', '500 MB', '']]);
});
