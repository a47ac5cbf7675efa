import { look, send, type Program } from '../../../src/domain/call.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import type { CaptureOperations, StepContext } from '../../../src/domain/resource-type.ts';
import { boundTimes } from '../../aws/values/capture-binding.ts';
import { gib, listOf, numberOf, propertyOf, textOf, textsOf } from '../../aws/values/fields.ts';
import { captureTags, tagList } from '../../aws/values/tags.ts';
import { subjectOf } from './programs.ts';
import { BROKEN } from './rules.ts';
import { databaseRestorable } from './restorable.ts';
import { restoreDatabase } from './restore.ts';
import { describeSnapshot, untilCapturable, untilSnapshot } from './states.ts';
import { clusterOf, finalSnapshotName, noFinalSnapshot, snapshotName } from './snapshots.ts';
import type { AttributeChange } from '../../../src/domain/attribute-change.ts';
import type { CapturePlan, Capture } from '../../../src/domain/capture-plan.ts';

/** Why no snapshot can be taken before this action, or null. */
function impossible(live: LiveResource, action: string): string | null {
  if (action !== 'update')
    return (
      noFinalSnapshot(live) ??
      (live.state === 'storage-full' ? 'AWS takes no snapshot of a database that is "storage-full"' : null)
    );
  return BROKEN.includes(live.state) || live.state === 'storage-full'
    ? `AWS takes no snapshot of a database that is "${live.state}"`
    : null;
}

/** Whether automated backups are there when it is deleted: retention 0, now or set before the deletion, means none. */
const keepsBackups = (live: LiveResource, changes: readonly AttributeChange[]): boolean =>
  numberOf(
    changes.find(({ path }) => path === 'BackupRetentionPeriod')?.after ?? live.properties['BackupRetentionPeriod'],
  ) !== 0;

const list = (names: readonly string[]): string => names.join(', ');

/** The parts that do not come back with the snapshot after a delete ("Restoring to a DB instance", RDS user guide). */
function lostByDelete(live: LiveResource, changes: readonly AttributeChange[]): readonly string[] {
  const replicas = textsOf(live.attributes['ReadReplicaDBInstanceIdentifiers']);
  const stack = live.systemTags['aws:cloudformation:stack-name'];
  return [
    'writes made while it is deleted: the final snapshot is its last moment',
    'its resource id (DbiResourceId): IAM policies for rds-db:connect, metrics and performance history that name it do not fit the restored database',
    keepsBackups(live, changes)
      ? 'recovery to a point in time before the deletion through the restored database (its automated backups are kept apart until their retention ends)'
      : 'recovery to any other point in time: there are no automated backups, only the snapshots that are taken now',
    ...(replicas.length === 0
      ? []
      : [`replication to ${list(replicas)}: a replica that is not deleted too becomes a database of its own`]),
    ...(live.properties['ManageMasterUserPassword'] === true
      ? ['the ARN of the secret with its master password: a restored database gets a new one']
      : []),
    ...(stack === undefined ? [] : [`its membership in the CloudFormation stack ${stack}`]),
  ];
}

const oneWay = new Set(['AllocatedStorage', 'EngineVersion', 'BackupRetentionPeriod']);

function plan(
  live: LiveResource,
  action: 'update' | 'replace' | 'delete',
  changes: readonly AttributeChange[],
): CapturePlan {
  const cluster = clusterOf(live);
  const refused = impossible(live, action);
  if (refused !== null)
    return { how: 'none', what: 'nothing', late: false, loses: ['all data of the database'], impossible: refused };
  if (cluster !== undefined)
    return {
      how: 'config',
      what: `the configuration; the data is in the Aurora cluster ${cluster}, which does not change`,
      late: false,
      loses: [],
    };
  const key = textOf(live.properties['KmsKeyId']);
  const one = `a DB snapshot of ${live.identity} (${String(live.properties['AllocatedStorage'] ?? '?')} GiB${key === undefined ? '' : `, usable as long as the key ${key} is, which aiplan cannot read`})`;
  if (action === 'delete')
    return {
      how: 'native',
      what: `${one}, and the final snapshot that AWS takes with the deletion`,
      late: false,
      final: true,
      loses: lostByDelete(live, changes),
    };
  const restored = changes.some((change) => oneWay.has(propertyOf(change.path)));
  return {
    how: 'native',
    what: one,
    late: false,
    loses: restored ? ['writes after the snapshot, where only the snapshot brings the old state back'] : [],
  };
}

