import type { RunEvent } from '../../domain/records/event.ts';
import type { Plan, Step } from '../../domain/plan.ts';
import type { Row } from '../../views/base/rows.ts';
import type { KeyEvent } from '../terminal/view.ts';
import { keyPressed } from './run-keys.ts';
import type { Scrolling, StepLine, StepState, StepView, Choices, RunState } from './run-model.ts';
export type RunInput =
  | { readonly kind: 'begun'; readonly run: string }
  | { readonly kind: 'event'; readonly event: RunEvent; readonly at: number }
  | { readonly kind: 'key'; readonly key: KeyEvent; readonly on: Scrolling }
  | { readonly kind: 'interrupted'; readonly signal: string; readonly times: number }
  | { readonly kind: 'ended'; readonly choices: Choices; readonly at: number }
  | { readonly kind: 'journal'; readonly rows: readonly Row[] }
  | { readonly kind: 'note'; readonly text: string };

/** Lines that are kept of one step. */
const mostLines = 400;

const foresees = ({ action, capture }: Step): boolean =>
  (action === 'update' || action === 'replace' || action === 'delete') &&
  (capture.how === 'native' || capture.how === 'copy');

/** The screen at the beginning of a run. `now` in milliseconds since 1970. */
export function openRun(plan: Plan, now: number): RunState {
  const steps = plan.steps
    .filter(({ action }) => action !== 'keep')
    .map((step): StepView => ({
      step,
      state: 'waiting',
      stage: null,
      startedAt: null,
      endedAt: null,
      waiting: null,
      fraction: null,
      call: null,
      captured: false,
      lines: [],
    }));
  return {
    plan,
    run: null,
    startedAt: now,
    endedAt: null,
    phase: 'lock',
    before: null,
    steps,
    places: new Map(steps.map(({ step }, index) => [step.id, index])),
    counts: { done: 0, failed: 0, calls: 0, captured: 0 },
    foreseen: plan.steps.filter(foresees).length,
    view: 'steps',
    cursor: 0,
    following: true,
    scroll: 0,
    interrupts: 0,
    message: '',
    outcome: null,
    choices: null,
    journal: null,
    chosen: null,
  };
}

/**
 * The reducer: pure. Nothing in it decides about the run; it only tells what the run said and what the person wants to
 * see.
 */
export function reduceRun(state: RunState, input: RunInput): RunState {
  switch (input.kind) {
    case 'begun':
      return { ...state, run: input.run };
    case 'event':
      return followed(told(state, input.event, input.at));
    case 'key':
      return keyPressed(state, input.key, input.on);
    case 'interrupted':
      return {
        ...state,
        interrupts: Math.max(state.interrupts, input.times),
        message: interruptText(input.signal, input.times),
      };
    case 'ended':
      return {
        ...ended(state, input.at),
        outcome: input.choices.report.outcome,
        choices: input.choices,
        view: 'choice',
        scroll: 0,
        message: '',
      };
    case 'journal':
      return { ...state, journal: input.rows, view: 'journal', scroll: Infinity, chosen: null, message: '' };
    case 'note':
      return { ...state, message: input.text };
    default:
      return input satisfies never;
  }
}

function interruptText(signal: string, times: number): string {
  if (signal !== 'SIGINT') return `${signal}: the call in flight is finished, then the run stops`;
  return times === 1
    ? 'Ctrl-C: the call in flight is finished, what was stopped or closed for its capture is opened again, then the run stops. Press it again to stop as soon as the call in flight is in the journal'
    : 'Ctrl-C again: the run stops as soon as the call in flight is in the journal; what was stopped or closed for its capture stays so until the run is resumed or rolled back';
}

function told(state: RunState, event: RunEvent, at: number): RunState {
  switch (event.kind) {
    case 'phase':
      return {
        ...state,
        phase: event.phase,
        before: event.phase === 'undo' && state.phase !== 'lock' && state.phase !== 'undo' ? state.phase : state.before,
      };
    case 'step':
      return stepTold(state, event, at);
    case 'stage':
      return changed(state, event.step, (view) => ({
        ...view,
        state: isOver(view) ? view.state : 'working',
        stage: event.stage,
        startedAt: view.startedAt ?? at,
        waiting: null,
        fraction: null,
      }));
    case 'call':
      return callTold(state, event, at);
    case 'progress':
      return changed(
        { ...state, counts: { ...state.counts, calls: state.counts.calls + (event.sent ?? 0) } },
        event.step,
        (view) => ({
          ...view,
          waiting: event.text,
          fraction: event.fraction ?? view.fraction,
          lines: progressLines(view, event.text, at),
        }),
      );
    case 'captured':
      return capturedTold(state, event, at);
    case 'finding':
      return event.step === null
        ? { ...state, message: `${event.code}: ${event.text}` }
        : {
            ...changed(state, event.step, (view) =>
              withLine(view, { at, text: `${event.code}: ${event.text}`, tone: 'warning' }),
            ),
            message: `${event.step}: ${event.text}`,
          };
    case 'end':
      return { ...ended(state, at), outcome: event.outcome };
    default:
      return event satisfies never;
  }
}

