import type { Json, JsonObject } from '../../../src/base/json.ts';

export const DB_INSTANCE = 'AWS::RDS::DBInstance';

/**
 * The names of a CloudFormation property of AWS::RDS::DBInstance elsewhere: in DescribeDBInstances (`read`), in its
 * PendingModifiedValues (`pending`) and in the inputs of CreateDBInstance, RestoreDBInstanceFromDBSnapshot and
 * ModifyDBInstance. `true`: the same name. Absent: not there, or handled by hand. Source: the three operations and the
 * types DBInstance and PendingModifiedValues of the RDS API reference.
 */
export interface Field {
  readonly read?: true | string;
  readonly pending?: true | string;
  readonly create?: true | string;
  readonly restore?: true | string;
  readonly modify?: true | string;
  /** CloudFormation says a text where the API says a number. */
  readonly textual?: true;
}

const everywhere: Field = { read: true, create: true, restore: true, modify: true };
const notAtRestore: Field = { read: true, create: true, modify: true };
const fixed: Field = { read: true, create: true };

export const fields: Readonly<Record<string, Field>> = {
  AllocatedStorage: { read: true, pending: true, create: true, textual: true },
  AutoMinorVersionUpgrade: everywhere,
  AvailabilityZone: fixed,
  BackupRetentionPeriod: { ...everywhere, pending: true },
  BackupTarget: fixed,
  CACertificateIdentifier: { ...everywhere, pending: true },
  CharacterSetName: fixed,
  CopyTagsToSnapshot: everywhere,
  CustomIAMInstanceProfile: {
    read: 'CustomIamInstanceProfile',
    create: 'CustomIamInstanceProfile',
    restore: 'CustomIamInstanceProfile',
  },
  DBClusterIdentifier: fixed,
  DBInstanceClass: { ...everywhere, pending: true },
  DBInstanceIdentifier: { create: true, pending: true },
  DBName: fixed,
  DBParameterGroupName: { create: true, modify: true },
  DBSubnetGroupName: { create: true, restore: true, pending: true },
  DBSystemId: fixed,
  DatabaseInsightsMode: { read: true, create: true },
  DedicatedLogVolume: { ...everywhere, pending: true },
  DeletionProtection: notAtRestore,
  Domain: { create: true, restore: true },
  DomainAuthSecretArn: { create: true, restore: true },
  DomainDnsIps: { create: true, restore: true },
  DomainFqdn: { create: true, restore: true },
  DomainIAMRoleName: { create: true, restore: true },
  DomainOu: { create: true, restore: true },
  EnableCloudwatchLogsExports: { create: true, restore: true },
  EnableIAMDatabaseAuthentication: {
    ...everywhere,
    read: 'IAMDatabaseAuthenticationEnabled',
    pending: 'IAMDatabaseAuthenticationEnabled',
  },
  EnablePerformanceInsights: { read: 'PerformanceInsightsEnabled', create: true },
  Engine: { ...fixed, pending: true },
  EngineLifecycleSupport: everywhere,
  EngineVersion: { ...notAtRestore, pending: true },
  Iops: { pending: true, create: true },
  KmsKeyId: fixed,
  LicenseModel: { ...everywhere, pending: true },
  ManageMasterUserPassword: { create: true, modify: true },
  MasterUserPassword: { create: true, modify: true },
  MasterUsername: fixed,
  MaxAllocatedStorage: notAtRestore,
  MonitoringInterval: fixed,
  MonitoringRoleArn: fixed,
  MultiAZ: { ...everywhere, pending: true },
  NcharCharacterSetName: fixed,
  NetworkType: everywhere,
  OptionGroupName: { create: true, modify: true },
  PerformanceInsightsKMSKeyId: fixed,
  PerformanceInsightsRetentionPeriod: fixed,
  Port: { create: true, restore: true, modify: 'DBPortNumber', pending: true, textual: true },
  PreferredBackupWindow: everywhere,
  PreferredMaintenanceWindow: notAtRestore,
  ProcessorFeatures: { create: true, restore: true, pending: true },
  PromotionTier: notAtRestore,
  PubliclyAccessible: everywhere,
  StorageEncrypted: fixed,
  StorageThroughput: { pending: true, create: true },
  StorageType: { read: true, pending: true, create: true, restore: true },
  Timezone: fixed,
  VPCSecurityGroups: { create: 'VpcSecurityGroupIds', restore: 'VpcSecurityGroupIds', modify: 'VpcSecurityGroupIds' },
};

/** The name of a property in one of the places, or undefined where it is not. */
export function nameIn(place: Exclude<keyof Field, 'textual'>, property: string): string | undefined {
  const name = fields[property]?.[place];
  return name === true ? property : name;
}

/** A property's value as the API wants it. */
const toApi = (property: string, value: Json | undefined): Json | undefined =>
  fields[property]?.textual === true && typeof value === 'string' && /^\d+$/u.test(value) ? Number(value) : value;

/** An API value as CloudFormation has it. */
export const fromApi = (property: string, value: Json | undefined): Json | undefined =>
  fields[property]?.textual === true && typeof value === 'number' ? String(value) : value;

/** All properties that stand in a place, in the API's names and values; what is undefined or null is left out. */
export function apiInput(
  place: 'create' | 'restore' | 'modify',
  properties: JsonObject,
  names: readonly string[] = Object.keys(fields),
): JsonObject {
  const input: Record<string, Json> = {};
  for (const property of names) {
    const name = nameIn(place, property);
    const value = toApi(property, properties[property]);
    if (name !== undefined && value !== undefined && value !== null) input[name] = value;
  }
  return input;
}
