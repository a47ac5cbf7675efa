import type { GlobalOptions, Io } from './io.ts';
import { spawn } from 'node:child_process';

/** Quits at the end where all fits on one screen, keeps colours, leaves the text on the screen. */
const usual = 'less -FRX';

/**
 * Shows a text on a terminal that is too small for it through the reader's pager: what PAGER says, else `less -FRX`.
 * Answers false where the text has to be printed: standard output is no terminal, the text fits, nobody wants a pager
 * (`paged` false, PAGER empty or `cat`), or it cannot be started. A reader who leaves early is no error.
 */
export async function page(io: Io, options: GlobalOptions, text: string, paged: boolean): Promise<boolean> {
  const command = (io.environment['PAGER'] ?? usual).trim();
  const rows = io.stdout.rows ?? 0;
  if (
    !paged ||
    options.json === true ||
    io.stdout.isTTY !== true ||
    command === '' ||
    command === 'cat' ||
    text.split('\n').length <= rows
  )
    return false;
  // PAGER may hold options and quotes, so that it is the shell's to read, as it is for every other program (POSIX,
  // man).
  const child = spawn(command, {
    shell: true,
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { ...io.environment, LESSCHARSET: io.environment['LESSCHARSET'] ?? 'utf-8' },
  });
  // Ctrl-C is the pager's while it is open.
  const stop = io.onInterrupt(() => undefined);
  try {
    return await new Promise<boolean>((done) => {
      child.once('error', () => done(false));
      // 126 and 127: the shell found no such program, or could not start it.
      child.once('close', (code) => done(code !== 126 && code !== 127));
      child.stdin.on('error', () => {
        /* The reader has seen enough. */
      });
      child.stdin.end(text);
    });
  } finally {
    stop();
  }
}
