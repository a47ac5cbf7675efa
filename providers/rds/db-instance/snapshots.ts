import { look, type Program } from '../../../src/domain/call.ts';
import { AwsError } from '../../../src/base/error.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import { listOf, numberOf, textOf } from '../../aws/values/fields.ts';
import { BROKEN } from './rules.ts';
import { lookAtAllPages } from '../pages.ts';

/** Names of RDS: no two hyphens in a row, none at the end. */
const tidy = (name: string, length: number): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/gu, '-')
    .replace(/-{2,}/gu, '-')
    .slice(0, length)
    .replace(/-+$/u, '');

/** The name of the snapshot that is taken before the step (CreateDBSnapshot: at most 255 characters). */
export const snapshotName = (captureName: string): string => tidy(captureName, 240);

/** The name of the snapshot that DeleteDBInstance takes. */
export const finalSnapshotName = (captureName: string): string => `${snapshotName(captureName)}-final`;

/** The name under which a leftover is moved aside: at most 63 characters, the run never cut off. */
export function asideName(identity: string, run: string): string {
  const suffix = `-aiplan-${tidy(run, 40)}`;
  return `${tidy(identity, 63 - suffix.length)}${suffix}`;
}

/** Why AWS refuses a final snapshot of this database, or null (DeleteDBInstance, SkipFinalSnapshot). */
export function noFinalSnapshot(live: LiveResource): string | null {
  const replicaOf = live.binding['replicaOf'];
  if (BROKEN.includes(live.state)) return `AWS takes no snapshot of a database that is "${live.state}"`;
  if (replicaOf !== undefined && replicaOf !== null)
    return `it is a read replica of ${String(replicaOf)}: AWS takes no final snapshot of one, and its replication cannot be restored`;
  if (textOf(live.properties['Engine'])?.startsWith('custom-') === true)
    return 'it is an RDS Custom instance: AWS takes no final snapshot of one';
  return clusterOf(live) === undefined
    ? null
    : `it is a member of the Aurora cluster ${String(clusterOf(live))}: snapshots are taken of the cluster`;
}

/** The Aurora cluster that a database is a member of. */
export const clusterOf = (live: LiveResource): string | undefined => textOf(live.properties['DBClusterIdentifier']);

/** The quota of manual snapshots where DescribeAccountAttributes does not tell it ("Quotas for Amazon RDS"). */
const DEFAULT_QUOTA = 100;

/**
 * Whether `needed` more manual snapshots fit into the account's quota, by DescribeAccountAttributes
 * (`ManualSnapshots`), else by counting. Answers a problem, or null.
 */
export function* snapshotRoom(needed: number): Program<string | null> {
  let quota: JsonObject | undefined;
  try {
    const answer = yield* look({ service: 'rds', operation: 'DescribeAccountAttributes', input: {} });
    quota = listOf(answer?.['AccountQuotas']).find((entry) => entry['AccountQuotaName'] === 'ManualSnapshots');
  } catch (error) {
    if (
      !(error instanceof AwsError) ||
      error.kind === 'expired' ||
      error.kind === 'throttled' ||
      error.kind === 'network'
    )
      throw error;
  }
  const most = numberOf(quota?.['Max']) ?? DEFAULT_QUOTA;
  const used =
    numberOf(quota?.['Used']) ??
    (yield* lookAtAllPages('DescribeDBSnapshots', { SnapshotType: 'manual' }, 'DBSnapshots')).length;
  return used + needed <= most
    ? null
    : `${needed} manual DB snapshot${needed === 1 ? ' is' : 's are'} needed and ${used} of ${most} are in use: delete old ones or raise the quota "Manual DB instance snapshots"`;
}
