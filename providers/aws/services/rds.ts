import { isPerhapsTrue } from '../../../src/base/coerce.ts';
import { keepsNoBackups } from '../../../src/domain/call.ts';
import { expirable, member, text, type ServiceRecord, type SingleQuestion } from './service.ts';

declare module '../../../src/domain/call.ts' {
  interface Services {
    readonly rds: true;
  }
}

const isSnapshotArn = (arn: string): boolean =>
  /:(snapshot|cluster-snapshot|auto-backup|cluster-auto-backup):/u.test(arn);

/** RDS keeps names in lower case. */
const single = (operation: string, by: string, list: string, filter?: string): SingleQuestion => ({
  operation,
  by,
  list,
  names: (item) => member(by)(item).map((name) => name.toLowerCase()),
  how: 'parameter',
  most: 100,
  page: 'Marker',
  ...(filter === undefined ? {} : { filter }),
});

/**
 * Amazon RDS. Protected: law 5 and the last part of law 6. A parameter is refused by whatever operation takes it: a
 * create, a restore and a change set a retention alike. Sources: DeleteDBInstance, DeleteDBCluster, CreateDBInstance,
 * ModifyDBInstance, RestoreDBInstanceFromDBSnapshot, DeleteTenantDatabase, DeleteBlueGreenDeployment (RDS API
 * reference).
 */
