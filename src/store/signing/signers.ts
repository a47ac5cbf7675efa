import type { SignedApproval } from '../../domain/approval.ts';
import type { AllowedSigner, SignatureCheck } from '../../domain/records/audit.ts';
import { canonical, sha256 } from '../../base/digest.ts';
import { UserError } from '../../base/error.ts';
import { sanitise } from '../../base/sanitise.ts';
import {
  matchesList,
  parseAllowedSigners,
  principalOf,
  refusalOf,
  type AllowedSigners,
  type SignerLine,
} from './allowed-signers.ts';
import { readWhole } from '../objects/files.ts';
import { NotSsh } from './ssh-wire.ts';
import { fingerprintOfKey, isSignatureOf, parseSshSignature, type SshSignature } from './sshsig.ts';

/** The signature namespace: a signature made for anything else does not count. */
export const namespace = 'aiplan-approval';

/** A signature read, or in words why it is none. */
function signatureOf(signature: string): SshSignature | string {
  return orWords(() => parseSshSignature(signature));
}

/** The answer of `work`, or the words for a malformed signature or key. */
function orWords<Result>(work: () => Result): Result | string {
  try {
    return work();
  } catch (error) {
    if (error instanceof NotSsh) return error.message;
    throw error;
  }
}

/** Why the signature is not one of this approval, or null where it is. Whose it is says nobody yet. */
function flawOf(signed: SignedApproval, signature: SshSignature): string | null {
  const isGood = orWords(() => isSignatureOf(signature, canonical(signed.approval), namespace));
  if (typeof isGood === 'string') return isGood;
  if (signature.namespace !== namespace)
    return `it was made for something else ("${sanitise(signature.namespace)}", not "${namespace}")`;
  return isGood ? null : 'the approval or the signature was altered, or the signature was made for something else';
}

const linesFor = ({ lines }: AllowedSigners, { key }: SshSignature): readonly SignerLine[] =>
  lines.filter((line) => Buffer.from(line.key, 'base64').equals(key));

/** The allowed-signers file; null where there is none. Throws UserError `unreadable-file`. */
const readSigners = (path: string | null): AllowedSigners | null => {
  const text = path === null ? null : readWhole(path);
  return text === null ? null : parseAllowedSigners(text);
};

/**
 * The content of an allowed-signers file as one digest: principals, keys, namespaces and times, in no order, without
 * comments. Null where none is configured or there; then nobody may. Throws UserError `unreadable-file`.
 */
export function signersDigest(path: string | null): string | null {
  const signers = readSigners(path);
  if (signers === null) return null;
  const lines = signers.lines.map(({ principals, key, namespaces, validAfter, validBefore }) =>
    canonical({ principals, key, namespaces, validAfter, validBefore }),
  );
  return sha256([...new Set(lines)].sort().join('\n'));
}

/**
 * Who signed an approval, by the allowed-signers file; `at` in milliseconds since 1970. Everything is read and computed
 * in this process: no program has a say. Throws UserError `no-allowed-signers`, `approval-forged`, exit 3.
 */
export function signerNow(signed: SignedApproval, allowedSigners: string | null, at: number): string {
  const signers = readSigners(allowedSigners);
  if (signers === null) {
    throw new UserError(
      'no-allowed-signers',
      allowedSigners === null
        ? 'no allowed-signers file is configured'
        : `there is no allowed-signers file "${allowedSigners}"`,
      {
        exitCode: 3,
        help: 'set `allowed_signers` in your configuration, outside the working tree',
      },
    );
  }
  const file = allowedSigners ?? '';
  const signature = signatureOf(signed.signature);
  if (typeof signature === 'string')
    throw forged(`the signature cannot be read: ${signature}`, 'review and sign again');
  const flaw = flawOf(signed, signature);
  if (flaw !== null) throw forged(`the signature does not fit the approval: ${flaw}`, 'review and sign again');
  const lines = linesFor(signers, signature);
  const refusals = lines.map((line) => ({ line, why: refusalOf(line, namespace, at) }));
  const allowed = refusals.find(({ why }) => why === null);
  if (allowed !== undefined) return principalOf(allowed.line);
  const notes = [
    ...refusals.map(({ line, why }) => `line ${line.number}: ${why ?? ''}`),
    ...(lines.length > 0 ? [] : signers.problems.map(({ number, why }) => `line ${number}: ${why}`)),
  ];
  throw forged(
    `the approval is not signed by an allowed signer: the key is ${fingerprintOfKey(signature.key)}`,
    `allowed signers stand in "${file}"${notes.length === 0 ? '' : `; ${sanitise(notes.join('; '))}`}`,
  );
}

