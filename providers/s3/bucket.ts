import { look, type Program } from '../../src/model/call.ts';
import { AwsError } from '../../src/model/error.ts';
import type { ResourceType, StepContext } from '../../src/model/resource-type.ts';
import { bucketNameProblem, isBucketName } from './bucket-values.ts';
import { capture } from './capture.ts';
import { owned, updateBucket } from './configure.ts';
import { bucketVisible, createBucket, isOwn } from './create.ts';
import { readBuckets } from './read.ts';
import { bucketGone, removeBucket } from './remove.ts';
import { rules } from './rules.ts';
import { storeOf } from './manifest.ts';
import { objectOf, textOf } from './values.ts';

function* preflight(context: StepContext, action: 'create' | 'update' | 'replace' | 'delete'): Program<readonly string[]> {
  const live = context.live;
  if (action === 'create' || live === null) return yield* preflightCreate(context);
  const problems: string[] = [];
  const owner = textOf(live.binding['owner']);
  if (owner !== undefined) problems.push(`"${live.identity}" is managed by the ${owner}; change it there.`);
  const region = textOf(live.attributes['Region']);
  if (region !== undefined && region !== context.region) problems.push(`"${live.identity}" is in ${region}, not in ${context.region}.`);
  if (live.identity === storeOf(context)) problems.push(`"${live.identity}" is the capture bucket; it is never the target of a plan.`);
  const versioned = objectOf(context.desired['VersioningConfiguration'])['Status'] === 'Enabled';
  if (action === 'update' && context.desired['ObjectLockEnabled'] === true && live.properties['ObjectLockEnabled'] !== true && !versioned) {
    problems.push(`Object Lock needs versioning: set VersioningConfiguration of "${live.identity}" to Enabled too.`);
  }
  if (action === 'delete' && textOf(live.binding['versioning'])?.includes('MFA') === true) problems.push(`Deleting versions of "${live.identity}" needs the root user's MFA device.`);
  return problems;
}

function* preflightCreate(context: StepContext): Program<readonly string[]> {
  const name = textOf(context.desired['BucketName']) ?? '';
  if (!isBucketName(name)) return [bucketNameProblem(name)];
  try {
    const head = yield* look({ service: 's3', operation: 'HeadBucket', input: owned(name, context.account), absent: ['NotFound', 'NoSuchBucket'] }, null);
    return head === null || (yield* isOwn(context, name)) ? [] : [`The bucket "${name}" exists already.`];
  } catch (error) {
    if (error instanceof AwsError && (error.code === 'AccessDenied' || error.code === 'PermanentRedirect')) return [`The bucket name "${name}" is taken by another account or in another region.`];
    throw error;
  }
}

const READ = [
  's3:GetAccelerateConfiguration', 's3:GetAnalyticsConfiguration', 's3:GetBucketAcl', 's3:GetBucketCORS', 's3:GetBucketLogging',
  's3:GetBucketNotification', 's3:GetBucketObjectLockConfiguration', 's3:GetBucketOwnershipControls', 's3:GetBucketPolicy',
  's3:GetBucketPublicAccessBlock', 's3:GetBucketRequestPayment', 's3:GetBucketTagging', 's3:GetBucketVersioning', 's3:GetBucketWebsite',
  's3:GetEncryptionConfiguration', 's3:GetIntelligentTieringConfiguration', 's3:GetInventoryConfiguration', 's3:GetLifecycleConfiguration',
  's3:GetMetricsConfiguration', 's3:GetReplicationConfiguration', 's3:ListAllMyBuckets', 's3:ListBucket', 's3:ListBucketVersions',
];
const CONFIGURE = [
  's3:PutAccelerateConfiguration', 's3:PutAnalyticsConfiguration', 's3:PutBucketAcl', 's3:PutBucketCORS', 's3:PutBucketLogging',
  's3:PutBucketNotification', 's3:PutBucketObjectLockConfiguration', 's3:PutBucketOwnershipControls', 's3:PutBucketPublicAccessBlock',
  's3:PutBucketTagging', 's3:PutBucketVersioning', 's3:PutBucketWebsite', 's3:DeleteBucketWebsite', 's3:PutEncryptionConfiguration',
  's3:PutIntelligentTieringConfiguration', 's3:PutInventoryConfiguration', 's3:PutLifecycleConfiguration', 's3:PutMetricsConfiguration',
  's3:PutReplicationConfiguration', 's3:TagResource', 'iam:PassRole',
];

/** AWS::S3::Bucket. IAM names from the Service Authorization Reference; they differ from the operations' in many places. */
export const bucket: ResourceType = {
  type: 'AWS::S3::Bucket',
  service: 's3',
  managed: true,
  rules,
  read: readBuckets,
  readsEach: true,
  create: createBucket,
  update: updateBucket,
  remove: removeBucket,
  settle: bucketVisible,
  gone: bucketGone,
  capture,
  preflight,
  iam: {
    read: READ,
    write: ['s3:CreateBucket', ...CONFIGURE, 's3:DeleteBucket', 's3:DeleteObject', 's3:DeleteObjectVersion', 's3:AbortMultipartUpload', 's3:ListBucketMultipartUploads'],
    capture: ['s3:PutBucketPolicy', 's3:DeleteBucketPolicy', 's3:GetObject', 's3:GetObjectVersion', 's3:GetObjectVersionTagging', 's3:GetObjectRetention', 's3:GetObjectLegalHold', 's3:PutObject', 's3:PutObjectTagging'],
    restore: ['s3:CreateBucket', ...CONFIGURE, 's3:PutBucketPolicy', 's3:DeleteBucketPolicy', 's3:PutBucketRequestPayment', 's3:GetObject', 's3:GetObjectTagging', 's3:GetObjectVersion', 's3:GetObjectVersionTagging', 's3:ListBucketVersions', 's3:PutObject', 's3:PutObjectTagging', 's3:DeleteObject'],
  },
};
