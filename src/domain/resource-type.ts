import type { AwsReader, Program, ReadCall, Service } from './call.ts';
import type { Remains } from './change-plan.ts';
import type { Bands } from './bands.ts';
import type { Json, JsonObject } from '../base/json.ts';
import type { LiveResource, ReadFailure } from './live.ts';
import type { Neighbours } from './own-effect.ts';
import type { Verdicts } from './verdict.ts';
import type { Path } from '../base/property-path.ts';
import type { AttributeChange } from './attribute-change.ts';
import type { CapturePlan, Capture, NotBroughtOut } from './capture-plan.ts';

/** How two values of a path are compared where plain equality is wrong. */
export type CompareRule =
  | 'case-insensitive'
  | 'cidr'
  | 'arn-or-name'
  | 'version-prefix'
  | 'at-least'
  | 'policy'
  | 'set'
  | 'number';

/** Facts that a rule may ask for beyond the two values at its path. */
export interface RuleScene {
  /** The account that the plan is for: whatever names another one belongs to somebody else. */
  readonly account: string;
  /** All properties after the change. */
  readonly after: JsonObject;
  /**
   * The change belongs to the undo of a run of which the capture bucket pins the journal: what that run added may go as
   * it came.
   */
  readonly undoes?: boolean;
  /**
   * A live resource of which the plan has read something; null where it is known not to exist, undefined where it was
   * not read.
   */
  readonly find: (type: string, identity: string) => LiveResource | null | undefined;
}

type Judging<Answer> = (
  before: Json | undefined,
  after: Json | undefined,
  live: LiveResource | null,
  scene?: RuleScene,
) => Answer;

/** A rule that recognises what an attribute change does beyond changing a value (law 3). */
export interface ChangeRule {
  readonly path: Path;
  /**
   * The condition under which the rule speaks at all, whatever the value becomes (`live` is null on a create). A value
   * that is not known yet hits every rule on its path whose `given` holds; absent: it always holds. Must not throw on
   * odd values.
   */
  readonly given?: (before: Json | undefined, live: LiveResource | null) => boolean;
  /** Absent: every change of the path. `before` is undefined on a create. Must not throw on odd values. */
  readonly when?: Judging<boolean>;
  /** The loss or the access that is given, one sentence; may use the values. */
  readonly says: Judging<string>;
  /** For destructive rules: the loss cannot be undone by an inverse call (expiry of objects, deletion of backups). */
  readonly irreversible?: boolean;
}

/** Something in the properties of one resource that AWS refuses, whatever is live. */
export interface ValueProblem {
  /**
   * Dotted path of the value below `properties`, with the numbers of list elements: `SecurityGroupIngress.0.CidrIp`.
   */
  readonly at: string;
  /** The property that is not there; `at` then is what should hold it, or ''. */
  readonly missing?: string;
  /** One sentence, with the wrong value quoted. */
  readonly message: string;
  /** The text to write: one sentence, or lines to paste. */
  readonly help: string;
}

export interface PropertyRule {
  /** May stand in `properties` of a create (and replace). Default true. */
  readonly create?: boolean;
  /**
   * May be changed by an update, and with what effect. Default: no update. A function decides by values; `desired`: all
   * properties as they shall be.
   */
  readonly update?:
    | 'in-place'
    | 'restart'
    | ((
        before: Json | undefined,
        after: Json | undefined,
        live: LiveResource,
        desired?: JsonObject,
      ) => 'in-place' | 'restart' | 'replace' | { readonly blocked: string });
  /** The value to which `null` resets it; absent: null is refused, unless the property is a map key or list. */
  readonly reset?: Json;
  /** AWS can defer the change to the maintenance window: `when` is required. */
  readonly deferrable?: boolean;
  /** AWS moves it by itself when one of these is changed; that is nobody else's doing. */
  readonly follows?: readonly string[];
  /** No inverse call undoes the change: storage growth, engine upgrade. One sentence. */
  readonly oneWay?: string;
}

