import type { LoggedCall } from '../domain/records/audit-report.ts';
import type { Target } from '../domain/live.ts';
import { loggedCalls } from './calls.ts';
import { resourceNames } from './names.ts';
import type { AuditedJournal } from './view.ts';
import { recordsOf } from '../history/journal-reading.ts';

/**
 * The part of a journal that `audit reconcile` keeps: nothing of what was read, sent and answered, and no call that
 * CloudTrail cannot be asked about any more.
 */
export interface RunFacts {
  readonly run: string;
  readonly target: Target | null;
  readonly begins: readonly { readonly at: string; readonly caller: string }[];
  /** ISO time of the last record, where that is the end. */
  readonly endedAt: string | null;
  /** Names by which CloudTrail may know what the run touched; none where all of it was before `since`. */
  readonly names: readonly string[];
  readonly calls: readonly LoggedCall[];
}

/** Milliseconds by which the clocks of two machines may differ before a call is overlooked. */
const margin = 60 * 60_000;

/**
 * The facts of a journal; null where it cannot be read. `since`: before this CloudTrail is not asked, milliseconds
 * since 1970. Pure.
 */
export function reconcileFacts({ run, records }: AuditedJournal, since: number): RunFacts | null {
  if (records === null) return null;
  const begins = recordsOf(records, 'begin');
  const last = records.at(-1);
  const isOver = last !== undefined && last.kind === 'end' && Date.parse(last.at) < since - margin;
  // A call whose answer was lost may show at any time after it.
  const calls = isOver
    ? []
    : loggedCalls(run, records).filter(({ outcome }) => outcome === null || Date.parse(outcome.at) >= since - margin);
  return {
    run,
    target: begins[0]?.target ?? null,
    begins: begins.map(({ at, target: { caller } }) => ({ at, caller })),
    endedAt: last?.kind === 'end' ? last.at : null,
    names: isOver ? [] : resourceNames(records),
    calls: calls.map((call) => ({ ...call, input: null })),
  };
}
