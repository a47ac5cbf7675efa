import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PutBucketTaggingCommand } from '@aws-sdk/client-s3';
import { openAccount, smallFolder, type Account } from '../helpers/account.ts';
import type { Cli } from '../helpers/cli.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { makeKey, makePerson, publicKey, sign, signersFile } from '../helpers/person.ts';

jest.setTimeout(180_000);

const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('nothing is destroyed without a person', () => {
  let account: Account;
  let cli: Cli;
  let plan: any;
  let signed: any;
  let key: string;
  let stranger: string;
  const allow = (line: string): void => writeFileSync(signersFile(cli), `${line}\n`);
  const deletion = (type: string, identity: string): string =>
    account.plan(
      `remove-${type.toLowerCase()}`,
      `Victim: { type: AWS::${type === 'Bucket' ? 'S3' : 'EC2'}::${type}, action: delete, id: ${identity}, reason: x, expect: { Tags: { team: small } } }`,
    );
  let word: string;

  beforeAll(async () => {
    account = await openAccount(smallFolder);
    cli = account.cli();
    ({ key } = makePerson(cli));
    stranger = makeKey(cli, 'stranger');
    word = (account.names['Unused'] ?? '').slice(-6);
    cli.write('plan.yaml', deletion('SecurityGroup', account.names['Unused'] ?? ''));
    // Nobody is asked for what could not begin.
    const early = await cli.json(['plan', 'plan.yaml', '-o', 'early.json'], { expected: [3] });
    expect(early.findings).toContainEqual(
      expect.objectContaining({
        code: 'no-capture-bucket',
        severity: 'error',
        step: 'Victim',
        message: expect.stringContaining('aiplan setup'),
      }),
    );
    await cli.fails(
      ['review', 'early.json', '--sign', key],
      { exit: 3, code: 'plan-blocked', help: /aiplan show/u },
      { input: `Victim ${word}\n` },
    );
    await cli.ok(['setup']);
    plan = await cli.json(['plan', 'plan.yaml', '-o', 'plan.json']);
    await cli.ok(['review', 'plan.json', '--sign', key, '-o', 'approval.json'], {
      input: `Victim ${word}\nname remove-securitygroup\n`,
    });
    signed = JSON.parse(cli.read('approval.json'));
  }, 120_000);
  afterAll(async () => {
    await account.stop();
  });

  /** Runs work; nothing may have been changed by it, and no run begun. */
  const untouched = async (work: () => Promise<unknown>): Promise<void> => {
    const start = account.requestCount();
    await work();
    expect(account.mutations(start)).toEqual([]);
    expect(existsSync(join(cli.state, 'aiplan', 'store', 'runs'))).toBe(false);
  };
  const refused = (document: unknown, code: string, says: RegExp, target = 'plan.json') =>
    untouched(async () => {
      cli.write('bad.json', JSON.stringify(document));
      expect(await cli.json(['apply', target, '--approval', 'bad.json'], { expected: [3] })).toEqual({
        error: code,
        message: expect.stringMatching(says),
        help: expect.stringMatching(/\w/u),
      });
    });

  /** The person's approval of the same change, planned under the configuration as it is now. */
  const signedAnew = async (): Promise<object> => {
    const anew = (await cli.json(['plan', 'plan.yaml', '-o', 'anew.json'])) as {
      readonly digest: string;
      readonly steps: readonly { readonly digest: string }[];
    };
    const { approval } = signed;
    return sign(
      cli,
      {
        ...approval,
        planDigest: anew.digest,
        confirmations: [{ ...approval.confirmations[0], stepDigest: anew.steps[0]?.digest }],
      },
      key,
    );
  };

  it('an approval made by the person binds to plan, step, target and time', () => {
    expect(signed).toMatchObject({
      format: 'aiplan/signed-approval@1',
      approval: {
        tier: 'T1',
        planDigest: plan.digest,
        planName: 'remove-securitygroup',
        target: { account: '123456789012', region: 'eu-west-1', endpoint: account.endpoint },
        confirmations: [{ step: 'Victim', stepDigest: plan.steps[0].digest, typed: word }],
      },
    });
    expect(Date.parse(signed.approval.expiresAt)).toBeLessThanOrEqual(Date.parse(plan.expiresAt));
  });

  it('a forged or altered approval is refused', async () => {
    const { approval } = signed;
    await refused({ ...signed, approval: { ...approval, confirmations: [] } }, 'approval-forged', /altered/u);
    await refused(
      { ...signed, approval: { ...approval, expiresAt: '2099-01-01T00:00:00Z' } },
      'approval-forged',
      /altered/u,
    );
    await refused(sign(cli, approval, stranger), 'approval-forged', /allowed signer/u);
    await refused(sign(cli, approval, key, 'git'), 'approval-forged', /something else/u);
    await refused(approval, 'not-an-approval', /signed-approval/u);
    await refused(sign(cli, { ...approval, nonce: '../../escape' }, key), 'not-an-approval', /nonce/u);
    await untouched(() =>
      cli.fails(['apply', 'plan.json', '--approval', 'nowhere.json'], { exit: 3, code: 'no-such-file' }),
    );
  });

  it('an approval that is expired, incomplete, or for another plan, state or account is refused, well signed as it may be', async () => {
    const { approval } = signed;
    await refused(
      sign(cli, { ...approval, expiresAt: new Date(Date.now() - 1_000).toISOString() }, key),
      'approval-expired',
      /expired at/u,
    );
    await refused(
      sign(cli, { ...approval, confirmations: [] }, key),
      'confirmation-missing',
      /"Victim" was not confirmed/u,
    );
    await refused(
      sign(cli, { ...approval, confirmations: [{ ...approval.confirmations[0], typed: 'yes' }] }, key),
      'confirmation-missing',
      /another text/u,
    );
    await refused(
      sign(
        cli,
        { ...approval, confirmations: [{ ...approval.confirmations[0], stepDigest: `sha256:${'0'.repeat(64)}` }] },
        key,
      ),
      'approval-foreign',
      /another state/u,
    );
    await refused(
      sign(cli, { ...approval, target: { ...approval.target, account: '210987654321' } }, key),
      'approval-foreign',
      /"210987654321"/u,
    );
    cli.write('other.yaml', deletion('Bucket', 'small-empty'));
    await cli.ok(['plan', 'other.yaml', '-o', 'other.json']);
    await refused(signed, 'approval-foreign', /another plan/u, 'other.json');
  });

  it('a signer who is not, or no longer, or only for something else, allowed', async () => {
    for (const line of [
      `eve@example.org namespaces="aiplan-approval" ${publicKey(stranger)}`,
      `ada@example.org namespaces="git" ${publicKey(key)}`,
      `ada@example.org valid-before="20200101" ${publicKey(key)}`,
    ]) {
      allow(line);
      // Who may sign is in the digest: a plan that other people were to sign is stale.
      await untouched(() =>
        cli.fails(['apply', 'plan.json', '--approval', 'approval.json'], {
          exit: 4,
          code: 'plan-stale',
          says: /allowed_signers/u,
        }),
      );
      await refused(await signedAnew(), 'approval-forged', /signed|signature/u, 'anew.json');
    }
    rmSync(signersFile(cli));
    await refused(await signedAnew(), 'no-allowed-signers', /no allowed-signers file/u, 'anew.json');
    allow(`ada@example.org namespaces="aiplan-approval" ${publicKey(key)}`);
  });

  it('lines that do not say every confirmation exactly sign nothing', async () => {
    for (const input of [
      '',
      'name remove-securitygroup\n',
      `Victim ${word.slice(1)}\n`,
      `Victim ${word}2\n`,
      `yes\n${word}\nVictim\n`,
    ]) {
      const { code, stderr } = await cli.run(['review', 'plan.json', '--sign', key, '-o', 'none.json'], { input });
      expect({ input, code, stderr }).toEqual({
        input,
        code: 3,
        stderr: expect.stringMatching(new RegExp(`error confirmation-missing[^]*Victim ${word}`, 'u')),
      });
    }
    const { code, stderr } = await cli.run(['review', 'plan.json', '--sign', key, '-o', 'none.json'], {
      input: `Victim ${word}\nname remove\n`,
    });
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringMatching(/error confirmation-missing[^]*name remove-securitygroup/u),
    });
    expect(() => cli.read('none.json')).toThrow('ENOENT');
    await cli.fails(
      ['review', 'plan.json', '--sign', join(cli.home, 'nobody')],
      { exit: 1, code: 'no-such-file' },
      { input: `Victim ${word}\nname remove-securitygroup\n` },
    );
  });

  it('no terminal, --yes, a piped yes: exit 3 with what is missing, for people and for programs', async () => {
    await untouched(async () => {
      await cli.fails(['apply', 'plan.json', '--yes'], {
        exit: 3,
        code: 'confirmation-missing',
        says: /--yes answers for nobody/u,
        help: /--sign KEY/u,
      });
      const none = await cli.run(['apply', 'plan.json']);
      expect(none).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(/error confirmation-missing: there is no terminal/u),
      });
      expect(await cli.run(['apply', 'plan.json'], { input: `${word}\nyes\nremove-securitygroup\n` })).toMatchObject({
        code: 3,
      });
      expect(await cli.json(['apply', 'plan.json'], { expected: [3] })).toEqual({
        status: 'approval_required',
        plan: plan.digest,
        name: 'remove-securitygroup',
        nameNeeded: true,
        missing: [
          {
            step: 'Victim',
            type: 'AWS::EC2::SecurityGroup',
            identity: account.names['Unused'],
            code: 'destruction',
            loses: plan.steps[0].destruction.loses,
            opens: [],
          },
        ],
      });
      expect(await cli.json(['review', 'plan.json'], { expected: [3] })).toMatchObject({ status: 'approval_required' });
      expect(await cli.run(['review', 'plan.json'])).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/delete Victim sg-\w+ \[destruction\]/u),
      });
    });
  });

  it('where only signatures count, nothing else does', async () => {
    cli.configure(`allowed_signers: ${signersFile(cli)}\nallow_yes: true\nminimum_tier: T1\n`);
    await untouched(() => cli.fails(['apply', 'plan.yaml', '--yes'], { exit: 3, code: 'confirmation-missing' }));
    // The configuration is part of the plan: an approval under another one is not carried over.
    await untouched(() =>
      cli.fails(['apply', 'plan.json', '--approval', 'approval.json'], { exit: 4, code: 'plan-stale' }),
    );
    cli.configure(`allowed_signers: ${signersFile(cli)}\nallow_yes: true\n`);
  });

  it('a good approval of what has changed meanwhile is stale; of what is as it was it counts, once', async () => {
    cli.write('bucket.yaml', deletion('Bucket', 'small-files'));
    await cli.ok(['plan', 'bucket.yaml', '-o', 'bucket.json']);
    expect(
      await cli.json(['review', 'bucket.json', '--sign', key, '-o', 'bucket-approval.json'], {
        input: 'Victim small-files\nname remove-bucket\n',
      }),
    ).toMatchObject({ status: 'signed', confirmations: ['Victim'] });
    const tags = (team: string) =>
      account.clients.s3.send(
        new PutBucketTaggingCommand({
          Bucket: 'small-files',
          Tagging: { TagSet: [{ Key: 'team', Value: team }, ...(team === 'small' ? [] : [{ Key: 'x', Value: 'y' }])] },
        }),
      );
    // A property that no line of the plan shows is bound as well, and named.
    await account.clients.s3.send(
      new PutBucketTaggingCommand({
        Bucket: 'small-files',
        Tagging: {
          TagSet: [
            { Key: 'team', Value: 'small' },
            { Key: 'keep', Value: 'yes' },
          ],
        },
      }),
    );
    const hidden = account.requestCount();
    await cli.fails(['apply', 'bucket.json', '--approval', 'bucket-approval.json'], {
      exit: 4,
      code: 'plan-stale',
      says: /"Victim" \(small-files\): Tags\.keep: nothing → "yes"/u,
    });
    expect(account.mutations(hidden)).toEqual([]);
    await tags('other');
    const start = account.requestCount();
    await cli.fails(['apply', 'bucket.json', '--approval', 'bucket-approval.json'], {
      exit: 4,
      code: 'plan-stale',
      says: /Victim/u,
    });
    expect(account.mutations(start)).toEqual([]);
    await tags('small');

    await cli.ok(['apply', 'bucket.json', '--approval', 'bucket-approval.json']);
    const calls = account.mutations(start);
    expect(calls.indexOf('s3:CopyObject')).toBeGreaterThan(calls.indexOf('s3:PutBucketPolicy'));
    expect(calls.indexOf('s3:DeleteObjects')).toBeGreaterThan(calls.lastIndexOf('s3:CopyObject'));
    // Last of all the end of the run is pinned in the capture bucket.
    expect(calls.slice(-2)).toEqual(['s3:DeleteBucket', 's3:PutObject']);
    const { run } = (await cli.json(['runs']))[0];
    expect((await cli.json(['runs', run])).records[0].approval).toMatchObject({ tier: 'T1', by: 'ada@example.org' });

    // Replayed: with the plan file, and with a fresh plan of the same change plan.
    const after = account.requestCount();
    await cli.fails(['apply', 'bucket.json', '--approval', 'bucket-approval.json'], {
      exit: 3,
      code: 'plan-already-applied',
    });
    expect(await cli.run(['apply', 'bucket.yaml', '--approval', 'bucket-approval.json'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Nothing to do'),
    });
    expect(account.mutations(after)).toEqual([]);

    // Brought back, the same deletion again: the spent approval stays spent, also for the plan that it once fitted.
    await cli.json(['rollback', run, '-o', 'back.json']);
    await cli.ok(['review', 'back.json', '--sign', key, '-o', 'back-approval.json'], {
      input: 'name undo-remove-bucket\n',
    });
    await cli.ok(['apply', 'back.json', '--approval', 'back-approval.json']);
    const restored = account.requestCount();
    const again = await cli.run(['apply', 'bucket.yaml', '--approval', 'bucket-approval.json']);
    expect(again).toMatchObject({ code: 3, stderr: expect.stringMatching(/error approval-(?:replayed|foreign)/u) });
    await cli.ok(['plan', 'bucket.yaml', '-o', 'again.json']);
    await cli.fails(['apply', 'again.json', '--approval', 'bucket-approval.json'], {
      exit: 3,
      code: 'approval-replayed',
      help: /sign again/u,
    });
    expect(account.mutations(restored)).toEqual([]);
  });
});
