import { UserError } from '../../base/error.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import type { ApprovedPlan, Planned } from '../../domain/plan.ts';
import type { ApplyPorts } from '../../domain/records/ports.ts';
import type { Report } from '../../domain/records/report.ts';
import { applyStep } from '../../run/apply/apply-step.ts';
import { captureSteps, changeAll, checkAll, conclude, refuseStop } from '../../run/apply/apply.ts';
import { runSteps } from '../../run/apply/change-phase.ts';
import { undoSteps } from '../../run/apply/undo-steps.ts';
import { renewOrStop, Stale } from '../../run/executor/interruptions.ts';
import { paceOf } from '../../domain/records/poll-intervals.ts';
import { endOf, recordsOf } from '../../history/journal-reading.ts';
import { remainingOf, type Refusal } from './remaining-steps.ts';
import { resumeStep } from './resume-step.ts';
import { rewind } from './rewind.ts';
import { allHistoriesOf } from '../../history/step-history.ts';
import { beginRun, enter, tasksOf, type Run, type Task } from '../../run/apply/run-context.ts';
import { reconcile, reconciledSteps, type Reconciliation, type StepStatus } from './reconcile.ts';
import { few } from '../../domain/wording.ts';

/** Who resumes a run, and from where. */
export interface Resumer {
  readonly by: string;
  readonly host: string;
  readonly pid: number;
}

/** Throws UserError (`run-is-blank`, `run-ended`, `run-is-rollback`) for a run that cannot be resumed. */
export function refuseResume(records: readonly JournalRecord[]): void {
  const begin = recordsOf(records, 'begin')[0];
  if (begin === undefined)
    throw new UserError('run-is-blank', 'the run was stopped before it wrote its beginning: it did nothing', {
      help: 'plan and apply again',
    });
  if (begin.plan.rollbackOf === null && begin.plan.steps.some(({ restores }) => restores !== undefined))
    throw new UserError('run-restores', `run ${begin.run} brings a capture out`, {
      help: `it is not resumed: aiplan rollback ${begin.run} takes away what it made, and the capture can be brought out again`,
    });
  if (begin.plan.rollbackOf !== null)
    throw new UserError('run-is-rollback', `run ${begin.run} is a rollback`, {
      help: `a rollback continues by rolling back again, which knows what this one did: aiplan rollback ${begin.plan.rollbackOf}`,
    });
  const outcome = endOf(records)?.outcome;
  if (outcome === 'done')
    throw new UserError('run-ended', `run ${begin.run} is done; nothing of it remains`, {
      help: `to undo it: aiplan rollback ${begin.run}`,
    });
  if (outcome === 'abandoned')
    throw new UserError('run-ended', `run ${begin.run} was abandoned`, {
      help: `to undo it: aiplan rollback ${begin.run}; to do the rest of it: plan and apply again`,
    });
}

/**
 * Resumes a run that was killed, stopped or failed. `approved` is what remained of it (`remainingOf`) when the person
 * looked; here everything is read and judged once more, and nothing is sent unless what remains now is covered by that.
 * It is the same run: the same journal, tags and tokens. Throws what `refuseResume` throws, UserError
 * `store-unwritable`.
 */
export async function resume(approved: ApprovedPlan, resumer: Resumer, ports: ApplyPorts): Promise<Report> {
  const { journal } = ports;
  const past = [...journal.records];
  refuseResume(past);
  const before = await reconcile(past, { ...ports, now: ports.clock.now() });
  await journal.append({
    kind: 'resumed',
    session: before.session,
    ...resumer,
    remaining: approved.plan.digest,
    approval: approved.approval,
    settled: reconciledSteps(before),
  });
  return conclude(ports, () => inPhases(approved, past, ports));
}

