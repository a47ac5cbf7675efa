import type { RetryKind } from '../call.ts';
import type { PartialBatch } from './journal.ts';
import type { JsonObject } from '../../base/json.ts';

/** How a call ended. `ok` false with `executed` unknown: its answer was lost. */
export interface LoggedOutcome {
  readonly at: string;
  readonly ok: boolean;
  readonly requestId: string | null;
  readonly milliseconds: number | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly executed: 'yes' | 'no' | 'unknown';
  readonly partial: PartialBatch | null;
}

/** A mutating call, or a batch of them, as a log tells it: intent and outcome together. */
export interface LoggedCall {
  readonly run: string;
  readonly step: string;
  readonly call: number;
  /** Of the record of the intent. */
  readonly seq: number;
  readonly at: string;
  /** Purpose within the step (`quiesce`, `capture`, `change`, …), or the command outside a run. */
  readonly purpose: string;
  readonly why: string;
  /** `service:Operation`; several for a batch of different ones. */
  readonly operations: readonly string[];
  /** How many requests: 1, or the size of the batch. */
  readonly count: number;
  /** Null for a batch: its calls act upon many things. */
  readonly identity: string | null;
  readonly retry: RetryKind | null;
  /** As journaled: redacted. Null for a batch. */
  readonly input: JsonObject | null;
  /** Null: no outcome was ever written, so nobody knows but AWS. */
  readonly outcome: LoggedOutcome | null;
}

/** One place where the logs do not agree, or something worth knowing. `where` is a file and line, or an object. */
export interface AuditProblem {
  readonly code: string;
  readonly where: string;
  readonly message: string;
}

export interface AuditVerdict {
  /** Problems: changed, missing, added, or not fitting. Empty: everything that is there fits. */
  readonly broken: readonly AuditProblem[];
  /** Notes on what is in order and still worth a look: open runs, torn lines, plans that were not kept. */
  readonly notes: readonly AuditProblem[];
  /** SHA-256 of the last line of the audit log, for anchoring it elsewhere; all zeros for an empty one. */
  readonly head: string;
  readonly records: number;
  readonly runs: number;
  readonly calls: number;
  readonly plans: number;
  /** Signed approvals that the store keeps. */
  readonly approvals: number;
}

/**
 * The claims of a manifest in the capture bucket about the run that wrote it. Each text is null where it cannot be
 * read.
 */
export interface RunWitness {
  readonly run: string;
  /** `s3://bucket/key`. */
  readonly place: string;
  readonly at: string | null;
  /** Null: it is that of the whole run. */
  readonly step: string | null;
  readonly planName: string | null;
  /** SHA-256 of the newest line of the run's journal when it was written. */
  readonly journalHead: string | null;
  /** Its content is the one that its name was made of. */
  readonly isWhole: boolean;
  readonly isOverwritten: boolean;
  /** ISO 8601, where the newest thing under its key is a delete marker. */
  readonly deletedAt: string | null;
}

/** One event of CloudTrail, as its `CloudTrailEvent` document tells (CloudTrail user guide, "Record contents"). */
export interface TrailEvent {
  readonly id: string;
  /** ISO 8601; CloudTrail has whole seconds. */
  readonly at: string;
  /** `ec2.amazonaws.com`. */
  readonly source: string;
  readonly name: string;
  readonly requestId: string | null;
  readonly principal: string | null;
  /** The AWS service that acted on its own or in somebody's name: `autoscaling.amazonaws.com`. */
  readonly service: string | null;
  readonly sourceIp: string | null;
  readonly userAgent: string | null;
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  readonly resources: readonly string[];
}

/** A call of the log with the events that show it. */
export interface MatchedCall {
  readonly call: LoggedCall;
  readonly events: readonly TrailEvent[];
  readonly by: 'request-id' | 'user-agent';
}

export interface Reconciled {
  readonly matched: readonly MatchedCall[];
  /** Calls whose answer was lost, and what CloudTrail says became of them. */
  readonly settled: readonly { readonly call: LoggedCall; readonly event: TrailEvent }[];
  /** Younger than CloudTrail's delay: ask again later. */
  readonly notYet: readonly LoggedCall[];
  /** Data events of S3, which CloudTrail's event history does not hold. */
  readonly dataEvents: readonly LoggedCall[];
  /** In the log, answered by AWS, old enough, and not in CloudTrail: the log may say what never happened. */
  readonly missing: readonly LoggedCall[];
  /**
   * Done around aiplan, by people and programs. `claims`: a run that the user agent names and that did not send this.
   */
  readonly around: readonly { readonly event: TrailEvent; readonly claims: string | null }[];
  /** Refused by AWS: nothing was done. */
  readonly attempts: readonly TrailEvent[];
  /** Done by an AWS service on its own (Auto Scaling, maintenance of RDS, lifecycle of snapshots). */
  readonly services: readonly TrailEvent[];
}
