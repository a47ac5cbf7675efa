import type { ExitCode } from '../../base/error.ts';
import type { Phase, RunOutcome } from './journal.ts';

/**
 * The state of a step. `doubt`: a call's answer was lost, and only a read can tell whether it was executed. `open`:
 * begun and neither done nor failed, because the run stopped or was killed.
 */
export type StepState = 'done' | 'pending' | 'kept' | 'failed' | 'doubt' | 'open' | 'not-started';

export interface StepReport {
  readonly id: string;
  readonly type: string;
  readonly state: StepState;
  /** The identity after the step; of what is gone the former one. */
  readonly identity: string | null;
  readonly message: string | null;
  readonly milliseconds: number | null;
}

/** The report of a run, taken from its journal alone; for every renderer. */
export interface Report {
  readonly run: string;
  readonly command: 'apply' | 'rollback';
  /** The run that a rollback undoes; null for an apply. */
  readonly rollbackOf: string | null;
  readonly planName: string;
  readonly outcome: RunOutcome | 'open';
  /** Why it ended so, one sentence or more; null for a run that was done. */
  readonly message: string | null;
  readonly steps: readonly StepReport[];
  readonly captures: readonly {
    readonly step: string;
    readonly how: string;
    readonly verified: boolean;
    readonly problems: readonly string[];
    readonly refs: string;
  }[];
  /** Resources that finished steps left behind, by identity. */
  readonly leftovers: readonly string[];
  /** Steps whose quiescing was to be undone, and whether that worked. */
  readonly undone: readonly { readonly step: string; readonly text: string }[];
  readonly findings: readonly { readonly step: string | null; readonly code: string; readonly message: string }[];
  /** Old → new identities. */
  readonly map: Readonly<Record<string, string>>;
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** Milliseconds in each phase. */
  readonly durations: Readonly<Partial<Record<Phase, number>>>;
  readonly calls: number;
  /** Of a rollback that is done: what it could not undo. Absent where there is nothing. */
  readonly incomplete?: readonly string[];
  /** Those of them that no further rollback undoes either. */
  readonly forGood?: readonly string[];
  readonly exitCode: ExitCode;
}
