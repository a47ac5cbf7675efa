import type { Always } from './service.ts';

/**
 * The parts that each answer of S3 has (response elements, S3 API reference): of a flattened list, which has no element
 * of its own, the members beside it; of an answer that may be empty, the element that it is.
 */
export const s3Always: Always = {
  GetBucketAcl: ['Grants', 'Owner'],
  GetBucketCors: ['CORSRules'],
  GetBucketEncryption: ['ServerSideEncryptionConfiguration.Rules'],
  GetBucketLifecycleConfiguration: ['Rules'],
  GetBucketOwnershipControls: ['OwnershipControls.Rules'],
  GetBucketPolicy: ['Policy'],
  GetBucketReplication: ['ReplicationConfiguration.Rules'],
  GetBucketRequestPayment: ['Payer'],
  GetBucketTagging: ['TagSet'],
  GetObjectLockConfiguration: ['ObjectLockConfiguration'],
  GetObjectTagging: ['TagSet'],
  GetPublicAccessBlock: ['PublicAccessBlockConfiguration'],
  ListBucketAnalyticsConfigurations: ['IsTruncated'],
  ListBucketIntelligentTieringConfigurations: ['IsTruncated'],
  ListBucketInventoryConfigurations: ['IsTruncated'],
  ListBucketMetricsConfigurations: ['IsTruncated'],
  ListBuckets: ['Buckets'],
  ListMultipartUploads: ['Bucket', 'IsTruncated'],
  ListObjectVersions: ['Name', 'IsTruncated'],
  ListObjectsV2: ['Name', 'IsTruncated'],
  GetBucketAccelerateConfiguration: { document: 'AccelerateConfiguration' },
  GetBucketLogging: { document: 'BucketLoggingStatus' },
  GetBucketNotificationConfiguration: { document: 'NotificationConfiguration' },
  GetBucketVersioning: { document: 'VersioningConfiguration' },
  GetBucketWebsite: { document: 'WebsiteConfiguration' },
  // These answer in headers, or with what somebody stored.
  GetObject: [],
  HeadBucket: [],
  HeadObject: [],
};
