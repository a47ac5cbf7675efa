import { createHash } from 'node:crypto';
import { isObject, type Json, type JsonObject } from '../../../src/base/json.ts';

/**
 * JSON as the SDK wants it: `{ "$bytes": "text" }` becomes raw bytes, `{ "$date": ISO }` a Date; undefined members go.
 */
export function toInput(value: Json | undefined): unknown {
  if (Array.isArray(value)) return value.map(toInput);
  if (isObject(value)) {
    if (typeof value['$bytes'] === 'string') return Buffer.from(value['$bytes'], 'utf8');
    if (typeof value['$date'] === 'string') return new Date(value['$date']);
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => [key, toInput(item)]),
    );
  }
  return value;
}

/** An SDK answer as JSON: dates become ISO text, bodies and bytes become text, `$metadata` is left out. */
export async function fromAnswer(value: unknown): Promise<JsonObject> {
  const answer = { ...(value as Record<string, unknown>) };
  for (const [key, item] of Object.entries(answer)) {
    const stream = item as { transformToString?: () => Promise<string> } | null | undefined;
    if (typeof stream?.transformToString === 'function') answer[key] = await stream.transformToString();
  }
  return plain(answer) as JsonObject;
}

function plain(value: unknown): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object') {
    const result: Record<string, Json> = {};
    for (const [key, item] of Object.entries(value)) {
      if (key !== '$metadata' && item !== undefined && typeof item !== 'function') result[key] = plain(item);
    }
    return result;
  }
  return null;
}

/**
 * An SDK input as JSON that can be compared: bytes as their digest, dates as text, undefined members left out. Two
 * inputs with equal comparable forms make equal requests. Anything else than values (a stream, a function) throws a
 * TypeError.
 */
export function comparable(value: unknown): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number')
    return value;
  if (value instanceof Date) return { $date: value.toISOString() };
  if (value instanceof Uint8Array)
    return { $bytes: createHash('sha256').update(value).digest('hex'), length: value.byteLength };
  if (Array.isArray(value)) return value.map(comparable);
  const prototype: unknown = typeof value === 'object' ? Object.getPrototypeOf(value) : undefined;
  if (typeof value === 'object' && (prototype === Object.prototype || prototype === null)) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => [key, comparable(item)]),
    );
  }
  throw new TypeError('an input of an AWS call holds something that is not a value');
}