function* take(context: StepContext): Program<Capture> {
  const live = subjectOf(context);
  const name = snapshotName(context.captureName);
  const extras: JsonObject = { attributes: live.attributes, binding: live.binding };
  if (clusterOf(live) !== undefined || impossible(live, 'update') !== null) {
    return {
      how: clusterOf(live) === undefined ? 'none' : 'config',
      refs: {},
      pointInTime: null,
      bytes: null,
      encrypted: null,
      extras,
    };
  }
  yield* untilCapturable(live.identity);
  yield* send({
    service: 'rds',
    operation: 'CreateDBSnapshot',
    identity: name,
    retry: 'named',
    purpose: `take the snapshot ${name} of ${live.identity}`,
    input: { DBSnapshotIdentifier: name, DBInstanceIdentifier: live.identity, Tags: tagList(captureTags(context)) },
  });
  const snapshot = yield* untilSnapshot(name, {});
  // The instance says `backing-up` a little longer, and refuses every change and the final snapshot until then.
  yield* untilCapturable(live.identity);
  return {
    how: 'native',
    refs: {
      snapshot: name,
      snapshotArn: textOf(snapshot['DBSnapshotArn']) ?? null,
      // AWS takes it with a deletion only.
      ...(context.action === 'update' ? {} : { final: finalSnapshotName(context.captureName) }),
      bound: boundTimes([{ id: name, created: snapshot['SnapshotCreateTime'] }]),
    },
    pointInTime: textOf(snapshot['SnapshotDatabaseTime']) ?? textOf(snapshot['SnapshotCreateTime']) ?? null,
    bytes: (numberOf(snapshot['AllocatedStorage']) ?? 0) * gib,
    encrypted: snapshot['Encrypted'] === true,
    extras,
  };
}

/** The snapshot exists, is complete, and is of this database: its size, encryption, engine and source. */
function* verify(context: StepContext, capture: Capture): Program<readonly string[]> {
  const live = subjectOf(context);
  const name = textOf(capture.refs['snapshot']);
  if (name === undefined) return capture.how === 'config' ? [] : ['no snapshot was taken'];
  const { AllocatedStorage, StorageEncrypted, Engine, EngineVersion, KmsKeyId } = live.properties;
  const expected = {
    DBInstanceIdentifier: live.identity,
    Status: 'available',
    AllocatedStorage: Number(AllocatedStorage),
    Encrypted: StorageEncrypted === true,
    Engine,
    EngineVersion,
    KmsKeyId,
  };
  const snapshot = listOf((yield* look(describeSnapshot(name), { DBSnapshots: [expected] }))?.['DBSnapshots'])[0];
  if (snapshot === undefined) return [`the snapshot ${name} does not exist`];
  const problem = (wrong: boolean, text: string): readonly string[] => (wrong ? [`the snapshot ${name} ${text}`] : []);
  return [
    ...problem(snapshot['Status'] !== 'available', `is "${String(snapshot['Status'])}"`),
    ...problem(
      textOf(snapshot['DBInstanceIdentifier'])?.toLowerCase() !== live.identity,
      `is of the database ${String(snapshot['DBInstanceIdentifier'])}`,
    ),
    ...problem(
      (numberOf(snapshot['AllocatedStorage']) ?? 0) < expected.AllocatedStorage,
      `holds ${String(snapshot['AllocatedStorage'])} GiB, the database has ${String(AllocatedStorage)}`,
    ),
    ...problem(
      (snapshot['Encrypted'] === true) !== expected.Encrypted,
      expected.Encrypted ? 'is not encrypted, the database is' : 'is encrypted, the database is not',
    ),
    ...problem(
      expected.Encrypted && KmsKeyId !== undefined && snapshot['KmsKeyId'] !== KmsKeyId,
      `is encrypted with another key, ${String(snapshot['KmsKeyId'])}`,
    ),
    ...problem(
      snapshot['Engine'] !== Engine || snapshot['EngineVersion'] !== EngineVersion,
      `is of ${String(snapshot['Engine'])} ${String(snapshot['EngineVersion'])}`,
    ),
  ];
}

/**
 * Another database with the same data, under a name of its own (RestoreDBInstanceFromDBSnapshot, DBInstanceIdentifier).
 */
function apart(live: LiveResource, as: string | null): LiveResource | { readonly blocked: string } {
  if (as === null) return { blocked: 'a database needs a name: --as NAME' };
  if (!/^[a-z](?!.*--)[a-z0-9-]{0,61}[a-z0-9]$|^[a-z]$/u.test(as))
    return {
      blocked: `"${as}" is no name of a database: 1 to 63 lower-case letters, digits and hyphens, a letter first, no two hyphens in a row and none at the end`,
    };
  return { ...live, identity: as, properties: { ...live.properties, DBInstanceIdentifier: as } };
}

export const databaseCapture: CaptureOperations = {
  plan,
  take,
  verify,
  restorable: databaseRestorable,
  apart,
  elsewhere: ['DBInstanceClass', 'AvailabilityZone'],
  restore: restoreDatabase,
};
