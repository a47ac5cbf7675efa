import type { Step, Plan } from '../../domain/plan.ts';
import type { Stage } from '../../domain/records/event.ts';
import type { Report } from '../../domain/records/report.ts';
import type { Row } from '../../views/base/rows.ts';
import type { Phase } from '../../domain/records/journal.ts';

/** The content of the screen, for keys that scroll: lines of a page, and the last line from which a page can begin. */
export interface Scrolling {
  readonly page: number;
  readonly last: number;
}

/** A line of a step's own story. `at` in milliseconds since 1970. */
export interface StepLine {
  readonly at: number;
  readonly text: string;
  readonly tone: 'plain' | 'good' | 'destroy' | 'warning' | 'muted';
}

/** `stopped`: begun, and left where it was because the run ended. */
export type StepState = 'waiting' | 'working' | 'done' | 'pending' | 'failed' | 'stopped';

/** A step as the screen knows it. Times in milliseconds since 1970. */
export interface StepView {
  readonly step: Step;
  readonly state: StepState;
  /** Its stage, between the beginning and the end of a program; null: none. */
  readonly stage: Stage | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** The wait, and its progress from 0 to 1 where AWS gives one. */
  readonly waiting: string | null;
  readonly fraction: number | null;
  /** The call in flight, and what it is for. */
  readonly call: { readonly name: string; readonly purpose: string; readonly since: number } | null;
  readonly captured: boolean;
  readonly lines: readonly StepLine[];
}

/** The question after a run that did not end well. */
export interface Choices {
  readonly report: Report;
  /** AWS's message and its meaning. */
  readonly why: readonly Row[];
  /**
   * Words for the rollback: `roll back now`, or for a rollback `go on with the rollback`. Null: nothing was changed.
   */
  readonly back: string | null;
}

export interface RunState {
  readonly plan: Plan;
  /** Null until the lock is held and the journal is open. */
  readonly run: string | null;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly phase: 'lock' | Phase;
  /** The phase of the run before it began to undo something. */
  readonly before: Phase | null;
  /** The steps that do something, in the order of execution. */
  readonly steps: readonly StepView[];
  /** Place of a step in `steps`, by its address. */
  readonly places: ReadonlyMap<string, number>;
  readonly counts: {
    readonly done: number;
    readonly failed: number;
    readonly calls: number;
    readonly captured: number;
  };
  /** Captures that the plan foresees; more may turn up. */
  readonly foreseen: number;
  /** `steps` the list, `step` the lines of one, `choice` after a failure, `journal` of the run. */
  readonly view: 'steps' | 'step' | 'choice' | 'journal';
  readonly cursor: number;
  /** The cursor goes with what happens. */
  readonly following: boolean;
  /** First visible line of a step's lines or the journal. */
  readonly scroll: number;
  /** How often Ctrl-C was pressed. */
  readonly interrupts: number;
  readonly message: string;
  readonly outcome: string | null;
  readonly choices: Choices | null;
  readonly journal: readonly Row[] | null;
  /** The person's choice; `journal` asks for its lines. */
  readonly chosen: 'rollback' | 'keep' | 'journal' | null;
}
