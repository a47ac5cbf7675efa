import { row, span, type Row, type Span, type Tone } from '../../views/base/rows.ts';
import type { Stage } from '../../domain/records/event.ts';
import type { RunState } from './run-model.ts';

const wheel = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;
/** Milliseconds that a picture of the spinner stands. */
export const spinnerPace = 120;

/** The spinner at a time: one column. */
export const spinner = (now: number): string => wheel[Math.floor(now / spinnerPace) % wheel.length] ?? '⠋';

type Standing = 'before' | 'now' | 'over' | 'failed' | 'left';

interface Lamp {
  readonly name: string;
  readonly standing: Standing;
  readonly count: string;
}

/** The phases of a run as people are told them, with counts where there is something to count. */
export function lampsOf(state: RunState): readonly Lamp[] {
  const { counts, steps, foreseen } = state;
  const at = placeOf(state);
  const ended = state.outcome !== null;
  const standing = (from: number, to = from): Standing => {
    if (at > to) return 'over';
    if (at < from) return ended && state.outcome !== 'done' ? 'left' : 'before';
    return !ended ? 'now' : state.outcome === 'done' ? 'over' : 'failed';
  };
  const wanted = Math.max(foreseen, counts.captured);
  const captures = wanted === 0 ? '' : `${counts.captured}/${wanted}`;
  // A step that is still being captured has changed nothing yet.
  const begun = steps.filter((view) => view.state !== 'waiting' && !isBefore(view.stage)).length;
  // A destruction is captured right before it happens, among the changes.
  const late = at === 3 && counts.captured < wanted;
  // A capture that was not begun when the changes failed did not fail itself.
  const capturing = !late ? standing(2) : ended && state.outcome !== 'done' ? 'left' : standing(3);
  const done = (view: Standing, all: boolean): Standing => (view === 'now' && all ? 'over' : view);
  return [
    { name: 'lock', standing: standing(0), count: '' },
    { name: 're-check', standing: standing(1), count: '' },
    { name: 'capture', standing: capturing, count: captures },
    { name: 'verify', standing: capturing, count: captures },
    {
      name: 'change',
      standing: done(standing(3), counts.done === steps.length),
      count: steps.length === 0 ? '' : `${at < 3 ? 0 : begun}/${steps.length}`,
    },
    {
      name: 'verify',
      standing: done(standing(3), counts.done === steps.length),
      count: steps.length === 0 ? '' : `${counts.done}/${steps.length}`,
    },
  ];
}

/** Whether a step is in what comes before its change: it is stopped or closed, and captured. */
const isBefore = (stage: Stage | null): boolean =>
  stage === 'quiesce' || stage === 'capture' || stage === 'verify-capture';

function placeOf({ phase, before, run }: RunState): number {
  const real = phase === 'undo' ? (before ?? 'change') : phase;
  if (real === 'lock') return run === null ? 0 : 1;
  return ({ recheck: 1, preflight: 1, capture: 2, change: 3, verify: 3, undo: 3 } as const)[real];
}

const tones: Readonly<Record<Standing, Tone>> = {
  before: 'muted',
  now: 'title',
  over: 'good',
  failed: 'destroy',
  left: 'muted',
};

/** All phases on one line: a mark, the name, the count. `short` leaves the names of what is over or not begun short. */
export function phaseRow(state: RunState, now: number, short: boolean): Row {
  const marks: Readonly<Record<Standing, string>> = {
    before: '·',
    now: spinner(now),
    over: '✓',
    failed: '✗',
    left: '·',
  };
  const spans = lampsOf(state).flatMap(({ name, standing, count }, index): readonly Span[] => [
    span(`${index === 0 ? '' : short ? ' ' : '  '}${marks[standing]}${short ? '' : ' '}`, tones[standing]),
    span(short && standing !== 'now' && standing !== 'failed' ? name.slice(0, 2) : name, tones[standing]),
    span(count === '' || (short && standing !== 'now') ? '' : ` ${count}`, 'muted'),
  ]);
  return row(
    0,
    ...spans,
    ...(state.phase === 'undo' && state.outcome === null
      ? [span('  undoing what was stopped or closed for captures', 'warning')]
      : []),
  );
}
