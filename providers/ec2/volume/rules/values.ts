import type { JsonObject } from '../../../../src/base/json.ts';
import type { ValueProblem } from '../../../../src/domain/resource-type.ts';
import {
  grouped,
  isThere,
  knownNumber,
  knownText,
  needs,
  range,
  refusing,
  tagChecks,
  type ValueCheck,
} from '../../../aws/values/value-checks.ts';

interface Limits {
  readonly size: readonly [number, number];
  readonly iops?: readonly [number, number];
  readonly perGib?: number;
  readonly free?: number;
}

/**
 * EC2 API reference, CreateVolume and ModifyVolume (`Size`, `Iops`, `Throughput`); EBS User Guide, "Amazon EBS volume
 * types" (IOPS per GiB).
 */
const types: Readonly<Record<string, Limits>> = {
  gp2: { size: [1, 16_384] },
  gp3: { size: [1, 65_536], iops: [3000, 80_000], perGib: 500, free: 3000 },
  io1: { size: [4, 16_384], iops: [100, 64_000], perGib: 50 },
  io2: { size: [4, 65_536], iops: [100, 256_000], perGib: 1000 },
  sc1: { size: [125, 16_384] },
  st1: { size: [125, 16_384] },
  standard: { size: [1, 1024] },
};

/**
 * The settings of a volume that AWS refuses, at `Size`, `Iops` and so on below `at`. Of a new one (`whole`), AWS's
 * default type is gp2 (CreateVolume); what has no type otherwise is of a type that is not known here.
 */
export function volumeSettings(
  settings: JsonObject,
  whole: boolean,
  at = '',
  names: { readonly size: string } = { size: 'Size' },
): readonly ValueProblem[] {
  const { VolumeType: kind, Iops, Throughput } = settings;
  const size = settings[names.size];
  const type = knownText(kind) ?? (whole && !isThere(kind) ? 'gp2' : undefined);
  const limits = type === undefined ? undefined : types[type];
  if (type === undefined || limits === undefined) return [];
  const path = (name: string): string => (at === '' ? name : `${at}.${name}`);
  const problems: ValueProblem[] = [
    ...range(path(names.size), size, ...limits.size, { of: `${names.size} of a ${type} volume`, unit: ' GiB' }),
  ];
  if (limits.iops === undefined) {
    if (isThere(Iops))
      problems.push({
        at: path('Iops'),
        message: `a ${type} volume takes no Iops`,
        help: 'delete the line, or write VolumeType: gp3',
      });
  } else {
    problems.push(...range(path('Iops'), Iops, ...limits.iops, { of: `Iops of a ${type} volume` }));
    if (whole && limits.free === undefined && !isThere(Iops))
      problems.push({
        at,
        missing: 'Iops',
        message: `AWS needs Iops for a ${type} volume`,
        help: `Iops: ${limits.iops[0]}`,
      });
    const [wanted, gib] = [knownNumber(Iops), knownNumber(size)];
    const most =
      gib === undefined || limits.perGib === undefined ? undefined : Math.max(gib * limits.perGib, limits.free ?? 0);
    if (wanted !== undefined && most !== undefined && wanted > most && wanted <= limits.iops[1]) {
      problems.push({
        at: path('Iops'),
        message: `a ${type} volume of ${grouped(gib ?? 0)} GiB takes up to ${grouped(most)} Iops, not "${wanted}"`,
        help: `write at most ${most}, or a larger ${names.size}`,
      });
    }
  }
  return [...problems, ...throughput(path, type, Throughput, Iops)];
}

/** Only gp3 takes a throughput: 125 to 2,000 MiB/s, and 0.25 MiB/s for each of its IOPS. */
function throughput(
  path: (name: string) => string,
  type: string,
  value: JsonObject[string],
  iops: JsonObject[string],
): readonly ValueProblem[] {
  if (!isThere(value)) return [];
  if (type !== 'gp3')
    return [
      {
        at: path('Throughput'),
        message: `a ${type} volume takes no Throughput`,
        help: 'delete the line, or write VolumeType: gp3',
      },
    ];
  const problems = range(path('Throughput'), value, 125, 2000, { of: 'Throughput of a gp3 volume', unit: ' MiB/s' });
  const rate = knownNumber(value);
  const base = isThere(iops) ? knownNumber(iops) : 3000;
  if (problems.length > 0 || rate === undefined || base === undefined || rate <= base / 4) return problems;
  return [
    {
      at: path('Throughput'),
      message: `Throughput "${rate}" needs ${grouped(rate * 4)} Iops, and the volume has ${grouped(base)}`,
      help: `write Iops: ${rate * 4}, or Throughput: ${Math.floor(base / 4)}`,
    },
  ];
}

const multiAttach: ValueCheck = (properties, whole) => {
  const type = knownText(properties['VolumeType']) ?? (whole && !isThere(properties['VolumeType']) ? 'gp2' : undefined);
  return properties['MultiAttachEnabled'] === true && type !== undefined && type !== 'io1' && type !== 'io2'
    ? [
        {
          at: 'MultiAttachEnabled',
          message: `only io1 and io2 volumes take MultiAttachEnabled, and this one is ${type}`,
          help: 'delete the line, or write VolumeType: io2',
        },
      ]
    : [];
};

const keyWithoutEncryption: ValueCheck = (properties, whole) =>
  whole && isThere(properties['KmsKeyId']) && (!isThere(properties['Encrypted']) || properties['Encrypted'] === false)
    ? [{ at: 'KmsKeyId', message: 'AWS takes KmsKeyId only with Encrypted: true', help: 'write Encrypted: true' }]
    : [];

/** AWS::EC2::Volume, without a look at what is live. */
export const refusedVolume = refusing(
  needs('Size', 'Size: 20   # in GiB, or SnapshotId', ['SnapshotId']),
  (properties, whole) => volumeSettings(properties, whole),
  multiAttach,
  keyWithoutEncryption,
  tagChecks(),
);
