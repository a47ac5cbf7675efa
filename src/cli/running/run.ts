import { UserError } from '../../base/error.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import type { ApprovedPlan, Plan } from '../../domain/plan.ts';
import type { Report } from '../../domain/records/report.ts';
import { apply } from '../../run/apply/apply.ts';
import { newRunId } from '../../store/journal/runs.ts';
import { row, span } from '../../views/base/rows.ts';
import { auditedJournal } from '../context/audit-log.ts';
import { closeFinishedRuns } from '../planning/open-runs.ts';
import { lockFor } from './run-lock.ts';
import { markUsed } from '../planning/run-marks.ts';
import { openPorts } from './run-ports.ts';
import { tell } from '../context/output.ts';
import { makePlan } from '../planning/planning.ts';
import { leftUndone, type Source } from '../planning/source.ts';
import { stopSignals } from './run-signals.ts';
import { lineWatch, type RunWatch } from '../context/run-watch.ts';
import type { CommandContext } from '../context/command-context.ts';

/**
 * One run: takes the lock, marks plan and approval as used, opens the journal, applies. Ctrl-C finishes the call in
 * flight and leaves a run that can be rolled back; the lock is released on every way out.
 */
export async function run(
  context: CommandContext,
  approved: ApprovedPlan,
  source: Source,
  watch: RunWatch = lineWatch(context),
): Promise<Report> {
  const { io, store } = context;
  const started = io.clock.now();
  const id = newRunId(started, io.random(2));
  const { target } = approved.plan;
  const lock = await untouched(
    lockFor(store, approved.plan, {
      run: id,
      owner: io.user,
      host: io.host,
      pid: io.pid,
      startedAt: new Date(started).toISOString(),
    }),
  );
  const signals = stopSignals(io, watch);
  let opened;
  let journal;
  let spent = false;
  try {
    await untouched(store.markPlanUsed(approved.plan, id));
    spent = true;
    await untouched(store.markApprovalUsed(approved.approval.nonce, id));
    await untouched(markUsed(context, approved.approval, id));
    journal = auditedJournal(
      context,
      await untouched(store.createJournal(id, io.clock, { steps: approved.plan.steps.length })),
      { target, plan: approved.plan.digest },
    );
    watch.begun(id);
    opened = await openPorts(context, {
      run: id,
      target,
      journal,
      lock,
      signals,
      watch,
      replan: () => makePlan(context, source),
    });
    const report = await apply(approved, { ...opened.ports, left: leftUndone(source) });
    await closeFinishedRuns(context);
    return report;
  } finally {
    signals.close();
    opened?.close();
    // Before the lock is released, so that no two runs can use it; an approval stays used.
    if (spent && !wasSent(journal?.records ?? [])) await releasePlan(context, approved.plan, id);
    await journal?.close();
    await lock.release();
  }
}

/**
 * Does the work of a run before its first call: a place that cannot be written stops it, and the error says that
 * nothing was changed.
 */
async function untouched<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'store-unwritable') throw error;
    const { code, message, where, help, exitCode } = error;
    throw new UserError(code, `${message}. Nothing was changed`, {
      cause: error,
      exitCode,
      ...(where === undefined ? {} : { where }),
      ...(help === undefined ? {} : { help }),
    });
  }
}

/** Whether anything mutating was sent, or was about to be. */
export const wasSent = (records: readonly JournalRecord[]): boolean =>
  records.some(({ kind }) => kind === 'intent' || kind === 'intent-batch');

/** A run that sent nothing leaves its plan as it was. It reports what cannot be written, and hides nothing else. */
async function releasePlan({ io, options, store }: CommandContext, plan: Plan, id: string): Promise<void> {
  try {
    await store.releasePlan(plan, id);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    tell(
      io,
      options,
      [row(0, span('the plan counts as applied, though nothing was sent: ', 'warning'), error.message, '; plan again')],
      'error',
    );
  }
}
