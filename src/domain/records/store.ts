import type { SignedApproval } from '../approval.ts';
import type { AuditEntry, AuditRecord } from './audit.ts';
import type { AuditProblem } from './audit-report.ts';
import type { Clock } from './event.ts';
import type { Journal, JournalRecord, RunOutcome } from './journal.ts';
import type { Target } from '../live.ts';
import type { Plan } from '../plan.ts';

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
  /** Only as told by `lockHolder`: its process was on this very machine and is gone. */
  readonly gone?: true;
}

export interface Lock {
  readonly owner: LockOwner;
  /**
   * Before each mutating call: throws UserError `lock-lost` when the lock is not ours any more, or when more time
   * passed since the last heartbeat than a living holder would let pass (the machine slept).
   */
  check(): Promise<void>;
  /** Never throws: a lock that could not be given back is cleared by the next run, because this one has an end. */
  release(): Promise<void>;
}

export type LockTarget = Pick<Target, 'account' | 'region' | 'endpoint'>;

/** A journal that is open for writing; `close` when the run has ended or pauses. */
export interface OpenJournal extends Journal {
  readonly place: string;
  close(): Promise<void>;
}

/** A journal as read back. `head` is the SHA-256 of its last whole line. */
export interface ReadJournal {
  readonly path: string;
  readonly records: readonly JournalRecord[];
  readonly head: string;
  /** A last line that was never finished: the process died while it wrote. The line was not acknowledged. */
  readonly torn: { readonly line: number; readonly bytes: number } | null;
  /**
   * Lines of a process that wrote on although its run was resumed elsewhere: what they say was decided by reading AWS.
   * They are not among `records`.
   */
  readonly leftLines?: number;
  /**
   * Records that the store could not take and that lie beside it. `merged`: they follow the journal and are among
   * `records`; `left`: the journal went on without them, on another machine.
   */
  readonly spooled?: { readonly path: string; readonly records: number; readonly state: 'merged' | 'left' };
}

/** The needs of a journal. */
export interface JournalNeeds {
  /** Steps of the plan: how much space is reserved before the first call. */
  readonly steps?: number;
}

/** The facts about a store that `aiplan setup` shows. */
export interface StoreFacts {
  readonly facts: readonly string[];
  readonly problems: readonly string[];
  /** Its bucket does not exist: everything else is no question yet. */ readonly isMissing?: true;
}

/** A run as a reading of many finds it: its journal, or why it cannot be read. */
export type FoundRun =
  | { readonly run: string; readonly path: string; readonly journal: ReadJournal; readonly problem: null }
  | {
      readonly run: string;
      readonly path: string;
      readonly journal: null;
      readonly problem: { readonly code: string; readonly message: string; readonly where: string | null };
    };

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
  /**
   * When the store took its first record, by the store's own clock, milliseconds since 1970; absent: the store has
   * none.
   */
  readonly storedAt?: number;
  readonly outcome: RunOutcome | 'open' | 'damaged';
  readonly steps: number;
  /** Why the journal cannot be read; null when it can. */
  readonly problem: string | null;
  /**
   * Its end, or what stands before it, is not in the store but in a spool of this machine: others do not know of it
   * yet.
   */
  readonly spooled?: true;
  /** Who closed it for good although its journal cannot be read, and when. Absent: nobody. */
  readonly closed?: { readonly by: string; readonly at: string };
}

/**
 * How a run came to be one with which nothing more happens. `idle`: it ended before its first call; `taken-back`: a
 * rollback that came after it is done; `closed`: by a person, although its journal cannot be read.
 */
export type Settling = 'done' | 'abandoned' | 'idle' | 'taken-back' | 'closed';

/**
 * The mark of a run with which nothing more happens, as its name tells: it saves reading the journal. It is no proof;
 * the journal is. `at`: the target as locks are named; each null where it is not known.
 */
export interface ClosedRun {
  readonly run: string;
  readonly how: Settling;
  readonly at: string | null;
  readonly planName: string | null;
  readonly rollbackOf: string | null;
}

/** One object of the store: its name without folder and ending, where it lies, and its text. */
export interface KeptText {
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

/** Objects that somebody overwrote or deleted, and when (ISO 8601). */
export interface RewrittenObjects {
  readonly objects: readonly { readonly path: string; readonly how: 'deleted' | 'overwritten'; readonly at: string }[];
  readonly problem: string | null;
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

/**
 * Where plans, approvals, journals, locks and the audit log live: a local folder, or a prefix of an S3 bucket that a
 * team shares. Everything is written once and never changed, but for the lock. All methods throw UserError
 * `store-unwritable` or `store-unreadable` where the place cannot be reached.
 */
export interface Store {
  /** For messages: the folder, or `s3://bucket/prefix`. */
  readonly place: string;
  /** Whether the lock and the marks of what was used hold for every machine. */
  readonly shared: boolean;

