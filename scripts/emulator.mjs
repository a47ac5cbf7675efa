#!/usr/bin/env node
// Finds the AWS emulator (moto), or installs it into a private virtual environment in the user's cache folder.
import { existsSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Stop, runMain, timed } from './lib/report.mjs';
import { run } from './lib/run.mjs';

/** The version that the sandbox's proxy was made for; src/sandbox/python.ts has the same. */
export const emulatorVersion = '5.2.1';

export const waysOn = `Install Python 3.9 or newer with pip and venv (or: python3 -m pip install "moto[server]==${emulatorVersion}"), or point --endpoint at any AWS emulator that runs.`;

/** The folder of the private virtual environment. */
export const privateEnvironment = (environment = process.env) =>
  join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'aiplan', `moto-${emulatorVersion}`);
const pythonIn = (folder) =>
  process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python3');

// Looking for the packages is ten times as fast as importing them.
const FIND =
  'import sys; from importlib.util import find_spec; sys.exit(not all(find_spec(name) for name in ("moto", "flask", "flask_cors")))';
const hasMoto = async (python) => (await run(python, ['-c', FIND])).code === 0;
const isPython = async (python) =>
  (await run(python, ['-c', 'import sys, venv; sys.exit(sys.version_info < (3, 9))'])).code === 0;

async function first(candidates, fits) {
  for (const candidate of candidates) if (await fits(candidate)) return candidate;
  return undefined;
}

/** Installs moto privately; answers why not where it does not work. */
async function install(folder) {
  const python = await first(['python3', 'python'], isPython);
  if (python === undefined) return 'there is no Python 3.9 or newer here';
  rmSync(folder, { recursive: true, force: true });
  const made = await run(python, ['-m', 'venv', folder]);
  if (made.code !== 0) return `${python} -m venv failed: ${lastLine(made.output)}`;
  const installed = await run(pythonIn(folder), [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--retries',
    '1',
    '--timeout',
    '15',
    `moto[server]==${emulatorVersion}`,
  ]);
  if (installed.code === 0 && (await hasMoto(pythonIn(folder)))) return undefined;
  rmSync(folder, { recursive: true, force: true });
  return `pip could not install moto ${emulatorVersion}: ${lastLine(installed.output)}`;
}

const lastLine = (text) => text.trim().split('\n').at(-1) || 'no message';

/** Answers `{ python }`, or `{ reason }` where there is no emulator and none can be installed. */
export async function ensureEmulator() {
  const chosen = process.env.AIPLAN_PYTHON;
  if (chosen)
    return (await hasMoto(chosen))
      ? { python: chosen }
      : { reason: `AIPLAN_PYTHON is "${chosen}", which cannot import moto` };
  const folder = privateEnvironment();
  const found = await first(['python3', 'python', ...(existsSync(folder) ? [pythonIn(folder)] : [])], hasMoto);
  if (found !== undefined) return { python: found };
  let reason;
  try {
    await timed(`installing the emulator (moto ${emulatorVersion}) into ${folder}`, async () => {
      reason = await install(folder);
      if (reason !== undefined) throw new Stop(reason);
    });
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return { reason };
  }
  return { python: pythonIn(folder) };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await runMain(async () => {
    const { python, reason } = await ensureEmulator();
    if (python === undefined) throw new Stop(`No AWS emulator: ${reason}. ${waysOn}`);
    process.stdout.write(`${python}\n`);
  });
}
