import { describe, expect, it } from '@jest/globals';
import { denialOf, type Asking } from '../../providers/s3/rules/policy-denials.ts';
import { preflightBucket } from '../../providers/s3/bucket/preflight.ts';
import { bucket } from '../../providers/s3/bucket/bucket.ts';
import { actionsOf } from '../../providers/aws/services/index.ts';
import { subResources } from '../../providers/s3/configuration/sub-resources.ts';
import type { Effect, ReadCall } from '../../src/domain/call.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { StepContext } from '../../src/domain/resource-type.ts';
import { bucketContext } from '../helpers/bucket-context.ts';

const asking: Asking = {
  bucket: 'notes',
  region: 'eu-west-1',
  account: '123456789012',
  caller: 'arn:aws:sts::123456789012:assumed-role/deploy/session',
};
const both = ['arn:aws:s3:::notes', 'arn:aws:s3:::notes/*'];
const policy = (...statements: readonly JsonObject[]): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.map((statement) => ({
      Effect: 'Deny',
      ...(statement['NotPrincipal'] === undefined ? { Principal: '*' } : {}),
      ...(statement['NotResource'] === undefined ? { Resource: both } : {}),
      ...statement,
    })),
  });
const kind = (
  statement: JsonObject,
  action = 's3:DeleteBucket',
  onObjects = false,
  as: Asking = asking,
): string | null => denialOf(policy(statement), action, as, onObjects)?.kind ?? null;

