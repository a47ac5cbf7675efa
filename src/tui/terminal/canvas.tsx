import { Box, render, Text } from 'ink';
import type { Row } from '../../views/base/rows.ts';
import { paint } from '../../views/base/text.ts';
import type { Size } from './view.ts';

/**
 * Draws rows with Ink, into lines of text with colour codes. The screen decides what is written to the terminal, and
 * when.
 */
export interface Canvas {
  lines(rows: readonly Row[], size: Size): readonly string[];
  close(): void;
}

/** The object that Ink takes for its terminal: it keeps the last frame, and never changes its size by itself. */
class LastFrame {
  columns = 80;
  rows = 24;
  text = '';
  readonly writable = true;
  write(text: string, done?: () => void): boolean {
    this.text = text;
    done?.();
    return true;
  }
  on(): this {
    return this;
  }
  off(): this {
    return this;
  }
}

/** Lines that were drawn before are not drawn again: most of a frame stood in the one before, higher or lower. */
const mostKnown = 1_500;

/** One root for the whole life of a screen, however many scenes it shows. */
export function openCanvas(stdin: NodeJS.ReadStream, color: boolean): Canvas {
  const frame = new LastFrame();
  let app: ReturnType<typeof render> | undefined;
  let known = new Map<string, string>();
  const draw = (lines: readonly string[], columns: number): void => {
    const node = <Frame lines={lines} columns={columns} />;
    // `debug` writes each frame whole, at once and as it is: the screen itself finds what differs.
    if (app === undefined)
      app = render(node, {
        stdin,
        stdout: frame as unknown as NodeJS.WriteStream,
        debug: true,
        exitOnCtrlC: false,
        patchConsole: false,
      });
    else app.rerender(node);
    const drawn = frame.text.split('\n');
    lines.forEach((line, index) => known.set(line, drawn[index] ?? ''));
  };
  return {
    lines(rows, { columns, rows: height }) {
      if (frame.columns !== columns || known.size > mostKnown) known = new Map();
      frame.columns = columns;
      frame.rows = height;
      const painted = rows.map((line) => paint(line, color));
      const fresh = [...new Set(painted.filter((line) => !known.has(line)))];
      if (fresh.length > 0) draw(fresh, columns);
      return painted.map((line) => known.get(line) ?? '');
    },
    close() {
      app?.unmount();
    },
  };
}

function Frame({ lines, columns }: { readonly lines: readonly string[]; readonly columns: number }) {
  return (
    <Box flexDirection="column" width={columns}>
      {lines.map((line, index) => (
        <Text key={index} wrap="truncate">
          {line === '' ? ' ' : line}
        </Text>
      ))}
    </Box>
  );
}
