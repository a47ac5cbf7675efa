/** Alternate screen, no cursor, pastes marked as such, no line that wraps by itself. */
const enter = '\u001b[?1049h\u001b[?25l\u001b[?2004h\u001b[?7l\u001b[2J\u001b[H';
const leave = '\u001b[?2026l\u001b[0m\u001b[?7h\u001b[?2004l\u001b[?25h\u001b[?1049l';

export interface TerminalOptions {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  /** The terminal is as at the beginning: the screen must draw everything again. */
  readonly onResume: () => void;
  /** Stops the process, and with it what started it, as Ctrl-Z does outside. */
  readonly stop: () => void;
}

export interface Terminal {
  /** Gives the terminal back to the shell and stops, until the person brings the program to the front again. */
  suspend(): void;
  readonly suspended: boolean;
  /** Restores the terminal. Safe to call twice. */
  close(): Promise<void>;
}

/** All processes of the job stop, so that the shell sees it whatever stands between: npm, a script. */
export const stopJob = (): void => {
  process.kill(0, 'SIGTSTP');
};

/** Without a shell that watches over jobs a stop signal leaves the program running: it continues after this long. */
export const notStoppedAfter = 200;

/**
 * Takes the terminal: raw keys, the alternate screen. It is restored on every way out: close, exit, a crash, a stop
 * signal; and taken again when the process continues.
 */
export function openTerminal({ stdin, stdout, onResume, stop }: TerminalOptions): Terminal {
  let state: 'open' | 'suspended' | 'closed' = 'open';
  let late: NodeJS.Timeout | undefined;
  const write = (codes: string): void => {
    if (!stdout.destroyed && stdout.writable) stdout.write(codes);
  };
  const raw = (on: boolean): void => {
    if (!stdin.isTTY || stdin.destroyed) return;
    try {
      stdin.setRawMode(on);
    } catch {
      // The terminal has gone away. Its end of input says so to whoever must know; a run continues to its own end.
      stdin.destroy();
    }
  };
  const restore = (): void => {
    if (state === 'open') write(leave);
    raw(false);
  };
  // Also before a crash says on the screen what happened; the crash itself goes its way.
  const crashed = (): void => {
    if (state === 'open') {
      restore();
      state = 'closed';
    }
  };
  const resume = (): void => {
    clearTimeout(late);
    if (state === 'closed') return;
    state = 'open';
    // The shell has changed the mode meanwhile, which Node does not know.
    raw(false);
    raw(true);
    write(enter);
    onResume();
  };
  const suspend = (): void => {
    if (state !== 'open') return;
    restore();
    state = 'suspended';
    late = setTimeout(resume, notStoppedAfter);
    process.off('SIGTSTP', suspend);
    stop();
    listenForStop();
  };
  // Not in this tick: the signal that was just sent must find nobody who listens.
  const listenForStop = (): void => {
    setImmediate(() => {
      if (state !== 'closed' && process.platform !== 'win32') process.on('SIGTSTP', suspend);
    });
  };

  raw(true);
  write(enter);
  process.on('exit', crashed);
  process.on('uncaughtExceptionMonitor', crashed);
  if (process.platform !== 'win32') {
    process.on('SIGTSTP', suspend);
    process.on('SIGCONT', resume);
  }
  return {
    suspend,
    get suspended() {
      return state === 'suspended';
    },
    async close() {
      if (state !== 'closed') restore();
      state = 'closed';
      clearTimeout(late);
      process.off('exit', crashed);
      process.off('uncaughtExceptionMonitor', crashed);
      process.off('SIGTSTP', suspend);
      process.off('SIGCONT', resume);
      await new Promise<void>((done) => {
        if (stdout.destroyed || !stdout.writable) done();
        else stdout.write('', () => done());
      });
    },
  };
}
