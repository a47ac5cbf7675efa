import { AwsError } from '../../src/base/error.ts';
import type { Effect, Program } from '../../src/domain/call.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import { subResources } from '../../providers/s3/configuration/sub-resources.ts';

/** A bucket in memory: its documents by sub-resource, its objects, and what was sent. */
export interface MemoryCaptureBucket {
  documents: Record<string, Json>;
  readonly objects: Map<string, string>;
  readonly sent: string[];
  /** How AWS answers HeadBucket. */
  head: 'there' | 'absent' | 'elsewhere';
  /** Operations that are denied. */
  readonly denied: Set<string>;
}

export const memoryCaptureBucket = (
  documents: Record<string, Json>,
  head: MemoryCaptureBucket['head'] = 'there',
): MemoryCaptureBucket => ({ documents, objects: new Map(), sent: [], head, denied: new Set() });

/** Drives a program of the capture bucket against it, as S3 would answer. */
export function driveBucket<Result>(bucket: MemoryCaptureBucket, program: Program<Result>): Result {
  let step = program.next();
  while (step.done !== true) {
    let value: unknown;
    let error: unknown;
    try {
      value = answer(bucket, step.value);
    } catch (thrown) {
      error = thrown;
    }
    step = error === undefined ? program.next(value) : program.throw(error);
  }
  return step.value;
}

const refused = (operation: string, code: string, httpStatus: number): AwsError =>
  new AwsError({
    code,
    kind: 'denied',
    operation: `s3:${operation}`,
    message: code,
    requestId: 'r',
    executed: 'no',
    httpStatus,
  });

function answer(bucket: MemoryCaptureBucket, effect: Effect): JsonObject | null {
  if (effect.kind === 'read') {
    const { operation, input } = effect.call;
    if (bucket.denied.has(operation)) throw refused(operation, 'AccessDenied', 403);
    if (operation === 'HeadBucket') {
      if (bucket.head === 'elsewhere') throw refused(operation, 'Forbidden', 403);
      return bucket.head === 'absent' ? null : {};
    }
    if (operation === 'ListObjectVersions')
      return { Versions: [...bucket.objects.keys()].slice(0, Number(input['MaxKeys'])).map((Key) => ({ Key })) };
    const row = subResources.find(({ get }) => get.operation === operation);
    if (row === undefined) throw new Error(`no answer to ${operation}`);
    const document = bucket.documents[row.name];
    if (document === undefined) return null;
    return answerOf(row.name, document, row.put.input(document));
  }
  if (effect.kind !== 'call') throw new Error(`no answer to ${effect.kind}`);
  const { operation, input } = effect.call;
  bucket.sent.push(operation);
  if (operation === 'CreateBucket') bucket.head = 'there';
  else if (operation === 'PutObject') {
    if (bucket.objects.has(String(input['Key']))) throw refused(operation, 'PreconditionFailed', 412);
    bucket.objects.set(String(input['Key']), String(input['Body']));
  } else {
    const row = subResources.find(({ put }) => put.operation === operation);
    if (row === undefined) throw new Error(`no answer to ${operation}`);
    // What a put holds is what a get answers, for the parts that aiplan sets here.
    bucket.documents[row.name] = row.fromAnswer(answerOf(row.name, null, input)) ?? null;
  }
  return {};
}

/** The answer that holds the same document: lists of lifecycle rules and tags stand without their wrapping. */
function answerOf(name: string, document: Json, put: JsonObject): JsonObject {
  if (name === 'lifecycle') return (put['LifecycleConfiguration'] ?? document) as JsonObject;
  if (name === 'versioning') return (put['VersioningConfiguration'] ?? document) as JsonObject;
  if (name === 'tagging') return (put['Tagging'] ?? { TagSet: document }) as JsonObject;
  return put;
}
