import type { AuditEntry, AuditRecord } from './audit.ts';
import type { AuditProblem } from './audit-report.ts';
import type { Clock } from './event.ts';

/** The audit log of a store. */
export interface AuditStore {
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
}
