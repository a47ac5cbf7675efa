import { canonical } from '../../../src/base/digest.ts';
import { UserError } from '../../../src/base/error.ts';
import { namesExactly } from '../../../src/domain/identity.ts';
import { callName, type Call, type Permit, type Service } from '../../../src/domain/call.ts';
import { isMasked, isObject, isSecretRef, isUnknown, type Json, type JsonObject } from '../../../src/base/json.ts';
import { disclosureOf, kindOfOperation, secretParameter } from './known-reads.ts';
import { refusalOf } from './protected-parameters.ts';
import { isRequestOf, strangePart, type SentRequest } from './sent-request.ts';
import { serviceOf } from '../services/index.ts';
import type { Surroundings } from '../services/service.ts';
import { comparable, toInput } from '../values/values.ts';

/** The gate's knowledge of its session. */
export interface GateOptions {
  readonly service: Service;
  /** `read-only` refuses every mutating call, whoever asks. */
  readonly mode: 'read-only' | 'apply';
  /** The one endpoint, or null for AWS itself: requests to any other host are refused (law 14). */
  readonly endpoint: string | null;
  readonly around: () => Surroundings;
}

export interface Gate {
  /**
   * Runs `work` with the SDK input of one declared call, and lets exactly that one request through while it runs.
   * Throws UserError `gate-refused` where the declaration, the permit or a protected parameter forbids it.
   */
  during<Result>(
    call: Call,
    resolved: JsonObject,
    permit: Permit,
    work: (input: object) => Promise<Result>,
  ): Promise<Result>;
}

/** A declared call in flight: good for one send of one input object. */
interface Ticket {
  readonly operation: string;
  readonly fingerprint: string;
  open: boolean;
  used: boolean;
}

export interface Request extends SentRequest {
  readonly protocol?: string;
  readonly hostname: string;
  readonly port?: number;
}
export interface Handler {
  handle(request: Request, options?: object): Promise<unknown>;
  destroy?(): void;
  metadata?: unknown;
}
interface Context {
  readonly commandName?: string;
}
interface Arguments {
  readonly input: object;
  readonly request?: Request;
}
type Middleware = (
  next: (args: Arguments) => Promise<unknown>,
  context: Context,
) => (args: Arguments) => Promise<unknown>;
export interface GatedClient {
  config: { requestHandler: Handler };
  readonly middlewareStack: { add(middleware: Middleware, options: object): void };
}

function refuse(message: string, help?: string): never {
  throw new UserError('gate-refused', message, help === undefined ? {} : { help });
}

/**
 * Puts the gate into a client: the only way out of the process (law 6). It stands three times: before anything else
 * sees the input, after the request was signed, and in front of the socket, which takes only requests that the second
 * one passed. Removing a middleware therefore closes the gate.
 */
