import type { ReadCall, Service } from '../../../src/domain/call.ts';
import { AwsError } from '../../../src/base/error.ts';
import { isObject, type Json, type JsonObject } from '../../../src/base/json.ts';
import { services } from '../services/index.ts';
import type { Always } from '../services/service.ts';

const rowOf = (service: Service, operation: string): Always[string] | undefined =>
  Object.hasOwn(services[service].always, operation) ? services[service].always[operation] : undefined;

/** Whether the table of the service says by what the answer of a read is known to be whole. */
export const isKnownWhole = (service: Service, operation: string): boolean => rowOf(service, operation) !== undefined;

/**
 * Holds the answer of a read against the members that AWS always sends. Throws AwsError `IncompleteAnswer` where one is
 * missing: what it would list was not read, and is not absent.
 */
export function requireWhole(
  { service, operation, input }: Pick<ReadCall, 'service' | 'operation' | 'input'>,
  output: JsonObject,
): void {
  const name = `${service}:${operation}`;
  const missing = pathsOf(rowOf(service, operation), input).find((path) => !holds(output, path.split('.')));
  if (missing !== undefined) throw incomplete(name, `"${missing}"`);
  if (output['IsTruncated'] === true && !MARKERS.some((marker) => typeof output[marker] === 'string'))
    throw incomplete(name, 'marker of the next page, although it says that there is one');
}

/** The members by which S3 and IAM say where the next page begins. */
const MARKERS = [
  'NextContinuationToken',
  'NextKeyMarker',
  'NextVersionIdMarker',
  'NextUploadIdMarker',
  'Marker',
] as const;

function pathsOf(row: Always[string] | undefined, input: JsonObject): readonly string[] {
  if (row === 'attribute') return typeof input['Attribute'] === 'string' ? [memberOf(input['Attribute'])] : [];
  return Array.isArray(row) ? (row as readonly string[]) : [];
}

/** Attributes are asked for as `userData` and answered as `UserData`. */
const memberOf = (attribute: string): string => `${attribute.slice(0, 1).toUpperCase()}${attribute.slice(1)}`;

function holds(value: Json | undefined, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return value !== undefined && value !== null;
  if (name === '*') return !Array.isArray(value) || value.every((item: Json) => isGone(item) || holds(item, rest));
  return isObject(value) && Object.hasOwn(value, name) && holds(value[name], rest);
}

/** Nothing is concluded from the lists of an instance that is terminated, and some endpoints leave them out. */
const isGone = (item: Json): boolean =>
  isObject(item) && isObject(item['State']) && item['State']['Name'] === 'terminated';

const incomplete = (operation: string, what: string): AwsError =>
  new AwsError({
    code: 'IncompleteAnswer',
    kind: 'unknown',
    operation,
    executed: 'no',
    message: `the answer is not whole: it has no ${what}, which AWS always sends; what is there was not read`,
  });

interface Response {
  readonly statusCode?: number;
  body?: unknown;
}

/** Looks at the bodies of those reads of S3 of which the SDK's output does not tell an empty answer from none. */
export function attachDocumentCheck(client: { readonly middlewareStack: unknown }, service: Service): void {
  const stack = client.middlewareStack as {
    add(
      middleware: (
        next: (args: never) => Promise<{ readonly response?: Response }>,
        context: { readonly commandName?: string },
      ) => (args: never) => Promise<{ readonly response?: Response }>,
      options: object,
    ): void;
  };
  stack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      const operation = (context.commandName ?? '').replace(/Command$/u, '');
      const root = documentOf(rowOf(service, operation));
      const { response } = result;
      if (root === undefined || response === undefined || response.statusCode !== 200) return result;
      const bytes = await bytesOf(response.body);
      response.body = bytes;
      const found = /<(?:\w+:)?(\w+)[\s/>]/u.exec(Buffer.from(bytes).toString('utf8'))?.[1];
      if (found !== root && !(found?.startsWith('GetBucket') === true && /(?:Output|Response|Result)$/u.test(found)))
        throw incomplete(`${service}:${operation}`, `<${root}>`);
      return result;
    },
    // Below the SDK's own reading of the body.
    { step: 'deserialize', priority: 'low', name: 'aiplanDocument', override: true },
  );
}

const documentOf = (row: Always[string] | undefined): string | undefined =>
  typeof row === 'object' && 'document' in row ? row.document : undefined;

async function bytesOf(body: unknown): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  if (body === undefined || body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
