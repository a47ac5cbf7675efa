import { isObject, type Json } from '../../src/model/json.ts';
import type { LiveResource } from '../../src/model/live.ts';
import type { ChangeRule } from '../../src/model/resource-type.ts';
import { textOf } from '../aws/fields.ts';
import { toolTagRule } from '../aws/tags.ts';

type Value = Json | undefined;
const absent = (value: Value): boolean => value === undefined || value === null;
const turnedOff = (before: Value, after: Value): boolean => before === true && after !== true;
const turnedOn = (before: Value, after: Value): boolean => before !== true && after === true;
const lowered = (before: Value, after: Value): boolean => typeof before === 'number' && typeof after === 'number' && after < before;

/** Days between the oldest and the newest point to which the automated backups reach; undefined where it was not read. */
function reach(live: LiveResource | null): number | undefined {
  const [earliest, latest] = [textOf(live?.observed['earliestRestorable']), textOf(live?.observed['latestRestorable'])];
  return earliest === undefined || latest === undefined ? undefined : (Date.parse(latest) - Date.parse(earliest)) / 86_400_000;
}
/** With a retention of n days the oldest backup is up to n + 1 days old: there is one a day. Not read counts as older (law 9). */
const deletesBackups = (after: Value, live: LiveResource | null): boolean => !((reach(live) ?? Number.POSITIVE_INFINITY) <= Number(after) + 1);

const roleOf = (value: Value): string => textOf(isObject(value) ? value['RoleArn'] : undefined) ?? 'that is not known yet';

/** Updates that lose data or a protection (law 3). Sources: ModifyDBInstance; "Working with backups", RDS user guide. */
export const destructive: readonly ChangeRule[] = [
  { path: 'DeletionProtection', when: turnedOff, says: () => 'the database can be deleted afterwards: deletion protection is switched off' },
  {
    path: 'BackupRetentionPeriod', irreversible: true, when: (before, after) => lowered(before, after) && after === 0,
    says: (before) => `all automated backups are deleted at once and no more are made (kept ${String(before)} days until now); no recovery to a point in time any more`,
  },
  {
    path: 'BackupRetentionPeriod', irreversible: true, when: (before, after, live) => lowered(before, after) && after !== 0 && deletesBackups(after, live),
    says: (before, after, live) => `automated backups older than ${String(after)} days are deleted (kept ${String(before)} days until now${textOf(live?.observed['earliestRestorable']) === undefined ? '' : `, the oldest from ${String(live?.observed['earliestRestorable'])}`})`,
  },
  {
    path: 'BackupRetentionPeriod', when: (before, after, live) => lowered(before, after) && after !== 0 && !deletesBackups(after, live),
    says: (before, after) => `automated backups will be kept ${String(after)} days instead of ${String(before)}; none of the present ones is older`,
  },
  { path: 'MultiAZ', when: turnedOff, says: () => 'the standby in another Availability Zone is deleted: no failover any more' },
  {
    path: 'CopyTagsToSnapshot', when: (before, after, live) => turnedOff(before, after) && isObject(live?.properties['Tags']) && Object.keys(live.properties['Tags']).length > 0,
    says: () => 'new snapshots carry no tags, so tools that keep or expire snapshots by tag no longer see them as this database\'s',
  },
  {
    path: 'EnableCloudwatchLogsExports.*', given: (before) => !absent(before), when: (_before, after) => absent(after),
    says: (before) => `the log "${String(before)}" is no longer exported: what is logged from now on stays on the instance for a few days only`,
  },
  { path: 'EnablePerformanceInsights', irreversible: true, when: turnedOff, says: () => 'the recorded performance history is lost' },
  {
    path: 'PerformanceInsightsRetentionPeriod', irreversible: true, when: lowered,
    says: (before, after) => `the performance history older than ${String(after)} days is deleted (kept ${String(before)} days until now)`,
  },
  {
    path: 'DBParameterGroupName', when: (before, after, live) => live !== null && !absent(before) && !absent(after) && String(before).toLowerCase() !== String(after).toLowerCase(),
    says: (before, after) => `the parameters of ${textOf(after) ?? 'a group that is not known yet'} count instead of those of ${String(before)}: whether one of them switches a protection off (rds.force_ssl, require_secure_transport, logging, auditing) was not compared`,
  },
  { path: 'ManageMasterUserPassword', irreversible: true, when: turnedOff, says: () => 'RDS deletes the secret with the master password from Secrets Manager; whatever reads it there fails' },
  toolTagRule,
];

/** Changes that hand out power or open access (law 3). `live` is null on a create: an empty database has nothing to give away. */
export const grants: readonly ChangeRule[] = [
  { path: 'PubliclyAccessible', when: turnedOn, says: () => 'the endpoint resolves to a public address: whoever its security groups admit reaches it from the internet' },
  {
    path: 'EnableIAMDatabaseAuthentication', when: (before, after, live) => live !== null && turnedOn(before, after),
    says: () => 'principals of the account with rds-db:connect may sign in without a password, as the database users that allow it',
  },
  {
    path: 'MasterUserPassword', when: (_before, after, live) => live !== null && !absent(after),
    says: () => 'whoever knows the new password is master user of the database; the old password stops working',
  },
  {
    path: 'ManageMasterUserPassword', when: (before, after, live) => live !== null && turnedOn(before, after),
    says: () => 'RDS sets a new master password and keeps it in Secrets Manager: whoever may read that secret is master user; the old password stops working',
  },
  {
    path: 'MonitoringRoleArn', when: (_before, after) => textOf(after) !== undefined,
    says: (_before, after) => `RDS acts as the role ${String(after)} and writes operating system metrics to CloudWatch Logs`,
  },
  {
    path: 'AssociatedRoles.*', when: (before, after) => !absent(after) && roleOf(before) !== roleOf(after),
    says: (_before, after) => `the database acts as the role ${roleOf(after)} for ${textOf(isObject(after) ? after['FeatureName'] : undefined) ?? 'its default feature'}`,
  },
  {
    path: 'VPCSecurityGroups.*', given: (before, live) => live !== null && absent(before), when: (_before, after) => !absent(after),
    says: (_before, after) => `whatever the rules of ${textOf(after) ?? 'a security group that is not known yet'} admit reaches the database`,
  },
  ...['Domain', 'DomainFqdn'].map((path): ChangeRule => ({
    path, when: (before, after) => textOf(after) !== undefined && before !== after,
    says: (_before, after) => `users of the directory ${String(after)} may sign in through Kerberos`,
  })),
  { path: 'CustomIAMInstanceProfile', when: (_before, after) => textOf(after) !== undefined, says: (_before, after) => `the host of the database acts as the instance profile ${String(after)}` },
];
