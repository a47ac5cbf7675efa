import { digest, sha256 } from '../../base/digest.ts';
import type { Target } from '../../domain/live.ts';
import type { Plan, Step } from '../../domain/plan.ts';

/**
 * The digest that a confirmation of a step binds to (law 3): target, identity, incarnation, the whole state of the
 * resource, changes, binding facts, capture, calls, and the digests of the steps it runs after. Not what is only
 * observed, and not the sentences of rules, which may quote observations.
 */
export function stepDigest(
  step: Omit<Step, 'digest'>,
  target: Pick<Target, 'account' | 'region' | 'endpoint'>,
  dependencies: readonly string[],
): string {
  // In the order of their names, which spares the digest the sorting.
  return digest({
    acceptLoss: step.acceptLoss,
    action: step.action,
    binding: step.evidence.binding,
    blocked: step.blocked,
    calls: step.calls,
    capture: step.capture.how,
    changes: step.changes.map(({ path, before, after, effect }) => ({ after, before, effect, path })),
    confirm: step.confirm,
    coveredBy: step.coveredBy ?? null,
    declared: step.declared,
    dependencies,
    dependsOn: step.dependsOn,
    destruction: step.destruction !== null,
    grant: step.grant !== null,
    id: step.id,
    identity: step.identity,
    incarnation: step.incarnation,
    interrupts: step.interrupts,
    leftovers: step.leftovers,
    live: step.live,
    oneWay: step.oneWay,
    reason: step.reason,
    recoverability: step.recoverability.level,
    restores: step.restores ?? null,
    target: { account: target.account, endpoint: target.endpoint, region: target.region },
    type: step.type,
    when: step.when,
  });
}

/**
 * The digest of a plan: change plan, steps, binding facts, configuration, and target; not times, caller, observations
 * or findings. Anyone who holds a plan can compute it again.
 */
export function planDigest(plan: Omit<Plan, 'digest'>): string {
  const known = new Map<string, string>();
  if (plan.resumes !== undefined) return digestOver(plan, new Map(plan.steps.map((step) => [step.id, step.digest])));
  // Computed from the steps themselves, so that a plan file in which only a step was edited does not fit its digest.
  for (const step of plan.steps) known.set(step.id, stepDigest(step, plan.target, dependencyDigests(step, known)));
  return digestOver(plan, known);
}

/**
 * `planDigest` of a plan whose step digests were computed just now. The remaining plan of a run keeps the step digests
 * that were confirmed, which also cover steps that are done and not among its own; so it holds the contents of its
 * steps by themselves too.
 */
export function digestOver(plan: Omit<Plan, 'digest'>, stepDigests: ReadonlyMap<string, string>): string {
  return digest({
    format: plan.format,
    name: plan.name,
    changePlan: sha256(plan.changePlan),
    target: { account: plan.target.account, region: plan.target.region, endpoint: plan.target.endpoint },
    configuration: plan.configuration,
    recorded: plan.recorded,
    rollbackOf: plan.rollbackOf,
    rejected: plan.rejected,
    resumes: plan.resumes,
    steps: plan.steps.map((step) => ({
      id: step.id,
      digest: stepDigests.get(step.id) ?? '',
      ...(plan.resumes === undefined ? {} : { own: stepDigest(step, plan.target, []) }),
    })),
  });
}

/** The digests of the steps that a step runs after; of one that comes later, as in a circle, nothing. */
export const dependencyDigests = (
  step: Pick<Step, 'dependsOn'>,
  digests: ReadonlyMap<string, string>,
): readonly string[] => step.dependsOn.flatMap((id) => digests.get(id) ?? []);

/** True when a plan's own digest and those of all its steps are what its contents say. */
export function digestsFit(plan: Plan): boolean {
  const known = new Map<string, string>();
  if (plan.resumes === undefined)
    for (const step of plan.steps) {
      if (step.digest !== stepDigest(step, plan.target, dependencyDigests(step, known))) return false;
      known.set(step.id, step.digest);
    }
  return plan.digest === planDigest(plan);
}
