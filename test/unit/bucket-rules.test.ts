import { describe, expect, it } from '@jest/globals';
import { bucket } from '../../providers/s3/bucket/bucket.ts';
import { lifecycleHits, listingOf } from '../../providers/s3/rules/lifecycle.ts';
import type { Entry } from '../../providers/s3/objects/contents.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { ChangeRule } from '../../src/domain/resource-type.ts';
import { liveBucket } from '../helpers/bucket-fixture.ts';

const { rules } = bucket;
const live = liveBucket();
const hits = (
  list: readonly ChangeRule[],
  path: string,
  before: Json | undefined,
  after: Json | undefined,
  of: LiveResource | null = live,
): readonly string[] =>
  list
    .filter(
      (rule) => rule.path === path && rule.given?.(before, of) !== false && rule.when?.(before, after, of) !== false,
    )
    .map((rule) => rule.says(before, after, of));
const loses = (
  path: string,
  before: Json | undefined,
  after: Json | undefined,
  of?: LiveResource | null,
): readonly string[] => hits(rules.destructive, path, before, after, of);
const opens = (
  path: string,
  before: Json | undefined,
  after: Json | undefined,
  of?: LiveResource | null,
): readonly string[] => hits(rules.grants, path, before, after, of);

describe('what a change of a bucket loses', () => {
  it('versioning that stops', () => {
    expect(loses('VersioningConfiguration', { Status: 'Enabled' }, { Status: 'Suspended' })).toEqual([
      'Versioning of "site" stops: from then on an overwritten or deleted object is gone.',
    ]);
    expect(loses('VersioningConfiguration', { Status: 'Enabled' }, undefined)).toHaveLength(1);
    expect(loses('VersioningConfiguration', undefined, { Status: 'Enabled' })).toEqual([]);
    expect(loses('VersioningConfiguration', { Status: 'Suspended' }, { Status: 'Enabled' })).toEqual([]);
  });

  const rule = (more: JsonObject, status = 'Enabled'): JsonObject => ({
    Rules: [{ Id: 'r', Status: status, ...more }],
  });
  it.each<[string, Json | undefined, Json | undefined, number]>([
    ['a new expiry', undefined, rule({ ExpirationInDays: 30 }), 1],
    ['a new expiry at a date', undefined, rule({ ExpirationDate: '2030-01-01T00:00:00.000Z' }), 1],
    ['expiry of noncurrent versions', undefined, rule({ NoncurrentVersionExpiration: { NoncurrentDays: 1 } }), 1],
    ['the abort of uploads', undefined, rule({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }), 1],
    ['an earlier expiry', rule({ ExpirationInDays: 30 }), rule({ ExpirationInDays: 29 }), 1],
    ['an expiry of more objects', rule({ ExpirationInDays: 30, Prefix: 'logs/' }), rule({ ExpirationInDays: 30 }), 1],
    [
      'fewer kept versions',
      rule({ NoncurrentVersionExpiration: { NoncurrentDays: 1, NewerNoncurrentVersions: 3 } }),
      rule({ NoncurrentVersionExpiration: { NoncurrentDays: 1 } }),
      1,
    ],
    ['a rule that is switched on', rule({ ExpirationInDays: 30 }, 'Disabled'), rule({ ExpirationInDays: 30 }), 1],
    ['a later expiry', rule({ ExpirationInDays: 30 }), rule({ ExpirationInDays: 31 }), 0],
    [
      'the same rule under another Id',
      rule({ ExpirationInDays: 30 }),
      { Rules: [{ Id: 'other', Status: 'Enabled', ExpirationInDays: 30 }] },
      0,
    ],
    ['a disabled rule', undefined, rule({ ExpirationInDays: 30 }, 'Disabled'), 0],
    ['a rule that goes', rule({ ExpirationInDays: 30 }), undefined, 0],
    ['a rule that only cleans markers up', undefined, rule({ ExpiredObjectDeleteMarker: true }), 0],
    [
      'a move to a cheaper class',
      undefined,
      rule({ Transitions: [{ StorageClass: 'STANDARD_IA', TransitionInDays: 30 }] }),
      0,
    ],
    ['a move to an archive', undefined, rule({ Transitions: [{ StorageClass: 'GLACIER', TransitionInDays: 30 }] }), 1],
    [
      'a move into one Availability Zone',
      undefined,
      rule({ Transitions: [{ StorageClass: 'ONEZONE_IA', TransitionInDays: 30 }] }),
      1,
    ],
    [
      'a move of noncurrent versions, in the older spelling',
      undefined,
      rule({ NoncurrentVersionTransition: { StorageClass: 'DEEP_ARCHIVE', TransitionInDays: 1 } }),
      1,
    ],
  ])('lifecycle: %s', (_title, before, after, number) => {
    expect(loses('LifecycleConfiguration', before, after)).toHaveLength(number);
  });

  it('calls the destruction by lifecycle irreversible, the archiving not', () => {
    const found = rules.destructive
      .filter(({ path }) => path === 'LifecycleConfiguration')
      .map(({ irreversible }) => irreversible === true);
    expect(found).toEqual([true, false, false]);
    expect(loses('LifecycleConfiguration', undefined, rule({ ExpirationInDays: 30 }), null)).toEqual([]);
  });

  it('retention that is lowered', () => {
    const lock = (Mode: string, Days: number): JsonObject => ({
      ObjectLockEnabled: 'Enabled',
      Rule: { DefaultRetention: { Mode, Days } },
    });
    expect(loses('ObjectLockConfiguration', lock('COMPLIANCE', 10), lock('COMPLIANCE', 9))).toEqual([
      'New objects of "site" are protected less: default retention COMPLIANCE 10 days becomes COMPLIANCE 9 days.',
    ]);
    expect(loses('ObjectLockConfiguration', lock('COMPLIANCE', 10), lock('GOVERNANCE', 20))[0]).toContain(
      'protected less',
    );
    expect(loses('ObjectLockConfiguration', lock('GOVERNANCE', 10), { ObjectLockEnabled: 'Enabled' })).toHaveLength(1);
    const held = { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { DefaultEventHold: { Days: 3 } } } };
    expect(loses('ObjectLockConfiguration', held, { ObjectLockEnabled: 'Enabled' })).toHaveLength(1);
    expect(loses('ObjectLockConfiguration', undefined, { ObjectLockEnabled: 'Enabled' })).toEqual([]);
  });

  it('the power to delete new objects, for as long as a retention lasts that is set or raised', () => {
    const lock = (Mode: string, more: JsonObject): JsonObject => ({
      ObjectLockEnabled: 'Enabled',
      Rule: { DefaultRetention: { Mode, ...more } },
    });
    const decades = lock('COMPLIANCE', { Years: 70 });
    const irreversible = (before: Json | undefined, after: Json): boolean =>
      rules.destructive.some(
        (one) =>
          one.path === 'ObjectLockConfiguration' &&
          one.irreversible === true &&
          one.when?.(before, after, live) === true,
      );
    expect(loses('ObjectLockConfiguration', undefined, decades)).toEqual([
      expect.stringContaining('25550 days (70 years): nobody, the root user of the account included'),
    ]);
    expect([
      irreversible(undefined, decades),
      irreversible(lock('GOVERNANCE', { Days: 10 }), lock('COMPLIANCE', { Days: 10 })),
      irreversible(lock('GOVERNANCE', { Days: 10 }), lock('GOVERNANCE', { Days: 11 })),
    ]).toEqual([true, true, true]);
    expect(irreversible(lock('COMPLIANCE', { Days: 10 }), lock('COMPLIANCE', { Days: 9 }))).toBe(false);
    expect(
      (rules.oneWay ?? []).filter(
        (one) => one.given?.(undefined, null) !== false && one.when?.(undefined, decades, null) === true,
      ),
    ).toHaveLength(1);
    expect(
      (rules.oneWay ?? []).filter(
        (one) =>
          one.given?.(undefined, null) !== false &&
          one.when?.(undefined, { ObjectLockEnabled: 'Enabled' }, null) === true,
      ),
    ).toEqual([]);
  });

  it('replication that stops or passes deletions on, and logs that stop', () => {
    const copies = (more: JsonObject = {}): JsonObject => ({
      Role: 'r',
      Rules: [{ Id: 'a', Status: 'Enabled', Destination: { Bucket: 'arn:aws:s3:::copy' }, ...more }],
    });
    expect(loses('ReplicationConfiguration', copies(), undefined)).toEqual([
      'New objects of "site" are no longer copied to copy.',
    ]);
    expect(loses('ReplicationConfiguration', copies(), copies({ Status: 'Disabled' }))).toHaveLength(1);
    expect(loses('ReplicationConfiguration', copies(), copies({ Filter: { Prefix: 'only/' } }))).toHaveLength(1);
    expect(
      loses('ReplicationConfiguration', copies(), copies({ DeleteMarkerReplication: { Status: 'Enabled' } })),
    ).toEqual(['Deletions in "site" reach the copies too: a.']);
    expect(loses('ReplicationConfiguration', copies(), copies())).toEqual([]);
    expect(loses('LoggingConfiguration', { DestinationBucketName: 'logs' }, undefined)).toEqual([
      'Access to "site" is no longer recorded in logs/.',
    ]);
    expect(
      loses(
        'LoggingConfiguration',
        { DestinationBucketName: 'logs', LogFilePrefix: 'site/' },
        { DestinationBucketName: 'logs', LogFilePrefix: 'x/' },
      ),
    ).toEqual([expect.stringContaining('logs/site/ may find none')]);
    expect(loses('LoggingConfiguration', { DestinationBucketName: 'logs' }, { DestinationBucketName: 'logs' })).toEqual(
      [],
    );
  });

  it('objects that must be restored before they can be read', () => {
    const tiers = (Status: string): Json => [
      { Id: 'x', Status, Tierings: [{ AccessTier: 'DEEP_ARCHIVE_ACCESS', Days: 180 }] },
    ];
    expect(loses('IntelligentTieringConfigurations', [], tiers('Enabled'))[0]).toContain('unreadable');
    expect(loses('IntelligentTieringConfigurations', tiers('Enabled'), tiers('Disabled'))).toEqual([]);
  });
});

