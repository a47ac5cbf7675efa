import { look, type Program } from '../../../src/domain/call.ts';
import { AwsError, UserError } from '../../../src/base/error.ts';
import type { Json } from '../../../src/base/json.ts';
import type { Restorable, StepContext } from '../../../src/domain/resource-type.ts';
import { keysRestorable, type NeededKey } from '../../aws/values/keys.ts';
import { owned, readDocument, readOf } from '../configuration/configure.ts';
import { checkCopies, copySentences } from '../objects/copies.ts';
import { isOwn } from './create.ts';
import { leftOut } from './left-out.ts';
import { readManifest, storeOf } from '../objects/manifest.ts';
import { isBucketName } from '../rules/bucket-values.ts';
import { subResource } from '../configuration/sub-resources.ts';
import { objectOf, objectsOf, textOf } from '../configuration/values.ts';
import type { Capture } from '../../../src/domain/capture-plan.ts';

/** Whether a bucket could be made again and filled now: its name, its manifest and what lies beside it. Reads only. */
export function* bucketRestorable(context: StepContext, capture: Capture | null): Program<Restorable> {
  const bucket = context.live?.identity ?? '';
  // Whether copies can be kept is asked of the capture bucket once for all steps of a run, and not here again.
  const problems =
    capture === null
      ? []
      : [
          ...(yield* storeProblems(context)),
          ...(yield* nameProblems(context, bucket)),
          ...(yield* manifestProblems(context, capture)),
        ];
  const keys = yield* keysRestorable(
    [...keysIn(context.live?.properties['BucketEncryption'], bucket), ...(yield* storeKeys(context))],
    capture !== null,
  );
  problems.push(...keys.problems);
  const logs = textOf(objectOf(context.live?.properties['LoggingConfiguration'])['DestinationBucketName']);
  return {
    problems,
    losses: [
      ...keys.losses,
      ...(context.apart === undefined ? [] : leftOut(objectOf(capture?.extras['configuration']))),
      ...(logs === undefined || logs === bucket || (context.returning ?? []).includes(logs) || (yield* isThere(logs))
        ? []
        : [`its access logging: "${logs}", where the logs go, does not exist, and S3 would refuse it`]),
    ],
  };
}

/** The key that a default encryption names, in CloudFormation's shape or in S3's; none where S3 or AWS has the key. */
function keysIn(encryption: Json | undefined, of: string): readonly NeededKey[] {
  const shape = objectOf(encryption);
  const rules = [...objectsOf(shape['ServerSideEncryptionConfiguration']), ...objectsOf(shape['Rules'])];
  return rules.flatMap((rule) => {
    const set = objectOf(rule['ServerSideEncryptionByDefault'] ?? rule['ApplyServerSideEncryptionByDefault']);
    const key = textOf(set['KMSMasterKeyID']);
    return key === undefined || !(textOf(set['SSEAlgorithm']) ?? '').startsWith('aws:kms') ? [] : [{ key, of }];
  });
}

/**
 * The key of the copies: the capture bucket encrypts whatever is put into it. One whose encryption nobody may read
 * names none.
 */
function* storeKeys(context: StepContext): Program<readonly NeededKey[]> {
  const store = storeOf(context);
  try {
    return keysIn(
      (yield* readDocument(subResource('encryption'), store, context.account)) ?? undefined,
      `the capture bucket "${store}"`,
    );
  } catch (error) {
    if (error instanceof AwsError && (error.kind === 'denied' || error.code === 'NoSuchBucket')) return [];
    throw error;
  }
}

/** Where the copies lie. */
function* storeProblems(context: StepContext): Program<readonly string[]> {
  const store = storeOf(context);
  const versioning = yield* look({
    ...readOf(subResource('versioning'), store, context.account),
    absent: ['NoSuchBucket'],
  });
  if (versioning === null) return [`The capture bucket "${store}" does not exist; run \`aiplan setup\`.`];
  return versioning['Status'] === 'Enabled'
    ? []
    : [`The capture bucket "${store}" does not keep versions; run \`aiplan setup\`.`];
}

/** A restore completes a half emptied or half restored bucket; the restore refuses a stranger's objects in it. */
function* nameProblems(context: StepContext, bucket: string): Program<readonly string[]> {
  if (context.remains?.identity === bucket) return [];
  try {
    const head = yield* look(
      {
        service: 's3',
        operation: 'HeadBucket',
        input: owned(bucket, context.account),
        absent: ['NotFound', 'NoSuchBucket'],
      },
      null,
    );
    if (head === null) return isBucketName(bucket) ? [] : [`S3 gives out no name like "${bucket}" any more`];
    return (yield* isOwn(context, bucket)) || (yield* isRest(context, bucket))
      ? []
      : [`The bucket "${bucket}" exists already.`];
  } catch (error) {
    if (
      error instanceof AwsError &&
      (error.code === 'AccessDenied' ||
        error.code === 'PermanentRedirect' ||
        error.httpStatus === 403 ||
        error.httpStatus === 301)
    )
      return [`The bucket name "${bucket}" is taken by another account or in another region.`];
    throw error;
  }
}

/** Something that an earlier try of the same restore made. */
function* isRest(context: StepContext, bucket: string): Program<boolean> {
  const tags = objectsOf((yield* readDocument(subResource('tagging'), bucket, context.account)) ?? undefined);
  return tags.some((tag) => tag['Key'] === 'aiplan:op' && (context.tries ?? []).includes(textOf(tag['Value']) ?? ''));
}

/** The list of the copies is there, as it was written, and so is each copy. */
function* manifestProblems(context: StepContext, capture: Capture): Program<readonly string[]> {
  if (capture.how !== 'copy') return [];
  try {
    const checked = yield* checkCopies(
      storeOf(context),
      context.account,
      capture,
      yield* readManifest(context, capture),
    );
    const lost = checked === null ? null : copySentences(checked).lost;
    return lost === null ? [] : [`The capture bucket does not hold what was captured: ${lost}.`];
  } catch (error) {
    if (error instanceof UserError) return [error.message];
    throw error;
  }
}

/** A bucket that cannot be looked into is there. */
function* isThere(bucket: string): Program<boolean> {
  try {
    return (
      (yield* look(
        { service: 's3', operation: 'HeadBucket', input: { Bucket: bucket }, absent: ['NotFound', 'NoSuchBucket'] },
        {},
      )) !== null
    );
  } catch (error) {
    if (error instanceof AwsError && error.kind === 'denied') return true;
    throw error;
  }
}
