import { AwsError, UserError } from '../../base/error.ts';
import type { JsonObject } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { StepContext } from '../../domain/resource-type.ts';
import { prepareDestruction, putUpdateManifest, unquiesce } from './capture-phase.ts';
import { InDoubt, messageOf, Stale, StepFailed } from '../executor/interruptions.ts';
import {
  changedProperties,
  isGoneAlready,
  recheckBeforeDestroy,
  noticeOthers,
  refuseMoved,
  refuseNewEffects,
  refuseOthers,
  refuseUnread,
} from './concurrent-changes.ts';
import { paceOf } from '../../domain/records/poll-intervals.ts';
import { readWholly, type Wanted } from '../executor/reading.ts';
import { removing } from '../../history/journal-reading.ts';
import { judgesByLive } from '../../plan/classify/rejudge.ts';
import { topOf } from '../../plan/diff/inverse.ts';
import { quote } from '../../domain/wording.ts';
import {
  runReadOnly,
  contextOf,
  recordFinding,
  journalBefore,
  noteNew,
  ownedBy,
  runStepProgram,
  type Run,
  type StepEnd,
  type Task,
} from './run-context.ts';
import { reopen, restoreStep } from './apply-restore.ts';
import { staleness } from '../drift/staleness.ts';
import { driftText, restoreDifferences, verification } from '../drift/read-back.ts';

/** Carries out one step. Throws Stale, StepFailed, AwsError, InDoubt, RunStopped, UserError. */
export async function applyStep(run: Run, task: Task): Promise<StepEnd> {
  const { step, work } = task;
  if (work.entry.restore !== undefined) return restoreStep(run, task, work.entry.restore);
  switch (step.action) {
    case 'create':
      return createStep(run, task);
    case 'update': {
      if (work.entry.reopen?.last !== true)
        return updateStep(run, task, await reopened(run, task, await stillAsPlanned(run, task)));
      const end = await updateStep(run, task, await stillAsPlanned(run, task));
      return end.after === null ? end : { ...end, after: await reopened(run, task, end.after) };
    }
    case 'delete':
      return deleteStep(run, task, await stillAsPlanned(run, task));
    case 'replace':
      return replaceStep(run, task, await stillAsPlanned(run, task));
    case 'keep':
      return {
        state: 'done',
        identity: step.identity,
        after: await reopened(run, task, await stillAsPlanned(run, task)),
        message: null,
      };
    default:
      return step.action satisfies never;
  }
}

/** Every step that has a resource begins with the look at it (`stillAsPlanned`), before anything else. */
export const looksFirst = ({ step, work }: Task): boolean =>
  step.action !== 'create' && work.entry.restore === undefined && work.live !== null;

/**
 * Reads the resource again right before the step. Throws Stale when it is not what the plan was made from, except for
 * this run's own changes. These are journaled, so that a rollback knows the newest state before the step.
 */
async function stillAsPlanned(run: Run, task: Task): Promise<LiveResource> {
  const { befores } = run;
  const { step, work, type } = task;
  if (work.live === null) throw new StepFailed(`"${step.id}" has no live resource to ${step.action}`);
  const { live } = work;
  const { identity } = live;
  const now = await run.reads.look(step.id, type, wantedBy(task, identity), (seen) => {
    if (seen === null) throw new Stale(`${identity} does not exist any more`);
    if (live.detailed && seen.incarnation === live.incarnation) refuseUnread(live, seen);
    const drift = staleness(live, seen, type.rules, ownedBy(run));
    refuseMoved(run, task, seen);
    if (step.action === 'update') refuseNewEffects(run, task, seen);
    if (drift.length > 0 && !isPointedBack(run, task, seen))
      throw new Stale(`${identity} has changed since the plan: ${driftText(drift)}`);
    return seen;
  });
  const before = befores.get(step.id) ?? null;
  if (before === null || staleness(before, now, type.rules).length > 0) await journalBefore(run, task, now);
  return now;
}

/**
 * The parts that a step reads: an update that loses nothing, whatever the resource holds, needs no counting of
 * contents, which for a large bucket takes many calls.
 */
const wantedBy = ({ step, type }: Task, identity: string): Wanted => {
  const names = changedProperties(step);
  return step.action === 'update' && step.destruction === null && !judgesByLive(type, names)
    ? { identity, properties: new Set(names) }
    : { identity };
};

/** In a rollback: pointing at what came back under a new identity has done already what this update is for. */
function isPointedBack(run: Run, task: Task, now: LiveResource): boolean {
  const { entry } = task.work;
  if (task.step.action !== 'update' || run.map.size === 0 || now.incarnation !== task.work.live?.incarnation)
    return false;
  const { desired } = contextOf(run, task, now);
  const names = Object.keys(entry.properties ?? {});
  const only = (properties: JsonObject): JsonObject =>
    Object.fromEntries(names.map((name) => [name, properties[name]]));
  return (
    names.length > 0 &&
    restoreDifferences(only(desired), { ...now, properties: only(now.properties) }, task.type.rules).length === 0
  );
}