/** Everything that the planner, the differ and the card know of a type; pure data and pure functions. */
export interface TypeRules {
  /** Top-level properties that aiplan can set; a schema property that is not here is refused with a clear error. */
  readonly properties: Readonly<Record<string, PropertyRule>>;
  readonly compare: Readonly<Record<Path, CompareRule>>;
  /** List element keys, by path of the list: fields that identify an element. `[]`: the whole element (a set). */
  readonly keys: Readonly<Record<Path, readonly string[]>>;
  /**
   * Lists of which AWS adds elements by itself (an instance's volumes from its image): a live element that the plan's
   * list omits is no removal and no difference. Every other list is the whole list.
   */
  readonly partialLists?: readonly Path[];
  /**
   * Members of list elements that AWS fills in or keeps where an author leaves them out: left out, they stay as they
   * are, and `null` takes one away. Every other member of an element that is left out is removed. A `*` at the end: all
   * members.
   */
  readonly assigned?: readonly Path[];
  /**
   * Leaves that AWS keeps and CloudFormation has no word for. They stand in what `read` answers, so that a plan shows
   * them and a rollback puts them back; no author can write them.
   */
  readonly beyondSchema?: readonly Path[];
  /** Members of list elements that mean the same with this value as without it. */
  readonly defaults?: Readonly<Record<Path, Json>>;
  /** Objects that AWS takes with the members of one group only: setting one takes those of the other groups away. */
  readonly exclusive?: Readonly<Record<Path, readonly (readonly string[])[]>>;
  /**
   * Rewrites other spellings of the same thing (protocol numbers, ports of "all traffic") into the one that `read`
   * gives. Applied to the author's `properties` and `expect` before anything is compared. Pure; must not throw on odd
   * values.
   */
  readonly canonical?: (properties: JsonObject) => JsonObject;
  /**
   * Problems of these properties for which AWS refuses them, whatever is live: missing companions, ranges, names,
   * formats. `whole`: these are all properties of a new resource, so that one that is not there is missing; else only
   * what is there is judged. A value that is not known yet (a reference, a secret, `$unknown`) is there, and passes.
   * Pure; must not throw on odd values.
   */
  readonly refuses?: (properties: JsonObject, whole: boolean) => readonly ValueProblem[];
  /** Writable, never readable: the password-like properties in which `!Env` and `!File` are legal. */
  readonly secretInput: readonly Path[];
  /** Readable but never shown: user data. Their live value is `Masked`. Written as plain text by the author. */
  readonly sensitive: readonly Path[];
  /** Paths that AWS moves by itself; never compared after a change, never drift. */
  readonly volatile: readonly Path[];
  /**
   * Single values that AWS answers only where they are set, and what their absence means: AWS's default, or null for
   * not set. Every other one of the API reference AWS always answers: where it is missing, it is unknown (law 9).
   */
  readonly unset?: Readonly<Record<Path, Json>>;
  readonly destructive: readonly ChangeRule[];
  readonly grants: readonly ChangeRule[];
  /**
   * Changes that no inverse call undoes, where it depends on the values; `oneWay` of a property holds for every change
   * of it.
   */
  readonly oneWay?: readonly ChangeRule[];
  /**
   * Resources that the rules of a new resource ask for and no reference of the schema names: they are read with the
   * plan.
   */
  readonly looksUp?: (properties: JsonObject) => readonly { readonly type: string; readonly identity: string }[];
  /** How far its observations may move after a confirmation, where that differs from what holds for every type. */
  readonly bands?: Bands;
  /**
   * The effect that a change of each leaf can have. A leaf that is not in it needs a confirmation; absent: every change
   * does.
   */
  readonly verdicts?: Verdicts;
  /** The identity's own property (`DBInstanceIdentifier`, `BucketName`), where the author chooses it. */
  readonly nameProperty?: string;
  /** A name that AWS or CloudFormation would choose: where the author of a create leaves it out, aiplan chooses one. */
  readonly optionalName?: string;
  /** Replacement is refused: data stores and fixed names. The sentence that says what to do instead. */
  readonly replaceBlocked?: string;
  /** Members that AWS assigns and a replace may carry along by name. */
  readonly carries?: readonly string[];
  /** What lives on beside the resource that holds it: its replacement gets it only by a word of `carry`. Pure. */
  readonly parts?: (live: LiveResource) => readonly HeldPart[];
  /** The properties of a replacement without the parts of these identities. Pure. */
  readonly withoutParts?: (desired: JsonObject, live: LiveResource, left: ReadonlySet<string>) => JsonObject;
  /** States in which the resource can be changed; any other state blocks the step. Empty: any. */
  readonly changeableStates: readonly string[];
  /** States that no waiting ends: somebody has to start or fix the resource. */
  readonly restingStates?: readonly string[];
  /**
   * Values without which AWS refuses a delete: protections off. A rollback sets them before it deletes what its run
   * created so.
   */
  readonly deleteNeeds?: JsonObject;
  /** States in which the resource is as good as gone (terminated, deleting); ignored by `find`. */
  readonly goneStates: readonly string[];
  /**
   * The identity that the author's own properties name; undefined while one of them is not known yet. A create of such a
   * type is its own resource where that is live. Pure; must not throw on odd values.
   */
  readonly identityOf?: (desired: JsonObject) => string | undefined;
  /**
   * Whether a live resource is what this create would make again: `same` natural key, `similar` (looks like a lost
   * baseline), or null.
   */
  readonly duplicate: (desired: JsonObject, other: LiveResource) => 'same' | 'similar' | null;
  /**
   * Texts by which duplicates are looked up; where `duplicate` is not null, the two have at least one in common.
   * `identity` is null for what is to be created. Absent: every live resource of the type is asked.
   */
  readonly duplicateKeys?: (properties: JsonObject, identity: string | null) => readonly string[];
  /**
   * Resources that a delete leaves behind, by identity, after aiplan's own switches: [] for most types. Shown as
   * leftovers.
   */
  readonly leftovers: (live: LiveResource) => readonly string[];
  /**
   * Whether what was read of a resource leaves it possible that another one uses it by this property of that one. False
   * proves that none does, also where that property of others could not be read (law 9). Absent: it is always possible.
   */
  readonly takesFromOthers?: (live: LiveResource, property: string) => boolean;
}

