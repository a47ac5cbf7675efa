import type { Io } from '../context/io.ts';
import type { RunWatch } from '../context/run-watch.ts';

export interface StopSignals {
  /**
   * The first Ctrl-C, a signal to end, a terminal that was closed: the call in flight is finished, then the run stops.
   */
  readonly stop: AbortSignal;
  /** The second Ctrl-C: quiescings are not undone either. */
  readonly halt: AbortSignal;
  /** Stops listening. */
  close(): void;
}

/**
 * The signals that end a run from outside. A screen hands on its keys and the signals that it gets; without one the
 * signals of the process count. Only Ctrl-C counts twice: a closing terminal sends several signals, and none of them is
 * a person who insists.
 */
export function stopSignals(io: Pick<Io, 'onInterrupt'>, watch: RunWatch): StopSignals {
  const stop = new AbortController();
  const halt = new AbortController();
  let presses = 0;
  const interrupted = (signal: string): void => {
    if (signal === 'SIGINT') presses += 1;
    if (signal === 'SIGINT' || !stop.signal.aborted) watch.interrupted(signal, Math.max(1, presses));
    stop.abort();
    if (presses >= 2) halt.abort();
  };
  const close = watch.onInterrupt === undefined ? io.onInterrupt(interrupted) : watch.onInterrupt(interrupted);
  return { stop: stop.signal, halt: halt.signal, close };
}
