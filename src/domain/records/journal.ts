import type { JsonObject } from '../../base/json.ts';
import type { Approval } from '../approval.ts';
import type { Call } from '../call.ts';
import type { LiveResource, Target } from '../live.ts';
import type { Plan } from '../plan.ts';
import type { ResourceEntry } from '../change-plan.ts';
import type { AttributeChange } from '../attribute-change.ts';
import type { Capture } from '../capture-plan.ts';

/** One line of a run's journal: sequence number, chained hash of the line before, time, and what happened. */
export type JournalRecord = { readonly seq: number; readonly prev: string; readonly at: string } & JournalEntry;

/** An event of a run. Append-only; a line is on disk before the next thing happens (law 7). */
export type JournalEntry =
  | ({
      readonly kind: 'begin';
      readonly format: 'aiplan/journal@1';
      readonly run: string;
      readonly command: 'apply' | 'rollback';
      readonly target: Target;
      readonly plan: Plan;
      readonly approval: Approval;
    } & Anchored &
      LeftUndone)
  | { readonly kind: 'phase'; readonly phase: Phase }
  /** The whole resource before the step, as read in this run; with the entry of the change plan that names it. */
  | {
      readonly kind: 'before';
      readonly step: string;
      readonly live: LiveResource | null;
      readonly entry: ResourceEntry;
      readonly changes: readonly AttributeChange[];
    }
  | {
      readonly kind: 'intent';
      readonly step: string;
      readonly call: number;
      readonly purpose: CallPurpose;
      readonly declared: Omit<Call, 'preview'>;
    }
  | {
      readonly kind: 'intent-batch';
      readonly step: string;
      readonly call: number;
      readonly purpose: CallPurpose;
      readonly text: string;
      readonly count: number;
      readonly digest: string;
      readonly operations: readonly string[];
    }
  | {
      readonly kind: 'outcome';
      readonly step: string;
      readonly call: number;
      readonly ok: true;
      readonly requestId: string | null;
      readonly milliseconds: number;
      readonly answer: JsonObject;
    }
  | {
      readonly kind: 'outcome';
      readonly step: string;
      readonly call: number;
      readonly ok: false;
      readonly requestId: string | null;
      readonly milliseconds: number;
      readonly code: string;
      readonly message: string;
      readonly executed: 'no' | 'unknown';
      readonly partial?: PartialBatch;
    }
  | {
      readonly kind: 'captured';
      readonly step: string;
      readonly capture: Capture;
      readonly verified: boolean;
      readonly problems: readonly string[];
    }
  /** Old → new identities after a restore. */
  | { readonly kind: 'remapped'; readonly step: string; readonly map: Readonly<Record<string, string>> }
  | {
      readonly kind: 'step';
      readonly step: string;
      readonly state: 'started' | 'done' | 'failed' | 'pending';
      readonly identity: string | null;
      readonly after: LiveResource | null;
      readonly message: string | null;
    }
  /** `capture`: the capture of another run that the finding is about (`capture-expired`, `capture-absent`). */
  | {
      readonly kind: 'finding';
      readonly step: string | null;
      readonly code: string;
      readonly message: string;
      readonly capture?: { readonly run: string; readonly step: string; readonly takenAt: string };
    }
  /**
   * A person resumes a run that was killed, stopped or failed: what was found out by reading, and the approval of what
   * remains. The records after it are of this session; calls are numbered on, and a step may begin once more.
   */
  | ({
      readonly kind: 'resumed';
      readonly session: number;
      readonly by: string;
      readonly host: string;
      readonly pid: number;
      readonly remaining: string;
      readonly approval: Approval;
      readonly settled: readonly SettledStep[];
    } & Anchored)
  | { readonly kind: 'end'; readonly outcome: RunOutcome; readonly message: string | null };

/** Of a rollback: what it leaves even when all of it is done, and what of that no further rollback undoes. Absent: nothing. */
export interface LeftUndone {
  readonly incomplete?: readonly string[];
  readonly forGood?: readonly string[];
}

/**
 * `auditHead`: the head of the audit log right before, which is so pinned by the journal, and by what pins the journal.
 */
interface Anchored {
  readonly auditHead?: string;
}

/** The verdict of reading AWS about a step that a stopped run had begun, and the sentences that say why. */
export interface SettledStep {
  readonly step: string;
  readonly verdict: StepVerdict;
  readonly evidence: readonly string[];
}

/**
 * `done`: what the step was to reach is so; `not-started`: nothing of it was begun; `not-done`: begun without effect;
 * `partly`: some of its calls had their effect; `unknown`: a read failed, or AWS may not show yet what became of a
 * call.
 */
export type StepVerdict = 'done' | 'not-started' | 'not-done' | 'partly' | 'unknown';

/**
 * Whether an outcome leaves open what became of its call (law 8). A batch that was stopped is not in doubt for that:
 * what was not sent did not happen, and what was answered did. Pure.
 */
export const isDoubtful = (
  outcome:
    | { readonly ok: true }
    | {
        readonly ok: false;
        readonly executed: 'no' | 'unknown';
        readonly partial?: { readonly failed: readonly { readonly executed: 'no' | 'unknown' }[] } | undefined;
      },
): boolean =>
  !outcome.ok &&
  (outcome.partial === undefined
    ? outcome.executed === 'unknown'
    : outcome.partial.failed.some(({ executed }) => executed === 'unknown'));

/** The outcome of the calls of a failed batch: `executed` is `no` only when not one of them had an effect. */
export interface PartialBatch {
  readonly succeeded: number;
  readonly notSent: number;
  /** By position in the batch; at most the first 100. */
  readonly failed: readonly {
    readonly index: number;
    readonly identity: string;
    readonly code: string;
    readonly message: string;
    readonly executed: 'no' | 'unknown';
  }[];
}

export type Phase = 'recheck' | 'preflight' | 'capture' | 'change' | 'verify' | 'undo';
export type CallPurpose = 'quiesce' | 'capture' | 'change' | 'restore' | 'repoint' | 'undo';
export type RunOutcome = 'done' | 'failed' | 'stopped' | 'stale' | 'blocked' | 'abandoned';

/** Writes a run's journal. `append` returns when the line is on disk; throws UserError `store-unwritable`. */
export interface Journal {
  readonly run: string;
  append(entry: JournalEntry): Promise<JournalRecord>;
  readonly records: readonly JournalRecord[];
}
