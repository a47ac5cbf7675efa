import type { SignedApproval } from '../model/approval.ts';
import type { AllowedSigner } from '../model/audit.ts';
import { sha256 } from '../model/digest.ts';
import { UserError } from '../model/error.ts';
import type { KeptText } from '../model/store.ts';
import { isPinned, type AuditedApproval } from '../engine/audit-verify-approvals.ts';
import type { VerifiedLogs } from '../engine/audit-verify.ts';
import { parseSignedApproval } from '../store/signatures.ts';
import { checkSigned, fingerprintOf, isAllowedNow } from '../store/signers.ts';
import { readLogs, type ReadLogs } from './audit-reading.ts';
import type { World } from './world.ts';

/**
 * Everything that `audit verify` looks at: what `readLogs` reads, the kept plans, every signed approval with its signature looked at again,
 * and the marks of what was used and settled. Throws what the store throws when it cannot be reached.
 */
export async function readEverything(world: Pick<World, 'store' | 'configuration'>): Promise<ReadLogs & { readonly logs: VerifiedLogs }> {
  const read = await readLogs(world, { plans: true });
  const [kept, marks, settled, rewritten] = await Promise.all([world.store.keptApprovals(), world.store.marks(), world.store.settledRuns(), world.store.rewritten()]);
  const pins = new Map(read.logs.audit.filter(isPinned).map((record) => [record.nonce, record]));
  const approvals = new Map(kept.map((text) => [text.name, examined(text, pins.get(text.name), world.configuration.allowedSigners)]));
  return { ...read, logs: { ...read.logs, approvals, marks, settled, rewritten } };
}

/** A kept approval, its signature held against the signer that the log pinned. */
function examined({ name, path, text }: KeptText, pin: { readonly at: string; readonly signer: AllowedSigner } | undefined, allowedSigners: string | null): AuditedApproval {
  const base = { path, digest: sha256(text), signed: null, problem: null, key: null, check: 'altered', allowedNow: null } as const;
  let signed: SignedApproval;
  try {
    signed = parseSignedApproval(text, path);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { ...base, problem: error.message };
  }
  if (signed.approval.nonce !== name) return { ...base, problem: `it is the approval "${signed.approval.nonce}" under the name of another` };
  const check = checkSigned(signed, pin === undefined ? null : { signer: pin.signer, at: Date.parse(pin.at) }, allowedSigners);
  return { ...base, signed, key: fingerprintOf(signed.signature), check, allowedNow: isAllowedNow(signed, allowedSigners) };
}
