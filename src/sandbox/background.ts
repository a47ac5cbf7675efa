import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../base/error.ts';
import { emulatorMark } from './emulator.ts';
import { commandLine, hasEnded, isAlive } from './processes.ts';
import type { Environment } from './python.ts';

export interface UpOptions {
  /** Folder of the state file; made where it is missing. */
  readonly dir: string;
  readonly port?: number;
  readonly account?: string;
  readonly region?: string;
  readonly environment?: Environment;
  /** The script that runs `server-process.ts`; found beside the bundle where it is not said. */
  readonly entry?: string;
}

/** The options that the child gets from `up`. */
export interface ServerOptions {
  readonly port?: number;
  readonly account?: string;
  readonly environment?: Environment;
  readonly token: string;
}
export type ServerMessage =
  | { readonly kind: 'ready'; readonly endpoint: string; readonly emulatorPid: number }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly help: string | undefined };

/** The state file, `sandbox.json`. */
export interface SandboxState {
  readonly format: 'aiplan/sandbox@1';
  readonly pid: number;
  readonly emulatorPid: number;
  readonly endpoint: string;
  readonly account: string;
  readonly region: string;
  readonly startedAt: string;
  readonly token: string;
}

export type SandboxStatus =
  | { readonly running: false; readonly stale: boolean }
  | { readonly running: true; readonly state: SandboxState };

const serverMark = 'sandbox-server';
const stateFile = (dir: string): string => join(dir, 'sandbox.json');

/** The bundled server beside this file, beside its folder (chunks), or in `dist` where this runs from source. */
function defaultEntry(): string {
  for (const path of [`./${serverMark}.mjs`, `../${serverMark}.mjs`, `../../dist/${serverMark}.mjs`]) {
    const file = fileURLToPath(new URL(path, import.meta.url));
    if (existsSync(file)) return file;
  }
  throw new UserError('sandbox-not-built', `There is no ${serverMark}.mjs beside this program`, {
    help: 'Run: npm run build',
  });
}

async function readState(dir: string): Promise<SandboxState | undefined> {
  try {
    const state = JSON.parse(await readFile(stateFile(dir), 'utf8')) as SandboxState;
    return state.format === 'aiplan/sandbox@1' ? state : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Whether the process that answers at the endpoint is the one that we started: it knows our token. */
async function answersToToken(state: SandboxState): Promise<boolean> {
  try {
    const answer = await fetch(`${state.endpoint}/_sandbox/status`, {
      headers: { 'x-sandbox-token': state.token },
      signal: AbortSignal.timeout(2_000),
    });
    const { pid, tokenMatches } = (await answer.json()) as { pid: number; tokenMatches: boolean };
    return pid === state.pid && tokenMatches;
  } catch {
    return false;
  }
}

/** Whether a sandbox that was started from this folder is running. `stale`: its state file is left over. */
export async function status(dir: string): Promise<SandboxStatus> {
  const state = await readState(dir);
  if (state === undefined) return { running: false, stale: false };
  return (await answersToToken(state)) ? { running: true, state } : { running: false, stale: true };
}

/** Starts a sandbox that outlives this process; answers the running one where there is one. Throws UserError. */
export async function up(options: UpOptions): Promise<SandboxState> {
  const now = await status(options.dir);
  if (now.running) return now.state;
  await down(options.dir);
  await mkdir(options.dir, { recursive: true, mode: 0o700 });
  const token = randomBytes(16).toString('hex');
  const child = fork(options.entry ?? defaultEntry(), [serverMark], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: [],
  });
  const { port, account = '123456789012', environment } = options;
  const message = await new Promise<ServerMessage>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new UserError('sandbox-failed', `The sandbox ended at once with ${code}`)));
    child.once('message', (sent) => resolve(sent as ServerMessage));
    child.send({
      account,
      token,
      ...(port === undefined ? {} : { port }),
      ...(environment === undefined
        ? {}
        : {
            environment: { AIPLAN_PYTHON: environment['AIPLAN_PYTHON'], XDG_CACHE_HOME: environment['XDG_CACHE_HOME'] },
          }),
    } satisfies ServerOptions);
  });
  child.removeAllListeners();
  if (message.kind === 'failed')
    throw new UserError(message.code, message.message, message.help === undefined ? {} : { help: message.help });
  child.unref();
  const state: SandboxState = {
    format: 'aiplan/sandbox@1',
    pid: child.pid ?? 0,
    emulatorPid: message.emulatorPid,
    endpoint: message.endpoint,
    account,
    region: options.region ?? 'eu-west-1',
    startedAt: new Date().toISOString(),
    token,
  };
  await writeFile(stateFile(options.dir), `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  return state;
}

/** Ends the sandbox that was started from this folder, and exactly its processes. Answers whether one was running. */
export async function down(dir: string): Promise<boolean> {
  const state = await readState(dir);
  if (state === undefined) return false;
  const running = await answersToToken(state);
  if (running) {
    await fetch(`${state.endpoint}/_sandbox/stop`, { method: 'POST', headers: { 'x-sandbox-token': state.token } });
    await hasEnded(state.pid, 5_000);
  }
  // Whoever does not answer is ended only if his command line says that he is ours: ids are given again.
  await endIfOurs(state.pid, serverMark);
  await endIfOurs(state.emulatorPid, emulatorMark);
  await rm(stateFile(dir), { force: true });
  return running;
}

async function endIfOurs(pid: number, mark: string): Promise<void> {
  if (pid <= 0 || !isAlive(pid) || !(await commandLine(pid)).includes(mark)) return;
  process.kill(pid, 'SIGTERM');
  if (!(await hasEnded(pid, 3_000))) process.kill(pid, 'SIGKILL');
}
