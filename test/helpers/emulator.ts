import { spawn } from 'node:child_process';
import { startEmulator as startMoto } from '../../src/sandbox/emulator.ts';

/**
 * A private moto server for one suite, without the proxy before it; `stop` ends exactly the process that was started.
 */
export interface Emulator {
  readonly endpoint: string;
  reset(): Promise<void>;
  stop(): Promise<void>;
}

export const testCredentials = { accessKeyId: 'test', secretAccessKey: 'test' };

export async function startEmulator(): Promise<Emulator> {
  const { endpoint, stop } = await startMoto({ environment: process.env });
  return {
    endpoint,
    stop,
    async reset() {
      await (await fetch(`${endpoint}/moto-api/reset`, { method: 'POST' })).arrayBuffer();
    },
  };
}

// Looking for the packages is ten times as fast as importing them.
const FIND =
  'from importlib.util import find_spec\nfor name in ("moto", "flask", "flask_cors"):\n  if not find_spec(name): raise SystemExit(f"there is no {name}")';

/**
 * Whether moto is there. If not, one line says why the suite is skipped; with AIPLAN_REQUIRE_EMULATOR=1 it throws
 * instead. `const suite = (await emulatorAvailable()) ? describe : describe.skip`
 */
export async function emulatorAvailable(): Promise<boolean> {
  const python = process.env['AIPLAN_PYTHON'] ?? 'python3';
  const reason = await new Promise<string | null>((resolve) => {
    let text = '';
    const child = spawn(python, ['-c', FIND], { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.on('data', (chunk) => {
      text += String(chunk);
    });
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) =>
      resolve(code === 0 ? null : (text.trim().split('\n').at(-1) ?? `exit code ${String(code)}`)),
    );
  });
  if (reason === null) return true;
  if (process.env['AIPLAN_REQUIRE_EMULATOR'] === '1')
    throw new Error(`the emulator is required and missing: ${reason}`);
  console.warn(`emulator suites are skipped: ${python} cannot load moto (${reason})`);
  return false;
}
