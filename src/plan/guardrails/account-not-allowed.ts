import type { Guardrail } from './guardrail.ts';

/** The configuration may name the accounts that plans may target. */
export const accountNotAllowed: Guardrail = {
  code: 'account-not-allowed',
  says: 'plans only target the accounts that the configuration allows',
  check: ({ configuration, target }) =>
    configuration.accounts.length === 0 || configuration.accounts.includes(target.account)
      ? []
      : [
          {
            code: 'account-not-allowed',
            severity: 'error',
            step: null,
            line: null,
            column: null,
            message: `account "${target.account}" is not among the accounts that the configuration allows`,
            help: `allowed: ${configuration.accounts.join(', ')}`,
          },
        ],
};
