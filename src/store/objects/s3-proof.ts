import { AwsError } from '../../base/error.ts';
import type { StoreFacts } from '../../domain/records/store.ts';
import type { BucketFacts, StoreBucket } from '../../domain/records/store-bucket.ts';
import { patiently, type Patience } from './s3-objects.ts';

const bucketName = (place: string): string => place.slice('s3://'.length).split('/')[0] ?? '';

/** The command that has the bucket of a store keep versions. */
export const versioningCommand = (place: string): string =>
  `aws s3api put-bucket-versioning --bucket ${bucketName(place)} --versioning-configuration Status=Enabled`;

/** The commands that make the bucket of a store; docs/shared-store.md says more. */
const makingCommand = (place: string): string => `aws s3 mb s3://${bucketName(place)} && ${versioningCommand(place)}`;

export interface ProofOptions {
  readonly place: string;
  readonly spool: string;
  /** A name that no probe had before. */
  readonly name: string;
  readonly patience: Patience;
}

/** One thing that a store does, with the operation and the permission that it takes. */
interface Attempt {
  readonly operation: string;
  readonly permission: string;
  readonly work: () => Promise<string | null>;
}

/**
 * Proves a store by doing all that a store does, under the name of a probe, which stays as everything does that is
 * written there: a write where nothing is, the same once more, which must be refused, a read, a write over what was
 * read, one over something else, which must be refused, a list, and the list of versions. Each denial is reported with
 * its operation and permission.
 */
export async function provedStore(
  bucket: StoreBucket,
  { place, spool, name, patience }: ProofOptions,
): Promise<StoreFacts> {
  const key = `probes/${name}.json`;
  const [first, second] = [`{"probe":"${name}"}\n`, `{"probe":"${name}","again":true}\n`];
  const found: { known: BucketFacts | null } = { known: null };
  let etag: string | null = null;
  let written = false;
  const attempts: readonly Attempt[] = [
    {
      operation: 'GetBucketVersioning',
      permission: 's3:GetBucketVersioning and s3:GetBucketObjectLockConfiguration',
      async work() {
        found.known = await bucket.facts();
        return null;
      },
    },
    {
      operation: 'PutObject',
      permission: 's3:PutObject',
      async work() {
        const put = await bucket.put(key, first, { kind: 'absent' });
        written = true;
        if (put.stored) etag = put.etag;
        return null;
      },
    },
    {
      operation: 'PutObject',
      permission: 's3:PutObject',
      async work() {
        return written && (await bucket.put(key, second, { kind: 'absent' })).stored
          ? 'a write that may only make an object overwrote one: If-None-Match is not honoured there'
          : null;
      },
    },
    {
      operation: 'GetObject',
      permission: 's3:GetObject',
      async work() {
        const read = await bucket.get(key);
        if (!written) return null;
        etag ??= read?.etag ?? null;
        return read?.text === first ? null : 'an object that was written is not read back as it was written';
      },
    },
    {
      operation: 'PutObject',
      permission: 's3:PutObject',
      async work() {
        if (etag === null) return null;
        if (!(await bucket.put(key, second, { kind: 'unchanged', etag })).stored)
          return 'a write over the object that was read was refused: If-Match is not honoured there';
        return (await bucket.put(key, first, { kind: 'unchanged', etag })).stored
          ? 'a write over an object that had changed was carried out: If-Match is not honoured there'
          : null;
      },
    },
    {
      operation: 'ListObjectsV2',
      permission: 's3:ListBucket',
      async work() {
        const names = await bucket.list('probes');
        return !written || names.includes(`${name}.json`) ? null : 'an object that was written is not in the list';
      },
    },
    {
      operation: 'ListObjectVersions',
      permission: 's3:ListBucketVersions',
      async work() {
        await bucket.rewritten();
        return null;
      },
    },
  ];
  const problems: string[] = [];
  for (const { operation, permission, work } of attempts) {
    try {
      const problem = await patiently(work, patience);
      if (problem !== null) problems.push(problem);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      if (error.code === 'NoSuchBucket')
        return {
          facts: [place],
          problems: [`the bucket "${bucketName(place)}" does not exist (NoSuchBucket): ${makingCommand(place)}`],
          isMissing: true,
        };
      const text = `${operation} is refused (${error.code}: ${error.message}); it needs ${permission}`;
      if (!problems.includes(text))
        problems.push(error.kind === 'denied' ? text : `${operation} failed (${error.code}: ${error.message})`);
    }
  }
  const { facts, problems: wrong } =
    found.known === null ? { facts: [place], problems: [] } : factsOf(place, found.known, spool);
  const proof =
    problems.length === 0 ? ['written, read, listed and written over under its conditions by a probe just now'] : [];
  return { facts: [...facts, ...proof], problems: [...problems, ...wrong] };
}

/** The state of a bucket in sentences, and its problems. */
export function factsOf(place: string, { versioning, objectLock }: BucketFacts, spool: string): StoreFacts {
  const lock =
    objectLock === null
      ? 'no Object Lock: who may delete versions can take records away, and `aiplan audit verify` then says so'
      : objectLock.retention === null
        ? 'Object Lock is on, without a default retention: records are not held by it'
        : `Object Lock holds every record: ${objectLock.retention}`;
  return {
    facts: [
      `${place}, shared by everybody who may write there: its locks and its marks of what was spent hold on every machine`,
      `versioning ${versioning}`,
      lock,
      `what cannot be stored there is kept in "${spool}"`,
    ],
    problems: versioning === 'Enabled' ? [] : [`the bucket does not keep versions: ${versioningCommand(place)}`],
  };
}
