/** Process exit codes (DESIGN section 9). */
export const exitCodes = {
  done: 0,
  error: 1,
  changes: 2,
  blocked: 3,
  stale: 4,
  applyFailed: 5,
  rollbackIncomplete: 6,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** An error of the user's world: shown as code, what, where and what to do next, never as a stack trace. */
export class UserError extends Error {
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly where: string | undefined;
  readonly help: string | undefined;

  constructor(
    code: string,
    message: string,
    options: { exitCode?: ExitCode; where?: string; help?: string; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'UserError';
    this.code = code;
    this.exitCode = options.exitCode ?? exitCodes.error;
    this.where = options.where;
    this.help = options.help;
  }
}

/** The meaning of an AWS error, whatever its spelling. Only `absent` says that something does not exist. */
export type AwsErrorKind =
  | 'absent'
  | 'denied'
  | 'expired'
  | 'throttled'
  | 'conflict'
  | 'exists'
  | 'dependency'
  | 'invalid'
  | 'quota'
  | 'network'
  | 'unknown';

/**
 * An answer from AWS that is an error, normalised. `code` is AWS's code with a trailing `Fault` removed.
 * `executed` is `no` when it is certain that the request had no effect (refused before execution, never connected).
 */
export class AwsError extends Error {
  readonly code: string;
  readonly kind: AwsErrorKind;
  readonly operation: string;
  /** The IAM actions that the operation needs, where they are not called like it. */
  readonly permissions: readonly string[] | undefined;
  readonly requestId: string | undefined;
  readonly httpStatus: number | undefined;
  readonly executed: 'no' | 'unknown';

  constructor(fields: {
    code: string;
    kind: AwsErrorKind;
    operation: string;
    permissions?: readonly string[] | undefined;
    message: string;
    requestId?: string | undefined;
    httpStatus?: number | undefined;
    executed: 'no' | 'unknown';
    cause?: unknown;
  }) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.name = 'AwsError';
    this.code = fields.code;
    this.kind = fields.kind;
    this.operation = fields.operation;
    this.permissions = fields.permissions;
    this.requestId = fields.requestId;
    this.httpStatus = fields.httpStatus;
    this.executed = fields.executed;
  }
}
