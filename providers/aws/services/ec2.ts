import { ec2Always } from './ec2-always.ts';
import { isPerhapsTrue } from '../../../src/base/coerce.ts';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import {
  expirable,
  listOf,
  member,
  text,
  type AnsweredAbout,
  type ServiceRecord,
  type SingleQuestion,
} from './service.ts';

declare module '../../../src/domain/call.ts' {
  interface Services {
    readonly ec2: true;
  }
}

/** EC2 API reference, `Filters` of each operation. */
const about = (
  list: string,
  field: string,
  parameter: string,
  filter: string,
  more: Readonly<Record<string, string>> = {},
): AnsweredAbout => ({ path: [list], asks: { [parameter]: field, [filter]: field, ...more } });

const single = (operation: string, by: string, list: string, names: SingleQuestion['names']): SingleQuestion => ({
  operation,
  by,
  list,
  names,
  how: 'filter',
  most: 200,
  page: 'NextToken',
});

/** The groups that the rules of a group name, in one direction. */
const named =
  (permissions: string) =>
  (item: JsonObject): readonly string[] =>
    listOf(item[permissions]).flatMap((permission) =>
      listOf(permission['UserIdGroupPairs']).flatMap(member('GroupId')),
    );

/**
 * Amazon EC2. Protected: law 5 and the last part of law 6; sources: DeleteSnapshot, DeregisterImage, UnlockSnapshot
 * (EC2 API reference). Left out: `GetFlowLogsIntegrationTemplate` writes to S3.
 */
