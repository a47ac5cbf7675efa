import { AwsError, UserError } from '../../../src/base/error.ts';
import type {
  BucketFacts,
  PutCondition,
  RewrittenKey,
  StoreBucket,
  StoredObject,
} from '../../../src/domain/records/store-bucket.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import { version } from '../../../src/base/version.ts';
import { normaliseError } from '../values/errors.ts';
import type { GatedClient } from '../gate/gate.ts';
import { attachStoreGate } from '../gate/store-gate.ts';
import { services } from '../services/index.ts';
import { attachDocumentCheck, requireWhole } from '../gate/whole-answers.ts';

export interface StoreSessionOptions {
  readonly bucket: string;
  /** Without slashes at its ends; empty: the whole bucket. */
  readonly prefix: string;
  readonly region: string;
  /** As of all services: one endpoint, or null for AWS itself. */
  readonly endpoint: string | null;
  readonly profile?: string | undefined;
  /**
   * A text that no other connection has: each object that is written carries it, so that a refusal after our own write
   * is known as such.
   */
  readonly writer?: string;
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

interface StoreClient extends GatedClient {
  send(command: unknown): Promise<Record<string, unknown>>;
  destroy(): void;
  config: GatedClient['config'] & { serviceConfiguredEndpoint?: () => Promise<string | undefined> };
}
interface ListedVersion {
  readonly Key?: string;
  readonly IsLatest?: boolean;
  readonly LastModified?: Date;
}
interface Answer {
  readonly Body?: { transformToString(): Promise<string> };
  readonly ETag?: string;
  readonly LastModified?: Date;
  readonly Metadata?: Readonly<Record<string, string>>;
  readonly [name: string]: unknown;
}

/**
 * Opens one prefix of one bucket as a store, with a client and a gate of its own. Nothing is sent yet. Facts: S3 API
 * PutObject (If-None-Match, If-Match: 412 PreconditionFailed, 409 ConditionalRequestConflict), S3 user guide
 * "Conditional writes".
 */
export async function openStoreBucket({
  bucket,
  prefix,
  region,
  endpoint,
  profile,
  credentials,
  writer,
}: StoreSessionOptions): Promise<StoreBucket> {
  const { Client, commands } = await services.s3.load();
  const under = prefix === '' ? '' : `${prefix}/`;
  const client = new (Client as new (settings: object) => object)({
    region,
    followRegionRedirects: false,
    forcePathStyle: endpoint !== null,
    ...(endpoint === null ? { ignoreConfiguredEndpointUrls: true } : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
    ...(credentials === undefined ? {} : { credentials }),
    // Sent once: the store itself looks what became of a write whose answer was lost.
    maxAttempts: 1,
    customUserAgent: [['aiplan', version]],
    requestHandler: {
      connectionTimeout: 3_000,
      requestTimeout: 10_000,
      throwOnRequestTimeout: true,
      httpAgent: { maxSockets: 25 },
      httpsAgent: { maxSockets: 25 },
    },
  }) as unknown as StoreClient;
  const configured = endpoint === null ? await client.config.serviceConfiguredEndpoint?.() : undefined;
  if (configured !== undefined && configured !== '') {
    throw new UserError(
      'mixed-endpoints',
      `the AWS configuration sends S3 to "${configured}", but this session was opened for AWS itself`,
      {
        help: `To use that endpoint for all services, give --endpoint ${configured}; else remove endpoint_url from the profile of the store.`,
      },
    );
  }
  let serverClock: number | null = null;
  watchClock(client, (at) => {
    serverClock = at;
  });
  attachDocumentCheck(client, services.s3.name);
  attachStoreGate(client, { bucket, prefix: under, endpoint });

  const send = async (operation: string, input: object, mutating = false): Promise<Answer> => {
    const Command = commands[`${operation}Command`] as new (input: never) => unknown;
    try {
      const answer = await client.send(new Command({ Bucket: bucket, ...input } as never));
      // A list that did not come is no empty store (law 9).
      if (!mutating) requireWhole({ service: 's3', operation, input: {} }, answer as JsonObject);
      return answer;
    } catch (error) {
      throw normaliseError(error, `s3:${operation}`, mutating);
    }
  };
  const unless = async <Result>(codes: readonly string[], work: () => Promise<Result>): Promise<Result | null> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof AwsError && codes.includes(error.code)) return null;
      throw error;
    }
  };
  const list = async (
    folder: string,
    { after = '', folders = false }: { readonly after?: string; readonly folders?: boolean } = {},
  ): Promise<readonly string[]> => {
    const root = `${under}${folder === '' ? '' : `${folder}/`}`;
    const names: string[] = [];
    for (let token: string | undefined; ;) {
      const answer = await send('ListObjectsV2', {
        Prefix: root,
        ...(folders ? { Delimiter: '/' } : {}),
        ...(after === '' ? {} : { StartAfter: `${root}${after}` }),
        ...(token === undefined ? {} : { ContinuationToken: token }),
      });
      const found = folders
        ? (answer['CommonPrefixes'] as readonly { Prefix?: string }[] | undefined)?.map(({ Prefix = '' }) =>
            Prefix.slice(root.length, -1),
          )
        : (answer['Contents'] as readonly { Key?: string }[] | undefined)?.map(({ Key = '' }) =>
            Key.slice(root.length),
          );
      names.push(...(found ?? []));
      token = answer['NextContinuationToken'] as string | undefined;
      if (token === undefined) return names.sort();
    }
  };

  return {
    place: `s3://${bucket}${prefix === '' ? '' : `/${prefix}`}`,
    async put(key: string, text: string, condition: PutCondition) {
      // Over an object that is gone, S3 answers 404 where the condition cannot hold.
      const answer = await unless(
        ['PreconditionFailed', ...(condition.kind === 'unchanged' ? ['NoSuchKey'] : [])],
        () =>
          send(
            'PutObject',
            {
              Key: `${under}${key}`,
              Body: text,
              ContentType: 'application/json',
              ...(writer === undefined ? {} : { Metadata: { writer } }),
              ...(condition.kind === 'absent' ? { IfNoneMatch: '*' } : { IfMatch: condition.etag }),
            },
            true,
          ),
      );
      return answer === null ? { stored: false } : { stored: true, etag: answer.ETag ?? '' };
    },
    async get(key: string): Promise<StoredObject | null> {
      const answer = await unless(['NoSuchKey'], () => send('GetObject', { Key: `${under}${key}` }));
      if (answer === null) return null;
      const text = await bodyOf(answer);
      const writtenAt = answer.LastModified?.getTime() ?? 0;
      return {
        text,
        etag: answer.ETag ?? '',
        writtenAt,
        readAt: serverClock ?? writtenAt,
        ...(writer === undefined ? {} : { ours: answer.Metadata?.['writer'] === writer }),
      };
    },
    list,
    async rewritten(): Promise<readonly RewrittenKey[]> {
      const seen = new Map<string, { versions: number; deleted: boolean; at: string }>();
      for (let markers: object = {}; ;) {
        const answer = await send('ListObjectVersions', { Prefix: under, ...markers });
        const note = ({ Key = '', IsLatest, LastModified }: ListedVersion, isMarker: boolean): void => {
          const known = seen.get(Key) ?? { versions: 0, deleted: false, at: '' };
          const at = LastModified?.toISOString() ?? '';
          seen.set(Key, {
            versions: known.versions + (isMarker ? 0 : 1),
            deleted: known.deleted || (isMarker && IsLatest === true),
            at: at > known.at ? at : known.at,
          });
        };
        for (const version of (answer['Versions'] ?? []) as readonly ListedVersion[]) note(version, false);
        for (const marker of (answer['DeleteMarkers'] ?? []) as readonly ListedVersion[]) note(marker, true);
        if (answer['IsTruncated'] !== true) break;
        markers = { KeyMarker: answer['NextKeyMarker'], VersionIdMarker: answer['NextVersionIdMarker'] };
      }
      return [...seen]
        .filter(([, { versions, deleted }]) => deleted || versions > 1)
        .map(([key, { deleted, at }]): RewrittenKey => ({
          key: key.slice(under.length),
          how: deleted ? 'deleted' : 'overwritten',
          at,
        }))
        .sort((a, b) => (a.key < b.key ? -1 : 1));
    },
    async facts(): Promise<BucketFacts> {
      const [versioning, locked] = await Promise.all([
        send('GetBucketVersioning', {}),
        unless(['ObjectLockConfigurationNotFoundError', 'ObjectLockConfigurationNotFound'], () =>
          send('GetObjectLockConfiguration', {}),
        ),
      ]);
      const status = versioning['Status'];
      const lock = locked?.['ObjectLockConfiguration'] as
        | { ObjectLockEnabled?: string; Rule?: { DefaultRetention?: { Mode?: string; Days?: number; Years?: number } } }
        | undefined;
      return {
        versioning: status === 'Enabled' || status === 'Suspended' ? status : 'off',
        objectLock:
          lock?.ObjectLockEnabled === 'Enabled' ? { retention: retentionText(lock.Rule?.DefaultRetention) } : null,
      };
    },
    close() {
      client.destroy();
    },
  };
}

