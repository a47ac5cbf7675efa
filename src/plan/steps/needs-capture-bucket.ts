import type { Finding } from '../../domain/finding.ts';
import type { Plan, Step } from '../../domain/plan.ts';

/** Steps whose captures, or whose former configuration, go into the capture bucket. */
export const captures = ({ action }: Pick<Step, 'action'>): boolean =>
  action === 'update' || action === 'replace' || action === 'delete';

/** Whether anything of the plan is captured. */
export const capturesAnything = ({ steps }: Pick<Plan, 'steps'>): boolean => steps.some(captures);

/** The code of findings about the capture bucket. */
export const weakBucket = 'capture-bucket-weak';

const help =
  '`aiplan setup` makes it strong enough again and says what a person has to confirm; until then nothing is changed';

/**
 * One finding for each thing that is wrong with the capture bucket; about no single step, so that each of them blocks
 * all.
 */
export const bucketFindings = (problems: readonly string[]): readonly Finding[] =>
  problems.map((message) => ({
    code: weakBucket,
    severity: 'error',
    step: null,
    message,
    line: null,
    column: null,
    help,
  }));
