import type { Approval, SignedApproval } from '../../domain/approval.ts';
import type { AllowedSigner, AuditActor, AuditEntry } from '../../domain/records/audit.ts';
import { callName } from '../../domain/call.ts';
import { sha256 } from '../../base/digest.ts';
import { AwsError, UserError } from '../../base/error.ts';
import type { JournalRecord } from '../../domain/records/journal.ts';
import type { Target } from '../../domain/live.ts';
import type { Plan } from '../../domain/plan.ts';
import type { ApplySession } from '../../domain/records/ports.ts';
import type { ReviewResult } from '../../domain/review.ts';
import type { OpenJournal } from '../../domain/records/journal-store.ts';
import { markOf } from '../../audit/verify.ts';
import { unauthored } from '../../run/apply/run-context.ts';
import { approvalText } from '../../store/archive.ts';
import { isRunName } from '../../store/journal/runs.ts';
import { signerOf } from '../../store/signing/signers.ts';
import { row, span } from '../../views/base/rows.ts';
import { agentHost } from './agent-environment.ts';
import { tell } from './output.ts';
import type { CommandContext } from './command-context.ts';

type Recording = Pick<CommandContext, 'io' | 'options' | 'store'>;

/** The subject of the command at hand, for refusals that do not name it themselves. */
interface Subject {
  readonly plan: Plan;
  declined: boolean;
}
const subjects = new WeakMap<Recording, Subject>();

/** Refusals that the audit log keeps, by code: someone asked for a change, or tried to approve one, and was not let. */
export const auditedRefusals: ReadonlySet<string> = new Set([
  'gate-refused',
  'confirmation-missing',
  'not-approved',
  'plan-blocked',
  'plan-recorded',
  'plan-expired',
  'plan-stale',
  'plan-already-applied',
  'plan-file-edited',
  'approval-foreign',
  'approval-expired',
  'approval-tier',
  'approval-replayed',
  'approval-forged',
  'not-an-approval',
  'not-signed',
  'no-allowed-signers',
  'wrong-account',
  'wrong-region',
  'wrong-endpoint',
  'mixed-endpoints',
  'locked',
  'lock-lost',
  'run-open',
  'secret-not-allowed',
  'text-outside',
  'text-linked',
  'text-moved',
  'text-changed',
  'no-capture-bucket',
  'journal-damaged',
  'run-stale',
  'run-taken-back',
  'run-ended',
  'run-is-rollback',
  'run-is-blank',
  'take-over-needed',
  'not-rejectable',
  'text-changed',
  'secret-missing',
  'capture-bucket-target',
  'not-a-capture-bucket',
  'no-ssh-keygen',
  'not-a-plan-file',
  'plan-version',
]);

/** Commands of which refusals are kept: those on the way to a change. The others only answer questions. */
const auditedCommands: ReadonlySet<string> = new Set([
  'plan',
  'review',
  'apply',
  'rollback',
  'resume',
  'runs',
  'captures',
  'setup',
]);

const actorOf = ({ io }: Recording): AuditActor => {
  const agent = agentHost(io.environment);
  return { by: io.user, host: io.host, ...(agent === null ? {} : { agent }) };
};

const append = async (context: Recording, entry: AuditEntry): Promise<void> => {
  await context.store.appendAudit(entry, context.io.clock);
};

/**
 * A plan was kept in a file, or is put before a person: keeps it in the store under its digest, and notes it. A plan
 * from recorded state can never be approved and is not noted. Throws UserError `store-unwritable`.
 */
export async function recordPlanned(context: Recording, plan: Plan): Promise<void> {
  if (plan.recorded) return;
  if (subjects.get(context)?.plan.digest === plan.digest) return;
  subjects.set(context, { plan, declined: false });
  // As the journal has it: without the author's text of sensitive properties (law 11), which no digest covers.
  await context.store.keepPlan({
    ...plan,
    steps: plan.steps.map((step) => ({ ...step, changes: unauthored(step.changes) })),
  });
  await append(context, {
    kind: 'planned',
    ...actorOf(context),
    target: plan.target,
    plan: plan.digest,
    name: plan.name,
    claims: plan.author,
    rollbackOf: plan.rollbackOf,
    steps: plan.steps.length,
    blocked: plan.summary.blocked,
  });
}

