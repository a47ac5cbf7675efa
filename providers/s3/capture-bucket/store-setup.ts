import { send, type Program } from '../../../src/domain/call.ts';
import { owned, putCall } from '../configuration/configure.ts';
import { subResource } from '../configuration/sub-resources.ts';
import { compact } from '../configuration/values.ts';

/** The bucket of a shared store that is to be made. */
export interface StoreBucketPlace {
  readonly bucket: string;
  readonly account: string;
  readonly region: string;
}

/**
 * Makes the bucket of a shared store: versions kept, nothing public, access control lists off (S3's default since April
 * 2023). Answers what was done. It touches no bucket that is there: CreateBucket refuses a name that is taken. Throws
 * AwsError.
 */
export function* makeStoreBucket({ bucket, account, region }: StoreBucketPlace): Program<readonly string[]> {
  yield* send({
    service: 's3',
    operation: 'CreateBucket',
    identity: bucket,
    retry: 'named',
    purpose: `create the bucket of the store, ${bucket}`,
    input: compact({
      Bucket: bucket,
      ObjectOwnership: 'BucketOwnerEnforced',
      CreateBucketConfiguration: region === 'us-east-1' ? undefined : { LocationConstraint: region },
    }),
  });
  const target = owned(bucket, account);
  yield* send(putCall(subResource('versioning'), target, { Status: 'Enabled' }));
  yield* send(
    putCall(subResource('publicAccessBlock'), target, {
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    }),
  );
  return [`Created the bucket "${bucket}" of the store; it keeps versions, and nothing in it can be public.`];
}
