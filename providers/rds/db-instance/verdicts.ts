import { each, harmless, judged, type Verdicts } from '../../../src/domain/verdict.ts';

const fixed = (what: string) => harmless(`${what}; only a new database takes it (CreateDBInstance)`);
const foreignKey = 'whoever holds the key can make what it encrypts unreadable, and may let others read it';

const access: Verdicts = {
  'AssociatedRoles.*.FeatureName': judged('for which feature the role is used', 'destruction', 'grant'),
  'AssociatedRoles.*.RoleArn': judged('the database acts as the role', 'destruction', 'grant'),
  CustomIAMInstanceProfile: judged('the host acts as it', 'grant'),
  DBClusterIdentifier: judged('the new instance serves the data of the cluster', 'grant'),
  Domain: judged('whose users may sign in through Kerberos', 'destruction', 'grant'),
  DomainAuthSecretArn: judged('which secret RDS reads to join the directory', 'grant'),
  'DomainDnsIps.*': judged('who answers where the directory is', 'grant'),
  DomainFqdn: judged('whose users may sign in through Kerberos', 'destruction', 'grant'),
  DomainIAMRoleName: judged('as which role RDS speaks to the directory', 'grant'),
  DomainOu: harmless('in which unit of the same directory the database is listed'),
  EnableIAMDatabaseAuthentication: judged('signing in as an IAM principal begins or ends', 'destruction', 'grant'),
  KmsKeyId: judged(foreignKey, 'grant'),
  ManageMasterUserPassword: judged('who knows the master password changes', 'destruction', 'grant'),
  MasterUserPassword: judged('who knows the master password changes', 'grant'),
  'MasterUserSecret.KmsKeyId': judged(foreignKey, 'grant'),
  'MasterUserSecret.SecretArn': harmless('AWS assigns it; no author can set it'),
  MonitoringRoleArn: judged('RDS acts as the role', 'destruction', 'grant'),
  NetworkType: judged('the network stack is exchanged (Settings for DB instances)', 'interruption'),
  PerformanceInsightsKMSKeyId: judged(foreignKey, 'grant'),
  PubliclyAccessible: judged('public access begins; its end only closes', 'grant'),
  'VPCSecurityGroups.*': judged('a group that joins admits traffic, one that leaves stops it', 'destruction', 'grant'),
};

const protection: Verdicts = {
  AutoMinorVersionUpgrade: judged(
    'security fixes come by themselves, and upgrades with them',
    'destruction',
    'one-way',
  ),
  BackupRetentionPeriod: judged(
    'backups older than it are deleted; 0 means none; from or to 0 restarts',
    'destruction',
    'grant',
    'interruption',
  ),
  CopyTagsToSnapshot: judged('tools find snapshots by tags', 'destruction'),
  DatabaseInsightsMode: judged('how much of the performance history is kept', 'destruction'),
  DBParameterGroupName: judged('parameters hold protections, such as rds.force_ssl', 'destruction'),
  DeletionProtection: judged('deletion protection', 'destruction'),
  'EnableCloudwatchLogsExports.*': judged('where logs are kept', 'destruction'),
  EnablePerformanceInsights: judged('its history goes with it', 'destruction'),
  EngineLifecycleSupport: judged('without Extended Support RDS upgrades the engine by itself', 'destruction'),
  MaxAllocatedStorage: judged('without autoscaling a full disk stops the database', 'destruction'),
  MonitoringInterval: judged('0 switches Enhanced Monitoring off', 'destruction'),
  MultiAZ: judged('the standby', 'destruction'),
  OptionGroupName: judged('options hold protections, such as auditing and encryption in transit', 'destruction'),
  PerformanceInsightsRetentionPeriod: judged('older history is deleted', 'destruction'),
  Tags: judged('tools act by tags', 'destruction'),
};

/**
 * The effects that a change of each member of AWS::RDS::DBInstance can have. Source: "Settings for DB instances", RDS
 * User Guide; ModifyDBInstance.
 */
export const dbInstanceVerdicts: Verdicts = {
  ...access,
  ...protection,
  AllocatedStorage: judged('storage never shrinks', 'one-way'),
  ...each(
    '',
    ['AvailabilityZone', 'BackupTarget', 'DBSubnetGroupName', 'DBSystemId'],
    fixed('says where the database lies'),
  ),
  ...each(
    '',
    [
      'CharacterSetName',
      'NcharCharacterSetName',
      'Timezone',
      'DBName',
      'DBInstanceIdentifier',
      'Engine',
      'MasterUsername',
    ],
    fixed('what the new database is'),
  ),
  StorageEncrypted: fixed('there is nothing yet that was encrypted'),
  ...each(
    '',
    ['CACertificateIdentifier', 'DBInstanceClass', 'DedicatedLogVolume', 'LicenseModel', 'Port'],
    judged('the database restarts', 'interruption'),
  ),
  ...each('ProcessorFeatures.*', ['Name', 'Value'], judged('the database restarts', 'interruption')),
  EngineVersion: judged('the database restarts, and an upgrade is never undone', 'interruption', 'one-way'),
  ...each(
    '',
    ['Iops', 'StorageThroughput'],
    judged('after a change RDS takes no other for six hours, and less may be too little', 'one-way'),
  ),
  StorageType: judged('as with Iops; magnetic storage is exchanged with an outage', 'interruption', 'one-way'),
  PreferredBackupWindow: harmless('when the daily backup is taken'),
  PreferredMaintenanceWindow: judged(
    'a window that is now makes pending changes happen at once (ModifyDBInstance)',
    'interruption',
  ),
  PromotionTier: harmless('the order among the replicas of a cluster'),
};
