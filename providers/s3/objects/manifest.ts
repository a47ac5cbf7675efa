import { look, sendAll, type Call, type Program } from '../../../src/domain/call.ts';
import { digest, sha256 } from '../../../src/base/digest.ts';
import { UserError } from '../../../src/base/error.ts';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import type { StepContext } from '../../../src/domain/resource-type.ts';
import { entriesOf, previewPage, type Entry } from './contents.ts';
import { captureBucketName } from './capture-place.ts';
import { isPreviewed, objectOf, objectsOf, previewed, textOf } from '../configuration/values.ts';
import type { Capture } from '../../../src/domain/capture-plan.ts';

/** A version or marker as it was copied: where its content lies, and what a copy does not carry by itself. */
export interface Kept extends Omit<Entry, 'archived'> {
  /** Key in the capture bucket; null for a delete marker. */
  readonly copy: string | null;
  readonly copyEtag: string | null;
  /**
   * Version id of the copy in the capture bucket: what a restore copies. Null for a marker, and in captures of earlier
   * versions of aiplan.
   */
  readonly copyVersion: string | null;
  /** CopyObject does not carry WebsiteRedirectLocation over. */
  readonly redirect: string | null;
}

/** Of a step's context, what says where its capture lies. */
export type Where = Pick<StepContext, 'run' | 'step' | 'account' | 'region' | 'captureBucket'>;

/** A manifest is kept in parts of about this many characters: parts stand in requests and in memory. */
const partSize = 100_000;

export const storeOf = (context: Pick<StepContext, 'captureBucket' | 'account' | 'region'>): string =>
  context.captureBucket ?? captureBucketName(context.account, context.region, null);
export const copiesPrefix = (context: Pick<StepContext, 'run' | 'step'>): string =>
  `copies/${context.run}/${context.step}/`;
export const copyKey = (context: Pick<StepContext, 'run' | 'step'>, index: number): string =>
  `${copiesPrefix(context)}${String(index).padStart(7, '0')}`;

/** Writes the manifest beside the copies; answers what a capture needs to find and prove it. Throws AwsError. */
export function* writeManifest(context: StepContext, bucket: string, kept: readonly Kept[]): Program<JsonObject> {
  const store = storeOf(context);
  const bodies = partsOf(kept).map((entries, index) =>
    JSON.stringify({
      format: 'aiplan/bucket-manifest@1',
      run: context.run,
      step: context.step,
      bucket,
      part: index + 1,
      entries,
    }),
  );
  const parts = bodies.map((body, index) => ({
    key: `manifests/${context.run}/${context.step}-${String(index + 1).padStart(4, '0')}.json`,
    digest: sha256(body),
  }));
  const answers = yield* sendAll(
    bodies.map((Body, index): Call => ({
      service: 's3',
      operation: 'PutObject',
      identity: store,
      retry: 'absolute',
      purpose: 'write the manifest of the copies',
      preview: { VersionId: 'preview' },
      input: {
        Bucket: store,
        ExpectedBucketOwner: context.account,
        Key: parts[index]?.key ?? '',
        Body,
        ContentType: 'application/json',
      },
    })),
    'write the manifest of the copies',
  );
  const bound = parts.map((part, index) => ({ ...part, version: versionOf(answers[index] ?? {}, store) }));
  return { parts: bound, manifest: digest(parts.map((part) => part.digest)) };
}

/**
 * The version that S3 says it wrote (CopyObject and PutObject answer it where versions are kept). Throws UserError
 * `captures-unversioned`.
 */
export function versionOf(answer: JsonObject, store: string): string {
  const version = textOf(answer['VersionId']);
  if (version !== undefined && version !== 'null') return version;
  throw new UserError(
    'captures-unversioned',
    `the capture bucket "${store}" keeps no versions: what is written there could be written over`,
    { help: 'Run `aiplan setup` for this account and region.' },
  );
}

/** Where the numbered parts of the list of copies lie. */
const isPartKey = (key: string, capture: Capture): boolean => {
  const [, run, step] = /^copies\/([^/]+)\/([^/]+)\/$/u.exec(textOf(capture.refs['prefix']) ?? '') ?? [];
  return (
    run !== undefined &&
    step !== undefined &&
    key.startsWith(`manifests/${run}/${step}-`) &&
    /^\d{4}\.json$/u.test(key.slice(`manifests/${run}/${step}-`.length))
  );
};

function partsOf(kept: readonly Kept[]): readonly (readonly Kept[])[] {
  const parts: Kept[][] = [[]];
  let size = 0;
  for (const entry of kept) {
    const length = JSON.stringify(entry).length;
    if (size + length > partSize && size > 0) {
      parts.push([]);
      size = 0;
    }
    parts[parts.length - 1]?.push(entry);
    size += length;
  }
  return parts;
}