/** The resource after the undo of a quiescing that an earlier run left behind; unchanged where there is none. */
async function reopened(run: Run, task: Task, live: LiveResource): Promise<LiveResource> {
  const { ports } = run;
  const { reopen: order } = task.work.entry;
  if (order === undefined) return live;
  await reopen(run, task, order);
  const now = await readWholly(ports.session, task.type, live.identity, ports.clock.now());
  if (now === null) throw new Stale(`${live.identity} does not exist any more`);
  return now;
}

async function createStep(run: Run, task: Task): Promise<StepEnd> {
  const after = await createNew(run, task, contextOf(run, task, null, { action: 'create' }));
  return { state: 'done', identity: after.identity, after, message: null };
}

/** Creates, waits until it is stable, reads it and compares it with what was wanted. */
export async function createNew(run: Run, task: Task, context: StepContext): Promise<LiveResource> {
  const { step, type } = task;
  if (type.create === undefined) throw new StepFailed(`${type.type} cannot be created by this version`);
  const { identity } = await runStepProgram(run, task, type.create(context), { purpose: 'change' });
  await noteNew(run, step.id, identity);
  if (type.waitUntilStable !== undefined)
    await runStepProgram(run, task, type.waitUntilStable(identity), { purpose: 'change', settling: true });
  return (await readBack(run, task, identity, context.desired, Object.keys(context.desired))).after;
}

async function updateStep(run: Run, task: Task, live: LiveResource): Promise<StepEnd> {
  const { step, work } = task;
  // Values that are known only now are judged before anything else of the step.
  const context = contextOf(run, task, live);
  await putUpdateManifest(run, task, live);
  if (isPointedBack(run, task, live))
    run.effects.note({
      type: task.type.type,
      identity: live.identity,
      what: 'changed',
      before: work.live ?? live,
      after: null,
      wanted: context.desired,
    });
  else await update(run, task, context);
  const { after, pending, differing } = await readBack(
    run,
    task,
    live.identity,
    context.desired,
    Object.keys(work.entry.properties ?? {}),
  );
  if (work.entry.reopen === undefined && work.entry.repoint === undefined)
    await noticeOthers(run, task, { before: live, after, differing });
  const late = lateText(
    pending,
    after,
    step.changes.map(({ path }) => topOf(path)),
    context.when,
  );
  return { state: late === null ? 'done' : 'pending', identity: live.identity, after, message: late };
}

/**
 * The sentence about changes that are accepted and not in effect; null where all of them are. `changed`: properties of
 * the step.
 */
export function lateText(
  pending: readonly string[],
  after: LiveResource,
  changed: readonly string[],
  when: StepContext['when'],
): string | null {
  const inactive = [...new Set(changed)].flatMap((name) =>
    after.inactive?.[name] === undefined
      ? []
      : [`${name} is set and not in effect: AWS says ${quote(after.inactive[name] ?? '')}`],
  );
  const later =
    pending.length === 0
      ? []
      : [`${pending.join(', ')} will be changed by AWS later${when === 'window' ? ', in the maintenance window' : ''}`];
  return later.length + inactive.length === 0 ? null : [...later, ...inactive].join('; ');
}

export async function update(run: Run, task: Task, context: StepContext): Promise<void> {
  const { type } = task;
  if (type.update === undefined || context.live === null)
    throw new StepFailed(`${type.type} cannot be updated by this version`);
  run.effects.note({
    type: type.type,
    identity: context.live.identity,
    what: 'changed',
    before: task.work.live ?? context.live,
    after: null,
    wanted: context.desired,
  });
  await runStepProgram(run, task, type.update(context), { purpose: 'change' });
  // A tag changes no state of anything: there is nothing to wait for.
  const isTagged = context.changes.length > 0 && context.changes.every(({ path }) => topOf(path) === 'Tags');
  if (type.waitUntilStable !== undefined && !isTagged)
    await runStepProgram(run, task, type.waitUntilStable(context.live.identity), { purpose: 'change' });
}

async function deleteStep(run: Run, task: Task, live: LiveResource): Promise<StepEnd> {
  const { step, work, type } = task;
  let now = live;
  if (step.changes.length > 0 && Object.keys(work.entry.properties ?? {}).length > 0) {
    // The `properties` of a delete (protection off, say) are set first, as part of the confirmed step.
    await update(run, task, contextOf(run, task, live, { action: 'delete' }));
    const whole = await readWholly(run.ports.session, type, live.identity, run.ports.clock.now());
    if (whole === null) throw new Stale(`${live.identity} does not exist any more`);
    refuseOthers(run, task, live, whole);
    now = whole;
  }
  await destroy(run, task, now);
  return { state: 'done', identity: live.identity, after: null, message: null };
}

