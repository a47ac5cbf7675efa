import type { Configuration } from './configuration.ts';
import type { JsonObject } from '../base/json.ts';
import type { DeclaredAction, ResourceEntry } from './change-plan.ts';
import type { Finding } from './finding.ts';
import type { LiveResource, Target } from './live.ts';
import type { Call } from './call.ts';
import type { AttributeChange } from './attribute-change.ts';
import type { CapturePlan } from './capture-plan.ts';

export type Action = 'create' | 'update' | 'replace' | 'delete' | 'keep';

export interface Recoverability {
  readonly level: 'reversible' | 'restorable' | 'irreversible';
  readonly loses: readonly string[];
}

/** One step per resource of the change plan. Serialised as it is into the plan file. */
export interface Step {
  /** The address in the change plan. */
  readonly id: string;
  readonly type: string;
  readonly identity: string | null;
  /**
   * Binds a confirmation: target, identity, incarnation, changes, binding facts, capture, calls, digests of
   * dependencies.
   */
  readonly digest: string;
  readonly action: Action;
  readonly declared: Exclude<DeclaredAction, 'read'>;
  readonly blocked: boolean;
  readonly changes: readonly AttributeChange[];
  /** The text that the person must type to confirm; null where no confirmation is needed. */
  readonly confirm: string | null;
  readonly destruction: { readonly loses: readonly string[] } | null;
  readonly grant: { readonly opens: readonly string[] } | null;
  readonly evidence: { readonly binding: JsonObject; readonly observed: JsonObject };
  /**
   * `late`: taken right before the destruction, after the resource was quiesced; else before the first change of the
   * run. `final`: and AWS takes one more with the deletion. `keptIn`: the capture bucket and how it is protected, as
   * read when the plan was made; not in the digest, because every run reads it again.
   */
  readonly capture: {
    readonly how: CapturePlan['how'];
    readonly what: string;
    readonly late?: true;
    readonly final?: true;
    readonly keptIn?: string;
  };
  readonly recoverability: Recoverability;
  /** `service:Operation` of every mutating call, in order, each once per run of equal ones. */
  readonly calls: readonly string[];
  readonly dependsOn: readonly string[];
  readonly source: { readonly line: number; readonly column: number };
  /** A claim of the author. */
  readonly reason: string | null;
  readonly acceptLoss: string | null;
  readonly incarnation: string | null;
  /**
   * The properties of the resource as they were read, sensitive texts masked, without what AWS moves by itself: what
   * the plan does not show of it must be the same at apply too. Absent where the step acts upon nothing that is there.
   */
  readonly live?: JsonObject;
  /** The change interrupts service (restart, failover); the plan name is typed at the end. */
  readonly interrupts: boolean;
  /** Changes that no inverse call undoes; the plan name is typed at the end. */
  readonly oneWay: readonly string[];
  readonly when: 'now' | 'window' | null;
  /** Resources that a delete or replace leaves behind, by identity. */
  readonly leftovers: readonly string[];
  /**
   * Set on a step of a generated rollback that the original approval covers (inverse, restore, deletion of own
   * creates).
   */
  readonly coveredBy?: string;
  /** The run and step whose capture is restored by this create, and the places that it is restored from. */
  readonly restores?: { readonly run: string; readonly step: string; readonly from?: readonly string[] };
}

export interface Summary {
  readonly create: number;
  readonly update: number;
  readonly replace: number;
  readonly delete: number;
  readonly keep: number;
  readonly blocked: number;
  readonly destructions: number;
  readonly grants: number;
}

/** The plan file, `aiplan/plan@1`: immutable, canonical, digested. Other programs depend on it (FORMATS.md). */
/** A file that a change plan names by `!Text`, as it was read: where, and a salted digest of its text. */
export interface PlannedText {
  readonly path: string;
  readonly file: string;
  readonly digest: string;
}

export interface Plan {
  readonly format: 'aiplan/plan@1';
  readonly digest: string;
  readonly name: string;
  readonly intent: string;
  readonly target: Target;
  readonly createdAt: string;
  readonly expiresAt: string;
  /** The change plan as text, exactly as parsed; for a generated rollback its canonical JSON. */
  readonly changePlan: string;
  /** Effective configuration that the digest covers. */
  readonly configuration: JsonObject;
  /** True when made from recorded state: can be shown, never confirmed. */
  readonly recorded: boolean;
  readonly rollbackOf: string | null;
  /**
   * Of a rollback: sentences that say what differs from before the run when all of it is done. Outside the digest,
   * which covers the run that they follow from. Absent: no rollback.
   */
  readonly stays?: readonly string[];
  /** Addresses that the reviewer rejected, sorted; the steps are those that are left. In the digest. Absent: none. */
  readonly rejected?: readonly string[];
  /**
   * The run of which this is what remains; its steps are those that are not done. In the digest. Absent: a plan of its
   * own.
   */
  readonly resumes?: string;
  /**
   * The texts that were read when the plan was made, so that it is made with the same ones again. Outside the digest,
   * which covers what they come to. Absent: none.
   */
  readonly texts?: readonly PlannedText[];
  readonly assume: readonly string[];
  readonly author: Readonly<Record<string, string>>;
  /** In the order of execution. */
  readonly steps: readonly Step[];
  readonly findings: readonly Finding[];
  readonly summary: Summary;
}

/**
 * The part of a step that apply needs beside the serialisable one; recomputed whenever a plan is made, never stored.
 */
export interface StepWork {
  readonly entry: ResourceEntry;
  readonly live: LiveResource | null;
  /** All properties wanted after the step; references to other steps still as `Ref` and `Fn::GetAtt`. */
  readonly desired: JsonObject;
  readonly capturePlan: CapturePlan | null;
  /** The declared calls as previewed. Their operations are what the gate will let through for this step. */
  readonly preview: readonly Call[];
  /** Of a delete: identities that name its resource and that earlier, and later, steps delete. Absent: none. */
  readonly mutual?: { readonly before: readonly string[]; readonly after: readonly string[] };
}

export interface Planned {
  readonly plan: Plan;
  readonly work: ReadonlyMap<string, StepWork>;
  /** Entries with `action: read`, resolved: address → live resource. References may point at them. */
  readonly reads: ReadonlyMap<string, LiveResource>;
  /** The configuration that judged it: what becomes known later is judged by the same. Never stored. */
  readonly configuration: Configuration;
}

declare const approved: unique symbol;
/** A plan of which every destruction and grant was confirmed by a person. Made only by plan/approve.ts. */
export type ApprovedPlan = Planned & { readonly [approved]: true; readonly approval: import('./approval.ts').Approval };
