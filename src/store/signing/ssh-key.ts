import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { NotSsh, SshReader } from './ssh-wire.ts';

/** The least length of an RSA key, in bits; what ssh-keygen makes has 3072. */
const leastRsa = 2048;

interface Curve {
  readonly jwk: string;
  readonly hash: string;
  readonly bytes: number;
}
const curves: Readonly<Record<string, Curve>> = {
  nistp256: { jwk: 'P-256', hash: 'sha256', bytes: 32 },
  nistp384: { jwk: 'P-384', hash: 'sha384', bytes: 48 },
  nistp521: { jwk: 'P-521', hash: 'sha512', bytes: 66 },
};

/** A public key that can check signatures. */
export interface SshKey {
  readonly type: string;
  /**
   * True where the signature of exactly these bytes was made by this key. Throws NotSsh for what is no signature of
   * such a key.
   */
  verifies(signed: Buffer, signature: Buffer): boolean;
}

/** Why a kind of key does not count, in words; null where it does. */
const refusedType = (type: string): string | null => {
  if (/-cert-v\d\d@openssh\.com$/u.test(type))
    return `a certificate ("${type}"): name the key itself in the allowed-signers file`;
  return Object.hasOwn(kinds, type) ? null : `a key of type "${type}", which this version cannot check`;
};

/**
 * The public key in a blob (RFC 4253 section 6.6, RFC 5656, RFC 8709; OpenSSH, PROTOCOL.u2f for keys of a security
 * device). Throws NotSsh for anything else, and for what follows it.
 */
export function sshKey(blob: Buffer): SshKey {
  const reader = new SshReader(blob);
  const type = reader.name();
  const kind = Object.hasOwn(kinds, type) ? kinds[type] : undefined;
  if (kind === undefined) throw new NotSsh(`it was made with ${refusedType(type) ?? 'an unknown key'}`);
  const verifies = kind(reader, type);
  reader.end();
  return { type, verifies };
}

type Kind = (reader: SshReader, type: string) => SshKey['verifies'];

const kinds: Readonly<Record<string, Kind>> = {
  'ssh-ed25519': (reader, type) => {
    const key = ed25519(reader.string());
    return (signed, signature) => opened(signature, type, (inner) => verify(null, signed, key, inner.string()));
  },
  'ecdsa-sha2-nistp256': ecdsa,
  'ecdsa-sha2-nistp384': ecdsa,
  'ecdsa-sha2-nistp521': ecdsa,
  'ssh-rsa': (reader) => {
    const [e, n] = [reader.number(), reader.number()];
    const bits = n.length * 8 - Math.clz32(n[0] ?? 0) + 24;
    if (bits < leastRsa) throw new NotSsh(`its RSA key has ${bits} bits, and ${leastRsa} are the least`);
    const key = publicKey({ kty: 'RSA', e: e.toString('base64url'), n: n.toString('base64url') });
    return (signed, signature) => {
      const inner = new SshReader(signature);
      // SHA-1, which the name of the key itself stands for, proves nothing (sshsig takes it neither).
      const hash = { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' }[inner.name()];
      if (hash === undefined) throw new NotSsh('its RSA signature is not of SHA-256 or SHA-512');
      const bytes = inner.string();
      inner.end();
      return verify(hash, signed, key, bytes);
    };
  },
  'sk-ssh-ed25519@openssh.com': (reader, type) => {
    const key = ed25519(reader.string());
    const application = reader.string();
    return (signed, signature) =>
      opened(signature, type, (inner) => {
        const bytes = inner.string();
        return verify(null, touched(inner, application, signed), key, bytes);
      });
  },
  'sk-ecdsa-sha2-nistp256@openssh.com': (reader, type) => {
    const { key, curve } = point(reader, 'nistp256');
    const application = reader.string();
    return (signed, signature) =>
      opened(signature, type, (inner) => {
        const bytes = pair(inner.string(), curve);
        return verify(curve.hash, touched(inner, application, signed), { key, dsaEncoding: 'ieee-p1363' }, bytes);
      });
  },
};

/** A signature whose name is that of its key. */
function opened(signature: Buffer, type: string, check: (inner: SshReader) => boolean): boolean {
  const inner = new SshReader(signature);
  if (inner.name() !== type) throw new NotSsh('its signature is of another kind than its key');
  const isGood = check(inner);
  inner.end();
  return isGood;
}

function ecdsa(reader: SshReader, type: string): SshKey['verifies'] {
  const { key, curve } = point(reader, type.slice('ecdsa-sha2-'.length));
  return (signed, signature) =>
    opened(signature, type, (inner) =>
      verify(curve.hash, signed, { key, dsaEncoding: 'ieee-p1363' }, pair(inner.string(), curve)),
    );
}

function point(reader: SshReader, name: string): { readonly key: KeyObject; readonly curve: Curve } {
  const curve = curves[name];
  if (curve === undefined || reader.name() !== name)
    throw new NotSsh('the curve of its key is not the one that its type names');
  const at = reader.string();
  if (at.length !== 1 + 2 * curve.bytes || at[0] !== 4) throw new NotSsh('the point of its key is no uncompressed one');
  return {
    curve,
    key: publicKey({
      kty: 'EC',
      crv: curve.jwk,
      x: at.subarray(1, 1 + curve.bytes).toString('base64url'),
      y: at.subarray(1 + curve.bytes).toString('base64url'),
    }),
  };
}

function ed25519(bytes: Buffer): KeyObject {
  if (bytes.length !== 32) throw new NotSsh('its Ed25519 key has not 32 bytes');
  return publicKey({ kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') });
}

function publicKey(jwk: { readonly [member: string]: string }): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    // A point that is not on its curve, say.
    throw new NotSsh('its key is no public key');
  }
}

/** The two numbers of an ECDSA signature, each as long as the curve wants it. */
function pair(bytes: Buffer, { bytes: width }: Curve): Buffer {
  const inner = new SshReader(bytes);
  const numbers = [inner.number(), inner.number()];
  inner.end();
  return Buffer.concat(
    numbers.map((number) => {
      if (number.length > width) throw new NotSsh('a number of its signature is too long');
      return Buffer.concat([Buffer.alloc(width - number.length), number]);
    }),
  );
}

/** A person touched the device (flag "user present"). */
const present = 0x01;

/**
 * The text that a security device signs: the application, its flags and counter, and the message, both hashed
 * (PROTOCOL.u2f, "U2F signature").
 */
function touched(inner: SshReader, application: Buffer, signed: Buffer): Buffer {
  const flags = inner.byte();
  const counter = inner.take(4);
  if ((flags & present) === 0) throw new NotSsh('nobody touched the security key for it');
  return Buffer.concat([sha256(application), Buffer.from([flags]), counter, sha256(signed)]);
}

const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();
