import { canonical } from '../../base/digest.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { Plan, Planned, Step, StepWork } from '../../domain/plan.ts';
import type { TypeRules } from '../../domain/resource-type.ts';
import { stepDigest } from '../../plan/steps/digests.ts';
import { staleness } from './staleness.ts';
import { driftText } from './read-back.ts';
import { few, quote } from '../../domain/wording.ts';
import type { Drift } from './drift.ts';

/** A plan, and where it was made in this process also what it was made from. */
export interface Seen {
  readonly plan: Plan;
  readonly work?: ReadonlyMap<string, Pick<StepWork, 'live'>>;
}

export type RulesOf = (type: string) => TypeRules | undefined;

/**
 * True where something of the resources is not as it was when the approved plan was made, though nothing of it stands
 * in the digest. Pure.
 */
export const hasDrifted = (approved: Planned, now: Planned, rulesOf: RulesOf): boolean =>
  now.plan.steps.some((step) => driftOf(seenOf(approved, step.id), seenOf(now, step.id), rulesOf).length > 0);

/**
 * Which steps are no longer as they were approved, by address and identity, and what of their resources differs where
 * that is known. Pure.
 */
export function staleSteps(approved: Seen, now: Seen, rulesOf: RulesOf): string {
  const again = new Map(now.plan.steps.map((step) => [step.id, step]));
  const known = new Set(approved.plan.steps.map(({ id }) => id));
  const gone = approved.plan.steps.filter(
    ({ id, digest }) =>
      again.get(id)?.digest !== digest || driftOf(seenOf(approved, id), seenOf(now, id), rulesOf).length > 0,
  );
  // A digest covers those of the steps before it: of a step that moved only with them nothing is to be said.
  const own = gone.filter(
    (step) =>
      !isSame(step, again.get(step.id), approved.plan, now.plan) ||
      driftOf(seenOf(approved, step.id), seenOf(now, step.id), rulesOf).length > 0,
  );
  const all = [...(own.length > 0 ? own : gone), ...now.plan.steps.filter(({ id }) => !known.has(id))];
  return few(
    all.map((step) => {
      const why = whyOf(
        step,
        {
          was: seenOf(approved, step.id),
          is: seenOf(now, step.id),
          again: again.get(step.id),
          isNew: !known.has(step.id),
        },
        rulesOf,
      );
      const name = step.identity === null ? quote(step.id) : `${quote(step.id)} (${step.identity})`;
      return why === null ? name : `${name}: ${why}`;
    }),
    10,
  );
}

interface Two {
  readonly was: LiveResource | null;
  readonly is: LiveResource | null;
  readonly again: Step | undefined;
  readonly isNew: boolean;
}

function whyOf(step: Step, { was, is, again, isNew }: Two, rulesOf: RulesOf): string | null {
  if (isNew) return null;
  if (was !== null && is === null && again?.action !== 'keep') return 'it does not exist any more';
  if (step.action === 'create' && was === null && is !== null) return 'it exists by now';
  const drift = driftOf(was, is, rulesOf);
  if (drift.length > 0) return driftText(drift);
  if (again === undefined) return 'it does not come out of the change plan any more';
  const fields = movedFields(step, again);
  return fields.length === 0 ? null : `${few(fields)} ${fields.length === 1 ? 'is' : 'are'} not as approved`;
}

/** The resource of the step, as its plan has it; for a plan from a file the part that stands in the step. */
function seenOf({ plan, work }: Seen, id: string): LiveResource | null {
  if (work !== undefined) return work.get(id)?.live ?? null;
  const step = plan.steps.find((one) => one.id === id);
  if (step?.live === undefined || step.identity === null) return null;
  return {
    type: step.type,
    identity: step.identity,
    incarnation: step.incarnation ?? '',
    properties: step.live,
    binding: step.evidence.binding,
    attributes: {},
    systemTags: {},
    state: '',
    pending: {},
    observed: {},
    detailed: true,
  };
}

function driftOf(was: LiveResource | null, is: LiveResource | null, rulesOf: RulesOf): readonly Drift[] {
  const rules = was === null ? undefined : rulesOf(was.type);
  return was === null || is === null || rules === undefined ? [] : staleness(was, is, rules);
}

const isSame = (step: Step, again: Step | undefined, before: Plan, now: Plan): boolean =>
  again !== undefined && stepDigest(step, before.target, []) === stepDigest(again, now.target, []);

const fields = [
  'action',
  'identity',
  'incarnation',
  'live',
  'changes',
  'calls',
  'dependsOn',
  'confirm',
  'destruction',
  'grant',
  'interrupts',
  'oneWay',
  'leftovers',
  'recoverability',
  'when',
  'reason',
  'acceptLoss',
  'blocked',
  'type',
] as const;

/** In what two plans of one step differ, by name. Pure. */
export const movedFields = (one: Step, other: Step): readonly string[] => [
  ...fields.filter((name) => canonical(one[name] ?? null) !== canonical(other[name] ?? null)),
  ...(canonical(one.evidence.binding) === canonical(other.evidence.binding) ? [] : ['binding facts']),
  ...(one.capture.how === other.capture.how ? [] : ['capture']),
];

/** Properties of the step's resource that were otherwise when it was confirmed; '' where none was. Pure. */
export function movedProperties({ live: was = {} }: Step, { live: is = {} }: Step): string {
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].sort();
  return driftText(
    names
      .filter((name) => canonical(was[name] ?? null) !== canonical(is[name] ?? null))
      .map((path) => ({ path, before: was[path], after: is[path], inList: false })),
  );
}
