import { isObject, type Json, type JsonObject } from '../../../src/base/json.ts';
import { momentOf } from '../../../src/base/time.ts';
import { alike, both, date, fields, listed, normalised, same, spreadFilter, type Codec } from './codec.ts';
import { accessControlList, grants } from './acl.ts';
import { compact, objectOf, objectsOf, same as equal, storageClassOf, textOf } from './values.ts';

/**
 * CloudFormation shape ⇄ S3 API shape of every sub-resource of a bucket whose two shapes differ. Sources: the registry
 * schema of AWS::S3::Bucket and the data types of the S3 API reference.
 */
export const encryption: Codec = fields({
  ServerSideEncryptionConfiguration: [
    'Rules',
    listed(
      fields({
        ServerSideEncryptionByDefault: 'ApplyServerSideEncryptionByDefault',
        ...alike('BucketKeyEnabled', 'BlockedEncryptionTypes'),
      }),
    ),
  ],
});

const noncurrentTransition = fields({
  ...alike('StorageClass', 'NewerNoncurrentVersions'),
  TransitionInDays: 'NoncurrentDays',
});
const transition = fields({ StorageClass: 'StorageClass', TransitionInDays: 'Days', TransitionDate: ['Date', date] });

/** A member that is a moment as S3 answers it, with milliseconds; anything else stays. */
const spelledMoment = (value: Json): Json => {
  const at = momentOf(value);
  return at === undefined ? value : new Date(at).toISOString();
};
/** Members whose value S3 answers in one spelling only, wherever they stand in a lifecycle rule. */
const SPELLED: Readonly<Record<string, (value: Json) => Json>> = {
  ExpirationDate: spelledMoment,
  TransitionDate: spelledMoment,
  StorageClass: (value) => (typeof value === 'string' ? storageClassOf(value) : value),
};
function spelled(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => spelled(item));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      item === undefined ? undefined : Object.hasOwn(SPELLED, name) ? SPELLED[name]?.(item) : spelled(item),
    ]),
  );
}

/**
 * A rule with the older spellings as S3 answers it: a list instead of one transition, an object instead of days, a
 * moment with milliseconds, a storage class in capitals. Anything else stays, null too.
 */
export function modernRule(written: JsonObject): JsonObject {
  const {
    Transition: one,
    NoncurrentVersionTransition: noncurrent,
    NoncurrentVersionExpirationInDays: days,
    ...rest
  } = objectOf(spelled(written));
  const more = (name: string, item: Json | undefined): JsonObject =>
    item === undefined || item === null ? {} : { [name]: [...objectsOf(rest[name]), item] };
  return compact({
    ...rest,
    ...more('Transitions', one),
    ...more('NoncurrentVersionTransitions', noncurrent),
    ...(days === undefined || days === null ? {} : { NoncurrentVersionExpiration: { NoncurrentDays: days } }),
  });
}

const lifecycleRule: Codec = normalised(
  both(
    fields({
      Id: 'ID',
      Status: 'Status',
      ExpirationInDays: 'Expiration.Days',
      ExpirationDate: ['Expiration.Date', date],
      ExpiredObjectDeleteMarker: 'Expiration.ExpiredObjectDeleteMarker',
      ...alike('NoncurrentVersionExpiration', 'AbortIncompleteMultipartUpload'),
      Transitions: ['Transitions', listed(transition)],
      NoncurrentVersionTransitions: ['NoncurrentVersionTransitions', listed(noncurrentTransition)],
    }),
    spreadFilter({ Prefix: '' }),
  ),
  modernRule,
);

export const lifecycle: Codec = fields({
  Rules: ['Rules', listed(lifecycleRule)],
  TransitionDefaultMinimumObjectSize: 'TransitionDefaultMinimumObjectSize',
});

export const cors: Codec = fields({
  CorsRules: [
    'CORSRules',
    listed(
      fields({
        ...alike('AllowedHeaders', 'AllowedMethods', 'AllowedOrigins'),
        ExposedHeaders: 'ExposeHeaders',
        Id: 'ID',
        MaxAge: 'MaxAgeSeconds',
      }),
    ),
  ],
});

/** `TargetGrants`, which CloudFormation has no word for, as one text: who may do what with the logs. */
export const logging: Codec = fields({
  DestinationBucketName: 'TargetBucket',
  LogFilePrefix: 'TargetPrefix',
  TargetObjectKeyFormat: 'TargetObjectKeyFormat',
  TargetGrants: ['TargetGrants', grants],
});

export const replication: Codec = fields({
  Role: 'Role',
  Rules: [
    'Rules',
    listed(
      fields({
        Id: 'ID',
        Filter: [
          'Filter',
          fields({
            Prefix: 'Prefix',
            TagFilter: 'Tag',
            And: ['And', fields({ Prefix: 'Prefix', TagFilters: 'Tags' })],
          }),
        ],
        ...alike('DeleteMarkerReplication', 'Destination', 'Prefix', 'Priority', 'SourceSelectionCriteria', 'Status'),
        // CloudFormation has no word for it.
        ExistingObjectReplication: 'ExistingObjectReplication',
      }),
    ),
  ],
});

