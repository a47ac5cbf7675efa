import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * SSH keys and signatures made by `ssh-keygen`, and those of security keys made here as PROTOCOL.u2f and
 * PROTOCOL.sshsig say.
 */

export const folderOfVectors = (): string => mkdtempSync(join(tmpdir(), 'aiplan-vectors-'));

/** Makes a key; answers its file. */
export function makeKey(folder: string, name: string, words: readonly string[]): string {
  const file = join(folder, name);
  execFileSync('ssh-keygen', ['-q', ...words, '-N', '', '-C', name, '-f', file]);
  return file;
}

/** A signature of `ssh-keygen -Y sign` over a text. */
export function signText(
  key: string,
  text: string,
  options: { readonly namespace?: string; readonly words?: readonly string[] } = {},
): string {
  const file = `${key}.text`;
  writeFileSync(file, text);
  execFileSync(
    'ssh-keygen',
    ['-q', '-Y', 'sign', ...(options.words ?? []), '-f', key, '-n', options.namespace ?? 'aiplan-approval', file],
    { stdio: 'ignore' },
  );
  const signature = readFileSync(`${file}.sig`, 'utf8');
  execFileSync('rm', ['-f', `${file}.sig`]);
  return signature;
}

/** What `ssh-keygen -Y verify` says: the other judge of the same files. */
export function opensshVerifies(
  folder: string,
  signers: string,
  signature: string,
  text: string,
  principal: string,
  words: readonly string[] = [],
): boolean {
  const [file, allowed] = [join(folder, 'judged.sig'), join(folder, 'judged.signers')];
  writeFileSync(file, signature);
  writeFileSync(allowed, signers);
  return (
    spawnSync(
      'ssh-keygen',
      ['-Y', 'verify', ...words, '-f', allowed, '-I', principal, '-n', 'aiplan-approval', '-s', file],
      { input: text },
    ).status === 0
  );
}

const str = (value: Buffer | string): Buffer => {
  const bytes = Buffer.from(value as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};
const mpint = (bytes: Buffer): Buffer => {
  let at = 0;
  while (at < bytes.length - 1 && bytes[at] === 0) at += 1;
  const short = bytes.subarray(at);
  return str((short[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), short]) : short);
};
const sha256 = (bytes: Buffer | string): Buffer => createHash('sha256').update(bytes).digest();

export const blobOf = (signature: string): Buffer =>
  Buffer.from(signature.replaceAll(/-----[A-Z ]+-----|\s/gu, ''), 'base64');
export const armoured = (blob: Buffer): string =>
  `-----BEGIN SSH SIGNATURE-----\n${(blob.toString('base64').match(/.{1,70}/gu) ?? []).join('\n')}\n-----END SSH SIGNATURE-----\n`;

/** The parts of a signature's blob after its version, and the blob of such parts. */
export function partsOf(blob: Buffer): readonly Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 10; at < blob.length;) {
    const length = blob.readUInt32BE(at);
    parts.push(blob.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return parts;
}
export const blobFrom = (parts: readonly Buffer[], more: Buffer = Buffer.alloc(0)): Buffer =>
  Buffer.concat([Buffer.from('SSHSIG\0\0\0\u0001', 'latin1'), ...parts.map(str), more]);

/**
 * A security key in software: the public key as a line has it, and signatures with the flags that the device would set.
 */
export function securityKey(kind: 'sk-ssh-ed25519@openssh.com' | 'sk-ecdsa-sha2-nistp256@openssh.com'): {
  readonly line: string;
  sign(text: string, flags?: number, counter?: number): string;
} {
  const isEd = kind.startsWith('sk-ssh-ed25519');
  const privateKey: KeyObject = createPrivateKey(
    (isEd ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' })).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    }),
  );
  const { x = '', y = '' } = privateKey.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  const blob = isEd
    ? Buffer.concat([str(kind), str(Buffer.from(x, 'base64url')), str('ssh:')])
    : Buffer.concat([str(kind), str('nistp256'), str(point), str('ssh:')]);
  return {
    line: `${kind} ${blob.toString('base64')}`,
    sign(text, flags = 1, counter = 7) {
      const toBeSigned = Buffer.concat([
        Buffer.from('SSHSIG'),
        str('aiplan-approval'),
        str(''),
        str('sha512'),
        str(createHash('sha512').update(text).digest()),
      ]);
      const count = Buffer.alloc(4);
      count.writeUInt32BE(counter);
      const device = Buffer.concat([sha256('ssh:'), Buffer.from([flags]), count, sha256(toBeSigned)]);
      const raw = isEd
        ? sign(null, device, privateKey)
        : sign('sha256', device, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      const inner = isEd ? str(raw) : str(Buffer.concat([mpint(raw.subarray(0, 32)), mpint(raw.subarray(32))]));
      return armoured(
        blobFrom([
          blob,
          Buffer.from('aiplan-approval'),
          Buffer.alloc(0),
          Buffer.from('sha512'),
          Buffer.concat([str(kind), inner, Buffer.from([flags]), count]),
        ]),
      );
    },
  };
}
