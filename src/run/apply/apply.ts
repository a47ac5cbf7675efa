import { exitCodes, UserError } from '../../base/error.ts';
import type { RunOutcome } from '../../domain/records/journal.ts';
import type { ApprovedPlan } from '../../domain/plan.ts';
import type { ApplyPorts } from '../../domain/records/ports.ts';
import type { ResourceType } from '../../domain/resource-type.ts';
import type { Report } from '../../domain/records/report.ts';
import { applyStep, looksFirst } from './apply-step.ts';
import { repointAll, verifyAwaiting } from './apply-restore.ts';
import { captureAll, putRun } from './capture-phase.ts';
import { runSteps } from './change-phase.ts';
import { stopsNoOther, undoSteps } from './undo-steps.ts';
import { checkedOf } from './checks.ts';
import { movedObservations } from '../drift/confirmed-evidence.ts';
import { isOfTheStore, messageOf, renewOrStop, RunStopped, Stale, StepFailed } from '../executor/interruptions.ts';
import { hasDrifted, staleSteps } from '../drift/stale-steps.ts';
import { reportOf } from '../../history/journal-reading.ts';
import { keepEnd } from './run-end.ts';
import {
  beginRun,
  enter,
  recordFinding,
  unauthored,
  tasksOf,
  type Run,
  type StepEnd,
  type Task,
} from './run-context.ts';

/** Problems that were found before the first mutation. */
class Blocked extends Error {}

/**
 * Carries out an approved plan, or an approved rollback: recheck, preflight, captures, changes, each step verified. The
 * journal tells everything; the report is made from it. Mutating calls go one at a time, waits overlap; after a failure
 * nothing more is started. Throws UserError `store-unwritable` when the journal cannot be written (nothing is sent
 * after that), `run-exists` for a journal that is not empty.
 */
export async function apply(approved: ApprovedPlan, ports: ApplyPorts): Promise<Report> {
  const { journal } = ports;
  if (journal.records.length > 0)
    throw new UserError('run-exists', `run "${journal.run}" has begun already`, {
      help: 'start again; a new run gets a new name',
    });
  const { plan, approval } = approved;
  await journal.append({
    kind: 'begin',
    format: 'aiplan/journal@1',
    run: journal.run,
    command: plan.rollbackOf === null ? 'apply' : 'rollback',
    target: plan.target,
    plan: { ...plan, steps: plan.steps.map((step) => ({ ...step, changes: unauthored(step.changes) })) },
    approval,
    ...ports.left,
  });
  return conclude(ports, () => inPhases(approved, ports));
}

/** Does the work of a run, and writes how it ended. Throws UserError `store-unwritable`. */
export async function conclude(ports: ApplyPorts, work: () => Promise<void>): Promise<Report> {
  const { journal } = ports;
  let end: { readonly outcome: RunOutcome; readonly message: string | null };
  try {
    await work();
    end = { outcome: 'done', message: null };
  } catch (error) {
    if (isOfTheStore(error)) {
      await lastWord(ports, error);
      throw unwritable(error, reportOf(journal.records));
    }
    end = { outcome: outcomeOf(error), message: messageOf(error) };
  }
  await keepEnd(ports, end.outcome);
  await journal.append({ kind: 'end', ...end });
  const report = reportOf(journal.records);
  ports.emit({ kind: 'end', outcome: end.outcome, text: endText(report) });
  return report;
}

const staleText = (steps: string): string =>
  `what is live, or the change plan or the configuration, has changed since the plan was reviewed${steps === '' ? '' : `, for ${steps}`}; nothing was changed. Plan and review again`;

async function inPhases(approved: ApprovedPlan, ports: ApplyPorts): Promise<void> {
  await enter({ ports }, 'recheck');
  await renewOrStop(ports.session);
  refuseStop(ports);
  const planned = await ports.replan();
  const rulesOf = (type: string): ResourceType['rules'] | undefined => ports.types.get(type)?.rules;
  if (planned.plan.digest !== approved.plan.digest || hasDrifted(approved, planned, rulesOf))
    throw new Stale(staleText(staleSteps(approved, planned, rulesOf)));
  const moved = movedObservations(approved.approval, approved.plan, planned.plan, rulesOf);
  if (moved !== '')
    throw new Stale(
      `what was observed is far from what was confirmed: ${moved}; nothing was changed. Plan and review again`,
    );
  const run = beginRun(planned, approved.approval, ports);
  const tasks = tasksOf(run);
  await checkAll(run, tasks);
  await captureSteps(run, tasks);

  await enter(run, 'change');
  await renewOrStop(ports.session);
  const lastRestore = tasks.findLastIndex(
    ({ work }) => work.entry.restore !== undefined || work.entry.repoint !== undefined,
  );
  const each = (task: Task): Promise<void> =>
    looksFirst(task) ? run.reads.beginning(task.step.id, () => changeAll(run, task)) : changeAll(run, task);
  // Before anything that the run made is taken away, nothing may point at a former identity any more.
  const repoint = async (): Promise<void> => {
    if (lastRestore < 0) return;
    await repointAll(run, tasks);
    await verifyAwaiting(run, tasks);
  };
  if (approved.plan.rollbackOf !== null) return undoSteps(tasks, lastRestore + 1, each, repoint);
  await runSteps(tasks.slice(0, lastRestore + 1), each);
  await repoint();
  await runSteps(tasks.slice(lastRestore + 1), each);
}

/**
 * Phase preflight. Throws Blocked with every problem in the journal. `begun`: steps that an earlier session of the run
 * had begun.
 */
