import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DescribeSecurityGroupsCommand } from '@aws-sdk/client-ec2';
import { GetBucketTaggingCommand } from '@aws-sdk/client-s3';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault } from '../../src/sandbox/proxy/faults.ts';
import { openAccount, openWire, smallFolder, type Account } from '../helpers/account.ts';
import type { Cli, RunOptions } from '../helpers/cli.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { makePerson, type Person } from '../helpers/person.ts';

jest.setTimeout(180_000);

const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('a run that is interrupted', () => {
  let account: Account;
  let cli: Cli;
  let before: unknown;
  let unhook: () => void = () => undefined;
  let note = 0;
  beforeAll(async () => {
    account = await openAccount(smallFolder);
  }, 120_000);
  afterAll(async () => {
    await account.stop();
  });
  beforeEach(async () => {
    note += 1;
    cli = machine();
    before = await live();
  });
  afterEach(() => unhook());

  const people = new WeakMap<Cli, Person>();
  const machine = (endpoint?: string): Cli => {
    const made = account.cli(endpoint);
    people.set(made, makePerson(made));
    made.write(
      'plan.yaml',
      account.plan(
        'tag-all',
        `Group: { type: AWS::EC2::SecurityGroup, action: update, id: ${account.names['Group'] ?? ''}, properties: { Tags: { note: n${note} } } }`,
        `Files: { type: AWS::S3::Bucket, action: update, id: small-files, depends_on: [ Group ], properties: { Tags: { note: n${note} } } }`,
        `Empty: { type: AWS::S3::Bucket, action: update, id: small-empty, depends_on: [ Files ], properties: { Tags: { note: n${note} } } }`,
      ),
    );
    return made;
  };
  /** Everything that the plan touches, as AWS has it. */
  const live = async (): Promise<unknown> => {
    const { ec2, s3 } = account.clients;
    const groups = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [account.names['Group'] ?? ''] }));
    const buckets = await Promise.all(
      ['small-files', 'small-empty'].map((Bucket) => s3.send(new GetBucketTaggingCommand({ Bucket }))),
    );
    return [...(groups.SecurityGroups ?? []), ...buckets].map((item) =>
      Object.fromEntries(
        [...('TagSet' in item ? (item.TagSet ?? []) : (item.Tags ?? []))].map(({ Key, Value }) => [Key, Value]),
      ),
    );
  };
  /** The run that the machine's store holds, newest first. */
  const latest = async (on = cli): Promise<any> => (await on.json(['runs']))[0];
  const statesOf = (report: any): Readonly<Record<string, string>> =>
    Object.fromEntries(report.steps.map(({ id, state }: { id: string; state: string }) => [id, state]));
  /** Takes the newest run back, and compares everything that lives with what was there at first. */
  const takenBack = async (on = cli): Promise<void> => {
    expect(await people.get(on)?.takesBack()).toMatchObject({
      stdout: expect.stringContaining('rollback of undo-tag-all: done'),
    });
    expect(await live()).toEqual(before);
  };
  /** Breaks the first request of an operation, once. */
  const breakOnce = (operation: string, what: Fault | (() => Promise<unknown>)): void => {
    let done = false;
    unhook = account.sandbox.proxy.onRequest(async (request) => {
      if (done || request.operation !== operation) return undefined;
      done = true;
      if (typeof what !== 'function') return what;
      await what();
      return undefined;
    });
  };

  it('by an endpoint that dies: journaled, reported, undone', async () => {
    const wire = await openWire(account.endpoint);
    const far = machine(wire.endpoint);
    breakOnce('PutBucketTagging', () => wire.cut());
    const report = await far.json(['apply', 'plan.yaml', '--yes'], { expected: [5] });
    expect(report).toMatchObject({
      outcome: 'failed',
      exitCode: 5,
      message: expect.stringMatching(/PutBucketTagging/u),
    });
    expect(statesOf(report)).toEqual({ Group: 'done', Files: 'doubt', Empty: 'not-started' });
    expect(await latest(far)).toMatchObject({ outcome: 'failed', planName: 'tag-all' });
    await far.fails(['rollback', report.run, '--yes'], { exit: 1, code: 'no-network', help: /endpoint/u });
    await wire.mend();
    await takenBack(far);
    await wire.close();
  });

  it('by an answer that is lost: in doubt, settled by reading when it is undone', async () => {
    breakOnce('PutBucketTagging', { kind: 'drop', when: 'after' });
    const report = await cli.json(['apply', 'plan.yaml', '--yes'], { expected: [5] });
    expect(statesOf(report)).toEqual({ Group: 'done', Files: 'doubt', Empty: 'not-started' });
    expect(report.message).toMatch(/in doubt/u);
    const { stdout } = await cli.ok(['runs', report.run]);
    expect(stdout).toMatch(/IN DOUBT +Files small-files[^]*aiplan rollback/u);
    await takenBack();
  });

  it('by credentials that expire in the middle and are not renewed: stopped, not failed', async () => {
    let expired = false;
    unhook = account.sandbox.proxy.onRequest(({ operation }) => {
      expired ||= operation === 'PutBucketTagging';
      return expired
        ? { kind: 'error', code: 'ExpiredToken', message: 'The provided token has expired.', status: 400 }
        : undefined;
    });
    const report = await cli.json(['apply', 'plan.yaml', '--yes'], { expected: [5] });
    expect(report).toMatchObject({ outcome: 'stopped', message: expect.stringMatching(/expired.*log in again/u) });
  });

  it('by throttling is not interrupted at all', async () => {
    let left = 2;
    unhook = account.sandbox.proxy.onRequest(({ operation }) =>
      operation === 'PutBucketTagging' && (left -= 1) >= 0 ? { kind: 'throttle' } : undefined,
    );
    expect(await cli.json(['apply', 'plan.yaml', '--yes'])).toMatchObject({ outcome: 'done' });
    expect(left).toBeLessThan(0);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'by %s: the call in flight is finished, the run is stopped and undone',
    async (signal) => {
      let child: { kill(signal: NodeJS.Signals): boolean } | undefined;
      breakOnce('PutBucketTagging', async () => {
        child?.kill(signal);
        await new Promise((done) => {
          setTimeout(done, 100);
        });
      });
      const { code, stdout, stderr } = await cli.run(['apply', 'plan.yaml', '--yes'], {
        onStarted: (started) => {
          child = started;
        },
      });
      expect({ code, stderr }).toEqual({
        code: 5,
        stderr: expect.stringContaining(
          `${signal === 'SIGINT' ? 'Ctrl-C' : signal}: the call in flight is finished, then the run stops`,
        ),
      });
      expect(stdout).toMatch(/stopped[^]*To undo it: aiplan rollback/u);
      const { report, records } = await cli.json(['runs', (await latest()).run]);
      expect(report.outcome).toBe('stopped');
      const calls = records
        .filter(
          ({ kind, step }: { kind: string; step: string }) =>
            step === 'Files' && (kind === 'intent' || kind === 'outcome'),
        )
        .map(({ kind, ok }: { kind: string; ok?: boolean }) => [kind, ok]);
      expect(calls.slice(0, 2)).toEqual([
        ['intent', undefined],
        ['outcome', true],
      ]);
      if (signal === 'SIGINT') await takenBack();
    },
  );

  it('by kill -9: the journal tells what was sent, the lock is not in the way, and it is undone', async () => {
    let child: { kill(signal: NodeJS.Signals): boolean } | undefined;
    breakOnce('PutBucketTagging', async () => {
      child?.kill('SIGKILL');
    });
    expect(
      await cli.run(['apply', 'plan.yaml', '--yes'], {
        onStarted: (started) => {
          child = started;
        },
      }),
    ).toMatchObject({ code: null, signal: 'SIGKILL' });
    expect(await latest()).toMatchObject({ outcome: 'open' });
    expect((await cli.ok(['runs'])).stdout).toMatch(/apply open [^\n]*tag-all/u);
    expect(
      (await cli.json(['runs', (await latest()).run])).report.steps.map(({ state }: { state: string }) => state),
    ).toEqual(['done', 'doubt', 'not-started']);
    await takenBack();
  });

  it('by a second run at the same target: only one changes anything', async () => {
    // The same resources are held by the first run; for others the lock is in the way.
    cli.write(
      'other.yaml',
      account.plan(
        'tag-other',
        `Unused: { type: AWS::EC2::SecurityGroup, action: update, id: ${account.names['Unused'] ?? ''}, properties: { Tags: { note: n${note} } } }`,
      ),
    );
    const told: unknown[] = [];
    breakOnce('PutBucketTagging', async () => {
      for (const file of ['plan.yaml', 'other.yaml']) told.push(await cli.run(['apply', file, '--yes']));
    });
    expect(await cli.json(['apply', 'plan.yaml', '--yes'])).toMatchObject({ outcome: 'done' });
    expect(told).toEqual([
      expect.objectContaining({ code: 3, stdout: expect.stringContaining('open-run') }),
      expect.objectContaining({
        code: 1,
        stderr: expect.stringMatching(/error locked[^]*run\s+"\d+-\d+-\w+"\s+of[^]*wait until it has ended/u),
      }),
    ]);
  });
});

