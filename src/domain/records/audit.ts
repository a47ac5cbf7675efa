import type { Confirmation } from '../approval.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Target } from '../live.ts';

/**
 * Who did something, and where: the login name, the host, and the agent host whose variables the process saw (a hint,
 * no proof).
 */
export interface AuditActor {
  readonly by: string;
  readonly host: string;
  readonly agent?: string | null;
}

/** How far a journal was: its number of records, and the SHA-256 of the line of the last of them. */
export interface JournalMark {
  readonly records: number;
  readonly head: string;
}

/**
 * Whose key signed an approval, and why it counted then: kept, so that who may sign later does not decide about what
 * was.
 */
export interface AllowedSigner {
  readonly principal: string;
  /** `SHA256:…`, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
  /** The line of the allowed-signers file that let the signature count (ssh-keygen(1), ALLOWED SIGNERS). */
  readonly line: string;
}

/**
 * A signature looked at again: `altered`: it is not of this text; `not-allowed`: it is, by a key that was not the
 * allowed one.
 */
export type SignatureCheck = 'good' | 'altered' | 'not-allowed';

/**
 * The entries of the audit log: everything that no run's journal tells (reviews, refusals, plans made, calls outside a
 * run), and the beginning and end of each run with the head of its journal, so that journals cannot be changed or taken
 * away unseen. Its own text is no proof for who holds the machine; its chain and its head are what can be anchored
 * elsewhere.
 */
export type AuditEntry =
  /** A plan was kept, or put before a person. The plan itself is kept in the store under its digest. */
  | ({
      readonly kind: 'planned';
      readonly target: Target;
      readonly plan: string;
      readonly name: string;
      readonly claims: Readonly<Record<string, string>>;
      readonly steps: number;
      readonly blocked: number;
      readonly rollbackOf?: string | null;
    } & AuditActor)
  /**
   * A review ended. `approver`: the login name for T0, the principal of the signer for T1. `nonce` is that of the
   * approval. `signer` and `kept` (digest of the file that the store keeps) where a signed approval was taken to run
   * with.
   */
  | ({
      readonly kind: 'reviewed';
      readonly target: Target;
      readonly plan: string;
      readonly name: string;
      readonly tier: 'T0' | 'T1' | 'none';
      readonly decision: 'approved' | 'declined';
      readonly why: string;
      readonly rejected: readonly string[];
      readonly confirmations: readonly Confirmation[];
      readonly typedName: string | null;
      readonly approver?: string;
      readonly nonce?: string | null;
      readonly signer?: AllowedSigner;
      readonly kept?: string;
    } & AuditActor)
  /** A command refused to act, and why. `command` is its name on the command line. */
  | ({
      readonly kind: 'refused';
      readonly target: Target | null;
      readonly plan: string | null;
      readonly code: string;
      readonly message: string;
      readonly command?: string;
      readonly run?: string | null;
    } & AuditActor)
  /** Written before the first mutating call. `journal` says how far the journal was then. */
  | ({
      readonly kind: 'run-began';
      readonly target: Target;
      readonly run: string;
      readonly command: 'apply' | 'rollback' | 'resume';
      readonly plan: string;
      readonly journal: JournalMark;
    } & AuditActor)
  | ({
      readonly kind: 'run-ended';
      readonly target: Target;
      readonly run: string;
      readonly outcome: string;
      readonly journal: JournalMark;
    } & AuditActor)
  | ({
      readonly kind: 'run-abandoned';
      readonly target: Target;
      readonly run: string;
      readonly typed: string;
      readonly journal: JournalMark;
    } & AuditActor)
  /**
   * A mutating call that no journal holds: of `setup`, of the removal of expired captures, and of manifests and kept
   * secrets that a run puts into the capture bucket. `sent` stands before the call, the others after it: `refused` had
   * no effect, of `lost` only AWS knows.
   */
  | ({
      readonly kind: 'called';
      readonly target: Target;
      readonly run: string;
      readonly step: string;
      readonly call: number;
      readonly operation: string;
      readonly identity: string;
      readonly state: 'sent' | 'answered' | 'refused' | 'lost';
      readonly requestId: string | null;
      readonly milliseconds: number | null;
      readonly code: string | null;
      readonly message: string | null;
    } & AuditActor);

/** A line of the audit log: sequence number, SHA-256 of the line before, time (ISO 8601), and what happened. */
export type AuditRecord = { readonly seq: number; readonly prev: string; readonly at: string } & AuditEntry;

/** The kinds of one thing that happened: those of the audit log, and those that a journal tells. */
export type AuditEventKind = AuditEntry['kind'] | 'call' | 'captured' | 'step' | 'finding' | 'damaged';

/**
 * One thing that happened, whichever log tells it: one line of `aiplan audit` and of `aiplan audit export`
 * (FORMATS.md).
 */
export interface AuditEvent {
  /** ISO 8601. */
  readonly at: string;
  readonly kind: AuditEventKind;
  /** Which log tells it, and in which record. `run` names the journal. */
  readonly source: 'audit' | 'journal';
  readonly seq: number;
  readonly by: string | null;
  readonly host: string | null;
  readonly agent: string | null;
  /** ARN of the caller. */
  readonly caller: string | null;
  /** Who approved what ran. */
  readonly approver: string | null;
  readonly account: string | null;
  readonly region: string | null;
  readonly run: string | null;
  /** Digest of the plan. */
  readonly plan: string | null;
  readonly planName: string | null;
  /** The address in the change plan, and the identity of the resource. */
  readonly step: string | null;
  readonly identity: string | null;
  /** Members of this kind alone; see FORMATS.md. Redacted. */
  readonly detail: JsonObject;
}
