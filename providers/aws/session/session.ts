import { setTimeout as pause } from 'node:timers/promises';
import { AwsError, UserError } from '../../../src/base/error.ts';
import type { Answer, AwsSession, Call, Permit, ReadCall, Service } from '../../../src/domain/call.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import { version } from '../../../src/base/version.ts';
import { requireAnswerAbout } from '../gate/answered-about.ts';
import { normaliseError } from '../values/errors.ts';
import { attachClock } from './clock.ts';
import { attachGate, type Gate, type GatedClient, type Handler } from '../gate/gate.ts';
import { kindOfOperation } from '../gate/known-reads.ts';
import { serviceOf, services } from '../services/index.ts';
import type { ServiceModule, ServiceRecord } from '../services/service.ts';
import { attachDocumentCheck, requireWhole } from '../gate/whole-answers.ts';
import { fromAnswer, toInput } from '../values/values.ts';

export interface SessionOptions {
  readonly region: string;
  /** One endpoint for all services, or null for AWS itself. */
  readonly endpoint: string | null;
  readonly profile?: string | undefined;
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** `read-only` refuses every mutating call, whoever asks. */
  readonly mode: 'read-only' | 'apply';
  /**
   * The run, as `run/<id>` at the end of the user agent of every request, so that CloudTrail can be matched with it.
   */
  readonly userAgent?: string;
  /**
   * The bucket that holds captures: the only one whose objects may be read (`readableKeys`), and protected by the gate.
   */
  readonly captureBucket?: string | null;
  /**
   * Secrets that this session may read, by name: those that secret properties of the change plan name. Absent: none.
   */
  readonly secrets?: readonly string[];
  /** Told the time by AWS's clock with each answer, milliseconds since 1970, whole seconds. */
  readonly onDate?: (at: number) => void;
  /** Waits so many milliseconds before a throttled call is sent again. */
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
}

export interface OpenSession extends AwsSession {
  /**
   * Names the capture bucket once it is known (its default name holds the account). Throws UserError when it would
   * change.
   */
  useCaptureBucket(name: string): void;
  close(): void;
}

interface AnyClient extends GatedClient {
  config: GatedClient['config'] & {
    credentials: () => Promise<object>;
    serviceConfiguredEndpoint?: () => Promise<string | undefined>;
  };
  send(command: unknown): Promise<Record<string, unknown>>;
  destroy(): void;
}
interface Made {
  readonly module: ServiceModule;
  readonly client: AnyClient;
  readonly gate: Gate;
}

/** The client whose credentials all clients share: it is asked who is calling before anything else is read. */
const asked = services.sts.name;

/** Waits before a throttled mutating call is sent again, in milliseconds: AWS asks for about 2 s at first, growing. */
const THROTTLE_WAITS = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 60_000] as const;
/** Connections refused in a row after which a read gives up; throttling is retried longer. */
const REFUSALS = 3;

/**
 * The keys of the capture bucket that may be read: records of runs, and the key of the masks; by a run that restores,
 * also the secrets that it restores.
 */
export const readableKeys: Readonly<Record<SessionOptions['mode'], readonly string[]>> = {
  'read-only': ['keys/', 'manifests/', 'runs/', 'used/'],
  apply: ['keys/', 'manifests/', 'runs/', 'used/', 'secrets/'],
};

