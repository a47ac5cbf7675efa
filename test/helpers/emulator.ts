import { spawn } from 'node:child_process';
import { createServer } from 'node:net';

/** A private moto server for one suite; `stop` ends exactly the process that was started. */
export interface Emulator { readonly endpoint: string; reset(): Promise<void>; stop(): Promise<void> }

const freePort = (): Promise<number> => new Promise((resolve, reject) => {
  const server = createServer();
  server.once('error', reject);
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
  });
});

export const testCredentials = { accessKeyId: 'test', secretAccessKey: 'test' };

export async function startEmulator(): Promise<Emulator> {
  const python = process.env['AIPLAN_PYTHON'] ?? 'python3';
  const port = await freePort();
  const child = spawn(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    stdio: 'ignore', env: { ...process.env, MOTO_EC2_LOAD_DEFAULT_AMIS: 'false' },
  });
  const endpoint = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 200; tries += 1) {
    try {
      await fetch(`${endpoint}/moto-api/`);
      return {
        endpoint,
        async reset() { await fetch(`${endpoint}/moto-api/reset`, { method: 'POST' }); },
        stop: () => new Promise((done) => { child.once('exit', () => done()); child.kill('SIGTERM'); setTimeout(() => child.kill('SIGKILL'), 2_000).unref(); }),
      };
    } catch { await new Promise((done) => setTimeout(done, 50)); }
  }
  child.kill('SIGKILL');
  throw new Error('moto did not start; is it installed for python3?');
}

/**
 * Whether moto is there. If not, one line says why the suite is skipped; with AIPLAN_REQUIRE_EMULATOR=1 it throws instead.
 * `const suite = (await emulatorAvailable()) ? describe : describe.skip`
 */
export async function emulatorAvailable(): Promise<boolean> {
  const python = process.env['AIPLAN_PYTHON'] ?? 'python3';
  const reason = await new Promise<string | null>((resolve) => {
    let text = '';
    const child = spawn(python, ['-c', 'import moto.server'], { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.on('data', (chunk) => { text += String(chunk); });
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code) => resolve(code === 0 ? null : text.trim().split('\n').at(-1) ?? `exit code ${String(code)}`));
  });
  if (reason === null) return true;
  if (process.env['AIPLAN_REQUIRE_EMULATOR'] === '1') throw new Error(`the emulator is required and missing: ${reason}`);
  console.warn(`emulator suites are skipped: ${python} cannot load moto (${reason})`);
  return false;
}
