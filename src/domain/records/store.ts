import type { AuditStore } from './audit-store.ts';
import type { JournalStore } from './journal-store.ts';
import type { LockStore } from './lock-store.ts';
import type { PlanArchive } from './plan-archive.ts';

/** The facts about a store that `aiplan setup` shows. */
export interface StoreFacts {
  readonly facts: readonly string[];
  readonly problems: readonly string[];
  /** Its bucket does not exist: everything else is no question yet. */ readonly isMissing?: true;
}

/** Objects that somebody overwrote or deleted, and when (ISO 8601). */
export interface RewrittenObjects {
  readonly objects: readonly { readonly path: string; readonly how: 'deleted' | 'overwritten'; readonly at: string }[];
  readonly problem: string | null;
}

/**
 * Where plans, approvals, journals, locks and the audit log live: a local folder, or a prefix of an S3 bucket that a
 * team shares. Everything is written once and never changed, but for the lock. All methods throw UserError
 * `store-unwritable` or `store-unreadable` where the place cannot be reached.
 */
export interface Store extends LockStore, JournalStore, PlanArchive, AuditStore {
  /** For messages: the folder, or `s3://bucket/prefix`. */
  readonly place: string;
  /** Whether the lock and the marks of what was used hold for every machine. */
  readonly shared: boolean;

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
