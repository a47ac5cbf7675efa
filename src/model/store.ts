import type { SignedApproval } from './approval.ts';
import type { AuditEntry, AuditRecord } from './audit.ts';
import type { Clock } from './event.ts';
import type { Journal, JournalRecord, RunOutcome } from './journal.ts';
import type { Target } from './live.ts';
import type { Plan } from './plan.ts';

/** Who holds a lock. */
export interface LockOwner {
  readonly run: string;
  readonly owner: string;
  readonly host: string;
  readonly pid: number;
  /** ISO 8601. */
  readonly startedAt: string;
  /** ISO 8601; moves on while the holder lives. */
  readonly heartbeat: string;
}

export interface Lock {
  readonly owner: LockOwner;
  /**
   * Before each mutating call: throws UserError `lock-lost` when the lock is not ours any more, or when more time passed since
   * the last heartbeat than a living holder would let pass (the machine slept).
   */
  check(): Promise<void>;
  release(): Promise<void>;
}

export type LockTarget = Pick<Target, 'account' | 'region' | 'endpoint'>;

/** A journal that is open for writing; `close` when the run has ended or pauses. */
export interface OpenJournal extends Journal { readonly place: string; close(): Promise<void> }

/** A journal as read back. `head` is the SHA-256 of its last whole line. */
export interface ReadJournal {
  readonly path: string;
  readonly records: readonly JournalRecord[];
  readonly head: string;
  /** A last line that was never finished: the process died while it wrote. What it said was not acknowledged. */
  readonly torn: { readonly line: number; readonly bytes: number } | null;
}

/** One run in a list. `open`: it has no end, so it was killed or is still going. */
export interface RunSummary {
  readonly run: string;
  readonly path: string;
  readonly command: 'apply' | 'rollback' | null;
  readonly planName: string | null;
  readonly rollbackOf: string | null;
  readonly account: string | null;
  readonly region: string | null;
  readonly endpoint: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly outcome: RunOutcome | 'open' | 'damaged';
  readonly steps: number;
  /** Why the journal cannot be read; null when it can. */
  readonly problem: string | null;
}

/**
 * Where plans, approvals, journals, locks and the audit log live: a local folder, or a prefix of an S3 bucket that a team
 * shares. Everything is written once and never changed, but for the lock. All methods throw UserError `store-unwritable` or
 * `store-unreadable` where the place cannot be reached.
 */
export interface Store {
  /** For messages: the folder, or `s3://bucket/prefix`. */
  readonly place: string;
  /** Whether the lock and the marks of what was spent hold for every machine. */
  readonly shared: boolean;

  /** Takes the lock of a target. Throws UserError `locked`, naming the holder. A dead process of this host is no holder. */
  acquireLock(target: LockTarget, owner: Omit<LockOwner, 'heartbeat'>): Promise<Lock>;
  /** Who holds it, or null. */
  lockHolder(target: LockTarget): Promise<LockOwner | null>;
  /** Takes over from exactly this holder, by the decision of a person. Throws UserError `locked` when it is another one by now. */
  takeOverLock(target: LockTarget, from: LockOwner, owner: Omit<LockOwner, 'heartbeat'>): Promise<Lock>;

  /** The journal of a new run. Throws UserError `run-exists`. */
  createJournal(run: string, clock: Clock): Promise<OpenJournal>;
  /** Goes on with the journal of a run that stopped: a torn last line stays where it is, and the chain goes on after the last whole one. */
  continueJournal(run: string, clock: Clock): Promise<OpenJournal>;
  /** Throws UserError `no-such-run`, `journal-damaged`. */
  readRun(run: string): Promise<ReadJournal>;
  /** Newest first. A damaged journal is listed as such and hides no other. */
  listRuns(): Promise<readonly RunSummary[]>;

  /** Throws UserError `plan-already-applied` (exit 3) when this very plan was applied before. */
  refuseAppliedPlan(plan: Plan): Promise<void>;
  /** Remembers that a plan was applied. Throws UserError `plan-already-applied` when another run was faster. */
  spendPlan(plan: Plan, run: string): Promise<void>;
  /** Throws UserError `approval-replayed` (exit 3) when the nonce was spent before. */
  refuseSpentApproval(nonce: string): Promise<void>;
  /** Spends the nonce of an approval: it counts once. Throws UserError `approval-replayed`. */
  spendApproval(nonce: string, run: string): Promise<void>;
  /** Keeps the whole plan under its digest, and a signed approval under its nonce, for the team and the audit. */
  keepPlan(plan: Plan): Promise<void>;
  keepApproval(approval: SignedApproval): Promise<void>;
  keptPlan(digest: string): Promise<Plan | null>;

  /** Appends to the audit log, whose chain is its own; one entry at a time over all processes of the store. */
  appendAudit(entry: AuditEntry, clock: Clock): Promise<AuditRecord>;
  /** The audit log in its order. Throws UserError `audit-damaged` with the place where its chain breaks. */
  readAudit(): Promise<readonly AuditRecord[]>;
}
