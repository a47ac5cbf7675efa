import type { Always } from './service.ts';

/** The parts that each answer of EC2 has (response elements and sample responses, EC2 API reference). */
export const ec2Always: Always = {
  DescribeAddresses: ['Addresses'],
  DescribeAvailabilityZones: ['AvailabilityZones'],
  DescribeFlowLogs: ['FlowLogs'],
  DescribeIamInstanceProfileAssociations: ['IamInstanceProfileAssociations'],
  DescribeImages: ['Images', 'Images.*.BlockDeviceMappings'],
  DescribeInstanceCreditSpecifications: ['InstanceCreditSpecifications'],
  DescribeInstanceTypeOfferings: ['InstanceTypeOfferings'],
  DescribeInstanceTypes: ['InstanceTypes'],
  DescribeInstances: [
    'Reservations',
    'Reservations.*.Instances',
    'Reservations.*.Instances.*.BlockDeviceMappings',
    'Reservations.*.Instances.*.NetworkInterfaces',
    'Reservations.*.Instances.*.SecurityGroups',
  ],
  DescribeInternetGateways: ['InternetGateways', 'InternetGateways.*.Attachments'],
  DescribeKeyPairs: ['KeyPairs'],
  DescribeNetworkInterfaces: ['NetworkInterfaces', 'NetworkInterfaces.*.Groups'],
  DescribeRouteTables: ['RouteTables', 'RouteTables.*.Associations', 'RouteTables.*.Routes'],
  DescribeSecurityGroupRules: ['SecurityGroupRules'],
  DescribeSecurityGroups: [
    'SecurityGroups',
    ...['IpPermissions', 'IpPermissionsEgress'].flatMap((direction) => [
      `SecurityGroups.*.${direction}`,
      ...['IpRanges', 'Ipv6Ranges', 'PrefixListIds', 'UserIdGroupPairs'].map(
        (source) => `SecurityGroups.*.${direction}.*.${source}`,
      ),
    ]),
  ],
  DescribeSnapshots: ['Snapshots'],
  DescribeSubnets: ['Subnets'],
  DescribeVolumes: ['Volumes', 'Volumes.*.Attachments'],
  DescribeVolumesModifications: ['VolumesModifications'],
  DescribeVpcs: ['Vpcs'],
  DescribeInstanceAttribute: 'attribute',
  DescribeVolumeAttribute: 'attribute',
  DescribeVpcAttribute: 'attribute',
};
