/** The RDS client and exactly the operations that aiplan uses; loaded lazily, as one chunk. */
import {
  AddRoleToDBInstanceCommand, AddTagsToResourceCommand, CreateDBInstanceCommand, CreateDBSnapshotCommand, DeleteDBInstanceCommand,
  DescribeAccountAttributesCommand, DescribeDBInstanceAutomatedBackupsCommand, DescribeDBInstancesCommand,
  DescribeDBParameterGroupsCommand, DescribeDBParametersCommand, DescribeDBSnapshotsCommand, DescribeDBSubnetGroupsCommand,
  DescribeOptionGroupsCommand, DescribeOrderableDBInstanceOptionsCommand, ListTagsForResourceCommand, ModifyDBInstanceCommand, RDSClient, RebootDBInstanceCommand,
  RemoveRoleFromDBInstanceCommand, RemoveTagsFromResourceCommand, RestoreDBInstanceFromDBSnapshotCommand,
} from '@aws-sdk/client-rds';

export const Client = RDSClient;
export const commands = {
  AddRoleToDBInstance: AddRoleToDBInstanceCommand,
  AddTagsToResource: AddTagsToResourceCommand,
  CreateDBInstance: CreateDBInstanceCommand,
  CreateDBSnapshot: CreateDBSnapshotCommand,
  DeleteDBInstance: DeleteDBInstanceCommand,
  DescribeAccountAttributes: DescribeAccountAttributesCommand,
  DescribeDBInstanceAutomatedBackups: DescribeDBInstanceAutomatedBackupsCommand,
  DescribeDBInstances: DescribeDBInstancesCommand,
  DescribeDBParameterGroups: DescribeDBParameterGroupsCommand,
  DescribeDBParameters: DescribeDBParametersCommand,
  DescribeDBSnapshots: DescribeDBSnapshotsCommand,
  DescribeDBSubnetGroups: DescribeDBSubnetGroupsCommand,
  DescribeOptionGroups: DescribeOptionGroupsCommand,
  DescribeOrderableDBInstanceOptions: DescribeOrderableDBInstanceOptionsCommand,
  ListTagsForResource: ListTagsForResourceCommand,
  ModifyDBInstance: ModifyDBInstanceCommand,
  RebootDBInstance: RebootDBInstanceCommand,
  RemoveRoleFromDBInstance: RemoveRoleFromDBInstanceCommand,
  RemoveTagsFromResource: RemoveTagsFromResourceCommand,
  RestoreDBInstanceFromDBSnapshot: RestoreDBInstanceFromDBSnapshotCommand,
};
