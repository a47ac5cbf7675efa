import type { Confirmation } from '../../../domain/approval.ts';
import { lossPhrase } from '../../../domain/confirmation.ts';
import type { Plan, Step } from '../../../domain/plan.ts';

/** The change of the plan after a step was left out. */
export interface Replanned {
  readonly id: string;
  readonly before: Plan;
  readonly after: Plan;
  /** Steps that are no longer in the plan. */
  readonly left: readonly Step[];
  /** Steps whose digest is another one: what they do, or what they build on, has changed. */
  readonly changed: readonly { readonly step: Step; readonly how: string; readonly dropped: boolean }[];
  readonly added: readonly Step[];
  /** Steps that are exactly as before and keep their confirmation. */
  readonly kept: readonly Step[];
  /** How many others are exactly as before. */
  readonly same: number;
  readonly confirmations: ReadonlyMap<string, Confirmation>;
}

/**
 * Compares the plans and carries confirmations over: only for steps of equal digest that still ask for the same text.
 */
export function compareReplanned(
  id: string,
  before: Plan,
  after: Plan,
  confirmations: ReadonlyMap<string, Confirmation>,
): Replanned {
  const [was, is] = [byId(before), byId(after)];
  const carried = new Map<string, Confirmation>();
  const kept: Step[] = [];
  const changed: { step: Step; how: string; dropped: boolean }[] = [];
  let same = 0;
  for (const step of after.steps) {
    const former = was.get(step.id);
    if (former === undefined) continue;
    const confirmation = confirmations.get(step.id);
    if (former.digest !== step.digest)
      changed.push({ step, how: howChanged(former, step), dropped: confirmation !== undefined });
    else if (
      confirmation !== undefined &&
      confirmation.stepDigest === step.digest &&
      confirmation.typed === step.confirm &&
      confirmation.typedLoss === lossPhrase(step)
    ) {
      carried.set(step.id, confirmation);
      kept.push(step);
    } else if (confirmation !== undefined) changed.push({ step, how: 'asks for another text now', dropped: true });
    else same += 1;
  }
  return {
    id,
    before,
    after,
    changed,
    kept,
    same,
    confirmations: carried,
    left: before.steps.filter((step) => !is.has(step.id)),
    added: after.steps.filter((step) => !was.has(step.id)),
  };
}

const byId = (plan: Plan): ReadonlyMap<string, Step> => new Map(plan.steps.map((step) => [step.id, step]));

function howChanged(before: Step, after: Step): string {
  if (after.blocked && !before.blocked) return 'is BLOCKED now';
  if (before.blocked && !after.blocked) return 'is no longer blocked';
  if (before.action !== after.action)
    return after.action === 'keep'
      ? 'has nothing to do any more'
      : `is a ${after.action} now, it was a ${before.action}`;
  if (JSON.stringify(before.changes) !== JSON.stringify(after.changes)) return 'changes something else now';
  if (before.dependsOn.join() !== after.dependsOn.join()) return 'depends on other steps now';
  return 'rests on other facts now';
}
