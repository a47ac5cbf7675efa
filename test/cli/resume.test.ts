import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DescribeSecurityGroupsCommand } from '@aws-sdk/client-ec2';
import { GetBucketTaggingCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { SignedApproval } from '../../src/domain/approval.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { openAccount, smallFolder, type Account } from '../helpers/account.ts';
import type { Cli, Finished } from '../helpers/cli.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { makePerson, type Person } from '../helpers/person.ts';

jest.setTimeout(180_000);

const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('a run that was killed', () => {
  let account: Account;
  let cli: Cli;
  let person: Person;
  let unhook: () => void = () => undefined;
  let note = 0;
  beforeAll(async () => {
    account = await openAccount(smallFolder);
  }, 120_000);
  afterAll(async () => {
    await account.stop();
  });
  beforeEach(() => {
    note += 1;
    cli = account.cli();
    person = makePerson(cli);
    cli.write(
      'plan.yaml',
      account.plan(
        'tag-all',
        `Group: { type: AWS::EC2::SecurityGroup, action: update, id: ${group()}, properties: { Tags: { note: n${note} } } }`,
        `Files: { type: AWS::S3::Bucket, action: update, id: small-files, depends_on: [ Group ], properties: { Tags: { note: n${note} } } }`,
        `Empty: { type: AWS::S3::Bucket, action: update, id: small-empty, depends_on: [ Files ], properties: { Tags: { note: n${note} } } }`,
      ),
    );
  });
  afterEach(() => unhook());

  const group = (): string => account.names['Group'] ?? '';
  const notes = async (): Promise<readonly (string | undefined)[]> => {
    const { ec2, s3 } = account.clients;
    const groups = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [group()] }));
    const buckets = await Promise.all(
      ['small-files', 'small-empty'].map((Bucket) => s3.send(new GetBucketTaggingCommand({ Bucket }))),
    );
    return [...(groups.SecurityGroups ?? []), ...buckets].map(
      (item) => ('TagSet' in item ? (item.TagSet ?? []) : (item.Tags ?? [])).find(({ Key }) => Key === 'note')?.Value,
    );
  };
  /** Applies, and the process is killed by SIGKILL when it sends the operation: before AWS sees it, or after. */
  const killedAt = async (
    operation: string,
    when: 'before' | 'after',
    words: readonly string[] = ['apply', 'plan.yaml', '--yes'],
  ): Promise<string> => {
    let child: { kill(signal: NodeJS.Signals): boolean } | undefined;
    let done = false;
    unhook = account.sandbox.proxy.onRequest(async (request) => {
      if (done || request.operation !== operation) return undefined;
      done = true;
      child?.kill('SIGKILL');
      return when === 'before' ? { kind: 'drop', when: 'before' } : undefined;
    });
    expect(
      await cli.run(words, {
        onStarted: (started) => {
          child = started;
        },
      }),
    ).toMatchObject({ signal: 'SIGKILL' });
    unhook();
    return ((await cli.json(['runs'])) as { run: string }[])[0]?.run ?? '';
  };
  /** Signs what is left as a person would, in lines, and goes on. */
  const resumed = async (run: string, lines: string): Promise<Finished> => {
    await cli.ok(['resume', run, '--sign', person.key, '-o', 'left.json'], { input: lines });
    await cli.fails(['resume', run, '--yes'], { exit: 3, code: 'take-over-needed', help: /--take-over .+:\d+/u });
    return cli.run(['resume', run, '--approval', 'left.json']);
  };

  it('is shown first, with what to do next', async () => {
    const run = await killedAt('PutBucketTagging', 'before');
    const { stdout } = await cli.ok(['runs']);
    expect(stdout).toMatch(
      new RegExp(
        `${run} apply open STOPPED IN THE MIDDLE 1 of 3 steps done[^]*aiplan resume ${run}[^]*aiplan rollback ${run}[^]*aiplan runs abandon ${run}`,
        'u',
      ),
    );
    expect((await cli.json(['runs']))[0]).toMatchObject({
      run,
      unfinished: 'open',
      holder: null,
      next: [`aiplan resume ${run}`, `aiplan rollback ${run}`, `aiplan runs abandon ${run}`],
    });
    await person.takesBack(run);
    // What is taken back is finished with.
    expect(((await cli.json(['runs'])) as { unfinished?: string }[]).map(({ unfinished }) => unfinished)).toEqual([
      undefined,
      undefined,
    ]);
  });

  it.each(['before', 'after'] as const)(
    'is settled by reading and resumed, when it was killed %s the request',
    async (when) => {
      const run = await killedAt('PutBucketTagging', when);
      const told = await cli.json(['resume', run], { expected: [3] });
      expect(told).toMatchObject({
        status: 'approval_required',
        run,
        stale: [],
        left: when === 'after' ? ['Empty'] : ['Files', 'Empty'],
        nameNeeded: true,
      });
      expect(told.settled.map(({ step, verdict }: { step: string; verdict: string }) => [step, verdict])).toEqual([
        ['Group', 'done'],
        ['Files', when === 'after' ? 'done' : 'not-done'],
        ['Empty', 'not-started'],
      ]);
      expect(told.settled[1].evidence.join(' ')).toMatch(
        /s3:PutBucketTagging on "small-files" was sent at .*no answer is journaled/u,
      );
      expect(await resumed(run, 'name tag-all\n')).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('apply of tag-all: done'),
      });
      expect(await notes()).toEqual([`n${note}`, `n${note}`, `n${note}`]);
      expect((await cli.json(['runs']))[0]).toMatchObject({ run, outcome: 'done' });
      const { report } = await cli.json(['runs', run]);
      expect(report.steps.map(({ state }: { state: string }) => state)).toEqual(['done', 'done', 'done']);
      // What was signed to go on with it is kept, as at apply.
      expect(
        existsSync(
          join(
            cli.state,
            'aiplan',
            'store',
            'approvals',
            `${(JSON.parse(cli.read('left.json')) as SignedApproval).approval.nonce}.json`,
          ),
        ),
      ).toBe(true);
      await cli.ok(['audit', 'verify']);
      await cli.fails(['resume', run], { exit: 1, code: 'run-ended', help: /aiplan rollback/u });
      expect((await person.takesBack(run)).stdout).toContain('rollback of undo-tag-all: done');
    },
  );

  it('holds its own resources and no others', async () => {
    const run = await killedAt('PutBucketTagging', 'before');
    const { code, stdout, stderr } = await cli.run(['plan', 'plan.yaml']);
    expect({ code, stdout, stderr }).toEqual({
      code: 3,
      stdout: expect.stringMatching(
        new RegExp(
          `^run ${run} of "tag-all" is unfinished:\n    aiplan resume ${run}  find[^\n]+\n    aiplan rollback ${run}  undo it\n    aiplan runs abandon ${run}  close[^\n]+\n\nPlan [^]*open-run[^]*run ${run} of "tag-all" stopped in the middle[^]*aiplan resume ${run}`,
          'u',
        ),
      ),
      stderr: '',
    });
    expect(await cli.json(['plan', 'plan.yaml'], { expected: [3] })).toMatchObject({
      findings: expect.arrayContaining([
        expect.objectContaining({
          code: 'run-unfinished',
          severity: 'warning',
          help: `aiplan resume ${run}\naiplan rollback ${run}\naiplan runs abandon ${run}`,
        }),
      ]),
    });
    cli.write(
      'other.yaml',
      account.plan(
        'other',
        `Unused: { type: AWS::EC2::SecurityGroup, action: update, id: ${account.names['Unused'] ?? ''}, properties: { Tags: { note: n${note} } } }`,
      ),
    );
    expect(await cli.ok(['apply', 'other.yaml', '--yes'])).toMatchObject({
      stdout: expect.stringContaining('apply of other: done'),
      stderr: expect.stringContaining(`run ${run} of "tag-all" is unfinished:\n    aiplan resume ${run}  find`),
    });
    // Its lock is free now; what it holds is still held.
    expect((await cli.run(['apply', 'plan.yaml', '--yes'])).code).toBe(3);
    await person.takesBack(run);
    expect((await cli.ok(['apply', 'plan.yaml', '--yes'])).stdout).toContain('done');
  });

  it('does not go on over what somebody else has changed, and can be undone', async () => {
    const run = await killedAt('PutBucketTagging', 'before');
    const { s3 } = account.clients;
    const { TagSet } = await s3.send(new GetBucketTaggingCommand({ Bucket: 'small-empty' }));
    const { PutBucketTaggingCommand } = await import('@aws-sdk/client-s3');
    await s3.send(
      new PutBucketTaggingCommand({
        Bucket: 'small-empty',
        Tagging: { TagSet: [...(TagSet ?? []), { Key: 'somebody', Value: 'else' }] },
      }),
    );
    expect(await cli.json(['resume', run], { expected: [4] })).toMatchObject({
      status: 'stale',
      stale: [
        { step: 'Empty', why: expect.stringMatching(/small-empty was changed by somebody else: Tags.somebody/u) },
      ],
    });
    await cli.fails(
      ['resume', run, '--sign', person.key],
      { exit: 4, code: 'run-stale', help: /aiplan rollback/u },
      { input: 'name tag-all\n' },
    );
    await s3.send(new PutBucketTaggingCommand({ Bucket: 'small-empty', Tagging: { TagSet: TagSet ?? [] } }));
    expect((await person.takesBack(run)).stdout).toContain('done');
  });

  it('continues the texts that it was planned with, wherever it is gone on from, and with no others', async () => {
    const planned = '#!/bin/sh\necho planned\n';
    mkdirSync(join(cli.work, 'infra'));
    cli.write('infra/boot.sh', planned);
    cli.write(
      'infra/plan.yaml',
      account.plan(
        'with-text',
        `Fresh: { type: AWS::EC2::Instance, action: create, reason: test, properties: { ImageId: ${account.names['Image'] ?? ''}, InstanceType: t3.micro, SubnetId: ${account.names['SubnetA'] ?? ''}, UserData: !Text boot.sh, Tags: { Name: with-text } } }`,
      ),
    );
    const plan = (await cli.json(['plan', 'infra/plan.yaml', '-o', 'text.plan.json'])) as Plan;
    await cli.ok(['review', 'text.plan.json', '--sign', person.key, '-o', 'text.json'], {
      input: `Fresh ${plan.steps[0]?.confirm ?? ''}\nname with-text\n`,
    });
    const run = await killedAt('RunInstances', 'before', ['apply', 'text.plan.json', '--approval', 'text.json']);
    // A file of the same name in the current folder is another one.
    cli.write('boot.sh', '#!/bin/sh\necho somebody else\n');
    expect(await cli.json(['resume', run], { expected: [3] })).toMatchObject({
      status: 'approval_required',
      stale: [],
      left: ['Fresh'],
    });
    cli.write('infra/boot.sh', '#!/bin/sh\necho changed\n');
    await cli.fails(['resume', run], {
      exit: 4,
      code: 'text-changed',
      says: /"boot\.sh" is not what it was/u,
      help: new RegExp(`nothing was changed[^]*aiplan rollback ${run}`, 'u'),
    });
    cli.write('boot.sh', planned);
    expect(await cli.json(['resume', run], { expected: [3] })).toMatchObject({ stale: [], left: ['Fresh'] });
    await person.takesBack(run);
  });

  it('is closed for good only by a person in a terminal', async () => {
    const run = await killedAt('PutBucketTagging', 'before');
    await cli.fails(['runs', 'abandon', run], { exit: 3, code: 'confirmation-missing' });
    await cli.fails(['runs', 'abandon'], { exit: 1, code: 'run-missing' });
    await cli.fails(['runs', 'forget', run], { exit: 1, code: 'run-verb' });
    expect((await cli.json(['runs']))[0]).toMatchObject({ run, outcome: 'open' });
    await person.takesBack(run);
  });
});

