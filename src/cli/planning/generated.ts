import type { BringsOut } from '../../domain/change-plan.ts';
import { isObject, type JsonObject } from '../../base/json.ts';
import type { Plan } from '../../domain/plan.ts';

/** The change plan of a plan that was generated, which is JSON; null for what an author wrote in another form. */
function generatedIn({ changePlan }: Pick<Plan, 'changePlan'>): JsonObject | null {
  try {
    const parsed: unknown = JSON.parse(changePlan);
    return isObject(parsed) ? parsed : null;
  } catch {
    // A generated change plan is JSON; anything else is not one.
    return null;
  }
}

/** Which of the two makers of rollbacks a plan file names; both make it again (law 13). */
export const isWithoutJournal = (plan: Pick<Plan, 'changePlan'>): boolean =>
  generatedIn(plan)?.['withoutJournal'] === true;

/** The capture from which the plan of `captures restore` is made again; null for any other plan. */
export function bringsOutOf(plan: Pick<Plan, 'changePlan'>): BringsOut | null {
  const brings = generatedIn(plan)?.['bringsOut'];
  if (
    !isObject(brings) ||
    typeof brings['run'] !== 'string' ||
    typeof brings['step'] !== 'string' ||
    !isObject(brings['instead'])
  )
    return null;
  const { run, step, as, instead, fromAws } = brings;
  return { run, step, as: typeof as === 'string' ? as : null, instead, fromAws: fromAws === true };
}
