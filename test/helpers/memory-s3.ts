import { createHash } from 'node:crypto';
import type { AwsSession, Call, ReadCall } from '../../src/domain/call.ts';
import { AwsError } from '../../src/base/error.ts';
import type { JsonObject } from '../../src/base/json.ts';

interface Version {
  readonly id: string;
  readonly body: string | null;
  readonly etag: string;
  readonly modified: string;
}

/**
 * S3 in memory, as far as captures and what is restored from them ask it: versions that never change, markers,
 * conditional copies.
 */
export interface MemoryS3 extends AwsSession {
  /** Writes as anybody with PutObject could. Answers the version id. */
  write(bucket: string, key: string, body: string): string;
  /** Puts a delete marker. */
  remove(bucket: string, key: string): void;
  /** Takes a version away for good. */
  destroy(bucket: string, key: string, id: string): void;
  read(call: ReadCall): Promise<JsonObject | null>;
  /** The text of the newest version; null where there is none. */
  text(bucket: string, key: string): string | null;
  keys(bucket: string): readonly string[];
  /** The seconds since 1970 that the next write has. */
  second: number;
  readonly sent: Call[];
}

const etagOf = (body: string): string => createHash('md5').update(body).digest('hex');
const refusal = (code: string, operation: string, httpStatus: number): AwsError =>
  new AwsError({
    code,
    kind: code.startsWith('NoSuch') ? 'absent' : 'invalid',
    operation,
    message: code,
    executed: 'no',
    httpStatus,
  });

