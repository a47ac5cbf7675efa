import { row, span, type Row } from '../../views/base/rows.ts';
import { wrap } from '../../views/base/text.ts';
import { openCanvas } from './canvas.tsx';
import { crowded, isOpen, newKeyReader, readKeys, flushPendingKeys, type Key } from './keys.ts';
import { repaint } from './repaint.ts';
import type { KeyEvent, View, Screen, Size } from './view.ts';
import { openTerminal, stopJob } from './terminal.ts';

export interface ScreenOptions {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly color: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Calls back on Ctrl-C, hang-up and termination; returns how to stop listening. */
  readonly onInterrupt: (callback: (signal: string) => void) => () => void;
  /** How the process stops after Ctrl-Z; for tests. */
  readonly stop?: () => void;
}

/**
 * Milliseconds: between two frames at least; until an escape character alone is a key; until a paste without end is
 * over; until a key is none of a paste any more.
 */
const times = { frame: 16, escape: 40, paste: 1_000, afterPaste: 25 };
/** Keys that come before the first scene is shown wait for it; more than this many are no person's. */
const mostWaiting = 200;

/**
 * Opens the alternate screen and listens to keys at once. Every scene is drawn on it through one Ink root; only lines
 * that differ are written, and nothing while the terminal cannot take it.
 */
export function openScreen({ stdin, stdout, color, now, onInterrupt, stop = stopJob }: ScreenOptions): Screen {
  const canvas = openCanvas(stdin, color);
  let scene: View | undefined;
  let unlisten: () => void = () => undefined;
  let onScreen: readonly string[] | null = null;
  let drawnAt = -Infinity;
  let drawing: { cancel: () => void } | undefined;
  let ticking: NodeJS.Timeout | undefined;
  let blocked = false;
  let closed = false;
  let reader = newKeyReader;
  let settling: NodeJS.Timeout | undefined;
  let crowdedAt = -Infinity;
  const waiting: KeyEvent[] = [];
  const terminal = openTerminal({
    stdin,
    stdout,
    stop,
    onResume: () => {
      onScreen = null;
      schedule();
    },
  });

  const tell = (event: KeyEvent): void => {
    if (closed) return;
    if (scene !== undefined) scene.handle(event);
    else if (waiting.length < mostWaiting || event.kind === 'gone' || event.kind === 'interrupt') waiting.push(event);
  };

  const draw = (): void => {
    drawing = undefined;
    if (closed || scene === undefined || blocked || terminal.suspended) return;
    const size = sizeOf(stdout);
    const lines = canvas.lines(rowsOf(scene, size, now(), tell).slice(0, Math.max(1, size.rows - 1)), size);
    const codes = repaint(onScreen, lines);
    onScreen = lines;
    drawnAt = performance.now();
    // A line that takes no more gets no frames that nobody will see; the one that is current then is drawn.
    if (codes !== '' && stdout.writable && !stdout.write(codes)) blocked = true;
    clearTimeout(ticking);
    if (scene.tick !== null) ticking = setTimeout(schedule, scene.tick);
  };
  const schedule = (): void => {
    if (drawing !== undefined || closed) return;
    const rest = times.frame - (performance.now() - drawnAt);
    if (rest <= 0) {
      const immediate = setImmediate(draw);
      drawing = { cancel: () => clearImmediate(immediate) };
    } else {
      const timer = setTimeout(draw, rest);
      drawing = { cancel: () => clearTimeout(timer) };
    }
  };

  const pressed = (keys: readonly Key[]): void => {
    for (const key of keys) {
      if (key.kind === 'suspend') terminal.suspend();
      else if (key.kind === 'redraw') {
        onScreen = null;
        schedule();
      } else tell(key);
    }
  };
  const onData = (chunk: Buffer | string): void => {
    clearTimeout(settling);
    const wasPasting = reader.pasting;
    const read = readKeys(
      reader,
      typeof chunk === 'string' ? Buffer.from(chunk) : chunk,
      performance.now() - crowdedAt < times.afterPaste,
    );
    reader = read.reader;
    if (wasPasting || reader.pasting || crowded(read.keys)) crowdedAt = performance.now();
    if (isOpen(reader))
      settling = setTimeout(
        () => {
          const settled = flushPendingKeys(reader);
          reader = settled.reader;
          pressed(settled.keys);
        },
        reader.pasting ? times.paste : times.escape,
      );
    pressed(read.keys);
  };
  const hungUp = (): void => tell({ kind: 'gone', why: 'the terminal was closed' });
  const resized = (): void => {
    onScreen = null;
    schedule();
  };
  const drained = (): void => {
    if (blocked) {
      blocked = false;
      schedule();
    }
  };
  const stopListening = onInterrupt((signal) =>
    tell(signal === 'SIGINT' ? { kind: 'interrupt' } : { kind: 'gone', why: `ended by ${signal}` }),
  );
  stdin.on('data', onData);
  for (const name of ['end', 'close', 'error'] as const) stdin.on(name, hungUp);
  stdin.ref?.();
  stdin.resume();
  stdout.on('resize', resized);
  stdout.on('drain', drained);
  stdout.on('error', hungUp);
  stdout.on('close', hungUp);

  return {
    show(next) {
      unlisten();
      scene = next;
      unlisten = next.onChange(schedule);
      for (const event of waiting.splice(0)) next.handle(event);
      schedule();
    },
    async close() {
      if (closed) return;
      closed = true;
      unlisten();
      drawing?.cancel();
      clearTimeout(ticking);
      clearTimeout(settling);
      stopListening();
      stdin.off('data', onData);
      for (const name of ['end', 'close', 'error'] as const) stdin.off(name, hungUp);
      stdout.off('resize', resized);
      stdout.off('drain', drained);
      stdout.off('close', hungUp);
      canvas.close();
      await terminal.close();
      stdout.off('error', hungUp);
      stdin.pause();
      stdin.unref?.();
    },
  };
}

/** A scene that cannot be drawn must not take a run down with it: it is told that nobody sees it any more. */
function rowsOf(scene: View, size: Size, now: number, tell: (event: KeyEvent) => void): readonly Row[] {
  try {
    return scene.frame(size, now);
  } catch (error) {
    const why = `the screen could not be drawn: ${error instanceof Error ? error.message : String(error)}`;
    tell({ kind: 'gone', why });
    return wrap(row(0, span(why, 'warning')), size.columns);
  }
}

const sizeOf = (stdout: NodeJS.WriteStream): Size => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 });
