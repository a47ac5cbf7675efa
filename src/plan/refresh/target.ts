import type { ChangePlan } from '../../domain/change-plan.ts';
import { UserError } from '../../base/error.ts';
import type { Target } from '../../domain/live.ts';
import { quote } from '../../domain/wording.ts';

/**
 * Throws UserError `wrong-account` or `wrong-region` when the change plan is meant for another target than the
 * caller's. Call it before anything else is read.
 */
export function checkTarget(changePlan: ChangePlan, target: Pick<Target, 'account' | 'region'>): void {
  const { account, region } = changePlan.target;
  if (account !== target.account) {
    throw new UserError(
      'wrong-account',
      `the change plan is for account ${quote(account)}, the credentials are of account ${quote(target.account)}`,
      {
        help: 'choose the profile of the right account (--profile), or correct `target.account`; nothing was read',
      },
    );
  }
  if (region !== target.region) {
    throw new UserError(
      'wrong-region',
      `the change plan is for region ${quote(region)}, these credentials work in ${quote(target.region)}`,
      {
        help: `pass --region ${region}, or correct \`target.region\`; nothing was read`,
      },
    );
  }
}