export function memoryS3(versioned: readonly string[]): MemoryS3 {
  const buckets = new Map<string, Map<string, Version[]>>(versioned.map((name) => [name, new Map()]));
  const keeps = new Set(versioned);
  const counts: Record<string, number> = {};
  let serial = 0;
  const keysOf = (bucket: string): Map<string, Version[]> => {
    const found = buckets.get(bucket);
    if (found === undefined) throw refusal('NoSuchBucket', 's3', 404);
    return found;
  };
  const add = (bucket: string, key: string, body: string | null): Version => {
    const version = {
      id: keeps.has(bucket) ? `v${(serial += 1)}` : 'null',
      body,
      etag: body === null ? '' : etagOf(body),
      modified: new Date(world.second * 1000).toISOString(),
    };
    const known = keysOf(bucket).get(key) ?? [];
    keysOf(bucket).set(key, [version, ...(keeps.has(bucket) ? known : [])]);
    return version;
  };
  const versionOf = (bucket: string, key: string, id: string | undefined, operation: string): Version => {
    const known = keysOf(bucket).get(key) ?? [];
    const found = id === undefined ? known[0] : known.find((version) => version.id === id);
    if (found === undefined || found.body === null)
      throw refusal(id === undefined ? 'NoSuchKey' : 'NoSuchVersion', operation, 404);
    return found;
  };
  const list = (bucket: string, prefix: string): JsonObject => {
    const entries = [...keysOf(bucket)]
      .filter(([key]) => key.startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([Key, all]) =>
        all.map((version, index) => ({
          version,
          entry: {
            Key,
            VersionId: version.id,
            IsLatest: index === 0,
            LastModified: version.modified,
            ...(version.body === null
              ? {}
              : { ETag: `"${version.etag}"`, Size: version.body.length, StorageClass: 'STANDARD' }),
          },
        })),
      );
    return {
      IsTruncated: false,
      Versions: entries.filter(({ version }) => version.body !== null).map(({ entry }) => entry),
      DeleteMarkers: entries.filter(({ version }) => version.body === null).map(({ entry }) => entry),
    };
  };
  const answer = (operation: string, input: JsonObject): JsonObject => {
    const text = (name: string): string => String(input[name] ?? '');
    const optional = (name: string): string | undefined => (typeof input[name] === 'string' ? input[name] : undefined);
    const bucket = text('Bucket');
    switch (operation) {
      case 'HeadBucket':
        keysOf(bucket);
        return {};
      case 'CreateBucket':
        buckets.set(bucket, new Map());
        return {};
      case 'ListObjectVersions':
        return list(bucket, text('Prefix'));
      case 'ListMultipartUploads':
        return {};
      case 'GetBucketVersioning':
        keysOf(bucket);
        return keeps.has(bucket) ? { Status: 'Enabled' } : {};
      case 'PutBucketVersioning':
        keeps.add(bucket);
        return {};
      case 'GetObject': {
        const found = versionOf(bucket, text('Key'), optional('VersionId'), operation);
        return { Body: found.body, VersionId: found.id, ETag: `"${found.etag}"`, LastModified: found.modified };
      }
      case 'PutObject': {
        if (input['IfNoneMatch'] === '*' && keysOf(bucket).get(text('Key'))?.[0]?.body != null)
          throw refusal('PreconditionFailed', operation, 412);
        const made = add(bucket, text('Key'), text('Body'));
        return { VersionId: made.id, ETag: `"${made.etag}"` };
      }
      case 'CopyObject': {
        const [, from = '', key = '', id] = /^([^/]+)\/([^?]+)(?:\?versionId=(.+))?$/u.exec(text('CopySource')) ?? [];
        const source = versionOf(from, decodeURIComponent(key), id, operation);
        const wanted = optional('CopySourceIfMatch');
        if (wanted !== undefined && wanted !== `"${source.etag}"`) throw refusal('PreconditionFailed', operation, 412);
        const made = add(bucket, text('Key'), source.body);
        return {
          VersionId: made.id,
          CopySourceVersionId: source.id,
          CopyObjectResult: { ETag: `"${made.etag}"`, LastModified: made.modified },
        };
      }
      case 'DeleteObject':
        add(bucket, text('Key'), null);
        return {};
      case 'DeleteObjects': {
        const { Objects } = input['Delete'] as unknown as {
          readonly Objects: readonly { readonly Key: string; readonly VersionId: string }[];
        };
        for (const { Key, VersionId } of Objects) world.destroy(bucket, Key, VersionId);
        return {};
      }
      case 'DeleteBucket':
        buckets.delete(bucket);
        return {};
      // Sub-resources: nothing is configured, and what is set is of no interest here.
      default:
        return {};
    }
  };
  const world: MemoryS3 = {
    counts,
    second: 1_700_000_000,
    sent: [],
    write: (bucket, key, body) => add(bucket, key, body).id,
    remove(bucket, key) {
      add(bucket, key, null);
    },
    destroy(bucket, key, id) {
      const left = (keysOf(bucket).get(key) ?? []).filter((version) => version.id !== id);
      if (left.length === 0) keysOf(bucket).delete(key);
      else keysOf(bucket).set(key, left);
    },
    text: (bucket, key) => buckets.get(bucket)?.get(key)?.[0]?.body ?? null,
    keys: (bucket) => [...(buckets.get(bucket)?.keys() ?? [])],
    async read({ operation, input, absent = [] }) {
      counts[`s3:${operation}`] = (counts[`s3:${operation}`] ?? 0) + 1;
      try {
        if (/^Get(?:Bucket(?!Versioning)|Public|Object(?:Lock))/u.test(operation))
          return absent.length > 0 ? null : answer(operation, input);
        return answer(operation, input);
      } catch (error) {
        if (
          error instanceof AwsError &&
          (absent.includes(error.code) || (operation === 'HeadBucket' && absent.includes('NotFound')))
        )
          return null;
        throw error;
      }
    },
    async mutate(call, resolved) {
      counts[`s3:${call.operation}`] = (counts[`s3:${call.operation}`] ?? 0) + 1;
      world.sent.push(call);
      return { output: answer(call.operation, resolved), requestId: 'r', attempts: 1 };
    },
  };
  return world;
}
