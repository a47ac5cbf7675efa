import { permissionsOf } from '../services/index.ts';
import { AwsError, UserError, type AwsErrorKind } from '../../../src/base/error.ts';

/** The members of an error that the SDK throws: service exceptions, socket errors, credential errors, parse errors. */
interface Thrown {
  readonly name?: string;
  /** AWS's own code; RDS spells the class name differently (`DBInstanceNotFoundFault` for `DBInstanceNotFound`). */
  readonly Code?: string;
  /** Node's code of a socket error. */
  readonly code?: string;
  readonly message?: string;
  readonly $fault?: string;
  readonly $metadata?: { readonly requestId?: string; readonly httpStatusCode?: number };
  readonly errors?: readonly unknown[];
}

/**
 * Kind by code, first match wins. Sources: EC2 API reference "Error codes", RDS "Common errors" and the exceptions of
 * each operation, S3 "Error responses".
 */
const KINDS: readonly (readonly [RegExp, AwsErrorKind])[] = [
  [
    /^(RequestLimitExceeded|Client\.RequestLimitExceeded|Throttl\w*|SlowDown|TooManyRequests\w*|BandwidthLimitExceeded|RequestThrottled\w*|ProvisionedThroughputExceeded\w*|EC2ThrottledException|ConcurrentMutationLimitExceeded|SnapshotCreationPerVolumeRateExceeded)$/u,
    'throttled',
  ],
  [
    /^(ExpiredToken\w*|RequestExpired|TokenRefreshRequired|InvalidClientTokenId|UnrecognizedClient\w*|InvalidAccessKeyId|InvalidToken|InvalidSecurity|SignatureDoesNotMatch|IncompleteSignature|MissingAuthenticationToken\w*|RequestTimeTooSkewed|CredentialsProviderError|TokenProviderError)$/u,
    'expired',
  ],
  [
    /^(AccessDenied\w*|Unauthorized\w*|UnauthorizedOperation|AuthFailure|AllAccessDisabled|AccountProblem|OptInRequired|SubscriptionRequired|PendingVerification|Blocked|Forbidden|NotAuthorized|KMSAccessDenied\w*)$/u,
    'denied',
  ],
  [/^IdempotentParameterMismatch$/u, 'conflict'],
  [
    /^(\w*Quota\w*|\w*LimitExceeded\w*|\w*LimitExceededException|TooManyBuckets|InsufficientFreeAddressesInSubnet|RulesPerSecurityGroupLimitExceeded|Insufficient\w*Capacity|InsufficientCapacity\w*|ResourceLimitExceeded)$/u,
    'quota',
  ],
  [
    /(AlreadyExists\w*|\.Duplicate|Duplicate|^BucketAlreadyOwnedByYou|^RouteAlreadyExists|^EntityAlreadyExists)$/u,
    'exists',
  ],
  [/(NotFound|NotFoundError|NotFoundException)$|^NoSuch\w+$|^Gateway\.NotAttached$/u, 'absent'],
  [
    /^(DependencyViolation|BucketNotEmpty|VolumeInUse|Resource\.AlreadyAssociated|Resource\.AlreadyAssigned)$|InUse$/u,
    'dependency',
  ],
  [
    /(Invalid\w+State|IncorrectState|IncorrectInstanceState|IncorrectStateException|\.State|State)$|^(OperationNotPermitted|OperationAborted|ConditionalRequestConflict|PreconditionFailed|IncorrectModificationState|ResourceNotReady|RestoreAlreadyInProgress|VersionMismatch|Conflict\w*)$/u,
    'conflict',
  ],
];

/** Sockets that never carried the request: nothing was executed. */
const NEVER_SENT =
  /^(EndpointUnreachable|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EAI_NODATA|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|ERR_TLS_\w+|ERR_SSL_\w+|ERR_INVALID_URL)$/u;
/** Sockets that broke at an unknown moment. */
const BROKEN =
  /^(ECONNRESET|EPIPE|ETIMEDOUT|ESOCKETTIMEDOUT|ECONNABORTED|TimeoutError|AbortError|RequestTimeout|UND_ERR_\w+|NetworkingError)$/u;