/** A volume, an address: it outlives the resource that holds it. */
export interface HeldPart {
  readonly identity: string;
  /** What it is, with what tells it from others: `data volume vol-1 (/dev/sdf, 100 GiB)`. */
  readonly text: string;
  /** The word of `carry` that moves it to a replacement; null where nothing does. */
  readonly word: string | null;
}

export interface ReadQuery {
  /** Identities; empty with `all: false` reads nothing. */
  readonly identities: readonly string[];
  readonly all: boolean;
  /** Identities for which every attribute, sub-resource and all evidence is wanted; a subset of what is read. */
  readonly detailed: ReadonlySet<string>;
  /** For these, only the named properties are needed (S3 reads a sub-resource per property); absent: basic reads. */
  readonly properties?: ReadonlyMap<string, ReadonlySet<string>>;
  /** ISO time at which reading began, for ages; absent: ages are not computed. */
  readonly now?: string;
}

export interface ReadResult {
  readonly resources: readonly LiveResource[];
  /** Identities that a named NotFound or a complete answer by that identity showed not to exist. */
  readonly absent: readonly string[];
  readonly failures: readonly ReadFailure[];
}

/** Everything that a program is given; all values, no function but `remap`. */
export interface StepContext {
  readonly run: string;
  readonly step: string;
  /**
   * Unique per run and step; value of the `aiplan:op` tag and base of client tokens. [a-z0-9-], at most 40 characters.
   */
  readonly op: string;
  readonly account: string;
  readonly region: string;
  readonly endpoint: string | null;
  /** The live resource before the step; null for a create. */
  readonly live: LiveResource | null;
  /** All properties wanted after the step, references resolved, ids remapped. Secrets are `SecretRef`. */
  readonly desired: JsonObject;
  readonly changes: readonly AttributeChange[];
  /** Ownership tags (`aiplan:plan`, `aiplan:resource`, `aiplan:op`, …) that a create writes. */
  readonly ownership: Readonly<Record<string, string>>;
  readonly when: 'now' | 'window' | null;
  readonly captureBucket: string | null;
  /**
   * A name for a capture of this step: starts with a letter, [a-z0-9-], at most 63 characters, unique per run and step.
   */
  readonly captureName: string;
  /** ISO time at which captures of this run expire. */
  readonly captureExpires: string;
  /** The new identity of something that this rollback restored, else the same text. */
  readonly remap: (identity: string) => string;
  /** True inside a replace: the new resource coexists with the old. */
  readonly replacing: boolean;
  /** The verified capture of this step, for `remove` and `unquiesce`; absent while the plan only lists the calls. */
  readonly capture?: Capture;
  /** The action of the step; an update is captured otherwise than a destruction. Absent counts as a destruction. */
  readonly action?: 'create' | 'update' | 'replace' | 'delete';
  /** The loss that the author accepted and the person typed, where no capture is possible; stands in for `capture`. */
  readonly acceptLoss?: string;
  /** Members of `rules.carries` that the plan asks a replace to bring along. */
  readonly carry?: readonly string[];
  /**
   * Identities that other steps of the same run delete before this one: what is attached to them now will not be then.
   */
  readonly deletedBefore?: readonly string[];
  /** Identities that other steps of the same run update before this one so that they stop naming it. */
  readonly releasedBefore?: readonly string[];
  /** Identities that other steps of the same run restore, by their former names: what names them finds them there. */
  readonly returning?: readonly string[];
  /**
   * Identities that name this resource until later steps of the same run delete them: this step has to make them let go
   * first.
   */
  readonly deletedAfter?: readonly string[];
  /** Of a replace: whether the new resource is made while the old one is there. Absent counts as create-first. */
  readonly order?: 'create-first' | 'delete-first';
  /**
   * Of a restore or a create: what is there of it already, made by an earlier try of the run. The program continues
   * with it: nothing is made twice.
   */
  readonly remains?: Remains;
  /**
   * Of a restore: the identity that it had, where it is brought out beside whatever there is: it takes nothing from
   * anything, and is not the undo of a run.
   */
  readonly apart?: string;
  /** Of a restore: values of `aiplan:op` on what earlier tries of it made. */
  readonly tries?: readonly string[];
}

