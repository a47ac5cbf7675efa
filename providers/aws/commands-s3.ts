/** The S3 client and exactly the operations that aiplan uses; loaded lazily, as one chunk. */
import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';

export const Client = S3Client;
export const commands = {
  HeadBucket: HeadBucketCommand,
};
