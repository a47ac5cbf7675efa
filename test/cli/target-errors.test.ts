import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { openAccount, smallFolder, type Account } from '../helpers/account.ts';
import { expectReadable, openCli, type Cli } from '../helpers/cli.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';

jest.setTimeout(180_000);

const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('a command at the wrong target', () => {
  let account: Account;
  let cli: Cli;
  let file: string;
  beforeAll(async () => {
    account = await openAccount(smallFolder);
    cli = account.cli();
    file = cli.write(
      'plan.yaml',
      account.plan(
        'tags',
        `Files: { type: AWS::S3::Bucket, action: update, id: small-files, properties: { Tags: { note: ada } } }`,
      ),
    );
  }, 120_000);
  afterAll(async () => {
    await account.stop();
  });

  /** Runs work, and answers what was asked of AWS meanwhile. */
  const asked = async (work: () => Promise<unknown>): Promise<readonly string[]> => {
    const start = account.requestCount();
    await work();
    return [
      ...new Set(
        account.sandbox.proxy.requests.slice(start).map(({ service, operation }) => `${service}:${operation}`),
      ),
    ];
  };
  /** The change plan with another text in the place of one. */
  const other = (from: string, to: string): string => cli.write('other.yaml', cli.read('plan.yaml').replace(from, to));

  it('stops at another account or region, and reads nothing there', async () => {
    expect(
      await asked(() =>
        cli.fails(['plan', other('123456789012', '210987654321')], {
          exit: 1,
          code: 'wrong-account',
          says: /"210987654321".*"123456789012"/u,
          help: /--profile/u,
        }),
      ),
    ).toEqual(['sts:GetCallerIdentity']);
    expect(
      await asked(() =>
        cli.fails(['plan', other('eu-west-1', 'us-east-1')], {
          exit: 1,
          code: 'wrong-region',
          says: /"us-east-1".*"eu-west-1"/u,
          help: /--region us-east-1/u,
        }),
      ),
    ).toEqual(['sts:GetCallerIdentity']);
    const plain = await cli.run(['plan', 'other.yaml']);
    expect(plain).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^error wrong-region: the change plan is for region "us-east-1"/u),
    });
    expectReadable(plain);
    expect(await cli.json(['check', 'other.yaml'], { expected: [3] })).toMatchObject({
      clean: false,
      files: [{ plan: null, findings: [{ code: 'wrong-region' }] }],
    });
    expect((await cli.run(['--region', 'mars-1', 'plan', file])).stderr).toMatch(
      /error (?:bad-region|wrong-region)[^]*eu-west-1/u,
    );
  });

  it('stops without credentials, or with ones that are expired, unknown, or too early', async () => {
    const none = {
      AWS_ACCESS_KEY_ID: undefined,
      AWS_SECRET_ACCESS_KEY: undefined,
      AWS_CONFIG_FILE: join(cli.home, 'none'),
      AWS_SHARED_CREDENTIALS_FILE: join(cli.home, 'none'),
    };
    expect(
      await asked(() =>
        cli.fails(
          ['plan', file],
          { exit: 1, code: 'no-credentials', help: /--profile|AWS_PROFILE/u },
          { environment: none },
        ),
      ),
    ).toEqual([]);
    await cli.fails(
      ['--profile', 'nobody', 'plan', file],
      { exit: 1, code: 'no-credentials', says: /nobody/u },
      { environment: none },
    );
    await cli.fails(
      ['plan', file],
      { exit: 1, code: 'no-region', help: /--region|AWS_REGION/u },
      { environment: { ...none, AWS_REGION: undefined } },
    );
    for (const [code, told] of [
      ['ExpiredToken', 'credentials-expired'],
      ['InvalidClientTokenId', 'credentials-refused'],
      ['AccessDenied', 'credentials-refused'],
    ] as const) {
      const mend = account.breaks(({ service }) => service === 'sts', {
        kind: 'error',
        code,
        message: 'The security token is not good',
        status: 403,
      });
      expect(await asked(() => cli.fails(['plan', file], { exit: 1, code: told, says: /not good/u }))).toEqual([
        'sts:GetCallerIdentity',
      ]);
      mend();
    }
  });

  it('stops when credentials expire while it reads: nothing is taken for absent', async () => {
    const mend = account.breaks(({ service }) => service === 's3', {
      kind: 'error',
      code: 'ExpiredToken',
      message: 'The provided token has expired.',
      status: 400,
    });
    await cli.fails(['plan', file], { exit: 1, code: 'aws-expired', says: /ExpiredToken/u, help: /renew/u });
    const plain = await cli.run(['inventory', 'AWS::S3::Bucket']);
    expect(plain).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/error aws-expired s3:ListBuckets: ExpiredToken: The provided token has expired/u),
    });
    expectReadable(plain);
    mend();
  });

  it('refuses endpoints that are mixed or none', async () => {
    const mixed = { AWS_ENDPOINT_URL: undefined, AWS_ENDPOINT_URL_S3: account.endpoint };
    expect(
      await asked(() =>
        cli.fails(
          ['plan', file],
          { exit: 1, code: 'mixed-endpoints', says: /s3 → http.*AWS|AWS.*s3 → http/u, help: /AWS_ENDPOINT_URL/u },
          { environment: mixed },
        ),
      ),
    ).toEqual([]);
    await cli.fails(['--endpoint', 'localhost:5000', 'plan', file], {
      exit: 1,
      code: 'bad-endpoint',
      says: /localhost:5000/u,
    });
    await cli.fails(['--endpoint', 'http://127.0.0.1:9', 'plan', file], {
      exit: 1,
      code: 'no-network',
      says: /127\.0\.0\.1:9/u,
      help: /--endpoint/u,
    });
  });

  it('says that an endpoint is none when it answers with something else', async () => {
    const strange = createServer((_request, response) => response.end('<html>It works!</html>'));
    await new Promise<void>((done) => {
      strange.listen(0, '127.0.0.1', done);
    });
    const { port } = strange.address() as { port: number };
    await cli.fails(['--endpoint', `http://127.0.0.1:${port}`, 'plan', file], {
      exit: 1,
      code: 'no-answer',
      help: /endpoint/u,
    });
    await new Promise((done) => {
      strange.close(done);
    });
  });
});

