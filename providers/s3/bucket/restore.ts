import { look, progress, send, sendAll, type Call, type Program } from '../../../src/domain/call.ts';
import { UserError } from '../../../src/base/error.ts';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import type { StepContext } from '../../../src/domain/resource-type.ts';
import { closedPolicy, isClosed, openedPolicy } from '../objects/closing.ts';
import { carryTags } from '../configuration/carry.ts';
import {
  owned,
  putCall,
  readDocument,
  readOf,
  removeCall,
  versioningSettled,
  type Owned,
} from '../configuration/configure.ts';
import { allEntries, type Entry } from '../objects/contents.ts';
import { boundCopies, versionsBelow } from '../objects/copies.ts';
import { headBucket, makeBucket, taken } from './create.ts';
import { copySource, nameOf, readManifest, storeOf, type Kept } from '../objects/manifest.ts';
import { foreignGrants } from '../configuration/acl.ts';
import { subResource, subResources } from '../configuration/sub-resources.ts';
import { pieces } from '../../aws/values/batches.ts';
import { restoreTags, splitTags } from '../../aws/values/tags.ts';
import { sendDispensable } from '../../aws/values/dispensable.ts';
import { counted, isPreviewed, objectOf, objectsOf, previewed, same, textOf } from '../configuration/values.ts';
import type { Capture } from '../../../src/domain/capture-plan.ts';

const batchSize = 500;

/**
 * Brings a bucket back under its own name: what decides how objects are stored first, then every version and marker
 * from the oldest to the newest, then the rest of the configuration, access last. A bucket of that name which holds
 * nothing but what the capture holds (half emptied, or half restored) is completed. Throws UserError `name-taken`,
 * `name-held-back`, `manifest-damaged`, `copy-differs`, `nothing-to-restore`, `versioning-not-effective`,
 * `object-restored-differently`; AwsError.
 */
export function* restoreBucket(
  context: StepContext,
  capture: Capture,
): Program<{ readonly identity: string; readonly map: Readonly<Record<string, string>> }> {
  const bucket = context.live?.identity ?? '';
  const captured = capture.extras['configuration'];
  if (captured === undefined || bucket === '')
    throw new UserError('nothing-to-restore', `nothing of "${bucket}" was captured`, {
      help: 'Its loss was accepted when the plan was confirmed.',
    });
  const configuration = configurationOf(context, objectOf(remapped(captured, context.remap)));
  const kept = capture.how === 'copy' ? yield* readManifest(context, capture) : [];
  const lock = objectOf(configuration['objectLock'])['ObjectLockEnabled'] === 'Enabled';
  const versioned = lock || document(configuration, 'versioning') !== null;
  const target = owned(bucket, context.account);

  const versions =
    capture.how === 'copy'
      ? yield* boundCopies(storeOf(context), context.account, capture, kept)
      : new Map<string, string>();

  const { there, policy } = yield* openBucket(context, target, configuration, kept, lock);
  yield* putIfCaptured(target, configuration, 'encryption');
  if (versioned && !lock)
    yield* send({
      ...putCall(subResource('versioning'), target, { Status: 'Enabled' }),
      purpose: 'keep versions while they are brought back',
    });
  if (versioned) yield* versioningSettled(target, 'Enabled');
  const brought = yield* bringBack({ context, target, versions, versioned }, kept, there);
  yield* readBack(target, brought, versioned);
  yield* configure(target, policy === 'theirs' ? { ...configuration, policy: null } : configuration);
  yield* tag(target, restoredTags(context, configuration, bucket));
  return { identity: bucket, map: {} };
}

/**
 * The captured documents; of a bucket that is brought out under another name those that its contents need, without what
 * the plan leaves out.
 */
function configurationOf({ apart, live }: StepContext, captured: JsonObject): JsonObject {
  if (apart === undefined) return captured;
  const { ownership, encryption, versioning, tagging, objectLock } = captured;
  return {
    ...(ownership === undefined ? {} : { ownership }),
    ...(versioning === undefined ? {} : { versioning }),
    ...(tagging === undefined ? {} : { tagging }),
    ...(encryption === undefined || live?.properties['BucketEncryption'] === undefined ? {} : { encryption }),
    ...(objectLock === undefined || objectLock === null
      ? {}
      : { objectLock: { ObjectLockEnabled: objectOf(objectLock)['ObjectLockEnabled'] ?? null } }),
    publicAccessBlock: {
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    },
  };
}

