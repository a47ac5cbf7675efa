import type { JsonObject } from '../../../src/base/json.ts';
import { partitionOf } from '../configuration/values.ts';

/** Where captures go, and how the bucket is to be. */
export interface CaptureBucket {
  readonly account: string;
  readonly region: string;
  /** The one endpoint, or null for AWS itself. */
  readonly endpoint: string | null;
  /** The configured name, or null for `aiplan-captures-<account>-<region>`. */
  readonly bucket: string | null;
  /** KMS key for the captures; absent: the default of the bucket. */
  readonly kmsKeyId?: string;
}

export const captureBucketName = (account: string, region: string, configured: string | null): string =>
  configured ?? `aiplan-captures-${account}-${region}`;
export const nameOf = (of: CaptureBucket): string => captureBucketName(of.account, of.region, of.bucket);

/**
 * What aiplan writes there once and never deletes: manifests, marks and ends of runs, secret texts, keys,
 * former documents.
 * Copies of objects lie elsewhere: `captures expire` deletes them.
 */
const keptPrefixes: readonly string[] = ['keys/', 'manifests/', 'runs/', 'secrets/', 'setup/', 'used/'];

/**
 * Only the account's root user can delete a version for good, or change what keeps versions. Everybody else can at most
 * put a delete marker, and on what aiplan writes once not even that. The policy itself can be changed by who may change
 * bucket policies: that is for credentials to close, and every run looks at it. Source: S3 User Guide, "Bucket policy
 * examples"; IAM, aws:PrincipalArn.
 */
export function bucketPolicyOf(of: CaptureBucket): JsonObject {
  const partition = partitionOf(of.region);
  const arn = `arn:${partition}:s3:::${nameOf(of)}`;
  const encrypted = {
    Sid: 'AiplanOnlyEncryptedTransport',
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource: [arn, `${arn}/*`],
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  };
  const kept = {
    Sid: 'AiplanCapturesAreKept',
    Effect: 'Deny',
    Principal: '*',
    Action: [
      's3:BypassGovernanceRetention',
      's3:DeleteBucket',
      's3:DeleteObjectVersion',
      's3:DeleteObjectVersionTagging',
      's3:PutBucketAcl',
      's3:PutBucketOwnershipControls',
      's3:PutBucketPublicAccessBlock',
      's3:PutBucketVersioning',
      's3:PutLifecycleConfiguration',
      's3:PutReplicationConfiguration',
    ],
    Resource: [arn, `${arn}/*`],
    Condition: { ArnNotEquals: { 'aws:PrincipalArn': `arn:${partition}:iam::${of.account}:root` } },
  };
  const unmarked = {
    Sid: 'AiplanMarksAreKept',
    Effect: 'Deny',
    Principal: '*',
    Action: ['s3:DeleteObject'],
    Resource: keptPrefixes.map((prefix) => `${arn}/${prefix}*`),
    Condition: kept.Condition,
  };
  // Over plain http the statement would lock aiplan itself out.
  const plain = of.endpoint?.startsWith('http://') === true;
  return { Version: '2012-10-17', Statement: plain ? [kept, unmarked] : [encrypted, kept, unmarked] };
}