suite('a configuration that may not be', () => {
  let cli: Cli;
  beforeAll(() => {
    cli = openCli('http://127.0.0.1:9');
  });
  afterAll(() => cli.close());
  const repository = (text: string): void => writeFileSync(join(cli.work, 'aiplan.yaml'), text);

  it('is refused where the repository loosens it, with the file and the way on', async () => {
    cli.configure('allow_yes: false\n');
    for (const [text, code] of [
      ['store: /tmp/elsewhere\n', 'loosening-configuration'],
      ['allowed_signers: /tmp/keys\n', 'loosening-configuration'],
      ['aliases: { "1": production }\n', 'loosening-configuration'],
      ['colour: red\n', 'bad-configuration'],
      ['allow_yes: maybe\n', 'bad-configuration'],
      ['a: [\n', 'bad-configuration'],
    ] as const) {
      repository(text);
      const { stdout } = await cli.fails(['runs'], { exit: 1, code });
      expect(JSON.parse(stdout).where).toContain(join(cli.work, 'aiplan.yaml'));
    }
  });

  it('is silently held to the tighter of the two', async () => {
    cli.configure('allow_yes: false\nmax_confirmations: 5\nprotected: [ one ]\n');
    repository('allow_yes: true\nmax_confirmations: 50\nplan_expiry_minutes: 600000\nprotected: [ two ]\n');
    // Any command shows that the file is read; `plan --live` shows what is effective.
    const live = {
      format: 'aiplan/live@1',
      target: { account: '123456789012', region: 'eu-west-1', caller: 'arn', endpoint: null },
      readAt: '2026-01-01T00:00:00Z',
      recorded: true,
      resources: [],
      absent: [{ type: 'AWS::S3::Bucket', identity: 'x' }],
      complete: ['AWS::S3::Bucket'],
      failures: [],
      calls: {},
      account: {},
    };
    cli.write('live.json', JSON.stringify(live));
    cli.write(
      'plan.yaml',
      'aiplan: 1\nname: t\nintent: t\ntarget: { account: "123456789012", region: eu-west-1 }\nresources: { A: { type: AWS::S3::Bucket, action: read, id: x } }\n',
    );
    const plan = await cli.json(['--live', 'live.json', 'plan', 'plan.yaml'], { expected: [0, 3] });
    expect(plan.configuration).toMatchObject({
      allowYes: false,
      maxConfirmations: 5,
      planExpiryMinutes: 60,
      protected: ['one', 'two'],
    });
  });

  it('is refused where the configuration or the store would lie in the working tree', async () => {
    repository('');
    await cli.fails(
      ['runs'],
      { exit: 1, code: 'configuration-in-working-tree', help: /XDG_/u },
      { environment: { XDG_STATE_HOME: join(cli.work, 'state') } },
    );
    await cli.fails(
      ['runs'],
      { exit: 1, code: 'configuration-in-working-tree' },
      { environment: { XDG_CONFIG_HOME: join(cli.work, 'config') } },
    );
    mkdirSync(join(cli.work, 'store'), { recursive: true });
    cli.configure(`store: ${join(cli.work, 'store')}\n`);
    await cli.fails(['runs'], { exit: 1, code: 'configuration-in-working-tree' });
    cli.configure('');
    await cli.ok(['runs']);
  });
});
