import { AwsError } from '../../base/error.ts';
import { messageOf } from '../executor/interruptions.ts';
import { captures, weakBucket } from '../../plan/steps/needs-capture-bucket.ts';
import { preflight } from './preflight.ts';
import type { Run, Task } from './run-context.ts';

/** A problem of a step, or of the whole run (`step` null). */
export interface Problem {
  readonly step: string | null;
  readonly code: string;
  readonly message: string;
}

export interface Checked {
  readonly problems: readonly Problem[];
  readonly losses: readonly Problem[];
}

/** Everything that speaks against a run before its first call, in plan order. Only reads. Throws RunStopped on stop. */
export async function checkedOf(run: Run, tasks: readonly Task[], begun?: ReadonlySet<string>): Promise<Checked> {
  const weak = await bucketProblems(run, tasks);
  const { problems, losses } = await preflight(run, tasks, begun);
  return { problems: [...weak, ...problems], losses };
}

/**
 * Problems of the place where captures are kept, in a run that takes any; a condition that cannot be checked is a
 * problem (law 9).
 */
async function bucketProblems({ ports }: Run, tasks: readonly Task[]): Promise<readonly Problem[]> {
  const { vault } = ports;
  if (vault.bucket === null || vault.check === undefined || !tasks.some(({ step }) => captures(step))) return [];
  try {
    return (await vault.check()).map((message) => ({ step: null, code: weakBucket, message }));
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return [
      {
        step: null,
        code: 'preflight-unknown',
        message: `the capture bucket "${vault.bucket}" cannot be checked: ${messageOf(error)}`,
      },
    ];
  }
}
