import type { ValueProblem } from '../../../src/domain/resource-type.ts';
import {
  inRange,
  isThere,
  knownNumber,
  knownText,
  named,
  needs,
  refusing,
  shown,
  TAG_CHARACTERS,
  tagChecks,
  type ValueCheck,
} from '../../aws/values/value-checks.ts';
import { storageChecks } from '../storage-values.ts';
import { backupWindow, maintenanceWindow, windowsOverlap } from '../windows.ts';

/** A member of a cluster has engine, storage, user and windows of the cluster. */
const alone =
  (check: ValueCheck): ValueCheck =>
  (properties, whole) =>
    isThere(properties['DBClusterIdentifier']) ? [] : check(properties, whole);

/** CreateDBInstance: both windows in UTC, at least 30 minutes, and not overlapping. */
const windows: ValueCheck = (properties) => {
  const problems: ValueProblem[] = [];
  const [backup, maintenance] = [
    knownText(properties['PreferredBackupWindow']),
    knownText(properties['PreferredMaintenanceWindow']),
  ];
  const daily = backup === undefined ? undefined : backupWindow(backup);
  const weekly = maintenance === undefined ? undefined : maintenanceWindow(maintenance);
  if (backup !== undefined && daily === undefined)
    problems.push({
      at: 'PreferredBackupWindow',
      message: `PreferredBackupWindow is ${shown(backup)}; AWS takes hh:mm-hh:mm in UTC`,
      help: 'PreferredBackupWindow: 03:00-03:30',
    });
  if (maintenance !== undefined && weekly === undefined)
    problems.push({
      at: 'PreferredMaintenanceWindow',
      message: `PreferredMaintenanceWindow is ${shown(maintenance)}; AWS takes ddd:hh:mm-ddd:hh:mm in UTC`,
      help: 'PreferredMaintenanceWindow: sun:04:00-sun:04:30',
    });
  for (const [name, window] of [
    ['PreferredBackupWindow', daily],
    ['PreferredMaintenanceWindow', weekly],
  ] as const) {
    if (window !== undefined && window.length < 30)
      problems.push({
        at: name,
        message: `${name} ${shown(properties[name])} lasts ${window.length} minutes; AWS takes at least 30`,
        help: 'let it last 30 minutes or more',
      });
  }
  if (weekly !== undefined && weekly.length > 1440)
    problems.push({
      at: 'PreferredMaintenanceWindow',
      message: `PreferredMaintenanceWindow ${shown(maintenance)} lasts longer than a day`,
      help: 'let it end within 24 hours',
    });
  if (problems.length === 0 && daily !== undefined && weekly !== undefined && windowsOverlap(daily, weekly)) {
    problems.push({
      at: 'PreferredBackupWindow',
      message: `PreferredBackupWindow ${shown(backup)} overlaps PreferredMaintenanceWindow ${shown(maintenance)}, which AWS refuses`,
      help: 'move one of them: the backup runs every day',
    });
  }
  return problems;
};

/** Enhanced Monitoring needs a role, and a role an interval. */
const monitoring: ValueCheck = (properties, whole) => {
  const interval = knownNumber(properties['MonitoringInterval']);
  const role = isThere(properties['MonitoringRoleArn']);
  if (interval !== undefined && interval !== 0 && !role && whole)
    return [
      {
        at: '',
        missing: 'MonitoringRoleArn',
        message: `MonitoringInterval "${interval}" needs MonitoringRoleArn beside it`,
        help: 'MonitoringRoleArn: arn:aws:iam::…:role/…',
      },
    ];
  return role && whole && (interval === 0 || !isThere(properties['MonitoringInterval']))
    ? [
        {
          at: 'MonitoringRoleArn',
          message: 'MonitoringRoleArn needs a MonitoringInterval other than 0',
          help: 'MonitoringInterval: 60',
        },
      ]
    : [];
};

/** CreateDBInstance, PerformanceInsightsRetentionPeriod: 7, whole months of 31 days up to 23, 731. */
const insights: ValueCheck = (properties) => {
  const days = knownNumber(properties['PerformanceInsightsRetentionPeriod']);
  if (days === undefined || days === 7 || days === 731 || (days % 31 === 0 && days >= 31 && days <= 23 * 31)) return [];
  return [
    {
      at: 'PerformanceInsightsRetentionPeriod',
      message: `PerformanceInsightsRetentionPeriod takes 7, 731 or months of 31 days, not "${days}"`,
      help: `write ${Math.min(23, Math.max(1, Math.round(days / 31))) * 31}`,
    },
  ];
};

/**
 * "Managing capacity automatically with Amazon RDS storage autoscaling": the limit is at least a tenth above the size.
 */
const autoscaling: ValueCheck = (properties) => {
  const [size, most] = [knownNumber(properties['AllocatedStorage']), knownNumber(properties['MaxAllocatedStorage'])];
  if (size === undefined || most === undefined || most >= Math.ceil(size * 1.1)) return [];
  return [
    {
      at: 'MaxAllocatedStorage',
      message: `MaxAllocatedStorage "${most}" is less than a tenth above the ${size} GiB of AllocatedStorage`,
      help: `write at least ${Math.ceil(size * 1.1)}, or delete the line`,
    },
  ];
};

