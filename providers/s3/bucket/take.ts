import { look, progress, sendAll, type Call, type Program } from '../../../src/domain/call.ts';
import { UserError } from '../../../src/base/error.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import { isAfter } from '../../../src/base/time.ts';
import type { StepContext } from '../../../src/domain/resource-type.ts';
import { openedPolicy } from '../objects/closing.ts';
import { readConfiguration } from '../configuration/configure.ts';
import { allEntries, type Entry } from '../objects/contents.ts';
import {
  contentOf,
  copiesPrefix,
  copyKey,
  copySource,
  keptFrom,
  nameOf,
  readManifest,
  storeOf,
  versionOf,
  writeManifest,
  type Kept,
} from '../objects/manifest.ts';
import { stateOfCopy, versionsBelow } from '../objects/copies.ts';
import { pieces } from '../../aws/values/batches.ts';
import { counted, numberOf, objectOf, sized, textOf } from '../configuration/values.ts';
import { subResources } from '../configuration/sub-resources.ts';
import type { Capture } from '../../../src/domain/capture-plan.ts';

/** One CopyObject copies at most this (S3 API reference, CopyObject). */
export const largestCopy = 5 * 1024 ** 3;
/** Copies per batch. */
const batchSize = 500;

/** The whole configuration as S3 tells it; a policy without the statement by which aiplan closes a bucket. */
function* configurationOf(context: StepContext, bucket: string): Program<JsonObject> {
  const documents = yield* readConfiguration(bucket, context.account);
  return { ...documents, policy: openedPolicy(textOf(documents['policy'] ?? undefined) ?? null) };
}

/**
 * Before an update: the configuration. Before a deletion: the configuration, and a copy of every version and marker.
 */
export function* takeCapture(context: StepContext): Program<Capture> {
  const bucket = context.live?.identity ?? '';
  if (context.action === 'update') {
    const configuration = yield* configurationOf(context, bucket);
    return { how: 'config', refs: {}, pointInTime: null, bytes: null, encrypted: null, extras: { configuration } };
  }
  return yield* copyBucket(context, bucket);
}

function* copyBucket(context: StepContext, bucket: string): Program<Capture> {
  const store = storeOf(context);
  if (store === bucket)
    throw new UserError('capture-bucket-target', `"${bucket}" is the capture bucket; it is never the target of a plan`);
  const there = yield* look({
    service: 's3',
    operation: 'HeadBucket',
    input: { Bucket: store, ExpectedBucketOwner: context.account },
    absent: ['NotFound', 'NoSuchBucket'],
  });
  if (there === null)
    throw new UserError('no-capture-bucket', `the capture bucket "${store}" does not exist`, {
      help: 'Run `aiplan setup` once for this account and region.',
    });
  const configuration = yield* configurationOf(context, bucket);
  const entries = yield* allEntries(bucket, context.account);
  refuseUncopyable(bucket, entries);
  const copied = yield* copyVersions(context, bucket, store, entries, configuration);
  if (objectOf(configuration['objectLock'])['ObjectLockEnabled'] === 'Enabled')
    yield* refuseRetained(context, bucket, entries, copied.newest);
  const again = yield* allEntries(bucket, context.account);
  refuseChanged(bucket, entries, again);
  const written = yield* writeManifest(context, bucket, copied.kept);
  const versions = entries.filter((entry) => !entry.marker);
  const bytes = versions.reduce((sum, entry) => sum + entry.size, 0);
  return {
    how: 'copy',
    pointInTime: copied.newest,
    bytes,
    encrypted: true,
    extras: { configuration },
    refs: {
      store,
      prefix: copiesPrefix(context),
      ...written,
      versions: versions.length,
      deleteMarkers: entries.length - versions.length,
      bytes,
      kms: copied.kms,
    },
  };
}

