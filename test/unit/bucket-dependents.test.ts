import { describe, expect, it } from '@jest/globals';
import { loadSchema } from '../../providers/aws/schema.ts';
import { resourceTypes } from '../../providers/index.ts';
import { bucket } from '../../providers/s3/bucket/bucket.ts';
import { subResources } from '../../providers/s3/configuration/sub-resources.ts';
import { AwsError } from '../../src/base/error.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { AwsReader, ReadCall } from '../../src/domain/call.ts';
import { actionsOf } from '../../providers/aws/services/index.ts';
import type { LiveResource, LiveState } from '../../src/domain/live.ts';
import { plan } from '../../src/plan/planner.ts';
import { referrersOf, withDependents } from '../../src/plan/refresh/evidence.ts';
import { indexLive } from '../../src/plan/refresh/live-index.ts';
import { refresh } from '../../src/plan/refresh/refresh.ts';
import { readAgain, refusalTexts } from '../../src/plan/refresh/unread.ts';
import { changePlanOf, plainConfiguration, planningNow } from '../helpers/planning-samples.ts';

type Answers = Readonly<Record<string, (bucket: string) => JsonObject | null>>;
const created = '2024-01-01T00:00:00.000Z';
const account = '123456789012';

function awsOf(names: readonly string[], answers: Answers): AwsReader {
  return {
    counts: {},
    async read({ operation, input, absent }: ReadCall) {
      if (operation === 'ListBuckets')
        return {
          Buckets: names.map((Name) => ({ Name, CreationDate: created, BucketRegion: 'eu-west-1' })),
        };
      const answer = answers[operation];
      if (answer !== undefined) return answer(String((input as JsonObject)['Bucket']));
      return absent === undefined || absent.length === 0 ? {} : null;
    },
  };
}
const refused = (operation: string, code = 'AccessDenied'): never => {
  throw new AwsError({
    code,
    kind: code === 'AccessDenied' ? 'denied' : 'unknown',
    operation: `s3:${operation}`,
    message: code,
    executed: 'no',
  });
};

/** What a plan that deletes the bucket `logs` reads. */
const read = (names: readonly string[], answers: Answers): Promise<LiveState> =>
  refresh(changePlanOf([{ address: 'Logs', type: bucket.type, action: 'delete', id: 'logs' }]), {
    aws: awsOf(names, answers),
    types: resourceTypes,
    schemas: loadSchema,
    target: { account, region: 'eu-west-1', caller: `arn:aws:iam::${account}:user/me`, endpoint: null },
    now: planningNow,
    concurrency: 4,
  });
async function dependents(names: readonly string[], answers: Answers) {
  const live = await read(names, answers);
  const victim = live.resources.find(({ identity }) => identity === 'logs') as LiveResource;
  const referrers = referrersOf(indexLive(live, resourceTypes), resourceTypes, loadSchema);
  return { victim, dependents: withDependents(victim, referrers, 'related')['dependents'] };
}
const of =
  (name: string, answer: JsonObject) =>
  (asked: string): JsonObject | null =>
    asked === name ? answer : null;