const document = (configuration: JsonObject, name: string): Json | null => configuration[name] ?? null;

/** Every text through the map of former to new identities: a log or replica target may have been restored too. */
function remapped(value: Json, remap: (identity: string) => string): Json {
  if (typeof value === 'string') {
    const arn = /^(arn:[^:]*:s3:::)(.+)$/u.exec(value);
    return arn === null ? remap(value) : `${arn[1] ?? ''}${remap(arn[2] ?? '')}`;
  }
  if (Array.isArray(value)) return value.map((item: Json) => remapped(item, remap));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([key, item]) => [
      key,
      item === undefined ? undefined : remapped(item, remap),
    ]),
  );
}

/**
 * The contents of a bucket, and the owner of its policy: the captured one, or one that somebody else has put meanwhile.
 */
interface Opened {
  readonly there: readonly Entry[];
  readonly policy: 'captured' | 'theirs';
}

/** Makes the bucket, or takes up what is left of it. A preview lists both. */
function* openBucket(
  context: StepContext,
  target: Owned & JsonObject,
  configuration: JsonObject,
  kept: readonly Kept[],
  lock: boolean,
): Program<Opened> {
  const bucket = target.Bucket;
  const head = yield* headBucket(context, bucket, previewed);
  const tags = restoredTags(context, configuration, bucket);
  const ownership = textOf(
    objectsOf(objectOf(document(configuration, 'ownership') ?? undefined)['Rules'])[0]?.['ObjectOwnership'],
  );
  if (head === null || isPreviewed(head)) {
    yield* makeBucket(context, bucket, tags, lock, ownership);
    if (ownership === undefined) yield* send(removeCall(subResource('ownership'), target));
  }
  if (head === null) return { there: [], policy: 'captured' };
  const there = isPreviewed(head) ? [] : yield* allEntries(bucket, context.account);
  refuseStranger(context, bucket, kept, there);
  // An earlier try may have been stopped right after it made the bucket.
  if (context.remains !== undefined && ownership === undefined)
    yield* send(removeCall(subResource('ownership'), target));
  return {
    there,
    policy: yield* openToWrites(context, target, textOf(document(configuration, 'policy') ?? undefined) ?? null),
  };
}

/**
 * A half emptied bucket is still closed to writes. Of a policy that somebody else has put since then only the statement
 * that closes the bucket is taken: the rest is theirs, and no captured policy is put over it.
 */
function* openToWrites(
  context: StepContext,
  target: Owned & JsonObject,
  captured: string | null,
): Program<Opened['policy']> {
  const row = subResource('policy');
  const stands = closedPolicy(
    JSON.stringify({ Version: '2012-10-17', Statement: [{ Sid: 'Theirs' }] }),
    target.Bucket,
    context.region,
  );
  const answer = yield* look(readOf(row, target.Bucket, context.account), {
    ...previewed,
    ...(context.remains === undefined ? {} : { Policy: stands }),
  });
  const current = textOf(answer?.['Policy']) ?? null;
  const opened = openedPolicy(current);
  const isTheirs =
    opened !== null && (captured === null || !same(JSON.parse(opened) as Json, JSON.parse(captured) as Json));
  if (isTheirs && isClosed(current))
    yield* send({
      ...putCall(row, target, opened),
      purpose: 'open what is left of the bucket to writes, and leave what others put into its policy',
    });
  if (!isTheirs || isPreviewed(answer)) {
    yield* send({ ...removeCall(row, target), purpose: 'open what is left of the bucket to writes' });
    return 'captured';
  }
  yield* progress(`the policy of "${target.Bucket}" was changed meanwhile; it stays as it is now`);
  return 'theirs';
}

/**
 * An object that was written after the capture is never buried under old versions. In a bucket that is known to be
 * ours, keys that the capture does not hold are somebody's new ones: they stay as they are.
 */
