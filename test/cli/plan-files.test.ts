import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CreateTagsCommand } from '@aws-sdk/client-ec2';
import { PutBucketTaggingCommand } from '@aws-sdk/client-s3';
import { openAccount, smallFolder, type Account } from '../helpers/account.ts';
import type { Cli } from '../helpers/cli.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';

jest.setTimeout(180_000);

const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('plans and plan files', () => {
  let account: Account;
  let cli: Cli;
  let tag = 0;
  beforeAll(async () => {
    account = await openAccount(smallFolder);
  }, 120_000);
  afterAll(async () => {
    await account.stop();
  });
  // A new machine for each test: nobody's plans, runs or configuration are another's.
  beforeEach(() => {
    cli = account.cli();
    cli.configure('allow_yes: true\n');
  });

  /** A change plan that tags the group with something new, planned into plan.json. */
  const planned = async (): Promise<any> => {
    cli.write(
      'plan.yaml',
      account.plan(
        'tags',
        `Group: { type: AWS::EC2::SecurityGroup, action: update, id: ${account.names['Group'] ?? ''}, properties: { Tags: { note: "${(tag += 1)}" } } }`,
      ),
    );
    return cli.json(['plan', 'plan.yaml', '-o', 'plan.json']);
  };
  const mutationsOf = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
    const start = account.requestCount();
    await work();
    return account.mutations(start);
  };

  it('shows what would happen, says whether anything would, and asks AWS for nothing but reads', async () => {
    let plan: any;
    expect(
      await mutationsOf(async () => {
        plan = await planned();
      }),
    ).toEqual([]);
    expect(plan).toMatchObject({
      format: 'aiplan/plan@1',
      name: 'tags',
      steps: [
        {
          id: 'Group',
          action: 'update',
          blocked: false,
          calls: ['ec2:CreateTags'],
          recoverability: { level: 'reversible' },
        },
      ],
      summary: { update: 1, destructions: 0 },
    });
    expect(JSON.parse(cli.read('plan.json'))).toEqual(plan);
    expect((await cli.run(['plan', 'plan.yaml'])).code).toBe(0);
    expect((await cli.run(['plan', 'plan.yaml', '--detailed-exitcode'])).code).toBe(2);
    cli.write(
      'same.yaml',
      account.plan(
        'same',
        `Group: { type: AWS::EC2::SecurityGroup, action: update, id: ${account.names['Group'] ?? ''}, properties: { Tags: { Name: small-web } } }`,
      ),
    );
    expect((await cli.run(['plan', 'same.yaml', '--detailed-exitcode'])).code).toBe(0);
    expect(await cli.run(['apply', 'same.yaml', '--yes'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('Nothing to do'),
    });
    expect(await cli.json(['apply', 'same.yaml'])).toMatchObject({ status: 'nothing_to_do' });
  });

  it('is shown again as it was, without AWS', async () => {
    const plan = await planned();
    const offline = { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' };
    const shown = await cli.ok(['show', 'plan.json'], { environment: offline });
    expect(shown.stdout).toMatch(/update Group sg-[^]*Tags\.note[^]*ec2:CreateTags[^]*one yes/u);
    expect(shown.stdout).not.toContain('\u001b');
    expect(await cli.json(['show', 'plan.json'], { environment: offline })).toEqual(plan);
  });

  it('checks many files in three formats; one blocked plan blocks all', async () => {
    await planned();
    cli.write(
      'blocked.yaml',
      account.plan('blocked', 'Gone: { type: AWS::S3::Bucket, action: delete, id: no-such-bucket-at-all, reason: x }'),
    );
    for (const format of ['text', 'json', 'markdown'])
      expect((await cli.run(['check', 'plan.yaml', '--format', format])).code).toBe(0);
    const document = await cli.json(['check', 'plan.yaml', 'blocked.yaml'], { expected: [3] });
    expect(document).toMatchObject({
      clean: false,
      files: [{ plan: { summary: { blocked: 0 } } }, { plan: { summary: { blocked: 1 } } }],
    });
    expect(await cli.run(['check', 'plan.yaml', 'blocked.yaml'])).toMatchObject({
      code: 3,
      stdout: expect.stringMatching(/BLOCKED[^]*no-such-bucket-at-all/u),
    });
    expect(await cli.run(['check', 'blocked.yaml', '--format', 'markdown'])).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('This plan is blocked and cannot be applied&#46;'),
    });
    expect(await mutationsOf(() => cli.run(['apply', 'blocked.yaml', '--yes']))).toEqual([]);
    expect(await cli.json(['apply', 'blocked.yaml', '--yes'], { expected: [3] })).toMatchObject({ status: 'blocked' });
  });

  it('two entries that turn out to be one live resource are blocked', async () => {
    cli.write(
      'twice.yaml',
      account.plan(
        'twice',
        'One: { type: AWS::S3::Bucket, action: update, id: small-files, properties: { Tags: { a: b } } }',
        'Two: { type: AWS::S3::Bucket, action: update, find: { BucketName: small-files }, properties: { Tags: { a: c } } }',
      ),
    );
    const plan = await cli.json(['plan', 'twice.yaml'], { expected: [3] });
    expect(plan.steps.some(({ blocked }: { blocked: boolean }) => blocked)).toBe(true);
    expect(plan.findings).toContainEqual(
      expect.objectContaining({
        severity: 'error',
        message: expect.stringMatching(/small-files/u),
        help: expect.stringMatching(/\w/u),
      }),
    );
  });

  it('edited by hand is refused, wherever it was touched', async () => {
    const plan = await planned();
    const edits: readonly ((copy: any) => void)[] = [
      (copy) => {
        copy.expiresAt = '2099-01-01T00:00:00.000Z';
      },
      (copy) => {
        copy.steps[0].confirm = null;
        copy.summary.update = 0;
      },
      (copy) => {
        copy.changePlan = copy.changePlan.replace('Group:', 'Gruop:');
      },
      (copy) => {
        copy.recorded = true;
      },
      (copy) => {
        copy.configuration.allowYes = true;
        copy.note = 'x';
      },
      (copy) => {
        delete copy.seal;
      },
    ];
    const mutated = await mutationsOf(async () => {
      for (const [index, edit] of edits.entries()) {
        const copy = structuredClone(plan);
        edit(copy);
        cli.write('edited.json', JSON.stringify(copy));
        for (const verb of index === 0 ? ['show', 'review', 'apply'] : ['apply'])
          expect(await cli.run([verb, 'edited.json'])).toMatchObject({
            code: 1,
            stdout: '',
            stderr: expect.stringMatching(/error plan-file-edited[^]*plan again/u),
          });
      }
      await cli.fails(['apply', cli.write('cut.json', cli.read('plan.json').slice(0, -20)), '--yes'], {
        exit: 1,
        code: 'not-a-plan-file',
      });
      await cli.fails(
        ['apply', cli.write('newer.json', JSON.stringify({ ...plan, format: 'aiplan/plan@2' })), '--yes'],
        { exit: 1, code: 'plan-version', help: /plan again/u },
      );
    });
    expect(mutated).toEqual([]);
  });

  it('sealed anew by a forger is believed no more than AWS agrees', async () => {
    const plan = await planned();
    const { canonical, sha256 } = await import('../../src/base/digest.ts');
    const { seal: _seal, ...forged } = {
      ...plan,
      steps: plan.steps.map((step: object) => ({ ...step, identity: 'sg-00000000', changes: [] })),
      digest: `sha256:${'0'.repeat(64)}`,
    };
    cli.write('forged.json', JSON.stringify({ ...forged, seal: sha256(canonical(forged)) }));
    expect(
      await mutationsOf(() => cli.fails(['apply', 'forged.json', '--yes'], { exit: 4, code: 'plan-stale' })),
    ).toEqual([]);
  });

  it('expired or applied before is refused', async () => {
    await planned();
    expect(await mutationsOf(() => cli.ok(['apply', 'plan.json', '--yes']))).toEqual(['ec2:CreateTags']);
    expect(
      await mutationsOf(() =>
        cli.fails(['apply', 'plan.json', '--yes'], { exit: 3, code: 'plan-already-applied', help: /plan again/u }),
      ),
    ).toEqual([]);
    cli.configure('allow_yes: true\nplan_expiry_minutes: 0\n');
    await planned();
    expect(
      await mutationsOf(() =>
        cli.fails(['apply', 'plan.json', '--yes'], { exit: 3, code: 'plan-expired', help: /plan again/u }),
      ),
    ).toEqual([]);
    expect((await cli.ok(['show', 'plan.json'])).stdout).toContain('EXPIRED');
  });

  it('stale, because live changed behind its back or the configuration did, ends with 4', async () => {
    await planned();
    await account.clients.ec2.send(
      new CreateTagsCommand({
        Resources: [account.names['Group'] ?? ''],
        Tags: [{ Key: 'note', Value: 'somebody else' }],
      }),
    );
    expect(
      await mutationsOf(() =>
        cli.fails(['apply', 'plan.json', '--yes'], {
          exit: 4,
          code: 'plan-stale',
          says: /Group/u,
          help: /plan again/u,
        }),
      ),
    ).toEqual([]);
    await planned();
    cli.configure('allow_yes: true\nmax_confirmations: 3\n');
    expect(
      await mutationsOf(() =>
        cli.fails(['apply', 'plan.json', '--yes'], { exit: 4, code: 'plan-stale', says: /configuration/u }),
      ),
    ).toEqual([]);
  });

  it('stale between the review and the run is found by the run itself, and nothing is changed', async () => {
    await planned();
    let changed = false;
    // The run reads AWS again after it has begun, which is when its journal is there.
    const runs = join(cli.state, 'aiplan', 'store', 'runs');
    const isRunning = (): boolean => existsSync(runs) && readdirSync(runs).some((name) => !before.has(name));
    const before = new Set(existsSync(runs) ? readdirSync(runs) : []);
    const unhook = account.sandbox.proxy.onRequest(async ({ operation }) => {
      if (changed || operation !== 'DescribeSecurityGroups' || !isRunning()) return undefined;
      changed = true;
      await account.clients.ec2.send(
        new CreateTagsCommand({
          Resources: [account.names['Group'] ?? ''],
          Tags: [{ Key: 'note', Value: `changed ${tag}` }],
        }),
      );
      return undefined;
    });
    const start = account.requestCount();
    const report = await cli.json(['apply', 'plan.json', '--yes'], { expected: [4] });
    unhook();
    expect(report).toMatchObject({ outcome: 'stale', calls: 0, steps: [{ state: 'not-started' }] });
    expect(account.mutations(start)).toEqual(['ec2:CreateTags']);
    expect((await cli.json(['runs']))[0]).toMatchObject({ outcome: 'stale' });
  });

  it('made from recorded state is the same plan, needs neither network nor keys, and is never applied', async () => {
    await planned();
    const offline = {
      AWS_ENDPOINT_URL: undefined,
      AWS_REGION: undefined,
      AWS_ACCESS_KEY_ID: undefined,
      AWS_SECRET_ACCESS_KEY: undefined,
    };
    await cli.ok(['refresh', 'plan.yaml', '-o', 'live.json']);
    const live = await cli.json(['plan', 'plan.yaml']);
    const recorded = await cli.json(['--live', 'live.json', 'plan', 'plan.yaml', '-o', 'recorded.json'], {
      environment: offline,
    });
    expect(recorded).toMatchObject({ recorded: true, steps: live.steps });
    expect((await cli.ok(['show', 'recorded.json'], { environment: offline })).stdout).toContain(
      'can be shown, never confirmed',
    );
    const mutated = await mutationsOf(async () => {
      for (const words of [
        ['apply', 'recorded.json', '--yes'],
        ['--live', 'live.json', 'apply', 'plan.yaml', '--yes'],
        ['--live', 'live.json', 'apply', 'plan.json', '--yes'],
      ])
        await cli.fails(words, { exit: 3, code: 'plan-recorded', help: /without --live/u });
      await cli.fails(['review', 'recorded.json', '--sign', 'key'], { exit: 3, code: 'plan-recorded' });
    });
    expect(mutated).toEqual([]);
    await cli.fails(['--live', 'plan.json', 'plan', 'plan.yaml'], {
      exit: 1,
      code: 'not-a-live-file',
      help: /aiplan refresh/u,
    });
    await cli.fails(['--live', 'nowhere.json', 'plan', 'plan.yaml'], {
      exit: 1,
      code: 'no-such-file',
      help: /aiplan refresh/u,
    });
  });

  it('does not swallow the loss of its own output', async () => {
    await planned();
    const full = await cli.run(['plan', 'plan.yaml'], { through: ['sh', '-c', 'exec "$@" > /dev/full', 'sh'] });
    expect(full).toMatchObject({ code: 1, stderr: expect.stringMatching(/error output-lost[^]*ENOSPC\n {4}/u) });
    // A reader that has seen enough is no error, nor may it end a run in the middle.
    const headed = await cli.run(['apply', 'plan.json', '--yes'], {
      through: ['sh', '-c', '("$@" 2>&1; echo "code $?" >&2) 2> code | head -n 1', 'sh'],
    });
    expect(headed.stdout).toMatch(/^run /u);
    expect(cli.read('code')).toContain('code 0');
    expect((await cli.json(['runs']))[0]).toMatchObject({ outcome: 'done' });
  });

  it('is not written where it cannot be, and says so', async () => {
    await planned();
    await cli.fails(['plan', 'plan.yaml', '-o', 'plan.yaml/plan.json'], {
      exit: 1,
      code: 'store-unwritable',
      says: /plan\.yaml/u,
    });
    expect(existsSync(join(cli.work, 'plan.yaml', 'plan.json'))).toBe(false);
  });

  it('shows characters that act on a screen as what they are, in every form', async () => {
    const evil = 'a\u009b31m\u202eb';
    await account.clients.s3.send(
      new PutBucketTaggingCommand({
        Bucket: 'small-empty',
        Tagging: {
          TagSet: [
            { Key: 'team', Value: 'small' },
            { Key: 'note', Value: evil },
          ],
        },
      }),
    );
    cli.write(
      'evil.yaml',
      account.plan(
        'evil',
        'Empty: { type: AWS::S3::Bucket, action: update, id: small-empty, properties: { Tags: { note: null } } }',
      ),
    );
    for (const words of [
      ['plan', 'evil.yaml'],
      ['--json', 'plan', 'evil.yaml', '-o', 'evil.json'],
      ['show', 'evil.json'],
      ['check', 'evil.yaml', '--format', 'markdown'],
      ['check', 'evil.yaml', '--format', 'json'],
      ['inventory', 'AWS::S3::Bucket'],
      ['--json', 'inventory', 'AWS::S3::Bucket'],
      ['refresh', 'evil.yaml'],
    ]) {
      const { stdout } = await cli.ok(words);
      expect([words, /[\u0080-\u009f\u202a-\u202e]/u.test(stdout), stdout.includes('\u001b')]).toEqual([
        words,
        false,
        false,
      ]);
      expect([words, /9b|may not hold/iu.test(stdout)]).toEqual([words, true]);
    }
    // In JSON it is another spelling of the same value.
    const bucket = (await cli.json(['inventory', 'AWS::S3::Bucket', '--tag', 'team=small'])).find(
      ({ id }: { id: string }) => id === 'small-empty',
    );
    expect(bucket.properties.Tags.note).toBe(evil);
  });
});
