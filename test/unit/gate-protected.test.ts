import { describe, expect, it } from '@jest/globals';
import { refusalOf } from '../../providers/aws/gate/protected-parameters.ts';
import type { Permit, Service } from '../../src/domain/call.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';

const plain: Permit = { run: 'r', step: 's', operations: [] };
const around = { captureBucket: 'captures', region: 'eu-west-1' };
const refused = (name: string, input: JsonObject, permit: Partial<Permit> = {}): boolean => {
  const [service, operation] = name.split(':') as [Service, string];
  return refusalOf(service, operation, input, { ...plain, ...permit }, around) !== null;
};

describe('refused whatever was declared', () => {
  const final = {
    DBInstanceIdentifier: 'db',
    DeleteAutomatedBackups: false,
    SkipFinalSnapshot: false,
    FinalDBSnapshotIdentifier: 'final',
  };

  it('automated backups are kept by a database delete', () => {
    for (const operation of ['rds:DeleteDBInstance', 'rds:DeleteDBCluster']) {
      expect(refused(operation, final)).toBe(false);
      expect(refused(operation, { ...final, DeleteAutomatedBackups: true })).toBe(true);
      expect(refused(operation, { ...final, DeleteAutomatedBackups: undefined })).toBe(true);
      expect(refused(operation, { ...final, DeleteAutomatedBackups: 'false' })).toBe(true);
      expect(
        refused(
          operation,
          { ...final, DeleteAutomatedBackups: true },
          { confirmedLoss: ['skip-final-snapshot', 'retention-zero'] },
        ),
      ).toBe(true);
    }
  });

  it('a final snapshot is taken, unless its loss was confirmed', () => {
    const { FinalDBSnapshotIdentifier: _final, ...without } = final;
    expect(refused('rds:DeleteTenantDatabase', without)).toBe(true);
    expect(refused('rds:DeleteTenantDatabase', final)).toBe(false);
    expect(refused('rds:DeleteBlueGreenDeployment', { DeleteTarget: true })).toBe(true);
    expect(refused('rds:DeleteBlueGreenDeployment', {})).toBe(false);
    for (const operation of ['rds:DeleteDBInstance', 'rds:DeleteDBCluster']) {
      expect(refused(operation, without)).toBe(true);
      expect(refused(operation, { ...without, FinalDBSnapshotIdentifier: '' })).toBe(true);
      expect(refused(operation, { ...final, SkipFinalSnapshot: true })).toBe(true);
      expect(refused(operation, { ...without, SkipFinalSnapshot: true }, { confirmedLoss: ['retention-zero'] })).toBe(
        true,
      );
      expect(
        refused(operation, { ...without, SkipFinalSnapshot: true }, { confirmedLoss: ['skip-final-snapshot'] }),
      ).toBe(false);
    }
  });

  it('retention 0, unless confirmed, by whatever operation and at whatever depth', () => {
    for (const operation of [
      'rds:ModifyDBInstance',
      'rds:ModifyDBCluster',
      'rds:CreateDBInstance',
      'rds:CreateDBCluster',
      'rds:RestoreDBInstanceFromDBSnapshot',
      'rds:RestoreDBInstanceFromS3',
      'rds:RestoreDBInstanceToPointInTime',
      'rds:RestoreDBClusterFromSnapshot',
      'rds:RestoreDBClusterToPointInTime',
      'rds:PromoteReadReplica',
      'rds:StartDBInstanceAutomatedBackupsReplication',
    ]) {
      expect([operation, refused(operation, { BackupRetentionPeriod: 0 })]).toEqual([operation, true]);
      expect(refused(operation, { Settings: [{ BackupRetentionPeriod: '0' }] })).toBe(true);
      expect(refused(operation, { BackupRetentionPeriod: 1 })).toBe(false);
      expect(refused(operation, {})).toBe(false);
      expect(refused(operation, { BackupRetentionPeriod: 0 }, { confirmedLoss: ['skip-final-snapshot'] })).toBe(true);
      expect(refused(operation, { BackupRetentionPeriod: 0 }, { confirmedLoss: ['retention-zero'] })).toBe(false);
    }
  });

  it('however a value is spelled', () => {
    for (const zero of [
      0,
      -0,
      0.0,
      '0',
      '00',
      '0.0',
      ' 0 ',
      '',
      '-1',
      false,
      'False',
      'none',
      {},
      [],
      { $unknown: 'X' },
    ] as Json[])
      expect([zero, refused('rds:ModifyDBInstance', { BackupRetentionPeriod: zero })]).toEqual([zero, true]);
    for (const kept of [1, '7', 35, null])
      expect([kept, refused('rds:ModifyDBInstance', { BackupRetentionPeriod: kept })]).toEqual([kept, false]);
    for (const on of [true, 'true', 'True', ' TRUE ', 1, '1', 'yes', {}] as Json[]) {
      expect([on, refused('rds:DeleteDBInstance', { ...final, SkipFinalSnapshot: on })]).toEqual([on, true]);
      expect([on, refused('s3:DeleteObject', { Bucket: 'b', BypassGovernanceRetention: on })]).toEqual([on, true]);
      expect([
        on,
        refused(
          'ec2:DeregisterImage',
          { ImageId: 'ami-1', DeleteAssociatedSnapshots: on },
          { expireCaptures: ['ami-1'] },
        ),
      ]).toEqual([on, true]);
    }
    for (const off of [false, 'false', 'False', undefined])
      expect(refused('rds:DeleteDBInstance', { ...final, SkipFinalSnapshot: off })).toBe(false);
    for (const bucket of ['captures', 'Captures', ' captures', 'arn:aws:s3:::captures'])
      expect([bucket, refused('s3:DeleteObject', { Bucket: bucket, Key: 'k' })]).toEqual([bucket, true]);
  });

  it('locks are never overridden', () => {
    for (const operation of ['s3:DeleteObject', 's3:DeleteObjects', 's3:PutObjectRetention']) {
      expect(refused(operation, { Bucket: 'b', BypassGovernanceRetention: true })).toBe(true);
      expect(refused(operation, { Bucket: 'b', BypassGovernanceRetention: false })).toBe(false);
    }
  });

  it.each<[string, JsonObject, string]>([
    ['ec2:DeleteSnapshot', { SnapshotId: 'snap-1' }, 'snap-1'],
    ['ec2:DeregisterImage', { ImageId: 'ami-1' }, 'ami-1'],
    ['rds:DeleteDBSnapshot', { DBSnapshotIdentifier: 'x' }, 'x'],
    ['rds:DeleteDBClusterSnapshot', { DBClusterSnapshotIdentifier: 'x' }, 'x'],
    ['s3:DeleteObject', { Bucket: 'captures', Key: 'k' }, 's3://captures/k'],
    ['s3:DeleteObject', { Bucket: 'captures', Key: 'k', VersionId: 'v' }, 's3://captures/k?versionId=v'],
    [
      's3:DeleteObjects',
      { Bucket: 'captures', Delete: { Objects: [{ Key: 'k', VersionId: 'v' }] } },
      's3://captures/k?versionId=v',
    ],
  ])('%s only for exactly the captures that expire', (operation, input, id) => {
    expect(refused(operation, input)).toBe(true);
    expect(refused(operation, input, { expireCaptures: [`${id}x`, ''] })).toBe(true);
    expect(refused(operation, input, { expireCaptures: [id] })).toBe(false);
  });

  it('an expiring image does not take snapshots along, nor one object another', () => {
    expect(
      refused(
        'ec2:DeregisterImage',
        { ImageId: 'ami-1', DeleteAssociatedSnapshots: true },
        { expireCaptures: ['ami-1'] },
      ),
    ).toBe(true);
    expect(
      refused(
        's3:DeleteObjects',
        { Bucket: 'captures', Delete: { Objects: [{ Key: 'k' }, { Key: 'l' }] } },
        { expireCaptures: ['s3://captures/k'] },
      ),
    ).toBe(true);
    expect(
      refused(
        's3:DeleteObjects',
        { Bucket: 'captures', Delete: { Objects: [] } },
        { expireCaptures: ['s3://captures/k'] },
      ),
    ).toBe(true);
  });

  it.each<[string, JsonObject]>([
    ['rds:DeleteDBInstanceAutomatedBackup', { DbiResourceId: 'db-1' }],
    ['rds:DeleteDBClusterAutomatedBackup', { DbClusterResourceId: 'c' }],
    ['rds:StopDBInstanceAutomatedBackupsReplication', {}],
    ['rds:ModifyDBSnapshotAttribute', {}],
    ['rds:ModifyDBClusterSnapshotAttribute', {}],
    ['rds:ModifyDBSnapshot', {}],
    ['rds:RemoveTagsFromResource', { ResourceName: 'arn:aws:rds:eu-west-1:123456789012:snapshot:x' }],
    ['ec2:ModifySnapshotAttribute', {}],
    ['ec2:ResetSnapshotAttribute', {}],
    ['ec2:ModifyImageAttribute', {}],
    ['ec2:ModifySnapshotTier', {}],
    ['ec2:UnlockSnapshot', {}],
    ['ec2:DisableImage', {}],
    ['ec2:DisableImageDeregistrationProtection', {}],
    ['ec2:DisableSnapshotBlockPublicAccess', {}],
    ['ec2:DisableEbsEncryptionByDefault', {}],
    ['ec2:DeleteTags', { Resources: ['i-1', 'snap-1'] }],
    ['sts:AssumeRole', {}],
  ])('%s %j never', (operation, input) => {
    expect(
      refused(operation, input, {
        expireCaptures: ['db-1', 'c', 'x', 'snap-1'],
        setup: true,
        confirmedLoss: ['skip-final-snapshot', 'retention-zero'],
      }),
    ).toBe(true);
  });

  it('leaves ordinary calls alone', () => {
    expect(refused('ec2:DeleteTags', { Resources: ['i-1'] })).toBe(false);
    expect(refused('rds:RemoveTagsFromResource', { ResourceName: 'arn:aws:rds:eu-west-1:123456789012:db:x' })).toBe(
      false,
    );
    expect(refused('ec2:TerminateInstances', { InstanceIds: ['i-1'] })).toBe(false);
    expect(refused('s3:DeleteObjects', { Bucket: 'site', Delete: { Objects: [{ Key: 'k' }] } })).toBe(false);
    expect(refused('ec2:CreateSnapshot', { VolumeId: 'vol-1' })).toBe(false);
  });

  it('a call whose token the SDK would make up has one of its own', () => {
    expect(refused('ec2:RunInstances', { ImageId: 'ami-1' })).toBe(true);
    expect(refused('ec2:RunInstances', { ImageId: 'ami-1', ClientToken: 'op' })).toBe(false);
  });
});

