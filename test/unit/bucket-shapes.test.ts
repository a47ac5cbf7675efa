import { describe, expect, it } from '@jest/globals';
import { carryTags } from '../../providers/s3/configuration/carry.ts';
import { subResource, subResources } from '../../providers/s3/configuration/sub-resources.ts';
import { objectsOf } from '../../providers/s3/configuration/values.ts';
import { bucket } from '../../providers/s3/bucket/bucket.ts';
import { canonical } from '../../src/base/digest.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';

/** S3's answer to the get, and the CloudFormation properties that it comes to. */
const samples: Readonly<Record<string, readonly (readonly [answer: JsonObject, properties: JsonObject])[]>> = {
  ownership: [
    [
      { OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] } },
      { OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] } },
    ],
  ],
  publicAccessBlock: [
    [
      {
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: false,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
      },
      {
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: false,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
      },
    ],
  ],
  versioning: [[{ Status: 'Enabled' }, { VersioningConfiguration: { Status: 'Enabled' } }]],
  encryption: [
    [
      {
        ServerSideEncryptionConfiguration: {
          Rules: [
            {
              ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: 'key-1' },
              BucketKeyEnabled: true,
              BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] },
            },
          ],
        },
      },
      {
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            {
              ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: 'key-1' },
              BucketKeyEnabled: true,
              BlockedEncryptionTypes: { EncryptionType: ['SSE-C'] },
            },
          ],
        },
      },
    ],
  ],
  objectLock: [
    [
      {
        ObjectLockConfiguration: {
          ObjectLockEnabled: 'Enabled',
          Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 7 } },
        },
      },
      {
        ObjectLockEnabled: true,
        ObjectLockConfiguration: {
          ObjectLockEnabled: 'Enabled',
          Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 7 } },
        },
      },
    ],
  ],
  tagging: [
    [
      {
        TagSet: [
          { Key: 'team', Value: 'web' },
          { Key: 'Name', Value: 'site' },
        ],
      },
      { Tags: { team: 'web', Name: 'site' } },
    ],
  ],
  cors: [
    [
      {
        CORSRules: [
          {
            ID: 'all',
            AllowedHeaders: ['*'],
            AllowedMethods: ['GET'],
            AllowedOrigins: ['https://example.org'],
            ExposeHeaders: ['ETag'],
            MaxAgeSeconds: 300,
          },
        ],
      },
      {
        CorsConfiguration: {
          CorsRules: [
            {
              Id: 'all',
              AllowedHeaders: ['*'],
              AllowedMethods: ['GET'],
              AllowedOrigins: ['https://example.org'],
              ExposedHeaders: ['ETag'],
              MaxAge: 300,
            },
          ],
        },
      },
    ],
  ],
  website: [
    [
      {
        IndexDocument: { Suffix: 'index.html' },
        ErrorDocument: { Key: 'error.html' },
        RoutingRules: [
          {
            Condition: { KeyPrefixEquals: 'old/' },
            Redirect: { ReplaceKeyPrefixWith: 'new/', HttpRedirectCode: '301' },
          },
        ],
      },
      {
        WebsiteConfiguration: {
          IndexDocument: 'index.html',
          ErrorDocument: 'error.html',
          RoutingRules: [
            {
              RoutingRuleCondition: { KeyPrefixEquals: 'old/' },
              RedirectRule: { ReplaceKeyPrefixWith: 'new/', HttpRedirectCode: '301' },
            },
          ],
        },
      },
    ],
    [
      { RedirectAllRequestsTo: { HostName: 'example.org', Protocol: 'https' } },
      { WebsiteConfiguration: { RedirectAllRequestsTo: { HostName: 'example.org', Protocol: 'https' } } },
    ],
  ],
  accelerate: [[{ Status: 'Enabled' }, { AccelerateConfiguration: { AccelerationStatus: 'Enabled' } }]],
  intelligentTiering: [
    [
      {
        items: [
          {
            Id: 'cold',
            Status: 'Enabled',
            Filter: { And: { Prefix: 'logs/', Tags: [{ Key: 'a', Value: 'b' }] } },
            Tierings: [{ Days: 90, AccessTier: 'ARCHIVE_ACCESS' }],
          },
        ],
      },
      {
        IntelligentTieringConfigurations: [
          {
            Id: 'cold',
            Status: 'Enabled',
            Prefix: 'logs/',
            TagFilters: [{ Key: 'a', Value: 'b' }],
            Tierings: [{ Days: 90, AccessTier: 'ARCHIVE_ACCESS' }],
          },
        ],
      },
    ],
  ],
  inventory: [
    [
      {
        items: [
          {
            Id: 'all',
            IsEnabled: true,
            Filter: { Prefix: 'data/' },
            IncludedObjectVersions: 'All',
            OptionalFields: ['Size'],
            Schedule: { Frequency: 'Weekly' },
            Destination: {
              S3BucketDestination: {
                AccountId: '123456789012',
                Bucket: 'arn:aws:s3:::reports',
                Format: 'CSV',
                Prefix: 'inventory',
              },
            },
          },
        ],
      },
      {
        InventoryConfigurations: [
          {
            Id: 'all',
            Enabled: true,
            Prefix: 'data/',
            IncludedObjectVersions: 'All',
            OptionalFields: ['Size'],
            ScheduleFrequency: 'Weekly',
            Destination: {
              BucketAccountId: '123456789012',
              BucketArn: 'arn:aws:s3:::reports',
              Format: 'CSV',
              Prefix: 'inventory',
            },
          },
        ],
      },
    ],
  ],
  analytics: [
    [
      {
        items: [
          {
            Id: 'use',
            Filter: { Prefix: 'data/' },
            StorageClassAnalysis: {
              DataExport: {
                OutputSchemaVersion: 'V_1',
                Destination: {
                  S3BucketDestination: {
                    Format: 'CSV',
                    BucketAccountId: '123456789012',
                    Bucket: 'arn:aws:s3:::reports',
                    Prefix: 'a',
                  },
                },
              },
            },
          },
        ],
      },
      {
        AnalyticsConfigurations: [
          {
            Id: 'use',
            Prefix: 'data/',
            StorageClassAnalysis: {
              DataExport: {
                OutputSchemaVersion: 'V_1',
                Destination: {
                  Format: 'CSV',
                  BucketAccountId: '123456789012',
                  BucketArn: 'arn:aws:s3:::reports',
                  Prefix: 'a',
                },
              },
            },
          },
        ],
      },
    ],
  ],
  metrics: [
    [{ items: [{ Id: 'whole' }] }, { MetricsConfigurations: [{ Id: 'whole' }] }],
    [
      { items: [{ Id: 'one', Filter: { Tag: { Key: 'a', Value: 'b' } } }] },
      { MetricsConfigurations: [{ Id: 'one', TagFilters: [{ Key: 'a', Value: 'b' }] }] },
    ],
    [
      { items: [{ Id: 'point', Filter: { AccessPointArn: 'arn:aws:s3:eu-west-1:123456789012:accesspoint/x' } }] },
      { MetricsConfigurations: [{ Id: 'point', AccessPointArn: 'arn:aws:s3:eu-west-1:123456789012:accesspoint/x' }] },
    ],
  ],
  lifecycle: [
    [
      {
        Rules: [
          {
            ID: 'logs',
            Status: 'Enabled',
            Filter: { Prefix: 'logs/' },
            Expiration: { Days: 30 },
            Transitions: [{ Days: 7, StorageClass: 'STANDARD_IA' }],
          },
          {
            ID: 'big',
            Status: 'Disabled',
            Filter: { And: { Prefix: 'tmp/', ObjectSizeGreaterThan: 100, Tags: [{ Key: 'a', Value: 'b' }] } },
            NoncurrentVersionExpiration: { NoncurrentDays: 3, NewerNoncurrentVersions: 2 },
            NoncurrentVersionTransitions: [{ NoncurrentDays: 1, StorageClass: 'GLACIER', NewerNoncurrentVersions: 1 }],
          },
          {
            ID: 'all',
            Status: 'Enabled',
            Filter: { Prefix: '' },
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
          },
        ],
        TransitionDefaultMinimumObjectSize: 'all_storage_classes_128K',
      },
      {
        LifecycleConfiguration: {
          Rules: [
            {
              Id: 'logs',
              Status: 'Enabled',
              Prefix: 'logs/',
              ExpirationInDays: 30,
              Transitions: [{ TransitionInDays: 7, StorageClass: 'STANDARD_IA' }],
            },
            {
              Id: 'big',
              Status: 'Disabled',
              Prefix: 'tmp/',
              ObjectSizeGreaterThan: 100,
              TagFilters: [{ Key: 'a', Value: 'b' }],
              NoncurrentVersionExpiration: { NoncurrentDays: 3, NewerNoncurrentVersions: 2 },
              NoncurrentVersionTransitions: [
                { TransitionInDays: 1, StorageClass: 'GLACIER', NewerNoncurrentVersions: 1 },
              ],
            },
            { Id: 'all', Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } },
          ],
          TransitionDefaultMinimumObjectSize: 'all_storage_classes_128K',
        },
      },
    ],
  ],
  logging: [
    [
      {
        LoggingEnabled: {
          TargetBucket: 'logs',
          TargetPrefix: 'site/',
          TargetObjectKeyFormat: { PartitionedPrefix: { PartitionDateSource: 'EventTime' } },
        },
      },
      {
        LoggingConfiguration: {
          DestinationBucketName: 'logs',
          LogFilePrefix: 'site/',
          TargetObjectKeyFormat: { PartitionedPrefix: { PartitionDateSource: 'EventTime' } },
        },
      },
    ],
  ],
  notification: [
    [
      {
        LambdaFunctionConfigurations: [
          {
            LambdaFunctionArn: 'arn:aws:lambda:eu-west-1:1:function:f',
            Events: ['s3:ObjectCreated:*'],
            Filter: { Key: { FilterRules: [{ Name: 'suffix', Value: '.jpg' }] } },
          },
        ],
        QueueConfigurations: [{ QueueArn: 'arn:aws:sqs:eu-west-1:1:q', Events: ['s3:ObjectRemoved:*'] }],
        TopicConfigurations: [{ TopicArn: 'arn:aws:sns:eu-west-1:1:t', Events: ['s3:ObjectRestore:Post'] }],
        EventBridgeConfiguration: {},
      },
      {
        NotificationConfiguration: {
          LambdaConfigurations: [
            {
              Event: 's3:ObjectCreated:*',
              Function: 'arn:aws:lambda:eu-west-1:1:function:f',
              Filter: { S3Key: { Rules: [{ Name: 'suffix', Value: '.jpg' }] } },
            },
          ],
          QueueConfigurations: [{ Event: 's3:ObjectRemoved:*', Queue: 'arn:aws:sqs:eu-west-1:1:q' }],
          TopicConfigurations: [{ Event: 's3:ObjectRestore:Post', Topic: 'arn:aws:sns:eu-west-1:1:t' }],
          EventBridgeConfiguration: { EventBridgeEnabled: true },
        },
      },
    ],
  ],
  replication: [
    [
      {
        ReplicationConfiguration: {
          Role: 'arn:aws:iam::1:role/r',
          Rules: [
            {
              ID: 'copy',
              Priority: 1,
              Status: 'Enabled',
              Filter: { And: { Prefix: 'a', Tags: [{ Key: 'k', Value: 'v' }] } },
              DeleteMarkerReplication: { Status: 'Disabled' },
              Destination: {
                Bucket: 'arn:aws:s3:::copy',
                Account: '210987654321',
                Metrics: { Status: 'Enabled', EventThreshold: { Minutes: 15 } },
              },
            },
          ],
        },
      },
      {
        ReplicationConfiguration: {
          Role: 'arn:aws:iam::1:role/r',
          Rules: [
            {
              Id: 'copy',
              Priority: 1,
              Status: 'Enabled',
              Filter: { And: { Prefix: 'a', TagFilters: [{ Key: 'k', Value: 'v' }] } },
              DeleteMarkerReplication: { Status: 'Disabled' },
              Destination: {
                Bucket: 'arn:aws:s3:::copy',
                Account: '210987654321',
                Metrics: { Status: 'Enabled', EventThreshold: { Minutes: 15 } },
              },
            },
          ],
        },
      },
    ],
  ],
};

