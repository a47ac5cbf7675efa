import type { Approval } from '../../domain/approval.ts';
import { callName, protectedLosses, type Call, type Permit } from '../../domain/call.ts';
import type { Step } from '../../domain/plan.ts';

/**
 * The permit of a step for the gate (law 6): the operations that it declared and, where a person confirmed the step or
 * the approval of the undone run covers it, the losses of protection that its declared calls say.
 */
export function permitFor(run: string, approval: Approval, step: Step, declared: readonly Call[]): Permit {
  const isConfirmed =
    (step.destruction !== null || step.grant !== null) &&
    (step.coveredBy !== undefined ||
      approval.confirmations.some(({ step: id, stepDigest }) => id === step.id && stepDigest === step.digest));
  const losses = isConfirmed ? [...new Set(declared.flatMap(({ input }) => protectedLosses(input)))] : [];
  return {
    run,
    step: step.id,
    operations: [...new Set(declared.map(callName))],
    ...(losses.length === 0 ? {} : { confirmedLoss: losses }),
  };
}
