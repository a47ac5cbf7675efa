import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerControl, type Controls } from './control.ts';
import { refusalOf, type Fault, type RequestHook, type SeenRequest } from './faults.ts';
import { identify, isMutating, s3Operation, type Identified } from './protocol/identify.ts';
import { errorAnswer } from './protocol/errors.ts';
import { answerJson, objectIn, targetOperation } from './protocol/json.ts';
import { answerQuery } from './protocol/query.ts';
import { s3Corrections } from './s3/table.ts';
import { protocolOf, proxiedOf } from './services.ts';
import type { KeyStates } from './protocol/key-states.ts';
import { copied } from './protocol/copied.ts';
import { AnswerMemory, carryOut, replayable } from './disturb.ts';
import { answerS3, writeS3 } from './s3.ts';
import { askJson, forward, passedHeaders, query, s3Request } from './upstream.ts';
import { services } from '../../../providers/aws/services/index.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Service } from '../../domain/call.ts';
import { newBucket, newWorld, type BucketMemory, type Pace, type EmulatorState } from './protocol/emulator-state.ts';
import { textAt } from './protocol/xml.ts';

export interface ProxyOptions {
  /** The emulator's address, `http://127.0.0.1:port`. */
  readonly emulator: string;
  readonly port?: number;
  readonly account?: string;
  /** How long states in between are shown. Reads 0: not at all. */
  readonly pace?: Pace;
  /** Guards the control requests that stop the sandbox. */
  readonly token?: string;
  readonly onStop?: () => void;
}

export interface Proxy {
  readonly endpoint: string;
  /** Every request to a service so far, in order. */
  readonly requests: readonly SeenRequest[];
  /** Lets a test see each request and make it fail. Answers a function that takes the hook away. */
  onRequest(hook: RequestHook): () => void;
  /** From now on answers are remembered, which `stale` needs; until the last hook is taken away. */
  rememberAnswers(): void;
  /** Forgets everything that the proxy remembers of resources (not the requests). */
  forget(): void;
  /** The emulator that answers now, `http://127.0.0.1:port`. */
  readonly emulator: string;
  /** How many requests are being carried out now. */
  readonly active: number;
  /** A copy of what the proxy remembers of resources. Nothing may be under way. */
  remember(): ProxyMemory;
  /** From now on another emulator answers, with what was remembered of its resources. */
  turnTo(emulator: string, memory: ProxyMemory): void;
  close(): Promise<void>;
}

/** What the proxy remembers of the resources of one emulator; only for `turnTo`. */
export interface ProxyMemory {
  readonly worlds: ReadonlyMap<string, EmulatorState>;
  readonly buckets: ReadonlyMap<string, BucketMemory>;
  readonly ages: ReadonlyMap<string, string>;
  readonly keys: KeyStates;
}

const DEFAULT_PACE: Pace = { reads: 2, milliseconds: 300 };

