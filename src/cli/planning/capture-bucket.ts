import { captureBucketOf } from '../../plan/steps/preview-context.ts';
import { runOutsideRun } from '../../run/executor/run-outside.ts';
import type { AwsSession } from '../../domain/call.ts';
import { AwsError, exitCodes, UserError } from '../../base/error.ts';
import type { Target } from '../../domain/live.ts';
import type { Plan } from '../../domain/plan.ts';
import type { BucketState } from '../../../providers/s3/capture-bucket/capture-setup.ts';
import type { CommandContext } from '../context/command-context.ts';

/** Reads how the capture bucket is, through this session. Throws AwsError. */
export async function bucketState(
  { configuration }: Pick<CommandContext, 'configuration'>,
  session: AwsSession,
  { account, region, endpoint }: Target,
): Promise<BucketState> {
  const { inspectCaptureBucket } = await import('../../../providers/s3/capture-bucket/capture-setup.ts');
  return runOutsideRun(
    session,
    () => inspectCaptureBucket({ account, region, endpoint, bucket: configuration.capture.bucket }),
    { run: 'look', step: 'capture bucket' },
  );
}

/** The name of the capture bucket if there is one, whoever owns it; null when `aiplan setup` has not made it. */
export async function existingBucket(context: CommandContext, target: Target): Promise<string | null> {
  const name = captureBucketOf(context.configuration, target);
  const { account } = await context.target();
  try {
    const found = await (
      await context.reader()
    ).read({
      service: 's3',
      operation: 'HeadBucket',
      input: { Bucket: name, ExpectedBucketOwner: account },
      absent: ['NotFound', 'NoSuchBucket'],
    });
    return found === null ? null : name;
  } catch (error) {
    // Somebody else's: preflight says so, and nothing is written into it.
    if (error instanceof AwsError && (error.kind === 'denied' || error.httpStatus === 403 || error.httpStatus === 301))
      return name;
    throw error;
  }
}

/**
 * Nobody is asked to confirm a destruction that could not begin: throws UserError `no-capture-bucket` (exit 3) where
 * the plan has one and there is no capture bucket. The run checks it again.
 */
export async function refuseWithoutBucket(context: CommandContext, plan: Plan): Promise<void> {
  const destroys = plan.steps.filter((step) => step.destruction !== null && step.coveredBy === undefined);
  if (destroys.length === 0 || (await existingBucket(context, plan.target)) !== null) return;
  throw new UserError(
    'no-capture-bucket',
    `there is no capture bucket for what is destroyed: ${destroys
      .map((step) => step.id)
      .slice(0, 10)
      .join(', ')}`,
    {
      exitCode: exitCodes.blocked,
      help: 'run `aiplan setup` once for this account and region; nothing was changed',
    },
  );
}
