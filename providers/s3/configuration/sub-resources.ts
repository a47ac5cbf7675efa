import type { Json, JsonObject } from '../../../src/base/json.ts';
import { fields, type Codec } from './codec.ts';
import * as shapes from './shapes.ts';
import { carryOwner } from './acl.ts';
import { carryTags } from './carry.ts';
import { compact, listOf, objectOf, objectsOf, textOf } from './values.ts';

/**
 * One part of a bucket's configuration: how it is read, written and removed, and how it looks in CloudFormation. Its
 * *document* is what S3 answers, without wrapping; null where S3 says that it is not configured. Sources: S3 API
 * reference of each operation, and for the codes "Error responses".
 */
export interface SubResource {
  readonly name: string;
  /** For purposes and messages. */
  readonly label: string;
  /** The CloudFormation properties that it holds; none for what AWS::S3::Bucket does not have. */
  readonly properties: readonly string[];
  readonly get: {
    readonly operation: string;
    readonly absent: readonly string[];
    /** The answer's list, for the paged ones. */ readonly list?: string;
  };
  readonly fromAnswer: (answer: JsonObject) => Json | null;
  /** Input of the put beside bucket and owner. With `perId` the document is one element of the list. */
  readonly put: { readonly operation: string; readonly input: (document: Json) => JsonObject };
  /** How it is taken away: an operation, or a put of this document. */
  readonly remove: { readonly operation: string } | { readonly document: Json };
  readonly perId?: true;
  /** Document → properties, and back; null means: not configured. */
  readonly toProperties: (document: Json) => JsonObject;
  readonly toDocument: (properties: JsonObject, bucket: string) => Json | null;
  /** Puts into the next document what the previous one holds and CloudFormation cannot say, so that no put drops it. */
  readonly carry?: (next: Json, previous: Json | null) => Json;
}

interface Row {
  readonly name: string;
  readonly label: string;
  readonly property?: string;
  readonly get: string;
  readonly absent?: readonly string[];
  readonly put: string;
  readonly remove: SubResource['remove'] | string;
  /** The member of answer and put that holds the document, where it is the same in both. */
  readonly member?: string;
  readonly from?: (answer: JsonObject) => Json | null;
  readonly into?: (document: Json) => JsonObject;
  readonly codec?: Codec;
  readonly carry?: SubResource['carry'];
}

/** A document that stands as a whole. */
const whole = (row: Row): SubResource => {
  const codec = row.codec ?? shapes.untouched;
  const { property, member } = row;
  return {
    name: row.name,
    label: row.label,
    properties: property === undefined ? [] : [property],
    get: { operation: row.get, absent: row.absent ?? [] },
    fromAnswer: row.from ?? ((answer) => (member === undefined ? null : (answer[member] ?? null))),
    put: {
      operation: row.put,
      input: row.into ?? ((document) => (member === undefined ? {} : { [member]: document })),
    },
    remove: typeof row.remove === 'string' ? { operation: row.remove } : row.remove,
    toProperties: (document) => (property === undefined ? {} : compact({ [property]: codec.toCfn(document) })),
    toDocument: (properties) =>
      property === undefined ? null : (codec.toApi(properties[property] ?? undefined) ?? null),
    ...(row.carry === undefined ? {} : { carry: row.carry }),
  };
};

/** A list of configurations, each put and removed by its `Id`. */
const byId = (kind: string, codec: Codec, label: string, absent: readonly string[] = []): SubResource => {
  const property = `${kind}Configurations`;
  const member = `${kind}Configuration`;
  return {
    name: `${kind.charAt(0).toLowerCase()}${kind.slice(1)}`,
    label,
    properties: [property],
    perId: true,
    get: { operation: `ListBucket${kind}Configurations`, absent, list: `${kind}ConfigurationList` },
    fromAnswer: (answer) => (objectsOf(answer['items']).length === 0 ? null : objectsOf(answer['items'])),
    put: {
      operation: `PutBucket${kind}Configuration`,
      input: (item) => ({ Id: objectOf(item)['Id'] ?? null, [member]: item }),
    },
    remove: { operation: `DeleteBucket${kind}Configuration` },
    toProperties: (document) => ({ [property]: listOf(document).map((item) => codec.toCfn(item) ?? null) }),
    toDocument: (properties) => {
      const items = objectsOf(properties[property]);
      return items.length === 0 ? null : items.map((item) => codec.toApi(item) ?? null);
    },
  };
};

const whenNotEmpty = (answer: JsonObject): Json | null => (Object.keys(answer).length === 0 ? null : answer);
/** Regions and compatible services that do not have a feature say so in these ways. */
const UNSUPPORTED = ['MethodNotAllowed', 'UnsupportedArgument', 'XNotImplemented', 'NotImplemented'];

/** Dates that S3 answers as text, as the SDK wants them back. */
const lifecycleDates = (value: Json | undefined): Json | undefined => {
  if (Array.isArray(value)) return value.map((item: Json) => lifecycleDates(item) ?? null);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([key, item]) => [
      key,
      key === 'Date' && typeof item === 'string' ? { $date: item } : lifecycleDates(item),
    ]),
  );
};

