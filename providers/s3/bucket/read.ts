import type { AwsReader, ReadCall } from '../../../src/domain/call.ts';
import { digest } from '../../../src/base/digest.ts';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import type { LiveResource, ReadFailure } from '../../../src/domain/live.ts';
import type { ReadQuery, ReadResult } from '../../../src/domain/resource-type.ts';
import { isClosed, openedPolicy, opennessOf } from '../objects/closing.ts';
import { readPages, rowsOf } from '../configuration/configure.ts';
import { countingCap, listEntries, summaryOf } from '../objects/contents.ts';
import { listingOf } from '../rules/lifecycle.ts';
import { foreignGrants, LOG_DELIVERY } from '../configuration/acl.ts';
import { EXPORT_SERVICE, LOGGING_SERVICE, mayLetIn } from '../rules/deliveries.ts';
import { isSystemTag, subResources, type SubResource } from '../configuration/sub-resources.ts';
import { attempt, bounded, failureOf } from '../../aws/values/batches.ts';
import { bucketNameOf, compact, incarnationOf, objectOf, objectsOf, textOf } from '../configuration/values.ts';

const type = 'AWS::S3::Bucket';
/** Reads in flight at once; bucket configuration reads have unpublished limits and answer SlowDown. */
const width = 16;

/**
 * Buckets: one paged ListBuckets for all of them, then a read per sub-resource for those whose properties are asked for
 * (`query.properties`, by bucket or under `*` for every one; where all are read and nothing is said, their tags) or
 * that are wanted in detail. The contents are counted for a detailed bucket unless its properties are named without
 * LifecycleConfiguration and VersioningConfiguration.
 */
export async function readBuckets(aws: AwsReader, query: ReadQuery): Promise<ReadResult> {
  if (!query.all && query.identities.length === 0) return { resources: [], absent: [], failures: [] };
  const failures: ReadFailure[] = [];
  const listed = await listBuckets(aws);
  const wanted = query.all ? [...listed.keys()] : [...new Set(query.identities)].filter((name) => listed.has(name));
  const absent: string[] = [];
  await bounded(
    [...new Set(query.identities)].filter((name) => !listed.has(name)),
    async (name) => {
      const found = await attempt(
        aws.read({
          service: 's3',
          operation: 'HeadBucket',
          input: { Bucket: name },
          absent: ['NotFound', 'NoSuchBucket'],
        }),
      );
      if (found.ok && found.value === null) absent.push(name);
      else if (found.ok || found.error.code === 'AccessDenied' || found.error.code === 'PermanentRedirect') {
        failures.push({
          type,
          identity: name,
          code: 'not-owned',
          message: `the bucket name "${name}" belongs to another account`,
        });
      } else failures.push(failureOf(type, name, found.error));
    },
    width,
  );
  const near = new Set([...wanted.slice(0, MOST_ASKED), ...query.identities, ...query.detailed]);
  const all = query.properties?.get('*');
  const isAsked = (name: string): boolean => all === undefined || near.has(name);
  const tasks = wanted.filter(isAsked).flatMap((name) => rowsWanted(name, query).map((row) => ({ name, row })));
  const beyond = wanted.find((name) => !isAsked(name));
  if (all !== undefined && beyond !== undefined)
    failures.push({
      type,
      identity: beyond,
      code: 'not-asked',
      message: `the account has more than ${MOST_ASKED} buckets, and the others were not asked whether they write here`,
      properties: [...all],
    });
  /** Buckets of other regions, which alone can replicate here from there: logs and lists stay in their region. */
  const elsewhere = new Set<string>();
  const documents = new Map<string, Map<string, Json | 'unknown'>>(wanted.map((name) => [name, new Map()]));
  await bounded(
    tasks,
    async ({ name, row }) => {
      const read = await attempt(driven(aws, readPages(row, name, null)));
      documents.get(name)?.set(row.name, read.ok ? read.value : 'unknown');
      if (!read.ok && ELSEWHERE.test(read.error.code) && !query.identities.includes(name)) {
        if (row.name === 'replication') elsewhere.add(name);
      } else if (!read.ok) failures.push({ ...failureOf(type, name, read.error), properties: row.properties });
    },
    width,
  );
  const resources = await bounded(
    wanted,
    async (name) => {
      const bucket = listed.get(name) ?? {};
      // A listing with a parameter names the region; where it does not, only a bucket that is read whole, or whose
      // address is asked for, is worth a call.
      const isAsked =
        query.detailed.has(name) ||
        [...(query.properties?.get(name) ?? [])].some((property) => OF_REGION.has(property));
      const region = textOf(bucket['BucketRegion']) ?? (isAsked ? await regionOf(aws, name, failures) : undefined);
      const contents = countsContents(name, query) ? await contentsOf(aws, name, query, failures) : {};
      const found = documents.get(name) ?? new Map<string, Json | 'unknown'>();
      const others = query.detailed.has(name) && found.get('versioning') !== null ? fromElsewhere(elsewhere) : {};
      return liveOf(name, bucket, region, found, { ...contents, ...others }, query.detailed.has(name));
    },
    width,
  );
  return { resources, absent, failures };
}

