import { look, type Call, type Program, type ReadCall } from '../../../src/domain/call.ts';
import { isObject, type Json, type JsonObject } from '../../../src/base/json.ts';
import type { RunEnd } from '../../../src/domain/records/run-end.ts';
import { nameOf, type CaptureBucket } from '../objects/capture-place.ts';
import { owned } from '../configuration/configure.ts';
import { compact, objectsOf, textOf } from '../configuration/values.ts';

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

/** Reads that mark; null where there is none. */
export const readUsed = (of: CaptureBucket, nonce: string): ReadCall => get(of, `used/${nonce}.json`);

/** The run that a mark names; null for what is none. */
export function runOfMark(text: string): string | null {
  const mark = parsed(text);
  return mark !== null && mark['format'] === 'aiplan/used@1' ? (textOf(mark['run']) ?? null) : null;
}

/** Keeps the end of a session of a run. `name`: a part of the digest of its text. */
export const putEnd = (of: CaptureBucket, end: RunEnd, name: string): Call =>
  put(of, `runs/${end.run}/end-${name}.json`, JSON.stringify(end), 'keep how far the run came');
export const readEnd = (of: CaptureBucket, run: string, name: string): ReadCall =>
  get(of, `runs/${run}/end-${name}.json`);

/** Every end of a run that the bucket keeps; what is none is left out. Reads only. Throws AwsError. */
export function* readEnds(of: CaptureBucket, run: string): Program<readonly RunEnd[]> {
  const ends: RunEnd[] = [];
  let token: Json | undefined;
  do {
    const answer: JsonObject =
      (yield* look({
        service: 's3',
        operation: 'ListObjectsV2',
        input: compact({ ...owned(nameOf(of), of.account), Prefix: `runs/${run}/`, ContinuationToken: token }),
      })) ?? {};
    for (const item of objectsOf(answer['Contents'])) {
      const text = textOf((yield* look(get(of, textOf(item['Key']) ?? '')))?.['Body']);
      const end = text === undefined ? null : endOf(text, run);
      if (end !== null) ends.push(end);
    }
    token = answer['IsTruncated'] === true ? answer['NextContinuationToken'] : undefined;
  } while (token !== undefined);
  return ends;
}

function endOf(text: string, run: string): RunEnd | null {
  const end = parsed(text);
  const made = end?.['made'];
  const isMade = (item: Json): boolean =>
    isObject(item) &&
    ['step', 'type', 'identity'].every((name) => typeof item[name] === 'string') &&
    (item['incarnation'] === null || typeof item['incarnation'] === 'string');
  const isEnd =
    end !== null &&
    end['format'] === 'aiplan/run-end@1' &&
    end['run'] === run &&
    typeof end['records'] === 'number' &&
    typeof end['head'] === 'string' &&
    Array.isArray(made) &&
    made.every(isMade);
  return isEnd ? (end as unknown as RunEnd) : null;
}

function parsed(text: string): JsonObject | null {
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) ? value : null;
  } catch {
    // Something else lies there: it says nothing.
    return null;
  }
}
