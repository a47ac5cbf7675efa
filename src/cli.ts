import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { Io } from './cli/context/io.ts';

const version = '0.1.0';

/** Runs the command line and returns the exit code. The only reader of the process's arguments and environment. */
export async function main(): Promise<number> {
  const words = process.argv.slice(2);
  if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
    process.stdout.write(`${version}\n`);
    return 0;
  }
  // A reader that went away, a full disk or a closed terminal must not end a run between a call and its outcome.
  let lost: string | null = null;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    lost ??= error.code ?? 'unknown';
  });
  process.stderr.on('error', () => {
    /* There is nowhere left to say so. */
  });
  const { runProgram } = await import('./cli/program.ts');
  const code = await runProgram(processIo(), words, version);
  await new Promise<void>((done) => {
    process.stdout.write('', () => done());
  });
  return lost === null ? code : withoutOutput(lost, code);
}

/** `aiplan plan | head` is no error; a result that could not be written is one. */
function withoutOutput(why: string, code: number): number {
  if (why === 'EPIPE') return code;
  process.stderr.write(
    `error output-lost: standard output could not be written: ${why}\n    the command itself ended with ${code}; make room or write somewhere else, and ask again with a command that only reads\n`,
  );
  return code === 0 ? 1 : code;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function processIo(): Io {
  return {
    environment: process.env,
    current: process.cwd(),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    clock: {
      now: () => Date.now(),
      async sleep(milliseconds, signal) {
        try {
          await pause(milliseconds, undefined, signal === undefined ? {} : { signal });
        } catch (error) {
          if ((error as Error).name !== 'AbortError') throw error;
        }
      },
    },
    random: (count) => new Uint8Array(randomBytes(count)),
    onInterrupt(callback) {
      const listeners = signals.map((signal) => [signal, () => callback(signal)] as const);
      for (const [signal, listener] of listeners) process.on(signal, listener);
      return () => {
        for (const [signal, listener] of listeners) process.off(signal, listener);
      };
    },
    user: userName(),
    host: hostname(),
    pid: process.pid,
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // No entry in the user database, as in some containers.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
