import { Refusal, type S3Context, type S3Correction } from '../protocol/correction.ts';
import type { BucketMemory } from '../protocol/emulator-state.ts';
import { element, parseXml, put, textAt, writeXml, type Element } from '../protocol/xml.ts';
import { copySource, pathOf, requireBucket } from './paths.ts';

const VERSIONING = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

/** The emulator's id of a version that AWS calls `null`. */
export const insideVersion = (bucket: BucketMemory, key: string, version: string): string =>
  version === 'null' ? (bucket.nullVersions.get(key) ?? 'null') : version;
export const shownVersion = (bucket: BucketMemory, key: string, version: string): string =>
  bucket.nullVersions.get(key) === version ? 'null' : version;

/** A new version became the `null` one: the former one goes. */
export async function becomeNull(context: S3Context, key: string, version: string): Promise<void> {
  const { bucket, request } = context;
  const former = bucket.nullVersions.get(key) ?? 'null';
  await context.send('DELETE', pathOf(request.bucket, key, { versionId: former }));
  bucket.nullVersions.set(key, version);
}

async function putVersioning(context: S3Context): Promise<{ readonly status: number } | undefined> {
  const { bucket, request } = context;
  const status = textAt(parseXml((await request.body()).toString('utf8')), 'Status');
  if (status === 'Enabled') bucket.suspended = false;
  if (status !== 'Suspended') return undefined;
  await requireBucket(context);
  for (const [word, reason] of [
    [
      'object-lock',
      'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
    ],
    [
      'replication',
      'A replication configuration is present on this bucket, so the versioning state cannot be changed.',
    ],
  ] as const) {
    if ((await context.send('GET', pathOf(request.bucket, '', { [word]: '' }))).status === 200)
      throw new Refusal('InvalidBucketState', reason, 409);
  }
  // In the emulator the bucket stays versioned; that it is suspended is known here, and `null` versions are kept apart.
  await context.send('PUT', pathOf(request.bucket, '', { versioning: '' }), {
    body: `<VersioningConfiguration ${VERSIONING}><Status>Enabled</Status></VersioningConfiguration>`,
  });
  bucket.suspended = true;
  return { status: 200 };
}

const KEYED = [
  'GetObject',
  'HeadObject',
  'DeleteObject',
  'GetObjectTagging',
  'PutObjectTagging',
  'DeleteObjectTagging',
  'GetObjectAcl',
  'PutObjectAcl',
  'GetObjectRetention',
  'PutObjectRetention',
  'GetObjectLegalHold',
  'PutObjectLegalHold',
  'GetObjectAttributes',
];

function showVersions({ bucket }: S3Context, root: Element): void {
  const encoded = textAt(root, 'EncodingType') === 'url';
  const keyIn = (node: Element, name: string): string =>
    encoded ? decodeURIComponent(textAt(node, name).replaceAll('+', ' ')) : textAt(node, name);
  for (const item of root.children) {
    if (item.name === 'Version' || item.name === 'DeleteMarker')
      put(item, 'VersionId', shownVersion(bucket, keyIn(item, 'Key'), textAt(item, 'VersionId')));
  }
  const next = textAt(root, 'NextVersionIdMarker');
  if (next !== '') put(root, 'NextVersionIdMarker', shownVersion(bucket, keyIn(root, 'NextKeyMarker'), next));
}

/** Documentation: "Adding objects to" and "Deleting objects from versioning-suspended buckets". */
export const suspended: readonly S3Correction[] = [
  {
    operations: ['PutBucketVersioning'],
    answers:
      'suspended versioning keeps every version; the emulator wipes them at the next write; refused with Object Lock or replication',
    before: putVersioning,
  },
  {
    operations: ['GetBucketVersioning'],
    answers: 'suspended is shown',
    after({ bucket }, answer) {
      if (bucket.suspended && answer.status === 200)
        answer.replaceBody(
          writeXml(element('VersioningConfiguration', [element('Status', 'Suspended')], ` ${VERSIONING}`)),
        );
    },
  },
  {
    operations: KEYED,
    answers: 'the version null is found',
    before({ bucket, request }) {
      const version = request.query.get('versionId');
      if (version !== undefined) request.query.set('versionId', insideVersion(bucket, request.key, version));
      return undefined;
    },
    after({ bucket, request, operation }, answer) {
      const version = answer.headers.get('x-amz-version-id');
      if (version === undefined) return;
      answer.headers.set('x-amz-version-id', shownVersion(bucket, request.key, version));
      if (
        operation === 'DeleteObject' &&
        request.query.has('versionId') &&
        answer.status < 300 &&
        bucket.nullVersions.get(request.key) === version
      )
        bucket.nullVersions.delete(request.key);
    },
  },
  {
    operations: ['CopyObject', 'UploadPartCopy'],
    answers: 'the version null is found as a source',
    before({ buckets, request }) {
      const header = request.headers.get('x-amz-copy-source') ?? '';
      const { bucket, key, versionId } = copySource(header);
      const memory = buckets.get(bucket);
      if (memory !== undefined && versionId !== undefined)
        request.headers.set(
          'x-amz-copy-source',
          `${header.split('?versionId=')[0]}?versionId=${insideVersion(memory, key, versionId)}`,
        );
      return undefined;
    },
  },
  {
    operations: ['PutObject', 'CopyObject', 'CompleteMultipartUpload'],
    answers: 'a write while suspended replaces only the version null',
    async after(context, answer) {
      const version = answer.headers.get('x-amz-version-id');
      if (!context.bucket.suspended || answer.status >= 300 || version === undefined) return;
      await becomeNull(context, context.request.key, version);
      answer.headers.set('x-amz-version-id', 'null');
    },
  },
  {
    operations: ['DeleteObject'],
    answers: 'a delete while suspended replaces only the version null, by a marker',
    async after(context, answer) {
      const version = answer.headers.get('x-amz-version-id');
      if (
        !context.bucket.suspended ||
        context.request.query.has('versionId') ||
        answer.status >= 300 ||
        version === undefined
      )
        return;
      await becomeNull(context, context.request.key, version);
      answer.headers.set('x-amz-version-id', 'null');
    },
  },
  {
    operations: ['ListObjectVersions'],
    answers: 'the version null is shown as such',
    before({ bucket, request }) {
      const [key, version] = [request.query.get('key-marker'), request.query.get('version-id-marker')];
      if (key !== undefined && version !== undefined)
        request.query.set('version-id-marker', insideVersion(bucket, key, version));
      return undefined;
    },
    async after(context, answer) {
      if (context.bucket.nullVersions.size === 0 || answer.status !== 200) return;
      const root = parseXml((await answer.body()).toString('utf8'));
      showVersions(context, root);
      answer.replaceBody(writeXml(root));
    },
  },
];
