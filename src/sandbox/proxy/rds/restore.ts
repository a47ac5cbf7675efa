import { Refusal, type QueryContext, type QueryCorrection } from '../protocol/correction.ts';
import { createdName, refresh } from './instances.ts';
import { requireDatabaseKey } from '../protocol/kms-keys.ts';
import { textAt } from '../protocol/xml.ts';
import { snapshotKey, snapshotsIn } from './memory.ts';

/** API RestoreDBInstanceFromDBSnapshot: what is not passed becomes this, not what the source had. */
const DEFAULTS: Readonly<Record<string, string>> = {
  DeletionProtection: 'false',
  MultiAZ: 'false',
  EnableIAMDatabaseAuthentication: 'false',
  CopyTagsToSnapshot: 'false',
  AutoMinorVersionUpgrade: 'true',
  PubliclyAccessible: 'false',
};
/** AWS draws a window at random; two of them, so that one never meets the backup window. */
const WINDOWS = ['sun:05:00-sun:05:30', 'sun:21:00-sun:21:30'];

async function applyDefaults(context: QueryContext, name: string): Promise<void> {
  const missing = Object.entries(DEFAULTS).filter(([parameter]) => !context.asked.has(parameter));
  const explicit = Object.entries(DEFAULTS).flatMap(([parameter]) =>
    context.asked.get(parameter) === 'false' ? [[parameter, 'false'] as const] : [],
  );
  await context.send('rds', 'ModifyDBInstance', {
    DBInstanceIdentifier: name,
    ApplyImmediately: 'true',
    ...Object.fromEntries([...missing, ...explicit]),
  });
  for (const [parameter, value] of zeroes(context))
    await context.send('rds', 'ModifyDBInstance', {
      DBInstanceIdentifier: name,
      ApplyImmediately: 'true',
      [parameter]: value,
    });
  for (const window of WINDOWS) {
    try {
      await context.send('rds', 'ModifyDBInstance', { DBInstanceIdentifier: name, PreferredMaintenanceWindow: window });
      return;
    } catch (error) {
      // It overlaps the backup window: the other one cannot.
      if (!(error instanceof Refusal)) throw error;
    }
  }
}

/** Zero is a value that the emulator's restore takes for "not passed". */
const zeroes = (context: QueryContext): readonly (readonly [string, string])[] =>
  context.asked.get('BackupRetentionPeriod') === '0' ? [['BackupRetentionPeriod', '0']] : [];

export const restore: QueryCorrection = {
  operations: ['RestoreDBInstanceFromDBSnapshot', 'RestoreDBInstanceToPointInTime'],
  answers:
    "protection, Multi-AZ, IAM authentication, public access and the maintenance window are AWS's defaults unless passed; the emulator hands on the source's; a snapshot that is not available is refused, and one whose key cannot be used",
  async before(context) {
    const { parameters, world } = context;
    const snapshot = parameters.get('DBSnapshotIdentifier');
    if (snapshot === undefined) return;
    const shown = snapshot.startsWith('arn:') ? (snapshot.split(':snapshot:')[1] ?? snapshot) : snapshot;
    if (world.transitions.peek(snapshotKey(shown)) !== undefined)
      throw new Refusal('InvalidDBSnapshotState', `DB snapshot ${shown} is not in available state.`);
    const automated = world.automated.get(shown);
    if (automated !== undefined) parameters.set('DBSnapshotIdentifier', automated.inside);
    if (world.keys.size === 0) return;
    const [found] = snapshotsIn(
      await context.send('rds', 'DescribeDBSnapshots', {
        DBSnapshotIdentifier: parameters.get('DBSnapshotIdentifier') ?? '',
      }),
    );
    requireDatabaseKey(world.keys, textAt(found, 'KmsKeyId'));
  },
  async after(context, answer) {
    const name = createdName(context);
    await applyDefaults(context, name);
    await refresh(context, answer, name);
  },
};
