import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  CreateSecurityGroupCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2';
import { DescribeDBInstancesCommand, type RDSClient } from '@aws-sdk/client-rds';
import {
  CreateBucketCommand,
  HeadBucketCommand,
  ListBucketsCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Fault } from '../../src/sandbox/proxy/faults.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { clientsOf, refusalCode, startTestSandbox } from '../helpers/sandbox.ts';

const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('the proxy breaks what a test wants broken', () => {
  let sandbox: Sandbox;
  let ec2: EC2Client;
  let rds: RDSClient;
  let s3: S3Client;
  let lift: () => void = () => undefined;
  beforeAll(async () => {
    sandbox = await startTestSandbox({ token: 'secret' });
    ({ ec2, rds, s3 } = clientsOf(sandbox.endpoint));
  }, 90_000);
  afterEach(() => lift());
  afterAll(async () => {
    await sandbox.stop();
  });

  const on = (wanted: string, fault: Fault): void => {
    lift = sandbox.proxy.onRequest(({ service, operation }) =>
      `${service}:${operation}` === wanted ? fault : undefined,
    );
  };
  const group = async (GroupName: string) => {
    const VpcId = (await ec2.send(new DescribeSubnetsCommand({}))).Subnets?.[0]?.VpcId;
    return ec2.send(new CreateSecurityGroupCommand({ GroupName, Description: GroupName, VpcId }));
  };
  const groupNames = async () =>
    (await ec2.send(new DescribeSecurityGroupsCommand({}))).SecurityGroups?.map(({ GroupName }) => GroupName) ?? [];

  it('drops a connection before anything happened', async () => {
    on('ec2:CreateSecurityGroup', { kind: 'drop', when: 'before' });
    expect(await refusalCode(group('never'))).not.toBe('none');
    expect(await groupNames()).not.toContain('never');
  });

  it('drops the answer after it happened', async () => {
    on('ec2:CreateSecurityGroup', { kind: 'drop', when: 'after' });
    expect(await refusalCode(group('silent'))).not.toBe('none');
    expect(await groupNames()).toContain('silent');
    lift();
    on('s3:CreateBucket', { kind: 'drop', when: 'after' });
    expect(await refusalCode(s3.send(new CreateBucketCommand({ Bucket: 'silent' })))).not.toBe('none');
    expect(await refusalCode(s3.send(new HeadBucketCommand({ Bucket: 'silent' })))).toBe('none');
  });

  it("throttles and denies in each service's own words, until the hook is taken away", async () => {
    for (const [service, ask, throttled, denied] of [
      ['rds:DescribeDBInstances', () => rds.send(new DescribeDBInstancesCommand({})), 'Throttling', 'AccessDenied'],
      ['s3:ListBuckets', () => s3.send(new ListBucketsCommand({})), 'SlowDown', 'AccessDenied'],
      [
        'ec2:DescribeSubnets',
        () => ec2.send(new DescribeSubnetsCommand({})),
        'RequestLimitExceeded',
        'UnauthorizedOperation',
      ],
    ] as const) {
      on(service, { kind: 'throttle' });
      expect(await refusalCode(ask())).toBe(throttled);
      lift();
      on(service, { kind: 'deny' });
      expect(await refusalCode(ask())).toBe(denied);
      lift();
      expect(await refusalCode(ask())).toBe('none');
    }
  });

  it('answers any error, and delays until a promise is settled', async () => {
    on('s3:PutObject', { kind: 'error', code: 'QuotaExceeded', message: 'full', status: 507 });
    expect(await refusalCode(s3.send(new PutObjectCommand({ Bucket: 'silent', Key: 'a', Body: 'a' })))).toBe(
      'QuotaExceeded',
    );
    lift();
    let release: () => void = () => undefined;
    const held = new Promise<void>((done) => {
      release = done;
    });
    on('ec2:DescribeSubnets', { kind: 'delay', until: held });
    let answered = false;
    const asking = ec2.send(new DescribeSubnetsCommand({})).then(() => {
      answered = true;
    });
    await ec2.send(new DescribeSecurityGroupsCommand({}));
    expect(answered).toBe(false);
    release();
    await asking;
    expect(answered).toBe(true);
  });

  it('carries a request out twice, and answers the first time or the second', async () => {
    on('s3:CreateBucket', { kind: 'duplicate' });
    expect(await refusalCode(s3.send(new CreateBucketCommand({ Bucket: 'twice' })))).toBe('none');
    lift();
    on('s3:CreateBucket', { kind: 'duplicate', answer: 'second' });
    expect(await refusalCode(s3.send(new CreateBucketCommand({ Bucket: 'again' })))).toBe('BucketAlreadyOwnedByYou');
    lift();
    on('ec2:CreateSecurityGroup', { kind: 'duplicate', answer: 'second' });
    expect(await refusalCode(group('doubled'))).toBe('InvalidGroup.Duplicate');
    expect((await groupNames()).filter((name) => name === 'doubled')).toHaveLength(1);
  });

  it('cuts an answer off and garbles one, after the request was carried out', async () => {
    for (const kind of ['truncate', 'garble'] as const) {
      on('ec2:CreateSecurityGroup', { kind });
      expect(await refusalCode(group(kind))).not.toBe('none');
      lift();
      expect(await groupNames()).toContain(kind);
      on('s3:PutObject', { kind });
      const put = await refusalCode(s3.send(new PutObjectCommand({ Bucket: 'silent', Key: kind, Body: 'a' })));
      lift();
      // PutObject answers by headers alone: there is nothing to cut or to garble but the empty body.
      expect([
        put,
        (await s3.send(new ListObjectVersionsCommand({ Bucket: 'silent', Prefix: kind }))).Versions?.length,
      ]).toEqual([expect.any(String), 1]);
    }
  });

  it('refuses in the words of the operation: expired, dependency, quota, capacity', async () => {
    const said = async (wanted: string, fault: Fault, ask: () => Promise<unknown>): Promise<string> => {
      on(wanted, fault);
      const code = await refusalCode(ask());
      lift();
      return code;
    };
    const make = () => group('refused');
    const bucket = () => s3.send(new CreateBucketCommand({ Bucket: 'refused' }));
    const list = () => rds.send(new DescribeDBInstancesCommand({}));
    expect([
      await said('ec2:CreateSecurityGroup', { kind: 'expired' }, make),
      await said('s3:CreateBucket', { kind: 'expired' }, bucket),
      await said('rds:DescribeDBInstances', { kind: 'expired' }, list),
      await said('ec2:CreateSecurityGroup', { kind: 'dependency' }, make),
      await said('ec2:CreateSecurityGroup', { kind: 'quota' }, make),
      await said('s3:CreateBucket', { kind: 'quota' }, bucket),
      await said('rds:DescribeDBInstances', { kind: 'capacity' }, list),
    ]).toEqual([
      'RequestExpired',
      'ExpiredToken',
      'ExpiredToken',
      'DependencyViolation',
      'SecurityGroupLimitExceeded',
      'TooManyBuckets',
      'InsufficientDBInstanceCapacity',
    ]);
    expect(await groupNames()).not.toContain('refused');
  });

  it('shows what was made only after some reads, and old answers for some reads', async () => {
    on('ec2:CreateSecurityGroup', { kind: 'missing', reads: 2 });
    const stop = lift;
    const { GroupId = '' } = await group('late');
    lift = sandbox.proxy.onRequest(() => undefined);
    stop();
    const byId = () => ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }));
    expect([
      await refusalCode(byId()),
      (await groupNames()).includes('late'),
      (await groupNames()).includes('late'),
      await refusalCode(byId()),
    ]).toEqual(['InvalidGroup.NotFound', false, true, 'none']);
    lift();
    sandbox.proxy.rememberAnswers();
    expect(await groupNames()).not.toContain('newer');
    on('ec2:CreateSecurityGroup', { kind: 'stale', reads: 1 });
    await group('newer');
    expect([(await groupNames()).includes('newer'), (await groupNames()).includes('newer')]).toEqual([false, true]);
  });

  it('tells when an answer is written, and calls back before a connection breaks', async () => {
    const told: string[] = [];
    on('ec2:DescribeSubnets', { kind: 'answered', also: () => told.push('answered') });
    await ec2.send(new DescribeSubnetsCommand({}));
    lift();
    on('ec2:DescribeSubnets', { kind: 'drop', when: 'before', also: () => told.push('dropped') });
    expect(await refusalCode(ec2.send(new DescribeSubnetsCommand({})))).not.toBe('none');
    expect(told).toEqual(['answered', 'dropped']);
  });

  it('records every request, told apart by whether it changes something', async () => {
    const before = sandbox.proxy.requests.length;
    await ec2.send(new DescribeSubnetsCommand({}));
    await s3.send(new PutObjectCommand({ Bucket: 'silent', Key: 'a/b', Body: 'a' }));
    expect(
      sandbox.proxy.requests.slice(before).map(({ service, operation, mutating }) => [service, operation, mutating]),
    ).toEqual([
      ['ec2', 'DescribeSubnets', false],
      ['s3', 'PutObject', true],
    ]);
    expect(sandbox.proxy.requests.at(-1)?.parameters).toMatchObject({ Bucket: 'silent', Key: 'a/b' });
  });

  it('shows times of a fixture', async () => {
    const VersionId = 'null';
    await fetch(`${sandbox.endpoint}/_sandbox/age`, {
      method: 'POST',
      body: JSON.stringify([
        { id: 'bucket/silent', time: '2024-07-01T10:00:00Z' },
        { id: `object/silent/a/b?${VersionId}`, time: '2025-01-02T03:04:05Z' },
      ]),
    });
    const bucket = (await s3.send(new ListBucketsCommand({}))).Buckets?.find(({ Name }) => Name === 'silent');
    expect(bucket?.CreationDate?.toISOString()).toBe('2024-07-01T10:00:00.000Z');
    const versions = (await s3.send(new ListObjectVersionsCommand({ Bucket: 'silent', Prefix: 'a/' }))).Versions;
    expect(versions?.map(({ Key, LastModified }) => [Key, LastModified?.toISOString()])).toEqual([
      ['a/b', '2025-01-02T03:04:05.000Z'],
    ]);
  });

  it('refuses controls that make no sense, and a stop without the token', async () => {
    const post = async (path: string, body: string) =>
      (await fetch(`${sandbox.endpoint}/_sandbox/${path}`, { method: 'POST', body })).status;
    expect([
      await post('age', '{'),
      await post('age', '{"id":"x","time":"never"}'),
      await post('nonsense', ''),
      await post('stop', ''),
    ]).toEqual([400, 400, 404, 403]);
  });
});
