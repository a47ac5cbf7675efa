import { describe, expect, it } from '@jest/globals';
import { kindOfOperation } from '../../providers/aws/gate/known-reads.ts';
import { loadSchema, loadTypeNames } from '../../providers/aws/schema.ts';
import { openSession } from '../../providers/aws/session/session.ts';
import { availabilityZones } from '../../providers/ec2/availability-zones.ts';
import { resourceTypes } from '../../providers/index.ts';
import { ssmParameter } from '../../providers/ssm/parameter.ts';
import { parseChangePlan } from '../../src/language/parse.ts';
import { awsSecret } from '../../src/cli/context/aws-secrets.ts';
import { plan } from '../../src/plan/planner.ts';
import { refresh } from '../../src/plan/refresh/refresh.ts';
import type { AwsReader, AwsSession, ReadCall } from '../../src/domain/call.ts';
import { AwsError } from '../../src/base/error.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { planOf } from '../helpers/change-types.ts';
import { plainConfiguration, planningNow } from '../helpers/planning-samples.ts';

const target = { account: '123456789012', region: 'eu-west-1', caller: 'arn', endpoint: null };
const denied = (operation: string): AwsError =>
  new AwsError({
    kind: 'denied',
    code: 'AccessDeniedException',
    operation,
    message: 'is not authorized',
    executed: 'no',
  });

/** AWS with these parameters, by name; everything else is empty. */
const account = (parameters: Readonly<Record<string, JsonObject>>, calls: ReadCall[] = []): AwsReader => ({
  counts: {},
  async read(call) {
    calls.push(call);
    if (call.operation === 'GetParameters') {
      const names = call.input['Names'] as readonly string[];
      if (names.includes('/denied')) throw denied('ssm:GetParameters');
      return {
        Parameters: names.flatMap((name) => {
          const [plain = '', version] = name.split(':');
          const found = parameters[name];
          return found === undefined
            ? []
            : [
                {
                  Name: plain,
                  Type: 'String',
                  ...(version === undefined ? {} : { Selector: `:${version}` }),
                  ...found,
                },
              ];
        }),
        InvalidParameters: names.filter((name) => parameters[name] === undefined),
      };
    }
    if (call.operation === 'DescribeAvailabilityZones')
      return {
        AvailabilityZones: ['eu-west-1b', 'eu-west-1a'].map((ZoneName) => ({
          ZoneName,
          ZoneType: 'availability-zone',
          State: 'available',
        })),
      };
    return {};
  },
});

const planned = async (resources: string, parameters: Readonly<Record<string, JsonObject>>, calls: ReadCall[] = []) => {
  const text = planOf(resources);
  const { changePlan, findings } = parseChangePlan(text, {
    file: 'p',
    schemas: loadSchema,
    types: resourceTypes,
    typeNames: loadTypeNames,
  });
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  const live = await refresh(changePlan!, {
    aws: account(parameters, calls),
    types: resourceTypes,
    schemas: loadSchema,
    target,
    now: planningNow,
    concurrency: 4,
  });
  return plan({
    changePlan: changePlan!,
    text,
    live,
    types: resourceTypes,
    schemas: loadSchema,
    configuration: plainConfiguration,
    now: planningNow,
  }).plan;
};
const volume = (zone: string, more = ''): string =>
  `  V: { type: AWS::EC2::Volume, action: create, properties: { AvailabilityZone: ${zone}, Size: 10${more} } }`;