/** `recordPlanned` where nothing depends on it: it reports what cannot be noted, and the command continues. */
export async function notePlanned(context: Recording, plan: Plan): Promise<void> {
  await unlessUnwritable(context, 'that the plan was made', () => recordPlanned(context, plan));
}

/** A signed approval that the store keeps: whose key let it count, and the digest of the file. */
export interface KeptSigned {
  readonly signer: AllowedSigner;
  readonly kept: string;
}

/**
 * Keeps a signed approval as it was signed, for the team and the audit, once it is found to fit (a nonce is kept once);
 * answers what the audit log pins, so that it can be verified later, whoever may sign then. `verified` is what
 * verifying it gave. Throws UserError `approval-forged`, `approval-replayed`, `store-unwritable`.
 */
export async function keepSigned(
  { store, configuration }: Pick<CommandContext, 'store' | 'configuration'>,
  signed: SignedApproval,
  verified: Approval,
): Promise<KeptSigned> {
  const signer = signerOf(signed, verified.by, configuration.allowedSigners);
  await store.keepApproval(signed);
  return { signer, kept: sha256(approvalText(signed)) };
}

/**
 * A review ended with an approval: before anything is done with it. Throws UserError `store-unwritable`: an approval
 * that is not noted counts for nothing.
 */
export async function recordApproved(
  context: Recording,
  plan: Plan,
  approval: Approval,
  why: string,
  rejected: readonly string[] = [],
  signed: KeptSigned | null = null,
): Promise<void> {
  await recordPlanned(context, plan);
  await append(context, {
    kind: 'reviewed',
    ...actorOf(context),
    target: plan.target,
    plan: plan.digest,
    name: plan.name,
    tier: approval.tier,
    decision: 'approved',
    why,
    rejected,
    confirmations: approval.confirmations,
    typedName: approval.typedName,
    approver: approval.by,
    nonce: approval.nonce,
    ...signed,
  });
}

/** A person said no, or nothing (law 12). A failure to note it is reported; the answer stays no. */
export async function recordDeclined(
  context: Recording,
  plan: Plan,
  tier: Approval['tier'],
  result: Pick<ReviewResult, 'why' | 'confirmations' | 'typedName'>,
  rejected: readonly string[] = [],
): Promise<void> {
  await unlessUnwritable(context, 'that it was declined', async () => {
    await recordPlanned(context, plan);
    const { why, confirmations, typedName } = result;
    await append(context, {
      kind: 'reviewed',
      ...actorOf(context),
      target: plan.target,
      plan: plan.digest,
      name: plan.name,
      tier,
      decision: 'declined',
      why,
      rejected,
      confirmations,
      typedName,
    });
    const subject = subjects.get(context);
    if (subject !== undefined) subject.declined = true;
  });
}

/**
 * A command refused; `words`: its arguments, among which the run may be named. A failure to note it is reported beside
 * the refusal itself, which it must not hide.
 */
export async function recordRefusal(
  context: Recording,
  error: unknown,
  command: string,
  plan: Plan | null = null,
  words: readonly string[] = [],
): Promise<void> {
  if (!(error instanceof UserError) || !auditedRefusals.has(error.code) || !auditedCommands.has(command)) return;
  const subject = subjects.get(context);
  // The review says it already, and more of it.
  if (error.code === 'not-approved' && subject?.declined === true) return;
  const about = plan ?? subject?.plan ?? null;
  await unlessUnwritable(context, 'this refusal', () =>
    append(context, {
      kind: 'refused',
      ...actorOf(context),
      target: about?.target ?? null,
      plan: about?.digest ?? null,
      code: error.code,
      message: error.message,
      command,
      run: words.find(isRunName) ?? null,
    }),
  );
}

/** A run was closed for good by a person. Throws UserError `store-unwritable`. */
export async function recordAbandoned(
  context: Recording,
  target: Target,
  run: string,
  typed: string,
  records: readonly JournalRecord[],
): Promise<void> {
  await append(context, { kind: 'run-abandoned', ...actorOf(context), target, run, typed, journal: markOf(records) });
}

