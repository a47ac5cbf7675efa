import { join } from 'node:path';
import { existsSync } from 'node:fs';
import { sha256 } from '../model/digest.ts';
import { UserError } from '../model/error.ts';
import type { Plan } from '../model/plan.ts';
import { createOnce } from './files.ts';

const planKey = (plan: Plan): string => sha256(`${plan.digest}\n${plan.createdAt}`).slice('sha256:'.length, 'sha256:'.length + 32);

/** Throws UserError `plan-already-applied` when this very plan was applied before (exit 3). */
export function refuseAppliedPlan(store: string, plan: Plan): void {
  if (existsSync(join(store, 'applied', planKey(plan)))) {
    throw new UserError('plan-already-applied', `this plan of "${plan.name}" was applied before`, { exitCode: 3, help: 'a plan is applied once; plan again' });
  }
}

/** Remembers that a plan was applied. Throws UserError `plan-already-applied` when another run was faster. */
export function spendPlan(store: string, plan: Plan, run: string): void {
  if (!createOnce(join(store, 'applied', planKey(plan)), `${run}\n`)) refuseAppliedPlan(store, plan);
}

/** Throws UserError `approval-replayed` when the approval's nonce was spent before (exit 3). */
export function refuseSpentApproval(store: string, nonce: string): void {
  if (existsSync(approvalPath(store, nonce))) throw replayed();
}

/** Spends the nonce of an approval: it counts once. Throws UserError `approval-replayed`. */
export function spendApproval(store: string, nonce: string, run: string): void {
  if (!createOnce(approvalPath(store, nonce), `${run}\n`)) throw replayed();
}

const approvalPath = (store: string, nonce: string): string => {
  if (!/^[0-9a-f]{32}$/u.test(nonce)) throw new UserError('not-an-approval', 'the approval has no proper nonce', { exitCode: 3, help: 'review and sign again' });
  return join(store, 'approvals', nonce);
};
const replayed = (): UserError => new UserError('approval-replayed', 'this approval was used before', { exitCode: 3, help: 'an approval counts once; review and sign again' });
