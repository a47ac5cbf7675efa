import type { AuditRecord } from '../domain/records/audit.ts';
import type { AuditProblem } from '../domain/records/audit-report.ts';
import type { ClosedRun } from '../domain/records/journal-store.ts';
import type { UsedMark } from '../domain/records/plan-archive.ts';
import { loggedCalls } from './calls.ts';
import type { AuditedJournal } from './view.ts';
import { recordsOf } from '../history/journal-reading.ts';

/**
 * The marks of used plans and approvals, and of closed runs, held against the log and the journals: they are other
 * objects, and whoever takes away a run or the end of the log has to find them too. Pure.
 */
export function markVerdict(
  audit: readonly AuditRecord[],
  journals: readonly AuditedJournal[],
  { marks, settled }: { readonly marks: readonly UsedMark[]; readonly settled: readonly ClosedRun[] },
  { settledPlace }: { readonly settledPlace: (run: string) => string },
): { readonly broken: readonly AuditProblem[]; readonly notes: readonly AuditProblem[] } {
  const broken: AuditProblem[] = [];
  const notes: AuditProblem[] = [];
  const reviewed = new Set(
    audit.flatMap((record) =>
      record.kind === 'reviewed' && record.decision === 'approved' && typeof record.nonce === 'string'
        ? [record.nonce]
        : [],
    ),
  );
  const runs = new Set([
    ...journals.map(({ run }) => run),
    ...audit.flatMap((record) => (record.kind === 'run-began' || record.kind === 'run-abandoned' ? [record.run] : [])),
  ]);
  const told = new Set<string>();
  const released = new Set(marks.flatMap((mark) => (mark.released === true ? [mark.run] : [])));
  /** Approvals that a journal says its run went by: their reviews are asked for there. */
  const used = new Set(
    journals.flatMap(({ run, records }) =>
      [...recordsOf(records ?? [], 'begin'), ...recordsOf(records ?? [], 'resumed')].map(
        ({ approval }) => `${run} ${approval.nonce}`,
      ),
    ),
  );
  for (const { of, name, path, run } of marks) {
    if (run === null)
      broken.push({
        code: 'mark-damaged',
        where: path,
        message: `that ${of === 'plan' ? 'a plan' : 'an approval'} was used stands here, and by which run cannot be read`,
      });
    // The review is noted before anything is marked as used.
    else if (of === 'approval' && !reviewed.has(name) && !used.has(`${run} ${name}`))
      broken.push({
        code: 'mark-unknown',
        where: path,
        message: `run "${run}" used an approval, and no record of the audit log gives it: records were taken away`,
      });
    else if (!runs.has(run) && !told.has(run)) {
      told.add(run);
      const why = released.has(run)
        ? 'it gave its plan free again, as a run does that could not begin, or they were taken away'
        : 'it was stopped at that moment, or they were taken away';
      notes.push({
        code: 'run-unknown',
        where: path,
        message: `run "${run}" took its plan and approval, and left neither a journal nor a record that it began: ${why}; \`aiplan audit reconcile\` asks AWS`,
      });
    }
  }
  // A run is marked as closed when its end is on disk, or a person closed what could not be read: its journal was
  // there, and its beginning told.
  for (const { run } of settled)
    if (!runs.has(run))
      broken.push({
        code: 'run-missing',
        where: settledPlace(run),
        message: `run "${run}" is marked as settled, and neither its journal nor a record that it began is there: they were taken away`,
      });
  const spent = new Map(marks.filter(({ of }) => of === 'approval').map(({ name, run }) => [name, run]));
  const applied = new Set(marks.filter(({ of }) => of === 'plan').map(({ run }) => run));
  for (const { run, path, records } of journals) {
    // Nothing is sent before both are marked; a run that sent nothing may have given its plan free.
    const calls = records === null ? [] : loggedCalls(run, records);
    if (calls.length === 0) continue;
    if (!applied.has(run))
      broken.push({
        code: 'mark-missing',
        where: path,
        message: `run "${run}" sent calls, and that its plan was used is not marked any more: it could be used again`,
      });
    const sessions = [...recordsOf(records ?? [], 'begin'), ...recordsOf(records ?? [], 'resumed')].filter(({ seq }) =>
      calls.some((call) => call.seq > seq),
    );
    for (const nonce of new Set(sessions.map(({ approval }) => approval.nonce))) {
      const by = spent.get(nonce);
      if (by === undefined)
        broken.push({
          code: 'mark-missing',
          where: path,
          message: `run "${run}" sent calls, and that its approval was used is not marked any more: it could be used again`,
        });
      // Two journals that name one approval are told of as such.
      else if (by !== null && by !== run && !used.has(`${by} ${nonce}`))
        broken.push({
          code: 'approval-replayed',
          where: path,
          message: `run "${run}" went by an approval that run "${by}" had used`,
        });
    }
  }
  return { broken, notes };
}
