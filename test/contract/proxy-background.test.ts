import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { down, status, up, type SandboxState } from '../../src/sandbox/background.ts';
import { hasEnded, isAlive } from '../../src/sandbox/processes.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';

const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('a sandbox in the background', () => {
  let folder = '';
  let entry = '';
  const dir = (): string => join(folder, 'state');
  const start = (): Promise<SandboxState> => up({ dir: dir(), entry, environment: process.env });
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'aiplan-sandbox-'));
    // In a process of its own: the bundler cannot tell the values of jest's realm.
    const path = (relative: string): string => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
    await promisify(execFile)(process.execPath, [
      path('node_modules/rolldown/bin/cli.mjs'),
      path('src/sandbox/server-process.ts'),
      '--platform',
      'node',
      '--dir',
      folder,
      '--entry-file-names',
      'sandbox-server.mjs',
      '--chunk-file-names',
      '[name]-[hash].mjs',
      '--log-level',
      'silent',
    ]);
    entry = join(folder, 'sandbox-server.mjs');
  }, 60_000);
  afterEach(async () => {
    await down(dir());
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('starts once, says where it is, and leaves nothing behind', async () => {
    expect(await status(dir())).toEqual({ running: false, stale: false });
    const state = await start();
    expect(await start()).toEqual(state);
    expect(await status(dir())).toEqual({ running: true, state });
    expect((await stat(join(dir(), 'sandbox.json'))).mode & 0o777).toBe(0o600);
    expect((await fetch(`${state.endpoint}/`)).status).toBe(200);
    expect(await down(dir())).toBe(true);
    expect([isAlive(state.pid), isAlive(state.emulatorPid)]).toEqual([false, false]);
    expect(await down(dir())).toBe(false);
  }, 90_000);

  it('takes its emulator along when it is killed', async () => {
    const state = await start();
    process.kill(state.pid, 'SIGKILL');
    expect(await hasEnded(state.emulatorPid, 10_000)).toBe(true);
    expect(await status(dir())).toEqual({ running: false, stale: true });
    const again = await start();
    expect(again.pid).not.toBe(state.pid);
  }, 90_000);

  it('ends with its emulator, and by SIGTERM', async () => {
    const first = await start();
    process.kill(first.emulatorPid, 'SIGKILL');
    expect(await hasEnded(first.pid, 10_000)).toBe(true);
    const second = await start();
    process.kill(second.pid, 'SIGTERM');
    expect(await hasEnded(second.pid, 10_000)).toBe(true);
    expect(await hasEnded(second.emulatorPid, 10_000)).toBe(true);
  }, 120_000);

  it('never ends a process that only has the same number', async () => {
    const state = await start();
    await down(dir());
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' });
    try {
      await writeFile(
        join(dir(), 'sandbox.json'),
        JSON.stringify({ ...state, pid: stranger.pid, emulatorPid: stranger.pid }),
      );
      expect(await down(dir())).toBe(false);
      expect(isAlive(stranger.pid ?? 0)).toBe(true);
      await expect(readFile(join(dir(), 'sandbox.json'))).rejects.toThrow('ENOENT');
    } finally {
      stranger.kill('SIGKILL');
    }
  }, 60_000);

  it('has the account that it was asked for', async () => {
    const { endpoint, account } = await up({ dir: dir(), entry, environment: process.env, account: '210987654321' });
    const headers = {
      authorization:
        'AWS4-HMAC-SHA256 Credential=test/20200101/eu-west-1/sts/aws4_request, SignedHeaders=host, Signature=00',
      'content-type': 'application/x-www-form-urlencoded',
    };
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers,
      body: 'Action=GetCallerIdentity&Version=2011-06-15',
    });
    expect([account, await answer.text()]).toEqual([
      '210987654321',
      expect.stringContaining('<Account>210987654321</Account>'),
    ]);
  }, 60_000);

  it('says why it cannot start', async () => {
    await expect(up({ dir: dir(), entry, environment: { AIPLAN_PYTHON: '/no/such/python' } })).rejects.toMatchObject({
      code: 'emulator-missing',
    });
    expect(await status(dir())).toEqual({ running: false, stale: false });
  });
});
