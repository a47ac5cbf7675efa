import { describe, expect, it } from '@jest/globals';
import { rules } from '../../providers/s3/rules/rules.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { ChangeRule } from '../../src/domain/resource-type.ts';
import { liveBucket } from '../helpers/bucket-fixture.ts';

const says = (list: readonly ChangeRule[], path: string, before: Json | undefined, after: Json): readonly string[] =>
  list
    .filter((rule) => rule.path === path && rule.when?.(before, after, liveBucket()) === true)
    .map((rule) => rule.says(before, after, liveBucket()));
const opens = (path: string, before: Json | undefined, after: Json): readonly string[] =>
  says(rules.grants, path, before, after);
const loses = (path: string, before: Json | undefined, after: Json): readonly string[] =>
  says(rules.destructive, path, before, after);
/** How many grants and how many losses. */
const both = (path: string, before: Json | undefined, after: Json): readonly number[] => [
  opens(path, before, after).length,
  loses(path, before, after).length,
];

describe('a replication', () => {
  const rule = (more: JsonObject, Id = 'a'): JsonObject => ({
    Id,
    Status: 'Enabled',
    Destination: { Bucket: 'arn:aws:s3:::copy', Account: '999999999999' },
    ...more,
  });
  const copies = (...list: readonly JsonObject[]): JsonObject => ({ Role: 'role', Rules: list });
  const some = copies(rule({ Filter: { Prefix: 'public/' } }));
  const path = 'ReplicationConfiguration';

  it.each<[string, JsonObject]>([
    ['a shorter prefix', copies(rule({ Filter: { Prefix: 'pub' } }))],
    ['an empty prefix', copies(rule({ Filter: { Prefix: '' } }))],
    ['an empty filter', copies(rule({ Filter: {} }))],
    ['no filter', copies(rule({}))],
    ['the prefix of the first version of a rule', copies(rule({ Prefix: '' }))],
    ['a further rule', copies(rule({ Filter: { Prefix: 'public/' } }), rule({ Filter: { Prefix: '' } }, 'b'))],
    [
      'a further rule beside it',
      copies(rule({ Filter: { Prefix: 'public/' } }), rule({ Filter: { Prefix: 'x' } }, 'b')),
    ],
  ])('that is widened by %s is a grant and no loss', (_title, after) => {
    expect(both(path, some, after)).toEqual([1, 0]);
    expect(opens(path, some, after)[0]).toContain('copy of account 999999999999 through role (more than before: ');
  });

  it('that loses a tag from its filter copies more, and less with one more tag', () => {
    const tagged = (...keys: readonly string[]): JsonObject =>
      copies(rule({ Filter: { And: { Prefix: 'p/', TagFilters: keys.map((Key) => ({ Key, Value: '1' })) } } }));
    expect([both(path, tagged('a', 'b'), tagged('a')), both(path, tagged('a'), tagged('a', 'b'))]).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });

  it('that is narrowed, renamed or said twice hands out nothing', () => {
    expect(both(path, copies(rule({})), some)).toEqual([0, 1]);
    expect(both(path, some, copies(rule({ Filter: { Prefix: 'public/' } }, 'other')))).toEqual([0, 0]);
    expect(both(path, copies(rule({})), copies(rule({}), rule({ Filter: { Prefix: 'x/' } }, 'b')))).toEqual([0, 0]);
  });

  it.each(['SseKmsEncryptedObjects', 'ReplicaModifications'])(
    'loses with %s switched off, and grants with it on',
    (name) => {
      const criteria = (Status: string): JsonObject =>
        copies(rule({ SourceSelectionCriteria: { [name]: { Status } } }));
      expect([
        both(path, criteria('Enabled'), criteria('Disabled')),
        both(path, criteria('Enabled'), copies(rule({}))),
        both(path, criteria('Disabled'), criteria('Enabled')),
        both(path, copies(rule({})), criteria('Disabled')),
      ]).toEqual([
        [0, 1],
        [0, 1],
        [1, 0],
        [0, 0],
      ]);
    },
  );
});