function refuseStranger(context: StepContext, bucket: string, kept: readonly Kept[], there: readonly Entry[]): void {
  const known = new Set(kept.map(nameOf));
  const keys = new Set(kept.map(({ key }) => key));
  const strangers = there.filter(
    (entry) => !known.has(nameOf(entry)) && !kept.some((other) => looksLike(entry, other)),
  );
  const stranger = strangers.find(({ key }) => context.remains === undefined || keys.has(key));
  if (stranger === undefined) return;
  if (context.remains === undefined)
    throw taken(bucket, `it exists and holds "${stranger.key}", which was never captured`);
  throw new UserError(
    'object-changed',
    `"${stranger.key}" (version ${stranger.versionId}) was written into "${bucket}" while it was half restored; its captured versions would lie above it`,
    {
      help: 'Copy that version to another key and delete it here, then roll back again; nothing of the bucket was changed now.',
    },
  );
}

/** Nothing is public, yet a policy or access control list that opens something can be put. */
const QUIET_BLOCK: JsonObject = {
  BlockPublicAcls: false,
  BlockPublicPolicy: false,
  IgnorePublicAcls: true,
  RestrictPublicBuckets: true,
};

/** The captured tags but those of AWS (which cannot be set) and the former `aiplan:op`; and where it came from. */
function restoredTags(context: StepContext, configuration: JsonObject, bucket: string): JsonObject {
  const { tags, systemTags } = splitTags(document(configuration, 'tagging') ?? undefined);
  return restoreTags(context, tags, systemTags, context.apart ?? bucket);
}

/** The tags of a bucket that was there already; a new one has them from its creation. */
function* tag(target: Owned & JsonObject, tags: JsonObject): Program {
  const row = subResource('tagging');
  const previous = yield* readDocument(row, target.Bucket, target.ExpectedBucketOwner);
  const next = carryTags(
    Object.entries(tags).map(([Key, Value]) => ({ Key, Value: Value ?? '' })),
    objectsOf(previous ?? undefined).filter((item) => (textOf(item['Key']) ?? '').startsWith('aws:')),
  );
  const sorted = (set: Json | null): Json =>
    [...objectsOf(set ?? undefined)].sort((a, b) => (String(a['Key']) < String(b['Key']) ? -1 : 1));
  if (!same(sorted(previous), sorted(next))) yield* send(putCall(row, target, next));
}

const looksLike = (entry: Entry, kept: Kept): boolean =>
  entry.key === kept.key &&
  entry.marker === kept.marker &&
  entry.size === kept.size &&
  (entry.marker || entry.etag === kept.etag || entry.etag === kept.copyEtag || /-/u.test(`${entry.etag}${kept.etag}`));

/** The means of restoring objects. `versions`: of each copy the version that was taken. */
interface Bringing {
  readonly context: StepContext;
  readonly target: Owned & JsonObject;
  readonly versions: ReadonlyMap<string, string>;
  readonly versioned: boolean;
}

/** An object that was brought back, with what S3 answered. */
interface Brought {
  readonly entry: Kept;
  readonly version: string;
  readonly etag: string | undefined;
}

/** Oldest first per key; keys side by side. A version that is there already is not restored twice. */
function* bringBack(bringing: Bringing, kept: readonly Kept[], there: readonly Entry[]): Program<readonly Brought[]> {
  const { target, versioned } = bringing;
  const brought: Brought[] = [];
  const missing = missingOf(kept, there);
  const total = missing.reduce((sum, list) => sum + list.length, 0);
  const longest = missing.reduce((most, list) => Math.max(most, list.length), 0);
  let done = 0;
  for (let generation = 0; generation < longest; generation += 1) {
    const entries = missing.flatMap((list) => list[generation] ?? []);
    for (const batch of pieces(entries, batchSize)) {
      const answers = yield* sendAll(
        batch.map((entry) => bringBackCall(bringing, entry)),
        `bring the objects of ${target.Bucket} back`,
      );
      for (const [index, entry] of batch.entries()) {
        const answer = answers[index] ?? {};
        refuseUnversioned(entry, answer, versioned);
        refuseOtherSource(bringing, entry, answer);
        if (!entry.marker)
          brought.push({
            entry,
            version: textOf(answer['VersionId']) ?? 'null',
            etag: plainEtag(objectOf(answer['CopyObjectResult'])['ETag']),
          });
      }
      done += batch.length;
      yield* progress(`brought back ${counted(done)} of ${counted(total)}`, done / total);
    }
  }
  return brought;
}

