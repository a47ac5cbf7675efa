import type { ChangePlan, ResourceEntry } from '../../domain/change-plan.ts';
import type { Configuration } from '../../domain/configuration.ts';
import type { Finding } from '../../domain/finding.ts';
import type { JsonObject } from '../../base/json.ts';
import type { LiveResource, Target } from '../../domain/live.ts';
import type { OpenRun } from '../../domain/records/open-run.ts';
import type { Step } from '../../domain/plan.ts';

/** A step as it will stand in the plan, with what the change plan says and what is live. */
export interface Judged {
  readonly step: Omit<Step, 'digest' | 'blocked'>;
  readonly entry: ResourceEntry;
  readonly live: LiveResource | null;
  /** The properties after the step, references and functions resolved; what is not known yet as `{ $unknown }`. */
  readonly desired: JsonObject;
  /** The property that names a new resource of the type; null where AWS makes the identity up. */
  readonly nameProperty: string | null;
}

/** What is asked about the values of one step, at plan and again before they are sent. */
export type ValueInput = Pick<GuardrailInput, 'configuration' | 'target'> & {
  /** Every step of the plan: what is not known yet may come from one of them. */
  readonly steps: readonly Pick<Judged, 'step' | 'desired'>[];
};

/** The values that a step sets: of an update those of the properties that the author names. */
export const sentBy = ({ step, entry, desired }: Pick<Judged, 'step' | 'entry' | 'desired'>): JsonObject =>
  step.action === 'create' || step.action === 'replace'
    ? desired
    : Object.fromEntries(Object.entries(desired).filter(([name]) => Object.hasOwn(entry.properties ?? {}, name)));

export interface GuardrailInput {
  readonly changePlan: ChangePlan;
  readonly configuration: Configuration;
  readonly target: Target;
  readonly steps: readonly Judged[];
  /** Runs at this target that stopped somewhere. */
  readonly openRuns: readonly OpenRun[];
}

/** A policy that permits, forbids or asks more of a step. Pure. A finding of severity error blocks. */
export interface Guardrail {
  readonly code: string;
  /** Its purpose, one sentence. */
  readonly says: string;
  check(input: GuardrailInput): readonly Finding[];
}

/**
 * Most guardrails look at the steps that do something, one by one; a generated rollback was judged when it was made.
 */
export const perStep = (
  code: string,
  says: string,
  check: (judged: Judged, input: GuardrailInput) => Finding | null,
): Guardrail => ({
  code,
  says,
  check: (input) =>
    input.steps.flatMap((judged) => (judged.step.action === 'keep' ? [] : (check(judged, input) ?? []))),
});
