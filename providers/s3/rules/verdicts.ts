import { each, harmless, judged, type Verdicts } from '../../../src/domain/verdict.ts';

const name = harmless('tells one configuration from another');
const report = 'reports';
const selects = judged('of which objects others are notified', 'grant');

const reports: Verdicts = {
  'AnalyticsConfigurations.*.Id': name,
  ...each('AnalyticsConfigurations.*', ['Prefix', 'TagFilters.*.Key', 'TagFilters.*.Value'], selects),
  ...each(
    'AnalyticsConfigurations.*.StorageClassAnalysis.DataExport.Destination',
    ['BucketAccountId', 'BucketArn'],
    judged(`who gets the ${report}`, 'grant'),
  ),
  ...each(
    'AnalyticsConfigurations.*.StorageClassAnalysis.DataExport',
    ['Destination.Format', 'Destination.Prefix', 'OutputSchemaVersion'],
    harmless(`the form of the ${report}`),
  ),
  ...each(
    'InventoryConfigurations.*.Destination',
    ['BucketAccountId', 'BucketArn'],
    judged(`who gets the ${report}`, 'destruction', 'grant'),
  ),
  ...each(
    'InventoryConfigurations.*',
    ['Destination.Format', 'Destination.Prefix', 'ScheduleFrequency'],
    harmless(`the form of the ${report}`),
  ),
  ...each(
    'InventoryConfigurations.*',
    ['IncludedObjectVersions', 'OptionalFields.*', 'Prefix'],
    judged('of which objects others are notified, and what', 'destruction', 'grant'),
  ),
  'InventoryConfigurations.*.Destination.Encryption.SSEKMS.KeyId': judged(
    `with whose key the ${report} are encrypted`,
    'grant',
  ),
  ...each(
    'InventoryConfigurations.*',
    ['Enabled', 'Id'],
    judged(`whether there are ${report}`, 'destruction', 'grant'),
  ),
  ...each(
    'MetricsConfigurations.*',
    ['AccessPointArn', 'Id', 'Prefix', 'TagFilters.*.Key', 'TagFilters.*.Value'],
    judged('alarms may rest on the metrics', 'destruction'),
  ),
};

const lifecycle: Verdicts = {
  'LifecycleConfiguration.Rules.*.Id': name,
  ...each(
    'LifecycleConfiguration.Rules.*',
    [
      'AbortIncompleteMultipartUpload.DaysAfterInitiation',
      'ExpirationDate',
      'ExpirationInDays',
      'NoncurrentVersionExpiration.NewerNoncurrentVersions',
      'NoncurrentVersionExpiration.NoncurrentDays',
      'NoncurrentVersionExpirationInDays',
      'ObjectSizeGreaterThan',
      'ObjectSizeLessThan',
      'Prefix',
      'Status',
      'TagFilters.*.Key',
      'TagFilters.*.Value',
    ],
    judged('which objects are destroyed, and when', 'destruction'),
  ),
  ...each(
    'LifecycleConfiguration.Rules.*',
    [
      'NoncurrentVersionTransition.NewerNoncurrentVersions',
      'NoncurrentVersionTransition.StorageClass',
      'NoncurrentVersionTransition.TransitionInDays',
      'NoncurrentVersionTransitions.*.NewerNoncurrentVersions',
      'NoncurrentVersionTransitions.*.StorageClass',
      'NoncurrentVersionTransitions.*.TransitionInDays',
      'Transition.StorageClass',
      'Transition.TransitionDate',
      'Transition.TransitionInDays',
      'Transitions.*.StorageClass',
      'Transitions.*.TransitionDate',
      'Transitions.*.TransitionInDays',
    ],
    judged('objects may be archived, or lie in one zone only', 'destruction'),
  ),
  'LifecycleConfiguration.Rules.*.ExpiredObjectDeleteMarker': harmless('a marker without versions hides nothing'),
  'LifecycleConfiguration.TransitionDefaultMinimumObjectSize': harmless('whether small objects move with the others'),
};

const tiering: Verdicts = each(
  'IntelligentTieringConfigurations.*',
  ['Id', 'Prefix', 'Status', 'TagFilters.*.Key', 'TagFilters.*.Value', 'Tierings.*.AccessTier', 'Tierings.*.Days'],
  judged('both tiers are archives: objects must be restored before they can be read', 'destruction'),
);

const cors: Verdicts = {
  ...each(
    'CorsConfiguration.CorsRules.*',
    ['AllowedMethods.*', 'AllowedOrigins.*'],
    judged('which websites may do what', 'destruction', 'grant'),
  ),
  ...each(
    'CorsConfiguration.CorsRules.*',
    ['AllowedHeaders.*', 'ExposedHeaders.*'],
    judged('requests without them fail in browsers', 'destruction'),
  ),
  ...each('CorsConfiguration.CorsRules.*', ['Id', 'MaxAge'], harmless('how long browsers remember the answer')),
};

const events: Verdicts = {
  'NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled': judged(
    'who is notified',
    'destruction',
    'grant',
  ),
  ...(Object.assign(
    {},
    ...(['Lambda', 'Queue', 'Topic'] as const).map((kind) =>
      each(
        `NotificationConfiguration.${kind}Configurations.*`,
        ['Event', 'Filter.S3Key.Rules.*.Name', 'Filter.S3Key.Rules.*.Value', kind === 'Lambda' ? 'Function' : kind],
        judged('who is notified, and of what', 'destruction', 'grant'),
      ),
    ),
    ...(['Lambda', 'Queue', 'Topic'] as const).map((kind) =>
      each(
        `NotificationConfiguration.${kind}Configurations.*`,
        ['Id'],
        harmless('tells one notification from another'),
      ),
    ),
  ) as Verdicts),
};