/** The version that S3 says it copied is the one that was asked for. */
function refuseOtherSource({ versions }: Bringing, entry: Kept, answer: JsonObject): void {
  const from = textOf(answer['CopySourceVersionId']);
  const asked = versions.get(entry.copy ?? '');
  if (from !== undefined && asked !== undefined && from !== asked)
    throw restoredDifferently(`S3 copied "${entry.key}" from version "${from}" instead of "${asked}"`);
}

const restoredDifferently = (what: string): UserError =>
  new UserError('object-restored-differently', what, {
    help: 'Look at that object in the restored bucket, and at who else writes there; then roll back again.',
  });

/**
 * Reads back what was brought back: every version is there, with the captured size and the ETag that S3 answered for
 * it. That its content is the captured one, S3 has checked itself (CopyObject, CopySourceIfMatch on one version).
 */
function* readBack(target: Owned & JsonObject, brought: readonly Brought[], versioned: boolean): Program {
  const now = yield* versionsBelow(target.Bucket, target.ExpectedBucketOwner, '');
  if (now === null) return;
  const problems = brought.flatMap(({ entry, version, etag }) => {
    const found = now
      .get(entry.key)
      ?.find((one) => !one.marker && (versioned ? one.versionId === version : one.latest));
    if (found === undefined) return [`"${entry.key}" is not there`];
    if (found.size !== entry.size) return [`"${entry.key}" has ${found.size} bytes instead of ${entry.size}`];
    return etag !== undefined && found.etag !== etag
      ? [`"${entry.key}" has the ETag "${found.etag}" instead of "${etag}"`]
      : [];
  });
  if (problems.length > 0)
    throw restoredDifferently(
      `what was brought back into "${target.Bucket}" is not what was captured: ${problems.slice(0, 5).join('; ')}${problems.length > 5 ? `; and ${problems.length - 5} more` : ''}`,
    );
}

const plainEtag = (value: Json | undefined): string | undefined => textOf(value)?.replaceAll('"', '');

/**
 * Per key, oldest first, what is not there. Where what is there is no beginning of the history, all of it comes on top.
 * Versions are listed in their order and so are markers, but not always the ones between the others (see `entriesOf`).
 */
export function missingOf(kept: readonly Kept[], there: readonly Entry[]): readonly (readonly Kept[])[] {
  const present = new Map<string, Entry[]>();
  for (const entry of there) present.set(entry.key, [entry, ...(present.get(entry.key) ?? [])]);
  const wanted = new Map<string, Kept[]>();
  for (const entry of kept) wanted.set(entry.key, [entry, ...(wanted.get(entry.key) ?? [])]);
  return [...wanted]
    .map(([key, history]) => {
      const have = present.get(key) ?? [];
      const beginning = history.slice(0, have.length);
      const alike = (marker: boolean): boolean => {
        const [are, were] = [
          have.filter((entry) => entry.marker === marker),
          beginning.filter((entry) => entry.marker === marker),
        ];
        return (
          are.length === were.length &&
          are.every((entry, index) => {
            const other = were[index];
            return other !== undefined && (nameOf(entry) === nameOf(other) || looksLike(entry, other));
          })
        );
      };
      return alike(false) && alike(true) ? history.slice(have.length) : history;
    })
    .filter((list) => list.length > 0);
}