/** CreateDBInstance, Port. */
const SERVER_PORTS = [1234, 1434, 3260, 3343, 3389, 47_001, 49_152, 49_153, 49_154, 49_155, 49_156];
const ports: ValueCheck = (properties) => {
  const port = knownNumber(properties['Port']);
  const text = knownText(properties['Port']);
  if (text !== undefined && port === undefined)
    return [{ at: 'Port', message: `Port is ${shown(text)}; AWS takes a number`, help: 'Port: "5432"' }];
  return port !== undefined &&
    knownText(properties['Engine'])?.includes('sqlserver') === true &&
    SERVER_PORTS.includes(port)
    ? [{ at: 'Port', message: `SQL Server cannot listen on port ${port}`, help: 'write another port, such as 1433' }]
    : [];
};

/** Multi-AZ picks its zones itself (CreateDBInstance, AvailabilityZone). */
const zone: ValueCheck = (properties, whole) =>
  whole && properties['MultiAZ'] === true && isThere(properties['AvailabilityZone'])
    ? [{ at: 'AvailabilityZone', message: 'AWS takes no AvailabilityZone with MultiAZ: true', help: 'delete the line' }]
    : [];

const password: ValueCheck = (properties, whole) => {
  if (!whole) return [];
  const [own, managed] = [isThere(properties['MasterUserPassword']), properties['ManageMasterUserPassword'] === true];
  if (own && managed)
    return [
      {
        at: 'MasterUserPassword',
        message: 'AWS takes MasterUserPassword or ManageMasterUserPassword: true, not both',
        help: 'delete one of them',
      },
    ];
  if (own || (isThere(properties['ManageMasterUserPassword']) && properties['ManageMasterUserPassword'] !== false))
    return [];
  const name = knownText(properties['DBInstanceIdentifier'])?.toLowerCase() ?? 'the database';
  return [
    {
      at: '',
      missing: 'MasterUserPassword',
      message: `${name} needs "MasterUserPassword: !Env AIPLAN_SECRET_…" or "ManageMasterUserPassword: true"`,
      help: 'ManageMasterUserPassword: true',
    },
  ];
};

const userName: ValueCheck = (properties) => {
  const engine = knownText(properties['Engine']) ?? '';
  // CreateDBInstance says 16 characters; "Constraints" of the engines: 63 for PostgreSQL, 30 for Oracle, 128 for SQL
  // Server, 16 for MySQL and MariaDB.
  const most = engine.includes('postgres')
    ? 63
    : engine.includes('sqlserver')
      ? 128
      : engine.includes('oracle')
        ? 30
        : engine.startsWith('mariadb') || engine.includes('mysql')
          ? 16
          : 128;
  return named(
    'MasterUsername',
    new RegExp(`^[a-zA-Z][a-zA-Z0-9_.@-]{0,${most - 1}}$`, 'u'),
    `1 to ${most} letters, digits and underscores, beginning with a letter`,
  )(properties, false);
};

const databaseName: ValueCheck = (properties) => {
  const engine = knownText(properties['Engine']) ?? '';
  if (engine.includes('sqlserver') && isThere(properties['DBName']))
    return [{ at: 'DBName', message: 'AWS takes no DBName for SQL Server', help: 'delete the line' }];
  const most = engine.includes('oracle') ? 8 : engine.includes('postgres') ? 63 : 64;
  return named(
    'DBName',
    new RegExp(`^[a-zA-Z_][a-zA-Z0-9_$#-]{0,${most - 1}}$`, 'u'),
    `1 to ${most} letters, digits and underscores, beginning with a letter`,
  )(properties, false);
};

/**
 * AWS::RDS::DBInstance, without a look at what is live. Source: RDS API reference, CreateDBInstance and
 * ModifyDBInstance.
 */
export const refusedDatabase = refusing(
  needs('Engine', 'Engine: postgres'),
  needs('DBInstanceClass', 'DBInstanceClass: db.t4g.micro'),
  alone(needs('MasterUsername', 'MasterUsername: postgres')),
  alone(password),
  named(
    'DBInstanceIdentifier',
    /^(?!.*--)[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/iu,
    '1 to 63 letters, digits and single hyphens, beginning with a letter',
  ),
  named('DBInstanceClass', /^db\.[a-z0-9-]+\.[a-z0-9.-]+$/iu, 'a class such as db.t4g.micro'),
  userName,
  databaseName,
  storageChecks,
  autoscaling,
  ports,
  inRange('Port', 1150, 65_535),
  inRange('BackupRetentionPeriod', 0, 35),
  inRange('PromotionTier', 0, 15),
  alone(windows),
  monitoring,
  insights,
  zone,
  tagChecks(TAG_CHARACTERS),
);
