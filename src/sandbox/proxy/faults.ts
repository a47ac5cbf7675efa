/** A request as a test sees it, before it is answered. */
export interface SeenRequest {
  readonly number: number;
  readonly service: string;
  readonly operation: string;
  readonly mutating: boolean;
  readonly region: string;
  /** Form parameters of EC2 and RDS; bucket, key and query of S3. */
  readonly parameters: Readonly<Record<string, string>>;
}

/**
 * The fault of a request:
 *   drop the connection breaks, `before` the emulator has seen the request or `after` it was carried out; `also` is
 *   called first
 *   answered   nothing, but `also` is called when the answer is written
 *   delay      the request waits so long, or until a promise is fulfilled
 *   duplicate  the network delivers the request twice; the answer is that of the first time, or of the second
 *   truncate   half of the answer, then the connection closes
 *   garble     an answer whose body is no document
 *   missing    what the request makes is not found by the next reads, `reads` times
 *   stale      the next reads are answered as they were before, `reads` times (Proxy.rememberAnswers)
 *   lasting    states in between that the request begins are shown to so many reads
 *   throttle refused as too many requests; expired: for credentials that are no longer good; deny: for want of
 *   permission;
 *              dependency, quota, capacity: as AWS documents it for the operation; error: any other refusal
 */
export type Fault =
  | { readonly kind: 'drop'; readonly when: 'before' | 'after'; readonly also?: () => void }
  | { readonly kind: 'answered'; readonly also: () => void }
  | { readonly kind: 'delay'; readonly milliseconds?: number; readonly until?: Promise<unknown> }
  | { readonly kind: 'duplicate'; readonly answer?: 'first' | 'second' }
  | { readonly kind: 'truncate' | 'garble' | 'throttle' | 'expired' | 'deny' }
  | { readonly kind: Because }
  | { readonly kind: 'missing' | 'stale' | 'lasting'; readonly reads: number }
  | { readonly kind: 'error'; readonly code: string; readonly message: string; readonly status?: number };

export type Because = 'dependency' | 'quota' | 'capacity';
export type RequestHook = (request: SeenRequest) => Fault | undefined | Promise<Fault | undefined>;

interface Refused {
  readonly code: string;
  readonly message: string;
  readonly status: number;
}

const THROTTLED: Readonly<Record<string, readonly [string, number]>> = {
  ec2: ['RequestLimitExceeded', 503],
  s3: ['SlowDown', 503],
};
const DENIED: Readonly<Record<string, string>> = { ec2: 'UnauthorizedOperation', kms: 'AccessDeniedException' };
const EXPIRED: Readonly<Record<string, readonly [string, number]>> = {
  ec2: ['RequestExpired', 400],
  s3: ['ExpiredToken', 400],
};

/**
 * Refusals that AWS documents for an operation ("Error codes for the Amazon EC2 API", the API references of RDS and
 * S3).
 */
const REFUSED: Readonly<Record<Because, readonly (readonly [string, RegExp, string, number])[]>> = {
  dependency: [
    ['ec2', /^DeleteSecurityGroup$/u, 'DependencyViolation', 400],
    ['ec2', /^DeleteVolume$/u, 'VolumeInUse', 400],
    ['ec2', /^(?:Stop|Terminate)Instances$/u, 'IncorrectInstanceState', 400],
    ['rds', /^(?:Delete|Modify|Stop|Reboot)DBInstance$/u, 'InvalidDBInstanceState', 400],
    ['s3', /^DeleteBucket$/u, 'BucketNotEmpty', 409],
  ],
  quota: [
    ['ec2', /^RunInstances$/u, 'VcpuLimitExceeded', 400],
    ['ec2', /^CreateSecurityGroup$/u, 'SecurityGroupLimitExceeded', 400],
    ['ec2', /^AuthorizeSecurityGroup/u, 'RulesPerSecurityGroupLimitExceeded', 400],
    ['ec2', /^CreateVolume$/u, 'VolumeLimitExceeded', 400],
    ['ec2', /^CreateSnapshots?$/u, 'SnapshotLimitExceeded', 400],
    ['ec2', /^CreateImage$/u, 'ResourceLimitExceeded', 400],
    ['rds', /^(?:CreateDBInstance|RestoreDBInstance\w+)$/u, 'InstanceQuotaExceeded', 400],
    ['rds', /^CreateDBSnapshot$/u, 'SnapshotQuotaExceeded', 400],
    ['s3', /^CreateBucket$/u, 'TooManyBuckets', 400],
  ],
  capacity: [
    ['ec2', /^(?:Run|Start)Instances$/u, 'InsufficientInstanceCapacity', 500],
    ['ec2', /^CreateVolume$/u, 'InsufficientVolumeCapacity', 500],
    ['rds', /^(?:CreateDBInstance|ModifyDBInstance|RestoreDBInstance\w+)$/u, 'InsufficientDBInstanceCapacity', 400],
  ],
};
/** Where AWS documents none for the operation. */
const OTHERWISE: Readonly<Record<Because, Readonly<Record<string, string>>>> = {
  dependency: { ec2: 'DependencyViolation', s3: 'OperationAborted', rds: 'InvalidDBInstanceState' },
  quota: { ec2: 'ResourceLimitExceeded', s3: 'TooManyBuckets', rds: 'InstanceQuotaExceeded' },
  capacity: { ec2: 'InsufficientInstanceCapacity', s3: 'ServiceUnavailable', rds: 'InsufficientDBInstanceCapacity' },
};

const found = (
  list: readonly (readonly [string, RegExp, string, number])[],
  service: string,
  operation: string,
): readonly [string, number] | undefined => {
  const row = list.find(([of, names]) => of === service && names.test(operation));
  return row === undefined ? undefined : [row[2], row[3]];
};

/** Whether AWS documents such a refusal for the operation; by the fault of that kind. */
export const canRefuse = (because: Because, service: string, operation: string): boolean =>
  found(REFUSED[because], service, operation) !== undefined;

/** The refusal that a fault stands for, in the service's own words; undefined for faults that are not refusals. */
export function refusalOf(fault: Fault, service: string, operation: string): Refused | undefined {
  switch (fault.kind) {
    case 'throttle': {
      const [code, status] = THROTTLED[service] ?? ['Throttling', 400];
      return { code, status, message: 'Rate exceeded' };
    }
    case 'expired': {
      const [code, status] = EXPIRED[service] ?? ['ExpiredToken', 403];
      return { code, status, message: 'The security token included in the request is expired' };
    }
    case 'deny':
      return {
        code: DENIED[service] ?? 'AccessDenied',
        status: 403,
        message: `You are not authorized to perform ${service}:${operation}`,
      };
    case 'dependency':
    case 'quota':
    case 'capacity': {
      const [code, status] = found(REFUSED[fault.kind], service, operation) ?? [
        OTHERWISE[fault.kind][service] ?? 'InternalFailure',
        400,
      ];
      return { code, status, message: `${service}:${operation} was refused: ${fault.kind}` };
    }
    case 'error':
      return { code: fault.code, message: fault.message, status: fault.status ?? 400 };
    case 'drop':
    case 'answered':
    case 'delay':
    case 'duplicate':
    case 'truncate':
    case 'garble':
    case 'missing':
    case 'stale':
    case 'lasting':
      return undefined;
    default:
      return fault satisfies never;
  }
}
