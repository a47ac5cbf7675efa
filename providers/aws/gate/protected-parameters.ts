import { keepsNoBackups, type Permit, type Service } from '../../../src/domain/call.ts';
import { isPerhapsTrue } from '../../../src/base/coerce.ts';
import type { Json, JsonObject } from '../../../src/base/json.ts';

/** Facts of the session that a rule needs. */
export interface Surroundings {
  readonly captureBucket: string | null;
  readonly region: string;
  /** Below which keys of the capture bucket objects may be read. */
  readonly captureKeys?: readonly string[];
  /** Names of the secrets that the session may read. Absent: none. */
  readonly secrets?: ReadonlySet<string>;
}

/** A rule that holds whatever a step declared. `refuses` answers the reason, or null where the call may pass. */
interface ProtectedRule {
  readonly service: Service;
  readonly operations: RegExp;
  readonly refuses: (input: JsonObject, permit: Permit, operation: string, around: Surroundings) => string | null;
}

/** Writes of captures; nothing else may happen to the capture bucket. */
const CAPTURE_WRITES = new Set([
  'PutObject',
  'CopyObject',
  'CreateMultipartUpload',
  'UploadPart',
  'UploadPartCopy',
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
]);
/** Calls that `aiplan setup` may send to it beside that: make it and close it. */
const CAPTURE_SETUP = new Set([
  'CreateBucket',
  'PutBucketVersioning',
  'PutBucketEncryption',
  'PutPublicAccessBlock',
  'PutBucketOwnershipControls',
  'PutBucketPolicy',
  'PutBucketTagging',
  'PutBucketLifecycleConfiguration',
  'PutObjectLockConfiguration',
]);

/** EC2 operations for which the SDK would fill in a random token, so that a lost answer could not be told from none. */
export const SELF_FILLED_TOKENS: ReadonlySet<string> = new Set([
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
]);

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
const expirable = (id: Json | undefined, permit: Permit): boolean =>
  permit.expireCaptures?.includes(text(id)) === true && text(id) !== '';
const isSnapshotArn = (arn: string): boolean =>
  /:(snapshot|cluster-snapshot|auto-backup|cluster-auto-backup):/u.test(arn);

/**
 * Law 5 and the last part of law 6. A parameter is refused by whatever operation takes it: a create, a restore and a
 * change set a retention alike. Sources: DeleteDBInstance, DeleteDBCluster, CreateDBInstance, ModifyDBInstance,
 * RestoreDBInstanceFromDBSnapshot, DeleteTenantDatabase, DeleteBlueGreenDeployment (RDS API reference);
 * DeleteSnapshot, DeregisterImage, UnlockSnapshot (EC2); DeleteObject, PutObjectRetention (S3).
 */
