import { look, send, until, type Call, type Program, type ReadCall } from '../../../src/domain/call.ts';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import type { StepContext } from '../../../src/domain/resource-type.ts';
import { subResource, subResources, type SubResource } from './sub-resources.ts';
import { compact, listOf, objectOf, objectsOf, same, textOf } from './values.ts';

/**
 * The bucket that a call acts upon, and the account that must own it (ExpectedBucketOwner: else 403, never a
 * stranger's).
 */
export interface Owned {
  readonly Bucket: string;
  readonly ExpectedBucketOwner: string;
}
export const owned = (bucket: string, account: string): Owned & JsonObject => ({
  Bucket: bucket,
  ExpectedBucketOwner: account,
});

/** The read of one sub-resource. `account` null: the reader does not know whose it is. */
export const readOf = (row: SubResource, bucket: string, account: string | null, token?: string): ReadCall => ({
  service: 's3',
  operation: row.get.operation,
  absent: row.get.absent,
  input: compact({ Bucket: bucket, ExpectedBucketOwner: account ?? undefined, ContinuationToken: token }),
});

/** All pages of a sub-resource through any way of reading; the document, or null where it is not configured. */
export function* readPages(
  row: SubResource,
  bucket: string,
  account: string | null,
): Generator<ReadCall, Json | null, JsonObject | null> {
  const list = row.get.list;
  if (list === undefined) {
    const answer = yield readOf(row, bucket, account);
    return answer === null ? null : row.fromAnswer(answer);
  }
  const items: Json[] = [];
  let token: string | undefined;
  do {
    const answer: JsonObject | null = yield readOf(row, bucket, account, token);
    items.push(...listOf(answer?.[list]));
    token = answer?.['IsTruncated'] === true ? textOf(answer['NextContinuationToken']) : undefined;
  } while (token !== undefined);
  return row.fromAnswer({ items });
}

/** The document of one sub-resource, for programs; previewed as not configured. Throws AwsError. */
export function* readDocument(row: SubResource, bucket: string, account: string): Program<Json | null> {
  const pages = readPages(row, bucket, account);
  let step = pages.next();
  while (step.done !== true) step = pages.next(yield* look(step.value, null));
  return step.value;
}

/** Every document of a bucket by sub-resource name: its whole configuration, as S3 tells it. Throws AwsError. */
export function* readConfiguration(bucket: string, account: string): Program<Readonly<Record<string, Json>>> {
  const documents: Record<string, Json> = {};
  for (const row of subResources) documents[row.name] = yield* readDocument(row, bucket, account);
  return documents;
}

/** The call that puts a document. Sets a state, so it may be sent again while live still equals the state before. */
export const putCall = (row: SubResource, target: Owned & JsonObject, document: Json, more: JsonObject = {}): Call => ({
  service: 's3',
  operation: row.put.operation,
  identity: target.Bucket,
  retry: 'absolute',
  purpose: `set ${row.label}`,
  input: { ...target, ...row.put.input(document), ...more },
});

/** The call that takes a sub-resource (or one element of a list, by `id`) away. */
export const removeCall = (row: SubResource, target: Owned & JsonObject, id?: Json): Call =>
  'operation' in row.remove
    ? {
        service: 's3',
        operation: row.remove.operation,
        identity: target.Bucket,
        retry: 'absolute',
        purpose: `remove ${row.label}`,
        input: compact({ ...target, Id: id }),
      }
    : { ...putCall(row, target, row.remove.document), purpose: `switch ${row.label} off` };

/** The sub-resources that hold one of these top-level properties. */
export const rowsOf = (properties: ReadonlySet<string>): readonly SubResource[] =>
  subResources.filter((row) => row.properties.some((property) => properties.has(property)));

