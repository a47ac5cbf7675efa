import { Refusal, type QueryContext, type QueryCorrection } from '../protocol/correction.ts';
import { copyOf, element, put, textAt, type Element } from '../protocol/xml.ts';
import { rdsAnswer } from '../protocol/query.ts';
import { dropAutomated } from './automated.ts';
import { isDeleting } from './instances.ts';
import { databaseKey, databaseOf, databasesIn, memoryOf, nameOf, showDatabase, statusOf } from './memory.ts';
import { beginSnapshot, refuseOverQuota } from './snapshots.ts';

const COPIED = [
  'DBInstanceArn',
  'DBInstanceIdentifier',
  'DbiResourceId',
  'AllocatedStorage',
  'AvailabilityZone',
  'InstanceCreateTime',
  'MasterUsername',
  'Engine',
  'EngineVersion',
  'LicenseModel',
  'StorageType',
  'KmsKeyId',
  'BackupRetentionPeriod',
  'IAMDatabaseAuthenticationEnabled',
  'MultiAZ',
];

/** API type DBInstanceAutomatedBackup, from an instance. */
function backupOf(context: QueryContext, database: Element, status: 'active' | 'retained'): Element {
  const { region, account } = context.world;
  return element('DBInstanceAutomatedBackup', [
    ...COPIED.filter((name) => textAt(database, name) !== '').map((name) => element(name, textAt(database, name))),
    element('Region', region),
    element('Status', status),
    element('Encrypted', textAt(database, 'StorageEncrypted')),
    element('Port', textAt(database, 'Endpoint', 'Port')),
    element('BackupTarget', 'region'),
    element(
      'DBInstanceAutomatedBackupsArn',
      `arn:aws:rds:${region}:${account}:auto-backup:ab-${textAt(database, 'DbiResourceId').slice(3).toLowerCase()}`,
    ),
    element('RestoreWindow', [
      element('EarliestTime', textAt(database, 'InstanceCreateTime')),
      element('LatestTime', new Date().toISOString()),
    ]),
  ]);
}

export const deleteInstance: QueryCorrection = {
  operations: ['DeleteDBInstance'],
  answers:
    'a final snapshot must be named or skipped; automated backups are deleted or retained by resource id; deleting for a while; a final snapshot is creating for a while',
  async before(context) {
    const { parameters, world } = context;
    const identifier = parameters.get('DBInstanceIdentifier') ?? '';
    const final = parameters.get('FinalDBSnapshotIdentifier');
    if (isDeleting(context, nameOf(identifier)))
      throw new Refusal('InvalidDBInstanceState', `Instance ${identifier} is already being deleted.`);
    const database = await databaseOf(context, identifier);
    if (parameters.isTrue('SkipFinalSnapshot') === (final !== undefined)) {
      throw new Refusal(
        'InvalidParameterCombination',
        final === undefined
          ? 'FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.'
          : 'FinalDBSnapshotIdentifier can not be specified when SkipFinalSnapshot is true.',
      );
    }
    const status = statusOf(world, database);
    if (status === 'creating')
      throw new Refusal(
        'InvalidDBInstanceState',
        `Instance ${identifier} is currently creating - it cannot be deleted.`,
      );
    if (final !== undefined && !['available', 'storage-optimization'].includes(status))
      throw new Refusal(
        'InvalidDBInstanceState',
        `Cannot create a snapshot because the database instance ${identifier} is not currently in the available state.`,
      );
    if (final !== undefined) await refuseOverQuota(context);
  },
  async after(context, answer) {
    const { asked, world } = context;
    const name = nameOf(asked.get('DBInstanceIdentifier') ?? '');
    const [database] = databasesIn(answer);
    if (database === undefined) return;
    world.transitions.end(databaseKey(name));
    showDatabase(context, database, false);
    put(database, 'DBInstanceStatus', 'deleting');
    const final = asked.get('FinalDBSnapshotIdentifier');
    world.settings.delete(`${databaseKey(name)}/final`);
    if (final !== undefined) {
      beginSnapshot(context, final, database);
      world.settings.set(`${databaseKey(name)}/final`, final);
    }
    const { resourceId } = memoryOf(world, name);
    if (asked.get('DeleteAutomatedBackups') === 'false') {
      if (Number(textAt(database, 'BackupRetentionPeriod')) > 0)
        world.retained.set(resourceId, backupOf(context, database, 'retained'));
    } else await dropAutomated(world, context.send, resourceId);
    world.databases.delete(name);
    context.ages.delete(databaseKey(name));
    world.deletedDatabases.set(name, copyOf(database));
    world.transitions.begin(databaseKey(name), 'deleting');
  },
};

export const automatedBackups: QueryCorrection = {
  operations: ['DescribeDBInstanceAutomatedBackups'],
  answers: 'active backups of living instances and retained ones of deleted instances, in full',
  async before(context) {
    const { asked, world } = context;
    const databases = databasesIn(await context.send('rds', 'DescribeDBInstances', {}));
    for (const database of databases) showDatabase(context, database, false);
    const backups = [
      ...databases
        .filter((database) => Number(textAt(database, 'BackupRetentionPeriod')) > 0)
        .map((database) => backupOf(context, database, 'active')),
      ...world.retained.values(),
    ];
    const [identifier, resource] = [asked.get('DBInstanceIdentifier'), asked.get('DbiResourceId')];
    const wanted = (status: string): boolean =>
      asked
        .filters()
        .filter(({ name }) => name === 'status')
        .every(({ values }) => values.includes(status));
    return rdsAnswer(context.operation, [
      element(
        'DBInstanceAutomatedBackups',
        backups
          .filter(
            (backup) =>
              wanted(textAt(backup, 'Status')) &&
              (identifier === undefined || nameOf(identifier) === textAt(backup, 'DBInstanceIdentifier')) &&
              (resource === undefined || resource === textAt(backup, 'DbiResourceId')),
          )
          .map(copyOf),
      ),
    ]);
  },
};
