import type { Json } from './json.ts';

const ISO = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?Z$/u;

/**
 * A moment in UTC as ISO 8601 writes it, `2030-01-01T00:00:00Z`, as milliseconds since 1970. Undefined for anything
 * else: another spelling, another zone, a day that no calendar has. Times are compared by this and never as text.
 */
export function momentOf(value: Json | undefined): number | undefined {
  if (typeof value !== 'string') return undefined;
  const parts = ISO.exec(value);
  if (parts === null) return undefined;
  const at = Date.parse(value);
  // The engine takes 30 February for 2 March.
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 19) !== value.slice(0, 19) ? undefined : at;
}

/**
 * Whether one moment lies after another. A text that is no moment lies after everything: it is not known to be over.
 */
export const isAfter = (one: Json | undefined, other: Json | undefined): boolean => {
  const [mine, theirs] = [momentOf(one), momentOf(other)];
  return mine === undefined || theirs === undefined || mine > theirs;
};
