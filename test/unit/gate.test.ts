import { describe, expect, it } from '@jest/globals';
import * as cloudtrail from '@aws-sdk/client-cloudtrail';
import * as ec2 from '@aws-sdk/client-ec2';
import * as kms from '@aws-sdk/client-kms';
import * as rds from '@aws-sdk/client-rds';
import * as s3 from '@aws-sdk/client-s3';
import * as secretsmanager from '@aws-sdk/client-secrets-manager';
import * as ssm from '@aws-sdk/client-ssm';
import * as sts from '@aws-sdk/client-sts';
import {
  attachGate,
  firstDifference,
  type Gate,
  type GatedClient,
  type Request,
} from '../../providers/aws/gate/gate.ts';
import { kindOfOperation, readsOf } from '../../providers/aws/gate/known-reads.ts';
import { SELF_FILLED_TOKENS } from '../../providers/aws/gate/protected-parameters.ts';
import { readableKeys } from '../../providers/aws/session/session.ts';
import type { Call, Permit, Service } from '../../src/domain/call.ts';

type AnyClient = GatedClient & { send(command: unknown): Promise<unknown> };
const sdks: Readonly<Record<Service, Record<string, unknown>>> = {
  ec2,
  rds,
  s3,
  sts,
  cloudtrail,
  ssm,
  secretsmanager,
  kms,
};
const clientNames: Readonly<Record<Service, string>> = {
  ec2: 'EC2Client',
  rds: 'RDSClient',
  s3: 'S3Client',
  sts: 'STSClient',
  cloudtrail: 'CloudTrailClient',
  ssm: 'SSMClient',
  secretsmanager: 'SecretsManagerClient',
  kms: 'KMSClient',
};
const services = ['ec2', 'rds', 's3', 'sts', 'cloudtrail', 'ssm', 'secretsmanager', 'kms'] as const;

const operationsOf = (service: Service): string[] =>
  Object.keys(sdks[service])
    .filter((name) => /^[A-Z]\w+Command$/u.test(name))
    .map((name) => name.slice(0, -'Command'.length));

class Sent extends Error {}

/** A gated client in front of a socket that only counts. */
function gatedClient(
  service: Service,
  mode: 'read-only' | 'apply',
  more: { captureBucket?: string; endpoint?: string; sentTo?: string } = {},
) {
  const sent: Request[] = [];
  const handler = {
    async handle(request: Request) {
      sent.push(request);
      throw new Sent('sent');
    },
  };
  const Client = sdks[service][clientNames[service]] as new (options: object) => AnyClient;
  const client = new Client({
    region: 'eu-west-1',
    endpoint: more.sentTo ?? 'http://127.0.0.1:9',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    forcePathStyle: true,
    requestHandler: handler,
  });
  const gate = attachGate(client, {
    service,
    mode,
    endpoint: more.endpoint ?? 'http://127.0.0.1:9',
    around: () => ({ captureBucket: more.captureBucket ?? null, captureKeys: readableKeys[mode], region: 'eu-west-1' }),
  });
  return { client, gate, sent };
}

const command = (service: Service, operation: string, input: object): object =>
  new (sdks[service][`${operation}Command`] as new (input: object) => object)(input);

/** What the send ended with: `sent`, or the code of the error. */
async function outcome(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return 'answered';
  } catch (error) {
    return error instanceof Sent ? 'sent' : String((error as { code?: string }).code ?? (error as Error).message);
  }
}

/** Enough input for the SDK to build a request. */
const S3_INPUT = {
  Bucket: 'some-bucket',
  Key: 'key',
  Id: 'id',
  UploadId: 'upload',
  PartNumber: 1,
  Name: 'name',
  AnnotationName: 'name',
  CopySource: 'a/b',
  RenameSource: '/a/b',
  Delete: { Objects: [{ Key: 'k' }] },
  RequestRoute: 'r',
  RequestToken: 't',
  ObjectAttributes: ['ETag'],
};

