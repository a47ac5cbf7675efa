import type { Approval, Confirmation, SignedApproval } from '../../domain/approval.ts';
import { boundObservations } from '../../domain/bands.ts';
import { acceptsLoss, askedText, lossPhrase, needed } from '../../domain/confirmation.ts';
import { sha256 } from '../../base/digest.ts';
import { exitCodes, UserError } from '../../base/error.ts';
import type { Plan } from '../../domain/plan.ts';
import type { ReviewResult } from '../../domain/review.ts';
import { refuseUnapprovable } from '../../plan/approve.ts';
import { cardRows } from '../../views/step/card-rows.ts';
import { planRows } from '../../views/plan/plan-rows.ts';
import { plainText } from '../../views/base/rows.ts';
import { readSignedApproval, verifyApproval } from '../../store/signing/signatures.ts';
import type { ReviewSceneOptions } from '../../tui/review/review-view.ts';
import { agentHost } from '../context/agent-environment.ts';
import { recordDeclined } from '../context/audit-log.ts';
import { propertyHintsOf } from '../context/property-hints.ts';
import { tell } from '../context/output.ts';
import { refuseOlder } from './plan-age.ts';
import { unfinishedBeside } from './open-runs.ts';
import { isColored, isPlain, type TerminalSession } from '../context/terminal-session.ts';
import type { CommandContext } from '../context/command-context.ts';
import { planRejecting, type Loaded } from './loading.ts';

/** Approvals count for this long, or until the plan expires. */
const approvalMinutes = 60;

/** SHA-256 of a card as it is shown. */
const cardDigest = (plan: Plan, stepId: string, now: number): string => {
  const step = plan.steps.find((candidate) => candidate.id === stepId);
  return step === undefined ? sha256('') : sha256(cardRows(step, plan, now).map(plainText).join('\n'));
};

/** An approval value for a review that a person finished. */
export function approvalOf(
  context: CommandContext,
  plan: Plan,
  tier: Approval['tier'],
  result: Pick<ReviewResult, 'confirmations' | 'typedName'>,
): Approval {
  const now = context.io.clock.now();
  return {
    format: 'aiplan/approval@1',
    planDigest: plan.digest,
    planName: plan.name,
    target: { account: plan.target.account, region: plan.target.region, endpoint: plan.target.endpoint },
    nonce: Buffer.from(context.io.random(16)).toString('hex'),
    createdAt: new Date(now).toISOString(),
    expiresAt: new Date(Math.min(now + approvalMinutes * 60_000, Date.parse(plan.expiresAt))).toISOString(),
    tier,
    by: context.io.user,
    confirmations: result.confirmations,
    typedName: result.typedName,
  };
}

/** The answer to a program that may not confirm: the plan's digest, and the confirmations that are missing. */
export const missingOf = (plan: Plan): object => ({
  status: 'approval_required',
  plan: plan.digest,
  name: plan.name,
  missing: needed(plan).confirmations.map((step) => ({
    step: step.id,
    type: step.type,
    identity: step.identity,
    code: step.destruction === null ? 'grant' : 'destruction',
    loses: step.destruction?.loses ?? [],
    opens: step.grant?.opens ?? [],
  })),
  nameNeeded: needed(plan).name,
  ...unfinishedBeside(plan),
});

/** Why nobody can be asked here, or null when a person can be. */
export function cannotAsk(context: CommandContext): string | null {
  const { stdin, stdout, environment } = context.io;
  if (stdin.isTTY !== true || stdout.isTTY !== true) return 'there is no terminal in which a person could confirm';
  const host = agentHost(environment);
  return host === null ? null : `this terminal belongs to ${host}, and typed confirmations do not count there`;
}

/** The person's decision, and the plan that it is about: without the rejected steps. */
export interface Reviewed {
  readonly result: ReviewResult;
  readonly reviewed: Loaded;
}

