import { exitCodes, UserError } from '../model/error.ts';
import type { RunOutcome } from '../model/journal.ts';
import type { ApprovedPlan } from '../model/plan.ts';
import type { ApplyPorts } from '../model/ports.ts';
import type { Report } from '../model/report.ts';
import { applyStep } from './apply-step.ts';
import { repointAll } from './apply-restore.ts';
import { captureAll } from './capture-phase.ts';
import { carryOut } from './change-phase.ts';
import { messageOf, renewOrStop, RunStopped, Stale, StepFailed } from './interruptions.ts';
import { preflight } from './preflight.ts';
import { reportOf } from './report.ts';
import { beginRun, enter, find, unauthored, tasksOf, type Run, type StepEnd, type Task } from './run.ts';

/** Problems that were found before the first mutation. */
class Blocked extends Error {}

/**
 * Carries out an approved plan, or an approved rollback: recheck, preflight, captures, changes, each step verified. The
 * journal tells everything; the report is made from it. Mutating calls go one at a time, waits overlap; after a failure nothing more is
 * started.
 * Throws UserError `store-unwritable` when the journal cannot be written (nothing is sent after that), `run-exists` for a
 * journal that is not empty.
 */
export async function apply(approved: ApprovedPlan, ports: ApplyPorts): Promise<Report> {
  const { journal } = ports;
  if (journal.records.length > 0) throw new UserError('run-exists', `run "${journal.run}" has begun already`, { help: 'start again; a new run gets a new name' });
  const { plan, approval } = approved;
  await journal.append({ kind: 'begin', format: 'aiplan/journal@1', run: journal.run, command: plan.rollbackOf === null ? 'apply' : 'rollback', target: plan.target, plan: { ...plan, steps: plan.steps.map((step) => ({ ...step, changes: unauthored(step.changes) })) }, approval });
  let end: { readonly outcome: RunOutcome; readonly message: string | null };
  try {
    await inPhases(approved, ports);
    end = { outcome: 'done', message: null };
  } catch (error) {
    if (error instanceof UserError && error.code === 'store-unwritable') throw unwritable(error, reportOf(journal.records));
    end = { outcome: outcomeOf(error), message: messageOf(error) };
  }
  await journal.append({ kind: 'end', ...end });
  const report = reportOf(journal.records);
  ports.emit({ kind: 'end', outcome: end.outcome, text: endText(report) });
  return report;
}

async function inPhases(approved: ApprovedPlan, ports: ApplyPorts): Promise<void> {
  await enter({ ports }, 'recheck');
  await renewOrStop(ports.session);
  refuseStop(ports);
  const planned = await ports.replan();
  if (planned.plan.digest !== approved.plan.digest) throw new Stale('what is live, or the change plan or the configuration, has changed since the plan was reviewed; nothing was changed. Plan and review again');
  const run = beginRun(planned, approved.approval, ports);
  const tasks = tasksOf(run);

  await enter(run, 'preflight');
  await renewOrStop(ports.session);
  const problems = await preflight(run, tasks);
  for (const { step, code, message } of problems) await find(run, step, code, message);
  if (problems.length > 0) throw new Blocked(`${problems.length === 1 ? 'a problem was' : `${problems.length} problems were`} found before the first change; nothing was changed`);
  refuseStop(ports);

  await enter(run, 'capture');
  await renewOrStop(ports.session);
  try {
    await captureAll(run, tasks);
  } catch (error) {
    if (!isOfTheRun(error)) throw error;
    throw wrapped(error, `a capture failed, so nothing was changed: ${messageOf(error)}`);
  }

  await enter(run, 'change');
  await renewOrStop(ports.session);
  const lastRestore = tasks.findLastIndex(({ work }) => work.entry.restore !== undefined || work.entry.repoint !== undefined);
  const each = (task: Task): Promise<void> => carriedOut(run, task);
  await carryOut(tasks.slice(0, lastRestore + 1), each);
  // Before anything that the run made is taken away, nothing may point at a former identity any more.
  if (lastRestore >= 0) await repointAll(run, tasks);
  await carryOut(tasks.slice(lastRestore + 1), each);
}

async function carriedOut(run: Run, task: Task): Promise<void> {
  const { ports } = run;
  const { step } = task;
  refuseStop(ports);
  await ports.journal.append({ kind: 'step', step: step.id, state: 'started', identity: step.action === 'create' ? null : step.identity, after: null, message: null });
  ports.emit({ kind: 'step', step: step.id, state: 'started', text: `${step.action} ${step.identity ?? step.id}` });
  let end: StepEnd;
  try {
    end = await applyStep(run, task);
  } catch (error) {
    run.calls.failing = true;
    run.calls.turn.leave(step.id);
    // A pause is no failure: the step stays open and the run can be resumed.
    if (isOfTheRun(error) && !(error instanceof RunStopped)) {
      await ports.journal.append({ kind: 'step', step: step.id, state: 'failed', identity: null, after: null, message: messageOf(error) });
      ports.emit({ kind: 'step', step: step.id, state: 'failed', text: messageOf(error) });
      throw wrapped(error, `"${step.id}" failed: ${messageOf(error)}`);
    }
    throw error;
  }
  run.calls.turn.leave(step.id);
  if (end.after === null) run.outputs.delete(step.id);
  else run.outputs.set(step.id, end.after);
  await ports.journal.append({ kind: 'step', step: step.id, ...end });
  ports.emit({ kind: 'step', step: step.id, state: end.state, text: end.message ?? `${end.identity ?? step.id}` });
}

function refuseStop({ stop }: ApplyPorts): void {
  if (stop.aborted) throw new RunStopped('stopped before the next step');
}

/** Every failure that the journal can still tell. */
const isOfTheRun = (error: unknown): error is Error => error instanceof Error && !(error instanceof UserError && error.code === 'store-unwritable');

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
  return new UserError(error.code, `${error.message}. The run stopped at once: ${endText({ ...report, outcome: 'stopped', message: null })}`, {
    exitCode: report.calls === 0 ? exitCodes.error : exitCodes.applyFailed, cause: error, ...(where === undefined ? {} : { where }), ...(help === undefined ? {} : { help }),
  });
}

function endText({ steps, message, outcome }: Report): string {
  const count = (...states: readonly string[]): number => steps.filter(({ state }) => states.includes(state)).length;
  const parts = [`${count('done', 'kept')} done`, ...[['pending'], ['failed'], ['doubt'], ['open'], ['not-started']].flatMap((states) => {
    const number = count(...states);
    return number === 0 ? [] : [`${number} ${states[0] === 'doubt' ? 'in doubt' : states[0]?.replace('-', ' ') ?? ''}`];
  })];
  return `${outcome}: ${parts.join(', ')}${message === null ? '' : `. ${message}`}`;
}