describe('values that are looked up at plan time', () => {
  it('a parameter: its value stands in the plan and in its digest; each is read once', async () => {
    const calls: ReadCall[] = [];
    const resources = volume(
      '"{{resolve:ssm:/zone}}"',
      ', VolumeType: "{{resolve:ssm:/kind:3}}", Tags: { z: "in {{resolve:ssm:/zone}}" }',
    );
    const first = await planned(resources, { '/zone': { Value: 'eu-west-1a' }, '/kind:3': { Value: 'GP3' } }, calls);
    expect(first.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(first.steps[0]?.changes.map(({ path, after }) => [path, after])).toEqual(
      expect.arrayContaining([
        ['AvailabilityZone', 'eu-west-1a'],
        ['VolumeType', 'gp3'],
        ['Tags', { z: 'in eu-west-1a' }],
      ]),
    );
    expect(first.steps.map(({ id }) => id)).toEqual(['V']);
    expect(calls.filter(({ operation }) => operation === 'GetParameters')).toMatchObject([
      { input: { Names: ['/zone', '/kind:3'] } },
    ]);
    const second = await planned(resources, { '/zone': { Value: 'eu-west-1b' }, '/kind:3': { Value: 'gp3' } });
    expect(second.digest).not.toBe(first.digest);
  });

  it('passes what a literal passes', async () => {
    const { findings } = await planned(volume('a', ', VolumeType: "{{resolve:ssm:/kind}}"'), {
      '/kind': { Value: 'gp9' },
    });
    expect(findings).toMatchObject([{ code: 'value-not-allowed', severity: 'error' }]);
  });

  it.each<[string, string, Readonly<Record<string, JsonObject>>, string]>([
    ['missing', '/none', {}, 'there is no parameter "/none" in eu-west-1 of account 123456789012'],
    ['denied', '/denied', {}, 'AccessDeniedException'],
    ['a SecureString', '/secure', { '/secure': { Type: 'SecureString', Value: 'AQIC…' } }, 'SecureString'],
  ])('%s: an error that names it, and nothing of it is done', async (_what, name, parameters, says) => {
    const { findings, steps } = await planned(volume(`"{{resolve:ssm:${name}}}"`), parameters);
    expect(
      findings
        .filter(({ severity }) => severity === 'error')
        .map(({ message }) => message)
        .join('\n'),
    ).toContain(says);
    expect(steps.every(({ blocked }) => blocked)).toBe(true);
    expect(JSON.stringify({ findings, steps })).not.toContain('AQIC');
  });

  it('Availability Zones in the order of their names', async () => {
    const { findings, steps } = await planned(volume('!Select [1, !GetAZs ""]'), {});
    expect(findings).toEqual([]);
    expect(steps[0]?.changes).toEqual(
      expect.arrayContaining([expect.objectContaining({ path: 'AvailabilityZone', after: 'eu-west-1b' })]),
    );
    const past = await planned(volume('!Select [2, !GetAZs ""]'), {});
    expect(past.findings).toMatchObject([
      { code: 'function-argument', message: 'Select asks for element 2, and the list has 2' },
    ]);
  });

  it('only those with a default subnet, where there is one', async () => {
    const aws: AwsReader = {
      counts: {},
      read: async (call) =>
        call.operation === 'DescribeSubnets'
          ? { Subnets: [{ AvailabilityZone: 'b', DefaultForAz: true }] }
          : { AvailabilityZones: [{ ZoneName: 'a' }, { ZoneName: 'b' }, { ZoneName: 'l', ZoneType: 'local-zone' }] },
    };
    const { resources } = await availabilityZones.read(aws, {
      identities: ['eu-west-1'],
      all: false,
      detailed: new Set(),
    });
    expect(resources[0]?.attributes).toEqual({ Names: ['b'] });
  });

  it('many parameters in calls of ten', async () => {
    const calls: ReadCall[] = [];
    const names = Array.from({ length: 23 }, (_, index) => `/p${index}`);
    const { resources, absent } = await ssmParameter.read(
      account(Object.fromEntries(names.slice(1).map((name) => [name, { Value: name }])), calls),
      { identities: names, all: false, detailed: new Set() },
    );
    expect([calls.length, resources.length, absent]).toEqual([3, 22, ['/p0']]);
  });

  it('a value that waits for another step shows so, and keeps the function', async () => {
    const { steps, findings } = await planned(
      `  G: { type: AWS::EC2::SecurityGroup, action: create, properties: { GroupDescription: g, VpcId: vpc-1 } }\n${volume('a', ', Tags: { g: !Sub "for ${G.GroupId}" }')}`,
      {},
    );
    expect(findings.filter(({ code }) => code === 'reference-type')).toEqual([]);
    expect(steps.find(({ id }) => id === 'V')?.changes.find(({ path }) => path === 'Tags')?.after).toEqual({
      g: { $unknown: 'G.GroupId', $of: { 'Fn::Join': ['', ['for ', { $unknown: 'G.GroupId' }]] } },
    });
    expect(steps.find(({ id }) => id === 'V')?.dependsOn).toEqual(['G']);
  });
});

describe('secrets of AWS', () => {
  const session = (answer: (call: ReadCall) => JsonObject | null, calls: ReadCall[]): AwsSession & { close(): void } =>
    ({
      counts: {},
      close: () => undefined,
      mutate: async () => {
        throw new Error('no');
      },
      read: async (call: ReadCall) => {
        calls.push(call);
        return answer(call);
      },
    }) as unknown as AwsSession & { close(): void };
  const ask = async (
    $secret: { manager?: string; parameter?: string },
    answer: (call: ReadCall) => JsonObject | null,
    calls: ReadCall[] = [],
    opened: string[] = [],
  ) =>
    awsSecret(
      { $secret },
      {
        prefixes: ['AIPLAN_SECRET_', 'prod/'],
        reader: async (name) => {
          opened.push(name);
          return session(answer, calls);
        },
      },
    );

  it('are read by name, key, stage and version', async () => {
    const calls: ReadCall[] = [];
    const opened: string[] = [];
    expect(
      await ask(
        { manager: 'prod/db:SecretString:password:AWSCURRENT:v1' },
        () => ({ SecretString: '{"password":"hunter2"}' }),
        calls,
        opened,
      ),
    ).toBe('hunter2');
    expect(calls).toMatchObject([
      {
        service: 'secretsmanager',
        operation: 'GetSecretValue',
        input: { SecretId: 'prod/db', VersionStage: 'AWSCURRENT', VersionId: 'v1' },
      },
    ]);
    expect(opened).toEqual(['prod/db']);
    expect(
      await ask(
        { manager: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf:SecretString:n' },
        () => ({ SecretString: '{"n":12}' }),
      ),
    ).toBe('12');
    expect(await ask({ manager: 'prod/whole' }, () => ({ SecretString: 'hunter2' }))).toBe('hunter2');
    expect(
      await ask({ parameter: '/prod/db:2' }, (call) => ({
        Parameter: { Value: `${String(call.input['Name'])} ${String(call.input['WithDecryption'])}` },
      })),
    ).toBe('/prod/db:2 true');
  });

  it.each([
    [{ manager: 'prod/db:SecretString:none' }, () => ({ SecretString: '{"password":"hunter2"}' }), 'secret-missing'],
    [{ manager: 'prod/db:SecretString:password' }, () => ({ SecretString: 'hunter2' }), 'secret-missing'],
    [{ manager: 'prod/db' }, () => null, 'secret-missing'],
    [{ manager: 'staging/db' }, () => ({ SecretString: 'hunter2' }), 'secret-not-allowed'],
    [
      { parameter: '/prod/db' },
      () => {
        throw denied('ssm:GetParameter');
      },
      'secret-denied',
    ],
  ])('%j: refused without a word of the secret', async ($secret, answer, code) => {
    const error = await ask($secret, answer as () => JsonObject).then(
      () => null,
      (thrown: unknown) => thrown as { code: string; message: string; help?: string },
    );
    expect(error?.code).toBe(code);
    expect(`${error?.message} ${error?.help}`).not.toContain('hunter2');
    if (code === 'secret-denied')
      expect(error?.message).toContain('ssm:GetParameter: AccessDeniedException: is not authorized');
  });
});

describe('the gate', () => {
  it('knows what discloses', () => {
    expect(
      ['GetParameters', 'GetParameter', 'GetParameterHistory', 'GetParametersByPath', 'PutParameter'].map((name) =>
        kindOfOperation('ssm', name),
      ),
    ).toEqual(['read', 'named-secret', 'disclosing', 'disclosing', 'mutating']);
    expect(
      ['GetSecretValue', 'BatchGetSecretValue', 'ListSecrets', 'PutSecretValue', 'constructor'].map((name) =>
        kindOfOperation('secretsmanager', name),
      ),
    ).toEqual(['named-secret', 'disclosing', 'mutating', 'mutating', 'mutating']);
  });

  it('lets a secret be read only by a session that was opened for it, and no parameter be decrypted on the side', async () => {
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
    const open = (secrets?: readonly string[]) =>
      openSession({
        region: 'eu-west-1',
        endpoint: 'http://127.0.0.1:9',
        credentials,
        mode: 'read-only',
        ...(secrets === undefined ? {} : { secrets }),
      });
    const outcome = async (secrets: readonly string[] | undefined, call: Omit<ReadCall, 'absent'>): Promise<string> => {
      const aws = open(secrets);
      try {
        await aws.read(call);
        return 'answered';
      } catch (error) {
        return (error as { code?: string }).code ?? 'unknown';
      } finally {
        aws.close();
      }
    };
    const secret = { service: 'secretsmanager', operation: 'GetSecretValue', input: { SecretId: 'prod/db' } } as const;
    expect(await outcome(undefined, secret)).toBe('gate-refused');
    expect(await outcome(['prod/other'], secret)).toBe('gate-refused');
    expect(await outcome(['prod/db'], secret)).not.toBe('gate-refused');
    expect(await outcome(undefined, { service: 'ssm', operation: 'GetParameter', input: { Name: '/x' } })).toBe(
      'gate-refused',
    );
    expect(
      await outcome(['/x'], {
        service: 'ssm',
        operation: 'GetParameters',
        input: { Names: ['/x'], WithDecryption: true },
      }),
    ).toBe('gate-refused');
  });
});