const documentOf = (name: string, answer: JsonObject): Json => {
  const document = subResource(name).fromAnswer(answer);
  if (document === null) throw new Error(`${name} reads as not configured`);
  return document;
};

describe('the two shapes of a sub-resource', () => {
  const cases = Object.entries(samples).flatMap(([name, list]) =>
    list.map(([answer, properties], index) => ({ title: `${name} ${index + 1}`, name, answer, properties })),
  );

  it.each(cases)('$title: from S3 to CloudFormation and back', ({ name, answer, properties }) => {
    const row = subResource(name);
    const document = documentOf(name, answer);
    expect(row.toProperties(document)).toEqual(properties);
    expect(row.toDocument(properties, 'site')).toEqual(document);
  });

  it('covers every property that aiplan can set, each by exactly one sub-resource', () => {
    const held = subResources.flatMap((row) => row.properties).sort();
    expect(new Set(held).size).toBe(held.length);
    expect(['BucketName', ...held].sort()).toEqual(Object.keys(bucket.rules.properties).sort());
    for (const row of subResources)
      if (row.properties.length > 0 && row.name !== 'acl') expect(Object.keys(samples)).toContain(row.name);
  });

  it('reads an empty answer as not configured', () => {
    for (const row of subResources) expect([row.name, row.fromAnswer({})]).toEqual([row.name, null]);
  });

  it('sends dates of lifecycle rules as dates', () => {
    const row = subResource('lifecycle');
    const document = row.toDocument(
      {
        LifecycleConfiguration: { Rules: [{ Id: 'x', Status: 'Enabled', ExpirationDate: '2027-01-01T00:00:00.000Z' }] },
      },
      'site',
    );
    const captured = {
      Rules: [{ ID: 'x', Status: 'Enabled', Filter: { Prefix: '' }, Expiration: { Date: '2027-01-01T00:00:00.000Z' } }],
    };
    const wanted = {
      LifecycleConfiguration: {
        Rules: [
          {
            ID: 'x',
            Status: 'Enabled',
            Filter: { Prefix: '' },
            Expiration: { Date: { $date: '2027-01-01T00:00:00.000Z' } },
          },
        ],
      },
    };
    expect(row.put.input(document as Json)).toEqual(wanted);
    expect(row.put.input(captured)).toEqual(wanted);
  });

  it('understands the older spellings of a lifecycle rule', () => {
    const older = {
      Rules: [
        {
          Status: 'Enabled',
          Transition: { StorageClass: 'GLACIER', TransitionInDays: 1 },
          NoncurrentVersionExpirationInDays: 5,
          NoncurrentVersionTransition: { StorageClass: 'GLACIER', TransitionInDays: 2 },
        },
      ],
    };
    expect(subResource('lifecycle').toDocument({ LifecycleConfiguration: older }, 'site')).toEqual({
      Rules: [
        {
          Status: 'Enabled',
          Filter: { Prefix: '' },
          Transitions: [{ StorageClass: 'GLACIER', Days: 1 }],
          NoncurrentVersionExpiration: { NoncurrentDays: 5 },
          NoncurrentVersionTransitions: [{ StorageClass: 'GLACIER', NoncurrentDays: 2 }],
        },
      ],
    });
  });

  it('knows canned access control lists by their grants', () => {
    const owner = { ID: 'me' };
    const full = { Grantee: { ID: 'me', Type: 'CanonicalUser' }, Permission: 'FULL_CONTROL' };
    const everyone = {
      Grantee: { URI: 'http://acs.amazonaws.com/groups/global/AllUsers', Type: 'Group' },
      Permission: 'READ',
    };
    const row = subResource('acl');
    expect(row.toProperties({ Owner: owner, Grants: [full] })).toEqual({ AccessControl: 'Private' });
    expect(row.toProperties({ Owner: owner, Grants: [full, everyone] })).toEqual({ AccessControl: 'PublicRead' });
    expect(
      row.toProperties({ Owner: owner, Grants: [full, { Grantee: { ID: 'other' }, Permission: 'READ' }] }),
    ).toEqual({ AccessControl: 'custom: id=other READ, owner FULL_CONTROL' });
    // The owner's own rights are a part of it too.
    expect(row.toProperties({ Owner: owner, Grants: [{ ...full, Permission: 'READ' }] })).toEqual({
      AccessControl: 'custom: owner READ',
    });
    expect(row.put.input(row.toDocument({ AccessControl: 'PublicReadWrite' }, 'site') as Json)).toEqual({
      ACL: 'public-read-write',
    });
    expect(row.put.input(row.toDocument({ AccessControl: 'BucketOwnerFullControl' }, 'site') as Json)).toEqual({
      ACL: 'bucket-owner-full-control',
    });
    expect(row.put.input({ Owner: owner, Grants: [full] })).toEqual({
      AccessControlPolicy: { Owner: owner, Grants: [full] },
    });
  });

  it('logs into the bucket itself where no destination is named', () => {
    expect(subResource('logging').toDocument({ LoggingConfiguration: { LogFilePrefix: 'l/' } }, 'site')).toEqual({
      TargetBucket: 'site',
      TargetPrefix: 'l/',
    });
    expect(subResource('logging').put.input({})).toEqual({ BucketLoggingStatus: {} });
  });
});

