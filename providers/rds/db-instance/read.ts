import type { AwsReader } from '../../../src/domain/call.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import type { ReadFailure } from '../../../src/domain/live.ts';
import type { ReadQuery, ReadResult } from '../../../src/domain/resource-type.ts';
import { attempt, bounded, pieces } from '../../aws/values/batches.ts';
import { readBackups, withBackups } from './evidence.ts';
import { DB_INSTANCE } from './fields.ts';
import { liveOf } from './shape.ts';
import { allPages } from '../pages.ts';

/**
 * Identifiers per `db-instance-id` filter (DescribeDBInstances): one page of a hundred records answers a full filter.
 */
const filterValues = 100;

/**
 * DescribeDBInstances, by pages for all, by filter for some; a filter value that names nothing is no error, so an
 * identity missing from the complete answer does not exist. Evidence (snapshots, automated backups) for the detailed
 * ones.
 */
export async function readDBInstances(aws: AwsReader, query: ReadQuery): Promise<ReadResult> {
  const asked = new Map(query.identities.map((identity) => [identity.toLowerCase(), identity]));
  const failures: ReadFailure[] = [];
  const failed = new Set<string>();
  const raw = new Map<string, JsonObject>();
  const reads = query.all ? [undefined] : pieces([...asked.keys()], filterValues);
  await bounded(reads, async (some) => {
    const answer = await attempt(
      allPages(
        aws,
        'DescribeDBInstances',
        some === undefined ? {} : { Filters: [{ Name: 'db-instance-id', Values: [...some] }] },
        'DBInstances',
      ),
    );
    if (answer.ok) {
      for (const instance of answer.value) raw.set(String(instance['DBInstanceIdentifier']).toLowerCase(), instance);
      return;
    }
    const { code, message } = answer.error;
    for (const identity of some ?? asked.keys()) failed.add(identity);
    failures.push(
      ...(some === undefined ? [null] : some.map((identity) => asked.get(identity) ?? identity)).map((identity) => ({
        type: DB_INSTANCE,
        identity,
        code,
        message,
      })),
    );
  });
  const detailed = [...query.detailed]
    .map((identity) => identity.toLowerCase())
    .filter((identity) => raw.has(identity));
  const backups = await readBackups(aws, detailed);
  return {
    resources: [...raw].map(([identity, instance]) => {
      const live = liveOf(instance);
      const evidence = backups.get(identity);
      return evidence === undefined ? live : withBackups(live, evidence);
    }),
    absent: [...asked]
      .filter(([identity]) => !raw.has(identity) && !failed.has(identity))
      .map(([, identity]) => identity),
    failures,
  };
}