/**
 * Reads the manifest of a capture back, newest first within a key. Throws UserError `manifest-damaged` where it is
 * missing or not what the capture recorded, AwsError. Previewed as one version and one marker.
 */
export function* readManifest(context: Where, capture: Capture): Program<readonly Kept[]> {
  const store = storeOf(context);
  if (capture.refs['store'] !== store)
    throw damaged(`it names the bucket "${textOf(capture.refs['store']) ?? ''}", and the capture bucket is "${store}"`);
  const parts = objectsOf(capture.refs['parts']);
  const kept: Kept[] = [];
  for (const part of parts) {
    const key = textOf(part['key']) ?? '';
    if (!isPartKey(key, capture))
      throw damaged(`"${key}" is not where a list of the copies below "${textOf(capture.refs['prefix']) ?? ''}" lies`);
    const version = textOf(part['version']);
    const input = {
      Bucket: store,
      ExpectedBucketOwner: context.account,
      Key: key,
      ...(version === undefined ? {} : { VersionId: version }),
    };
    const answer = yield* look(
      { service: 's3', operation: 'GetObject', input, absent: ['NoSuchKey', 'NoSuchVersion'] },
      previewed,
    );
    if (isPreviewed(answer)) return previewKept(context);
    const body = textOf(answer?.['Body']);
    if (body === undefined) throw damaged(`s3://${store}/${key} is not there`);
    if (sha256(body) !== part['digest'])
      throw damaged(`s3://${store}/${key} is not what was recorded when it was written`);
    kept.push(...objectsOf(objectOf(JSON.parse(body) as Json)['entries']).map(keptOf));
  }
  const elsewhere = kept.find(({ copy }) => copy !== null && !copy.startsWith(textOf(capture.refs['prefix']) ?? ''));
  if (elsewhere !== undefined)
    throw damaged(`it takes "${elsewhere.key}" from "${elsewhere.copy ?? ''}", which is no copy of that capture`);
  return kept;
}

const damaged = (why: string): UserError =>
  new UserError('manifest-damaged', `the manifest of the copies cannot be trusted: ${why}`, {
    help: 'Look at the versions of that object in the capture bucket; nothing is deleted or restored by a manifest that does not verify.',
  });

const keptOf = (entry: JsonObject): Kept => ({
  key: textOf(entry['key']) ?? '',
  versionId: textOf(entry['versionId']) ?? 'null',
  latest: entry['latest'] === true,
  marker: entry['marker'] === true,
  etag: textOf(entry['etag']) ?? '',
  size: typeof entry['size'] === 'number' ? entry['size'] : 0,
  modified: textOf(entry['modified']) ?? '',
  storageClass: textOf(entry['storageClass']) ?? 'STANDARD',
  copy: textOf(entry['copy']) ?? null,
  copyEtag: textOf(entry['copyEtag']) ?? null,
  copyVersion: textOf(entry['copyVersion']) ?? null,
  redirect: textOf(entry['redirect']) ?? null,
});

/** A copy as S3 answered it when it was made. */
export interface CopyMade {
  readonly key: string;
  readonly etag: string;
  readonly version: string;
}

/** The entry of a version or marker in the manifest; `copy` is null for a marker. */
export function keptFrom(
  { archived: _archived, ...entry }: Entry,
  copy: CopyMade | null,
  redirect: string | null,
): Kept {
  return {
    ...entry,
    copy: copy?.key ?? null,
    copyEtag: copy?.etag ?? null,
    copyVersion: copy?.version ?? null,
    redirect,
  };
}

const previewKept = (context: Where): readonly Kept[] =>
  entriesOf(previewPage).map((entry, index) =>
    keptFrom(entry, entry.marker ? null : { key: copyKey(context, index), etag: entry.etag, version: 'preview' }, null),
  );

/** The name under which one version or marker is known. */
export const nameOf = (entry: { readonly key: string; readonly versionId: string }): string =>
  `${entry.versionId} ${entry.key}`;

/**
 * The same with its content: where versions are not kept, an object that is overwritten keeps its name and its version
 * id `null`.
 */
export const contentOf = (entry: Pick<Entry, 'key' | 'versionId' | 'etag' | 'size' | 'modified'>): string =>
  `${nameOf(entry)} ${entry.etag} ${entry.size} ${entry.modified}`;

/**
 * CopySource as S3 wants it: bucket, key with every character but the slash encoded, version (CopyObject, CopySource).
 */
export const copySource = (bucket: string, key: string, versionId?: string): string =>
  `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}${versionId === undefined ? '' : `?versionId=${encodeURIComponent(versionId)}`}`;
