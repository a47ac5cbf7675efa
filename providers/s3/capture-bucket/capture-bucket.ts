import type { Call, ReadCall } from '../../../src/domain/call.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import { nameOf, type CaptureBucket } from '../objects/capture-place.ts';
import { owned } from '../configuration/configure.ts';
import { compact } from '../configuration/values.ts';

/**
 * Without a key of its own an object gets the default of the bucket, which may be stronger than AES256 and which every
 * run looks at.
 */
/** How what is sensitive is encrypted there, beyond the bucket's own default. */
export const encryptionOf = (of: CaptureBucket): JsonObject =>
  of.kmsKeyId === undefined ? {} : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: of.kmsKeyId };

/** Where the manifest of a step's capture lies: `manifests/<run>/<name>.json`. */
export const manifestKey = (run: string, name: string): string => `manifests/${run}/${name}.json`;

/** Writes a manifest, only if none is there (If-None-Match; 412 `PreconditionFailed` otherwise). */
export const putManifest = (of: CaptureBucket, run: string, name: string, manifest: JsonObject): Call => ({
  service: 's3',
  operation: 'PutObject',
  identity: nameOf(of),
  retry: 'named',
  purpose: 'write the manifest beside the data',
  input: {
    ...owned(nameOf(of), of.account),
    Key: manifestKey(run, name),
    Body: JSON.stringify(manifest),
    ContentType: 'application/json',
    IfNoneMatch: '*',
    ...encryptionOf(of),
  },
});

/** Reads one manifest; the answer's `Body` is its text, null where there is none. */
export const readManifestCall = (of: CaptureBucket, run: string, name: string): ReadCall => ({
  service: 's3',
  operation: 'GetObject',
  input: { ...owned(nameOf(of), of.account), Key: manifestKey(run, name) },
  absent: ['NoSuchKey'],
});

const secretKey = (name: string): string => `secrets/${name}`;

/** Keeps a text under a name. The text itself is no part of the call: it is resolved where it is sent. */
export const keepText = (of: CaptureBucket, name: string): Call => ({
  service: 's3',
  operation: 'PutObject',
  identity: nameOf(of),
  retry: 'absolute',
  purpose: 'keep a sensitive text, encrypted',
  input: {
    ...owned(nameOf(of), of.account),
    Key: secretKey(name),
    Body: { $secret: { captured: name } },
    ContentType: 'text/plain; charset=utf-8',
    ...encryptionOf(of),
  },
});

/** Looks whether a kept text is there; null where it is not (S3 API HeadObject: 404 `NotFound`, also of a version). */
export const findText = (of: CaptureBucket, name: string, version?: string): ReadCall => ({
  ...readText(of, name, version),
  operation: 'HeadObject',
  absent: ['NotFound', 'NoSuchKey', 'NoSuchVersion'],
});

/** Reads a kept text, in one version where that is known; the answer's `Body` is the text, null where there is none. */
export const readText = (of: CaptureBucket, name: string, version?: string): ReadCall => ({
  service: 's3',
  operation: 'GetObject',
  absent: ['NoSuchKey', 'NoSuchVersion'],
  input: compact({ ...owned(nameOf(of), of.account), Key: secretKey(name), VersionId: version }),
});