const objectLock: SubResource = {
  ...whole({
    name: 'objectLock',
    label: 'Object Lock',
    get: 'GetObjectLockConfiguration',
    absent: ['ObjectLockConfigurationNotFoundError', 'ObjectLockConfigurationNotFound'],
    put: 'PutObjectLockConfiguration',
    remove: { document: { ObjectLockEnabled: 'Enabled' } },
    member: 'ObjectLockConfiguration',
  }),
  properties: ['ObjectLockEnabled', 'ObjectLockConfiguration'],
  toProperties: (document) =>
    objectOf(document)['ObjectLockEnabled'] === 'Enabled'
      ? { ObjectLockEnabled: true, ObjectLockConfiguration: document }
      : {},
  toDocument: (properties) => {
    const configuration = properties['ObjectLockConfiguration'];
    if (properties['ObjectLockEnabled'] !== true && (configuration === undefined || configuration === null))
      return null;
    return { ObjectLockEnabled: 'Enabled', ...compact({ Rule: objectOf(configuration)['Rule'] ?? undefined }) };
  },
};

const tagging: SubResource = {
  ...whole({
    name: 'tagging',
    label: 'tags',
    get: 'GetBucketTagging',
    absent: ['NoSuchTagSet', 'NoSuchTagSetError'],
    put: 'PutBucketTagging',
    remove: 'DeleteBucketTagging',
    member: 'TagSet',
    into: (document) => ({ Tagging: { TagSet: document } }),
    carry: carryTags,
  }),
  properties: ['Tags'],
  toProperties: (document) => ({
    Tags: Object.fromEntries(
      objectsOf(document)
        .filter((tag) => !isSystemTag(textOf(tag['Key']) ?? ''))
        .map((tag) => [textOf(tag['Key']) ?? '', tag['Value'] ?? '']),
    ),
  }),
  toDocument: (properties) => {
    const tags = Object.entries(objectOf(properties['Tags'])).filter(
      ([, value]) => value !== undefined && value !== null,
    );
    return tags.length === 0 ? null : tags.map(([Key, Value]) => ({ Key, Value: Value ?? '' }));
  },
};

export const isSystemTag = (key: string): boolean => key.startsWith('aws:') || key.startsWith('aiplan:');

/** A bucket without a destination of its own logs into itself (CloudFormation, LoggingConfiguration). */
const logging = whole({
  name: 'logging',
  label: 'access logging',
  property: 'LoggingConfiguration',
  get: 'GetBucketLogging',
  put: 'PutBucketLogging',
  remove: { document: {} },
  from: (answer) => answer['LoggingEnabled'] ?? null,
  codec: shapes.logging,
  into: (document) => ({
    BucketLoggingStatus: Object.keys(objectOf(document)).length === 0 ? {} : { LoggingEnabled: document },
  }),
});

