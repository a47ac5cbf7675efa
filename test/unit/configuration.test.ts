import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaults, describeConfiguration, loadConfiguration } from '../../src/store/configuration.ts';
import { foldersOf } from '../../src/store/objects/folders.ts';

let root: string;
const none = '/nonexistent/aiplan/config.yaml';
const folders = () => foldersOf({ HOME: join(root, 'home') }, join(root, 'tree'));
const user = (text: string): void => {
  mkdirSync(join(root, 'home/.config/aiplan'), { recursive: true });
  writeFileSync(join(root, 'home/.config/aiplan/config.yaml'), text);
};
const repository = (text: string): void => writeFileSync(join(root, 'tree/aiplan.yaml'), text);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'aiplan-config-'));
  mkdirSync(join(root, 'home'));
  mkdirSync(join(root, 'tree/.git'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('the configuration', () => {
  it('is the defaults where nobody says anything', () => {
    const { sources: _sources, ...values } = loadConfiguration(folders(), none);
    const { sources: _none, ...expected } = defaults;
    expect(values).toEqual(expected);
  });

  it('lets the user relax, and the repository only tighten', () => {
    user(
      'allow_yes: true\nmax_confirmations: 30\nprotected: [courses-prod]\nsecret_prefixes: [AIPLAN_SECRET_, CI_SECRET_]\n',
    );
    repository(
      'allow_yes: false\nmax_confirmations: 99\nprotected: [uploads*]\nminimum_tier: T1\nsecret_prefixes: [AIPLAN_SECRET_, EVERYTHING]\nplan_expiry_minutes: 15\n',
    );
    const result = loadConfiguration(folders(), none);
    expect(result).toMatchObject({
      allowYes: false,
      maxConfirmations: 30,
      protected: ['courses-prod', 'uploads*'],
      minimumTier: 'T1',
      secretPrefixes: ['AIPLAN_SECRET_'],
      planExpiryMinutes: 15,
    });
    expect(describeConfiguration(result).find(({ name }) => name === 'minimum_tier')).toEqual({
      name: 'minimum_tier',
      value: '"T1"',
      source: 'repository file',
    });
  });

  it.each([
    ['allowed_signers: /etc/signers', 'allowed_signers'],
    ['store: /var/store', 'store'],
    ['store: s3://team-store/a', 'store'],
    ['store_region: eu-west-1', 'store_region'],
    ['store_profile: team', 'store_profile'],
    ['capture_bucket: mine', 'capture_bucket'],
    ['aliases: { "1": x }', 'aliases'],
    ['capture_max_bytes: 1', 'capture_max_bytes'],
    ['capture_max_objects: 0', 'capture_max_objects'],
  ])('refuses %s from the repository', (text, name) => {
    repository(text);
    expect(() => loadConfiguration(folders(), none)).toThrow(
      expect.objectContaining({ code: 'loosening-configuration', message: expect.stringContaining(name) }),
    );
  });

  it.each([
    'allow_yes: true',
    'max_confirmations: 1000',
    'plan_expiry_minutes: 100000',
    'secret_prefixes: [""]',
    'secret_files: [/etc/passwd]',
    'accounts: []',
  ])('is not loosened by %s from the repository', (text) => {
    repository(text);
    const { sources: _a, ...result } = loadConfiguration(folders(), none);
    const { sources: _b, ...expected } = defaults;
    const strict = { ...expected, ...(text.startsWith('secret_prefixes') ? { secretPrefixes: [] } : {}) };
    expect(result).toEqual(strict);
  });

  it('never widens the accounts by a list of the repository', () => {
    user('accounts: ["111111111111"]\n');
    for (const [inner, expected] of [
      ['[]', '111111111111'],
      ['["999999999999"]', 'none'],
      ['["111111111111", "999999999999"]', '111111111111'],
    ] as const) {
      repository(`accounts: ${inner}\n`);
      expect(loadConfiguration(folders(), none).accounts).toEqual([expected]);
    }
  });

  it('takes a folder or a prefix of a bucket as the store', () => {
    user('store: s3://team-store/aiplan/prod\nstore_region: eu-central-1\nstore_profile: team\n');
    expect(loadConfiguration(folders(), none)).toMatchObject({
      store: 's3://team-store/aiplan/prod',
      storeRegion: 'eu-central-1',
      storeProfile: 'team',
    });
    for (const store of [
      'team/aiplan',
      's3://',
      's3://T',
      's3://team-store//a',
      's3://team-store/a/',
      's3://team-store/../b',
      's3://team-store/a b',
      'gs://team-store/a',
    ]) {
      user(`store: ${store}\n`);
      expect(() => loadConfiguration(folders(), none)).toThrow(
        expect.objectContaining({ code: 'bad-configuration', message: expect.stringContaining(store) }),
      );
    }
  });

  it('lets the system file go before the user file', () => {
    const system = join(root, 'system.yaml');
    writeFileSync(system, 'minimum_tier: T1\nallow_yes: false\n');
    user('minimum_tier: T0\nallow_yes: true\n');
    expect(loadConfiguration(folders(), system)).toMatchObject({ minimumTier: 'T1', allowYes: false });
  });

  it.each([
    ['maximum: 3', 'unknown setting "maximum"', 1],
    ['\nallow_yes: maybe', '"allow_yes" is "maybe"', 2],
    ['max_confirmations: -1', 'whole number', 1],
    ['a: [', 'Flow sequence', 1],
    ['aliases: { 012345678901: x, y: 3 }', 'map of texts', 1],
  ])('points at what is wrong in %j', (text, message, line) => {
    user(text);
    expect(() => loadConfiguration(folders(), none)).toThrow(
      expect.objectContaining({
        code: 'bad-configuration',
        message: expect.stringContaining(message),
        where: expect.stringContaining(`config.yaml:${line}:`),
      }),
    );
  });

  it('works in the home folder, which cannot be apart from its configuration', () => {
    expect(foldersOf({ HOME: join(root, 'home') }, join(root, 'home'), join(root, 'home')).apart).toBe(false);
    expect(() => foldersOf({ HOME: join(root, 'tree/home') }, join(root, 'tree'), join(root, 'home'))).toThrow(
      expect.objectContaining({ code: 'configuration-in-working-tree' }),
    );
  });

  it('refuses a configuration folder, a store or signers inside the working tree', () => {
    expect(() =>
      foldersOf({ HOME: join(root, 'home'), XDG_CONFIG_HOME: join(root, 'tree/config') }, join(root, 'tree')),
    ).toThrow(expect.objectContaining({ code: 'configuration-in-working-tree' }));
    expect(() =>
      foldersOf({ HOME: join(root, 'home'), XDG_STATE_HOME: join(root, 'tree') }, join(root, 'tree/')),
    ).toThrow(expect.objectContaining({ code: 'configuration-in-working-tree' }));
    user(`allowed_signers: ${join(root, 'tree/signers')}\n`);
    expect(() => loadConfiguration(folders(), none)).toThrow(
      expect.objectContaining({ code: 'configuration-in-working-tree' }),
    );
  });
});