suite('a store that is lost', () => {
  let account: Account;
  beforeAll(async () => {
    account = await openAccount(smallFolder);
  }, 120_000);
  afterAll(async () => {
    await account.stop();
  });

  it('is made up for by what lies in the capture bucket: the run is undone, and everything is as before', async () => {
    const cli = account.cli();
    const person = makePerson(cli);
    await cli.ok(['setup']);
    const inventory = async (): Promise<unknown> =>
      Promise.all(['AWS::EC2::SecurityGroup', 'AWS::S3::Bucket'].map((type) => cli.json(['inventory', type])));
    const contents = async (): Promise<unknown> =>
      ((await account.clients.s3.send(new ListObjectVersionsCommand({ Bucket: 'small-files' }))).Versions ?? [])
        .map(({ Key, ETag, Size }) => [Key, ETag, Size])
        .sort();
    // A security group that comes back has another id; lists are in the order of ids.
    const unnamed = (value: unknown): unknown =>
      JSON.parse(
        JSON.stringify(value, (_key, item: unknown) =>
          Array.isArray(item)
            ? item.map((one) => JSON.stringify(one).replaceAll(/sg-?[0-9a-f]{8,}/giu, 'sg')).sort()
            : item,
        ),
      ) as unknown;
    const before = unnamed([await inventory(), await contents()]);
    const unused = account.names['Unused'] ?? '';
    cli.write(
      'plan.yaml',
      account.plan(
        'clean-up',
        'Files: { type: AWS::S3::Bucket, action: delete, id: small-files, reason: test, expect: { Tags: { team: small } } }',
        `Unused: { type: AWS::EC2::SecurityGroup, action: delete, id: ${unused}, reason: test, expect: { GroupName: small-unused } }`,
        'Empty: { type: AWS::S3::Bucket, action: update, id: small-empty, properties: { Tags: { note: changed } } }',
        `Fresh: { type: AWS::EC2::SecurityGroup, action: create, reason: test, properties: { GroupName: fresh, GroupDescription: Made by a test, VpcId: ${account.names['Vpc'] ?? ''} } }`,
      ),
    );
    const { stdout } = await person.applies('plan.yaml');
    const run = /Run (\S+)/u.exec(stdout)?.[1] ?? '';
    rmSync(join(cli.state, 'aiplan'), { recursive: true });
    expect(await cli.json(['runs'])).toEqual([]);
    await cli.fails(['rollback', run], { exit: 1, code: 'no-such-run' });
    await cli.fails(['rollback', '--from-aws', '--run', '20200101-000000-abcd'], { exit: 1, code: 'no-manifests' });
    expect(await cli.json(['rollback', '--from-aws'])).toEqual([
      expect.objectContaining({ run, planName: 'clean-up', whole: true, steps: 4 }),
    ]);
    const plan = (await cli.json(['rollback', '--from-aws', '--run', run, '-o', 'back.plan.json'])) as Plan;
    expect(plan.findings.filter(({ severity }) => severity !== 'info').map(({ code }) => code)).toEqual([
      'rollback-unlogged',
    ]);
    expect(plan.steps.map(({ id, action, coveredBy }) => [id, action, coveredBy]).sort()).toEqual([
      ['Empty', 'update', undefined],
      ['Files', 'create', undefined],
      ['Fresh', 'delete', undefined],
      ['Unused', 'create', undefined],
    ]);
    // No journal bears any of it out, so that each step is asked for, and the plan's name.
    const words = plan.steps.map(({ id, confirm }) => `${id} ${confirm ?? ''}\n`).join('');
    await cli.ok(['review', 'back.plan.json', '--sign', person.key, '-o', 'back.json'], {
      input: `${words}name ${plan.name}\n`,
    });
    expect((await cli.ok(['apply', 'back.plan.json', '--approval', 'back.json'])).stdout).toContain(
      'rollback of undo-clean-up: done',
    );
    expect(unnamed([await inventory(), await contents()])).toEqual(before);
  });
});
