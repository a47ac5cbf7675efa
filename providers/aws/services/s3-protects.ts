import type { Permit } from '../../../src/domain/call.ts';
import { isPerhapsTrue } from '../../../src/base/coerce.ts';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import { expirable, text, type ProtectedRule, type Surroundings } from './service.ts';

/** Writes of captures; nothing else may happen to the capture bucket. */
const CAPTURE_WRITES = new Set([
  'PutObject',
  'CopyObject',
  'CreateMultipartUpload',
  'UploadPart',
  'UploadPartCopy',
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
]);
/** Calls that `aiplan setup` may send to it beside that: make it and close it. */
const CAPTURE_SETUP = new Set([
  'CreateBucket',
  'PutBucketVersioning',
  'PutBucketEncryption',
  'PutPublicAccessBlock',
  'PutBucketOwnershipControls',
  'PutBucketPolicy',
  'PutBucketTagging',
  'PutBucketLifecycleConfiguration',
  'PutObjectLockConfiguration',
]);

/** Law 5 and the last part of law 6. Sources: DeleteObject, PutObjectRetention (S3 API reference). */
export const s3Protects: readonly ProtectedRule[] = [
  {
    operations: /./u,
    refuses: (input) =>
      isPerhapsTrue(input['BypassGovernanceRetention']) ? 'BypassGovernanceRetention overrides a lock' : null,
  },
  { operations: /./u, refuses: onCaptureBucket },
];

/** The bucket that S3 would take a text for: host names know no case, and the SDK takes an ARN for a name. */
const bucketNamed = (value: Json | undefined): string =>
  text(value)
    .trim()
    .toLowerCase()
    .replace(/^arn:[^:]*:s3:::/u, '');

function onCaptureBucket(input: JsonObject, permit: Permit, operation: string, around: Surroundings): string | null {
  if (
    around.captureBucket === null ||
    bucketNamed(input['Bucket']) !== around.captureBucket ||
    CAPTURE_WRITES.has(operation)
  )
    return null;
  if (permit.setup === true && CAPTURE_SETUP.has(operation)) {
    const versioning = input['VersioningConfiguration'] as JsonObject | undefined;
    return operation === 'PutBucketVersioning' && versioning?.['Status'] !== 'Enabled'
      ? 'the capture bucket keeps its versions'
      : null;
  }
  const id = (key: Json | undefined, version: Json | undefined): string =>
    `s3://${around.captureBucket}/${text(key)}${text(version) === '' ? '' : `?versionId=${text(version)}`}`;
  if (operation === 'DeleteObject' && expirable(id(input['Key'], input['VersionId']), permit)) return null;
  const objects = (input['Delete'] as JsonObject | undefined)?.['Objects'];
  if (
    operation === 'DeleteObjects' &&
    Array.isArray(objects) &&
    objects.length > 0 &&
    objects.every((item: JsonObject) => expirable(id(item['Key'], item['VersionId']), permit))
  )
    return null;
  return `"${around.captureBucket}" is the capture bucket; only captures are written to it`;
}
