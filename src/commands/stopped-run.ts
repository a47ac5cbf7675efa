import type { JournalRecord } from '../model/journal.ts';
import type { Plan } from '../model/plan.ts';
import type { Settlement } from '../engine/settle-doubt.ts';
import type { Remaining } from '../engine/resume-remaining.ts';
import type { Loaded } from './loading.ts';

/** A stopped run as found: where it stands, and what is left of it. */
export interface Found { readonly run: string; readonly records: readonly JournalRecord[]; readonly confirmed: Plan; readonly settlement: Settlement; readonly remaining: Remaining; readonly from: Loaded }