/** The top-level property that a change's path begins with. */
export const propertyOf = (path: string): string => path.split(/[.[]/u)[0] ?? path;

/**
 * When a change of a sub-resource comes, so that S3 accepts it and nothing opens in between: what loosens comes before
 * what depends on it, what tightens after. Sources: "Setting Object Ownership", "Blocking public access", "Replication
 * requirements" in the S3 User Guide.
 */
function rank(row: SubResource, live: JsonObject, desired: JsonObject): number {
  const base = subResources.indexOf(row);
  const end = subResources.length;
  switch (row.name) {
    case 'ownership':
      return JSON.stringify(desired['OwnershipControls'] ?? {}).includes('BucketOwnerEnforced') ? end + 1 : base;
    case 'publicAccessBlock':
      return loosens(
        objectOf(live['PublicAccessBlockConfiguration']),
        objectOf(desired['PublicAccessBlockConfiguration']),
      )
        ? base
        : end + 2;
    case 'versioning':
      return objectOf(desired['VersioningConfiguration'])['Status'] === 'Enabled' ? base : end + 3;
    case 'replication':
      return desired['ReplicationConfiguration'] === null || desired['ReplicationConfiguration'] === undefined
        ? -1
        : base;
    default:
      return base;
  }
}

export const blockFlags = [
  'BlockPublicAcls',
  'BlockPublicPolicy',
  'IgnorePublicAcls',
  'RestrictPublicBuckets',
] as const;
const loosens = (before: JsonObject, after: JsonObject): boolean =>
  blockFlags.some((flag) => before[flag] === true && after[flag] !== true);

/** Writes the changed sub-resources of `context.live`, and nothing else. */
export function* updateBucket(context: StepContext): Program {
  const live = context.live;
  if (live === null) return;
  const changed = new Set(context.changes.map((change) => propertyOf(change.path)));
  yield* writeRows(
    context,
    live.identity,
    [...rowsOf(changed)],
    live.properties,
    Object.keys(live.systemTags).length > 0,
  );
}

/**
 * Writes these sub-resources as `context.desired` has them. What no property says is carried over from what is there. `before`: the properties there were; `systemTags`: whether tags of AWS or aiplan must stay.
 */
export function* writeRows(
  context: StepContext,
  bucket: string,
  rows: readonly SubResource[],
  before: JsonObject,
  systemTags: boolean,
): Program {
  const target = owned(bucket, context.account);
  const ordered = [...rows].sort((a, b) => rank(a, before, context.desired) - rank(b, before, context.desired));
  for (const row of ordered) {
    const next = row.toDocument(context.desired, bucket) ?? (row.name === 'tagging' && systemTags ? [] : null);
    const previous = row.carry === undefined ? null : yield* readDocument(row, bucket, context.account);
    if (row.perId === true) {
      yield* writeElements(row, target, context.desired, before, next);
    } else if (next === null) {
      yield* send(removeCall(row, target));
    } else {
      yield* send(putCall(row, target, row.carry === undefined ? next : row.carry(next, previous)));
    }
    if (row.name === 'versioning')
      yield* versioningSettled(target, textOf(objectOf(next ?? { Status: 'Suspended' })['Status']) ?? 'Suspended');
  }
}

function* writeElements(
  row: SubResource,
  target: Owned & JsonObject,
  desired: JsonObject,
  before: JsonObject,
  next: Json | null,
): Program {
  const property = row.properties[0] ?? '';
  const old = objectsOf(before[property]);
  const wanted = objectsOf(desired[property]);
  const documents = objectsOf(next ?? undefined);
  for (const [index, item] of wanted.entries()) {
    const document = documents[index];
    const unchanged = old.some((other) => same(other, item));
    if (document !== undefined && !unchanged) yield* send(putCall(row, target, document));
  }
  for (const item of old) {
    if (!wanted.some((other) => other['Id'] === item['Id'])) yield* send(removeCall(row, target, item['Id']));
  }
}

/**
 * Waits until S3 says the versioning state that was set; it may take a while (S3 User Guide, "Enabling versioning").
 */
export function* versioningSettled(target: Owned & JsonObject, status: string): Program {
  yield* until({
    what: `versioning of ${target.Bucket} ${status}`,
    agree: 2,
    read: readOf(subResource('versioning'), target.Bucket, target.ExpectedBucketOwner),
    judge: (answer) =>
      answer?.['Status'] === status
        ? { state: 'done' }
        : { state: 'pending', detail: `still ${textOf(answer?.['Status']) ?? 'off'}` },
  });
}
