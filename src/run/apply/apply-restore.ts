import type { ReopenOrder, RestoreOrder } from '../../domain/change-plan.ts';
import { AwsError } from '../../base/error.ts';
import { isObject, type Json } from '../../base/json.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { StepContext } from '../../domain/resource-type.ts';
import { restoredFrom } from '../../plan/steps/restored-resource.ts';
import { openAgain } from './capture-phase.ts';
import { messageOf, StepFailed } from '../executor/interruptions.ts';
import { paceOf } from '../../domain/records/poll-intervals.ts';
import { readWholly } from '../executor/reading.ts';
import {
  callsOf,
  contextOf,
  recordFinding,
  noteNew,
  runStepProgram,
  remapped,
  type Run,
  type StepEnd,
  type Task,
} from './run-context.ts';
import { mentions } from '../../domain/identity.ts';
import { driftText, restoreDifferences } from '../drift/read-back.ts';
import { elsewhere, wayOut } from '../../domain/wording.ts';
import type { Capture } from '../../domain/capture-plan.ts';

/**
 * Brings a destroyed resource back from its capture, waits until it is stable and compares it with what was captured.
 * Every captured identity passes through this run's map of old → new ones.
 */
export async function restoreStep(run: Run, task: Task, order: RestoreOrder): Promise<StepEnd> {
  const { ports, map } = run;
  const { step, type } = task;
  if (type.capture === undefined) throw new StepFailed(`${type.type} cannot be restored by this version`);
  const operations = type.capture;
  const capture = captureOf(order.capture, step.id);
  if (order.apart === undefined) await formerGone(run, task, order);
  const inside = await cameInside(run, task, order);
  const result =
    inside ??
    (await brought(task, order, () =>
      runStepProgram(run, task, operations.restore(restoreContext(run, task, order), capture), { purpose: 'restore' }),
    ));
  await noteNew(run, step.id, result.identity);
  // A restore beside the original replaces no resource.
  const isMoved = order.apart === undefined && result.identity !== order.formerIdentity;
  if (isMoved)
    run.effects.note({
      type: type.type,
      identity: order.formerIdentity,
      what: 'removed',
      before: order.live ?? null,
      after: null,
      wanted: null,
    });
  const moved =
    order.apart !== undefined ? {} : { ...result.map, ...(isMoved ? { [order.formerIdentity]: result.identity } : {}) };
  await ports.journal.append({ kind: 'remapped', step: step.id, map: moved });
  for (const [from, to] of Object.entries(moved)) map.set(from, to);
  if (type.waitUntilStable !== undefined)
    await runStepProgram(run, task, type.waitUntilStable(result.identity), { purpose: 'restore', settling: true });
  const after = await restoredAs(run, task, order, result.identity);
  return {
    state: 'done',
    identity: result.identity,
    after,
    message: result.identity === order.formerIdentity ? null : `${order.formerIdentity} is now ${result.identity}`,
  };
}

/**
 * Another step of the run brought it along under a new id, as an instance its root volume: it is back, and nothing is
 * made beside it.
 */
async function cameInside(
  run: Run,
  { type }: Task,
  { formerIdentity, apart, remains }: RestoreOrder,
): Promise<{ readonly identity: string; readonly map: Readonly<Record<string, string>> } | null> {
  const identity = run.map.get(formerIdentity);
  if (identity === undefined || identity === formerIdentity || apart !== undefined || remains !== undefined)
    return null;
  const live = await readWholly(run.ports.session, type, identity, run.ports.clock.now());
  return live === null || type.rules.goneStates.includes(live.state) ? null : { identity, map: {} };
}

/**
 * AWS's refusal of a restore, with what can be done about it. A key that is disabled or about to be deleted is the
 * person's to mend.
 */
async function brought<Result>(
  { type }: Task,
  { run, step, apart }: RestoreOrder,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AwsError) || error.executed !== 'no') throw error;
    const key = /kms|\bkey\b/iu.test(`${error.code} ${error.message}`)
      ? '; its key must be usable: aws kms enable-key, after aws kms cancel-key-deletion where its deletion was scheduled'
      : '';
    const room = /^Insufficient\w*Capacity/u.test(error.code) ? elsewhere(type) : '';
    const otherwise =
      apart === undefined
        ? `; what is captured stays, and can be brought out otherwise: ${wayOut(run, step, type)}`
        : '; what is captured stays';
    throw new StepFailed(`${messageOf(error)}${key}${otherwise}${room}`, error);
  }
}

/** The former one may still be on its way out: until it is gone it holds its volumes, addresses and name. */
async function formerGone(run: Run, task: Task, { formerIdentity, formerIncarnation }: RestoreOrder): Promise<void> {
  const { type } = task;
  if (type.gone === undefined) return;
  const { resources } = await type.read(run.ports.session, {
    identities: [formerIdentity],
    all: false,
    detailed: new Set(),
  });
  const leaving = resources.some(
    ({ identity, incarnation, state }) =>
      identity === formerIdentity && incarnation === formerIncarnation && type.rules.goneStates.includes(state),
  );
  if (leaving) await runStepProgram(run, task, type.gone(formerIdentity, formerIncarnation), { purpose: 'restore' });
}

