import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { CaptureBucket } from '../../providers/s3/objects/capture-place.ts';
import { capturePolicy } from '../../providers/s3/capture-bucket/capture-protection.ts';
import {
  inspectCaptureBucket,
  setupProgram,
  verifyCaptureBucket,
  type SetupResult,
} from '../../providers/s3/capture-bucket/capture-setup.ts';
import { driveBucket, memoryCaptureBucket, type MemoryCaptureBucket } from '../helpers/memory-capture-bucket.ts';

const of: CaptureBucket = { account: '123456789012', region: 'eu-west-1', endpoint: null, bucket: null };
const name = 'aiplan-captures-123456789012-eu-west-1';
const key = 'arn:aws:kms:eu-west-1:123456789012:key/owner';
const kms: JsonObject = {
  Rules: [
    { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key }, BucketKeyEnabled: true },
  ],
};
const deny = {
  Sid: 'OwnersOwn',
  Effect: 'Deny',
  Principal: '*',
  Action: 's3:PutObject',
  Resource: `arn:aws:s3:::${name}/*`,
  Condition: { Null: { 'aws:PrincipalOrgID': 'true' } },
};
const policyWith = (...more: readonly Json[]): string => {
  const policy = JSON.parse(capturePolicy(of)) as { Version: string; Statement: Json[] };
  return JSON.stringify({ ...policy, Id: 'owners', Statement: [...more, ...policy.Statement] });
};
const expiring = { ID: 'tidy', Status: 'Enabled', Filter: { Prefix: '' }, Expiration: { Days: 1 } };

let stamps = 0;
function setup(bucket: MemoryCaptureBucket, confirmed: readonly string[] = [], which = of): SetupResult {
  stamps += 1;
  return driveBucket(bucket, setupProgram(which, { stamp: `s${stamps}`, confirmed: new Set(confirmed) }));
}
const problems = (bucket: MemoryCaptureBucket, which = of): readonly string[] =>
  driveBucket(bucket, verifyCaptureBucket(which));
const strong = (): MemoryCaptureBucket => {
  const bucket = memoryCaptureBucket({}, 'absent');
  setup(bucket);
  bucket.sent.length = 0;
  return bucket;
};

