import { afterEach, beforeAll, afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditedJournal, keepSigned, recordApproved } from '../../src/cli/context/audit-log.ts';
import { readEverything } from '../../src/cli/audit/audit-evidence.ts';
import type { Io } from '../../src/cli/context/io.ts';
import { verifyAudit, type VerifiedLogs } from '../../src/audit/verify.ts';
import type { Approval, SignedApproval } from '../../src/domain/approval.ts';
import type { AuditEntry, AuditRecord } from '../../src/domain/records/audit.ts';
import type { Configuration } from '../../src/domain/configuration.ts';
import { canonical } from '../../src/base/digest.ts';
import type { Store } from '../../src/domain/records/store.ts';
import { folderStore } from '../../src/store/folder-store.ts';
import { approvalText } from '../../src/store/archive.ts';
import { verifyApproval } from '../../src/store/signing/signatures.ts';
import { checkSigned, fingerprintOf, isAllowedNow, signerOf } from '../../src/store/signing/signers.ts';
import { fakeClock } from '../helpers/apply-ports.ts';
import { approvalFor, chained, digestedPlan, nonceOf, rechained, sampleRun } from '../helpers/audit-samples.ts';

const plan = digestedPlan();
const sample = sampleRun(plan, 1);
let keys: string;
let folder: string;
let store: Store;
let signers: string;
let signed: SignedApproval;
let world: { io: Io; options: { color: false }; store: Store; configuration: Configuration };
const key = (name: string): string => join(keys, name);
const publicKey = (name: string): string => readFileSync(`${key(name)}.pub`, 'utf8').trim();
/** As `ssh-keygen -Y sign` does it, without its words. */
function signedBy(approval: Approval, name: string): SignedApproval {
  const file = join(keys, 'to-sign');
  writeFileSync(file, canonical(approval));
  rmSync(`${file}.sig`, { force: true });
  execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-f', key(name), '-n', 'aiplan-approval', file], { stdio: 'ignore' });
  return { format: 'aiplan/signed-approval@1', approval, signature: readFileSync(`${file}.sig`, 'utf8') };
}
const shown = (name: string): string =>
  execFileSync('ssh-keygen', ['-l', '-f', `${key(name)}.pub`], { encoding: 'utf8' }).split(' ')[1]!;
const allow = (...lines: readonly string[]): void => writeFileSync(signers, `# who may sign\n\n${lines.join('\n')}\n`);
const ada = (): string => `ada@example.org namespaces="aiplan-approval" ${publicKey('ada')}`;
const kept = (): string => join(folder, 'store', 'approvals', `${signed.approval.nonce}.json`);
/** The kept approval, made another one by somebody who may write the file. */
const rewrite = (change: (approval: SignedApproval) => SignedApproval): void =>
  writeFileSync(kept(), approvalText(change(signed)));
const verify = (logs: VerifiedLogs) =>
  verifyAudit(logs, {
    whereOf: (seq) => `audit/${seq}`,
    approvalPlace: (nonce) => `approvals/${nonce}.json`,
    settledPlace: String,
  });
const verdict = async () => verify((await readEverything(world)).logs);
const codes = async (): Promise<readonly string[]> => (await verdict()).broken.map(({ code }) => code);

const openStoreIn = (path: string): Store =>
  folderStore({ folder: join(path, 'store'), spool: join(path, 'spool'), host: 'laptop' });
const io = (): Io =>
  ({
    user: 'ada',
    host: 'laptop',
    environment: {},
    clock: fakeClock(Date.parse('2026-02-26T23:15:00Z')),
    stderr: { write: () => true },
  }) as unknown as Io;