describe('a list of objects that others get', () => {
  const inventory = (more: JsonObject, Id = 'i'): JsonObject => ({
    Id,
    Enabled: true,
    IncludedObjectVersions: 'Current',
    Destination: { BucketArn: 'arn:aws:s3:::theirs', BucketAccountId: '999999999999' },
    ...more,
  });
  const path = 'InventoryConfigurations';
  const before = [inventory({ Prefix: 'public/' })];

  it.each<[string, Json]>([
    ['a wider prefix', [inventory({})]],
    ['all versions', [inventory({ Prefix: 'public/', IncludedObjectVersions: 'All' })]],
    ['a further field', [inventory({ Prefix: 'public/', OptionalFields: ['ObjectAccessControlList'] })]],
    ['a further inventory', [...before, inventory({ IncludedObjectVersions: 'All' }, 'j')]],
  ])('is a grant with %s to the same bucket', (_title, after) => {
    expect(both(path, before, after)).toEqual([1, 0]);
  });

  it('is a grant once it is switched on, and a loss with less in it', () => {
    expect(both(path, [inventory({ Enabled: false })], [inventory({})])).toEqual([1, 0]);
    expect(both(path, [inventory({ IncludedObjectVersions: 'All' })], [inventory({})])).toEqual([0, 1]);
    expect(both(path, before, [...before, inventory({ Prefix: 'public/x' }, 'j')])).toEqual([0, 0]);
  });

  it('is a grant where an analysis of more objects is written', () => {
    const analysis = (Prefix: string): Json => [
      { Id: 'a', Prefix, StorageClassAnalysis: { DataExport: { Destination: { BucketArn: 'arn:aws:s3:::theirs' } } } },
    ];
    expect(opens('AnalyticsConfigurations', analysis('p/'), analysis(''))).toHaveLength(1);
    expect(opens('AnalyticsConfigurations', analysis(''), analysis('p/'))).toEqual([]);
  });
});

describe('a notification', () => {
  const path = 'NotificationConfiguration';
  const topic = 'arn:aws:sns:eu-west-1:999999999999:t';
  const events = (...list: readonly JsonObject[]): JsonObject => ({
    TopicConfigurations: list.map((item) => ({ Topic: topic, ...item })),
  });
  const filter = (Name: string, Value: string): JsonObject => ({ Filter: { S3Key: { Rules: [{ Name, Value }] } } });

  it.each<[string, JsonObject]>([
    ['a further event', events({ Event: 's3:ObjectCreated:Put' }, { Event: 's3:ObjectRemoved:*' })],
    ['all events of a kind', events({ Event: 's3:ObjectCreated:*' })],
  ])('is a grant and no loss with %s to the same topic', (_title, after) => {
    expect(both(path, events({ Event: 's3:ObjectCreated:Put' }), after)).toEqual([1, 0]);
    expect(opens(path, events({ Event: 's3:ObjectCreated:Put' }), after)[0]).toContain(`${topic} (more than before: `);
  });

  it('is a grant and no loss with a wider filter, the other way round with a narrower one', () => {
    const wide = events({ Event: 'e' });
    for (const more of [filter('prefix', 'p/'), filter('Suffix', '.jpg')]) {
      const narrow = events({ Event: 'e', ...more });
      expect([both(path, narrow, wide), both(path, wide, narrow)]).toEqual([
        [1, 0],
        [0, 1],
      ]);
    }
  });
});

describe('a redirection', () => {
  it('is a grant where more visitors are sent to the same host', () => {
    const site = (KeyPrefixEquals?: string): JsonObject => ({
      IndexDocument: 'i',
      RoutingRules: [
        {
          ...(KeyPrefixEquals === undefined ? {} : { RoutingRuleCondition: { KeyPrefixEquals } }),
          RedirectRule: { HostName: 'other.example' },
        },
      ],
    });
    expect(opens('WebsiteConfiguration', site('old/'), site())).toHaveLength(1);
    expect(opens('WebsiteConfiguration', site(), site('old/'))).toEqual([]);
  });
});

describe('a CORS rule', () => {
  const rule = (AllowedOrigins: string[], AllowedMethods: string[], more: JsonObject = {}): JsonObject => ({
    AllowedOrigins,
    AllowedMethods,
    ...more,
  });
  const cors = (...list: readonly JsonObject[]): JsonObject => ({ CorsRules: list });
  const path = 'CorsConfiguration';
  const before = cors(rule(['https://app.example'], ['PUT'], { AllowedHeaders: ['*'], ExposedHeaders: ['ETag'] }));

  it.each<[string, Json]>([
    ['the rule', cors()],
    ['the method', cors(rule(['https://app.example'], ['GET'], { AllowedHeaders: ['*'], ExposedHeaders: ['ETag'] }))],
    ['the headers that may be sent', cors(rule(['https://app.example'], ['PUT'], { ExposedHeaders: ['ETag'] }))],
    ['the headers that may be read', cors(rule(['https://app.example'], ['PUT'], { AllowedHeaders: ['*'] }))],
    ['everything', {}],
  ])('that goes with %s is an outage of the pages that use it', (_title, after) => {
    expect(loses(path, before, after)).toEqual([expect.stringContaining('PUT from https://app.example')]);
  });

  it('that is widened or comes along takes nothing away', () => {
    const wide = rule(['https://*'], ['GET', 'PUT'], { AllowedHeaders: ['*'], ExposedHeaders: ['etag'] });
    expect(loses(path, before, cors(wide))).toEqual([]);
    expect(loses(path, undefined, cors(wide))).toEqual([]);
  });
});
