import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { CreateBucketCommand, GetObjectCommand, ListObjectVersionsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { openAccount, smallFolder, type Account } from '../helpers/account.ts';
import type { Cli } from '../helpers/cli.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { makePerson, type Person } from '../helpers/person.ts';

jest.setTimeout(180_000);

const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('a capture whose name cannot be had', () => {
  let account: Account;
  let cli: Cli;
  let person: Person;
  let run: string;
  beforeAll(async () => {
    account = await openAccount(smallFolder);
    cli = account.cli();
    person = makePerson(cli);
    await cli.ok(['setup']);
    cli.write(
      'remove.yaml',
      account.plan(
        'remove-files',
        'Files: { type: AWS::S3::Bucket, action: delete, id: small-files, reason: x, expect: {} }',
        'Empty: { type: AWS::S3::Bucket, action: update, id: small-empty, properties: { Tags: { note: touched } } }',
      ),
    );
    await person.applies('remove.yaml');
    run = (await cli.json(['runs']))[0].run;
    // Somebody takes the name meanwhile.
    await account.clients.s3.send(
      new CreateBucketCommand({
        Bucket: 'small-files',
        CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' },
      }),
    );
    await account.clients.s3.send(new PutObjectCommand({ Bucket: 'small-files', Key: 'theirs', Body: 'theirs' }));
  }, 170_000);
  afterAll(async () => {
    await account.stop();
  });

  const contents = async (bucket: string): Promise<Readonly<Record<string, string>>> => {
    const { Versions = [] } = await account.clients.s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    const bodies = await Promise.all(
      Versions.filter(({ IsLatest }) => IsLatest).map(
        async ({ Key }) =>
          [
            Key ?? '',
            (await (
              await account.clients.s3.send(new GetObjectCommand({ Bucket: bucket, Key: Key ?? '' }))
            ).Body?.transformToString()) ?? '',
          ] as const,
      ),
    );
    return Object.fromEntries(bodies);
  };

  it('keeps nothing else of the run from being undone, by a signed approval, and says how its data comes out', async () => {
    const plan = await cli.json(['rollback', run, '-o', 'back.json']);
    expect(plan.steps.map(({ id, blocked }: { id: string; blocked: boolean }) => [id, blocked])).toEqual([
      ['Empty', false],
    ]);
    expect(plan.findings).toContainEqual(
      expect.objectContaining({
        severity: 'warning',
        code: 'rollback-name-taken',
        step: 'Files',
        help: expect.stringContaining(`aiplan captures restore ${run}/Files --as NAME`),
      }),
    );
    const { stdout } = await person.takesBack(run, { expected: [6] });
    expect(stdout).toMatch(/undone, but not wholly:\n\s+Files: the name small-files is held/u);
    expect(stdout).toContain(`aiplan rollback ${run}`);
  });

  it('is brought out into a new bucket, from the store and from the capture bucket alone', async () => {
    expect((await cli.ok(['captures'])).stdout).toContain(`aiplan captures restore ${run}/Files`);
    expect(
      await cli.json(['captures', 'restore', `${run}/Files`, '--as', 'small-files', '--yes'], { expected: [3] }),
    ).toMatchObject({ status: 'blocked', plan: { findings: [{ code: 'name-taken' }] } });
    const plan = await cli.json(['captures', 'restore', `${run}/Files`, '--as', 'small-files-again', '-o', 'out.json']);
    expect(plan).toMatchObject({
      rollbackOf: null,
      steps: [{ id: 'Files', action: 'create', blocked: false }],
      findings: [],
    });
    expect(await cli.json(['apply', 'out.json', '--yes'])).toMatchObject({ outcome: 'done', findings: [] });
    const lost = account.cli();
    const words = ['captures', 'restore', `${run}/Files`, '--as', 'small-files-from-aws', '--from-aws'];
    // No log of this store knows the run: that is confirmed by a person.
    expect((await lost.json([...words, '-o', 'out.json'])).steps).toMatchObject([
      { id: 'Files', confirm: 'small-files-from-aws' },
    ]);
    await makePerson(lost).carriesOut(words);
    const [first, second] = [await contents('small-files-again'), await contents('small-files-from-aws')];
    expect(Object.keys(first).length).toBeGreaterThan(0);
    expect([second, await contents('small-files')]).toEqual([first, { theirs: 'theirs' }]);
  });

  it('is named RUN/STEP, and brings out only what was captured', async () => {
    await cli.fails(['captures', 'restore', run], { exit: 1, code: 'no-capture', help: /aiplan captures/u });
    await cli.fails(['captures', 'restore', `${run}/Nothing`, '--as', 'x-y-z'], {
      exit: 1,
      code: 'no-capture',
      help: new RegExp(`${run}/Files`, 'u'),
    });
    await cli.fails(['captures', 'restore', `${run}/Files`, '--as', 'x-y-z', '--set', 'Color=red'], {
      exit: 1,
      code: 'bad-set',
      says: /"Color"/u,
    });
  });
});
