import { isNothing, isPerhapsTrue } from '../base/coerce.ts';
import { isObject, type Json, type JsonObject, type SecretRef } from '../base/json.ts';

/**
 * Names of services. It is empty here: each record of `providers/aws/services` adds its own name, so that a service
 * stands in one place and a name that no record has does not compile.
 *
 * @public
 */
export interface Services {}
export type Service = keyof Services;

/**
 * A reading API call. `absent` lists the normalised error codes that mean "does not exist": the answer is then null.
 */
export interface ReadCall {
  readonly service: Service;
  readonly operation: string;
  readonly input: JsonObject;
  readonly absent?: readonly string[];
}

/**
 * How aiplan decides what became of a mutating call whose answer was lost (law 8):
 *   token     resend the same request: its ClientToken makes it idempotent
 *   named     it carries an `aiplan:op` tag or a name: look, and tell ours from another's
 *   absolute  it sets a state: resend if live still equals the state before
 *   none      only a read can tell; never resent
 */
export type RetryKind = 'token' | 'named' | 'absolute' | 'none';

/**
 * What a call makes, known before it is sent: of which type, and the properties that it gives it. `identity` is null
 * where AWS gives it out. Where its answer was lost, what is live and exactly that was made by it: the plan that the
 * call belongs to found none there.
 */
export interface Makes {
  readonly type: string;
  readonly identity: string | null;
  readonly properties: JsonObject;
}

/**
 * A mutating API call as data: what is journaled, what the gate compares with the request, what the reviewer is shown.
 * The input may hold `SecretRef` (resolved just before sending, never journaled), `{ "$bytes": "text" }` (raw bytes)
 * and nothing else that is not JSON.
 */
export interface Call {
  readonly service: Service;
  readonly operation: string;
  readonly input: JsonObject;
  /**
   * Identity of the resource that it acts upon, as it stands in the input; for a create the name or `aiplan:op` value.
   */
  readonly identity: string;
  readonly retry: RetryKind;
  /** Why, for the journal and the progress line: "take the final snapshot". */
  readonly purpose: string;
  /** Of a call that makes a resource whose tags cannot tell whose it is. */
  readonly makes?: Makes;
  /** The answer that stands for AWS's when the plan lists the calls without sending any. */
  readonly preview?: JsonObject;
}

/** `service:Operation`, as shown in a step's `calls`. */
export const callName = (call: { readonly service: string; readonly operation: string }): string =>
  `${call.service}:${call.operation}`;

export type Waiting =
  | { readonly state: 'done' }
  | { readonly state: 'pending'; readonly detail?: string; readonly percent?: number }
  | { readonly state: 'failed'; readonly reason: string };

/** Poll `read` until `judge` says done or failed. No timeout of its own: AWS's slow states are honoured. */
export interface Wait {
  readonly what: string;
  readonly read: ReadCall;
  /** `answer` is null where AWS said absent. */
  readonly judge: (answer: JsonObject | null) => Waiting;
  /** Reads that must agree in a row before `done` counts (eventual consistency). Default 1. */
  readonly agree?: number;
  readonly preview?: JsonObject;
}

/** A request of a program to the executor. A program is deterministic: it differs only by the answers it gets. */
export type Effect =
  | { readonly kind: 'read'; readonly call: ReadCall; readonly preview: JsonObject | null }
  | { readonly kind: 'call'; readonly call: Call }
  /**
   * Independent calls, sent with bounded concurrency, journaled as one intent with all inputs' digest; all must
   * succeed.
   */
  | { readonly kind: 'batch'; readonly calls: readonly Call[]; readonly purpose: string }
  | { readonly kind: 'wait'; readonly wait: Wait }
  /** Keep a sensitive text as an encrypted object in the capture bucket; answers a `SecretRef`. */
  | { readonly kind: 'keep-secret'; readonly name: string; readonly text: string }
  /** A line for the progress display, and how far, 0 to 1. */
  | { readonly kind: 'progress'; readonly text: string; readonly fraction?: number };

/**
 * A sequence of effects, written as a generator. Thrown into it: AwsError (from a call or read that failed).
 * Programs do not wait, retry, log, read clocks or randomness; the executor does.
 */
