import type { RunEvent } from '../../domain/records/event.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Row } from '../../views/base/rows.ts';
import { runFrame, scrollingOn } from './run-frame.ts';
import { spinnerPace } from './run-phases.ts';
import { openRun, reduceRun, type RunInput } from './run-state.ts';
import type { KeyEvent, View, Size } from '../terminal/view.ts';
import type { Choices, RunState } from './run-model.ts';

export interface RunSceneOptions {
  readonly plan: Plan;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The progress of a run on a screen, and what is asked when it did not end well. */
export interface RunScene {
  readonly scene: View;
  /** Who watches the run; its keys are the ones of this screen. */
  readonly watch: {
    begun(run: string): void;
    emit(event: RunEvent): void;
    interrupted(signal: string, times: number): void;
    /** Ctrl-C (`SIGINT`), the end of the terminal, or a signal to end. Returns how to stop listening. */
    onInterrupt(callback: (signal: string) => void): () => void;
  };
  /** A line below, such as what is being read. */
  note(text: string): void;
  /**
   * Asks what to do; `journal` gives its lines when they are asked for. Silence, Ctrl-C and a closed terminal keep
   * everything as it is; after Ctrl-C twice nothing is asked.
   */
  finished(choices: Choices, journal: () => Promise<readonly Row[]>): Promise<'rollback' | 'keep'>;
}

/** The scene of one run. */
export function runScene({ plan, now }: RunSceneOptions): RunScene {
  let state: RunState = openRun(plan, now());
  let size: Size = { columns: 80, rows: 24 };
  let gone = false;
  let answer: ((choice: 'rollback' | 'keep') => void) | null = null;
  let readJournal: () => Promise<readonly Row[]> = async () => [];
  const changed = new Set<() => void>();
  const interrupts = new Set<(signal: string) => void>();

  const put = (input: RunInput): void => {
    state = reduceRun(state, input);
    for (const callback of changed) callback();
  };
  const asked = (): void => {
    if (state.chosen === 'rollback' || state.chosen === 'keep') decide(state.chosen);
    else if (state.chosen === 'journal') {
      state = { ...state, chosen: null };
      void readJournal().then(
        (rows) => put({ kind: 'journal', rows }),
        (error: unknown) =>
          put({
            kind: 'note',
            text: `the journal cannot be read: ${error instanceof Error ? error.message : String(error)}`,
          }),
      );
    }
  };
  const decide = (choice: 'rollback' | 'keep'): void => {
    answer?.(choice);
    answer = null;
  };
  const left = (signal: string): void => {
    if (answer !== null) decide('keep');
    else for (const callback of interrupts) callback(signal);
  };

  const handle = (event: KeyEvent): void => {
    if (event.kind === 'interrupt') return left('SIGINT');
    if (event.kind === 'gone') {
      // A stream that ends also closes, and says it twice.
      if (gone) return undefined;
      gone = true;
      return left(event.why);
    }
    put({ kind: 'key', key: event, on: scrollingOn(state, size) });
    if (answer !== null) asked();
    return undefined;
  };

  return {
    scene: {
      frame(current, time) {
        size = current;
        return runFrame(state, current, time);
      },
      handle,
      onChange(callback) {
        changed.add(callback);
        return () => {
          changed.delete(callback);
        };
      },
      get tick() {
        return state.endedAt === null ? spinnerPace : null;
      },
    },
    watch: {
      begun: (run) => put({ kind: 'begun', run }),
      emit: (event) => put({ kind: 'event', event, at: now() }),
      interrupted: (signal, times) => put({ kind: 'interrupted', signal, times }),
      onInterrupt(callback) {
        interrupts.add(callback);
        return () => {
          interrupts.delete(callback);
        };
      },
    },
    note: (text) => put({ kind: 'note', text }),
    finished(choices, journal) {
      readJournal = journal;
      put({ kind: 'ended', choices, at: now() });
      // Whoever pressed Ctrl-C twice wants the shell back, and a terminal that is gone answers nothing.
      if (gone || state.interrupts >= 2) return Promise.resolve('keep');
      return new Promise((resolve) => {
        answer = resolve;
      });
    },
  };
}
