import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Approval, SignedApproval } from '../../src/domain/approval.ts';
import { canonical } from '../../src/base/digest.ts';
import { signApproval, verifyApproval } from '../../src/store/signing/signatures.ts';
import {
  armoured,
  blobFrom,
  blobOf,
  folderOfVectors,
  makeKey,
  opensshVerifies,
  partsOf,
  securityKey,
  signText,
} from '../helpers/ssh-vectors.ts';

const approval: Approval = {
  format: 'aiplan/approval@1',
  planDigest: 'sha256:aa',
  planName: 'move',
  target: { account: '123456789012', region: 'eu-west-1', endpoint: null },
  nonce: 'ab'.repeat(16),
  createdAt: '2026-02-26T22:49:00Z',
  expiresAt: '2026-02-26T23:40:00Z',
  tier: 'T1',
  by: 'x',
  typedName: null,
  confirmations: [],
};
const text = canonical(approval);
const at = Date.parse('2026-02-26T23:00:00Z');
const person = 'ada@example.org';

interface Vector {
  readonly name: string;
  readonly line: string;
  readonly signature: string;
}
let folder = '';
let signers = '';
let vectors: readonly Vector[] = [];

const allow = (...lines: readonly string[]): void => writeFileSync(signers, `${lines.join('\n')}\n`);
const signed = (signature: string): SignedApproval => ({ format: 'aiplan/signed-approval@1', approval, signature });
/** The principal, or the code and the words of the refusal. */
function verdict(signature: string, value: Approval = approval, when = at): string {
  try {
    return verifyApproval({ ...signed(signature), approval: value }, signers, when).by;
  } catch (error) {
    return `${(error as { code?: string }).code ?? 'bug'}: ${(error as Error).message} ${(error as { help?: string }).help ?? ''}`;
  }
}

