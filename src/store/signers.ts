import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SignedApproval } from '../model/approval.ts';
import type { AllowedSigner, SignatureCheck } from '../model/audit.ts';
import { canonical } from '../model/digest.ts';
import { UserError } from '../model/error.ts';
import { readWhole } from './files.ts';
import { keygen, namespace } from './signatures.ts';

/**
 * The key that made a signature, as `SHA256:…`; null where it is no SSH signature. It stands in the signature itself (OpenSSH,
 * PROTOCOL.sshsig: after the preamble and the version). For a certificate it is that of the whole certificate.
 */
export function fingerprintOf(signature: string): string | null {
  const key = keyIn(signature);
  return key === null ? null : `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/u, '')}`;
}

function keyIn(signature: string): Buffer | null {
  const blob = Buffer.from(signature.replace(/-----[A-Z ]+-----/gu, '').replace(/\s/gu, ''), 'base64');
  const magic = 'SSHSIG';
  if (blob.length < magic.length + 8 || blob.subarray(0, magic.length).toString('latin1') !== magic) return null;
  const start = magic.length + 8;
  const length = blob.readUInt32BE(magic.length + 4);
  if (length === 0 || start + length > blob.length) return null;
  return blob.subarray(start, start + length);
}

/**
 * Whose signature it is, with the one line of the allowed-signers file that lets it count now: what has to be kept so that
 * it can be verified when other keys are allowed. Throws UserError `approval-forged` where no line does, `no-ssh-keygen`.
 */
export function signerOf(signed: SignedApproval, principal: string, allowedSigners: string | null): AllowedSigner {
  const fingerprint = fingerprintOf(signed.signature);
  // A line names the key itself, or the authority of a certificate; only those are tried.
  const key = keyIn(signed.signature)?.toString('base64') ?? '';
  const candidates = fingerprint === null ? [] : linesOf(allowedSigners).filter((candidate) => candidate.includes(key) || candidate.includes('cert-authority'));
  const line = candidates.find((candidate) => verified(signed, { principal, line: candidate }, null));
  if (fingerprint === null || line === undefined) throw new UserError('approval-forged', 'the approval is not signed by an allowed signer', { exitCode: 3, help: `allowed signers stand in "${allowedSigners ?? ''}"` });
  return { principal, fingerprint, line };
}

/**
 * Looks at the signature of a kept approval again: against the signer of the time at which it was used (milliseconds since 1970), or, where nobody noted
 * one, against who may sign now. Throws UserError `no-ssh-keygen`.
 */
export function checkSigned(signed: SignedApproval, pinned: { readonly signer: AllowedSigner; readonly at: number } | null, allowedSigners: string | null): SignatureCheck {
  const isGood = pinned === null ? allowedNow(signed, allowedSigners) !== null && isWhole(signed) : verified(signed, pinned.signer, pinned.at);
  if (isGood) return 'good';
  return isWhole(signed) ? 'not-allowed' : 'altered';
}

/** Whether the allowed-signers file of today lets anybody sign with the key of this approval; null where there is none. Throws UserError `no-ssh-keygen`. */
export const isAllowedNow = (signed: SignedApproval, allowedSigners: string | null): boolean | null =>
  (allowedSigners === null || readWhole(allowedSigners) === null ? null : allowedNow(signed, allowedSigners) !== null);

/** The principal that the allowed-signers file of today has for the key of an approval, or null. */
function allowedNow(signed: SignedApproval, allowedSigners: string | null): string | null {
  if (allowedSigners === null) return null;
  const { status, output } = inFolder(signed, '', ({ signature }) => keygen(['-Y', 'find-principals', '-f', allowedSigners, '-s', signature]));
  return status === 0 && output !== '' ? output : null;
}

/** The lines of an allowed-signers file that say something. */
function linesOf(allowedSigners: string | null): readonly string[] {
  const text = allowedSigners === null ? null : readWhole(allowedSigners);
  return (text ?? '').split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
}

/** The text is the one that was signed, whoever did (ssh-keygen(1), `-Y check-novalidate`). */
const isWhole = (signed: SignedApproval): boolean =>
  inFolder(signed, '', ({ signature }) => keygen(['-Y', 'check-novalidate', '-n', namespace, '-s', signature], { input: canonical(signed.approval) }).status === 0);

const verified = (signed: SignedApproval, { principal, line }: Pick<AllowedSigner, 'principal' | 'line'>, at: number | null): boolean =>
  inFolder(signed, line, ({ signature, signers }) => keygen(['-Y', 'verify', ...timed(line, at), '-f', signers, '-I', principal, '-n', namespace, '-s', signature], { input: canonical(signed.approval) }).status === 0);

/** The time matters to a line with a validity and to certificates alone, and an older OpenSSH does not know the option. */
const timed = (line: string, at: number | null): readonly string[] =>
  (at === null || Number.isNaN(at) || !/valid-|cert-authority/u.test(line) ? [] : ['-O', `verify-time=${new Date(at).toISOString().replace(/[-:T]|\.\d+/gu, '')}`]);

function inFolder<Result>(signed: SignedApproval, line: string, work: (files: { readonly signature: string; readonly signers: string }) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), 'aiplan-verify-'));
  try {
    const files = { signature: join(folder, 'approval.sig'), signers: join(folder, 'signers') };
    writeFileSync(files.signature, signed.signature, { mode: 0o600 });
    writeFileSync(files.signers, `${line}\n`, { mode: 0o600 });
    return work(files);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
