import type { Approval, Confirmation } from '../model/approval.ts';
import { askedText, lossPhrase, needed } from '../model/confirm.ts';
import { sha256 } from '../model/digest.ts';
import { exitCodes, UserError } from '../model/error.ts';
import type { Plan, Planned } from '../model/plan.ts';
import type { ReviewResult } from '../model/review.ts';
import { refuseUnapprovable } from '../engine/approve.ts';
import { cardRows } from '../views/card-rows.ts';
import { planRows } from '../views/plan-rows.ts';
import { plainText } from '../views/rows.ts';
import { readSignedApproval, verifyApproval } from '../store/signatures.ts';
import { refuseSpentApproval } from '../store/spent.ts';
import { agentHost } from './agent-environment.ts';
import { tell } from './output.ts';
import type { World } from './world.ts';

/** Approvals count for this long, or until the plan expires. */
const approvalMinutes = 60;

/** SHA-256 of a card as it is shown. */
export const cardDigest = (plan: Plan, stepId: string, now: number): string => {
  const step = plan.steps.find((candidate) => candidate.id === stepId);
  return step === undefined ? sha256('') : sha256(cardRows(step, plan, now).map(plainText).join('\n'));
};

/** An approval value for a review that a person finished. */
export function approvalOf(world: World, plan: Plan, tier: Approval['tier'], result: Pick<ReviewResult, 'confirmations' | 'typedName'>): Approval {
  const now = world.io.clock.now();
  return {
    format: 'aiplan/approval@1', planDigest: plan.digest, planName: plan.name,
    target: { account: plan.target.account, region: plan.target.region, endpoint: plan.target.endpoint },
    nonce: Buffer.from(world.io.random(16)).toString('hex'),
    createdAt: new Date(now).toISOString(),
    expiresAt: new Date(Math.min(now + approvalMinutes * 60_000, Date.parse(plan.expiresAt))).toISOString(),
    tier, by: world.io.user, confirmations: result.confirmations, typedName: result.typedName,
  };
}

/** What a program that may not answer is told: the plan's digest and what a person still has to confirm. */
export const missingOf = (plan: Plan): object => ({
  status: 'approval_required', plan: plan.digest, name: plan.name,
  missing: needed(plan).confirmations.map((step) => ({ step: step.id, type: step.type, identity: step.identity, code: step.destruction === null ? 'grant' : 'destruction', loses: step.destruction?.loses ?? [], opens: step.grant?.opens ?? [] })),
  nameNeeded: needed(plan).name,
});

/** Why nobody can be asked here, or null when a person can be. */
export function cannotAsk(world: World): string | null {
  const { stdin, stdout, environment } = world.io;
  if (stdin.isTTY !== true || stdout.isTTY !== true) return 'there is no terminal in which a person could confirm';
  const host = agentHost(environment);
  return host === null ? null : `this terminal belongs to ${host}, and typed confirmations do not count there`;
}

/** Shows the review screen. Throws UserError `confirmation-missing` (exit 3) when nobody can be asked or the answer is no. */
export async function askPerson(world: World, planned: Planned, purpose: 'apply' | 'sign' | 'look'): Promise<ReviewResult> {
  const why = cannotAsk(world);
  if (why !== null) throw new UserError('confirmation-missing', why, { exitCode: exitCodes.blocked, help: 'a person runs `aiplan review PLAN --sign KEY`, then `aiplan apply PLAN --approval FILE`' });
  const { runReview } = await import('../tui/review.tsx');
  const { io, options, configuration } = world;
  const result = await runReview({
    plan: planned.plan, purpose, now: () => io.clock.now(), stdin: io.stdin, stdout: io.stdout,
    color: options.color && (io.environment['NO_COLOR'] ?? '') === '',
    tier: configuration.minimumTier, maxConfirmations: configuration.maxConfirmations,
    onInterrupt: (callback) => io.onInterrupt(callback),
  });
  if (result.decision !== 'approved') throw new UserError('not-approved', `not approved: ${result.why}`, { exitCode: exitCodes.blocked, help: 'nothing was changed' });
  return result;
}

export interface ConsentOptions { readonly approval?: string; readonly yes?: boolean }

/** Gets the approval for a plan: from a signed file, from `--yes` where that is allowed, or from the person at the terminal. */
export async function obtainApproval(world: World, planned: Planned, { approval, yes }: ConsentOptions): Promise<Approval> {
  const { plan } = planned;
  refuseUnapprovable(plan, world.io.clock.now());
  if (approval !== undefined) {
    const verified = verifyApproval(readSignedApproval(approval), world.configuration.allowedSigners);
    refuseSpentApproval(world.store, verified.nonce);
    return verified;
  }
  const asked = askedText(needed(plan));
  if (yes === true) {
    if (asked !== '' || !world.configuration.allowYes) {
      throw new UserError('confirmation-missing', asked !== '' ? `--yes answers for nobody here: the plan needs ${asked} by a person` : '--yes is not allowed by the configuration', { exitCode: exitCodes.blocked, help: 'run `aiplan apply` in a terminal, or sign an approval with `aiplan review PLAN --sign KEY`' });
    }
    return approvalOf(world, plan, 'none', { confirmations: [], typedName: null });
  }
  if (cannotAsk(world) !== null && world.options.json !== true) tell(world.io, world.options, planRows(plan, world.io.clock.now()));
  return approvalOf(world, plan, 'T0', await askPerson(world, planned, 'apply'));
}

/**
 * Confirmations as lines of standard input, for signing where there is no terminal: `ADDRESS TYPED TEXT` for each
 * destruction and grant, `ADDRESS loses THE LOSS` where a loss must be typed, `name PLAN-NAME` where the name is asked.
 * Silence is no: a missing or different line is a refusal. Throws UserError `confirmation-missing`.
 */
export function confirmationsFromLines(plan: Plan, text: string, now: number): Pick<ReviewResult, 'confirmations' | 'typedName'> {
  const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  const said = (prefix: string): string | null => lines.find((line) => line.startsWith(`${prefix} `))?.slice(prefix.length + 1) ?? null;
  const needs = needed(plan);
  const confirmations = needs.confirmations.map((step): Confirmation => {
    const typed = lines.find((line) => line === `${step.id} ${step.confirm}`);
    if (typed === undefined) {
      throw new UserError('confirmation-missing', `no line confirms "${step.id}"`, { exitCode: exitCodes.blocked, help: `each destruction and grant needs its own line on standard input: ${step.id} ${step.confirm ?? ''}` });
    }
    const loss = lossPhrase(step);
    if (loss !== null && said(`${step.id} loses`) !== loss) {
      throw new UserError('confirmation-missing', `no line accepts the loss of "${step.id}"`, { exitCode: exitCodes.blocked, help: `add the line: ${step.id} loses ${loss}` });
    }
    return { step: step.id, stepDigest: step.digest, typed: step.confirm ?? '', shown: cardDigest(plan, step.id, now), typedLoss: loss };
  });
  if (needs.name && said('name') !== plan.name) {
    throw new UserError('confirmation-missing', 'no line gives the plan name', { exitCode: exitCodes.blocked, help: `add the line: name ${plan.name}` });
  }
  return { confirmations, typedName: needs.name ? plan.name : null };
}
