import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { homeOf, openSession, type SessionOptions } from '../../providers/aws/session/session.ts';
import { services } from '../../providers/aws/services/index.ts';
import { caller, resolveEndpoint, resolveRegion } from '../../providers/aws/session/target.ts';
import { comparable, fromAnswer, toInput } from '../../providers/aws/values/values.ts';
import type { Call, Permit } from '../../src/domain/call.ts';

/** A server that answers as the test says and remembers what it was asked. */
let server: Server;
let endpoint = '';
let asked: string[] = [];
let answer: (response: ServerResponse, body: string) => void = (response) => response.end('<R/>');
beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => {
      body += part.toString();
    });
    request.on('end', () => {
      asked.push(body);
      answer(response, body);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  endpoint = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
const error =
  (code: string, status = 400) =>
  (response: ServerResponse): void => {
    response.statusCode = status;
    response.end(
      `<Response><Errors><Error><Code>${code}</Code><Message>no</Message></Error></Errors><RequestID>r-1</RequestID></Response>`,
    );
  };
const call: Call = {
  service: 'ec2',
  operation: 'DeleteSecurityGroup',
  input: { GroupId: 'sg-1' },
  identity: 'sg-1',
  retry: 'absolute',
  purpose: 'test',
};
const permit: Permit = { run: 'r', step: 's', operations: ['ec2:DeleteSecurityGroup'] };

async function within<Result>(
  work: (session: ReturnType<typeof openSession>, waits: number[]) => Promise<Result>,
  more: Partial<SessionOptions> = {},
): Promise<Result> {
  asked = [];
  const waits: number[] = [];
  const session = openSession({
    region: 'eu-west-1',
    endpoint,
    credentials,
    mode: 'apply',
    sleep: async (time) => {
      waits.push(time);
    },
    ...more,
  });
  try {
    return await work(session, waits);
  } finally {
    session.close();
  }
}
const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'answered';
  } catch (thrown) {
    return String((thrown as { code?: string }).code);
  }
};

describe('where a read is sent', () => {
  it('the list of buckets, of AWS itself, to the region that knows when they were created; all else to the region of the session', () => {
    const list = { service: 's3', operation: 'ListBuckets' } as const;
    expect(homeOf(list, { region: 'eu-west-1', endpoint: null })).toBe('us-east-1');
    expect(homeOf({ service: 's3', operation: 'HeadBucket' }, { region: 'eu-west-1', endpoint: null })).toBe(
      'eu-west-1',
    );
    expect(homeOf({ service: 'ec2', operation: 'DescribeInstances' }, { region: 'eu-west-1', endpoint: null })).toBe(
      'eu-west-1',
    );
    for (const region of ['cn-north-1', 'us-gov-west-1', 'us-isob-east-1', 'us-iso-east-1'])
      expect(homeOf(list, { region, endpoint: null })).toBe(region);
    expect(homeOf(list, { region: 'eu-west-1', endpoint: 'http://127.0.0.1:5000' })).toBe('eu-west-1');
  });
});

