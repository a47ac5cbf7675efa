import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** Whether a process of that id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The command line of a process; empty where there is none. */
export async function commandLine(pid: number): Promise<string> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ');
  } catch {
    return new Promise((done) => {
      execFile('ps', ['-o', 'command=', '-p', String(pid)], (error, output) => done(error === null ? output : ''));
    });
  }
}

/** Waits until a process has ended; false where it has not in that time. */
export async function hasEnded(pid: number, milliseconds: number): Promise<boolean> {
  const deadline = Date.now() + milliseconds;
  while (isAlive(pid)) {
    if (Date.now() > deadline) return false;
    await new Promise((done) => {
      setTimeout(done, 20);
    });
  }
  return true;
}
