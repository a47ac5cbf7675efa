import { canonical, sha256 } from '../../base/digest.ts';
import { AwsError, UserError } from '../../base/error.ts';
import type { LiveResource } from '../../domain/live.ts';
import type { CaptureOperations, StepContext } from '../../domain/resource-type.ts';
import { isOfTheStore, messageOf, Stale, StepFailed } from '../executor/interruptions.ts';
import { OtherResource } from './concurrent-changes.ts';
import { longer, paceOf } from '../../domain/records/poll-intervals.ts';
import { mapBounded } from '../../base/pool.ts';
import { readWholly } from '../executor/reading.ts';
import {
  contextOf,
  enter,
  recordFinding,
  journalBefore,
  runStepProgram,
  callsOf,
  unauthored,
  type Run,
  type Task,
} from './run-context.ts';
import { recordsOf, undoneCodes } from '../../history/journal-reading.ts';
import { stopOf } from '../executor/send.ts';
import { staleness } from '../drift/staleness.ts';
import { driftText } from '../drift/read-back.ts';
import { holdsData, type Capture } from '../../domain/capture-plan.ts';

/** Captures that are taken at once. */
const width = 4;

/**
 * Writes the configuration of everything that will change to the journal, then takes and verifies the captures that
 * need no quiesced resource. On any failure the captures in flight end, nothing is changed, and the failure is thrown.
 * The states that the journal of a resumed run has already stay as they are; `keeps` names the steps whose captures
 * stay too.
 */
export async function captureAll(
  run: Run,
  tasks: readonly Task[],
  keeps: ReadonlySet<string> = new Set(),
): Promise<void> {
  await mapBounded(
    tasks.filter(({ step }) => !run.befores.has(step.id)),
    width,
    async (task) => journalBefore(run, task, await wholeBefore(run, task)),
  );
  const early = tasks.filter(
    (task) => needsCapture(task) && task.work.capturePlan?.late !== true && !keeps.has(task.step.id),
  );
  await mapBounded(early, width, async (task) => {
    await takeCapture(run, task, contextOf(run, task, run.befores.get(task.step.id) ?? null, { lenient: true }));
  });
}

/**
 * True when the step's data or configuration is captured by its type, beside the journal. Where a part of the data
 * cannot be captured (`impossible`, as of instance store), the rest of it is.
 */
function needsCapture({ work, type, step }: Task): boolean {
  const plan = work.capturePlan;
  return (
    step.action !== 'create' &&
    step.action !== 'keep' &&
    work.live !== null &&
    type.capture !== undefined &&
    plan !== null &&
    plan.how !== 'none'
  );
}

/** The resource with every property: what a plain read left out is read now (law 4). */
async function wholeBefore({ ports }: Run, { work, type }: Task): Promise<LiveResource | null> {
  const { live } = work;
  if (live === null || live.detailed) return live;
  const whole = await readWholly(ports.session, type, live.identity, ports.clock.now());
  if (whole === null) throw new Stale(`${live.identity} does not exist any more`);
  const drift = staleness(live, whole, type.rules);
  if (drift.length > 0) throw new Stale(`${live.identity} has changed since the plan: ${driftText(drift)}`);
  return whole;
}

/** Takes a capture and reads it back. Throws StepFailed unless it is complete. */
async function takeCapture(run: Run, task: Task, context: StepContext): Promise<Capture> {
  const { ports } = run;
  const { step, type } = task;
  const operations = type.capture;
  if (operations === undefined) throw new StepFailed(`${type.type} has no capture`);
  const capture = await runStepProgram(run, task, operations.take(context), { purpose: 'capture' });
  const problems = await runStepProgram(run, task, operations.verify({ ...context, capture }, capture), {
    purpose: 'capture',
    stage: 'verify-capture',
  });
  const verified = problems.length === 0;
  await ports.journal.append({ kind: 'captured', step: step.id, capture, verified, problems });
  if (!verified) throw new StepFailed(`the capture of "${step.id}" is not complete: ${problems.join('; ')}`);
  run.captures.set(step.id, capture);
  ports.emit({ kind: 'captured', step: step.id, text: task.work.capturePlan?.what ?? step.capture.what });
  return capture;
}

