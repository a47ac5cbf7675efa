import { Refusal, type S3Context, type S3Correction, type S3Reply } from '../protocol/correction.ts';
import { parseXml, textAt } from '../protocol/xml.ts';
import { copySource, pathOf, requireBucket } from './paths.ts';
import { denies, isPublic, statementsOf } from './policy-evaluation.ts';

/** IAM action of an operation where it is not simply `s3:` and the operation (Service Authorization Reference). */
const ACTIONS: Readonly<Record<string, string>> = {
  CopyObject: 'PutObject',
  CreateMultipartUpload: 'PutObject',
  UploadPart: 'PutObject',
  UploadPartCopy: 'PutObject',
  CompleteMultipartUpload: 'PutObject',
  PostObject: 'PutObject',
  HeadObject: 'GetObject',
  ListObjects: 'ListBucket',
  ListObjectsV2: 'ListBucket',
  HeadBucket: 'ListBucket',
  ListObjectVersions: 'ListBucketVersions',
  ListMultipartUploads: 'ListBucketMultipartUploads',
  ListParts: 'ListMultipartUploadParts',
  GetBucketEncryption: 'GetEncryptionConfiguration',
  PutBucketEncryption: 'PutEncryptionConfiguration',
  DeleteBucketEncryption: 'PutEncryptionConfiguration',
  GetBucketLifecycleConfiguration: 'GetLifecycleConfiguration',
  PutBucketLifecycleConfiguration: 'PutLifecycleConfiguration',
  DeleteBucketLifecycle: 'PutLifecycleConfiguration',
  GetPublicAccessBlock: 'GetBucketPublicAccessBlock',
  PutPublicAccessBlock: 'PutBucketPublicAccessBlock',
  DeletePublicAccessBlock: 'PutBucketPublicAccessBlock',
  PutBucketReplication: 'PutReplicationConfiguration',
  DeleteBucketReplication: 'PutReplicationConfiguration',
  PutBucketAccelerateConfiguration: 'PutAccelerateConfiguration',
  PutBucketNotificationConfiguration: 'PutBucketNotification',
  PutObjectLockConfiguration: 'PutBucketObjectLockConfiguration',
  DeleteBucketCors: 'PutBucketCORS',
  DeleteBucketTagging: 'PutBucketTagging',
  DeleteBucketOwnershipControls: 'PutBucketOwnershipControls',
};
const VERSIONED: Readonly<Record<string, string>> = {
  GetObject: 'GetObjectVersion',
  DeleteObject: 'DeleteObjectVersion',
  GetObjectTagging: 'GetObjectVersionTagging',
  PutObjectTagging: 'PutObjectVersionTagging',
  DeleteObjectTagging: 'DeleteObjectVersionTagging',
};

export function actionOf(operation: string, versioned: boolean): string {
  const name = ACTIONS[operation] ?? operation;
  return `s3:${versioned ? (VERSIONED[name] ?? name) : name}`;
}

/** Whether a bucket's policy denies an action on one of its objects, or on itself. */
export async function isDenied(
  context: S3Context,
  policy: string | null,
  action: string,
  bucket: string,
  key: string,
): Promise<boolean> {
  if (policy === null) return false;
  const keys = new Map(
    [...context.request.headers]
      .filter(([name]) => name.startsWith('x-amz-'))
      .map(([name, value]) => [`s3:${name}`, value]),
  );
  const version = context.request.query.get('versionId');
  if (version !== undefined) keys.set('s3:versionid', version);
  return denies(policy, {
    action,
    resource: `arn:aws:s3:::${bucket}${key === '' ? '' : `/${key}`}`,
    caller: await context.caller(),
    account: context.account,
    keys,
  });
}

const refuse = (): never => {
  throw new Refusal('AccessDenied', 'Access Denied with an explicit deny in a resource-based policy', 403);
};

async function enforce(context: S3Context): Promise<undefined> {
  const { operation, request, bucket, buckets } = context;
  if (request.bucket === '' || operation === 'CreateBucket' || operation === 'DeleteObjects') return undefined;
  if (
    await isDenied(
      context,
      bucket.policy,
      actionOf(operation, request.query.has('versionId')),
      request.bucket,
      request.key,
    )
  )
    refuse();
  const source = request.headers.get('x-amz-copy-source');
  if (source !== undefined) {
    const from = copySource(source);
    if (
      await isDenied(
        context,
        buckets.get(from.bucket)?.policy ?? null,
        actionOf('GetObject', from.versionId !== undefined),
        from.bucket,
        from.key,
      )
    )
      refuse();
  }
  return undefined;
}

async function putPolicy(context: S3Context): Promise<S3Reply> {
  await requireBucket(context);
  const policy = (await context.request.body()).toString('utf8');
  try {
    if (statementsOf(policy).length === 0) throw new Error('no statement');
  } catch {
    throw new Refusal('MalformedPolicy', 'This policy contains invalid Json');
  }
  const resources = statementsOf(policy).flatMap(({ Resource = [] }) =>
    typeof Resource === 'string' ? [Resource] : Resource,
  );
  if (resources.some((resource) => resource !== '*' && !resource.startsWith(`arn:aws:s3:::${context.request.bucket}`)))
    throw new Refusal('MalformedPolicy', 'Policy has invalid resource');
  if (isPublic(policy)) {
    const block = await context.send('GET', pathOf(context.request.bucket, '', { publicAccessBlock: '' }));
    if (block.status === 200 && textAt(parseXml(block.body.toString('utf8')), 'BlockPublicPolicy') === 'true') {
      throw new Refusal(
        'AccessDenied',
        'User is not authorized to perform: s3:PutBucketPolicy because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.',
        403,
      );
    }
  }
  context.bucket.policy = policy;
  return { status: 204 };
}

/**
 * Bucket policies live in the proxy: the emulator would enforce them on a few operations only, and without conditions.
 */
export const policies: readonly S3Correction[] = [
  {
    operations: ['*'],
    answers: 'a Deny of the bucket policy is enforced on every operation, with its principals and conditions',
    before: enforce,
  },
  {
    operations: ['PutBucketPolicy'],
    answers: 'a policy must be valid, be about this bucket, and not be public where that is blocked',
    before: putPolicy,
  },
  {
    operations: ['GetBucketPolicy'],
    answers: 'the policy as it was put',
    async before(context) {
      await requireBucket(context);
      if (context.bucket.policy === null)
        throw new Refusal('NoSuchBucketPolicy', 'The bucket policy does not exist', 404);
      return { status: 200, headers: { 'content-type': 'application/json' }, body: context.bucket.policy };
    },
  },
  {
    operations: ['DeleteBucketPolicy'],
    answers: 'the policy is forgotten',
    async before(context) {
      await requireBucket(context);
      context.bucket.policy = null;
      return { status: 204 };
    },
  },
  {
    operations: ['GetBucketPolicyStatus'],
    answers: 'whether the policy makes the bucket public; the emulator answers a listing',
    async before(context) {
      await requireBucket(context);
      if (context.bucket.policy === null)
        throw new Refusal('NoSuchBucketPolicy', 'The bucket policy does not exist', 404);
      return {
        status: 200,
        body: `<PolicyStatus xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsPublic>${isPublic(context.bucket.policy)}</IsPublic></PolicyStatus>`,
      };
    },
  },
];
