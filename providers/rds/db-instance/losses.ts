import { isObject, type Json } from '../../../src/base/json.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import type { ChangeRule } from '../../../src/domain/resource-type.ts';
import { accountOf, foreignAccount, foreignKey } from '../../aws/values/accounts.ts';
import { textOf } from '../../aws/values/fields.ts';

type Value = Json | undefined;
const absent = (value: Value): boolean => value === undefined || value === null;
const turnedOff = (before: Value, after: Value): boolean => before === true && after !== true;
const turnedOn = (before: Value, after: Value): boolean => before !== true && after === true;
/** A value that is no number counts as lower (law 9). */
const lowered = (before: Value, after: Value): boolean =>
  typeof before === 'number' && !absent(after) && !(typeof after === 'number' && after >= before);

/**
 * Days between the oldest and the newest point to which the automated backups reach; undefined where it was not read.
 */
function reach(live: LiveResource | null): number | undefined {
  const [earliest, latest] = [textOf(live?.observed['earliestRestorable']), textOf(live?.observed['latestRestorable'])];
  return earliest === undefined || latest === undefined
    ? undefined
    : (Date.parse(latest) - Date.parse(earliest)) / 86_400_000;
}
/**
 * With a retention of n days the oldest backup is up to n + 1 days old: there is one a day. Not read counts as older
 * (law 9).
 */
const deletesBackups = (after: Value, live: LiveResource | null): boolean =>
  !((reach(live) ?? Number.POSITIVE_INFINITY) <= Number(after) + 1);

const roleOf = (value: Value): string =>
  textOf(isObject(value) ? value['RoleArn'] : undefined) ?? 'that is not known yet';

const sameName = (before: Value, after: Value): boolean => String(before).toLowerCase() === String(after).toLowerCase();

/** Another group of parameters or options: what is in it was not compared. */
const otherGroup = (path: string, what: string, such: string): ChangeRule => ({
  path,
  given: (before, live) => live !== null && !absent(before),
  when: (before, after) => !absent(after) && !sameName(before, after),
  says: (before, after) =>
    `the ${what} of ${textOf(after) ?? 'a group that is not known yet'} count instead of those of ${String(before)}: whether one of them switches a protection off (${such}) was not compared`,
});

/** Services that end with what the update takes away or weakens ("Settings for DB instances", RDS User Guide). */
const less: readonly ChangeRule[] = [
  otherGroup('OptionGroupName', 'options', 'auditing, encryption in transit, native network encryption'),
  {
    path: 'VPCSecurityGroups.*',
    given: (before) => !absent(before),
    when: (_before, after) => absent(after),
    says: (before) => `the database leaves ${String(before)}: traffic that the group's rules admit stops`,
  },
  {
    path: 'AutoMinorVersionUpgrade',
    when: turnedOff,
    says: () => 'security fixes in minor versions no longer come by themselves',
  },
  {
    path: 'MaxAllocatedStorage',
    given: (before) => typeof before === 'number',
    when: (before, after) => !(typeof after === 'number' && after >= Number(before)),
    says: (before, after) =>
      `storage grows by itself ${typeof after === 'number' ? `to ${after} GiB only, not to ${String(before)}` : 'no more'}: a full disk stops the database`,
  },
  {
    path: 'MonitoringInterval',
    given: (before) => !absent(before) && before !== 0,
    when: (_before, after) => !(typeof after === 'number' && after > 0),
    says: () => 'Enhanced Monitoring is switched off: alarms on operating system metrics see nothing any more',
  },
  {
    path: 'MonitoringRoleArn',
    given: (before) => textOf(before) !== undefined,
    when: (_before, after) => textOf(after) === undefined,
    says: () => 'RDS can no longer write operating system metrics: Enhanced Monitoring ends',
  },
  {
    path: 'EnableIAMDatabaseAuthentication',
    when: turnedOff,
    says: () => 'whoever signs in as an IAM principal no longer can',
  },
  {
    path: 'AssociatedRoles.*',
    given: (before) => !absent(before),
    when: (_before, after) => absent(after),
    says: (before) =>
      `the database no longer acts as the role ${roleOf(before)}: what it imports, exports or calls with it fails`,
  },
  ...['Domain', 'DomainFqdn'].map((path): ChangeRule => ({
    path,
    given: (before) => textOf(before) !== undefined,
    when: (before, after) => before !== after,
    says: (before) => `users of the directory ${String(before)} can no longer sign in through Kerberos`,
  })),
  {
    path: 'DatabaseInsightsMode',
    given: (before) => before === 'advanced',
    when: (_before, after) => after !== 'advanced',
    irreversible: true,
    says: () => 'the advanced mode of Database Insights ends: what only it keeps of the performance history is lost',
  },
  {
    path: 'EngineLifecycleSupport',
    given: (before, live) => live !== null && !(textOf(before) ?? '').endsWith('disabled'),
    when: (_before, after) => String(after).endsWith('disabled'),
    says: () => 'without Extended Support RDS upgrades the engine by itself when standard support ends',
  },
];

