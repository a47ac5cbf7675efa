import { describe, expect, it } from '@jest/globals';
import { bucket } from '../../providers/s3/bucket/bucket.ts';
import { closedPolicy } from '../../providers/s3/objects/closing.ts';
import type { AwsReader, ReadCall } from '../../src/domain/call.ts';
import { AwsError, type AwsErrorKind } from '../../src/base/error.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { ReadQuery } from '../../src/domain/resource-type.ts';
import { contextFor, liveBucket } from '../helpers/bucket-fixture.ts';
import { preview } from '../../src/plan/steps/preview.ts';

const error = (code: string, kind: AwsErrorKind): AwsError =>
  new AwsError({ code, kind, operation: 's3:Get', message: code, executed: 'no' });
type Answer = JsonObject | AwsError | ((call: ReadCall) => JsonObject | null);

/** A reader that answers by operation; what is not named answers as not configured. */
function reader(answers: Readonly<Record<string, Answer>>): { readonly aws: AwsReader; readonly calls: ReadCall[] } {
  const calls: ReadCall[] = [];
  return {
    calls,
    aws: {
      counts: {},
      async read(call) {
        calls.push(call);
        const answer = answers[call.operation];
        if (answer instanceof AwsError) {
          if (call.absent?.includes(answer.code) === true) return null;
          throw answer;
        }
        return typeof answer === 'function'
          ? answer(call)
          : (answer ?? (call.absent?.length === 0 || call.absent === undefined ? {} : null));
      },
    },
  };
}
const created = '2024-01-01T00:00:00.000Z';
const two = {
  Buckets: [
    { Name: 'one', CreationDate: created, BucketRegion: 'eu-west-1' },
    { Name: 'two', CreationDate: created, BucketRegion: 'eu-west-1' },
  ],
};
const query = (more: Partial<ReadQuery>): ReadQuery => ({ identities: [], all: false, detailed: new Set(), ...more });
const sent = (calls: readonly ReadCall[]): readonly string[] => calls.map(({ operation }) => operation);

