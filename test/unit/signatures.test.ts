import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonical } from '../../src/base/digest.ts';
import type { Approval } from '../../src/domain/approval.ts';
import { signApproval, verifyApproval } from '../../src/store/signing/signatures.ts';

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
  confirmations: [
    { step: 'CoursesDb', stepDigest: 'sha256:db', typed: 'courses-prod', shown: 'sha256:x', typedLoss: null },
  ],
};
let folder: string;
let signers: string;
const key = (name: string): string => join(folder, name);
const code = (work: () => unknown): string => {
  try {
    work();
    return 'passed';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiplan-signatures-'));
  for (const name of ['allowed', 'stranger'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', key(name)]);
  signers = join(folder, 'allowed_signers');
  writeFileSync(
    signers,
    `alexey@example.org namespaces="aiplan-approval" ${readFileSync(`${key('allowed')}.pub`, 'utf8')}`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('signed approvals', () => {
  it('names the allowed signer, whoever the file says', () => {
    expect(verifyApproval(signApproval(approval, key('allowed')), signers)).toEqual({
      ...approval,
      tier: 'T1',
      by: 'alexey@example.org',
    });
  });
  it('refuses a stranger, an altered approval, another namespace and no signers', () => {
    const signed = signApproval(approval, key('allowed'));
    expect(code(() => verifyApproval(signApproval(approval, key('stranger')), signers))).toBe('approval-forged');
    expect(
      code(() => verifyApproval({ ...signed, approval: { ...approval, expiresAt: '2036-01-01T00:00:00Z' } }, signers)),
    ).toBe('approval-forged');
    expect(code(() => verifyApproval({ ...signed, approval: { ...approval, confirmations: [] } }, signers))).toBe(
      'approval-forged',
    );
    expect(code(() => verifyApproval({ ...signed, signature: 'none' }, signers))).toBe('approval-forged');
    expect(code(() => verifyApproval(signed, null))).toBe('no-allowed-signers');
    const other = join(folder, 'other');
    writeFileSync(other, 'x');
    execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-f', key('allowed'), '-n', 'file', other], { stdio: 'ignore' });
    expect(code(() => verifyApproval({ ...signed, signature: readFileSync(`${other}.sig`, 'utf8') }, signers))).toBe(
      'approval-forged',
    );
  });
  it('nobody can exchange the text while the person is asked: it lies in no file, and no other text is signed', () => {
    const [thief, said, told] = [join(folder, 'thief'), join(folder, 'words'), join(folder, 'input')];
    const evil = canonical({ ...approval, planDigest: 'sha256:evil' });
    // Another process of the same user: it overwrites whatever file the program is given, and then lets it sign.
    const script = (input: string): string =>
      `#!/bin/sh\necho "$@" > ${said}\nfor word; do case $word in */approval) printf '%s' '${evil}' > "$word";; esac; done\n${input} | /usr/bin/ssh-keygen "$@"\n`;
    writeFileSync(thief, script(`tee ${told}`));
    chmodSync(thief, 0o755);
    const places = [thief];
    expect(verifyApproval(signApproval(approval, key('allowed'), { places }), signers).planDigest).toBe('sha256:aa');
    expect(readFileSync(said, 'utf8').trim()).toBe(`-Y sign -f ${key('allowed')} -n aiplan-approval`);
    expect(readFileSync(told, 'utf8')).toBe(canonical(approval));
    writeFileSync(thief, script(`printf '%s' '${evil}'`));
    expect(code(() => signApproval(approval, key('allowed'), { places }))).toBe('not-signed');
  });
});
