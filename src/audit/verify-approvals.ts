import type { Approval, SignedApproval } from '../domain/approval.ts';
import type { AuditRecord, SignatureCheck } from '../domain/records/audit.ts';
import type { AuditProblem } from '../domain/records/audit-report.ts';
import { canonical } from '../base/digest.ts';
import type { AuditedJournal } from './view.ts';
import { recordsOf } from '../history/journal-reading.ts';

/** A signed approval as the store keeps it, and what looking at its signature again said. */
export interface AuditedApproval {
  readonly path: string;
  /** SHA-256 of its text. */
  readonly digest: string;
  /** Null where it is no signed approval; `problem` says why. */
  readonly signed: SignedApproval | null;
  readonly problem: string | null;
  /** The key that made the signature, as `SHA256:…`; null where that is no SSH signature. */
  readonly key: string | null;
  /** Against the signer that the audit log pinned, or, where it pinned none, against who may sign now. */
  readonly check: SignatureCheck;
  /** Whether that key may sign now; null where no allowed signers are configured here. */
  readonly allowedNow: boolean | null;
}

export interface ApprovalOptions {
  readonly whereOf: (seq: number) => string;
  /** Where the store keeps the approval of a nonce. */
  readonly approvalPlace: (nonce: string) => string;
}

interface Verdict {
  readonly broken: readonly AuditProblem[];
  readonly notes: readonly AuditProblem[];
}
type Reviewed = Extract<AuditRecord, { kind: 'reviewed' }>;
/** Somebody relies on an approval: a run, or the record of the audit log that took it. */
interface Use {
  readonly nonce: string;
  readonly by: string;
  readonly approval: Approval | null;
}

/** The record that took a signed approval to run with: it pins the signer and the file. */
export const isPinned = (
  record: AuditRecord,
): record is Reviewed & Required<Pick<Reviewed, 'signer' | 'kept'>> & { readonly nonce: string } =>
  record.kind === 'reviewed' &&
  record.decision === 'approved' &&
  record.signer !== undefined &&
  record.kept !== undefined &&
  typeof record.nonce === 'string';

/**
 * Whether each signed approval with which a run began or was resumed is still kept, says what the run says, and is
 * signed by the key that was allowed then. Each one is told of once. Pure.
 */
export function approvalVerdict(
  audit: readonly AuditRecord[],
  journals: readonly AuditedJournal[],
  approvals: ReadonlyMap<string, AuditedApproval>,
  options: ApprovalOptions,
): Verdict {
  const pins = new Map(audit.filter(isPinned).map((record) => [record.nonce, record]));
  const uses: readonly Use[] = [
    ...journals.flatMap(({ run, records }) =>
      [...recordsOf(records ?? [], 'begin'), ...recordsOf(records ?? [], 'resumed')].flatMap(
        ({ approval }): readonly Use[] =>
          approval.tier === 'T1' ? [{ nonce: approval.nonce, by: `run "${run}"`, approval }] : [],
      ),
    ),
    ...[...pins.values()].map(({ nonce, seq }): Use => ({
      nonce,
      by: `the review in ${options.whereOf(seq)}`,
      approval: null,
    })),
  ];
  const broken = new Map<string, AuditProblem>();
  const notes: AuditProblem[] = [];
  for (const { nonce, by, approval } of uses) {
    const kept = approvals.get(nonce);
    const where = kept?.path ?? options.approvalPlace(nonce);
    const add = (code: string, message: string): void => {
      if (!broken.has(nonce)) broken.set(nonce, { code, where, message });
    };
    if (kept === undefined) add('approval-missing', `the signed approval of ${by} is not in the store`);
    else if (kept.signed === null)
      add('approval-damaged', `the signed approval of ${by} cannot be read: ${kept.problem ?? ''}`);
    else {
      for (const message of signatureProblems(kept, pins.get(nonce), options)) add(...message);
      if (approval !== null && !isSame(approval, kept.signed.approval))
        add('approval-differs', `${by} says that it ran with another approval than the one that was signed and kept`);
    }
    if (approval === null && !broken.has(nonce)) notes.push(...noLongerAllowed(kept, pins.get(nonce), where));
  }
  const known = new Set(uses.map(({ nonce }) => nonce));
  for (const [nonce, { path }] of approvals)
    if (!known.has(nonce))
      notes.push({
        code: 'approval-unknown',
        where: path,
        message:
          'this signed approval was kept, and neither the audit log nor a journal knows it: a command was stopped at that moment, or its record was taken away',
      });
  return { broken: [...broken.values()], notes };
}

/** Whether the run was given the same signed text, except for the name: the signer, not who the text says. */
const isSame = (used: Approval, signed: Approval): boolean =>
  canonical({ ...signed, tier: 'T1', by: used.by }) === canonical(used);

function signatureProblems(
  kept: AuditedApproval,
  pin: (Reviewed & Required<Pick<Reviewed, 'signer' | 'kept'>>) | undefined,
  { whereOf }: ApprovalOptions,
): readonly (readonly [string, string])[] {
  const { check } = kept;
  const key = kept.key ?? 'none';
  if (check === 'altered')
    return [
      [
        'approval-forged',
        `its signature (key ${key}) is not one of this text: the approval or the signature was changed`,
      ],
    ];
  if (check === 'not-allowed') {
    return [
      [
        'signer-not-allowed',
        pin === undefined
          ? `it is signed with the key ${key}, of which nothing in the audit log says that it was ever allowed, and which is not allowed now`
          : `it is signed with the key ${key}; what was allowed, and what signed it when it was used, is the key ${pin.signer.fingerprint} of "${pin.signer.principal}" (${whereOf(pin.seq)})`,
      ],
    ];
  }
  if (pin !== undefined && pin.kept !== kept.digest)
    return [
      [
        'approval-changed',
        `it is signed by "${pin.signer.principal}", and is not the very file that was used (${whereOf(pin.seq)})`,
      ],
    ];
  if (pin !== undefined && pin.signer.principal !== pin.approver)
    return [
      [
        'review-differs',
        `the review in ${whereOf(pin.seq)} names "${pin.approver ?? ''}", and the signature is that of "${pin.signer.principal}"`,
      ],
    ];
  return [];
}

/** Keys come and go; a forger who rewrites the whole log can only bring keys that nobody allows. */
function noLongerAllowed(
  kept: AuditedApproval | undefined,
  pin: (Reviewed & Required<Pick<Reviewed, 'signer' | 'kept'>>) | undefined,
  where: string,
): readonly AuditProblem[] {
  if (kept?.allowedNow !== false || pin === undefined) return [];
  return [
    {
      code: 'signer-not-allowed-now',
      where,
      message: `the key ${pin.signer.fingerprint} of "${pin.signer.principal}" may not sign any more; that it could on ${pin.at.slice(0, 10)}, this log says and the signature fits`,
    },
  ];
}