describe('what a change of a bucket opens', () => {
  const block = (on: boolean): JsonObject => ({
    BlockPublicAcls: on,
    BlockPublicPolicy: on,
    IgnorePublicAcls: on,
    RestrictPublicBuckets: on,
  });
  it('a public access block that loosens', () => {
    expect(
      opens('PublicAccessBlockConfiguration', block(true), { ...block(true), BlockPublicPolicy: false })[0],
    ).toContain('loses BlockPublicPolicy');
    expect(opens('PublicAccessBlockConfiguration', block(true), undefined)).toHaveLength(1);
    expect(opens('PublicAccessBlockConfiguration', undefined, block(false))).toEqual([]);
    expect(opens('PublicAccessBlockConfiguration', block(false), block(true))).toEqual([]);
    expect(opens('PublicAccessBlockConfiguration', undefined, block(false), null)).toHaveLength(1);
    expect(opens('PublicAccessBlockConfiguration', undefined, block(true), null)).toEqual([]);
  });

  it('access control lists', () => {
    expect(opens('AccessControl', 'Private', 'PublicRead')).toEqual([
      'Access control list PublicRead: everyone may list "site".',
    ]);
    expect(opens('AccessControl', undefined, 'PublicReadWrite', null)).toHaveLength(1);
    expect(opens('AccessControl', 'PublicRead', 'Private')).toEqual([]);
    expect(opens('AccessControl', 'Private', 'SomethingNew')).toHaveLength(1);
    expect(opens('AccessControl', undefined, 'BucketOwnerFullControl', null)).toEqual([]);
    const cors = (AllowedOrigins: string[], AllowedMethods = ['GET', 'PUT']): JsonObject => ({
      CorsRules: [{ AllowedOrigins, AllowedMethods }],
    });
    expect(opens('CorsConfiguration', cors(['https://a.example']), cors(['*']))).toEqual([
      'Pages of other websites may use "site" from the browsers of their visitors: GET from every website, PUT from every website.',
    ]);
    expect(opens('CorsConfiguration', cors(['*'], ['GET']), cors(['https://*']))).toEqual([
      expect.stringMatching(/: PUT from every website\.$/u),
    ]);
    for (const origin of ['*.com', 'https://*.example', 'http*', 'null'])
      expect(opens('CorsConfiguration', undefined, cors([origin], ['GET']))).toEqual([
        expect.stringContaining(`GET from ${origin}`),
      ]);
    expect(opens('CorsConfiguration', undefined, cors(['https://app.example'], ['GET', 'HEAD']))).toEqual([]);
    expect(opens('CorsConfiguration', undefined, cors(['https://app.example'], ['GET', 'DELETE']))).toEqual([
      expect.stringMatching(/: DELETE from https:\/\/app\.example\.$/u),
    ]);
    expect(opens('CorsConfiguration', cors(['*']), cors(['*'], ['GET']))).toEqual([]);
    const owns = (ObjectOwnership: string): JsonObject => ({ Rules: [{ ObjectOwnership }] });
    expect(opens('OwnershipControls', owns('BucketOwnerEnforced'), owns('ObjectWriter'))).toHaveLength(1);
    expect(opens('OwnershipControls', undefined, owns('ObjectWriter'), null)).toHaveLength(1);
    expect(opens('OwnershipControls', owns('ObjectWriter'), owns('BucketOwnerEnforced'))).toEqual([]);
  });

  it('weaker encryption', () => {
    const with1 = (SSEAlgorithm: string, more: JsonObject = {}, beside: JsonObject = {}): JsonObject => ({
      ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm, ...more }, ...beside }],
    });
    expect(opens('BucketEncryption', with1('aws:kms', { KMSMasterKeyID: 'k' }), with1('AES256'))[0]).toContain(
      'from aws:kms with k to AES256',
    );
    expect(opens('BucketEncryption', with1('aws:kms:dsse'), with1('aws:kms'))).toHaveLength(1);
    expect(
      opens(
        'BucketEncryption',
        with1('aws:kms', { KMSMasterKeyID: 'k' }),
        with1('aws:kms', { KMSMasterKeyID: 'other' }),
      ),
    ).toHaveLength(1);
    expect(
      opens(
        'BucketEncryption',
        with1('AES256', {}, { BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] } }),
        with1('AES256'),
      ),
    ).toHaveLength(1);
    for (const key of ['k', 'alias/agent-key', '1234abcd-12ab-34cd-56ef-1234567890ab'])
      expect(opens('BucketEncryption', with1('AES256'), with1('aws:kms', { KMSMasterKeyID: key }))).toEqual([
        expect.stringContaining(`aws:kms with ${key}`),
      ]);
    for (const own of [{}, { KMSMasterKeyID: 'alias/aws/s3' }])
      expect(opens('BucketEncryption', with1('AES256'), with1('aws:kms', own))).toEqual([]);
    expect(
      opens(
        'BucketEncryption',
        with1('AES256'),
        with1('aws:kms', { KMSMasterKeyID: 'arn:aws:kms:eu-west-1:666666666666:key/k' }),
      )[0],
    ).toContain('who holds the key can make them unreadable');
    expect(opens('BucketEncryption', undefined, with1('AES256'), null)).toEqual([]);
    expect(
      opens('WebsiteConfiguration', { IndexDocument: 'i' }, { RedirectAllRequestsTo: { HostName: 'evil.example' } })[0],
    ).toContain('evil.example');
    expect(
      opens('WebsiteConfiguration', undefined, { RoutingRules: [{ RedirectRule: { HostName: 'evil.example' } }] }),
    ).toHaveLength(1);
  });

  it('new places to which objects, logs, events and lists go', () => {
    const copies = (Bucket: string, Account?: string): JsonObject => ({
      Role: 'role',
      Rules: [{ Id: 'a', Status: 'Enabled', Destination: { Bucket, ...(Account === undefined ? {} : { Account }) } }],
    });
    expect(
      opens('ReplicationConfiguration', copies('arn:aws:s3:::one'), copies('arn:aws:s3:::two', '210987654321')),
    ).toEqual(['Objects of "site" are copied to two of account 210987654321 through role.']);
    expect(opens('ReplicationConfiguration', copies('arn:aws:s3:::one'), copies('arn:aws:s3:::one'))).toEqual([]);
    expect(opens('LoggingConfiguration', undefined, { DestinationBucketName: 'logs' })).toEqual([
      'Everyone who may read logs sees who accesses "site".',
    ]);
    expect(
      opens(
        'LoggingConfiguration',
        { DestinationBucketName: 'logs' },
        { DestinationBucketName: 'logs', LogFilePrefix: 'x' },
      ),
    ).toEqual([]);
    const events = (...queues: readonly string[]): JsonObject => ({
      QueueConfigurations: queues.map((Queue) => ({ Event: 'e', Queue })),
    });
    expect(opens('NotificationConfiguration', events('a'), events('a', 'b'))).toEqual(['Events of "site" go to b.']);
    expect(
      opens('NotificationConfiguration', undefined, { EventBridgeConfiguration: { EventBridgeEnabled: true } }),
    ).toEqual(['Events of "site" go to EventBridge.']);
    expect(opens('NotificationConfiguration', events('a', 'b'), events('a'))).toEqual([]);
    const inventory = (BucketArn: string): Json => [
      { Id: 'i', Destination: { BucketArn, BucketAccountId: '210987654321' } },
    ];
    expect(opens('InventoryConfigurations', [], inventory('arn:aws:s3:::theirs'))).toEqual([
      'Lists of the objects of "site" are written to theirs of account 210987654321.',
    ]);
    expect(
      opens('InventoryConfigurations', inventory('arn:aws:s3:::theirs'), inventory('arn:aws:s3:::theirs')),
    ).toEqual([]);
    const analysis = (BucketArn: string): Json => [
      { Id: 'i', StorageClassAnalysis: { DataExport: { Destination: { BucketArn } } } },
    ];
    expect(opens('AnalyticsConfigurations', [], analysis('arn:aws:s3:::theirs'))).toHaveLength(1);
    expect(opens('AnalyticsConfigurations', analysis('arn:aws:s3:::theirs'), [])).toEqual([]);
  });

  it('each part of a replication that exists: account, owner, key, role, and what is copied', () => {
    const copies = (destination: JsonObject, more: JsonObject = {}, Role = 'role'): JsonObject => ({
      Role,
      Rules: [{ Id: 'a', Status: 'Enabled', Destination: { Bucket: 'arn:aws:s3:::copy', ...destination }, ...more }],
    });
    const before = copies({ Account: '111111111111' });
    const others: readonly JsonObject[] = [
      copies({ Account: '666666666666' }),
      copies({ Account: '111111111111', AccessControlTranslation: { Owner: 'Destination' } }),
      copies({
        Account: '111111111111',
        EncryptionConfiguration: { ReplicaKmsKeyID: 'arn:aws:kms:eu-west-1:666666666666:key/k' },
      }),
      copies({ Account: '111111111111' }, {}, 'other'),
      copies(
        { Account: '111111111111' },
        { SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' } } },
      ),
      copies({ Account: '111111111111' }, { SourceSelectionCriteria: { ReplicaModifications: { Status: 'Enabled' } } }),
    ];
    for (const after of others) expect(opens('ReplicationConfiguration', before, after)).toHaveLength(1);
    expect(opens('ReplicationConfiguration', before, copies({ Account: '111111111111' }, { Priority: 2 }))).toEqual([]);
    const inside = (part: string, before: Json | undefined, after: Json | undefined): number =>
      loses(`ReplicationConfiguration.Rules.*.Destination.${part}`, before, after).length;
    for (const part of ['Metrics.Status', 'ReplicationTime.Status']) {
      expect([
        inside(part, 'Enabled', 'Disabled'),
        inside(part, 'Enabled', undefined),
        inside(part, undefined, 'Enabled'),
      ]).toEqual([1, 1, 0]);
    }
    expect([
      inside('StorageClass', undefined, 'DEEP_ARCHIVE'),
      inside('StorageClass', 'STANDARD', 'STANDARD_IA'),
      inside('StorageClass', 'GLACIER', undefined),
    ]).toEqual([1, 0, 0]);
  });

  it('services that end are losses: events, metrics, lists, pages, the accelerate endpoint', () => {
    const event = (Event: string, more: JsonObject = {}): JsonObject => ({ Event, Queue: 'q', ...more });
    const events = (...list: readonly JsonObject[]): JsonObject => ({ QueueConfigurations: list });
    expect(loses('NotificationConfiguration', events(event('put'), event('delete')), events(event('put')))).toEqual([
      'Events of "site" are no longer told: delete to q.',
    ]);
    expect(loses('NotificationConfiguration', events(event('put')), undefined)).toHaveLength(1);
    expect(
      loses(
        'NotificationConfiguration',
        events(event('put')),
        events(event('put', { Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: 'never/' }] } } })),
      ),
    ).toHaveLength(1);
    expect(
      loses(
        'NotificationConfiguration',
        { EventBridgeConfiguration: { EventBridgeEnabled: true } },
        { EventBridgeConfiguration: { EventBridgeEnabled: false } },
      ),
    ).toHaveLength(1);
    expect(loses('NotificationConfiguration', events(event('put')), events(event('put'), event('delete')))).toEqual([]);
    expect(loses('MetricsConfigurations', [{ Id: 'all' }], [])).toEqual([expect.stringContaining('"all"')]);
    expect(loses('MetricsConfigurations', [{ Id: 'all' }], [{ Id: 'all', Prefix: 'never/' }])).toHaveLength(1);
    const lists = (Enabled: boolean): Json => [{ Id: 'i', Enabled, Destination: { BucketArn: 'arn:aws:s3:::ours' } }];
    expect(loses('InventoryConfigurations', lists(true), lists(false))).toHaveLength(1);
    expect(loses('InventoryConfigurations', lists(false), [])).toEqual([]);
    expect(loses('WebsiteConfiguration', { IndexDocument: 'i' }, undefined)).toEqual([
      'Visitors of the website of "site" get no page any more.',
    ]);
    expect(loses('WebsiteConfiguration', { IndexDocument: 'i' }, { IndexDocument: 'other' })).toHaveLength(1);
    expect(loses('WebsiteConfiguration', { IndexDocument: 'i' }, { IndexDocument: 'i', ErrorDocument: 'e' })).toEqual(
      [],
    );
    expect(
      opens(
        'WebsiteConfiguration',
        { RedirectAllRequestsTo: { HostName: 'a', Protocol: 'https' } },
        { RedirectAllRequestsTo: { HostName: 'a', Protocol: 'http' } },
      ),
    ).toEqual([expect.stringContaining('without encryption')]);
    expect(loses('AccelerateConfiguration', { AccelerationStatus: 'Enabled' }, undefined)).toHaveLength(1);
  });

  it("a key of another account at a create, not the own account's", () => {
    const encrypted = (account: string): JsonObject => ({
      ServerSideEncryptionConfiguration: [
        {
          ServerSideEncryptionByDefault: {
            SSEAlgorithm: 'aws:kms',
            KMSMasterKeyID: `arn:aws:kms:eu-west-1:${account}:key/k`,
          },
        },
      ],
    });
    const scene = { account: '111111111111', after: {}, find: () => undefined };
    const found = (account: string): boolean =>
      rules.grants.some(
        ({ path, when }) => path === 'BucketEncryption' && when?.(undefined, encrypted(account), null, scene) === true,
      );
    expect([found('666666666666'), found('111111111111')]).toEqual([true, false]);
    const named = (KMSMasterKeyID: string): JsonObject => ({
      ServerSideEncryptionConfiguration: [
        { ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID } },
      ],
    });
    const arn = 'arn:aws:kms:eu-west-1:111111111111:key/1234';
    const judge = (before: Json | undefined, after: Json, of: LiveResource | null): boolean =>
      rules.grants.some(({ path, when }) => path === 'BucketEncryption' && when?.(before, after, of, scene) === true);
    // A name is looked for in the account of whoever writes: it is shown to be nobody's.
    expect([judge(undefined, named('alias/x'), null), judge(undefined, named('1234'), null)]).toEqual([true, true]);
    expect(judge(named(arn), named('1234'), live)).toBe(false);
    expect(judge(named(arn.replaceAll('1', '6')), named('6234'), live)).toBe(true);
  });

  it('judges values of the wrong shape without failing', () => {
    const odd: readonly (Json | undefined)[] = [
      undefined,
      null,
      1,
      'x',
      true,
      [],
      [null, 1],
      {},
      { Rules: 'x' },
      { Rules: [null, 3, {}] },
      { $unknown: 'Key.Arn' },
    ];
    for (const rule of [...rules.destructive, ...rules.grants, ...(rules.oneWay ?? [])]) {
      for (const before of odd)
        for (const after of odd)
          for (const subject of [live, null]) {
            if (rule.given?.(before, subject) !== false && rule.when?.(before, after, subject) !== false)
              expect(typeof rule.says(before, after, subject)).toBe('string');
          }
    }
  });
});

