/** The EC2 client and exactly the operations that aiplan uses; loaded lazily, as one chunk. */
import { DescribeInstancesCommand, DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';

export const Client = EC2Client;
export const commands = {
  DescribeInstances: DescribeInstancesCommand,
  DescribeVpcs: DescribeVpcsCommand,
};
