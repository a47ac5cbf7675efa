import { canonical } from '../../../src/base/digest.ts';
import { isObject, type Json } from '../../../src/base/json.ts';
import type { Protocol, ServiceRecord } from '../services/service.ts';

/** A signed request of the SDK, as far as the gate looks at it. */
export interface SentRequest {
  readonly method: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
}

/** A body that is in memory, as text; undefined for a stream. The SDK writes forms as text and JSON as bytes. */
function bodyOf({ body }: SentRequest): string | undefined {
  if (typeof body === 'string') return body;
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : undefined;
}

/**
 * Whether a request is one of this operation, by the place where its protocol names it. An operation by method and path
 * reads by GET or HEAD.
 */
export function isRequestOf(protocol: Protocol, operation: string, request: SentRequest, reads: boolean): boolean {
  switch (protocol) {
    case 'query':
    case 'ec2-query':
      return new RegExp(`(^|&)Action=${operation}(&|$)`, 'u').test(bodyOf(request) ?? '');
    case 'json':
      return request.headers?.['x-amz-target']?.endsWith(`.${operation}`) === true && bodyOf(request) !== undefined;
    case 'rest-xml':
    case 'rest-json':
      return !reads || request.method === 'GET' || request.method === 'HEAD';
  }
}

/**
 * The part of a mutating request that the input does not stand for: a token that the SDK made up, or any other member
 * that is added, altered or left out on the way into the body. Null: there is none. A JSON body is compared whole, as
 * it will really be sent. Of a form only the token is looked at: its names are not those of the input.
 */
export function strangePart({ protocol, tokens }: ServiceRecord, request: SentRequest, input: object): string | null {
  const body = bodyOf(request) ?? '';
  switch (protocol) {
    case 'query':
    case 'ec2-query': {
      const filled = tokens !== undefined && new RegExp(`(^|&)${tokens.parameter}=`, 'u').test(body);
      return filled && !hasMember(input, tokens.parameter) ? madeUp(tokens.parameter) : null;
    }
    case 'json': {
      const sent = parsed(body);
      if (!isObject(sent)) return 'a body that is no JSON object';
      const declared = asJson(input);
      return canonical(sent) === canonical(declared) ? null : differing(declared, sent);
    }
    case 'rest-json': {
      // Members that stand in the path, in headers or in the query are not in the body.
      const sent = body === '' ? {} : parsed(body);
      if (!isObject(sent)) return 'a body that is no JSON object';
      const declared = asJson(input);
      const strange = Object.keys(sent).find((name) => canonical(sent[name] ?? null) !== memberText(declared, name));
      if (strange !== undefined) return partOf(declared, strange);
      const known = canonical(declared);
      const loose = Object.entries(request.query ?? {}).find(
        ([, value]) => typeof value === 'string' && !known.includes(JSON.stringify(value).slice(1, -1)),
      );
      return loose === undefined ? null : madeUp(loose[0]);
    }
    case 'rest-xml':
      return null;
  }
}

const madeUp = (name: string): string =>
  `a random token (${name}) that the SDK made up, so a lost answer could not be told from none`;

const hasMember = (input: object, name: string): boolean =>
  (input as Readonly<Record<string, unknown>>)[name] !== undefined;

const memberText = (value: Json, name: string): string | undefined =>
  isObject(value) && Object.hasOwn(value, name) ? canonical(value[name] ?? null) : undefined;

const partOf = (declared: Json, name: string): string =>
  memberText(declared, name) === undefined && /token$/iu.test(name)
    ? madeUp(name)
    : `"${name}" otherwise than it was declared`;

function differing(declared: Json, sent: Json): string {
  const names = new Set([declared, sent].flatMap((value) => (isObject(value) ? Object.keys(value) : [])));
  const strange = [...names].find((name) => memberText(declared, name) !== memberText(sent, name));
  return strange === undefined ? 'something else' : partOf(declared, strange);
}

function parsed(body: string): Json | undefined {
  try {
    return JSON.parse(body) as Json;
  } catch {
    // The caller refuses what is no JSON.
    return undefined;
  }
}

/** An input as a JSON body (Smithy, "AWS JSON 1.1 protocol"): bytes in base64, times in seconds since 1970. */
function asJson(value: unknown): Json {
  if (value instanceof Date) return value.getTime() / 1000;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(asJson);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => [key, asJson(item)]),
    );
  return value as Json;
}