export function attachGate(client: GatedClient, options: GateOptions): Gate {
  const { service, mode } = options;
  const record = serviceOf(service);
  if (record === undefined) return refuse(`${service} is not in the table of services`);
  const tickets = new WeakMap<object, Ticket>();
  const admitted = new WeakMap<object, Ticket | 'read'>();
  const passed = new WeakSet<object>();
  const expected = options.endpoint === null ? null : new URL(options.endpoint);

  const atStart: Middleware = (next, context) => async (args) => {
    const operation = nameOf(context);
    if (mayRead(service, operation, args.input, options.around())) {
      admitted.set(context, 'read');
      return next(args);
    }
    if (mode === 'read-only') refuse(`${service}:${operation} would change something, and this command only reads`);
    const ticket = tickets.get(args.input);
    if (ticket === undefined || !ticket.open || ticket.used || ticket.operation !== operation) {
      return refuse(`${service}:${operation} was not declared by the step that runs`);
    }
    if (canonical(comparable(args.input)) !== ticket.fingerprint)
      refuse(`the input of ${service}:${operation} is not the declared one`);
    ticket.used = true;
    admitted.set(context, ticket);
    return next(args);
  };

  const atEnd: Middleware = (next, context) => async (args) => {
    const operation = nameOf(context);
    const ticket = admitted.get(context);
    const { request } = args;
    if (ticket === undefined || request === undefined) return refuse(`${service}:${operation} went around the gate`);
    if (ticket !== 'read') {
      if (!ticket.open) refuse(`${service}:${operation} is not in flight any more`);
      if (
        canonical(withoutAdditions(service, comparable(args.input) as JsonObject, ticket, options.around())) !==
        ticket.fingerprint
      ) {
        refuse(`the input of ${service}:${operation} was altered on the way`);
      }
    }
    if (!isRequestOf(record.protocol, operation, request, ticket === 'read'))
      refuse(`the request is not one of ${service}:${operation}`);
    const strange = ticket === 'read' ? null : strangePart(record, request, args.input);
    if (strange !== null) refuse(`${service}:${operation} would carry ${strange}`);
    passed.add(request);
    return next(args);
  };

  client.middlewareStack.add(atStart, { step: 'initialize', priority: 'high', name: 'aiplanGate', override: true });
  client.middlewareStack.add(atEnd, {
    step: 'finalizeRequest',
    priority: 'low',
    name: 'aiplanGateBeforeSending',
    override: true,
  });

  const socket = client.config.requestHandler;
  const gated: Handler = {
    metadata: socket.metadata,
    async handle(request, handlerOptions) {
      if (!passed.delete(request)) refuse(`a request of ${service} went around the gate`);
      if (!isHostOf(expected, request)) {
        refuse(
          `${service} would be sent to "${request.hostname}", which is not the endpoint of this session`,
          'Use one endpoint for all services: --endpoint or AWS_ENDPOINT_URL.',
        );
      }
      return socket.handle(request, handlerOptions);
    },
    destroy: () => socket.destroy?.(),
  };
  // A copy: the SDK's own credential providers borrow the handler of the first configuration, and they are not gated.
  client.config = { ...client.config, requestHandler: gated };

  return {
    async during(call, resolved, permit, work) {
      const input = admit(call, resolved, permit, options);
      const ticket: Ticket = {
        operation: call.operation,
        fingerprint: canonical(comparable(input)),
        open: true,
        used: false,
      };
      tickets.set(input, ticket);
      try {
        return await work(input);
      } finally {
        ticket.open = false;
      }
    },
  };
}

const nameOf = (context: Context): string => (context.commandName ?? '').replace(/Command$/u, '');

/**
 * No copy of an object is ever downloaded (a restore has S3 copy it), and a kept secret by nothing but the run that
 * restores it.
 */
const mayReadObject = (
  { Bucket, Key }: { readonly Bucket?: unknown; readonly Key?: unknown },
  { captureBucket, captureKeys = [] }: Surroundings,
): boolean =>
  captureBucket !== null &&
  Bucket === captureBucket &&
  typeof Key === 'string' &&
  captureKeys.some((below) => Key.startsWith(below));

function mayAsk(service: Service, operation: string, input: object): true {
  const reason = serviceOf(service)?.refusesRead?.(input as Readonly<Record<string, unknown>>) ?? null;
  return reason === null ? true : refuse(`${service}:${operation} ${reason}`);
}

function mayRead(service: Service, operation: string, input: object, around: Surroundings): boolean {
  switch (kindOfOperation(service, operation)) {
    case 'read':
      return mayAsk(service, operation, input);
    case 'named-secret': {
      const id = (input as Readonly<Record<string, unknown>>)[secretParameter(service, operation) ?? ''];
      return typeof id === 'string' && around.secrets?.has(id) === true
        ? true
        : refuse(`${service}:${operation} reads only the secrets that secret properties of the change plan name`);
    }
    case 'own-bucket':
      return (
        mayReadObject(input as { readonly Bucket?: unknown; readonly Key?: unknown }, around) ||
        refuse(
          `${service}:${operation} is allowed on the capture bucket only, and there on ${(around.captureKeys ?? []).join(', ')}`,
        )
      );
    case 'disclosing':
      return refuse(`${service}:${operation} would show ${disclosureOf(service, operation)}; aiplan never sends it`);
    case 'mutating':
      return false;
  }
}

