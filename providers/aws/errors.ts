import { AwsError, UserError, type AwsErrorKind } from '../../src/model/error.ts';

/** Turns whatever the SDK threw into an AwsError (or leaves a UserError as it is). */
export function normaliseError(error: unknown, operation: string, mutating: boolean): AwsError | UserError {
  if (error instanceof UserError || error instanceof AwsError) return error;
  const raw = error as { name?: string; Code?: string; message?: string; $metadata?: { requestId?: string; httpStatusCode?: number }; $fault?: string };
  const code = (raw.Code ?? raw.name ?? 'Unknown').replace(/Fault$/u, '');
  const kind = kindOf(code, raw.$metadata?.httpStatusCode);
  const executed = !mutating || ['denied', 'expired', 'throttled', 'conflict', 'exists', 'dependency', 'invalid', 'quota', 'absent'].includes(kind) ? 'no' : 'unknown';
  return new AwsError({ code, kind, operation, message: raw.message ?? String(error), requestId: raw.$metadata?.requestId, httpStatus: raw.$metadata?.httpStatusCode, executed, cause: error });
}

function kindOf(code: string, status: number | undefined): AwsErrorKind {
  if (/NotFound|NoSuch|^404$/u.test(code)) return 'absent';
  if (/AccessDenied|Unauthorized|AuthFailure|OperationNotPermitted/u.test(code)) return 'denied';
  if (/Expired|InvalidClientTokenId|UnrecognizedClient|CredentialsProvider|InvalidAccessKeyId|SignatureDoesNotMatch/u.test(code)) return 'expired';
  if (/Throttl|RequestLimitExceeded|SlowDown|TooManyRequests/u.test(code)) return 'throttled';
  if (/AlreadyExists|Duplicate|BucketAlreadyOwnedByYou/u.test(code)) return 'exists';
  if (/DependencyViolation|InUse|BucketNotEmpty/u.test(code)) return 'dependency';
  if (/Quota|LimitExceeded/u.test(code)) return 'quota';
  if (/State$|Conflict|OperationAborted|IncorrectState/u.test(code)) return 'conflict';
  if (/Timeout|ECONN|ENOTFOUND|EPIPE|Network|socket/u.test(code)) return 'network';
  if (status !== undefined && status >= 400 && status < 500) return 'invalid';
  return 'unknown';
}
