import type { Approval, SignedApproval } from '../../domain/approval.ts';
import { needed } from '../../domain/confirmation.ts';
import { exitCodes, UserError, type ExitCode } from '../../base/error.ts';
import type { Lock } from '../../domain/records/lock-store.ts';
import { approve } from '../../plan/approve.ts';
import { recordsOf } from '../../history/journal-reading.ts';
import { resume } from '../../recovery/resume/resume.ts';
import { readSignedApproval, verifyApproval } from '../../store/signing/signatures.ts';
import { reportRows } from '../../views/run/report-rows.ts';
import { auditedJournal, keepSigned, recordApproved, recordPlanned } from '../context/audit-log.ts';
import { refuseWithoutBucket } from '../planning/capture-bucket.ts';
import { markUsed } from '../planning/run-marks.ts';
import { approvalOf, obtainApproval, type ConsentOptions } from '../planning/consent.ts';
import { closeFinishedRuns } from '../planning/open-runs.ts';
import { print, printJson } from '../context/output.ts';
import { makePlan, readLiveFor } from '../planning/planning.ts';
import { openPorts } from './run-ports.ts';
import { stopSignals } from './run-signals.ts';
import { lineWatch } from '../context/run-watch.ts';
import { askAfter, watchOf, type TerminalSession } from '../context/terminal-session.ts';
import type { CommandContext } from '../context/command-context.ts';
import type { Found } from './stopped-run.ts';

/** How it ended, or that the person chose the rollback after all. */
export interface Ended {
  readonly code: ExitCode;
  readonly back: boolean;
  readonly say: () => void;
}

/**
 * Gets the approval of what is left, and resumes the run in its own journal. Throws what approving and running throw.
 */
export async function goOn(
  context: CommandContext,
  found: Found,
  consent: ConsentOptions,
  { lock, stage }: { readonly lock: Lock; readonly stage: TerminalSession },
): Promise<Ended> {
  const { io, options, store, configuration } = context;
  const { run, from, confirmed } = found;
  const { plan } = from.planned;
  await refuseWithoutBucket(context, plan);
  await recordPlanned(context, plan);
  const { approval, isNew, signed } = await approvalFor(context, found, consent, stage);
  const approved = approve(from.planned, approval, configuration, io.clock.now(), confirmed);
  await recordApproved(
    context,
    plan,
    approval,
    `to resume run ${run}`,
    [],
    signed === undefined ? null : await keepSigned(context, signed, approval),
  );
  if (isNew) await store.markApprovalUsed(approval.nonce, run);
  await markUsed(context, approval, run);
  const scene = await stage.runScene(plan);
  const watch = watchOf(scene).watch ?? lineWatch(context);
  const signals = stopSignals(io, watch);
  let journal;
  let opened;
  try {
    journal = auditedJournal(context, await store.continueJournal(run, io.clock, { steps: plan.steps.length }), {
      target: plan.target,
      plan: plan.digest,
    });
    watch.begun(run);
    opened = await openPorts(context, {
      run,
      target: plan.target,
      journal,
      lock,
      signals,
      watch,
      replan: async (asBefore) => {
        const live = await readLiveFor(context, from.source);
        return makePlan(context, from.source, asBefore?.(live) ?? live);
      },
    });
    const report = await resume(approved, { by: io.user, host: io.host, pid: io.pid }, opened.ports);
    await closeFinishedRuns(context);
    const say = (): void => {
      if (options.json === true) printJson(io, report);
      else print(io, options, reportRows(report));
    };
    return { code: report.exitCode, say, back: (await askAfter(context, scene, report)) === 'rollback' };
  } finally {
    signals.close();
    opened?.close();
    await journal?.close();
  }
}

/**
 * Whose word counts: a signed approval, of what is left or of the run itself, which is then the one in its journal;
 * `--yes` where nothing is asked; or the person at the terminal. What was typed at the beginning of the run does not
 * count again: a journal is a file (law 13). Nor does what was signed for the run, where the capture bucket knows
 * another journal of it.
 */
async function approvalFor(
  context: CommandContext,
  found: Found,
  consent: ConsentOptions,
  stage: TerminalSession,
): Promise<{ readonly approval: Approval; readonly isNew: boolean; readonly signed?: SignedApproval }> {
  const { run, from, records, confirmed } = found;
  const { plan } = from.planned;
  if (consent.approval !== undefined) {
    const signed = readSignedApproval(consent.approval);
    const verified = verifyApproval(signed, context.configuration.allowedSigners, context.io.clock.now());
    const isOfTheRun =
      verified.planDigest === confirmed.digest && recordsOf(records, 'begin')[0]?.approval.nonce === verified.nonce;
    if (isOfTheRun && found.ends.refusal !== null) throw found.ends.refusal;
    if (!isOfTheRun) await context.store.refuseUsedApproval(verified.nonce);
    else if ((await context.store.approvalUsedBy(verified.nonce)) !== run)
      throw new UserError(
        'approval-replayed',
        `the mark of this approval in "${context.store.place}" does not name run ${run}`,
        {
          exitCode: exitCodes.blocked,
          help: 'resume the run in the store in which it began, or sign what is left of it anew',
        },
      );
    return { approval: verified, isNew: !isOfTheRun, signed };
  }
  if (consent.yes === true && found.ends.refusal !== null) throw found.ends.refusal;
  if (needed(plan).nothing)
    return { approval: approvalOf(context, plan, 'T0', { confirmations: [], typedName: null }), isNew: true };
  return { approval: (await obtainApproval(context, from, consent, stage)).approval, isNew: true };
}
