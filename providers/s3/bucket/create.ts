import { look, send, until, type Program } from '../../../src/domain/call.ts';
import { AwsError, UserError } from '../../../src/base/error.ts';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import type { StepContext } from '../../../src/domain/resource-type.ts';
import { owned, readDocument, rowsOf, writeRows } from '../configuration/configure.ts';
import { subResource } from '../configuration/sub-resources.ts';
import { compact, isPreviewed, objectOf, objectsOf, previewed, textOf } from '../configuration/values.ts';

/** Makes the bucket with its ownership tags in the same call, then writes every sub-resource that the plan names. */
export function* createBucket(context: StepContext): Program<{ readonly identity: string }> {
  const { desired } = context;
  const bucket = textOf(desired['BucketName']);
  if (bucket === undefined)
    throw new UserError('name-missing', 'a bucket needs a BucketName: names are taken worldwide, so none is invented', {
      where: context.step,
    });
  const lock = desired['ObjectLockEnabled'] === true;
  const ownership = textOf(objectsOf(objectOf(desired['OwnershipControls'])['Rules'])[0]?.['ObjectOwnership']);
  const tags = { ...objectOf(desired['Tags']), ...context.ownership };
  const existing = yield* headBucket(context, bucket, previewed);
  if (existing === null || isPreviewed(existing)) yield* makeBucket(context, bucket, tags, lock, ownership);
  else if (!(yield* isOwn(context, bucket))) throw taken(bucket, 'it exists already in this account');
  const properties = new Set(
    Object.keys(desired).filter((name) => desired[name] !== undefined && desired[name] !== null),
  );
  // Every bucket is private to begin with, and one that owns its objects refuses any list.
  const tagged = new Set([
    'BucketName',
    'Tags',
    'OwnershipControls',
    ...(desired['AccessControl'] === 'Private' ? ['AccessControl'] : []),
    ...(objectOf(desired['ObjectLockConfiguration'])['Rule'] === undefined
      ? ['ObjectLockEnabled', 'ObjectLockConfiguration']
      : []),
  ]);
  const rows = rowsOf(new Set([...properties].filter((name) => !tagged.has(name))));
  yield* writeRows(context, bucket, rows, NEW_BUCKET, false);
  return { identity: bucket };
}

/** The settings of a new bucket on which the order of the writes depends (S3 User Guide, since April 2023). */
const NEW_BUCKET: JsonObject = {
  PublicAccessBlockConfiguration: {
    BlockPublicAcls: true,
    BlockPublicPolicy: true,
    IgnorePublicAcls: true,
    RestrictPublicBuckets: true,
  },
};

/**
 * The head of a bucket of this account; null where nobody has the name. Throws UserError `name-taken` for a stranger's.
 */
export function* headBucket(
  context: StepContext,
  bucket: string,
  preview: JsonObject | null,
): Program<JsonObject | null> {
  try {
    return yield* look(
      {
        service: 's3',
        operation: 'HeadBucket',
        input: owned(bucket, context.account),
        absent: ['NotFound', 'NoSuchBucket'],
      },
      preview,
    );
  } catch (error) {
    if (
      error instanceof AwsError &&
      (error.code === 'AccessDenied' ||
        error.code === 'PermanentRedirect' ||
        error.httpStatus === 403 ||
        error.httpStatus === 301)
    ) {
      throw taken(bucket, 'another account or region has it');
    }
    throw error;
  }
}

/**
 * CreateBucket with its tags; waits until the bucket can be seen. Throws UserError `name-taken` or `name-held-back`.
 */
export function* makeBucket(
  context: StepContext,
  bucket: string,
  tags: JsonObject,
  lock: boolean,
  ownership: string | undefined,
): Program {
  const tagSet = Object.entries(tags)
    .filter(([, value]) => typeof value === 'string')
    .map(([Key, Value]) => ({ Key, Value: Value ?? '' }));
  try {
    yield* send({
      service: 's3',
      operation: 'CreateBucket',
      identity: bucket,
      retry: 'named',
      purpose: `create bucket ${bucket}`,
      input: compact({
        Bucket: bucket,
        ObjectLockEnabledForBucket: lock ? true : undefined,
        ObjectOwnership: ownership,
        CreateBucketConfiguration: locationAnd(context.region, tagSet),
      }),
    });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (error.kind === 'exists')
      throw taken(
        bucket,
        error.code === 'BucketAlreadyOwnedByYou' ? 'it exists already in this account' : 'another account has it',
      );
    if (error.code === 'OperationAborted') {
      throw new UserError(
        'name-held-back',
        `AWS does not give the name "${bucket}" out yet: it was freed a short while ago`,
        { help: 'Try the same again later; it can take hours. Nothing was changed.', cause: error },
      );
    }
    throw error;
  }
  yield* bucketVisible(bucket);
}

/** us-east-1 is the region that has no constraint (S3 API reference, CreateBucketConfiguration). */
function locationAnd(region: string, tags: readonly Json[]): JsonObject | undefined {
  const configuration = compact({
    LocationConstraint: region === 'us-east-1' ? undefined : region,
    Tags: tags.length === 0 ? undefined : tags,
  });
  return Object.keys(configuration).length === 0 ? undefined : configuration;
}

/** Waits until a new bucket answers, several times in a row. */
export function* bucketVisible(identity: string): Program {
  yield* until({
    what: `bucket ${identity}`,
    agree: 2,
    read: { service: 's3', operation: 'HeadBucket', input: { Bucket: identity }, absent: ['NotFound', 'NoSuchBucket'] },
    judge: (answer) => (answer === null ? { state: 'pending', detail: 'not visible yet' } : { state: 'done' }),
  });
}

/** Whether this very step made the bucket, before it was interrupted: it carries the step's `aiplan:op` tag. */
export function* isOwn(context: StepContext, bucket: string): Program<boolean> {
  const tags = yield* readDocument(subResource('tagging'), bucket, context.account);
  return objectsOf(tags ?? undefined).some((tag) => tag['Key'] === 'aiplan:op' && tag['Value'] === context.op);
}

export const taken = (bucket: string, why: string): UserError =>
  new UserError('name-taken', `the bucket name "${bucket}" is taken: ${why}`, {
    help: 'Choose another BucketName; bucket names are unique over all accounts.',
  });
