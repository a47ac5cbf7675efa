import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DescribeSecurityGroupsCommand } from '@aws-sdk/client-ec2';
import { CreateBucketCommand, GetBucketTaggingCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openAccount, smallFolder, type Account } from '../helpers/account.ts';
import type { Cli } from '../helpers/cli.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { makePerson, publicKey, type Person } from '../helpers/person.ts';

jest.setTimeout(180_000);

const suite = (await emulatorAvailable()) ? describe : describe.skip;
const bucket = 'small-team';
const place = `s3://${bucket}/aiplan`;

suite('two machines with one store in S3', () => {
  let account: Account;
  let ada: Cli;
  let bob: Cli;
  const people = new Map<Cli, Person>();
  let unhook: () => void = () => undefined;
  let note = 0;
  let before: unknown;

  beforeAll(async () => {
    account = await openAccount(smallFolder);
    await account.clients.s3.send(new CreateBucketCommand({ Bucket: bucket }));
    [ada, bob] = [account.cli(), account.cli()];
    for (const cli of [ada, bob]) people.set(cli, makePerson(cli, `store: ${place}\nstore_region: eu-west-1\n`));
    // Each of them is an allowed signer for both.
    const signers = [ada, bob].map((cli) => join(cli.home, 'config', 'aiplan', 'allowed_signers'));
    const lines = [ada, bob]
      .map(
        (cli, index) => `${index === 0 ? 'ada' : 'bob'}@example.org namespaces="aiplan-approval" ${publicKeyOf(cli)}\n`,
      )
      .join('');
    for (const path of signers) writeFileSync(path, lines);
  }, 120_000);
  afterAll(async () => {
    await account.stop();
  });
  beforeEach(async () => {
    note += 1;
    for (const cli of [ada, bob]) {
      cli.write(
        'plan.yaml',
        account.plan(
          'team-tags',
          `Group: { type: AWS::EC2::SecurityGroup, action: update, id: ${account.names['Group'] ?? ''}, properties: { Tags: { note: t${note} } } }`,
          `Files: { type: AWS::S3::Bucket, action: update, id: small-files, depends_on: [ Group ], properties: { Tags: { note: t${note} } } }`,
        ),
      );
    }
    before = await live();
  });
  afterEach(() => unhook());

  const publicKeyOf = (cli: Cli): string => publicKey(people.get(cli)?.key ?? '');
  const live = async (): Promise<unknown> => {
    const groups = await account.clients.ec2.send(
      new DescribeSecurityGroupsCommand({ GroupIds: [account.names['Group'] ?? ''] }),
    );
    const tags = await account.clients.s3.send(new GetBucketTaggingCommand({ Bucket: 'small-files' }));
    return [groups.SecurityGroups?.[0]?.Tags, tags.TagSet].map((set) =>
      Object.fromEntries((set ?? []).map(({ Key, Value }) => [Key, Value])),
    );
  };
  const takenBack = async (by: Cli, run?: string): Promise<void> => {
    expect(await people.get(by)?.takesBack(run)).toMatchObject({ code: 0 });
    expect(await live()).toEqual(before);
  };
  const killDuring = (
    operation: string,
  ): { readonly onStarted: (started: { kill(signal: NodeJS.Signals): boolean }) => void } => {
    let child: { kill(signal: NodeJS.Signals): boolean } | undefined;
    unhook = account.sandbox.proxy.onRequest((request) => {
      if (request.operation === operation) child?.kill('SIGKILL');
      return undefined;
    });
    return {
      onStarted: (started) => {
        child = started;
      },
    };
  };

  it('are told what is missing before anything is done', async () => {
    const { code, stdout } = await ada.run(['setup']);
    expect([code, stdout]).toEqual([
      1,
      expect.stringMatching(
        /Store s3:\/\/small-team\/aiplan is NOT ready[^]*put-bucket-versioning --bucket small-team/u,
      ),
    ]);
    const start = account.requestCount();
    await ada.fails(['apply', 'plan.yaml', '--yes'], {
      exit: 1,
      code: 'store-not-versioned',
      help: /put-bucket-versioning/u,
    });
    expect(account.mutations(start)).toEqual([]);
    await account.clients.s3.send(
      new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }),
    );
    expect((await ada.json(['setup'])).store).toMatchObject({
      place,
      problems: [],
      facts: expect.arrayContaining([expect.stringContaining('hold on every machine')]),
    });
  });

  it('share runs: what one did the other lists, shows and takes back, and nothing depends on the first machine', async () => {
    const report = await ada.json(['apply', 'plan.yaml', '--yes']);
    expect(report).toMatchObject({ outcome: 'done' });
    for (const name of ['store', 'spool']) expect(existsSync(join(ada.state, 'aiplan', name))).toBe(false);
    expect((await bob.json(['runs']))[0]).toMatchObject({
      run: report.run,
      outcome: 'done',
      planName: 'team-tags',
      path: `${place}/runs/${report.run}`,
    });
    await takenBack(bob, report.run);
    expect((await ada.json(['runs']))[0]).toMatchObject({ rollbackOf: report.run, outcome: 'done' });
  });

  it('use an approval once, whichever of them', async () => {
    await people.get(ada)?.applies('plan.yaml');
    const marks = (): readonly string[] =>
      account.sandbox.proxy.requests
        .filter(
          ({ operation, parameters }) =>
            operation === 'PutObject' && /aiplan\/(?:applied|spent)\//u.test(parameters['Key'] ?? ''),
        )
        .map(({ parameters }) => parameters['Key'] ?? '');
    expect(marks().length).toBeGreaterThan(1);
    // The plan that was applied on one machine is applied on the other one too.
    bob.write('signed.plan.json', ada.read('signed.plan.json'));
    await bob.fails(['apply', 'signed.plan.json', '--yes'], { exit: 3, code: 'plan-already-applied' });
  });

  it('make a plan on one machine, sign it on a second, and apply it on a third', async () => {
    const word = (account.names['Unused'] ?? '').slice(-6);
    await ada.ok(['setup']);
    ada.write(
      'remove.yaml',
      account.plan(
        'remove-unused',
        `Victim: { type: AWS::EC2::SecurityGroup, action: delete, id: ${account.names['Unused'] ?? ''}, reason: x, expect: { Tags: { team: small } } }`,
      ),
    );
    await ada.json(['plan', 'remove.yaml', '-o', 'remove.json']);
    bob.write('remove.json', ada.read('remove.json'));
    await bob.ok(['review', 'remove.json', '--sign', people.get(bob)?.key ?? '', '-o', 'approval.json'], {
      input: `Victim ${word}\nname remove-unused\n`,
    });
    // The third has the same people in a file of another order, and other names for the account.
    const ci = account.cli();
    const settings = `store: ${place}\nstore_region: eu-west-1\naliases: { "123456789012": small }\n`;
    makePerson(ci, settings);
    writeFileSync(
      join(ci.home, 'config', 'aiplan', 'allowed_signers'),
      `# the team\n${[bob, ada].map((cli) => `${cli === ada ? 'ada' : 'bob'}@example.org namespaces="aiplan-approval" ${publicKeyOf(cli)} its key\n`).join('')}`,
    );
    for (const name of ['remove.json', 'approval.json']) ci.write(name, bob.read(name));
    ci.configure(
      `allowed_signers: ${join(ci.home, 'config', 'aiplan', 'allowed_signers')}\nallow_yes: true\nmax_confirmations: 500\n${settings}`,
    );
    await ci.fails(['apply', 'remove.json', '--approval', 'approval.json'], {
      exit: 4,
      code: 'plan-stale',
      says: /max_confirmations: 500 here, 20 where the plan was made/u,
    });
    ci.configure(
      `allowed_signers: ${join(ci.home, 'config', 'aiplan', 'allowed_signers')}\nallow_yes: true\n${settings}`,
    );
    await ci.ok(['apply', 'remove.json', '--approval', 'approval.json']);
    expect(await people.get(ada)?.takesBack()).toMatchObject({ code: 0 });
  });

  it('do not run at the same time: the second one is told who works', async () => {
    let second: unknown;
    unhook = account.sandbox.proxy.onRequest(async ({ operation, service }) => {
      if (second !== undefined || service !== 's3' || operation !== 'PutBucketTagging') return undefined;
      second = null;
      second = await bob.run(['apply', 'plan.yaml', '--yes']);
      return undefined;
    });
    expect(await ada.json(['apply', 'plan.yaml', '--yes'])).toMatchObject({ outcome: 'done' });
    expect(second).toMatchObject({ code: expect.any(Number), stdout: expect.any(String) });
    expect((second as { code: number }).code).not.toBe(0);
  });

  it('lose one in the middle of a run: the other is told, and takes the run back', async () => {
    expect(await ada.run(['apply', 'plan.yaml', '--yes'], killDuring('PutBucketTagging'))).toMatchObject({
      signal: 'SIGKILL',
    });
    unhook();
    const [{ run, outcome }] = await bob.json(['runs']);
    expect(outcome).toBe('open');
    const start = account.requestCount();
    // What the run has touched is left alone until a person deals with it; anything else goes on.
    bob.write('plan.yaml', bob.read('plan.yaml').replaceAll(`t${note}`, 'bob'));
    const { code, stdout, stderr } = await bob.run(['apply', 'plan.yaml', '--yes']);
    expect([code, `${stdout}${stderr}`]).toEqual([3, expect.stringContaining(run)]);
    expect(
      account.sandbox.proxy.requests
        .slice(start)
        .filter(({ mutating, parameters }) => mutating && parameters['Bucket'] !== bucket),
    ).toEqual([]);
    await takenBack(bob, run);
  });

  it('lose the store in the middle of a run: it stops, says where the outcome lies, and that is read where it lies', async () => {
    let called = false;
    // Nothing of the store answers any more from the moment at which the bucket is tagged.
    unhook = account.sandbox.proxy.onRequest(({ operation, parameters }) => {
      if (operation === 'PutBucketTagging') called = true;
      return called && parameters['Bucket'] === bucket ? { kind: 'drop', when: 'before' } : undefined;
    });
    const { code, stderr } = await ada.run(['apply', 'plan.yaml', '--yes']);
    unhook();
    const said = stderr.replace(/\s+/gu, ' ');
    expect([code, said]).toEqual([
      5,
      expect.stringMatching(
        /error store-unwritable \S+: cannot write "s3:\/\/small-team\/aiplan\/runs\/\S+": .*what happened is kept in "\S*\/spool\/\S+\.jsonl"\. The run stopped at once/u,
      ),
    ]);
    const spool = join(ada.state, 'aiplan', 'spool');
    expect(existsSync(spool) ? readdirSync(spool) : []).toHaveLength(1);
    const run = readdirSync(spool)[0]?.replace('.jsonl', '') ?? '';
    const kinds = async (cli: Cli): Promise<readonly string[]> =>
      (await cli.json(['runs', run])).records
        .filter(
          ({ step, kind }: { step?: string; kind: string }) =>
            step === 'Files' && (kind === 'intent' || kind === 'outcome'),
        )
        .map(({ kind }: { kind: string }) => kind);
    expect(await kinds(ada)).toEqual(['intent', 'outcome']);
    expect(await kinds(bob)).toEqual(['intent']);
    await takenBack(ada, run);
  });

  it('lose the store before a call: nothing is sent', async () => {
    let journaled = 0;
    unhook = account.sandbox.proxy.onRequest(({ operation, parameters }) => {
      const key = parameters['Key'] ?? '';
      if (operation === 'PutObject' && parameters['Bucket'] === bucket && key.includes('/runs/')) journaled += 1;
      return journaled > 3 && parameters['Bucket'] === bucket ? { kind: 'drop', when: 'before' } : undefined;
    });
    const start = account.requestCount();
    const { code, stderr } = await ada.run(['apply', 'plan.yaml', '--yes']);
    unhook();
    expect([code, stderr.replace(/\s+/gu, ' ')]).toEqual([
      1,
      expect.stringMatching(/error store-unwritable:? .*cannot write "s3:\/\/small-team\/aiplan\/runs\//u),
    ]);
    expect(
      account.sandbox.proxy.requests
        .slice(start)
        .filter(
          ({ mutating, service, parameters }) =>
            mutating &&
            !(service === 's3' && (parameters['Bucket'] === bucket || /captures/u.test(parameters['Bucket'] ?? ''))),
        ),
    ).toEqual([]);
    expect(await live()).toEqual(before);
  });
});