/**
 * Turns whatever the SDK threw into an AwsError (a UserError or AwsError stays as it is). `operation` is
 * `service:Operation`. `executed` of a read is always `no`; of a mutating call it is `no` only where the answer or the
 * socket proves that AWS did not carry it out.
 */
export function normaliseError(error: unknown, operation: string, mutating: boolean): AwsError | UserError {
  if (error instanceof UserError || error instanceof AwsError) return error;
  const raw = unwrap(error);
  const httpStatus = raw.$metadata?.httpStatusCode;
  const requestId = raw.$metadata?.requestId;
  const code = codeOf(raw, operation, httpStatus);
  const neverSent = NEVER_SENT.test(code) || /did not establish a connection/u.test(raw.message ?? '');
  const kind = neverSent || BROKEN.test(code) ? 'network' : kindOf(code, raw.message ?? '', httpStatus);
  const refused = kind !== 'network' && kind !== 'unknown';
  return new AwsError({
    code,
    kind,
    operation,
    ...permissionsOf(operation),
    requestId,
    httpStatus,
    message: messageOf(raw, code, operation, httpStatus),
    executed: !mutating || neverSent || refused ? 'no' : 'unknown',
    // A service exception says everything in its code, message and request id; anything else keeps its origin.
    ...(raw.$fault === undefined ? { cause: error } : {}),
  });
}

/** Happy-eyeballs connects to several addresses and throws one AggregateError. */
function unwrap(error: unknown): Thrown {
  if (typeof error !== 'object' || error === null) return { name: 'Unknown', message: String(error) };
  const raw = error as Thrown;
  const first = raw.errors?.[0];
  return raw.name === 'AggregateError' && typeof first === 'object' && first !== null ? unwrap(first) : raw;
}

function codeOf(raw: Thrown, operation: string, status: number | undefined): string {
  if (raw.Code === undefined && raw.$fault !== undefined) {
    // An answer without a body: only S3's HEAD operations have none by design, and only there 404 means absent.
    const head = operation.startsWith('s3:Head');
    if (head && status === 404) return 'NotFound';
    if (head && status === 403) return 'AccessDenied';
    if (head && (status === 301 || status === 307)) return 'PermanentRedirect';
    if (raw.name === undefined || /^(Unknown|UnknownError|NotFound)$/u.test(raw.name))
      return `Http${status ?? 'Unknown'}`;
  }
  const named =
    raw.Code ??
    (raw.name === 'TimeoutError' || raw.name === 'Error' || raw.name === undefined
      ? (raw.code ?? raw.name)
      : raw.name) ??
    'Unknown';
  if (named === 'Error') return unreadable(raw) ? 'UnreadableAnswer' : 'Unknown';
  // The SDK could not parse the answer, and its own words help nobody.
  if (named === 'SyntaxError') return 'UnreadableAnswer';
  return named.length > 'Fault'.length ? named.replace(/Fault$/u, '') : named;
}

const unreadable = (raw: Thrown): boolean =>
  /XML parse error|Deserialization error|is not valid JSON/u.test(raw.message ?? '');

function kindOf(code: string, message: string, status: number | undefined): AwsErrorKind {
  // EC2 says AuthFailure both for keys that it does not know and for resources of another account.
  if (code === 'AuthFailure' && /validate the provided access credentials/u.test(message)) return 'expired';
  if (code === 'UnreadableAnswer' || code.startsWith('Http')) return 'unknown';
  for (const [pattern, kind] of KINDS) if (pattern.test(code)) return kind;
  return status !== undefined && status >= 400 && status < 500 ? 'invalid' : 'unknown';
}

function messageOf(raw: Thrown, code: string, operation: string, status: number | undefined): string {
  if (code === 'UnreadableAnswer') {
    return `${operation}: the answer is not in AWS's format${status === undefined ? '' : ` (HTTP ${status})`}; does the endpoint know this operation?`;
  }
  if (code.startsWith('Http')) return `${operation}: HTTP ${status ?? 'error'} without an AWS error code`;
  const text = raw.message ?? '';
  return text === '' || text === 'UnknownError' || text === 'Unknown' ? `${operation}: ${code}` : text;
}