export type Program<Result = void> = Generator<Effect, Result, unknown>;

/** Yields a mutating call and returns AWS's answer. */
export function* send(call: Call): Program<JsonObject> {
  return (yield { kind: 'call', call }) as JsonObject;
}
/** Yields a batch of independent mutating calls and returns their answers in order. */
export function* sendAll(calls: readonly Call[], purpose: string): Program<readonly JsonObject[]> {
  return (yield { kind: 'batch', calls, purpose }) as readonly JsonObject[];
}
/** Yields a read; null where AWS said absent. `preview` stands for the answer when the plan lists the calls. */
export function* look(call: ReadCall, preview: JsonObject | null = {}): Program<JsonObject | null> {
  return (yield { kind: 'read', call, preview }) as JsonObject | null;
}
/**
 * Waits until `judge` says done and returns the last answer (null where absent). Throws UserError `wait-failed` on a
 * failed state.
 */
export function* until(wait: Wait): Program<JsonObject | null> {
  return (yield { kind: 'wait', wait }) as JsonObject | null;
}
/** Keeps a sensitive text encrypted in the capture bucket. */
export function* keepSecret(name: string, text: string): Program<SecretRef> {
  return (yield { kind: 'keep-secret', name, text }) as SecretRef;
}
export function* progress(text: string, fraction?: number): Program {
  yield { kind: 'progress', text, ...(fraction === undefined ? {} : { fraction }) };
}

/** Reads only. Refuses (UserError `gate-refused`) every operation that is not known to be a read. */
export interface AwsReader {
  /** Throws AwsError; answers null for a code listed in `call.absent`. Dates become ISO text, bodies become text. */
  read(call: ReadCall): Promise<JsonObject | null>;
  /** Number of calls sent so far, by `service:Operation`. */
  readonly counts: Readonly<Record<string, number>>;
}

/** Losses of a protection that pass the gate only in a step that a person confirmed (law 6). */
export type ProtectedLoss = 'skip-final-snapshot' | 'retention-zero';

/** Whether an input of RDS says that no automated backups are kept, at whatever depth and in whatever spelling. */
export const keepsNoBackups = (value: Json | undefined): boolean =>
  Array.isArray(value)
    ? value.some((item: Json) => keepsNoBackups(item))
    : isObject(value) &&
      Object.entries(value).some(([name, inside]) =>
        name === 'BackupRetentionPeriod' ? isNothing(inside) : keepsNoBackups(inside),
      );

/** The protected losses that the input of a call says. */
export const protectedLosses = (input: JsonObject): readonly ProtectedLoss[] => [
  ...(isPerhapsTrue(input['SkipFinalSnapshot']) ? (['skip-final-snapshot'] as const) : []),
  ...(keepsNoBackups(input) ? (['retention-zero'] as const) : []),
];

/** The conditions under which a call passes the gate (law 6). */
export interface Permit {
  readonly run: string;
  readonly step: string;
  /** The `service:Operation` names that the confirmed step declared. */
  readonly operations: readonly string[];
  /** Only inside a confirmed step whose calls say it: final snapshot impossible, no automated backups. */
  readonly confirmedLoss?: readonly ProtectedLoss[];
  /**
   * Only in the plan that removes expired captures: exactly these may be deleted. Snapshot and image ids, DB snapshot
   * names, and `s3://bucket/key` or `s3://bucket/key?versionId=…` for objects of the capture bucket.
   */
  readonly expireCaptures?: readonly string[];
  /** Only in `aiplan setup`: the capture bucket may be made and configured. */
  readonly setup?: boolean;
}

export interface Answer {
  readonly output: JsonObject;
  readonly requestId: string | undefined;
  readonly attempts: number;
}

/** A session that may mutate, one declared call at a time, through the gate. */
export interface AwsSession extends AwsReader {
  /**
   * Sends one declared call. `resolved` is `call.input` with its secrets in place; everything else must be equal.
   * Throws UserError `gate-refused` before anything leaves the process, AwsError afterwards. Never retries an attempt
   * that may have been executed.
   */
  mutate(call: Call, resolved: JsonObject, permit: Permit): Promise<Answer>;
}
