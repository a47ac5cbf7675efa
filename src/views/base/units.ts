/**
 * Units of number properties, by the last name of their path: "Properties" of the type in the CloudFormation template
 * reference, which gives each of these in one fixed unit.
 */
const units: Readonly<Record<string, string>> = {
  AllocatedStorage: 'GiB',
  MaxAllocatedStorage: 'GiB',
  VolumeSize: 'GiB',
  Size: 'GiB',
  Iops: 'IOPS',
  Throughput: 'MiB/s',
  StorageThroughput: 'MiB/s',
  VolumeInitializationRate: 'MiB/s',
  BackupRetentionPeriod: 'days',
  PerformanceInsightsRetentionPeriod: 'days',
  AutomaticBackupReplicationRetentionPeriod: 'days',
  ExpirationInDays: 'days',
  NoncurrentVersionExpirationInDays: 'days',
  TransitionInDays: 'days',
  NoncurrentDays: 'days',
  DaysAfterInitiation: 'days',
  Days: 'days',
  Years: 'years',
  MonitoringInterval: 'seconds',
  MaxAge: 'seconds',
  Minutes: 'minutes',
  ObjectSizeGreaterThan: 'bytes',
  ObjectSizeLessThan: 'bytes',
};

/** The unit of a property, or null. `path` as in `AttributeChange.path`. */
function unitOf(path: string): string | null {
  const name = path.slice(path.lastIndexOf('.') + 1).replace(/\[.*$/u, '');
  return Object.hasOwn(units, name) && !path.startsWith('Tags.') ? (units[name] ?? null) : null;
}

/** `100` of `AllocatedStorage` → `100 GiB`; a text that is no number stays as it is. */
export function withUnit(path: string, text: string): string {
  const unit = /^-?\d+(?:\.\d+)?$/u.test(text) ? unitOf(path) : null;
  if (unit === null) return text;
  return `${text} ${text === '1' && /^(?:days|years|seconds|minutes|bytes)$/u.test(unit) ? unit.slice(0, -1) : unit}`;
}

/** `1 resource`, `2 resources`. */
export const several = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