/** Quiet, captured, beside its manifest, and only then gone. */
export async function destroy(run: Run, task: Task, live: LiveResource): Promise<void> {
  const { step, type } = task;
  const { journal } = run.ports;
  if (type.remove === undefined) throw new StepFailed(`${type.type} cannot be deleted by this version`);
  const context = await prepareDestruction(run, task, live, () => recheckBeforeDestroy(run, task, live));
  // From here on calls take away: a rollback must know that what is still there may be incomplete.
  await journal.append({
    kind: 'step',
    step: step.id,
    state: 'started',
    identity: live.identity,
    after: null,
    message: removing,
  });
  const first = journal.records.length;
  run.effects.note({
    type: type.type,
    identity: live.identity,
    what: 'removed',
    before: live,
    after: null,
    wanted: null,
  });
  try {
    await runStepProgram(run, task, type.remove(context), { purpose: 'change' });
  } catch (error) {
    const effect = journal.records
      .slice(first)
      .some(
        (record) =>
          record.kind === 'outcome' && record.step === step.id && (record.ok || record.executed === 'unknown'),
      );
    const isGone = await isGoneAlready(run, task, live, error);
    // The quiescing is undone only where no part of the removal can have happened. A resource that lost a part stays
    // closed, so that nobody writes into the gap before a rollback restores that part.
    if (!isGone && !(error instanceof InDoubt) && (!effect || (await isWhole(run, task, context))))
      await unquiesce(run, task, live, error);
    if (!isGone) throw error;
    await recordFinding(
      run,
      step.id,
      'removed-already',
      `${live.identity} was on its way out or gone when AWS got to its removal (${messageOf(error)}): an earlier delivery of the call took it away, or somebody else did`,
    );
    if (type.removed !== undefined) await runStepProgram(run, task, type.removed(context), { purpose: 'change' });
  }
  if (type.gone !== undefined)
    await runStepProgram(run, task, type.gone(live.identity, live.incarnation), { purpose: 'change' });
}

/**
 * AWS may answer a removal and take nothing, as S3 where a policy denies every object. A resource that cannot be read
 * is not known to be whole (law 9).
 */
async function isWhole(run: Run, task: Task, context: StepContext): Promise<boolean> {
  const untouched = task.type.capture?.untouched;
  if (untouched === undefined || context.capture === undefined) return false;
  try {
    return await runReadOnly(run, task, untouched(context, context.capture));
  } catch (error) {
    if (
      error instanceof AwsError ||
      error instanceof UserError ||
      error instanceof StepFailed ||
      error instanceof InDoubt
    )
      return false;
    throw error;
  }
}

async function replaceStep(run: Run, task: Task, live: LiveResource): Promise<StepEnd> {
  const { step, work } = task;
  const context = (): StepContext => contextOf(run, task, live);
  if (work.entry.order === 'delete-first') {
    await destroy(run, task, live);
    const after = await createNew(run, task, context());
    return { state: 'done', identity: after.identity, after, message: null };
  }
  const after = await createNew(run, task, context());
  run.outputs.set(step.id, after);
  await destroy(run, task, live);
  return { state: 'done', identity: after.identity, after, message: null };
}

/**
 * Reads what a step changed and compares the named properties with what was wanted. A difference is read again a few
 * times, because AWS is eventually consistent; one that stays is a finding, never an automatic rollback.
 */
export async function readBack(
  run: Run,
  task: Task,
  identity: string,
  desired: JsonObject,
  names: readonly string[],
): Promise<{
  readonly after: LiveResource;
  readonly pending: readonly string[];
  readonly differing: readonly string[];
}> {
  const { ports } = run;
  const { step, type } = task;
  const wanted = Object.fromEntries(names.map((name) => [name, desired[name]]));
  ports.emit({ kind: 'stage', step: step.id, stage: 'verify' });
  for (let tries = 1; ; tries += 1) {
    const after = await run.reads.whole(step.id, type, wantedBy(task, identity));
    const told = after === null ? null : verification(wanted, after, type.rules, task.work.entry.properties);
    if (after !== null && told !== null && told.differences.length === 0)
      return { after, pending: told.pending, differing: [] };
    if (tries < 4) {
      await ports.clock.sleep(paceOf(ports.pace).pollStart * tries);
    } else if (after === null || told === null) {
      throw new StepFailed(`${identity} cannot be found after the change`);
    } else {
      await recordFinding(
        run,
        step.id,
        'verified-differently',
        `${identity} is not as wanted: ${driftText(told.differences)}`,
      );
      return { after, pending: told.pending, differing: told.differences.map(({ path }) => path) };
    }
  }
}