beforeAll(() => {
  folder = folderOfVectors();
  signers = join(folder, 'allowed_signers');
  const keys: readonly (readonly [string, readonly string[]])[] = [
    ['ed25519', ['-t', 'ed25519']],
    ['ecdsa256', ['-t', 'ecdsa', '-b', '256']],
    ['ecdsa384', ['-t', 'ecdsa', '-b', '384']],
    ['ecdsa521', ['-t', 'ecdsa', '-b', '521']],
    ['rsa', ['-t', 'rsa', '-b', '2048']],
  ];
  const made = keys.map(([name, words]): Vector => {
    const key = makeKey(folder, name, words);
    return { name, line: readFileSync(`${key}.pub`, 'utf8').trim(), signature: signText(key, text) };
  });
  const devices = (['sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'] as const).map(
    (kind): Vector => {
      const device = securityKey(kind);
      return { name: kind, line: device.line, signature: device.sign(text) };
    },
  );
  vectors = [...made, ...devices];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('signatures of every kind of key', () => {
  it('count, as OpenSSH says too', () => {
    for (const { line, signature, name } of vectors) {
      allow(`${person} ${line}`);
      expect([name, verdict(signature)]).toEqual([name, person]);
      expect([name, opensshVerifies(folder, `${person} ${line}`, signature, text, person)]).toEqual([name, true]);
    }
  });

  it('count with SHA-256 as the hash', () => {
    for (const name of ['ed25519', 'rsa']) {
      allow(`${person} ${vectors.find((vector) => vector.name === name)?.line ?? ''}`);
      expect(verdict(signText(join(folder, name), text, { words: ['-O', 'hashalg=sha256'] }))).toBe(person);
    }
  });

  it('do not count for another text, another key, another namespace, or where a byte more or less stands', () => {
    for (const { line, signature, name } of vectors) {
      allow(`${person} ${line}`);
      expect([name, verdict(signature, { ...approval, typedName: 'other' })]).toEqual([
        name,
        expect.stringContaining('approval-forged'),
      ]);
      const parts = partsOf(blobOf(signature));
      const [
        key = Buffer.alloc(0),
        namespace = Buffer.alloc(0),
        reserved = Buffer.alloc(0),
        hash = Buffer.alloc(0),
        inner = Buffer.alloc(0),
      ] = parts;
      const zero = Buffer.from([0]);
      const hostile: Readonly<Record<string, Buffer>> = {
        'trailing data': blobFrom(parts, zero),
        'trailing data in the key': blobFrom([Buffer.concat([key, zero]), namespace, reserved, hash, inner]),
        'trailing data in the signature': blobFrom([key, namespace, reserved, hash, Buffer.concat([inner, zero])]),
        'cut short': blobOf(signature).subarray(0, -1),
        'another namespace': blobFrom([key, Buffer.from('file'), reserved, hash, inner]),
        'something reserved': blobFrom([key, namespace, zero, hash, inner]),
        'another hash': blobFrom([key, namespace, reserved, Buffer.from('sha256'), inner]),
        'SHA-1': blobFrom([key, namespace, reserved, Buffer.from('sha1'), inner]),
        'a part more': blobFrom([...parts, Buffer.alloc(0)]),
        nothing: Buffer.alloc(0),
        'an empty signature': blobFrom([key, namespace, reserved, hash, Buffer.alloc(0)]),
      };
      expect(armoured(blobFrom(parts)).length).toBeGreaterThan(100);
      expect([name, verdict(armoured(blobFrom(parts)))]).toEqual([name, person]);
      for (const [what, blob] of Object.entries(hostile))
        expect([name, what, verdict(armoured(blob))]).toEqual([name, what, expect.stringContaining('approval-forged')]);
      for (const other of vectors.filter((vector) => vector !== undefined && vector.name !== name)) {
        const [otherKey = Buffer.alloc(0)] = partsOf(blobOf(other.signature));
        expect([name, verdict(other.signature)]).toEqual([
          name,
          expect.stringContaining('not signed by an allowed signer'),
        ]);
        expect([name, verdict(armoured(blobFrom([otherKey, namespace, reserved, hash, inner])))]).toEqual([
          name,
          expect.stringContaining('approval-forged'),
        ]);
        expect([
          name,
          verdict(armoured(blobFrom([key, namespace, reserved, hash, partsOf(blobOf(other.signature))[4] ?? zero]))),
        ]).toEqual([name, expect.stringContaining('approval-forged')]);
      }
    }
  });

  it('do not count with any one byte flipped, of the signature or of its text form', () => {
    for (const { line, signature } of vectors) {
      allow(`${person} ${line}`);
      const blob = blobOf(signature);
      for (let index = 0; index < blob.length; index += 1) {
        const flipped = Buffer.from(blob);
        flipped[index] = (flipped[index] ?? 0) ^ (1 << (index % 8));
        expect(verdict(armoured(flipped))).toContain('approval-forged');
      }
      for (let index = 0; index < signature.length - 1; index += 11) {
        const other = signature[index] === 'A' ? 'B' : 'A';
        expect(verdict(`${signature.slice(0, index)}${other}${signature.slice(index + 1)}`)).toContain(
          'approval-forged',
        );
      }
      for (const odd of [
        `x${signature}`,
        `${signature}x`,
        `${signature}${signature}`,
        signature.replaceAll('\n', ' '),
        signature.replace('SSH SIGNATURE', 'PGP SIGNATURE'),
      ])
        expect(verdict(odd)).toContain('approval-forged');
    }
  });

  it('a security key counts only where somebody touched it, and short RSA keys and old hashes do not', () => {
    for (const kind of ['sk-ssh-ed25519@openssh.com', 'sk-ecdsa-sha2-nistp256@openssh.com'] as const) {
      const device = securityKey(kind);
      allow(`${person} ${device.line}`);
      expect([
        verdict(device.sign(text, 5, 4_000_000_000)),
        verdict(device.sign(text, 0)),
        verdict(device.sign(text, 4)),
      ]).toEqual([person, expect.stringContaining('nobody touched'), expect.stringContaining('nobody touched')]);
    }
    const short = makeKey(folder, 'short', ['-t', 'rsa', '-b', '1024']);
    allow(`${person} ${readFileSync(`${short}.pub`, 'utf8').trim()}`);
    expect(verdict(signText(short, text))).toContain('1024 bits');
  });
});

describe('the allowed-signers file', () => {
  const line = (): string => vectors[0]?.line ?? '';
  const signature = (): string => vectors[0]?.signature ?? '';

  it('is read as OpenSSH reads it', () => {
    const stamp = (offset: number): string => new Date(at + offset).toISOString().replaceAll(/[-:T]|\.\d+Z/gu, '');
    const files: readonly (readonly [string, boolean, string?])[] = [
      [`${person} ${line()}`, true],
      [`# comment\n\n  ${person}\t${line()} and a comment`, true],
      [`"${person}" ${line()}`, true],
      [`${person},grace@example.org ${line()}`, true],
      [`*@example.org ${line()}`, true],
      [`!mallory@example.org,*@example.org ${line()}`, true],
      [`${person} namespaces="aiplan-approval" ${line()}`, true],
      [`${person} namespaces="file,aiplan-*" ${line()}`, true],
      [`${person} NAMESPACES="aiplan-approval" ${line()}`, true],
      [`${person} namespaces="file" ${line()}`, false],
      [`${person} namespaces="!aiplan-approval,*" ${line()}`, false],
      [`${person} namespaces="aiplan-approva?" ${line()}`, true],
      [`${person} valid-after="${stamp(-86_400_000)}Z" ${line()}`, true],
      [`${person} valid-after="${stamp(86_400_000)}Z" ${line()}`, false],
      [`${person} valid-before="${stamp(86_400_000)}Z" ${line()}`, true],
      [`${person} valid-before="${stamp(-86_400_000)}Z" ${line()}`, false],
      [`${person} namespaces="aiplan-approval",valid-after="20200101",valid-before="203001010000" ${line()}`, true],
      [`${person} valid-after="20300101",valid-before="20200101" ${line()}`, false],
      [`${person} valid-before="20261301" ${line()}`, false],
      [`${person} cert-authority ${line()}`, false],
      [`${person} unknown-option ${line()}`, false],
      [`${person} namespaces="aiplan-approval",namespaces="file" ${line()}`, false],
      [line(), false],
      [person, false],
      ['', false],
      [`${person} ssh-ed25519`, false],
      [`${person} ssh-ed25519 !!!!`, false],
      [`${person} ${vectors[1]?.line ?? ''}`, false],
    ];
    for (const [file, isAllowed] of files) {
      writeFileSync(signers, file === '' ? '' : `${file}\n`);
      const found = verdict(signature());
      expect([file, found.startsWith('approval-forged') ? false : found !== '']).toEqual([file, isAllowed]);
      const time = ['-O', `verify-time=${stamp(0)}Z`];
      expect([
        file,
        opensshVerifies(
          folder,
          `${file}\n`,
          signature(),
          text,
          isAllowed && !found.startsWith('approval') ? found : person,
          time,
        ),
      ]).toEqual([file, isAllowed]);
    }
  });

  it('a line that cannot be read allows nobody, hides no other, and is named', () => {
    allow(`${person} cert-authority ${line()}`, 'nonsense', `grace@example.org ${line()}`);
    expect(verdict(signature())).toBe('grace@example.org');
    allow(`${person} cert-authority ${line()}`, 'nonsense');
    expect(verdict(signature())).toMatch(
      /line 1: it allows a certificate authority.*aiplan takes no certificates.*line 2: it has no public key/u,
    );
    allow(`${person} namespaces="git" ${line()}`);
    expect(verdict(signature())).toContain('line 1: it is for other namespaces ("git")');
  });

  it('a certificate does not count, and is called one', () => {
    const authority = makeKey(folder, 'authority', ['-t', 'ed25519']);
    const holder = makeKey(folder, 'holder', ['-t', 'ed25519']);
    execFileSync('ssh-keygen', ['-q', '-s', authority, '-I', 'x', '-n', person, `${holder}.pub`]);
    allow(
      `${person} cert-authority ${readFileSync(`${authority}.pub`, 'utf8').trim()}`,
      `${person} ${readFileSync(`${holder}.pub`, 'utf8').trim()}`,
    );
    expect(verdict(signText(`${holder}-cert.pub`, text))).toMatch(
      /a certificate \("ssh-ed25519-cert-v01@openssh.com"\): name the key itself/u,
    );
  });
});

describe('no program found on PATH has a say', () => {
  const path = process.env['PATH'];
  afterAll(() => {
    process.env['PATH'] = path;
  });

  it('neither in verifying nor in signing', () => {
    const [bin, mark] = [join(folder, 'bin'), join(folder, 'called')];
    mkdirSync(bin);
    writeFileSync(join(bin, 'ssh-keygen'), `#!/bin/sh\necho ${person}\ntouch ${mark}\nexit 0\n`);
    chmodSync(join(bin, 'ssh-keygen'), 0o755);
    process.env['PATH'] = `${bin}:${path ?? ''}`;
    allow(`${person} ${vectors[0]?.line ?? ''}`);
    // A genuine signature of another approval, pasted in.
    expect(verdict(vectors[0]?.signature ?? '', { ...approval, planDigest: 'sha256:other' })).toContain(
      'approval-forged',
    );
    expect(verifyApproval(signApproval(approval, join(folder, 'ed25519')), signers, at).by).toBe(person);
    expect(existsSync(mark)).toBe(false);
    expect(() => signApproval(approval, join(folder, 'ed25519'), { places: [join(folder, 'none')] })).toThrow(
      expect.objectContaining({ code: 'no-ssh-keygen' }),
    );
    // A program that answers with something else than a signature of this text signs nothing.
    writeFileSync(join(bin, 'ssh-keygen'), `#!/bin/sh\nprintf '%s' '${vectors[1]?.signature ?? ''}'\n`);
    expect(signApproval(approval, join(folder, 'ed25519'), { places: [join(bin, 'ssh-keygen')] })).toMatchObject({
      signature: vectors[1]?.signature,
    });
    expect(() =>
      signApproval({ ...approval, nonce: 'cd'.repeat(16) }, join(folder, 'ed25519'), {
        places: [join(bin, 'ssh-keygen')],
      }),
    ).toThrow(expect.objectContaining({ code: 'not-signed' }));
  });
});
