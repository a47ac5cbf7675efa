import { look, type Program } from '../../../src/domain/call.ts';
import { AwsError } from '../../../src/base/error.ts';
import { actionsOf } from '../../aws/services/index.ts';
import { isAfter } from '../../../src/base/time.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import type { Preflight, StepContext } from '../../../src/domain/resource-type.ts';
import { bucketNameProblem, isBucketName } from '../rules/bucket-values.ts';
import { givenBy } from '../configuration/acl.ts';
import { owned, propertyOf, readOf, rowsOf } from '../configuration/configure.ts';
import { listEntries } from '../objects/contents.ts';
import { isOwn } from './create.ts';
import { storeOf } from '../objects/manifest.ts';
import { denialOf, type Asking } from '../rules/policy-denials.ts';
import { subResource } from '../configuration/sub-resources.ts';
import { objectOf, objectsOf, textOf } from '../configuration/values.ts';

/** Problems of a step on a bucket, before the first mutation of the run; one sentence each. Reads only. */
export const preflightBucket: Preflight = function* (context, action) {
  const live = context.live;
  if (action === 'create' || live === null) return yield* preflightCreate(context);
  const problems: string[] = [];
  const owner = textOf(live.binding['owner']);
  if (owner !== undefined) problems.push(`"${live.identity}" is managed by the ${owner}; change it there.`);
  const region = textOf(live.attributes['Region']);
  const isElsewhere = region !== undefined && region !== context.region;
  if (isElsewhere) problems.push(`"${live.identity}" is in ${region}, not in ${context.region}.`);
  if (live.identity === storeOf(context))
    problems.push(`"${live.identity}" is the capture bucket; it is never the target of a plan.`);
  const versioned = objectOf(context.desired['VersioningConfiguration'])['Status'] === 'Enabled';
  if (
    action === 'update' &&
    context.desired['ObjectLockEnabled'] === true &&
    live.properties['ObjectLockEnabled'] !== true &&
    !versioned
  ) {
    problems.push(`Object Lock needs versioning: set VersioningConfiguration of "${live.identity}" to Enabled too.`);
  }
  if (action === 'update') problems.push(...listProblems(context, live));
  if (action === 'update' && !isElsewhere) problems.push(...(yield* deniedUpdate(context, live)));
  if (action !== 'delete' || isElsewhere) return problems;
  if (textOf(live.binding['versioning'])?.includes('MFA') === true)
    problems.push(`Deleting versions of "${live.identity}" needs the root user's MFA device.`);
  return [...problems, ...(yield* policyProblems(context, live)), ...(yield* lockProblems(context, live))];
};

/** S3 takes BucketOwnerEnforced only where the list of the bucket gives nobody else anything (PutBucketOwnershipControls). */
function listProblems({ desired, changes }: StepContext, live: LiveResource): readonly string[] {
  const rule = objectsOf(objectOf(desired['OwnershipControls'])['Rules'])[0];
  const changed = changes.some(({ path }) => path.startsWith('OwnershipControls'));
  const given = givenBy(desired['AccessControl'] ?? live.properties['AccessControl']) ?? [];
  return changed && rule?.['ObjectOwnership'] === 'BucketOwnerEnforced' && given.length > 0
    ? [
        `The access control list of "${live.identity}" gives others something (${given.join(', ')}), and S3 switches no lists off where one does: set AccessControl to Private too.`,
      ]
    : [];
}

function* preflightCreate(context: StepContext): Program<readonly string[]> {
  const name = textOf(context.desired['BucketName']) ?? '';
  if (!isBucketName(name)) return [bucketNameProblem(name)];
  try {
    const head = yield* look(
      {
        service: 's3',
        operation: 'HeadBucket',
        input: owned(name, context.account),
        absent: ['NotFound', 'NoSuchBucket'],
      },
      null,
    );
    return head === null || (yield* isOwn(context, name)) ? [] : [`The bucket "${name}" exists already.`];
  } catch (error) {
    if (error instanceof AwsError && (error.code === 'AccessDenied' || error.code === 'PermanentRedirect'))
      return [`The bucket name "${name}" is taken by another account or in another region.`];
    throw error;
  }
}

/** The calls of a deletion: on the bucket itself, and on what it holds (Service Authorization Reference, Amazon S3). */
const ON_BUCKET = ['s3:ListBucketVersions', 's3:PutBucketPolicy', 's3:DeleteBucketPolicy', 's3:DeleteBucket'] as const;
const ON_OBJECTS = ['s3:GetObject', 's3:GetObjectVersion', 's3:DeleteObject', 's3:DeleteObjectVersion'] as const;

