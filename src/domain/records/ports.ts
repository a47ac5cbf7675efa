import type { AwsSession } from '../call.ts';
import type { Clock, RunEvent } from './event.ts';
import type { Journal, LeftUndone } from './journal.ts';
import type { SecretRef } from '../../base/json.ts';
import type { LiveState } from '../live.ts';
import type { Planned } from '../plan.ts';
import type { RunEnd } from './run-end.ts';
import type { RunManifest, CaptureManifest } from './run-manifest.ts';
import type { ResourceTypes } from '../resource-type.ts';
import type { Schemas } from '../schema.ts';

/** A session that can take fresh credentials: a run may outlast the ones that it began with. */
export interface ApplySession extends AwsSession {
  /**
   * Forgets the credentials in use; the next call resolves them again. Throws AwsError `expired` when there are none.
   */
  renew(): Promise<void>;
}

/** The capture bucket as apply sees it. It has its own client and its own gate (law 6). */
export interface CaptureVault {
  /** Null: there is none; `aiplan setup` makes it. */
  readonly bucket: string | null;
  /**
   * Why the bucket would not keep what is written into it, one sentence each; read from AWS. Absent: nobody looks.
   * Throws AwsError.
   */
  check?(): Promise<readonly string[]>;
  /**
   * Keeps a sensitive text as an encrypted object. Throws UserError `no-capture-bucket` without a bucket, AwsError
   * otherwise.
   */
  keepSecret(step: string, name: string, text: string): Promise<SecretRef>;
  /** The text of a `captured` reference. Throws UserError `no-such-secret`. */
  readSecret(ref: SecretRef): Promise<string>;
  /**
   * Looks whether the text of a `captured` reference is there, without reading it. Throws UserError `no-such-secret`.
   */
  findSecret(ref: SecretRef): Promise<void>;
  /** Writes the manifest, only if none is there, and reads it back. Returns where it lies. */
  putManifest(run: string, step: string, manifest: CaptureManifest): Promise<string>;
  /** The same for what lies there of a whole run before its first change. Absent: nothing is written. */
  putRun?(manifest: RunManifest): Promise<string>;
  /** The same for how far a session of a run came. Absent: nothing is written. */
  putEnd?(end: RunEnd): Promise<string>;
}

/** Secrets named by a change plan: `env` and `file`, read at the last moment. */
export interface SecretSource {
  /** Throws UserError `secret-missing` or `secret-not-allowed`, naming the source and never the value. */
  resolve(ref: SecretRef): Promise<string>;
}

/** Everything outside the engine that apply and rollback need. */
export interface ApplyPorts {
  readonly session: ApplySession;
  readonly types: ResourceTypes;
  readonly schemas: Schemas;
  /** The journal of this run: empty, or that of the resumed run. */
  readonly journal: Journal;
  readonly clock: Clock;
  readonly emit: (event: RunEvent) => void;
  readonly vault: CaptureVault;
  readonly secrets: SecretSource;
  /** Aborted by Ctrl-C: the call in flight is finished, then the run stops. */
  readonly stop: AbortSignal;
  /**
   * Aborted by a second Ctrl-C, always after `stop`: the undo of quiescings is given up too, once the call in flight
   * has its outcome.
   */
  readonly halt?: AbortSignal;
  /**
   * Before each mutating call: the run still holds its lock, and did not sleep. Throws UserError `lock-lost`; nothing
   * is sent then, and the run stops.
   */
  readonly guard?: () => Promise<void>;
  /**
   * Reads AWS and plans the same change plan again; `asBefore` may take out of what was read what the run itself has
   * done.
   */
  replan(asBefore?: (live: LiveState) => LiveState): Promise<Planned>;
  readonly pace?: Pace;
  /** Of a rollback: what it leaves even when all of it is done. */
  readonly left?: LeftUndone;
}

/** How patient the executor is; all in milliseconds. Defaults in domain/records/poll-intervals.ts. */
export interface Pace {
  /** First pause between two polls of a wait; the pauses grow by half up to `pollMax`. */
  readonly pollStart?: number;
  readonly pollMax?: number;
  /** How long a NotFound after our own create may be eventual consistency (law 9). */
  readonly consistency?: number;
  /** How long reads of a wait may fail in a row before contact counts as lost. */
  readonly contact?: number;
  /** First pause after a refusal that proves non-execution, such as throttling. */
  readonly retryStart?: number;
}