describe('every operation of the SDKs, sent by a command that only reads', () => {
  for (const service of services) {
    it(`${service}: mutating ones never leave the process, reads do`, async () => {
      const { client, sent } = gatedClient(service, 'read-only');
      const operations = operationsOf(service);
      expect(operations.length).toBeGreaterThan(
        { ec2: 700, rds: 150, s3: 100, sts: 8, cloudtrail: 50, ssm: 100, secretsmanager: 20, kms: 40 }[service],
      );
      const wrong: string[] = [];
      let reads = 0;
      for (const operation of operations) {
        for (const input of [{}, service === 's3' ? S3_INPUT : { DryRun: true }]) {
          const before = sent.length;
          const ended = await outcome(() => client.send(command(service, operation, input)));
          const left = sent.length - before;
          const isRead = kindOfOperation(service, operation) === 'read';
          if (!isRead && (left > 0 || ended !== 'gate-refused')) wrong.push(`${operation} ${ended}`);
          if (isRead && ended === 'gate-refused') wrong.push(`${operation} was refused`);
          if (isRead && left > 0) reads += 1;
        }
      }
      expect(wrong).toEqual([]);
      expect(reads).toBeGreaterThanOrEqual(readsOf(service).size * 0.9);
    });

    it(`${service}: apply without a declared call refuses all of them as well`, async () => {
      const { client, sent } = gatedClient(service, 'apply');
      const mutating = operationsOf(service).filter((operation) => kindOfOperation(service, operation) !== 'read');
      for (const operation of mutating)
        expect(`${operation} ${await outcome(() => client.send(command(service, operation, {})))}`).toBe(
          `${operation} gate-refused`,
        );
      expect(sent).toHaveLength(0);
    });
  }
});

describe('which operations are reads', () => {
  it('classifies every operation of the SDKs, and names none that they do not have', () => {
    for (const service of services) {
      const operations = new Set(operationsOf(service));
      expect([...readsOf(service)].filter((name) => !operations.has(name))).toEqual([]);
      // A reading name outside the list must be one that was left out with a reason.
      const unlisted = [...operations].filter(
        (name) => /^(Describe|Get|List|Head|Search)/u.test(name) && kindOfOperation(service, name) === 'mutating',
      );
      // Of these three only what aiplan uses is let through.
      if (service === 'ssm' || service === 'secretsmanager' || service === 'kms')
        expect([...readsOf(service)]).toEqual(
          { ssm: ['GetParameters'], secretsmanager: [], kms: ['DescribeKey'] }[service],
        );
      else
        expect(unlisted).toEqual(
          { ec2: ['GetFlowLogsIntegrationTemplate'], s3: ['ListDirectoryBuckets'], rds: [], sts: [], cloudtrail: [] }[
            service
          ],
        );
      // Nothing in the list has a name that changes things.
      expect(
        [...readsOf(service)].filter((name) => !/^(Describe|Get|List|Head|Search|Lookup)[A-Z]/u.test(name)),
      ).toEqual([]);
    }
  });

  it('takes an operation that it does not know for a mutating one', () => {
    expect(kindOfOperation('ec2', 'DescribeEverythingAndDeleteIt')).toBe('mutating');
    expect(kindOfOperation('ec2', 'constructor')).toBe('mutating');
  });

  it('never reads passwords, consoles or credentials', async () => {
    for (const [service, operation] of [
      ['ec2', 'GetPasswordData'],
      ['ec2', 'GetConsoleOutput'],
      ['rds', 'DownloadDBLogFilePortion'],
      ['s3', 'SelectObjectContent'],
      ['sts', 'GetSessionToken'],
      ['sts', 'AssumeRole'],
    ] as const) {
      for (const mode of ['read-only', 'apply'] as const) {
        const { client, sent } = gatedClient(service, mode);
        expect(await outcome(() => client.send(command(service, operation, {})))).toBe('gate-refused');
        expect(sent).toHaveLength(0);
      }
    }
  });

  it('reads objects of the capture bucket only: what tells of runs, no copy ever, and a kept secret only in a session that applies', async () => {
    const reads = async (
      mode: 'read-only' | 'apply',
      keys: readonly unknown[],
      Bucket = 'captures',
      captureBucket?: string,
    ) => {
      const { client, sent } = gatedClient('s3', mode, { captureBucket: captureBucket ?? 'captures' });
      const outcomes = await Promise.all(
        keys.map((Key) => outcome(() => client.send(command('s3', 'GetObject', { Bucket, Key })))),
      );
      return [outcomes, sent.length];
    };
    const told = ['manifests/r/A.json', 'runs/r/end-0.json', 'used/n.json'];
    expect(await reads('read-only', told)).toEqual([told.map(() => 'sent'), 3]);
    const others = [
      'secrets/r/A/UserData-0',
      'copies/r/A/0000000',
      'k',
      '',
      undefined,
      '/manifests/a',
      'other/manifests/a',
    ];
    expect(await reads('read-only', others)).toEqual([others.map(() => 'gate-refused'), 0]);
    expect(await reads('apply', [...told, 'secrets/r/A/UserData-0'])).toEqual([[...told, ''].map(() => 'sent'), 4]);
    expect(await reads('apply', others.slice(1))).toEqual([others.slice(1).map(() => 'gate-refused'), 0]);
    expect(await reads('apply', told, 'other')).toEqual([told.map(() => 'gate-refused'), 0]);
    const { client: none } = gatedClient('s3', 'read-only');
    expect(
      await outcome(() => none.send(command('s3', 'GetObject', { Bucket: 'captures', Key: 'manifests/r/A.json' }))),
    ).toBe('gate-refused');
  });
});

