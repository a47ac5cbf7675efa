import { Refusal, type QueryCorrection } from '../protocol/correction.ts';
import type { Parameters } from '../protocol/parameters.ts';
import { textAt } from '../protocol/xml.ts';
import { volumeOf } from './answers.ts';

/** API CreateVolume and ModifyVolume: sizes and IOPS of a type; [least, most], and IOPS for each GiB. */
const LIMITS: Readonly<
  Record<
    string,
    { readonly size: readonly [number, number]; readonly iops?: readonly [number, number]; readonly ratio?: number }
  >
> = {
  gp2: { size: [1, 16_384] },
  gp3: { size: [1, 65_536], iops: [3000, 80_000], ratio: 500 },
  io1: { size: [4, 16_384], iops: [100, 64_000], ratio: 50 },
  io2: { size: [4, 65_536], iops: [100, 256_000], ratio: 1000 },
  st1: { size: [125, 16_384] },
  sc1: { size: [125, 16_384] },
  standard: { size: [1, 1024] },
};

const refuse = (message: string, code = 'InvalidParameterValue'): never => {
  throw new Refusal(code, message);
};

function judge(parameters: Parameters, type: string, size: number): void {
  const limits = LIMITS[type];
  if (limits === undefined) return;
  const iops = parameters.get('Iops');
  const throughput = parameters.get('Throughput');
  if (size < limits.size[0] || size > limits.size[1])
    refuse(
      `Volume of ${size}GiB is not valid for volume type ${type}; it must be between ${limits.size[0]} and ${limits.size[1]}`,
    );
  if (iops !== undefined && limits.iops === undefined)
    refuse(`The parameter iops is not supported for ${type} volumes.`, 'InvalidParameterCombination');
  if (iops !== undefined && limits.iops !== undefined) {
    if (Number(iops) < limits.iops[0] || Number(iops) > limits.iops[1])
      refuse(`Volume iops of ${iops} is not valid; it must be between ${limits.iops[0]} and ${limits.iops[1]}`);
    if (Number(iops) > Math.max(size * (limits.ratio ?? 1), type === 'gp3' ? 3000 : 0))
      refuse(`Iops to volume size ratio of ${Number(iops) / size} is too high; maximum is ${limits.ratio ?? 1}`);
  }
  if (throughput !== undefined && type !== 'gp3')
    refuse(`The parameter throughput is not supported for ${type} volumes.`, 'InvalidParameterCombination');
  if (throughput !== undefined && (Number(throughput) < 125 || Number(throughput) > 2000))
    refuse(`Volume throughput of ${throughput} is not valid; it must be between 125 and 2000`);
}

export const volumeRefusals: readonly QueryCorrection[] = [
  {
    operations: ['CreateVolume'],
    answers: 'a volume without a size and a snapshot, or with figures that its type does not take',
    before({ parameters, world }) {
      const snapshot = world.snapshots.get(parameters.get('SnapshotId') ?? '');
      const size = parameters.get('Size') ?? snapshot?.size;
      if (size === undefined && !parameters.has('SnapshotId'))
        refuse('The request must contain the parameter size/snapshot', 'MissingParameter');
      const type = parameters.get('VolumeType') ?? 'gp2';
      if ((type === 'io1' || type === 'io2') && !parameters.has('Iops'))
        refuse('The request must contain the parameter iops', 'MissingParameter');
      if (size !== undefined) judge(parameters, type, Number(size));
    },
  },
  {
    operations: ['ModifyVolume'],
    answers: 'figures that the type does not take',
    async before(context) {
      const { parameters } = context;
      const volume = await volumeOf(context, parameters.get('VolumeId') ?? '');
      judge(
        parameters,
        parameters.get('VolumeType') ?? textAt(volume, 'volumeType'),
        Number(parameters.get('Size') ?? textAt(volume, 'size')),
      );
    },
  },
];