/** A run that was applied by an approval that ada signed, all of it through the code that does so. */
beforeAll(async () => {
  keys = mkdtempSync(join(tmpdir(), 'aiplan-signers-'));
  for (const name of ['ada', 'grace', 'mallory'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', key(name)]);
  store = openStoreIn(join(keys, 'machine'));
  signers = join(keys, 'allowed_signers');
  allow(`grace@example.org ${publicKey('grace')}`, ada());
  world = { io: io(), options: { color: false }, store, configuration: { allowedSigners: signers } as Configuration };
  signed = signedBy({ ...approvalFor(plan), by: 'adalogin', tier: 'T1' }, 'ada');
  const approval = verifyApproval(signed, signers, world.io.clock.now());
  await recordApproved(world, plan, approval, 'signed', [], await keepSigned(world, signed, approval));
  await store.markPlanUsed(plan, sample.run);
  await store.markApprovalUsed(approval.nonce, sample.run);
  const journal = auditedJournal(world, await store.createJournal(sample.run, world.io.clock), {
    target: plan.target,
    plan: plan.digest,
  });
  for (const entry of sample.entries) await journal.append(entry.kind === 'begin' ? { ...entry, approval } : entry);
  await journal.close();
});
afterAll(() => rmSync(keys, { recursive: true, force: true }));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aiplan-audit-'));
  cpSync(join(keys, 'machine'), folder, { recursive: true });
  signers = join(folder, 'allowed_signers');
  allow(`grace@example.org ${publicKey('grace')}`, ada());
  store = openStoreIn(folder);
  world = { io: io(), options: { color: false }, store, configuration: { allowedSigners: signers } as Configuration };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the key of a signature', () => {
  it('is the one that ssh-keygen shows; what is no signature has none', () => {
    expect(fingerprintOf(signed.signature)).toBe(shown('ada'));
    for (const odd of [
      '',
      'none',
      '-----BEGIN SSH SIGNATURE-----\nU1NI\n-----END SSH SIGNATURE-----',
      Buffer.from('SSHSIG\0\0\0\u0001\u00ff\u00ff\u00ff\u00ff').toString('base64'),
    ])
      expect(fingerprintOf(odd)).toBeNull();
  });

  it('is pinned with the one line that allowed it, and a line with an end counts at its time', () => {
    expect(signerOf(signed, 'ada@example.org', signers)).toEqual({
      principal: 'ada@example.org',
      fingerprint: shown('ada'),
      line: ada(),
    });
    expect(() => signerOf(signed, 'grace@example.org', signers)).toThrow(
      expect.objectContaining({ code: 'approval-forged' }),
    );
    const signer = {
      principal: 'ada@example.org',
      fingerprint: shown('ada'),
      line: `ada@example.org namespaces="aiplan-approval",valid-before="20260301" ${publicKey('ada')}`,
    };
    expect(checkSigned(signed, { signer, at: Date.parse('2026-02-26T23:15:00Z') }, null)).toBe('good');
    expect(checkSigned(signed, { signer, at: Date.parse('2026-03-02T00:00:00Z') }, null)).toBe('not-allowed');
    expect(isAllowedNow(signed, null)).toBeNull();
  });
});