/**
 * Prepares a destruction: quiescing, late capture, manifest beside the data. If one of these fails, the quiescing is
 * undone and the failure is thrown; nothing was destroyed. `recheck` re-reads the resource at the very end. Answers
 * the context with the capture.
 */
export async function prepareDestruction(
  run: Run,
  task: Task,
  live: LiveResource,
  recheck: () => Promise<void>,
): Promise<StepContext> {
  const { type, work } = task;
  const context = contextOf(run, task, live);
  try {
    if (type.capture?.quiesce !== undefined)
      await runStepProgram(run, task, type.capture.quiesce(context), { purpose: 'quiesce' });
    if (needsCapture(task) && work.capturePlan?.late === true) await takeCapture(run, task, context);
    requireCapture(run, task);
    await putManifest(run, task, live);
    await recheck();
  } catch (error) {
    if (!(error instanceof OtherResource)) await unquiesce(run, task, live, error);
    throw error;
  }
  return contextOf(run, task, live);
}

/**
 * Law 4 once more, right before the call that destroys: no verified capture of this session in the journal, no
 * destruction.
 */
function requireCapture({ ports, captures }: Run, task: Task): void {
  if (!needsCapture(task)) return;
  const taken =
    captures.has(task.step.id) &&
    ports.journal.records.some(
      (record) => record.kind === 'captured' && record.step === task.step.id && record.verified,
    );
  if (!taken) throw new StepFailed(`"${task.step.id}" has no verified capture; it is left alone`);
}

/** Writes configuration, restore recipe and chain head beside the data in AWS. */
async function putManifest(run: Run, task: Task, live: LiveResource): Promise<void> {
  const { ports, planned } = run;
  const { step, work } = task;
  if (ports.vault.bucket === null) return;
  const head = ports.journal.records.at(-1);
  await ports.vault.putManifest(ports.journal.run, step.id, {
    format: 'aiplan/capture@1',
    run: ports.journal.run,
    step: step.id,
    at: new Date(ports.clock.now()).toISOString(),
    target: planned.plan.target,
    planName: planned.plan.name,
    planDigest: planned.plan.digest,
    journalHead: sha256(canonical(head ?? null)),
    live,
    before: run.befores.get(step.id) ?? live,
    entry: { ...work.entry, properties: {} },
    capture: run.captures.get(step.id) ?? null,
    expires: contextOf(run, task, live, { lenient: true }).captureExpires,
  });
}

/**
 * The manifest of a capture that an update relies on: where it holds data, or the update is a destruction. An update
 * that destroys nothing continues where it cannot be written, and says so.
 */
export async function putUpdateManifest(run: Run, task: Task, live: LiveResource): Promise<void> {
  const { step } = task;
  if (step.destruction === null && !holdsData(run.captures.get(step.id))) return;
  try {
    await putManifest(run, task, live);
  } catch (error) {
    if (step.destruction !== null || !isOfTheBucket(error)) throw error;
    await recordFinding(
      run,
      step.id,
      'manifest-not-kept',
      `the manifest of its capture could not be written into the capture bucket: \`aiplan captures restore\` does not bring it out (${messageOf(error)})`,
    );
  }
}

const isOfTheBucket = (error: unknown): boolean =>
  error instanceof AwsError || (error instanceof UserError && !isOfTheStore(error));

/**
 * Writes the plan and everything as it is before into the capture bucket, so that the run can be rolled back without
 * its journal. A run that destroys nothing continues where that is not possible, and says so.
 */
