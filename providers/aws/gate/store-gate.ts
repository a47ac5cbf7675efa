import { UserError } from '../../../src/base/error.ts';
import { isHostOf, type GatedClient, type Handler, type Request } from './gate.ts';

/** The reach of the store's client. `prefix` is empty or ends with a slash. */
export interface StoreGateOptions {
  readonly bucket: string;
  readonly prefix: string;
  readonly endpoint: string | null;
}

interface Input {
  readonly Bucket?: unknown;
  readonly Key?: unknown;
  readonly Prefix?: unknown;
  readonly IfNoneMatch?: unknown;
  readonly IfMatch?: unknown;
  readonly [name: string]: unknown;
}

/** Every operation that a store sends, with the members that its input may have, and the method of its request. */
const operations: Readonly<Record<string, { readonly method: string; readonly members: readonly string[] }>> = {
  GetObject: { method: 'GET', members: ['Bucket', 'Key'] },
  ListObjectsV2: {
    method: 'GET',
    members: ['Bucket', 'Prefix', 'Delimiter', 'StartAfter', 'ContinuationToken', 'MaxKeys'],
  },
  ListObjectVersions: { method: 'GET', members: ['Bucket', 'Prefix', 'KeyMarker', 'VersionIdMarker', 'MaxKeys'] },
  PutObject: { method: 'PUT', members: ['Bucket', 'Key', 'Body', 'ContentType', 'Metadata', 'IfNoneMatch', 'IfMatch'] },
  GetBucketVersioning: { method: 'GET', members: ['Bucket'] },
  GetObjectLockConfiguration: { method: 'GET', members: ['Bucket'] },
};
/** Members that the SDK adds by itself. */
const added = ['ChecksumAlgorithm', 'ChecksumMode'];

const refuse = (message: string): never => {
  throw new UserError('gate-refused', `the store ${message}`);
};

/** Why an input is not one of the store; null where it is. */
export function storeRefusal(operation: string, input: Input, { bucket, prefix }: StoreGateOptions): string | null {
  const known = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
  if (known === undefined) return `never sends s3:${operation}`;
  const foreign = Object.keys(input).find(
    (name) => input[name] !== undefined && !known.members.includes(name) && !added.includes(name),
  );
  if (foreign !== undefined) return `never sends s3:${operation} with "${foreign}"`;
  if (input.Bucket !== bucket) return `is in the bucket "${bucket}", and s3:${operation} names another`;
  if (operation === 'GetObject' || operation === 'PutObject') {
    if (
      typeof input.Key !== 'string' ||
      !input.Key.startsWith(prefix) ||
      input.Key.length === prefix.length ||
      isClimbing(input.Key)
    )
      return `is below "${prefix}", and s3:${operation} names something else`;
  }
  if (operation.startsWith('ListObject') && (typeof input.Prefix !== 'string' || !input.Prefix.startsWith(prefix)))
    return `is below "${prefix}", and s3:${operation} would list more`;
  if (
    operation === 'PutObject' &&
    (input.IfNoneMatch === '*') === (typeof input.IfMatch === 'string' && input.IfMatch !== '')
  )
    return 'writes under exactly one condition: where nothing is, or over what it has read';
  return null;
}

const isClimbing = (key: string): boolean =>
  key.split('/').some((part) => part === '.' || part === '..' || part === '');

interface Arguments {
  readonly input: object;
  readonly request?: Request & { readonly path?: string };
}

/**
 * The gate of the store (law 6): conditional writes and reads under exactly its bucket and prefix, and nothing else. As
 * the gate of the sessions it stands before anything else sees the input, after the request was signed, and in front of
 * the socket, which takes only requests that passed there.
 */
export function attachStoreGate(client: GatedClient, options: StoreGateOptions): void {
  const passed = new WeakSet<object>();
  const expected = options.endpoint === null ? null : new URL(options.endpoint);
  const nameOf = (context: { readonly commandName?: string }): string =>
    (context.commandName ?? '').replace(/Command$/u, '');
  const check = (operation: string, input: object): void => {
    const reason = storeRefusal(operation, input as Input, options);
    if (reason !== null) refuse(reason);
  };

  client.middlewareStack.add(
    (next, context) => async (args: Arguments) => {
      check(nameOf(context), args.input);
      return next(args);
    },
    { step: 'initialize', priority: 'high', name: 'aiplanStoreGate', override: true },
  );
  client.middlewareStack.add(
    (next, context) => async (args: Arguments) => {
      const operation = nameOf(context);
      const { request } = args;
      check(operation, args.input);
      if (request === undefined || !isRequestOf(operation, args.input as Input, request, options))
        return refuse(`does not know the request that was made of s3:${operation}`);
      passed.add(request);
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low', name: 'aiplanStoreGateBeforeSending', override: true },
  );

  const socket = client.config.requestHandler;
  const gated: Handler = {
    metadata: socket.metadata,
    async handle(request, handlerOptions) {
      if (!passed.delete(request)) refuse('sends nothing around its gate');
      if (!isHostOf(expected, request))
        refuse(`would be sent to "${request.hostname}", which is not the endpoint of this session`);
      return socket.handle(request, handlerOptions);
    },
    destroy: () => socket.destroy?.(),
  };
  client.config = { ...client.config, requestHandler: gated };
}

/** Whether the signed request is that of the input: its method, its object, its condition. */
function isRequestOf(
  operation: string,
  input: Input,
  request: Request & { readonly path?: string },
  { bucket, endpoint }: StoreGateOptions,
): boolean {
  if (request.method !== operations[operation]?.method) return false;
  const path = decodeURIComponent(request.path ?? '/');
  const root = endpoint === null && request.hostname.startsWith(`${bucket}.`) ? '/' : `/${bucket}/`;
  const wanted = `${root}${typeof input.Key === 'string' ? input.Key : ''}`;
  if (path !== wanted && `${path}/` !== wanted) return false;
  if (operation !== 'PutObject') return true;
  const headers = Object.fromEntries(
    Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return (
    headers['if-none-match'] === (input.IfNoneMatch === '*' ? '*' : undefined) &&
    headers['if-match'] === (typeof input.IfMatch === 'string' ? input.IfMatch : undefined)
  );
}