/**
 * Updates that lose data or a protection (law 3). Sources: ModifyDBInstance; "Working with backups", RDS user guide.
 */
export const destructive: readonly ChangeRule[] = [
  {
    path: 'DeletionProtection',
    when: turnedOff,
    says: () => 'the database can be deleted afterwards: deletion protection is switched off',
  },
  {
    path: 'BackupRetentionPeriod',
    irreversible: true,
    when: (before, after) => lowered(before, after) && after === 0,
    says: (before) =>
      `all automated backups are deleted at once and no more are made (kept ${String(before)} days until now); no recovery to a point in time any more`,
  },
  {
    path: 'BackupRetentionPeriod',
    irreversible: true,
    when: (before, after, live) => lowered(before, after) && after !== 0 && deletesBackups(after, live),
    says: (before, after, live) =>
      `automated backups older than ${String(after)} days are deleted (kept ${String(before)} days until now${textOf(live?.observed['earliestRestorable']) === undefined ? '' : `, the oldest from ${String(live?.observed['earliestRestorable'])}`})`,
  },
  {
    path: 'BackupRetentionPeriod',
    when: (before, after, live) => lowered(before, after) && after !== 0 && !deletesBackups(after, live),
    says: (before, after) =>
      `automated backups will be kept ${String(after)} days instead of ${String(before)}; none of the present ones is older`,
  },
  {
    path: 'MultiAZ',
    when: turnedOff,
    says: () => 'the standby in another Availability Zone is deleted: no failover any more',
  },
  {
    path: 'CopyTagsToSnapshot',
    when: (before, after, live) =>
      turnedOff(before, after) && isObject(live?.properties['Tags']) && Object.keys(live.properties['Tags']).length > 0,
    says: () =>
      "new snapshots carry no tags, so tools that keep or expire snapshots by tag no longer see them as this database's",
  },
  {
    path: 'EnableCloudwatchLogsExports.*',
    given: (before) => !absent(before),
    when: (_before, after) => absent(after),
    says: (before) =>
      `the log "${String(before)}" is no longer exported: what is logged from now on stays on the instance for a few days only`,
  },
  {
    path: 'EnablePerformanceInsights',
    irreversible: true,
    when: turnedOff,
    says: () => 'the recorded performance history is lost',
  },
  {
    path: 'PerformanceInsightsRetentionPeriod',
    irreversible: true,
    when: lowered,
    says: (before, after) =>
      `the performance history older than ${String(after)} days is deleted (kept ${String(before)} days until now)`,
  },
  otherGroup('DBParameterGroupName', 'parameters', 'rds.force_ssl, require_secure_transport, logging, auditing'),
  {
    path: 'ManageMasterUserPassword',
    irreversible: true,
    when: turnedOff,
    says: () => 'RDS deletes the secret with the master password from Secrets Manager; whatever reads it there fails',
  },
  ...less,
];

/**
 * Changes that hand out power or open access (law 3). `live` is null on a create: an empty database has nothing to give
 * away.
 */
