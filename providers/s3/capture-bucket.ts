import { look, send, type Call, type Program, type ReadCall } from '../../src/model/call.ts';
import { AwsError, UserError } from '../../src/model/error.ts';
import type { Json, JsonObject } from '../../src/model/json.ts';
import { owned, putCall, readDocument } from './configure.ts';
import { carryTags } from './carry.ts';
import { subResource } from './sub-resources.ts';
import { compact, listOf, objectOf, objectsOf, partitionOf, previewed, isPreviewed, same, textOf } from './values.ts';

/** Where captures go, and how the bucket is to be. */
export interface CaptureBucket {
  readonly account: string;
  readonly region: string;
  /** The one endpoint, or null for AWS itself. */
  readonly endpoint: string | null;
  /** The configured name, or null for `aiplan-captures-<account>-<region>`. */
  readonly bucket: string | null;
  /** KMS key for the captures; absent: S3's own keys. */
  readonly kmsKeyId?: string;
}

export const captureBucketName = (account: string, region: string, configured: string | null): string => configured ?? `aiplan-captures-${account}-${region}`;
const nameOf = (of: CaptureBucket): string => captureBucketName(of.account, of.region, of.bucket);

/** Days for which something deleted from the bucket can still be brought back. */
const secondChanceDays = 30;

/** What the bucket has to be, by sub-resource: the document and the sentence that says what is wrong otherwise. */
function wanted(of: CaptureBucket): readonly { readonly name: string; readonly document: Json; readonly wrong: string }[] {
  const settings = of.kmsKeyId === undefined ? { SSEAlgorithm: 'AES256' } : { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: of.kmsKeyId };
  return [
    { name: 'ownership', document: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] }, wrong: 'access control lists are not switched off' },
    { name: 'publicAccessBlock', document: { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true }, wrong: 'public access is not blocked' },
    { name: 'versioning', document: { Status: 'Enabled' }, wrong: 'versioning is not enabled' },
    { name: 'encryption', document: { Rules: [{ ApplyServerSideEncryptionByDefault: settings, BucketKeyEnabled: of.kmsKeyId !== undefined }] }, wrong: `default encryption is not ${of.kmsKeyId === undefined ? 'AES256' : `the key ${of.kmsKeyId}`}` },
    { name: 'lifecycle', document: LIFECYCLE, wrong: 'its lifecycle rules are not the ones of aiplan' },
    { name: 'policy', document: capturePolicy(of), wrong: 'its policy does not protect the captures' },
  ];
}

/**
 * Nothing current ever expires by itself. What is deleted (by `aiplan captures expire`, with DeleteObject and no version
 * id) stays behind a delete marker for 30 days more.
 */
const LIFECYCLE: JsonObject = {
  Rules: [{
    ID: 'aiplan-second-chance', Status: 'Enabled', Filter: { Prefix: '' },
    Expiration: { ExpiredObjectDeleteMarker: true }, NoncurrentVersionExpiration: { NoncurrentDays: secondChanceDays }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
  }],
};

/**
 * Only the account's root user can delete a version for good, or change what keeps versions. Everybody else can at most
 * put a delete marker. The policy itself can be changed by who may change bucket policies: that is for credentials to
 * close, and `doctor` checks it. Source: S3 User Guide, "Bucket policy examples"; IAM, aws:PrincipalArn.
 */
export function capturePolicy(of: CaptureBucket): string {
  const partition = partitionOf(of.region);
  const arn = `arn:${partition}:s3:::${nameOf(of)}`;
  const encrypted = { Sid: 'AiplanOnlyEncryptedTransport', Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: [arn, `${arn}/*`], Condition: { Bool: { 'aws:SecureTransport': 'false' } } };
  const kept = {
    Sid: 'AiplanCapturesAreKept', Effect: 'Deny', Principal: '*',
    Action: [
      's3:BypassGovernanceRetention', 's3:DeleteBucket', 's3:DeleteObjectVersion', 's3:DeleteObjectVersionTagging', 's3:PutBucketAcl',
      's3:PutBucketOwnershipControls', 's3:PutBucketPublicAccessBlock', 's3:PutBucketVersioning', 's3:PutLifecycleConfiguration', 's3:PutReplicationConfiguration',
    ],
    Resource: [arn, `${arn}/*`],
    Condition: { ArnNotEquals: { 'aws:PrincipalArn': `arn:${partition}:iam::${of.account}:root` } },
  };
  // Over plain http the statement would lock aiplan itself out.
  const plain = of.endpoint?.startsWith('http://') === true;
  return JSON.stringify({ Version: '2012-10-17', Statement: plain ? [kept] : [encrypted, kept] });
}

