#!/usr/bin/env node
// The fault matrix over HTTP: a real process killed at every boundary of every mutating call, and every other fault at
// every kind of call. Without words it tries the slice that the commit chooses (test/faults-http/slice.ts), with --all
// everything. With --alone each kill has a run of its own, and takes twice as long.
// AIPLAN_POINT='...' tries only the points whose names contain that. Prints the matrix, and fails where a point is
// wrong or was not tried.
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statfsSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inRoot } from './lib/paths.mjs';
import { Stop, runMain } from './lib/report.mjs';
import { run, runNode } from './lib/run.mjs';
import { warmPython } from './lib/warm-python.mjs';
import { missingEmulator, setUp } from './setup.mjs';

const COLUMNS = ['completed', 'refused, unchanged', 'stopped', 'failed', 'resumed', 'resume refused', 'rolled back'];

/** Every line that the lanes have written so far. */
const resultsIn = (folder) =>
  readdirSync(folder)
    .filter((name) => name.startsWith('results-'))
    .flatMap((name) =>
      readFileSync(join(folder, name), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line)),
    );

/**
 * Where the lanes keep their files: in memory where the system has such a place with a gibibyte free, because every run
 * writes each line through to the disk, and nothing here ends the machine.
 */
function quickPlace() {
  try {
    accessSync('/dev/shm', constants.W_OK);
    const { bavail, bsize } = statfsSync('/dev/shm');
    return bavail * bsize > 1024 ** 3 ? '/dev/shm' : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** The commit that chooses the slice; `0` outside a git checkout. */
async function commitOf() {
  const { code, output } = await run('git', ['rev-parse', 'HEAD']);
  return code === 0 ? output.trim() : '0';
}

/** How many points there are; null until a lane has counted them. */
function countedIn(folder) {
  const names = readdirSync(folder).filter((name) => name.startsWith('points-'));
  return names.length === 0 ? null : JSON.parse(readFileSync(join(folder, names[0]), 'utf8'));
}

function matrix(results) {
  const faults = [...new Set(results.map(({ fault }) => fault))].sort();
  const wide = Math.max(10, ...faults.map((name) => name.length));
  const line = (name, cells) =>
    `${name.padEnd(wide)}${cells.map((cell, index) => String(cell).padStart((COLUMNS[index - 1] ?? 'points').length + 2)).join('')}\n`;
  const cells = (some) => [
    some.length,
    ...COLUMNS.map((word) => some.filter(({ words }) => words.includes(word)).length),
  ];
  return [
    line('', ['points', ...COLUMNS]),
    ...faults.map((fault) => line(fault, cells(results.filter((result) => result.fault === fault)))),
    line('all', cells(results)),
  ].join('');
}

await runMain(async () => {
  const { python, reason } = await setUp();
  if (python === undefined) {
    if (process.env.AIPLAN_REQUIRE_EMULATOR === '1') throw new Stop(missingEmulator(reason));
    process.stderr.write(`${missingEmulator(reason)}\nSkipped without it: the fault matrix over HTTP.\n`);
    return 0;
  }
  const isAll = process.argv.includes('--all') || process.env.AIPLAN_POINT !== undefined;
  const commit = await commitOf();
  const slice = isAll ? {} : { AIPLAN_FAULTS_SLICE: commit };
  const alone = process.argv.includes('--alone') ? { AIPLAN_FAULTS_ALONE: '1' } : {};
  const words = process.argv.slice(2).filter((word) => word !== '--all' && word !== '--alone');
  const folder = mkdtempSync(join(quickPlace(), 'aiplan-faults-out-'));
  // Machines, disks and copies of them lie below it and go with it, whatever ends a lane.
  const place = join(folder, 'temporary');
  mkdirSync(place);
  const began = Date.now();
  const minutes = () => ((Date.now() - began) / 60_000).toFixed(1);
  const warm = await warmPython(python);
  const progress = setInterval(() => {
    const counted = countedIn(folder);
    if (counted !== null)
      process.stderr.write(`${resultsIn(folder).length} of ${counted.points} points after ${minutes()} min\n`);
  }, 60_000);
  try {
    const { code, output } = await runNode(
      [
        '--experimental-vm-modules',
        '--disable-warning=ExperimentalWarning',
        inRoot('node_modules', 'jest', 'bin', 'jest.js'),
        '--config',
        inRoot('test', 'faults-http', 'jest.config.mjs'),
        '--maxWorkers=3',
        `--cacheDirectory=${join(tmpdir(), 'aiplan-jest')}`,
        '--forceExit',
        ...words,
      ],
      {
        environment: {
          AIPLAN_PYTHON: warm.python,
          AIPLAN_FAULTS_OUT: folder,
          TMPDIR: place,
          AIPLAN_FAULTS_COMMIT: commit,
          ...slice,
          ...alone,
        },
      },
    );
    const counted = existsSync(folder) ? countedIn(folder) : null;
    if (counted === null) {
      process.stdout.write(output);
      return 1;
    }
    const results = resultsIn(folder);
    const wrong = results.flatMap(({ name, wrong: texts }) => texts.map((text) => ({ name, text })));
    const count = (word) => wrong.filter(({ text }) => text.includes(word)).length;
    const isWhole = results.length === counted.points;
    if (code !== 0 && wrong.length === 0) process.stdout.write(output);
    process.stdout.write(
      `${wrong.map(({ name, text }) => `AIPLAN_POINT='${name}'\n  ${text.slice(0, 2_000)}\n`).join('')}\n${matrix(results)}\n`,
    );
    const faults = results.filter(({ name }) => !name.startsWith('kill '));
    const runs = Math.round(faults.reduce((sum, { shared }) => sum + 1 / shared, 0));
    const kills = results.filter(({ name }) => name.startsWith('kill '));
    const [copied, alike] = [kills.filter((one) => one.copied), kills.filter((one) => one.alike !== undefined)];
    process.stdout.write(
      `${counted.calls} mutating calls in the run that is killed, each at three boundaries and followed by ${isAll ? 'each' : 'one'} of two ways on; ${counted.kinds} kinds of calls, ${counted.mutatingKinds} of them mutating\npoints: ${counted.points}, tried: ${results.length}, wrong: ${new Set(wrong.map(({ name }) => name)).size}, ${minutes()} min\nkills: ${kills.length}; at ${kills.length - copied.length} the process was killed, at ${copied.length} it was stopped and its disk and AWS copied (--alone kills at each); ${alike.length} left the very same behind as another before the same command, and are tried with it\nother faults: ${faults.length} in ${runs} runs (one that a run survives strikes every kind of call in one)\n`,
    );
    if (!isAll)
      process.stdout.write(
        `slice of commit ${slice.AIPLAN_FAULTS_SLICE.slice(0, 12)}: ${counted.points} of ${counted.every} points; \`npm run test:faults -- --all\` tries all of them\n`,
      );
    process.stdout.write(
      `unaccounted: ${count('UNACCOUNTED')}, destroyed without a confirmation: ${count('DESTROYED')}, without a capture: ${count('NO CAPTURE')}\n`,
    );
    return code !== 0 || wrong.length > 0 || !isWhole ? 1 : 0;
  } finally {
    clearInterval(progress);
    warm.end();
    rmSync(folder, { recursive: true, force: true });
  }
});
