import { look, send, until, type Program } from '../../../src/domain/call.ts';
import { UserError } from '../../../src/base/error.ts';
import { isAfter, momentOf } from '../../../src/base/time.ts';
import type { Json } from '../../../src/base/json.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import type { CaptureLimits, CaptureOperations, StepContext } from '../../../src/domain/resource-type.ts';
import { bucketNameProblem, isBucketName } from '../rules/bucket-values.ts';
import { closedPolicy, isClosed, openedPolicy } from '../objects/closing.ts';
import { owned, putCall, readOf, removeCall } from '../configuration/configure.ts';
import { isUntouched } from './remove.ts';
import { bucketRestorable } from './restorable.ts';
import { restoreBucket } from './restore.ts';
import { subResource, subResources } from '../configuration/sub-resources.ts';
import { largestCopy, takeCapture, verifyCapture } from './take.ts';
import { counted, numberOf, objectOf, objectsOf, sized, textOf } from '../configuration/values.ts';
import type { CapturePlan } from '../../../src/domain/capture-plan.ts';

const day = 24 * 60 * 60 * 1000;
const instead =
  'copy it with S3 Batch Operations or replication and empty it with a lifecycle rule first, or write accept_loss';

/** Why a bucket cannot be copied within the limits, or null. An unknown size is not feasible (law 9). */
function impossible(live: LiveResource, limits: CaptureLimits): string | null {
  const { observed, properties, binding } = live;
  const versions = numberOf(observed['versions']);
  const markers = numberOf(observed['deleteMarkers']);
  const bytes = numberOf(observed['bytes']);
  if (versions === undefined || markers === undefined || bytes === undefined) {
    const said = textOf(observed['versions']);
    return said === undefined || said === 'unknown'
      ? `what "${live.identity}" holds could not be counted`
      : `"${live.identity}" holds ${said} versions, and counting stops there: ${instead}`;
  }
  if (versions + markers > limits.maxObjects)
    return `"${live.identity}" holds ${counted(versions)} versions and ${counted(markers)} delete markers, more than the limit of ${counted(limits.maxObjects)}: ${instead}`;
  if (bytes > limits.maxBytes)
    return `"${live.identity}" holds ${sized(bytes)}, more than the limit of ${sized(limits.maxBytes)}: ${instead}`;
  const archived = numberOf(observed['archived']) ?? 0;
  if (archived > 0)
    return `${counted(archived)} versions of "${live.identity}" lie in an archive class and cannot be copied: restore them with RestoreObject first, or write accept_loss`;
  if ((numberOf(observed['largestObject']) ?? 0) > largestCopy)
    return `"${live.identity}" holds objects of more than ${sized(largestCopy)}, which one copy cannot take: ${instead}`;
  const kept =
    versions === 0 ? null : retainedUntil(properties['ObjectLockConfiguration'], textOf(observed['lastWrite']));
  const now = textOf(observed['countedAt']);
  if (kept !== null && isAfter(kept, now))
    return `versions of "${live.identity}" may be held by Object Lock until ${kept}: nobody can delete them before`;
  return textOf(binding['versioning'])?.includes('MFA') === true
    ? `deleting versions of "${live.identity}" needs the root user's MFA device`
    : null;
}

/** When the default retention of the newest version ends, as ISO time, or that nobody knows; null without one. */
function retainedUntil(configuration: Json | undefined, lastWrite: string | undefined): string | null {
  const rule = objectOf(objectOf(objectOf(configuration)['Rule'])['DefaultRetention']);
  const days = numberOf(rule['Days']) ?? (numberOf(rule['Years']) ?? 0) * 365;
  if (days === 0 || lastWrite === undefined) return null;
  const written = momentOf(lastWrite);
  return written === undefined ? 'an unknown time' : new Date(written + days * day).toISOString();
}