function refuseUncopyable(bucket: string, entries: readonly Entry[]): void {
  const archived = entries.filter((entry) => entry.archived);
  if (archived.length > 0)
    throw new UserError(
      'archived-objects',
      `${counted(archived.length)} versions of "${bucket}" lie in an archive class and cannot be copied, the first is "${archived[0]?.key ?? ''}"`,
      { help: 'Restore them with RestoreObject first.' },
    );
  const large = entries.filter((entry) => entry.size > largestCopy);
  if (large.length > 0)
    throw new UserError(
      'objects-too-large',
      `${counted(large.length)} versions of "${bucket}" are larger than ${sized(largestCopy)}, the first is "${large[0]?.key ?? ''}"`,
      { help: 'Copy them elsewhere and delete them before deleting the bucket.' },
    );
}

interface Copied {
  readonly kept: readonly Kept[];
  readonly newest: string | null;
  readonly kms: boolean;
}

function* copyVersions(
  context: StepContext,
  bucket: string,
  store: string,
  entries: readonly Entry[],
  configuration: JsonObject,
): Program<Copied> {
  const numbered = entries.map((entry, index) => ({ entry, key: copyKey(context, index) }));
  const versions = numbered.filter(({ entry }) => !entry.marker);
  const answers = new Map<string, JsonObject>();
  for (const batch of pieces(versions, batchSize)) {
    const answered = yield* sendAll(
      batch.map(({ entry, key }): Call => ({
        service: 's3',
        operation: 'CopyObject',
        identity: store,
        retry: 'absolute',
        purpose: `copy "${entry.key}"`,
        preview: { VersionId: 'preview' },
        input: {
          Bucket: store,
          ExpectedBucketOwner: context.account,
          Key: key,
          CopySource: copySource(bucket, entry.key, entry.versionId),
          ExpectedSourceBucketOwner: context.account,
          MetadataDirective: 'COPY',
          TaggingDirective: 'COPY',
        },
      })),
      `copy the objects of ${bucket}`,
    );
    batch.forEach(({ key }, index) => answers.set(key, answered[index] ?? {}));
    yield* progress(
      `copied ${counted(answers.size)} of ${counted(versions.length)} versions`,
      answers.size / versions.length,
    );
  }
  const redirects =
    configuration['website'] === null || configuration['website'] === undefined
      ? new Map<string, string>()
      : yield* redirectsOf(context, bucket, entries);
  const kept: Kept[] = [];
  let newest: string | null = null;
  let kms = false;
  for (const { entry, key } of numbered) {
    if (entry.marker) {
      kept.push(keptFrom(entry, null, null));
      continue;
    }
    const answer = answers.get(key) ?? {};
    const result = objectOf(answer['CopyObjectResult']);
    const etag = (textOf(result['ETag']) ?? '').replaceAll('"', '');
    const encrypted = (textOf(answer['ServerSideEncryption']) ?? '').startsWith('aws:kms');
    if (!encrypted) yield* refuseDifferent(context, bucket, entry, etag);
    const modified = textOf(result['LastModified']);
    if (modified !== undefined && (newest === null || isAfter(modified, newest))) newest = modified;
    kms ||= encrypted;
    kept.push(keptFrom(entry, { key, etag, version: versionOf(answer, store) }, redirects.get(nameOf(entry)) ?? null));
  }
  return { kept, newest, kms };
}

/**
 * ETags of plain objects are equal when their contents are; those of multipart uploads and KMS say nothing (S3,
 * Object).
 */
function* refuseDifferent(context: StepContext, bucket: string, entry: Entry, etag: string): Program {
  if (etag === '' || etag === entry.etag || /-/u.test(etag) || /-/u.test(entry.etag)) return;
  const head = yield* headVersion(context, bucket, entry);
  if ((textOf(head?.['ServerSideEncryption']) ?? '').startsWith('aws:kms')) return;
  throw new UserError(
    'copy-differs',
    `the copy of "${entry.key}" differs from its original: ETag ${etag} and ${entry.etag}`,
  );
}

