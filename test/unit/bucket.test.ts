import { describe, expect, it } from '@jest/globals';
import { bucket } from '../../providers/s3/bucket/bucket.ts';
import { closedPolicy, isClosed, openedPolicy, opennessOf } from '../../providers/s3/objects/closing.ts';
import { entriesOf, type Entry } from '../../providers/s3/objects/contents.ts';
import { missingOf } from '../../providers/s3/bucket/restore.ts';
import { keptFrom, copySource } from '../../providers/s3/objects/manifest.ts';
import { subResources } from '../../providers/s3/configuration/sub-resources.ts';
import { operationsOf, preview } from '../../src/plan/steps/preview.ts';
import type { Call, Effect, Program } from '../../src/domain/call.ts';
import { AwsError } from '../../src/base/error.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { StepContext } from '../../src/domain/resource-type.ts';
import { changesTo, contextFor, liveBucket } from '../helpers/bucket-fixture.ts';
import type { Capture } from '../../src/domain/capture-plan.ts';

const calls = (program: Program<unknown>): readonly Call[] => preview(program).calls;
const names = (program: Program<unknown>): readonly string[] => operationsOf(calls(program));
const inputOf = (program: Program<unknown>, operation: string): JsonObject | undefined =>
  calls(program).find((call) => call.operation === operation)?.input;
const limits = { maxObjects: 100, maxBytes: 1000 };

/**
 * Runs a program with answers by operation; the last answer of an operation stays. Answers the calls and the result.
 */
function answered<Result>(
  program: Program<Result>,
  answers: Readonly<Record<string, readonly (JsonObject | null | AwsError)[]>>,
): { readonly calls: readonly Call[]; readonly result: Result } {
  const sent: Call[] = [];
  const left = new Map(Object.entries(answers).map(([name, list]) => [name, [...list]]));
  const next = (operation: string): JsonObject | null | AwsError => {
    const list = left.get(operation) ?? [];
    return (list.length > 1 ? list.shift() : list[0]) ?? null;
  };
  const answer = (effect: Effect): unknown => {
    switch (effect.kind) {
      // The capture bucket and what is read back have answers of their own: `ListObjectVersions copies` and
      // `ListObjectVersions back`.
      case 'read':
        return next(
          `${effect.call.operation}${typeof effect.call.input['Prefix'] !== 'string' || effect.call.operation !== 'ListObjectVersions' ? '' : effect.call.input['Prefix'] === '' ? ' back' : ' copies'}`,
        );
      case 'wait':
        return next(effect.wait.read.operation);
      case 'call':
        sent.push(effect.call);
        return next(effect.call.operation) ?? {};
      case 'batch':
        sent.push(...effect.calls);
        return effect.calls.map((call) => next(call.operation) ?? {});
      default:
        return undefined;
    }
  };
  let step = program.next();
  while (step.done !== true) {
    const value = answer(step.value);
    step = value instanceof AwsError ? program.throw(value) : program.next(value);
  }
  return { calls: sent, result: step.value };
}
const refusal = (code: string, httpStatus: number): AwsError =>
  new AwsError({ code, kind: 'denied', operation: 's3:HeadBucket', message: code, httpStatus, executed: 'no' });

describe('creating a bucket', () => {
  const desired = {
    BucketName: 'site',
    Tags: { team: 'web' },
    ObjectLockEnabled: true,
    OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] },
    PublicAccessBlockConfiguration: {
      BlockPublicAcls: false,
      BlockPublicPolicy: true,
      IgnorePublicAcls: false,
      RestrictPublicBuckets: true,
    },
    AccessControl: 'PublicRead',
  };
  const context = contextFor({ desired, ownership: { 'aiplan:plan': 'p', 'aiplan:op': 'op-1' }, action: 'create' });

  it('writes ownership tags in the same call, and loosens access before it is used', () => {
    expect(inputOf(bucket.create!(context), 'CreateBucket')).toEqual({
      Bucket: 'site',
      ObjectLockEnabledForBucket: true,
      ObjectOwnership: 'ObjectWriter',
      CreateBucketConfiguration: {
        LocationConstraint: 'eu-west-1',
        Tags: [
          { Key: 'team', Value: 'web' },
          { Key: 'aiplan:plan', Value: 'p' },
          { Key: 'aiplan:op', Value: 'op-1' },
        ],
      },
    });
    expect(names(bucket.create!(context))).toEqual(['s3:CreateBucket', 's3:PutPublicAccessBlock', 's3:PutBucketAcl']);
    expect(calls(bucket.create!(context)).map(({ retry }) => retry)).toEqual(['named', 'absolute', 'absolute']);
  });

  it('names the owner in every call but the creation', () => {
    for (const call of calls(bucket.create!(context)).slice(1))
      expect(call.input).toMatchObject({ Bucket: 'site', ExpectedBucketOwner: '123456789012' });
  });

  it('has no location in us-east-1', () => {
    expect(
      inputOf(
        bucket.create!({ ...context, region: 'us-east-1', ownership: {}, desired: { BucketName: 'site' } }),
        'CreateBucket',
      ),
    ).toEqual({ Bucket: 'site' });
  });

  it('refuses names that others have, and resumes its own', () => {
    expect(() => answered(bucket.create!(context), { HeadBucket: [refusal('AccessDenied', 403)] })).toThrow(
      expect.objectContaining({ code: 'name-taken' }),
    );
    expect(() =>
      answered(bucket.create!(context), {
        HeadBucket: [{}],
        GetBucketTagging: [{ TagSet: [{ Key: 'aiplan:op', Value: 'other' }] }],
      }),
    ).toThrow(expect.objectContaining({ code: 'name-taken' }));
    const again = answered(bucket.create!(context), {
      HeadBucket: [{}],
      GetBucketTagging: [{ TagSet: [{ Key: 'aiplan:op', Value: 'op-1' }] }],
    });
    expect(operationsOf(again.calls)).toEqual(['s3:PutPublicAccessBlock', 's3:PutBucketAcl']);
    expect(() =>
      answered(bucket.create!(context), {
        HeadBucket: [null],
        CreateBucket: [
          new AwsError({
            code: 'OperationAborted',
            kind: 'conflict',
            operation: 's3:CreateBucket',
            message: 'x',
            executed: 'no',
          }),
        ],
      }),
    ).toThrow(expect.objectContaining({ code: 'name-held-back' }));
    expect(() => calls(bucket.create!({ ...context, desired: {} }))).toThrow(
      expect.objectContaining({ code: 'name-missing' }),
    );
  });

  it.each([
    ['ab', 1],
    ['-site', 1],
    ['Site', 1],
    ['192.168.0.1', 1],
    ['site..a', 1],
    ['xn--site', 1],
    ['site-s3alias', 1],
    ['a'.repeat(64), 1],
    ['my.site-1', 0],
  ])('checks the name %s', (BucketName, problems) => {
    expect(
      answered(bucket.preflight!({ ...context, desired: { BucketName } }, 'create'), { HeadBucket: [null] }).result,
    ).toHaveLength(problems);
  });
});

