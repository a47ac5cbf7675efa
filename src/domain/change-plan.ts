import type { Json, JsonObject } from '../base/json.ts';
import type { LiveResource } from './live.ts';

export type DeclaredAction = 'read' | 'create' | 'update' | 'replace' | 'delete';

/**
 * A parsed and validated change plan. In `properties` and `expect`, scalars are already coerced by schema, and the tags
 * have become plain JSON:
 *   !Ref X            { "Ref": "X" }                    !GetAtt X.Path   { "Fn::GetAtt": ["X", "Path"] }
 *   !Env NAME         { "$secret": { "env": NAME } }    !File PATH       { "$secret": { "file": PATH } }
 *   !Sub, !Join, !Select, !Split, !Base64: the value where the file alone tells it, else { "Fn::Join": … } and so on
 *   (`!Sub` too)
 *   {{resolve:ssm:X}} { "Fn::GetAtt": ["{{resolve:ssm:X}}", "Value"] }, with an entry of that address that is a look-up
 *   {{resolve:secretsmanager:X}} { "$secret": { "manager": X } } {{resolve:ssm-secure:X}} { "$secret": { "parameter": X
 *   } }
 *   !Any (expect)     { "$any": true }                  !Text PATH       the file's text, already inlined
 * A property or map key that the author set to null is present with the value null.
 */
export interface ChangePlan {
  readonly aiplan: 1;
  readonly name: string;
  readonly intent: string;
  readonly author?: Readonly<Record<string, string>>;
  readonly assume: readonly string[];
  readonly target: { readonly account: string; readonly region: string };
  /** In the order of the file. Addresses are unique. */
  readonly resources: readonly ResourceEntry[];
  /** Set only on a plan that aiplan generated as the rollback of a run; never parsed from a file. */
  readonly rollbackOf?: string;
  /**
   * Only in the plan of `captures restore`: the capture that it restores, from which the plan is made again (law 13).
   */
  readonly bringsOut?: BringsOut;
  /**
   * Only in a generated rollback: made from the capture bucket without the run's journal. Then no earlier approval
   * covers anything.
   */
  readonly withoutJournal?: true;
  /**
   * Only in a generated plan: the audit log of the store does not know the run, or knows another journal of it. Each
   * step then needs a confirmation of its own.
   */
  readonly unlogged?: true;
  /** Addresses that the reviewer rejected, sorted: their steps were taken out. Never parsed from a file. */
  readonly rejected?: readonly string[];
}

export interface ResourceEntry {
  readonly address: string;
  readonly type: string;
  readonly action: DeclaredAction;
  /** Identity in its canonical form: parts of a composite one joined by `|`. */
  readonly id?: string;
  readonly find?: JsonObject;
  readonly properties?: JsonObject;
  readonly expect?: JsonObject;
  readonly reason?: string;
  readonly when?: 'now' | 'window';
  readonly rotate?: string;
  readonly order?: 'create-first' | 'delete-first';
  readonly carry?: readonly string[];
  readonly dependsOn: readonly string[];
  readonly acceptLoss?: string;
  /** Where the entry stands in the file, 1-based, and where its fields and properties stand, by dotted path. */
  readonly source: Position;
  readonly positions: Readonly<Record<string, Position>>;
  /** Not written by the author: `{{resolve:ssm:…}}` and `!GetAZs` are read like an entry with `action: read`. */
  readonly lookup?: true;
  /**
   * Only in a generated rollback: the capture bucket lists this, which is deleted, as made by the run, with this
   * incarnation where it knows it.
   */
  readonly made?: { readonly incarnation: string | null };
  /**
   * Only in a generated rollback: the run's end in the capture bucket pins the whole journal that this is made from
   * (law 13).
   */
  readonly pinned?: true;
  /** Only in a generated rollback: bring this deleted resource back from its capture. */
  readonly restore?: RestoreOrder;
  /**
   * Only in a generated rollback: a run quiesced this resource for a destruction that did not happen; undo that first.
   */
  readonly reopen?: ReopenOrder;
  /**
   * Only in a generated rollback: this is done only where that address is: a replacement goes where what it replaced
   * comes back.
   */
  readonly onlyWith?: string;
  /**
   * Only in a generated rollback: an earlier one brought this back under a new identity; point at it what names the
   * former.
   */
  readonly repoint?: RestoreOrder;
}

/** Whose quiescing a generated rollback entry of action `update` undoes. */
export interface ReopenOrder {
  readonly run: string;
  readonly step: string;
  /** The `Capture` as journaled, if one was taken. */
  readonly capture: Json;
  /** The resource as it was before. */
  readonly live: LiveResource;
  /**
   * After the changes of the entry, not before them: an update that was stopped had stopped the resource for its own
   * sake.
   */
  readonly last?: boolean;
  /** The capture bucket bears it out; without that only a journal says so, and it is a grant. */
  readonly pinned?: true;
}

/** The resource that a generated rollback entry of action `create` restores. */
export interface RestoreOrder {
  readonly run: string;
  readonly step: string;
  readonly formerIdentity: string;
  readonly formerIncarnation: string;
  /** The `Capture` as journaled. */
  readonly capture: Json;
  /** The resource as it was captured: `context.live` of the restore. */
  readonly live?: LiveResource;
  /** The part of it that exists already; the restore continues with that. */
  readonly remains?: Remains;
  /**
   * The `aiplan:op` values of earlier rollbacks that began to bring it back: what carries one of them is not made
   * again.
   */
  readonly tries?: readonly string[];
  /** Former → new identities of what earlier rollbacks of the run brought back. */
  readonly known?: Readonly<Record<string, string>>;
  /** Properties of what it brings along as they were before the run changed them, by identity; a null is none. */
  readonly formerly?: Readonly<Record<string, JsonObject>>;
  /** It is brought out beside whatever there is, and nothing is pointed at it. */
  readonly apart?: Apart;
  /** A resource that says by its tag that it came back from this, and that no rollback in this store made. */
  readonly claimant?: string;
  /** The capture bucket pins the journal of the run, at least up to the capture that this is restored from. */
  readonly proven?: true;
  /** The capture bucket pins the journals of the earlier rollbacks that `remains`, `tries` and `known` come from. */
  readonly pinned?: true;
}

/** The request of `captures restore`. `fromAws`: the capture bucket stands in for the journal. */
export interface BringsOut extends Apart {
  readonly run: string;
  readonly step: string;
  readonly fromAws: boolean;
}

/**
 * How a capture is brought out beside what there is: its name, where its type lets one choose it, and properties that
 * differ from the captured ones (null: left out).
 */
export interface Apart {
  readonly as: string | null;
  readonly instead: JsonObject;
}

/**
 * The part that exists of a resource that is restored: half emptied by the deletion, or half restored by an earlier
 * rollback. Proven by journals, live identity, incarnation and tag (law 13).
 */
export interface Remains {
  readonly identity: string;
  readonly incarnation: string;
}

export interface Position {
  readonly line: number;
  readonly column: number;
}