/**
 * Shows the review, as a screen of the stage or as lines. After an approval to apply the screen stays open for the run.
 * Throws UserError `confirmation-missing`, `not-approved` (exit 3) when nobody can be asked or the answer is no.
 */
export async function askPerson(
  context: CommandContext,
  from: Loaded,
  purpose: 'apply' | 'sign' | 'look',
  stage: TerminalSession,
): Promise<Reviewed> {
  const why = cannotAsk(context);
  if (why !== null)
    throw new UserError('confirmation-missing', why, {
      exitCode: exitCodes.blocked,
      help: 'a person runs `aiplan review PLAN --sign KEY`, then `aiplan apply PLAN --approval FILE`',
    });
  const { io, configuration } = context;
  const before = from.source.changePlan.rejected ?? [];
  const shown = new Map<string, Loaded>([[from.planned.plan.digest, from]]);
  const options = {
    plan: from.planned.plan,
    purpose,
    now: () => io.clock.now(),
    tier: configuration.minimumTier,
    maxConfirmations: configuration.maxConfirmations,
    knowledge: propertyHintsOf(context),
    replan: async (rejected: readonly string[]): Promise<Plan> => {
      const less = await planRejecting(context, from, [...before, ...rejected]);
      shown.set(less.planned.plan.digest, less);
      return less.planned.plan;
    },
  };
  const result = await (isPlain(context) ? plainly(context, options) : onScreen(stage, options));
  const reviewed = shown.get(result.plan.digest);
  if (result.decision === 'approved' && purpose === 'apply' && reviewed !== undefined && !needed(result.plan).nothing)
    return { result, reviewed };
  await stage.close();
  if (result.decision !== 'approved') {
    if (purpose !== 'look') await recordDeclined(context, result.plan, purpose === 'sign' ? 'T1' : 'T0', result);
    throw declined(result.why);
  }
  if (reviewed === undefined) throw declined('the plan on the screen is not one that was planned here');
  if (purpose !== 'look' && needed(result.plan).nothing)
    throw declined('nothing is left to do without the rejected steps');
  return { result, reviewed };
}

const declined = (why: string): UserError =>
  new UserError('not-approved', `not approved: ${why}`, { exitCode: exitCodes.blocked, help: 'nothing was changed' });

async function onScreen(stage: TerminalSession, options: ReviewSceneOptions): Promise<ReviewResult> {
  const { reviewScene } = await import('../../tui/review/review-view.ts');
  const { scene, result } = reviewScene(options);
  (await stage.screen()).show(scene);
  return result;
}

async function plainly(context: CommandContext, options: ReviewSceneOptions): Promise<ReviewResult> {
  const { plainReview } = await import('../../tui/review/plain-review.ts');
  const { io } = context;
  return plainReview({
    ...options,
    stdin: io.stdin,
    stdout: io.stdout,
    color: isColored(context),
    onInterrupt: (callback) => io.onInterrupt(callback),
  });
}

export interface ConsentOptions {
  readonly approval?: string;
  readonly yes?: boolean;
}

/**
 * Gets the approval for a plan: from a signed file, from `--yes` where that is allowed, or from the person at the
 * terminal, who may reject steps: then it is for what is left.
 */