describe('changing a bucket', () => {
  const update = (before: JsonObject, after: JsonObject, more: Partial<StepContext> = {}): Program => {
    const live = liveBucket({ properties: { BucketName: 'site', ...before }, ...(more.live ?? {}) });
    const desired = { BucketName: 'site', ...after };
    return bucket.update!(
      contextFor({
        live: { ...live, properties: { BucketName: 'site', ...before } },
        desired,
        changes: changesTo({ ...live, properties: { BucketName: 'site', ...before } }, desired),
        action: 'update',
      }),
    );
  };

  it('sends only what changes', () => {
    expect(
      calls(
        update(
          { Tags: { a: 'b' }, VersioningConfiguration: { Status: 'Enabled' } },
          { Tags: { a: 'c' }, VersioningConfiguration: { Status: 'Enabled' } },
        ),
      ),
    ).toEqual([
      expect.objectContaining({
        operation: 'PutBucketTagging',
        identity: 'site',
        retry: 'absolute',
        input: { Bucket: 'site', ExpectedBucketOwner: '123456789012', Tagging: { TagSet: [{ Key: 'a', Value: 'c' }] } },
      }),
    ]);
  });

  it('keeps the tags of AWS and aiplan, which a put would drop', () => {
    const live = liveBucket({
      properties: { BucketName: 'site', Tags: { a: 'b' } },
      systemTags: { 'aws:cloudformation:stack-name': 's' },
    });
    const context = contextFor({
      live,
      desired: { BucketName: 'site', Tags: {} },
      changes: [{ path: 'Tags.a', before: 'b', after: null, effect: 'in-place' }],
      action: 'update',
    });
    const present = {
      TagSet: [
        { Key: 'a', Value: 'b' },
        { Key: 'aws:cloudformation:stack-name', Value: 's' },
      ],
    };
    expect(
      answered(bucket.update!(context), { GetBucketTagging: [present] }).calls.map(({ operation, input }) => [
        operation,
        input['Tagging'],
      ]),
    ).toEqual([['PutBucketTagging', { TagSet: [present.TagSet[1]] }]]);
    expect(names(bucket.update!({ ...context, live: { ...live, systemTags: {} } }))).toEqual([
      's3:DeleteBucketTagging',
    ]);
  });

  it.each<[string, JsonObject, JsonObject, readonly string[]]>([
    [
      'ownership is loosened before the list is opened',
      { AccessControl: 'Private' },
      { AccessControl: 'PublicRead', OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] } },
      ['s3:PutBucketOwnershipControls', 's3:PutBucketAcl'],
    ],
    [
      'the list is closed before ownership is enforced',
      { AccessControl: 'PublicRead' },
      { AccessControl: 'Private', OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] } },
      ['s3:PutBucketAcl', 's3:PutBucketOwnershipControls'],
    ],
    [
      'versioning starts before replication',
      {},
      { ReplicationConfiguration: { Role: 'r', Rules: [] }, VersioningConfiguration: { Status: 'Enabled' } },
      ['s3:PutBucketVersioning', 's3:PutBucketReplication'],
    ],
    [
      'replication ends before versioning',
      { ReplicationConfiguration: { Role: 'r', Rules: [] }, VersioningConfiguration: { Status: 'Enabled' } },
      { VersioningConfiguration: { Status: 'Suspended' } },
      ['s3:DeleteBucketReplication', 's3:PutBucketVersioning'],
    ],
    [
      'a tightened block comes last',
      { PublicAccessBlockConfiguration: { BlockPublicAcls: false }, AccessControl: 'PublicRead' },
      { PublicAccessBlockConfiguration: { BlockPublicAcls: true }, AccessControl: 'Private' },
      ['s3:PutBucketAcl', 's3:PutPublicAccessBlock'],
    ],
    [
      'a loosened block comes first',
      { PublicAccessBlockConfiguration: { BlockPublicAcls: true }, AccessControl: 'Private' },
      { PublicAccessBlockConfiguration: { BlockPublicAcls: false }, AccessControl: 'PublicRead' },
      ['s3:PutPublicAccessBlock', 's3:PutBucketAcl'],
    ],
    [
      'what is taken away',
      {
        LifecycleConfiguration: { Rules: [] },
        CorsConfiguration: { CorsRules: [] },
        WebsiteConfiguration: {},
        LoggingConfiguration: { DestinationBucketName: 'l' },
        NotificationConfiguration: {},
      },
      {},
      [
        's3:DeleteBucketCors',
        's3:DeleteBucketWebsite',
        's3:DeleteBucketLifecycle',
        's3:PutBucketLogging',
        's3:PutBucketNotificationConfiguration',
      ],
    ],
    [
      'elements by their Id',
      { MetricsConfigurations: [{ Id: 'a' }, { Id: 'b' }, { Id: 'c' }] },
      { MetricsConfigurations: [{ Id: 'a' }, { Id: 'b', Prefix: 'x' }, { Id: 'd' }] },
      ['s3:PutBucketMetricsConfiguration', 's3:DeleteBucketMetricsConfiguration'],
    ],
  ])('order: %s', (_title, before, after, wanted) => {
    expect(names(update(before, after))).toEqual(wanted);
  });

  it('puts and removes single elements', () => {
    const sent = calls(
      update(
        { MetricsConfigurations: [{ Id: 'a' }, { Id: 'c' }] },
        { MetricsConfigurations: [{ Id: 'a' }, { Id: 'b', Prefix: 'x' }] },
      ),
    );
    expect(sent.map(({ operation, input }) => [operation, input['Id'], input['MetricsConfiguration']])).toEqual([
      ['PutBucketMetricsConfiguration', 'b', { Id: 'b', Filter: { Prefix: 'x' } }],
      ['DeleteBucketMetricsConfiguration', 'c', undefined],
    ]);
  });
});