function bringBackCall({ context, target, versions, versioned }: Bringing, entry: Kept): Call {
  // A lost answer is not sent again where it would make a second version.
  const retry = versioned ? ('none' as const) : ('absolute' as const);
  if (entry.marker) {
    return {
      service: 's3',
      operation: 'DeleteObject',
      identity: target.Bucket,
      retry,
      purpose: `put the delete marker of "${entry.key}" back`,
      input: { ...target, Key: entry.key },
      preview: { VersionId: 'preview' },
    };
  }
  const version = versions.get(entry.copy ?? '');
  return {
    service: 's3',
    operation: 'CopyObject',
    identity: target.Bucket,
    retry,
    purpose: `bring "${entry.key}" back`,
    preview: { VersionId: 'preview' },
    input: {
      ...target,
      Key: entry.key,
      CopySource: copySource(storeOf(context), entry.copy ?? '', version),
      ExpectedSourceBucketOwner: context.account,
      ...(entry.copyEtag === null ? {} : { CopySourceIfMatch: `"${entry.copyEtag}"` }),
      MetadataDirective: 'COPY',
      TaggingDirective: 'COPY',
      StorageClass: entry.storageClass,
      ...(entry.redirect === null ? {} : { WebsiteRedirectLocation: entry.redirect }),
    },
  };
}

/** Versioning takes effect some time after it says so; an object without a version would be overwritten by the next. */
function refuseUnversioned(entry: Kept, answer: JsonObject, versioned: boolean): void {
  const version = textOf(answer['VersionId']);
  if (!versioned || (version !== undefined && version !== 'null')) return;
  throw new UserError(
    'versioning-not-effective',
    `"${entry.key}" was stored without a version: versioning is not in effect yet`,
    { help: 'Roll back again in a quarter of an hour; what is there already is kept.' },
  );
}

function* putIfCaptured(target: Owned & JsonObject, configuration: JsonObject, name: string): Program {
  const value = document(configuration, name);
  if (value !== null) yield* send(putCall(subResource(name), target, value));
}

/** Written before the objects, or together with the bucket, or in an order of their own below. */
const APART = new Set([
  'ownership',
  'encryption',
  'versioning',
  'tagging',
  'publicAccessBlock',
  'policy',
  'acl',
  'objectLock',
  'requestPayment',
]);

/** They name buckets, roles, topics or functions, which may be gone by now; the objects come back all the same. */
const NAMES_OTHERS = new Set(['logging', 'replication', 'notification', 'inventory', 'analytics']);

/**
 * The rest: what works on new objects only now, so that nothing that comes back is expired, announced or copied; access
 * last.
 */
function* configure(target: Owned & JsonObject, configuration: JsonObject): Program {
  for (const row of subResources) {
    const value = document(configuration, row.name);
    if (APART.has(row.name) || value === null) continue;
    const items = row.perId === true ? objectsOf(value) : [value];
    const put = NAMES_OTHERS.has(row.name) ? sendDispensable : send;
    for (const item of items)
      yield* put(putCall(row, target, item, row.name === 'notification' ? { SkipDestinationValidation: true } : {}));
  }
  const lock = objectOf(document(configuration, 'objectLock') ?? undefined);
  if (lock['Rule'] !== undefined) yield* putIfCaptured(target, configuration, 'objectLock');
  const payment = document(configuration, 'requestPayment');
  if (payment !== null && !same(payment, { Payer: 'BucketOwner' }))
    yield* putIfCaptured(target, configuration, 'requestPayment');
  if (objectOf(document(configuration, 'versioning') ?? undefined)['Status'] === 'Suspended') {
    yield* putIfCaptured(target, configuration, 'versioning');
    yield* versioningSettled(target, 'Suspended');
  }
  const opened = foreignGrants(document(configuration, 'acl') ?? undefined).length > 0;
  if (opened || document(configuration, 'policy') !== null) {
    yield* send({
      ...putCall(subResource('publicAccessBlock'), target, QUIET_BLOCK),
      purpose: 'keep the public out while access is put back',
    });
  }
  if (opened) yield* putIfCaptured(target, configuration, 'acl');
  yield* putIfCaptured(target, configuration, 'policy');
  const block = document(configuration, 'publicAccessBlock');
  yield* send(
    block === null
      ? removeCall(subResource('publicAccessBlock'), target)
      : putCall(subResource('publicAccessBlock'), target, block),
  );
}