export const grants: readonly ChangeRule[] = [
  {
    path: 'BackupRetentionPeriod',
    given: (_before, live) => live === null,
    when: (_before, after, live) => live === null && !absent(after) && !(Number(after) > 0),
    says: () =>
      'the database lives without a protection: no automated backups are made, so nothing recovers it to a point in time',
  },
  {
    path: 'PubliclyAccessible',
    when: turnedOn,
    says: () =>
      'the endpoint resolves to a public address: whoever its security groups admit reaches it from the internet',
  },
  {
    path: 'EnableIAMDatabaseAuthentication',
    when: (before, after, live) => live !== null && turnedOn(before, after),
    says: () =>
      'principals of the account with rds-db:connect may sign in without a password, as the database users that allow it',
  },
  {
    path: 'MasterUserPassword',
    when: (_before, after, live) => live !== null && !absent(after),
    says: () => 'whoever knows the new password is master user of the database; the old password stops working',
  },
  {
    path: 'ManageMasterUserPassword',
    when: (before, after, live) => live !== null && turnedOn(before, after),
    says: () =>
      'RDS sets a new master password and keeps it in Secrets Manager: whoever may read that secret is master user; the old password stops working',
  },
  {
    path: 'MonitoringRoleArn',
    when: (_before, after) => textOf(after) !== undefined,
    says: (_before, after) =>
      `RDS acts as the role ${String(after)} and writes operating system metrics to CloudWatch Logs`,
  },
  {
    path: 'AssociatedRoles.*',
    when: (before, after) => !absent(after) && roleOf(before) !== roleOf(after),
    says: (_before, after) =>
      `the database acts as the role ${roleOf(after)} for ${textOf(isObject(after) ? after['FeatureName'] : undefined) ?? 'its default feature'}`,
  },
  {
    path: 'VPCSecurityGroups.*',
    given: (before, live) => live !== null && absent(before),
    when: (_before, after) => !absent(after),
    says: (_before, after) =>
      `whatever the rules of ${textOf(after) ?? 'a security group that is not known yet'} admit reaches the database`,
  },
  ...['Domain', 'DomainFqdn'].map((path): ChangeRule => ({
    path,
    when: (before, after) => textOf(after) !== undefined && before !== after,
    says: (_before, after) => `users of the directory ${String(after)} may sign in through Kerberos`,
  })),
  {
    path: 'DomainAuthSecretArn',
    when: (before, after) => textOf(after) !== undefined && before !== after,
    says: (_before, after, _live, scene) =>
      `RDS signs in to the directory with the secret ${String(after)}${foreignAccount(after, scene) === undefined ? '' : ` of account ${accountOf(after) ?? ''}`}`,
  },
  {
    path: 'DomainDnsIps.*',
    given: absent,
    when: (_before, after) => !absent(after),
    says: (_before, after) => `${String(after)} tells the database where its directory is, and so who may sign in`,
  },
  {
    path: 'DomainIAMRoleName',
    when: (before, after) => textOf(after) !== undefined && before !== after,
    says: (_before, after) => `RDS acts as the role ${String(after)} towards the directory`,
  },
  {
    path: 'DBClusterIdentifier',
    when: (before, after) => textOf(after) !== undefined && before !== after,
    says: (_before, after) => `the new instance serves the data of the cluster ${String(after)}`,
  },
  foreignKey('KmsKeyId', 'the database'),
  foreignKey('PerformanceInsightsKMSKeyId', 'the performance history'),
  {
    path: 'MasterUserSecret.KmsKeyId',
    when: (before, after, live, scene) =>
      !absent(after) && before !== after && (live !== null || foreignAccount(after, scene) !== undefined),
    says: (_before, after, _live, scene) => {
      const account = foreignAccount(after, scene);
      return `the master password is encrypted with ${String(after)}: whoever may use the key${account === undefined ? '' : `, which account ${account} owns,`} can read it or make it unreadable`;
    },
  },
  {
    path: 'CustomIAMInstanceProfile',
    when: (_before, after) => textOf(after) !== undefined,
    says: (_before, after) => `the host of the database acts as the instance profile ${String(after)}`,
  },
];

const noOther = 'RDS takes no further change of the storage for six hours';
/** Storage from the slowest to the fastest (RDS User Guide, "Amazon RDS DB instance storage"). */
const speeds = ['standard', 'gp2', 'gp3', 'io1', 'io2'];
const speedOf = (value: Value): number => speeds.indexOf(textOf(value) ?? '');

/**
 * Changes to less, which for six hours cannot be undone (RDS User Guide, "Working with storage for Amazon RDS DB
 * instances").
 */
export const oneWay: readonly ChangeRule[] = [
  {
    path: 'AutoMinorVersionUpgrade',
    given: (_before, live) => live !== null,
    when: turnedOn,
    says: () =>
      'RDS upgrades the minor version by itself in a maintenance window, with an interruption, and no upgrade can be undone; whether one is pending was not read',
  },
  ...['Iops', 'StorageThroughput'].map((path): ChangeRule => ({
    path,
    given: (before) => typeof before === 'number',
    when: (before, after) => !(typeof after === 'number' && after >= Number(before)),
    says: (before, after) =>
      `${path} goes from ${String(before)} to ${absent(after) ? 'the default' : String(after)}, and ${noOther}`,
  })),
  {
    path: 'StorageType',
    given: (before) => textOf(before) !== undefined,
    when: (before, after) => speedOf(after) < speedOf(before),
    says: (before, after) => `the storage becomes slower, from ${String(before)} to ${String(after)}, and ${noOther}`,
  },
];
