import type { IncomingMessage } from 'node:http';
import { services } from '../../../../providers/aws/services/index.ts';

/** Where a request goes, read from its signature and its address. */
export interface Identified {
  readonly service: string;
  readonly region: string;
  readonly accessKey: string;
  /** Bucket and key of a path-style S3 request, decoded. */
  readonly bucket: string;
  readonly key: string;
  readonly query: Map<string, string>;
}

/**
 * Reads the credential scope (`Credential=key/date/region/service/aws4_request`) and the path. Unsigned requests are
 * S3's.
 */
export function identify(request: IncomingMessage): Identified {
  const scope = /Credential=([^/,\s]+)\/\d+\/([^/]+)\/([^/]+)\/aws4_request/u.exec(request.headers.authorization ?? '');
  const url = new URL(request.url ?? '/', 'http://sandbox');
  const path = url.pathname.slice(1);
  const slash = path.indexOf('/');
  const decode = (text: string): string => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  };
  return {
    accessKey: scope?.[1] ?? 'anonymous',
    region: scope?.[2] ?? 'us-east-1',
    service: scope?.[3] ?? services.s3.name,
    bucket: decode(slash < 0 ? path : path.slice(0, slash)),
    key: slash < 0 ? '' : decode(path.slice(slash + 1)),
    query: new Map(url.searchParams),
  };
}

const BUCKET_WORDS: Readonly<Record<string, string>> = {
  acl: 'Acl',
  cors: 'Cors',
  encryption: 'Encryption',
  lifecycle: 'LifecycleConfiguration',
  logging: 'Logging',
  notification: 'NotificationConfiguration',
  ownershipControls: 'OwnershipControls',
  policy: 'Policy',
  policyStatus: 'PolicyStatus',
  replication: 'Replication',
  requestPayment: 'RequestPayment',
  tagging: 'Tagging',
  versioning: 'Versioning',
  website: 'Website',
  accelerate: 'AccelerateConfiguration',
  location: 'Location',
  'intelligent-tiering': 'IntelligentTieringConfiguration',
  analytics: 'AnalyticsConfiguration',
  metrics: 'MetricsConfiguration',
  inventory: 'InventoryConfiguration',
  metadataConfiguration: 'MetadataConfiguration',
  metadataTable: 'MetadataTableConfiguration',
  abac: 'Abac',
};
const CONFIGURATIONS_WITH_ID = ['intelligent-tiering', 'analytics', 'metrics', 'inventory'];
const VERBS: Readonly<Record<string, string>> = {
  GET: 'Get',
  PUT: 'Put',
  DELETE: 'Delete',
  HEAD: 'Head',
  POST: 'Post',
};

/** The name that AWS gives to an S3 request, from its method, path and query. */
export function s3Operation(
  method: string,
  { bucket, key, query }: Pick<Identified, 'bucket' | 'key' | 'query'>,
  copySource: boolean,
): string {
  if (bucket === '') return 'ListBuckets';
  if (key === '') return bucketOperation(method, query);
  if (query.has('uploadId')) {
    if (method === 'PUT') return copySource ? 'UploadPartCopy' : 'UploadPart';
    return (
      { GET: 'ListParts', DELETE: 'AbortMultipartUpload', POST: 'CompleteMultipartUpload' }[method] ??
      'UnknownOperation'
    );
  }
  if (query.has('uploads')) return 'CreateMultipartUpload';
  if (query.has('restore')) return 'RestoreObject';
  for (const [word, name] of [
    ['tagging', 'Tagging'],
    ['acl', 'Acl'],
    ['retention', 'Retention'],
    ['legal-hold', 'LegalHold'],
    ['attributes', 'Attributes'],
  ] as const) {
    if (query.has(word)) return `${VERBS[method]}Object${name}`;
  }
  if (method === 'PUT') return copySource ? 'CopyObject' : 'PutObject';
  return `${VERBS[method] ?? method}Object`;
}

function bucketOperation(method: string, query: ReadonlyMap<string, string>): string {
  const verb = VERBS[method] ?? method;
  if (method === 'POST') return query.has('delete') ? 'DeleteObjects' : 'PostObject';
  if (query.has('versions')) return 'ListObjectVersions';
  if (query.has('uploads')) return 'ListMultipartUploads';
  if (query.has('publicAccessBlock')) return `${verb}PublicAccessBlock`;
  if (query.has('object-lock')) return `${verb}ObjectLockConfiguration`;
  for (const [word, name] of Object.entries(BUCKET_WORDS)) {
    if (!query.has(word)) continue;
    if (method === 'GET' && CONFIGURATIONS_WITH_ID.includes(word) && !query.has('id')) return `ListBucket${name}s`;
    if (word === 'lifecycle' && method === 'DELETE') return 'DeleteBucketLifecycle';
    return `${verb}Bucket${name}`;
  }
  if (method === 'GET') return query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects';
  return { PUT: 'CreateBucket', DELETE: 'DeleteBucket', HEAD: 'HeadBucket' }[method] ?? 'UnknownOperation';
}

/** Whether an operation changes something, by its name, as AWS names them. */
export const isMutating = (operation: string): boolean => !/^(Describe|Get|List|Head)/u.test(operation);
