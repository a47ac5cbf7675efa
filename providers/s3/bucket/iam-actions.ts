/**
 * IAM action of an operation where it is not `s3:` and the operation (Service Authorization Reference, "Actions defined
 * by Amazon S3"; API reference of each operation, "Permissions"). What takes a sub-resource away needs, but for policy
 * and website, the permission to put it.
 */
const ACTIONS: Readonly<Record<string, string>> = {
  DeleteBucketTagging: 'PutBucketTagging',
  DeleteBucketCors: 'PutBucketCORS',
  DeleteBucketOwnershipControls: 'PutBucketOwnershipControls',
  PutBucketEncryption: 'PutEncryptionConfiguration',
  DeleteBucketEncryption: 'PutEncryptionConfiguration',
  PutBucketLifecycleConfiguration: 'PutLifecycleConfiguration',
  DeleteBucketLifecycle: 'PutLifecycleConfiguration',
  PutBucketReplication: 'PutReplicationConfiguration',
  DeleteBucketReplication: 'PutReplicationConfiguration',
  PutPublicAccessBlock: 'PutBucketPublicAccessBlock',
  DeletePublicAccessBlock: 'PutBucketPublicAccessBlock',
  PutBucketAccelerateConfiguration: 'PutAccelerateConfiguration',
  PutBucketNotificationConfiguration: 'PutBucketNotification',
  PutObjectLockConfiguration: 'PutBucketObjectLockConfiguration',
};

/** Configurations with an id: one action each for putting and taking away. */
const WITH_ID = /^(?:Put|Delete)Bucket(Analytics|Metrics|Inventory|IntelligentTiering)Configuration$/u;

/** `PutBucketVersioning` → `s3:PutBucketVersioning`. */
export function iamAction(operation: string): string {
  const kind = WITH_ID.exec(operation)?.[1];
  return `s3:${kind === undefined ? (ACTIONS[operation] ?? operation) : `Put${kind}Configuration`}`;
}
