import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import { services } from '../../../providers/aws/services/index.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Service } from '../../domain/call.ts';
import { Refusal } from './protocol/correction.ts';
import { objectIn, textIn } from './protocol/json.ts';
import { proxiedOf } from './services.ts';
import { parseXml, textAt, at, type Element } from './protocol/xml.ts';

/** Headers that concern one connection only. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'host',
  'expect',
  'upgrade',
  'te',
  'trailer',
]);

/** The headers to pass on, in lower case. */
export function passedHeaders(headers: IncomingHttpHeaders): Map<string, string> {
  const result = new Map<string, string>();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !HOP_BY_HOP.has(name)) result.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return result;
}

/** Sends one request to the emulator. Rejects where it cannot be reached. */
export function forward(
  endpoint: URL,
  method: string,
  path: string,
  headers: ReadonlyMap<string, string>,
  body: Readable | Buffer | string | null,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        host: endpoint.hostname,
        port: endpoint.port,
        method,
        path,
        headers: {
          ...Object.fromEntries(headers),
          ...(body === null || typeof body === 'string' || Buffer.isBuffer(body)
            ? { 'content-length': String(Buffer.byteLength(body ?? '')) }
            : {}),
        },
      },
      resolve,
    );
    outgoing.once('error', reject);
    if (body !== null && typeof body !== 'string' && !Buffer.isBuffer(body)) {
      body.once('error', (error) => outgoing.destroy(error));
      body.pipe(outgoing);
    } else outgoing.end(body ?? undefined);
  });
}

const authorization = (accessKey: string, region: string, service: string): string =>
  `AWS4-HMAC-SHA256 Credential=${accessKey}/20200101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=00`;

/** The address and the identity in whose name the proxy asks the emulator. */
export interface Identity {
  readonly accessKey: string;
  readonly region: string;
  readonly extra?: Readonly<Record<string, string>>;
}

/** Asks the emulator by the query protocol. Throws Refusal with the emulator's own code. */
export async function query(
  endpoint: URL,
  identity: Identity,
  service: Service,
  operation: string,
  parameters: Readonly<Record<string, string>>,
): Promise<Element> {
  const form = new URLSearchParams({
    Action: operation,
    Version: proxiedOf(service).version ?? '',
    ...parameters,
  }).toString();
  const headers = new Map(
    Object.entries({
      authorization: authorization(identity.accessKey, identity.region, service),
      'content-type': 'application/x-www-form-urlencoded',
      ...identity.extra,
    }),
  );
  const answer = await forward(endpoint, 'POST', '/', headers, form);
  return readAnswer(service, operation, answer.statusCode ?? 500, (await buffer(answer)).toString('utf8'));
}

/** Asks the emulator in JSON; `target` is what its header names before the operation. Throws Refusal as it refuses. */
export async function askJson(
  endpoint: URL,
  identity: Identity,
  service: string,
  target: string,
  input: JsonObject,
): Promise<JsonObject> {
  const headers = new Map(
    Object.entries({
      authorization: authorization(identity.accessKey, identity.region, service),
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': target,
      ...identity.extra,
    }),
  );
  const answer = await forward(endpoint, 'POST', '/', headers, JSON.stringify(input));
  const status = answer.statusCode ?? 500;
  const body = (await buffer(answer)).toString('utf8');
  const found = objectIn(body);
  if (status < 400) return found;
  throw new Refusal(
    textIn(found, '__type').split('#').at(-1) || 'InternalFailure',
    textIn(found, 'message') || textIn(found, 'Message') || body.slice(0, 200),
    status,
  );
}

/** Sends an S3 request of the proxy's own. */
export async function s3Request(
  endpoint: URL,
  identity: Identity,
  method: string,
  path: string,
  options: { readonly headers?: Readonly<Record<string, string>>; readonly body?: string | Buffer } = {},
) {
  const headers = new Map(
    Object.entries({
      authorization: authorization(identity.accessKey, identity.region, services.s3.name),
      ...identity.extra,
      ...options.headers,
    }),
  );
  const answer = await forward(endpoint, method, path, headers, options.body ?? null);
  return { status: answer.statusCode ?? 500, headers: passedHeaders(answer.headers), body: await buffer(answer) };
}

/** Parses an answer; the emulator's errors, its HTML ones too, become a Refusal. */
function readAnswer(service: string, operation: string, status: number, text: string): Element {
  if (!text.trimStart().startsWith('<') || /^\s*<!doctype html/iu.test(text)) {
    throw status >= 500
      ? new Refusal(
          'UnsupportedOperation',
          `The sandbox's emulator cannot answer ${service}:${operation} as it was asked`,
        )
      : new Refusal('InvalidAction', `The sandbox's emulator does not know ${service}:${operation}`);
  }
  const root = parseXml(text);
  if (status < 400) return root;
  const error = at(root, 'Errors', 'Error') ?? at(root, 'Error') ?? root;
  throw new Refusal(textAt(error, 'Code') || 'InternalError', textAt(error, 'Message'), status);
}
