import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../base/error.ts';
import { candidates, emulatorMissing, type Environment } from './python.ts';

export interface Emulator {
  readonly endpoint: string;
  readonly port: number;
  readonly pid: number;
  /** Settled when the process has ended, whoever ended it. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export interface EmulatorOptions {
  readonly environment?: Environment;
  readonly account?: string;
}

/**
 * Starts moto and ends with it: the standard input of the child is a pipe that only this process holds, and the child
 * ends when it closes, so that not even `kill -9` of this process leaves it behind. An account other than moto's own is
 * set only where it is asked for, because it stands for every caller, assumed roles too.
 *
 * Most of what a request costs moto 5.2 is none of its answer: it lists the folders of all its services to find the one
 * that answers, lists the methods of that one, and writes a line that nobody reads. The first two always come out alike
 * and are remembered (where moto still has them under these names); of the lines, warnings are left. Garbage is
 * collected less often.
 */
const LAUNCHER = `
import os, sys, threading
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
if sys.argv[2] != "123456789012":
    os.environ["MOTO_ACCOUNT_ID"] = sys.argv[2]
def watch():
    sys.stdin.buffer.read()
    os._exit(0)
threading.Thread(target=watch, daemon=True).start()
import functools, gc, logging
gc.set_threshold(50000, 20, 50)
logging.getLogger("werkzeug").setLevel(logging.WARNING)
from moto.server import main
from moto.core import responses
from moto.moto_server import werkzeug_app
for place, name in ((getattr(werkzeug_app, "DomainDispatcherApplication", None), "get_backend_for_host"), (responses, "method_names_from_class")):
    if hasattr(place, name):
        setattr(place, name, functools.lru_cache(maxsize=1000)(getattr(place, name)))
main(["-H", "127.0.0.1", "-p", sys.argv[1]])
`;
/** Stands in the command line of the child, so that it can be told from any other process. */
export const emulatorMark = 'aiplan-sandbox-emulator';

/** A port on the loopback that is free now. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

/** The message of Python, or of the system, where the emulator is not there at all. */
const MISSING = /ModuleNotFoundError|No module named|ENOENT|EACCES/u;

/** Starts the emulator on a free loopback port. Throws UserError `emulator-missing` or `emulator-failed`. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const environment = options.environment ?? {};
  for (const python of candidates(environment)) {
    const started = await startWith(python, options.account ?? '123456789012');
    if ('endpoint' in started) return started;
    if (!MISSING.test(started.reason))
      throw new UserError('emulator-failed', `The emulator did not start: ${started.reason}`, {
        help: `Run it by hand to see why: ${python} -m moto.server`,
      });
  }
  throw emulatorMissing(environment);
}

async function startWith(python: string, account: string): Promise<Emulator | { readonly reason: string }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const child = spawn(python, ['-c', LAUNCHER, String(port), account, emulatorMark], {
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    const started = await waitUntilReady(child, port);
    if (started.ready) return running(child, port, started.ended);
    // Another process may have taken the port between the look and the start.
    if (attempt >= 3 || MISSING.test(started.reason)) return started;
  }
}

type Start =
  | { readonly ready: true; readonly ended: Promise<void> }
  | { readonly ready: false; readonly reason: string };

async function waitUntilReady(child: ChildProcess, port: number): Promise<Start> {
  let complaints = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    complaints = (complaints + chunk.toString('utf8')).slice(-2_000);
  });
  let failure: string | undefined;
  const ended = new Promise<void>((done) => {
    child.once('error', (error) => {
      failure = error.message;
      done();
    });
    child.once('exit', (code, signal) => {
      failure ??= `it ended with ${signal ?? code}: ${complaints.trim().split('\n').at(-1) ?? ''}`;
      done();
    });
  });
  const deadline = Date.now() + 60_000;
  while (failure === undefined && Date.now() < deadline) {
    if (await answers(port)) return { ready: true, ended };
    await sleep(25);
  }
  child.kill('SIGKILL');
  return { ready: false, reason: failure ?? 'it did not answer within a minute' };
}

const answers = async (port: number): Promise<boolean> => {
  try {
    await (await fetch(`http://127.0.0.1:${port}/moto-api/`, { signal: AbortSignal.timeout(2_000) })).arrayBuffer();
    return true;
  } catch {
    return false;
  }
};

function running(child: ChildProcess, port: number, ended: Promise<void>): Emulator {
  // It must not keep this process alive, whether it is stopped or not.
  child.unref();
  for (const stream of [child.stdin, child.stderr]) (stream as { unref?: () => void } | null)?.unref?.();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    pid: child.pid ?? 0,
    ended,
    async stop() {
      child.ref();
      child.stdin?.end();
      const late = setTimeout(() => child.kill('SIGKILL'), 2_000);
      await ended;
      clearTimeout(late);
    },
  };
}
