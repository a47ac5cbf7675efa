import type { ChangePlan, ResourceEntry } from '../../domain/change-plan.ts';
import type { Configuration } from '../../domain/configuration.ts';
import type { Finding } from '../../domain/finding.ts';
import type { LiveResource, Target } from '../../domain/live.ts';
import type { OpenRun } from '../../domain/records/open-run.ts';
import type { Step } from '../../domain/plan.ts';

/** A step as it will stand in the plan, with what the change plan says and what is live. */
export interface Judged {
  readonly step: Omit<Step, 'digest' | 'blocked'>;
  readonly entry: ResourceEntry;
  readonly live: LiveResource | null;
}

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