/** Only a bucket that keeps versions is a destination (S3 User Guide, "Requirements and considerations for replication"). */
const fromElsewhere = (others: ReadonlySet<string>): JsonObject =>
  others.size === 0
    ? {}
    : { replicatedFrom: `unknown: ${others.size} buckets of other regions were not asked whether they copy here` };

async function listBuckets(aws: AwsReader): Promise<ReadonlyMap<string, JsonObject>> {
  const buckets = new Map<string, JsonObject>();
  let token: string | undefined;
  do {
    const answer: JsonObject =
      (await aws.read({
        service: 's3',
        operation: 'ListBuckets',
        input: compact({ MaxBuckets: 10_000, ContinuationToken: token }),
      })) ?? {};
    for (const bucket of objectsOf(answer['Buckets'])) buckets.set(textOf(bucket['Name']) ?? '', bucket);
    token = textOf(answer['ContinuationToken']);
  } while (token !== undefined);
  return buckets;
}

function rowsWanted(name: string, query: ReadQuery): readonly SubResource[] {
  if (query.detailed.has(name)) return subResources;
  const [own, every] = [query.properties?.get(name), query.properties?.get('*')];
  const properties = own === undefined && every === undefined && query.all ? TAGS : [...(own ?? []), ...(every ?? [])];
  return rowsOf(new Set(properties));
}

/** Of more buckets than this nobody asks to what others they write: of each it takes four reads. */
const MOST_ASKED = 1000;

/** What is read of each bucket where all are: a `find` and the search for a lost baseline go by tags. */
const TAGS: ReadonlySet<string> = new Set(['Tags']);
/** Attributes that need the bucket's region. */
const OF_REGION: ReadonlySet<string> = new Set(['Region', 'RegionalDomainName', 'DualStackDomainName', 'WebsiteURL']);
/** A bucket of another region answers so to this region's endpoint. */
const ELSEWHERE = /^(PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException)$/u;

function countsContents(name: string, query: ReadQuery): boolean {
  if (!query.detailed.has(name)) return false;
  const properties = query.properties?.get(name);
  return (
    properties === undefined ||
    properties.size === 0 ||
    properties.has('LifecycleConfiguration') ||
    properties.has('VersioningConfiguration')
  );
}

async function contentsOf(
  aws: AwsReader,
  name: string,
  query: ReadQuery,
  failures: ReadFailure[],
): Promise<JsonObject> {
  const read = await attempt(driven(aws, listEntries(name, null, { cap: countingCap })));
  if (!read.ok) {
    failures.push(failureOf(type, name, read.error));
    return { objects: 'unknown', versions: 'unknown', bytes: 'unknown' };
  }
  const { entries, complete } = read.value;
  const listing =
    query.properties?.get(name)?.has('LifecycleConfiguration') === true
      ? { listing: listingOf(entries, complete, query.now ?? null) }
      : {};
  return compact({ ...summaryOf(entries, complete), ...listing, countedAt: query.now });
}

async function regionOf(aws: AwsReader, name: string, failures: ReadFailure[]): Promise<string | undefined> {
  const read = await attempt(
    aws.read({ service: 's3', operation: 'HeadBucket', input: { Bucket: name }, absent: ['NotFound', 'NoSuchBucket'] }),
  );
  if (!read.ok) failures.push(failureOf(type, name, read.error));
  return read.ok ? textOf(read.value?.['BucketRegion']) : undefined;
}

function liveOf(
  name: string,
  bucket: JsonObject,
  region: string | undefined,
  documents: ReadonlyMap<string, Json | 'unknown'>,
  contents: JsonObject,
  detailed: boolean,
): LiveResource {
  const properties: Record<string, Json | undefined> = { BucketName: name };
  for (const row of subResources) {
    const document = documents.get(row.name);
    if (document !== undefined && document !== null && document !== 'unknown')
      Object.assign(properties, row.toProperties(document));
  }
  const tags = objectsOf(documents.get('tagging') ?? undefined);
  const tag = (key: string): string | undefined => textOf(tags.find((item) => item['Key'] === key)?.['Value']);
  const policy = textOf(documents.get('policy') ?? undefined) ?? null;
  return {
    type,
    identity: name,
    incarnation: incarnationOf({ ...bucket, Name: name }),
    properties:
      documents.size > 0 && documents.has('tagging') && documents.get('tagging') === null
        ? { ...properties, Tags: {} }
        : properties,
    attributes: attributesOf(name, region),
    systemTags: Object.fromEntries(
      tags
        .filter((item) => isSystemTag(textOf(item['Key']) ?? ''))
        .map((item) => [textOf(item['Key']) ?? '', textOf(item['Value']) ?? '']),
    ),
    state: 'present',
    pending: {},
    binding: bindingOf(documents, tag),
    observed: compact({
      created: bucket['CreationDate'],
      creator: tag('creator') ?? tag('CreatedBy') ?? tag('created-by') ?? tag('aws:createdBy'),
      ...contents,
      ...(detailed ? { lastUse: 'unknown' } : {}),
      ...(policy !== null && policy !== 'unknown' && isClosed(policy) ? { closed: 'closed to writes by aiplan' } : {}),
    }),
    detailed,
  };
}

