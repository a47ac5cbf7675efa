import type { RunEvent } from '../../domain/records/event.ts';
import { progressRow, thinner } from '../../views/run/progress.ts';
import { row, span } from '../../views/base/rows.ts';
import { tell } from './output.ts';
import type { CommandContext } from './command-context.ts';

/** Whoever watches a run: plain lines, or the progress screen. */
export interface RunWatch {
  begun(run: string): void;
  /** `since` in milliseconds since the run began. */
  emit(event: RunEvent, since: number): void;
  /** A signal came, or Ctrl-C was pressed; the run is stopping. `times` counts from 1. */
  interrupted(signal: string, times: number): void;
  /**
   * Ctrl-C (`SIGINT`) and whatever else ends a run, where the watcher has the keyboard. Absent: the signals of the
   * process count.
   */
  onInterrupt?(callback: (signal: string) => void): () => void;
}

/** Progress as plain lines on standard error. */
export function lineWatch({ io, options }: Pick<CommandContext, 'io' | 'options'>): RunWatch {
  const worthTelling = thinner();
  return {
    begun: (run) => tell(io, options, [row(0, span(`run ${run}`, 'title'))]),
    emit(event, since) {
      const line = worthTelling(event, since) ? progressRow(event, since) : null;
      if (line !== null) tell(io, options, [line]);
    },
    interrupted(signal, times) {
      const pressed = signal === 'SIGINT' ? 'Ctrl-C' : signal;
      const text =
        times === 1
          ? `${pressed}: the call in flight is finished, then the run stops`
          : `${pressed} again: the run stops as soon as the call in flight is in the journal`;
      tell(io, options, [row(0, span(text, 'warning'))], 'error');
    },
  };
}