const permit: Permit = {
  run: 'r',
  step: 'Web',
  operations: [
    'ec2:DeleteSecurityGroup',
    'ec2:CreateVolume',
    'ec2:RunInstances',
    's3:CreateBucket',
    's3:PutObject',
    'rds:ModifyDBInstance',
    'ec2:CopySnapshot',
  ],
};
const declare = (operation: string, input: Call['input'], identity: string, service: Service = 'ec2'): Call => ({
  service,
  operation,
  input,
  identity,
  retry: 'absolute',
  purpose: 'test',
});
const deletion = declare('DeleteSecurityGroup', { GroupId: 'sg-1' }, 'sg-1');
const run = (
  gate: Gate,
  client: AnyClient,
  call: Call,
  alter: (input: object) => object = (input) => input,
  resolved = call.input,
) =>
  outcome(() =>
    gate.during(call, resolved, permit, (input) => client.send(command(call.service, call.operation, alter(input)))),
  );

describe('a declared call', () => {
  it('passes once, while it is in flight', async () => {
    const { client, gate, sent } = gatedClient('ec2', 'apply');
    let kept: object = {};
    expect(
      await outcome(() =>
        gate.during(deletion, deletion.input, permit, async (input) => {
          kept = input;
          expect(await outcome(() => client.send(command('ec2', 'DeleteSecurityGroup', input)))).toBe('sent');
          return client.send(command('ec2', 'DeleteSecurityGroup', input));
        }),
      ),
    ).toBe('gate-refused');
    expect(await outcome(() => client.send(command('ec2', 'DeleteSecurityGroup', kept)))).toBe('gate-refused');
    expect(sent.map((request) => request.body)).toEqual([expect.stringContaining('GroupId=sg-1')]);
  });

  it('is refused with an altered, copied or missing input', async () => {
    const { client, gate, sent } = gatedClient('ec2', 'apply');
    expect(await run(gate, client, deletion, (input) => Object.assign(input, { GroupId: 'sg-2' }))).toBe(
      'gate-refused',
    );
    expect(await run(gate, client, deletion, (input) => Object.assign(input, { DryRun: false }))).toBe('gate-refused');
    expect(await run(gate, client, deletion, () => ({ GroupId: 'sg-1' }))).toBe('gate-refused');
    expect(sent).toHaveLength(0);
  });

  it('does not let another operation through while it is in flight', async () => {
    const { client, gate, sent } = gatedClient('ec2', 'apply');
    expect(
      await outcome(() =>
        gate.during(deletion, deletion.input, permit, () =>
          client.send(command('ec2', 'DeleteVpc', { VpcId: 'vpc-1' })),
        ),
      ),
    ).toBe('gate-refused');
    expect(
      await outcome(() =>
        gate.during(deletion, deletion.input, permit, (input) => client.send(command('ec2', 'DeleteVpc', input))),
      ),
    ).toBe('gate-refused');
    expect(sent).toHaveLength(0);
  });

  it('keeps parallel calls apart', async () => {
    const { client, gate, sent } = gatedClient('ec2', 'apply');
    const others = ['sg-1', 'sg-2', 'sg-3', 'sg-1'].map((id) => declare('DeleteSecurityGroup', { GroupId: id }, id));
    const inputs: object[] = [];
    const ended = await Promise.all(
      others.map((call, index) =>
        outcome(() =>
          gate.during(call, call.input, permit, async (input) => {
            inputs.push(input);
            // The first one tries to send the input of the last one after its own.
            const own = await outcome(() => client.send(command('ec2', 'DeleteSecurityGroup', input)));
            if (index === 0) return client.send(command('ec2', 'DeleteSecurityGroup', { ...inputs[3] }));
            throw new Error(own);
          }),
        ),
      ),
    );
    expect(ended).toEqual(['gate-refused', 'sent', 'sent', 'sent']);
    expect(sent.map((request) => /sg-\d/u.exec(String(request.body))?.[0]).sort()).toEqual([
      'sg-1',
      'sg-1',
      'sg-2',
      'sg-3',
    ]);
  });

  it('must be among the operations of the step, and name its victim in the input', async () => {
    const { client, gate } = gatedClient('ec2', 'apply');
    expect(await run(gate, client, declare('DeleteVpc', { VpcId: 'vpc-1' }, 'vpc-1'))).toBe('gate-refused');
    expect(await run(gate, client, declare('DeleteSecurityGroup', { GroupId: 'sg-1' }, 'sg-2'))).toBe('gate-refused');
    expect(await run(gate, client, declare('DeleteSecurityGroup', { GroupId: 'sg-1' }, ''))).toBe('gate-refused');
    expect(await run(gate, client, { ...deletion, service: 'rds' })).toBe('gate-refused');
  });

  it('is refused in a command that only reads', async () => {
    const { client, gate, sent } = gatedClient('ec2', 'read-only');
    expect(await run(gate, client, deletion)).toBe('gate-refused');
    expect(sent).toHaveLength(0);
  });

  it('may differ from its declaration only where a secret stands', async () => {
    const { client, gate, sent } = gatedClient('rds', 'apply');
    const call = declare(
      'ModifyDBInstance',
      { DBInstanceIdentifier: 'db', MasterUserPassword: { $secret: { env: 'X' } } },
      'db',
      'rds',
    );
    expect(await run(gate, client, call, undefined, { DBInstanceIdentifier: 'db', MasterUserPassword: 'pw' })).toBe(
      'sent',
    );
    expect(await run(gate, client, call, undefined, { DBInstanceIdentifier: 'db2', MasterUserPassword: 'pw' })).toBe(
      'gate-refused',
    );
    expect(
      await run(gate, client, call, undefined, {
        DBInstanceIdentifier: 'db',
        MasterUserPassword: 'pw',
        DeletionProtection: false,
      }),
    ).toBe('gate-refused');
    expect(await run(gate, client, call)).toBe('gate-refused');
    expect(sent).toHaveLength(1);
  });

  it('carries no token that the SDK made up', async () => {
    const { client, gate, sent } = gatedClient('ec2', 'apply');
    const without = declare('CreateVolume', { AvailabilityZone: 'eu-west-1a', Size: 1 }, 'eu-west-1a');
    expect(await run(gate, client, without)).toBe('gate-refused');
    expect(sent).toHaveLength(0);
    const withToken = declare('CreateVolume', { AvailabilityZone: 'eu-west-1a', Size: 1, ClientToken: 'op-1' }, 'op-1');
    expect(await run(gate, client, withToken)).toBe('sent');
    expect(String(sent[0]?.body)).toContain('ClientToken=op-1');
  });

  it('passes with what the SDK adds on its own: location, checksum, pre-signed address', async () => {
    const bucket = gatedClient('s3', 'apply');
    expect(
      await run(bucket.gate, bucket.client, declare('CreateBucket', { Bucket: 'new-bucket' }, 'new-bucket', 's3')),
    ).toBe('sent');
    expect(
      await run(
        bucket.gate,
        bucket.client,
        declare('PutObject', { Bucket: 'new-bucket', Key: 'k', Body: { $bytes: 'x' } }, 'new-bucket', 's3'),
      ),
    ).toBe('sent');
    const copy = gatedClient('ec2', 'apply');
    expect(
      await run(
        copy.gate,
        copy.client,
        declare('CopySnapshot', { SourceRegion: 'eu-central-1', SourceSnapshotId: 'snap-1' }, 'snap-1'),
      ),
    ).toBe('sent');
    expect(bucket.sent).toHaveLength(2);
    expect(copy.sent).toHaveLength(1);
  });
});

