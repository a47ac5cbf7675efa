import { look, send, type Program } from '../../../src/domain/call.ts';
import { isObject, type Json } from '../../../src/base/json.ts';
import { encryptionOf } from './capture-bucket.ts';
import { nameOf, type CaptureBucket } from '../objects/capture-place.ts';
import { owned } from '../configuration/configure.ts';
import { versionsBelow } from '../objects/copies.ts';
import { textOf } from '../configuration/values.ts';

/** Where the key of the account's masks lies in the capture bucket. */
const maskKeyAt = 'keys/mask.json';
/** 32 bytes in hexadecimal digits. */
const isKey = (text: string | undefined): text is string => text !== undefined && /^[0-9a-f]{64}$/u.test(text);

/**
 * The key of the account's masks, in the version that was written first: who writes another one over it decides
 * nothing. Null where there is none. Reads only. Throws AwsError, also `NoSuchBucket`.
 */
export function* readMaskKey(of: CaptureBucket): Program<string | null> {
  const versions =
    (yield* versionsBelow(nameOf(of), of.account, maskKeyAt))?.get(maskKeyAt)?.filter(({ marker }) => !marker) ?? [];
  const first = versions.at(-1);
  if (first === undefined) return null;
  const answer = yield* look({
    service: 's3',
    operation: 'GetObject',
    input: { ...owned(nameOf(of), of.account), Key: maskKeyAt, VersionId: first.versionId },
    absent: ['NoSuchKey', 'NoSuchVersion'],
  });
  return keyIn(textOf(answer?.['Body']) ?? '');
}

function keyIn(text: string): string | null {
  try {
    const value = JSON.parse(text) as Json;
    const key = isObject(value) && value['format'] === 'aiplan/mask-key@1' ? textOf(value['key']) : undefined;
    return isKey(key) ? key : null;
  } catch {
    // Something else lies there: it is no key.
    return null;
  }
}

/** Keeps a key there, if there is none; answers what was done. Throws AwsError. */
export function* keepMaskKey(of: CaptureBucket, key: string): Program<readonly string[]> {
  if ((yield* readMaskKey(of)) !== null) return [];
  yield* send({
    service: 's3',
    operation: 'PutObject',
    identity: nameOf(of),
    retry: 'absolute',
    purpose: 'keep the key of the masks, encrypted',
    input: {
      ...owned(nameOf(of), of.account),
      Key: maskKeyAt,
      Body: JSON.stringify({ format: 'aiplan/mask-key@1', key }),
      ContentType: 'application/json',
      IfNoneMatch: '*',
      ...encryptionOf(of),
    },
  });
  return ['Made the key with which sensitive values are compared; everybody who plans in this account reads it there.'];
}
