import type { RunEvent } from '../../src/domain/records/event.ts';
import type { Plan, Step } from '../../src/domain/plan.ts';
import type { Report } from '../../src/domain/records/report.ts';
import { openRun, reduceRun } from '../../src/tui/run/run-state.ts';
import type { KeyEvent } from '../../src/tui/terminal/view.ts';
import { baseStep, sampleTime } from './sample-plan.ts';
import { row } from '../../src/views/base/rows.ts';
import type { Choices, RunState } from '../../src/tui/run/run-model.ts';

/** Goes through events, one second apart, from the state given or the beginning of a run. */
export function after(plan: Plan, events: readonly RunEvent[], state: RunState = begun(plan)): RunState {
  return events.reduce(
    (before, event, index) => reduceRun(before, { kind: 'event', event, at: sampleTime + (index + 1) * 1_000 }),
    state,
  );
}
export const begun = (plan: Plan): RunState =>
  reduceRun(openRun(plan, sampleTime), { kind: 'begun', run: '20260226-225000-abcd' });
export const pressed = (state: RunState, ...keys: readonly (KeyEvent | string)[]): RunState =>
  keys.reduce<RunState>(
    (before, key) =>
      reduceRun(before, {
        kind: 'key',
        key: typeof key === 'string' ? { kind: 'character', character: key } : key,
        on: { page: 10, last: 1_000 },
      }),
    state,
  );

export const phase = (name: Extract<RunEvent, { kind: 'phase' }>['phase']): RunEvent => ({
  kind: 'phase',
  phase: name,
});
export const stepIs = (step: string, state: Extract<RunEvent, { kind: 'step' }>['state'], text = ''): RunEvent => ({
  kind: 'step',
  step,
  state,
  text,
});
export const stage = (step: string, at: Extract<RunEvent, { kind: 'stage' }>['stage']): RunEvent => ({
  kind: 'stage',
  step,
  stage: at,
});
export const sent = (step: string, call: string, purpose: string): RunEvent => ({
  kind: 'call',
  step,
  call,
  state: 'sent',
  purpose,
});
export const answered = (step: string, call: string): RunEvent => ({
  kind: 'call',
  step,
  call,
  state: 'answered',
  purpose: '',
});
export const waits = (step: string, text: string, fraction: number | null = null): RunEvent => ({
  kind: 'progress',
  step,
  text,
  fraction,
  elapsed: 1,
});

export const manySteps = (count: number): readonly Step[] =>
  Array.from({ length: count }, (_, index) => ({
    ...baseStep,
    id: `Bucket${index}`,
    identity: `bucket-${index}`,
    action: 'update',
    declared: 'update',
  }));

export const failedReport = (over: Partial<Report> = {}): Report => ({
  run: '20260226-225000-abcd',
  command: 'apply',
  rollbackOf: null,
  planName: 'shared-platform-move',
  outcome: 'failed',
  message: '"CoursesDb" failed: rds:DeleteDBInstance: InvalidDBInstanceState: not now',
  steps: [
    { id: 'SiteBucket', type: 'AWS::S3::Bucket', state: 'done', identity: 'site', message: null, milliseconds: 1 },
    {
      id: 'CoursesDb',
      type: 'AWS::RDS::DBInstance',
      state: 'failed',
      identity: 'courses-prod',
      message: 'refused',
      milliseconds: 1,
    },
  ],
  captures: [],
  leftovers: [],
  undone: [],
  findings: [],
  map: {},
  startedAt: '2026-02-26T22:50:00Z',
  endedAt: '2026-02-26T22:51:00Z',
  durations: {},
  calls: 3,
  exitCode: 5,
  ...over,
});
export const choicesOf = (over: Partial<Choices> = {}): Choices => ({
  report: failedReport(),
  why: [row(0, 'AWS says InvalidDBInstanceState')],
  back: 'roll back now',
  ...over,
});
