import type { LiveResource } from '../../domain/live.ts';
import type { StepContext } from '../../domain/resource-type.ts';
import { createNew, destroy, readBack, update } from '../../run/apply/apply-step.ts';
import { openAgain, putUpdateManifest } from '../../run/apply/capture-phase.ts';
import { Stale, StepFailed } from '../../run/executor/interruptions.ts';
import { noticeOthers } from '../../run/apply/concurrent-changes.ts';
import { readWholly } from '../../run/executor/reading.ts';
import { removing } from '../../history/journal-reading.ts';
import { resolverOf } from '../../history/step-history.ts';
import {
  contextOf,
  noteNew,
  ownedBy,
  runStepProgram,
  type Run,
  type StepEnd,
  type Task,
} from '../../run/apply/run-context.ts';
import type { Reconciliation, StepStatus } from './reconcile.ts';
import { reachOf, type ChangeProgress } from '../../run/drift/change-progress.ts';
import { notRemovedWords } from './reconcile-sentences.ts';
import { driftText } from '../../run/drift/read-back.ts';

/** A step that an earlier session of the run had begun, and where it stands. */
export interface Resuming {
  readonly standing: StepStatus;
  readonly settlement: Reconciliation;
}

/**
 * Continues a step that was begun. It makes nothing twice and changes nothing twice. A resource that is to be destroyed
 * is captured again, unless its removal has begun. Throws what `applyStep` throws.
 */
export async function resumeStep(run: Run, task: Task, resuming: Resuming): Promise<StepEnd> {
  switch (task.step.action) {
    case 'create':
      return createOn(run, task, resuming);
    case 'update':
      return updateOn(run, task, resuming);
    case 'delete':
      return deleteOn(run, task, resuming);
    case 'replace':
      return replaceOn(run, task, resuming);
    case 'keep':
      return { state: 'done', identity: task.step.identity, after: null, message: null };
    default:
      return task.step.action satisfies never;
  }
}

/** The context of a create that takes up what an earlier session made. */
const withRemains = (context: StepContext, made: LiveResource | null): StepContext =>
  made === null ? context : { ...context, remains: { identity: made.identity, incarnation: made.incarnation } };

async function createOn(run: Run, task: Task, { standing }: Resuming): Promise<StepEnd> {
  const after = await made(run, task, contextOf(run, task, null, { action: 'create' }), standing);
  return { state: 'done', identity: after.identity, after, message: null };
}

/** Finishes the resource of a create. */
async function made(
  run: Run,
  task: Task,
  context: StepContext,
  { made: there, reach, step }: StepStatus,
): Promise<LiveResource> {
  const { type } = task;
  // Everything of it is live: its calls need not be sent again, it is only waited for and read back.
  const complete = there !== null && step.action === 'create' && reach !== null && reach.left.length === 0;
  if (there === null || !complete) return createNew(run, task, withRemains(context, there));
  await noteNew(run, task.step.id, there.identity);
  if (type.waitUntilStable !== undefined)
    await runStepProgram(run, task, type.waitUntilStable(there.identity), { purpose: 'change', settling: true });
  return (await readBack(run, task, there.identity, context.desired, Object.keys(context.desired))).after;
}

async function updateOn(run: Run, task: Task, resuming: Resuming): Promise<StepEnd> {
  const { work, type } = task;
  const before = beforeOf(run, task);
  if (type.waitUntilStable !== undefined && resuming.standing.history.acted)
    await runStepProgram(run, task, type.waitUntilStable(before.identity), { purpose: 'change' });
  const { now, reach } = await reachNow(run, task, resuming, before);
  if (reach.left.length > 0) await putUpdateManifest(run, task, before);
  const context = contextOf(run, task, now);
  run.effects.note({
    type: type.type,
    identity: now.identity,
    what: 'changed',
    before,
    after: null,
    wanted: context.desired,
  });
  if (reach.left.length > 0) await update(run, task, { ...context, changes: reach.left });
  await asBefore(run, task, before);
  const { after, pending, differing } = await readBack(
    run,
    task,
    now.identity,
    context.desired,
    Object.keys(work.entry.properties ?? {}),
  );
  await noticeOthers(run, task, { before, after, differing });
  const late =
    pending.length === 0
      ? null
      : `${pending.join(', ')} will be changed by AWS later${context.when === 'window' ? ', in the maintenance window' : ''}`;
  return { state: late === null ? 'done' : 'pending', identity: now.identity, after, message: late };
}

/** An update that was stopped may have left the resource in another state for its own sake, as a stopped instance. */
async function asBefore(run: Run, task: Task, before: LiveResource): Promise<void> {
  const { type } = task;
  const unquiesceIt = type.capture?.unquiesce;
  if (unquiesceIt === undefined) return;
  const now = await readWholly(run.ports.session, type, before.identity, run.ports.clock.now());
  if (now === null || now.state === before.state || type.rules.goneStates.includes(now.state)) return;
  await openAgain(run, task, contextOf(run, task, before, { action: 'delete' }), unquiesceIt, false);
  if (type.waitUntilStable !== undefined)
    await runStepProgram(run, task, type.waitUntilStable(before.identity), { purpose: 'undo' });
}

/** The newest state from before the step, as an earlier session journaled it. */
function beforeOf(run: Run, { step }: Task): LiveResource {
  const before = run.befores.get(step.id);
  if (before === undefined || before === null)
    throw new StepFailed(`the journal does not say what "${step.id}" was before`);
  return before;
}

/**
 * Reads once more, right before anything is sent: neither gone, nor another one, nor changed by somebody else. Throws
 * Stale.
 */
