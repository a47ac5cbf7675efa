import { describe, expect, it } from '@jest/globals';
import { keepText, putManifest } from '../../providers/s3/capture-bucket/capture-bucket.ts';
import { captureBucketName, type CaptureBucket } from '../../providers/s3/objects/capture-place.ts';
import { capturePolicy } from '../../providers/s3/capture-bucket/capture-protection.ts';
import { setupProgram, verifyCaptureBucket } from '../../providers/s3/capture-bucket/capture-setup.ts';
import { operationsOf, preview } from '../../src/plan/steps/preview.ts';

const of: CaptureBucket = { account: '123456789012', region: 'eu-west-1', endpoint: null, bucket: null };
const name = 'aiplan-captures-123456789012-eu-west-1';
interface Statement {
  readonly Sid: string;
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: string[];
  readonly Condition: unknown;
}
const statements = (which: CaptureBucket): readonly Statement[] =>
  (JSON.parse(capturePolicy(which)) as { Statement: Statement[] }).Statement;

describe('the capture bucket', () => {
  it('has a name of its own unless one is configured', () => {
    expect(captureBucketName('123456789012', 'eu-west-1', null)).toBe(name);
    expect(captureBucketName('123456789012', 'eu-west-1', 'ours')).toBe('ours');
  });

  it('lets nobody but the root user destroy a version or what keeps it', () => {
    const kept = statements(of).find(({ Sid }) => Sid === 'AiplanCapturesAreKept');
    expect(kept).toMatchObject({
      Effect: 'Deny',
      Resource: [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`],
      Condition: { ArnNotEquals: { 'aws:PrincipalArn': 'arn:aws:iam::123456789012:root' } },
    });
    for (const action of [
      's3:DeleteObjectVersion',
      's3:PutBucketVersioning',
      's3:PutLifecycleConfiguration',
      's3:DeleteBucket',
      's3:BypassGovernanceRetention',
    ])
      expect(kept?.Action).toContain(action);
    for (const action of ['s3:PutObject', 's3:GetObject', 's3:DeleteObject', 's3:*'])
      expect(kept?.Action).not.toContain(action);
  });

  it('lets nobody but the root user delete what is written once; copies of objects expire by DeleteObject', () => {
    expect(statements(of).find(({ Sid }) => Sid === 'AiplanMarksAreKept')).toMatchObject({
      Effect: 'Deny',
      Action: ['s3:DeleteObject'],
      Resource: ['keys', 'manifests', 'runs', 'secrets', 'setup', 'used'].map(
        (prefix) => `arn:aws:s3:::${name}/${prefix}/*`,
      ),
      Condition: { ArnNotEquals: { 'aws:PrincipalArn': 'arn:aws:iam::123456789012:root' } },
    });
  });

  it('refuses plain http, except where the endpoint itself is plain http', () => {
    expect(statements(of).map(({ Sid }) => Sid)).toEqual([
      'AiplanOnlyEncryptedTransport',
      'AiplanCapturesAreKept',
      'AiplanMarksAreKept',
    ]);
    expect(statements({ ...of, endpoint: 'https://s3.internal' })).toHaveLength(3);
    expect(statements({ ...of, endpoint: 'http://127.0.0.1:1' })).toHaveLength(2);
    expect(statements({ ...of, region: 'cn-north-1' })[1]?.Condition).toEqual({
      ArnNotEquals: { 'aws:PrincipalArn': 'arn:aws-cn:iam::123456789012:root' },
    });
  });

  it('is closed before it is tagged as ready, and the policy comes last of what it locks', () => {
    expect(
      operationsOf(preview(setupProgram(of, { stamp: 's' })).calls).filter((name) => name !== 's3:PutObject'),
    ).toEqual([
      's3:CreateBucket',
      's3:PutBucketOwnershipControls',
      's3:PutPublicAccessBlock',
      's3:PutBucketVersioning',
      's3:PutBucketEncryption',
      's3:PutBucketLifecycleConfiguration',
      's3:PutBucketPolicy',
      's3:PutBucketTagging',
    ]);
    const create = preview(setupProgram(of, { stamp: 's' })).calls[0]?.input;
    expect(create).toEqual({
      Bucket: name,
      ObjectOwnership: 'BucketOwnerEnforced',
      CreateBucketConfiguration: { LocationConstraint: 'eu-west-1', Tags: [{ Key: 'aiplan:role', Value: 'captures' }] },
    });
    for (const call of preview(setupProgram(of, { stamp: 's' })).calls.slice(1))
      expect(call.input).toMatchObject({ Bucket: name, ExpectedBucketOwner: '123456789012' });
  });

  it('expires nothing that is current', () => {
    const rules = preview(setupProgram(of, { stamp: 's' })).calls.find(
      ({ operation }) => operation === 'PutBucketLifecycleConfiguration',
    )?.input['LifecycleConfiguration'] as { Rules: { Expiration: object }[] };
    expect(rules.Rules).toEqual([
      expect.objectContaining({
        Expiration: { ExpiredObjectDeleteMarker: true },
        NoncurrentVersionExpiration: { NoncurrentDays: 30 },
      }),
    ]);
  });

  it('encrypts with the key that is configured', () => {
    const keyed = { ...of, kmsKeyId: 'arn:aws:kms:eu-west-1:123456789012:key/k' };
    const put = preview(setupProgram(keyed, { stamp: 's' })).calls.find(
      ({ operation }) => operation === 'PutBucketEncryption',
    )?.input['ServerSideEncryptionConfiguration'];
    expect(put).toEqual({
      Rules: [
        {
          ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: keyed.kmsKeyId },
          BucketKeyEnabled: true,
        },
      ],
    });
    expect(keepText(keyed, 'x').input).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: keyed.kmsKeyId });
    expect(keepText(of, 'x').input).toMatchObject({ Key: 'secrets/x', Body: { $secret: { captured: 'x' } } });
    // The bucket's own default, which may be a key of its owner, is not overridden.
    expect(keepText(of, 'x').input).not.toHaveProperty('ServerSideEncryption');
  });

  it('writes a manifest only once', () => {
    expect(putManifest(of, 'run-1', 'Site', { a: 1 }).input).toMatchObject({
      Key: 'manifests/run-1/Site.json',
      IfNoneMatch: '*',
      Body: '{"a":1}',
    });
  });

  it('reports everything that is missing', () => {
    expect(preview(verifyCaptureBucket(of)).result).toHaveLength(6);
    expect(preview(verifyCaptureBucket(of)).calls).toEqual([]);
  });
});
