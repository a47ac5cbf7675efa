import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { openAccount, smallFolder, type Account } from '../helpers/account.ts';
import type { Cli } from '../helpers/cli.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { makePerson, type Person } from '../helpers/person.ts';

jest.setTimeout(180_000);

const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('what a person rejects, and what a run that sent nothing leaves', () => {
  let account: Account;
  let cli: Cli;
  let person: Person;
  let group = '';
  let word = '';
  const lines = (...said: readonly string[]): { readonly input: string } => ({ input: `${said.join('\n')}\n` });

  beforeAll(async () => {
    account = await openAccount(smallFolder);
    cli = account.cli();
    person = makePerson(cli);
    group = account.names['Unused'] ?? '';
    word = group.slice(-6);
    cli.write(
      'two.yaml',
      account.plan(
        'remove-two',
        `Group: { type: AWS::EC2::SecurityGroup, action: delete, id: ${group}, reason: x, expect: { Tags: { team: small } } }`,
        'Empty: { type: AWS::S3::Bucket, action: delete, id: small-empty, reason: x, expect: { Tags: { team: small } }, depends_on: [ Group ] }',
        'Files: { type: AWS::S3::Bucket, action: update, id: small-files, properties: { Tags: { note: ada } } }',
      ),
    );
    await cli.ok(['setup']);
    await cli.json(['plan', 'two.yaml', '-o', 'two.json']);
  }, 120_000);
  afterAll(async () => {
    await account.stop();
  });

  it('asks for either a confirmation or a rejection of each step', async () => {
    await cli.fails(
      ['review', 'two.json', '--sign', person.key],
      { exit: 3, code: 'confirmation-missing', says: /"Group" is both/u },
      lines('Group reject', `Group ${word}`, 'Empty small-empty', 'name remove-two'),
    );
    await cli.fails(
      ['review', 'two.json', '--sign', person.key],
      { exit: 3, code: 'confirmation-missing', says: /no line confirms "Empty"/u },
      lines('Group reject', 'name remove-two'),
    );
    await cli.fails(
      ['review', 'two.json', '--sign', person.key],
      { exit: 3, code: 'nothing-to-approve' },
      lines('Group reject', 'Empty reject', 'Files reject'),
    );
    expect(account.mutations().filter((call) => call === 's3:DeleteBucket')).toEqual([]);
  });

  it('approves what is left, writes it beside, and says how to apply it; the approval is for nothing else', async () => {
    const { stderr } = await cli.ok(
      ['review', 'two.json', '--sign', person.key],
      lines('Group reject', 'Empty small-empty', 'name remove-two'),
    );
    expect(stderr).toContain('aiplan apply remove-two.reviewed.plan.json --approval remove-two.approval.json');
    expect(stderr).toMatch(/rejected: Group/u);
    const left = JSON.parse(cli.read('remove-two.reviewed.plan.json'));
    expect(left).toMatchObject({
      rejected: ['Group'],
      digest: JSON.parse(cli.read('remove-two.approval.json')).approval.planDigest,
    });
    expect(left.steps.map(({ id }: { id: string }) => id).sort()).toEqual(['Empty', 'Files']);
    expect(left.findings).toContainEqual(expect.objectContaining({ code: 'runs-without', step: 'Empty' }));
    expect((await cli.ok(['show', 'remove-two.reviewed.plan.json'])).stdout).toContain(
      'Rejected by the reviewer: Group',
    );
    await cli.fails(['apply', 'two.json', '--approval', 'remove-two.approval.json'], {
      exit: 3,
      code: 'approval-foreign',
    });
    const report = await cli.json(['apply', 'remove-two.reviewed.plan.json', '--approval', 'remove-two.approval.json']);
    expect(report).toMatchObject({
      outcome: 'done',
      steps: expect.arrayContaining([expect.objectContaining({ id: 'Empty', state: 'done' })]),
    });
    expect(report.steps.map(({ id }: { id: string }) => id)).not.toContain('Group');
    expect((await cli.json(['inventory', 'AWS::EC2::SecurityGroup'])).map(({ id }: { id: string }) => id)).toContain(
      group,
    );
    await cli.fails(['apply', 'remove-two.reviewed.plan.json', '--approval', 'remove-two.approval.json'], {
      exit: 3,
      code: 'plan-already-applied',
    });
  });

  it('takes a rejection in JSON, and the place of the plan', async () => {
    await cli.json(['plan', 'two.yaml', '-o', 'again.json']);
    const told = await cli.json(
      ['review', 'again.json', '--sign', person.key, '--plan-out', 'left.json', '-o', 'left.approval.json'],
      lines('Empty reject', 'Files reject', `Group ${word}`, 'name remove-two'),
    );
    expect(told).toMatchObject({
      status: 'signed',
      rejected: ['Empty', 'Files'],
      planFile: expect.stringMatching(/left\.json$/u),
      confirmations: ['Group'],
    });
    expect(JSON.parse(cli.read('left.json')).steps.map(({ id }: { id: string }) => id)).toEqual(['Group']);
  });

  it('leaves plan and approval as they are where a secret is missing, and not after a run', async () => {
    cli.write(
      'secret.yaml',
      account.plan(
        'new-password',
        'Database: { type: AWS::RDS::DBInstance, action: update, id: small-db, reason: x, rotate: once, properties: { MasterUserPassword: !Env AIPLAN_SECRET_DB } }',
      ),
    );
    await cli.json(['plan', 'secret.yaml', '-o', 'secret.json']);
    const start = account.requestCount();
    const asked = JSON.parse(cli.read('secret.json')).steps[0];
    const sign = (): Promise<unknown> =>
      cli.ok(
        ['review', 'secret.json', '--sign', person.key, '-o', 'secret.approval.json'],
        lines(...(asked.confirm === null ? [] : [`Database ${asked.confirm}`]), 'name new-password'),
      );
    await sign();
    const blocked = await cli.json(['apply', 'secret.json', '--approval', 'secret.approval.json'], { expected: [3] });
    expect(blocked).toMatchObject({ error: 'secret-missing' });
    // No run began: neither the plan nor the approval is spent.
    expect(account.mutations(start)).toEqual([]);
    const environment = { AIPLAN_SECRET_DB: 'correct-horse-battery' };
    expect(
      await cli.json(['apply', 'secret.json', '--approval', 'secret.approval.json'], { environment }),
    ).toMatchObject({ outcome: 'done' });
    await cli.fails(
      ['apply', 'secret.json', '--approval', 'secret.approval.json'],
      { exit: 3, code: 'plan-already-applied' },
      { environment },
    );
  });

  it('ends a rollback with 6 when something stays as the run left it', async () => {
    cli.write(
      'grow.yaml',
      account.plan(
        'grow',
        'Database: { type: AWS::RDS::DBInstance, action: update, id: small-db, when: now, properties: { AllocatedStorage: 30, Tags: { note: grown } } }',
      ),
    );
    await person.applies('grow.yaml');
    const { run } = (await cli.json(['runs']))[0];
    const plan = await cli.json(['rollback', run, '-o', 'back.json']);
    expect(plan.findings).toContainEqual(expect.objectContaining({ code: 'rollback-one-way' }));
    await cli.ok(['review', 'back.json', '--sign', person.key, '-o', 'back.approval.json'], lines(`name ${plan.name}`));
    const report = await cli.json(['apply', 'back.json', '--approval', 'back.approval.json'], { expected: [6] });
    expect(report).toMatchObject({
      outcome: 'done',
      exitCode: 6,
      incomplete: [expect.stringMatching(/AllocatedStorage of small-db stays/u)],
    });
  });

  it('ends it with 6 also when nothing at all can be undone', async () => {
    cli.write(
      'more.yaml',
      account.plan(
        'grow-more',
        'Database: { type: AWS::RDS::DBInstance, action: update, id: small-db, when: now, properties: { AllocatedStorage: 40 } }',
      ),
    );
    await person.applies('more.yaml');
    const { run } = (await cli.json(['runs']))[0];
    const left = await cli.json(['rollback', run, '--yes'], { expected: [6] });
    expect(left).toMatchObject({
      status: 'rollback_incomplete',
      incomplete: [expect.stringMatching(/AllocatedStorage/u)],
    });
    expect((await cli.ok(['rollback', run, '--yes'], { expected: [6] })).stdout).toMatch(
      /undone, but not wholly:\n.*AllocatedStorage/u,
    );
  });
});