describe('what a bucket policy does to a deletion (IAM User Guide, policy evaluation logic)', () => {
  it.each<[string, JsonObject, string, boolean, string | null]>([
    ['everybody, this action', { Action: 's3:DeleteBucket' }, 's3:DeleteBucket', false, 'denies'],
    ['in another spelling', { Action: 'S3:deletebucket' }, 's3:DeleteBucket', false, 'denies'],
    ['by a pattern', { Action: ['s3:Get*', 's3:Delete*'] }, 's3:DeleteObjectVersion', true, 'denies'],
    ['everything but reading', { NotAction: ['s3:Get*', 's3:List*'] }, 's3:DeleteBucket', false, 'denies'],
    ['another action', { Action: 's3:PutObject' }, 's3:DeleteBucket', false, null],
    ['an Allow', { Effect: 'Allow', Action: 's3:*' }, 's3:DeleteBucket', false, null],
    ['only the objects', { Action: 's3:*', Resource: 'arn:aws:s3:::notes/*' }, 's3:DeleteBucket', false, null],
    ['every bucket of a pattern', { Action: 's3:*', Resource: 'arn:aws:s3:::no*' }, 's3:DeleteBucket', false, 'denies'],
    [
      'a part of the objects',
      { Action: 's3:DeleteObject', Resource: 'arn:aws:s3:::notes/legal/*' },
      's3:DeleteObject',
      true,
      'may deny',
    ],
    [
      'all but a part of the objects',
      { Action: 's3:DeleteObject', NotResource: 'arn:aws:s3:::notes/tmp/*' },
      's3:DeleteObject',
      true,
      'may deny',
    ],
    [
      'another bucket',
      { Action: 's3:*', Resource: ['arn:aws:s3:::other', 'arn:aws:s3:::other/*'] },
      's3:DeleteObject',
      true,
      null,
    ],
    [
      'the role of this session',
      { Action: 's3:*', Principal: { AWS: 'arn:aws:iam::123456789012:role/team/deploy' } },
      's3:DeleteBucket',
      false,
      'denies',
    ],
    [
      'another role',
      { Action: 's3:*', Principal: { AWS: 'arn:aws:iam::123456789012:role/agent' } },
      's3:DeleteBucket',
      false,
      null,
    ],
    ['the account', { Action: 's3:*', Principal: { AWS: '123456789012' } }, 's3:DeleteBucket', false, 'denies'],
    [
      'everybody but this role',
      { Action: 's3:*', NotPrincipal: { AWS: 'arn:aws:iam::123456789012:role/deploy' } },
      's3:DeleteBucket',
      false,
      null,
    ],
    [
      'everybody but another role',
      { Action: 's3:*', NotPrincipal: { AWS: 'arn:aws:iam::123456789012:role/admin' } },
      's3:DeleteBucket',
      false,
      'denies',
    ],
    [
      'what is not sent over TLS',
      { Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
      's3:DeleteBucket',
      false,
      null,
    ],
    [
      'all but a role, by a condition',
      {
        Action: 's3:DeleteBucket',
        Condition: { ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::123456789012:role/breakglass' } },
      },
      's3:DeleteBucket',
      false,
      'denies',
    ],
    [
      'all but this role, by a condition',
      { Action: 's3:DeleteBucket', Condition: { ArnNotLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:role/dep*' } } },
      's3:DeleteBucket',
      false,
      null,
    ],
    [
      'a condition that nobody knows here',
      { Action: 's3:DeleteBucket', Condition: { StringNotEquals: { 'aws:SourceVpce': 'vpce-1' } } },
      's3:DeleteBucket',
      false,
      'may deny',
    ],
    [
      'the same, which would have kept the policy from being read too',
      { Action: 's3:*', Condition: { StringNotEquals: { 'aws:SourceVpce': 'vpce-1' } } },
      's3:DeleteBucket',
      false,
      null,
    ],
    [
      'a condition on the request',
      { Action: 's3:*', Condition: { StringEquals: { 's3:x-amz-acl': 'public-read' } } },
      's3:DeleteBucket',
      false,
      'may deny',
    ],
  ])('%s', (_name, statement, action, onObjects, expected) => {
    expect(kind(statement, action, onObjects)).toBe(expected);
  });

  it('does not know what it cannot read, nor who asks where nobody says', () => {
    expect(denialOf('{', 's3:DeleteBucket', asking, false)?.kind).toBe('may deny');
    expect(
      kind({ Action: 's3:*', Principal: { AWS: 'arn:aws:iam::123456789012:role/deploy' } }, 's3:DeleteBucket', false, {
        ...asking,
        caller: null,
      }),
    ).toBe('may deny');
  });
});

/** Runs the check with answers by operation. */
function problemsOf(
  context: StepContext,
  answers: Readonly<Record<string, Json | ((call: ReadCall) => Json)>>,
  action: 'update' | 'delete' = 'delete',
): { readonly problems: readonly string[]; readonly asked: readonly string[] } {
  const program = preflightBucket(context, action);
  const asked: string[] = [];
  let step = program.next();
  while (step.done !== true) {
    const effect: Effect = step.value;
    if (effect.kind !== 'read') throw new Error(`a check yields ${effect.kind}`);
    asked.push(effect.call.operation);
    const answer = answers[effect.call.operation];
    step = program.next(typeof answer === 'function' ? answer(effect.call) : (answer ?? null));
  }
  return { problems: step.value, asked };
}

describe('a bucket is not emptied where something read before will stop it', () => {
  const caller = { GetCallerIdentity: { Arn: asking.caller ?? '' } };

  it('a policy that keeps it', () => {
    const answers = { ...caller, GetBucketPolicy: { Policy: policy({ Sid: 'KeepIt', Action: 's3:DeleteBucket' }) } };
    expect(problemsOf(bucketContext({ observed: { versions: 3, deleteMarkers: 0 } }), answers).problems).toEqual([
      'The policy of "notes" denies s3:DeleteBucket in KeepIt: AWS would stop the deletion half done. Change the policy first.',
    ]);
    expect(
      problemsOf(bucketContext({ observed: { versions: 3, deleteMarkers: 0 } }), { GetBucketPolicy: null }).problems,
    ).toEqual([]);
  });

  it('one that keeps objects, where there are any', () => {
    const answers = {
      ...caller,
      GetBucketPolicy: { Policy: policy({ Action: 's3:DeleteObject*', Resource: 'arn:aws:s3:::notes/legal/*' }) },
    };
    expect(problemsOf(bucketContext({ observed: { versions: 3, deleteMarkers: 0 } }), answers).problems).toEqual([
      'The policy of "notes" may deny s3:DeleteObject, s3:DeleteObjectVersion in statement 1, where it is about some objects or principals: AWS would stop the deletion half done. Change the policy first.',
    ]);
    expect(problemsOf(bucketContext({ observed: { versions: 0, deleteMarkers: 0 } }), answers).problems).toEqual([]);
  });

  it('a legal hold or a retention of single versions', () => {
    const list = {
      IsTruncated: false,
      Versions: ['a', 'b', 'c'].map((Key) => ({
        Key,
        VersionId: `v-${Key}`,
        IsLatest: true,
        ETag: '"e"',
        Size: 1,
        LastModified: '2026-01-01T00:00:00.000Z',
      })),
    };
    const heads: Readonly<Record<string, JsonObject>> = {
      a: { ObjectLockLegalHoldStatus: 'ON' },
      b: { ObjectLockRetainUntilDate: '2030-01-01T00:00:00.000Z' },
      c: { ObjectLockRetainUntilDate: '2020-01-01T00:00:00.000Z' },
    };
    const answers = {
      GetBucketPolicy: null,
      ListObjectVersions: list,
      HeadObject: (call: ReadCall) => heads[String(call.input['Key'])] ?? {},
    };
    const locked = bucketContext({
      observed: { versions: 3, deleteMarkers: 0, countedAt: '2026-11-30T00:00:00.000Z' },
      binding: { objectLock: 'on' },
    });
    expect(problemsOf(locked, answers).problems).toEqual([
      'Object Lock keeps 2 of 3 versions of "notes", so that it cannot be emptied: "a" has a legal hold, and others.',
    ]);
    expect(
      problemsOf(
        bucketContext({ observed: { versions: 3, deleteMarkers: 0 }, binding: { objectLock: 'none' } }),
        answers,
      ).asked,
    ).toEqual(['GetBucketPolicy']);
  });

  it('MFA delete, another region, its own storage', () => {
    expect(
      problemsOf(bucketContext({ binding: { versioning: 'Enabled, deletion needs MFA' } }), { GetBucketPolicy: null })
        .problems,
    ).toEqual(['Deleting versions of "notes" needs the root user\'s MFA device.']);
    expect(problemsOf(bucketContext({ attributes: { Region: 'us-east-1' } }), {})).toEqual({
      problems: ['"notes" is in us-east-1, not in eu-west-1.'],
      asked: [],
    });
  });
});

describe('a bucket is not updated where its policy denies exactly that call', () => {
  const rows = subResources.filter((row) => row.properties.length > 0);
  const caller = { GetCallerIdentity: { Arn: asking.caller ?? '' } };
  const updating = (property: string, desired: JsonObject = {}): StepContext => ({
    ...bucketContext({ binding: { policy: { digest: 'x' } } }),
    desired: { BucketName: 'notes', ...desired },
    changes: [{ path: property, before: null, after: null, effect: 'in-place' }],
  });
  const saidBy = (action: string, context: StepContext): readonly string[] =>
    problemsOf(context, { ...caller, GetBucketPolicy: { Policy: policy({ Sid: 'Keep', Action: action }) } }, 'update')
      .problems;

  it.each(rows.map((row) => [row.name, row] as const))('%s', (_name, row) => {
    const property = row.properties[0] ?? '';
    const action = actionsOf(`s3:${'operation' in row.remove ? row.remove.operation : row.put.operation}`)[0] ?? '';
    // Taken away, because nothing of it is wanted.
    expect(saidBy(action, updating(property))).toEqual([
      `The policy of "notes" denies ${action} in Keep: AWS would refuse to change its ${row.label}. Change the policy first.`,
    ]);
    expect(saidBy('s3:GetBucketPolicyStatus', updating(property))).toEqual([]);
    // Whatever an update sends is in the list of permissions under the same name.
    expect(bucket.iam.write.map((name) => name.toLowerCase())).toContain(
      actionsOf(`s3:${row.put.operation}`)[0]?.toLowerCase(),
    );
  });

  it('nor for another change, a perhaps, or a bucket without a policy', () => {
    const versioning = updating('VersioningConfiguration', { VersioningConfiguration: { Status: 'Enabled' } });
    expect(saidBy('s3:PutBucketVersioning', versioning)).toHaveLength(1);
    expect(saidBy('s3:PutBucketTagging', versioning)).toEqual([]);
    const perhaps = {
      GetBucketPolicy: {
        Policy: policy({
          Action: 's3:PutBucketVersioning',
          Condition: { StringNotEquals: { 'aws:SourceVpce': 'vpce-1' } },
        }),
      },
    };
    expect(problemsOf(versioning, { ...caller, ...perhaps }, 'update').problems).toEqual([]);
    expect(
      problemsOf({ ...versioning, live: { ...bucketContext().live!, binding: { policy: 'none' } } }, caller, 'update'),
    ).toEqual({ problems: [], asked: [] });
  });
});