/**
 * The whole body. One that was cut in the middle is a fault of the way, as a lost answer is, and is asked for again.
 * Throws AwsError.
 */
async function bodyOf(answer: Answer): Promise<string> {
  try {
    return (await answer.Body?.transformToString()) ?? '';
  } catch (error) {
    throw new AwsError({
      code: 'BodyCut',
      kind: 'network',
      operation: 's3:GetObject',
      message: 'the body of the answer was cut in the middle',
      executed: 'no',
      cause: error,
    });
  }
}

const retentionText = (rule: { Mode?: string; Days?: number; Years?: number } | undefined): string | null =>
  rule?.Mode === undefined
    ? null
    : `${rule.Mode.toLowerCase()}, ${rule.Days === undefined ? `${rule.Years ?? 0} years` : `${rule.Days} days`}`;

/** The date of an answer is S3's own clock: ages of locks are told by it, whatever the clocks of two machines say. */
function watchClock(client: StoreClient, note: (at: number) => void): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const headers = (result as { response?: { headers?: Readonly<Record<string, string>> } }).response?.headers ?? {};
      const at = Date.parse(headers['date'] ?? '');
      if (!Number.isNaN(at)) note(at);
      return result;
    },
    { step: 'deserialize', priority: 'low', name: 'aiplanStoreClock', override: true },
  );
}