describe('what may be changed', () => {
  const decided = (name: string, after: Json | undefined, of: LiveResource = live, before?: Json): unknown => {
    const update = rules.properties[name]?.update;
    return typeof update === 'function' ? update(before, after, of) : update;
  };
  it('blocks what S3 would refuse', () => {
    expect(decided('BucketName', 'other')).toBeUndefined();
    expect(decided('ObjectLockEnabled', true)).toBe('in-place');
    expect(decided('ObjectLockEnabled', false, live, true)).toMatchObject({
      blocked: expect.stringContaining('never be switched off'),
    });
    expect(decided('VersioningConfiguration', { Status: 'Suspended' })).toBe('in-place');
    expect(
      decided(
        'VersioningConfiguration',
        { Status: 'Suspended' },
        liveBucket({ properties: { ObjectLockEnabled: true } }),
      ),
    ).toMatchObject({ blocked: expect.stringContaining('Object Lock') });
  });

  it('knows a bucket that looks like a lost baseline', () => {
    const other = (identity: string, Tags: JsonObject = {}): LiveResource =>
      liveBucket({ identity, properties: { BucketName: identity, Tags } });
    expect(rules.duplicate({ BucketName: 'courses-uploads' }, other('courses-uploads'))).toBe('same');
    expect(rules.duplicate({ BucketName: 'courses-uploads-2' }, other('courses-uploads'))).toBe('similar');
    // A name without an appendix was there first, and so was another appendix: neither is a copy of the other.
    expect(rules.duplicate({ BucketName: 'courses-audit-logs' }, other('courses-audit-logs-2'))).toBeNull();
    expect(rules.duplicate({ BucketName: 'courses-logs-2026' }, other('courses-logs-2025'))).toBeNull();
    expect(
      rules.duplicate(
        { BucketName: 'new-name', Tags: { Name: 'uploads' } },
        other('courses-uploads', { Name: 'uploads' }),
      ),
    ).toBe('similar');
    expect(rules.duplicate({ BucketName: 'logs-2' }, other('logs-3'))).toBeNull();
    expect(rules.duplicate({ BucketName: 'courses-uploads' }, other('courses-downloads'))).toBeNull();
  });
});