describe('who uses a bucket that is to be deleted', () => {
  it.each<[string, Answers]>([
    [
      'logs into it',
      { GetBucketLogging: (name) => (name === 'site' ? { LoggingEnabled: { TargetBucket: 'logs' } } : {}) },
    ],
    [
      'copies into it',
      {
        GetBucketReplication: of('site', {
          ReplicationConfiguration: {
            Role: 'r',
            Rules: [{ ID: 'a', Status: 'Enabled', Destination: { Bucket: 'arn:aws:s3:::logs' } }],
          },
        }),
      },
    ],
    [
      'writes its inventory there',
      {
        ListBucketInventoryConfigurations: (name) =>
          name === 'site'
            ? {
                InventoryConfigurationList: [
                  { Id: 'i', Destination: { S3BucketDestination: { Bucket: 'arn:aws:s3:::logs', Format: 'CSV' } } },
                ],
              }
            : {},
      },
    ],
  ])('is each other bucket that %s', async (_title, answers) => {
    expect((await dependents(['logs', 'site', 'other'], answers)).dependents).toEqual([
      { type: 'AWS::S3::Bucket', identity: 'site' },
    ]);
  });

  const policy = (Principal: JsonObject | string): Answers => ({
    GetBucketPolicy: of('logs', {
      Policy: JSON.stringify({ Statement: [{ Effect: 'Allow', Principal, Action: 's3:PutObject', Resource: '*' }] }),
    }),
  });
  const logged = policy({ Service: 'logging.s3.amazonaws.com' });
  const listed = policy({ Service: ['s3.amazonaws.com'] });
  const wide = policy('*');
  const granted: Answers = {
    GetBucketAcl: (name) => ({
      Owner: { ID: 'me' },
      Grants:
        name === 'logs'
          ? [{ Grantee: { Type: 'Group', URI: 'http://acs.amazonaws.com/groups/s3/LogDelivery' }, Permission: 'WRITE' }]
          : [],
    }),
  };
  const versioned = (Status: string): Answers => ({ GetBucketVersioning: of('logs', { Status }) });

  it.each<[string, Answers]>([
    ['GetBucketLogging', logged],
    ['GetBucketLogging', granted],
    ['GetBucketLogging', wide],
    ['GetBucketLogging', policy({ CanonicalUser: 'abc' })],
    ['ListBucketInventoryConfigurations', listed],
    ['ListBucketInventoryConfigurations', wide],
    ['ListBucketAnalyticsConfigurations', listed],
    ['GetBucketReplication', versioned('Enabled')],
    ['GetBucketReplication', versioned('Suspended')],
    ['GetBucketLogging', { GetBucketPolicy: (name) => (name === 'logs' ? refused('GetBucketPolicy') : null) }],
    [
      'GetBucketReplication',
      { GetBucketVersioning: (name) => (name === 'logs' ? refused('GetBucketVersioning') : {}) },
    ],
  ])(
    'is not known where another did not answer %s and the bucket would take what that writes: %#',
    async (operation, own) => {
      const answers = { ...own, [operation]: (name: string) => (name === 'site' ? refused(operation) : {}) };
      expect((await dependents(['logs', 'site'], answers)).dependents).toBe('unknown');
    },
  );

  it.each<[string, Answers]>([
    ['GetBucketLogging', {}],
    ['GetBucketLogging', listed],
    ['GetBucketLogging', policy({ AWS: 'arn:aws:iam::123456789012:role/app' })],
    ['GetBucketLogging', versioned('Enabled')],
    ['ListBucketInventoryConfigurations', {}],
    ['ListBucketInventoryConfigurations', logged],
    ['GetBucketReplication', {}],
    ['GetBucketReplication', wide],
  ])('is nobody where another did not answer %s, and S3 would refuse what that writes: %#', async (operation, own) => {
    const answers = { ...own, [operation]: (name: string) => (name === 'site' ? refused(operation) : {}) };
    expect((await dependents(['logs', 'site'], answers)).dependents).toEqual([]);
  });

  it('that is not known blocks, and the finding names who may use it, the call and the words of AWS', async () => {
    const live = await read(['logs', 'site', 'other'], {
      ...logged,
      GetBucketLogging: (name) => (name === 'site' ? refused('GetBucketLogging') : {}),
    });
    const { plan: made } = plan({
      changePlan: changePlanOf([{ address: 'Logs', type: bucket.type, action: 'delete', id: 'logs', reason: 'r' }]),
      text: '',
      live,
      types: resourceTypes,
      schemas: loadSchema,
      configuration: plainConfiguration,
      now: planningNow,
    });
    const found = made.findings.find(({ code }) => code === 'unknown-evidence');
    expect(found?.message).toMatch(
      /dependents .*because "site" may use it.*s3:GetBucketLogging answered AccessDenied/u,
    );
    expect(found?.help).toContain('allow s3:GetBucketLogging');
  });

  it('is nobody where every other bucket was asked', async () => {
    expect((await dependents(['logs', 'site'], {})).dependents).toEqual([]);
    // What says nothing of the victim hides nobody.
    expect(
      (
        await dependents(['logs', 'site'], {
          ...logged,
          GetBucketTagging: (name) => (name === 'site' ? refused('GetBucketTagging') : null),
        })
      ).dependents,
    ).toEqual([]);
  });

  it('is not known where the account has more buckets than are asked', async () => {
    const names = ['logs', ...Array.from({ length: 1001 }, (_, index) => `b${index}`)];
    expect((await dependents(names, logged)).dependents).toBe('unknown');
    expect((await dependents(names, {})).dependents).toEqual([]);
  });

  it('is shown as unknown for buckets of other regions, which can only copy into one that keeps versions', async () => {
    const elsewhere = (versioned: boolean): Answers => ({
      GetBucketVersioning: () => (versioned ? { Status: 'Enabled' } : {}),
      GetBucketReplication: (name) => (name === 'site' ? refused('GetBucketReplication', 'PermanentRedirect') : null),
    });
    const [with1, without] = [
      await dependents(['logs', 'site'], elsewhere(true)),
      await dependents(['logs', 'site'], elsewhere(false)),
    ];
    expect(with1.victim.observed['replicatedFrom']).toMatch(/^unknown: 1 buckets/u);
    expect(without.victim.observed['replicatedFrom']).toBeUndefined();
    expect([with1.dependents, without.dependents]).toEqual([[], []]);
  });
});

describe('what a denied read needs', () => {
  it('is told of every read that was denied, by the names that IAM has', async () => {
    const denied = ['ListObjectVersions', 'GetBucketEncryption', 'GetBucketCors'];
    const live = await read(
      ['logs'],
      Object.fromEntries(denied.map((operation) => [operation, () => refused(operation)])),
    );
    const failures = indexLive(live, resourceTypes).failuresOf(bucket.type, 'logs');
    expect(readAgain(failures)).toContain(
      'allow s3:GetBucketCORS, s3:GetEncryptionConfiguration, s3:ListBucketVersions (',
    );
    for (const operation of denied) expect(refusalTexts(failures, '')).toContain(`s3:${operation} answered`);
  });

  it.each(subResources.map((row) => [row.name, row] as const))('is among the listed actions: %s', (_name, row) => {
    const { read: reading, write, restore } = bucket.iam;
    expect(reading).toEqual(expect.arrayContaining([...actionsOf(`s3:${row.get.operation}`)]));
    expect([...write, ...restore]).toEqual(
      expect.arrayContaining([
        ...actionsOf(`s3:${row.put.operation}`),
        ...('operation' in row.remove ? actionsOf(`s3:${row.remove.operation}`) : []),
      ]),
    );
  });

  it('has the name of the operation elsewhere', () => {
    expect(actionsOf('ec2:DescribeInstances')).toEqual(['ec2:DescribeInstances']);
    expect([actionsOf('s3:ListBuckets'), actionsOf('s3:HeadBucket'), actionsOf('s3:GetBucketPolicy')]).toEqual([
      ['s3:ListAllMyBuckets'],
      ['s3:ListBucket'],
      ['s3:GetBucketPolicy'],
    ]);
  });
});