export interface CaptureOperations {
  /** Pure: what will be captured before this action, and what a restore would lose. */
  plan(
    live: LiveResource,
    action: 'update' | 'replace' | 'delete',
    changes: readonly AttributeChange[],
    limits: CaptureLimits,
  ): CapturePlan;
  /**
   * Quiesces the resource before a late capture (stop, close to writes, switch cascades off). Journaled, reversible.
   */
  quiesce?(context: StepContext): Program;
  /**
   * Pure: `now` with everything that `quiesce` may have changed of the resource put as it was `before`, so that what
   * somebody else changed shows. Absent: a quiescing changes neither properties nor binding facts.
   */
  quieted?(before: LiveResource, now: LiveResource): LiveResource;
  /** Undoes `quiesce` when the destruction is not carried out. */
  unquiesce?(context: StepContext): Program;
  take(context: StepContext): Program<Capture>;
  /** Reads the capture back: empty means complete (status, size, encryption, count). Each problem is one sentence. */
  verify(context: StepContext, capture: Capture): Program<readonly string[]>;
  /**
   * Restore preflight: whether `restore` would succeed now, judged by what that program uses and nothing else;
   * `context.live` is the resource as captured. `capture`: the capture that would be restored; null before a
   * destruction, where it has yet to be taken. A resource that `context.returning` names counts as there. Reads only.
   */
  restorable(context: StepContext, capture: Capture | null): Program<Restorable>;
  /**
   * Pure: the captured resource as it is brought out beside what there is: under the name that was asked for (null:
   * none was), and without what only one can have. `instead`: the properties that were asked for. Absent: nothing of
   * this type can be brought out so.
   */
  apart?(live: LiveResource, as: string | null, instead: JsonObject): LiveResource | { readonly blocked: string };
  /**
   * Pure: why nothing of this type can be made out of such a capture; null where it can. Absent: it always can. A
   * capture of which this is so is not listed as restorable.
   */
  notBroughtOut?(capture: Capture): NotBroughtOut | null;
  /**
   * Whether a removal that AWS has answered and not finished took nothing, so that the resource is as its capture has
   * it. Reads only. Absent: never known.
   */
  untouched?(context: StepContext, capture: Capture): Program<boolean>;
  /** Properties that decide where and as what a restore is made: with others AWS may have room where it has none. */
  readonly elsewhere?: readonly string[];
  /**
   * Pure: other resources that are a part of it, so that its restore recreates them under new ids, as the root volume
   * of an instance. Their own restore comes after it, and makes nothing where that brought them along.
   */
  brings?(live: LiveResource): readonly { readonly type: string; readonly identity: string }[];
  /**
   * Pure: the captured resource as it would be with these properties of what it brings along, by identity; a null is
   * none.
   */
  bringing?(live: LiveResource, properties: Readonly<Record<string, JsonObject>>): LiveResource;
  /**
   * Brings the resource back; `context.live` is the resource as captured. Answers the new identity and old → new ids.
   * With `context.remains` it takes up what an earlier try left, at whatever call that was stopped, and ends in the
   * same state.
   */
  restore(
    context: StepContext,
    capture: Capture,
  ): Program<{ readonly identity: string; readonly map: Readonly<Record<string, string>> }>;
}

