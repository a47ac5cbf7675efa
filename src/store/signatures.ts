import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Approval, SignedApproval } from '../model/approval.ts';
import { canonical } from '../model/digest.ts';
import { UserError } from '../model/error.ts';
import { sanitise } from '../model/sanitise.ts';
import { readWhole } from './files.ts';

/** The signature namespace: a signature made for anything else does not count. */
export const namespace = 'aiplan-approval';

/** Runs `ssh-keygen` to its end; answers its exit code and all that it said. Throws UserError `no-ssh-keygen`. */
export function keygen(words: readonly string[], options: { input?: string; terminal?: boolean } = {}): { status: number; output: string } {
  const done = spawnSync('ssh-keygen', words, {
    encoding: 'utf8',
    // A key with a passphrase or a touch asks in the terminal itself.
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.terminal === true ? { stdio: ['inherit', 'pipe', 'inherit'] as const } : {}),
  });
  // What it refuses at once it does not read to the end: its exit code tells then.
  if (done.error !== undefined && (done.error as NodeJS.ErrnoException).code !== 'EPIPE') {
    throw new UserError('no-ssh-keygen', 'cannot run "ssh-keygen"', { cause: done.error, help: 'install OpenSSH 8.2 or newer; signed approvals use `ssh-keygen -Y`' });
  }
  return { status: done.status ?? 1, output: `${done.stdout ?? ''}${done.stderr ?? ''}`.trim() };
}

/**
 * Signs an approval with an SSH key (`ssh-keygen -Y sign`, see ssh-keygen(1)); a hardware key asks for its touch.
 * Throws UserError `no-such-file`, `no-ssh-keygen`, `not-signed`.
 */
export function signApproval(approval: Approval, key: string): SignedApproval {
  if (!existsSync(key)) throw new UserError('no-such-file', `there is no key "${key}"`, { help: 'name an SSH private key, or the public key of one in your agent' });
  const folder = mkdtempSync(join(tmpdir(), 'aiplan-sign-'));
  try {
    const file = join(folder, 'approval');
    writeFileSync(file, canonical(approval), { mode: 0o600 });
    const { status, output } = keygen(['-Y', 'sign', '-f', key, '-n', namespace, file], { terminal: true });
    if (status !== 0) throw new UserError('not-signed', `ssh-keygen did not sign: ${sanitise(output) || 'no reason given'}`, { help: 'check the key and its passphrase' });
    return { format: 'aiplan/signed-approval@1', approval, signature: readFileSync(`${file}.sig`, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Verifies a signed approval against the allowed-signers file (ssh-keygen(1), ALLOWED SIGNERS) and returns it with the
 * signer's principal in `by`. Throws UserError `no-allowed-signers`, `approval-forged`, exit 3.
 */
export function verifyApproval(signed: SignedApproval, allowedSigners: string | null): Approval {
  if (allowedSigners === null || !existsSync(allowedSigners)) {
    throw new UserError('no-allowed-signers', allowedSigners === null ? 'no allowed-signers file is configured' : `there is no allowed-signers file "${allowedSigners}"`, {
      exitCode: 3, help: 'set `allowed_signers` in your configuration, outside the working tree',
    });
  }
  const folder = mkdtempSync(join(tmpdir(), 'aiplan-verify-'));
  try {
    const signature = join(folder, 'approval.sig');
    writeFileSync(signature, signed.signature, { mode: 0o600 });
    const found = keygen(['-Y', 'find-principals', '-f', allowedSigners, '-s', signature]);
    const principal = found.output.split('\n')[0]?.trim() ?? '';
    if (found.status !== 0 || principal === '') {
      throw new UserError('approval-forged', 'the approval is not signed by an allowed signer', { exitCode: 3, help: `allowed signers stand in "${allowedSigners}"` });
    }
    const checked = keygen(['-Y', 'verify', '-f', allowedSigners, '-I', principal, '-n', namespace, '-s', signature], { input: canonical(signed.approval) });
    if (checked.status !== 0) {
      throw new UserError('approval-forged', 'the signature does not fit the approval: it was altered, or made for something else', { exitCode: 3, help: 'review and sign again' });
    }
    return { ...signed.approval, tier: 'T1', by: principal };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads a signed approval file. Throws UserError `no-such-file`, `not-an-approval`. */
export function readSignedApproval(path: string): SignedApproval {
  const text = readWhole(path);
  if (text === null) throw new UserError('no-such-file', `there is no approval file "${path}"`, { exitCode: 3, help: 'make one with `aiplan review PLAN --sign KEY`' });
  return parseSignedApproval(text, path);
}

/** The text of a signed approval file. Throws UserError `not-an-approval`. */
export function parseSignedApproval(text: string, path: string): SignedApproval {
  try {
    const value = JSON.parse(text) as SignedApproval;
    if (value?.format === 'aiplan/signed-approval@1' && value.approval?.format === 'aiplan/approval@1' && typeof value.signature === 'string' && Array.isArray(value.approval.confirmations)) return value;
  } catch (error) {
    throw new UserError('not-an-approval', `"${path}" is not JSON`, { cause: error, exitCode: 3, help: 'make one with `aiplan review PLAN --sign KEY`' });
  }
  throw new UserError('not-an-approval', `"${path}" is not an aiplan/signed-approval@1 file`, { exitCode: 3, help: 'make one with `aiplan review PLAN --sign KEY`' });
}

/** True when this user could write the allowed-signers file: then a program of the same user could add its own key. */
export function signersWritable(path: string): boolean {
  try {
    const facts = statSync(path);
    const user = process.getuid?.();
    return user === undefined || facts.uid === user || (facts.mode & 0o002) !== 0;
  } catch {
    return false;
  }
}
