import { createHash } from 'node:crypto';
import { sshKey } from './ssh-key.ts';
import { NotSsh, SshReader, sshString } from './ssh-wire.ts';

/** A signature as OpenSSH makes it for files. */
export interface SshSignature {
  /** The blob of the public key, and its type. */
  readonly key: Buffer;
  readonly namespace: string;
  readonly hash: 'sha256' | 'sha512';
  readonly signature: Buffer;
}

const magic = Buffer.from('SSHSIG', 'latin1');
const armour =
  /^-----BEGIN SSH SIGNATURE-----\r?\n((?:[A-Za-z0-9+/]{1,76}\r?\n)*[A-Za-z0-9+/]{0,76}={0,2}\r?\n)-----END SSH SIGNATURE-----\r?\n?$/u;
/** More than any key needs: RSA with 16,384 bits stays below. */
const longest = 32_768;

/**
 * Reads an armoured signature (OpenSSH, PROTOCOL.sshsig). Throws NotSsh for anything else, and for anything before, in
 * or after it that does not belong.
 */
export function parseSshSignature(text: string): SshSignature {
  if (text.length > longest) throw new NotSsh('it is too long for a signature');
  const body = armour.exec(text)?.[1]?.replaceAll(/\s/gu, '');
  if (body === undefined) throw new NotSsh('it is not an SSH signature');
  const bytes = Buffer.from(body, 'base64');
  if (bytes.toString('base64') !== body) throw new NotSsh('it is not base64 as it is written');
  const reader = new SshReader(bytes);
  if (!reader.take(magic.length).equals(magic)) throw new NotSsh('it does not begin as an SSH signature');
  const version = reader.count();
  if (version !== 1) throw new NotSsh(`its version is ${version}`);
  const key = Buffer.from(reader.string());
  const namespace = reader.string().toString('utf8');
  if (reader.string().length !== 0) throw new NotSsh('its reserved part is not empty');
  const hash = reader.name();
  if (hash !== 'sha256' && hash !== 'sha512') throw new NotSsh(`its hash is "${hash}"`);
  const signature = Buffer.from(reader.string());
  reader.end();
  return { key, namespace, hash, signature };
}

/**
 * Whether the signature is of this text, in this namespace, by the key in it. Whose key that is says nobody yet. Throws
 * NotSsh for what is none.
 */
export function isSignatureOf(
  { key, namespace, hash, signature }: SshSignature,
  text: string,
  wanted: string,
): boolean {
  if (namespace !== wanted) return false;
  const digest = createHash(hash).update(text, 'utf8').digest();
  const signed = Buffer.concat([
    magic,
    sshString(Buffer.from(namespace, 'utf8')),
    sshString(Buffer.alloc(0)),
    sshString(Buffer.from(hash, 'latin1')),
    sshString(digest),
  ]);
  return sshKey(key).verifies(signed, signature);
}

/** `SHA256:…` of a key, as `ssh-keygen -l` prints it. */
export const fingerprintOfKey = (key: Buffer): string =>
  `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/u, '')}`;