export const rds: ServiceRecord = {
  name: 'rds',
  sdkId: 'RDS',
  protocol: 'query',
  async load() {
    const {
      RDSClient,
      AddRoleToDBInstanceCommand,
      AddTagsToResourceCommand,
      CreateDBInstanceCommand,
      CreateDBSnapshotCommand,
      DeleteDBInstanceCommand,
      DescribeAccountAttributesCommand,
      DescribeDBInstanceAutomatedBackupsCommand,
      DescribeDBInstancesCommand,
      DescribeDBParameterGroupsCommand,
      DescribeDBParametersCommand,
      DescribeDBSnapshotsCommand,
      DescribeDBSubnetGroupsCommand,
      DescribeOptionGroupsCommand,
      DescribeOrderableDBInstanceOptionsCommand,
      ListTagsForResourceCommand,
      ModifyDBInstanceCommand,
      RebootDBInstanceCommand,
      RemoveRoleFromDBInstanceCommand,
      RemoveTagsFromResourceCommand,
      RestoreDBInstanceFromDBSnapshotCommand,
    } = await import('@aws-sdk/client-rds');
    return {
      Client: RDSClient,
      commands: {
        AddRoleToDBInstanceCommand,
        AddTagsToResourceCommand,
        CreateDBInstanceCommand,
        CreateDBSnapshotCommand,
        DeleteDBInstanceCommand,
        DescribeAccountAttributesCommand,
        DescribeDBInstanceAutomatedBackupsCommand,
        DescribeDBInstancesCommand,
        DescribeDBParameterGroupsCommand,
        DescribeDBParametersCommand,
        DescribeDBSnapshotsCommand,
        DescribeDBSubnetGroupsCommand,
        DescribeOptionGroupsCommand,
        DescribeOrderableDBInstanceOptionsCommand,
        ListTagsForResourceCommand,
        ModifyDBInstanceCommand,
        RebootDBInstanceCommand,
        RemoveRoleFromDBInstanceCommand,
        RemoveTagsFromResourceCommand,
        RestoreDBInstanceFromDBSnapshotCommand,
      },
    };
  },
  reads: `
    DescribeAccountAttributes DescribeBlueGreenDeployments DescribeCertificates DescribeDBCapacityReservations
    DescribeDBClusterAutomatedBackups DescribeDBClusterBacktracks DescribeDBClusterEndpoints
    DescribeDBClusterParameterGroups DescribeDBClusterParameters DescribeDBClusterSnapshotAttributes
    DescribeDBClusterSnapshots DescribeDBClusters DescribeDBEngineVersions DescribeDBInstanceAutomatedBackups
    DescribeDBInstances DescribeDBLogFiles DescribeDBMajorEngineVersions DescribeDBParameterGroups
    DescribeDBParameters DescribeDBProxies DescribeDBProxyEndpoints DescribeDBProxyTargetGroups
    DescribeDBProxyTargets DescribeDBRecommendations DescribeDBSecurityGroups DescribeDBShardGroups
    DescribeDBSnapshotAttributes DescribeDBSnapshotTenantDatabases DescribeDBSnapshots DescribeDBSubnetGroups
    DescribeEngineDefaultClusterParameters DescribeEngineDefaultParameters DescribeEventCategories
    DescribeEventSubscriptions DescribeEvents DescribeExportTasks DescribeGlobalClusters DescribeIntegrations
    DescribeOptionGroupOptions DescribeOptionGroups DescribeOrderableDBInstanceOptions
    DescribePendingMaintenanceActions DescribeReservedDBInstances DescribeReservedDBInstancesOfferings
    DescribeServerlessV2PlatformVersions DescribeSourceRegions DescribeTenantDatabases
    DescribeValidDBInstanceModifications ListTagsForResource`,
  extent: 'all',
  discloses: { DownloadDBLogFilePortion: 'database logs' },
  protects: [
    {
      operations: /^DeleteDB(Instance|Cluster)$/u,
      refuses: (input) =>
        input['DeleteAutomatedBackups'] === false
          ? null
          : 'it would delete the automated backups: DeleteAutomatedBackups must be false',
    },
    {
      operations: /^DeleteDB(Instance|Cluster)$|^DeleteTenantDatabase$/u,
      refuses: (input, permit) => {
        const taken =
          !isPerhapsTrue(input['SkipFinalSnapshot']) && text(input['FinalDBSnapshotIdentifier']).trim() !== '';
        return taken || permit.confirmedLoss?.includes('skip-final-snapshot') === true
          ? null
          : 'it would take no final snapshot, and that loss was not confirmed';
      },
    },
    {
      operations: /./u,
      refuses: (input, permit) =>
        keepsNoBackups(input) && permit.confirmedLoss?.includes('retention-zero') !== true
          ? 'BackupRetentionPeriod 0 means no automated backups, those there are deleted too, and nobody confirmed that'
          : null,
    },
    {
      operations: /^DeleteBlueGreenDeployment$/u,
      refuses: (input) =>
        isPerhapsTrue(input['DeleteTarget']) ? 'DeleteTarget would delete databases without a final snapshot' : null,
    },
    {
      operations: /^DeleteDB(Instance|Cluster)AutomatedBackup$|^StopDBInstanceAutomatedBackupsReplication$/u,
      refuses: () => 'automated backups are never deleted',
    },
    {
      operations: /^DeleteDBSnapshot$/u,
      refuses: (input, permit) =>
        expirable(input['DBSnapshotIdentifier'], permit) ? null : 'a snapshot is never deleted as part of a step',
    },
    {
      operations: /^DeleteDBClusterSnapshot$/u,
      refuses: (input, permit) =>
        expirable(input['DBClusterSnapshotIdentifier'], permit)
          ? null
          : 'a snapshot is never deleted as part of a step',
    },
    {
      operations: /^ModifyDB(Cluster)?Snapshot(Attribute)?$/u,
      refuses: () => 'a snapshot is neither shared nor changed',
    },
    {
      operations: /^RemoveTagsFromResource$/u,
      refuses: (input) => (isSnapshotArn(text(input['ResourceName'])) ? 'tags of backups are never removed' : null),
    },
  ],
  // The pre-signed address of a copy from another region.
  adds: (name) => name === 'PreSignedUrl',
  always: {
    DescribeAccountAttributes: ['AccountQuotas'],
    DescribeDBInstanceAutomatedBackups: ['DBInstanceAutomatedBackups'],
    DescribeDBInstances: [
      'DBInstances',
      ...['DBParameterGroups', 'ReadReplicaDBInstanceIdentifiers', 'TagList', 'VpcSecurityGroups'].map(
        (list) => `DBInstances.*.${list}`,
      ),
    ],
    DescribeDBParameterGroups: ['DBParameterGroups'],
    DescribeDBParameters: ['Parameters'],
    DescribeDBSnapshots: ['DBSnapshots', 'DBSnapshots.*.TagList'],
    DescribeDBSubnetGroups: ['DBSubnetGroups', 'DBSubnetGroups.*.Subnets'],
    DescribeOptionGroups: ['OptionGroupsList'],
    DescribeOrderableDBInstanceOptions: ['OrderableDBInstanceOptions'],
    ListTagsForResource: ['TagList'],
  },
  answers: {
    DescribeDBInstances: {
      path: ['DBInstances'],
      asks: { DBInstanceIdentifier: 'DBInstanceIdentifier', 'db-instance-id': 'DBInstanceIdentifier' },
    },
    DescribeDBSnapshots: {
      path: ['DBSnapshots'],
      asks: {
        DBSnapshotIdentifier: 'DBSnapshotIdentifier',
        DBInstanceIdentifier: 'DBInstanceIdentifier',
        'db-instance-id': 'DBInstanceIdentifier',
      },
    },
    DescribeDBSubnetGroups: { path: ['DBSubnetGroups'], asks: { DBSubnetGroupName: 'DBSubnetGroupName' } },
    DescribeDBParameterGroups: {
      path: ['DBParameterGroups'],
      asks: { DBParameterGroupName: 'DBParameterGroupName' },
    },
  },
  singles: [
    single('DescribeDBInstances', 'DBInstanceIdentifier', 'DBInstances', 'db-instance-id'),
    single('DescribeDBSnapshots', 'DBSnapshotIdentifier', 'DBSnapshots', 'db-snapshot-id'),
    single('DescribeDBSubnetGroups', 'DBSubnetGroupName', 'DBSubnetGroups'),
    single('DescribeDBParameterGroups', 'DBParameterGroupName', 'DBParameterGroups'),
    single('DescribeOptionGroups', 'OptionGroupName', 'OptionGroupsList'),
  ],
};
