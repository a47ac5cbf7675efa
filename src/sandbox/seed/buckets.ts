import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketLoggingCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type BucketLocationConstraint,
  type CORSRule,
  type LifecycleRule,
  type LoggingEnabled,
} from '@aws-sdk/client-s3';
import { before, fill, type Fixture, type FixtureBucket, type FixtureObjects } from './fixture.ts';
import { ageOf, tagList, type SeedContext } from './context.ts';

/**
 * Makes the buckets, one after the other (logging names a bucket that must be there), with configuration and objects.
 */
export async function seedBuckets(context: SeedContext, { buckets = {} }: Fixture): Promise<void> {
  for (const [name, bucket] of Object.entries(buckets)) {
    context.names[name] = bucket.Bucket;
    await seedBucket(context, bucket);
  }
}

async function seedBucket(context: SeedContext, fixture: FixtureBucket): Promise<void> {
  const { s3, region } = context;
  const { Bucket, age, tags, versioning, policy, lifecycle, cors, logging, objects } = fixture;
  await s3.send(
    new CreateBucketCommand({
      Bucket,
      ...(region === 'us-east-1'
        ? {}
        : { CreateBucketConfiguration: { LocationConstraint: region as BucketLocationConstraint } }),
    }),
  );
  if (versioning !== undefined)
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: versioning } }));
  if (tags !== undefined) await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: tagList(tags) } }));
  if (lifecycle !== undefined)
    await s3.send(
      new PutBucketLifecycleConfigurationCommand({
        Bucket,
        LifecycleConfiguration: { Rules: lifecycle as unknown as LifecycleRule[] },
      }),
    );
  if (cors !== undefined)
    await s3.send(
      new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: cors as unknown as CORSRule[] } }),
    );
  if (logging !== undefined)
    await s3.send(
      new PutBucketLoggingCommand({
        Bucket,
        BucketLoggingStatus: { LoggingEnabled: logging as unknown as LoggingEnabled },
      }),
    );
  if (objects !== undefined) await seedObjects(context, Bucket, objects);
  if (policy !== undefined)
    await s3.send(
      new PutBucketPolicyCommand({
        Bucket,
        Policy: fill(JSON.stringify({ Version: '2012-10-17', Statement: policy }), context.names),
      }),
    );
  ageOf(context, `bucket/${Bucket}`, age);
}

/** Text that is the same in every run and differs from object to object and from version to version. */
const content = (key: string, version: number, bytes: number): string =>
  `${key} ${version}\n`.repeat(Math.ceil(bytes / (key.length + 3))).slice(0, bytes);

async function seedObjects(context: SeedContext, Bucket: string, objects: FixtureObjects): Promise<void> {
  const { s3, now } = context;
  const { count, prefix, suffix, bytes, age, extraVersions, deleted = 0, metadata } = objects;
  const oldest = before(now, age).getTime();
  for (let index = 0; index < count; index += 1) {
    const Key = `${prefix}${String(index + 1).padStart(3, '0')}${suffix}`;
    const versions =
      1 + (extraVersions !== undefined && index % extraVersions.every === 0 ? extraVersions.versions : 0);
    for (let version = 1; version <= versions; version += 1) {
      const { VersionId = 'null' } = await s3.send(
        new PutObjectCommand({
          Bucket,
          Key,
          Body: content(Key, version, bytes + 37 * index),
          ContentType: 'application/octet-stream',
          ...(metadata === undefined ? {} : { Metadata: metadata }),
        }),
      );
      const time = new Date(
        oldest + ((now.getTime() - oldest) * (index + version / (versions + 1))) / (count + 1),
      ).toISOString();
      context.ages.push({ id: `object/${Bucket}/${Key}?${VersionId}`, time });
    }
    if (index >= count - deleted) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
  }
}