const lock: Verdicts = {
  'ObjectLockConfiguration.ObjectLockEnabled': harmless('it has one value only'),
  ...each(
    'ObjectLockConfiguration.Rule.DefaultRetention',
    ['Days', 'DefaultEventHold.Days', 'DefaultEventHold.Years', 'Mode', 'Years'],
    judged('new objects are protected less, or can be deleted by nobody', 'destruction', 'one-way'),
  ),
  ObjectLockEnabled: judged('it is never switched off', 'one-way'),
};

const replication: Verdicts = {
  'ReplicationConfiguration.Role': judged('as which role objects are copied', 'grant'),
  ...each(
    'ReplicationConfiguration.Rules.*',
    [
      'ExistingObjectReplication.Status',
      'Destination.AccessControlTranslation.Owner',
      'Destination.Account',
      'Destination.Bucket',
      'Destination.EncryptionConfiguration.ReplicaKmsKeyID',
      'SourceSelectionCriteria.SseKmsEncryptedObjects.Status',
      'SourceSelectionCriteria.ReplicaModifications.Status',
      'Filter.And.Prefix',
      'Filter.And.TagFilters.*.Key',
      'Filter.And.TagFilters.*.Value',
      'Filter.Prefix',
      'Filter.TagFilter.Key',
      'Filter.TagFilter.Value',
      'Id',
      'Prefix',
      'Status',
    ],
    judged('what is copied to whom, or no longer', 'destruction', 'grant'),
  ),
  'ReplicationConfiguration.Rules.*.DeleteMarkerReplication.Status': judged(
    'whether deletions reach the copies',
    'destruction',
  ),
  ...each(
    'ReplicationConfiguration.Rules.*.Destination',
    ['Metrics.Status', 'ReplicationTime.Status'],
    judged('alarms may rest on the metrics', 'destruction'),
  ),
  ...each(
    'ReplicationConfiguration.Rules.*.Destination',
    ['Metrics.EventThreshold.Minutes', 'ReplicationTime.Time.Minutes'],
    harmless('AWS takes 15 only (S3 API reference, ReplicationTimeValue)'),
  ),
  'ReplicationConfiguration.Rules.*.Destination.StorageClass': judged(
    'copies may be archived, or lie in one zone only',
    'destruction',
  ),
  'ReplicationConfiguration.Rules.*.Priority': harmless('the order of rules with one destination'),
};

const website: Verdicts = {
  'WebsiteConfiguration.ErrorDocument': harmless('the words where there is no page'),
  'WebsiteConfiguration.IndexDocument': judged('which page visitors see, or none', 'destruction'),
  ...each(
    'WebsiteConfiguration',
    [
      'RedirectAllRequestsTo.HostName',
      'RedirectAllRequestsTo.Protocol',
      'RoutingRules.*.RedirectRule.HostName',
      'RoutingRules.*.RedirectRule.Protocol',
    ],
    judged('to whom visitors are sent', 'destruction', 'grant'),
  ),
  ...each(
    'WebsiteConfiguration.RoutingRules.*',
    ['RedirectRule.HttpRedirectCode', 'RedirectRule.ReplaceKeyPrefixWith', 'RedirectRule.ReplaceKeyWith'],
    judged('to which page visitors are sent', 'destruction'),
  ),
  ...each(
    'WebsiteConfiguration.RoutingRules.*',
    ['RoutingRuleCondition.HttpErrorCodeReturnedEquals', 'RoutingRuleCondition.KeyPrefixEquals'],
    judged('which visitors are sent', 'destruction', 'grant'),
  ),
};

const encryption = 'BucketEncryption.ServerSideEncryptionConfiguration.*';

/**
 * The effects that a change of each member of AWS::S3::Bucket can have. Source: the operations of the S3 API reference
 * that put each sub-resource.
 */
export const bucketVerdicts: Verdicts = {
  ...reports,
  ...lifecycle,
  ...tiering,
  ...cors,
  ...events,
  ...lock,
  ...replication,
  ...website,
  BucketName: harmless('only a new bucket takes it'),
  'AccelerateConfiguration.AccelerationStatus': judged('the accelerate endpoint answers, or no longer', 'destruction'),
  AccessControl: judged('who may read and write', 'destruction', 'grant'),
  ...each(
    encryption,
    [
      'BlockedEncryptionTypes.EncryptionType.*',
      'ServerSideEncryptionByDefault.KMSMasterKeyID',
      'ServerSideEncryptionByDefault.SSEAlgorithm',
    ],
    judged('how new objects are encrypted, and with whose key', 'destruction', 'grant'),
  ),
  [`${encryption}.BucketKeyEnabled`]: harmless('how often the same key is asked; a matter of price'),
  'LoggingConfiguration.DestinationBucketName': judged('who gets a record of each access', 'destruction', 'grant'),
  ...each(
    'LoggingConfiguration',
    [
      'LogFilePrefix',
      'TargetObjectKeyFormat.PartitionedPrefix.PartitionDateSource',
      'TargetObjectKeyFormat.SimplePrefix',
    ],
    judged('whoever reads the logs looks for them there', 'destruction'),
  ),
  'LoggingConfiguration.TargetGrants': judged('who may read the logs', 'destruction', 'grant'),
  'OwnershipControls.Rules.*.ObjectOwnership': judged('whether access control lists count', 'destruction', 'grant'),
  ...each(
    'PublicAccessBlockConfiguration',
    ['BlockPublicAcls', 'BlockPublicPolicy', 'IgnorePublicAcls', 'RestrictPublicBuckets'],
    judged('public access', 'grant'),
  ),
  Tags: judged('tools act by tags', 'destruction'),
  'VersioningConfiguration.Status': judged('whether former versions are kept', 'destruction', 'one-way'),
};
