import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openAccount, openWire, smallFolder, type Account } from '../helpers/account.ts';
import type { Cli } from '../helpers/cli.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';

jest.setTimeout(180_000);

const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('reads that fail', () => {
  let account: Account;
  let cli: Cli;
  beforeAll(async () => {
    account = await openAccount(smallFolder);
    cli = account.cli();
  }, 120_000);
  afterAll(async () => {
    await account.stop();
  });

  const deletes = (): Readonly<Record<string, string>> => ({
    Group: `Group: { type: AWS::EC2::SecurityGroup, action: delete, id: ${account.names['Group'] ?? ''}, reason: x }`,
    Instance: `Instance: { type: AWS::EC2::Instance, action: delete, id: ${account.names['Instance'] ?? ''}, reason: x }`,
    Database: 'Database: { type: AWS::RDS::DBInstance, action: delete, id: small-db, reason: x }',
    Bucket: 'Bucket: { type: AWS::S3::Bucket, action: delete, id: small-files, reason: x }',
  });
  const creates: Readonly<Record<string, string>> = {
    NewDb:
      'NewDb: { type: AWS::RDS::DBInstance, action: create, properties: { DBInstanceIdentifier: brand-new, DBInstanceClass: db.t4g.micro, Engine: postgres, AllocatedStorage: 20, MasterUsername: a, MasterUserPassword: !Env AIPLAN_SECRET_X } }',
    NewBucket: 'NewBucket: { type: AWS::S3::Bucket, action: create, properties: { BucketName: brand-new-bucket } }',
  };

  it.each([
    ['the resource itself', ['ec2:DescribeSecurityGroups'], ['Group']],
    ['what depends on it', ['ec2:DescribeNetworkInterfaces'], ['Group']],
    ['the instance', ['ec2:DescribeInstances'], ['Instance']],
    ['what protects the instance', ['ec2:DescribeInstanceAttribute'], ['Instance']],
    ['its volumes', ['ec2:DescribeVolumes'], ['Instance']],
    ['the database', ['rds:DescribeDBInstances'], ['Database']],
    ['whether the bucket exists', ['s3:HeadBucket', 's3:ListBuckets', 's3:GetBucketLocation'], ['Bucket']],
    ['what lies in the bucket', ['s3:ListObjectVersions'], ['Bucket']],
    ['how the bucket is set up', ['s3:GetBucketPolicy'], ['Bucket']],
  ] as const)('a denied read of %s blocks the destruction and is never "absent"', async (_what, denied, steps) => {
    const file = cli.write('plan.yaml', account.plan('denied', ...steps.map((step) => deletes()[step] ?? '')));
    const mend = account.breaks(
      ({ service, operation }) => (denied as readonly string[]).includes(`${service}:${operation}`),
      { kind: 'deny' },
    );
    const plan = await cli.json(['plan', file], { expected: [3] });
    mend();
    expect(plan.steps.map(({ id, blocked }: { id: string; blocked: boolean }) => ({ id, blocked }))).toEqual(
      steps.map((id) => ({ id, blocked: true })),
    );
    const told = plan.findings.filter(({ severity }: { severity: string }) => severity === 'error') as {
      code: string;
      message: string;
      help?: string;
    }[];
    expect(told.length).toBeGreaterThan(0);
    expect(JSON.stringify(told)).toMatch(
      /UnauthorizedOperation|AccessDenied|unknown|could not be read|cannot be read/u,
    );
    expect(JSON.stringify(told)).not.toMatch(/does not exist|not found|is absent|already gone/iu);
    for (const { help } of told) expect(help).toMatch(/\S/u);
  });

  it.each([
    ['NewDb', 'rds:DescribeDBInstances'],
    ['NewBucket', 's3:HeadBucket'],
    ['NewBucket', 's3:ListBuckets'],
  ] as const)('a create (%s) is blocked where %s is denied: what exists is not known', async (step, denied) => {
    const file = cli.write('plan.yaml', account.plan('denied-create', creates[step] ?? ''));
    const start = account.requestCount();
    const mend = account.breaks(({ service, operation }) => `${service}:${operation}` === denied, { kind: 'deny' });
    const plan = await cli.json(['plan', file], { expected: [0, 3], environment: { AIPLAN_SECRET_X: 'long enough' } });
    mend();
    const wasAsked = account.sandbox.proxy.requests
      .slice(start)
      .some(({ service, operation }) => `${service}:${operation}` === denied);
    expect({ wasAsked, blocked: plan.steps[0].blocked }).toEqual({ wasAsked, blocked: wasAsked });
  });

  it('throttled reads are asked again until they are answered', async () => {
    const file = cli.write('plan.yaml', account.plan('throttled', ...Object.values(deletes())));
    await cli.ok(['setup']);
    const clean = await cli.json(['plan', file]);
    const left: Record<string, number> = { ec2: 3, rds: 3, s3: 3, sts: 1 };
    const mend = account.sandbox.proxy.onRequest(({ service }) =>
      (left[service] = (left[service] ?? 0) - 1) >= 0 ? { kind: 'throttle' } : undefined,
    );
    const plan = await cli.json(['plan', file]);
    mend();
    expect(Object.values(left).every((count) => count < 0)).toBe(true);
    expect(plan.digest).toBe(clean.digest);
  });

  it('an endpoint that dies in the middle ends the plan with an error, and leaves no file', async () => {
    const wire = await openWire(account.endpoint);
    const far = account.cli(wire.endpoint);
    const file = far.write('plan.yaml', account.plan('dying', ...Object.values(deletes())));
    let seen = 0;
    let isCut = false;
    const unhook = account.sandbox.proxy.onRequest(async ({ operation }) => {
      seen += 1;
      // Without this list nothing is known of the database; evidence that is cut off later only blocks.
      if (!isCut && operation === 'DescribeDBInstances') {
        isCut = true;
        await wire.cut();
      }
      return undefined;
    });
    const { code, stdout, stderr } = await far.run(['plan', file, '-o', 'plan.json']);
    unhook();
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/error (?:aws-network|no-network)[^]*\n {4}.*endpoint/u),
    });
    expect(existsSync(join(far.work, 'plan.json'))).toBe(false);
    expect(seen).toBeLessThan(60);
    await wire.mend();
    await far.ok(['plan', file, '-o', 'plan.json']);
    await wire.close();
  });

  it('nothing is hidden in an inventory that is not whole', async () => {
    const mend = account.breaks(({ operation }) => operation === 'DescribeDBInstances', { kind: 'deny' });
    const { code, stdout, stderr } = await cli.run(['inventory']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/could not read AWS::RDS::DBInstance: AccessDenied/u),
    });
    expect(stdout).toContain('small-files');
    await cli.fails(['import', 'AWS::RDS::DBInstance', 'small-db'], {
      exit: 1,
      code: 'read-failed',
      says: /AccessDenied/u,
      help: /rds:DescribeDBInstances/u,
    });
    mend();
    await cli.fails(['import', 'AWS::RDS::DBInstance', 'other-db'], {
      exit: 1,
      code: 'not-found',
      says: /"other-db"/u,
    });
    await cli.fails(['import', 'AWS::RDS::Databse', 'small-db'], {
      exit: 1,
      code: 'unknown-type',
      help: /AWS::RDS::DBInstance/u,
    });
  });
});
