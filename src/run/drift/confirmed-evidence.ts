import type { Approval } from '../../domain/approval.ts';
import { boundObservations, outsideBands, type Moved } from '../../domain/bands.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Plan } from '../../domain/plan.ts';
import type { RulesOf } from './stale-steps.ts';
import { driftText } from './read-back.ts';
import { few, quote } from '../../domain/wording.ts';

/**
 * The observations that the person saw at the confirmation of the step: as his approval says; of an older one, as the
 * plan that it is for has it.
 */
export function shownObservations(approval: Approval, plan: Plan, step: string): JsonObject {
  const confirmation = approval.confirmations.find((one) => one.step === step);
  return confirmation?.observed ?? boundObservations(plan.steps.find(({ id }) => id === step)?.evidence.observed ?? {});
}

/** `objects: 0 → 300` of each observation that left its band. */
export const movedText = (moved: readonly Moved[]): string =>
  driftText(moved.map((one) => ({ ...one, inList: false })));

/**
 * The confirmed steps of which something was observed that is no longer within its band, in words; '' where there are
 * none. `approved` is what was confirmed, `now` the same plan made again. Pure.
 */
export function movedObservations(approval: Approval, approved: Plan, now: Plan, rulesOf: RulesOf): string {
  return few(
    now.steps.flatMap((step) => {
      if (step.confirm === null) return [];
      const moved = outsideBands(
        shownObservations(approval, approved, step.id),
        step.evidence.observed,
        rulesOf(step.type)?.bands,
      );
      return moved.length === 0 ? [] : [`${quote(step.id)} (${step.identity ?? 'new'}): ${movedText(moved)}`];
    }),
    10,
  );
}
