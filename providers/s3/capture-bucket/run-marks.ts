import { look, type Call, type Program, type ReadCall } from '../../../src/domain/call.ts';
import { canonical, sha256 } from '../../../src/base/digest.ts';
import { runEnd, shapedAs, usedMark } from '../../../src/domain/records/mark-shapes.ts';
import type { LyingEnds, RunEnd } from '../../../src/domain/records/run-end.ts';
import { versionsBelow } from '../objects/copies.ts';
import { manifestVersion, mostVersions } from '../objects/manifests.ts';
import { nameOf, type CaptureBucket } from '../objects/capture-place.ts';
import { owned } from '../configuration/configure.ts';
import { textOf } from '../configuration/values.ts';

/**
 * The records of runs in the capture bucket beside manifests: `used/<nonce>.json` and `runs/<run>/end-<12 hex>.json`,
 * each written once.
 */

const put = (of: CaptureBucket, key: string, body: string, purpose: string): Call => ({
  service: 's3',
  operation: 'PutObject',
  identity: nameOf(of),
  retry: 'named',
  purpose,
  input: { ...owned(nameOf(of), of.account), Key: key, Body: body, ContentType: 'application/json', IfNoneMatch: '*' },
});
const get = (of: CaptureBucket, key: string): ReadCall => ({
  service: 's3',
  operation: 'GetObject',
  input: { ...owned(nameOf(of), of.account), Key: key },
  absent: ['NoSuchKey'],
});

/** Marks an approval as used by a run, only if it is not (412 `PreconditionFailed` otherwise). */
export const putUsed = (of: CaptureBucket, nonce: string, run: string): Call =>
  put(of, `used/${nonce}.json`, JSON.stringify({ format: 'aiplan/used@1', run }), 'mark the approval as used');

/**
 * The run that used an approval first, by every version of its mark; null where that cannot be told. S3 lets
 * If-None-Match pass where the newest entry is a delete marker (user guide, "Conditional writes"), so that a mark that
 * somebody deleted can be written again: it still counts. Reads only. Throws AwsError.
 */
export function* usedBy(of: CaptureBucket, nonce: string): Program<string | null> {
  const key = `used/${nonce}.json`;
  const entries = (yield* versionsBelow(nameOf(of), of.account, key))?.get(key) ?? [];
  const versions = entries.filter(({ marker }) => !marker);
  const first = versions.at(-1);
  // The oldest version was written first. A marker before it: the version that it covered is gone.
  if (first === undefined || entries.at(-1)?.marker === true) return null;
  return runOfMark(textOf((yield* look(manifestVersion(of, key, first.versionId)))?.['Body']) ?? '');
}

/** The run that a mark names; null for what is none. */
export const runOfMark = (text: string): string | null =>
  shapedAs<{ readonly run: string }>(usedMark, text)?.run ?? null;

const nameOfEnd = (end: RunEnd): string => sha256(canonical(end)).slice(7, 19);
const keyOfEnd = (end: RunEnd): string => `runs/${end.run}/end-${nameOfEnd(end)}.json`;

/** Keeps the end of a session of a run, under a part of the digest of its content. */
export const putEnd = (of: CaptureBucket, end: RunEnd): Call =>
  put(of, keyOfEnd(end), JSON.stringify(end), 'keep how far the run came');
export const readEnd = (of: CaptureBucket, end: RunEnd): ReadCall => get(of, keyOfEnd(end));

const endName = /^runs\/[^/]+\/end-(?<digest>[0-9a-f]{12})\.json$/u;

/**
 * Every end of a run that the bucket keeps, and what lies beside them that is none. An end has the digest of its
 * content in its name; the first version that fits counts, whatever was written over it or deleted since. Reads only.
 * Throws AwsError.
 */
export function* readEnds(of: CaptureBucket, run: string): Program<LyingEnds> {
  const ends: RunEnd[] = [];
  const strays: { key: string; why: string }[] = [];
  const listed = (yield* versionsBelow(nameOf(of), of.account, `runs/${run}/`)) ?? new Map<string, never>();
  for (const [key, entries] of listed) {
    const digest = endName.exec(key)?.groups?.['digest'];
    let why = digest === undefined ? 'its name is not one of an end' : 'nothing of it is left';
    let end: RunEnd | null = null;
    for (const { versionId, marker } of digest === undefined ? [] : entries.toReversed().slice(0, mostVersions)) {
      if (marker) continue;
      const text = textOf((yield* look(manifestVersion(of, key, versionId)))?.['Body']) ?? '';
      why = 'it is not the end of this run';
      const found = shapedAs<RunEnd>(runEnd, text);
      if (found === null || found.run !== run) continue;
      why = 'its content does not have the digest of its name';
      if (nameOfEnd(found) !== digest) continue;
      end = found;
      break;
    }
    if (end === null) strays.push({ key, why });
    else ends.push(end);
  }
  return { ends, strays };
}