/** A run that a person may let begin: notes it. Throws UserError `store-unwritable`. */
export async function recordRunBegan(
  context: Recording,
  run: string,
  command: 'apply' | 'rollback' | 'resume',
  target: Target,
  plan: string,
  records: readonly JournalRecord[],
): Promise<void> {
  await append(context, {
    kind: 'run-began',
    ...actorOf(context),
    target,
    run,
    command,
    plan,
    journal: markOf(records),
  });
}

/** A run has ended. A failure to note it is reported; the journal holds the work of the run. */
export async function recordRunEnded(
  context: Recording,
  run: string,
  outcome: string,
  target: Target,
  records: readonly JournalRecord[],
): Promise<void> {
  await unlessUnwritable(context, 'the end of the run', () =>
    append(context, { kind: 'run-ended', ...actorOf(context), target, run, outcome, journal: markOf(records) }),
  );
}

/**
 * The journal of a run whose beginning and end go into the audit log too. A run begins when its `begin` record (or
 * `resumed`, for a resumed run) is on disk: the audit log is told before `append` returns, so before the first call.
 * When it cannot be told, `append` throws UserError `store-unwritable`, and nothing is sent.
 */
export function auditedJournal(
  context: Recording,
  journal: OpenJournal,
  { target, plan }: { readonly target: Target; readonly plan: string },
): OpenJournal {
  const { run, place } = journal;
  return {
    run,
    place,
    get records() {
      return journal.records;
    },
    close: () => journal.close(),
    async append(entry) {
      // The audit log pins the journal, and the journal the audit log; the manifests in the capture bucket pin the
      // journal.
      const record = await journal.append(
        entry.kind === 'begin' || entry.kind === 'resumed'
          ? { ...entry, auditHead: await context.store.auditHead() }
          : entry,
      );
      if (record.kind === 'begin') await recordRunBegan(context, run, record.command, target, plan, journal.records);
      if (record.kind === 'resumed') await recordRunBegan(context, run, 'resume', target, plan, journal.records);
      if (record.kind === 'end') await recordRunEnded(context, run, record.outcome, target, journal.records);
      return record;
    },
  };
}

/**
 * A session whose mutating calls stand in the audit log, before they are sent and after their answer: for calls outside
 * a run. A call that cannot be noted before is not sent.
 */
export function auditedSession(
  context: Recording,
  session: ApplySession & { close(): void },
  target: Target,
  run: string,
): ApplySession & { close(): void } {
  let calls = 0;
  return {
    get counts() {
      return session.counts;
    },
    read: (call) => session.read(call),
    renew: () => session.renew(),
    close: () => session.close(),
    async mutate(call, resolved, permit) {
      const base = {
        kind: 'called',
        ...actorOf(context),
        target,
        run,
        step: permit.step,
        call: (calls += 1),
        operation: callName(call),
        identity: call.identity,
      } as const;
      await append(context, { ...base, state: 'sent', requestId: null, milliseconds: null, code: null, message: null });
      const began = context.io.clock.now();
      const ended = (
        rest: Pick<Extract<AuditEntry, { kind: 'called' }>, 'state' | 'requestId' | 'code' | 'message'>,
      ): Promise<void> =>
        unlessUnwritable(context, 'the answer to a call', () =>
          append(context, { ...base, ...rest, milliseconds: context.io.clock.now() - began }),
        );
      try {
        const answer = await session.mutate(call, resolved, permit);
        await ended({ state: 'answered', requestId: answer.requestId ?? null, code: null, message: null });
        return answer;
      } catch (error) {
        if (error instanceof AwsError)
          await ended({
            state: error.executed === 'no' ? 'refused' : 'lost',
            requestId: error.requestId ?? null,
            code: error.code,
            message: error.message,
          });
        else if (error instanceof UserError)
          await ended({ state: 'refused', requestId: null, code: error.code, message: error.message });
        throw error;
      }
    },
  };
}

async function unlessUnwritable(context: Recording, what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    tell(
      context.io,
      context.options,
      [row(0, span(`${what} could not be noted in the audit log: `, 'warning'), error.message)],
      'error',
    );
  }
}
