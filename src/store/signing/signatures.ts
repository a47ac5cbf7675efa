import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Approval, SignedApproval } from '../../domain/approval.ts';
import { canonical } from '../../base/digest.ts';
import { UserError } from '../../base/error.ts';
import { sanitise } from '../../base/sanitise.ts';
import { flawText } from '../../base/shape.ts';
import { readWhole } from '../objects/files.ts';
import { signedApproval } from '../objects/shapes.ts';
import type { Environment } from '../objects/folders.ts';
import { flawOfNew, namespace, signerNow } from './signers.ts';

/**
 * Where an operating system keeps its own `ssh-keygen`. PATH is not asked: whoever may set it, an agent of the same
 * user say, would so choose the program that sees the approval and asks for the touch.
 */
const programs: readonly string[] =
  process.platform === 'win32'
    ? [String.raw`C:\Windows\System32\OpenSSH\ssh-keygen.exe`]
    : ['/usr/bin/ssh-keygen', '/bin/ssh-keygen', '/run/current-system/sw/bin/ssh-keygen'];

export interface SigningOptions {
  readonly environment?: Environment;
  /** Where `ssh-keygen` is looked for. */
  readonly places?: readonly string[];
}

/**
 * The program learns nothing that loads code into it (LD_PRELOAD, SSH_SK_PROVIDER), and no display: its standard input
 * is not the terminal, and with a display it would ask for the passphrase through another program (ssh-askpass).
 */
const passed: readonly string[] = [
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'LC_ALL',
  'TERM',
  'XDG_RUNTIME_DIR',
  'SSH_AUTH_SOCK',
  'SystemRoot',
  'USERPROFILE',
  'TEMP',
  'TMP',
];

/**
 * Lets the system's `ssh-keygen` sign a text; a key with a passphrase or a touch asks in the terminal. The text goes
 * through a pipe and the signature comes back through one: a file could be exchanged while the person is asked. Throws
 * UserError `no-ssh-keygen`.
 */
function keygen(
  words: readonly string[],
  input: string,
  { environment = {}, places = programs }: SigningOptions,
): { readonly status: number; readonly output: string } {
  const program = places.find((place) => existsSync(place));
  const missing = (cause?: unknown): UserError =>
    new UserError('no-ssh-keygen', `there is no ssh-keygen that can be run at ${places.join(', ')}`, {
      cause,
      help: 'install OpenSSH 8.2 or newer from your system; signed approvals use `ssh-keygen -Y sign`',
    });
  if (program === undefined) throw missing();
  const env = Object.fromEntries(
    passed.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
  );
  const done = spawnSync(program, words, {
    encoding: 'utf8',
    input,
    stdio: ['pipe', 'pipe', 'inherit'],
    // ssh(1): SSH_ASKPASS_REQUIRE=never makes it ask in the terminal although its standard input is none.
    env: { ...env, PATH: '/usr/bin:/bin', SSH_ASKPASS_REQUIRE: 'never' },
  });
  // A program that ends without reading its input (EPIPE) has said why.
  if (done.error !== undefined && done.status === null) throw missing(done.error);
  return { status: done.status ?? 1, output: done.stdout ?? '' };
}

/**
 * Signs an approval with an SSH key (`ssh-keygen -Y sign`, see ssh-keygen(1)); a hardware key asks for its touch. The
 * text never lies on the disk. The signature is verified against the text that was shown before it is answered; one
 * that does not fit is written nowhere. Throws UserError `no-such-file`, `no-ssh-keygen`, `not-signed`.
 */
export function signApproval(approval: Approval, key: string, options: SigningOptions = {}): SignedApproval {
  if (!existsSync(key))
    throw new UserError('no-such-file', `there is no key "${key}"`, {
      help: 'name an SSH private key, or the public key of one in your agent',
    });
  const { status, output } = keygen(['-Y', 'sign', '-f', key, '-n', namespace], canonical(approval), options);
  const signed: SignedApproval = { format: 'aiplan/signed-approval@1', approval, signature: output };
  if (status !== 0)
    throw new UserError('not-signed', `ssh-keygen did not sign: it ended with code ${status}`, {
      help: 'check the key and its passphrase; what ssh-keygen said stands above',
    });
  const flaw = flawOfNew(signed);
  if (flaw !== null)
    throw new UserError('not-signed', `the signature would not count: ${flaw}`, {
      help: 'sign with an Ed25519, ECDSA or RSA key, or with a security key that asks for a touch',
    });
  return signed;
}

/**
 * Verifies a signed approval against the allowed-signers file (ssh-keygen(1), ALLOWED SIGNERS) and returns it with the
 * signer's principal in `by`. `at`: milliseconds since 1970. Throws UserError `no-allowed-signers`, `approval-forged`,
 * exit 3.
 */
export const verifyApproval = (signed: SignedApproval, allowedSigners: string | null, at = Date.now()): Approval => ({
  ...signed.approval,
  tier: 'T1',
  by: signerNow(signed, allowedSigners, at),
});

/** Reads a signed approval file. Throws UserError `no-such-file`, `not-an-approval`. */
export function readSignedApproval(path: string): SignedApproval {
  const text = readWhole(path);
  if (text === null)
    throw new UserError('no-such-file', `there is no approval file "${path}"`, {
      exitCode: 3,
      help: 'make one with `aiplan review PLAN --sign KEY`',
    });
  return parseSignedApproval(text, path);
}

/** The text of a signed approval file. Throws UserError `not-an-approval`. */
export function parseSignedApproval(text: string, path: string): SignedApproval {
  const help = 'make one with `aiplan review PLAN --sign KEY`';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError('not-an-approval', `"${path}" is not JSON`, { cause: error, exitCode: 3, help });
  }
  const flaw = signedApproval(value);
  if (flaw !== null)
    throw new UserError(
      'not-an-approval',
      `"${path}" is not an aiplan/signed-approval@1 file: ${sanitise(flawText(flaw))}`,
      { exitCode: 3, help },
    );
  return value as SignedApproval;
}

/**
 * True when this user could write the allowed-signers file, or put another in its place: then a program of the same
 * user could add its own key.
 */
export function signersWritable(path: string): boolean {
  const user = process.getuid?.();
  if (user === undefined) return true;
  for (let place = path; ; place = dirname(place)) {
    try {
      const { uid, mode } = statSync(place);
      // In a folder with the sticky bit nobody replaces what is another's (/tmp).
      if (uid === user || ((mode & 0o002) !== 0 && (place === path || (mode & 0o1000) === 0))) return true;
    } catch {
      return false;
    }
    if (dirname(place) === place) return false;
  }
}