async function inPhases(approved: ApprovedPlan, past: readonly JournalRecord[], ports: ApplyPorts): Promise<void> {
  await enter({ ports }, 'recheck');
  await renewOrStop(ports.session);
  refuseStop(ports);
  const settlement = await reconcile(past, { ...ports, now: ports.clock.now() });
  const planned = await ports.replan((live) => rewind(live, past, ports.types));
  const remaining = remainingOf(past, settlement, planned, new Date(ports.clock.now()).toISOString());
  refuseStale([...remaining.stale, ...uncoveredBy(approved, remaining.planned)]);

  const run = resumedRun(approved, past, settlement, planned, ports);
  const standings = new Map(settlement.standings.map((standing) => [standing.step.id, standing]));
  const tasks = tasksOf(run).filter(({ step }) => standings.get(step.id)?.recorded !== true);
  const isBegun = ({ step }: Task): boolean => standings.get(step.id)?.history.begun === true;
  const begun = new Set(tasks.filter(isBegun).map(({ step }) => step.id));
  await checkAll(
    run,
    tasks.filter(({ step }) => standings.get(step.id)?.verdict !== 'done'),
    begun,
  );
  await captureSteps(run, tasks, new Set(settlement.standings.filter(keepsCapture).map(({ step }) => step.id)));
  await enter(run, 'change');
  await renewOrStop(ports.session);
  const each = (task: Task): Promise<void> => {
    const standing = standings.get(task.step.id);
    return changeAll(
      run,
      task,
      standing === undefined || !isBegun(task) ? applyStep : () => resumeStep(run, task, { standing, settlement }),
    );
  };
  if (run.planned.plan.rollbackOf === null) await runSteps(tasks, each);
  else await undoSteps(tasks, tasks.length, each, () => Promise.resolve());
}

/**
 * The capture from before a step that has changed something stays; a resource that is still to be destroyed is captured
 * again (law 4), but for what is removed piece by piece.
 */
const keepsCapture = ({ step, history: { acted, removing, capture }, live }: StepStatus): boolean =>
  (removing && (live === null || capture?.how === 'copy')) || (step.action === 'update' && acted);

/** Every step that is left must be one that was approved, as it was approved. */
function uncoveredBy(approved: ApprovedPlan, now: Planned): readonly Refusal[] {
  const known = new Map(approved.plan.steps.map(({ id, digest }) => [id, digest]));
  return now.plan.steps.flatMap(({ id, digest }) =>
    known.get(id) === digest ? [] : [{ step: id, why: 'it was not among what was shown as remaining' }],
  );
}

function refuseStale(refusals: readonly Refusal[]): void {
  if (refusals.length === 0) return;
  throw new Stale(
    `the run cannot go on, and nothing more was sent: ${few(
      refusals.map(({ step, why }) => (step === null ? why : `"${step}": ${why}`)),
      20,
    )}`,
  );
}

/** The run as its journal left it: what it made, changed and captured, its calls counted on. */
function resumedRun(
  approved: ApprovedPlan,
  past: readonly JournalRecord[],
  settlement: Reconciliation,
  planned: Planned,
  ports: ApplyPorts,
): Run {
  const begin = recordsOf(past, 'begin')[0];
  const histories = allHistoriesOf(past);
  const run: Run = {
    ...beginRun({ ...planned, plan: begin?.plan ?? planned.plan }, approved.approval, ports),
    session: settlement.session,
    histories,
  };
  run.calls.calls = Math.max(
    0,
    ...recordsOf(past, 'intent').map(({ call }) => call),
    ...recordsOf(past, 'intent-batch').map(({ call }) => call),
  );
  for (const effect of settlement.effects) run.effects.note(effect);
  for (const { live, step } of recordsOf(past, 'before')) run.befores.set(step, live);
  for (const standing of settlement.standings) {
    const {
      step,
      history: { done, after, capture },
    } = standing;
    if (capture !== null && keepsCapture(standing)) run.captures.set(step.id, capture);
    if (!done) continue;
    if (after === null) run.outputs.delete(step.id);
    else run.outputs.set(step.id, after);
  }
  for (const { at, state, identity } of recordsOf(past, 'step')) {
    if (state === 'started' && identity !== null)
      run.calls.fresh.set(identity, Date.parse(at) + paceOf(ports.pace).consistency);
  }
  return run;
}
