import { findingAt } from '../../domain/finding.ts';
import { perStep } from './guardrail.ts';

/** A loss that nothing undoes needs the author's own words (law 4). */
export const acceptLossNeeded = perStep(
  'accept-loss-needed',
  'an irreversible step needs accept_loss',
  ({ step, entry }, { changePlan }) => {
    if (
      changePlan.rollbackOf !== undefined ||
      step.recoverability.level !== 'irreversible' ||
      (entry.acceptLoss ?? '').trim() !== ''
    )
      return null;
    return findingAt(
      entry,
      '',
      'error',
      'accept-loss-needed',
      `nothing brings back what this ${step.action} takes: ${step.recoverability.loses.join('; ')}`,
      `if the loss is meant, add to ${entry.address}:\n    accept_loss: what is lost, in your words`,
    );
  },
);

export const acceptLossNeedless = perStep(
  'accept-loss-needless',
  'accept_loss where nothing is lost for good is pointed out',
  ({ step, entry }) => {
    if (entry.acceptLoss === undefined || step.recoverability.level === 'irreversible') return null;
    return findingAt(
      entry,
      'accept_loss',
      'info',
      'accept-loss-needless',
      `\`accept_loss\` is not needed: the step is ${step.recoverability.level}`,
    );
  },
);
