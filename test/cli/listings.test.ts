import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openAccount, smallFolder, type Account } from '../helpers/account.ts';
import type { Cli } from '../helpers/cli.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { satisfies } from '../helpers/json-schema.ts';
import { makePerson, type Person } from '../helpers/person.ts';

jest.setTimeout(180_000);

const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('what is there', () => {
  let account: Account;
  let cli: Cli;
  let person: Person;
  beforeAll(async () => {
    account = await openAccount(smallFolder);
    cli = account.cli();
    person = makePerson(cli);
  }, 120_000);
  afterAll(async () => {
    await account.stop();
  });

  it('setup makes the capture bucket once, and says what is in force', async () => {
    const start = account.requestCount();
    const first = await cli.json(['setup']);
    expect(first).toMatchObject({ bucket: 'aiplan-captures-123456789012-eu-west-1', problems: [] });
    expect(first.done.length).toBeGreaterThan(2);
    expect(first.configuration).toContainEqual({ name: 'allow_yes', value: 'true', source: 'user file' });
    expect(account.mutations(start)).toContain('s3:CreateBucket');
    const again = account.requestCount();
    expect(await cli.json(['setup'])).toEqual({ ...first, done: [] });
    expect(account.mutations(again)).toEqual([]);
    // What an agent could have loosened is brought back.
    const { s3 } = account.clients;
    const { DeleteBucketPolicyCommand, PutBucketVersioningCommand } = await import('@aws-sdk/client-s3');
    const suspend = () =>
      s3.send(
        new PutBucketVersioningCommand({ Bucket: first.bucket, VersioningConfiguration: { Status: 'Suspended' } }),
      );
    await expect(suspend()).rejects.toThrow(/explicit deny/u);
    await s3.send(new DeleteBucketPolicyCommand({ Bucket: first.bucket }));
    await suspend();
    const mended = await cli.json(['setup']);
    expect(mended.problems).toEqual([]);
    expect(mended.done).toHaveLength(2);
  });

  it('setup --iam lists permissions without asking AWS', async () => {
    const actions = await cli.json(['setup', '--iam'], { environment: { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' } });
    expect(Object.keys(actions)).toEqual([
      'read',
      'write',
      'capture',
      'restore',
      'values',
      'compare',
      'audit',
      'store',
    ]);
    expect(actions.read).toContain('rds:DescribeDBInstances');
    for (const name of actions.read)
      expect(name).toMatch(/^(?:ec2|rds|s3|kms|iam|logs|sts|autoscaling|cloudformation|backup):(?:Describe|Get|List)/u);
  });

  it('an inventory is a change plan that changes nothing', async () => {
    const { stdout } = await cli.ok(['inventory']);
    cli.write('inventory.yaml', `${account.plan('as-it-is')}${stdout}`);
    const plan = await cli.json(['plan', 'inventory.yaml']);
    expect(plan.summary).toMatchObject({ create: 0, update: 0, replace: 0, delete: 0, blocked: 0 });
    expect(plan.steps.length).toBeGreaterThan(5);
    const tagged = await cli.json(['inventory', '--tag', 'team=small']);
    expect(tagged.map(({ id }: { id: string }) => id).sort()).toEqual(
      [account.names['Unused'], 'small-empty', 'small-files'].sort(),
    );
    expect(await cli.json(['inventory', 'AWS::S3::Bucket', '--tag', 'team=none'])).toEqual([]);
    await cli.fails(['inventory', '--tag', 'team'], { exit: 1, code: 'bad-tag', help: /team=platform/u });
    await cli.fails(['inventory', 'AWS::S3::Bukket'], { exit: 1, code: 'unknown-type' });
  });

  it('an import is the entry of one thing', async () => {
    const entries = await cli.json(['import', 'AWS::EC2::Instance', account.names['Instance'] ?? '']);
    expect(entries).toEqual([
      {
        address: 'SmallWeb',
        type: 'AWS::EC2::Instance',
        id: account.names['Instance'],
        properties: expect.objectContaining({ InstanceType: 't3.micro', Tags: { Name: 'small-web' } }),
      },
    ]);
    expect(await cli.json(['import', 'AWS::S3::Bucket', 'small-files', 'small-empty'])).toHaveLength(2);
    await cli.fails(['import', 'AWS::S3::Bucket', 'small-files', 'no-such-one'], {
      exit: 1,
      code: 'not-found',
      says: /"no-such-one"/u,
    });
  });

  it('the schema of the language takes the plans of the fixture, and only such', async () => {
    const schema = await cli.json(['schema'], { environment: { AWS_ENDPOINT_URL: undefined, AWS_REGION: undefined } });
    const plan = {
      aiplan: 1,
      name: 'a',
      intent: 'b',
      target: { account: '123456789012', region: 'eu-west-1' },
      resources: { A: { type: 'AWS::S3::Bucket', action: 'read', id: 'x' } },
    };
    expect(satisfies(schema, plan)).toBe(true);
    expect(satisfies(schema, { ...plan, colour: 'red' })).toBe(false);
  });

  it('runs and captures tell what was done, and damage is said, not hidden', async () => {
    expect(await cli.json(['runs'])).toEqual([]);
    expect((await cli.ok(['runs'])).stdout).toBe('no runs yet\n');
    expect((await cli.ok(['captures'])).stdout).toBe('no captures yet\n');
    await cli.fails(['runs', '20260226-231500-a1b2'], { exit: 1, code: 'no-such-run', help: /aiplan runs/u });
    await cli.fails(['rollback', '../../etc'], { exit: 1, code: 'no-such-run', says: /"\.\.\/\.\.\/etc"/u });
    await cli.fails(['captures', 'remove'], { exit: 1, code: 'unknown-verb' });

    cli.write(
      'delete.yaml',
      account.plan(
        'remove-empty',
        'Empty: { type: AWS::S3::Bucket, action: delete, id: small-empty, reason: x, expect: { Tags: { team: small } } }',
      ),
    );
    await person.applies('delete.yaml');
    const [summary] = await cli.json(['runs']);
    expect(summary).toMatchObject({
      command: 'apply',
      outcome: 'done',
      planName: 'remove-empty',
      account: '123456789012',
      region: 'eu-west-1',
      rollbackOf: null,
      steps: 1,
      problem: null,
    });
    const { report, records } = await cli.json(['runs', summary.run]);
    expect(report).toMatchObject({
      run: summary.run,
      outcome: 'done',
      exitCode: 0,
      steps: [{ id: 'Empty', state: 'done', identity: 'small-empty' }],
    });
    expect(records[0]).toMatchObject({ kind: 'begin', seq: 1 });
    expect((await cli.ok(['runs', summary.run])).stdout).toMatch(/done +Empty small-empty[^]*aiplan rollback/u);
    expect(await cli.json(['captures'])).toMatchObject([{ identity: 'small-empty', run: summary.run, verified: true }]);
    expect((await cli.ok(['captures'])).stdout).toMatch(/small-empty AWS::S3::Bucket complete[^]*kept: /u);
    expect((await cli.ok(['captures', 'expire'])).stdout).toBe('no capture has expired\n');

    await person.takesBack();
    expect((await cli.json(['runs']))[0]).toMatchObject({
      command: 'rollback',
      rollbackOf: summary.run,
      outcome: 'done',
    });
    expect(
      (await cli.json(['inventory', 'AWS::S3::Bucket', '--tag', 'team=small'])).map(({ id }: { id: string }) => id),
    ).toContain('small-empty');

    const path = join(cli.state, 'aiplan', 'store', 'runs', summary.run, 'journal.jsonl');
    writeFileSync(path, readFileSync(path, 'utf8').replace('small-empty', 'small-emptx'));
    expect(
      (await cli.json(['runs'], { expected: [1] })).find(({ run }: { run: string }) => run === summary.run),
    ).toMatchObject({ outcome: 'damaged', problem: expect.stringMatching(/line \d+/u) });
    for (const words of [
      ['runs', summary.run],
      ['rollback', summary.run],
    ])
      await cli.fails(words, { exit: 1, code: 'journal-damaged', help: /leave it as it is/u });
    expect((await cli.ok(['runs'], { expected: [1] })).stdout).toMatch(/damaged/u);
    expect((await cli.ok(['captures'], { expected: [1] })).stderr).toMatch(
      /its captures are not listed: the journal is damaged/u,
    );
  });

  it('only files of its own user hold what it knows', () => {
    const listing = spawnSync('find', [join(cli.state, 'aiplan'), '-perm', '/077'], { encoding: 'utf8' });
    expect(listing).toMatchObject({ status: 0, stdout: '' });
    expect(readdirSync(join(cli.state, 'aiplan', 'store')).sort()).toEqual(
      expect.arrayContaining(['applied', 'locks', 'runs', 'spent']),
    );
  });

  it('the shells can complete commands, options and values', async () => {
    const complete = async (...words: readonly string[]): Promise<readonly string[]> =>
      (await cli.ok(['complete', '--', ...words])).stdout.split('\n').map((line) => line.split('\t')[0] ?? '');
    expect(await complete('ro')).toContain('rollback');
    expect(await complete('')).toEqual(expect.arrayContaining(['plan', 'apply', 'rollback', 'runs', 'setup']));
    expect(await complete('plan', '--det')).toContain('--detailed-exitcode');
    expect(await complete('check', 'x.yaml', '--format', '')).toEqual(
      expect.arrayContaining(['text', 'json', 'markdown']),
    );
    expect(await complete('sandbox', '')).toEqual(expect.arrayContaining(['up', 'down', 'seed', 'status']));
    for (const shell of ['bash', 'zsh', 'fish', 'powershell'])
      expect((await cli.ok(['complete', shell])).stdout).toContain('aiplan complete');
    const parsed = spawnSync('bash', ['-n'], { input: (await cli.ok(['complete', 'bash'])).stdout, encoding: 'utf8' });
    expect(parsed).toMatchObject({ status: 0, stderr: '' });
    expect(await cli.run(['complete', 'tcsh'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/'tcsh'[^]*zsh, bash, fish/u),
    });
  });

  it('what only looks sends nothing that changes', async () => {
    const start = account.requestCount();
    for (const words of [
      ['inventory'],
      ['runs'],
      ['captures'],
      ['plan', 'delete.yaml'],
      ['check', 'delete.yaml'],
      ['review', 'delete.yaml'],
      ['refresh', 'delete.yaml', '-o', 'live.json'],
      ['validate', 'delete.yaml'],
    ])
      await cli.ok(words, { expected: [words[0] === 'runs' || words[0] === 'captures' ? 1 : 0] });
    expect(account.mutations(start)).toEqual([]);
  });
});
