import { takesFromOthers } from './deliveries.ts';
import { isObject, type Json, type JsonObject } from '../../../src/base/json.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import type { PropertyRule, TypeRules } from '../../../src/domain/resource-type.ts';
import { refusedBucket } from './bucket-values.ts';
import { destructive } from './destructive.ts';
import { grants } from './grants.ts';
import { modernRule } from '../configuration/shapes.ts';
import { oneWay } from './retention.ts';
import { objectOf, textOf } from '../configuration/values.ts';
import { bucketVerdicts } from './verdicts.ts';

const inPlace: PropertyRule = { update: 'in-place' };
/** Properties that are put as one document and can be removed: null means not configured. */
const removable: PropertyRule = { update: 'in-place', reset: null };
const list: PropertyRule = { update: 'in-place', reset: [] };

/**
 * Everything of a bucket is changed in place but its name (S3 API reference; the registry's `createOnlyProperties`).
 * Object Lock can be switched on later for a bucket with versioning (PutObjectLockConfiguration) and never off.
 */
const properties: Readonly<Record<string, PropertyRule>> = {
  BucketName: {},
  AccelerateConfiguration: removable,
  AccessControl: { update: 'in-place', reset: 'Private' },
  AnalyticsConfigurations: list,
  BucketEncryption: {
    update: 'in-place',
    reset: {
      ServerSideEncryptionConfiguration: [
        { BucketKeyEnabled: false, ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
      ],
    },
  },
  CorsConfiguration: removable,
  IntelligentTieringConfigurations: list,
  InventoryConfigurations: list,
  LifecycleConfiguration: removable,
  LoggingConfiguration: removable,
  MetricsConfigurations: list,
  NotificationConfiguration: removable,
  ObjectLockConfiguration: { update: 'in-place', reset: { ObjectLockEnabled: 'Enabled' } },
  ObjectLockEnabled: {
    update: (before, after) =>
      after === true || before === after
        ? 'in-place'
        : { blocked: 'Object Lock can never be switched off again; leave ObjectLockEnabled out' },
    oneWay: 'Object Lock can never be switched off again, nor can versioning be suspended while it is on.',
  },
  OwnershipControls: removable,
  PublicAccessBlockConfiguration: removable,
  ReplicationConfiguration: removable,
  Tags: inPlace,
  VersioningConfiguration: {
    update: (_before, after, live) =>
      objectOf(after)['Status'] !== 'Enabled' && live.properties['ObjectLockEnabled'] === true
        ? { blocked: 'versioning of a bucket with Object Lock cannot be suspended' }
        : 'in-place',
    reset: { Status: 'Suspended' },
    oneWay: 'A bucket that ever had versioning can suspend it, never be without it again.',
  },
  WebsiteConfiguration: removable,
};

/** A name without what people append to make it free: `-2`, `-new`, `-copy`, `-v3`, an account id. */
const stem = (name: string): string =>
  name.toLowerCase().replace(/([-.](\d+|new|copy|v\d+|backup|old|[0-9a-f]{6,}))+$/u, '');

function duplicate(desired: JsonObject, other: LiveResource): 'same' | 'similar' | null {
  const name = textOf(desired['BucketName']);
  if (name === undefined) return null;
  if (name === other.identity) return 'same';
  const tag = textOf(objectOf(desired['Tags'])['Name']);
  if (tag !== undefined && tag === objectOf(other.properties['Tags'])['Name']) return 'similar';
  // Made free by an appendix: `logs-2` beside `logs`. Where `logs-2` exists, `logs` is a name of its own.
  const appendix = name.toLowerCase().startsWith(other.identity.toLowerCase())
    ? name.slice(other.identity.length)
    : null;
  return other.identity.length >= 6 && appendix !== null && stem(`x${appendix}`) === 'x' ? 'similar' : null;
}

/** Lists of at most one element: all elements have the same key, so that a changed one is changed and not exchanged. */
const single = ['$only'];

/**
 * Suspended acceleration is none: a bucket that never had any cannot be told from one that has it suspended
 * (PutBucketAccelerateConfiguration).
 */
function canonicalProperties(properties: JsonObject): JsonObject {
  const { AccelerateConfiguration: acceleration, LifecycleConfiguration: lifecycle } = properties;
  const rules: Json | undefined = objectOf(lifecycle)['Rules'];
  return {
    ...properties,
    ...(objectOf(acceleration)['AccelerationStatus'] === 'Suspended' ? { AccelerateConfiguration: null } : {}),
    // Elements are whole, so that an older spelling of a member has to be the one that S3 answers with.
    ...(Array.isArray(rules)
      ? {
          LifecycleConfiguration: {
            ...objectOf(lifecycle),
            Rules: rules.map((rule: Json) => (isObject(rule) ? modernRule(rule) : rule)),
          },
        }
      : {}),
  };
}

export const rules: TypeRules = {
  properties,
  canonical: canonicalProperties,
  refuses: refusedBucket,
  compare: {
    'BucketEncryption.ServerSideEncryptionConfiguration.*.ServerSideEncryptionByDefault.KMSMasterKeyID': 'arn-or-name',
    'CorsConfiguration.CorsRules.*.AllowedMethods': 'set',
    'CorsConfiguration.CorsRules.*.AllowedOrigins': 'set',
    'CorsConfiguration.CorsRules.*.AllowedHeaders': 'set',
    'CorsConfiguration.CorsRules.*.ExposedHeaders': 'set',
    'InventoryConfigurations.*.OptionalFields': 'set',
    'LifecycleConfiguration.Rules.*.TagFilters': 'set',
    'AnalyticsConfigurations.*.TagFilters': 'set',
    'MetricsConfigurations.*.TagFilters': 'set',
    'IntelligentTieringConfigurations.*.TagFilters': 'set',
  },
  keys: {
    AnalyticsConfigurations: ['Id'],
    'BucketEncryption.ServerSideEncryptionConfiguration': single,
    'CorsConfiguration.CorsRules': [],
    IntelligentTieringConfigurations: ['Id'],
    InventoryConfigurations: ['Id'],
    'LifecycleConfiguration.Rules': ['Id'],
    'LifecycleConfiguration.Rules.*.Transitions': ['StorageClass'],
    'LifecycleConfiguration.Rules.*.NoncurrentVersionTransitions': ['StorageClass'],
    MetricsConfigurations: ['Id'],
    'NotificationConfiguration.LambdaConfigurations': ['Event', 'Function'],
    'NotificationConfiguration.QueueConfigurations': ['Event', 'Queue'],
    'NotificationConfiguration.TopicConfigurations': ['Event', 'Topic'],
    'OwnershipControls.Rules': single,
    'ReplicationConfiguration.Rules': ['Id'],
  },
  // S3 blocks encryption types by itself (PutBucketEncryption, BlockedEncryptionTypes) and gives notifications an Id.
  assigned: [
    'BucketEncryption.ServerSideEncryptionConfiguration.*.BlockedEncryptionTypes',
    'InventoryConfigurations.*.Destination.Encryption',
    'NotificationConfiguration.LambdaConfigurations.*.Id',
    'NotificationConfiguration.QueueConfigurations.*.Id',
    'NotificationConfiguration.TopicConfigurations.*.Id',
    'ReplicationConfiguration.Rules.*.ExistingObjectReplication',
  ],
  beyondSchema: [
    'InventoryConfigurations.*.Destination.Encryption.SSEKMS.KeyId',
    'LoggingConfiguration.TargetGrants',
    'NotificationConfiguration.LambdaConfigurations.*.Id',
    'NotificationConfiguration.QueueConfigurations.*.Id',
    'NotificationConfiguration.TopicConfigurations.*.Id',
    'ReplicationConfiguration.Rules.*.ExistingObjectReplication.Status',
  ],
  // What S3 takes a member for that is not there (ServerSideEncryptionRule, LifecycleExpiration, LifecycleRule).
  defaults: {
    'BucketEncryption.ServerSideEncryptionConfiguration.*.BucketKeyEnabled': false,
    'LifecycleConfiguration.Rules.*.ExpiredObjectDeleteMarker': false,
    'LifecycleConfiguration.Rules.*.Prefix': '',
  },
  // DefaultRetention takes Days or Years; a website redirects everything or serves pages; log keys have one format (S3
  // API reference).
  exclusive: {
    'LoggingConfiguration.TargetObjectKeyFormat': [['PartitionedPrefix'], ['SimplePrefix']],
    'ObjectLockConfiguration.Rule.DefaultRetention': [['Days'], ['Years']],
    WebsiteConfiguration: [['RedirectAllRequestsTo'], ['IndexDocument', 'ErrorDocument', 'RoutingRules']],
  },
  verdicts: bucketVerdicts,
  secretInput: [],
  sensitive: [],
  volatile: [],
  // S3 API reference: members of a configuration that may be left out.
  unset: {
    'ReplicationConfiguration.Rules.*.Destination.Metrics.Status': null,
    'ReplicationConfiguration.Rules.*.Destination.ReplicationTime.Status': null,
  },
  destructive,
  grants,
  oneWay,
  nameProperty: 'BucketName',
  optionalName: 'BucketName',
  replaceBlocked:
    'A bucket cannot be replaced: its name and its objects stay with it. Create a new bucket, copy the objects, and delete the old one in a later plan.',
  changeableStates: [],
  goneStates: [],
  takesFromOthers,
  // How large the largest is says nothing about how much there is.
  bands: { largestObject: 'free', replicatedFrom: 'free' },
  duplicate,
  duplicateKeys: (properties, identity) => {
    const tag = textOf(objectOf(properties['Tags'])['Name']);
    return [
      `stem ${stem(identity ?? textOf(properties['BucketName']) ?? '')}`,
      ...(tag === undefined ? [] : [`name ${tag}`]),
    ];
  },
  leftovers: () => [],
};
