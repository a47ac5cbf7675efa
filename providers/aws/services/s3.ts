import { s3Always } from './s3-always.ts';
import { canonical } from '../../../src/base/digest.ts';
import { s3Actions } from './s3-actions.ts';
import { s3Protects } from './s3-protects.ts';
import type { ServiceRecord } from './service.ts';

declare module '../../../src/domain/call.ts' {
  interface Services {
    readonly s3: true;
  }
}

/** Amazon S3. Left out: `ListDirectoryBuckets` goes to an endpoint of its own. */
export const s3: ServiceRecord = {
  name: 's3',
  sdkId: 'S3',
  protocol: 'rest-xml',
  async load() {
    const {
      S3Client,
      AbortMultipartUploadCommand,
      CompleteMultipartUploadCommand,
      CopyObjectCommand,
      CreateBucketCommand,
      CreateMultipartUploadCommand,
      DeleteBucketAnalyticsConfigurationCommand,
      DeleteBucketCommand,
      DeleteBucketCorsCommand,
      DeleteBucketEncryptionCommand,
      DeleteBucketIntelligentTieringConfigurationCommand,
      DeleteBucketInventoryConfigurationCommand,
      DeleteBucketLifecycleCommand,
      DeleteBucketMetricsConfigurationCommand,
      DeleteBucketOwnershipControlsCommand,
      DeleteBucketPolicyCommand,
      DeleteBucketReplicationCommand,
      DeleteBucketTaggingCommand,
      DeleteBucketWebsiteCommand,
      DeleteObjectCommand,
      DeleteObjectsCommand,
      DeletePublicAccessBlockCommand,
      GetBucketAccelerateConfigurationCommand,
      GetBucketAclCommand,
      GetBucketCorsCommand,
      GetBucketEncryptionCommand,
      GetBucketLifecycleConfigurationCommand,
      GetBucketLoggingCommand,
      GetBucketNotificationConfigurationCommand,
      GetBucketOwnershipControlsCommand,
      GetBucketPolicyCommand,
      GetBucketReplicationCommand,
      GetBucketRequestPaymentCommand,
      GetBucketTaggingCommand,
      GetBucketVersioningCommand,
      GetBucketWebsiteCommand,
      GetObjectCommand,
      GetObjectLockConfigurationCommand,
      GetObjectTaggingCommand,
      GetPublicAccessBlockCommand,
      HeadBucketCommand,
      HeadObjectCommand,
      ListBucketAnalyticsConfigurationsCommand,
      ListBucketIntelligentTieringConfigurationsCommand,
      ListBucketInventoryConfigurationsCommand,
      ListBucketMetricsConfigurationsCommand,
      ListBucketsCommand,
      ListMultipartUploadsCommand,
      ListObjectVersionsCommand,
      ListObjectsV2Command,
      PutBucketAccelerateConfigurationCommand,
      PutBucketAclCommand,
      PutBucketAnalyticsConfigurationCommand,
      PutBucketCorsCommand,
      PutBucketEncryptionCommand,
      PutBucketIntelligentTieringConfigurationCommand,
      PutBucketInventoryConfigurationCommand,
      PutBucketLifecycleConfigurationCommand,
      PutBucketLoggingCommand,
      PutBucketMetricsConfigurationCommand,
      PutBucketNotificationConfigurationCommand,
      PutBucketOwnershipControlsCommand,
      PutBucketPolicyCommand,
      PutBucketReplicationCommand,
      PutBucketRequestPaymentCommand,
      PutBucketTaggingCommand,
      PutBucketVersioningCommand,
      PutBucketWebsiteCommand,
      PutObjectCommand,
      PutObjectLockConfigurationCommand,
      PutPublicAccessBlockCommand,
      UploadPartCopyCommand,
    } = await import('@aws-sdk/client-s3');
    return {
      Client: S3Client,
      commands: {
        AbortMultipartUploadCommand,
        CompleteMultipartUploadCommand,
        CopyObjectCommand,
        CreateBucketCommand,
        CreateMultipartUploadCommand,
        DeleteBucketAnalyticsConfigurationCommand,
        DeleteBucketCommand,
        DeleteBucketCorsCommand,
        DeleteBucketEncryptionCommand,
        DeleteBucketIntelligentTieringConfigurationCommand,
        DeleteBucketInventoryConfigurationCommand,
        DeleteBucketLifecycleCommand,
        DeleteBucketMetricsConfigurationCommand,
        DeleteBucketOwnershipControlsCommand,
        DeleteBucketPolicyCommand,
        DeleteBucketReplicationCommand,
        DeleteBucketTaggingCommand,
        DeleteBucketWebsiteCommand,
        DeleteObjectCommand,
        DeleteObjectsCommand,
        DeletePublicAccessBlockCommand,
        GetBucketAccelerateConfigurationCommand,
        GetBucketAclCommand,
        GetBucketCorsCommand,
        GetBucketEncryptionCommand,
        GetBucketLifecycleConfigurationCommand,
        GetBucketLoggingCommand,
        GetBucketNotificationConfigurationCommand,
        GetBucketOwnershipControlsCommand,
        GetBucketPolicyCommand,
        GetBucketReplicationCommand,
        GetBucketRequestPaymentCommand,
        GetBucketTaggingCommand,
        GetBucketVersioningCommand,
        GetBucketWebsiteCommand,
        GetObjectCommand,
        GetObjectLockConfigurationCommand,
        GetObjectTaggingCommand,
        GetPublicAccessBlockCommand,
        HeadBucketCommand,
        HeadObjectCommand,
        ListBucketAnalyticsConfigurationsCommand,
        ListBucketIntelligentTieringConfigurationsCommand,
        ListBucketInventoryConfigurationsCommand,
        ListBucketMetricsConfigurationsCommand,
        ListBucketsCommand,
        ListMultipartUploadsCommand,
        ListObjectVersionsCommand,
        ListObjectsV2Command,
        PutBucketAccelerateConfigurationCommand,
        PutBucketAclCommand,
        PutBucketAnalyticsConfigurationCommand,
        PutBucketCorsCommand,
        PutBucketEncryptionCommand,
        PutBucketIntelligentTieringConfigurationCommand,
        PutBucketInventoryConfigurationCommand,
        PutBucketLifecycleConfigurationCommand,
        PutBucketLoggingCommand,
        PutBucketMetricsConfigurationCommand,
        PutBucketNotificationConfigurationCommand,
        PutBucketOwnershipControlsCommand,
        PutBucketPolicyCommand,
        PutBucketReplicationCommand,
        PutBucketRequestPaymentCommand,
        PutBucketTaggingCommand,
        PutBucketVersioningCommand,
        PutBucketWebsiteCommand,
        PutObjectCommand,
        PutObjectLockConfigurationCommand,
        PutPublicAccessBlockCommand,
        UploadPartCopyCommand,
      },
    };
  },
  always: s3Always,
  reads: `
    GetBucketAbac GetBucketAccelerateConfiguration GetBucketAcl GetBucketAnalyticsConfiguration GetBucketCors
    GetBucketEncryption GetBucketIntelligentTieringConfiguration GetBucketInventoryConfiguration
    GetBucketLifecycleConfiguration GetBucketLocation GetBucketLogging GetBucketMetadataConfiguration
    GetBucketMetadataTableConfiguration GetBucketMetricsConfiguration GetBucketNotificationConfiguration
    GetBucketOwnershipControls GetBucketPolicy GetBucketPolicyStatus GetBucketReplication GetBucketRequestPayment
    GetBucketTagging GetBucketVersioning GetBucketWebsite GetObject GetObjectAcl GetObjectAttributes
    GetObjectLegalHold GetObjectLockConfiguration GetObjectRetention GetObjectTagging GetPublicAccessBlock
    HeadBucket HeadObject ListBucketAnalyticsConfigurations ListBucketIntelligentTieringConfigurations
    ListBucketInventoryConfigurations ListBucketMetricsConfigurations ListBuckets
    ListMultipartUploads ListObjectAnnotations ListObjectVersions ListObjects ListObjectsV2 ListParts`,
  extent: 'all',
  leftOut: ['ListDirectoryBuckets'],
  discloses: {
    SelectObjectContent: 'the contents of objects',
    GetObjectTorrent: 'the contents of objects',
    GetObjectAnnotation: 'the contents of annotations',
  },
  ownBucketOnly: ['GetObject'],
  protects: s3Protects,
  // The location of a new bucket, and the default checksum.
  adds: (name, value, { region }) =>
    name === 'ChecksumAlgorithm' ||
    name === 'ChecksumMode' ||
    (name === 'CreateBucketConfiguration' && canonical(value ?? null) === canonical({ LocationConstraint: region })),
  actions: s3Actions,
  // "Amazon S3 CloudTrail events" (S3 user guide): `PutBucketLifecycleConfiguration` is logged as `PutBucketLifecycle`,
  // `PutPublicAccessBlock` as `PutBucketPublicAccessBlock`: those words do not count.
  loggedAs: (name) => name.replace('Bucket', '').replace(/Configuration$/u, ''),
  // "Amazon S3 data events in CloudTrail" (S3 user guide): operations upon objects.
  dataEvents: /^\w*(?:Object(?!LockConfiguration)|Multipart|UploadPart)/u,
  clientOptions: (endpoint) => ({ forcePathStyle: endpoint !== null, followRegionRedirects: false }),
  // The list of an account's buckets is kept in us-east-1 and copied to the other regions, where the creation date of a
  // bucket becomes that of its last change (S3 API reference, Bucket: "This date can change"). By that date a bucket is
  // told from a later one of its name. Other partitions: the region of the session.
  home: (operation, region) =>
    operation === 'ListBuckets' && !/^(?:cn|us-gov|us-iso[a-z]?|eu-isoe|eusc)-/u.test(region) ? 'us-east-1' : region,
};