describe('audit verify of signed approvals', () => {
  it('finds nothing where nothing is wrong, and looks at every one', async () => {
    expect(await verdict()).toMatchObject({ broken: [], notes: [], approvals: 1, runs: 1 });
    expect((await store.readAudit()).find(({ kind }) => kind === 'reviewed')).toMatchObject({
      approver: 'ada@example.org',
      signer: { principal: 'ada@example.org', fingerprint: shown('ada'), line: ada() },
      kept: expect.stringMatching(/^sha256:/u),
    });
  });

  it('sees a changed approval: its text, its signature, or only how it is written', async () => {
    rewrite((old) => ({ ...old, approval: { ...old.approval, typedName: 'another' } }));
    expect(await verdict()).toMatchObject({
      broken: [{ code: 'approval-forged', where: kept(), message: expect.stringContaining(shown('ada')) }],
    });
    rewrite((old) => ({ ...old, signature: signedBy({ ...old.approval, nonce: nonceOf(2) }, 'ada').signature }));
    expect(await codes()).toEqual(['approval-forged']);
    rewrite((old) => ({ ...old, signature: 'none' }));
    expect(await codes()).toEqual(['approval-forged']);
    // However long it is.
    rewrite((old) => ({ ...old, approval: { ...old.approval, typedName: 'x'.repeat(300_000) }, signature: 'none' }));
    expect(await codes()).toEqual(['approval-forged']);
    writeFileSync(kept(), JSON.stringify(signed));
    expect(await codes()).toEqual(['approval-changed']);
    writeFileSync(kept(), '{');
    expect(await codes()).toEqual(['approval-damaged']);
  });

  it('sees that it is gone, or lies under another name', async () => {
    renameSync(kept(), kept().replace(signed.approval.nonce, nonceOf(9)));
    expect(await verdict()).toMatchObject({
      broken: [{ code: 'approval-missing', where: `approvals/${signed.approval.nonce}.json` }],
      notes: [{ code: 'approval-unknown' }],
    });
    // The journal gone too: what the log pinned is still asked for.
    rmSync(join(folder, 'store', 'runs'), { recursive: true });
    expect(await codes()).toEqual(['journal-missing', 'approval-missing']);
  });

  it('names the key of another signer, allowed or not', async () => {
    for (const name of ['grace', 'mallory']) {
      rewrite((old) => signedBy(old.approval, name));
      expect(await verdict()).toMatchObject({
        broken: [
          {
            code: 'signer-not-allowed',
            where: kept(),
            message: expect.stringMatching(
              new RegExp(`${shown(name).replaceAll(/[+/]/gu, '.')}.*"ada@example.org"`, 'u'),
            ),
          },
        ],
      });
    }
  });

  it('still verifies what was signed by a key that is not allowed any more, and says so', async () => {
    allow(`grace@example.org ${publicKey('grace')}`);
    expect(await verdict()).toMatchObject({
      broken: [],
      notes: [{ code: 'signer-not-allowed-now', where: kept(), message: expect.stringContaining(shown('ada')) }],
    });
    // Where nobody is configured, nobody can say.
    rmSync(signers);
    expect(await verdict()).toMatchObject({ broken: [], notes: [] });
  });

  it('sees another approval than the one that was signed, and one of another run', async () => {
    const { logs } = await readEverything(world);
    const journal = rechained(logs.journals[0]!, (entries) =>
      entries.map((entry) =>
        entry.kind === 'begin' ? { ...entry, approval: { ...entry.approval, confirmations: [] } } : entry,
      ),
    );
    expect(verify({ ...logs, journals: [journal] }).broken.map(({ code }) => code)).toContain('approval-differs');
    // Its mark says whose it is, also where the journal of that run is gone.
    const other = { ...journal, run: '20260226-231509-ffff' };
    expect(verify({ ...logs, journals: [other] }).broken).toContainEqual({
      code: 'approval-replayed',
      where: journal.path,
      message: `run "${other.run}" went by an approval that run "${sample.run}" had used`,
    });
  });

  it('asks who may sign now where the log pins nobody, and names a key that never could', async () => {
    const { logs } = await readEverything(world);
    const unpinned = (records: readonly AuditRecord[]): readonly AuditRecord[] =>
      chained(
        records.map(({ seq: _seq, prev: _prev, at: _at, ...entry }) => {
          const { signer: _signer, kept: _kept, ...rest } = entry as Extract<AuditEntry, { kind: 'reviewed' }>;
          return rest;
        }),
        '2026-02-26T23:15:00.000Z',
      ) as unknown as AuditRecord[];
    const retold = { ...world, store: { ...store, readAudit: async () => unpinned(logs.audit) } as Store };
    const signatures = async () =>
      verify((await readEverything(retold)).logs).broken.filter(({ where }) => where === kept());
    expect(await signatures()).toEqual([]);
    allow(`grace@example.org ${publicKey('grace')}`);
    expect(await signatures()).toMatchObject([
      { code: 'signer-not-allowed', message: expect.stringMatching(/that it was ever allowed/u) },
    ]);
  });
});
