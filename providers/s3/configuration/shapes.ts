import { isObject, type Json, type JsonObject } from '../../../src/base/json.ts';
import { momentOf } from '../../../src/base/time.ts';
import { alike, both, date, fields, listed, normalised, same, spreadFilter, type Codec } from './codec.ts';
import { compact, objectOf, objectsOf, storageClassOf, textOf } from './values.ts';

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

export const lifecycleRule: Codec = normalised(
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

export const logging: Codec = fields({
  DestinationBucketName: 'TargetBucket',
  LogFilePrefix: 'TargetPrefix',
  TargetObjectKeyFormat: 'TargetObjectKeyFormat',
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

/** CloudFormation has one element per event; the API has a list of events in one element. */
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
        }),
      ),
    ),
  toApi: (cfn) =>
    objectsOf(cfn).map((item) =>
      compact({
        Events: [item['Event'] ?? null],
        [apiTarget]: item[target],
        Filter:
          item['Filter'] === undefined
            ? undefined
            : { Key: { FilterRules: objectsOf(objectOf(objectOf(item['Filter'])['S3Key'])['Rules']) } },
      }),
    ),
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
    fields({ BucketArn: 'Bucket', BucketAccountId: 'AccountId', Format: 'Format', Prefix: 'Prefix' }),
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

const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers';
const AUTHENTICATED = 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers';
const LOG_DELIVERY = 'http://acs.amazonaws.com/groups/s3/LogDelivery';

/** Canned ACLs by the grants beside the owner's full control (S3 User Guide, "Canned ACL"). */
const CANNED: Readonly<Record<string, { readonly api: string; readonly grants: readonly string[] }>> = {
  Private: { api: 'private', grants: [] },
  PublicRead: { api: 'public-read', grants: [`${ALL_USERS} READ`] },
  PublicReadWrite: { api: 'public-read-write', grants: [`${ALL_USERS} READ`, `${ALL_USERS} WRITE`] },
  AuthenticatedRead: { api: 'authenticated-read', grants: [`${AUTHENTICATED} READ`] },
  LogDeliveryWrite: { api: 'log-delivery-write', grants: [`${LOG_DELIVERY} READ_ACP`, `${LOG_DELIVERY} WRITE`] },
};

/** The grants of an ACL beside the owner's full control, one text each, sorted. */
export function foreignGrants(acl: Json | undefined): readonly string[] {
  const owner = textOf(objectOf(objectOf(acl)['Owner'])['ID']);
  return objectsOf(objectOf(acl)['Grants'])
    .flatMap((grant) => {
      const grantee = objectOf(grant['Grantee']);
      const who = textOf(grantee['URI']) ?? textOf(grantee['ID']) ?? textOf(grantee['EmailAddress']) ?? 'unknown';
      return who === owner && grant['Permission'] === 'FULL_CONTROL'
        ? []
        : [`${who} ${textOf(grant['Permission']) ?? ''}`];
    })
    .sort();
}

/** An ACL as a canned one where it is equal to one, else absent; the API side of a canned one is `{ canned }`. */
export const accessControl: Codec = {
  toCfn(api) {
    const grants = foreignGrants(api).join('\n');
    return Object.entries(CANNED).find(([, canned]) => [...canned.grants].sort().join('\n') === grants)?.[0];
  },
  toApi: (cfn) =>
    typeof cfn === 'string'
      ? { canned: CANNED[cfn]?.api ?? cfn.replace(/(?<=[a-z])(?=[A-Z])/gu, '-').toLowerCase() }
      : undefined,
};
