import type { RunEvent } from '../../domain/records/event.ts';
import { elapsed } from '../base/format.ts';
import { row, span, type Row } from '../base/rows.ts';

const phaseNames = {
  recheck: 'reading AWS again',
  preflight: 'checking everything before the first change',
  capture: 'taking snapshots',
  change: 'changing',
  verify: 'verifying',
  undo: 'undoing',
} as const;

/**
 * A progress line for an event: elapsed time of the run, then what happened. Null for events that say nothing new.
 * Answers to calls are told by what follows them, so only the sending is shown.
 */
export function progressRow(event: RunEvent, milliseconds: number): Row | null {
  const time = span(`${elapsed(milliseconds).padStart(7)}  `, 'muted');
  switch (event.kind) {
    case 'phase':
      return row(0, time, span(phaseNames[event.phase], 'title'));
    case 'step':
      return row(
        0,
        time,
        span(`${event.step}: `, 'title'),
        span(stepText(event), event.state === 'failed' ? 'destroy' : event.state === 'done' ? 'good' : 'plain'),
      );
    // Plain lines tell it by the calls.
    case 'stage':
      return null;
    case 'call':
      return event.state === 'answered'
        ? null
        : row(
            0,
            time,
            `${event.step}: `,
            event.state === 'failed' ? span(`${event.call} was refused`, 'destroy') : event.purpose,
            span(` (${event.call})`, 'muted'),
          );
    case 'progress':
      return row(
        0,
        time,
        `${event.step}: ${event.text}`,
        event.fraction === null ? '' : span(` ${Math.round(event.fraction * 100)} %`, 'muted'),
      );
    case 'captured':
      return row(0, time, `${event.step}: `, span(event.text, 'good'));
    case 'finding':
      return row(0, time, span(event.code, 'warning'), ` ${event.step === null ? '' : `${event.step}: `}${event.text}`);
    case 'end':
      return row(
        0,
        time,
        span(event.text === '' ? event.outcome : event.text, event.outcome === 'done' ? 'good' : 'destroy'),
      );
    default:
      return event satisfies never;
  }
}

/** The end of a step says so; its beginning says what is going to be done. */
function stepText({ state, text }: Extract<RunEvent, { kind: 'step' }>): string {
  if (state === 'started') return text === '' ? 'started' : text;
  return text === '' ? state : `${state === 'kept' ? 'unchanged' : state}: ${text}`;
}

/** Between two lines that say the same, in milliseconds. */
const quiet = 5_000;

/**
 * Leaves out progress that says what the line before said of the same step, but for its numbers, unless `quiet`
 * milliseconds have passed. Answers whether to show an event at `milliseconds` since the run began.
 */
export function thinner(): (event: RunEvent, milliseconds: number) => boolean {
  const last = new Map<string, { text: string; at: number }>();
  return (event, milliseconds) => {
    if (event.kind !== 'progress') return true;
    const before = last.get(event.step);
    const text = event.text.replace(/\d+/gu, '0');
    if (before !== undefined && before.text === text && milliseconds - before.at < quiet) return false;
    last.set(event.step, { text, at: milliseconds });
    return true;
  };
}
