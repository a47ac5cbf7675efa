import { describe, expect, it } from '@jest/globals';
import { openScreen } from '../../src/tui/terminal/screen.tsx';
import type { KeyEvent, View, Size } from '../../src/tui/terminal/view.ts';
import { row, type Row } from '../../src/views/base/rows.ts';
import { openHeadless, type Headless } from '../helpers/headless.ts';

/** A scene that shows what it was told, and how often it was drawn. */
function recorder(name: string, tick: number | null = null) {
  const events: KeyEvent[] = [];
  let drawn = 0;
  let change: () => void = () => undefined;
  const lines: string[] = [];
  const scene: View = {
    tick,
    frame: (size: Size): readonly Row[] => {
      drawn += 1;
      return [
        row(0, `${name} ${size.columns}x${size.rows}`),
        ...lines.map((line) => row(0, line)),
        row(
          0,
          `heard ${events.length}: ${events.map((event) => (event.kind === 'character' ? event.character + (event.together === true ? '*' : '') : event.kind)).join(' ')}`,
        ),
      ];
    },
    handle(event) {
      events.push(event);
      change();
    },
    onChange(callback) {
      change = callback;
      return () => {
        change = () => undefined;
      };
    },
  };
  return { scene, events, lines, drawn: () => drawn, change: () => change() };
}

