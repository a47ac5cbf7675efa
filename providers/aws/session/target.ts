import { AwsError, UserError } from '../../../src/base/error.ts';
import type { AwsReader } from '../../../src/domain/call.ts';
import { services } from '../services/index.ts';
import type { ServiceRecord } from '../services/service.ts';

const GENERAL = 'AWS_ENDPOINT_URL';
/** The variable that sends one service elsewhere (AWS SDKs and Tools Reference Guide, "Service-specific endpoints"). */
const variableOf = ({ sdkId }: ServiceRecord): string => `${GENERAL}_${sdkId.toUpperCase().replaceAll(' ', '_')}`;
const PER_SERVICE = Object.values(services).map(variableOf);

interface RegionClient {
  readonly config: { readonly region: () => Promise<string> };
  destroy(): void;
}

/** Environment variables, as a record: the folder reads none itself. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The one endpoint of all services: the option, else the environment's, else null for AWS itself (law 14). Answers it
 * without a trailing slash. Throws UserError `mixed-endpoints` where the environment sends services to different
 * places, `bad-endpoint` where it is not an http or https address.
 */
export function resolveEndpoint(environment: Environment, option: string | undefined): string | null {
  if (option !== undefined && option !== '') return checked(option, '--endpoint');
  if (environment['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS']?.toLowerCase() === 'true') return null;
  const general = environment[GENERAL] ?? '';
  const services = PER_SERVICE.map((name) => [name, environment[name] ?? ''] as const).filter(
    ([, value]) => value !== '',
  );
  const effective = new Map(
    PER_SERVICE.map((name) => [name, general === '' ? null : checked(general, GENERAL)] as [string, string | null]),
  );
  for (const [name, value] of services) effective.set(name, checked(value, name));
  const different = new Set(effective.values());
  if (different.size > 1) {
    const list = [...effective]
      .map(([name, value]) => `${name.replace('AWS_ENDPOINT_URL_', '').toLowerCase()} → ${value ?? 'AWS'}`)
      .join(', ');
    throw new UserError('mixed-endpoints', `the environment sends services to different places: ${list}`, {
      help: `Use one endpoint for all: set ${GENERAL} alone, or give --endpoint URL. To use AWS itself, unset ${[...(general === '' ? [] : [GENERAL]), ...services.map(([name]) => name)].join(', ')}.`,
    });
  }
  return [...different][0] ?? null;
}

function checked(value: string, where: string): string {
  const url = URL.canParse(value) ? new URL(value) : null;
  // The text before an @ may be a password (law 11).
  const shown = value.replace(/[^/]*@/u, '…@');
  if (
    url === null ||
    !/^https?:$/u.test(url.protocol) ||
    url.username !== '' ||
    url.password !== '' ||
    url.search !== '' ||
    url.hash !== ''
  ) {
    throw new UserError('bad-endpoint', `${where} is not an address of an endpoint: "${shown}"`, {
      help: 'It looks like http://127.0.0.1:5000 or https://host.',
    });
  }
  return url.href.replace(/\/$/u, '');
}

/**
 * The region: option, AWS_REGION, AWS_DEFAULT_REGION, then the profile (and, on an EC2 instance, its own region)
 * through the SDK. Throws UserError `no-region`.
 */
export async function resolveRegion(
  environment: Environment,
  option: string | undefined,
  profile: string | undefined,
): Promise<string> {
  const given = [option, environment['AWS_REGION'], environment['AWS_DEFAULT_REGION']].find(
    (value) => value !== undefined && value !== '',
  );
  if (given !== undefined) {
    if (!/^[a-z]{2,}(-[a-z]+)+-\d+$/u.test(given)) {
      throw new UserError('bad-region', `not an AWS region: "${given}"`, { help: 'A region looks like eu-west-1.' });
    }
    return given;
  }
  const { Client } = await services.sts.load();
  const client = new (Client as new (settings: object) => RegionClient)(profile === undefined ? {} : { profile });
  try {
    return await client.config.region();
  } catch (error) {
    throw new UserError('no-region', 'no AWS region is set', {
      help: 'Give --region, set AWS_REGION, or set a region in the profile.',
      cause: error,
    });
  } finally {
    client.destroy();
  }
}

/**
 * Who calls, by sts:GetCallerIdentity. Throws UserError `no-credentials`, `credentials-expired`, `credentials-refused`,
 * `no-network` or `no-answer`, each with what to do.
 */
export async function caller(
  session: AwsReader,
  endpoint: string | null = null,
  profile?: string,
): Promise<{ readonly account: string; readonly arn: string }> {
  try {
    const answer = await session.read({ service: 'sts', operation: 'GetCallerIdentity', input: {} });
    const account = answer?.['Account'];
    const arn = answer?.['Arn'];
    if (typeof account === 'string' && typeof arn === 'string') return { account, arn };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw explained(error, endpoint, profile);
  }
  throw new UserError('no-answer', 'AWS did not say who is calling', {
    help: 'The endpoint may not know sts:GetCallerIdentity.',
  });
}

function explained(error: AwsError, endpoint: string | null, profile: string | undefined): UserError {
  const where = endpoint === null ? 'AWS' : `"${endpoint}"`;
  if (error.code === 'CredentialsProviderError' || error.code === 'TokenProviderError') {
    const expired = /expired|refresh|sso login/iu.test(error.message);
    return new UserError(
      expired ? 'credentials-expired' : 'no-credentials',
      `no usable AWS credentials${profile === undefined ? '' : ` in profile "${profile}"`}: ${error.message}`,
      {
        cause: error,
        help: expired
          ? 'Log in again (aws sso login) and repeat the command.'
          : 'Give --profile, set AWS_PROFILE, or log in with the AWS CLI.',
      },
    );
  }
  if (/^(ExpiredToken|RequestExpired|TokenRefreshRequired)/u.test(error.code)) {
    return new UserError('credentials-expired', `the AWS credentials have expired: ${error.message}`, {
      cause: error,
      help: 'Renew them (aws sso login, or a new session token) and repeat the command.',
    });
  }
  if (
    error.code === 'RequestTimeTooSkewed' ||
    (error.code === 'SignatureDoesNotMatch' && /not yet current|expired/iu.test(error.message))
  ) {
    return new UserError('clock-wrong', `${where} refuses the time of this machine: ${error.message}`, {
      cause: error,
      help: 'Set the clock and repeat the command.',
    });
  }
  if (error.kind === 'expired' || error.kind === 'denied') {
    return new UserError('credentials-refused', `${where} does not accept the credentials: ${error.message}`, {
      cause: error,
      help: 'Check the profile and its keys.',
    });
  }
  if (error.kind === 'network') {
    return new UserError('no-network', `${where} cannot be reached: ${error.message}`, {
      cause: error,
      help:
        endpoint === null
          ? 'Check the network and any proxy, and the region.'
          : 'Is the endpoint running? Check --endpoint or AWS_ENDPOINT_URL.',
    });
  }
  return new UserError('no-answer', `${where} did not say who is calling: ${error.message}`, {
    cause: error,
    help: 'Try again; if it stays so, check the endpoint.',
  });
}
