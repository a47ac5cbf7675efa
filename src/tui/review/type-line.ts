import { row, span, type Row } from '../../views/base/rows.ts';
import { clip } from '../../views/base/text.ts';
import { layoutOf, padded, rule, smallest, wrapped, wrappedTo } from '../terminal/layout.ts';
import type { KeyEvent, View, Size } from '../terminal/view.ts';
import type { ScreenOptions } from '../terminal/screen.tsx';
import { movement, seeing } from './state/scrolling.ts';
import type { Seen } from './state/state.ts';
import { difference, longestTyped, pasteEntered, pasteRefused, togetherRefused } from './state/typed.ts';

export interface TypeLineOptions extends ScreenOptions {
  readonly question: readonly Row[];
  readonly wanted: string;
}

/**
 * Asks for one text to be typed, character by character, on a screen of its own. True only for the exact text;
 * everything else is no.
 */
export async function typeLine(options: TypeLineOptions): Promise<boolean> {
  const { openScreen } = await import('../terminal/screen.tsx');
  const screen = openScreen(options);
  try {
    const { scene, said } = typeLineScene(options.question, options.wanted);
    screen.show(scene);
    return await said;
  } finally {
    await screen.close();
  }
}

/** The question, which must be read to its end, and a line below it. `said` settles once. */
function typeLineScene(
  question: readonly Row[],
  wanted: string,
): { readonly scene: View; readonly said: Promise<boolean> } {
  let typed = '';
  let message = '';
  let scroll = 0;
  let room = 1;
  let total = 1;
  let seen: Seen | null = null;
  let settle: (said: boolean) => void = () => undefined;
  const said = new Promise<boolean>((resolve) => {
    settle = resolve;
  });
  const listeners = new Set<() => void>();

  const scrollTo = (to: number): void => {
    const last = Math.max(0, total - room);
    scroll = Math.max(0, Math.min(seen === null || seen.covered ? last : Math.min(last, seen.upTo), to));
  };
  const write = (event: KeyEvent): void => {
    const by = movement(event, Math.max(1, room - 1));
    if (event.kind === 'character' || event.kind === 'enter') {
      if (seen?.whole !== true) {
        if (by === null) message = 'read it to its end first: arrow down, space';
        else scrollTo(scroll + by);
      } else if (event.together === true)
        message = message === pasteRefused || message === pasteEntered ? pasteEntered : togetherRefused;
      else if (event.kind === 'character') {
        if (typed.length < longestTyped) typed += event.character;
        message = '';
      } else if (typed === wanted) settle(true);
      else {
        message = difference(typed, wanted);
        typed = '';
      }
    } else if (event.kind === 'backspace') typed = [...typed].slice(0, -1).join('');
    else if (event.kind === 'paste') {
      typed = '';
      message = pasteRefused;
    } else if (by !== null) scrollTo(scroll + by);
  };

  return {
    said,
    scene: {
      tick: null,
      frame(size: Size) {
        const layout = layoutOf(size);
        if (layout.tooSmall) {
          seen = null;
          return [
            clip(
              row(0, span(`too small: ${smallest.columns}×${smallest.rows} at least; Esc leaves`, 'warning')),
              size.columns,
            ),
          ];
        }
        const lines = wrapped(question, layout.columns);
        const said = message === '' ? [] : wrappedTo(row(0, span(message, 'warning')), layout.columns, 3);
        total = lines.length;
        room = Math.max(1, layout.height - said.length - 2);
        scrollTo(scroll);
        seen = seeing(
          seen,
          { key: 'question', width: layout.columns, total, must: total },
          scroll,
          Math.min(total, scroll + room),
        );
        const below = total - scroll - room;
        return [
          ...padded(lines.slice(scroll, scroll + room), Math.min(room, total)),
          rule(
            layout.columns,
            ...(below > 0 ? [span(`${below} more line${below === 1 ? '' : 's'}: ↓ or space`, 'warning')] : []),
          ),
          ...said,
          seen.whole
            ? clip(row(0, span('> ', 'title'), span(typed), span('▏', 'muted')), layout.columns)
            : clip(row(0, span('Read it to its end; then type. Esc leaves', 'muted')), layout.columns),
        ];
      },
      handle(event) {
        if (event.kind === 'escape' || event.kind === 'gone' || event.kind === 'interrupt') settle(false);
        else write(event);
        for (const listener of listeners) listener();
      },
      onChange(callback) {
        listeners.add(callback);
        return () => {
          listeners.delete(callback);
        };
      },
    },
  };
}