describe('a session that mutates', () => {
  it('sends a throttled call again, with growing waits, and counts each sending', async () => {
    await within(async (session, waits) => {
      answer = (response) =>
        asked.length < 4
          ? error('RequestLimitExceeded', 503)(response)
          : response.end(
              '<DeleteSecurityGroupResponse><requestId>r-2</requestId><return>true</return></DeleteSecurityGroupResponse>',
            );
      const done = await session.mutate(call, call.input, permit);
      expect(done.attempts).toBe(4);
      expect(waits).toEqual([1_000, 2_000, 4_000]);
      expect(session.counts['ec2:DeleteSecurityGroup']).toBe(4);
    });
  });

  it('gives up throttling after a bounded number of times', async () => {
    await within(async (session, waits) => {
      answer = error('RequestLimitExceeded', 503);
      expect(await codeOf(session.mutate(call, call.input, permit))).toBe('RequestLimitExceeded');
      expect(asked).toHaveLength(waits.length + 1);
      expect(waits.length).toBeLessThan(10);
    });
  });

  it.each([
    [
      'a lost answer',
      (response: ServerResponse): void => {
        response.destroy();
      },
      'unknown',
    ],
    ['a server error', error('InternalError', 500), 'unknown'],
    [
      'an unreadable answer',
      (response: ServerResponse): void => {
        response.statusCode = 500;
        response.end('<html><title>x</html>');
      },
      'unknown',
    ],
    ['a refusal', error('DependencyViolation'), 'no'],
  ])('never sends again after %s', async (_name, how, executed) => {
    await within(async (session, waits) => {
      answer = how;
      await expect(session.mutate(call, call.input, permit)).rejects.toMatchObject({ name: 'AwsError', executed });
      expect(asked).toHaveLength(1);
      expect(waits).toEqual([]);
    });
  });

  it('refuses before anything leaves: read-only mode, undeclared operation, altered input', async () => {
    await within(async (session) => {
      expect(await codeOf(session.mutate(call, call.input, { ...permit, operations: [] }))).toBe('gate-refused');
      expect(await codeOf(session.mutate(call, { GroupId: 'sg-2' }, permit))).toBe('gate-refused');
      expect(
        await codeOf(session.read({ service: 'ec2', operation: 'DeleteSecurityGroup', input: { GroupId: 'sg-1' } })),
      ).toBe('gate-refused');
      expect(await codeOf(session.read({ service: 'ec2', operation: 'GetPasswordData', input: {} }))).not.toBe(
        'answered',
      );
    });
    await within(
      async (session) => expect(await codeOf(session.mutate(call, call.input, permit))).toBe('gate-refused'),
      { mode: 'read-only' },
    );
    expect(asked).toHaveLength(0);
  });

  it('fixes its capture bucket once', async () => {
    await within(async (session) => {
      session.useCaptureBucket('captures');
      session.useCaptureBucket('captures');
      expect(() => session.useCaptureBucket('others')).toThrow('cannot become "others"');
    });
  });
});

describe('a session that reads', () => {
  it('answers null for a named absence only', async () => {
    await within(
      async (session) => {
        const read = {
          service: 'ec2',
          operation: 'DescribeVpcs',
          input: {},
          absent: ['InvalidVpcID.NotFound'],
        } as const;
        answer = error('InvalidVpcID.NotFound');
        expect(await session.read(read)).toBeNull();
        answer = error('UnauthorizedOperation', 403);
        expect(await codeOf(session.read(read))).toBe('UnauthorizedOperation');
        answer = (response) => {
          response.statusCode = 404;
          response.end();
        };
        expect(await codeOf(session.read(read))).toBe('Http404');
      },
      { mode: 'read-only' },
    );
  });

  it('gives up soon where nothing answers', async () => {
    await within(
      async (session) => {
        await expect(session.read({ service: 'ec2', operation: 'DescribeVpcs', input: {} })).rejects.toMatchObject({
          kind: 'network',
          code: 'EndpointUnreachable',
          executed: 'no',
        });
      },
      { endpoint: 'http://127.0.0.1:9' },
    );
  });

  it('asks one credential chain, and lets it assume a role outside the gate', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'aiplan-session-'));
    const before = { ...process.env };
    writeFileSync(
      join(folder, 'config'),
      '[profile base]\naws_access_key_id = a\naws_secret_access_key = b\n[profile role]\nrole_arn = arn:aws:iam::123456789012:role/reader\nsource_profile = base\nregion = eu-north-1\n',
    );
    Object.assign(process.env, {
      AWS_CONFIG_FILE: join(folder, 'config'),
      AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none'),
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_ENDPOINT_URL: endpoint,
    });
    try {
      expect(await resolveRegion({}, undefined, 'role')).toBe('eu-north-1');
      asked = [];
      answer = (response, body) =>
        response.end(
          body.includes('AssumeRole')
            ? '<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>k</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>'
            : '<R><vpcSet/><DescribeDBInstancesResult><DBInstances/></DescribeDBInstancesResult></R>',
        );
      const session = openSession({ region: 'eu-west-1', endpoint, profile: 'role', mode: 'read-only' });
      await Promise.all([
        session.read({ service: 'ec2', operation: 'DescribeVpcs', input: {} }),
        session.read({ service: 'rds', operation: 'DescribeDBInstances', input: {} }),
      ]);
      session.close();
      expect(asked.map((body) => /Action=(\w+)/u.exec(body)?.[1]).sort()).toEqual([
        'AssumeRole',
        'DescribeDBInstances',
        'DescribeVpcs',
      ]);

      // Opened for AWS itself while the configuration sends the SDK elsewhere: refused, not followed and not ignored.
      asked = [];
      const other = openSession({ region: 'eu-west-1', endpoint: null, credentials, mode: 'read-only' });
      expect(await codeOf(other.read({ service: 'ec2', operation: 'DescribeVpcs', input: {} }))).toBe(
        'mixed-endpoints',
      );
      other.close();
      expect(asked).toHaveLength(0);
    } finally {
      for (const name of [
        'AWS_CONFIG_FILE',
        'AWS_SHARED_CREDENTIALS_FILE',
        'AWS_EC2_METADATA_DISABLED',
        'AWS_ENDPOINT_URL',
      ]) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
      rmSync(folder, { recursive: true });
    }
  });
});

