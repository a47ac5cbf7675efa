/*
 * Source: Service Authorization Reference, "Actions defined by Amazon S3", and the "Permissions" section of each
 * operation of the S3 API reference.
 */

/** Lists and single elements of the configurations that S3 keeps by `Id`. */
const byId = (['Analytics', 'Inventory', 'Metrics', 'IntelligentTiering'] as const).flatMap((kind) => [
  [`ListBucket${kind}Configurations`, [`Get${kind}Configuration`]] as const,
  [`GetBucket${kind}Configuration`, [`Get${kind}Configuration`]] as const,
  [`PutBucket${kind}Configuration`, [`Put${kind}Configuration`]] as const,
  [`DeleteBucket${kind}Configuration`, [`Put${kind}Configuration`]] as const,
]);

/** The IAM actions of the operations of S3 that are not called like them. */
export const s3Actions: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
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