describe('reading buckets', () => {
  it('reads nothing where nothing is asked, and one list where only names are', async () => {
    const nothing = reader({});
    expect(await bucket.read(nothing.aws, query({}))).toEqual({ resources: [], absent: [], failures: [] });
    expect(nothing.calls).toEqual([]);
    const some = reader({ ListBuckets: two });
    const { resources } = await bucket.read(some.aws, query({ identities: ['one'] }));
    expect(sent(some.calls)).toEqual(['ListBuckets']);
    expect(resources).toEqual([
      expect.objectContaining({
        identity: 'one',
        incarnation: `one ${created}`,
        properties: { BucketName: 'one' },
        detailed: false,
      }),
    ]);
    expect(resources[0]?.attributes).toMatchObject({
      Region: 'eu-west-1',
      WebsiteURL: 'http://one.s3-website-eu-west-1.amazonaws.com',
    });
  });

  it('follows every page of the list', async () => {
    const pages = reader({
      ListBuckets: ({ input }) =>
        input['ContinuationToken'] === undefined
          ? { Buckets: [two.Buckets[0] as JsonObject], ContinuationToken: 'next' }
          : { Buckets: [two.Buckets[1] as JsonObject] },
    });
    const { resources } = await bucket.read(pages.aws, query({ identities: ['two'] }));
    expect(resources.map(({ identity }) => identity)).toEqual(['two']);
  });

  it('reads a sub-resource per property asked for, and the tags where all are read', async () => {
    const asked = reader({ ListBuckets: two });
    await bucket.read(
      asked.aws,
      query({
        identities: ['one', 'two'],
        properties: new Map([['one', new Set(['Tags', 'LifecycleConfiguration'])]]),
      }),
    );
    expect(sent(asked.calls)).toEqual(['ListBuckets', 'GetBucketTagging', 'GetBucketLifecycleConfiguration']);
    const all = reader({
      ListBuckets: two,
      GetBucketTagging: {
        TagSet: [
          { Key: 'Name', Value: 'x' },
          { Key: 'aiplan:plan', Value: 'p' },
        ],
      },
    });
    const { resources } = await bucket.read(all.aws, query({ all: true }));
    expect(sent(all.calls)).toEqual(['ListBuckets', 'GetBucketTagging', 'GetBucketTagging']);
    expect(resources.map(({ properties, systemTags }) => [properties['Tags'], systemTags])).toEqual([
      [{ Name: 'x' }, { 'aiplan:plan': 'p' }],
      [{ Name: 'x' }, { 'aiplan:plan': 'p' }],
    ]);
    const every = reader({ ListBuckets: two });
    await bucket.read(
      every.aws,
      query({ all: true, properties: new Map([['*', new Set(['VersioningConfiguration'])]]) }),
    );
    expect(sent(every.calls)).toEqual(['ListBuckets', 'GetBucketVersioning', 'GetBucketVersioning']);
  });

  it('reads every sub-resource in detail, and counts the contents unless other properties are named', async () => {
    const whole = reader({ ListBuckets: two });
    const { resources } = await bucket.read(whole.aws, query({ identities: ['one'], detailed: new Set(['one']) }));
    expect(new Set(sent(whole.calls)).size).toBe(22);
    expect(resources[0]).toMatchObject({ detailed: true, observed: { objects: 0, lastUse: 'unknown' } });
    const tagged = reader({ ListBuckets: two });
    await bucket.read(
      tagged.aws,
      query({ identities: ['one'], detailed: new Set(['one']), properties: new Map([['one', new Set(['Tags'])]]) }),
    );
    expect(sent(tagged.calls)).not.toContain('ListObjectVersions');
    const expiring = reader({
      ListBuckets: two,
      ListObjectVersions: { Versions: [{ Key: 'a', VersionId: '1', IsLatest: true, Size: 5, LastModified: created }] },
    });
    const found = await bucket.read(
      expiring.aws,
      query({
        identities: ['one'],
        detailed: new Set(['one']),
        properties: new Map([['one', new Set(['LifecycleConfiguration'])]]),
        now: '2024-02-01T00:00:00.000Z',
      }),
    );
    expect(found.resources[0]?.observed['listing']).toEqual({
      complete: true,
      now: '2024-02-01T00:00:00.000Z',
      rows: [['a', 5, created, 'current', '', 0]],
    });
  });

  it('tells absent from taken from unreadable', async () => {
    const head = (answer: Answer) =>
      bucket.read(reader({ ListBuckets: two, HeadBucket: answer }).aws, query({ identities: ['other'] }));
    expect(await head(error('NotFound', 'absent'))).toMatchObject({ absent: ['other'], failures: [] });
    expect(await head(error('AccessDenied', 'denied'))).toMatchObject({
      absent: [],
      failures: [{ code: 'not-owned', identity: 'other' }],
    });
    expect(await head({})).toMatchObject({ absent: [], failures: [{ code: 'not-owned' }] });
    expect(await head(error('SlowDown', 'throttled'))).toMatchObject({ absent: [], failures: [{ code: 'SlowDown' }] });
  });

  it('says unknown where a fact could not be read, never nothing', async () => {
    const denied = reader({
      ListBuckets: two,
      GetBucketPolicy: error('AccessDenied', 'denied'),
      GetBucketTagging: error('AccessDenied', 'denied'),
      ListObjectVersions: error('AccessDenied', 'denied'),
    });
    const { resources, failures } = await bucket.read(
      denied.aws,
      query({ identities: ['one'], detailed: new Set(['one']) }),
    );
    expect(resources[0]?.binding).toMatchObject({ policy: 'unknown', owner: 'unknown', versioning: 'never' });
    expect(resources[0]?.observed).toMatchObject({ objects: 'unknown', bytes: 'unknown' });
    expect(resources[0]?.properties['Tags']).toBeUndefined();
    expect(failures.map(({ code, identity }) => [code, identity])).toEqual([
      ['AccessDenied', 'one'],
      ['AccessDenied', 'one'],
      ['AccessDenied', 'one'],
    ]);
    const elsewhere = reader({ ListBuckets: two, GetBucketTagging: error('PermanentRedirect', 'unknown') });
    expect((await bucket.read(elsewhere.aws, query({ all: true }))).failures).toEqual([]);
    expect(
      (
        await bucket.read(
          reader({ ListBuckets: two, GetBucketTagging: error('PermanentRedirect', 'unknown') }).aws,
          query({ identities: ['one'], detailed: new Set(['one']) }),
        )
      ).failures,
    ).toHaveLength(1);
  });

  it('knows the owner, the keys, the copies and the policy, closed or not', async () => {
    const policy =
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::one/*"}]}';
    const facts = async (text: string): Promise<JsonObject | undefined> =>
      (
        await bucket.read(
          reader({
            ListBuckets: two,
            GetBucketPolicy: { Policy: text },
            GetBucketTagging: { TagSet: [{ Key: 'aws:cloudformation:stack-name', Value: 'web' }] },
            GetBucketVersioning: { Status: 'Enabled', MFADelete: 'Enabled' },
            GetObjectLockConfiguration: {
              ObjectLockConfiguration: {
                ObjectLockEnabled: 'Enabled',
                Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 1 } },
              },
            },
            GetBucketEncryption: {
              ServerSideEncryptionConfiguration: {
                Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: 'key' } }],
              },
            },
            GetBucketReplication: {
              ReplicationConfiguration: {
                Role: 'r',
                Rules: [{ Status: 'Enabled', Destination: { Bucket: 'arn:aws:s3:::copy' } }],
              },
            },
          }).aws,
          query({ identities: ['one'], detailed: new Set(['one']) }),
        )
      ).resources[0]?.binding;
    const open = await facts(policy);
    expect(open).toMatchObject({
      owner: 'CloudFormation stack web',
      versioning: 'Enabled, deletion needs MFA',
      objectLock: 'COMPLIANCE',
      encrypted: 'aws:kms key',
      replicatesTo: ['copy'],
      policy: { access: 'public', digest: expect.stringMatching(/^sha256:/u) },
      acl: 'private',
      publicAccessBlock: 'none',
    });
    expect(await facts(closedPolicy(policy, 'one', 'eu-west-1'))).toEqual(open);
    expect(await facts(closedPolicy(null, 'one', 'eu-west-1'))).toMatchObject({ policy: 'none' });
  });
});

describe('checks before anything is changed', () => {
  const problems = (
    action: 'update' | 'delete',
    live: Parameters<typeof liveBucket>[0],
    desired: JsonObject = {},
  ): readonly string[] => preview(bucket.preflight!(contextFor({ live: liveBucket(live), desired }), action)).result;
  it('refuses what others manage, what lies elsewhere and what cannot work', () => {
    expect(problems('update', {})).toEqual([]);
    expect(problems('update', { binding: { owner: 'CloudFormation stack web' } })[0]).toContain(
      'CloudFormation stack web',
    );
    expect(problems('delete', { attributes: { Region: 'us-east-1' } })[0]).toContain('us-east-1');
    expect(problems('delete', { identity: 'aiplan-captures-123456789012-eu-west-1' })[0]).toContain('capture bucket');
    expect(problems('delete', { binding: { versioning: 'Enabled, deletion needs MFA' } })[0]).toContain('MFA');
    expect(problems('update', {}, { ObjectLockEnabled: true })[0]).toContain('versioning');
    expect(problems('update', {}, { ObjectLockEnabled: true, VersioningConfiguration: { Status: 'Enabled' } })).toEqual(
      [],
    );
  });
});