describe('what CloudFormation has no word for stands in the properties, and comes back from them', () => {
  const round = (name: string, document: Json): Json | null =>
    subResource(name).toDocument(subResource(name).toProperties(document), 'site');

  it.each<[string, string, Json]>([
    [
      'grants on log objects',
      'logging',
      {
        TargetBucket: 'a',
        TargetPrefix: 'x',
        TargetGrants: [
          { Grantee: { Type: 'CanonicalUser', ID: 'c'.repeat(64) }, Permission: 'READ' },
          {
            Grantee: { Type: 'Group', URI: 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers' },
            Permission: 'READ',
          },
        ],
      },
    ],
    [
      'replication of existing objects',
      'replication',
      { Role: 'r', Rules: [{ ID: 'a', Status: 'Enabled', ExistingObjectReplication: { Status: 'Enabled' } }] },
    ],
    ...([{ SSES3: {} }, { SSEKMS: { KeyId: 'arn:aws:kms:eu-west-1:123456789012:key/k' } }] as const).map(
      (Encryption): [string, string, Json] => [
        `encryption of inventory reports by ${Object.keys(Encryption)[0] ?? ''}`,
        'inventory',
        [
          {
            Id: 'a',
            IsEnabled: true,
            Destination: { S3BucketDestination: { Bucket: 'x', Format: 'CSV', Encryption } },
          },
        ],
      ],
    ),
    [
      'ids of notifications, and several events of one',
      'notification',
      {
        QueueConfigurations: [
          { Id: 'mine', QueueArn: 'q', Events: ['a', 'b'] },
          {
            Id: 'other',
            QueueArn: 'q',
            Events: ['c'],
            Filter: { Key: { FilterRules: [{ Name: 'prefix', Value: 'p' }] } },
          },
        ],
      },
    ],
    [
      'an access control list that is not canned',
      'acl',
      {
        Grants: [
          { Grantee: { Type: 'CanonicalUser', ID: 'c'.repeat(64) }, Permission: 'READ' },
          { Grantee: { Type: 'CanonicalUser', ID: 'c'.repeat(64) }, Permission: 'WRITE' },
          { Grantee: { Type: 'Group', URI: 'http://acs.amazonaws.com/groups/s3/LogDelivery' }, Permission: 'WRITE' },
        ],
      },
    ],
  ])('%s', (_title, name, document) => {
    expect(round(name, document)).toEqual(document);
  });

  it('the owner of a list is the one that the bucket has', () => {
    const row = subResource('acl');
    const live = {
      Owner: { ID: 'me' },
      Grants: [
        { Grantee: { Type: 'CanonicalUser', ID: 'me' }, Permission: 'FULL_CONTROL' },
        { Grantee: { Type: 'CanonicalUser', ID: 'them' }, Permission: 'READ' },
      ],
    };
    const said = row.toProperties(live);
    expect(said).toEqual({ AccessControl: 'custom: id=them READ, owner FULL_CONTROL' });
    const put = row.carry?.(row.toDocument(said, 'site') as Json, { Owner: { ID: 'me' }, Grants: [] });
    expect(
      objectsOf((put as JsonObject)['Grants'])
        .map(canonical)
        .sort(),
    ).toEqual(live.Grants.map(canonical).sort());
    expect((put as JsonObject)['Owner']).toEqual({ ID: 'me' });
  });
});

describe('what no property says survives a put', () => {
  it('tags of AWS and aiplan', () => {
    const previous = [
      { Key: 'aws:cloudformation:stack-name', Value: 's' },
      { Key: 'aiplan:plan', Value: 'p' },
      { Key: 'old', Value: 'x' },
    ];
    expect(carryTags([{ Key: 'team', Value: 'web' }], previous)).toEqual([
      { Key: 'team', Value: 'web' },
      previous[0],
      previous[1],
    ]);
  });
});
