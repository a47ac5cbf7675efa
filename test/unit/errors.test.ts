import { describe, expect, it } from '@jest/globals';
import { normaliseError } from '../../providers/aws/values/errors.ts';
import { AwsError, UserError, type AwsErrorKind } from '../../src/base/error.ts';

interface Thrown {
  name?: string;
  Code?: string;
  code?: string;
  message?: string;
  $fault?: string;
  $metadata?: { httpStatusCode?: number; requestId?: string };
}
const thrown = (fields: Thrown): Error => Object.assign(new Error(fields.message ?? 'message'), fields);
/** A service exception as the SDK makes it. */
const service = (code: string, status = 400, more: Thrown = {}): Error =>
  thrown({
    name: code,
    Code: code,
    $fault: status < 500 ? 'client' : 'server',
    $metadata: { httpStatusCode: status, requestId: 'req-1' },
    ...more,
  });
const normal = (error: unknown, operation = 'ec2:DeleteVpc', mutating = true): AwsError => {
  const result = normaliseError(error, operation, mutating);
  if (!(result instanceof AwsError)) throw new Error('not an AwsError');
  return result;
};

describe('normaliseError', () => {
  it.each<[string, AwsErrorKind]>([
    ['InvalidVpcID.NotFound', 'absent'],
    ['InvalidInstanceID.NotFound', 'absent'],
    ['InvalidGroup.NotFound', 'absent'],
    ['InvalidPermission.NotFound', 'absent'],
    ['DBInstanceNotFound', 'absent'],
    ['NoSuchBucket', 'absent'],
    ['NoSuchBucketPolicy', 'absent'],
    ['NoSuchTagSet', 'absent'],
    ['ServerSideEncryptionConfigurationNotFoundError', 'absent'],
    ['ObjectLockConfigurationNotFoundError', 'absent'],
    ['UnauthorizedOperation', 'denied'],
    ['AccessDenied', 'denied'],
    ['AccessDeniedException', 'denied'],
    ['AuthFailure', 'denied'],
    ['OptInRequired', 'denied'],
    ['ExpiredToken', 'expired'],
    ['ExpiredTokenException', 'expired'],
    ['RequestExpired', 'expired'],
    ['InvalidClientTokenId', 'expired'],
    ['UnrecognizedClientException', 'expired'],
    ['InvalidAccessKeyId', 'expired'],
    ['SignatureDoesNotMatch', 'expired'],
    ['RequestLimitExceeded', 'throttled'],
    ['Throttling', 'throttled'],
    ['ThrottlingException', 'throttled'],
    ['SlowDown', 'throttled'],
    ['TooManyRequestsException', 'throttled'],
    ['InvalidGroup.Duplicate', 'exists'],
    ['InvalidPermission.Duplicate', 'exists'],
    ['DBInstanceAlreadyExists', 'exists'],
    ['DBSnapshotAlreadyExists', 'exists'],
    ['BucketAlreadyOwnedByYou', 'exists'],
    ['BucketAlreadyExists', 'exists'],
    ['InvalidAMIName.Duplicate', 'exists'],
    ['DependencyViolation', 'dependency'],
    ['VolumeInUse', 'dependency'],
    ['InvalidGroup.InUse', 'dependency'],
    ['InvalidSnapshot.InUse', 'dependency'],
    ['BucketNotEmpty', 'dependency'],
    ['InvalidDBInstanceState', 'conflict'],
    ['InvalidDBSubnetGroupStateFault', 'conflict'],
    ['IncorrectInstanceState', 'conflict'],
    ['IncorrectState', 'conflict'],
    ['OperationAborted', 'conflict'],
    ['OperationNotPermitted', 'conflict'],
    ['PreconditionFailed', 'conflict'],
    ['IdempotentParameterMismatch', 'conflict'],
    ['SnapshotQuotaExceeded', 'quota'],
    ['InstanceLimitExceeded', 'quota'],
    ['SecurityGroupLimitExceeded', 'quota'],
    ['InstanceQuotaExceeded', 'quota'],
    ['InsufficientInstanceCapacity', 'quota'],
    ['InvalidParameterValue', 'invalid'],
    ['InvalidParameterCombination', 'invalid'],
    ['MalformedPolicy', 'invalid'],
    ['DryRunOperation', 'invalid'],
  ])('%s means %s, and that nothing was executed', (code, kind) => {
    const error = normal(service(code));
    expect({
      kind: error.kind,
      executed: error.executed,
      requestId: error.requestId,
      status: error.httpStatus,
    }).toEqual({ kind, executed: 'no', requestId: 'req-1', status: 400 });
  });

  it('takes the code from Code, and strips a trailing Fault', () => {
    expect(normal(service('x', 404, { name: 'DBInstanceNotFoundFault', Code: 'DBInstanceNotFound' })).code).toBe(
      'DBInstanceNotFound',
    );
    expect(normal(service('DBSubnetGroupNotFoundFault', 404)).code).toBe('DBSubnetGroupNotFound');
    expect(normal(service('InvalidDBClusterStateFault', 400)).code).toBe('InvalidDBClusterState');
  });

  it.each<[string, AwsErrorKind]>([
    ['InternalError', 'unknown'],
    ['InternalFailure', 'unknown'],
    ['ServiceUnavailable', 'unknown'],
    ['Unavailable', 'unknown'],
  ])('%s with a server status leaves open what happened', (code, kind) => {
    const error = normal(service(code, 503));
    expect([error.kind, error.executed]).toEqual([kind, 'unknown']);
    expect(normal(service(code, 503), 'ec2:DescribeVpcs', false).executed).toBe('no');
  });

  it('tells unknown keys from foreign resources under AuthFailure', () => {
    expect(
      normal(service('AuthFailure', 401, { message: 'AWS was not able to validate the provided access credentials' }))
        .kind,
    ).toBe('expired');
    expect(normal(service('AuthFailure', 403, { message: 'Not authorized for images: [ami-1]' })).kind).toBe('denied');
  });

  it('reads the status of a HEAD answer, and of no other, as its code', () => {
    const bare = (status: number, name = 'Unknown'): Error =>
      thrown({ name, message: 'UnknownError', $fault: 'client', $metadata: { httpStatusCode: status } });
    expect([
      normal(bare(404, 'NotFound'), 's3:HeadBucket', false).code,
      normal(bare(404, 'NotFound'), 's3:HeadBucket', false).kind,
    ]).toEqual(['NotFound', 'absent']);
    expect([normal(bare(403), 's3:HeadBucket', false).code, normal(bare(403), 's3:HeadBucket', false).kind]).toEqual([
      'AccessDenied',
      'denied',
    ]);
    expect(normal(bare(301), 's3:HeadBucket', false).code).toBe('PermanentRedirect');
    const ec2 = normal(bare(404, 'NotFound'), 'ec2:DescribeVpcs', false);
    expect([ec2.code, ec2.kind]).toEqual(['Http404', 'unknown']);
    expect(ec2.message).toBe('ec2:DescribeVpcs: HTTP 404 without an AWS error code');
  });

  it('of an answer that is no JSON says so, and nothing of the SDK', () => {
    const thrown = Object.assign(
      new SyntaxError(
        `Unexpected token '<', "<html>" is not valid JSON\n  Deserialization error: to see the raw response, inspect the hidden field {error}.$response on this object.`,
      ),
      { $metadata: { httpStatusCode: 404 } },
    );
    const error = normaliseError(thrown, 'cloudtrail:LookupEvents', false) as AwsError;
    expect([error.code, error.message]).toEqual([
      'UnreadableAnswer',
      "cloudtrail:LookupEvents: the answer is not in AWS's format (HTTP 404); does the endpoint know this operation?",
    ]);
  });

  it("says shortly that an answer is not in AWS's format", () => {
    const html = thrown({
      name: 'Error',
      message: '@aws-sdk XML parse error: mismatched tags <html> and </title>.\n  Deserialization error: …',
      $metadata: { httpStatusCode: 500 },
    });
    const error = normal(html);
    expect([error.code, error.kind, error.executed]).toEqual(['UnreadableAnswer', 'unknown', 'unknown']);
    expect(error.message).toBe(
      "ec2:DeleteVpc: the answer is not in AWS's format (HTTP 500); does the endpoint know this operation?",
    );
    expect(normal(html, 'ec2:DescribeVpcs', false).kind).toBe('unknown');
  });

  it.each<[Thrown, string, 'no' | 'unknown']>([
    [{ name: 'Error', code: 'ECONNREFUSED' }, 'ECONNREFUSED', 'no'],
    [{ name: 'Error', code: 'ENOTFOUND' }, 'ENOTFOUND', 'no'],
    [{ name: 'Error', code: 'EAI_AGAIN' }, 'EAI_AGAIN', 'no'],
    [{ name: 'Error', code: 'SELF_SIGNED_CERT_IN_CHAIN' }, 'SELF_SIGNED_CERT_IN_CHAIN', 'no'],
    [
      {
        name: 'TimeoutError',
        message:
          '@smithy/node-http-handler - the request socket did not establish a connection with the server within the configured timeout of 5000 ms.',
      },
      'TimeoutError',
      'no',
    ],
    [{ name: 'TimeoutError', code: 'ECONNRESET', message: 'socket hang up' }, 'ECONNRESET', 'unknown'],
    [{ name: 'TimeoutError', code: 'EPIPE' }, 'EPIPE', 'unknown'],
    [{ name: 'TimeoutError', code: 'ETIMEDOUT' }, 'ETIMEDOUT', 'unknown'],
    [{ name: 'TimeoutError' }, 'TimeoutError', 'unknown'],
    [{ name: 'AbortError' }, 'AbortError', 'unknown'],
  ])('%j is a network error %s, executed: %s', (fields, code, executed) => {
    const error = normal(thrown(fields));
    expect([error.code, error.kind, error.executed]).toEqual([code, 'network', executed]);
  });

  it('looks into an error of several addresses', () => {
    const both = new AggregateError([
      thrown({ name: 'Error', code: 'ECONNREFUSED' }),
      thrown({ name: 'Error', code: 'ECONNREFUSED' }),
    ]);
    expect(normal(both).code).toBe('ECONNREFUSED');
  });

  it('knows missing credentials, which were never sent', () => {
    const error = normal(
      thrown({ name: 'CredentialsProviderError', message: 'Could not load credentials from any providers' }),
    );
    expect([error.code, error.kind, error.executed]).toEqual(['CredentialsProviderError', 'expired', 'no']);
  });

  it('leaves errors of ours alone, and takes anything else as unknown', () => {
    const user = new UserError('gate-refused', 'no');
    expect(normaliseError(user, 'ec2:DeleteVpc', true)).toBe(user);
    for (const odd of ['text', null, undefined, 7, {}]) {
      const error = normal(odd);
      expect([error.kind, error.executed]).toEqual(['unknown', 'unknown']);
    }
  });
});
