import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetBucketPolicyCommand,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { SeenRequest } from '../../src/sandbox/proxy/faults.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { openRoad, region, type Made, type Road } from '../helpers/road.ts';
import { clientsOf, startTestSandbox } from '../helpers/sandbox.ts';

jest.setTimeout(120_000);
const suite = (await emulatorAvailable()) ? describe : describe.skip;
const bucket = 'stopped-midway';
const arn = `arn:aws:s3:::${bucket}`;
const kept = { Sid: 'Theirs', Effect: 'Deny', Principal: '*', Action: 's3:GetObjectTorrent', Resource: `${arn}/*` };

suite('the deletion of a bucket that AWS stops midway', () => {
  let sandbox: Sandbox;
  let road: Road;
  let s3: S3Client;
  let plans = 0;
  const hooks = new Set<() => void>();
  beforeAll(async () => {
    sandbox = await startTestSandbox({ pace: { reads: 1, milliseconds: 0 } });
    road = await openRoad(sandbox);
    ({ s3 } = clientsOf(sandbox.endpoint));
    await s3.send(
      new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint: region } }),
    );
    await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }));
    await s3.send(
      new PutBucketPolicyCommand({
        Bucket: bucket,
        Policy: JSON.stringify({ Version: '2012-10-17', Statement: [kept] }),
      }),
    );
    for (const [Key, Body] of [
      ['a', 'one'],
      ['b', 'older'],
      ['b', 'newer'],
      ['odd\u0001key', 'x'],
    ] as const)
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
    await s3.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: 'unfinished' }));
  }, 60_000);
  afterEach(() => {
    for (const hook of hooks) hook();
    hooks.clear();
  });
  afterAll(async () => {
    road?.close();
    s3?.destroy();
    await sandbox?.stop();
  });

  /** Its policy, and of each key the ETags of all versions, newest first. */
  const stateOf = async (): Promise<unknown> => {
    const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    return [
      JSON.parse((await s3.send(new GetBucketPolicyCommand({ Bucket: bucket }))).Policy ?? ''),
      Versions.toSorted((one, other) => Number(other.IsLatest) - Number(one.IsLatest))
        .map(({ Key, ETag }) => `${Key ?? ''} ${ETag ?? ''}`)
        .toSorted(),
    ];
  };
  const blocks = ({ plan }: Made): readonly string[] =>
    plan.findings.filter(({ severity }) => severity === 'error').map(({ code, message }) => `${code}: ${message}`);
  const removal = async (): Promise<Made> => {
    plans += 1;
    const made = await road.plan(
      road.text(`stopped-${plans}`, {
        Files: { type: 'AWS::S3::Bucket', action: 'delete', id: bucket, reason: 'a test', expect: {} },
      }),
    );
    expect(blocks(made)).toEqual([]);
    return made;
  };
  const isClosed = async (): Promise<boolean> => JSON.stringify(await stateOf()).includes('AiplanClosedToWrites');
  const taken = async (run: string): Promise<void> => {
    const back = await road.planRollback(run);
    expect(blocks(back)).toEqual([]);
    if (back.plan.steps.length === 0) return;
    const { outcome, message } = await road.apply(back);
    expect([outcome, message]).toEqual(['done', null]);
  };

  it('is as it was and open where a call is refused before anything is gone, and after the rollback wherever else: each call in turn', async () => {
    const before = await stateOf();
    const seen = new Set<string>();
    const where: string[] = [];
    for (;;) {
      let stopped = '';
      const name = ({ operation, parameters, mutating, service }: SeenRequest): string | null =>
        mutating && service === 's3' && (parameters['Bucket'] === bucket || operation === 'CopyObject')
          ? `${operation} ${operation === 'CopyObject' ? '' : (parameters['Key'] ?? '')}`
          : null;
      hooks.add(
        sandbox.proxy.onRequest((request) => {
          const point = name(request);
          if (point === null || (stopped === '' ? seen.has(point) : point !== stopped)) return undefined;
          seen.add(point);
          stopped = point;
          return { kind: 'deny' };
        }),
      );
      const { run, outcome } = await road.apply(await removal());
      for (const hook of hooks) hook();
      hooks.clear();
      if (stopped === '') {
        expect(outcome).toBe('done');
        await taken(run);
        break;
      }
      const isWhole = JSON.stringify(((await stateOf()) as unknown[])[1]) === JSON.stringify((before as unknown[])[1]);
      // What has lost nothing is open; what has a gap takes no writes until the rollback has filled it.
      where.push(`${stopped.trim()}: ${isWhole ? 'whole' : 'partly'}, ${(await isClosed()) ? 'closed' : 'open'}`);
      await taken(run);
      expect([stopped, await stateOf()]).toEqual([stopped, before]);
    }
    expect(where).toEqual([
      'PutBucketPolicy: whole, open',
      'CopyObject: whole, open',
      'DeleteObject odd\u0001key: whole, open',
      'DeleteObjects: partly, closed',
      'AbortMultipartUpload unfinished: partly, closed',
      'DeleteBucket: partly, closed',
    ]);
    expect(await stateOf()).toEqual(before);
  });

  it.each([
    ['every object', '*', false],
    ['one of them', 'b', true],
  ])('by a policy that somebody puts meanwhile, about %s', async (_what, key, isClosedAfter) => {
    const before = await stateOf();
    let isPut = false;
    hooks.add(
      sandbox.proxy.onRequest(async ({ operation, parameters }) => {
        if (isPut || !/^DeleteObjects?$/u.test(operation) || parameters['Bucket'] !== bucket) return undefined;
        isPut = true;
        const policy = JSON.parse((await s3.send(new GetBucketPolicyCommand({ Bucket: bucket }))).Policy ?? '') as {
          Statement: object[];
        };
        await s3.send(
          new PutBucketPolicyCommand({
            Bucket: bucket,
            Policy: JSON.stringify({
              ...policy,
              Statement: [
                ...policy.Statement,
                {
                  Sid: 'New',
                  Effect: 'Deny',
                  Principal: '*',
                  Action: ['s3:DeleteObject', 's3:DeleteObjectVersion'],
                  Resource: `${arn}/${key}`,
                },
              ],
            }),
          }),
        );
        return undefined;
      }),
    );
    const { run, outcome, message } = await road.apply(await removal());
    expect([outcome, message]).toEqual(['failed', expect.stringMatching(/AccessDenied/u)]);
    expect(await isClosed()).toBe(isClosedAfter);
    if (isClosedAfter) {
      // What the rollback brings back is all that was; the statement of somebody else is not aiplan's to take.
      await taken(run);
    }
    const [policy, versions] = (await stateOf()) as [{ Statement: { Sid: string }[] }, unknown];
    expect([policy.Statement.map(({ Sid }) => Sid), versions]).toEqual([['Theirs', 'New'], (before as unknown[])[1]]);
    await s3.send(
      new PutBucketPolicyCommand({
        Bucket: bucket,
        Policy: JSON.stringify({ Version: '2012-10-17', Statement: [kept] }),
      }),
    );
  });
});
