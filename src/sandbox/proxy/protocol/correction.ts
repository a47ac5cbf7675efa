import type { Service } from '../../../domain/call.ts';
import type { KeyStates } from './key-states.ts';
import type { Parameters } from './parameters.ts';
import type { Element } from './xml.ts';
import type { BucketMemory, EmulatorState } from './emulator-state.ts';

/** An error as AWS would answer it. */
export class Refusal extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.status = status;
  }
}

/** Sends a request of ours to the emulator. Throws Refusal where the emulator refuses. */
export type Upstream = (
  service: Service,
  operation: string,
  parameters: Readonly<Record<string, string>>,
) => Promise<Element>;

export interface QueryContext {
  readonly service: Service;
  readonly operation: string;
  /** The request as it came; the emulator gets `parameters`. */
  readonly asked: Parameters;
  readonly parameters: Parameters;
  readonly world: EmulatorState;
  readonly send: Upstream;
  /** Notes of one request, from `before` to `after`. */
  readonly notes: Map<string, string>;
  readonly ages: Map<string, string>;
}

/**
 * One difference between AWS and the emulator. `before` may rewrite the request, refuse it (throw Refusal) or answer
 * it; `after` may rewrite the answer. Corrections run in the order of their table.
 */
export interface QueryCorrection {
  readonly operations: readonly string[];
  /** The behaviour of AWS that the emulator lacks: the row of the table that it answers. */
  readonly answers: string;
  readonly before?: (
    context: QueryContext,
  ) => Promise<Element | undefined> | Element | undefined | void | Promise<void>;
  readonly after?: (context: QueryContext, answer: Element) => Promise<void> | void;
  /** Wraps everything else about the request, other corrections included. */
  readonly around?: (context: QueryContext, next: () => Promise<Element>) => Promise<Element>;
}

export interface S3Request {
  readonly method: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: Map<string, string>;
  readonly headers: Map<string, string>;
  /** The whole body; a request whose body is never asked for is streamed. */
  body(): Promise<Buffer>;
}

export interface S3Answer {
  status: number;
  readonly headers: Map<string, string>;
  /** The whole body; an answer whose body is never asked for is streamed. */
  body(): Promise<Buffer>;
  replaceBody(body: Buffer | string): void;
}

export interface S3Context {
  readonly operation: string;
  readonly request: S3Request;
  readonly account: string;
  readonly region: string;
  /** ARN of the caller. */
  readonly caller: () => Promise<string>;
  /** The proxy's memory of the bucket. */
  readonly bucket: BucketMemory;
  readonly buckets: Map<string, BucketMemory>;
  /** Keys that cannot be used. */
  readonly keys: KeyStates;
  readonly ages: Map<string, string>;
  readonly notes: Map<string, string>;
  /** Sends a request of ours to the emulator, path style; any status is an answer. */
  readonly send: (
    method: string,
    path: string,
    options?: { readonly headers?: Readonly<Record<string, string>>; readonly body?: string | Buffer },
  ) => Promise<{ readonly status: number; readonly headers: ReadonlyMap<string, string>; readonly body: Buffer }>;
}

export interface S3Correction {
  /** Operation names; `*` is every one. */
  readonly operations: readonly string[];
  readonly answers: string;
  readonly before?: (context: S3Context) => Promise<S3Reply | undefined> | S3Reply | undefined;
  readonly after?: (context: S3Context, answer: S3Answer) => Promise<void> | void;
  /** Wraps everything else about the request, other corrections included, until the emulator has answered. */
  readonly around?: (context: S3Context, next: () => Promise<void>) => Promise<void>;
}

/** An answer made by the proxy itself. */
export interface S3Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Whether any of a correction's operations is this one. */
export const concerns = (correction: { readonly operations: readonly string[] }, operation: string): boolean =>
  correction.operations.includes(operation) || correction.operations.includes('*');