/** Checks a declared call before anything is built, and answers its SDK input. */
function admit(call: Call, resolved: JsonObject, permit: Permit, options: GateOptions): object {
  const name = callName(call);
  if (options.mode === 'read-only') refuse(`${name} would change something, and this command only reads`);
  if (call.service !== options.service) refuse(`${name} was given to the client of ${options.service}`);
  if (kindOfOperation(call.service, call.operation) !== 'mutating')
    refuse(`${name} is not an operation that a step may declare`);
  if (!permit.operations.includes(name)) refuse(`${name} is not among the calls of step "${permit.step}"`);
  const difference = firstDifference(call.input, resolved, '');
  if (difference !== null) refuse(`${name} differs from its declaration at "${difference}"`);
  if (!namesExactly(resolved, call.identity))
    refuse(`${name} was declared for "${call.identity}", which its input does not name`);
  const reason = refusalOf(call.service, call.operation, resolved, permit, options.around());
  if (reason !== null) refuse(`${name} is refused: ${reason}`);
  return toInput(resolved) as object;
}

/**
 * The first path at which a resolved input differs from its declaration, or null. At a `SecretRef` the resolved input
 * must hold a text; a value that is still masked or unknown differs.
 */
export function firstDifference(declared: Json | undefined, resolved: Json | undefined, path: string): string | null {
  if (isSecretRef(declared)) return typeof resolved === 'string' ? null : path;
  if (isMasked(declared) || isUnknown(declared)) return path;
  if (Array.isArray(declared)) {
    if (!Array.isArray(resolved) || resolved.length !== declared.length) return path;
    for (const [index, item] of declared.entries()) {
      const inside = firstDifference(item as Json, resolved[index] as Json, `${path}[${index}]`);
      if (inside !== null) return inside;
    }
    return null;
  }
  if (isObject(declared)) {
    if (!isObject(resolved)) return path;
    for (const key of new Set([...Object.keys(declared), ...Object.keys(resolved)])) {
      const inside = firstDifference(own(declared, key), own(resolved, key), path === '' ? key : `${path}.${key}`);
      if (inside !== null) return inside;
    }
    return null;
  }
  return Object.is(declared, resolved) ? null : path;
}

const own = (value: JsonObject, key: string): Json | undefined => (Object.hasOwn(value, key) ? value[key] : undefined);

/**
 * Removes the members that the SDK adds to an input on its own, where the record of the service expects each: the
 * pre-signed address of a copy from another region, the location of a new bucket, the default checksum.
 */
function withoutAdditions(service: Service, input: JsonObject, ticket: Ticket, around: Surroundings): JsonObject {
  const declared = JSON.parse(ticket.fingerprint) as JsonObject;
  const adds = serviceOf(service)?.adds ?? (() => false);
  return Object.fromEntries(
    Object.entries(input).filter(([key, value]) => Object.hasOwn(declared, key) || !adds(key, value, around)),
  );
}

const AWS_HOSTS =
  /\.(amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|api\.aws|api\.amazonwebservices\.(com\.cn|eu)|c2s\.ic\.gov|sc2s\.sgov\.gov|csp\.hci\.ic\.gov|cloud\.adc-e\.uk)$/u;

/** Whether a request goes to the one endpoint, or to AWS itself where there is none. */
export function isHostOf(expected: URL | null, request: Request): boolean {
  if (expected === null) return AWS_HOSTS.test(request.hostname);
  const port = expected.port === '' ? (expected.protocol === 'https:' ? 443 : 80) : Number(expected.port);
  const actual = request.port ?? (expected.protocol === 'https:' ? 443 : 80);
  return (
    request.hostname === expected.hostname &&
    actual === port &&
    (request.protocol ?? expected.protocol) === expected.protocol
  );
}