describe('hits of a lifecycle rule in a listing', () => {
  const entry = (key: string, modified: string, more: Partial<Entry> = {}): Entry => ({
    key,
    versionId: modified,
    latest: true,
    marker: false,
    etag: '',
    size: 10,
    modified,
    storageClass: 'STANDARD',
    archived: false,
    ...more,
  });
  const entries = [
    entry('a/1', '2024-03-01T00:00:00.000Z'),
    entry('a/1', '2024-02-01T00:00:00.000Z', { latest: false }),
    entry('a/1', '2024-01-01T00:00:00.000Z', { latest: false }),
    entry('b/1', '2024-01-01T00:00:00.000Z', { size: 500 }),
    entry('c/1', '2024-02-15T00:00:00.000Z', { marker: true, size: 0 }),
    entry('c/1', '2024-01-01T00:00:00.000Z', { latest: false }),
  ];
  const listing = listingOf(entries, true, '2024-03-10T00:00:00.000Z');

  it('counts current objects by age, prefix and size', () => {
    expect(lifecycleHits({ ExpirationInDays: 30 }, listing)).toEqual({
      matching: 2,
      due: 1,
      bytes: 510,
      atLeast: false,
      tagsUnknown: false,
    });
    expect(lifecycleHits({ ExpirationInDays: 30, Prefix: 'a/' }, listing)).toMatchObject({ matching: 1, due: 0 });
    expect(lifecycleHits({ ExpirationInDays: 1, ObjectSizeGreaterThan: 10 }, listing)).toMatchObject({
      matching: 1,
      due: 1,
      bytes: 500,
    });
    expect(lifecycleHits({ ExpirationInDays: 1, ObjectSizeLessThan: 500 }, listing)).toMatchObject({ matching: 1 });
    expect(lifecycleHits({ ExpirationDate: '2024-03-11T00:00:00.000Z' }, listing)).toMatchObject({
      matching: 2,
      due: 0,
    });
    expect(lifecycleHits({ ExpirationInDays: 1, TagFilters: [{ Key: 'a', Value: 'b' }] }, listing).tagsUnknown).toBe(
      true,
    );
  });

  it('counts noncurrent versions by the age of their successor, keeping the newest', () => {
    expect(lifecycleHits({ NoncurrentVersionExpiration: { NoncurrentDays: 10 } }, listing)).toMatchObject({
      matching: 3,
      due: 2,
    });
    expect(
      lifecycleHits({ NoncurrentVersionExpiration: { NoncurrentDays: 10, NewerNoncurrentVersions: 1 } }, listing),
    ).toMatchObject({ matching: 1, due: 1 });
  });

  it('says at least where the listing is cut, and nothing of today without a clock', () => {
    const cut = listingOf(entries, false, null);
    expect(lifecycleHits({ ExpirationInDays: 30 }, cut)).toMatchObject({ matching: 2, due: null, atLeast: true });
    const rule = rules.destructive.find(({ irreversible }) => irreversible === true);
    const after = { Rules: [{ Id: 'all', Status: 'Enabled', ExpirationInDays: 30 }] };
    expect(rule?.says(undefined, after, liveBucket({ observed: { listing: cut } }))).toContain(
      'deletes objects after 30 days in the whole bucket: hits at least 2 (510 bytes) that are there now.',
    );
    expect(
      rule?.says(undefined, after, liveBucket({ properties: { VersioningConfiguration: { Status: 'Enabled' } } })),
    ).toContain('hides objects after 30 days in the whole bucket; how many it would hit is unknown');
  });
});