export async function putRun(run: Run, tasks: readonly Task[]): Promise<void> {
  // Where the texts of the change plan lay on this machine is of no use there.
  const {
    ports,
    planned: {
      plan: { texts: _texts, ...plan },
    },
  } = run;
  const befores = recordsOf(ports.journal.records, 'before').map(({ step, live, entry, changes }) => ({
    step,
    live,
    entry,
    changes,
  }));
  if (ports.vault.bucket === null || ports.vault.putRun === undefined || befores.length === 0) return;
  const newest = new Map(befores.map((before) => [before.step, before]));
  try {
    await ports.vault.putRun({
      format: 'aiplan/run@1',
      run: ports.journal.run,
      at: new Date(ports.clock.now()).toISOString(),
      target: plan.target,
      // Without the author's text, which may hold user data: only the encrypted secrets of the bucket may (law 11), and
      // no rollback needs it.
      plan: {
        ...plan,
        changePlan: '',
        steps: plan.steps.map((step) => ({ ...step, changes: unauthored(step.changes) })),
      },
      journalHead: sha256(canonical(ports.journal.records.at(-1) ?? null)),
      befores: plan.steps.flatMap(({ id }) => newest.get(id) ?? []),
      captures: Object.fromEntries(run.captures),
    });
  } catch (error) {
    if (tasks.some(({ step }) => step.destruction !== null) || !isOfTheBucket(error)) throw error;
    await recordFinding(
      run,
      null,
      'run-not-kept',
      `the plan could not be written into the capture bucket: without its journal this run cannot be undone (${messageOf(error)})`,
    );
  }
}

/**
 * Undoes a quiescing because the destruction is not carried out. The undo continues after Ctrl-C, but not after a
 * second one, and its own failure is reported without hiding the first one. Throws only what makes the journal
 * unusable.
 */
export async function unquiesce(run: Run, task: Task, live: LiveResource, cause: unknown): Promise<void> {
  const { ports } = run;
  const { step, type } = task;
  run.calls.failing = true;
  if (isOfTheStore(cause) || type.capture?.unquiesce === undefined || !wasQuiesced(run, step.id)) return;
  await enter(run, 'undo');
  try {
    if (await isAnother(run, task, live)) return;
    await openAgain(run, task, contextOf(run, task, live), type.capture.unquiesce, true);
    await recordFinding(
      run,
      step.id,
      undoneCodes.done,
      `"${step.id}" was stopped or closed to writes for its capture; that was undone`,
    );
  } catch (error) {
    if (isOfTheStore(error)) throw error;
    await recordFinding(
      run,
      step.id,
      undoneCodes.failed,
      `"${step.id}" was stopped or closed to writes for its capture and could not be opened again: ${messageOf(error)}; \`aiplan rollback ${ports.journal.run}\` tries again`,
    );
  }
}

/**
 * True where another resource has the name by now: this run never quiesced that one, and does not touch it. A resource
 * that cannot be read is taken for the one that it was.
 */
async function isAnother({ ports }: Run, { type }: Task, { identity, incarnation }: LiveResource): Promise<boolean> {
  try {
    const now = await readWholly(ports.session, type, identity, ports.clock.now());
    return now !== null && now.incarnation !== incarnation;
  } catch (error) {
    if (error instanceof AwsError || error instanceof StepFailed) return false;
    throw error;
  }
}

/** How often a resource that is still on its way (an instance that is stopping) is asked again: about 15 minutes. */
const patience = 60;

/** Takes a quiescing back, and waits while the resource is still on its way into the state from which it can be. */
export async function openAgain(
  run: Run,
  task: Task,
  context: StepContext,
  program: NonNullable<CaptureOperations['unquiesce']>,
  ignoreStop: boolean,
): Promise<void> {
  const { ports } = run;
  const identity = context.live?.identity ?? '';
  const declared = callsOf(program(context));
  const pace = paceOf(ports.pace);
  let pause = pace.pollStart;
  for (let tries = 1; ; tries += 1) {
    try {
      await runStepProgram(run, task, program(context), { purpose: 'undo', ignoreStop, declared });
      return;
    } catch (error) {
      if (!(error instanceof AwsError) || error.kind !== 'conflict' || error.executed !== 'no' || tries >= patience)
        throw error;
      const now = await readWholly(ports.session, task.type, identity, ports.clock.now());
      ports.emit({
        kind: 'progress',
        step: task.step.id,
        text: `${identity} is ${now?.state ?? 'gone'}; it is opened again when it can be`,
        fraction: null,
      });
      await ports.clock.sleep(pause, stopOf({ ports, ignoreStop }));
      pause = longer(pause, pace.pollMax);
    }
  }
}

const wasQuiesced = ({ ports }: Run, step: string): boolean =>
  ports.journal.records.some(
    (record) =>
      (record.kind === 'intent' || record.kind === 'intent-batch') &&
      record.step === step &&
      record.purpose === 'quiesce',
  );
