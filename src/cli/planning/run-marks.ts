import { runOutsideRun } from '../../run/executor/run-outside.ts';
import { endNotHeld } from '../../run/apply/run-end.ts';
import type { Approval } from '../../domain/approval.ts';
import { AwsError, exitCodes, UserError } from '../../base/error.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import type { RunEnd } from '../../domain/records/run-end.ts';
import { auditedSession } from '../context/audit-log.ts';
import { existingBucket } from './capture-bucket.ts';
import type { CommandContext } from '../context/command-context.ts';

/**
 * Marks a signed approval as used by a run in the capture bucket, where there is one: whatever store or home a command
 * is given, it counts once. An approval that was typed counts in its own process only. Throws UserError
 * `approval-replayed`, `approval-not-marked` (exit 3).
 */
export async function markUsed(
  context: CommandContext,
  { nonce, tier }: Pick<Approval, 'nonce' | 'tier'>,
  run: string,
): Promise<void> {
  if (tier !== 'T1') return;
  const target = await context.target();
  if ((await existingBucket(context, target)) === null) return;
  const { openVault } = await import('../../../providers/s3/capture-bucket/vault.ts');
  const of = {
    account: target.account,
    region: target.region,
    endpoint: target.endpoint,
    bucket: context.configuration.capture.bucket,
  };
  const session = auditedSession(context, await context.applier(run), target, run);
  try {
    const by = await openVault(session, of, run).markUsed(nonce);
    if (by !== run)
      throw new UserError(
        'approval-replayed',
        `this approval was used before${by === null ? '' : `, by run ${by}`}: the capture bucket has its mark`,
        { exitCode: exitCodes.blocked, help: 'an approval counts once; review and sign again' },
      );
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new UserError(
      'approval-not-marked',
      `the approval cannot be marked as used in the capture bucket: ${error.code}`,
      {
        exitCode: exitCodes.blocked,
        cause: error,
        help: 'nothing was changed; these credentials need s3:PutObject and s3:GetObject there (`aiplan setup --iam`)',
      },
    );
  } finally {
    session.close();
  }
}

/** The ends of a run that the capture bucket keeps; none where there is no bucket. Reads only. Throws AwsError. */
export async function endsOf(context: CommandContext, run: string): Promise<readonly RunEnd[]> {
  const { account, region, endpoint } = await context.target();
  const { readEnds } = await import('../../../providers/s3/capture-bucket/run-marks.ts');
  try {
    return await runOutsideRun(
      await context.reader(),
      () => readEnds({ account, region, endpoint, bucket: context.configuration.capture.bucket }, run),
      { run, step: 'ends' },
    );
  } catch (error) {
    if (error instanceof AwsError && error.kind === 'absent') return [];
    throw error;
  }
}

/**
 * A run is resumed from the journal that it wrote, and from no earlier copy of it. Throws UserError `journal-behind`
 * (exit 3) where the capture bucket keeps an end of the run that the journal does not hold.
 */
export async function refuseBehind(
  context: CommandContext,
  run: string,
  records: readonly JournalRecord[],
): Promise<void> {
  const missing = endNotHeld(records, await endsOf(context, run));
  if (missing === null) return;
  throw new UserError('journal-behind', behindText(run, missing), {
    exitCode: exitCodes.blocked,
    help: 'nothing was changed; use the store in which the run was made',
  });
}

/** That the capture bucket keeps an end which the journal does not hold. */
export const behindText = (run: string, { records, outcome, at }: RunEnd): string =>
  `the capture bucket knows that run ${run} came to record ${records} (${outcome}, ${at}), which this journal does not hold: it was cut, or made anew`;
