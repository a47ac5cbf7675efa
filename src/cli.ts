import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { Io } from './commands/io.ts';

export const version = '0.1.0';

/** Runs the command line and returns the exit code. The only reader of the process's arguments and environment. */
export async function main(): Promise<number> {
  const words = process.argv.slice(2);
  if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
    process.stdout.write(`${version}\n`);
    return 0;
  }
  // A reader that went away (`aiplan plan | head`) is no error of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => { if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0); });
  const { runProgram } = await import('./commands/program.ts');
  return runProgram(processIo(), words, version);
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function processIo(): Io {
  return {
    environment: process.env,
    current: process.cwd(),
    stdin: process.stdin, stdout: process.stdout, stderr: process.stderr,
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
      return () => { for (const [signal, listener] of listeners) process.off(signal, listener); };
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