export const website: Codec = fields({
  IndexDocument: 'IndexDocument.Suffix',
  ErrorDocument: 'ErrorDocument.Key',
  RedirectAllRequestsTo: 'RedirectAllRequestsTo',
  RoutingRules: ['RoutingRules', listed(fields({ RoutingRuleCondition: 'Condition', RedirectRule: 'Redirect' }))],
});

/**
 * CloudFormation has one element per event; the API has a list of events in one element, with an `Id` that stands in
 * every event and that CloudFormation has no word for. Events of one `Id` that go the same way are one element again.
 */
const notified = (target: string, apiTarget: string): Codec => ({
  toCfn: (api) =>
    objectsOf(api).flatMap((item) =>
      (Array.isArray(item['Events']) ? item['Events'] : []).map((event: Json) =>
        compact({
          Event: event,
          [target]: item[apiTarget],
          Filter:
            item['Filter'] === undefined
              ? undefined
              : { S3Key: { Rules: objectsOf(objectOf(objectOf(item['Filter'])['Key'])['FilterRules']) } },
          Id: item['Id'],
        }),
      ),
    ),
  toApi: (cfn) => {
    const elements: { readonly item: JsonObject; readonly events: Json[] }[] = [];
    for (const { Event: event, ...item } of objectsOf(cfn)) {
      const known = elements.find((other) => textOf(item['Id']) !== undefined && equal(other.item, item));
      if (known === undefined) elements.push({ item, events: [event ?? null] });
      else known.events.push(event ?? null);
    }
    return elements.map(({ item, events }) =>
      compact({
        Id: item['Id'] ?? undefined,
        Events: events,
        [apiTarget]: item[target],
        Filter:
          item['Filter'] === undefined
            ? undefined
            : { Key: { FilterRules: objectsOf(objectOf(objectOf(item['Filter'])['S3Key'])['Rules']) } },
      }),
    );
  },
});
const absentWhenEmpty = (codec: Codec): Codec => ({
  toCfn(api) {
    const list = codec.toCfn(api);
    return Array.isArray(list) && list.length > 0 ? list : undefined;
  },
  toApi(cfn) {
    const list = codec.toApi(cfn);
    return Array.isArray(list) && list.length > 0 ? list : undefined;
  },
});

export const notification: Codec = fields({
  LambdaConfigurations: ['LambdaFunctionConfigurations', absentWhenEmpty(notified('Function', 'LambdaFunctionArn'))],
  QueueConfigurations: ['QueueConfigurations', absentWhenEmpty(notified('Queue', 'QueueArn'))],
  TopicConfigurations: ['TopicConfigurations', absentWhenEmpty(notified('Topic', 'TopicArn'))],
  EventBridgeConfiguration: [
    'EventBridgeConfiguration',
    {
      toCfn: (api) => (api === undefined ? undefined : { EventBridgeEnabled: true }),
      toApi: (cfn) => (objectOf(cfn)['EventBridgeEnabled'] === true ? {} : undefined),
    },
  ],
});

const exportTo = fields({
  BucketArn: 'Bucket',
  BucketAccountId: 'BucketAccountId',
  Format: 'Format',
  Prefix: 'Prefix',
});

export const analytics: Codec = both(
  fields({
    Id: 'Id',
    StorageClassAnalysis: [
      'StorageClassAnalysis',
      fields({
        DataExport: [
          'DataExport',
          fields({
            OutputSchemaVersion: 'OutputSchemaVersion',
            Destination: ['Destination.S3BucketDestination', exportTo],
          }),
        ],
      }),
    ],
  }),
  spreadFilter(),
);

export const inventory: Codec = fields({
  Id: 'Id',
  Enabled: 'IsEnabled',
  Prefix: 'Filter.Prefix',
  ScheduleFrequency: 'Schedule.Frequency',
  ...alike('IncludedObjectVersions', 'OptionalFields'),
  Destination: [
    'Destination.S3BucketDestination',
    fields({
      BucketArn: 'Bucket',
      BucketAccountId: 'AccountId',
      Format: 'Format',
      Prefix: 'Prefix',
      // CloudFormation has no word for it.
      Encryption: 'Encryption',
    }),
  ],
});

export const metrics: Codec = both(fields({ Id: 'Id' }), spreadFilter());
export const intelligentTiering: Codec = both(fields(alike('Id', 'Status', 'Tierings')), spreadFilter());

const acceleration = fields({ AccelerationStatus: 'Status' });
/** Suspended is as if it had never been. */
export const accelerate: Codec = {
  ...acceleration,
  toCfn: (api) => (objectOf(api)['Status'] === 'Suspended' ? undefined : acceleration.toCfn(api)),
};
export const untouched: Codec = same;

export const accessControl: Codec = accessControlList;
