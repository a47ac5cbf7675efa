import { look, send, type Call, type Program } from '../../../src/domain/call.ts';
import { digest } from '../../../src/base/digest.ts';
import { AwsError, UserError } from '../../../src/base/error.ts';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import { carryTags } from '../configuration/carry.ts';
import { nameOf, type CaptureBucket } from '../objects/capture-place.ts';
import { newLifecycle, protectedParts, type ProtectedPart } from './capture-protection.ts';
import { owned, putCall, readDocument } from '../configuration/configure.ts';
import { subResource } from '../configuration/sub-resources.ts';
import { compact, isPreviewed, objectsOf, previewed } from '../configuration/values.ts';

/**
 * A part of the bucket that only a person may replace: what it holds that would go, and the mark that confirms exactly
 * this.
 */
export interface Replacement {
  readonly part: string;
  readonly wrong: readonly string[];
  readonly replaces: readonly string[];
  readonly before: Json;
  readonly after: Json;
  /** Covers the document that was found: what was confirmed for one is not confirmed for another. */
  readonly mark: string;
}

export interface SetupResult {
  /** The changes, one sentence each. */
  readonly done: readonly string[];
  /** The parts that stay as they are, because nobody has confirmed their change. */
  readonly left: readonly Replacement[];
}

export interface SetupOptions {
  /** Names the former documents that are kept: digits and dashes, one for each run of setup. */
  readonly stamp: string;
  /** The marks of replacements that a person has confirmed. */
  readonly confirmed?: ReadonlySet<string>;
}

/**
 * Makes the capture bucket and closes it, or brings an existing one up to the least that it has to be; run again it
 * changes nothing. Each part is only made stronger: what the owner has beyond that stays (laws 3 and 5). A part that
 * would have to be removed or replaced stays as it is unless it is `confirmed`. Before any document is written over,
 * the former one is kept in the bucket under `setup/`. Throws UserError `name-taken` where another account has the
 * name, `not-a-capture-bucket` where it is used for something else; AwsError.
 */
export function* setupProgram(of: CaptureBucket, { stamp, confirmed = new Set() }: SetupOptions): Program<SetupResult> {
  const bucket = nameOf(of);
  const done: string[] = [];
  const left: Replacement[] = [];
  const head = yield* headOwn(of);
  const isNew = head === null || isPreviewed(head);
  if (isNew) {
    yield* send(createCall(of));
    done.push(`Created "${bucket}".`);
  }
  const tags = yield* readDocument(subResource('tagging'), bucket, of.account);
  if (!isNew && !isCaptures(tags)) yield* refuseUsed(of);
  for (const part of protectedParts) {
    const found = yield* readDocument(subResource(part.name), bucket, of.account);
    const { wrong, next, replaces } = part.judge(of, found);
    const label = subResource(part.name).label;
    if (wrong.length === 0) {
      if (part.name === 'lifecycle' && found === null && (isNew || (yield* isEmpty(of)))) {
        yield* send(putCall(subResource('lifecycle'), owned(bucket, of.account), newLifecycle));
        done.push(`Set ${label} (what is deleted stays for a while).`);
      }
      continue;
    }
    const mark = `${part.name} ${digest(found)}`;
    if (replaces.length > 0 && !confirmed.has(mark)) {
      left.push({ part: label, wrong, replaces, before: found, after: next, mark });
      continue;
    }
    const former = found === null && !isPreviewed(head) ? null : keepFormer(of, stamp, part, found);
    if (former !== null) yield* send(former);
    yield* send(putCall(subResource(part.name), owned(bucket, of.account), next));
    done.push(
      `Set ${label} (${wrong.join('; ')}).${former === null ? '' : ` The former one is kept as s3://${bucket}/${String(former.input['Key'])}.`}`,
    );
  }
  if (!isCaptures(tags)) {
    const others = objectsOf(tags ?? undefined).filter((tag) => tag['Key'] !== 'aiplan:role');
    yield* send(putCall(subResource('tagging'), owned(bucket, of.account), carryTags([...others, ...ROLE_TAGS], null)));
    done.push('Tagged it as the place of captures.');
  }
  return { done, left };
}

const createCall = (of: CaptureBucket): Call => ({
  service: 's3',
  operation: 'CreateBucket',
  identity: nameOf(of),
  retry: 'named',
  purpose: `create the capture bucket ${nameOf(of)}`,
  input: {
    Bucket: nameOf(of),
    ObjectOwnership: 'BucketOwnerEnforced',
    CreateBucketConfiguration: compact({
      LocationConstraint: of.region === 'us-east-1' ? undefined : of.region,
      Tags: ROLE_TAGS,
    }),
  },
});