type Told<Kind extends RunEvent['kind']> = Extract<RunEvent, { kind: Kind }>;

function stepTold(state: RunState, event: Told<'step'>, at: number): RunState {
  if (event.state === 'started')
    return changed(state, event.step, (view) =>
      withLine({ ...view, state: 'working', startedAt: view.startedAt ?? at }, { at, text: event.text, tone: 'plain' }),
    );
  const end: StepState = event.state === 'kept' ? 'done' : event.state;
  const tone = end === 'failed' ? 'destroy' : end === 'pending' ? 'warning' : 'good';
  const next = changed(state, event.step, (view) =>
    withLine(
      { ...view, state: end, stage: null, endedAt: at, waiting: null, fraction: null, call: null },
      { at, text: `${event.state}: ${event.text}`, tone },
    ),
  );
  const { counts } = state;
  // An event may be about a kept step, which has no line.
  if (!state.places.has(event.step)) return next;
  return {
    ...next,
    counts: {
      ...counts,
      done: counts.done + (end === 'failed' ? 0 : 1),
      failed: counts.failed + (end === 'failed' ? 1 : 0),
    },
  };
}

function callTold(state: RunState, event: Told<'call'>, at: number): RunState {
  const { counts } = state;
  if (event.state === 'sent') {
    const next = changed(state, event.step, (view) =>
      withLine(
        { ...view, call: { name: event.call, purpose: event.purpose, since: at }, waiting: null, fraction: null },
        { at, text: `${event.call}: ${event.purpose}`, tone: 'plain' },
      ),
    );
    return { ...next, counts: { ...counts, calls: counts.calls + 1 } };
  }
  return changed(state, event.step, (view) =>
    event.state === 'answered'
      ? { ...view, call: null }
      : withLine({ ...view, call: null }, { at, text: `${event.call} was refused`, tone: 'destroy' }),
  );
}

function capturedTold(state: RunState, event: Told<'captured'>, at: number): RunState {
  // A capture before the changes leaves its step waiting again.
  const next = changed(state, event.step, (view) =>
    withLine(
      state.phase === 'capture'
        ? { ...view, captured: true, state: 'waiting', stage: null, startedAt: null, waiting: null, fraction: null }
        : { ...view, captured: true, waiting: null, fraction: null },
      { at, text: `captured and read back: ${event.text}`, tone: 'good' },
    ),
  );
  return { ...next, counts: { ...state.counts, captured: state.counts.captured + 1 } };
}

const isOver = ({ state }: StepView): boolean =>
  state === 'done' || state === 'failed' || state === 'pending' || state === 'stopped';

function changed(state: RunState, step: string, change: (view: StepView) => StepView): RunState {
  const place = state.places.get(step);
  const view = place === undefined ? undefined : state.steps[place];
  return place === undefined || view === undefined ? state : { ...state, steps: state.steps.with(place, change(view)) };
}

const withLine = (view: StepView, line: StepLine): StepView => ({
  ...view,
  lines: [...view.lines.slice(-mostLines + 1), line],
});

/** A wait that says the same again, or only how far it is, keeps its line. */
function progressLines({ lines }: StepView, text: string, at: number): readonly StepLine[] {
  const last = lines.at(-1);
  const line: StepLine = { at, text, tone: 'muted' };
  if (last?.tone === 'muted' && stem(last.text) === stem(text))
    return last.text === text ? lines : [...lines.slice(0, -1), { ...line, at: last.at }];
  return [...lines.slice(-mostLines + 1), line];
}

const stem = (text: string): string => text.split(':', 1)[0]?.replaceAll(/\d+/gu, '') ?? '';

function ended(state: RunState, at: number): RunState {
  if (state.endedAt !== null) return state;
  return {
    ...state,
    endedAt: at,
    steps: state.steps.map((view) =>
      view.state === 'working'
        ? { ...view, state: 'stopped', endedAt: at, call: null, stage: null, waiting: null, fraction: null }
        : view,
    ),
  };
}

/** The cursor goes to the first step that is under way, else to the last that ended. */
function followed(state: RunState): RunState {
  if (!state.following || state.view !== 'steps') return state;
  const working = state.steps.findIndex((view) => view.state === 'working');
  const cursor = working >= 0 ? working : state.steps.findLastIndex(isOver);
  return cursor < 0 || cursor === state.cursor ? state : { ...state, cursor };
}