describe('the capture bucket', () => {
  it('takes captures, and nothing else', () => {
    for (const operation of [
      'PutObject',
      'CopyObject',
      'CreateMultipartUpload',
      'UploadPart',
      'UploadPartCopy',
      'CompleteMultipartUpload',
      'AbortMultipartUpload',
    ]) {
      expect(refused(`s3:${operation}`, { Bucket: 'captures' })).toBe(false);
    }
    for (const operation of [
      'DeleteObject',
      'DeleteObjects',
      'DeleteBucket',
      'PutBucketPolicy',
      'PutBucketVersioning',
      'DeleteBucketPolicy',
      'PutBucketLifecycleConfiguration',
      'PutObjectTagging',
      'CreateBucket',
    ]) {
      expect(refused(`s3:${operation}`, { Bucket: 'captures', Key: 'k' })).toBe(true);
      expect(refused(`s3:${operation}`, { Bucket: 'site', Key: 'k' })).toBe(false);
    }
  });

  it('is made and closed by setup, which cannot open or empty it', () => {
    for (const operation of ['CreateBucket', 'PutBucketPolicy', 'PutPublicAccessBlock', 'PutBucketEncryption']) {
      expect(refused(`s3:${operation}`, { Bucket: 'captures' }, { setup: true })).toBe(false);
    }
    expect(
      refused(
        's3:PutBucketVersioning',
        { Bucket: 'captures', VersioningConfiguration: { Status: 'Enabled' } },
        { setup: true },
      ),
    ).toBe(false);
    expect(
      refused(
        's3:PutBucketVersioning',
        { Bucket: 'captures', VersioningConfiguration: { Status: 'Suspended' } },
        { setup: true },
      ),
    ).toBe(true);
    for (const operation of [
      'DeleteObject',
      'DeleteObjects',
      'DeleteBucket',
      'DeleteBucketPolicy',
      'DeletePublicAccessBlock',
      'PutBucketAcl',
    ]) {
      expect(refused(`s3:${operation}`, { Bucket: 'captures', Key: 'k' }, { setup: true })).toBe(true);
    }
  });
});
