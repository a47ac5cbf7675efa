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
  ...tagLimit('ec2'),
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
