import { each, harmless, judged, type Verdicts } from '../../../../src/domain/verdict.ts';

const atCreation = (what: string) =>
  harmless(`${what}; only a new volume takes it, which nobody uses yet (CreateVolume)`);

/**
 * The effects that a change of each member of AWS::EC2::Volume can have. Source: CreateVolume, ModifyVolume,
 * ModifyVolumeAttribute.
 */
export const volumeVerdicts: Verdicts = {
  AutoEnableIO: judged(
    'decides whether a volume with doubtful data is held back (ModifyVolumeAttribute)',
    'destruction',
  ),
  AvailabilityZone: atCreation('says where the volume lies'),
  Encrypted: judged('a volume without encryption is readable to whoever holds its blocks', 'grant'),
  KmsKeyId: judged('whoever holds the key can make the data unreadable; only a new volume takes it', 'grant'),
  MultiAttachEnabled: atCreation('lets several instances attach it'),
  OutpostArn: atCreation('says on which Outpost of the account the volume lies'),
  ...each(
    '',
    ['Iops', 'Throughput', 'VolumeType'],
    judged('after a change AWS takes no other for six hours, and less may be too little (ModifyVolume)', 'one-way'),
  ),
  Size: judged('a volume never shrinks (ModifyVolume)', 'one-way'),
  SnapshotId: judged('the new volume holds the data of the snapshot', 'grant'),
  Tags: judged('tools act by tags', 'destruction'),
};
