import { look, type Program, type ReadCall } from '../../../src/domain/call.ts';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import { isAfter } from '../../../src/base/time.ts';
import { compact, numberOf, objectOf, objectsOf, previewed, textOf } from '../configuration/values.ts';

/** One version or delete marker of a bucket. `null` is the version id of what was written without versioning. */
export interface Entry {
  readonly key: string;
  readonly versionId: string;
  readonly latest: boolean;
  readonly marker: boolean;
  /** Without quotes; empty for a marker. */
  readonly etag: string;
  readonly size: number;
  /** ISO time. */
  readonly modified: string;
  readonly storageClass: string;
  /** Archived, and not restored for reading: cannot be copied (CopyObject, InvalidObjectState). */
  readonly archived: boolean;
}

/** The list read of one page. Keys come URL-encoded, because XML cannot hold every character that a key may. */
const pageOf = (
  bucket: string,
  account: string | null,
  prefix?: string,
  keyMarker?: string,
  versionIdMarker?: string,
): ReadCall => ({
  service: 's3',
  operation: 'ListObjectVersions',
  input: compact({
    Bucket: bucket,
    ExpectedBucketOwner: account ?? undefined,
    Prefix: prefix,
    EncodingType: 'url',
    OptionalObjectAttributes: ['RestoreStatus'],
    KeyMarker: keyMarker,
    VersionIdMarker: versionIdMarker,
  }),
});

/** Stands for a listing while a plan lists the calls: one version and one delete marker. */
export const previewPage: JsonObject = {
  ...previewed,
  IsTruncated: false,
  Versions: [
    {
      Key: 'preview',
      VersionId: 'preview',
      IsLatest: true,
      ETag: '"preview"',
      Size: 1,
      LastModified: '2000-01-01T00:00:00.000Z',
      StorageClass: 'STANDARD',
    },
  ],
  DeleteMarkers: [
    { Key: 'preview-deleted', VersionId: 'preview', IsLatest: true, LastModified: '2000-01-01T00:00:00.000Z' },
  ],
};

/**
 * Every version and delete marker (below `prefix`), newest first within a key, over all pages or up to `cap` entries.
 * Source: S3 API reference, ListObjectVersions (no SDK paginator exists for it).
 */
export function* listEntries(
  bucket: string,
  account: string | null,
  { cap = Number.POSITIVE_INFINITY, prefix }: { readonly cap?: number; readonly prefix?: string } = {},
): Generator<ReadCall, { readonly entries: readonly Entry[]; readonly complete: boolean }, JsonObject | null> {
  const entries: Entry[] = [];
  let keyMarker: string | undefined;
  let versionIdMarker: string | undefined;
  for (;;) {
    const answer: JsonObject = (yield pageOf(bucket, account, prefix, keyMarker, versionIdMarker)) ?? {};
    entries.push(...entriesOf(answer));
    if (answer['IsTruncated'] !== true) return { entries, complete: true };
    if (entries.length > cap) return { entries, complete: false };
    keyMarker = decoded(textOf(answer['NextKeyMarker']) ?? '', answer);
    versionIdMarker = textOf(answer['NextVersionIdMarker']);
  }
}

/** For programs: every entry. Previewed as one version and one marker. Throws AwsError. */
export function* allEntries(bucket: string, account: string): Program<readonly Entry[]> {
  const pages = listEntries(bucket, account);
  let step = pages.next();
  while (step.done !== true) step = pages.next(yield* look(step.value, previewPage));
  return step.value.entries;
}

/**
 * The entries of one page. S3 tells versions and markers apart, each newest first; within a key they are put together
 * by time. Times are whole seconds: a version and a marker of one second are told apart only where one is the latest,
 * else the marker counts as newer (a put followed by its delete).
 */
export function entriesOf(answer: JsonObject): readonly Entry[] {
  const keys = new Map<string, { versions: Entry[]; markers: Entry[] }>();
  const of = (key: string) => {
    const found = keys.get(key) ?? { versions: [], markers: [] };
    keys.set(key, found);
    return found;
  };
  for (const item of objectsOf(answer['Versions'])) {
    const entry = entryOf(item, false, answer);
    of(entry.key).versions.push(entry);
  }
  for (const item of objectsOf(answer['DeleteMarkers'])) {
    const entry = entryOf(item, true, answer);
    of(entry.key).markers.push(entry);
  }
  return [...keys.values()].flatMap(({ versions, markers }) => interleaved(versions, markers));
}