function plan(
  live: LiveResource,
  action: 'update' | 'replace' | 'delete',
  _changes: readonly unknown[],
  limits: CaptureLimits,
): CapturePlan {
  if (action === 'update')
    return {
      how: 'config',
      what: `the whole configuration of "${live.identity}" (${subResources.length} parts)`,
      late: false,
      loses: [],
    };
  const reason = impossible(live, limits);
  const versions = numberOf(live.observed['versions']) ?? 0;
  const aclsKept =
    objectsOf(objectOf(live.properties['OwnershipControls'])['Rules'])[0]?.['ObjectOwnership'] ===
    'BucketOwnerEnforced';
  const versioned = live.binding['versioning'] !== 'never' && live.binding['versioning'] !== undefined;
  const loses = [
    isBucketName(live.identity)
      ? `the name "${live.identity}": until it is restored anybody may take it, and AWS may hold it back for hours`
      : `the name "${live.identity}" for good: S3 gives out no name like it any more, so that its contents come back only under another (aiplan captures restore)`,
    'last-modified times of the objects',
    'multipart uploads in progress',
    ...(versioned
      ? ['version ids; a version and a delete marker written within the same second may change places']
      : []),
    ...(aclsKept ? [] : ['access control lists of single objects']),
    "encryption of single objects with another key than the bucket's default",
    'S3 Metadata tables and attribute-based access control',
    ...(live.binding['owner'] === undefined ? [] : ['the tie to its CloudFormation stack']),
  ];
  if (reason !== null)
    return {
      how: 'none',
      what: 'nothing',
      late: false,
      loses: [...loses, `every object of "${live.identity}"`],
      impossible: reason,
    };
  return {
    how: 'copy',
    what: `the whole configuration and a copy of ${counted(versions)} versions (${sized(numberOf(live.observed['bytes']) ?? 0)}) in the capture bucket`,
    late: true,
    loses,
  };
}

const policyRow = subResource('policy');

/**
 * Closes the bucket to writes with a statement that denies them to everybody; what is there stays readable and
 * deletable.
 */
function* quiesce(context: StepContext): Program {
  const bucket = context.live?.identity ?? '';
  const target = owned(bucket, context.account);
  const current = yield* look(readOf(policyRow, bucket, context.account), null);
  const policy = closedPolicy(textOf(current?.['Policy']) ?? null, bucket, context.region);
  yield* send({ ...putCall(policyRow, target, policy), purpose: `close ${bucket} to writes` });
  yield* until({
    what: `${bucket} closed to writes`,
    agree: 2,
    read: readOf(policyRow, bucket, context.account),
    judge: (answer) => (isClosed(textOf(answer?.['Policy']) ?? null) ? { state: 'done' } : { state: 'pending' }),
  });
}

/**
 * Opens the bucket again: the policy as it was. Whether there was one is known from `context.live`, so that the call is
 * the one that the plan listed. Throws UserError `bucket-changed` where somebody else changed the policy meanwhile.
 */
function* unquiesce(context: StepContext): Program {
  const bucket = context.live?.identity ?? '';
  const target = owned(bucket, context.account);
  const had = context.live?.binding['policy'] !== 'none';
  const preview = closedPolicy(
    had
      ? JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            { Sid: 'Original', Effect: 'Deny', Principal: '*', Action: 's3:GetObjectTorrent', Resource: `${bucket}/*` },
          ],
        })
      : null,
    bucket,
    context.region,
  );
  const current =
    textOf((yield* look(readOf(policyRow, bucket, context.account), { Policy: preview }))?.['Policy']) ?? null;
  if (!isClosed(current)) return;
  const original = openedPolicy(current);
  if ((original !== null) !== had) {
    throw new UserError('bucket-changed', `the policy of "${bucket}" was changed while aiplan kept the bucket closed`, {
      help: 'Remove the statement "AiplanClosedToWrites" from its policy by hand.',
    });
  }
  yield* send({
    ...(original === null ? removeCall(policyRow, target) : putCall(policyRow, target, original)),
    purpose: `open ${bucket} to writes again`,
  });
}

/**
 * The configuration that the contents of a bucket bring along under another name: nothing that opens it, deletes from
 * it, or names it or others.
 */
const ALONG = new Set([
  'Tags',
  'VersioningConfiguration',
  'BucketEncryption',
  'OwnershipControls',
  'ObjectLockEnabled',
]);
const CLOSED = { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true };

/** Another bucket with the same objects, which nobody but its account can read. */
function apart(live: LiveResource, as: string | null): LiveResource | { readonly blocked: string } {
  if (as === null) return { blocked: 'a bucket needs a name: --as NAME' };
  if (!isBucketName(as)) return { blocked: bucketNameProblem(as) };
  const along = Object.fromEntries(Object.entries(live.properties).filter(([name]) => ALONG.has(name)));
  return {
    ...live,
    identity: as,
    properties: {
      ...along,
      ...(live.properties['AccessControl'] === undefined ? {} : { AccessControl: 'Private' }),
      BucketName: as,
      PublicAccessBlockConfiguration: CLOSED,
    },
  };
}

export const capture: CaptureOperations = {
  plan,
  quiesce,
  unquiesce,
  take: takeCapture,
  verify: verifyCapture,
  untouched: isUntouched,
  restorable: bucketRestorable,
  apart,
  restore: restoreBucket,
};