async function reachNow(
  run: Run,
  task: Task,
  { standing }: Resuming,
  before: LiveResource,
): Promise<{ readonly now: LiveResource; readonly reach: ChangeProgress }> {
  const { type, step } = task;
  await run.calls.turn.enter(step.id);
  const now = await readWholly(run.ports.session, type, before.identity, run.ports.clock.now());
  if (now === null) throw new Stale(`${before.identity} does not exist any more`);
  if (now.incarnation !== before.incarnation)
    throw new Stale(`${before.identity} is another one than the plan was made for`);
  const { acted, quiet } = standing.history;
  const changes = step.action === 'replace' ? [] : step.changes;
  const reach = reachOf({
    step: { ...step, changes },
    before,
    live: now,
    type,
    resolve: resolverOf(run.histories),
    owned: ownedBy(run),
    acted: acted || quiet,
  });
  run.calls.turn.leave(step.id);
  if (reach.others.length > 0)
    throw new Stale(`${now.identity} has changed since the plan: ${driftText(reach.others)}`);
  return { now, reach };
}

async function deleteOn(run: Run, task: Task, resuming: Resuming): Promise<StepEnd> {
  const before = beforeOf(run, task);
  await destroyOn(run, task, resuming, before);
  return { state: 'done', identity: before.identity, after: null, message: null };
}

/** Destroys what is there of it, from whatever place the step had come to. */
async function destroyOn(run: Run, task: Task, resuming: Resuming, before: LiveResource): Promise<void> {
  const { standing } = resuming;
  const { type, step } = task;
  const isThere = standing.live !== null && standing.live.incarnation === before.incarnation;
  if (!isThere) {
    if (!standing.history.removing) throw new Stale(notRemovedWords(before.identity, standing.history.refusal));
    await finishRemoval(run, task, before);
    return;
  }
  const { reach } = await reachNow(run, task, resuming, before);
  if (step.action === 'delete' && reach.left.length > 0) {
    const now = await readWholly(run.ports.session, type, before.identity, run.ports.clock.now());
    if (now === null) throw new Stale(`${before.identity} does not exist any more`);
    await update(run, task, { ...contextOf(run, task, now, { action: 'delete' }), changes: reach.left });
  }
  const base = await withOwnChanges(run, task, before);
  if (standing.history.removing && standing.history.capture?.how === 'copy') await removeRest(run, task, base);
  else await destroy(run, task, base);
}

/**
 * The resource as before the step, with what the step itself has set: so that the quiescing, the capture and a possible
 * undo start from what the resource was, and not from what an interrupted session left.
 */
async function withOwnChanges(run: Run, { step, type }: Task, before: LiveResource): Promise<LiveResource> {
  const names = new Set(
    step.action === 'replace' ? [] : step.changes.map(({ path }) => /^[^.[]+/u.exec(path)?.[0] ?? path),
  );
  if (names.size === 0) return before;
  const now = await readWholly(run.ports.session, type, before.identity, run.ports.clock.now());
  if (now === null) throw new Stale(`${before.identity} does not exist any more`);
  const own = Object.fromEntries(
    [...names].flatMap((name) => (now.properties[name] === undefined ? [] : [[name, now.properties[name]]])),
  );
  const rest = Object.entries(before.properties).filter(([name]) => !names.has(name));
  return {
    ...before,
    properties: { ...Object.fromEntries(rest), ...own },
    binding:
      now.binding['protections'] === undefined
        ? before.binding
        : { ...before.binding, protections: now.binding['protections'] },
  };
}

/**
 * A removal piece by piece continues with the capture with which it began; the program refuses what that does not hold.
 */
async function removeRest(run: Run, task: Task, base: LiveResource): Promise<void> {
  const { type, step } = task;
  if (type.remove === undefined) throw new StepFailed(`${type.type} cannot be deleted by this version`);
  await run.ports.journal.append({
    kind: 'step',
    step: step.id,
    state: 'started',
    identity: base.identity,
    after: null,
    message: removing,
  });
  run.effects.note({
    type: type.type,
    identity: base.identity,
    what: 'removed',
    before: base,
    after: null,
    wanted: null,
  });
  await runStepProgram(run, task, type.remove(contextOf(run, task, base)), { purpose: 'change' });
  if (type.gone !== undefined)
    await runStepProgram(run, task, type.gone(base.identity, base.incarnation), { purpose: 'change' });
}

/**
 * AWS has it no more, or is taking it away: what is left is to wait, and what the type does after the call that
 * deletes.
 */
async function finishRemoval(run: Run, task: Task, before: LiveResource): Promise<void> {
  const { type } = task;
  run.effects.note({ type: type.type, identity: before.identity, what: 'removed', before, after: null, wanted: null });
  if (type.gone !== undefined)
    await runStepProgram(run, task, type.gone(before.identity, before.incarnation), { purpose: 'change' });
  if (type.removed !== undefined)
    await runStepProgram(run, task, type.removed(contextOf(run, task, before)), { purpose: 'change' });
}

async function replaceOn(run: Run, task: Task, resuming: Resuming): Promise<StepEnd> {
  const { step, work } = task;
  const before = beforeOf(run, task);
  const fresh = (): Promise<LiveResource> => made(run, task, contextOf(run, task, before), resuming.standing);
  if (work.entry.order === 'delete-first') {
    await destroyOn(run, task, resuming, before);
    const after = await fresh();
    return { state: 'done', identity: after.identity, after, message: null };
  }
  const after = await fresh();
  run.outputs.set(step.id, after);
  await destroyOn(run, task, resuming, before);
  return { state: 'done', identity: after.identity, after, message: null };
}
