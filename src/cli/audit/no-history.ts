import { AwsError, UserError } from '../../base/error.ts';
import { sanitise } from '../../base/sanitise.ts';
import { actionsOf } from '../../../providers/aws/services/index.ts';

/**
 * The error of an event history that could not be asked: nothing was compared, and nothing is said of the log. Any
 * other error than a refusal of AWS stays as it is. `endpoint`: the one that was asked, null for AWS itself.
 */
export function noHistory(error: unknown, endpoint: string | null): unknown {
  if (!(error instanceof AwsError)) return error;
  const { operation, code, message, kind } = error;
  const alone = '`aiplan audit verify` checks the log and the journals without CloudTrail';
  const help =
    kind === 'denied'
      ? `allow ${actionsOf(operation).join(', ')} to whoever audits (\`aiplan setup --iam\` lists it) and run it again; ${alone}`
      : kind === 'expired'
        ? 'renew the credentials and run it again'
        : kind === 'throttled' || kind === 'network'
          ? 'run it again later'
          : endpoint === null
            ? `look up that code of CloudTrail and run it again; ${alone}`
            : `the sandbox and most other emulators keep no event history: ask AWS itself, without --endpoint and AWS_ENDPOINT_URL; ${alone}`;
  return new UserError(
    'no-event-history',
    `the event history of CloudTrail ${endpoint === null ? '' : `at ${endpoint} `}could not be asked, so nothing was compared: ${operation} answered ${code}: ${sanitise(message)}`,
    { cause: error, help },
  );
}