describe('closing a bucket to writes', () => {
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Id: 'mine',
    Statement: { Sid: 'One', Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::site/*' },
  });

  it('adds one statement and takes exactly that out again', () => {
    const closed = closedPolicy(policy, 'site', 'eu-west-1');
    expect(isClosed(closed)).toBe(true);
    expect(closedPolicy(closed, 'site', 'eu-west-1')).toBe(closed);
    expect(JSON.parse(openedPolicy(closed) ?? '')).toEqual({
      ...(JSON.parse(policy) as object),
      Statement: [(JSON.parse(policy) as JsonObject)['Statement']],
    });
    expect(openedPolicy(closedPolicy(null, 'site', 'eu-west-1'))).toBeNull();
    expect(openedPolicy(policy)).toBe(policy);
    expect(openedPolicy(null)).toBeNull();
  });

  it('denies writing, never reading or deleting versions', () => {
    const { Statement } = JSON.parse(closedPolicy(null, 'site', 'cn-north-1')) as {
      Statement: { Effect: string; Action: string[]; Resource: string[] }[];
    };
    expect(Statement[0]).toMatchObject({
      Effect: 'Deny',
      Resource: ['arn:aws-cn:s3:::site', 'arn:aws-cn:s3:::site/*'],
    });
    expect(Statement[0]?.Action).toContain('s3:PutObject*');
    expect(Statement[0]?.Action.some((action) => /^s3:(Get|List|Delete|PutBucketPolicy|\*)/u.test(action))).toBe(false);
  });

  it('tells open policies from others', () => {
    const one = (statement: JsonObject): string =>
      JSON.stringify({ Statement: [{ Effect: 'Allow', Action: 's3:GetObject', ...statement }] });
    expect(opennessOf(policy)).toBe('public');
    expect(opennessOf(one({ Principal: { AWS: ['*'] } }))).toBe('public');
    expect(opennessOf(one({ Principal: '*', Condition: { Bool: {} } }))).toBe('conditional');
    expect(opennessOf(one({ Principal: { AWS: 'arn:aws:iam::1:root' } }))).toBe('named');
    expect(opennessOf(one({ Effect: 'Deny', Principal: '*' }))).toBe('named');
  });

  it('lists for the plan what it will send to open again, by what was there', () => {
    const without = contextFor({ live: liveBucket() });
    const withPolicy = contextFor({
      live: liveBucket({ binding: { policy: { digest: 'sha256:x', access: 'named' } } }),
    });
    expect(names(bucket.capture!.quiesce!(without))).toEqual(['s3:PutBucketPolicy']);
    expect(names(bucket.capture!.unquiesce!(without))).toEqual(['s3:DeleteBucketPolicy']);
    expect(names(bucket.capture!.unquiesce!(withPolicy))).toEqual(['s3:PutBucketPolicy']);
    expect(answered(bucket.capture!.unquiesce!(without), { GetBucketPolicy: [{ Policy: policy }] }).calls).toEqual([]);
    expect(() =>
      answered(bucket.capture!.unquiesce!(without), {
        GetBucketPolicy: [{ Policy: closedPolicy(policy, 'site', 'eu-west-1') }],
      }),
    ).toThrow(expect.objectContaining({ code: 'bucket-changed' }));
  });
});

describe('planning the capture of a bucket', () => {
  const plan = (observed: JsonObject, more: JsonObject = {}, binding: JsonObject = {}) =>
    bucket.capture!.plan(
      liveBucket({
        observed: {
          versions: 1,
          deleteMarkers: 0,
          bytes: 10,
          largestObject: 10,
          archived: 0,
          lastWrite: '2024-01-01T00:00:00.000Z',
          ...observed,
        },
        properties: { BucketName: 'site', ...more },
        binding,
      }),
      'delete',
      [],
      limits,
    );

  it('copies what is within the limits, late', () => {
    expect(plan({})).toMatchObject({ how: 'copy', late: true });
    expect(plan({}).impossible).toBeUndefined();
    expect(plan({}).loses[0]).toContain('"site"');
    expect(
      plan({}, { OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] } }).loses.join(),
    ).not.toContain('access control lists');
    expect(bucket.capture!.plan(liveBucket(), 'update', [], limits)).toMatchObject({
      how: 'config',
      late: false,
      loses: [],
    });
  });

  const lock = {
    ObjectLockConfiguration: {
      ObjectLockEnabled: 'Enabled',
      Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 10 } },
    },
  };
  it.each<[string, JsonObject, JsonObject, JsonObject, string]>([
    ['too many versions', { versions: 90, deleteMarkers: 11 }, {}, {}, 'limit of 100'],
    ['too many bytes', { bytes: 1001 }, {}, {}, 'limit of 1000 bytes'],
    ['more than was counted', { versions: 'more than 100000', bytes: 'more than 5' }, {}, {}, 'more than 100000'],
    ['a listing that failed', { versions: 'unknown', bytes: 'unknown' }, {}, {}, 'could not be counted'],
    ['archived objects', { archived: 2 }, {}, {}, 'archive class'],
    ['an object that one copy cannot take', { largestObject: 5 * 1024 ** 3 + 1 }, {}, {}, '5.0 GiB'],
    [
      'a retention that has not ended',
      { countedAt: '2024-01-10T00:00:00.000Z' },
      lock,
      {},
      'until 2024-01-11T00:00:00.000Z',
    ],
    ['a retention at an unknown time', {}, lock, {}, 'Object Lock'],
    ['MFA delete', {}, {}, { versioning: 'Enabled, deletion needs MFA' }, 'MFA'],
  ])('is impossible for %s', (_title, observed, properties, binding, reason) => {
    expect(plan(observed, properties, binding)).toMatchObject({
      how: 'none',
      impossible: expect.stringContaining(reason),
    });
  });

  it('is possible once the retention has ended, or nothing is held', () => {
    expect(plan({ countedAt: '2024-01-12T00:00:00.000Z' }, lock).impossible).toBeUndefined();
    expect(plan({ versions: 0 }, lock).impossible).toBeUndefined();
  });
});

describe('taking, deleting and bringing back', () => {
  const live = liveBucket();
  const context = contextFor({ live, action: 'delete' });

  it('reads the whole configuration before an update, and sends nothing', () => {
    const { calls: sent, result } = preview(bucket.capture!.take({ ...context, action: 'update' }));
    expect(sent).toEqual([]);
    expect(result.how).toBe('config');
    expect(Object.keys(result.extras['configuration'] as JsonObject).sort()).toEqual(
      subResources.map(({ name }) => name).sort(),
    );
    expect(preview(bucket.capture!.verify(context, result)).result).toEqual([]);
    expect(preview(bucket.capture!.verify(context, { ...result, extras: { configuration: {} } })).result).toHaveLength(
      1,
    );
  });

  it('copies on the server with metadata and tags, owners named on both sides', () => {
    expect(names(bucket.capture!.take(context))).toEqual(['s3:CopyObject', 's3:PutObject']);
    expect(inputOf(bucket.capture!.take(context), 'CopyObject')).toEqual({
      Bucket: 'aiplan-captures-123456789012-eu-west-1',
      ExpectedBucketOwner: '123456789012',
      Key: 'copies/run-1/Site/0000000',
      CopySource: 'site/preview?versionId=preview',
      ExpectedSourceBucketOwner: '123456789012',
      MetadataDirective: 'COPY',
      TaggingDirective: 'COPY',
    });
  });

  it('never bypasses a retention', () => {
    for (const program of [bucket.capture!.take(context), bucket.remove!(context), bucket.capture!.quiesce!(context)])
      expect(JSON.stringify(calls(program))).not.toContain('Bypass');
  });

  const page = (items: readonly JsonObject[], markers: readonly JsonObject[] = []): JsonObject => ({
    IsTruncated: false,
    Versions: items,
    DeleteMarkers: markers,
  });
  const version = (Key: string, VersionId: string, more: JsonObject = {}): JsonObject => ({
    Key,
    VersionId,
    IsLatest: true,
    Size: 3,
    ETag: '"e"',
    LastModified: '2024-01-01T00:00:00.000Z',
    StorageClass: 'STANDARD',
    ...more,
  });
  const quiet = {
    HeadBucket: [{}],
    GetBucketVersioning: [{}],
    CopyObject: [{ VersionId: 'c' }],
    PutObject: [{ VersionId: 'p' }],
  };

  it('stops where the bucket changes while it is copied, or cannot be copied whole', () => {
    const take =
      (answers: Readonly<Record<string, readonly JsonObject[]>>): (() => unknown) =>
      () =>
        answered(bucket.capture!.take(context), { ...quiet, ...answers });
    expect(
      take({ ListObjectVersions: [page([version('a', '1')]), page([version('a', '1'), version('b', '2')])] }),
    ).toThrow(expect.objectContaining({ code: 'bucket-changed', message: expect.stringContaining('"b"') }));
    expect(
      take({ ListObjectVersions: [page([version('a', '1'), version('b', '2')]), page([version('a', '1')])] }),
    ).toThrow(expect.objectContaining({ code: 'bucket-changed' }));
    // Without versions the id stays "null": only the content tells that the copy is not of what is there.
    for (const more of [{ ETag: '"other"' }, { Size: 4 }, { LastModified: '2024-01-02T00:00:00.000Z' }]) {
      expect(take({ ListObjectVersions: [page([version('a', 'null')]), page([version('a', 'null', more)])] })).toThrow(
        expect.objectContaining({ code: 'bucket-changed', message: expect.stringContaining('overwritten') }),
      );
    }
    expect(take({ ListObjectVersions: [page([version('a', '1', { StorageClass: 'GLACIER' })])] })).toThrow(
      expect.objectContaining({ code: 'archived-objects' }),
    );
    expect(take({ ListObjectVersions: [page([version('a', '1', { Size: 6 * 1024 ** 3 })])] })).toThrow(
      expect.objectContaining({ code: 'objects-too-large' }),
    );
    const copied = {
      PutObject: [{ VersionId: 'p' }],
      CopyObject: [{ VersionId: 'c', CopyObjectResult: { ETag: '"other"', LastModified: '2024-02-01T00:00:00.000Z' } }],
    };
    expect(take({ ListObjectVersions: [page([version('a', '1')])], ...copied })).toThrow(
      expect.objectContaining({ code: 'copy-differs' }),
    );
    const fine = answered(bucket.capture!.take(context), {
      ...quiet,
      ...copied,
      ListObjectVersions: [page([version('a', '1', { ETag: '"e-2"' })])],
    });
    expect(fine.result).toMatchObject({
      how: 'copy',
      pointInTime: '2024-02-01T00:00:00.000Z',
      bytes: 3,
      refs: { versions: 1, deleteMarkers: 0 },
    });
    expect(() => answered(bucket.capture!.take(context), { HeadBucket: [null] })).toThrow(
      expect.objectContaining({ code: 'no-capture-bucket' }),
    );
    expect(() => answered(bucket.capture!.take({ ...context, captureBucket: 'site' }), quiet)).toThrow(
      expect.objectContaining({ code: 'capture-bucket-target' }),
    );
  });

  it('stops where Object Lock still holds a version', () => {
    const answers = {
      ...quiet,
      GetObjectLockConfiguration: [{ ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' } }],
      ListObjectVersions: [page([version('a', '1')])],
      CopyObject: [{ VersionId: 'c', CopyObjectResult: { ETag: '"e"', LastModified: '2024-02-01T00:00:00.000Z' } }],
      PutObject: [{ VersionId: 'p' }],
    };
    const take =
      (head: JsonObject): (() => unknown) =>
      () =>
        answered(bucket.capture!.take(context), { ...answers, HeadObject: [head] });
    expect(take({ ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: '2024-03-01T00:00:00.000Z' })).toThrow(
      expect.objectContaining({ code: 'object-locked' }),
    );
    expect(take({ ObjectLockLegalHoldStatus: 'ON' })).toThrow(expect.objectContaining({ code: 'object-locked' }));
    expect(take({ ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: '2024-01-15T00:00:00.000Z' })).not.toThrow();
  });

  it('lists for the plan everything that a deletion sends', () => {
    expect(names(bucket.remove!(context))).toEqual([
      's3:DeleteObject',
      's3:DeleteObjects',
      's3:AbortMultipartUpload',
      's3:DeleteBucket',
    ]);
    expect(inputOf(bucket.remove!(context), 'DeleteObjects')).toEqual({
      Bucket: 'site',
      ExpectedBucketOwner: '123456789012',
      Delete: {
        Quiet: false,
        Objects: [
          { Key: 'preview', VersionId: 'preview' },
          { Key: 'preview-deleted', VersionId: 'preview' },
        ],
      },
    });
  });

  const manifested = (items: readonly JsonObject[]): { readonly capture: Capture; readonly body: string } => {
    const { calls: sent, result } = answered(bucket.capture!.take(context), {
      ...quiet,
      ListObjectVersions: [page(items)],
      CopyObject: [{ VersionId: 'c', CopyObjectResult: { ETag: '"e"' } }],
      PutObject: [{ VersionId: 'p' }],
    });
    return { capture: result, body: String(sent.find(({ operation }) => operation === 'PutObject')?.input['Body']) };
  };

  it('deletes by a call of its own what has a name that no XML can hold', () => {
    const items = [version('a', '1'), version('odd\u0001name', '2'), version('line\nbreak', '3')];
    const { capture, body } = manifested(items);
    const { calls: sent } = answered(bucket.remove!({ ...context, capture }), {
      GetObject: [{ Body: body }],
      ListObjectVersions: [page(items)],
    });
    expect(
      sent
        .filter(({ operation }) => operation === 'DeleteObject')
        .map(({ input }) => [input['Key'], input['VersionId']]),
    ).toEqual([['odd\u0001name', '2']]);
    expect(
      sent
        .filter(({ operation }) => operation === 'DeleteObjects')
        .map(({ input }) => (input['Delete'] as JsonObject)['Objects']),
    ).toEqual([
      [
        { Key: 'a', VersionId: '1' },
        { Key: 'line\nbreak', VersionId: '3' },
      ],
    ]);
  });

  it('knows whether a removal took anything: every version and marker of the capture is there, or one is not', () => {
    const items = [version('a', '1'), version('b', '2')];
    const { capture, body } = manifested(items);
    const untouched = (there: readonly JsonObject[], of = capture) =>
      answered(bucket.capture!.untouched!(context, of), {
        GetObject: [{ Body: body }],
        ListObjectVersions: [page(there)],
      }).result;
    expect([
      untouched(items),
      untouched([...items, version('c', '3')]),
      untouched(items.slice(1)),
      untouched([]),
    ]).toEqual([true, true, false, false]);
    expect(untouched(items, { ...capture, how: 'none' })).toBe(false);
    // While a plan lists the calls nothing is known.
    expect(preview(bucket.capture!.untouched!(context, capture)).result).toBe(false);
  });

  it('says what it leaves where S3 refuses the last call', () => {
    const items = [version('a', '1')];
    const { capture, body } = manifested(items);
    const denied = new AwsError({
      code: 'AccessDenied',
      kind: 'denied',
      operation: 's3:DeleteBucket',
      message: 'no',
      executed: 'no',
    });
    expect(() =>
      answered(bucket.remove!({ ...context, capture }), {
        GetObject: [{ Body: body }],
        ListObjectVersions: [page(items)],
        DeleteBucket: [denied],
      }),
    ).toThrow(
      expect.objectContaining({
        code: 'not-deleted',
        message:
          'S3 refused to delete "site" (AccessDenied: no). "site" is still there, without what it held, and closed to writes; the copies lie in the capture bucket.',
        help: 'A rollback of this run puts back what was deleted and opens the bucket.',
      }),
    );
  });

  it("deletes exactly what was captured, and believes only S3's word for it", () => {
    const { capture, body } = manifested([version('a', '1'), version('b', '2')]);
    const remove = (answers: Readonly<Record<string, readonly (JsonObject | null)[]>>) =>
      answered(bucket.remove!({ ...context, capture }), { GetObject: [{ Body: body }], ...answers });
    expect(operationsOf(remove({ ListObjectVersions: [page([version('b', '2')])] }).calls)).toEqual([
      's3:DeleteObjects',
      's3:DeleteBucket',
    ]);
    expect(remove({ ListObjectVersions: [page([version('b', '2')])] }).calls[0]?.input['Delete']).toEqual({
      Quiet: false,
      Objects: [{ Key: 'b', VersionId: '2' }],
    });
    expect(() => remove({ ListObjectVersions: [page([version('c', '3')])] })).toThrow(
      expect.objectContaining({ code: 'bucket-changed' }),
    );
    expect(() => remove({ ListObjectVersions: [page([version('b', '2', { ETag: '"overwritten"' })])] })).toThrow(
      expect.objectContaining({ code: 'bucket-changed' }),
    );
    expect(() =>
      remove({
        ListObjectVersions: [page([version('a', '1')])],
        DeleteObjects: [{ Errors: [{ Key: 'a', Code: 'AccessDenied', Message: 'locked' }] }],
      }),
    ).toThrow(expect.objectContaining({ code: 'not-deleted' }));
    expect(() => remove({ GetObject: [{ Body: `${body} ` }] })).toThrow(
      expect.objectContaining({ code: 'manifest-damaged' }),
    );
    expect(() => remove({ GetObject: [null] })).toThrow(expect.objectContaining({ code: 'manifest-damaged' }));
  });

  it('empties without a capture only where the loss was accepted', () => {
    const answers = {
      ListObjectVersions: [{ ...page([version('a', '1')]), IsTruncated: true, NextKeyMarker: 'a' }, page([])],
    };
    expect(() => answered(bucket.remove!(context), answers)).toThrow(
      expect.objectContaining({ code: 'capture-missing' }),
    );
    expect(() =>
      answered(
        bucket.remove!({
          ...context,
          acceptLoss: 'x',
          capture: { how: 'config', refs: {}, pointInTime: null, bytes: null, encrypted: null, extras: {} },
        }),
        answers,
      ),
    ).toThrow(expect.objectContaining({ code: 'capture-missing' }));
    expect(operationsOf(answered(bucket.remove!({ ...context, acceptLoss: 'x' }), answers).calls)).toEqual([
      's3:DeleteObjects',
      's3:DeleteBucket',
    ]);
  });

  it('lists for the plan everything that a restore sends, whatever is left of the bucket', () => {
    const { capture } = manifested([version('a', '1')]);
    const policy = '{"Statement":[]}';
    const full = {
      ...capture,
      extras: {
        configuration: {
          ...(capture.extras['configuration'] as JsonObject),
          versioning: { Status: 'Suspended' },
          policy,
          publicAccessBlock: { BlockPublicAcls: true },
        },
      },
    };
    const program = (): Program<unknown> =>
      bucket.capture!.restore(contextFor({ live, ownership: { 'aiplan:op': 'op-1' } }), full);
    expect(names(program())).toEqual([
      's3:CreateBucket',
      's3:DeleteBucketOwnershipControls',
      's3:DeleteBucketPolicy',
      's3:PutBucketVersioning',
      's3:CopyObject',
      's3:DeleteObject',
      's3:PutBucketVersioning',
      's3:PutPublicAccessBlock',
      's3:PutBucketPolicy',
      's3:PutPublicAccessBlock',
      's3:PutBucketTagging',
    ]);
    expect(
      calls(program())
        .filter(({ operation }) => operation === 'CopyObject' || operation === 'DeleteObject')
        .map(({ retry }) => retry),
    ).toEqual(['none', 'none']);
    expect(inputOf(program(), 'CreateBucket')).toMatchObject({
      CreateBucketConfiguration: {
        Tags: [
          { Key: 'aiplan:restored-from', Value: 'site' },
          { Key: 'aiplan:op', Value: 'op-1' },
        ],
      },
    });
  });

  it('completes what is its own, and leaves alone what is not', () => {
    const { capture, body } = manifested([version('a', '1'), version('b', '2')]);
    const held = {
      'ListObjectVersions copies': [
        page(['0000000', '0000001'].map((name) => version(`copies/run-1/Site/${name}`, 'c'))),
      ],
      'ListObjectVersions back': [page([version('a', '1'), version('b', '2')])],
    };
    const restore = (
      items: readonly JsonObject[],
      more: Readonly<Record<string, readonly (JsonObject | null)[]>> = {},
    ) =>
      answered(bucket.capture!.restore(contextFor({ live }), capture), {
        GetObject: [{ Body: body }],
        ...held,
        HeadBucket: [{}],
        ListObjectVersions: [page(items)],
        ...more,
      });
    expect(
      restore([version('b', '2')])
        .calls.filter(({ operation }) => operation === 'CopyObject')
        .map(({ input }) => input['Key']),
    ).toEqual(['a']);
    expect(() => restore([version('c', '3')])).toThrow(expect.objectContaining({ code: 'name-taken' }));
    expect(() => answered(bucket.capture!.restore(contextFor({ live }), { ...capture, extras: {} }), {})).toThrow(
      expect.objectContaining({ code: 'nothing-to-restore' }),
    );
    // Half restored by an earlier try: somebody's new keys stay, a key of the capture that was written since stops it.
    const goOn = (items: readonly JsonObject[]) =>
      answered(
        bucket.capture!.restore(contextFor({ live, remains: { identity: 'site', incarnation: 'site' } }), capture),
        { GetObject: [{ Body: body }], ...held, HeadBucket: [{}], ListObjectVersions: [page(items)] },
      );
    expect(
      goOn([version('c', '3'), version('b', '2')])
        .calls.filter(({ operation }) => operation === 'CopyObject')
        .map(({ input }) => input['Key']),
    ).toEqual(['a']);
    expect(
      goOn([])
        .calls.slice(0, 2)
        .map(({ operation }) => operation),
    ).toEqual(['DeleteBucketOwnershipControls', 'DeleteBucketPolicy']);
    expect(() => goOn([version('b', '9', { ETag: '"since"', Size: 5 })])).toThrow(
      expect.objectContaining({ code: 'object-changed' }),
    );
    const versioned = {
      ...capture,
      extras: {
        configuration: { ...(capture.extras['configuration'] as JsonObject), versioning: { Status: 'Enabled' } },
      },
    };
    expect(() =>
      answered(bucket.capture!.restore(contextFor({ live }), versioned), {
        GetObject: [{ Body: body }],
        ...held,
        HeadBucket: [null],
        CopyObject: [{}],
      }),
    ).toThrow(expect.objectContaining({ code: 'versioning-not-effective' }));
  });
});

describe('waiting until a bucket is gone', () => {
  const created = '2024-01-01T00:00:00.000Z';
  const waitFor = (incarnation?: string) => {
    const effect = bucket.gone!('site', incarnation).next().value as Effect;
    if (effect.kind !== 'wait') throw new Error('not a wait');
    return effect.wait;
  };
  const list = (buckets: readonly JsonObject[], more: JsonObject = {}): JsonObject => ({ Buckets: buckets, ...more });

  it('asks for the own buckets, not for the name, so that another account that has it is neither waited for nor touched', () => {
    const { read, agree } = waitFor(`site ${created}`);
    expect([read.operation, read.input, read.absent, agree]).toEqual([
      'ListBuckets',
      { Prefix: 'site', MaxBuckets: 1000 },
      undefined,
      2,
    ]);
    expect(waitFor(`site ${created}`).judge(list([{ Name: 'site-2', CreationDate: created }])).state).toBe('done');
  });

  it.each([
    ['is still listed', `site ${created}`, list([{ Name: 'site', CreationDate: created }]), 'pending'],
    [
      "has another creation date: its name is somebody else's",
      `site ${created}`,
      list([{ Name: 'site', CreationDate: '2026-11-23T00:00:00.000Z' }]),
      'done',
    ],
    ['is not in a complete list', `site ${created}`, list([]), 'done'],
    [
      'is not on the first page of several',
      `site ${created}`,
      list([{ Name: 'sit', CreationDate: created }], { ContinuationToken: 'next' }),
      'pending',
    ],
    ['has no creation date', `site ${created}`, list([{ Name: 'site' }]), 'pending'],
    [
      'is listed, and its date was never read',
      'site unknown',
      list([{ Name: 'site', CreationDate: created }]),
      'pending',
    ],
    [
      'is listed, and nobody says which one it was',
      undefined,
      list([{ Name: 'site', CreationDate: created }]),
      'pending',
    ],
    ['got no answer that says anything', `site ${created}`, null, 'pending'],
  ] as const)('a bucket that %s', (_what, incarnation, answer, state) => {
    expect(waitFor(incarnation).judge(answer).state).toBe(state);
  });

  it('says when the name is taken already, and sends nothing to it', () => {
    const said: string[] = [];
    const program = bucket.gone!('site', `site ${created}`);
    program.next();
    for (
      let step = program.next(list([{ Name: 'site', CreationDate: '2026-11-23T00:00:00.000Z' }]));
      step.done !== true;
      step = program.next(undefined)
    ) {
      expect(step.value.kind).toBe('progress');
      if (step.value.kind === 'progress') said.push(step.value.text);
    }
    expect(said).toEqual(['site is deleted; its name belongs to another bucket already, which is left alone']);
  });
});

describe('versions and markers', () => {
  const at = (second: number): string => `2024-01-01T00:00:0${second}.000Z`;
  it('are put together newest first', () => {
    const entries = entriesOf({
      Versions: [
        { Key: 'a', VersionId: '3', IsLatest: true, LastModified: at(3) },
        { Key: 'a', VersionId: '1', LastModified: at(1) },
        { Key: 'c', VersionId: '5', LastModified: at(5) },
      ],
      DeleteMarkers: [
        { Key: 'a', VersionId: '2', LastModified: at(2) },
        { Key: 'c', VersionId: '6', IsLatest: true, LastModified: at(5) },
      ],
    });
    expect(entries.map(({ key, versionId, marker }) => `${key}${versionId}${marker ? ' deleted' : ''}`)).toEqual([
      'a3',
      'a2 deleted',
      'a1',
      'c6 deleted',
      'c5',
    ]);
  });

  it('decode keys only where S3 encoded them', () => {
    expect(entriesOf({ EncodingType: 'url', Versions: [{ Key: 'a%2Bb+c%0A', VersionId: '1' }] })[0]?.key).toBe(
      'a+b c\n',
    );
    expect(entriesOf({ Versions: [{ Key: 'a%2Bb+c', VersionId: '1' }] })[0]?.key).toBe('a%2Bb+c');
    expect(copySource('b', 'Ordner/ä b+c?.txt', 'v/1')).toBe('b/Ordner/%C3%A4%20b%2Bc%3F.txt?versionId=v%2F1');
  });

  it('come back from where the history breaks off', () => {
    const entry = (versionId: string, etag: string, marker = false): Entry => ({
      key: 'a',
      versionId,
      latest: false,
      marker,
      etag,
      size: 1,
      modified: '',
      storageClass: '',
      archived: false,
    });
    const kept = [entry('3', 'z'), entry('2', '', true), entry('1', 'x')].map((item) => keptFrom(item, null, null));
    const ids = (there: readonly Entry[]): readonly (readonly string[])[] =>
      missingOf(kept, there).map((list) => list.map(({ versionId }) => versionId));
    expect(ids([])).toEqual([['1', '2', '3']]);
    expect(ids([entry('9', 'x')])).toEqual([['2', '3']]);
    expect(ids([entry('3', 'z'), entry('2', '', true), entry('1', 'x')])).toEqual([]);
    // Of one second, a version and a marker may be listed the other way round.
    expect(ids([entry('9', '', true), entry('8', 'z'), entry('7', 'x')])).toEqual([]);
    expect(ids([entry('8', 'x'), entry('9', '', true)])).toEqual([['3']]);
    expect(ids([entry('8', 'z')])).toEqual([['1', '2', '3']]);
    // The oldest was deleted first: the whole history comes on top of what is left.
    expect(ids([entry('3', 'z')])).toEqual([['1', '2', '3']]);
  });
});