const headVersion = (context: StepContext, bucket: string, entry: Entry): Program<JsonObject | null> =>
  look({
    service: 's3',
    operation: 'HeadObject',
    input: { Bucket: bucket, ExpectedBucketOwner: context.account, Key: entry.key, VersionId: entry.versionId },
    absent: ['NotFound'],
  });

function* redirectsOf(
  context: StepContext,
  bucket: string,
  entries: readonly Entry[],
): Program<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const entry of entries.filter(({ marker, latest }) => !marker && latest)) {
    const location = textOf((yield* headVersion(context, bucket, entry))?.['WebsiteRedirectLocation']);
    if (location !== undefined) found.set(nameOf(entry), location);
  }
  return found;
}

/** Under Object Lock: a version that is still held cannot be deleted, and aiplan never bypasses a retention. */
function* refuseRetained(context: StepContext, bucket: string, entries: readonly Entry[], now: string | null): Program {
  for (const entry of entries.filter(({ marker }) => !marker)) {
    const head = yield* headVersion(context, bucket, entry);
    const until = textOf(head?.['ObjectLockRetainUntilDate']);
    if (head?.['ObjectLockLegalHoldStatus'] === 'ON' || (until !== undefined && isAfter(until, now))) {
      throw new UserError(
        'object-locked',
        `"${entry.key}" of "${bucket}" is held by Object Lock${until === undefined ? '' : ` until ${until}`}; the bucket cannot be deleted`,
      );
    }
  }
}

/** Throws UserError `bucket-changed` unless two listings hold exactly the same versions and markers. */
function refuseChanged(bucket: string, before: readonly Entry[], after: readonly Entry[]): void {
  const known = new Set(before.map(contentOf));
  const now = new Set(after.map(contentOf));
  const stranger =
    after.find((entry) => !known.has(contentOf(entry))) ?? before.find((entry) => !now.has(contentOf(entry)));
  if (stranger === undefined) return;
  const overwritten =
    before.some((entry) => nameOf(entry) === nameOf(stranger)) &&
    after.some((entry) => nameOf(entry) === nameOf(stranger));
  throw new UserError(
    'bucket-changed',
    `"${stranger.key}" (version ${stranger.versionId}) of "${bucket}" ${overwritten ? 'was overwritten' : known.has(contentOf(stranger)) ? 'disappeared' : 'appeared'} while the bucket was being copied`,
    {
      help: 'Find out who still writes or which lifecycle rule works there, and plan again.',
    },
  );
}

/**
 * Reads a capture back: every version has its copy, of the same size and with the recorded ETag. Each problem is one
 * sentence.
 */
export function* verifyCapture(context: StepContext, capture: Capture): Program<readonly string[]> {
  const configuration = objectOf(capture.extras['configuration']);
  const missing = subResources.filter((row) => configuration[row.name] === undefined).map((row) => row.label);
  const problems = missing.length === 0 ? [] : [`The configuration is incomplete: ${missing.join(', ')}.`];
  if (capture.how !== 'copy') return problems;
  const kept = yield* readManifest(context, capture);
  const found =
    (yield* versionsBelow(storeOf(context), context.account, textOf(capture.refs['prefix']) ?? '')) ??
    new Map<string, readonly Entry[]>();
  const versions = kept.filter(({ marker }) => !marker);
  if (versions.length !== numberOf(capture.refs['versions']))
    problems.push(
      `The manifest lists ${counted(versions.length)} versions instead of ${String(capture.refs['versions'])}.`,
    );
  for (const entry of versions) {
    const state = stateOfCopy(entry, found.get(entry.copy ?? ''));
    if (state.kind === 'lost') problems.push(`"${entry.key}" (version ${entry.versionId}): ${state.why}.`);
    else if (state.coveredAt !== null)
      problems.push(`The copy of "${entry.key}" (version ${entry.versionId}) was written over at ${state.coveredAt}.`);
  }
  return problems;
}