export const ec2: ServiceRecord = {
  name: 'ec2',
  sdkId: 'EC2',
  protocol: 'ec2-query',
  async load() {
    const {
      EC2Client,
      AssociateAddressCommand,
      AssociateIamInstanceProfileCommand,
      AssociateRouteTableCommand,
      AttachInternetGatewayCommand,
      AttachNetworkInterfaceCommand,
      AttachVolumeCommand,
      AuthorizeSecurityGroupEgressCommand,
      AuthorizeSecurityGroupIngressCommand,
      CreateImageCommand,
      CreateInternetGatewayCommand,
      CreateRouteCommand,
      CreateRouteTableCommand,
      CreateSecurityGroupCommand,
      CreateSnapshotCommand,
      CreateSnapshotsCommand,
      CreateTagsCommand,
      CreateVolumeCommand,
      DeleteInternetGatewayCommand,
      DeleteRouteCommand,
      DeleteRouteTableCommand,
      DeleteSecurityGroupCommand,
      DeleteTagsCommand,
      DeleteVolumeCommand,
      DescribeAddressesCommand,
      DescribeAvailabilityZonesCommand,
      DescribeFlowLogsCommand,
      DescribeIamInstanceProfileAssociationsCommand,
      DescribeImagesCommand,
      DescribeInstanceAttributeCommand,
      DescribeInstanceCreditSpecificationsCommand,
      DescribeInstanceTypeOfferingsCommand,
      DescribeInstanceTypesCommand,
      DescribeInstancesCommand,
      DescribeInternetGatewaysCommand,
      DescribeKeyPairsCommand,
      DescribeNetworkInterfacesCommand,
      DescribeRouteTablesCommand,
      DescribeSecurityGroupRulesCommand,
      DescribeSecurityGroupsCommand,
      DescribeSnapshotsCommand,
      DescribeSubnetsCommand,
      DescribeVolumeAttributeCommand,
      DescribeVolumesCommand,
      DescribeVolumesModificationsCommand,
      DescribeVpcAttributeCommand,
      DescribeVpcsCommand,
      DetachInternetGatewayCommand,
      DetachVolumeCommand,
      DisassociateIamInstanceProfileCommand,
      DisassociateRouteTableCommand,
      ModifyInstanceAttributeCommand,
      ModifyInstanceCreditSpecificationCommand,
      ModifyInstanceMetadataOptionsCommand,
      ModifyNetworkInterfaceAttributeCommand,
      ModifyVolumeAttributeCommand,
      ModifyVolumeCommand,
      MonitorInstancesCommand,
      ReplaceIamInstanceProfileAssociationCommand,
      ReplaceRouteCommand,
      RevokeSecurityGroupEgressCommand,
      RevokeSecurityGroupIngressCommand,
      RunInstancesCommand,
      StartInstancesCommand,
      StopInstancesCommand,
      TerminateInstancesCommand,
      UnmonitorInstancesCommand,
      UpdateSecurityGroupRuleDescriptionsEgressCommand,
      UpdateSecurityGroupRuleDescriptionsIngressCommand,
    } = await import('@aws-sdk/client-ec2');
    return {
      Client: EC2Client,
      commands: {
        AssociateAddressCommand,
        AssociateIamInstanceProfileCommand,
        AssociateRouteTableCommand,
        AttachInternetGatewayCommand,
        AttachNetworkInterfaceCommand,
        AttachVolumeCommand,
        AuthorizeSecurityGroupEgressCommand,
        AuthorizeSecurityGroupIngressCommand,
        CreateImageCommand,
        CreateInternetGatewayCommand,
        CreateRouteCommand,
        CreateRouteTableCommand,
        CreateSecurityGroupCommand,
        CreateSnapshotCommand,
        CreateSnapshotsCommand,
        CreateTagsCommand,
        CreateVolumeCommand,
        DeleteInternetGatewayCommand,
        DeleteRouteCommand,
        DeleteRouteTableCommand,
        DeleteSecurityGroupCommand,
        DeleteTagsCommand,
        DeleteVolumeCommand,
        DescribeAddressesCommand,
        DescribeAvailabilityZonesCommand,
        DescribeFlowLogsCommand,
        DescribeIamInstanceProfileAssociationsCommand,
        DescribeImagesCommand,
        DescribeInstanceAttributeCommand,
        DescribeInstanceCreditSpecificationsCommand,
        DescribeInstanceTypeOfferingsCommand,
        DescribeInstanceTypesCommand,
        DescribeInstancesCommand,
        DescribeInternetGatewaysCommand,
        DescribeKeyPairsCommand,
        DescribeNetworkInterfacesCommand,
        DescribeRouteTablesCommand,
        DescribeSecurityGroupRulesCommand,
        DescribeSecurityGroupsCommand,
        DescribeSnapshotsCommand,
        DescribeSubnetsCommand,
        DescribeVolumeAttributeCommand,
        DescribeVolumesCommand,
        DescribeVolumesModificationsCommand,
        DescribeVpcAttributeCommand,
        DescribeVpcsCommand,
        DetachInternetGatewayCommand,
        DetachVolumeCommand,
        DisassociateIamInstanceProfileCommand,
        DisassociateRouteTableCommand,
        ModifyInstanceAttributeCommand,
        ModifyInstanceCreditSpecificationCommand,
        ModifyInstanceMetadataOptionsCommand,
        ModifyNetworkInterfaceAttributeCommand,
        ModifyVolumeAttributeCommand,
        ModifyVolumeCommand,
        MonitorInstancesCommand,
        ReplaceIamInstanceProfileAssociationCommand,
        ReplaceRouteCommand,
        RevokeSecurityGroupEgressCommand,
        RevokeSecurityGroupIngressCommand,
        RunInstancesCommand,
        StartInstancesCommand,
        StopInstancesCommand,
        TerminateInstancesCommand,
        UnmonitorInstancesCommand,
        UpdateSecurityGroupRuleDescriptionsEgressCommand,
        UpdateSecurityGroupRuleDescriptionsIngressCommand,
      },
    };
  },
  reads: `
    DescribeAccountAttributes DescribeAccountVpcEncryptionControl DescribeAddressTransfers DescribeAddresses
    DescribeAddressesAttribute DescribeAggregateIdFormat DescribeApplicationStatus
    DescribeApplicationStatusCheckAssociations DescribeApplicationStatusChecks DescribeAvailabilityZones
    DescribeAwsNetworkPerformanceMetricSubscriptions DescribeBundleTasks DescribeByoipCidrs
    DescribeCapacityBlockExtensionHistory DescribeCapacityBlockExtensionOfferings DescribeCapacityBlockOfferings
    DescribeCapacityBlockStatus DescribeCapacityBlocks DescribeCapacityManagerDataExports
    DescribeCapacityReservationBillingRequests DescribeCapacityReservationCancellationQuotes
    DescribeCapacityReservationDateChangeQuotes DescribeCapacityReservationFleets
    DescribeCapacityReservationTopology DescribeCapacityReservations DescribeCarrierGateways
    DescribeClassicLinkInstances DescribeClientVpnAuthorizationRules DescribeClientVpnConnections
    DescribeClientVpnEndpoints DescribeClientVpnRoutes DescribeClientVpnTargetNetworks DescribeCoipPools
    DescribeConversionTasks DescribeCustomerGateways DescribeDeclarativePoliciesReports DescribeDhcpOptions
    DescribeEgressOnlyInternetGateways DescribeElasticGpus DescribeExportImageTasks DescribeExportTasks
    DescribeFastLaunchImages DescribeFastSnapshotRestores DescribeFleetHistory DescribeFleetInstances DescribeFleets
    DescribeFlowLogs DescribeFpgaImageAttribute DescribeFpgaImages DescribeHostReservationOfferings
    DescribeHostReservations DescribeHosts DescribeIamInstanceProfileAssociations DescribeIdFormat
    DescribeIdentityIdFormat DescribeImageAttribute DescribeImageReferences DescribeImageUsageReportEntries
    DescribeImageUsageReports DescribeImages DescribeImportImageTasks DescribeImportSnapshotTasks
    DescribeInstanceAttribute DescribeInstanceConnectEndpoints DescribeInstanceCreditSpecifications
    DescribeInstanceEventNotificationAttributes DescribeInstanceEventWindows DescribeInstanceImageMetadata
    DescribeInstanceSqlHaHistoryStates DescribeInstanceSqlHaStates DescribeInstanceStatus DescribeInstanceTopology
    DescribeInstanceTypeOfferings DescribeInstanceTypes DescribeInstances DescribeInternetGateways
    DescribeIpamByoasn DescribeIpamExternalResourceVerificationTokens DescribeIpamInternetRegistryAssociations
    DescribeIpamPolicies DescribeIpamPoolAllocations DescribeIpamPools DescribeIpamPrefixListResolverTargets
    DescribeIpamPrefixListResolvers DescribeIpamResourceDiscoveries DescribeIpamResourceDiscoveryAssociations
    DescribeIpamScopes DescribeIpams DescribeIpv6Pools DescribeKeyPairs DescribeLaunchTemplateVersions
    DescribeLaunchTemplates DescribeLocalGatewayRouteTableVirtualInterfaceGroupAssociations
    DescribeLocalGatewayRouteTableVpcAssociations DescribeLocalGatewayRouteTables
    DescribeLocalGatewayVirtualInterfaceGroups DescribeLocalGatewayVirtualInterfaces DescribeLocalGateways
    DescribeLockedSnapshots DescribeMacHosts DescribeMacModificationTasks DescribeManagedPrefixLists
    DescribeMetricCategories DescribeMovingAddresses DescribeNatGateways DescribeNetworkAcls
    DescribeNetworkInsightsAccessScopeAnalyses DescribeNetworkInsightsAccessScopes DescribeNetworkInsightsAnalyses
    DescribeNetworkInsightsPaths DescribeNetworkInterfaceAttribute DescribeNetworkInterfacePermissions
    DescribeNetworkInterfaces DescribeNetworkingFlexCostAllocationPolicies
    DescribeNetworkingFlexCostAllocationPolicyAssociations DescribeOutpostLags DescribePlacementGroups
    DescribePrefixLists DescribePrincipalIdFormat DescribePublicIpv4Pools DescribeRegions
    DescribeReplaceRootVolumeTasks DescribeReservedInstances DescribeReservedInstancesListings
    DescribeReservedInstancesModifications DescribeReservedInstancesOfferings DescribeRouteServerEndpoints
    DescribeRouteServerPeers DescribeRouteServers DescribeRouteTables DescribeScheduledInstanceAvailability
    DescribeScheduledInstances DescribeSecondaryInterfaces DescribeSecondaryNetworks DescribeSecondarySubnets
    DescribeSecurityGroupReferences DescribeSecurityGroupRules DescribeSecurityGroupVpcAssociations
    DescribeSecurityGroups DescribeServiceLinkVirtualInterfaces DescribeSnapshotAttribute DescribeSnapshotTierStatus
    DescribeSnapshots DescribeSpotDatafeedSubscription DescribeSpotFleetInstances DescribeSpotFleetRequestHistory
    DescribeSpotFleetRequests DescribeSpotInstanceRequests DescribeSpotPriceHistory DescribeStaleSecurityGroups
    DescribeStoreImageTasks DescribeSubnets DescribeTags DescribeTrafficMirrorFilterRules
    DescribeTrafficMirrorFilters DescribeTrafficMirrorSessions DescribeTrafficMirrorTargets
    DescribeTransitGatewayAttachments DescribeTransitGatewayConnectPeers DescribeTransitGatewayConnects
    DescribeTransitGatewayMeteringPolicies DescribeTransitGatewayMulticastDomains
    DescribeTransitGatewayPeeringAttachments DescribeTransitGatewayPolicyTables
    DescribeTransitGatewayRouteTableAnnouncements DescribeTransitGatewayRouteTables
    DescribeTransitGatewayVpcAttachments DescribeTransitGateways DescribeTrunkInterfaceAssociations
    DescribeVerifiedAccessEndpoints DescribeVerifiedAccessGroups DescribeVerifiedAccessInstanceLoggingConfigurations
    DescribeVerifiedAccessInstances DescribeVerifiedAccessTrustProviders DescribeVolumeAttribute
    DescribeVolumeStatus DescribeVolumes DescribeVolumesModifications DescribeVpcAttribute
    DescribeVpcBlockPublicAccessExclusions DescribeVpcBlockPublicAccessOptions DescribeVpcClassicLink
    DescribeVpcClassicLinkDnsSupport DescribeVpcEncryptionControls DescribeVpcEndpointAssociations
    DescribeVpcEndpointConnectionNotifications DescribeVpcEndpointConnections
    DescribeVpcEndpointServiceConfigurations DescribeVpcEndpointServicePermissions DescribeVpcEndpointServices
    DescribeVpcEndpoints DescribeVpcPeeringConnections DescribeVpcs DescribeVpnConcentrators DescribeVpnGateways
    GetActiveVpnTunnelStatus GetAllowedImagesSettings GetAssociatedEnclaveCertificateIamRoles
    GetAssociatedIpv6PoolCidrs GetAwsNetworkPerformanceData GetCapacityManagerAttributes
    GetCapacityManagerMetricData GetCapacityManagerMetricDimensions GetCapacityManagerMonitoredTagKeys
    GetCapacityManagerSupportabilityScores GetCapacityReservationUsage GetClientVpnEndpointAuthorizationPolicy
    GetCoipPoolUsage GetDeclarativePoliciesReportSummary GetDefaultCreditSpecification GetEbsDefaultKmsKeyId
    GetEbsEncryptionByDefault GetEnabledIpamPolicy GetGroupsForCapacityReservation GetHostReservationPurchasePreview
    GetImageAncestry GetImageBlockPublicAccessState GetImageFindings GetInstanceMetadataDefaults GetInstanceTpmEkPub
    GetInstanceTypesFromInstanceRequirements GetIpamAddressHistory GetIpamDiscoveredAccounts
    GetIpamDiscoveredPublicAddresses GetIpamDiscoveredResourceCidrs GetIpamDiscoveredRoutes
    GetIpamInternetRegistryAssociationAsns GetIpamInternetRegistryAssociationCidrs GetIpamPolicyAllocationRules
    GetIpamPolicyOrganizationTargets GetIpamPoolAllocations GetIpamPoolCidrs GetIpamPrefixListResolverRules
    GetIpamPrefixListResolverVersionEntries GetIpamPrefixListResolverVersions GetIpamResourceCidrs
    GetIpamRouteOriginAuthorizations GetIpamRouteProtectionFindings GetIpamRoutingPolicyRegistrationDeltas
    GetIpamRoutingPolicyRegistrations GetManagedPrefixListAssociations GetManagedPrefixListEntries
    GetManagedResourceVisibility GetNetworkInsightsAccessScopeAnalysisFindings GetNetworkInsightsAccessScopeContent
    GetNetworkingFlexCostAllocationPolicyVersions GetReservedInstancesExchangeQuote GetRouteServerAssociations
    GetRouteServerPropagations GetRouteServerRoutingDatabase GetSecurityGroupsForVpc GetSerialConsoleAccessStatus
    GetSnapshotBlockPublicAccessState GetSpotPlacementScores GetSubnetCidrReservations
    GetTransitGatewayAttachmentNatConfiguration GetTransitGatewayAttachmentPropagations
    GetTransitGatewayMeteringPolicyEntries GetTransitGatewayMulticastDomainAssociations
    GetTransitGatewayPolicyTableAssociations GetTransitGatewayPolicyTableEntries
    GetTransitGatewayPrefixListReferences GetTransitGatewayRouteTableAssociations
    GetTransitGatewayRouteTablePropagations GetVerifiedAccessEndpointPolicy GetVerifiedAccessEndpointTargets
    GetVerifiedAccessGroupPolicy GetVpcResourcesBlockingEncryptionEnforcement GetVpnConnectionDeviceTypes
    GetVpnTunnelReplacementStatus ListImagesInRecycleBin ListSnapshotsInRecycleBin ListVolumesInRecycleBin
    SearchLocalGatewayRoutes SearchTransitGatewayMulticastGroups SearchTransitGatewayRoutes`,
  extent: 'all',
  leftOut: ['GetFlowLogsIntegrationTemplate'],
  discloses: {
    GetPasswordData: 'the administrator password of an instance',
    GetConsoleOutput: 'what an instance printed',
    GetConsoleScreenshot: 'the screen of an instance',
    GetLaunchTemplateData: 'the user data of an instance',
    GetInstanceUefiData: 'the secure boot store of an instance',
    GetVpnConnectionDeviceSampleConfiguration: 'pre-shared keys',
    DescribeVpnConnections: 'pre-shared keys',
  },
  protects: [
    {
      operations: /^DeleteSnapshot$/u,
      refuses: (input, permit) =>
        expirable(input['SnapshotId'], permit) ? null : 'a snapshot is never deleted as part of a step',
    },
    {
      operations: /^DeregisterImage$/u,
      refuses: (input, permit) => {
        if (!expirable(input['ImageId'], permit)) return 'an image is never deregistered as part of a step';
        return isPerhapsTrue(input['DeleteAssociatedSnapshots'])
          ? 'DeleteAssociatedSnapshots would delete snapshots that nobody named'
          : null;
      },
    },
    {
      operations:
        /^((Modify|Reset)(Snapshot|Image)Attribute|ModifySnapshotTier|UnlockSnapshot|DisableImage|DisableImageDeregistrationProtection|Disable(Snapshot|Image)BlockPublicAccess|DisableEbsEncryptionByDefault)$/u,
      refuses: () => 'it would weaken backups or their protection',
    },
    {
      operations: /^DeleteTags$/u,
      refuses: (input) =>
        (Array.isArray(input['Resources']) ? input['Resources'] : []).some((id: Json) => /^(snap|ami)-/u.test(text(id)))
          ? 'tags of backups are never removed'
          : null,
    },
  ],
  tokens: {
    parameter: 'ClientToken',
    operations: [
      'RunInstances',
      'CreateVolume',
      'CopyImage',
      'CreateNatGateway',
      'CreateNetworkInterface',
      'CreateLaunchTemplate',
      'CreateLaunchTemplateVersion',
      'CreateRouteTable',
      'CreateNetworkAcl',
      'CreateFleet',
      'CreateReplaceRootVolumeTask',
    ],
  },
  // The pre-signed address and the place of a copy into this region.
  adds: (name, value, { region }) => name === 'PresignedUrl' || (name === 'DestinationRegion' && value === region),
  always: ec2Always,
  answers: {
    DescribeInstances: {
      path: ['Reservations', 'Instances'],
      asks: { InstanceIds: 'InstanceId', 'instance-id': 'InstanceId', 'subnet-id': 'SubnetId' },
    },
    DescribeInstanceStatus: about('InstanceStatuses', 'InstanceId', 'InstanceIds', 'instance-id'),
    DescribeVolumes: about('Volumes', 'VolumeId', 'VolumeIds', 'volume-id'),
    DescribeVolumesModifications: about('VolumesModifications', 'VolumeId', 'VolumeIds', 'volume-id'),
    DescribeSnapshots: about('Snapshots', 'SnapshotId', 'SnapshotIds', 'snapshot-id', { 'volume-id': 'VolumeId' }),
    DescribeImages: about('Images', 'ImageId', 'ImageIds', 'image-id', { name: 'Name' }),
    DescribeSecurityGroups: about('SecurityGroups', 'GroupId', 'GroupIds', 'group-id', {
      'vpc-id': 'VpcId',
      'group-name': 'GroupName',
    }),
    DescribeSecurityGroupRules: about(
      'SecurityGroupRules',
      'SecurityGroupRuleId',
      'SecurityGroupRuleIds',
      'security-group-rule-id',
      { 'group-id': 'GroupId' },
    ),
    DescribeNetworkInterfaces: about(
      'NetworkInterfaces',
      'NetworkInterfaceId',
      'NetworkInterfaceIds',
      'network-interface-id',
      { 'subnet-id': 'SubnetId' },
    ),
    DescribeSubnets: about('Subnets', 'SubnetId', 'SubnetIds', 'subnet-id', { 'vpc-id': 'VpcId' }),
    DescribeVpcs: about('Vpcs', 'VpcId', 'VpcIds', 'vpc-id'),
    DescribeAddresses: about('Addresses', 'AllocationId', 'AllocationIds', 'allocation-id', {
      'instance-id': 'InstanceId',
    }),
  },
  singles: [
    single('DescribeImages', 'image-id', 'Images', member('ImageId')),
    single('DescribeSubnets', 'subnet-id', 'Subnets', member('SubnetId')),
    single('DescribeVpcs', 'vpc-id', 'Vpcs', member('VpcId')),
    single('DescribeSecurityGroups', 'group-id', 'SecurityGroups', member('GroupId')),
    single('DescribeSecurityGroups', 'ip-permission.group-id', 'SecurityGroups', named('IpPermissions')),
    single('DescribeSecurityGroups', 'egress.ip-permission.group-id', 'SecurityGroups', named('IpPermissionsEgress')),
    single('DescribeSecurityGroups', 'group-name', 'SecurityGroups', member('GroupName')),
    single('DescribeNetworkInterfaces', 'group-id', 'NetworkInterfaces', (item) =>
      listOf(item['Groups']).flatMap(member('GroupId')),
    ),
    single('DescribeNetworkInterfaces', 'addresses.private-ip-address', 'NetworkInterfaces', (item) => [
      ...member('PrivateIpAddress')(item),
      ...listOf(item['PrivateIpAddresses']).flatMap(member('PrivateIpAddress')),
    ]),
    single('DescribeKeyPairs', 'key-name', 'KeyPairs', member('KeyName')),
    single('DescribeVolumes', 'volume-id', 'Volumes', member('VolumeId')),
    single('DescribeVolumesModifications', 'volume-id', 'VolumesModifications', member('VolumeId')),
    single('DescribeSnapshots', 'snapshot-id', 'Snapshots', member('SnapshotId')),
    single('DescribeInstances', 'instance-id', 'Reservations', (item) =>
      listOf(item['Instances']).flatMap(member('InstanceId')),
    ),
    single('DescribeInstanceTypes', 'instance-type', 'InstanceTypes', member('InstanceType')),
  ],
};
