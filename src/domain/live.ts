import type { Json, JsonObject } from '../base/json.ts';

/** Who and where: everything that a plan is valid for. `endpoint` is null for AWS itself. */
export interface Target {
  readonly account: string;
  readonly region: string;
  /** ARN of the caller; shown, not in the digest. */
  readonly caller: string;
  readonly endpoint: string | null;
  readonly alias?: string;
}

/** A resource as AWS says it is now, in CloudFormation property shape. */
export interface LiveResource {
  readonly type: string;
  readonly identity: string;
  /** Tells this resource from a later one of the same identity: DbiResourceId, EC2 id, bucket creation time. */
  readonly incarnation: string;
  /** CloudFormation-shaped properties. Tags are a map without `aws:*` and `aiplan:*`. Sensitive texts are `Masked`. */
  readonly properties: JsonObject;
  /** Values that AWS assigns, usable in `!GetAtt` (dotted names are nested objects here). */
  readonly attributes: JsonObject;
  /** The `aws:*` and `aiplan:*` tags. */
  readonly systemTags: Readonly<Record<string, string>>;
  /** AWS's own word for the state (`available`, `running`, `in-use`), or `present` where the type has none. */
  readonly state: string;
  /** Property changes that AWS accepted and has not made yet, by property name. */
  readonly pending: JsonObject;
  /** Properties that AWS has set and that are not in effect, by name, with AWS's word for it: `pending-reboot`. */
  readonly inactive?: Readonly<Record<string, string>>;
  /**
   * Binding facts: dependents, protections, encryption, attachments, owners, in use or not. In the digest; must be
   * equal at apply. Keys are short words for the card: `protections`, `dependents`, `attached`, `encrypted`, `owner`,
   * `backups`. The value `unknown` means that it could not be read, and blocks a destruction (law 9).
   */
  readonly binding: JsonObject;
  /** Observations: bytes, objects, created, lastUse, creator. Shown with their time; not in the digest. */
  readonly observed: JsonObject;
  /** Whether the detailed reads (attributes, all sub-resources, evidence) were made. */
  readonly detailed: boolean;
}

/**
 * A read that failed. It says nothing about whether the resource exists (law 9). `operation` is `service:Operation`.
 * `properties`: the top-level properties that stayed unread by it; absent: nobody said which.
 */
export interface ReadFailure {
  readonly type: string;
  readonly identity: string | null;
  readonly code: string;
  readonly message: string;
  readonly operation?: string;
  /** The IAM actions that the operation needs, where they are not called like it. */
  readonly permissions?: readonly string[];
  readonly properties?: readonly string[];
}

/** A call that AWS refused while resources of a type were read: why a fact about them may be `unknown`. */
export interface ReadRefusal {
  readonly type: string;
  readonly operation: string;
  /** As of a failed read. */
  readonly permissions?: readonly string[];
  readonly code: string;
  readonly message: string;
}

/** The live state that refresh read. Serialisable; `aiplan refresh -o` records it, `--live` reads it back. */
export interface LiveState {
  readonly format: 'aiplan/live@1';
  readonly target: Target;
  /** ISO 8601 time at which reading began. */
  readonly readAt: string;
  readonly recorded: boolean;
  readonly resources: readonly LiveResource[];
  /** Identities that were asked for by identity and that AWS named as not existing. */
  readonly absent: readonly { readonly type: string; readonly identity: string }[];
  /** Types of which every page was read: what is not in `resources` does not exist. */
  readonly complete: readonly string[];
  readonly failures: readonly ReadFailure[];
  /** Calls that AWS refused, one of a kind; absent: none. */
  readonly refusals?: readonly ReadRefusal[];
  /** Number of API calls made, by `service:Operation`. Shown, not in any digest. */
  readonly calls: Readonly<Record<string, number>>;
  /** Facts about the account that preflight and planning need, such as snapshot counts. */
  readonly account: Readonly<Record<string, Json>>;
}
