import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestible, settingsMoved, type Configuration } from '../../src/domain/configuration.ts';
import { canonical } from '../../src/base/digest.ts';
import { plan } from '../../src/plan/planner.ts';
import { refresh } from '../../src/plan/refresh/refresh.ts';
import { loadConfiguration } from '../../src/store/configuration.ts';
import { foldersOf } from '../../src/store/objects/folders.ts';
import { changePlanOf, entryOf } from '../helpers/apply-world.ts';
import { createMemoryWorld, DATABASE } from '../helpers/memory-world.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'aiplan-homes-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A line of an allowed-signers file, with a real key in it. */
function signer(name: string): string {
  const { publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const part = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  return `${name}@example.org namespaces="aiplan-approval" ssh-ed25519 ${Buffer.concat([part(Buffer.from('ssh-ed25519')), part(raw)]).toString('base64')}`;
}

/** The configuration of a home, whose files lie somewhere of its own. */
function home(name: string, signers: string, settings = ''): Configuration {
  const folder = join(root, name, '.config', 'aiplan');
  mkdirSync(folder, { recursive: true });
  mkdirSync(join(root, `${name}-tree`, '.git'), { recursive: true });
  writeFileSync(join(folder, `signers-of-${name}`), signers);
  writeFileSync(join(folder, 'config.yaml'), `allowed_signers: ${join(folder, `signers-of-${name}`)}\n${settings}`);
  return loadConfiguration(
    foldersOf({ HOME: join(root, name) }, join(root, `${name}-tree`)),
    '/nonexistent/aiplan/config.yaml',
  );
}

/** The digest of one and the same change under a configuration. */
async function digestUnder(configuration: Configuration): Promise<string> {
  const world = createMemoryWorld({
    seed: [{ type: DATABASE, identity: 'courses', properties: { Class: 'db.large' }, rows: ['a'] }],
  });
  const changePlan = changePlanOf([
    entryOf('Db', DATABASE, { action: 'delete', id: 'courses', expect: { Class: 'db.large' } }),
  ]);
  const now = '2026-02-26T23:00:00.000Z';
  const alias = configuration.aliases[world.target.account];
  const target = { ...world.target, ...(alias === undefined ? {} : { alias }) };
  const live = await refresh(changePlan, {
    aws: world.session,
    types: world.types,
    schemas: world.schemas,
    target,
    now,
    concurrency: 8,
  });
  return plan({
    changePlan,
    text: canonical(changePlan),
    live,
    types: world.types,
    schemas: world.schemas,
    configuration,
    now,
  }).plan.digest;
}

describe('a plan that goes from home to home', () => {
  const [ada, bob] = [signer('ada'), signer('bob')];

  it('is the same plan where the same people may sign, whatever lies where, and however accounts are called', async () => {
    const homes = [
      home('ada', `${ada}\n${bob}\n`, 'aliases: { "123456789012": prod }\n'),
      home(
        'bob',
        `# who may sign\n${bob}\n\n${ada} ada at her laptop\n`,
        'aliases: { "123456789012": live, "1": x }\nstore: /tmp/somewhere\n',
      ),
      home(
        'ci',
        `${ada}\n${bob}\n${ada}\n`,
        `secret_files: [${join(root, 'ci-secret')}]\nstore: s3://team/aiplan\nstore_region: eu-west-1\n`,
      ),
    ];
    const digests = await Promise.all(homes.map(digestUnder));
    expect(new Set(digests).size).toBe(1);
    expect(settingsMoved(digestible(homes[0]!), digestible(homes[2]!))).toEqual([]);
  });

  it.each<[string, (name: string) => Configuration, RegExp]>([
    [
      'who may sign',
      (name) => home(name, `${ada}\n${bob}\n${signer('eve')}\n`),
      /^allowed_signers: other people or keys/u,
    ],
    ['nobody who may sign', (name) => home(name, ''), /^allowed_signers/u],
    [
      'when a key counts',
      (name) => home(name, `${ada}\n${bob.replace('namespaces', 'valid-before="20300101",namespaces')}\n`),
      /^allowed_signers/u,
    ],
    [
      'the tier',
      (name) => home(name, `${ada}\n${bob}\n`, 'minimum_tier: T1\n'),
      /^minimum_tier: "T1" here, "T0" where the plan was made$/u,
    ],
    [
      'a limit',
      (name) => home(name, `${ada}\n${bob}\n`, 'max_confirmations: 500\n'),
      /^max_confirmations: 500 here, 20 where/u,
    ],
    ['--yes', (name) => home(name, `${ada}\n${bob}\n`, 'allow_yes: true\n'), /^allow_yes: true here, false/u],
    [
      'what is protected',
      (name) => home(name, `${ada}\n${bob}\n`, 'protected: [courses-prod]\n'),
      /^protected: \["courses-prod"\] here, \[\]/u,
    ],
    [
      'where captures go',
      (name) => home(name, `${ada}\n${bob}\n`, 'capture_bucket: mine\n'),
      /^capture_bucket: "mine" here, not set where/u,
    ],
    [
      'how long captures live',
      (name) => home(name, `${ada}\n${bob}\n`, 'capture_expiry_days: 1\n'),
      /^capture_expiry_days: 1 here, 14/u,
    ],
    [
      'what secrets may be named',
      (name) => home(name, `${ada}\n${bob}\n`, 'secret_prefixes: [HOME]\n'),
      /^secret_prefixes/u,
    ],
  ])('is another one, and the setting is named, where %s differs', async (_what, other, says) => {
    const here = home('ada', `${ada}\n${bob}\n`);
    const there = other('eve');
    expect(await digestUnder(there)).not.toBe(await digestUnder(here));
    expect(settingsMoved(digestible(here), digestible(there))).toEqual([expect.stringMatching(says)]);
  });

  it('is another one where there is no file of signers any more', async () => {
    const here = home('ada', `${ada}\n`);
    rmSync(here.allowedSigners ?? '');
    const there = loadConfiguration(
      foldersOf({ HOME: join(root, 'ada') }, join(root, 'ada-tree')),
      '/nonexistent/aiplan/config.yaml',
    );
    expect(there.signers).toBeNull();
    expect(await digestUnder(there)).not.toBe(await digestUnder(here));
  });
});
