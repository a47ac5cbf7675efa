import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { CreateTagsCommand } from '@aws-sdk/client-ec2';
import { openAccount, smallFolder, type Account } from '../helpers/account.ts';
import type { Cli } from '../helpers/cli.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { makePerson } from '../helpers/person.ts';
import { clientsOf } from '../helpers/sandbox.ts';
import { openTrail, type Trail } from '../helpers/trail.ts';

jest.setTimeout(180_000);

const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('the audit of real runs', () => {
  let account: Account;
  let trail: Trail;
  let cli: Cli;
  let run: string;
  let group: string;
  let word: string;
  let key: string;
  const lines = (text: string): any[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
  const storeFile = (...parts: string[]): string => join(cli.state, 'aiplan', 'store', ...parts);
  const events = async (...words: string[]): Promise<any[]> => cli.json(['audit', ...words]);

  beforeAll(async () => {
    account = await openAccount(smallFolder);
    trail = await openTrail(account.endpoint);
    trail.pageSize = 20;
    cli = account.cli(trail.endpoint);
    ({ key } = makePerson(cli));
    group = account.names['Unused'] ?? '';
    word = group.slice(-6);
    cli.write(
      'plan.yaml',
      account.plan(
        'tidy-up',
        `Victim: { type: AWS::EC2::SecurityGroup, action: delete, id: ${group}, reason: x, expect: { Tags: { team: small } } }`,
        'Files: { type: AWS::S3::Bucket, action: update, id: small-files, properties: { Tags: { team: small, note: "yes" } } }',
      ),
    );
    await cli.ok(['setup']);
    await cli.ok(['plan', 'plan.yaml', '-o', 'plan.json']);
    // Refused: nobody is there to confirm.
    await cli.json(['apply', 'plan.json'], { expected: [3] });
    await cli.ok(['review', 'plan.json', '--sign', key, '-o', 'approval.json'], {
      input: `Victim ${word}\nname tidy-up\n`,
    });
    ({ run } = await cli.json(['apply', 'plan.json', '--approval', 'approval.json']));
  }, 120_000);
  afterAll(async () => {
    await trail.close();
    await account.stop();
  });

  it('tells what was planned, confirmed, refused, sent and answered, and by whom', async () => {
    const all = await events();
    const setUp = all.filter(({ run: of }) => of === 'setup');
    expect(setUp.map(({ kind, detail }) => [kind, detail.ok])).toEqual(expect.arrayContaining([['call', true]]));
    const rest = all.filter(({ run: of }) => of !== 'setup');
    expect(rest.filter(({ source }) => source === 'audit').map(({ kind }) => kind)).toEqual([
      'planned',
      'refused',
      'planned',
      'reviewed',
      'planned',
      'reviewed',
      'call',
      'run-began',
      'call',
      'call',
      'call',
      'run-ended',
    ]);
    // The mark of the approval, the manifest of the run and that of the step, and the end: they stand in no journal.
    expect(
      rest
        .filter(({ kind, source }) => kind === 'call' && source === 'audit')
        .map(({ detail, run: of }) => [of, detail.operations[0], detail.ok]),
    ).toEqual([1, 2, 3, 4].map(() => [run, 's3:PutObject', true]));
    expect(rest.find(({ kind }) => kind === 'refused')).toMatchObject({
      detail: { code: 'confirmation-missing', command: 'apply' },
      planName: null,
      caller: expect.stringMatching(/^arn:/u),
    });
    expect(rest.findLast(({ kind }) => kind === 'reviewed')).toMatchObject({
      approver: 'ada@example.org',
      detail: {
        tier: 'T1',
        confirmations: [
          { step: 'Victim', typed: word, shown: expect.stringMatching(/^sha256:/u), at: expect.stringMatching(/^20/u) },
        ],
        typedName: 'tidy-up',
        signer: { principal: 'ada@example.org', fingerprint: expect.stringMatching(/^SHA256:/u) },
      },
    });
    const mutations = rest.filter(({ kind, source }) => kind === 'call' && source === 'journal');
    expect(mutations.map(({ detail }) => detail.operations[0]).toSorted()).toEqual([
      'ec2:DeleteSecurityGroup',
      's3:PutBucketTagging',
    ]);
    for (const { detail, by, run: of } of mutations)
      expect({ by, of, requestId: detail.requestId }).toEqual({
        by: expect.stringMatching(/./u),
        of: run,
        requestId: trail.seen.find(({ operation }) => `${operation}` === detail.operations[0].split(':')[1])?.requestId,
      });

    const { stdout } = await cli.ok(['audit', '--run', run]);
    expect(stdout).toMatch(/REFUSED {3}confirmation-missing/u);
    expect(stdout).toMatch(/signed by ada@example\.org, 1 confirmation\s+key SHA256:[\w+/]{43}\s/u);
    expect(stdout).toContain(`Victim: typed "${word}"`);
    expect(stdout).toMatch(
      new RegExp(`call {6}ec2:DeleteSecurityGroup ok .*\\s+${group}\\s+Victim, run ${run}, request\\s`, 'u'),
    );
    expect(stdout).not.toContain('setup');
    expect(await events('--resource', 'small-files', '--by', 'nobody')).toEqual([]);
    expect(
      (await events('--resource', group)).filter(({ kind, source }) => kind === 'call' && source === 'journal'),
    ).toHaveLength(1);
    await cli.fails(['audit', '--run', '20200101-000000-ffff'], { exit: 1, code: 'no-such-run' });
    await cli.fails(['audit', '--since', 'yesterday'], { exit: 1, code: 'bad-time' });
  });

  it('AWS sees the run in the user agent of each of its calls, and aiplan in every other', () => {
    const agents = trail.seen.filter(({ service }) => service !== 'cloudtrail');
    expect(agents.filter(({ userAgent }) => !/aiplan\/\d+\.\d+\.\d+( run\/[\w-]+)?$/u.test(userAgent))).toEqual([]);
    expect(
      agents
        .filter(({ operation }) => operation === 'DeleteSecurityGroup')
        .map(({ userAgent }) => userAgent.split(' ').at(-1)),
    ).toEqual([`run/${run}`]);
    expect(agents[0]?.userAgent).not.toContain('run/');
  });

  it('is exported as lines of JSON that another program can read', async () => {
    const { stdout } = await cli.ok(['audit', 'export', '--run', run]);
    const [head, ...exported] = lines(stdout);
    expect(head).toMatchObject({
      format: 'aiplan/audit@1',
      head: expect.stringMatching(/^sha256:/u),
      events: exported.length,
      filter: { run },
    });
    expect(exported).toEqual(await events('--run', run));
    await cli.ok(['audit', 'export', '-o', 'audit.ndjson']);
    expect(lines(cli.read('audit.ndjson')).slice(1)).toEqual(await events());
  });

  it('verifies, and says where it breaks', async () => {
    const verdict = await cli.json(['audit', 'verify']);
    expect(verdict).toMatchObject({ intact: true, broken: [], notes: [], runs: 1, calls: 2 });
    await cli.ok(['audit', 'verify', '--expect-head', verdict.head]);
    await cli.fails(['audit', 'verify', '--expect-head', 'abc'], { exit: 1, code: 'bad-head' });

    const breaks = async (file: string, change: (text: string) => string | null, wanted: RegExp): Promise<void> => {
      const text = readFileSync(file, 'utf8');
      const changed = change(text);
      if (changed === null) rmSync(file);
      else writeFileSync(file, changed);
      try {
        const { code, stdout } = await cli.run(['audit', 'verify']);
        expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringMatching(wanted) });
      } finally {
        writeFileSync(file, text, { mode: 0o600 });
      }
    };
    const journal = storeFile('runs', run, 'journal.jsonl');
    const entries = readdirSync(storeFile('audit')).toSorted();
    const approval = storeFile('approvals', readdirSync(storeFile('approvals'))[0]!);
    await breaks(
      approval,
      (text) => text.replace('"typedName": "tidy-up"', '"typedName": "tidy-us"'),
      /approval-forged[^]*approvals\//u,
    );
    await breaks(approval, () => null, /approval-missing[^]*approvals\//u);
    await breaks(storeFile('spent', readdirSync(storeFile('spent'))[0]!), () => null, /mark-missing/u);
    await breaks(
      journal,
      (text) => text.replace('"requestId":"', '"requestId":"0'),
      /BROKEN[^]*journal-damaged[^]*journal\.jsonl/u,
    );
    await breaks(journal, () => null, /BROKEN[^]*journal-missing/u);
    await breaks(
      storeFile('audit', entries.at(-3)!),
      (text) => text.replace('"by":"', '"by":"not '),
      /audit-damaged[^]*0000\d+\.json/u,
    );
    await breaks(
      storeFile('plans', readdirSync(storeFile('plans'))[0]!),
      (text) => text.replace('tidy-up', 'tidy-us'),
      /plan-file-edited/u,
    );
    // The newest record taken away is what a chain alone cannot show: the noted head does.
    const last = storeFile('audit', entries.at(-1)!);
    const text = readFileSync(last, 'utf8');
    rmSync(last);
    expect(await cli.json(['audit', 'verify'])).toMatchObject({ intact: true, notes: [{ code: 'end-not-told' }] });
    expect(await cli.json(['audit', 'verify', '--expect-head', verdict.head], { expected: [1] })).toMatchObject({
      intact: false,
      broken: [{ code: 'audit-cut' }],
    });
    writeFileSync(last, text, { mode: 0o600 });
    expect(await cli.json(['audit', 'verify'])).toMatchObject({ intact: true });
  });

  it('agrees with CloudTrail, until somebody goes around aiplan', async () => {
    const agreed = await cli.json(['audit', 'reconcile']);
    expect(agreed).toMatchObject({ agree: true, around: [], missing: [], asked: { runs: 1 } });
    expect(agreed.matched.map(({ by, call }: any) => [by, call.operations[0]]).toSorted()).toEqual(
      expect.arrayContaining([
        ['request-id', 'ec2:DeleteSecurityGroup'],
        ['request-id', 's3:PutBucketTagging'],
        ['request-id', 's3:CreateBucket'],
      ]),
    );
    const group2 = account.names['Group'] ?? '';
    const { ec2 } = clientsOf(trail.endpoint);
    await ec2.send(new CreateTagsCommand({ Resources: [group2], Tags: [{ Key: 'x', Value: 'y' }] }));
    ec2.destroy();
    // Another resource, the same principal.
    const { code, stdout } = await cli.run(['audit', 'reconcile']);
    expect({ code, stdout }).toEqual({
      code: 3,
      stdout: expect.stringMatching(
        new RegExp(
          `do NOT agree[^]*Done around aiplan[^]*ec2:CreateTags ${group2}[^]*by arn:\\S+ from 192\\.0\\.2\\.7`,
          'u',
        ),
      ),
    });
    expect(await cli.json(['audit', 'reconcile', '--resource', group2], { expected: [3] })).toMatchObject({
      around: [{ claims: null, event: { name: 'CreateTags' } }],
    });
    expect(await cli.json(['audit', 'reconcile', '--resource', 'small-files'])).toMatchObject({ agree: true });
    await cli.fails(['audit', 'reconcile', '--run', '20200101-000000-ffff'], { exit: 1, code: 'no-such-run' });
  });

  it('fits also where a run was killed in the middle of a call, and a person went on with it', async () => {
    cli.write(
      'tags.yaml',
      account.plan(
        'tag-files',
        'Files: { type: AWS::S3::Bucket, action: update, id: small-files, properties: { Tags: { team: small, note: twice } } }',
        'Empty: { type: AWS::S3::Bucket, action: update, id: small-empty, properties: { Tags: { team: small, note: once } } }',
      ),
    );
    let kill: () => void = () => undefined;
    let pid = 0;
    const mend = account.breaks(
      (request) => {
        const hit = request.operation === 'PutBucketTagging';
        if (hit) kill();
        return hit;
      },
      { kind: 'drop', when: 'after' },
    );
    const killed = await cli.run(['apply', 'tags.yaml', '--yes'], {
      onStarted: (child) => {
        pid = child.pid ?? 0;
        kill = () => child.kill('SIGKILL');
      },
    });
    mend();
    expect(killed.signal).toBe('SIGKILL');
    expect(await cli.json(['audit', 'verify'])).toMatchObject({ intact: true, notes: [{ code: 'run-open' }] });
    const open =
      ((await cli.json(['runs'])) as { run: string; outcome: string }[]).find(({ outcome }) => outcome === 'open')
        ?.run ?? '';
    await cli.ok(['resume', open, '--sign', key, '-o', 'left.json'], { input: 'name tag-files\n' });
    await cli.ok(['resume', open, '--approval', 'left.json', '--take-over', `${hostname()}:${pid}`]);
    expect(await cli.json(['audit', 'verify'])).toMatchObject({ intact: true, broken: [], notes: [] });
    const told = await events('--run', open);
    expect(told.filter(({ kind }) => kind === 'run-began').map(({ detail }) => detail.command)).toEqual([
      'apply',
      'resume',
    ]);
    // The answer was lost with the process: CloudTrail knows what became of the call.
    const found = await cli.json(['audit', 'reconcile', '--run', open, '--resource', 'small-files', 'small-empty']);
    expect(found).toMatchObject({ agree: true, around: [], missing: [] });
    expect(found.settled).toEqual([
      expect.objectContaining({ event: expect.objectContaining({ name: 'PutBucketTagging' }) }),
    ]);
  });

  it('of a store that is gone AWS still tells: the capture bucket names its runs', async () => {
    expect(await cli.json(['audit', 'reconcile', '--resource', 'small-files'])).toMatchObject({
      agree: true,
      runs: [],
    });
    renameSync(storeFile(), `${storeFile()}.away`);
    try {
      expect(await cli.json(['audit', 'verify'])).toMatchObject({
        intact: true,
        records: 0,
        notes: [{ code: 'log-empty' }],
      });
      const told = await cli.json(['audit', 'reconcile'], { expected: [3] });
      expect(told).toMatchObject({
        agree: false,
        runs: [{ code: 'run-unlogged', message: expect.stringContaining(run) }, { code: 'run-unlogged' }],
      });
      const { code, stdout } = await cli.run(['audit', 'reconcile', '--run', run]);
      expect({ code, stdout }).toEqual({
        code: 3,
        stdout: expect.stringMatching(new RegExp(`run-unlogged run "${run}" of "tidy-up"`, 'u')),
      });
    } finally {
      rmSync(storeFile(), { recursive: true, force: true });
      renameSync(`${storeFile()}.away`, storeFile());
    }
  });

  it('a store that cannot be written stops a run before it begins, and hides no refusal', async () => {
    cli.write(
      'more.yaml',
      account.plan(
        'tag-more',
        'Files: { type: AWS::S3::Bucket, action: update, id: small-files, properties: { Tags: { team: small, note: again } } }',
      ),
    );
    cli.configure('allow_yes: true\nstore: /dev/full/store\n');
    const start = account.requestCount();
    await cli.fails(['apply', 'more.yaml', '--yes'], { exit: 1, code: 'store-unwritable' });
    const refused = await cli.run(['apply', 'plan.json']);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toMatch(/could not be noted in the audit log[^]*error plan-stale/u);
    expect(account.mutations(start)).toEqual([]);
  });
});
