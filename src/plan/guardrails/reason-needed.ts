import { findingAt } from '../../domain/finding.ts';
import { perStep } from './guardrail.ts';

/** Whoever destroys or grants says why; the reviewer sees it as a claim. */
export const reasonNeeded = perStep(
  'reason-needed',
  'every destruction and every grant has a reason',
  ({ step, entry }, { changePlan }) => {
    if (
      changePlan.rollbackOf !== undefined ||
      (step.destruction === null && step.grant === null) ||
      (entry.reason ?? '').trim() !== ''
    )
      return null;
    const what =
      step.destruction === null
        ? `opens something: ${step.grant?.opens[0] ?? ''}`
        : `loses something: ${step.destruction.loses[0] ?? ''}`;
    return findingAt(
      entry,
      '',
      'error',
      'reason-needed',
      `this ${step.action} ${what}; it needs a reason`,
      `add to ${entry.address}:\n    reason: why this is needed`,
    );
  },
);
