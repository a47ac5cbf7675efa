import type { ProxiedService } from '../protocol/proxied.ts';
import { Refusal } from '../protocol/correction.ts';
import type { QueryCorrection } from '../protocol/correction.ts';
import { associations } from './associations.ts';
import { goneRefusals } from './gone-refusals.ts';
import { groupAnswers } from './group-answers.ts';
import { images } from './images.ts';
import { modifyAttribute } from './instance-attributes.ts';
import { launch, rememberSettings } from './instance-launch.ts';
import { describedShape } from './instance-shape.ts';
import { describedStates, describedStatus, startAndStop } from './instance-states.ts';
import { kindRefusals } from './kind-refusals.ts';
import { missing } from './missing.ts';
import { networkRefusals } from './network-refusals.ts';
import { networkInterfaces } from './network-interfaces.ts';
import { deleteSecurityGroup } from './security-groups.ts';
import { snapshots } from './snapshots.ts';
import { tagLimit } from '../protocol/tag-limit.ts';
import { clientTokens, dryRun } from './tokens.ts';
import { volumeRefusals } from './volume-refusals.ts';
import { volumes } from './volumes.ts';

/** In order: a correction sees what the ones above it made of a request. */
export const ec2Corrections: readonly QueryCorrection[] = [
  dryRun,
  clientTokens,
  tagLimit(
    ['RunInstances', 'CreateVolume', 'CreateSecurityGroup', 'CreateSnapshot', 'CreateSnapshots', 'CreateImage'],
    () => new Refusal('TagLimitExceeded', 'The maximum number of Tags for a resource has been reached.'),
  ),
  ...kindRefusals,
  ...volumeRefusals,
  ...networkRefusals,
  ...groupAnswers,
  launch,
  rememberSettings,
  describedShape,
  describedStates,
  describedStatus,
  ...startAndStop,
  modifyAttribute,
  ...goneRefusals,
  ...associations,
  ...networkInterfaces,
  deleteSecurityGroup,
  ...snapshots,
  ...images,
  ...volumes,
  ...missing,
];

/** "Error codes for the Amazon EC2 API". */
export const ec2: ProxiedService = {
  version: '2016-11-15',
  query: ec2Corrections,
  throttled: ['RequestLimitExceeded', 503],
  denied: 'UnauthorizedOperation',
  expired: ['RequestExpired', 400],
  refuses: {
    dependency: [
      [/^DeleteSecurityGroup$/u, 'DependencyViolation', 400],
      [/^DeleteVolume$/u, 'VolumeInUse', 400],
      [/^(?:Stop|Terminate)Instances$/u, 'IncorrectInstanceState', 400],
    ],
    quota: [
      [/^RunInstances$/u, 'VcpuLimitExceeded', 400],
      [/^CreateSecurityGroup$/u, 'SecurityGroupLimitExceeded', 400],
      [/^AuthorizeSecurityGroup/u, 'RulesPerSecurityGroupLimitExceeded', 400],
      [/^CreateVolume$/u, 'VolumeLimitExceeded', 400],
      [/^CreateSnapshots?$/u, 'SnapshotLimitExceeded', 400],
      [/^CreateImage$/u, 'ResourceLimitExceeded', 400],
    ],
    capacity: [
      [/^(?:Run|Start)Instances$/u, 'InsufficientInstanceCapacity', 500],
      [/^CreateVolume$/u, 'InsufficientVolumeCapacity', 500],
    ],
  },
  otherwise: {
    dependency: 'DependencyViolation',
    quota: 'ResourceLimitExceeded',
    capacity: 'InsufficientInstanceCapacity',
  },
  absent: [
    [/^Describe(?:Instances|InstanceAttribute)$/u, 'InvalidInstanceID.NotFound', 400],
    [/^DescribeVolumes/u, 'InvalidVolume.NotFound', 400],
    [/^DescribeSnapshots$/u, 'InvalidSnapshot.NotFound', 400],
    [/^DescribeImages$/u, 'InvalidAMIID.NotFound', 400],
    [/^DescribeSecurityGroup/u, 'InvalidGroup.NotFound', 400],
  ],
};