function attributesOf(name: string, region: string | undefined): JsonObject {
  const china = region?.startsWith('cn-') === true;
  const arn = `arn:${china ? 'aws-cn' : region?.startsWith('us-gov-') === true ? 'aws-us-gov' : 'aws'}:s3:::${name}`;
  const domain = china ? 'amazonaws.com.cn' : 'amazonaws.com';
  // Website endpoints of older regions have a dash before the region (AWS General Reference, "Amazon S3 website
  // endpoints").
  const dash = /^(us-east-1|us-west-[12]|ap-southeast-[12]|ap-northeast-1|eu-west-1|sa-east-1|us-gov-west-1)$/u.test(
    region ?? '',
  );
  return compact({
    Arn: arn,
    DomainName: `${name}.s3.${domain}`,
    Region: region,
    ...(region === undefined
      ? {}
      : {
          RegionalDomainName: `${name}.s3.${region}.${domain}`,
          DualStackDomainName: `${name}.s3.dualstack.${region}.${domain}`,
          WebsiteURL: `http://${name}.s3-website${dash ? '-' : '.'}${region}.${domain}`,
        }),
  });
}

/**
 * The facts that a confirmation binds to, of what was read. The statement that closes a bucket is left out of the
 * policy: the facts are the same before and after aiplan closed it.
 */
function bindingOf(
  documents: ReadonlyMap<string, Json | 'unknown'>,
  tag: (key: string) => string | undefined,
): JsonObject {
  const fact = (row: string, judge: (document: Json) => Json): Json | undefined => {
    const document = documents.get(row);
    return document === undefined ? undefined : document === 'unknown' ? 'unknown' : judge(document);
  };
  const stack = tag('aws:cloudformation:stack-name');
  return compact({
    versioning: fact('versioning', (document) =>
      objectOf(document)['MFADelete'] === 'Enabled'
        ? 'Enabled, deletion needs MFA'
        : (objectOf(document)['Status'] ?? 'never'),
    ),
    objectLock: fact('objectLock', (document) =>
      document === null ? 'none' : (objectOf(objectOf(objectOf(document)['Rule'])['DefaultRetention'])['Mode'] ?? 'on'),
    ),
    policy: fact('policy', (document) => {
      const original = openedPolicy(textOf(document) ?? null);
      return original === null
        ? 'none'
        : { digest: digest(JSON.parse(original) as Json), access: opennessOf(original) };
    }),
    acl: fact('acl', (document) => {
      const others = foreignGrants(document);
      return others.length === 0 ? 'private' : others;
    }),
    logDelivery: logDeliveryOf(documents.get('acl'), documents.get('policy')),
    exportDelivery: exportDeliveryOf(documents.get('policy')),
    publicAccessBlock: fact('publicAccessBlock', (document) => (document === null ? 'none' : document)),
    encrypted: fact('encryption', (document) => {
      const rule = objectOf(objectsOf(objectOf(document)['Rules'])[0]?.['ApplyServerSideEncryptionByDefault']);
      return document === null
        ? 'none'
        : [rule['SSEAlgorithm'], rule['KMSMasterKeyID']].filter((item) => typeof item === 'string').join(' ');
    }),
    replicatesTo: fact('replication', (document) =>
      document === null
        ? 'nothing'
        : objectsOf(objectOf(document)['Rules']).map((rule) =>
            bucketNameOf(textOf(objectOf(rule['Destination'])['Bucket']) ?? 'unknown'),
          ),
    ),
    owner:
      documents.get('tagging') === 'unknown'
        ? 'unknown'
        : stack === undefined
          ? undefined
          : `CloudFormation stack ${stack}`,
  });
}

/**
 * Whether S3 may write access logs of other buckets here, by the list or the policy: every bucket that others log into
 * lets it. Undefined: it may not, or neither was read.
 */
function logDeliveryOf(acl: Json | undefined, policy: Json | undefined): Json | undefined {
  if (acl === undefined && policy === undefined) return undefined;
  if (acl === 'unknown' || policy === 'unknown') return 'unknown';
  const byList = foreignGrants(acl).some((grant) => grant.startsWith(LOG_DELIVERY));
  return byList || mayLetIn(openedPolicy(textOf(policy) ?? null), LOGGING_SERVICE) ? 'allowed' : undefined;
}

/** Whether S3 may write inventories and analyses of other buckets here. Undefined: it may not, or that was not read. */
function exportDeliveryOf(policy: Json | undefined): Json | undefined {
  if (policy === undefined) return undefined;
  if (policy === 'unknown') return 'unknown';
  return mayLetIn(openedPolicy(textOf(policy) ?? null), EXPORT_SERVICE) ? 'allowed' : undefined;
}

async function driven<Result>(aws: AwsReader, pages: Generator<ReadCall, Result, JsonObject | null>): Promise<Result> {
  let step = pages.next();
  while (step.done !== true) step = pages.next(await aws.read(step.value));
  return step.value;
}