export async function obtainApproval(
  context: CommandContext,
  from: Loaded,
  { approval, yes }: ConsentOptions,
  stage: TerminalSession,
): Promise<{ readonly approval: Approval; readonly reviewed: Loaded; readonly signed?: SignedApproval }> {
  const { plan } = from.planned;
  refuseUnapprovable(plan, context.io.clock.now());
  if (approval !== undefined) {
    const signed = readSignedApproval(approval);
    const verified = verifyApproval(signed, context.configuration.allowedSigners, context.io.clock.now());
    refuseOlder(verified, from.saved);
    await context.store.refuseUsedApproval(verified.nonce);
    return { approval: verified, reviewed: from, signed };
  }
  const asked = askedText(needed(plan));
  if (yes === true) {
    if (asked !== '' || !context.configuration.allowYes) {
      throw new UserError(
        'confirmation-missing',
        asked !== ''
          ? `--yes answers for nobody here: the plan needs ${asked} by a person`
          : '--yes is not allowed by the configuration',
        {
          exitCode: exitCodes.blocked,
          help: 'run `aiplan apply` in a terminal, or sign an approval with `aiplan review PLAN --sign KEY`',
        },
      );
    }
    return { approval: approvalOf(context, plan, 'none', { confirmations: [], typedName: null }), reviewed: from };
  }
  if (cannotAsk(context) !== null && context.options.json !== true)
    tell(context.io, context.options, planRows(plan, context.io.clock.now()));
  const { result, reviewed } = await askPerson(context, from, 'apply', stage);
  return { approval: approvalOf(context, reviewed.planned.plan, 'T0', result), reviewed };
}

/**
 * The steps that lines of standard input reject: `ADDRESS reject`. A step whose confirmation reads so itself cannot be
 * rejected here. Throws UserError `confirmation-missing` where a step is both rejected and confirmed.
 */
export function rejectionsFromLines(plan: Plan, text: string): readonly string[] {
  const lines = linesOf(text);
  const rejected = plan.steps.filter((step) => step.confirm !== 'reject' && lines.includes(`${step.id} reject`));
  const both = rejected.find((step) => step.confirm !== null && lines.includes(`${step.id} ${step.confirm}`));
  if (both !== undefined)
    throw new UserError('confirmation-missing', `"${both.id}" is both rejected and confirmed`, {
      exitCode: exitCodes.blocked,
      help: 'leave one of the two lines out',
    });
  return rejected.map(({ id }) => id).sort();
}

const linesOf = (text: string): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/**
 * Confirmations as lines of standard input, for signing where there is no terminal: `ADDRESS TYPED TEXT` for each
 * destruction and grant, `ADDRESS loses THE LOSS` or the author's words where a loss must be typed, `name PLAN-NAME`
 * where the name is asked. `plan` is the one that is left after `rejectionsFromLines`. Silence is no: a missing or
 * different line is a refusal. Throws UserError `confirmation-missing`.
 */
export function confirmationsFromLines(
  plan: Plan,
  text: string,
  now: number,
): Pick<ReviewResult, 'confirmations' | 'typedName'> {
  const lines = linesOf(text);
  const said = (prefix: string): string | null =>
    lines.find((line) => line.startsWith(`${prefix} `))?.slice(prefix.length + 1) ?? null;
  const needs = needed(plan);
  const confirmations = needs.confirmations.map((step): Confirmation => {
    const typed = lines.find((line) => line === `${step.id} ${step.confirm}`);
    if (typed === undefined) {
      throw new UserError('confirmation-missing', `no line confirms "${step.id}"`, {
        exitCode: exitCodes.blocked,
        help: `each destruction and grant needs its own line on standard input: ${step.id} ${step.confirm ?? ''}`,
      });
    }
    const loss = lossPhrase(step);
    const accepted = loss === null ? null : said(`${step.id} loses`);
    if (!acceptsLoss(step, accepted, 'T1')) {
      throw new UserError('confirmation-missing', `no line accepts the loss of "${step.id}"`, {
        exitCode: exitCodes.blocked,
        help: `add the line: ${step.id} loses ${loss ?? ''}`,
      });
    }
    return {
      step: step.id,
      stepDigest: step.digest,
      typed: step.confirm ?? '',
      shown: cardDigest(plan, step.id, now),
      typedLoss: accepted,
      at: new Date(now).toISOString(),
      observed: boundObservations(step.evidence.observed),
    };
  });
  if (needs.name && said('name') !== plan.name) {
    throw new UserError('confirmation-missing', 'no line gives the plan name', {
      exitCode: exitCodes.blocked,
      help: `add the line: name ${plan.name}`,
    });
  }
  return { confirmations, typedName: needs.name ? plan.name : null };
}
