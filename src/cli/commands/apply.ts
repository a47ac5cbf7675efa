import { exitCodes, UserError, type ExitCode } from '../../base/error.ts';
import { needed } from '../../domain/confirmation.ts';
import type { Plan } from '../../domain/plan.ts';
import type { Report } from '../../domain/records/report.ts';
import { approve } from '../../plan/approve.ts';
import { errorRows } from '../../views/run/error-rows.ts';
import { planRows } from '../../views/plan/plan-rows.ts';
import { closedRows, incompleteRows, reportRows } from '../../views/run/report-rows.ts';
import { blank, type Row } from '../../views/base/rows.ts';
import { keepSigned, recordApproved, recordPlanned, recordRefusal } from '../context/audit-log.ts';
import { closeTakenBack } from './abandon.ts';
import { refuseWithoutBucket } from '../planning/capture-bucket.ts';
import { missingOf, obtainApproval, cannotAsk, type ConsentOptions } from '../planning/consent.ts';
import { refuseWithoutSecrets } from '../planning/foreseen-findings.ts';
import { isBlocked } from './plan.ts';
import { mentionUnfinished } from '../planning/open-runs.ts';
import { print, printJson, tell } from '../context/output.ts';
import { run } from '../running/run.ts';
import { leftUndone } from '../planning/source.ts';
import { askAfter, TerminalSession, watchOf } from '../context/terminal-session.ts';
import type { CommandContext } from '../context/command-context.ts';
import { during } from '../context/working.ts';
import { loaded, loadForApply, rollbackSource, type Loaded } from '../planning/loading.ts';

/** `aiplan apply PLAN|FILE`: review, confirmations, and then the run. */
export async function applyCommand(context: CommandContext, file: string, consent: ConsentOptions): Promise<ExitCode> {
  const from = await during(context, `reading AWS for ${file}`, () => loadForApply(context, file));
  return applyLoaded(context, from, file, consent);
}

/** How a command ends: what is said once the screen is closed. */
interface Ending {
  readonly code: ExitCode;
  readonly say: () => void;
}

/** Approves and runs what was loaded; apply and rollback walk the same road, on one screen. */
export async function applyLoaded(
  context: CommandContext,
  from: Loaded,
  file: string,
  consent: ConsentOptions,
): Promise<ExitCode> {
  mentionUnfinished(context, from.planned.plan);
  const stage = new TerminalSession(context);
  let ending: Ending;
  try {
    ending = await walk(context, from, file, consent, stage);
  } finally {
    await stage.close();
  }
  ending.say();
  return ending.code;
}

async function walk(
  context: CommandContext,
  from: Loaded,
  file: string,
  consent: ConsentOptions,
  stage: TerminalSession,
): Promise<Ending> {
  const { io, options } = context;
  const { plan } = from.planned;
  const answer = (code: ExitCode, json: unknown, rows: () => readonly Row[]): Ending => ({
    code,
    say: () => {
      if (options.json === true) printJson(io, json);
      else print(io, options, rows());
    },
  });
  if (isBlocked(plan)) {
    await recordRefusal(context, new UserError('plan-blocked', blockedText(plan)), nameOf(plan), plan);
    return answer(exitCodes.blocked, { status: 'blocked', plan }, () => planRows(plan, io.clock.now(), file));
  }
  if (needed(plan).nothing) {
    const closed =
      plan.rollbackOf === null || from.source.incomplete.length > 0
        ? []
        : await closeTakenBack(context, plan.rollbackOf, plan.target);
    return nothingToDo(from, answer, () => [...planRows(plan, io.clock.now(), file), ...closedRows(closed)]);
  }
  const why = cannotAsk(context);
  if (options.json === true && consent.approval === undefined && consent.yes !== true && why !== null) {
    await recordRefusal(context, new UserError('confirmation-missing', why), nameOf(plan), plan);
    return answer(exitCodes.blocked, missingOf(plan), () => []);
  }
  if (consent.approval !== undefined || why === null) {
    await refuseWithoutBucket(context, plan);
    refuseWithoutSecrets(plan);
  }
  // A store that cannot be written is found before anybody types anything.
  await recordPlanned(context, plan);
  const { approval, reviewed, signed } = await obtainApproval(context, from, consent, stage);
  const approved = approve(reviewed.planned, approval, context.configuration, io.clock.now());
  const kept = signed === undefined ? null : await keepSigned(context, signed, approval);
  await recordApproved(
    context,
    approved.plan,
    approval,
    consent.approval !== undefined
      ? `signed: ${consent.approval}`
      : consent.yes === true
        ? '--yes'
        : 'typed in the terminal',
    approved.plan.rejected,
    kept,
  );
  const scene = await stage.runScene(approved.plan);
  const report = await run(context, approved, reviewed.source, watchOf(scene).watch);
  const ending = answer(report.exitCode, report, () => reportRows(report));
  if ((await askAfter(context, scene, report)) === 'keep') return ending;
  scene?.note('reading AWS for the rollback');
  return takenBack(context, report, stage);
}

const nameOf = (plan: Plan): string => (plan.rollbackOf === null ? 'apply' : 'rollback');

const blockedText = (plan: Plan): string =>
  plan.findings
    .filter(({ severity }) => severity === 'error')
    .map(({ step, code }) => (step === null ? code : `${step}: ${code}`))
    .join(', ');

/** Nothing is left to undo, or to change; a rollback may still be incomplete. */
function nothingToDo(
  { source, planned }: Loaded,
  answer: (code: ExitCode, json: unknown, rows: () => readonly Row[]) => Ending,
  rows: () => readonly Row[],
): Ending {
  const { plan } = planned;
  if (source.incomplete.length === 0)
    return answer(exitCodes.done, { status: 'nothing_to_do', plan: plan.digest }, rows);
  return answer(
    exitCodes.rollbackIncomplete,
    { status: 'rollback_incomplete', plan: plan.digest, incomplete: source.incomplete },
    () => [...rows(), blank, ...incompleteRows(plan.rollbackOf ?? '', source.incomplete, leftUndone(source).forGood)],
  );
}

/** The rollback of a failed run, reviewed on the same screen. The failed run is told of whatever becomes of it. */
async function takenBack(context: CommandContext, failed: Report, stage: TerminalSession): Promise<Ending> {
  const of = failed.rollbackOf ?? failed.run;
  const both = (code: ExitCode, after: () => void, isBack: boolean): Ending => ({
    code,
    say: () => {
      print(context.io, context.options, [...reportRows(failed, !isBack), blank]);
      after();
    },
  });
  try {
    const back = await walk(
      context,
      { ...(await loaded(context, await rollbackSource(context, of))), saved: null },
      `rollback of ${of}`,
      {},
      stage,
    );
    // A failed run stays failed, also when it is rolled back.
    const isUndone = failed.command === 'rollback' && back.code === exitCodes.done;
    return both(
      isUndone || back.code === exitCodes.rollbackIncomplete ? back.code : failed.exitCode,
      back.say,
      back.code === exitCodes.done || back.code === exitCodes.rollbackIncomplete,
    );
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return both(failed.exitCode, () => tell(context.io, context.options, errorRows(error), 'error'), false);
  }
}