/** The policy, and who asks; null where there is none. */
function* asked(
  context: StepContext,
  live: LiveResource,
): Program<{ readonly policy: string; readonly asking: Asking } | null> {
  const answer = yield* look(readOf(subResource('policy'), live.identity, context.account), null);
  const policy = textOf(answer?.['Policy']);
  if (policy === undefined) return null;
  const identity = yield* look({ service: 'sts', operation: 'GetCallerIdentity', input: {} }, {});
  return {
    policy,
    asking: {
      bucket: live.identity,
      region: context.region,
      account: context.account,
      caller: textOf(identity?.['Arn']) ?? null,
    },
  };
}

/**
 * The calls of an update that a policy surely denies: a statement that only may deny it lets AWS decide, because a
 * refused update loses nothing.
 */
function* deniedUpdate(context: StepContext, live: LiveResource): Program<readonly string[]> {
  const rows = rowsOf(new Set(context.changes.map(({ path }) => propertyOf(path))));
  const found = rows.length === 0 || live.binding['policy'] === 'none' ? null : yield* asked(context, live);
  if (found === null) return [];
  return rows.flatMap((row) => {
    const isRemoved = row.toDocument(context.desired, live.identity) === null && 'operation' in row.remove;
    const operation = isRemoved && 'operation' in row.remove ? row.remove.operation : row.put.operation;
    return actionsOf(`s3:${operation}`).flatMap((action) => {
      const denial = denialOf(found.policy, action, found.asking, false);
      return denial?.kind === 'denies'
        ? [
            `The policy of "${live.identity}" denies ${action} in ${denial.statement}: AWS would refuse to change its ${row.label}. Change the policy first.`,
          ]
        : [];
    });
  });
}

/** A policy that lets the bucket be emptied and then refuses to let it go is seen before anything is deleted. */
function* policyProblems(context: StepContext, live: LiveResource): Program<readonly string[]> {
  const found = yield* asked(context, live);
  if (found === null) return [];
  const { policy, asking } = found;
  const isEmpty = live.observed['versions'] === 0 && live.observed['deleteMarkers'] === 0;
  const actions = [
    ...ON_BUCKET.map((action) => [action, false] as const),
    ...(isEmpty ? [] : ON_OBJECTS.map((action) => [action, true] as const)),
  ];
  const denied = new Map<string, string[]>();
  for (const [action, onObjects] of actions) {
    const denial = denialOf(policy, action, asking, onObjects);
    if (denial === null) continue;
    const how = `The policy of "${live.identity}" ${denial.kind === 'denies' ? 'denies' : 'may deny'} ACTIONS in ${denial.statement}${denial.why === null ? '' : `, where ${denial.why}`}`;
    denied.set(how, [...(denied.get(how) ?? []), action]);
  }
  return [...denied].map(
    ([how, names]) =>
      `${how.replace('ACTIONS', names.join(', '))}: AWS would stop the deletion half done. Change the policy first.`,
  );
}

/** More versions than this are not asked one by one whether a lock holds them. */
const MOST_ASKED = 1000;

/** Object Lock holds single versions: each may have a retention or a legal hold of its own (HeadObject). */
function* lockProblems(context: StepContext, live: LiveResource): Program<readonly string[]> {
  const lock = live.binding['objectLock'];
  if (lock === undefined || lock === 'none' || live.observed['versions'] === 0) return [];
  const bucket = live.identity;
  const pages = listEntries(bucket, context.account, { cap: MOST_ASKED });
  let step = pages.next();
  while (step.done !== true) step = pages.next(yield* look(step.value, { IsTruncated: false }));
  const versions = step.value.entries.filter(({ marker }) => !marker);
  if (!step.value.complete || versions.length > MOST_ASKED)
    return [
      `"${bucket}" has Object Lock and more than ${MOST_ASKED} versions: whether a retention or a legal hold keeps one of them cannot be asked of all.`,
    ];
  const now = textOf(live.observed['countedAt']);
  const held: string[] = [];
  for (const { key, versionId } of versions) {
    const head = yield* look(
      {
        service: 's3',
        operation: 'HeadObject',
        input: { ...owned(bucket, context.account), Key: key, VersionId: versionId },
      },
      {},
    );
    const until = textOf(head?.['ObjectLockRetainUntilDate']);
    if (head?.['ObjectLockLegalHoldStatus'] === 'ON') held.push(`"${key}" has a legal hold`);
    else if (until !== undefined && isAfter(until, now)) held.push(`"${key}" is retained until ${until}`);
  }
  return held.length === 0
    ? []
    : [
        `Object Lock keeps ${held.length} of ${versions.length} versions of "${bucket}", so that it cannot be emptied: ${held[0] ?? ''}${held.length > 1 ? ', and others' : ''}.`,
      ];
}
