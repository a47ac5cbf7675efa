import { look, type Call, type Program, type ReadCall } from '../../src/model/call.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import { nameOf, type CaptureBucket } from './capture-place.ts';
import { owned } from './configure.ts';
import { compact, objectsOf, textOf } from './values.ts';

/** Every manifest of a run, or of all runs, whose key is wanted, by key: what a rollback from AWS alone starts from. Throws AwsError. */
export function* readManifests(of: CaptureBucket, run: string | null, wanted: (key: string) => boolean = () => true): Program<readonly { readonly key: string; readonly manifest: Json }[]> {
  const found: { key: string; manifest: Json }[] = [];
  let token: Json | undefined;
  do {
    const input = compact({ ...owned(nameOf(of), of.account), Prefix: run === null ? 'manifests/' : `manifests/${run}/`, ContinuationToken: token });
    const answer: JsonObject = (yield* look({ service: 's3', operation: 'ListObjectsV2', input })) ?? {};
    for (const item of objectsOf(answer['Contents'])) {
      const key = textOf(item['Key']) ?? '';
      // The parts of a bucket's list of copies lie beside it, with a number.
      if (/-\d{4}\.json$/u.test(key) || !wanted(key)) continue;
      const body = textOf((yield* look({ service: 's3', operation: 'GetObject', input: { ...owned(nameOf(of), of.account), Key: key }, absent: ['NoSuchKey'] }))?.['Body']);
      if (body !== undefined) found.push({ key, manifest: JSON.parse(body) as Json });
    }
    token = answer['IsTruncated'] === true ? answer['NextContinuationToken'] : undefined;
  } while (token !== undefined);
  return found;
}

/** Without a key of its own an object gets the default of the bucket, which may be stronger than AES256 and which every run looks at. */
const encryptionOf = (of: CaptureBucket): JsonObject =>
  of.kmsKeyId === undefined ? {} : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: of.kmsKeyId };

/** Whether a key is that of a manifest of a whole run, as `putRun` of the vault writes it. */
export const isRunManifestKey = (key: string): boolean => /^manifests\/[^/]+\/run\.all-[0-9a-f]{12}\.json$/u.test(key);

/** Where the manifest of a step's capture lies: `manifests/<run>/<name>.json`. */
export const manifestKey = (run: string, name: string): string => `manifests/${run}/${name}.json`;

/** Writes a manifest, only if none is there (If-None-Match; 412 `PreconditionFailed` otherwise). */
export const putManifest = (of: CaptureBucket, run: string, name: string, manifest: Json): Call => ({
  service: 's3', operation: 'PutObject', identity: nameOf(of), retry: 'named', purpose: 'write the manifest beside the data',
  input: { ...owned(nameOf(of), of.account), Key: manifestKey(run, name), Body: JSON.stringify(manifest), ContentType: 'application/json', IfNoneMatch: '*', ...encryptionOf(of) },
});

/** Reads one manifest; the answer's `Body` is its text, null where there is none. */
export const readManifestCall = (of: CaptureBucket, run: string, name: string): ReadCall => ({
  service: 's3', operation: 'GetObject', input: { ...owned(nameOf(of), of.account), Key: manifestKey(run, name) }, absent: ['NoSuchKey'],
});

const secretKey = (name: string): string => `secrets/${name}`;

/** Keeps a text under a name. The text itself is no part of the call: it is resolved where it is sent. */
export const keepText = (of: CaptureBucket, name: string): Call => ({
  service: 's3', operation: 'PutObject', identity: nameOf(of), retry: 'absolute', purpose: 'keep a sensitive text, encrypted',
  input: { ...owned(nameOf(of), of.account), Key: secretKey(name), Body: { $secret: { captured: name } }, ContentType: 'text/plain; charset=utf-8', ...encryptionOf(of) },
});

/** Reads a kept text; the answer's `Body` is the text, null where there is none. */
export const readText = (of: CaptureBucket, name: string): ReadCall => ({
  service: 's3', operation: 'GetObject', input: { ...owned(nameOf(of), of.account), Key: secretKey(name) }, absent: ['NoSuchKey'],
});
