import { look, progress, send, sendAll, until, type Call, type Program } from '../../../src/domain/call.ts';
import { AwsError, UserError } from '../../../src/base/error.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import type { Capture } from '../../../src/domain/capture-plan.ts';
import type { StepContext } from '../../../src/domain/resource-type.ts';
import { owned } from '../configuration/configure.ts';
import { allUploads, listEntries, previewPage, type Entry } from '../objects/contents.ts';
import { contentOf, readManifest } from '../objects/manifest.ts';
import { pieces } from '../../aws/values/batches.ts';
import { counted, incarnationOf, isPreviewed, objectsOf, textOf } from '../configuration/values.ts';

/** DeleteObjects takes at most this many names (S3 API reference, DeleteObjects). */
const perCall = 1000;
/** Delete calls that are sent together. */
const callsPerBatch = 8;

/**
 * Empties the bucket of exactly what its capture holds, aborts unfinished uploads, and deletes it. Where the loss was
 * accepted because no capture is possible, of everything. Throws UserError `bucket-changed` where the bucket holds
 * anything that the manifest does not, `capture-missing` without a capture or an accepted loss, `not-deleted` where S3
 * keeps an object.
 */
export function* removeBucket(context: StepContext): Program {
  const bucket = context.live?.identity ?? '';
  if (context.capture?.how === 'copy') {
    const kept = new Set((yield* readManifest(context, context.capture)).map(contentOf));
    const { entries, isPreview } = yield* listed(bucket, context.account);
    const stranger = entries.find((entry) => !kept.has(contentOf(entry)));
    if (stranger !== undefined) {
      throw new UserError(
        'bucket-changed',
        `"${stranger.key}" (version ${stranger.versionId}) of "${bucket}" is not in the capture: it was written after the bucket was copied`,
        { help: 'Nothing was deleted. Find out who still writes there, and plan again.' },
      );
    }
    yield* deleteEntries(context, bucket, isPreview ? withOddName(entries) : entries);
  } else {
    yield* emptyWithoutManifest(context, bucket);
  }
  const uploads = yield* allUploads(bucket, context.account);
  yield* sendAll(
    uploads.map(({ key, uploadId }): Call => ({
      service: 's3',
      operation: 'AbortMultipartUpload',
      identity: bucket,
      retry: 'absolute',
      purpose: `abort the unfinished upload of "${key}"`,
      input: { ...owned(bucket, context.account), Key: key, UploadId: uploadId },
    })),
    `abort unfinished uploads of ${bucket}`,
  );
  try {
    yield* send({
      service: 's3',
      operation: 'DeleteBucket',
      identity: bucket,
      retry: 'absolute',
      purpose: `delete bucket ${bucket}`,
      input: owned(bucket, context.account),
    });
  } catch (error) {
    // Gone already, or not known whether: whoever runs this finds out.
    if (!(error instanceof AwsError) || error.executed !== 'no' || error.kind === 'absent' || error.kind === 'conflict')
      throw error;
    throw new UserError(
      'not-deleted',
      `S3 refused to delete "${bucket}" (${error.code}: ${error.message}). ${leftAs(bucket, context)}`,
      { cause: error, help },
    );
  }
}

const help = 'A rollback of this run puts back what was deleted and opens the bucket.';

/** The leftovers of a deletion that stopped. */
const leftAs = (bucket: string, context: StepContext): string =>
  `"${bucket}" is still there, without what it held, and ${context.capture?.how === 'copy' ? 'closed to writes; the copies lie in the capture bucket' : 'nothing of it was copied'}.`;

/**
 * Whether the bucket still holds every version and marker of its capture, as after a removal of which S3 refused each
 * object. Reads only.
 */
export function* isUntouched(context: StepContext, capture: Capture): Program<boolean> {
  if (capture.how !== 'copy') return false;
  const bucket = context.live?.identity ?? '';
  const { entries, isPreview } = yield* listed(bucket, context.account);
  const there = new Set(entries.map(contentOf));
  return !isPreview && (yield* readManifest(context, capture)).every((entry) => there.has(contentOf(entry)));
}

/** Page by page: what is listed is deleted, until nothing is listed. */
function* emptyWithoutManifest(context: StepContext, bucket: string): Program {
  const accepted =
    context.acceptLoss !== undefined && (context.capture === undefined || context.capture.how === 'none');
  for (;;) {
    const pages = listEntries(bucket, context.account, { cap: 0 });
    let step = pages.next();
    let isPreview = false;
    while (step.done !== true) {
      const page = yield* look(step.value, previewPage);
      isPreview ||= isPreviewed(page);
      if (!accepted && !isPreviewed(page)) {
        throw new UserError(
          'capture-missing',
          `"${bucket}" has no capture of its objects, and no accepted loss stands in for one; nothing was deleted`,
        );
      }
      step = pages.next(page);
    }
    if (step.value.entries.length > 0)
      yield* deleteEntries(context, bucket, isPreview ? withOddName(step.value.entries) : step.value.entries);
    if (step.value.complete) return;
  }
}

