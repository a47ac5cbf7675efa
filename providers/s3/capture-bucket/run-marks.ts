import { look, type Call, type Program, type ReadCall } from '../../../src/domain/call.ts';
import { canonical, sha256 } from '../../../src/base/digest.ts';
import { runEnd, shapedAs, usedMark } from '../../../src/domain/records/mark-shapes.ts';
import type { RunEnd } from '../../../src/domain/records/run-end.ts';
import { nameOf, type CaptureBucket } from '../objects/capture-place.ts';
import { owned } from '../configuration/configure.ts';
import type { Entry } from '../objects/contents.ts';
import { versionsBelow } from '../objects/copies.ts';
import { textOf } from '../configuration/values.ts';

/**
 * What runs leave in the capture bucket beside manifests: `used/<nonce>.json` and `runs/<run>/end-<12 hex>.json`, each
 * written once.
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
 * The text of that mark as it was written first; null where there is none. A mark that somebody wrote over names
 * another run than the one that used the approval. Reads only. Throws AwsError.
 */
export function* readUsed(of: CaptureBucket, nonce: string): Program<string | null> {
  const key = `used/${nonce}.json`;
  return yield* firstText(of, key, (yield* versionsBelow(nameOf(of), of.account, key))?.get(key) ?? []);
}

/** The text of the version that was written first; null where there is none. */
function* firstText(of: CaptureBucket, key: string, versions: readonly Entry[]): Program<string | null> {
  const first = versions.filter(({ marker }) => !marker).at(-1);
  if (first === undefined) return null;
  const answer = yield* look({
    ...get(of, key),
    input: { ...get(of, key).input, VersionId: first.versionId },
    absent: ['NoSuchKey', 'NoSuchVersion'],
  });
  return textOf(answer?.['Body']) ?? null;
}

/** The run that a mark names; null for what is none. */
export const runOfMark = (text: string): string | null =>
  shapedAs<{ readonly run: string }>(usedMark, text)?.run ?? null;

/** Keeps the end of a session of a run. `name`: a part of the digest of its text. */
export const putEnd = (of: CaptureBucket, end: RunEnd, name: string): Call =>
  put(of, `runs/${end.run}/end-${name}.json`, JSON.stringify(end), 'keep how far the run came');
export const readEnd = (of: CaptureBucket, run: string, name: string): ReadCall =>
  get(of, `runs/${run}/end-${name}.json`);

/**
 * Every end of a run that the bucket keeps, each in the version that was written first: who writes over one, or deletes
 * it, changes nothing for 30 days. What is no end, is one of another run, or does not have the digest of its name is
 * left out. Reads only. Throws AwsError.
 */
export function* readEnds(of: CaptureBucket, run: string): Program<readonly RunEnd[]> {
  const listed = (yield* versionsBelow(nameOf(of), of.account, `runs/${run}/`)) ?? new Map<string, never>();
  const ends: RunEnd[] = [];
  for (const [key, versions] of listed) {
    const [, name] = /\/end-([0-9a-f]{12})\.json$/u.exec(key) ?? [];
    if (name === undefined) continue;
    const end = shapedAs<RunEnd>(runEnd, (yield* firstText(of, key, versions)) ?? '');
    if (end !== null && end.run === run && sha256(canonical(end)).slice(7, 19) === name) ends.push(end);
  }
  return ends;
}
