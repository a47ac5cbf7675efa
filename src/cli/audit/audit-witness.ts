import type { RunWitness } from '../../domain/records/audit-report.ts';
import { AwsError, UserError } from '../../base/error.ts';
import { runOutsideRun } from '../../run/executor/run-outside.ts';
import { readWitnesses } from '../../../providers/s3/capture-bucket/witnesses.ts';
import type { CommandContext } from '../context/command-context.ts';

/** The answer of the capture bucket, or why it could not be asked. */
export interface AskedWitnesses {
  readonly witnesses: readonly RunWitness[];
  readonly problem: string | null;
}

/** The time in the name of a run, as milliseconds since 1970; NaN where the name has none. */
export const startOfRun = (run: string): number =>
  Date.parse(run.replace(/^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-.*$/u, '$1-$2-$3T$4:$5:$6Z'));

/**
 * The runs that the capture bucket of this account and region knows: of one, or of those that began in a stretch of
 * time (milliseconds since 1970). Without a bucket nothing was ever changed that it would tell of. Reads only.
 */
export async function askWitnesses(
  context: CommandContext,
  { run, since, until }: { readonly run?: string | undefined; readonly since: number; readonly until: number },
): Promise<AskedWitnesses> {
  const { account, region, endpoint } = await context.target();
  const session = await context.reader();
  const wanted = (name: string): boolean =>
    run === undefined ? startOfRun(name) >= since - 60_000 && startOfRun(name) <= until : name === run;
  try {
    return {
      witnesses: await runOutsideRun(
        session,
        () => readWitnesses({ account, region, endpoint, bucket: context.configuration.capture.bucket }, wanted),
        { run: 'audit', step: 'capture bucket' },
      ),
      problem: null,
    };
  } catch (error) {
    if (error instanceof AwsError && error.kind === 'absent') return { witnesses: [], problem: null };
    if (error instanceof AwsError || error instanceof UserError) return { witnesses: [], problem: error.message };
    throw error;
  }
}
