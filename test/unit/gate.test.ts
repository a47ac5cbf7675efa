import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import {
  attachGate,
  firstDifference,
  type Gate,
  type GatedClient,
  type Request,
} from '../../providers/aws/gate/gate.ts';
import { kindOfOperation, readsOf } from '../../providers/aws/gate/known-reads.ts';
import { services } from '../../providers/aws/services/index.ts';
import { strangePart } from '../../providers/aws/gate/sent-request.ts';
import type { ServiceModule, ServiceRecord } from '../../providers/aws/services/service.ts';
import { openSession, readableKeys } from '../../providers/aws/session/session.ts';
import type { Call, Permit, Service } from '../../src/domain/call.ts';

type AnyClient = GatedClient & { send(command: unknown): Promise<unknown> };

/** The whole SDK of each service of the table: the package from which its record loads its commands. */
const names = Object.keys(services) as readonly Service[];
const record = (service: Service): ServiceRecord => services[service];
const packageOf = (service: Service): string =>
  /@aws-sdk\/client-[\w-]+/u.exec(
    readFileSync(new URL(`../../providers/aws/services/${service}.ts`, import.meta.url), 'utf8'),
  )?.[0] ?? '';
const loaded = await Promise.all(
  names.map(async (service) => [service, (await import(packageOf(service))) as Record<string, unknown>] as const),
);
const sdks = Object.fromEntries(loaded) as unknown as Readonly<Record<Service, Record<string, unknown>>>;
const modules = Object.fromEntries(
  await Promise.all(names.map(async (service) => [service, await services[service].load()] as const)),
) as unknown as Readonly<Record<Service, ServiceModule>>;

const operationsOf = (service: Service): string[] =>
  Object.keys(sdks[service])
    .filter((name) => /^[A-Z]\w+Command$/u.test(name))
    .map((name) => name.slice(0, -'Command'.length));
