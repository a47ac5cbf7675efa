import { look, type Program } from '../../../src/domain/call.ts';
import { isObject, type Json, type JsonObject } from '../../../src/base/json.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import { backupsOf } from './capture-expiry.ts';
import type { Capture } from '../../../src/domain/capture-plan.ts';

/** Whose backups they have to be. */
export interface BackupClaim {
  readonly account: string;
  readonly run: string;
  /** Value of the tag `aiplan:op` of the step. */
  readonly op: string;
  /** The resource as it was captured. */
  readonly live: LiveResource;
  /**
   * Nothing but the capture bucket speaks for the capture: its backups must then carry the tags of the run and step.
   */
  readonly byTags: boolean;
}

const text = (value: Json | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
const objects = (value: Json | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : [];
const tagsIn = (list: Json | undefined): ReadonlyMap<string, string> =>
  new Map(objects(list).map((tag) => [String(tag['Key']), String(tag['Value'])]));

/** One backup as AWS tells it now. */
interface Told {
  readonly id: string;
  readonly owner: string | undefined;
  readonly created: string | undefined;
  readonly source: string | undefined;
  readonly tags: ReadonlyMap<string, string>;
  readonly isFinal: boolean;
}

/**
 * When AWS made each backup of a capture, by id or name: what a restore holds against AWS, because a name can be given
 * again.
 */
export const boundTimes = (
  items: readonly { readonly id: string | undefined; readonly created: Json | undefined }[],
): JsonObject =>
  Object.fromEntries(
    items.flatMap(({ id, created }) => (id === undefined || typeof created !== 'string' ? [] : [[id, created]])),
  );

/**
 * Why images and snapshots that a capture names are not what was taken, one sentence each: another account owns them,
 * AWS made them at another time than the capture recorded, a snapshot under the name is of another database, or they
 * are of another run. The preflight of the restore, not this check, reports what does not exist. Reads only. Throws
 * AwsError. Sources: DescribeImages (OwnerId, CreationDate), DescribeSnapshots (OwnerId, StartTime),
 * DescribeDBSnapshots (DBSnapshotArn, SnapshotCreateTime, DbiResourceId).
 */
export function* backupProblems({ refs }: Pick<Capture, 'refs'>, claim: BackupClaim): Program<readonly string[]> {
  const told = yield* tellOf(refs);
  const bound = isObject(refs['bound']) ? refs['bound'] : {};
  return told.flatMap(({ id, owner, created, source, tags, isFinal }) => {
    const recorded = text(bound[id]);
    if (owner !== undefined && owner !== claim.account)
      return [`${id} belongs to account ${owner}, not to ${claim.account}`];
    if (recorded !== undefined && created !== undefined && Date.parse(recorded) !== Date.parse(created))
      return [`${id} was made at ${created}, and the one of the capture at ${recorded}: another has its name now`];
    const former = text(claim.live.attributes['DbiResourceId']);
    if (source !== undefined && former !== undefined && source !== former)
      return [`${id} is of the database ${source}, not of ${former}`];
    // AWS takes a final snapshot by itself; it gets its tags later, and its source proves it.
    if (!claim.byTags || (isFinal && source !== undefined && source === former)) return [];
    if (tags.get('aiplan:run') !== claim.run || tags.get('aiplan:op') !== claim.op)
      return [`${id} does not carry the tags of run ${claim.run} and this step: it is not what that run took`];
    return [];
  });
}

function* tellOf(refs: JsonObject): Program<readonly Told[]> {
  const backups = backupsOf({ refs });
  const told: Told[] = [];
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
    for (const item of objects(answer?.['DBSnapshots'])) {
      told.push({
        id: name,
        owner: text(item['DBSnapshotArn'])?.split(':')[4],
        created: text(item['SnapshotCreateTime']),
        source: text(item['DbiResourceId']),
        tags: tagsIn(item['TagList']),
        isFinal: name === refs['final'],
      });
    }
  }
  for (const [operation, list, filter, ids] of [
    ['DescribeImages', 'Images', 'image-id', backups.images],
    ['DescribeSnapshots', 'Snapshots', 'snapshot-id', backups.snapshots],
  ] as const) {
    if (ids.length === 0) continue;
    const answer = yield* look(
      { service: 'ec2', operation, input: { Filters: [{ Name: filter, Values: [...ids] }] } },
      {},
    );
    for (const item of objects(answer?.[list])) {
      told.push({
        id: text(item['ImageId']) ?? text(item['SnapshotId']) ?? '',
        owner: text(item['OwnerId']),
        created: text(item['CreationDate']) ?? text(item['StartTime']),
        source: undefined,
        tags: tagsIn(item['Tags']),
        isFinal: false,
      });
    }
  }
  return told;
}