/** Every sub-resource, in the order in which a bucket that is being built wants them. */
export const subResources: readonly SubResource[] = [
  whole({
    name: 'ownership',
    label: 'object ownership',
    property: 'OwnershipControls',
    get: 'GetBucketOwnershipControls',
    absent: ['OwnershipControlsNotFoundError'],
    put: 'PutBucketOwnershipControls',
    remove: 'DeleteBucketOwnershipControls',
    member: 'OwnershipControls',
  }),
  whole({
    name: 'publicAccessBlock',
    label: 'public access block',
    property: 'PublicAccessBlockConfiguration',
    get: 'GetPublicAccessBlock',
    absent: ['NoSuchPublicAccessBlockConfiguration'],
    put: 'PutPublicAccessBlock',
    remove: 'DeletePublicAccessBlock',
    member: 'PublicAccessBlockConfiguration',
  }),
  whole({
    name: 'versioning',
    label: 'versioning',
    property: 'VersioningConfiguration',
    get: 'GetBucketVersioning',
    put: 'PutBucketVersioning',
    remove: { document: { Status: 'Suspended' } },
    codec: fields({ Status: 'Status' }),
    from: (answer) =>
      answer['Status'] === undefined
        ? null
        : compact({ Status: answer['Status'], MFADelete: answer['MFADelete'] === 'Enabled' ? 'Enabled' : undefined }),
    // MFA delete is the root user's to change, with a token (PutBucketVersioning, x-amz-mfa).
    into: (document) => ({ VersioningConfiguration: compact({ Status: objectOf(document)['Status'] }) }),
  }),
  whole({
    name: 'encryption',
    label: 'default encryption',
    property: 'BucketEncryption',
    get: 'GetBucketEncryption',
    absent: ['ServerSideEncryptionConfigurationNotFoundError'],
    put: 'PutBucketEncryption',
    remove: 'DeleteBucketEncryption',
    member: 'ServerSideEncryptionConfiguration',
    codec: shapes.encryption,
  }),
  objectLock,
  tagging,
  whole({
    name: 'cors',
    label: 'CORS rules',
    property: 'CorsConfiguration',
    get: 'GetBucketCors',
    absent: ['NoSuchCORSConfiguration'],
    put: 'PutBucketCors',
    remove: 'DeleteBucketCors',
    from: whenNotEmpty,
    into: (document) => ({ CORSConfiguration: document }),
    codec: shapes.cors,
  }),
  whole({
    name: 'website',
    label: 'website',
    property: 'WebsiteConfiguration',
    get: 'GetBucketWebsite',
    absent: ['NoSuchWebsiteConfiguration'],
    put: 'PutBucketWebsite',
    remove: 'DeleteBucketWebsite',
    from: whenNotEmpty,
    into: (document) => ({ WebsiteConfiguration: document }),
    codec: shapes.website,
  }),
  whole({
    name: 'accelerate',
    label: 'transfer acceleration',
    property: 'AccelerateConfiguration',
    get: 'GetBucketAccelerateConfiguration',
    absent: UNSUPPORTED,
    put: 'PutBucketAccelerateConfiguration',
    remove: { document: { Status: 'Suspended' } },
    from: (answer) => (answer['Status'] === undefined ? null : compact({ Status: answer['Status'] })),
    into: (document) => ({ AccelerateConfiguration: document }),
    codec: shapes.accelerate,
  }),
  whole({
    name: 'requestPayment',
    label: 'request payment',
    get: 'GetBucketRequestPayment',
    absent: UNSUPPORTED,
    put: 'PutBucketRequestPayment',
    remove: { document: { Payer: 'BucketOwner' } },
    from: (answer) => (answer['Payer'] === undefined ? null : compact({ Payer: answer['Payer'] })),
    into: (document) => ({ RequestPaymentConfiguration: document }),
  }),
  byId('IntelligentTiering', shapes.intelligentTiering, 'intelligent tiering', UNSUPPORTED),
  byId('Inventory', shapes.inventory, 'inventory'),
  byId('Analytics', shapes.analytics, 'analytics'),
  byId('Metrics', shapes.metrics, 'request metrics'),
  whole({
    name: 'lifecycle',
    label: 'lifecycle rules',
    property: 'LifecycleConfiguration',
    get: 'GetBucketLifecycleConfiguration',
    absent: ['NoSuchLifecycleConfiguration'],
    put: 'PutBucketLifecycleConfiguration',
    remove: 'DeleteBucketLifecycle',
    from: whenNotEmpty,
    codec: shapes.lifecycle,
    into: (document) => {
      const { TransitionDefaultMinimumObjectSize: minimum, ...rest } = objectOf(document);
      return compact({ LifecycleConfiguration: lifecycleDates(rest), TransitionDefaultMinimumObjectSize: minimum });
    },
  }),
  {
    ...logging,
    toDocument: (properties, bucket) => {
      const value = properties['LoggingConfiguration'];
      return typeof value === 'object' && value !== null
        ? { TargetPrefix: '', TargetBucket: bucket, ...objectOf(shapes.logging.toApi(value)) }
        : null;
    },
  },
  whole({
    name: 'notification',
    label: 'event notifications',
    property: 'NotificationConfiguration',
    get: 'GetBucketNotificationConfiguration',
    put: 'PutBucketNotificationConfiguration',
    remove: { document: {} },
    from: whenNotEmpty,
    into: (document) => ({ NotificationConfiguration: document }),
    codec: shapes.notification,
  }),
  whole({
    name: 'replication',
    label: 'replication',
    property: 'ReplicationConfiguration',
    get: 'GetBucketReplication',
    absent: ['ReplicationConfigurationNotFoundError'],
    put: 'PutBucketReplication',
    remove: 'DeleteBucketReplication',
    member: 'ReplicationConfiguration',
    codec: shapes.replication,
  }),
  whole({
    name: 'acl',
    label: 'access control list',
    property: 'AccessControl',
    get: 'GetBucketAcl',
    put: 'PutBucketAcl',
    remove: { document: { canned: 'private' } },
    from: whenNotEmpty,
    codec: shapes.accessControl,
    carry: carryOwner,
    into: (document) => {
      const canned = objectOf(document)['canned'];
      return canned === undefined ? { AccessControlPolicy: document } : { ACL: canned };
    },
  }),
  whole({
    name: 'policy',
    label: 'bucket policy',
    get: 'GetBucketPolicy',
    absent: ['NoSuchBucketPolicy'],
    put: 'PutBucketPolicy',
    remove: 'DeleteBucketPolicy',
    member: 'Policy',
  }),
];

const named = new Map(subResources.map((row) => [row.name, row]));
/** A sub-resource by its name. Throws a TypeError for a name that does not exist. */
export function subResource(name: string): SubResource {
  const row = named.get(name);
  if (row === undefined) throw new TypeError(`no such sub-resource: ${name}`);
  return row;
}
