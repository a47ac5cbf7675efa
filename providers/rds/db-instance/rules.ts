import { isObject, type Json, type JsonObject } from '../../../src/base/json.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import type { PropertyRule, TypeRules } from '../../../src/domain/resource-type.ts';
import { keyed, objectOf, textOf, textsOf } from '../../aws/values/fields.ts';
import { destructive, grants, oneWay } from './losses.ts';
import { refusedDatabase } from './values.ts';
import { isDowngrade } from '../engine-version.ts';
import { dbInstanceVerdicts } from './verdicts.ts';

const fixed: PropertyRule = {};
const inPlace: PropertyRule = { update: 'in-place' };
const deferred: PropertyRule = { update: 'in-place', deferrable: true };
const restarting: PropertyRule = { update: 'restart', deferrable: true };
const number = (value: Json | undefined): number =>
  value === undefined || value === null || value === '' ? Number.NaN : Number(value);

/**
 * What an update does: "Settings for DB instances" and "Modifying an Amazon RDS DB instance" (RDS user guide), the
 * parameters of ModifyDBInstance, and the members of PendingModifiedValues (what AWS can defer).
 */
const properties: Readonly<Record<string, PropertyRule>> = {
  AllocatedStorage: {
    deferrable: true,
    oneWay: 'storage grows and never shrinks; six hours must pass before it can be changed again',
    update: (before, after) =>
      number(after) < number(before)
        ? {
            blocked: `AllocatedStorage is ${String(before)} GiB and RDS storage never shrinks; for ${String(after)} GiB create another database and move the data`,
          }
        : 'in-place',
  },
  AssociatedRoles: inPlace,
  AutoMinorVersionUpgrade: inPlace,
  AvailabilityZone: fixed,
  BackupRetentionPeriod: {
    deferrable: true,
    update: (before, after) => ((number(before) === 0) === (number(after) === 0) ? 'in-place' : 'restart'),
  },
  BackupTarget: fixed,
  CACertificateIdentifier: restarting,
  CharacterSetName: fixed,
  CopyTagsToSnapshot: { ...inPlace, reset: false },
  CustomIAMInstanceProfile: fixed,
  DBClusterIdentifier: fixed,
  DBInstanceClass: restarting,
  DBInstanceIdentifier: fixed,
  DBName: fixed,
  DBParameterGroupName: inPlace,
  DBSubnetGroupName: fixed,
  DBSystemId: fixed,
  DatabaseInsightsMode: { ...inPlace, reset: 'standard' },
  DedicatedLogVolume: { ...restarting, reset: false },
  DeletionProtection: { ...inPlace, reset: false },
  Domain: { ...inPlace, reset: null },
  DomainAuthSecretArn: { ...inPlace, reset: null },
  DomainDnsIps: inPlace,
  DomainFqdn: { ...inPlace, reset: null },
  DomainIAMRoleName: { ...inPlace, reset: null },
  DomainOu: { ...inPlace, reset: null },
  EnableCloudwatchLogsExports: inPlace,
  EnableIAMDatabaseAuthentication: { ...deferred, reset: false },
  EnablePerformanceInsights: { ...inPlace, reset: false },
  Engine: fixed,
  EngineLifecycleSupport: inPlace,
  EngineVersion: {
    deferrable: true,
    oneWay: 'an engine upgrade cannot be undone; only a restore from the snapshot brings the old version',
    update: (before, after) =>
      isDowngrade(before, after)
        ? {
            blocked: `the engine runs ${String(before)} and RDS never goes back to an older version such as ${String(after)}`,
          }
        : 'restart',
  },
  Iops: { ...deferred, reset: null, follows: ['StorageType', 'AllocatedStorage'] },
  KmsKeyId: fixed,
  LicenseModel: restarting,
  ManageMasterUserPassword: { ...inPlace, reset: false },
  MasterUserPassword: inPlace,
  MasterUserSecret: { ...inPlace, reset: null },
  MasterUsername: fixed,
  MaxAllocatedStorage: { ...inPlace, reset: null },
  MonitoringInterval: { ...inPlace, reset: 0 },
  MonitoringRoleArn: { ...inPlace, reset: null },
  MultiAZ: { ...deferred, reset: false },
  NcharCharacterSetName: fixed,
  NetworkType: restarting,
  OptionGroupName: deferred,
  PerformanceInsightsKMSKeyId: {
    reset: null,
    // It goes with Performance Insights itself.
    update: (before, after) =>
      before === undefined || before === null || after === undefined || after === null
        ? 'in-place'
        : { blocked: 'the key of Performance Insights cannot be changed once it is set' },
  },
  PerformanceInsightsRetentionPeriod: { ...inPlace, reset: null },
  // Restarts at once, whatever ApplyImmediately says.
  Port: { update: 'restart' },
  PreferredBackupWindow: inPlace,
  // What waits for the window happens at once where the new one is now (ModifyDBInstance, PreferredMaintenanceWindow):
  // pending changes, and maintenance that AWS wants to do, which is not read (DescribePendingMaintenanceActions).
  PreferredMaintenanceWindow: { update: 'restart' },
  ProcessorFeatures: { ...restarting, reset: null },
  PromotionTier: { ...inPlace, reset: 1 },
  PubliclyAccessible: { ...inPlace, reset: false },
  StorageEncrypted: fixed,
  StorageThroughput: { ...deferred, reset: null, follows: ['StorageType', 'AllocatedStorage'] },
  // Magnetic storage is exchanged with a short outage ("Settings for DB instances", Storage type).
  StorageType: {
    deferrable: true,
    update: (before, after) => (before === 'standard' || after === 'standard' ? 'restart' : 'in-place'),
  },
  Tags: inPlace,
  Timezone: fixed,
  VPCSecurityGroups: inPlace,
};