/** The capture in an order. Throws StepFailed for one that was not journaled by this program. */
export function captureOf(value: Json, step: string): Capture {
  if (!isObject(value) || typeof value['how'] !== 'string' || !isObject(value['refs']) || !isObject(value['extras']))
    throw new StepFailed(`the capture that "${step}" restores from cannot be understood`);
  return value as unknown as Capture;
}

/** `live` is the resource as captured; the resource itself is gone. `lenient`: for checks before the first step. */
export function restoreContext(run: Run, task: Task, order: RestoreOrder, lenient = false): StepContext {
  const made = restoredFrom(task.type, order);
  if ('blocked' in made) throw new StepFailed(`"${task.step.id}": ${made.blocked}`);
  const { remains, tries, apart } = order;
  return {
    ...contextOf(run, task, made, { action: 'create', lenient }),
    ...(apart === undefined ? {} : { apart: order.formerIdentity }),
    capture: captureOf(order.capture, task.step.id),
    ...(remains === undefined ? {} : { remains }),
    ...(tries === undefined ? {} : { tries }),
  };
}

async function restoredAs(run: Run, task: Task, order: RestoreOrder, identity: string): Promise<LiveResource> {
  const { step, type } = task;
  const { ports, map } = run;
  const yetToCome = (restoreContext(run, task, order).returning ?? []).filter(
    (other) => other !== order.formerIdentity && !map.has(other),
  );
  ports.emit({ kind: 'stage', step: step.id, stage: 'verify' });
  for (let tries = 1; ; tries += 1) {
    const after = await readWholly(ports.session, type, identity, ports.clock.now());
    const made = restoredFrom(type, order);
    const captured = remapped('blocked' in made ? {} : made.properties, map);
    const all = after === null || !isObject(captured) ? [] : restoreDifferences(captured, after, type.rules);
    // What names something that a later step brings back is made then, under its new identity.
    const differences = all.filter(({ before }) => !yetToCome.some((other) => mentions(before, other)));
    if (differences.length < all.length) run.awaiting.set(step.id, identity);
    if (after !== null && differences.length === 0) return after;
    if (tries < 4) {
      await ports.clock.sleep(paceOf(ports.pace).pollStart * tries);
    } else if (after === null) {
      throw new StepFailed(`${identity} cannot be found after the restore`);
    } else {
      await recordFinding(
        run,
        step.id,
        'restored-differently',
        `${identity} is not in everything as it was captured: ${driftText(differences)}`,
      );
      return after;
    }
  }
}

/** After all restores: what referred to something that has a new identity now is pointed at it. */
export async function repointAll(run: Run, tasks: readonly Task[]): Promise<void> {
  for (const task of tasks) {
    const order = task.work.entry.restore ?? task.work.entry.repoint;
    const to = order === undefined ? undefined : run.map.get(order.formerIdentity);
    if (order === undefined || order.apart !== undefined || to === undefined || task.type.repoint === undefined)
      continue;
    const capture = captureOf(order.capture, task.step.id);
    const context = restoreContext(run, task, order);
    await runStepProgram(run, task, task.type.repoint(context, capture, to), {
      purpose: 'repoint',
      declared: callsOf(task.type.repoint(context, capture, to)),
    });
  }
}

/** Compares once more what named something that was not back yet when it was restored itself. */
export async function verifyAwaiting(run: Run, tasks: readonly Task[]): Promise<void> {
  for (const task of tasks) {
    const identity = run.awaiting.get(task.step.id);
    const order = task.work.entry.restore;
    if (identity !== undefined && order !== undefined) await restoredAs(run, task, order, identity);
  }
}

/** Takes back a quiescing that an earlier run left behind: the destruction that it was for did not happen. */
export async function reopen(run: Run, task: Task, order: ReopenOrder): Promise<void> {
  const { capture: operations, waitUntilStable } = task.type;
  if (operations?.unquiesce === undefined) return;
  const context: StepContext = {
    ...contextOf(run, task, order.live, { action: 'delete' }),
    ...(order.capture === null ? {} : { capture: captureOf(order.capture, task.step.id) }),
  };
  run.effects.note({
    type: task.type.type,
    identity: order.live.identity,
    what: 'changed',
    before: order.live,
    after: null,
    wanted: order.live.properties,
  });
  await openAgain(run, task, context, operations.unquiesce, false);
  if (waitUntilStable !== undefined)
    await runStepProgram(run, task, waitUntilStable(order.live.identity), { purpose: 'undo' });
}
