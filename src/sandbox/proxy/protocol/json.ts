import { isObject, type Json, type JsonObject } from '../../../base/json.ts';
import { concerns, Refusal } from './correction.ts';
import type { EmulatorState } from './emulator-state.ts';

/** Sends a request in JSON of ours to the same service of the emulator. Throws Refusal where it refuses. */
type JsonUpstream = (operation: string, input: JsonObject) => Promise<JsonObject>;

interface JsonContext {
  readonly operation: string;
  /** The request as it came; the emulator gets `input`. */
  readonly asked: JsonObject;
  input: JsonObject;
  readonly world: EmulatorState;
  readonly send: JsonUpstream;
  readonly ages: ReadonlyMap<string, string>;
}

/**
 * One difference between AWS and the emulator in a service that speaks JSON. `before` may rewrite the input, refuse the
 * request (throw Refusal) or answer it; `after` may rewrite the answer.
 */
export interface JsonCorrection {
  readonly operations: readonly string[];
  /** The behaviour of AWS that the emulator lacks. */
  readonly answers: string;
  readonly before?: (
    context: JsonContext,
  ) => Promise<JsonObject | undefined> | JsonObject | undefined | void | Promise<void>;
  readonly after?: (context: JsonContext, answer: JsonObject) => Promise<JsonObject | void> | JsonObject | void;
}

export interface JsonRequest extends Omit<JsonContext, 'asked' | 'input'> {
  readonly body: string;
}

/** Answers a request in JSON: corrections before, the emulator, corrections after. */
export async function answerJson(
  request: JsonRequest,
  corrections: readonly JsonCorrection[],
): Promise<{ readonly status: number; readonly body: string }> {
  const concerned = corrections.filter((correction) => concerns(correction, request.operation));
  const asked = objectIn(request.body);
  const context: JsonContext = { ...request, asked, input: asked };
  try {
    for (const { before } of concerned) {
      const made = await before?.(context);
      if (typeof made === 'object') return { status: 200, body: JSON.stringify(made) };
    }
    let answer = await request.send(request.operation, context.input);
    for (const { after } of concerned) answer = (await after?.(context, answer)) ?? answer;
    return { status: 200, body: JSON.stringify(answer) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { status: error.status, body: jsonError(error) };
  }
}

/** The body of an error (Smithy, "AWS JSON 1.1 protocol"). */
export const jsonError = ({ code, message }: { readonly code: string; readonly message: string }): string =>
  JSON.stringify({ __type: code, message });

/** A body as an object; an empty one where it is none. */
export function objectIn(body: string): JsonObject {
  let value: Json = null;
  try {
    value = JSON.parse(body === '' ? '{}' : body) as Json;
  } catch {
    // What is no JSON has no members.
  }
  return isObject(value) ? value : {};
}

/** Operation of a request in JSON, as its header names it: `TrentService.DescribeKey`. */
export const targetOperation = (header: string | readonly string[] | undefined): string | undefined =>
  typeof header === 'string' ? header.split('.').at(-1) : undefined;

/** A text, or '' for anything else. */
export const textIn = (input: JsonObject, name: string): string => {
  const value = input[name];
  return typeof value === 'string' ? value : '';
};
