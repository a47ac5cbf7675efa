import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketAnalyticsConfigurationCommand,
  DeleteBucketIntelligentTieringConfigurationCommand,
  DeleteBucketInventoryConfigurationCommand,
  DeleteBucketMetricsConfigurationCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketEncryptionCommand,
  GetBucketIntelligentTieringConfigurationCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketPolicyStatusCommand,
  GetBucketRequestPaymentCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  ListBucketAnalyticsConfigurationsCommand,
  ListBucketIntelligentTieringConfigurationsCommand,
  ListBucketInventoryConfigurationsCommand,
  ListBucketMetricsConfigurationsCommand,
  ListBucketsCommand,
  ListObjectVersionsCommand,
  ListObjectsV2Command,
  PutBucketAnalyticsConfigurationCommand,
  PutBucketIntelligentTieringConfigurationCommand,
  PutBucketInventoryConfigurationCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketMetricsConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketRequestPaymentCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { clientsOf, refusalCode, startTestSandbox } from '../helpers/sandbox.ts';

const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('the proxy makes S3 behave as on AWS', () => {
  let sandbox: Sandbox;
  let s3: S3Client;
  const Bucket = 'courses-prod-uploads';
  beforeAll(async () => {
    sandbox = await startTestSandbox();
    ({ s3 } = clientsOf(sandbox.endpoint));
  }, 90_000);
  beforeEach(async () => {
    await sandbox.reset();
    await s3.send(new CreateBucketCommand({ Bucket }));
  });
  afterAll(async () => {
    await sandbox.stop();
  });

  const put = async (Key: string, Body: string | Buffer = Key): Promise<string> =>
    (await s3.send(new PutObjectCommand({ Bucket, Key, Body }))).VersionId ?? '';
  const text = async (Key: string, VersionId?: string): Promise<string> =>
    (await (await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }))).Body?.transformToString()) ?? '';
  const versioning = (Status: 'Enabled' | 'Suspended') =>
    s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
  const policy = (Statement: object[]) =>
    s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }));
  const versions = async () => {
    const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    return [
      ...Versions.map(({ Key, VersionId, IsLatest }) => `${Key} ${VersionId}${IsLatest ? ' latest' : ''}`),
      ...DeleteMarkers.map(({ Key, VersionId, IsLatest }) => `${Key} ${VersionId} marker${IsLatest ? ' latest' : ''}`),
    ];
  };

  it('passes bytes through unchanged, both ways, whatever the key is called', async () => {
    const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 31 + (index >> 8)) % 256));
    const Key = 'Ordner/ä b+c%20(1)&?=#.bin';
    await put(Key, bytes);
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(bytes)).toBe(true);
    expect((await s3.send(new ListObjectsV2Command({ Bucket }))).Contents?.map((item) => item.Key)).toEqual([Key]);
  });

  it("gives a new bucket AWS's defaults", async () => {
    expect((await s3.send(new GetPublicAccessBlockCommand({ Bucket }))).PublicAccessBlockConfiguration).toEqual({
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    });
    expect((await s3.send(new GetBucketOwnershipControlsCommand({ Bucket }))).OwnershipControls?.Rules).toEqual([
      { ObjectOwnership: 'BucketOwnerEnforced' },
    ]);
    expect(
      (await s3.send(new GetBucketEncryptionCommand({ Bucket }))).ServerSideEncryptionConfiguration?.Rules?.[0]
        ?.ApplyServerSideEncryptionByDefault,
    ).toEqual({ SSEAlgorithm: 'AES256' });
  });

  it('gives a bucket the tags that it is created with, and leaves those of one that is there', async () => {
    const tags = async (): Promise<unknown> =>
      (await s3.send(new GetBucketTaggingCommand({ Bucket: 'tagged' }))).TagSet;
    const create = (Value: string) =>
      s3.send(
        new CreateBucketCommand({
          Bucket: 'tagged',
          CreateBucketConfiguration: {
            LocationConstraint: 'eu-west-1',
            Tags: [
              { Key: 'team', Value },
              { Key: 'a & b', Value: '<ä>' },
            ],
          },
        }),
      );
    await create('courses');
    const made = [
      { Key: 'team', Value: 'courses' },
      { Key: 'a & b', Value: '<ä>' },
    ];
    expect(await tags()).toEqual(made);
    expect(await refusalCode(create('others'))).not.toBe('none');
    expect(await tags()).toEqual(made);
    expect(await refusalCode(s3.send(new GetBucketTaggingCommand({ Bucket })))).toBe('NoSuchTagSet');
  });

  it('keeps the configurations that the emulator takes for the bucket itself', async () => {
    const Id = 'one';
    const destination = { S3BucketDestination: { Bucket: `arn:aws:s3:::${Bucket}`, Format: 'CSV' as const } };
    await s3.send(new PutBucketRequestPaymentCommand({ Bucket, RequestPaymentConfiguration: { Payer: 'Requester' } }));
    expect((await s3.send(new GetBucketRequestPaymentCommand({ Bucket }))).Payer).toBe('Requester');
    await s3.send(
      new PutBucketIntelligentTieringConfigurationCommand({
        Bucket,
        Id,
        IntelligentTieringConfiguration: {
          Id,
          Status: 'Enabled',
          Tierings: [{ Days: 90, AccessTier: 'ARCHIVE_ACCESS' }],
        },
      }),
    );
    await s3.send(
      new PutBucketAnalyticsConfigurationCommand({
        Bucket,
        Id,
        AnalyticsConfiguration: { Id, StorageClassAnalysis: {} },
      }),
    );
    await s3.send(
      new PutBucketMetricsConfigurationCommand({ Bucket, Id, MetricsConfiguration: { Id, Filter: { Prefix: 'a/' } } }),
    );
    await s3.send(
      new PutBucketInventoryConfigurationCommand({
        Bucket,
        Id,
        InventoryConfiguration: {
          Id,
          IsEnabled: true,
          IncludedObjectVersions: 'All',
          Schedule: { Frequency: 'Daily' },
          Destination: destination,
        },
      }),
    );
    expect(
      (await s3.send(new GetBucketIntelligentTieringConfigurationCommand({ Bucket, Id })))
        .IntelligentTieringConfiguration,
    ).toMatchObject({ Id, Tierings: [{ Days: 90, AccessTier: 'ARCHIVE_ACCESS' }] });
    expect(
      (await s3.send(new ListBucketIntelligentTieringConfigurationsCommand({ Bucket })))
        .IntelligentTieringConfigurationList,
    ).toMatchObject([{ Id }]);
    expect(
      (await s3.send(new ListBucketAnalyticsConfigurationsCommand({ Bucket }))).AnalyticsConfigurationList,
    ).toMatchObject([{ Id }]);
    expect(
      (await s3.send(new ListBucketMetricsConfigurationsCommand({ Bucket }))).MetricsConfigurationList,
    ).toMatchObject([{ Id, Filter: { Prefix: 'a/' } }]);
    expect(
      (await s3.send(new ListBucketInventoryConfigurationsCommand({ Bucket }))).InventoryConfigurationList,
    ).toMatchObject([{ Id, IsEnabled: true }]);
    await s3.send(new DeleteBucketIntelligentTieringConfigurationCommand({ Bucket, Id }));
    await s3.send(new DeleteBucketAnalyticsConfigurationCommand({ Bucket, Id }));
    await s3.send(new DeleteBucketMetricsConfigurationCommand({ Bucket, Id }));
    await s3.send(new DeleteBucketInventoryConfigurationCommand({ Bucket, Id }));
    expect(await refusalCode(s3.send(new HeadBucketCommand({ Bucket })))).toBe('none');
    expect(await refusalCode(s3.send(new GetBucketIntelligentTieringConfigurationCommand({ Bucket, Id })))).toBe(
      'NoSuchConfiguration',
    );
    expect(
      (await s3.send(new ListBucketMetricsConfigurationsCommand({ Bucket }))).MetricsConfigurationList ?? [],
    ).toEqual([]);
  });

  it('refuses sub-resources that nobody knows instead of touching the bucket', async () => {
    for (const method of ['PUT', 'DELETE']) {
      const answer = await fetch(`${sandbox.endpoint}/${Bucket}?brandNewThing`, { method });
      expect([answer.status, await answer.text()]).toEqual([501, expect.stringContaining('NotImplemented')]);
    }
    expect(await refusalCode(s3.send(new HeadBucketCommand({ Bucket })))).toBe('none');
  });

  it('answers the whole lifecycle and notification documents', async () => {
    const Rules = [
      {
        ID: 'old',
        Status: 'Enabled' as const,
        Filter: { And: { Prefix: 'tmp/', ObjectSizeGreaterThan: 1024 } },
        NoncurrentVersionExpiration: { NoncurrentDays: 30, NewerNoncurrentVersions: 3 },
      },
    ];
    await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));
    expect((await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }))).Rules).toEqual(Rules);
    await s3.send(
      new PutBucketNotificationConfigurationCommand({
        Bucket,
        NotificationConfiguration: { EventBridgeConfiguration: {} },
      }),
    );
    expect((await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }))).EventBridgeConfiguration).toEqual(
      {},
    );
  });

  describe('suspended versioning', () => {
    it('keeps the history, and replaces only the version null', async () => {
      await versioning('Enabled');
      const [first, second] = [await put('a', 'one'), await put('a', 'two')];
      await versioning('Suspended');
      expect((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBe('Suspended');
      expect(await put('a', 'three')).toBe('null');
      expect(await put('a', 'four')).toBe('null');
      expect(await versions()).toEqual(['a null latest', `a ${second}`, `a ${first}`]);
      expect([await text('a'), await text('a', 'null'), await text('a', first)]).toEqual(['four', 'four', 'one']);
      const marker = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
      expect(marker).toMatchObject({ DeleteMarker: true, VersionId: 'null' });
      expect(await versions()).toEqual([`a ${second}`, `a ${first}`, 'a null marker latest']);
      await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a', VersionId: 'null' }));
      expect(await versions()).toEqual([`a ${second} latest`, `a ${first}`]);
    });

    it('replaces what was written before versioning, and copies from the version null', async () => {
      await put('b', 'before');
      await versioning('Enabled');
      const kept = await put('b', 'kept');
      await versioning('Suspended');
      await put('b', 'after');
      expect(await versions()).toEqual(['b null latest', `b ${kept}`]);
      await s3.send(new CopyObjectCommand({ Bucket, Key: 'c', CopySource: `${Bucket}/b?versionId=null` }));
      expect(await text('c')).toBe('after');
      const { Deleted } = await s3.send(
        new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'b', VersionId: 'null' }, { Key: 'c' }] } }),
      );
      expect(Deleted).toEqual([
        { Key: 'b', VersionId: 'null' },
        { Key: 'c', DeleteMarker: true, DeleteMarkerVersionId: 'null' },
      ]);
      expect(await versions()).toEqual([`b ${kept} latest`, 'c null marker latest']);
    });

    it('is refused with Object Lock', async () => {
      await s3.send(new CreateBucketCommand({ Bucket: 'locked', ObjectLockEnabledForBucket: true }));
      expect(
        await refusalCode(
          s3.send(
            new PutBucketVersioningCommand({ Bucket: 'locked', VersioningConfiguration: { Status: 'Suspended' } }),
          ),
        ),
      ).toBe('InvalidBucketState');
    });
  });

  describe('bucket policies', () => {
    const everyone = { Effect: 'Deny', Principal: '*', Resource: `arn:aws:s3:::${Bucket}/*` };

    it('enforces a Deny on writing, copying and deleting', async () => {
      await put('a');
      await policy([{ ...everyone, Action: ['s3:PutObject', 's3:DeleteObject*'] }]);
      expect(await refusalCode(put('b'))).toBe('AccessDenied');
      expect(await refusalCode(s3.send(new CopyObjectCommand({ Bucket, Key: 'c', CopySource: `${Bucket}/a` })))).toBe(
        'AccessDenied',
      );
      expect(await refusalCode(s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' })))).toBe('AccessDenied');
      expect(
        (await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'a' }] } }))).Errors,
      ).toMatchObject([{ Key: 'a', Code: 'AccessDenied' }]);
      expect(await text('a')).toBe('a');
      await s3.send(new DeleteBucketPolicyCommand({ Bucket }));
      expect(await refusalCode(put('b'))).toBe('none');
    });

    it('looks at conditions, for and against', async () => {
      await put('a');
      await policy([{ ...everyone, Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }]);
      expect(await refusalCode(s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' })))).toBe('none');
      await policy([
        {
          ...everyone,
          Action: 's3:PutObject',
          Condition: { ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:sts::123456789012:*' } },
        },
      ]);
      expect(await refusalCode(put('b'))).toBe('none');
      await policy([
        {
          ...everyone,
          Action: 's3:PutObject',
          Condition: { ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::123456789012:role/break-glass' } },
        },
      ]);
      expect(await refusalCode(put('b'))).toBe('AccessDenied');
    });

    it('answers the policy as it was put, and whether it is public', async () => {
      expect(await refusalCode(s3.send(new GetBucketPolicyCommand({ Bucket })))).toBe('NoSuchBucketPolicy');
      const open = [{ Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` }];
      expect(await refusalCode(policy(open))).toBe('AccessDenied');
      await s3.send(
        new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: { BlockPublicPolicy: false } }),
      );
      await policy(open);
      expect((await s3.send(new GetBucketPolicyStatusCommand({ Bucket }))).PolicyStatus?.IsPublic).toBe(true);
      expect(JSON.parse((await s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy ?? '')).toEqual({
        Version: '2012-10-17',
        Statement: open,
      });
      expect(await refusalCode(s3.send(new PutBucketPolicyCommand({ Bucket, Policy: '{"Statement":' })))).toBe(
        'MalformedPolicy',
      );
      expect(await refusalCode(policy([{ ...open[0], Resource: 'arn:aws:s3:::another/*' }]))).toBe('MalformedPolicy');
    });
  });

  it('names key and version of what an object lock kept, and says nothing of the rest when quiet', async () => {
    await s3.send(new CreateBucketCommand({ Bucket: 'locked', ObjectLockEnabledForBucket: true }));
    const locked = {
      ObjectLockMode: 'COMPLIANCE' as const,
      ObjectLockRetainUntilDate: new Date(Date.now() + 86_400_000),
    };
    const { VersionId: kept = '' } = await s3.send(
      new PutObjectCommand({ Bucket: 'locked', Key: 'a', Body: 'a', ...locked }),
    );
    const { VersionId: free = '' } = await s3.send(new PutObjectCommand({ Bucket: 'locked', Key: 'a', Body: 'b' }));
    const answer = await s3.send(
      new DeleteObjectsCommand({
        Bucket: 'locked',
        Delete: {
          Quiet: true,
          Objects: [
            { Key: 'a', VersionId: kept },
            { Key: 'a', VersionId: free },
          ],
        },
      }),
    );
    expect(answer.Errors).toMatchObject([{ Key: 'a', VersionId: kept, Code: 'AccessDenied' }]);
    expect(answer.Deleted ?? []).toEqual([]);
    const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket: 'locked' }));
    expect(Versions?.map(({ VersionId }) => VersionId)).toEqual([kept]);
  });

  it('pages buckets, and says their region', async () => {
    for (const name of ['alpha', 'beta', 'gamma']) await s3.send(new CreateBucketCommand({ Bucket: name }));
    const names: (string | undefined)[] = [];
    let ContinuationToken: string | undefined;
    let pages = 0;
    do {
      const page = await s3.send(new ListBucketsCommand({ MaxBuckets: 3, ContinuationToken }));
      names.push(...(page.Buckets ?? []).map(({ Name }) => Name));
      expect((page.Buckets ?? []).every(({ BucketRegion }) => BucketRegion === 'eu-west-1')).toBe(true);
      ContinuationToken = page.ContinuationToken;
      pages += 1;
    } while (ContinuationToken !== undefined);
    expect([pages, names]).toEqual([2, ['alpha', 'beta', Bucket, 'gamma']]);
    expect((await s3.send(new ListBucketsCommand({ Prefix: 'be' }))).Buckets?.map(({ Name }) => Name)).toEqual([
      'beta',
    ]);
    expect((await s3.send(new ListBucketsCommand({ BucketRegion: 'us-east-1' }))).Buckets ?? []).toEqual([]);
  });

  it('compares the expected owner', async () => {
    expect(await refusalCode(s3.send(new ListObjectsV2Command({ Bucket, ExpectedBucketOwner: '999999999999' })))).toBe(
      'AccessDenied',
    );
    expect(await refusalCode(s3.send(new ListObjectsV2Command({ Bucket, ExpectedBucketOwner: '123456789012' })))).toBe(
      'none',
    );
  });

  it('forgets a deleted bucket', async () => {
    await policy([{ Effect: 'Deny', Principal: '*', Action: 's3:PutObject', Resource: `arn:aws:s3:::${Bucket}/*` }]);
    await s3.send(new DeleteBucketCommand({ Bucket }));
    expect(await refusalCode(s3.send(new HeadBucketCommand({ Bucket })))).toBe('NotFound');
    await s3.send(new CreateBucketCommand({ Bucket }));
    expect(await refusalCode(put('a'))).toBe('none');
  });
});
