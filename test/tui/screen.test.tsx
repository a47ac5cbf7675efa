import { describe, expect, it } from '@jest/globals';
import { openScreen } from '../../src/tui/screen.tsx';
import type { KeyEvent, Scene, Size } from '../../src/tui/scene.ts';
import { row, type Row } from '../../src/views/rows.ts';
import { openHeadless } from '../helpers/headless.ts';

/** A scene that shows what it was told, and how often it was drawn. */
function recorder(name: string, tick: number | null = null) {
  const events: KeyEvent[] = [];
  let drawn = 0;
  let change: () => void = () => undefined;
  const lines: string[] = [];
  const scene: Scene = {
    tick,
    frame: (size: Size): readonly Row[] => {
      drawn += 1;
      return [row(0, `${name} ${size.columns}x${size.rows}`), ...lines.map((line) => row(0, line)), row(0, `heard ${events.length}: ${events.map((event) => (event.kind === 'character' ? event.character + (event.together === true ? '*' : '') : event.kind)).join(' ')}`)];
    },
    handle(event) { events.push(event); change(); },
    onChange(callback) { change = callback; return () => { change = () => undefined; }; },
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
});
