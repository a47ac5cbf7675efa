import { resolve } from 'node:path';
import { exitCodes, UserError, type ExitCode } from '../../base/error.ts';
import { needed } from '../../domain/confirmation.ts';
import type { ReviewResult } from '../../domain/review.ts';
import { approve, refuseUnapprovable } from '../../plan/approve.ts';
import { planRows } from '../../views/plan/plan-rows.ts';
import { blank, pasteRow, row, span } from '../../views/base/rows.ts';
import { signApproval } from '../../store/signing/signatures.ts';
import { writeWhole } from '../../store/objects/files.ts';
import { writePlanFile } from '../../store/objects/plan-file.ts';
import { recordApproved, recordPlanned } from '../context/audit-log.ts';
import { refuseWithoutBucket } from '../planning/capture-bucket.ts';
import {
  approvalOf,
  askPerson,
  cannotAsk,
  confirmationsFromLines,
  missingOf,
  rejectionsFromLines,
} from '../planning/consent.ts';
import { print, printJson, tell } from '../context/output.ts';
import { TerminalSession } from '../context/terminal-session.ts';
import type { Io } from '../context/io.ts';
import type { CommandContext } from '../context/command-context.ts';
import { during } from '../context/working.ts';
import { loadForApply, planRejecting, type Loaded } from '../planning/loading.ts';

/** `next`: what is run with the approval, where that is not `aiplan apply`. */
export interface ReviewOptions {
  readonly sign?: string;
  readonly out?: string;
  readonly planOut?: string;
  readonly next?: string;
}

/**
 * `aiplan review PLAN|FILE`: the plan as a person should see it. With `--sign KEY` the confirmations become a signed
 * approval (T1); without it nothing is kept, because a typed approval counts only in the process that applies. An
 * approval of what is left after steps were rejected is for another plan, which is written beside it.
 */
export async function review(context: CommandContext, file: string, given: ReviewOptions): Promise<ExitCode> {
  const from = await during(context, `reading AWS for ${file}`, () => loadForApply(context, file));
  return given.sign === undefined
    ? look(context, from, file)
    : signed(context, from, file, { ...given, sign: given.sign });
}

async function look(context: CommandContext, from: Loaded, file: string): Promise<ExitCode> {
  const { io, options } = context;
  const { plan } = from.planned;
  if (options.json === true) {
    printJson(io, missingOf(plan));
    return needed(plan).nothing ? exitCodes.done : exitCodes.blocked;
  }
  if (cannotAsk(context) !== null) {
    print(io, options, planRows(plan, io.clock.now(), file));
    return exitCodes.done;
  }
  await onStage(context, (stage) => askPerson(context, from, 'look', stage));
  tell(io, options, [
    row(
      0,
      'Reviewed. Nothing was kept: ',
      span(`aiplan apply ${file}`, 'title'),
      ' asks again and applies, ',
      span('--sign KEY', 'title'),
      ' makes a signed approval.',
    ),
  ]);
  return exitCodes.done;
}

/** Makes a signed approval of what was loaded. Throws what `review` throws. */
export async function signed(
  context: CommandContext,
  from: Loaded,
  file: string,
  { sign, out, planOut, next }: ReviewOptions & { readonly sign: string },
): Promise<ExitCode> {
  const { io, options } = context;
  const { plan } = from.planned;
  refuseUnapprovable(plan, io.clock.now());
  if (needed(plan).nothing)
    throw new UserError('nothing-to-approve', 'live state is as the plan wants it', {
      help: 'there is nothing to sign',
    });
  await refuseWithoutBucket(context, plan);
  await recordPlanned(context, plan);
  const { result, reviewed } = await confirmed(context, from, file);
  const left = reviewed.planned.plan;
  const approval = approvalOf(context, left, 'T1', result);
  approve(reviewed.planned, approval, context.configuration, io.clock.now());
  // Signed first: a key that does not sign leaves no yes in the log. Noted before it is written: what is not noted
  // counts for nothing.
  const signature = signApproval(approval, resolve(io.current, sign), { environment: io.environment });
  await recordApproved(context, left, approval, `signed with ${sign}`, left.rejected);
  const approvalFile = out ?? `${left.name}.approval.json`;
  // The approval is bound to what is left, so that must be what is applied.
  const planFile = left.digest === plan.digest ? file : (planOut ?? `${left.name}.reviewed.plan.json`);
  if (planFile !== file) writePlanFile(resolve(io.current, planFile), left);
  const path = resolve(io.current, approvalFile);
  writeWhole(path, `${JSON.stringify(signature, null, 2)}\n`);
  if (options.json === true) {
    printJson(io, {
      status: 'signed',
      plan: left.digest,
      approval: path,
      confirmations: approval.confirmations.map(({ step }) => step),
      expiresAt: approval.expiresAt,
      ...(left.stays === undefined ? {} : { stays: left.stays }),
      ...(planFile === file ? {} : { rejected: left.rejected ?? [], planFile: resolve(io.current, planFile) }),
    });
    return exitCodes.done;
  }
  tell(io, options, [
    row(
      0,
      span('signed', 'good'),
      ` ${approval.confirmations.length} confirmations until ${approval.expiresAt}: ${path}`,
    ),
    ...(planFile === file
      ? []
      : [
          row(
            0,
            `rejected: ${(left.rejected ?? []).join(', ')}; what is left is in ${planFile}, and only that is approved`,
          ),
        ]),
    pasteRow(`${next ?? `aiplan apply ${planFile}`} --approval ${approvalFile}`),
  ]);
  return exitCodes.done;
}

/** The person's confirmations: typed in the terminal, or as lines of standard input. */
async function confirmed(
  context: CommandContext,
  from: Loaded,
  file: string,
): Promise<{ readonly result: Pick<ReviewResult, 'confirmations' | 'typedName'>; readonly reviewed: Loaded }> {
  const { io, options } = context;
  if (io.stdin.isTTY === true && io.stdout.isTTY === true)
    return onStage(context, (stage) => askPerson(context, from, 'sign', stage));
  if (options.json !== true) print(io, options, planRows(from.planned.plan, io.clock.now(), file));
  const text = await everythingFrom(io);
  const rejected = rejectionsFromLines(from.planned.plan, text);
  const reviewed =
    rejected.length === 0
      ? from
      : await planRejecting(context, from, [...(from.source.changePlan.rejected ?? []), ...rejected]);
  const left = reviewed.planned.plan;
  if (rejected.length > 0) {
    if (options.json !== true) print(io, options, [blank, ...planRows(left, io.clock.now(), file)]);
    refuseUnapprovable(left, io.clock.now());
    if (needed(left).nothing)
      throw new UserError('nothing-to-approve', 'nothing is left to do without the rejected steps', {
        exitCode: exitCodes.blocked,
        help: 'there is nothing to sign',
      });
  }
  return { result: confirmationsFromLines(left, text, io.clock.now()), reviewed };
}

async function onStage<Result>(
  context: CommandContext,
  work: (stage: TerminalSession) => Promise<Result>,
): Promise<Result> {
  const stage = new TerminalSession(context);
  try {
    return await work(stage);
  } finally {
    await stage.close();
  }
}

async function everythingFrom(io: Io): Promise<string> {
  let text = '';
  io.stdin.setEncoding('utf8');
  for await (const chunk of io.stdin) {
    text += String(chunk);
    if (text.length > 1_000_000)
      throw new UserError('too-much-input', 'standard input is longer than 1,000,000 characters', {
        help: 'give one line for each confirmation',
      });
  }
  return text;
}