const PROTECTED: readonly ProtectedRule[] = [
  {
    service: 'rds',
    operations: /^DeleteDB(Instance|Cluster)$/u,
    refuses: (input) =>
      input['DeleteAutomatedBackups'] === false
        ? null
        : 'it would delete the automated backups: DeleteAutomatedBackups must be false',
  },
  {
    service: 'rds',
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
    service: 'rds',
    operations: /./u,
    refuses: (input, permit) =>
      keepsNoBackups(input) && permit.confirmedLoss?.includes('retention-zero') !== true
        ? 'BackupRetentionPeriod 0 means no automated backups, those there are deleted too, and nobody confirmed that'
        : null,
  },
  {
    service: 'rds',
    operations: /^DeleteBlueGreenDeployment$/u,
    refuses: (input) =>
      isPerhapsTrue(input['DeleteTarget']) ? 'DeleteTarget would delete databases without a final snapshot' : null,
  },
  {
    service: 'rds',
    operations: /^DeleteDB(Instance|Cluster)AutomatedBackup$|^StopDBInstanceAutomatedBackupsReplication$/u,
    refuses: () => 'automated backups are never deleted',
  },
  {
    service: 'rds',
    operations: /^DeleteDBSnapshot$/u,
    refuses: (input, permit) =>
      expirable(input['DBSnapshotIdentifier'], permit) ? null : 'a snapshot is never deleted as part of a step',
  },
  {
    service: 'rds',
    operations: /^DeleteDBClusterSnapshot$/u,
    refuses: (input, permit) =>
      expirable(input['DBClusterSnapshotIdentifier'], permit) ? null : 'a snapshot is never deleted as part of a step',
  },
  {
    service: 'rds',
    operations: /^ModifyDB(Cluster)?Snapshot(Attribute)?$/u,
    refuses: () => 'a snapshot is neither shared nor changed',
  },
  {
    service: 'rds',
    operations: /^RemoveTagsFromResource$/u,
    refuses: (input) => (isSnapshotArn(text(input['ResourceName'])) ? 'tags of backups are never removed' : null),
  },
  {
    service: 'ec2',
    operations: /^DeleteSnapshot$/u,
    refuses: (input, permit) =>
      expirable(input['SnapshotId'], permit) ? null : 'a snapshot is never deleted as part of a step',
  },
  {
    service: 'ec2',
    operations: /^DeregisterImage$/u,
    refuses: (input, permit) => {
      if (!expirable(input['ImageId'], permit)) return 'an image is never deregistered as part of a step';
      return isPerhapsTrue(input['DeleteAssociatedSnapshots'])
        ? 'DeleteAssociatedSnapshots would delete snapshots that nobody named'
        : null;
    },
  },
  {
    service: 'ec2',
    operations:
      /^((Modify|Reset)(Snapshot|Image)Attribute|ModifySnapshotTier|UnlockSnapshot|DisableImage|DisableImageDeregistrationProtection|Disable(Snapshot|Image)BlockPublicAccess|DisableEbsEncryptionByDefault)$/u,
    refuses: () => 'it would weaken backups or their protection',
  },
  {
    service: 'ec2',
    operations: /^DeleteTags$/u,
    refuses: (input) =>
      (Array.isArray(input['Resources']) ? input['Resources'] : []).some((id: Json) => /^(snap|ami)-/u.test(text(id)))
        ? 'tags of backups are never removed'
        : null,
  },
  {
    service: 'ec2',
    operations: /./u,
    refuses: (input, _permit, operation) =>
      SELF_FILLED_TOKENS.has(operation) && text(input['ClientToken']) === ''
        ? 'it has no ClientToken, so a lost answer could not be told from none'
        : null,
  },
  {
    service: 's3',
    operations: /./u,
    refuses: (input) =>
      isPerhapsTrue(input['BypassGovernanceRetention']) ? 'BypassGovernanceRetention overrides a lock' : null,
  },
  { service: 's3', operations: /./u, refuses: onCaptureBucket },
  { service: 'sts', operations: /./u, refuses: () => 'aiplan never makes credentials through its own session' },
];

/** The bucket that S3 would take a text for: host names know no case, and the SDK takes an ARN for a name. */
const bucketNamed = (value: Json | undefined): string =>
  text(value)
    .trim()
    .toLowerCase()
    .replace(/^arn:[^:]*:s3:::/u, '');

function onCaptureBucket(input: JsonObject, permit: Permit, operation: string, around: Surroundings): string | null {
  if (
    around.captureBucket === null ||
    bucketNamed(input['Bucket']) !== around.captureBucket ||
    CAPTURE_WRITES.has(operation)
  )
    return null;
  if (permit.setup === true && CAPTURE_SETUP.has(operation)) {
    const versioning = input['VersioningConfiguration'] as JsonObject | undefined;
    return operation === 'PutBucketVersioning' && versioning?.['Status'] !== 'Enabled'
      ? 'the capture bucket keeps its versions'
      : null;
  }
  const id = (key: Json | undefined, version: Json | undefined): string =>
    `s3://${around.captureBucket}/${text(key)}${text(version) === '' ? '' : `?versionId=${text(version)}`}`;
  if (operation === 'DeleteObject' && expirable(id(input['Key'], input['VersionId']), permit)) return null;
  const objects = (input['Delete'] as JsonObject | undefined)?.['Objects'];
  if (
    operation === 'DeleteObjects' &&
    Array.isArray(objects) &&
    objects.length > 0 &&
    objects.every((item: JsonObject) => expirable(id(item['Key'], item['VersionId']), permit))
  )
    return null;
  return `"${around.captureBucket}" is the capture bucket; only captures are written to it`;
}

/** The first reason why a declared call may not pass whatever was declared, or null. */
export function refusalOf(
  service: Service,
  operation: string,
  input: JsonObject,
  permit: Permit,
  around: Surroundings,
): string | null {
  for (const rule of PROTECTED) {
    if (rule.service !== service || !rule.operations.test(operation)) continue;
    const reason = rule.refuses(input, permit, operation, around);
    if (reason !== null) return reason;
  }
  return null;
}
