import type { ResourceType } from '../../../src/domain/resource-type.ts';
import {
  planVolumeCapture,
  quiesceVolume,
  restoreVolume,
  takeVolume,
  verifyVolume,
  volumeApart,
  volumeRestorable,
} from './capture.ts';
import { createVolume, preflightVolume, removeVolume, settleVolume, updateVolume, volumeGone } from './programs.ts';
import { readVolumes, volumeNeighbours } from './read.ts';
import { volumeRules, volumeType } from './rules/rules.ts';

/** AWS::EC2::Volume. It is never detached unasked, and a snapshot is taken before anything happens to it. */
export const volume: ResourceType = {
  type: volumeType,
  service: 'ec2',
  managed: true,
  users: 'refused-in-use',
  rules: volumeRules,
  read: readVolumes,
  create: createVolume,
  update: updateVolume,
  remove: removeVolume,
  waitUntilStable: settleVolume,
  gone: volumeGone,
  neighbours: volumeNeighbours,
  preflight: preflightVolume,
  capture: {
    plan: planVolumeCapture,
    quiesce: quiesceVolume,
    take: takeVolume,
    verify: verifyVolume,
    restorable: volumeRestorable,
    apart: volumeApart,
    elsewhere: ['AvailabilityZone', 'VolumeType'],
    restore: restoreVolume,
  },
  iam: {
    read: [
      'ec2:DescribeVolumes',
      'ec2:DescribeVolumeAttribute',
      'ec2:DescribeVolumesModifications',
      'ec2:DescribeSnapshots',
      'ec2:DescribeAvailabilityZones',
    ],
    write: [
      'ec2:CreateVolume',
      'ec2:ModifyVolume',
      'ec2:ModifyVolumeAttribute',
      'ec2:DeleteVolume',
      'ec2:CreateTags',
      'ec2:DeleteTags',
    ],
    capture: ['ec2:CreateSnapshot', 'ec2:CreateTags'],
    restore: [
      'ec2:CreateVolume',
      'ec2:AttachVolume',
      'ec2:ModifyInstanceAttribute',
      'ec2:DescribeInstances',
      'ec2:CreateTags',
      'kms:DescribeKey',
    ],
  },
};
