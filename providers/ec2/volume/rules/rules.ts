import type { Json, JsonObject } from '../../../../src/base/json.ts';
import type { LiveResource } from '../../../../src/domain/live.ts';
import type { ChangeRule, TypeRules } from '../../../../src/domain/resource-type.ts';
import { foreignKey } from '../../../aws/values/accounts.ts';
import { keyed, numberOf, objectOf, textOf } from '../../../aws/values/fields.ts';
import { refusedVolume } from './values.ts';
import { volumeVerdicts } from './verdicts.ts';

export const volumeType = 'AWS::EC2::Volume';

/** The properties that ModifyVolume changes. */
export const modifiedProperties = ['Size', 'VolumeType', 'Iops', 'Throughput'] as const;

const noOther = 'AWS takes no further change of the volume for six hours';
/** Types of volumes from the slowest to the fastest (Amazon EBS User Guide, "Amazon EBS volume types"). */
const speeds = ['standard', 'sc1', 'st1', 'gp2', 'gp3', 'io1', 'io2'];
const speedOf = (value: Json | undefined): number => speeds.indexOf(textOf(value) ?? '');

/**
 * Changes to less, which for six hours cannot be undone (Amazon EBS User Guide, "Requirements for EBS volume
 * modifications").
 */
const slower: readonly ChangeRule[] = [
  ...(['Iops', 'Throughput'] as const).map((path): ChangeRule => ({
    path,
    given: (before) => typeof before === 'number',
    when: (before, after) => !(typeof after === 'number' && after >= Number(before)),
    says: (before, after) =>
      `${path} goes from ${String(before)} to ${after === undefined ? 'the default' : String(after)}, and ${noOther}`,
  })),
  {
    path: 'VolumeType',
    given: (before) => textOf(before) !== undefined,
    when: (before, after) => speedOf(after) < speedOf(before),
    says: (before, after) => `the volume becomes slower, from ${String(before)} to ${String(after)}, and ${noOther}`,
  },
];

/**
 * The properties of AWS::EC2::Volume that aiplan sets (EC2 API reference: CreateVolume, ModifyVolume,
 * ModifyVolumeAttribute).
 */
export const volumeRules: TypeRules = {
  properties: {
    AutoEnableIO: { update: 'in-place', reset: false },
    AvailabilityZone: {},
    Encrypted: {},
    // ModifyVolume: what is not named takes the default of the new type and size.
    Iops: { update: 'in-place', follows: ['VolumeType', 'Size'] },
    KmsKeyId: {},
    MultiAttachEnabled: {},
    OutpostArn: {},
    Size: {
      oneWay: 'a volume grows and never shrinks',
      update: (before, after) => {
        const [from, to] = [numberOf(before), numberOf(after)];
        return from !== undefined && to !== undefined && to < from
          ? { blocked: `a volume cannot shrink from ${from} to ${to} GiB; create a smaller one and copy the data` }
          : 'in-place';
      },
    },
    SnapshotId: {},
    Tags: { update: 'in-place' },
    Throughput: { update: 'in-place', follows: ['VolumeType', 'Size'] },
    VolumeType: { update: 'in-place' },
  },
  refuses: refusedVolume,
  compare: { KmsKeyId: 'arn-or-name' },
  keys: {},
  verdicts: volumeVerdicts,
  secretInput: [],
  sensitive: [],
  // EC2 API reference, Volume: only kinds of volumes that have a speed of their own answer it.
  unset: { Iops: null, Throughput: null, KmsKeyId: null, SnapshotId: null, OutpostArn: null },
  // Where a volume came from never changes but by a restore, from its capture.
  volatile: ['SnapshotId'],
  destructive: [
    {
      path: 'AutoEnableIO',
      when: (before, after) => before === false && after === true,
      says: () =>
        'the volume stays in use when AWS finds its data possibly inconsistent, instead of being held back for a check',
    },
  ],
  grants: [
    {
      path: 'Encrypted',
      when: (before, after) => before === true && after !== true,
      says: () => 'the data is no longer encrypted at rest',
    },
    {
      path: 'SnapshotId',
      given: (_before, live) => live === null,
      when: (before, after) => after !== undefined && after !== null && after !== before,
      says: (_before, after) =>
        `the new volume holds the data of ${textOf(after) ?? 'a snapshot that is not known yet'}: whoever attaches it reads them`,
    },
    foreignKey('KmsKeyId', 'the volume'),
  ],
  oneWay: slower,
  changeableStates: ['available', 'in-use'],
  restingStates: ['error'],
  goneStates: ['deleting', 'deleted'],
  duplicate,
  duplicateKeys: (properties) => [
    ...keyed('name', objectOf(properties['Tags'])['Name']),
    ...keyed('snapshot', properties['SnapshotId']),
  ],
  leftovers: () => [],
};

/** A volume has no natural key: the name tag, or the same origin and shape, look alike. */
function duplicate(desired: JsonObject, other: LiveResource): 'same' | 'similar' | null {
  const name = textOf(objectOf(desired['Tags'])['Name']);
  if (name !== undefined) return name === objectOf(other.properties['Tags'])['Name'] ? 'similar' : null;
  const shape = ['AvailabilityZone', 'SnapshotId', 'Size'] as const;
  return textOf(desired['SnapshotId']) !== undefined &&
    shape.every((field) => desired[field] === undefined || desired[field] === other.properties[field])
    ? 'similar'
    : null;
}