const SETTLED = ['available', 'storage-optimization'];

/** States in which RDS refuses a final snapshot and any change, but lets the instance be deleted (DeleteDBInstance). */
export const BROKEN: readonly string[] = ['failed', 'incompatible-restore', 'incompatible-network'];

/** States in which CreateDBSnapshot works. */
export const SNAPSHOT_STATES: readonly string[] = SETTLED;

const same = (one: Json | undefined, other: Json | undefined): boolean => textOf(one) !== undefined && one === other;

/** `same` name, or what looks like the same database under another name: a Name tag, or engine, database and user. */
function duplicate(desired: JsonObject, other: LiveResource): 'same' | 'similar' | null {
  if (textOf(desired['DBInstanceIdentifier'])?.toLowerCase() === other.identity) return 'same';
  const tags = isObject(desired['Tags']) ? desired['Tags'] : {};
  const theirs = isObject(other.properties['Tags']) ? other.properties['Tags'] : {};
  if (same(tags['Name'], theirs['Name'])) return 'similar';
  return ['Engine', 'DBName', 'MasterUsername'].every((property) => same(desired[property], other.properties[property]))
    ? 'similar'
    : null;
}

export const dbInstanceRules: TypeRules = {
  properties,
  refuses: refusedDatabase,
  compare: {
    // Storage autoscaling grows it; what is asked for is the least.
    AllocatedStorage: 'at-least',
    DBInstanceIdentifier: 'case-insensitive',
    DBParameterGroupName: 'case-insensitive',
    DBSubnetGroupName: 'case-insensitive',
    DBInstanceClass: 'case-insensitive',
    EnableCloudwatchLogsExports: 'set',
    DomainDnsIps: 'set',
    Engine: 'case-insensitive',
    EngineVersion: 'version-prefix',
    KmsKeyId: 'arn-or-name',
    'MasterUserSecret.KmsKeyId': 'arn-or-name',
    OptionGroupName: 'case-insensitive',
    PerformanceInsightsKMSKeyId: 'arn-or-name',
    Port: 'number',
    PreferredBackupWindow: 'case-insensitive',
    PreferredMaintenanceWindow: 'case-insensitive',
    VPCSecurityGroups: 'set',
  },
  keys: {
    AssociatedRoles: ['FeatureName'],
    ProcessorFeatures: ['Name'],
    VPCSecurityGroups: [],
    EnableCloudwatchLogsExports: [],
    DomainDnsIps: [],
  },
  verdicts: dbInstanceVerdicts,
  secretInput: ['MasterUserPassword'],
  sensitive: [],
  // A Multi-AZ failover moves it.
  volatile: ['AvailabilityZone'],
  // RDS API reference, DBInstance: what it answers only where it is set.
  unset: {
    CustomIAMInstanceProfile: null,
    DBClusterIdentifier: null,
    DatabaseInsightsMode: 'standard',
    Domain: null,
    DomainAuthSecretArn: null,
    DomainFqdn: null,
    DomainIAMRoleName: null,
    DomainOu: null,
    Iops: null,
    KmsKeyId: null,
    MasterUserPassword: null,
    'MasterUserSecret.KmsKeyId': null,
    MaxAllocatedStorage: null,
    MonitoringRoleArn: null,
    PerformanceInsightsKMSKeyId: null,
    PerformanceInsightsRetentionPeriod: null,
    StorageThroughput: null,
  },
  destructive,
  grants,
  oneWay,
  nameProperty: 'DBInstanceIdentifier',
  optionalName: 'DBInstanceIdentifier',
  replaceBlocked: 'a database is never replaced: write a create, move the data, and delete the old one in a later plan',
  // A full disk is mended by a change (more storage); the broken states can only be deleted.
  changeableStates: [...SETTLED, 'storage-full', ...BROKEN],
  // Source: RDS User Guide, Viewing DB instance status.
  restingStates: [
    'stopped',
    'incompatible-option-group',
    'incompatible-parameters',
    'inaccessible-encryption-credentials',
    'inaccessible-encryption-credentials-recoverable',
    'insufficient-capacity',
    'restore-error',
  ],
  deleteNeeds: { DeletionProtection: false },
  goneStates: ['deleting', 'delete-precheck'],
  duplicate,
  duplicateKeys: (properties, identity) => [
    ...keyed('identifier', identity ?? textOf(properties['DBInstanceIdentifier'])?.toLowerCase()),
    ...keyed('name', objectOf(properties['Tags'])['Name']),
    ...keyed('database', properties['DBName']),
  ],
  // Replicas of a deleted source stay, as databases of their own.
  leftovers: (live) => textsOf(live.attributes['ReadReplicaDBInstanceIdentifiers']),
};
