import type { Approval } from '../domain/approval.ts';
import type { Configuration } from '../domain/configuration.ts';
import { UserError } from '../base/error.ts';
import { acceptsLoss, askedText, needed } from '../domain/confirmation.ts';
import type { ApprovedPlan, Plan, Planned } from '../domain/plan.ts';

/**
 * The only maker of an `ApprovedPlan`. Throws UserError, exit 3, when anything is missing or does not fit:
 * `plan-recorded`, `plan-blocked`, `plan-expired`, `approval-foreign`, `approval-expired`, `approval-tier`,
 * `confirmation-missing`. `now` in milliseconds since 1970. `confirmed`: of what remains of a run, the plan that was
 * confirmed at its beginning: a signed approval of that still counts for the steps that are left.
 */
export function approve(
  planned: Planned,
  approval: Approval,
  configuration: Configuration,
  now: number,
  confirmed: Plan | null = null,
): ApprovedPlan {
  const { plan } = planned;
  const isOfTheRun = confirmed !== null && approval.tier === 'T1' && approval.planDigest === confirmed.digest;
  refuseUnapprovable(plan, now);
  const refuse = (code: string, message: string, help: string): never => {
    throw new UserError(code, message, { exitCode: 3, help });
  };
  if (approval.planDigest !== plan.digest && !isOfTheRun)
    refuse('approval-foreign', 'the approval is for another plan: the digests differ', 'review this plan');
  const { account, region, endpoint } = approval.target;
  if (account !== plan.target.account || region !== plan.target.region || endpoint !== plan.target.endpoint) {
    refuse('approval-foreign', `the approval is for account "${account}" in "${region}"`, 'review this plan');
  }
  const expires = Date.parse(approval.expiresAt);
  if (!(expires > now)) refuse('approval-expired', `the approval expired at ${approval.expiresAt}`, 'review again');
  const needs = needed(plan);
  const asked = askedText(needs);
  const asks = asked !== '';
  if (approval.tier === 'none' && (asks || !configuration.allowYes)) {
    refuse(
      'confirmation-missing',
      asks ? `the plan needs ${asked} by a person` : 'nobody said yes',
      'run `aiplan review` in a terminal, or sign an approval',
    );
  }
  if (asks && configuration.minimumTier === 'T1' && approval.tier !== 'T1') {
    refuse(
      'approval-tier',
      'the configuration asks for a signed approval (T1)',
      'run `aiplan review PLAN --sign KEY`, then `aiplan apply PLAN --approval FILE`',
    );
  }
  for (const step of needs.confirmations) {
    const given = approval.confirmations.find((confirmation) => confirmation.step === step.id);
    if (given === undefined)
      refuse(
        'confirmation-missing',
        `"${step.id}" was not confirmed`,
        'confirm each destruction and grant in the review',
      );
    else if (given.stepDigest !== step.digest)
      refuse('approval-foreign', `the confirmation of "${step.id}" is for another state of it`, 'review again');
    else if (given.typed !== step.confirm)
      refuse(
        'confirmation-missing',
        `"${step.id}" was confirmed with another text than "${step.confirm}"`,
        'review again',
      );
    else if (!acceptsLoss(step, given.typedLoss, approval.tier))
      refuse('confirmation-missing', `the loss of "${step.id}" was not typed`, 'review again');
  }
  if (needs.name && approval.typedName !== plan.name && !(isOfTheRun && confirmed !== null && !needed(confirmed).name))
    refuse('confirmation-missing', `the plan name "${plan.name}" was not typed`, 'review again');
  return { ...planned, approval } as ApprovedPlan;
}

/** Throws UserError, exit 3, for a plan that nobody can approve. */
export function refuseUnapprovable(plan: Plan, now: number): void {
  if (plan.recorded)
    throw new UserError('plan-recorded', 'the plan was made from recorded state: it can be shown, never confirmed', {
      exitCode: 3,
      help: 'plan again without --live',
    });
  const blocked = plan.steps.filter((step) => step.blocked).map((step) => step.id);
  if (blocked.length > 0 || plan.findings.some((finding) => finding.severity === 'error')) {
    throw new UserError('plan-blocked', blocked.length > 0 ? `blocked: ${blocked.join(', ')}` : 'the plan has errors', {
      exitCode: 3,
      help: 'a plan with a blocked step is not applied at all; `aiplan show` says why',
    });
  }
  if (!(Date.parse(plan.expiresAt) > now))
    throw new UserError('plan-expired', `the plan expired at ${plan.expiresAt}`, { exitCode: 3, help: 'plan again' });
}