describe('caller', () => {
  const who = (): Promise<string> => within((session) => codeOf(caller(session, endpoint)));
  const sts =
    (code: string, status: number) =>
    (response: ServerResponse): void => {
      response.statusCode = status;
      response.end(
        `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
      );
    };
  it('answers account and ARN', async () => {
    answer = (response) =>
      response.end(
        '<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/x</Arn><UserId>u</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
      );
    expect(await within((session) => caller(session))).toEqual({
      account: '123456789012',
      arn: 'arn:aws:iam::123456789012:user/x',
    });
  });
  it.each([
    ['ExpiredToken', 403, 'credentials-expired'],
    ['InvalidClientTokenId', 403, 'credentials-refused'],
    ['AccessDenied', 403, 'credentials-refused'],
    ['RequestTimeTooSkewed', 403, 'clock-wrong'],
    ['Strange', 400, 'no-answer'],
  ])('%s: %s → %s', async (code, status, wanted) => {
    answer = sts(code, status);
    expect(await who()).toBe(wanted);
  });
  it('says that there are no credentials, or no network', async () => {
    const reader = (thrown: unknown) => ({ counts: {}, read: () => Promise.reject(thrown) });
    const { AwsError } = await import('../../src/base/error.ts');
    const make = (code: string, kind: 'expired' | 'network', message: string) =>
      new AwsError({ code, kind, operation: 'sts:GetCallerIdentity', message, executed: 'no' });
    expect(
      await codeOf(
        caller(reader(make('CredentialsProviderError', 'expired', 'Could not load credentials from any providers'))),
      ),
    ).toBe('no-credentials');
    expect(
      await codeOf(
        caller(
          reader(
            make('CredentialsProviderError', 'expired', 'The SSO session associated with this profile has expired'),
          ),
        ),
      ),
    ).toBe('credentials-expired');
    expect(await codeOf(caller(reader(make('ENOTFOUND', 'network', 'getaddrinfo'))))).toBe('no-network');
  });
});

describe('resolveEndpoint', () => {
  const here = 'http://127.0.0.1:5000';
  const everyService = (url: string) =>
    Object.fromEntries(
      Object.values(services).map(({ sdkId }) => [`AWS_ENDPOINT_URL_${sdkId.toUpperCase().replaceAll(' ', '_')}`, url]),
    );
  it.each<[Record<string, string>, string | undefined, string | null]>([
    [{}, undefined, null],
    [{}, `${here}/`, here],
    [{ AWS_ENDPOINT_URL: here }, undefined, here],
    [{ AWS_ENDPOINT_URL: here, AWS_ENDPOINT_URL_S3: `${here}/` }, undefined, here],
    [everyService(here), undefined, here],
    [{ AWS_ENDPOINT_URL: 'http://other:1' }, here, here],
    [{ AWS_ENDPOINT_URL: here, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' }, undefined, null],
    [{ AWS_ENDPOINT_URL: '' }, '', null],
  ])('%j, option %s → %s', (environment, option, wanted) => expect(resolveEndpoint(environment, option)).toBe(wanted));

  it.each<[Record<string, string>, string]>([
    [{ AWS_ENDPOINT_URL_S3: here }, 'mixed-endpoints'],
    [{ ...everyService(here), AWS_ENDPOINT_URL_SECRETS_MANAGER: '' }, 'mixed-endpoints'],
    [{ ...everyService(here), AWS_ENDPOINT_URL_KMS: 'http://127.0.0.1:6000' }, 'mixed-endpoints'],
    [{ AWS_ENDPOINT_URL: here, AWS_ENDPOINT_URL_EC2: 'http://127.0.0.1:6000' }, 'mixed-endpoints'],
    [{ AWS_ENDPOINT_URL: 'localhost:5000' }, 'bad-endpoint'],
    [{ AWS_ENDPOINT_URL: 'file:///x' }, 'bad-endpoint'],
    [{ AWS_ENDPOINT_URL: 'http://user:pw@host' }, 'bad-endpoint'],
  ])('%j is refused: %s', (environment, code) =>
    expect(() => resolveEndpoint(environment, undefined)).toThrow(expect.objectContaining({ code })),
  );
});

describe('resolveRegion', () => {
  it('prefers the option, then AWS_REGION, then AWS_DEFAULT_REGION', async () => {
    const environment = { AWS_REGION: 'eu-west-2', AWS_DEFAULT_REGION: 'eu-west-3' };
    expect(await resolveRegion(environment, 'eu-west-1', undefined)).toBe('eu-west-1');
    expect(await resolveRegion(environment, undefined, undefined)).toBe('eu-west-2');
    expect(await resolveRegion({ AWS_DEFAULT_REGION: 'us-gov-west-1' }, undefined, undefined)).toBe('us-gov-west-1');
    expect(await codeOf(resolveRegion({}, 'Europe', undefined))).toBe('bad-region');
  });
});

describe('values', () => {
  it('become SDK inputs and back', async () => {
    const input = toInput({
      Blob: { $bytes: 'hé' },
      At: { $date: '2026-01-02T03:04:05.000Z' },
      Gone: undefined,
      List: [{ a: 1 }],
    }) as { Blob: Buffer; At: Date };
    expect(input.Blob.toString('utf8')).toBe('hé');
    expect(Object.keys(input)).toEqual(['Blob', 'At', 'List']);
    expect(
      await fromAnswer({
        $metadata: { requestId: 'x' },
        At: input.At,
        Body: { transformToString: async () => 'body' },
        Bytes: new Uint8Array([104, 105]),
        List: [undefined, { a: undefined, b: 1 }],
      }),
    ).toEqual({ At: '2026-01-02T03:04:05.000Z', Body: 'body', Bytes: 'hi', List: [null, { b: 1 }] });
  });
  it('compare equal exactly when the requests would be equal', () => {
    const same = (a: unknown, b: unknown): boolean => JSON.stringify(comparable(a)) === JSON.stringify(comparable(b));
    expect(same({ a: Buffer.from('x') }, { a: new Uint8Array([120]) })).toBe(true);
    expect(same({ a: Buffer.from('x') }, { a: Buffer.from('y') })).toBe(false);
    expect(same({ a: undefined }, {})).toBe(true);
    expect(() => comparable({ a: () => 1 })).toThrow(TypeError);
    expect(() => comparable({ a: new Map() })).toThrow(TypeError);
  });
});