/** An AWS session whose clients are made when first needed, each behind the gate. Close it with `close()`. */
export function openSession(options: SessionOptions): OpenSession {
  const counts: Record<string, number> = {};
  const clients = new Map<string, Promise<Made>>();
  const sleep = options.sleep ?? pause;
  const secrets: ReadonlySet<string> = new Set(options.secrets ?? []);
  let captureBucket = options.captureBucket ?? null;

  const make = async (service: Service, mutating: boolean, region: string): Promise<Made> => {
    const record = recordOf(service);
    const module = await record.load();
    // One credential chain for the whole session: a process, a single sign-on or a role is asked once, not per client.
    const first = service === asked && !mutating;
    const credentials =
      options.credentials ??
      (first ? undefined : async () => (await clientFor(asked, false)).client.config.credentials());
    const client = new (module.Client as new (settings: object) => AnyClient)({
      region,
      ...(options.endpoint === null ? { ignoreConfiguredEndpointUrls: true } : { endpoint: options.endpoint }),
      ...(options.profile === undefined ? {} : { profile: options.profile }),
      ...(credentials === undefined ? {} : { credentials }),
      ...record.clientOptions?.(options.endpoint),
      // A mutating request is sent once: the executor decides what a lost answer means (law 8).
      maxAttempts: mutating ? 1 : 10,
      retryMode: 'standard',
      customUserAgent: [['aiplan', version], ...(options.userAgent === undefined ? [] : [['run', options.userAgent]])],
      requestHandler: {
        connectionTimeout: 5_000,
        requestTimeout: 120_000,
        throwOnRequestTimeout: true,
        httpAgent: { maxSockets: 25 },
        httpsAgent: { maxSockets: 25 },
      },
    });
    if (options.endpoint === null) await refuseConfiguredEndpoint(client, service);
    attachClock(client, options.onDate);
    attachDocumentCheck(client, service);
    client.config = { ...client.config, requestHandler: impatient(client.config.requestHandler) };
    const gate = attachGate(client, {
      service,
      mode: mutating ? options.mode : 'read-only',
      endpoint: options.endpoint,
      around: () => ({ captureBucket, captureKeys: readableKeys[options.mode], region: options.region, secrets }),
    });
    return { module, client, gate };
  };

  const clientFor = (service: Service, mutating: boolean, region = options.region): Promise<Made> => {
    const key = `${service}:${mutating}:${region}`;
    let made = clients.get(key);
    if (made === undefined) {
      made = make(service, mutating, region);
      clients.set(key, made);
      made.catch(() => clients.delete(key));
    }
    return made;
  };

  const commandOf = ({ commands }: ServiceModule, service: Service, operation: string) => {
    const name = `${operation}Command`;
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (command === undefined)
      throw new UserError(
        'unknown-operation',
        `${service}:${operation} is not in providers/aws/services/${service}.ts`,
      );
    return command;
  };

  return {
    counts,
    async read(call: ReadCall) {
      const name = `${call.service}:${call.operation}`;
      if (kindOfOperation(call.service, call.operation) === 'mutating')
        throw new UserError('gate-refused', `${name} is not a known read`);
      const { module, client } = await clientFor(call.service, false, homeOf(call, options));
      const Command = commandOf(module, call.service, call.operation);
      counts[name] = (counts[name] ?? 0) + 1;
      try {
        const answer = await fromAnswer(await client.send(new Command(toInput(call.input) as never)));
        requireWhole(call, answer);
        requireAnswerAbout(call, answer);
        return answer;
      } catch (error) {
        const normal = normaliseError(error, name, false);
        if (normal instanceof AwsError && call.absent?.includes(normal.code) === true) return null;
        throw normal;
      }
    },
    async mutate(call: Call, resolved: JsonObject, permit: Permit): Promise<Answer> {
      const { module, client, gate } = await clientFor(call.service, true);
      const Command = commandOf(module, call.service, call.operation);
      const name = `${call.service}:${call.operation}`;
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await gate.during(call, resolved, permit, async (input) => {
            counts[name] = (counts[name] ?? 0) + 1;
            const output = await client.send(new Command(input as never));
            const metadata = output['$metadata'] as { requestId?: string } | undefined;
            return { output: await fromAnswer(output), requestId: metadata?.requestId, attempts: attempt };
          });
        } catch (error) {
          const normal = normaliseError(error, name, true);
          const wait = THROTTLE_WAITS[attempt - 1];
          // Throttling proves that nothing was executed; nothing else is ever sent again from here (law 8).
          if (!(normal instanceof AwsError) || normal.kind !== 'throttled' || wait === undefined) throw normal;
          await sleep(wait);
        }
      }
    },
    useCaptureBucket(name: string) {
      if (captureBucket !== null && captureBucket !== name) {
        throw new UserError(
          'capture-bucket-fixed',
          `this session's capture bucket is "${captureBucket}"; it cannot become "${name}"`,
        );
      }
      captureBucket = name;
    },
    close() {
      for (const made of clients.values())
        void made.then(
          ({ client }) => client.destroy(),
          () => undefined,
        );
      clients.clear();
    },
  };
}

/**
 * The region that a read is sent to: where the record of its service says that the answer is known best, else that of
 * the session. Other endpoints: always that of the session.
 */
export const homeOf = (
  { service, operation }: Pick<ReadCall, 'service' | 'operation'>,
  { region, endpoint }: Pick<SessionOptions, 'region' | 'endpoint'>,
): string => (endpoint === null ? (recordOf(service).home?.(operation, region) ?? region) : region);

function recordOf(service: Service): ServiceRecord {
  const record = serviceOf(service);
  if (record === undefined)
    throw new UserError('gate-refused', `${service} is not in the table of services (providers/aws/services)`);
  return record;
}

/**
 * An endpoint that only the SDK sees (a profile's `endpoint_url`) must not be ignored silently, nor used for one
 * service.
 */
async function refuseConfiguredEndpoint(client: AnyClient, service: Service): Promise<void> {
  const configured = await client.config.serviceConfiguredEndpoint?.();
  if (configured === undefined || configured === '') return;
  throw new UserError(
    'mixed-endpoints',
    `the AWS configuration sends ${service} to "${configured}", but this session was opened for AWS itself`,
    {
      help: `To use that endpoint for all services, give --endpoint ${configured}; else remove endpoint_url from the profile, or set AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true.`,
    },
  );
}

/** Gives up after a few refused connections in a row, where the SDK would try for half a minute. */
function impatient(handler: Handler): Handler {
  let refusals = 0;
  return {
    metadata: handler.metadata,
    async handle(request, options) {
      try {
        const answer = await handler.handle(request, options);
        refusals = 0;
        return answer;
      } catch (error) {
        const refused = (error as { code?: string }).code === 'ECONNREFUSED';
        refusals = refused ? refusals + 1 : 0;
        if (refusals < REFUSALS) throw error;
        // Neither a code nor a cause by which the SDK would know it for a passing fault.
        const where = `${request.hostname}${request.port === undefined ? '' : `:${request.port}`}`;
        throw Object.assign(new Error(`nothing answers at "${where}"`), { name: 'EndpointUnreachable' });
      }
    },
    destroy: () => handler.destroy?.(),
  };
}
