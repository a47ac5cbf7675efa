import { AwsError } from '../../src/base/error.ts';
import type { StoreBucket } from '../../src/domain/records/store-bucket.ts';

/**
 * A bucket in memory, that counts requests as S3 would see them. A name in `failing` is a part of keys that cannot be
 * written.
 */
export interface MemoryBucket extends StoreBucket {
  readonly objects: Map<string, string>;
  /** Requests since the last look, by operation. */
  counted(): Readonly<Record<string, number>>;
  /** Parts of keys of which writes are refused. */
  readonly failing: Set<string>;
}

/** S3 API ListObjectsV2: at most 1,000 keys or common prefixes a page. */
const page = 1_000;

/** As S3 answers (API reference: PutObject, GetObject, ListObjectsV2), as far as a store asks it. */
export function memoryBucket(): MemoryBucket {
  const objects = new Map<string, string>();
  const tags = new Map<string, number>();
  let counts: Record<string, number> = {};
  let versions = 0;
  const count = (operation: string, times = 1): void => {
    counts[operation] = (counts[operation] ?? 0) + times;
  };
  const failing = new Set<string>();
  return {
    place: 's3://memory/store',
    objects,
    failing,
    counted() {
      const was = counts;
      counts = {};
      return was;
    },
    async put(key, text, condition) {
      count('put');
      if ([...failing].some((part) => key.includes(part)))
        throw new AwsError({
          kind: 'denied',
          operation: 'PutObject',
          code: 'AccessDenied',
          message: 'no',
          executed: 'no',
        });
      const etag = objects.has(key) ? (tags.get(key) ?? 0) : undefined;
      if (condition.kind === 'absent' ? objects.has(key) : String(etag) !== condition.etag) return { stored: false };
      versions += 1;
      tags.set(key, versions);
      objects.set(key, text);
      return { stored: true, etag: String(versions) };
    },
    async get(key) {
      count('get');
      const text = objects.get(key);
      return text === undefined ? null : { text, etag: String(tags.get(key) ?? 0), writtenAt: 0, readAt: 0 };
    },
    async list(folder, { after = '', folders = false } = {}) {
      const below = [...objects.keys()]
        .filter((key) => key.startsWith(`${folder}/`))
        .map((key) => key.slice(folder.length + 1));
      const names = [...new Set(folders ? below.map((name) => name.split('/')[0] ?? '') : below)]
        .filter((name) => name > after)
        .sort();
      count('list', Math.max(1, Math.ceil(names.length / page)));
      return names;
    },
    rewritten: async () => [],
    facts: async () => ({ versioning: 'Enabled', objectLock: null }),
    close() {
      /* Nothing is open. */
    },
  };
}
