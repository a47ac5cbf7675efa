import { Refusal, type QueryContext, type QueryCorrection } from '../protocol/correction.ts';
import { listAt, textAt, type Element } from '../protocol/xml.ts';
import { refresh, renamed } from './instances.ts';
import { databaseKey, databaseOf, keepFields, memoryOf, nameOf, statusOf } from './memory.ts';

/**
 * Documentation: "Available settings" of modifying a DB instance; without ApplyImmediately these wait for the window.
 */
const DEFERRABLE = [
  'DBInstanceClass',
  'EngineVersion',
  'MultiAZ',
  'AllocatedStorage',
  'StorageType',
  'Iops',
  'StorageThroughput',
  'BackupRetentionPeriod',
  'LicenseModel',
  'CACertificateIdentifier',
  'DBSubnetGroupName',
  'NewDBInstanceIdentifier',
];
/** Parameters that change nothing which a state would show. */
const SILENT = new Set([
  'Action',
  'Version',
  'DBInstanceIdentifier',
  'ApplyImmediately',
  'DeletionProtection',
  'CopyTagsToSnapshot',
  'PreferredMaintenanceWindow',
  'PreferredBackupWindow',
  'AllowMajorVersionUpgrade',
  'AutoMinorVersionUpgrade',
]);
const CURRENT: Readonly<Record<string, string>> = { NewDBInstanceIdentifier: 'DBInstanceIdentifier' };

export const refuseUnless = async (
  context: QueryContext,
  identifier: string,
  allowed: readonly string[],
): Promise<Element> => {
  const database = await databaseOf(context, identifier);
  const status = statusOf(context.world, database);
  if (!allowed.includes(status))
    throw new Refusal(
      'InvalidDBInstanceState',
      `Instance ${identifier} is not in ${allowed[0]} state. (It is ${status}.)`,
    );
  return database;
};

/** A change that nobody has to wait for although it can be deferred: retention between two numbers that are not 0. */
const immediate = (name: string, value: string, database: Element): boolean =>
  name === 'BackupRetentionPeriod' && Number(value) > 0 && Number(textAt(database, name)) > 0;

function defer(context: QueryContext, database: Element): void {
  const { parameters, world, asked } = context;
  const memory = memoryOf(world, asked.get('DBInstanceIdentifier') ?? '');
  if (asked.isTrue('ApplyImmediately')) {
    for (const [name, value] of Object.entries(memory.pending)) if (!parameters.has(name)) parameters.set(name, value);
    memory.pending = {};
    return;
  }
  for (const name of DEFERRABLE) {
    const value = parameters.get(name);
    if (value === undefined || immediate(name, value, database)) continue;
    parameters.delete(name);
    if (value.toLowerCase() === textAt(database, CURRENT[name] ?? name).toLowerCase()) delete memory.pending[name];
    else memory.pending[name] = value;
  }
}

export const modifyInstance: QueryCorrection = {
  operations: ['ModifyDBInstance'],
  answers:
    'refused unless available; storage does not shrink; without ApplyImmediately changes wait in PendingModifiedValues; a new parameter group needs a reboot; modifying for a while; a rename moves what is remembered',
  async before(context) {
    const { parameters } = context;
    const identifier = parameters.get('DBInstanceIdentifier') ?? '';
    const database = await refuseUnless(context, identifier, ['available', 'storage-optimization']);
    const storage = parameters.get('AllocatedStorage');
    if (storage !== undefined && Number(storage) < Number(textAt(database, 'AllocatedStorage'))) {
      throw new Refusal(
        'InvalidParameterCombination',
        `Requested storage size (${storage}) cannot be less than the current storage size (${textAt(database, 'AllocatedStorage')})`,
      );
    }
    context.notes.set(
      'group',
      listAt(database, 'DBParameterGroups')
        .map((group) => textAt(group, 'DBParameterGroupName'))
        .join(),
    );
    defer(context, database);
    // gp3 begins with what it has by itself (RDS user guide, "General Purpose SSD storage"); the emulator keeps the
    // former numbers.
    if (parameters.get('StorageType') === 'gp3') {
      for (const [name, value] of [
        ['Iops', '3000'],
        ['StorageThroughput', '125'],
      ] as const)
        if (!parameters.has(name)) parameters.set(name, value);
    }
  },
  async after(context, answer) {
    const { parameters, world, notes } = context;
    const before = nameOf(parameters.get('DBInstanceIdentifier') ?? '');
    const name = nameOf(parameters.get('NewDBInstanceIdentifier') ?? before);
    const memory = memoryOf(world, before);
    keepFields(memory, parameters);
    const group = parameters.get('DBParameterGroupName');
    if (group !== undefined && group !== notes.get('group')) memory.fields['ParameterApplyStatus'] = 'pending-reboot';
    const visible = Object.keys(parameters.toRecord()).filter((key) => !SILENT.has(key));
    if (visible.length > 0) world.transitions.begin(databaseKey(before), ...statesOf(parameters));
    if (name !== before) renamed(context, before, name);
    await refresh(context, answer, name);
  },
};

function statesOf(parameters: { has(name: string): boolean }): readonly string[] {
  if (parameters.has('NewDBInstanceIdentifier')) return ['renaming', 'modifying'];
  if (parameters.has('AllocatedStorage') || parameters.has('StorageType') || parameters.has('Iops'))
    return ['modifying', 'storage-optimization'];
  if (parameters.has('MasterUserPassword')) return ['resetting-master-credentials'];
  return ['modifying'];
}

const shift = (
  operation: string,
  allowed: readonly string[],
  state: string,
  then?: (context: QueryContext, name: string) => void,
): QueryCorrection => ({
  operations: [operation],
  answers: `refused unless ${allowed.join(' or ')}; ${state} for a while`,
  before: async (context) => {
    await refuseUnless(context, context.parameters.get('DBInstanceIdentifier') ?? '', allowed);
  },
  after(context) {
    const name = nameOf(context.asked.get('DBInstanceIdentifier') ?? '');
    context.world.transitions.begin(databaseKey(name), state);
    then?.(context, name);
  },
});

export const shifts: readonly QueryCorrection[] = [
  shift('RebootDBInstance', ['available', 'storage-optimization'], 'rebooting', (context, name) => {
    delete memoryOf(context.world, name).fields['ParameterApplyStatus'];
  }),
  shift('StopDBInstance', ['available'], 'stopping'),
  shift('StartDBInstance', ['stopped'], 'starting'),
];
