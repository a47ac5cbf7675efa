import { AwsError } from '../../base/error.ts';
import type { PutCondition, StoreBucket, StoredObject } from '../../domain/records/store-bucket.ts';
import type { Creation, Objects } from './objects.ts';
import { s3StoreError } from './s3-errors.ts';

/** Pauses before a request is sent again, milliseconds. */
const pauses = [100, 200, 400, 800, 1_600] as const;

export interface Patience {
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
}

/** Waits without keeping the process alive longer than it must. */
const pause = (milliseconds: number): Promise<unknown> =>
  new Promise((done) => {
    setTimeout(done, milliseconds);
  });

/**
 * Faults that pass: nothing answers, or nothing that can be understood, S3 is busy, or another conditional write of the
 * same key is under way (409).
 */
const passes = (error: unknown): error is AwsError =>
  error instanceof AwsError &&
  (['network', 'throttled', 'unknown'].includes(error.kind) ||
    error.code === 'ConditionalRequestConflict' ||
    (error.httpStatus ?? 0) >= 500);

/**
 * Sends a request again while its fault is one that passes. `again` tells it that an earlier one may have been carried
 * out.
 */
export async function patiently<Result>(
  work: (again: boolean) => Promise<Result>,
  { sleep = pause }: Patience = {},
): Promise<Result> {
  let again = false;
  for (const wait of pauses) {
    try {
      return await work(again);
    } catch (error) {
      if (!passes(error)) throw error;
      again ||= error.executed === 'unknown';
      await sleep(wait);
    }
  }
  return work(again);
}

/** The outcome of a conditional write. `lost`: the condition did not hold, and `found` is what stands there. */
export type Written =
  | { readonly state: 'written'; readonly etag: string }
  | { readonly state: 'lost'; readonly found: StoredObject | null };

/**
 * Writes under a condition. Where the condition does not hold, the object is read back: what has the mark of this
 * writer and the very bytes that were sent is ours. So it is after an answer that was lost, and where something on the
 * way sent the request twice and hands on the refusal of the second. Throws UserError `store-unwritable`.
 */
export async function writeOnce(
  bucket: StoreBucket,
  key: string,
  text: string,
  condition: PutCondition,
  patience: Patience = {},
): Promise<Written> {
  try {
    return await patiently(async (again) => {
      const put = await bucket.put(key, text, condition);
      if (put.stored) return { state: 'written', etag: put.etag };
      const found = await bucket.get(key);
      return found?.text === text && (found.ours ?? again)
        ? { state: 'written', etag: found.etag }
        : { state: 'lost', found };
    }, patience);
  } catch (error) {
    throw s3StoreError(error, `${bucket.place}/${key}`, 'write');
  }
}

/** Reads an object. Throws UserError `store-unreadable`. */
export async function readObject(
  bucket: StoreBucket,
  key: string,
  patience: Patience = {},
): Promise<StoredObject | null> {
  try {
    return await patiently(() => bucket.get(key), patience);
  } catch (error) {
    throw s3StoreError(error, `${bucket.place}/${key}`, 'read');
  }
}

/** Lists keys below a folder. Throws UserError `store-unreadable`. */
export async function listObjects(
  bucket: StoreBucket,
  folder: string,
  options: { readonly after?: string; readonly folders?: boolean },
  patience: Patience = {},
): Promise<readonly string[]> {
  try {
    return await patiently(() => bucket.list(folder, options), patience);
  } catch (error) {
    throw s3StoreError(error, `${bucket.place}/${folder}`, 'read');
  }
}

/** Objects of a bucket, which is opened when the first one is asked for. */
export function s3Objects(place: string, open: () => Promise<StoreBucket>, patience: Patience = {}): Objects {
  return {
    placeOf: (key) => `${place}/${key}`,
    async create(key, text): Promise<Creation> {
      const written = await writeOnce(await open(), key, text, { kind: 'absent' }, patience);
      if (written.state === 'written') return 'made';
      return written.found?.text === text ? 'same' : 'other';
    },
    read: async (key) => (await readObject(await open(), key, patience))?.text ?? null,
    list: async (folder, after = '') => listObjects(await open(), folder, after === '' ? {} : { after }, patience),
  };
}
