import { runOutsideRun } from '../../run/executor/run-outside.ts';
import { endNotHeld, plantedEnds } from '../../run/apply/run-end.ts';
import type { Approval } from '../../domain/approval.ts';
import { AwsError, exitCodes, UserError } from '../../base/error.ts';
import { sanitise } from '../../base/sanitise.ts';
import type { Finding } from '../../domain/finding.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import type { LyingEnds, RunEnd } from '../../domain/records/run-end.ts';
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
        help: 'nothing was changed; these credentials need s3:PutObject, s3:GetObject, s3:GetObjectVersion and s3:ListBucketVersions there (`aiplan setup --iam`)',
      },
    );
  } finally {
    session.close();
  }
}

/** The ends of a run that the capture bucket keeps; none where there is no bucket. Reads only. Throws AwsError. */
export async function endsOf(context: CommandContext, run: string): Promise<LyingEnds> {
  const { account, region, endpoint } = await context.target();
  const { readEnds } = await import('../../../providers/s3/capture-bucket/run-marks.ts');
  try {
    return await runOutsideRun(
      await context.reader(),
      () => readEnds({ account, region, endpoint, bucket: context.configuration.capture.bucket }, run),
      { run, step: 'ends' },
    );
  } catch (error) {
    if (error instanceof AwsError && error.kind === 'absent') return { ends: [], strays: [] };
    throw error;
  }
}

/** How a journal stands against what the capture bucket keeps of the ends of its run. */
export interface EndsHeld {
  /** What the journal does not hold and what lies there planted, one sentence each. */
  readonly said: readonly Finding[];
  /**
   * Why no earlier word counts for this journal; null where it holds every end. An end that the journal does not hold
   * may be of a later session or planted: a person who confirms everything that is left anew decides.
   */
  readonly refusal: UserError | null;
}

/** Holds a journal against the ends of its run. Pure. */
export function heldAgainst(run: string, records: readonly JournalRecord[], lying: LyingEnds): EndsHeld {
  const missing = endNotHeld(records, lying.ends);
  const planted = [
    ...lying.strays.map(({ key, why }) => `"${sanitise(key)}" in the capture bucket is no end of run ${run}: ${why}`),
    ...plantedEnds(records, lying.ends).map(
      ({ at }) =>
        `an end of run ${run} in the capture bucket (${sanitise(at)}) says otherwise than the journal what the run made`,
    ),
  ];
  return {
    said: [
      ...(missing === null
        ? []
        : [
            warning(
              'journal-behind',
              behindText(run, missing),
              'use the store in which the run was made. Here no earlier approval covers what rests on this journal',
            ),
          ]),
      ...planted.map((message) =>
        warning('end-planted', message, 'somebody else wrote it; nothing here rests on it. Look who may write there'),
      ),
    ],
    refusal:
      missing === null
        ? null
        : new UserError('journal-behind', behindText(run, missing), {
            exitCode: exitCodes.blocked,
            help: 'nothing was changed; use the store in which the run was made, or confirm what is left anew in a terminal',
          }),
  };
}

const warning = (code: string, message: string, help: string): Finding => ({
  code,
  severity: 'warning',
  step: null,
  line: null,
  column: null,
  message,
  help,
});

/** That the capture bucket keeps an end which the journal does not hold. */
const behindText = (run: string, { records, outcome, at }: RunEnd): string =>
  `the capture bucket knows that run ${run} came to record ${records} (${sanitise(outcome)}, ${sanitise(at)}), which this journal does not hold: it was cut, or written anew, or somebody else wrote that end`;
