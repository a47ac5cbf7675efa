import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { CreateSecurityGroupCommand, DescribeSecurityGroupsCommand, DescribeSubnetsCommand, type EC2Client } from '@aws-sdk/client-ec2';
import { DescribeDBInstancesCommand, type RDSClient } from '@aws-sdk/client-rds';
import { CreateBucketCommand, HeadBucketCommand, ListBucketsCommand, ListObjectVersionsCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
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
  beforeAll(async () => { sandbox = await startTestSandbox({ token: 'secret' }); ({ ec2, rds, s3 } = clientsOf(sandbox.endpoint)); }, 90_000);
  afterEach(() => lift());
  afterAll(async () => { await sandbox.stop(); });

  const on = (wanted: string, fault: Fault): void => {
    lift = sandbox.proxy.onRequest(({ service, operation }) => (`${service}:${operation}` === wanted ? fault : undefined));
  };
  const group = async (GroupName: string) => {
    const VpcId = (await ec2.send(new DescribeSubnetsCommand({}))).Subnets?.[0]?.VpcId;
    return ec2.send(new CreateSecurityGroupCommand({ GroupName, Description: GroupName, VpcId }));
  };
  const groupNames = async () => (await ec2.send(new DescribeSecurityGroupsCommand({}))).SecurityGroups?.map(({ GroupName }) => GroupName) ?? [];

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

  it('throttles and denies in each service\'s own words, until the hook is taken away', async () => {
    for (const [service, ask, throttled, denied] of [
      ['rds:DescribeDBInstances', () => rds.send(new DescribeDBInstancesCommand({})), 'Throttling', 'AccessDenied'],
      ['s3:ListBuckets', () => s3.send(new ListBucketsCommand({})), 'SlowDown', 'AccessDenied'],
      ['ec2:DescribeSubnets', () => ec2.send(new DescribeSubnetsCommand({})), 'RequestLimitExceeded', 'UnauthorizedOperation'],
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
    expect(await refusalCode(s3.send(new PutObjectCommand({ Bucket: 'silent', Key: 'a', Body: 'a' })))).toBe('QuotaExceeded');
    lift();
    let release: () => void = () => undefined;
    const held = new Promise<void>((done) => { release = done; });
    on('ec2:DescribeSubnets', { kind: 'delay', until: held });
    let answered = false;
    const asking = ec2.send(new DescribeSubnetsCommand({})).then(() => { answered = true; });
    await ec2.send(new DescribeSecurityGroupsCommand({}));
    expect(answered).toBe(false);
    release();
    await asking;
    expect(answered).toBe(true);
  });

  it('records every request, told apart by whether it changes something', async () => {
    const before = sandbox.proxy.requests.length;
    await ec2.send(new DescribeSubnetsCommand({}));
    await s3.send(new PutObjectCommand({ Bucket: 'silent', Key: 'a/b', Body: 'a' }));
    expect(sandbox.proxy.requests.slice(before).map(({ service, operation, mutating }) => [service, operation, mutating])).toEqual([['ec2', 'DescribeSubnets', false], ['s3', 'PutObject', true]]);
    expect(sandbox.proxy.requests.at(-1)?.parameters).toMatchObject({ Bucket: 'silent', Key: 'a/b' });
  });

  it('shows times of a fixture', async () => {
    const VersionId = 'null';
    await fetch(`${sandbox.endpoint}/_sandbox/age`, { method: 'POST', body: JSON.stringify([{ id: 'bucket/silent', time: '2024-07-01T10:00:00Z' }, { id: `object/silent/a/b?${VersionId}`, time: '2025-01-02T03:04:05Z' }]) });
    const bucket = (await s3.send(new ListBucketsCommand({}))).Buckets?.find(({ Name }) => Name === 'silent');
    expect(bucket?.CreationDate?.toISOString()).toBe('2024-07-01T10:00:00.000Z');
    const versions = (await s3.send(new ListObjectVersionsCommand({ Bucket: 'silent' }))).Versions;
    expect(versions?.map(({ Key, LastModified }) => [Key, LastModified?.toISOString()])).toEqual([['a/b', '2025-01-02T03:04:05.000Z']]);
  });

  it('refuses controls that make no sense, and a stop without the token', async () => {
    const post = async (path: string, body: string) => (await fetch(`${sandbox.endpoint}/_sandbox/${path}`, { method: 'POST', body })).status;
    expect([await post('age', '{'), await post('age', '{"id":"x","time":"never"}'), await post('nonsense', ''), await post('stop', '')]).toEqual([400, 400, 404, 403]);
  });
});