const matches = (name: string, document: Json, found: Json | null): boolean => {
  if (found === null) return false;
  if (name === 'policy') return typeof found === 'string' && same(sortedPolicy(JSON.parse(found) as Json), sortedPolicy(JSON.parse(String(document)) as Json));
  // S3 adds defaults of its own to what was put.
  return covers(found, document);
};
const sortedPolicy = (policy: Json): Json => objectsOf(objectOf(policy)['Statement']).map((statement) => ({ ...statement, Action: [listOf(statement['Action']), statement['Action'] ?? null].flat().filter((item) => typeof item === 'string').sort() }));
function covers(found: Json | undefined, document: Json): boolean {
  if (Array.isArray(document)) return Array.isArray(found) && found.length === document.length && document.every((item: Json, index) => covers(found[index] as Json, item));
  if (typeof document === 'object' && document !== null) return Object.entries(document as JsonObject).every(([key, item]) => item === undefined || covers(objectOf(found)[key], item));
  return found === document;
}

/**
 * Makes the capture bucket and closes it, or brings an existing one up to what it has to be; run again it changes nothing.
 * Answers what was done, one sentence each. Throws UserError `name-taken` where another account has the name,
 * `not-a-capture-bucket` where it is used for something else; AwsError.
 */
export function* setupProgram(of: CaptureBucket): Program<readonly string[]> {
  const bucket = nameOf(of);
  const target = owned(bucket, of.account);
  const done: string[] = [];
  const head = yield* headOwn(of);
  if (head === null || isPreviewed(head)) {
    yield* send({
      service: 's3', operation: 'CreateBucket', identity: bucket, retry: 'named', purpose: `create the capture bucket ${bucket}`,
      input: {
        Bucket: bucket, ObjectOwnership: 'BucketOwnerEnforced',
        CreateBucketConfiguration: compact({ LocationConstraint: of.region === 'us-east-1' ? undefined : of.region, Tags: ROLE_TAGS }),
      },
    });
    done.push(`Created "${bucket}".`);
  }
  const tags = yield* readDocument(subResource('tagging'), bucket, of.account);
  if (head !== null && !isPreviewed(head) && !isCaptures(tags)) yield* refuseUsed(of);
  for (const { name, document, wrong } of wanted(of)) {
    const found = yield* readDocument(subResource(name), bucket, of.account);
    if (matches(name, document, found)) continue;
    yield* send(putCall(subResource(name), target, document));
    done.push(`Set ${subResource(name).label} (${wrong}).`);
  }
  if (!isCaptures(tags)) {
    const others = objectsOf(tags ?? undefined).filter((tag) => tag['Key'] !== 'aiplan:role');
    yield* send(putCall(subResource('tagging'), target, carryTags([...others, ...ROLE_TAGS], null)));
    done.push('Tagged it as the place of captures.');
  }
  return done;
}

const ROLE_TAGS: readonly JsonObject[] = [{ Key: 'aiplan:role', Value: 'captures' }];
const isCaptures = (tags: Json | null): boolean => objectsOf(tags ?? undefined).some((tag) => tag['Key'] === 'aiplan:role' && tag['Value'] === 'captures');

function* headOwn(of: CaptureBucket): Program<JsonObject | null> {
  const bucket = nameOf(of);
  try {
    return yield* look({ service: 's3', operation: 'HeadBucket', input: owned(bucket, of.account), absent: ['NotFound', 'NoSuchBucket'] }, previewed);
  } catch (error) {
    if (error instanceof AwsError && (error.code === 'AccessDenied' || error.code === 'PermanentRedirect' || error.httpStatus === 403 || error.httpStatus === 301)) {
      throw new UserError('name-taken', `the bucket name "${bucket}" belongs to another account or region`, { help: 'Set capture_bucket in your configuration to a name of your own, and run `aiplan setup` again.', cause: error });
    }
    throw error;
  }
}

/** A bucket that aiplan did not make becomes the capture bucket only while it is empty. */
function* refuseUsed(of: CaptureBucket): Program {
  const bucket = nameOf(of);
  const answer = yield* look({ service: 's3', operation: 'ListObjectVersions', input: { ...owned(bucket, of.account), MaxKeys: 1 } });
  if (objectsOf(answer?.['Versions']).length + objectsOf(answer?.['DeleteMarkers']).length === 0) return;
  throw new UserError('not-a-capture-bucket', `"${bucket}" exists, holds objects, and is not tagged as a capture bucket`, { help: 'Set capture_bucket to another name, or tag it aiplan:role=captures if it really is for captures.' });
}

