/** The RDS client and exactly the operations that aiplan uses; loaded lazily, as one chunk. */
import { DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';

export const Client = RDSClient;
export const commands = {
  DescribeDBInstances: DescribeDBInstancesCommand,
};
