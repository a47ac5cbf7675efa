/*
 * The IAM actions that an operation needs, where they are not called like it. EC2, RDS, KMS, SSM, Secrets Manager and
 * CloudTrail call every action like its operation; S3 does so for few. Source: Service Authorization Reference, "Actions
 * defined by Amazon S3", and the "Permissions" section of each operation of the S3 API reference.
 */

/** Lists and single elements of the configurations that S3 keeps by `Id`. */
const byId = (['Analytics', 'Inventory', 'Metrics', 'IntelligentTiering'] as const).flatMap((kind) => [
  [`ListBucket${kind}Configurations`, [`Get${kind}Configuration`]] as const,
  [`GetBucket${kind}Configuration`, [`Get${kind}Configuration`]] as const,
  [`PutBucket${kind}Configuration`, [`Put${kind}Configuration`]] as const,
  [`DeleteBucket${kind}Configuration`, [`Put${kind}Configuration`]] as const,
]);

const s3 = new Map<string, readonly string[]>([
  ...byId,
  ['CompleteMultipartUpload', ['PutObject']],
  ['CopyObject', ['GetObject', 'PutObject']],
  ['CreateMultipartUpload', ['PutObject']],
  ['DeleteBucketCors', ['PutBucketCORS']],
  ['DeleteBucketEncryption', ['PutEncryptionConfiguration']],
  ['DeleteBucketLifecycle', ['PutLifecycleConfiguration']],
  ['DeleteBucketOwnershipControls', ['PutBucketOwnershipControls']],
  ['DeleteBucketReplication', ['PutReplicationConfiguration']],
  ['DeleteBucketTagging', ['PutBucketTagging']],
  ['DeleteObjects', ['DeleteObject', 'DeleteObjectVersion']],
  ['DeletePublicAccessBlock', ['PutBucketPublicAccessBlock']],
  ['GetBucketAccelerateConfiguration', ['GetAccelerateConfiguration']],
  ['GetBucketCors', ['GetBucketCORS']],
  ['GetBucketEncryption', ['GetEncryptionConfiguration']],
  ['GetBucketLifecycleConfiguration', ['GetLifecycleConfiguration']],
  ['GetBucketNotificationConfiguration', ['GetBucketNotification']],
  ['GetBucketReplication', ['GetReplicationConfiguration']],
  ['GetObjectLockConfiguration', ['GetBucketObjectLockConfiguration']],
  ['GetPublicAccessBlock', ['GetBucketPublicAccessBlock']],
  ['HeadBucket', ['ListBucket']],
  ['HeadObject', ['GetObject']],
  ['ListBuckets', ['ListAllMyBuckets']],
  ['ListMultipartUploads', ['ListBucketMultipartUploads']],
  ['ListObjectVersions', ['ListBucketVersions']],
  ['ListObjects', ['ListBucket']],
  ['ListObjectsV2', ['ListBucket']],
  ['ListParts', ['ListMultipartUploadParts']],
  ['PutBucketAccelerateConfiguration', ['PutAccelerateConfiguration']],
  ['PutBucketCors', ['PutBucketCORS']],
  ['PutBucketEncryption', ['PutEncryptionConfiguration']],
  ['PutBucketLifecycleConfiguration', ['PutLifecycleConfiguration']],
  ['PutBucketNotificationConfiguration', ['PutBucketNotification']],
  ['PutBucketReplication', ['PutReplicationConfiguration']],
  ['PutObjectLockConfiguration', ['PutBucketObjectLockConfiguration']],
  ['PutPublicAccessBlock', ['PutBucketPublicAccessBlock']],
  ['UploadPart', ['PutObject']],
  ['UploadPartCopy', ['GetObject', 'PutObject']],
]);

/** The IAM actions that an operation needs, `s3:ListObjectVersions` → `s3:ListBucketVersions`. Never empty. */
export function actionsOf(operation: string): readonly string[] {
  const [service = '', name = ''] = operation.split(':');
  return service === 's3' ? (s3.get(name) ?? [name]).map((action) => `s3:${action}`) : [operation];
}