const forged = (message: string, help: string): UserError =>
  new UserError('approval-forged', message, { exitCode: 3, help });

/** The key that made a signature, as `SHA256:…`; null where it is no SSH signature. */
export function fingerprintOf(signature: string): string | null {
  const read = signatureOf(signature);
  return typeof read === 'string' ? null : fingerprintOfKey(read.key);
}

/**
 * Whose signature it is, with the one line of the allowed-signers file that lets it count now: what has to be kept so
 * that it can be verified when other keys are allowed. Throws UserError `approval-forged` where no line does.
 */
export function signerOf(signed: SignedApproval, principal: string, allowedSigners: string | null): AllowedSigner {
  const signature = signatureOf(signed.signature);
  const signers = readSigners(allowedSigners);
  const line =
    typeof signature === 'string' || signers === null || flawOf(signed, signature) !== null
      ? undefined
      : linesFor(signers, signature).find(
          (candidate) =>
            principalOf(candidate) === principal &&
            (candidate.namespaces === null || matchesList(namespace, candidate.namespaces.split(','))),
        );
  if (typeof signature === 'string' || line === undefined)
    throw forged(
      'the approval is not signed by an allowed signer',
      `allowed signers stand in "${allowedSigners ?? ''}"`,
    );
  return { principal, fingerprint: fingerprintOfKey(signature.key), line: line.line };
}

/**
 * Looks at the signature of a kept approval again: against the signer of the time at which it was used (milliseconds
 * since 1970), or, where nobody noted one, against who may sign at `now`.
 */
export function checkSigned(
  signed: SignedApproval,
  pinned: { readonly signer: AllowedSigner; readonly at: number } | null,
  allowedSigners: string | null,
  now = Date.now(),
): SignatureCheck {
  const signature = signatureOf(signed.signature);
  if (typeof signature === 'string' || flawOf(signed, signature) !== null) return 'altered';
  if (pinned === null) return isAllowedNow(signed, allowedSigners, now) === true ? 'good' : 'not-allowed';
  const {
    signer: { line, principal },
    at,
  } = pinned;
  const isThen = linesFor(parseAllowedSigners(line), signature).some(
    (then) => matchesList(principal, then.principals) && refusalOf(then, namespace, Number.isNaN(at) ? 0 : at) === null,
  );
  return isThen ? 'good' : 'not-allowed';
}

/**
 * Whether the allowed-signers file of today lets anybody sign with the key of this approval; null where there is none.
 */
export function isAllowedNow(signed: SignedApproval, allowedSigners: string | null, now = Date.now()): boolean | null {
  const signers = readSigners(allowedSigners);
  if (signers === null) return null;
  const signature = signatureOf(signed.signature);
  return (
    typeof signature !== 'string' &&
    linesFor(signers, signature).some((line) => refusalOf(line, namespace, now) === null)
  );
}

/** Why a signature that was just made would not count, whoever may sign; null where it would. */
export function flawOfNew(signed: SignedApproval): string | null {
  const signature = signatureOf(signed.signature);
  return typeof signature === 'string' ? signature : flawOf(signed, signature);
}
