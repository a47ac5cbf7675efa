#!/usr/bin/env node
// Set-up, then types, lint and every test. Words after `npm test --` go to jest.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inRoot } from './lib/paths.mjs';
import { Stop, runMain, timed } from './lib/report.mjs';
import { runNode } from './lib/run.mjs';
import { warmPython } from './lib/warm-python.mjs';
import { otherNodes } from './lib/nodes.mjs';
import { missingEmulator, setUp } from './setup.mjs';

const required = process.env.AIPLAN_REQUIRE_EMULATOR === '1';

/** The suites that need the emulator: those that ask whether it is there. */
function emulatorSuites() {
  return readdirSync(inRoot('test'), { recursive: true })
    .filter((name) => name.endsWith('.test.ts') || name.endsWith('.test.tsx'))
    .filter((name) => readFileSync(inRoot('test', name), 'utf8').includes('emulatorAvailable'))
    .map((name) => `test/${name.replaceAll('\\', '/')}`)
    .sort();
}

/** Runs a checker; answers whether it was content, and shows what it said where not. */
async function check(what, words) {
  let result = { code: 1, output: '' };
  try {
    await timed(what, async () => {
      result = await runNode(words);
      if (result.code !== 0) throw new Stop(what);
    });
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    process.stderr.write(`${result.output.trim()}\n`);
  }
  return result.code === 0;
}

/** Runs jest with its results beside, so that the last line can say them plainly. */
async function jest(words, environment) {
  const folder = mkdtempSync(join(tmpdir(), 'aiplan-test-'));
  const file = join(folder, 'results.json');
  try {
    const workers = words.some((word) => /^(?:-w|--maxWorkers|-i$|--runInBand)/u.test(word)) ? [] : ['--maxWorkers=2'];
    const { code } = await runNode(
      [
        '--experimental-vm-modules',
        '--disable-warning=ExperimentalWarning',
        inRoot('node_modules', 'jest', 'bin', 'jest.js'),
        '--json',
        `--outputFile=${file}`,
        ...workers,
        ...words,
      ],
      { show: true, environment },
    );
    return { code, ...summary(file) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function summary(file) {
  try {
    const {
      numPassedTests: passed,
      numFailedTests: failed,
      numPendingTests: skipped,
      numRuntimeErrorTestSuites: broken,
    } = JSON.parse(readFileSync(file, 'utf8'));
    return { passed, failed: failed + broken, skipped };
  } catch {
    // Jest ended before it had results (a wrong option, say), and has said why.
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

await runMain(async () => {
  const { python, reason } = await setUp();
  if (python === undefined) {
    if (required) throw new Stop(missingEmulator(reason));
    process.stderr.write(
      `${missingEmulator(reason)}\nSkipped without it:\n${emulatorSuites()
        .map((name) => `  ${name}\n`)
        .join('')}`,
    );
  }
  const typed = await check('types (tsc)', [inRoot('node_modules', 'typescript', 'bin', 'tsc'), '-p', '.']);
  const clean = await check('lint (oxlint)', [
    inRoot('node_modules', 'oxlint', 'bin', 'oxlint'),
    'src',
    'providers',
    'test',
    'scripts',
  ]);
  const formatted = await check('format (oxfmt)', [
    inRoot('node_modules', 'oxfmt', 'bin', 'oxfmt'),
    '--check',
    'src',
    'providers',
    'test',
    'scripts',
    'bench',
  ]);
  const needed = await check('unused code and dependencies (knip)', [inRoot('node_modules', 'knip', 'bin', 'knip.js')]);
  const warm = python === undefined ? undefined : await warmPython(python);
  const nodes = await otherNodes();
  const { code, passed, failed, skipped } = await jest(process.argv.slice(2), {
    ...(warm === undefined ? {} : { AIPLAN_PYTHON: warm.python }),
    AIPLAN_OTHER_NODES: nodes.flatMap(({ program }) => program ?? []).join('\n'),
  });
  warm?.end();
  process.stdout.write(
    `Node ${process.versions.node}: every suite; ${nodes.map(({ version, reason }) => `${version}: ${reason === undefined ? 'test/e2e/versions' : `left out (${reason})`}`).join('; ')}\n`,
  );
  const problems = [
    ...(typed ? [] : ['types']),
    ...(clean ? [] : ['lint']),
    ...(formatted ? [] : ['format: run npm run format']),
    ...(needed ? [] : ['unused code or dependencies']),
  ];
  process.stdout.write(
    `${problems.length === 0 ? '' : `failed: ${problems.join(', ')}; `}${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`,
  );
  return code !== 0 || problems.length > 0 ? 1 : 0;
});