function interleaved(versions: readonly Entry[], markers: readonly Entry[]): readonly Entry[] {
  const result: Entry[] = [];
  let version = 0;
  let marker = 0;
  while (version < versions.length || marker < markers.length) {
    const one = versions[version];
    const other = markers[marker];
    const takeMarker =
      one === undefined ||
      (other !== undefined && !one.latest && (other.latest || !isAfter(one.modified, other.modified)));
    if (takeMarker) {
      result.push(other as Entry);
      marker += 1;
    } else {
      result.push(one);
      version += 1;
    }
  }
  return result;
}

function entryOf(item: JsonObject, marker: boolean, answer: JsonObject): Entry {
  const storageClass = textOf(item['StorageClass']) ?? 'STANDARD';
  const readable = textOf(objectOf(item['RestoreStatus'])['RestoreExpiryDate']) !== undefined;
  return {
    key: decoded(textOf(item['Key']) ?? '', answer),
    versionId: textOf(item['VersionId']) ?? 'null',
    latest: item['IsLatest'] === true,
    marker,
    etag: (textOf(item['ETag']) ?? '').replaceAll('"', ''),
    size: numberOf(item['Size']) ?? 0,
    modified: textOf(item['LastModified']) ?? '',
    storageClass: marker ? '' : storageClass,
    archived: !marker && /^(GLACIER|DEEP_ARCHIVE)$/u.test(storageClass) && !readable,
  };
}

const decoded = (key: string, answer: JsonObject): string =>
  answer['EncodingType'] === 'url' ? decodeURIComponent(key.replaceAll('+', ' ')) : key;

/** Unfinished multipart uploads, as key and upload id; previewed as one. Throws AwsError. */
export function* allUploads(
  bucket: string,
  account: string,
): Program<readonly { readonly key: string; readonly uploadId: string }[]> {
  const uploads: { key: string; uploadId: string }[] = [];
  let markers: JsonObject = {};
  for (;;) {
    const input = { Bucket: bucket, ExpectedBucketOwner: account, EncodingType: 'url', ...markers };
    const answer: JsonObject =
      (yield* look(
        { service: 's3', operation: 'ListMultipartUploads', input },
        { Uploads: [{ Key: 'preview', UploadId: 'preview' }] },
      )) ?? {};
    for (const item of objectsOf(answer['Uploads']))
      uploads.push({ key: decoded(textOf(item['Key']) ?? '', answer), uploadId: textOf(item['UploadId']) ?? '' });
    if (answer['IsTruncated'] !== true) return uploads;
    markers = compact({
      KeyMarker: decoded(textOf(answer['NextKeyMarker']) ?? '', answer),
      UploadIdMarker: answer['NextUploadIdMarker'],
    });
  }
}

/** How many entries are counted at plan time; beyond it a bucket "holds more than" this. 100 list calls. */
export const countingCap = 100_000;

/**
 * The facts about a bucket's contents that the card and the capture plan need; `complete` false: at least this much.
 */
export function summaryOf(entries: readonly Entry[], complete: boolean): JsonObject {
  const versions = entries.filter((entry) => !entry.marker);
  const count = (list: readonly Entry[]): Json => (complete ? list.length : `more than ${list.length}`);
  const bytes = versions.reduce((sum, entry) => sum + entry.size, 0);
  return {
    objects: count(versions.filter((entry) => entry.latest)),
    versions: count(versions),
    deleteMarkers: count(entries.filter((entry) => entry.marker)),
    bytes: complete ? bytes : `more than ${bytes}`,
    largestObject: versions.reduce((most, entry) => Math.max(most, entry.size), 0),
    archived: versions.filter((entry) => entry.archived).length,
    lastWrite:
      entries.reduce(
        (newest, entry) => (newest === '' || isAfter(entry.modified, newest) ? entry.modified : newest),
        '',
      ) || null,
    counted: complete,
  };
}
