import type { Json } from '../model/json.ts';
import type { LiveResource } from '../model/live.ts';
import type { Planned, Step } from '../model/plan.ts';
import { Stale, StepFailed } from './interruptions.ts';
import { readWholly } from './reading.ts';
import { valueAt } from './references.ts';
import { topOf } from './rollback-inverse.ts';
import { find, type Run, type Task } from './run.ts';
import { reachOf } from './settle-reach.ts';
import { staleness, type Drift } from './stale.ts';
import { driftText } from './verify.ts';
import { few, quote } from './wording.ts';

/**
 * The last look before a destruction. The capture may have taken hours: what somebody else changed since the step began would go with
 * the resource, and another one under its name would go in its place. Throws Stale; nothing was destroyed yet.
 */
export async function lastLook(run: Run, task: Task, before: LiveResource): Promise<void> {
  const { ports } = run;
  const now = await readWholly(ports.session, task.type, before.identity, ports.clock.now());
  if (now === null) throw new Stale(`${before.identity} does not exist any more`);
  if (now.incarnation !== before.incarnation) throw new OtherResource(`${before.identity} is another one than the plan was made for: it was replaced while it was captured, and is left alone`);
  const others = othersOf(run, task, { ...task.step, changes: [] }, before, now);
  if (others.length > 0) throw new Stale(`${before.identity} was changed by somebody else while it was captured, and is left alone: ${driftText(others)}`);
}

/** After what a deletion sets first (protection off, say): what somebody else changed meanwhile stops it. Throws Stale. */
export function refuseOthers(run: Run, task: Task, before: LiveResource, now: LiveResource): void {
  if (now.incarnation !== before.incarnation) throw new Stale(`${before.identity} is another one than the plan was made for: it was replaced by somebody else meanwhile, and is left alone`);
  const others = othersOf(run, task, task.step, before, now);
  if (others.length > 0) throw new Stale(`${before.identity} was changed by somebody else meanwhile, and is left alone: ${driftText(others)}`);
}

/** Under the name there is a resource that nobody confirmed: it is not touched, not even to be opened. */
export class OtherResource extends Stale {}

/**
 * After an update: what neither the step's own changes nor the state before explain is named in a finding, because somebody else changed
 * it meanwhile, or AWS with the change; `differing` names what is said to be otherwise than wanted already. Throws StepFailed where the resource itself is another one by now.
 */
export async function noticeOthers(run: Run, task: Task, { before, after, differing }: { readonly before: LiveResource; readonly after: LiveResource; readonly differing: readonly string[] }): Promise<void> {
  if (after.incarnation !== before.incarnation) throw new StepFailed(`${after.identity} is another one than the one that was changed: it was replaced by somebody else meanwhile`);
  const changed = new Set(task.step.changes.map(({ path }) => topOf(path)));
  const isConsequence = (name: string): boolean => task.type.rules.properties[name]?.follows?.some((other) => changed.has(other)) === true;
  const others = othersOf(run, task, task.step, before, after).filter(({ path }) => !differing.includes(topOf(path)) && !isConsequence(topOf(path)));
  if (others.length > 0) await find(run, task.step.id, 'changed-meanwhile', `${after.identity} was changed while the step ran, and not by it: ${driftText(others)}`);
}

function othersOf({ outputs, touched }: Run, { type }: Task, step: Step, before: LiveResource, live: LiveResource): readonly Drift[] {
  const resolve = (name: string): Json | undefined => {
    const dot = name.indexOf('.');
    const resource = outputs.get(dot < 0 ? name : name.slice(0, dot));
    if (resource === undefined) return undefined;
    return dot < 0 ? resource.identity : valueAt(resource.attributes, name.slice(dot + 1)) ?? valueAt(resource.properties, name.slice(dot + 1));
  };
  return reachOf({ step, before, live, type, resolve, touched, acted: true }).others;
}

/** What of the resources is not as it was when the approved plan was made, though nothing of it stands in the digest. Pure. */
export const hasDrifted = (approved: Planned, now: Planned, rulesOf: (type: string) => Parameters<typeof staleness>[2] | undefined): boolean =>
  now.plan.steps.some((step) => driftOf(step, approved, now, rulesOf).length > 0);

function driftOf(step: Step, approved: Planned, now: Planned, rulesOf: (type: string) => Parameters<typeof staleness>[2] | undefined): readonly Drift[] {
  const [was, is] = [approved.work.get(step.id)?.live ?? null, now.work.get(step.id)?.live ?? null];
  const rules = rulesOf(step.type);
  return was === null || is === null || rules === undefined ? [] : staleness(was, is, rules, new Set());
}

/** Which steps are no longer as they were approved, by address and identity, and what of their resources differs where that is known. Pure. */
export function staleSteps(approved: Planned, now: Planned, rulesOf: (type: string) => Parameters<typeof staleness>[2] | undefined): string {
  const again = new Map(now.plan.steps.map((step) => [step.id, step]));
  const gone = approved.plan.steps.filter((step) => again.get(step.id)?.digest !== step.digest || driftOf(step, approved, now, rulesOf).length > 0);
  const since = new Set(approved.plan.steps.map(({ id }) => id));
  const all = [...gone, ...now.plan.steps.filter(({ id }) => !since.has(id))];
  return few(all.map((step) => {
    const [was, is] = [approved.work.get(step.id)?.live ?? null, now.work.get(step.id)?.live ?? null];
    const drift = driftOf(step, approved, now, rulesOf);
    const why = was !== null && is === null ? 'it does not exist any more' : was === null && is !== null ? 'it exists by now' : drift.length === 0 ? null : driftText(drift);
    const name = step.identity === null ? quote(step.id) : `${quote(step.id)} (${step.identity})`;
    return why === null ? name : `${name}: ${why}`;
  }), 10);
}
