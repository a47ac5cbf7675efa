import { needsPins, withPins } from '../../recovery/rollback/pinned-claims.ts';
import { AwsError } from '../../base/error.ts';
import type { ChangePlan } from '../../domain/change-plan.ts';
import type { Finding } from '../../domain/finding.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import type { LyingManifests } from '../../domain/records/run-manifest.ts';
import { endsOf, heldAgainst } from './run-marks.ts';
import type { CommandContext } from '../context/command-context.ts';

/**
 * A generated rollback with what the capture bucket bears out of the journals that it is made from. A claim that
 * nothing bears out asks for a confirmation of its own. `said`: that the journal is not the one that the run wrote, or
 * that this could not be looked up. Reads only, and only what the entries need. `manifests`: those of the run. Throws
 * AwsError.
 */
export async function pinnedRollback(
  context: CommandContext,
  changePlan: ChangePlan,
  records: readonly JournalRecord[],
  earlier: readonly (readonly JournalRecord[])[],
  manifests: () => Promise<LyingManifests>,
): Promise<{ readonly changePlan: ChangePlan; readonly said: readonly Finding[] }> {
  const needs = needsPins(changePlan);
  const run = changePlan.rollbackOf ?? changePlan.bringsOut?.run ?? '';
  try {
    const lying = needs.own || needs.earlier ? await endsOf(context, run) : { ends: [], strays: [] };
    const pins = {
      own: { records, ends: lying.ends },
      earlier: needs.earlier
        ? await Promise.all(
            earlier.map(async (journal) => ({ records: journal, ends: (await endsOf(context, runOf(journal))).ends })),
          )
        : [],
      ...(needs.runs ? await manifests() : none),
    };
    return { changePlan: withPins(changePlan, pins), said: heldAgainst(run, records, lying).said };
  } catch (error) {
    if (!(error instanceof AwsError) || error.kind !== 'denied') throw error;
    // A failed look-up bears nothing out (law 9).
    return {
      changePlan,
      said: [
        warning(
          'ends-unread',
          `how far run ${run} came cannot be read from the capture bucket: ${error.operation}, ${error.code}`,
          'allow s3:ListBucketVersions and s3:GetObjectVersion there. Without them the approval of the run covers nothing that rests on its journal',
        ),
      ],
    };
  }
}

const none = { runs: [], captures: [] };
const runOf = (records: readonly JournalRecord[]): string =>
  records.flatMap((record) => (record.kind === 'begin' ? [record.run] : []))[0] ?? '';
const warning = (code: string, message: string, help: string): Finding => ({
  code,
  severity: 'warning',
  step: null,
  line: null,
  column: null,
  message,
  help,
});
