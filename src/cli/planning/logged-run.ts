import { canonical, sha256 } from '../../base/digest.ts';
import { UserError } from '../../base/error.ts';
import type { Finding } from '../../domain/finding.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import type { CommandContext } from '../context/command-context.ts';

/**
 * Whether the audit log of the store knows that the run began, and with this journal: the log is told the digest of the
 * first record before the first call. A journal alone is a file that anybody may have written (law 13). `records`: null
 * where there is no journal. A log that cannot be read knows nothing.
 */
export async function isLogged(
  { store }: Pick<CommandContext, 'store'>,
  run: string,
  records: readonly JournalRecord[] | null,
): Promise<boolean> {
  try {
    return (await store.readAuditOf(run, [])).some(
      (entry) =>
        entry.kind === 'run-began' &&
        entry.run === run &&
        (records === null || entry.journal.head === sha256(canonical(records[entry.journal.records - 1] ?? null))),
    );
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return false;
  }
}

/** That the audit log does not know a run. `place`: where it is told of. */
export const unloggedFinding = (run: string, place: 'the capture bucket' | 'a journal'): Finding => ({
  code: 'rollback-unlogged',
  severity: 'warning',
  step: null,
  line: null,
  column: null,
  message: `the audit log of this store does not know run ${run}${place === 'a journal' ? ', or knows another journal of it' : ''}: whoever can write into ${place} may have made it up. Each step asks for a confirmation of its own`,
});
