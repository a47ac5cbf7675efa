import { look, send, type Program } from '../../../src/domain/call.ts';
import { AwsError } from '../../../src/base/error.ts';
import { isObject, type Json, type JsonObject } from '../../../src/base/json.ts';
import type { Capture } from '../../../src/domain/capture-plan.ts';

const text = (value: Json | undefined): string | null => (typeof value === 'string' && value !== '' ? value : null);
const objects = (value: Json | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : [];

/** The exact backups that a capture consists of, by kind. DB snapshots by name, the others by id. */
export interface Backups {
  readonly dbSnapshots: readonly string[];
  readonly images: readonly string[];
  readonly snapshots: readonly string[];
  readonly copies: { readonly bucket: string; readonly prefix: string } | null;
}

/** The backups that a capture's references name. */
export function backupsOf({ refs }: Pick<Capture, 'refs'>): Backups {
  const snapshot = text(refs['snapshot']);
  const several = objects(refs['snapshots'])
    .map((item) => text(item['SnapshotId']))
    .filter((id) => id !== null);
  const store = text(refs['store']);
  const prefix = text(refs['prefix']);
  return {
    dbSnapshots: [
      ...(snapshot !== null && !snapshot.startsWith('snap-') ? [snapshot] : []),
      text(refs['final']),
    ].filter((name) => name !== null),
    images: [text(refs['image'])].filter((id) => id !== null),
    snapshots: [...(snapshot?.startsWith('snap-') === true ? [snapshot] : []), ...several],
    copies: store !== null && prefix !== null ? { bucket: store, prefix } : null,
  };
}

/** Ids as `Permit.expireCaptures` takes them; `keys` are the copies' keys from `copiesIn`. */
export const permitted = (backups: Backups, keys: readonly string[]): readonly string[] => [
  ...backups.dbSnapshots,
  ...backups.images,
  ...backups.snapshots,
  ...keys.map((key) => `s3://${backups.copies?.bucket ?? ''}/${key}`),
];

/** Keys of the object copies of a capture. Reads only. Throws AwsError. */
export function* copiesIn({ copies }: Backups, account: string): Program<readonly string[]> {
  const keys: string[] = [];
  if (copies === null) return keys;
  for (let token: string | undefined; ;) {
    const answer: JsonObject | null = yield* look(
      {
        service: 's3',
        operation: 'ListObjectsV2',
        input: {
          Bucket: copies.bucket,
          Prefix: copies.prefix,
          ExpectedBucketOwner: account,
          ...(token === undefined ? {} : { ContinuationToken: token }),
        },
      },
      {},
    );
    for (const item of objects(answer?.['Contents'])) keys.push(String(item['Key']));
    token = text(answer?.['NextContinuationToken']) ?? undefined;
    if (token === undefined) return keys;
  }
}

/**
 * Removes the backups of one capture: DeleteDBSnapshot, DeregisterImage before DeleteSnapshot (a snapshot of a
 * registered image is refused, `InvalidSnapshot.InUse`), DeleteObject without a version id, so that a copy stays behind
 * its marker for the capture bucket's grace period. A backup that is gone already is no error.
 */
export function* expire(backups: Backups, keys: readonly string[], account: string): Program {
  for (const name of backups.dbSnapshots)
    yield* gently(
      send({
        service: 'rds',
        operation: 'DeleteDBSnapshot',
        identity: name,
        retry: 'absolute',
        purpose: `remove the expired snapshot ${name}`,
        input: { DBSnapshotIdentifier: name },
      }),
    );
  for (const id of backups.images)
    yield* gently(
      send({
        service: 'ec2',
        operation: 'DeregisterImage',
        identity: id,
        retry: 'absolute',
        purpose: `remove the expired image ${id}`,
        input: { ImageId: id },
      }),
    );
  for (const id of backups.snapshots)
    yield* gently(
      send({
        service: 'ec2',
        operation: 'DeleteSnapshot',
        identity: id,
        retry: 'absolute',
        purpose: `remove the expired snapshot ${id}`,
        input: { SnapshotId: id },
      }),
    );
  const { copies } = backups;
  if (copies === null) return;
  for (const key of keys) {
    yield* gently(
      send({
        service: 's3',
        operation: 'DeleteObject',
        identity: copies.bucket,
        retry: 'absolute',
        purpose: `remove the expired copy ${key}`,
        input: { Bucket: copies.bucket, Key: key, ExpectedBucketOwner: account },
      }),
    );
  }
}

function* gently(program: Program<JsonObject>): Program {
  try {
    yield* program;
  } catch (error) {
    if (!(error instanceof AwsError) || error.kind !== 'absent') throw error;
  }
}

const tagsOf = (item: JsonObject, list: string): ReadonlyMap<string, string> =>
  new Map(objects(item[list]).map((tag) => [String(tag['Key']), String(tag['Value'])]));

/** The conditions before a backup may be removed: the capture's run and step, its bucket, and the time now (ISO). */
export interface Claim {
  readonly run: string;
  readonly step: string;
  readonly bucket: string;
  readonly now: string;
}

/**
 * Why backups that a journal names are not removed, one sentence each; empty: they are this run's own and have expired.
 * A journal proves nothing (law 13): each backup that is still there must carry the tags that the capture gave it, and
 * copies lie only in the capture bucket, under the step's own prefix. Reads only. Throws AwsError.
 */
export function* unproven(backups: Backups, claim: Claim): Program<readonly string[]> {
  const found: (readonly [string, ReadonlyMap<string, string>])[] = [];
  for (const name of backups.dbSnapshots) {
    const answer = yield* look(
      {
        service: 'rds',
        operation: 'DescribeDBSnapshots',
        input: { DBSnapshotIdentifier: name },
        absent: ['DBSnapshotNotFound'],
      },
      {},
    );
    found.push(...objects(answer?.['DBSnapshots']).map((item) => [name, tagsOf(item, 'TagList')] as const));
  }
  for (const id of backups.images) {
    const answer = yield* look(
      {
        service: 'ec2',
        operation: 'DescribeImages',
        input: { Filters: [{ Name: 'image-id', Values: [id] }], Owners: ['self'] },
      },
      {},
    );
    found.push(...objects(answer?.['Images']).map((item) => [id, tagsOf(item, 'Tags')] as const));
  }
  for (const id of backups.snapshots) {
    const answer = yield* look(
      {
        service: 'ec2',
        operation: 'DescribeSnapshots',
        input: { Filters: [{ Name: 'snapshot-id', Values: [id] }], OwnerIds: ['self'] },
      },
      {},
    );
    found.push(...objects(answer?.['Snapshots']).map((item) => [id, tagsOf(item, 'Tags')] as const));
  }
  const { copies } = backups;
  const elsewhere =
    copies !== null && (copies.bucket !== claim.bucket || copies.prefix !== `copies/${claim.run}/${claim.step}/`);
  return [
    ...found.flatMap(([id, tags]) => {
      if (tags.get('aiplan:run') !== claim.run)
        return [`${id} does not carry the tag "aiplan:run: ${claim.run}": it is not a capture of that run`];
      const expires = tags.get('aiplan:expires') ?? '';
      return Date.parse(expires) <= Date.parse(claim.now)
        ? []
        : [`${id} has not expired by its tag "aiplan:expires: ${expires}"`];
    }),
    ...(elsewhere ? [`"${copies.prefix}" in "${copies.bucket}" is not where the copies of run ${claim.run} lie`] : []),
  ];
}

/** Where a capture was begun, and what is known to belong to other captures of the same step. */
export interface Begun {
  readonly run: string;
  /** Value of the tag `aiplan:op`. */ readonly op: string;
  readonly others: ReadonlySet<string>;
}

/**
 * The parts of a capture that was begun and never read back, as references: by its name where the call gave it one,
 * else by the tags of its run and step, less what other captures of that step are. Empty references: AWS shows by a
 * complete reading that there is nothing. Reads only. Throws AwsError.
 */
export function* backupsBegun({ refs }: Pick<Capture, 'refs'>, { run, op, others }: Begun): Program<JsonObject> {
  switch (refs['begunBy']) {
    case 'rds:CreateDBSnapshot': {
      const name = text(refs['DBSnapshotIdentifier']) ?? '';
      const answer = yield* look(
        {
          service: 'rds',
          operation: 'DescribeDBSnapshots',
          input: { DBSnapshotIdentifier: name },
          absent: ['DBSnapshotNotFound'],
        },
        {},
      );
      return objects(answer?.['DBSnapshots']).length === 0 || others.has(name) ? {} : { snapshot: name };
    }
    case 'ec2:CreateImage': {
      const answer = yield* look(
        {
          service: 'ec2',
          operation: 'DescribeImages',
          input: {
            Owners: ['self'],
            Filters: [
              { Name: 'name', Values: [text(refs['Name']) ?? ''] },
              { Name: 'tag:aiplan:run', Values: [run] },
            ],
          },
        },
        {},
      );
      const image = objects(answer?.['Images']).find((item) => !others.has(String(item['ImageId'])));
      if (image === undefined) return {};
      const ids = objects(image['BlockDeviceMappings'])
        .map(({ Ebs }) => (isObject(Ebs) ? text(Ebs['SnapshotId']) : null))
        .filter((id) => id !== null && !others.has(id));
      return { image: text(image['ImageId']), snapshots: ids.map((SnapshotId) => ({ SnapshotId })) };
    }
    default: {
      const found: string[] = [];
      for (let token: string | undefined; ;) {
        const answer: JsonObject | null = yield* look(
          {
            service: 'ec2',
            operation: 'DescribeSnapshots',
            input: {
              OwnerIds: ['self'],
              MaxResults: 1000,
              Filters: [
                { Name: 'tag:aiplan:run', Values: [run] },
                { Name: 'tag:aiplan:op', Values: [op] },
              ],
              ...(token === undefined ? {} : { NextToken: token }),
            },
          },
          {},
        );
        found.push(
          ...objects(answer?.['Snapshots'])
            .map((item) => String(item['SnapshotId']))
            .filter((id) => !others.has(id)),
        );
        token = text(answer?.['NextToken']) ?? undefined;
        if (token === undefined) break;
      }
      return found.length === 0 ? {} : { snapshots: found.map((SnapshotId) => ({ SnapshotId })) };
    }
  }
}
