import { each, harmless, judged, type Verdicts } from '../../../../src/domain/verdict.ts';

const atLaunch = (what: string) => harmless(`${what}; only a launch takes it (RunInstances)`);

const volumes: Verdicts = {
  ...each(
    'BlockDeviceMappings.*',
    ['DeviceName', 'NoDevice', 'VirtualName'],
    atLaunch('names the devices of the new instance'),
  ),
  ...each(
    'BlockDeviceMappings.*.Ebs',
    ['Encrypted', 'Iops', 'VolumeSize', 'VolumeType'],
    atLaunch('shapes a new volume; later the volume is changed, not the mapping'),
  ),
  'BlockDeviceMappings.*.Ebs.DeleteOnTermination': judged(
    'a volume that goes with its instance is lost with it',
    'destruction',
  ),
  'BlockDeviceMappings.*.Ebs.KmsKeyId': judged('whoever holds the key can make the data unreadable', 'grant'),
  'BlockDeviceMappings.*.Ebs.SnapshotId': judged('the new instance reads the data of the snapshot', 'grant'),
  ...each(
    'Volumes.*',
    ['Device', 'VolumeId'],
    judged(
      'an attached volume is read and written by the instance, a detached one is gone from it',
      'destruction',
      'grant',
    ),
  ),
};

const network: Verdicts = {
  ...each(
    'NetworkInterfaces.*',
    ['AssociateCarrierIpAddress', 'AssociatePublicIpAddress', 'Ipv6AddressCount'],
    judged('an address that others can reach', 'grant'),
  ),
  'NetworkInterfaces.*.Ipv6Addresses.*.Ipv6Address': judged('an address that others can reach', 'grant'),
  'NetworkInterfaces.*.NetworkInterfaceId': judged(
    'the instance takes over an existing interface, with its addresses and groups',
    'grant',
  ),
  ...each(
    'NetworkInterfaces.*',
    [
      'DeleteOnTermination',
      'Description',
      'DeviceIndex',
      'EnaSrdSpecification.EnaSrdEnabled',
      'EnaSrdSpecification.EnaSrdUdpSpecification.EnaSrdUdpEnabled',
    ],
    atLaunch('shapes a new interface'),
  ),
  ...each(
    'NetworkInterfaces.*',
    [
      'PrivateIpAddress',
      'PrivateIpAddresses.*.Primary',
      'PrivateIpAddresses.*.PrivateIpAddress',
      'SecondaryPrivateIpAddressCount',
    ],
    atLaunch('a free private address of the subnet'),
  ),
  'NetworkInterfaces.*.GroupSet.*': atLaunch('who reaches the new instance stands in the rules of the groups'),
  'NetworkInterfaces.*.SubnetId': atLaunch('a further interface gets no public address by itself'),
  PrivateIpAddress: atLaunch('a free private address of the subnet'),
  'SecurityGroupIds.*': judged(
    'a group that joins admits traffic, one that leaves stops it (ModifyInstanceAttribute)',
    'destruction',
    'grant',
  ),
  SourceDestCheck: judged(
    'without it the instance speaks for others, with it no longer (ModifyInstanceAttribute)',
    'destruction',
    'grant',
  ),
  SubnetId: judged('a subnet may give public addresses to whatever is launched in it', 'grant'),
};

const metadata: Verdicts = {
  'MetadataOptions.HttpEndpoint': judged(
    'programs get the credentials of the instance there, or no longer',
    'destruction',
    'grant',
  ),
  'MetadataOptions.HttpPutResponseHopLimit': judged('how far the credentials travel', 'grant'),
  'MetadataOptions.HttpTokens': judged('without IMDSv2 a forged request reads the credentials', 'grant'),
  'MetadataOptions.HttpProtocolIpv6': harmless('the same service under a further address, from the instance alone'),
  'MetadataOptions.InstanceMetadataTags': harmless(
    'the instance may read its own tags, which AWS says must hold no secrets',
  ),
};

/**
 * The effects that a change of each member of AWS::EC2::Instance can have. Source: RunInstances,
 * ModifyInstanceAttribute and the calls in programs/update.ts.
 */
export const instanceVerdicts: Verdicts = {
  ...volumes,
  ...network,
  ...metadata,
  AvailabilityZone: atLaunch('says where the instance runs'),
  ...each('CpuOptions', ['CoreCount', 'ThreadsPerCore'], atLaunch('how many processors it has')),
  'CreditSpecification.CPUCredits': harmless(
    'price and speed of bursts; set back by the same call (ModifyInstanceCreditSpecification)',
  ),
  DisableApiTermination: judged('termination protection', 'destruction'),
  EbsOptimized: judged('the instance is stopped for it', 'destruction', 'interruption'),
  'EnclaveOptions.Enabled': atLaunch('whether it can hold enclaves'),
  'HibernationOptions.Configured': atLaunch('whether it can hibernate'),
  IamInstanceProfile: judged('everything on the instance acts as it', 'destruction', 'grant'),
  ImageId: judged('the instance runs what its image holds', 'grant'),
  InstanceInitiatedShutdownBehavior: judged('a shutdown may terminate it', 'destruction'),
  InstanceType: judged('the instance is stopped for it', 'destruction', 'interruption'),
  KeyName: judged('whoever holds the private key may sign in', 'grant'),
  Monitoring: judged('detailed monitoring, on which alarms may rest', 'destruction'),
  PlacementGroupName: atLaunch('how near to others it runs'),
  ...each(
    'PrivateDnsNameOptions',
    ['EnableResourceNameDnsAAAARecord', 'EnableResourceNameDnsARecord', 'HostnameType'],
    atLaunch('its names inside the network'),
  ),
  Tags: judged('tools act by tags', 'destruction'),
  Tenancy: atLaunch('on whose hardware it runs'),
  UserData: judged('it runs as root, and the instance is stopped for it', 'destruction', 'grant', 'interruption'),
};
