import type { ResourceType } from '../../../src/domain/resource-type.ts';
import { preflightBucket } from './preflight.ts';
import { capture } from './capture.ts';
import { updateBucket } from '../configuration/configure.ts';
import { bucketVisible, createBucket } from './create.ts';
import { readBuckets } from './read.ts';
import { bucketGone, removeBucket } from './remove.ts';
import { rules } from '../rules/rules.ts';

const READ = [
  's3:GetAccelerateConfiguration',
  's3:GetAnalyticsConfiguration',
  's3:GetBucketAcl',
  's3:GetBucketCORS',
  's3:GetBucketLogging',
  's3:GetBucketNotification',
  's3:GetBucketObjectLockConfiguration',
  's3:GetBucketOwnershipControls',
  's3:GetBucketPolicy',
  's3:GetBucketPublicAccessBlock',
  's3:GetBucketRequestPayment',
  's3:GetBucketTagging',
  's3:GetBucketVersioning',
  's3:GetBucketWebsite',
  's3:GetEncryptionConfiguration',
  's3:GetIntelligentTieringConfiguration',
  's3:GetInventoryConfiguration',
  's3:GetLifecycleConfiguration',
  's3:GetMetricsConfiguration',
  's3:GetReplicationConfiguration',
  's3:ListAllMyBuckets',
  's3:ListBucket',
  's3:ListBucketVersions',
];
const CONFIGURE = [
  's3:PutAccelerateConfiguration',
  's3:PutAnalyticsConfiguration',
  's3:PutBucketAcl',
  's3:PutBucketCORS',
  's3:PutBucketLogging',
  's3:PutBucketNotification',
  's3:PutBucketObjectLockConfiguration',
  's3:PutBucketOwnershipControls',
  's3:PutBucketPublicAccessBlock',
  's3:PutBucketTagging',
  's3:PutBucketVersioning',
  's3:PutBucketWebsite',
  's3:DeleteBucketWebsite',
  's3:PutEncryptionConfiguration',
  's3:PutIntelligentTieringConfiguration',
  's3:PutInventoryConfiguration',
  's3:PutLifecycleConfiguration',
  's3:PutMetricsConfiguration',
  's3:PutReplicationConfiguration',
  's3:TagResource',
  'iam:PassRole',
];

/**
 * AWS::S3::Bucket. IAM names from the Service Authorization Reference; they differ from the operations' in many places.
 */
export const bucket: ResourceType = {
  type: 'AWS::S3::Bucket',
  service: 's3',
  managed: true,
  users: 'related',
  rules,
  read: readBuckets,
  readsEach: true,
  create: createBucket,
  update: updateBucket,
  remove: removeBucket,
  waitUntilStable: bucketVisible,
  gone: bucketGone,
  capture,
  preflight: preflightBucket,
  iam: {
    read: READ,
    write: [
      's3:CreateBucket',
      ...CONFIGURE,
      's3:DeleteBucket',
      's3:DeleteObject',
      's3:DeleteObjectVersion',
      's3:AbortMultipartUpload',
      's3:ListBucketMultipartUploads',
    ],
    capture: [
      's3:PutBucketPolicy',
      's3:DeleteBucketPolicy',
      's3:GetObject',
      's3:GetObjectVersion',
      's3:GetObjectVersionTagging',
      's3:GetObjectRetention',
      's3:GetObjectLegalHold',
      's3:PutObject',
      's3:PutObjectTagging',
    ],
    restore: [
      's3:CreateBucket',
      ...CONFIGURE,
      's3:PutBucketPolicy',
      's3:DeleteBucketPolicy',
      's3:PutBucketRequestPayment',
      's3:GetObject',
      's3:GetObjectTagging',
      's3:GetObjectVersion',
      's3:GetObjectVersionTagging',
      's3:ListBucketVersions',
      's3:PutObject',
      's3:PutObjectTagging',
      's3:DeleteObject',
      'kms:DescribeKey',
    ],
  },
};
