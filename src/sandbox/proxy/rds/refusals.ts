import { Refusal, type QueryContext, type QueryCorrection } from '../protocol/correction.ts';
import type { Parameters } from '../protocol/parameters.ts';
import { listAt, textAt, type Element } from '../protocol/xml.ts';
import { databaseOf } from './memory.ts';

const refuse = (message: string, code = 'InvalidParameterValue'): never => {
  throw new Refusal(code, message);
};

/** API CreateDBInstance: what must be there. A member of a cluster has engine and storage of the cluster. */
function requireParameters(parameters: Parameters): void {
  for (const name of ['DBInstanceIdentifier', 'DBInstanceClass', 'Engine'])
    if (!parameters.has(name))
      refuse(`The parameter ${name} must be provided and must not be blank.`, 'MissingParameter');
  if (!parameters.has('DBClusterIdentifier') && !parameters.has('AllocatedStorage'))
    refuse('Invalid storage size for engine name and storage type: null', 'InvalidParameterValue');
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** Minutes of the week that a window covers; a daily one covers them every day. */
function minutesOf(window: string): ReadonlySet<number> {
  const weekly = /^(\w{3}):(\d\d):(\d\d)-(\w{3}):(\d\d):(\d\d)$/u.exec(window.toLowerCase());
  const daily = /^(\d\d):(\d\d)-(\d\d):(\d\d)$/u.exec(window);
  const covered = new Set<number>();
  const cover = (from: number, to: number, around: number): void => {
    for (let minute = from; minute !== to; minute = (minute + 1) % around) covered.add(minute);
  };
  if (weekly !== null) {
    const at = (day: string, hour: string, minute: string): number =>
      DAYS.indexOf(day) * 1440 + Number(hour) * 60 + Number(minute);
    cover(
      at(weekly[1] ?? '', weekly[2] ?? '', weekly[3] ?? ''),
      at(weekly[4] ?? '', weekly[5] ?? '', weekly[6] ?? ''),
      7 * 1440,
    );
  } else if (daily !== null) {
    const times = new Set<number>();
    for (
      let minute = Number(daily[1]) * 60 + Number(daily[2]);
      minute !== Number(daily[3]) * 60 + Number(daily[4]);
      minute = (minute + 1) % 1440
    )
      times.add(minute);
    for (const minute of times) for (let day = 0; day < 7; day += 1) covered.add(day * 1440 + minute);
  }
  return covered;
}

/** API CreateDBInstance, PreferredBackupWindow: at least 30 minutes, and no conflict with the maintenance window. */
function refuseWindows(parameters: Parameters, database: Element | null): void {
  const named = ['PreferredBackupWindow', 'PreferredMaintenanceWindow'] as const;
  if (!named.some((name) => parameters.has(name))) return;
  const [backup, maintenance] = named.map((name) =>
    minutesOf(parameters.get(name) ?? textAt(database ?? undefined, name)),
  );
  for (const minute of backup ?? [])
    if (maintenance?.has(minute) === true) refuse('The backup window and maintenance window must not overlap.');
}

/**
 * "Amazon RDS DB instance storage": figures that a storage type takes. Numbers that a request does not name stay as
 * they are.
 */
function refuseStorage(parameters: Parameters, database: Element | null): void {
  if (!['AllocatedStorage', 'Iops', 'StorageType', 'StorageThroughput'].some((name) => parameters.has(name))) return;
  const now = (name: string): string => parameters.get(name) ?? textAt(database ?? undefined, name);
  const engine = now('Engine');
  if (engine.startsWith('aurora')) return;
  const type = now('StorageType') || (parameters.has('Iops') ? 'io1' : 'gp2');
  const size = Number(now('AllocatedStorage'));
  const [iops, throughput] = [parameters.get('Iops'), parameters.get('StorageThroughput')];
  const least = type === 'standard' ? 5 : type === 'gp2' || type === 'gp3' ? 20 : 100;
  if (!Number.isInteger(size) || size < least)
    refuse(`Invalid storage size for engine name ${engine} and storage type ${type}: ${now('AllocatedStorage')}`);
  if (type === 'gp3' && !engine.includes('sqlserver') && size < (engine.includes('oracle') ? 200 : 400)) {
    if (iops !== undefined && iops !== '3000')
      refuse(
        `You can't specify IOPS or storage throughput for engine ${engine} and a storage size less than ${engine.includes('oracle') ? 200 : 400}.`,
        'InvalidParameterCombination',
      );
    if (throughput !== undefined && throughput !== '125')
      refuse(
        `You can't specify IOPS or storage throughput for engine ${engine} and a storage size less than 400.`,
        'InvalidParameterCombination',
      );
  }
  if (
    (type === 'io1' || type === 'io2') &&
    iops !== undefined &&
    (Number(iops) < 1000 || Number(iops) / size > (type === 'io1' ? 50 : 1000))
  ) {
    refuse(
      `The IOPS to GiB ratio or the number of IOPS (${iops}) is not valid for ${type} and ${size} GiB.`,
      'InvalidParameterCombination',
    );
  }
  if ((type === 'gp2' || type === 'standard') && iops !== undefined && iops !== '0')
    refuse(`You can't specify IOPS for storage type ${type}.`, 'InvalidParameterCombination');
}

/** API ModifyDBInstance, BackupRetentionPeriod: "Can't be set to 0 if the DB instance is a source to read replicas". */
function refuseNoBackups(parameters: Parameters, database: Element): void {
  if (
    parameters.get('BackupRetentionPeriod') === '0' &&
    listAt(database, 'ReadReplicaDBInstanceIdentifiers').length > 0
  )
    refuse('Cannot disable backups on a database instance which has at least one read replica.');
}

/** The family of a version's parameter groups; empty where the sandbox does not know how the engine counts. */
function familyOf(engine: string, version: string): string {
  const [first = '', second = ''] = version.split('.');
  if (/postgres/u.test(engine)) return `${engine}${first}`;
  return /^(?:mysql|mariadb|aurora-mysql)$/u.test(engine) && second !== '' ? `${engine}${first}.${second}` : '';
}

async function refuseGroup(context: QueryContext, database: Element | null): Promise<void> {
  const { parameters } = context;
  const engine = parameters.get('Engine') ?? textAt(database ?? undefined, 'Engine');
  const before = textAt(database ?? undefined, 'EngineVersion');
  const version = parameters.get('EngineVersion') ?? before;
  const current = listAt(database ?? undefined, 'DBParameterGroups').map((group) =>
    textAt(group, 'DBParameterGroupName'),
  )[0];
  const named = parameters.get('DBParameterGroupName');
  const upgrades = database !== null && version !== before && familyOf(engine, version) !== familyOf(engine, before);
  const group = named ?? (upgrades ? current : undefined);
  const wanted = familyOf(engine, version);
  if (group === undefined || group.startsWith('default.') || wanted === '') return;
  const [found] = listAt(
    await context.send('rds', 'DescribeDBParameterGroups', { DBParameterGroupName: group }),
    'DescribeDBParameterGroupsResult',
    'DBParameterGroups',
  );
  const family = textAt(found, 'DBParameterGroupFamily');
  if (found !== undefined && family !== wanted)
    refuse(
      `The parameter group ${group} with DBParameterGroupFamily ${family} can't be used for this instance. Use a parameter group with DBParameterGroupFamily ${wanted}.`,
      'InvalidParameterCombination',
    );
}

/** API CreateDBInstance, VpcSecurityGroupIds: groups of the VPC. "Invalid security group, groupId= …". */
const groupsExist: QueryCorrection = {
  operations: [
    'CreateDBInstance',
    'ModifyDBInstance',
    'RestoreDBInstanceFromDBSnapshot',
    'RestoreDBInstanceToPointInTime',
    'CreateDBInstanceReadReplica',
  ],
  answers: 'a security group that does not exist',
  async before({ parameters, send }) {
    const wanted = parameters
      .list('VpcSecurityGroupIds.VpcSecurityGroupId')
      .filter((group) => /^sg-[0-9a-f]{17}$/u.test(group));
    if (wanted.length === 0) return;
    const found = new Set(
      listAt(await send('ec2', 'DescribeSecurityGroups', {}), 'securityGroupInfo').map((group) =>
        textAt(group, 'groupId'),
      ),
    );
    const missing = wanted.find((group) => !found.has(group));
    if (missing !== undefined) refuse(`Invalid security group , groupId= ${missing}, groupName=.`);
  },
};

export const databaseRefusals: readonly QueryCorrection[] = [
  groupsExist,
  {
    operations: ['CreateDBInstance'],
    answers:
      'without engine, class or size; sizes and IOPS that the storage does not take; overlapping windows; a parameter group of another family',
    async before(context) {
      requireParameters(context.parameters);
      refuseStorage(context.parameters, null);
      refuseWindows(context.parameters, null);
      await refuseGroup(context, null);
    },
  },
  {
    operations: ['ModifyDBInstance'],
    answers:
      'sizes and IOPS that the storage does not take; no backups of a source of replicas; overlapping windows; a parameter group of another family, also the one that a major upgrade would leave',
    async before(context) {
      const database = await databaseOf(context, context.parameters.get('DBInstanceIdentifier') ?? '');
      refuseStorage(context.parameters, database);
      refuseNoBackups(context.parameters, database);
      refuseWindows(context.parameters, database);
      await refuseGroup(context, database);
    },
  },
];
