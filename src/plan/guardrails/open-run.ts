import { findingAt } from '../../domain/finding.ts';
import type { Guardrail } from './guardrail.ts';

/**
 * A run that stopped somewhere holds what it touched, and no more, until a person resumes it, rolls it back or abandons
 * it.
 */
export const openRunHolds: Guardrail = {
  code: 'open-run',
  says: 'what a run that stopped has touched, made or still has to do is dealt with through that run first',
  check: ({ steps, changePlan, openRuns }) =>
    steps.flatMap(({ step, entry, live }) => {
      if (step.action === 'keep') return [];
      const identities = [live?.identity, step.identity, entry.id].filter((identity) => typeof identity === 'string');
      const holder = openRuns.find(
        ({ resources, creates, planName }) =>
          resources.some(({ type, identity }) => type === step.type && identities.includes(identity)) ||
          (planName === changePlan.name &&
            step.action === 'create' &&
            creates.some(({ type, address }) => type === step.type && address === step.id)),
      );
      return holder === undefined
        ? []
        : [
            findingAt(
              entry,
              '',
              'error',
              'open-run',
              holder.atWork === true
                ? `run ${holder.run} of "${holder.planName}" is at work, and this is one of its resources`
                : `run ${holder.run} of "${holder.planName}" stopped in the middle, and this is one of its resources`,
              holder.atWork === true
                ? 'wait until it has ended, and plan again'
                : `resume it: aiplan resume ${holder.run}; or undo it: aiplan rollback ${holder.run}; or close it for good: aiplan runs abandon ${holder.run}`,
            ),
          ];
    }),
};
