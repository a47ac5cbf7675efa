import type { AuditRecord } from '../../domain/records/audit.ts';
import type { AuditProblem } from '../../domain/records/audit-report.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import type { RunSummary, ClosedRun } from '../../domain/records/journal-store.ts';
import type { AuditedJournal } from '../../audit/view.ts';
import { unfinishedOf } from '../../history/open-runs.ts';
import { summaryOf } from '../../store/journal/runs.ts';
import { takenBackIn } from './open-runs.ts';

/**
 * Whether the marks of closed runs are true: a false one would let `plan` and `apply` overlook an open run. Held
 * against the journals, and, where a person closed a run whose journal cannot be read, against the audit log. Of a
 * journal that cannot be read otherwise, and of one that is missing, the other checks tell. `audit` null: it cannot be
 * read, which is told elsewhere. Pure.
 */
export function closedRunProblems(
  marks: readonly ClosedRun[],
  journals: readonly AuditedJournal[],
  audit: readonly AuditRecord[] | null,
  placeOf: (run: string) => string,
): readonly AuditProblem[] {
  const known = new Map(journals.map((journal) => [journal.run, journal]));
  // The order in which the log was told of the runs is that of the store, whatever the clocks of two machines say.
  const order = new Map(
    (audit ?? []).flatMap((record) =>
      record.kind === 'run-began' && record.command !== 'resume' ? [[record.run, record.seq] as const] : [],
    ),
  );
  const summary = (run: string, path: string, records: readonly JournalRecord[]): RunSummary => ({
    ...summaryOf(run, path, records),
    ...(order.has(run) ? { storedAt: order.get(run) ?? 0 } : {}),
  });
  const isTakenBack = takenBackIn(
    journals.flatMap(({ run, path, records }) => (records === null ? [] : [summary(run, path, records)])),
  );
  return marks.flatMap(({ run, how }): readonly AuditProblem[] => {
    const problem = (message: string): readonly AuditProblem[] => [
      { code: 'settled-false', where: placeOf(run), message },
    ];
    const journal = known.get(run);
    if (how === 'closed')
      return audit === null || audit.some((record) => record.kind === 'run-abandoned' && record.run === run)
        ? []
        : problem(`run "${run}" is marked as closed by a person, and the audit log knows of none who did`);
    if (
      journal === undefined ||
      journal.records === null ||
      unfinishedOf(journal.records) === null ||
      isTakenBack(summary(run, journal.path, journal.records))
    )
      return [];
    return problem(
      `run "${run}" is marked as settled (${how}), and its journal says that it is not: plan and apply overlook it as long as that mark is there`,
    );
  });
}
