import type { AuditRecord } from '../domain/records/audit.ts';
import type { AuditProblem, RunWitness } from '../domain/records/audit-report.ts';
import { lineDigest } from './verify.ts';
import type { AuditedJournal } from './view.ts';

/** Of a journal, what the witnesses ask: which of their heads it holds; null where it cannot be read. */
export interface WitnessedJournal {
  readonly run: string;
  readonly heads: ReadonlySet<string> | null;
}

/** Which heads a journal holds of those that the witnesses of its run name. Pure. */
export function witnessed({ run, records }: AuditedJournal, witnesses: readonly RunWitness[]): WitnessedJournal {
  const wanted = new Set(
    witnesses.flatMap((one) => (one.run === run && one.journalHead !== null ? [one.journalHead] : [])),
  );
  if (records === null) return { run, heads: null };
  return { run, heads: new Set(wanted.size === 0 ? [] : records.map(lineDigest).filter((head) => wanted.has(head))) };
}

/**
 * Compares the records of runs in AWS with the log and the journals. The manifests in the capture bucket are written by
 * the runs themselves, and who may write the store can neither make nor take away old versions there: they show a run
 * that the store does not know any more, and a journal that was rewritten. Pure.
 */
export function witnessProblems(
  witnesses: readonly RunWitness[],
  audit: readonly AuditRecord[],
  journals: readonly WitnessedJournal[],
): readonly AuditProblem[] {
  const known = new Map(journals.map((journal) => [journal.run, journal]));
  const told = new Set(audit.flatMap((record) => (record.kind === 'run-began' ? [record.run] : [])));
  const unlogged = new Set<string>();
  return witnesses.flatMap(
    ({ run, place, at, step, planName, journalHead, isWhole, isOverwritten, deletedAt }): readonly AuditProblem[] => {
      const problems: AuditProblem[] = [];
      const add = (code: string, message: string): void => {
        problems.push({ code, where: place, message });
      };
      const what = `run "${run}"${planName === null ? '' : ` of "${planName}"`}`;
      const journal = known.get(run);
      if (journal === undefined && !told.has(run)) {
        if (!unlogged.has(run))
          add(
            'run-unlogged',
            `${what} was made${at === null ? '' : ` on ${at.slice(0, 19)}Z`}, and neither the log nor a journal of this store knows it: it was made with another store, or they were taken away`,
          );
        unlogged.add(run);
      } else if (journal === undefined) add('journal-missing', `the journal of ${what} is not there`);
      else if (isWhole && journalHead !== null && journal.heads !== null && !journal.heads.has(journalHead)) {
        add(
          'journal-differs',
          `the journal of ${what} ended with another record when ${step === null ? 'it began to change anything' : `"${step}" was about to be changed`}${at === null ? '' : ` (${at.slice(0, 19)}Z)`}, and that is not in it any more: it was written anew`,
        );
      }
      if (!isWhole) add('manifest-changed', `this manifest of ${what} is not what was written`);
      if (isOverwritten)
        add('manifest-changed', `this manifest of ${what} was written over; its first version still tells`);
      if (deletedAt !== null)
        add(
          'manifest-deleted',
          `this manifest of ${what} was deleted on ${deletedAt.slice(0, 19)}Z; a version of it stays 30 days`,
        );
      return problems;
    },
  );
}