describe('ways around the gate', () => {
  it('is closed, not open, when a middleware of it is taken out', async () => {
    for (const name of ['aiplanGate', 'aiplanGateBeforeSending']) {
      const { client, gate, sent } = gatedClient('ec2', 'apply');
      (client as unknown as { middlewareStack: { remove(name: string): boolean } }).middlewareStack.remove(name);
      expect(await outcome(() => client.send(command('ec2', 'DeleteVpc', { VpcId: 'vpc-1' })))).toBe('gate-refused');
      expect(await run(gate, client, deletion)).toBe('gate-refused');
      expect(await outcome(() => client.send(command('ec2', 'DescribeVpcs', {})))).toBe('gate-refused');
      expect(sent).toHaveLength(0);
    }
  });

  it('sees an input or a request that was changed behind its first stand', async () => {
    const { client, gate, sent } = gatedClient('ec2', 'apply');
    const stack = client.middlewareStack as unknown as { add(middleware: unknown, options: object): void };
    stack.add(
      (next: (args: object) => unknown) => (args: { input: object }) => next({ ...args, input: { GroupId: 'sg-2' } }),
      { step: 'initialize', priority: 'low', name: 'sly' },
    );
    expect(await run(gate, client, deletion)).toBe('gate-refused');
    expect(sent).toHaveLength(0);
    const read = gatedClient('ec2', 'read-only');
    (read.client.middlewareStack as unknown as typeof stack).add(
      (next: (args: object) => unknown) => (args: { request: { body: string } }) => {
        args.request.body = 'Action=DeleteVpc&VpcId=vpc-1';
        return next(args);
      },
      { step: 'build', name: 'sly' },
    );
    expect(await outcome(() => read.client.send(command('ec2', 'DescribeVpcs', {})))).toBe('gate-refused');
    expect(read.sent).toHaveLength(0);
  });

  it('sends nothing to another host than the endpoint of the session', async () => {
    const mixed = gatedClient('ec2', 'read-only', { endpoint: 'http://127.0.0.1:5000', sentTo: 'http://127.0.0.1:9' });
    expect(await outcome(() => mixed.client.send(command('ec2', 'DescribeVpcs', {})))).toBe('gate-refused');
    expect(mixed.sent).toHaveLength(0);
  });
});

