import { nameIn, nameText } from '../../domain/identity.ts';
import { isMasked, isObject, isSecretRef, isUnknown, secretSourceOf, type Json } from '../../base/json.ts';

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** A number of bytes for people: `107374182400` → `100 GiB`. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const shown = unit === 0 || Number.isInteger(value) ? String(value) : value.toFixed(1);
  return `${shown} ${units[unit]}`;
}

const spans: readonly (readonly [number, string])[] = [
  [365.25 * 86_400, 'year'],
  [30.44 * 86_400, 'month'],
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
];

/** A duration in milliseconds for people, in at most two units: `2 years 5 months`. */
export function duration(milliseconds: number): string {
  let rest = Math.max(0, Math.floor(milliseconds / 1000));
  const parts: string[] = [];
  for (const [seconds, name] of spans) {
    const count = Math.floor(rest / seconds);
    if (count > 0) {
      parts.push(`${count} ${name}${count === 1 ? '' : 's'}`);
      rest -= count * seconds;
      if (parts.length === 2) break;
    } else if (parts.length === 1) break;
  }
  return parts.length === 0 ? '0 seconds' : parts.join(' ');
}

/** A short clock for progress lines: `1m 05s`. */
export function elapsed(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m ${String(seconds % 60).padStart(2, '0')}s`;
}

const isTime = (text: string): boolean => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/u.test(text);

/** A time with its age: `2024-06-20 09:12 UTC, 2 years 5 months ago`. `now` in milliseconds since 1970. */
export function age(iso: string, now: number): string {
  const time = Date.parse(iso);
  const written = `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
  return Number.isNaN(time)
    ? iso
    : time > now
      ? `${written}, in ${duration(time - now)}`
      : `${written}, ${duration(now - time)} ago`;
}

/** A value on one line. Sensitive values say only that they are set, changed or unknown. */
export function value(json: Json | undefined): string {
  if (json === null || json === undefined) return '(not set)';
  if (isMasked(json)) return `(sensitive: ${json.$masked})`;
  if (isSecretRef(json)) return `(secret from ${(secretSourceOf(json) ?? 'a capture').replace(/^env /u, 'variable ')})`;
  const name = nameIn(json);
  if (name !== undefined) return nameText(name);
  if (isUnknown(json)) return `(known after ${json.$unknown})`;
  if (typeof json === 'string') return json === '' ? '""' : json;
  if (typeof json === 'number' || typeof json === 'boolean') return String(json);
  if (Array.isArray(json))
    return json.length === 0 ? 'none' : `[${json.map((item) => value(item as Json)).join(', ')}]`;
  return `{ ${Object.entries(json)
    .map(([key, item]) => `${key}: ${value(item)}`)
    .join(', ')} }`;
}

/** A piece of evidence: sizes and times get their unit and age; lists of plain things lose their brackets. */
export function fact(name: string, json: Json | undefined, now: number): string {
  if (typeof json === 'number' && /bytes|size$|^largestObject$/iu.test(name)) return bytes(json);
  if (typeof json === 'string' && /^sha256:[0-9a-f]{64}$/u.test(json)) return `${json.slice(0, 19)}…`;
  if (typeof json === 'string' && isTime(json)) return age(json, now);
  if (Array.isArray(json))
    return json.length === 0 ? 'none' : json.map((item) => fact(name, item as Json, now)).join(', ');
  if (isObject(json) && nameIn(json) === undefined) {
    const entries = Object.entries(json).filter(([, item]) => item !== undefined);
    return entries.length === 0
      ? 'none'
      : entries.map(([key, item]) => `${words(key)} ${fact(key, item, now)}`).join('; ');
  }
  return typeof json === 'boolean' ? (json ? 'yes' : 'no') : value(json);
}

/** `lastUse` → `last use`; AWS's own PascalCase names stay. */
export const words = (name: string): string =>
  /^[a-z]/u.test(name) ? name.replaceAll(/([A-Z])/gu, (letter) => ` ${letter.toLowerCase()}`) : name;