  /**
   * Takes the lock of a target. Throws UserError `locked`, naming the holder. The lock of a dead process is cleared
   * when its run has ended or never began; a run that it left open keeps the lock until a person resumes, rolls back or
   * abandons it.
   */
  acquireLock(target: LockTarget, owner: Omit<LockOwner, 'heartbeat'>): Promise<Lock>;
  /** Who holds it, or null. */
  lockHolder(target: LockTarget): Promise<LockOwner | null>;
  /**
   * Takes over from exactly this holder, by the decision of a person. Throws UserError `locked` when it is another one
   * by now, or when this one still gives signs of life.
   */
  takeOverLock(target: LockTarget, from: LockOwner, owner: Omit<LockOwner, 'heartbeat'>): Promise<Lock>;

  /** The journal of a new run. Throws UserError `run-exists`. */
  createJournal(run: string, clock: Clock, needs?: JournalNeeds): Promise<OpenJournal>;
  /**
   * Continues the journal of a run that stopped: a torn last line stays where it is, and the chain continues after the
   * last whole one.
   */
  continueJournal(run: string, clock: Clock, needs?: JournalNeeds): Promise<OpenJournal>;
  /** Throws UserError `no-such-run`, `journal-damaged`. */
  readRun(run: string): Promise<ReadJournal>;
  /**
   * Reads the journals of all runs, newest first, or of those named, a few at a time, and lets go of each when `work`
   * has ended. `work` answers `stop` where no older one is needed. A journal that cannot be read is told as such and
   * hides no other.
   */
  eachRun(
    work: (found: FoundRun) => 'stop' | void,
    options?: { readonly runs?: readonly string[]; readonly progress?: (done: number, of: number) => void },
  ): Promise<void>;
  /**
   * Newest first, all of them or the `newest` ones, each by its journal. A damaged journal is listed as such and hides
   * no other.
   */
  listRuns(options?: {
    readonly newest?: number;
    readonly progress?: (done: number, of: number) => void;
  }): Promise<readonly RunSummary[]>;
  /**
   * The runs without a mark that they are closed, newest first, each by its journal: every open one, and few others.
   */
  openRuns(): Promise<readonly RunSummary[]>;
  /** One run of the list; null where it has no journal. */
  findRun(run: string): Promise<RunSummary | null>;
  /** The marks of closed runs, oldest first. */
  closedRuns(): Promise<readonly ClosedRun[]>;
  /**
   * Marks a run as closed: only when its `end` is durable, or a person has closed it, who is then named in `closing`.
   * Answers whether it has a mark now: a run whose plan cannot be named in one stays without.
   */
  closeRun(
    summary: Pick<RunSummary, 'run' | 'account' | 'region' | 'endpoint' | 'planName' | 'rollbackOf'>,
    how: Settling,
    closing?: { readonly by: string; readonly host: string; readonly at: string; readonly problem: string },
  ): Promise<boolean>;

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
  spendApproval(nonce: string, run: string): Promise<void>;
  /** Keeps the whole plan under its digest, and a signed approval under its nonce, for the team and the audit. */
  keepPlan(plan: Plan): Promise<void>;
  keepApproval(approval: SignedApproval): Promise<void>;
  keptPlan(digest: string): Promise<Plan | null>;
  /** All approvals that are kept, as they lie there, whatever they hold. */
  keptApprovals(): Promise<readonly KeptText[]>;
  /** All marks of plans and approvals that were used. */
  marks(): Promise<readonly UsedMark[]>;

  /** Appends to the audit log, whose chain is its own; one entry at a time over all processes of the store. */
  appendAudit(entry: AuditEntry, clock: Clock): Promise<AuditRecord>;
  /** SHA-256 of the newest entry of the audit log; all zeros for an empty one. */
  auditHead(): Promise<string>;
  /**
   * The audit log in its order; `progress` gets how far long reading has come. `damaged` gets each place where the log
   * is damaged, and what can be read is answered; without it the first such place throws UserError `audit-damaged`.
   */
  readAudit(
    progress?: (done: number, of: number) => void,
    damaged?: (problem: AuditProblem) => void,
  ): Promise<readonly AuditRecord[]>;
  /**
   * The entries that tell of one run, or of these plans (by digest), found without reading the others where that is
   * possible; else the whole log. Not held against the chain.
   */
  readAuditOf(
    run: string,
    plans: readonly string[],
    damaged?: (problem: AuditProblem) => void,
  ): Promise<readonly AuditRecord[]>;
  /** Places of what lies among the entries of the audit log and is none: it is left out. */
  auditStrays(): Promise<readonly string[]>;

  /**
   * Objects that were written once and were changed since, as the place itself remembers it: in S3 by the versions of
   * the objects, locks left out; a folder remembers nothing. `problem`: why it could not be asked.
   */
  rewritten(): Promise<RewrittenObjects>;
  /** Checks the store from outside, for `aiplan setup`: what it is, and what is wrong with it. */
  inspect(): Promise<StoreFacts>;
  /**
   * The same, and does all that a store does under the name of a probe, which stays. Absent: there is nothing more to
   * prove than `inspect` does.
   */
  prove?(): Promise<StoreFacts>;
  /** Lets go of connections; locks and journals have their own ends. */
  close(): void;
}