describe('tokens that the SDK fills in', () => {
  it('are all known', async () => {
    // Without a gate the body shows where the SDK adds a token of its own.
    const bodies = new Map<string, string>();
    const client = new ec2.EC2Client({
      region: 'eu-west-1',
      endpoint: 'http://127.0.0.1:9',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
      requestHandler: {
        async handle(request: Request) {
          const body = String(request.body);
          bodies.set(/Action=(\w+)/u.exec(body)?.[1] ?? '', body);
          throw new Sent('sent');
        },
      } as never,
    });
    for (const operation of operationsOf('ec2').filter((name) => kindOfOperation('ec2', name) === 'mutating')) {
      await outcome(() => (client as unknown as AnyClient).send(command('ec2', operation, {})));
    }
    const filled = [...bodies].filter(([, body]) => /&ClientToken=[0-9a-f-]{36}/u.test(body)).map(([name]) => name);
    expect(filled.length).toBeGreaterThan(5);
    expect([...SELF_FILLED_TOKENS].filter((name) => !filled.includes(name))).toEqual([]);
  });
});

describe('firstDifference', () => {
  it.each([
    [{ a: 1 }, { a: 1 }, null],
    [{ a: 1, b: undefined }, { a: 1 }, null],
    [{ a: 1 }, { a: '1' }, 'a'],
    [{ a: 1 }, {}, 'a'],
    [{}, { a: null }, 'a'],
    [{ a: [1, 2] }, { a: [2, 1] }, 'a[0]'],
    [{ a: [1] }, { a: [1, 2] }, 'a'],
    [{ a: { b: { $secret: { env: 'X' } } } }, { a: { b: 'text' } }, null],
    [{ a: { b: { $secret: { env: 'X' } } } }, { a: { b: { c: 'text' } } }, 'a.b'],
    [{ a: { $masked: 'set' } }, { a: { $masked: 'set' } }, 'a'],
    [{ a: { $unknown: 'X.Id' } }, { a: 'x' }, 'a'],
    [{ a: { $bytes: { $secret: { captured: 'k' } } } }, { a: { $bytes: 'text' } }, null],
    [{ a: 1 }, JSON.parse('{"a":1,"__proto__":{}}'), '__proto__'],
  ])('%j against %j: %s', (declared, resolved, path) => {
    expect(firstDifference(declared as never, resolved, '')).toBe(path);
  });
});