/** Keeps a document as it was, before another takes its place. */
const keepFormer = (of: CaptureBucket, stamp: string, { name }: ProtectedPart, found: Json): Call => ({
  service: 's3',
  operation: 'PutObject',
  identity: nameOf(of),
  retry: 'named',
  purpose: `keep the former ${subResource(name).label}`,
  input: {
    ...owned(nameOf(of), of.account),
    Key: `setup/${stamp}/${name}.json`,
    Body: JSON.stringify(found),
    ContentType: 'application/json',
    IfNoneMatch: '*',
  },
});

const ROLE_TAGS: readonly JsonObject[] = [{ Key: 'aiplan:role', Value: 'captures' }];
const isCaptures = (tags: Json | null): boolean =>
  objectsOf(tags ?? undefined).some((tag) => tag['Key'] === 'aiplan:role' && tag['Value'] === 'captures');

/** The bucket, or null where there is none. Throws UserError `name-taken`. */
function* headOwn(of: CaptureBucket): Program<JsonObject | null> {
  try {
    return yield* look(
      {
        service: 's3',
        operation: 'HeadBucket',
        input: owned(nameOf(of), of.account),
        absent: ['NotFound', 'NoSuchBucket'],
      },
      previewed,
    );
  } catch (error) {
    if (error instanceof AwsError && isElsewhere(error)) {
      throw new UserError(
        'name-taken',
        `the bucket name "${nameOf(of)}" belongs to another account or region, or these credentials may not look at it`,
        {
          help: 'Set capture_bucket in your configuration to a name of your own, and run `aiplan setup` again.',
          cause: error,
        },
      );
    }
    throw error;
  }
}

const isElsewhere = ({ code, httpStatus }: AwsError): boolean =>
  code === 'AccessDenied' || code === 'PermanentRedirect' || httpStatus === 403 || httpStatus === 301;

function* isEmpty(of: CaptureBucket): Program<boolean> {
  const answer = yield* look({
    service: 's3',
    operation: 'ListObjectVersions',
    input: { ...owned(nameOf(of), of.account), MaxKeys: 1 },
  });
  return objectsOf(answer?.['Versions']).length + objectsOf(answer?.['DeleteMarkers']).length === 0;
}

/** A bucket that aiplan did not make becomes the capture bucket only while it is empty. */
function* refuseUsed(of: CaptureBucket): Program {
  if (yield* isEmpty(of)) return;
  throw new UserError(
    'not-a-capture-bucket',
    `"${nameOf(of)}" exists, holds objects, and is not tagged as a capture bucket`,
    { help: 'Set capture_bucket to another name, or tag it aiplan:role=captures if it really is for captures.' },
  );
}

/** How the capture bucket is: whether there is one, what was read of it, and what is too weak. */
export interface BucketState {
  readonly bucket: string;
  readonly exists: boolean;
  readonly facts: readonly string[];
  readonly problems: readonly string[];
}

/**
 * Reads the capture bucket and holds it against the least that it has to be: of this account, versioned, with a policy
 * and a lifecycle that keep what lies in it, encrypted, closed. A part that cannot be read is a problem (law 9). Reads
 * only. Throws AwsError where AWS cannot be asked at all.
 */
export function* inspectCaptureBucket(of: CaptureBucket): Program<BucketState> {
  const bucket = nameOf(of);
  const facts: string[] = [];
  const problems: string[] = [];
  const say = (text: string): void => {
    problems.push(`The capture bucket "${bucket}": ${text}.`);
  };
  try {
    if ((yield* headOwn(of)) === null)
      return {
        bucket,
        exists: false,
        facts,
        problems: [`The capture bucket "${bucket}" does not exist; run \`aiplan setup\`.`],
      };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    say(error.message);
    return { bucket, exists: true, facts, problems };
  }
  for (const part of protectedParts) {
    try {
      const { wrong, fact } = part.judge(of, yield* readDocument(subResource(part.name), bucket, of.account));
      if (wrong.length === 0) facts.push(fact);
      wrong.forEach(say);
    } catch (error) {
      if (!(error instanceof AwsError) || error.kind !== 'denied') throw error;
      say(`its ${subResource(part.name).label} cannot be read (${error.code})`);
    }
  }
  try {
    if (!isCaptures(yield* readDocument(subResource('tagging'), bucket, of.account)))
      say('it is not tagged aiplan:role=captures');
  } catch (error) {
    if (!(error instanceof AwsError) || error.kind !== 'denied') throw error;
    say(`its tags cannot be read (${error.code})`);
  }
  return { bucket, exists: true, facts, problems };
}

/**
 * Reads the capture bucket back. Empty: it is at least as it has to be; else what is wrong, one sentence each. Reads
 * only.
 */
export function* verifyCaptureBucket(of: CaptureBucket): Program<readonly string[]> {
  return (yield* inspectCaptureBucket(of)).problems;
}
