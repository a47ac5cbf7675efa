import type { AwsReader } from '../../../src/domain/call.ts';
import type { AwsError } from '../../../src/base/error.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import { compact, listOf, objectOf, textOf } from '../../aws/values/fields.ts';
import { attempt, bounded, pieces } from '../../aws/values/batches.ts';
import { allPages } from '../pages.ts';

/** Snapshots and automated backups of many databases, or why they could not be read. */
export type Backups =
  | { readonly snapshots: readonly JsonObject[]; readonly automated: readonly JsonObject[] }
  | { readonly error: AwsError };

/** Databases per filter; RDS documents no limit, EC2's is 200. */
const filterValues = 100;

/** Reads the backups of databases by identifier, a hundred databases per call. Never throws AwsError. */
export async function readBackups(
  aws: AwsReader,
  identities: readonly string[],
): Promise<ReadonlyMap<string, Backups>> {
  const chunks = await bounded(pieces(identities, filterValues), async (some) => {
    const input = { Filters: [{ Name: 'db-instance-id', Values: [...some] }] };
    const backups = await attempt(
      Promise.all([
        allPages(aws, 'DescribeDBSnapshots', input, 'DBSnapshots'),
        allPages(aws, 'DescribeDBInstanceAutomatedBackups', input, 'DBInstanceAutomatedBackups'),
      ]),
    );
    return some.map((identity): readonly [string, Backups] => {
      const of = (list: readonly JsonObject[]): readonly JsonObject[] =>
        list.filter((item) => textOf(item['DBInstanceIdentifier'])?.toLowerCase() === identity);
      return [
        identity,
        backups.ok ? { snapshots: of(backups.value[0]), automated: of(backups.value[1]) } : { error: backups.error },
      ];
    });
  });
  return new Map(chunks.flat());
}

const ours = (snapshot: JsonObject): boolean => listOf(snapshot['TagList']).some((tag) => tag['Key'] === 'aiplan:op');
const some = (list: readonly unknown[]): string => (list.length === 0 ? 'none' : 'some');

/**
 * The live resource with what its backups say. In `binding` only whether there are some, captures of aiplan left out:
 * their number grows by itself every day; counts and times are observations.
 */
export function withBackups(live: LiveResource, backups: Backups): LiveResource {
  if ('error' in backups) {
    return {
      ...live,
      detailed: true,
      binding: { ...live.binding, backups: 'unknown' },
      observed: { ...live.observed, backups: `unknown (${backups.error.code})` },
    };
  }
  const manual = backups.snapshots.filter((snapshot) => snapshot['SnapshotType'] === 'manual');
  const automated = backups.snapshots.filter((snapshot) => snapshot['SnapshotType'] === 'automated');
  const retained = backups.automated.filter((backup) => backup['Status'] === 'retained');
  const current = backups.automated.find((backup) => backup['Status'] !== 'retained');
  const times = backups.snapshots.flatMap((snapshot) => textOf(snapshot['SnapshotCreateTime']) ?? []).toSorted();
  return {
    ...live,
    detailed: true,
    binding: {
      ...live.binding,
      backups: { manual: some(manual.filter((snapshot) => !ours(snapshot))), automated: some(automated) },
    },
    observed: {
      ...live.observed,
      ...compact({
        manualSnapshots: manual.filter((snapshot) => !ours(snapshot)).length,
        aiplanSnapshots: manual.filter(ours).length === 0 ? undefined : manual.filter(ours).length,
        automatedSnapshots: automated.length,
        newestSnapshot: times.at(-1),
        earliestRestorable: objectOf(current?.['RestoreWindow'])['EarliestTime'],
        latestRestorable: objectOf(current?.['RestoreWindow'])['LatestTime'] ?? live.observed['latestRestorable'],
        retainedBackups: retained.length,
      }),
    },
  };
}