describe('setup never weakens the capture bucket', () => {
  it('makes a new one as strong as it has to be, and then changes nothing', () => {
    const bucket = strong();
    expect(problems(bucket)).toEqual([]);
    expect(setup(bucket)).toEqual({ done: [], left: [] });
    expect(bucket.sent).toEqual([]);
  });

  it("keeps the owner's key and the owner's own statements where the policy lost ours", () => {
    const bucket = strong();
    bucket.documents = {
      ...bucket.documents,
      encryption: kms,
      policy: JSON.stringify({ Version: '2012-10-17', Id: 'owners', Statement: deny }),
    };
    const { done, left } = setup(bucket);
    expect(left).toEqual([]);
    expect(done).toEqual([expect.stringMatching(/^Set bucket policy .* The former one is kept as s3:\/\//u)]);
    expect(bucket.documents['encryption']).toEqual(kms);
    const policy = JSON.parse(String(bucket.documents['policy'])) as { Id: string; Statement: { Sid: string }[] };
    expect(policy.Id).toBe('owners');
    expect(policy.Statement).toContainEqual(deny);
    expect(policy.Statement.map(({ Sid }) => Sid)).toEqual([
      'OwnersOwn',
      'AiplanOnlyEncryptedTransport',
      'AiplanCapturesAreKept',
      'AiplanMarksAreKept',
    ]);
    expect([...bucket.objects.values()].map((text) => JSON.parse(JSON.parse(text) as string) as Json)).toContainEqual({
      Version: '2012-10-17',
      Id: 'owners',
      Statement: deny,
    });
  });

  it('adds what a statement of ours lost, and keeps what the owner added to it', () => {
    const bucket = strong();
    const policy = JSON.parse(capturePolicy(of)) as { Statement: { Sid: string; Action: string | string[] }[] };
    const kept = policy.Statement.find(({ Sid }) => Sid === 'AiplanCapturesAreKept');
    if (kept !== undefined) kept.Action = ['s3:DeleteBucket', 's3:DeleteBucketPolicy'];
    bucket.documents['policy'] = JSON.stringify(policy);
    expect(problems(bucket)).toHaveLength(1);
    setup(bucket);
    expect(problems(bucket)).toEqual([]);
    expect(String(bucket.documents['policy'])).toContain('s3:DeleteBucketPolicy');
  });

  it('takes a stronger policy, another spelling of ours, longer retention and no lifecycle at all as they are', () => {
    const policy = JSON.parse(policyWith(deny)) as { Statement: JsonObject[] };
    for (const documents of [
      { policy: policyWith(deny) },
      {
        policy: JSON.stringify({
          ...policy,
          Statement: policy.Statement.map((statement) => ({
            ...statement,
            Action: 's3:*',
            Resource: '*',
            Principal: { AWS: ['*'] },
          })),
        }),
      },
      { encryption: kms },
      { encryption: { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms:dsse' } }] } },
      {
        lifecycle: {
          Rules: [{ ID: 'x', Status: 'Enabled', Filter: {}, NoncurrentVersionExpiration: { NoncurrentDays: 3650 } }],
        },
      },
      { lifecycle: { Rules: [{ ...expiring, Status: 'Disabled' }] } },
      {
        objectLock: { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Years: 7 } } },
        logging: { TargetBucket: 'logs', TargetPrefix: '' },
      },
    ] as readonly Record<string, Json>[]) {
      const bucket = strong();
      bucket.documents = { ...bucket.documents, ...documents };
      expect(problems(bucket)).toEqual([]);
      expect(setup(bucket)).toEqual({ done: [], left: [] });
      expect(bucket.sent).toEqual([]);
    }
    const bare = strong();
    bare.objects.set('copies/x', 'kept');
    const { lifecycle: _none, ...rest } = bare.documents;
    bare.documents = rest;
    expect(setup(bare)).toEqual({ done: [], left: [] });
  });

  it('takes nothing away that nobody confirmed: it is left, said, and replaced only for exactly what was confirmed', () => {
    const stranger = {
      Sid: 'Partner',
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::999999999999:root' },
      Action: 's3:*',
      Resource: `arn:aws:s3:::${name}/*`,
    };
    const bucket = strong();
    bucket.documents = {
      ...bucket.documents,
      lifecycle: {
        Rules: [
          expiring,
          { ID: 'old', Status: 'Enabled', Filter: {}, NoncurrentVersionExpiration: { NoncurrentDays: 400 } },
        ],
      },
      policy: policyWith(stranger, deny),
    };
    const before = structuredClone(bucket.documents);
    const { done, left } = setup(bucket);
    expect([done, bucket.sent, bucket.documents]).toEqual([[], [], before]);
    expect(left.map(({ part }) => part)).toEqual(['lifecycle rules', 'bucket policy']);
    // Another document than the one that was confirmed is not replaced.
    bucket.documents['lifecycle'] = { Rules: [{ ...expiring, ID: 'other' }] };
    expect(
      setup(
        bucket,
        left.map(({ mark }) => mark),
      ).left.map(({ part }) => part),
    ).toEqual(['lifecycle rules']);
    bucket.documents['lifecycle'] = before['lifecycle'] ?? null;
    setup(
      bucket,
      left.map(({ mark }) => mark),
    );
    expect(problems(bucket)).toEqual([]);
    expect(bucket.documents['lifecycle']).toEqual({
      Rules: [{ ID: 'old', Status: 'Enabled', Filter: {}, NoncurrentVersionExpiration: { NoncurrentDays: 400 } }],
    });
    expect(String(bucket.documents['policy'])).toContain('OwnersOwn');
    expect(String(bucket.documents['policy'])).not.toContain('999999999999');
    expect([...bucket.objects.keys()].some((object) => object.endsWith('/policy.json'))).toBe(true);
  });

  it('wants the configured key, and replaces another one only when that is confirmed', () => {
    const own = { ...of, kmsKeyId: 'arn:aws:kms:eu-west-1:123456789012:key/ours' };
    const bucket = strong();
    expect(setup(bucket, [], own).done).toHaveLength(1);
    bucket.documents['encryption'] = kms;
    expect(setup(bucket, [], own).left.map(({ replaces }) => replaces)).toEqual([[`the key "${key}"`]]);
    expect(bucket.documents['encryption']).toEqual(kms);
  });
});

describe('what weakens the capture bucket is seen', () => {
  const weak: readonly (readonly [string, Record<string, Json | undefined>])[] = [
    ['no policy', { policy: undefined }],
    [
      'a policy for another principal alone',
      { policy: policyWith().replaceAll('"Principal":"*"', '"Principal":{"AWS":"arn:aws:iam::123456789012:user/x"}') },
    ],
    [
      'a policy for another resource',
      { policy: policyWith().replaceAll(`arn:aws:s3:::${name}/*`, `arn:aws:s3:::${name}/other/*`) },
    ],
    [
      'a policy with a narrower condition',
      {
        policy: policyWith().replaceAll(
          '"ArnNotEquals"',
          '"Bool":{"aws:MultiFactorAuthPresent":"false"},"ArnNotEquals"',
        ),
      },
    ],
    ['a policy that allows', { policy: policyWith().replaceAll('"Deny"', '"Allow"') }],
    ['a policy that is none', { policy: 'nonsense' }],
    ['versioning suspended', { versioning: { Status: 'Suspended' } }],
    ['versioning never enabled', { versioning: undefined }],
    ['captures expire in a day', { lifecycle: { Rules: [expiring] } }],
    [
      'captures expire on a date',
      { lifecycle: { Rules: [{ ...expiring, Expiration: { Date: '2027-01-01T00:00:00.000Z' } }] } },
    ],
    [
      'deleted versions go at once',
      {
        lifecycle: {
          Rules: [{ ID: 'x', Status: 'Enabled', Filter: {}, NoncurrentVersionExpiration: { NoncurrentDays: 1 } }],
        },
      },
    ],
    [
      'captures move to an archive',
      {
        lifecycle: {
          Rules: [{ ID: 'x', Status: 'Enabled', Filter: {}, Transitions: [{ Days: 0, StorageClass: 'DEEP_ARCHIVE' }] }],
        },
      },
    ],
    ['no encryption', { encryption: undefined }],
    [
      "another account's key",
      {
        encryption: {
          Rules: [
            {
              ApplyServerSideEncryptionByDefault: {
                SSEAlgorithm: 'aws:kms',
                KMSMasterKeyID: 'arn:aws:kms:eu-west-1:999999999999:key/x',
              },
            },
          ],
        },
      },
    ],
    [
      'open to the public',
      {
        publicAccessBlock: {
          BlockPublicAcls: true,
          IgnorePublicAcls: true,
          BlockPublicPolicy: false,
          RestrictPublicBuckets: true,
        },
      },
    ],
    ['access control lists', { ownership: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] } }],
    ['not tagged', { tagging: undefined }],
    [
      'a stranger may write',
      { policy: policyWith({ Effect: 'Allow', Principal: '*', Action: ['s3:PutObject'], Resource: '*' }) },
    ],
  ];
  it.each(weak)('%s', (_text, documents) => {
    const bucket = strong();
    bucket.documents = Object.fromEntries(
      Object.entries({ ...bucket.documents, ...documents }).filter(
        (entry): entry is [string, Json] => entry[1] !== undefined,
      ),
    );
    expect(problems(bucket).length).toBeGreaterThan(0);
    const { left } = setup(bucket);
    if (left.length > 0)
      setup(
        bucket,
        left.map(({ mark }) => mark),
      );
    expect(problems(bucket)).toEqual([]);
  });

  it('who may only look, and what is held to the account, is no stranger that writes', () => {
    const bucket = strong();
    bucket.documents['policy'] = policyWith(
      {
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::999999999999:root' },
        Action: ['s3:GetObject', 's3:ListBucket'],
        Resource: '*',
      },
      {
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:PutObject',
        Resource: '*',
        Condition: { StringEquals: { 'aws:PrincipalAccount': of.account } },
      },
      { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${of.account}:role/aiplan` }, Action: 's3:*', Resource: '*' },
    );
    expect(problems(bucket)).toEqual([]);
  });

  it("a bucket of that name in somebody else's account, and what may not be read", () => {
    const other = strong();
    other.head = 'elsewhere';
    expect(driveBucket(other, inspectCaptureBucket(of))).toMatchObject({
      exists: true,
      problems: [expect.stringContaining('belongs to another account')],
    });
    const unread = strong();
    unread.denied.add('GetBucketPolicy');
    expect(problems(unread)).toEqual([
      `The capture bucket "${name}": its bucket policy cannot be read (AccessDenied).`,
    ]);
    const { facts } = driveBucket(strong(), inspectCaptureBucket(of));
    expect(facts).toEqual([
      'without access control lists',
      'closed to the public',
      'versioned',
      'encrypted (AES256)',
      'what is deleted from it is kept for 30 days more',
      'its policy keeps versions from everybody but the root user',
    ]);
  });
});

describe('whatever the bucket is like', () => {
  const json = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom<Json>(null, true, 'Enabled', '*', 's3:*', 'Deny', 'Allow', 1),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(
        fc.constantFrom(
          'Rules',
          'Statement',
          'Action',
          'Effect',
          'Principal',
          'AWS',
          'Condition',
          'Expiration',
          'Days',
          'Status',
          'ID',
          'Filter',
          'Resource',
          'Sid',
        ),
        tie('value'),
      ) as fc.Arbitrary<Json>,
    ),
  })).value;
  it('setup comes to its end, writes nothing that it was not confirmed to replace, and what it confirmed is then strong', () => {
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.constantFrom('ownership', 'publicAccessBlock', 'versioning', 'encryption', 'lifecycle', 'policy'),
          json,
        ),
        (documents) => {
          const bucket = strong();
          bucket.documents = {
            ...bucket.documents,
            ...Object.fromEntries(
              Object.entries(documents).map(([part, value]) => [
                part,
                part === 'policy' ? JSON.stringify(value) : part === 'lifecycle' ? { Rules: [value] } : value,
              ]),
            ),
          };
          const before = structuredClone(bucket.documents);
          const { left } = setup(bucket);
          for (const { before: found, part } of left)
            expect(Object.values(bucket.documents)).toContainEqual(found ?? part);
          setup(
            bucket,
            left.map(({ mark }) => mark),
          );
          expect(problems(bucket)).toEqual([]);
          // Every document that was written over is kept.
          for (const part of Object.keys(documents).filter((item) => item !== 'versioning')) {
            const found = before[part];
            if (found !== null && JSON.stringify(bucket.documents[part]) !== JSON.stringify(found))
              expect([...bucket.objects.values()]).toContain(JSON.stringify(found));
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
