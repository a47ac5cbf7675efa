import { UserError } from '../../src/model/error.ts';
import type { Answer, AwsSession, Call, Permit, ReadCall, Service } from '../../src/model/call.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { normaliseError } from './errors.ts';
import { attachGate, isRead, type Gate } from './gate.ts';
import { fromAnswer, toInput } from './values.ts';

export interface SessionOptions {
  readonly region: string;
  /** One endpoint for all services, or null for AWS itself. */
  readonly endpoint: string | null;
  readonly profile?: string | undefined;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string };
  /** `read-only` refuses every mutating call, whoever asks. */
  readonly mode: 'read-only' | 'apply';
  /** Appended to the user agent, so that CloudTrail can be matched with a run. */
  readonly userAgent?: string;
}

interface AnyClient { send(command: unknown, options?: { abortSignal?: AbortSignal }): Promise<Record<string, unknown>>; destroy(): void; middlewareStack: unknown }
interface ClientModule { Client: new (options: object) => AnyClient; commands: Readonly<Record<string, new (input: never) => unknown>> }

const load: Readonly<Record<Service, () => Promise<ClientModule>>> = {
  ec2: async () => (await import('./commands-ec2.ts')) as unknown as ClientModule,
  rds: async () => (await import('./commands-rds.ts')) as unknown as ClientModule,
  s3: async () => (await import('./commands-s3.ts')) as unknown as ClientModule,
  sts: async () => (await import('./commands-sts.ts')) as unknown as ClientModule,
};

/** An AWS session whose clients are made when first needed, each behind the gate. Close it with `close()`. */
export function openSession(options: SessionOptions): AwsSession & { close(): void } {
  const counts: Record<string, number> = {};
  const clients = new Map<string, Promise<{ module: ClientModule; client: AnyClient; gate: Gate }>>();

  const clientFor = (service: Service, mutating: boolean) => {
    const key = `${service}:${mutating}`;
    let made = clients.get(key);
    if (made === undefined) {
      made = load[service]().then((module) => {
        const client = new module.Client({
          region: options.region,
          ...(options.endpoint === null ? {} : { endpoint: options.endpoint }),
          ...(options.profile === undefined ? {} : { profile: options.profile }),
          ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
          ...(service === 's3' ? { forcePathStyle: options.endpoint !== null, followRegionRedirects: false } : {}),
          // A mutating request is sent once: the executor decides what a lost answer means (law 8).
          maxAttempts: mutating ? 1 : 10,
          retryMode: 'standard',
          customUserAgent: [['aiplan', '0.1.0'], ...(options.userAgent === undefined ? [] : [['run', options.userAgent]])],
          requestHandler: { connectionTimeout: 5_000, requestTimeout: 120_000, throwOnRequestTimeout: true, httpAgent: { maxSockets: 25 }, httpsAgent: { maxSockets: 25 } },
        });
        const gate = attachGate(client, service, mutating ? options.mode : 'read-only');
        return { module, client, gate };
      });
      clients.set(key, made);
    }
    return made;
  };

  const commandOf = (module: ClientModule, service: Service, operation: string) => {
    const command = module.commands[operation];
    if (command === undefined) {
      throw new UserError('unknown-operation', `${service}:${operation} is not in providers/aws/commands-${service}.ts`);
    }
    return command;
  };

  return {
    counts,
    async read(call: ReadCall) {
      if (!isRead(call.service, call.operation)) {
        throw new UserError('gate-refused', `${call.service}:${call.operation} is not a known read`);
      }
      const { module, client } = await clientFor(call.service, false);
      const Command = commandOf(module, call.service, call.operation);
      const name = `${call.service}:${call.operation}`;
      counts[name] = (counts[name] ?? 0) + 1;
      try {
        return await fromAnswer(await client.send(new Command(toInput(call.input) as never)));
      } catch (error) {
        const normal = normaliseError(error, name, false);
        if ('code' in normal && call.absent?.includes(normal.code) === true) return null;
        throw normal;
      }
    },
    async mutate(call: Call, resolved: JsonObject, permit: Permit): Promise<Answer> {
      const { module, client, gate } = await clientFor(call.service, true);
      const Command = commandOf(module, call.service, call.operation);
      const name = `${call.service}:${call.operation}`;
      const input = toInput(resolved) as Record<string, unknown>;
      counts[name] = (counts[name] ?? 0) + 1;
      try {
        return await gate.during(call, resolved, permit, input, async () => {
          const output = await client.send(new Command(input as never));
          const metadata = output['$metadata'] as { requestId?: string; attempts?: number } | undefined;
          return { output: await fromAnswer(output), requestId: metadata?.requestId, attempts: metadata?.attempts ?? 1 };
        });
      } catch (error) {
        throw normaliseError(error, name, true);
      }
    },
    close() {
      for (const made of clients.values()) void made.then(({ client }) => client.destroy(), () => undefined);
    },
  };
}