/** Whether something could be restored now, one sentence each. */
export interface Restorable {
  /** Why not. Empty: it could. */
  readonly problems: readonly string[];
  /** Captured parts without which it would come back. */
  readonly losses: readonly string[];
}

export interface CaptureLimits {
  readonly maxObjects: number;
  readonly maxBytes: number;
}

/** Checks before the first mutation of a run; each problem is one sentence. Reads only. */
export type Preflight = (
  context: StepContext,
  action: 'create' | 'update' | 'replace' | 'delete',
) => Program<readonly string[]>;

/** A resource type: one file, mostly data (DESIGN section 7). */
export interface ResourceType {
  readonly type: string;
  readonly service: Service;
  /** False: `action: read` only. Then only `rules` and `read` are used. */
  readonly managed: boolean;
  /**
   * Who uses a resource of the type (law 9). `listed`: the type's own read says so in `binding.dependents`; `related`:
   * only what properties of known types name; `refused-in-use`: AWS refuses to delete what is used. `unknown`, or absent:
   * nobody can tell, and it is not deleted.
   */
  readonly users?: 'listed' | 'related' | 'refused-in-use' | 'unknown';
  readonly rules: TypeRules;
  /** Batched: one paginated describe for many identities, never a call per resource where AWS offers a list. */
  read(aws: AwsReader, query: ReadQuery): Promise<ReadResult>;
  /**
   * A whole resource takes calls of its own, and next to none that are shared: during a run each is read as soon as it
   * is wanted.
   */
  readonly readsEach?: boolean;
  /** Live ids that stand as literals in properties whose target type aiplan does not know: how to look them up. */
  readonly create?: (context: StepContext) => Program<{ readonly identity: string }>;
  readonly update?: (context: StepContext) => Program;
  readonly remove?: (context: StepContext) => Program;
  /**
   * The work after the call that deletes; also for a deletion whose sender did not live to do it. `context.capture` is
   * the one before it.
   */
  readonly removed?: (context: StepContext) => Program;
  /** Waits until the resource is stable. Used after create, update and restore. */
  readonly waitUntilStable?: (identity: string) => Program;
  /** Waits until the resource of this incarnation is gone, whoever has its name by then. Used after remove. */
  readonly gone?: (identity: string, incarnation?: string) => Program;
  readonly capture?: CaptureOperations;
  /** How its facts move with other resources. */
  readonly neighbours?: Neighbours;
  readonly preflight?: Preflight;
  /**
   * Generated rollback only: point a captured referrer at the new identity (`from` → `to`) after a restore.
   * `context.live` is the victim as captured, `capture.extras.referrers` says who referred to it.
   */
  readonly repoint?: (context: StepContext, capture: Capture, to: string) => Program;
  /** IAM actions, by purpose; shown on a denied call and by `aiplan setup`. */
  readonly iam: {
    readonly read: readonly string[];
    readonly write: readonly string[];
    readonly capture: readonly string[];
    readonly restore: readonly string[];
  };
}

/** The outcome of one read: its answer, null where AWS said absent, or what it threw. */
export type ReadOutcome = { readonly answer: JsonObject | null } | { readonly failure: unknown };

export interface ResourceTypes {
  readonly all: readonly ResourceType[];
  get(type: string): ResourceType | undefined;
  /**
   * The outcomes of different reads, in order: those about single resources are asked as lists where AWS offers one,
   * and every asker gets its own part of the answer. Never rejects. Absent: each is asked by itself.
   */
  readonly readTogether?: (session: AwsReader, calls: readonly ReadCall[]) => Promise<readonly ReadOutcome[]>;
}
