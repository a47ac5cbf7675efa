import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import {
  Refusal,
  concerns,
  type S3Answer,
  type S3Context,
  type S3Correction,
  type S3Reply,
  type S3Request,
} from './protocol/correction.ts';
import { errorAnswer } from './protocol/errors.ts';
import { forward, passedHeaders } from './upstream.ts';
import type { Identified } from './protocol/identify.ts';

export interface S3Exchange {
  readonly endpoint: URL;
  readonly incoming: IncomingMessage;
  readonly identified: Identified;
  readonly context: Omit<S3Context, 'request' | 'notes'>;
}

export type S3Outcome =
  | { readonly kind: 'reply'; readonly reply: S3Reply }
  | {
      readonly kind: 'answer';
      readonly answer: IncomingMessage;
      readonly status: number;
      readonly headers: Map<string, string>;
      readonly body: Buffer | null;
    };

/**
 * Answers an S3 request: corrections before, the emulator, corrections after. Bodies are streamed unless a correction
 * asks for them.
 */
export async function answerS3(exchange: S3Exchange, corrections: readonly S3Correction[]): Promise<S3Outcome> {
  const { incoming, identified } = exchange;
  let outgoing: Buffer | null = null;
  const headers = passedHeaders(incoming.headers);
  const request: S3Request = {
    method: incoming.method ?? 'GET',
    bucket: identified.bucket,
    key: identified.key,
    query: identified.query,
    headers,
    async body() {
      outgoing ??= await buffer(incoming);
      return outgoing;
    },
  };
  const context: S3Context = { ...exchange.context, request, notes: new Map() };
  const concerned = corrections.filter((correction) => concerns(correction, context.operation));
  let outcome: S3Outcome | undefined;
  const answered = concerned.reduceRight<() => Promise<void>>(
    (next, { around }) => (around === undefined ? next : () => around(context, next)),
    async () => {
      outcome = await corrected(exchange, context, concerned, () => outgoing);
    },
  );
  await answered();
  if (outcome === undefined) throw new Error(`a correction of ${context.operation} did not go on`);
  return outcome;
}

async function corrected(
  exchange: S3Exchange,
  context: S3Context,
  concerned: readonly S3Correction[],
  outgoing: () => Buffer | null,
): Promise<S3Outcome> {
  const { incoming } = exchange;
  const { request } = context;
  const { headers } = request;
  try {
    for (const correction of concerned) {
      const reply = await correction.before?.(context);
      if (reply !== undefined) return { kind: 'reply', reply };
    }
    const search = request.query.size === 0 ? '' : `?${new URLSearchParams([...request.query])}`;
    const path = `/${encodeURIComponent(request.bucket)}${request.key === '' ? '' : `/${request.key.split('/').map(encodeURIComponent).join('/')}`}${search}`;
    const hasBody = request.method === 'PUT' || request.method === 'POST';
    const answer = await forward(
      exchange.endpoint,
      request.method,
      request.bucket === '' ? `/${search}` : path,
      headers,
      outgoing() ?? (hasBody ? incoming : null),
    );
    return await after(context, concerned, answer);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return {
      kind: 'reply',
      reply: { status: error.status, body: request.method === 'HEAD' ? '' : errorAnswer('rest-xml', error).body },
    };
  }
}

async function after(
  context: S3Context,
  corrections: readonly S3Correction[],
  incoming: IncomingMessage,
): Promise<S3Outcome> {
  let held: Buffer | null = null;
  const headers = passedHeaders(incoming.headers);
  const answer: S3Answer = {
    status: incoming.statusCode ?? 500,
    headers,
    async body() {
      held ??= await buffer(incoming);
      return held;
    },
    replaceBody(body) {
      held = Buffer.from(body);
      headers.set('content-length', String(held.length));
    },
  };
  for (const correction of corrections) await correction.after?.(context, answer);
  return { kind: 'answer', answer: incoming, status: answer.status, headers, body: held };
}

/** Writes what came out to the client. */
export async function writeS3(outcome: S3Outcome, response: ServerResponse): Promise<void> {
  if (outcome.kind === 'reply') {
    const { status, headers = {}, body = '' } = outcome.reply;
    response.writeHead(status, {
      'content-type': 'application/xml',
      'content-length': String(Buffer.byteLength(body)),
      ...headers,
    });
    response.end(body);
    return;
  }
  response.writeHead(outcome.status, Object.fromEntries(outcome.headers));
  if (outcome.body === null) await pipeline(outcome.answer, response);
  else response.end(outcome.body);
}