export async function checkAll(run: Run, tasks: readonly Task[], begun?: ReadonlySet<string>): Promise<void> {
  await enter(run, 'preflight');
  await renewOrStop(run.ports.session);
  const { problems, losses } = await checkedOf(run, tasks, begun);
  for (const { step, code, message } of [...problems, ...losses]) await recordFinding(run, step, code, message);
  if (problems.length > 0)
    throw new Blocked(
      `${problems.length === 1 ? 'a problem was' : `${problems.length} problems were`} found before the first change; nothing was changed`,
    );
  refuseStop(run.ports);
}

/** Phase capture. `keeps`: steps whose capture of an earlier session stays the one from before the step. */
export async function captureSteps(run: Run, tasks: readonly Task[], keeps?: ReadonlySet<string>): Promise<void> {
  await enter(run, 'capture');
  await renewOrStop(run.ports.session);
  try {
    await captureAll(run, tasks, keeps);
    await putRun(run, tasks);
  } catch (error) {
    if (!isOfTheRun(error)) throw error;
    const so = keeps === undefined ? 'nothing was changed' : 'nothing more was changed';
    throw wrapped(
      error,
      `${error instanceof RunStopped ? 'stopped while captures were taken' : 'a capture failed'}, so ${so}: ${messageOf(error)}`,
    );
  }
}

/** One step with its beginning and its end in the journal; `work` is what it does. */
export async function changeAll(
  run: Run,
  task: Task,
  work: (run: Run, task: Task) => Promise<StepEnd> = applyStep,
): Promise<void> {
  const { ports } = run;
  const { step } = task;
  refuseStop(ports);
  await ports.journal.append({
    kind: 'step',
    step: step.id,
    state: 'started',
    identity: step.action === 'create' ? null : step.identity,
    after: null,
    message: null,
  });
  ports.emit({ kind: 'step', step: step.id, state: 'started', text: `${step.action} ${step.identity ?? step.id}` });
  let end: StepEnd;
  try {
    end = await work(run, task);
  } catch (error) {
    // In an undo what one resource refuses stops no other; whoever has to do with it is not begun.
    const failure = isOfTheRun(error) ? wrapped(error, messageOf(error)) : error;
    if (run.planned.plan.rollbackOf === null || !stopsNoOther(failure)) run.calls.failing = true;
    try {
      // A pause is no failure: the step stays open and the run can be resumed.
      if (!isOfTheRun(error) || error instanceof RunStopped) throw error;
      await ports.journal.append({
        kind: 'step',
        step: step.id,
        state: 'failed',
        identity: null,
        after: null,
        message: messageOf(error),
      });
      ports.emit({ kind: 'step', step: step.id, state: 'failed', text: messageOf(error) });
      throw wrapped(error, `"${step.id}" failed: ${messageOf(error)}`);
    } finally {
      // Only now may the next step in line learn that it is held back: the failure itself is what ends the run.
      run.calls.turn.leave(step.id);
    }
  }
  run.calls.turn.leave(step.id);
  if (end.after === null) run.outputs.delete(step.id);
  else {
    run.outputs.set(step.id, end.after);
    run.effects.read(step.type, end.after);
  }
  await ports.journal.append({ kind: 'step', step: step.id, ...end });
  ports.emit({ kind: 'step', step: step.id, state: end.state, text: end.message ?? `${end.identity ?? step.id}` });
}

export function refuseStop({ stop }: ApplyPorts): void {
  if (stop.aborted) throw new RunStopped('stopped before the next step');
}

/** Every failure that the journal can still tell. */
const isOfTheRun = (error: unknown): error is Error => error instanceof Error && !isOfTheStore(error);

/** The end of a run whose journal could not take a line: there may be room left for this one. */
async function lastWord({ journal }: ApplyPorts, cause: UserError): Promise<void> {
  try {
    await journal.append({ kind: 'end', outcome: 'stopped', message: cause.message });
  } catch (error) {
    // Then the journal stays without an end, which says the same.
    if (!isOfTheStore(error)) throw error;
  }
}

/** The same kind of interruption with more words. */
function wrapped(error: Error, message: string): Error {
  if (error instanceof Stale) return new Stale(message);
  if (error instanceof RunStopped) return new RunStopped(message, error);
  return new StepFailed(message, error);
}

function outcomeOf(error: unknown): RunOutcome {
  if (!isOfTheRun(error)) throw error;
  if (error instanceof Stale) return 'stale';
  if (error instanceof RunStopped) return 'stopped';
  return error instanceof Blocked ? 'blocked' : 'failed';
}

/** The journal cannot say any more where the run stands, so the error does. */
function unwritable(error: UserError, report: Report): UserError {
  const { where, help } = error;
  return new UserError(
    error.code,
    `${error.message}. The run stopped at once${report.calls === 0 ? ', and nothing was changed' : ''}: ${endText({ ...report, outcome: 'stopped', message: null })}`,
    {
      exitCode: report.calls === 0 ? exitCodes.error : exitCodes.applyFailed,
      cause: error,
      ...(where === undefined ? {} : { where }),
      ...(help === undefined ? {} : { help }),
    },
  );
}

function endText({ steps, message, outcome }: Report): string {
  const count = (...states: readonly string[]): number => steps.filter(({ state }) => states.includes(state)).length;
  const parts = [
    `${count('done', 'kept')} done`,
    ...[['pending'], ['failed'], ['doubt'], ['open'], ['not-started']].flatMap((states) => {
      const number = count(...states);
      return number === 0
        ? []
        : [`${number} ${states[0] === 'doubt' ? 'in doubt' : (states[0]?.replace('-', ' ') ?? '')}`];
    }),
  ];
  return `${outcome}: ${parts.join(', ')}${message === null ? '' : `. ${message}`}`;
}