describe('the screen', () => {
  it('keeps keys that were pressed before there was anything to see', async () => {
    const terminal = openHeadless();
    const screen = openScreen(terminal.options);
    terminal.stdin.write('j');
    terminal.stdin.write('k');
    await new Promise((done) => setImmediate(done));
    const first = recorder('first');
    screen.show(first.scene);
    await terminal.until('heard 2: j k');
    await screen.close();
  });

  it('shows one scene after the other without leaving the alternate screen', async () => {
    const terminal = openHeadless();
    const screen = openScreen(terminal.options);
    const [first, second] = [recorder('first'), recorder('second')];
    screen.show(first.scene);
    await terminal.until('first 80x24');
    screen.show(second.scene);
    await terminal.until('second 80x24');
    terminal.stdin.write('x');
    await terminal.until('heard 1: x');
    expect(first.events).toEqual([]);
    expect(terminal.written().split('\u001b[?1049h')).toHaveLength(2);
    await screen.close();
    await screen.close();
    await terminal.flushed();
    expect(terminal.alternate()).toBe(false);
    expect(terminal.raw()).toBe(false);
    expect(terminal.written().endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
  });

  it('writes only lines that changed, each frame at once', async () => {
    const terminal = openHeadless(60, 10);
    const screen = openScreen(terminal.options);
    const shown = recorder('shown');
    screen.show(shown.scene);
    await terminal.until('heard 0');
    const before = terminal.written().length;
    terminal.stdin.write('x');
    await terminal.until('heard 1: x');
    const codes = terminal.written().slice(before);
    expect(codes).toBe('\u001b[?2026h\u001b[2;1H\u001b[2Kheard 1: x\u001b[?2026l');
    shown.change();
    await new Promise((done) => setTimeout(done, 40));
    expect(terminal.written().length).toBe(before + codes.length);
    await screen.close();
  });

  it('follows the size of the terminal, and keeps below its last line', async () => {
    const terminal = openHeadless(80, 24);
    const screen = openScreen(terminal.options);
    const shown = recorder('shown');
    shown.lines.push(...Array.from({ length: 60 }, (_, index) => `line ${index} ${'wide '.repeat(60)}`));
    screen.show(shown.scene);
    await terminal.until('shown 80x24');
    for (const [columns, rows] of [
      [40, 12],
      [120, 30],
      [20, 5],
      [3, 2],
    ] as const) {
      terminal.resize(columns, rows);
      await terminal.until(columns < 20 ? 'sh' : `shown ${columns}x${rows}`);
      await terminal.flushed();
      expect(terminal.lines().at(-1)).toBe('');
    }
    await screen.close();
  });

  it('draws as often as the scene wants while nothing happens', async () => {
    const terminal = openHeadless();
    const screen = openScreen(terminal.options);
    const [still, moving] = [recorder('still'), recorder('moving', 5)];
    screen.show(still.scene);
    await terminal.until('still');
    screen.show(moving.scene);
    for (let tries = 0; moving.drawn() < 5; tries += 1) {
      if (tries > 500) throw new Error('it stands still');
      await new Promise((done) => setTimeout(done, 5));
    }
    expect(still.drawn()).toBe(1);
    await screen.close();
  });

  it('reads keys that a slow line joins, and marks pastes', async () => {
    const terminal = openHeadless(120, 10);
    const screen = openScreen(terminal.options);
    const shown = recorder('shown');
    screen.show(shown.scene);
    terminal.stdin.write('\u001b[B\u001b[Bjj');
    await terminal.until('heard 4: down down j* j*');
    await new Promise((done) => setTimeout(done, 60));
    terminal.stdin.write('\u001b[200~courses-prod\r\u001b[201~');
    await terminal.until('heard 5: down down j* j* paste');
    await new Promise((done) => setTimeout(done, 60));
    terminal.stdin.write('\u001b');
    await terminal.until('heard 6: down down j* j* paste escape');
    await screen.close();
  });

  it('tells the end of input, a signal, Ctrl-C and a broken terminal', async () => {
    const ways: readonly (readonly [(terminal: Headless) => unknown, KeyEvent])[] = [
      [(terminal) => terminal.stdin.end(), { kind: 'gone', why: 'the terminal was closed' }],
      [(terminal) => terminal.interrupt('SIGHUP'), { kind: 'gone', why: 'ended by SIGHUP' }],
      [(terminal) => terminal.interrupt('SIGINT'), { kind: 'interrupt' }],
      [(terminal) => terminal.stdin.write('\u0003'), { kind: 'interrupt' }],
      [
        (terminal) => terminal.options.stdout.emit('error', new Error('EIO')),
        { kind: 'gone', why: 'the terminal was closed' },
      ],
    ];
    for (const [happens, event] of ways) {
      const terminal = openHeadless();
      const screen = openScreen(terminal.options);
      const shown = recorder('shown');
      screen.show(shown.scene);
      await terminal.until('heard 0');
      happens(terminal);
      for (let tries = 0; shown.events.length === 0; tries += 1) {
        if (tries > 500) throw new Error('nothing was heard');
        await new Promise((done) => setTimeout(done, 5));
      }
      expect(shown.events[0]).toEqual(event);
      await screen.close();
    }
  });

  const before = (name: string): number => process.listenerCount(name);
  const listeners = (name: string): readonly ((...args: unknown[]) => void)[] =>
    process.listeners(name as 'SIGCONT') as ((...args: unknown[]) => void)[];

  it('restores the terminal when the program crashes or exits, and leaves no listener behind', async () => {
    const names = ['exit', 'uncaughtExceptionMonitor', 'SIGCONT', 'SIGTSTP'] as const;
    const counts = names.map(before);
    for (const way of ['exit', 'uncaughtExceptionMonitor'] as const) {
      const terminal = openHeadless();
      const known = listeners(way);
      const screen = openScreen(terminal.options);
      screen.show(recorder('shown').scene);
      await terminal.until('shown');
      expect([terminal.alternate(), terminal.raw()]).toEqual([true, true]);
      // Only the screen's own listener: the test itself goes on.
      for (const listener of listeners(way)) if (!known.includes(listener)) listener();
      await terminal.flushed();
      expect([terminal.alternate(), terminal.raw()]).toEqual([false, false]);
      expect(terminal.written()).toContain('\u001b[?25h');
      await screen.close();
    }
    expect(names.map(before)).toEqual(counts);
  });

  it('goes to the shell with Ctrl-Z, comes back as it was, and redraws everything', async () => {
    const terminal = openHeadless();
    const screen = openScreen(terminal.options);
    const shown = recorder('shown');
    screen.show(shown.scene);
    await terminal.until('heard 0');
    terminal.stdin.write('\u001a');
    for (let tries = 0; terminal.stops() === 0; tries += 1) {
      if (tries > 500) throw new Error('it did not stop');
      await new Promise((done) => setTimeout(done, 5));
    }
    await terminal.flushed();
    expect([terminal.alternate(), terminal.raw()]).toEqual([false, false]);
    process.emit('SIGCONT');
    await terminal.until('heard 0');
    expect([terminal.alternate(), terminal.raw()]).toEqual([true, true]);
    expect(shown.events).toEqual([]);
    // The same after a stop from outside, which nobody could prepare for; a stop signal is answered as Ctrl-Z.
    terminal.options.stdout.write('\u001b[2Jsomebody else wrote here');
    process.emit('SIGCONT');
    await terminal.until('heard 0');
    expect((await terminal.until('shown')).includes('somebody')).toBe(false);
    process.emit('SIGTSTP');
    for (let tries = 0; terminal.stops() < 2; tries += 1) {
      if (tries > 500) throw new Error('it did not stop');
      await new Promise((done) => setTimeout(done, 5));
    }
    await screen.close();
    await terminal.flushed();
    expect([terminal.alternate(), terminal.raw()]).toEqual([false, false]);
  });

  it('goes on by itself where no shell takes the stop', async () => {
    const terminal = openHeadless();
    const screen = openScreen(terminal.options);
    screen.show(recorder('shown').scene);
    await terminal.until('shown');
    terminal.stdin.write('\u001a');
    for (let tries = 0; terminal.stops() === 0; tries += 1) {
      if (tries > 500) throw new Error('it did not stop');
      await new Promise((done) => setTimeout(done, 5));
    }
    terminal.stdin.write('k');
    await terminal.until('heard 1: k');
    expect(terminal.raw()).toBe(true);
    await screen.close();
  });

  it('tells a scene that cannot be drawn, and takes nothing down with it', async () => {
    const terminal = openHeadless(60, 10);
    const screen = openScreen(terminal.options);
    const broken = recorder('broken');
    screen.show({
      ...broken.scene,
      tick: null,
      frame: () => {
        throw new Error('no such row');
      },
    });
    await terminal.until('the screen could not be drawn: no such row');
    expect(broken.events[0]).toEqual({ kind: 'gone', why: 'the screen could not be drawn: no such row' });
    await screen.close();
  });

  it('writes no frames to a terminal that takes none, and the current one when it does again', async () => {
    const terminal = openHeadless();
    const write = terminal.options.stdout.write.bind(terminal.options.stdout);
    let slow = false;
    terminal.options.stdout.write = ((text: string, done?: () => void) => {
      write(text, done ?? (() => undefined));
      return !slow;
    }) as typeof write;
    const screen = openScreen(terminal.options);
    const shown = recorder('shown');
    screen.show(shown.scene);
    await terminal.until('heard 0');
    slow = true;
    terminal.stdin.write('a');
    await terminal.until('heard 1: a');
    const drawn = shown.drawn();
    for (const key of 'bcdef') {
      terminal.stdin.write(key);
      await new Promise((done) => setTimeout(done, 20));
    }
    expect(shown.drawn()).toBe(drawn);
    expect(shown.events).toHaveLength(6);
    slow = false;
    terminal.options.stdout.emit('drain');
    await terminal.until('heard 6: a b c d e f');
    await screen.close();
  });
});
