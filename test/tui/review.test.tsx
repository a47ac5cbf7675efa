import { describe, expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import xterm from '@xterm/headless';
import { runReview } from '../../src/tui/review.tsx';
import { samplePlan, sampleTime } from '../helpers/sample-plan.ts';
import type { ReviewResult } from '../../src/model/review.ts';

/** Ink on a headless terminal: real cells, no process. */
function openTerminal(columns: number, rows: number) {
  const screen = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, convertEol: true });
  const stdout = Object.assign(new PassThrough(), { columns, rows, isTTY: true });
  stdout.on('data', (chunk: Buffer) => screen.write(chunk));
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => stdin, ref: () => stdin, unref: () => stdin });
  let interrupt: (signal: string) => void = () => undefined;
  const lines = (): string[] => Array.from({ length: rows }, (_, index) => screen.buffer.active.getLine(index)?.translateToString(true) ?? '');
  const until = async (text: string | RegExp): Promise<string> => {
    for (let tries = 0; tries < 400; tries += 1) {
      const shown = lines().join('\n');
      if (typeof text === 'string' ? shown.includes(text) : text.test(shown)) return shown;
      await new Promise((done) => setTimeout(done, 5));
    }
    throw new Error(`never saw ${String(text)} in:\n${lines().join('\n')}`);
  };
  return {
    stdin, stdout, lines, until, screen,
    interrupt: (signal: string) => interrupt(signal),
    review: (over = {}): Promise<ReviewResult> => runReview({
      plan: samplePlan(), purpose: 'apply', now: () => sampleTime, color: false, tier: 'T0', maxConfirmations: 20,
      stdin: stdin as unknown as NodeJS.ReadStream, stdout: stdout as unknown as NodeJS.WriteStream,
      onInterrupt: (callback) => { interrupt = callback; return () => undefined; }, ...over,
    }),
  };
}

/** Types as a person does: each character once the screen has shown the one before. */
async function type(terminal: ReturnType<typeof openTerminal>, text: string, wanted: (typed: string) => string): Promise<void> {
  let typed = '';
  for (const character of text) {
    terminal.stdin.write(character);
    typed += character;
    await terminal.until(wanted(typed));
  }
}

describe('the review screen', () => {
  it.each([[80, 24], [200, 50], [40, 12]])('takes typed confirmations at %i×%i', async (columns, rows) => {
    const terminal = openTerminal(columns, rows);
    const result = terminal.review();
    await terminal.until('CoursesDb');
    terminal.stdin.write('c');
    await terminal.until('to confirm');
    await type(terminal, 'courses-prod', (typed) => `> ${typed}`);
    terminal.stdin.write('\r');
    await terminal.until('1 to go');
    terminal.stdin.write('c');
    await terminal.until('to confirm');
    await type(terminal, '1b2c3d', (typed) => `> ${typed}`);
    terminal.stdin.write('\r');
    await terminal.until(/everything is\s+confirmed/);
    terminal.stdin.write('a');
    await terminal.until('to apply');
    await type(terminal, 'yes', (typed) => `> ${typed}`);
    terminal.stdin.write('\r');
    const { decision, confirmations } = await result;
    expect(decision).toBe('approved');
    expect(confirmations.map(({ typed }) => typed)).toEqual(['courses-prod', '1b2c3d']);
  });

  it('refuses pasted text, marked or not', async () => {
    const terminal = openTerminal(100, 30);
    const result = terminal.review();
    await terminal.until('CoursesDb');
    terminal.stdin.write('c');
    await terminal.until('to confirm');
    terminal.stdin.write('courses-prod');
    await terminal.until('pasted text does not count');
    terminal.stdin.write('\u001b[200~courses-prod\u001b[201~');
    terminal.stdin.write('\r');
    await terminal.until('nothing was typed');
    terminal.stdin.write('courses-prod\r');
    await terminal.until('pasted text does not count');
    terminal.interrupt('SIGHUP');
    expect((await result).decision).toBe('declined');
  });

  it('takes Ctrl-C, a hang-up and the end of input for no', async () => {
    for (const leave of [(t: ReturnType<typeof openTerminal>) => t.stdin.write('\u0003'), (t: ReturnType<typeof openTerminal>) => t.interrupt('SIGTERM'), (t: ReturnType<typeof openTerminal>) => t.stdin.end()]) {
      const terminal = openTerminal(80, 24);
      const result = terminal.review();
      await terminal.until('CoursesDb');
      leave(terminal);
      const { decision, confirmations } = await result;
      expect(decision).toBe('declined');
      expect(confirmations).toEqual([]);
    }
  });

  it('never draws more than the screen holds, and leaves the alternate screen', async () => {
    const terminal = openTerminal(60, 16);
    const result = terminal.review();
    await terminal.until('CoursesDb');
    expect(terminal.screen.buffer.active.type).toBe('alternate');
    expect(terminal.screen.buffer.active.baseY).toBe(0);
    terminal.stdin.write('q');
    expect((await result).decision).toBe('declined');
    await new Promise((done) => terminal.screen.write('', () => done(null)));
    expect(terminal.screen.buffer.active.type).toBe('normal');
  });
});
