import type { Approval } from '../../domain/approval.ts';
import { exitCodes, UserError } from '../../base/error.ts';
import type { Plan } from '../../domain/plan.ts';
import type { CommandContext } from '../context/command-context.ts';

/** How far the clocks of two machines may be apart; milliseconds. */
const skew = 300_000;

/**
 * When a saved plan ends: as long after it was made as the configuration of now lets a plan live, and never later than
 * it says itself. Whoever may write the file may write another time of making into it, and gains what planning again
 * gives: AWS is read, and the digest must be equal. A signed approval is bound more closely (`refuseOlder`). Throws
 * UserError `plan-expired`, `plan-clock` (exit 3).
 */
export function endOfPlan(
  { io, configuration }: Pick<CommandContext, 'io' | 'configuration'>,
  { createdAt, expiresAt }: Pick<Plan, 'createdAt' | 'expiresAt'>,
): string {
  const [made, now] = [Date.parse(createdAt), io.clock.now()];
  if (made > now + skew)
    throw new UserError('plan-clock', `the plan was made at ${createdAt}, which is still to come`, {
      exitCode: exitCodes.blocked,
      help: 'set the clock of this machine, or plan again',
    });
  const end = Math.min(Date.parse(expiresAt), made + configuration.planExpiryMinutes * 60_000);
  if (!(end > now))
    throw new UserError('plan-expired', `the plan expired at ${new Date(end).toISOString()}`, {
      exitCode: exitCodes.blocked,
      help: 'plan again',
    });
  return new Date(end).toISOString();
}

/**
 * An approval is of a plan that was there when it was signed: a plan file with a later time of making is not the one.
 * Throws UserError `approval-foreign` (exit 3).
 */
export function refuseOlder({ createdAt }: Pick<Approval, 'createdAt'>, saved: Pick<Plan, 'createdAt'> | null): void {
  if (saved === null || Date.parse(createdAt) + skew >= Date.parse(saved.createdAt)) return;
  throw new UserError(
    'approval-foreign',
    `the approval was signed at ${createdAt}, before the plan was made (${saved.createdAt})`,
    { exitCode: exitCodes.blocked, help: 'review and sign this plan' },
  );
}
