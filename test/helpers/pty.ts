import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import xterm from '@xterm/headless';
import { bin, nodeProgram, quick, type Cli, type RunOptions } from './cli.ts';

/**
 * A real pseudo-terminal with aiplan in it: what is written arrives as it is, and the terminal's modes can be looked
 * at.
 */
export interface Pty {
  /** One write to the terminal. */
  write(bytes: Buffer | string): void;
  resize(columns: number, rows: number): void;
  signal(name: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGTSTP'): void;
  /** Lets a job go on that has stopped. */
  goOn(): void;
  /** Closes the terminal under the program. */
  hangUp(): void;
  screen(): string;
  /** Waits until the screen fits; answers it. */
  until(what: RegExp, timeout?: number): Promise<string>;
  /** How often the job has stopped so far, and the terminal's local modes at its last stop. */
  stops(): { readonly count: number; readonly modes: number | null };
  /** Waits for the end: the exit code (128 and more: a signal), the terminal's local modes (null: it is gone). */
  ended(): Promise<{ readonly code: number; readonly modes: number | null }>;
  /** Everything that was written to the terminal, with its codes. */
  written(): string;
  alternate(): boolean;
  /** Ends what still runs. */
  close(): void;
}

const bridge = fileURLToPath(new URL('./pty.py', import.meta.url));

/** Starts aiplan on a terminal of 80×24. */
export function openPty(
  cli: Cli,
  words: readonly string[],
  { program = nodeProgram }: Pick<RunOptions, 'program'> = {},
): Pty {
  const screen = new xterm.Terminal({ cols: 80, rows: 24, allowProposedApi: true });
  const child = spawn(
    process.env['AIPLAN_PYTHON'] ?? 'python3',
    [bridge, '80', '24', program, ...quick, bin, ...words],
    { cwd: cli.work, env: { ...cli.environment, TERM: 'xterm-256color' }, stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const written: string[] = [];
  let stops = { count: 0, modes: null as number | null };
  let end: { readonly code: number; readonly modes: number | null } | undefined;
  const modesOf = (text: string | undefined): number | null =>
    text === undefined || text === '-' ? null : Number(text);
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [kind, first = '', second] = line.split(' ');
    if (kind === 'o') {
      const bytes = Buffer.from(first, 'base64');
      written.push(bytes.toString());
      screen.write(bytes, () => {
        now = undefined;
      });
    } else if (kind === 'z') stops = { count: stops.count + 1, modes: modesOf(first) };
    else if (kind === 'x') end = { code: Number(first), modes: modesOf(second) };
  });
  child.stdin.on('error', () => undefined);
  const order = (line: string): void => {
    if (child.stdin.writable) child.stdin.write(`${line}\n`);
  };
  /** What the screen shows, until it takes something in. */
  let now: string | undefined;
  const shown = (): string =>
    (now ??= Array.from(
      { length: screen.rows },
      (_, index) => screen.buffer.active.getLine(index)?.translateToString(true) ?? '',
    ).join('\n'));
  const wait = async <Value>(what: string, look: () => Value | undefined, timeout = 60_000): Promise<Value> => {
    for (const deadline = Date.now() + timeout; ;) {
      const found = look();
      if (found !== undefined) return found;
      if (Date.now() > deadline) throw new Error(`never ${what}:\n${shown()}`);
      await pause(4);
    }
  };
  return {
    write: (bytes) => order(`w ${Buffer.from(bytes).toString('base64')}`),
    resize(columns, rows) {
      screen.resize(Math.max(2, columns), Math.max(1, rows));
      now = undefined;
      order(`r ${columns} ${rows}`);
    },
    signal: (name) => order(`s ${name}`),
    goOn: () => order('c'),
    hangUp: () => order('h'),
    screen: shown,
    until: (what, timeout) =>
      wait(
        `saw ${String(what)}`,
        () => {
          const seen = shown();
          return what.test(seen) ? seen : undefined;
        },
        timeout,
      ),
    stops: () => stops,
    async ended() {
      const ending = await wait('ended', () => end);
      // The screen takes in what was written a little later.
      await new Promise<void>((done) => {
        screen.write('', done);
      });
      return ending;
    },
    written: () => written.join(''),
    alternate: () => screen.buffer.active.type === 'alternate',
    close() {
      child.stdin.end();
    },
  };
}
