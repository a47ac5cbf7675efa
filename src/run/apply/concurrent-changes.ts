import { outsideBands } from '../../domain/bands.ts';
import { AwsError } from '../../base/error.ts';
import type { Json, JsonObject } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { Step } from '../../domain/plan.ts';
import { movedText, shownObservations } from '../drift/confirmed-evidence.ts';
import { unknownFacts } from '../../plan/refresh/evidence.ts';
import { Stale, StepFailed } from '../executor/interruptions.ts';
import { readWholly } from '../executor/reading.ts';
import { judgesByLive, newEffects } from '../../plan/classify/rejudge.ts';
import { resolveReferences, unknownOf, valueAt } from '../../plan/diff/references.ts';
import { topOf } from '../../plan/diff/inverse.ts';
import { recordFinding, ownedBy, sceneOf, type Run, type Task } from './run-context.ts';
import { reachOf } from '../drift/change-progress.ts';
import { driftText } from '../drift/read-back.ts';
import { few } from '../../domain/wording.ts';
import type { Drift } from '../drift/drift.ts';

/**
 * Re-reads the resource right before its destruction. The capture may have taken hours: a change that somebody else
 * made since the step began would go with the resource, and another resource under its name would go in its place.
 * Throws Stale; nothing was destroyed yet.
 */
export async function recheckBeforeDestroy(run: Run, task: Task, before: LiveResource): Promise<void> {
  const { ports } = run;
  const now = await readWholly(ports.session, task.type, before.identity, ports.clock.now());
  if (now === null) throw new Stale(`${before.identity} does not exist any more`);
  if (now.incarnation !== before.incarnation)
    throw new OtherResource(
      `${before.identity} is another one than the plan was made for: it was replaced while it was captured, and is left alone`,
    );
  refuseUnread(before, now);
  refuseMoved(run, task, now);
  const others = othersOf(run, task, { ...task.step, changes: [] }, before, now);
  if (others.length > 0)
    throw new Stale(
      `${before.identity} was changed by somebody else while it was captured, and is left alone: ${driftText(others)}`,
    );
}

/**
 * Refuses to act upon what is no longer known of a resource: a fact that could be read when the plan was made and
 * cannot be read now is neither as it was nor somebody's change (law 9). Throws StepFailed.
 */
export function refuseUnread(before: LiveResource, now: LiveResource): void {
  const known = new Set(unknownFacts(before.binding));
  const unread = unknownFacts(now.binding).filter((name) => !known.has(name));
  if (unread.length > 0)
    throw new StepFailed(`${now.identity} is left alone: ${few(unread)} could not be read right before the step`);
}

/**
 * Observations that the person saw must still be within their bands: a bucket that was empty then is not removed with
 * objects. Throws Stale.
 */
export function refuseMoved({ approval, planned }: Run, { step, type }: Task, now: LiveResource): void {
  if (step.confirm === null) return;
  const moved = outsideBands(shownObservations(approval, planned.plan, step.id), now.observed, type.rules.bands);
  if (moved.length > 0)
    throw new Stale(`${now.identity} is far from what was confirmed, and is left alone: ${movedText(moved)}`);
}

/**
 * An update that was harmless for what was there when it was planned must be harmless for what is there now: a log
 * group that was empty then keeps its events. Throws Stale.
 */
export function refuseNewEffects(run: Run, task: Task, now: LiveResource): void {
  const { step, work, type } = task;
  const names = changedProperties(step);
  if (work.live === null || !judgesByLive(type, names)) return;
  const effects = newEffects({
    type,
    schema: run.ports.schemas(type.type),
    planned: resolveReferences(work.desired, unknownOf, () => null) as JsonObject,
    scene: sceneOf(run, task),
    names,
    plannedLive: work.live,
    live: now,
  });
  if (effects.length > 0)
    throw new Stale(
      `${now.identity} is left alone: the step would do now what nobody confirmed: ${effects.join('; ')}`,
    );
}

/** The properties that a step changes. */
export const changedProperties = ({ changes }: Step): readonly string[] => [
  ...new Set(changes.map(({ path }) => topOf(path))),
];

/**
 * True where AWS refused a removal because of what is there, nothing or something on its way out, and a read shows the
 * same: an earlier delivery of the call took it away, or somebody else did in the moment after the last read. A
 * resource that cannot be read is not taken for gone (law 9).
 */
export async function isGoneAlready(
  { ports }: Run,
  { type }: Task,
  { identity, incarnation }: LiveResource,
  error: unknown,
): Promise<boolean> {
  if (!(error instanceof AwsError) || (error.kind !== 'absent' && error.kind !== 'conflict') || error.executed !== 'no')
    return false;
  try {
    const now = await readWholly(ports.session, type, identity, ports.clock.now());
    return now === null || now.incarnation !== incarnation || type.rules.goneStates.includes(now.state);
  } catch (failure) {
    if (failure instanceof AwsError || failure instanceof StepFailed) return false;
    throw failure;
  }
}

/**
 * After what a deletion sets first (protection off, say): what somebody else changed meanwhile stops it. Throws Stale.
 */
export function refuseOthers(run: Run, task: Task, before: LiveResource, now: LiveResource): void {
  if (now.incarnation !== before.incarnation)
    throw new Stale(
      `${before.identity} is another one than the plan was made for: it was replaced by somebody else meanwhile, and is left alone`,
    );
  const others = othersOf(run, task, task.step, before, now);
  if (others.length > 0)
    throw new Stale(
      `${before.identity} was changed by somebody else meanwhile, and is left alone: ${driftText(others)}`,
    );
}

/** Under the name there is a resource that nobody confirmed: it is not touched, not even to be opened. */
export class OtherResource extends Stale {}

/**
 * After an update: what neither the step's own changes nor the state before explain is named in a finding, because
 * somebody else changed it meanwhile, or AWS with the change; `differing` names what is said to be otherwise than
 * wanted already. Throws StepFailed where the resource itself is another one by now.
 */
export async function noticeOthers(
  run: Run,
  task: Task,
  {
    before,
    after,
    differing,
  }: { readonly before: LiveResource; readonly after: LiveResource; readonly differing: readonly string[] },
): Promise<void> {
  if (after.incarnation !== before.incarnation)
    throw new StepFailed(
      `${after.identity} is another one than the one that was changed: it was replaced by somebody else meanwhile`,
    );
  const changed = new Set(task.step.changes.map(({ path }) => topOf(path)));
  const isConsequence = (name: string): boolean =>
    task.type.rules.properties[name]?.follows?.some((other) => changed.has(other)) === true;
  const others = othersOf(run, task, task.step, before, after).filter(
    ({ path }) => !differing.includes(topOf(path)) && !isConsequence(topOf(path)),
  );
  if (others.length > 0)
    await recordFinding(
      run,
      task.step.id,
      'changed-meanwhile',
      `${after.identity} was changed while the step ran, and not by it: ${driftText(others)}`,
    );
}

function othersOf(run: Run, { type }: Task, step: Step, before: LiveResource, live: LiveResource): readonly Drift[] {
  const resolve = (name: string): Json | undefined => {
    const dot = name.indexOf('.');
    const resource = run.outputs.get(dot < 0 ? name : name.slice(0, dot));
    if (resource === undefined) return undefined;
    return dot < 0
      ? resource.identity
      : (valueAt(resource.attributes, name.slice(dot + 1)) ?? valueAt(resource.properties, name.slice(dot + 1)));
  };
  return reachOf({ step, before, live, type, resolve, owned: ownedBy(run), acted: true }).others;
}