/** The operations that sessions can send: those whose commands the record loads. */
const sentBy = (service: Service): string[] =>
  Object.keys(modules[service].commands).map((name) => name.replace(/Command$/u, ''));

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
  const Client = modules[service].Client as unknown as new (options: object) => AnyClient;
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
  for (const service of names) {
    it(`${service}: mutating ones never leave the process, reads do`, async () => {
      const { client, sent } = gatedClient(service, 'read-only');
      const operations = operationsOf(service);
      expect(operations.length).toBeGreaterThan(Math.max(7, sentBy(service).length));
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
    for (const service of names) {
      const operations = new Set(operationsOf(service));
      expect([...readsOf(service)].filter((name) => !operations.has(name))).toEqual([]);
      // A reading name outside the list must be one that was left out with a reason; of the others only what aiplan
      // sends is let through.
      const { extent, leftOut = [] } = record(service);
      const unlisted = [...operations].filter(
        (name) => /^(Describe|Get|List|Head|Search)/u.test(name) && kindOfOperation(service, name) === 'mutating',
      );
      if (extent === 'all') expect(unlisted).toEqual(leftOut);
      else expect([...readsOf(service)].filter((name) => !sentBy(service).includes(name))).toEqual([]);
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
  operations = permit.operations,
) =>
  outcome(() =>
    gate.during(call, resolved, { ...permit, operations }, (input) =>
      client.send(command(call.service, call.operation, alter(input))),
    ),
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

/** A client without a gate, and the bodies that it would send, by operation. */
async function ungatedBodies(service: Service, operations: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const bodies = new Map<string, string>();
  let current = '';
  const Client = modules[service].Client as unknown as new (options: object) => AnyClient;
  const client = new Client({
    region: 'eu-west-1',
    endpoint: 'http://127.0.0.1:9',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
    requestHandler: {
      async handle({ body }: Request) {
        bodies.set(current, typeof body === 'string' ? body : new TextDecoder().decode(body as Uint8Array));
        throw new Sent('sent');
      },
    },
  });
  for (const operation of operations) {
    current = operation;
    await outcome(() => client.send(command(service, operation, {})));
  }
  return bodies;
}

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}';
const form = /^(query|ec2-query|json)$/u;

describe('tokens that the SDK fills in', () => {
  it.each(names.filter((service) => form.test(record(service).protocol)))(
    '%s: are known of every operation that is sent, and none leaves the process',
    async (service) => {
      const mutating = operationsOf(service).filter((name) => kindOfOperation(service, name) === 'mutating');
      const filled = [...(await ungatedBodies(service, mutating))].filter(([, body]) =>
        new RegExp(`(?:&\\w+=|"\\w+":")${uuid}`, 'u').test(body),
      );
      const { tokens } = record(service);
      expect(filled.map(([name]) => name).filter((name) => sentBy(service).includes(name))).toEqual(
        sentBy(service).filter((name) => tokens?.operations.includes(name)),
      );
      expect((tokens?.operations ?? []).filter((name) => !filled.some(([other]) => other === name))).toEqual([]);
      for (const [operation, body] of filled) {
        // A form names the token only by the parameter of the record.
        if (tokens !== undefined)
          expect([operation, body]).toEqual([operation, expect.stringMatching(tokens.parameter)]);
        const { client, gate, sent } = gatedClient(service, 'apply');
        const call = declare(operation, { Named: 'x' }, 'x', service);
        expect([operation, await run(gate, client, call, undefined, call.input, [`${service}:${operation}`])]).toEqual([
          operation,
          'gate-refused',
        ]);
        expect(sent).toHaveLength(0);
      }
    },
  );
});

/** Declared calls of the services that speak JSON, as the SDK takes them. */
const jsonCalls: readonly (readonly [Service, string, Call['input'], string])[] = [
  ['ssm', 'DeleteParameter', { Name: 'plain' }, 'plain'],
  ['secretsmanager', 'DeleteSecret', { SecretId: 'secret', RecoveryWindowInDays: 7 }, 'secret'],
  ['kms', 'TagResource', { KeyId: 'key', Tags: [{ TagKey: 'a', TagValue: 'b' }] }, 'key'],
  ['cloudtrail', 'StopLogging', { Name: 'trail' }, 'trail'],
  [
    'cloudtrail',
    'StartImport',
    { Destinations: ['store'], StartEventTime: { $date: '2026-01-02T03:04:05.250Z' } },
    'store',
  ],
  [
    'kms',
    'ImportKeyMaterial',
    { KeyId: 'key', ImportToken: { $bytes: 'hé' }, EncryptedKeyMaterial: { $bytes: 'x' } },
    'key',
  ],
];
const bodyOf = ({ body }: Request): unknown => JSON.parse(new TextDecoder().decode(body as Uint8Array));
const alter = (
  client: AnyClient,
  change: (request: { body: unknown; headers: Record<string, string> }) => void,
): void =>
  (client as unknown as { middlewareStack: { add(middleware: unknown, options: object): void } }).middlewareStack.add(
    (next: (args: object) => unknown) => (args: { request: { body: unknown; headers: Record<string, string> } }) => {
      change(args.request);
      return next(args);
    },
    { step: 'build', priority: 'low', name: 'sly' },
  );

describe('a declared call in JSON', () => {
  it.each(jsonCalls)('passes exactly as it was declared: %s:%s', async (service, operation, input, identity) => {
    const { client, gate, sent } = gatedClient(service, 'apply');
    const call = declare(operation, input, identity, service);
    expect(await run(gate, client, call, undefined, input, [`${service}:${operation}`])).toBe('sent');
    expect(sent.map(({ headers }) => headers?.['x-amz-target'])).toEqual([expect.stringMatching(`\\.${operation}$`)]);
  });

  it.each(jsonCalls)(
    'is refused where its body is altered on the way: %s:%s',
    async (service, operation, input, identity) => {
      const call = declare(operation, input, identity, service);
      const changes: readonly ((body: Record<string, unknown>) => Record<string, unknown>)[] = [
        (body) => ({ ...body, More: true }),
        (body) => ({ ...body, ClientToken: '4c79de8e-fc8a-4000-8000-000000000000' }),
        (body) => Object.fromEntries(Object.entries(body).slice(1)),
        (body) =>
          Object.fromEntries(Object.entries(body).map(([name], index) => [name, index === 0 ? 'other' : body[name]])),
      ];
      for (const change of changes) {
        const { client, gate, sent } = gatedClient(service, 'apply');
        alter(client, (request) => {
          request.body = Buffer.from(JSON.stringify(change(bodyOf(request as Request) as Record<string, unknown>)));
        });
        expect(await run(gate, client, call, undefined, input, [`${service}:${operation}`])).toBe('gate-refused');
        expect(sent).toHaveLength(0);
      }
      for (const body of ['', 'null', '[]', '{', Buffer.from([0xff])]) {
        const { client, gate, sent } = gatedClient(service, 'apply');
        alter(client, (request) => {
          request.body = body;
        });
        expect(await run(gate, client, call, undefined, input, [`${service}:${operation}`])).toBe('gate-refused');
        expect(sent).toHaveLength(0);
      }
    },
  );

  it('is refused where the SDK drops a member that it does not know', async () => {
    const { client, gate, sent } = gatedClient('ssm', 'apply');
    const input = { Name: 'plain', Nmae: 'x' };
    expect(
      await run(gate, client, declare('DeleteParameter', input, 'plain', 'ssm'), undefined, input, [
        'ssm:DeleteParameter',
      ]),
    ).toBe('gate-refused');
    expect(sent).toHaveLength(0);
  });

  it('is refused where the header names another operation', async () => {
    const { client, gate, sent } = gatedClient('ssm', 'apply');
    alter(client, ({ headers }) => {
      headers['x-amz-target'] = 'AmazonSSM.DeleteDocument';
    });
    const input = { Name: 'plain' };
    expect(
      await run(gate, client, declare('DeleteParameter', input, 'plain', 'ssm'), undefined, input, [
        'ssm:DeleteParameter',
      ]),
    ).toBe('gate-refused');
    expect(sent).toHaveLength(0);
  });

  it('is refused of a service, and sent by no session of an operation, that the table does not have', async () => {
    const { client } = gatedClient('ssm', 'apply');
    const unknown = 'lambda' as Service;
    expect(() =>
      attachGate(client, {
        service: unknown,
        mode: 'apply',
        endpoint: null,
        around: () => ({ captureBucket: null, region: 'eu-west-1' }),
      }),
    ).toThrow(expect.objectContaining({ code: 'gate-refused' }));
    expect(kindOfOperation(unknown, 'GetFunction')).toBe('mutating');
    const session = openSession({
      region: 'eu-west-1',
      endpoint: 'http://127.0.0.1:9',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      mode: 'apply',
    });
    const permitted = { ...permit, operations: ['ssm:DeleteParameter', 'lambda:DeleteFunction'] };
    const input = { Name: 'plain' };
    const ended = async (service: Service, operation: string): Promise<string> =>
      outcome(() => session.mutate(declare(operation, input, 'plain', service), input, permitted));
    expect([await ended('ssm', 'DeleteParameter'), await ended(unknown, 'DeleteFunction')]).toEqual([
      'unknown-operation',
      'gate-refused',
    ]);
    session.close();
  });
});

describe('a body by method and path', () => {
  const rest: ServiceRecord = { ...services.kms, protocol: 'rest-json' };
  const request = (body: object | string, query = {}): Request => ({
    hostname: 'x',
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    query,
  });
  const input = { Name: 'x', Size: 2 };
  it.each([
    ['all of it', request(input), null],
    ['a part of it, the rest in the path', request({ Size: 2 }), null],
    ['none of it', request(''), null],
    ['a member in the query', request({ Size: 2 }, { name: 'x' }), null],
    ['a token', request({ ...input, clientToken: 'random' }), 'random token (clientToken)'],
    ['a token in the query', request(input, { clientToken: 'random' }), 'random token (clientToken)'],
    ['another value', request({ Size: 3 }), '"Size" otherwise'],
    ['no object', request('[]'), 'no JSON object'],
  ])('with %s', (_name, sent, wanted) => {
    const found = strangePart(rest, sent, input);
    if (wanted === null) expect(found).toBeNull();
    else expect(found).toContain(wanted);
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