/** Starts the proxy that makes the emulator behave as AWS does. Binds loopback only. */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  let endpoint = new URL(options.emulator);
  let active = 0;
  const account = options.account ?? '123456789012';
  const pace = options.pace ?? DEFAULT_PACE;
  const requests: SeenRequest[] = [];
  const hooks = new Set<RequestHook>();
  const worlds = new Map<string, EmulatorState>();
  const buckets = new Map<string, BucketMemory>();
  const callers = new Map<string, Promise<string>>();
  const ages = new Map<string, string>();
  const keys: KeyStates = new Map();
  const memory = new AnswerMemory();
  const forget = (): void => {
    worlds.clear();
    buckets.clear();
    ages.clear();
    keys.clear();
  };

  const worldOf = (region: string): EmulatorState => {
    let world = worlds.get(region);
    if (world === undefined) worlds.set(region, (world = newWorld(account, region, pace, Date.now, keys)));
    return world;
  };
  const controls: Controls = {
    token: options.token ?? '',
    ages,
    worldOf,
    requests,
    account,
    sendFor: (region) => (service, operation, parameters) =>
      query(endpoint, { accessKey: 'sandbox', region }, service, operation, parameters),
    stop: options.onStop ?? (() => undefined),
  };

  const faultOf = async (seen: SeenRequest): Promise<Fault | undefined> => {
    for (const hook of hooks) {
      const fault = await hook(seen);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };

  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = incoming.url ?? '/';
    if (path.startsWith('/_sandbox/')) return answerControl(incoming, response, controls);
    if (path.startsWith('/moto-api/')) {
      if (/^\/moto-api\/reset\b/u.test(path)) forget();
      return void (await passThrough(endpoint, incoming, response, null));
    }
    const identified = identify(incoming);
    const protocol = protocolOf(identified.service);
    const form = protocol === 'rest-xml' ? null : (await buffer(incoming)).toString('utf8');
    const operation =
      form === null
        ? s3Operation(incoming.method ?? 'GET', identified, incoming.headers['x-amz-copy-source'] !== undefined)
        : (new URLSearchParams(form).get('Action') ??
          targetOperation(incoming.headers['x-amz-target']) ??
          'UnknownOperation');
    const seen: SeenRequest = {
      number: requests.length,
      service: identified.service,
      operation,
      mutating: isMutating(operation),
      region: identified.region,
      parameters:
        form === null
          ? { Bucket: identified.bucket, Key: identified.key, ...Object.fromEntries(identified.query) }
          : protocol === 'json'
            ? textsIn(objectIn(form))
            : Object.fromEntries(new URLSearchParams(form)),
    };
    requests.push(seen);
    const fault = await faultOf(seen);
    if (fault?.kind === 'delay') await Promise.all([sleep(fault.milliseconds ?? 0), fault.until]);
    if (fault?.kind === 'drop' && fault.when === 'before') {
      fault.also?.();
      incoming.socket.destroy();
      return;
    }
    const refusal = fault === undefined ? undefined : refusalOf(fault, identified.service, operation);
    if (refusal !== undefined) {
      incoming.resume();
      const { type, body } = errorAnswer(protocol, refusal, proxiedOf(identified.service).namespace);
      return void response
        .writeHead(refusal.status, { 'content-type': type })
        .end(incoming.method === 'HEAD' ? undefined : body);
    }
    const again = replayable(
      incoming,
      form === null && (fault?.kind === 'duplicate' || memory.isWatching) ? await buffer(incoming) : null,
    );
    const serve = async (sink: ServerResponse | null): Promise<void> =>
      answerService(again(), sink, identified, operation, form);
    active += 1;
    try {
      await carryOut({
        fault,
        seen,
        form,
        response,
        serve,
        memory,
        worldOf: () => worldOf(identified.region),
        cut: () => incoming.socket.destroy(),
      });
    } finally {
      active -= 1;
    }
  };

  const answerService = async (
    incoming: IncomingMessage,
    response: ServerResponse | null,
    identified: Identified,
    operation: string,
    form: string | null,
  ): Promise<void> => {
    const { service, region, accessKey } = identified;
    const extra = incoming.headers['x-moto-account-id'];
    const identity = {
      accessKey,
      region,
      ...(typeof extra === 'string' ? { extra: { 'x-moto-account-id': extra } } : {}),
    };
    const { query: forms, json, namespace } = proxiedOf(service);
    if (form !== null && forms !== undefined) {
      const reply = await answerQuery(
        {
          service: service as Service,
          operation,
          form,
          world: worldOf(region),
          ages,
          send: (target, name, parameters) => query(endpoint, identity, target, name, parameters),
        },
        forms,
        (error) => errorAnswer(protocolOf(service), error, namespace).body,
      );
      response
        ?.writeHead(reply.status, {
          'content-type': 'text/xml;charset=UTF-8',
          'content-length': String(Buffer.byteLength(reply.body)),
        })
        .end(reply.body);
      return;
    }
    if (form !== null && json !== undefined) {
      const [prefix = ''] = String(incoming.headers['x-amz-target']).split('.');
      const reply = await answerJson(
        {
          operation,
          body: form,
          world: worldOf(region),
          ages,
          send: (name, input) => askJson(endpoint, identity, service, `${prefix}.${name}`, input),
        },
        json,
      );
      response
        ?.writeHead(reply.status, {
          'content-type': 'application/x-amz-json-1.1',
          'content-length': String(Buffer.byteLength(reply.body)),
        })
        .end(reply.body);
      return;
    }
    if (form !== null) return void (await passThrough(endpoint, incoming, response, form));
    let bucket = buckets.get(identified.bucket);
    if (bucket === undefined) {
      bucket = newBucket();
      if (identified.bucket !== '') buckets.set(identified.bucket, bucket);
    }
    const caller = (): Promise<string> => {
      let known = callers.get(accessKey);
      if (known === undefined) {
        known = query(endpoint, identity, services.sts.name, 'GetCallerIdentity', {}).then((root) =>
          textAt(root, 'GetCallerIdentityResult', 'Arn'),
        );
        callers.set(accessKey, known);
      }
      return known;
    };
    const outcome = await answerS3(
      {
        endpoint,
        incoming,
        identified,
        context: {
          operation,
          account,
          region,
          caller,
          bucket,
          buckets,
          keys,
          ages,
          send: (method, path, sent) => s3Request(endpoint, identity, method, path, sent),
        },
      },
      s3Corrections,
    );
    if (response !== null) await writeS3(outcome, response);
    else if (outcome.kind === 'answer') outcome.answer.resume();
  };

  const server = createServer((incoming, response) => {
    answer(incoming, response).catch((error: unknown) => {
      // The emulator is gone, or the proxy has a fault: the client shall see a broken service, never a wrong answer.
      if (response.headersSent) response.destroy();
      else
        response.writeHead(500, { 'content-type': 'text/xml' }).end(
          errorAnswer('ec2-query', {
            code: 'InternalError',
            message: `sandbox: ${error instanceof Error ? error.message : String(error)}`,
          }).body,
        );
    });
  });
  // An idle connection that is closed just as its client writes again looks like a lost answer. Only `close` ends them.
  server.keepAliveTimeout = 0;
  await listen(server, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    forget,
    get emulator() {
      return endpoint.origin;
    },
    get active() {
      return active;
    },
    remember: () => copied({ worlds, buckets, ages, keys }),
    turnTo(emulator, remembered) {
      endpoint = new URL(emulator);
      forget();
      const now = copied(remembered);
      for (const [key, state] of now.keys) keys.set(key, state);
      for (const [region, world] of now.worlds) worlds.set(region, { ...world, keys });
      for (const [name, bucket] of now.buckets) buckets.set(name, bucket);
      for (const [id, time] of now.ages) ages.set(id, time);
    },
    onRequest(hook) {
      hooks.add(hook);
      return () => {
        hooks.delete(hook);
        if (hooks.size === 0) memory.forget();
      };
    },
    rememberAnswers() {
      memory.watch();
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });

/** The members of an input that are texts. */
const textsIn = (input: JsonObject): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(input).filter((pair): pair is [string, string] => typeof pair[1] === 'string'));

/** Answers the emulator's status. */
async function passThrough(
  endpoint: URL,
  incoming: IncomingMessage,
  response: ServerResponse | null,
  body: string | null,
): Promise<number> {
  const headers = passedHeaders(incoming.headers);
  const answer = await forward(
    endpoint,
    incoming.method ?? 'GET',
    incoming.url ?? '/',
    headers,
    body ?? (incoming.method === 'GET' || incoming.method === 'HEAD' ? null : incoming),
  );
  const status = answer.statusCode ?? 500;
  if (response === null) {
    answer.resume();
    return status;
  }
  response.writeHead(status, Object.fromEntries(passedHeaders(answer.headers)));
  await pipeline(answer, response);
  return status;
}
