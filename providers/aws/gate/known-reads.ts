import type { Service } from '../../../src/domain/call.ts';

/**
 * Every operation of the services that only reads, by name, as of the pinned SDK. An operation that is not here counts
 * as mutating (law 6): a new SDK's `Get…` that changes something is refused until a person has put it here. A test
 * compares this list with the SDK's operations. Left out on purpose: `GetFlowLogsIntegrationTemplate`, which writes to
 * S3, and `ListDirectoryBuckets`, which goes to an endpoint of its own.
 */
const READS: Readonly<Record<Service, string>> = {
  ec2: `
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
  rds: `
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
  s3: `
    GetBucketAbac GetBucketAccelerateConfiguration GetBucketAcl GetBucketAnalyticsConfiguration GetBucketCors
    GetBucketEncryption GetBucketIntelligentTieringConfiguration GetBucketInventoryConfiguration
    GetBucketLifecycleConfiguration GetBucketLocation GetBucketLogging GetBucketMetadataConfiguration
    GetBucketMetadataTableConfiguration GetBucketMetricsConfiguration GetBucketNotificationConfiguration
    GetBucketOwnershipControls GetBucketPolicy GetBucketPolicyStatus GetBucketReplication GetBucketRequestPayment
    GetBucketTagging GetBucketVersioning GetBucketWebsite GetObject GetObjectAcl GetObjectAttributes
    GetObjectLegalHold GetObjectLockConfiguration GetObjectRetention GetObjectTagging GetPublicAccessBlock
    HeadBucket HeadObject ListBucketAnalyticsConfigurations ListBucketIntelligentTieringConfigurations
    ListBucketInventoryConfigurations ListBucketMetricsConfigurations ListBuckets
    ListMultipartUploads ListObjectAnnotations ListObjectVersions ListObjects ListObjectsV2 ListParts`,
  sts: `
    GetCallerIdentity`,
  cloudtrail: `
    DescribeQuery DescribeTrails GetChannel GetDashboard GetEventConfiguration GetEventDataStore GetEventSelectors
    GetImport
    GetInsightSelectors GetQueryResults GetResourcePolicy GetTrail GetTrailStatus ListChannels ListDashboards
    ListEventDataStores
    ListImportFailures ListImports ListInsightsData ListInsightsMetricData ListPublicKeys ListQueries ListTags
    ListTrails LookupEvents
    SearchSampleQueries`,
  // Of these three aiplan reads parameters, named secrets and the states of keys, and nothing else; whatever is not
  // here is refused.
  ssm: `
    GetParameters`,
  secretsmanager: '',
  kms: `
    DescribeKey`,
};

/**
 * Operations that change nothing but answer with keys, passwords, tokens, screens or other people's data. Never sent.
 */
const DISCLOSING: Readonly<Record<string, string>> = {
  'ec2:GetPasswordData': 'the administrator password of an instance',
  'ec2:GetConsoleOutput': 'what an instance printed',
  'ec2:GetConsoleScreenshot': 'the screen of an instance',
  'ec2:GetLaunchTemplateData': 'the user data of an instance',
  'ec2:GetInstanceUefiData': 'the secure boot store of an instance',
  'ec2:GetVpnConnectionDeviceSampleConfiguration': 'pre-shared keys',
  'ec2:DescribeVpnConnections': 'pre-shared keys',
  'rds:DownloadDBLogFilePortion': 'database logs',
  's3:SelectObjectContent': 'the contents of objects',
  's3:GetObjectTorrent': 'the contents of objects',
  's3:GetObjectAnnotation': 'the contents of annotations',
  'ssm:GetParameterHistory': 'the values of parameters',
  'ssm:GetParametersByPath': 'the values of parameters',
  'ssm:GetAccessToken': 'credentials',
  'ssm:GetCommandInvocation': 'what commands printed',
  'secretsmanager:BatchGetSecretValue': 'secrets',
  'secretsmanager:GetRandomPassword': 'a password',
  'sts:GetSessionToken': 'credentials',
  'sts:GetFederationToken': 'credentials',
  'sts:GetDelegatedAccessToken': 'credentials',
  'sts:GetWebIdentityToken': 'credentials',
  'sts:AssumeRole': 'credentials',
  'sts:AssumeRoleWithSAML': 'credentials',
  'sts:AssumeRoleWithWebIdentity': 'credentials',
  'sts:AssumeRoot': 'credentials',
  'sts:GetAccessKeyInfo': 'the owner of an access key',
  'sts:DecodeAuthorizationMessage': 'details of policies',
};

/** Reads that are let through only for aiplan's own capture bucket. */
const OWN_BUCKET_ONLY: ReadonlySet<string> = new Set(['s3:GetObject']);

/**
 * Reads that are let through only for secrets that the session was opened for, by the parameter that names the secret.
 */
const NAMED_SECRETS: Readonly<Record<string, string>> = {
  'ssm:GetParameter': 'Name',
  'secretsmanager:GetSecretValue': 'SecretId',
};

/** The parameter by which a read names a secret; undefined for any other operation. */
export const secretParameter = (service: Service, operation: string): string | undefined => {
  const name = `${service}:${operation}`;
  return Object.hasOwn(NAMED_SECRETS, name) ? NAMED_SECRETS[name] : undefined;
};

const sets = new Map<Service, ReadonlySet<string>>();

/** The names of a service's reading operations. */
export function readsOf(service: Service): ReadonlySet<string> {
  let set = sets.get(service);
  if (set === undefined) {
    set = new Set(READS[service].split(/\s+/u).filter((name) => name !== ''));
    sets.set(service, set);
  }
  return set;
}

/**
 * `read`: passes. `own-bucket`: passes for the capture bucket. `named-secret`: passes for the secrets of the session.
 * `disclosing`: never passes. Everything else: `mutating`.
 */
export type OperationKind = 'read' | 'own-bucket' | 'named-secret' | 'disclosing' | 'mutating';

export function kindOfOperation(service: Service, operation: string): OperationKind {
  const name = `${service}:${operation}`;
  if (Object.hasOwn(DISCLOSING, name)) return 'disclosing';
  if (secretParameter(service, operation) !== undefined) return 'named-secret';
  if (OWN_BUCKET_ONLY.has(name)) return 'own-bucket';
  return readsOf(service).has(operation) ? 'read' : 'mutating';
}

/** The content that a disclosing operation would answer. */
export const disclosureOf = (service: Service, operation: string): string =>
  DISCLOSING[`${service}:${operation}`] ?? 'secrets';
