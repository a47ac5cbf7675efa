import type { JournalRecord } from '../../domain/records/journal.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Reconciliation } from '../../recovery/resume/reconcile.ts';
import type { Remaining } from '../../recovery/resume/remaining-steps.ts';
import type { EndsHeld } from '../planning/run-marks.ts';
import type { Loaded } from '../planning/loading.ts';

/** A stopped run as found: where it stands, and what is left of it. */
export interface Found {
  readonly run: string;
  readonly records: readonly JournalRecord[];
  readonly confirmed: Plan;
  readonly settlement: Reconciliation;
  readonly remaining: Remaining;
  readonly from: Loaded;
  /** How the journal stands against the ends of the run in the capture bucket. */
  readonly ends: EndsHeld;
}
