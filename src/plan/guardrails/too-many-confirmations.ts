import type { Guardrail } from './guardrail.ts';

/** Who must type many confirmations reads none of them. */
export const tooManyConfirmations: Guardrail = {
  code: 'too-many-confirmations',
  says: 'a plan asks for no more confirmations than a person can give with care',
  check({ steps, configuration }) {
    const count = steps.filter(({ step }) => step.confirm !== null).length;
    return count <= configuration.maxConfirmations
      ? []
      : [
          {
            code: 'too-many-confirmations',
            severity: 'error',
            step: null,
            line: null,
            column: null,
            message: `the plan has ${count} destructions and grants; at most ${configuration.maxConfirmations} may stand in one plan`,
            help: 'split the plan',
          },
        ];
  },
};
