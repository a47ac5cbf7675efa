import type { ProxiedService } from '../protocol/proxied.ts';
import type { S3Correction } from '../protocol/correction.ts';
import { bucketTags } from './bucket-tags.ts';
import { bucketCorrections, logging, objectAges } from './buckets.ts';
import { conditionalWrites } from './conditional.ts';
import { copyConditions } from './copy-condition.ts';
import { deleteObjects } from './delete-objects.ts';
import { policies } from './policy.ts';
import { objectKeys } from './object-keys.ts';
import { bucketRefusals } from './refusals.ts';
import { rootNames, subResources, wholeDocuments } from './sub-resources.ts';
import { suspended } from './suspended.ts';

/** In order: a correction sees what the ones above it made of a request. */
export const s3Corrections: readonly S3Correction[] = [
  ...conditionalWrites,
  ...copyConditions,
  ...bucketCorrections,
  ...bucketTags,
  ...policies,
  ...objectKeys,
  ...subResources,
  ...wholeDocuments,
  ...rootNames,
  ...logging,
  ...bucketRefusals,
  deleteObjects,
  ...suspended,
  ...objectAges,
];

/** "Error responses" (S3 API reference). */
export const s3: ProxiedService = {
  throttled: ['SlowDown', 503],
  expired: ['ExpiredToken', 400],
  refuses: {
    dependency: [[/^DeleteBucket$/u, 'BucketNotEmpty', 409]],
    quota: [[/^CreateBucket$/u, 'TooManyBuckets', 400]],
    capacity: [],
  },
  otherwise: { dependency: 'OperationAborted', quota: 'TooManyBuckets', capacity: 'ServiceUnavailable' },
  absent: [[/./u, 'NoSuchBucket', 404]],
};