/** Reads the capture bucket back. Empty: it is as it has to be; else what is wrong, one sentence each. Reads only. */
export function* verifyCaptureBucket(of: CaptureBucket): Program<readonly string[]> {
  const bucket = nameOf(of);
  const head = yield* headOwn(of);
  if (head === null) return [`The capture bucket "${bucket}" does not exist; run \`aiplan setup\`.`];
  const problems: string[] = [];
  for (const { name, document, wrong } of wanted(of)) {
    const found = yield* readDocument(subResource(name), bucket, of.account);
    if (!matches(name, document, found)) problems.push(`The capture bucket "${bucket}": ${wrong}.`);
  }
  if (!isCaptures(yield* readDocument(subResource('tagging'), bucket, of.account))) problems.push(`The capture bucket "${bucket}" is not tagged aiplan:role=captures.`);
  return problems;
}

/** Every manifest of a run, or of all runs, whose key is wanted, by key: what a rollback from AWS alone starts from. Throws AwsError. */
export function* readManifests(of: CaptureBucket, run: string | null, wanted: (key: string) => boolean = () => true): Program<readonly { readonly key: string; readonly manifest: Json }[]> {
  const found: { key: string; manifest: Json }[] = [];
  let token: Json | undefined;
  do {
    const input = compact({ ...owned(nameOf(of), of.account), Prefix: run === null ? 'manifests/' : `manifests/${run}/`, ContinuationToken: token });
    const answer: JsonObject = (yield* look({ service: 's3', operation: 'ListObjectsV2', input })) ?? {};
    for (const item of objectsOf(answer['Contents'])) {
      const key = textOf(item['Key']) ?? '';
      // The parts of a bucket's list of copies lie beside it, with a number.
      if (/-\d{4}\.json$/u.test(key) || !wanted(key)) continue;
      const body = textOf((yield* look({ service: 's3', operation: 'GetObject', input: { ...owned(nameOf(of), of.account), Key: key }, absent: ['NoSuchKey'] }))?.['Body']);
      if (body !== undefined) found.push({ key, manifest: JSON.parse(body) as Json });
    }
    token = answer['IsTruncated'] === true ? answer['NextContinuationToken'] : undefined;
  } while (token !== undefined);
  return found;
}

const encryptionOf = (of: CaptureBucket): JsonObject =>
  of.kmsKeyId === undefined ? { ServerSideEncryption: 'AES256' } : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: of.kmsKeyId };

/** Whether a key is that of a manifest of a whole run, as `putRun` of the vault writes it. */
export const isRunManifestKey = (key: string): boolean => /^manifests\/[^/]+\/run\.all-[0-9a-f]{12}\.json$/u.test(key);

/** Where the manifest of a step's capture lies: `manifests/<run>/<name>.json`. */
export const manifestKey = (run: string, name: string): string => `manifests/${run}/${name}.json`;

/** Writes a manifest, only if none is there (If-None-Match; 412 `PreconditionFailed` otherwise). */
export const putManifest = (of: CaptureBucket, run: string, name: string, manifest: Json): Call => ({
  service: 's3', operation: 'PutObject', identity: nameOf(of), retry: 'named', purpose: 'write the manifest beside the data',
  input: { ...owned(nameOf(of), of.account), Key: manifestKey(run, name), Body: JSON.stringify(manifest), ContentType: 'application/json', IfNoneMatch: '*', ...encryptionOf(of) },
});

/** Reads one manifest; the answer's `Body` is its text, null where there is none. */
export const readManifestCall = (of: CaptureBucket, run: string, name: string): ReadCall => ({
  service: 's3', operation: 'GetObject', input: { ...owned(nameOf(of), of.account), Key: manifestKey(run, name) }, absent: ['NoSuchKey'],
});

const secretKey = (name: string): string => `secrets/${name}`;

/** Keeps a text under a name. The text itself is no part of the call: it is resolved where it is sent. */
export const keepText = (of: CaptureBucket, name: string): Call => ({
  service: 's3', operation: 'PutObject', identity: nameOf(of), retry: 'absolute', purpose: 'keep a sensitive text, encrypted',
  input: { ...owned(nameOf(of), of.account), Key: secretKey(name), Body: { $secret: { captured: name } }, ContentType: 'text/plain; charset=utf-8', ...encryptionOf(of) },
});

/** Reads a kept text; the answer's `Body` is the text, null where there is none. */
export const readText = (of: CaptureBucket, name: string): ReadCall => ({
  service: 's3', operation: 'GetObject', input: { ...owned(nameOf(of), of.account), Key: secretKey(name) }, absent: ['NoSuchKey'],
});
