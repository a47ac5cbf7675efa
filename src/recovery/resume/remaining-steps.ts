import { settingsMoved } from '../../domain/configuration.ts';
import type { Finding } from '../../domain/finding.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import type { Plan, Planned, Step } from '../../domain/plan.ts';
import { observedOf } from '../../plan/refresh/draft.ts';
import { digestOver, digestsFit, stepDigest } from '../../plan/steps/digests.ts';
import { movedFields, movedProperties } from '../../run/drift/stale-steps.ts';
import { recordsOf } from '../../history/journal-reading.ts';
import type { Reconciliation, StepStatus } from './reconcile.ts';
import { summaryOf } from '../../plan/steps/steps.ts';
import { few } from '../../domain/wording.ts';

/** Why a stopped run cannot be resumed; `step` null: it is about the whole plan. */
export interface Refusal {
  readonly step: string | null;
  readonly why: string;
}

export interface Remaining {
  /** The steps that are left, each exactly as it was confirmed, with fresh observations. */
  readonly planned: Planned;
  /** Empty: the run can be resumed. Else nothing of it may be sent. */
  readonly stale: readonly Refusal[];
}

/**
 * The remaining steps of a run. `planned` is its change plan, planned again on what was live before the run (see
 * `rewind`): every step that is not done must come out as the person confirmed it: target, identity, incarnation,
 * changes, binding facts, capture, calls. A step that does not, or a change by somebody else, is named, and nothing
 * more is done. `now` is an ISO time. Pure.
 */
export function remainingOf(
  records: readonly JournalRecord[],
  settlement: Reconciliation,
  planned: Planned,
  now: string,
): Remaining {
  const begin = recordsOf(records, 'begin')[0];
  const confirmed = begin?.plan ?? planned.plan;
  const open = settlement.standings.filter(({ recorded }) => !recorded);
  const stale = [
    ...differencesOf(confirmed, planned.plan),
    ...settlement.standings.flatMap(({ step, problems }) => problems.map((why) => ({ step: step.id, why }))),
    ...open.flatMap(({ step }) => uncovered(step, planned)),
  ];
  const left = new Map(
    open.filter(({ verdict }) => verdict !== 'done').map((standing) => [standing.step.id, standing]),
  );
  const steps = confirmed.steps.flatMap((step) => {
    const standing = left.get(step.id);
    return standing === undefined ? [] : [shownAgain(step, planned, standing)];
  });
  return {
    planned: { ...planned, plan: remainingPlan(confirmed, steps, settlement.run, planned.plan.findings, now) },
    stale,
  };
}

function remainingPlan(
  confirmed: Plan,
  steps: readonly Step[],
  run: string,
  found: readonly Finding[],
  now: string,
): Plan {
  const lifetime = Date.parse(confirmed.expiresAt) - Date.parse(confirmed.createdAt);
  const ids = new Set(steps.map(({ id }) => id));
  const plan: Omit<Plan, 'digest'> = {
    ...confirmed,
    createdAt: now,
    expiresAt: new Date(Date.parse(now) + lifetime).toISOString(),
    resumes: run,
    steps,
    summary: summaryOf(steps),
    findings: found.filter(({ severity, step }) => severity !== 'error' && (step === null || ids.has(step))),
  };
  return { ...plan, digest: digestOver(plan, new Map(steps.map(({ id, digest }) => [id, digest]))) };
}

/** The step as it was confirmed; the text that the author wrote, which no journal holds, and what is observed now. */
function shownAgain(step: Step, { plan }: Planned, { live, made }: StepStatus): Step {
  const again = plan.steps.find(({ id }) => id === step.id);
  const seen = live ?? made;
  const observed = seen === null || seen === undefined ? {} : observedOf(seen);
  return {
    ...step,
    ...(again === undefined ? {} : { changes: again.changes }),
    evidence: {
      binding: step.evidence.binding,
      observed: Object.keys(observed).length === 0 ? step.evidence.observed : observed,
    },
  };
}

function differencesOf(confirmed: Plan, now: Plan): readonly Refusal[] {
  const found: Refusal[] = [];
  // Else a step could say one thing and carry the digest, and so the confirmation, of another.
  if (!digestsFit(confirmed))
    found.push({
      step: null,
      why: 'the plan in the journal is not the one that its digests speak of: the journal was edited',
    });
  if (confirmed.changePlan !== now.changePlan)
    found.push({ step: null, why: 'the change plan is not the one that was confirmed' });
  const settings = settingsMoved(confirmed.configuration, now.configuration);
  if (settings.length > 0)
    found.push({ step: null, why: `the configuration has changed since it was confirmed: ${settings.join('; ')}` });
  const { account, region, endpoint } = confirmed.target;
  if (account !== now.target.account || region !== now.target.region || endpoint !== now.target.endpoint)
    found.push({ step: null, why: `the run is of account ${account} in ${region}` });
  const known = new Set(confirmed.steps.map(({ id }) => id));
  for (const { id } of now.steps)
    if (!known.has(id)) found.push({ step: id, why: 'it was not among the steps that were confirmed' });
  for (const step of confirmed.steps) {
    // A kept resource must still be so: other steps rest on it.
    const again = step.action === 'keep' ? now.steps.find(({ id }) => id === step.id) : undefined;
    if (again !== undefined && again.action !== 'keep')
      found.push({
        step: step.id,
        why: `nothing was to be done to it, and now it would need to be changed: ${few(again.changes.map(({ path }) => path))}`,
      });
  }
  return found;
}

/** Differences between the confirmed step and the same step, planned again on the state before the run. */
function uncovered(step: Step, { plan }: Planned): readonly Refusal[] {
  const again = plan.steps.find(({ id }) => id === step.id);
  if (again === undefined) return [{ step: step.id, why: 'it does not come out of the change plan any more' }];
  if (stepDigest(again, plan.target, []) === stepDigest(step, plan.target, [])) return [];
  const errors = plan.findings
    .filter((finding) => finding.severity === 'error' && finding.step === step.id)
    .map(({ message }) => message);
  const fields = movedFields(step, again);
  const properties = movedProperties(step, again);
  const whys =
    errors.length > 0
      ? errors
      : properties !== '' && step.incarnation === again.incarnation
        ? [`${step.identity ?? step.id} was changed by somebody else: ${properties}`]
        : [`${few(fields)} ${fields.length === 1 ? 'is' : 'are'} not as confirmed`];
  return whys.map((why) => ({ step: step.id, why }));
}
