import { findingAt } from '../../domain/finding.ts';
import { perStep } from './guardrail.ts';

/** Updates are told by the planner, which knows what they interrupt. */
export const whenIgnored = perStep('when-ignored', '`when` where nothing can wait is pointed out', ({ step, entry }) =>
  entry.when === undefined || step.action === 'update' || step.action === 'replace'
    ? null
    : findingAt(entry, 'when', 'info', 'when-ignored', `\`when\` has no meaning for a ${step.action} and is ignored`),
);
