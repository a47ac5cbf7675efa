import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  ListObjectVersionsCommand,
  PutBucketPolicyCommand,
  PutBucketRequestPaymentCommand,
  PutBucketTaggingCommand,
} from '@aws-sdk/client-s3';
import { bucket } from '../../providers/s3/bucket/bucket.ts';
import type { Program } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { StepContext } from '../../src/domain/resource-type.ts';
import { changesTo, contextFor, startBuckets, store, type BucketFixture } from '../helpers/bucket-fixture.ts';
import { drive } from '../helpers/drive.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import type { Capture } from '../../src/domain/capture-plan.ts';

const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('AWS::S3::Bucket against the sandbox', () => {
  let fixture: BucketFixture;
  let number = 0;
  beforeAll(async () => {
    fixture = await startBuckets();
  }, 90_000);
  afterAll(async () => {
    await fixture.stop();
  });

  const run = <Result>(make: () => Program<Result>): Promise<Result> => drive(fixture.aws, make);
  const read = async (name: string): Promise<LiveResource> => {
    const live = await fixture.read(name);
    if (live === undefined) throw new Error(`${name} is not there`);
    return live;
  };
  const created = async (properties: JsonObject = {}): Promise<LiveResource> => {
    number += 1;
    const name = `site-${number}-of-the-team`;
    const context = contextFor({
      desired: { BucketName: name, ...properties },
      op: `op-${number}`,
      ownership: { 'aiplan:plan': 'demo', 'aiplan:op': `op-${number}` },
      action: 'create',
    });
    await run(() => bucket.create!(context));
    await run(() => bucket.waitUntilStable!(name));
    return read(name);
  };
  const updated = async (live: LiveResource, properties: JsonObject): Promise<LiveResource> => {
    const desired = Object.fromEntries(
      Object.entries({ ...live.properties, ...properties }).filter(([, value]) => value !== null),
    );
    await run(() => bucket.update!(contextFor({ live, desired, changes: changesTo(live, desired), action: 'update' })));
    return read(live.identity);
  };
  const destroyed = async (
    live: LiveResource,
    runId = `run-${number}`,
  ): Promise<{ capture: Capture; context: StepContext }> => {
    const context = contextFor({ live, action: 'delete', run: runId });
    await run(() => bucket.capture!.quiesce!(context));
    const capture = await run(() => bucket.capture!.take(context));
    expect(await run(() => bucket.capture!.verify(context, capture))).toEqual([]);
    await run(() => bucket.remove!({ ...context, capture }));
    await run(() => bucket.gone!(live.identity));
    return { capture, context };
  };
  /** Every version and marker as one line, newest first within a key, without ids and times. */
  const history = async (name: string): Promise<readonly string[]> => {
    const { Versions = [], DeleteMarkers = [] } = await fixture.s3.send(
      new ListObjectVersionsCommand({ Bucket: name }),
    );
    const lines = [
      ...Versions.map((item) => ({
        key: item.Key ?? '',
        at: item.LastModified?.getTime() ?? 0,
        latest: item.IsLatest === true,
        text: `${item.Key ?? ''} ${item.ETag ?? ''} ${item.Size ?? 0} ${item.StorageClass ?? ''}`,
      })),
      ...DeleteMarkers.map((item) => ({
        key: item.Key ?? '',
        at: item.LastModified?.getTime() ?? 0,
        latest: item.IsLatest === true,
        text: `${item.Key ?? ''} deleted`,
      })),
    ];
    return lines
      .sort((a, b) => (a.key === b.key ? Number(b.latest) - Number(a.latest) || b.at - a.at : a.key < b.key ? -1 : 1))
      .map(({ text, latest }) => `${text}${latest ? ' latest' : ''}`);
  };

  const everything: JsonObject = {
    OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerPreferred' }] },
    PublicAccessBlockConfiguration: {
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    },
    VersioningConfiguration: { Status: 'Enabled' },
    BucketEncryption: {
      ServerSideEncryptionConfiguration: [
        { BucketKeyEnabled: false, ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
      ],
    },
    Tags: { team: 'platform', Name: 'site' },
    CorsConfiguration: { CorsRules: [{ AllowedMethods: ['GET'], AllowedOrigins: ['https://example.org'] }] },
    WebsiteConfiguration: { IndexDocument: 'index.html', ErrorDocument: 'error.html' },
    AccelerateConfiguration: { AccelerationStatus: 'Enabled' },
    IntelligentTieringConfigurations: [
      { Id: 'cold', Status: 'Enabled', Prefix: 'old/', Tierings: [{ AccessTier: 'ARCHIVE_ACCESS', Days: 90 }] },
    ],
    AnalyticsConfigurations: [{ Id: 'use', Prefix: 'data/', StorageClassAnalysis: {} }],
    MetricsConfigurations: [{ Id: 'all' }],
    InventoryConfigurations: [
      {
        Id: 'weekly',
        Enabled: true,
        IncludedObjectVersions: 'All',
        ScheduleFrequency: 'Weekly',
        Destination: { BucketArn: `arn:aws:s3:::${store}`, Format: 'CSV' },
      },
    ],
    LifecycleConfiguration: {
      TransitionDefaultMinimumObjectSize: 'all_storage_classes_128K',
      Rules: [{ Id: 'uploads', Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } }],
    },
    NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
    AccessControl: 'Private',
  };

  it('creates what is desired and reads it back', async () => {
    const live = await created(everything);
    expect(live.properties).toEqual({ BucketName: live.identity, ...everything });
    expect(live.systemTags).toEqual({ 'aiplan:plan': 'demo', 'aiplan:op': `op-${number}` });
    expect(live.binding).toMatchObject({
      versioning: 'Enabled',
      objectLock: 'none',
      policy: 'none',
      encrypted: 'AES256',
      replicatesTo: 'nothing',
    });
    expect(live.attributes).toMatchObject({ Arn: `arn:aws:s3:::${live.identity}`, Region: 'eu-west-1' });
    expect(live.observed).toMatchObject({ objects: 0, versions: 0, deleteMarkers: 0, bytes: 0 });
  });

  it('updates every property, and takes back what can be undone', async () => {
    const plain = await created({ VersioningConfiguration: { Status: 'Enabled' } });
    const full = await updated(plain, everything);
    expect(full.properties).toEqual({ BucketName: plain.identity, ...everything });
    const changed = {
      VersioningConfiguration: { Status: 'Suspended' },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: {
              SSEAlgorithm: 'aws:kms',
              KMSMasterKeyID: 'arn:aws:kms:eu-west-1:123456789012:key/one',
            },
          },
        ],
      },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: false,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: false,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      Tags: { team: 'web' },
      MetricsConfigurations: [{ Id: 'some', Prefix: 'a/' }],
      AccelerateConfiguration: { AccelerationStatus: 'Suspended' },
      LifecycleConfiguration: {
        TransitionDefaultMinimumObjectSize: 'all_storage_classes_128K',
        Rules: [
          {
            Id: 'noncurrent',
            Status: 'Enabled',
            Prefix: 'a/',
            ObjectSizeGreaterThan: 10,
            NoncurrentVersionExpiration: { NoncurrentDays: 30, NewerNoncurrentVersions: 3 },
          },
        ],
      },
    };
    const other = await updated(full, changed);
    // Suspended acceleration cannot be told from none.
    const { AccelerateConfiguration: _suspended, ...rest } = { ...everything, ...changed };
    expect(other.properties).toEqual({ BucketName: plain.identity, ...rest });
    expect(other.systemTags).toEqual(plain.systemTags);
    const bare = await updated(other, {
      CorsConfiguration: null,
      WebsiteConfiguration: null,
      LifecycleConfiguration: null,
      NotificationConfiguration: null,
      Tags: {},
      IntelligentTieringConfigurations: [],
      AnalyticsConfigurations: [],
      MetricsConfigurations: [],
      InventoryConfigurations: [],
    });
    expect(Object.keys(bare.properties).sort()).toEqual([
      'AccessControl',
      'BucketEncryption',
      'BucketName',
      'OwnershipControls',
      'PublicAccessBlockConfiguration',
      'Tags',
      'VersioningConfiguration',
    ]);
    expect(bare.properties['Tags']).toEqual({});
    expect(bare.systemTags).toEqual(plain.systemTags);
  });

  it('sends log, replication and lock configurations that read back equal', async () => {
    const copy = await created({ VersioningConfiguration: { Status: 'Enabled' } });
    const replication = {
      Role: 'arn:aws:iam::123456789012:role/copy',
      Rules: [
        {
          Id: 'all',
          Priority: 1,
          Status: 'Enabled',
          Filter: { Prefix: '' },
          DeleteMarkerReplication: { Status: 'Disabled' },
          Destination: { Bucket: `arn:aws:s3:::${copy.identity}` },
        },
      ],
    };
    const lock = {
      ObjectLockEnabled: true,
      ObjectLockConfiguration: {
        ObjectLockEnabled: 'Enabled',
        Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } },
      },
    };
    const live = await created({
      VersioningConfiguration: { Status: 'Enabled' },
      ReplicationConfiguration: replication,
    });
    expect(live.properties['ReplicationConfiguration']).toMatchObject({
      Role: replication.Role,
      Rules: [{ Id: 'all', Status: 'Enabled', Destination: replication.Rules[0]?.Destination }],
    });
    expect(live.binding['replicatesTo']).toEqual([copy.identity]);
    const locked = await created(lock);
    expect(locked.properties).toMatchObject(lock);
    expect(locked.binding).toMatchObject({ objectLock: 'GOVERNANCE', versioning: 'Enabled' });
  });

  it('brings a deleted bucket back: configuration, versions, markers, tags and metadata', async () => {
    const plain = await created(everything);
    const name = plain.identity;
    await fixture.put(name, 'a.txt', 'one');
    await fixture.put(name, 'a.txt', 'two two', {
      ContentType: 'text/plain',
      Metadata: { by: 'me' },
      Tagging: 'class=gold',
    });
    await fixture.put(name, 'Ordner/ä b+c%20(1)&?=#.bin', 'odd');
    await fixture.put(name, 'moved.html', '', { WebsiteRedirectLocation: '/a.txt' });
    await fixture.put(name, 'gone.txt', 'was here', { StorageClass: 'STANDARD_IA' });
    await fixture.s3.send(new DeleteObjectCommand({ Bucket: name, Key: 'gone.txt' }));
    await fixture.s3.send(new CreateMultipartUploadCommand({ Bucket: name, Key: 'unfinished' }));
    const policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'Mine',
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::123456789012:role/web' },
          Action: 's3:GetObject',
          Resource: `arn:aws:s3:::${name}/*`,
        },
      ],
    });
    await fixture.s3.send(new PutBucketPolicyCommand({ Bucket: name, Policy: policy }));
    await fixture.s3.send(
      new PutBucketRequestPaymentCommand({ Bucket: name, RequestPaymentConfiguration: { Payer: 'Requester' } }),
    );
    const live = await read(name);
    const before = await history(name);
    expect(before).toHaveLength(6);
    expect(live.observed).toMatchObject({ objects: 3, versions: 5, deleteMarkers: 1 });

    const { capture, context } = await destroyed(live);
    expect(capture).toMatchObject({ how: 'copy', refs: { store, versions: 5, deleteMarkers: 1 } });
    expect(await fixture.read(name)).toBeUndefined();

    const back = await run(() =>
      bucket.capture!.restore(
        { ...contextFor({ live, op: 'op-back', run: 'run-back', ownership: { 'aiplan:op': 'op-back' } }) },
        capture,
      ),
    );
    expect(back).toEqual({ identity: name, map: {} });
    const restored = await read(name);
    expect(restored.properties).toEqual(live.properties);
    expect(restored.binding).toEqual(live.binding);
    expect(restored.systemTags).toEqual({
      'aiplan:plan': 'demo',
      'aiplan:op': 'op-back',
      'aiplan:restored-from': name,
    });
    expect(await history(name)).toEqual(before);
    const object = await fixture.s3.send(new GetObjectCommand({ Bucket: name, Key: 'a.txt' }));
    expect([await object.Body?.transformToString(), object.ContentType, object.Metadata]).toEqual([
      'two two',
      'text/plain',
      { by: 'me' },
    ]);
    expect((await fixture.s3.send(new GetObjectTaggingCommand({ Bucket: name, Key: 'a.txt' }))).TagSet).toEqual([
      { Key: 'class', Value: 'gold' },
    ]);
    expect(
      (await fixture.s3.send(new GetObjectCommand({ Bucket: name, Key: 'moved.html' }))).WebsiteRedirectLocation,
    ).toBe('/a.txt');
    expect(JSON.parse((await fixture.s3.send(new GetBucketPolicyCommand({ Bucket: name }))).Policy ?? '')).toEqual(
      JSON.parse(policy),
    );

    // A restore that was interrupted starts again and brings nothing twice.
    await run(() =>
      bucket.capture!.restore({ ...context, live, op: 'op-back', ownership: { 'aiplan:op': 'op-back' } }, capture),
    );
    expect(await history(name)).toEqual(before);
  });

  it('brings buckets back that never had versioning, or suspended it', async () => {
    const never = await created();
    await fixture.put(never.identity, 'a', 'one');
    const suspended = await created({ VersioningConfiguration: { Status: 'Enabled' } });
    await fixture.put(suspended.identity, 'a', 'one');
    await fixture.put(suspended.identity, 'a', 'two');
    const paused = await updated(suspended, { VersioningConfiguration: { Status: 'Suspended' } });
    for (const live of [await read(never.identity), paused]) {
      const before = await history(live.identity);
      const { capture, context } = await destroyed(live, `run-${live.identity}`);
      await run(() => bucket.capture!.restore(context, capture));
      expect((await read(live.identity)).properties).toEqual(live.properties);
      expect(await history(live.identity)).toEqual(before);
    }
  });

  it('closes to writes, and opens again as it was', async () => {
    const live = await created();
    const context = contextFor({ live, action: 'delete' });
    await run(() => bucket.capture!.quiesce!(context));
    await expect(fixture.put(live.identity, 'late', 'x')).rejects.toThrow();
    const closed = await read(live.identity);
    expect(closed.binding).toEqual(live.binding);
    expect(closed.observed['closed']).toBe('closed to writes by aiplan');
    await run(() => bucket.capture!.unquiesce!(context));
    await fixture.put(live.identity, 'late', 'x');
    await expect(fixture.s3.send(new GetBucketPolicyCommand({ Bucket: live.identity }))).rejects.toMatchObject({
      name: 'NoSuchBucketPolicy',
    });

    const policy = {
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'Mine',
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:GetObjectTorrent',
          Resource: `arn:aws:s3:::${live.identity}/*`,
        },
      ],
    };
    await fixture.s3.send(new PutBucketPolicyCommand({ Bucket: live.identity, Policy: JSON.stringify(policy) }));
    const with1 = await read(live.identity);
    const again = contextFor({ live: with1, action: 'delete' });
    await run(() => bucket.capture!.quiesce!(again));
    await run(() => bucket.capture!.unquiesce!(again));
    expect(
      JSON.parse((await fixture.s3.send(new GetBucketPolicyCommand({ Bucket: live.identity }))).Policy ?? ''),
    ).toEqual(policy);
  });

  it('deletes nothing where the bucket holds an object that was not captured', async () => {
    const live = await created({ VersioningConfiguration: { Status: 'Enabled' } });
    await fixture.put(live.identity, 'a', 'one');
    const context = contextFor({ live: await read(live.identity), action: 'delete', run: 'run-changed' });
    const capture = await run(() => bucket.capture!.take(context));
    await fixture.put(live.identity, 'b', 'late');
    await expect(run(() => bucket.remove!({ ...context, capture }))).rejects.toMatchObject({ code: 'bucket-changed' });
    expect(await history(live.identity)).toHaveLength(2);
    await expect(run(() => bucket.remove!(context))).rejects.toMatchObject({ code: 'capture-missing' });
    await run(() => bucket.remove!({ ...context, acceptLoss: 'test data' }));
    expect(await fixture.read(live.identity)).toBeUndefined();
  });

  it('reads one list for many buckets, and names of strangers are neither absent nor live', async () => {
    const live = await created();
    const before = { ...fixture.aws.counts };
    const result = await bucket.read(fixture.aws, {
      identities: [live.identity, 'nobody-has-this-name'],
      all: false,
      detailed: new Set(),
      properties: new Map([[live.identity, new Set(['Tags'])]]),
    });
    expect(result.resources.map(({ identity, properties }) => [identity, properties])).toEqual([
      [live.identity, { BucketName: live.identity, Tags: {} }],
    ]);
    expect(result.absent).toEqual(['nobody-has-this-name']);
    expect(fixture.aws.counts['s3:ListBuckets']).toBe((before['s3:ListBuckets'] ?? 0) + 1);
    expect(fixture.aws.counts['s3:GetBucketTagging']).toBe((before['s3:GetBucketTagging'] ?? 0) + 1);
    expect(fixture.aws.counts['s3:GetBucketPolicy']).toBe(before['s3:GetBucketPolicy']);
  });

  it('counts the hits of lifecycle rules from a listing', async () => {
    const live = await created();
    await fixture.put(live.identity, 'logs/a', 'x'.repeat(100));
    await fixture.put(live.identity, 'data/a', 'y');
    const found = await fixture.read(live.identity, {
      properties: ['LifecycleConfiguration'],
      now: '2040-01-01T00:00:00.000Z',
    });
    const after = { Rules: [{ Id: 'logs', Status: 'Enabled', Prefix: 'logs/', ExpirationInDays: 30 }] };
    const rule = bucket.rules.destructive.find(
      (candidate) => candidate.path === 'LifecycleConfiguration' && candidate.irreversible === true,
    );
    expect(rule?.when?.(undefined, after, found ?? null)).toBe(true);
    expect(rule?.says(undefined, after, found ?? null)).toContain(
      'hits 1 (100 bytes) that are there now, 1 of them today',
    );
  });

  it('does not take a name that exists, and keeps the tags of others', async () => {
    const live = await created({ Tags: { a: 'b' } });
    await expect(
      run(() =>
        bucket.create!(contextFor({ desired: { BucketName: live.identity }, op: 'op-other', action: 'create' })),
      ),
    ).rejects.toMatchObject({ code: 'name-taken' });
    expect(
      await run(() =>
        bucket.preflight!(contextFor({ desired: { BucketName: live.identity }, op: 'op-other' }), 'create'),
      ),
    ).toEqual([`The bucket "${live.identity}" exists already.`]);
    await fixture.s3.send(
      new PutBucketTaggingCommand({
        Bucket: live.identity,
        Tagging: {
          TagSet: [
            { Key: 'a', Value: 'b' },
            { Key: 'aiplan:plan', Value: 'theirs' },
          ],
        },
      }),
    );
    const now = await read(live.identity);
    const after = await updated(now, { Tags: { c: 'd' } });
    expect([after.properties['Tags'], after.systemTags]).toEqual([{ c: 'd' }, { 'aiplan:plan': 'theirs' }]);
  });
});
