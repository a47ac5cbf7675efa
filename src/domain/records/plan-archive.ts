import type { SignedApproval } from '../approval.ts';
import type { Plan } from '../plan.ts';

/** One object of the store: its name without folder and ending, where it lies, and its text. */
export interface KeptText {
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

/** That a plan or an approval (by its nonce) was used, and by which run; `run` null where the mark cannot be read. */
export interface UsedMark {
  readonly of: 'plan' | 'approval';
  readonly name: string;
  readonly path: string;
  readonly run: string | null;
  /** The run sent nothing, and gave its plan free again. */
  readonly released?: true;
}

/** The plans and approvals of a store, and the marks of those that were used: each counts once. */
export interface PlanArchive {
  /** Throws UserError `plan-already-applied` (exit 3) when this very plan was applied before. */
  refuseAppliedPlan(plan: Plan): Promise<void>;
  /** Remembers that a plan was applied. Throws UserError `plan-already-applied` when another run was faster. */
  markPlanUsed(plan: Plan, run: string): Promise<void>;
  /**
   * Under the lock, when a run ended before its first mutating call: the plan may be applied again. Nothing happens
   * where another run used it.
   */
  releasePlan(plan: Plan, run: string): Promise<void>;
  /** Throws UserError `approval-replayed` (exit 3) when the nonce was used before. */
  refuseUsedApproval(nonce: string): Promise<void>;
  /** The run that used the nonce of an approval; null where none did, or its mark cannot be read. */
  approvalUsedBy(nonce: string): Promise<string | null>;
  /** Spends the nonce of an approval: it counts once. Throws UserError `approval-replayed`. */
  markApprovalUsed(nonce: string, run: string): Promise<void>;
  /** Keeps the whole plan under its digest, and a signed approval under its nonce, for the team and the audit. */
  keepPlan(plan: Plan): Promise<void>;
  keepApproval(approval: SignedApproval): Promise<void>;
  keptPlan(digest: string): Promise<Plan | null>;
  /** All approvals that are kept, as they lie there, whatever they hold. */
  keptApprovals(): Promise<readonly KeptText[]>;
  /** All marks of plans and approvals that were used. */
  marks(): Promise<readonly UsedMark[]>;
}
