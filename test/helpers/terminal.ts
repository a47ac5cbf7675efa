import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { bin, nodeProgram, quick, type Cli, type Environment } from './cli.ts';

/** A real terminal, as tmux gives it: keys go in one at a time, and the screen is read back. */
export interface Terminal {
  /** Writes a command line of aiplan and Enter at the shell's prompt. */
  aiplan(words: readonly string[]): Promise<void>;
  /** Waits until the command has ended; answers its exit code. */
  ended(timeout?: number): Promise<number>;
  /** Types a text as a person does: the next character when the last one stands on the screen. */
  type(text: string): Promise<void>;
  /** Presses keys of tmux's names: `Enter`, `Escape`, `C-c`, `Down`. */
  press(...keys: readonly string[]): void;
  /** Writes a text in one go, as a program at the other end of the line does; with `bracketed` as a terminal pastes. */
  paste(text: string, bracketed?: boolean): void;
  /** The screen as text, without colours and trailing blanks. */
  screen(): string;
  /** The screen with its escape codes. */
  colored(): string;
  /** Waits until the screen fits; answers it. Throws with the screen as it is. */
  waitFor(what: RegExp | ((screen: string) => boolean), timeout?: number): Promise<string>;
  /** Waits until a review is on the screen; answers the screen. */
  reviewing(): Promise<string>;
  /**
   * Goes down a text with the space bar, as a person who reads it, until its end lets a line be typed; answers the
   * screen.
   */
  readTo(what: RegExp): Promise<string>;
  /** Whether the alternate screen is shown. */
  alternate(): boolean;
  /** Writes everything that the programs write from now on, with all codes, into a file. */
  record(file: string): void;
  resize(columns: number, rows: number): void;
  /** Closes the terminal under the programs in it; the server goes on. */
  hangUp(): void;
  close(): void;
}

/** Null where tmux can be used, else why not. */
function terminalMissing(): string | null {
  const { error, status, stdout } = spawnSync('tmux', ['-V'], { encoding: 'utf8' });
  if (error !== undefined) return `tmux cannot be run (${(error as NodeJS.ErrnoException).code ?? error.message})`;
  return status === 0 && /tmux (?:[3-9]|next)/u.test(stdout)
    ? null
    : `tmux 3 or newer is expected, this is "${stdout.trim()}"`;
}

/** As `emulatorAvailable`: one line says why a suite is skipped; where everything is required, it throws instead. */
export function terminalAvailable(): boolean {
  const why = terminalMissing();
  if (why !== null && process.env['AIPLAN_REQUIRE_EMULATOR'] === '1')
    throw new Error(`a terminal is required and missing: ${why}`);
  if (why !== null) console.warn(`terminal suites are skipped: ${why}`);
  return why === null;
}

/** What stands in the line at the bottom in which something is typed, without blanks: it may be wrapped. */
const lineOf = (screen: string): string =>
  (/(?:^|\n)> ((?:(?!\n> )[^])*)$/u.exec(screen)?.[1] ?? '').replaceAll(/[\s▏]/gu, '');

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly environment?: Environment;
}

/** Opens a terminal on a machine, with a shell in its working tree. It is 80×24 where nothing else is said. */
export function openTerminal(cli: Cli, { columns = 80, rows = 24, environment = {} }: TerminalOptions = {}): Terminal {
  const socket = `aiplan-${process.pid}-${randomBytes(4).toString('hex')}`;
  const tmux = (...words: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync('tmux', ['-L', socket, '-f', '/dev/null', ...words], {
      encoding: 'utf8',
      env: { ...cli.environment, TERM: 'xterm-256color' },
    });
    if (status !== 0) throw new Error(`tmux ${words.join(' ')}: ${stderr}`);
    return stdout;
  };
  const variables = Object.entries({ ...cli.environment, ...environment, PS1: 'READY$ ', ENV: '', CODE: '' }).flatMap(
    ([name, value]) => (value === undefined ? [] : [`${name}=${quoted(value)}`]),
  );
  tmux(
    'new-session',
    '-d',
    '-x',
    String(columns),
    '-y',
    String(rows),
    '-c',
    cli.work,
    `exec env -i TERM="$TERM" ${variables.join(' ')} sh`,
  );
  tmux('set-option', '-g', 'remain-on-exit', 'on');
  // A test that is killed closes nothing: the server then ends by itself.
  tmux(
    'run-shell',
    '-b',
    `while kill -0 ${process.pid} && tmux -L ${socket} has-session; do sleep 2; done >/dev/null 2>&1; tmux -L ${socket} kill-server 2>/dev/null`,
  );
  /** The screen on which the last key was pressed. */
  let shownAtPress: string | null = null;
  const terminal: Terminal = {
    async aiplan(words) {
      await terminal.waitFor(/READY\$ *$/u);
      // The prompt shows the exit code of the command before, so that its end can be seen.
      tmux(
        'send-keys',
        '-l',
        `clear; ${[nodeProgram, ...quick, bin, ...words].map(quoted).join(' ')}; CODE=$?; PS1="ended $CODE READY$ "`,
      );
      tmux('send-keys', 'Enter');
    },
    async ended(timeout) {
      const screen = await terminal.waitFor(/^ended \d+ READY\$ *$/mu, timeout);
      return Number(/^ended (\d+) READY/mu.exec(screen)?.[1]);
    },
    async type(text) {
      let typed = '';
      for (const character of text) {
        typed += character;
        tmux('send-keys', '-l', '--', character);
        await terminal.waitFor((screen) => lineOf(screen) === typed.replaceAll(/\s/gu, ''), 5_000);
      }
    },
    press(...keys) {
      shownAtPress = terminal.screen();
      tmux('send-keys', ...keys);
    },
    paste(text, bracketed = false) {
      tmux('set-buffer', '--', text);
      tmux('paste-buffer', '-d', '-r', ...(bracketed ? ['-p'] : []));
    },
    screen: () =>
      tmux('capture-pane', '-p')
        .replaceAll(/[ \t]+$/gmu, '')
        .replace(/\n+$/u, ''),
    colored: () => tmux('capture-pane', '-p', '-e'),
    async waitFor(what, timeout = 30_000) {
      const deadline = Date.now() + timeout;
      for (;;) {
        const screen = terminal.screen();
        if (typeof what === 'function' ? what(screen) : what.test(screen)) return screen;
        if (Date.now() > deadline) throw new Error(`the terminal never showed ${String(what)}, but:\n${screen}`);
        await pause(40);
      }
    },
    // Keys that come before the first frame wait for it.
    reviewing: () => terminal.waitFor(/confirmed 0 of \d+/u),
    async readTo(what) {
      // A key that comes in one read with the one before it counts as pasted: the screen first answers that one.
      await terminal.waitFor((screen) => screen !== shownAtPress || what.test(screen));
      for (let pages = 0; !what.test(terminal.screen()); pages += 1) {
        if (pages > 100) throw new Error(`the text never came to ${String(what)}, but to:\n${terminal.screen()}`);
        const before = terminal.screen();
        terminal.press('Space');
        await terminal.waitFor((screen) => screen !== before || what.test(screen));
      }
      return terminal.screen();
    },
    alternate: () => tmux('display-message', '-p', '#{alternate_on}').trim() === '1',
    record(file) {
      tmux('pipe-pane', '-o', `cat > ${quoted(file)}`);
    },
    resize(width, height) {
      tmux('resize-window', '-x', String(width), '-y', String(height));
    },
    hangUp() {
      tmux('respawn-pane', '-k', 'cat');
    },
    close() {
      tmux('kill-server');
    },
  };
  return terminal;
}