/** Every entry, and whether it only stands for a listing while a plan lists the calls. */
function* listed(
  bucket: string,
  account: string,
): Program<{ readonly entries: readonly Entry[]; readonly isPreview: boolean }> {
  const pages = listEntries(bucket, account);
  let isPreview = false;
  let step = pages.next();
  while (step.done !== true) {
    const page = yield* look(step.value, previewPage);
    isPreview ||= isPreviewed(page);
    step = pages.next(page);
  }
  return { entries: step.value.entries, isPreview };
}

/** While a plan lists the calls: also a name that no XML can hold, which is deleted by a call of its own. */
const withOddName = (entries: readonly Entry[]): readonly Entry[] => [
  ...entries,
  ...entries.slice(0, 1).map((entry) => ({ ...entry, key: `${entry.key}\u0001` })),
];

/**
 * Whether XML 1.0 can hold the text; DeleteObjects is XML, and S3 answers MalformedXML for a name that it cannot hold.
 */
const isXml = (text: string): boolean => !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/u.test(text);

/** Deletes these versions and markers, newest first within a key, and looks at what S3 says about each. */
function* deleteEntries(context: StepContext, bucket: string, entries: readonly Entry[]): Program {
  const [plain, odd] = [entries.filter(({ key }) => isXml(key)), entries.filter(({ key }) => !isXml(key))];
  const single = odd.map(({ key, versionId }): Call => ({
    service: 's3',
    operation: 'DeleteObject',
    identity: bucket,
    retry: 'absolute',
    purpose: 'delete a captured version whose name no list can hold',
    input: { ...owned(bucket, context.account), Key: key, VersionId: versionId },
  }));
  for (const batch of pieces(single, perCall)) yield* sendAll(batch, `empty ${bucket}`);
  const calls = pieces(plain, perCall).map((part): Call => ({
    service: 's3',
    operation: 'DeleteObjects',
    identity: bucket,
    retry: 'absolute',
    purpose: `delete ${counted(part.length)} captured versions`,
    input: {
      ...owned(bucket, context.account),
      Delete: { Quiet: false, Objects: part.map(({ key, versionId }) => ({ Key: key, VersionId: versionId })) },
    },
  }));
  let deleted = 0;
  for (const batch of pieces(calls, callsPerBatch)) {
    const answers = yield* sendAll(batch, `empty ${bucket}`);
    const refused = answers.flatMap((answer) => objectsOf(answer['Errors']));
    const first = refused[0];
    if (first !== undefined) {
      throw new UserError(
        'not-deleted',
        `S3 kept ${counted(refused.length)} versions of "${bucket}"; the first is "${textOf(first['Key']) ?? ''}": ${textOf(first['Code']) ?? ''} ${textOf(first['Message']) ?? ''}. "${bucket}" is still there, with what S3 kept: opened again where that is all of it, else closed to writes until a rollback puts the rest back.`,
        { help },
      );
    }
    deleted += batch.length;
    yield* progress(
      `emptied ${bucket}: ${counted(deleted)} of ${counted(calls.length)} requests`,
      deleted / calls.length,
    );
  }
}

/**
 * Waits until the bucket is gone. Asked is the list of the account's own buckets, not the name: whoever else has the
 * name by then is not waited for, nor touched. It is gone when a complete list does not have the name (it is free, or
 * another account's), or has it with another creation date: one bucket is deleted before the next can take its name. A
 * refusal says nothing, and neither does a name in the list with the same date, or with one that was never read (S3 API
 * reference: ListBuckets, HeadBucket, which answers 403 for another's bucket and for a missing permission alike).
 */
export function* bucketGone(identity: string, incarnation?: string): Program {
  const answer = yield* until({
    what: `deletion of ${identity}`,
    agree: 2,
    read: { service: 's3', operation: 'ListBuckets', input: { Prefix: identity, MaxBuckets: 1000 } },
    judge(list) {
      const there = nameIn(list, identity);
      if (there !== undefined) return isAnother(there, incarnation) ? { state: 'done' } : { state: 'pending' };
      return list !== null && textOf(list['ContinuationToken']) === undefined
        ? { state: 'done' }
        : { state: 'pending' };
    },
  });
  if (nameIn(answer, identity) !== undefined)
    yield* progress(`${identity} is deleted; its name belongs to another bucket already, which is left alone`);
}

const nameIn = (list: JsonObject | null, name: string): JsonObject | undefined =>
  objectsOf(list?.['Buckets']).find((bucket) => bucket['Name'] === name);

const isAnother = (bucket: JsonObject, incarnation: string | undefined): boolean =>
  textOf(bucket['CreationDate']) !== undefined &&
  incarnation !== undefined &&
  !incarnation.endsWith(' unknown') &&
  incarnationOf(bucket) !== incarnation;
