import { row, span, type Row } from '../../views/base/rows.ts';
import { clip } from '../../views/base/text.ts';
import { wrapped } from '../terminal/layout.ts';
import type { KeyEvent, View, Size } from '../terminal/view.ts';

/** The person's choice for a run that stopped. Silence, Ctrl-C, Esc and a closed terminal leave it as it is. */
export type RecoveryChoice = 'continue' | 'rollback' | 'leave';

export interface RecoveryViewOptions {
  /** Where each step stands. */
  readonly rows: readonly Row[];
  /** False: the run cannot be resumed; it can be rolled back. */
  readonly canContinue: boolean;
  /** Says what resuming means, such as `the 3 steps that are left are shown and confirmed first`. */
  readonly meaning: string;
}

/**
 * Where a stopped run stands, and the choice what becomes of it. Nothing is sent by choosing: what follows is shown and
 * confirmed first.
 */
export function recoveryView({ rows, canContinue, meaning }: RecoveryViewOptions): {
  readonly scene: View;
  readonly choice: Promise<RecoveryChoice>;
} {
  let scroll = 0;
  let room = 1;
  let total = 1;
  let settle: (choice: RecoveryChoice) => void = () => undefined;
  const choice = new Promise<RecoveryChoice>((resolve) => {
    settle = resolve;
  });
  const listeners = new Set<() => void>();
  const choices = [
    ...(canContinue ? [row(0, span('c', 'title'), ` resume it: ${meaning}`)] : []),
    row(0, span('r', 'title'), ' undo it: the rollback is shown and confirmed first'),
    row(0, span('q', 'title'), ' leave it as it is'),
  ];
  const choose = (character: string): void => {
    if (character === 'c' && canContinue) settle('continue');
    else if (character === 'r') settle('rollback');
    else if (character === 'q') settle('leave');
    else if (character === 'j' || character === ' ') scroll += character === 'j' ? 1 : room - 1;
    else if (character === 'k') scroll -= 1;
  };
  const moves: Readonly<Partial<Record<KeyEvent['kind'], () => number>>> = {
    up: () => -1,
    down: () => 1,
    'page-up': () => 1 - room,
    'page-down': () => room - 1,
    home: () => -total,
    end: () => total,
  };
  return {
    choice,
    scene: {
      tick: null,
      frame({ columns, rows: height }: Size): readonly Row[] {
        const lines = wrapped(rows, columns);
        const footer = wrapped(choices, columns);
        total = lines.length;
        room = Math.max(1, height - 2 - footer.length);
        scroll = Math.max(0, Math.min(scroll, total - room));
        const more = total - scroll - room;
        return [
          ...lines.slice(scroll, scroll + room),
          clip(row(0, span(more > 0 ? `${more} more lines below: j, space` : '', 'muted')), columns),
          ...footer,
        ].slice(0, Math.max(1, height - 1));
      },
      handle(event: KeyEvent): void {
        if (event.kind === 'character') choose(event.character);
        else if (event.kind === 'escape' || event.kind === 'interrupt' || event.kind === 'gone') settle('leave');
        else scroll += moves[event.kind]?.() ?? 0;
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
