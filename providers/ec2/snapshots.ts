import { until, type Program } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { listOf, numberOf, textOf } from '../aws/values/fields.ts';
import { filtered } from './paging.ts';

/** By filter: a snapshot that AWS does not know yet makes a shorter answer, not an error. */
export const describeSnapshots = (ids: readonly string[]) =>
  ({
    service: 'ec2',
    operation: 'DescribeSnapshots',
    input: { ...filtered('snapshot-id', ids), OwnerIds: ['self'] },
  }) as const;

/** `Progress` of a snapshot: a text such as `42%`. */
const percentOf = (snapshot: JsonObject): number => Number.parseInt(textOf(snapshot['Progress']) ?? '0', 10) || 0;

/** Waits until all snapshots are complete, and answers them. Only then is their data safe (CreateSnapshot). */
export function* untilSnapshots(ids: readonly string[], what: string): Program<readonly JsonObject[]> {
  const answer = yield* until({
    what: `${what} completed`,
    read: describeSnapshots(ids),
    judge: (found) => {
      const snapshots = listOf(found?.['Snapshots']);
      const broken = snapshots.find((snapshot) => snapshot['State'] === 'error');
      if (broken !== undefined)
        return {
          state: 'failed',
          reason: `${textOf(broken['SnapshotId']) ?? ''} failed: ${textOf(broken['StateMessage']) ?? 'no reason given'}`,
        };
      const done = ids.filter((id) =>
        snapshots.some((snapshot) => snapshot['SnapshotId'] === id && snapshot['State'] === 'completed'),
      );
      if (done.length === ids.length) return { state: 'done' };
      const percent =
        snapshots.length === 0 ? 0 : snapshots.reduce((sum, snapshot) => sum + percentOf(snapshot), 0) / ids.length;
      return { state: 'pending', detail: `${done.length} of ${ids.length}`, percent };
    },
  });
  return listOf(answer?.['Snapshots']);
}

/** The earliest start: every write up to then is in all of them. Null for none. */
export const earliest = (snapshots: readonly JsonObject[]): string | null =>
  snapshots
    .map((snapshot) => textOf(snapshot['StartTime']))
    .filter((time) => time !== undefined)
    .toSorted()[0] ?? null;

/** Why a snapshot does not hold its volume; one sentence each. `snapshot` is what DescribeSnapshots tells of it. */
export function snapshotProblems(
  id: string,
  snapshot: JsonObject | undefined,
  volume: { readonly volume: string; readonly size: number | undefined; readonly encrypted: boolean | undefined },
): readonly string[] {
  if (snapshot === undefined) return [`snapshot ${id} of ${volume.volume} is not there`];
  const problems: string[] = [];
  if (snapshot['State'] !== 'completed')
    problems.push(`snapshot ${id} is ${textOf(snapshot['State']) ?? 'in an unknown state'}, not completed`);
  const size = numberOf(snapshot['VolumeSize']);
  if (volume.size === undefined || size === undefined || size < volume.size)
    problems.push(`snapshot ${id} is of ${size ?? '?'} GiB, ${volume.volume} has ${volume.size ?? '?'}`);
  if (snapshot['VolumeId'] !== undefined && snapshot['VolumeId'] !== volume.volume)
    problems.push(`snapshot ${id} is of ${textOf(snapshot['VolumeId']) ?? ''}, not of ${volume.volume}`);
  const encrypted = snapshot['Encrypted'] === true;
  if (volume.encrypted !== undefined && encrypted !== volume.encrypted)
    problems.push(`snapshot ${id} is ${encrypted ? '' : 'not '}encrypted, unlike ${volume.volume}`);
  return problems;
}
