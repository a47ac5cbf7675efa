import { isObject, type Json, type JsonObject } from '../../src/model/json.ts';

/** JSON as the SDK wants it: `{ "$bytes": "text" }` becomes raw bytes, `{ "$date": ISO }` a Date. */
export function toInput(value: Json | undefined): unknown {
  if (Array.isArray(value)) return value.map(toInput);
  if (isObject(value)) {
    if (typeof value['$bytes'] === 'string') return Buffer.from(value['$bytes'], 'utf8');
    if (typeof value['$date'] === 'string') return new Date(value['$date']);
    return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined).map(([key, item]) => [key, toInput(item)]));
  }
  return value;
}

/** An SDK answer as JSON: dates become ISO text, bodies and bytes become text, `$metadata` is left out. */
export async function fromAnswer(value: unknown): Promise<JsonObject> {
  return (await convert(value)) as JsonObject;
}

async function convert(value: unknown): Promise<Json> {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (Array.isArray(value)) return Promise.all(value.map(convert));
  if (typeof value === 'object') {
    const stream = value as { transformToString?: () => Promise<string> };
    if (typeof stream.transformToString === 'function') return stream.transformToString();
    const result: Record<string, Json> = {};
    for (const [key, item] of Object.entries(value)) {
      if (key !== '$metadata' && item !== undefined) result[key] = await convert(item);
    }
    return result;
  }
  return null;
}
