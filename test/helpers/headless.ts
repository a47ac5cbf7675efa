import { PassThrough } from 'node:stream';
import xterm from '@xterm/headless';
import type { ScreenOptions } from '../../src/tui/terminal/screen.tsx';

/** A terminal without a window: real cells, no process. What is written to `stdin` are keys. */
export interface Headless {
  readonly options: ScreenOptions;
  readonly stdin: PassThrough;
  /** Everything that was written to the terminal so far, with its codes. */
  written(): string;
  lines(): readonly string[];
  /** Waits until the screen shows something; answers the screen. */
  until(text: string | RegExp): Promise<string>;
  /** Waits until everything that was written stands on the screen. */
  flushed(): Promise<void>;
  alternate(): boolean;
  /** Whether raw keys are asked for. */
  raw(): boolean;
  resize(columns: number, rows: number): void;
  interrupt(signal: string): void;
  /** How often the process was told to stop. */
  stops(): number;
  /** Types as a person does: each character once the screen has shown the one before, behind `> `. */
  type(text: string): Promise<void>;
}

export function openHeadless(columns = 80, rows = 24, over: Partial<ScreenOptions> = {}): Headless {
  const screen = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  const stdout = Object.assign(new PassThrough(), { columns, rows, isTTY: true });
  const written: string[] = [];
  let raw = false;
  let stops = 0;
  let interrupt: (signal: string) => void = () => undefined;
  stdout.on('data', (chunk: Buffer) => {
    written.push(chunk.toString());
    screen.write(chunk);
  });
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (on: boolean) => {
      raw = on;
      return stdin;
    },
    ref: () => stdin,
    unref: () => stdin,
  });
  const lines = (): string[] =>
    Array.from(
      { length: screen.rows },
      (_, index) => screen.buffer.active.getLine(index)?.translateToString(true) ?? '',
    );
  const until = async (text: string | RegExp): Promise<string> => {
    for (let tries = 0; tries < 600; tries += 1) {
      const shown = lines().join('\n');
      if (typeof text === 'string' ? shown.includes(text) : text.test(shown)) return shown;
      await new Promise((done) => setTimeout(done, 5));
    }
    throw new Error(`never saw ${String(text)} in:\n${lines().join('\n')}`);
  };
  return {
    options: {
      stdin: stdin as unknown as NodeJS.ReadStream,
      stdout: stdout as unknown as NodeJS.WriteStream,
      color: false,
      now: Date.now,
      onInterrupt: (callback) => {
        interrupt = callback;
        return () => {
          interrupt = () => undefined;
        };
      },
      stop: () => {
        stops += 1;
      },
      ...over,
    },
    stdin,
    lines,
    until,
    written: () => written.join(''),
    flushed: () =>
      new Promise((done) => {
        screen.write('', () => done());
      }),
    alternate: () => screen.buffer.active.type === 'alternate',
    raw: () => raw,
    resize(width, height) {
      screen.resize(width, height);
      Object.assign(stdout, { columns: width, rows: height });
      stdout.emit('resize');
    },
    interrupt: (signal) => interrupt(signal),
    stops: () => stops,
    async type(text) {
      let typed = '';
      for (const character of text) {
        stdin.write(character);
        typed += character;
        // A long text goes on in the next line of the screen.
        const wanted = `> ${typed}`.replaceAll(/\s/gu, '');
        for (let tries = 0; !lines().join('').replaceAll(/\s/gu, '').includes(wanted); tries += 1) {
          if (tries > 600) throw new Error(`"${typed}" never stood on the screen:\n${lines().join('\n')}`);
          await new Promise((done) => setTimeout(done, 2));
        }
      }
    },
  };
}