suite('a store that cannot be written', () => {
  let account: Account;
  let cli: Cli;
  let person: Person;
  beforeAll(async () => {
    account = await openAccount(smallFolder);
  }, 120_000);
  afterAll(async () => {
    await account.stop();
  });
  beforeEach(() => {
    cli = account.cli();
    person = makePerson(cli);
    cli.write(
      'plan.yaml',
      account.plan(
        'tag',
        `Group: { type: AWS::EC2::SecurityGroup, action: update, id: ${account.names['Group'] ?? ''}, properties: { Tags: { note: "${Math.random()}" } } }`,
      ),
    );
  });
  const locks = (): readonly { readonly released?: string }[] => {
    const folder = join(cli.state, 'aiplan', 'store', 'locks');
    return existsSync(folder)
      ? readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')))
      : [];
  };
  const refused = async (options: RunOptions = {}, says = /cannot write ".*"/u): Promise<void> => {
    const start = account.requestCount();
    await cli.fails(['apply', 'plan.yaml', '--yes'], { exit: 1, code: 'store-unwritable', says }, options);
    expect(account.mutations(start)).toEqual([]);
  };

  it('a file where the folder should be, or a device: nothing is changed', async () => {
    mkdirSync(join(cli.state, 'aiplan'), { recursive: true });
    writeFileSync(join(cli.state, 'aiplan', 'store'), 'not a folder');
    await refused();
    cli.configure('allow_yes: true\nstore: /dev/full/store\n');
    await refused();
  });

  it('a folder that leads nowhere: nothing is changed', async () => {
    mkdirSync(join(cli.state, 'aiplan', 'store'), { recursive: true });
    symlinkSync('/dev/full', join(cli.state, 'aiplan', 'store', 'runs'));
    await refused({}, /cannot write ".*Nothing was changed/u);
    expect(locks()).toEqual([expect.objectContaining({ released: expect.any(String) })]);
  });

  // A limit on the size of files (in blocks of 512 bytes) breaks a write in the middle, as a disk does that is full: no
  // file system of its own is needed for it, and no right to make one.
  const limited = (blocks: number): RunOptions => ({ through: ['sh', '-c', `ulimit -f ${blocks}; exec "$@"`, 'sh'] });

  it('full before the first change: nothing is changed', async () => {
    await refused(limited(2));
    expect(locks().filter(({ released }) => released === undefined)).toEqual([]);
  });

  it('full in the middle: the outcome goes where there is room, and what was journaled can be undone', async () => {
    // A run that is not disturbed tells how long the journal is when the call has been sent.
    const report = await cli.json(['apply', 'plan.yaml', '--yes']);
    const journal = readFileSync(join(cli.state, 'aiplan', 'store', 'runs', report.run, 'journal.jsonl'), 'utf8');
    const sent = journal.indexOf('\n', journal.indexOf('"kind":"intent"'));
    const blocks = Math.round((sent + journal.length) / 2 / 512);
    cli.write('plan.yaml', cli.read('plan.yaml').replace(/note: "\d/u, 'note: "x'));
    const before = await cli.json(['inventory', 'AWS::EC2::SecurityGroup']);
    const start = account.requestCount();
    const { code, stdout } = await cli.run(['apply', 'plan.yaml', '--yes', '--json'], limited(blocks));
    const { run } = JSON.parse(stdout);
    expect({
      code,
      changed: account.mutations(start),
      files: readdirSync(join(cli.state, 'aiplan', 'store', 'runs', run)).sort(),
    }).toEqual({ code: 0, changed: ['ec2:CreateTags'], files: ['journal-2.jsonl', 'journal.jsonl'] });
    expect((await person.takesBack()).stdout).toContain('rollback of undo-tag: done');
    expect(await cli.json(['inventory', 'AWS::EC2::SecurityGroup'])).toEqual(before);
  });
});
