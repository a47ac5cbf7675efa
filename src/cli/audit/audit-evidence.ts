import type { SignedApproval } from '../../domain/approval.ts';
import type { AllowedSigner } from '../../domain/records/audit.ts';
import { sha256 } from '../../base/digest.ts';
import { UserError } from '../../base/error.ts';
import type { AuditProblem } from '../../domain/records/audit-report.ts';
import type { Plan } from '../../domain/plan.ts';
import type { KeptText } from '../../domain/records/plan-archive.ts';
import { isPinned, type AuditedApproval } from '../../audit/verify-approvals.ts';
import { auditByRun, planProblem, type VerifiedLogs } from '../../audit/verify.ts';
import { verifyRun } from '../../audit/verify-run.ts';
import type { AuditedJournal } from '../../audit/view.ts';
import { recordsOf } from '../../history/journal-reading.ts';
import { slimmed } from '../../audit/slim-journal.ts';
import { parseSignedApproval } from '../../store/signing/signatures.ts';
import { checkSigned, fingerprintOf, isAllowedNow } from '../../store/signing/signers.ts';
import { auditPlace, eachJournal, keptPlans, readAuditLog, type ReadLogs } from './audit-reading.ts';
import type { CommandContext } from '../context/command-context.ts';

/**
 * Everything that `audit verify` looks at: what `readLogs` reads, the kept plans, every signed approval with its
 * signature looked at again, and the marks of used plans and closed runs. Each journal and plan is looked at while it
 * is read, and only what is asked across runs stays in memory. Throws what the store throws when it cannot be reached.
 */
export async function readEverything(
  context: Pick<CommandContext, 'store' | 'configuration'> & Partial<Pick<CommandContext, 'io' | 'options'>>,
): Promise<ReadLogs & { readonly logs: VerifiedLogs }> {
  const { store } = context;
  const { audit, damaged } = await readAuditLog(context);
  const about = auditByRun(audit);
  const options = { whereOf: (seq: number): string => auditPlace(context, seq), unread: damaged.length > 0 };
  const journals: AuditedJournal[] = [];
  /** Resumed runs: what was confirmed then stands in plans of their own. */
  const resumed: AuditedJournal[] = [];
  const broken: AuditProblem[] = [];
  const notes: AuditProblem[] = [];
  const look = (journal: AuditedJournal, plans: ReadonlyMap<string, Plan>): void => {
    const found = verifyRun(journal, { audit: about(journal), plans }, options);
    broken.push(...found.broken);
    notes.push(...found.notes);
  };
  await eachJournal(context, (journal) => {
    journals.push(slimmed(journal));
    if (recordsOf(journal.records ?? [], 'resumed').length > 0) resumed.push(journal);
    else look(journal, new Map());
  });
  const misfits: AuditProblem[] = [];
  const remaining = new Set(
    resumed.flatMap(({ records }) => recordsOf(records ?? [], 'resumed').map((record) => record.remaining)),
  );
  const kept = await keptPlans(context, audit, journals, (digest, plan) => {
    misfits.push(...planProblem(digest, plan));
    return remaining.has(digest) ? plan : { ...plan, changePlan: '', findings: [], steps: [] };
  });
  for (const journal of resumed) look(journal, kept.plans);
  const [texts, marks, settled, rewritten] = await Promise.all([
    store.keptApprovals(),
    store.marks(),
    store.closedRuns(),
    store.rewritten(),
  ]);
  const pins = new Map(audit.filter(isPinned).map((record) => [record.nonce, record]));
  const approvals = new Map(
    texts.map((text) => [text.name, examined(text, pins.get(text.name), context.configuration.allowedSigners)]),
  );
  return {
    logs: {
      audit,
      journals: journals.toReversed(),
      plans: kept.plans,
      approvals,
      marks,
      settled,
      rewritten,
      looked: { broken, notes },
      misfits,
    },
    damaged,
    planProblems: kept.problems,
  };
}

/** A kept approval, its signature held against the signer that the log pinned. */
function examined(
  { name, path, text }: KeptText,
  pin: { readonly at: string; readonly signer: AllowedSigner } | undefined,
  allowedSigners: string | null,
): AuditedApproval {
  const base = {
    path,
    digest: sha256(text),
    signed: null,
    problem: null,
    key: null,
    check: 'altered',
    allowedNow: null,
  } as const;
  let signed: SignedApproval;
  try {
    signed = parseSignedApproval(text, path);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { ...base, problem: error.message };
  }
  if (signed.approval.nonce !== name)
    return { ...base, problem: `it is the approval "${signed.approval.nonce}" under the name of another` };
  const check = checkSigned(
    signed,
    pin === undefined ? null : { signer: pin.signer, at: Date.parse(pin.at) },
    allowedSigners,
  );
  return {
    ...base,
    signed,
    key: fingerprintOf(signed.signature),
    check,
    allowedNow: isAllowedNow(signed, allowedSigners),
  };
}
