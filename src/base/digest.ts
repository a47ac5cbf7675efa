import { hash } from 'node:crypto';
import type { Json, Masked } from './json.ts';

/** Texts that stand in JSON as they are: printable ASCII without quote and backslash. */
const PLAIN = /^[ !#-[\]-~]*$/u;

const quoted = (text: string): string => (PLAIN.test(text) ? `"${text}"` : JSON.stringify(text));

/**
 * Canonical JSON (RFC 8785 for the values that aiplan uses): keys sorted by UTF-16 code units, no white space,
 * `undefined` members left out. Throws a TypeError for a number that JSON cannot express.
 */
export function canonical(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`not a JSON number: ${value}`);
    return String(value);
  }
  if (Array.isArray(value)) {
    let text = '';
    for (let index = 0; index < value.length; index += 1)
      text += `${index === 0 ? '' : ','}${value[index] === undefined ? 'null' : canonical(value[index])}`;
    return `[${text}]`;
  }
  if (typeof value === 'object') {
    const members = value as Record<string, unknown>;
    let text = '';
    for (const key of sortedKeys(members)) {
      if (members[key] !== undefined) text += `${text === '' ? '' : ','}${quoted(key)}:${canonical(members[key])}`;
    }
    return `{${text}}`;
  }
  throw new TypeError(`not a JSON value: ${typeof value}`);
}

/** By UTF-16 code units, as `sort` does by default. Most objects are made in that order: then nothing is moved. */
function sortedKeys(members: Record<string, unknown>): readonly string[] {
  const keys = Object.keys(members);
  for (let index = 1; index < keys.length; index += 1)
    if ((keys[index - 1] as string) > (keys[index] as string)) return keys.sort();
  return keys;
}

/** SHA-256 of a text in UTF-8, as `sha256:` and 64 hexadecimal digits. */
export const sha256 = (text: string): string => `sha256:${hash('sha256', text, 'hex')}`;

/** The digest of a JSON value: equal values have equal digests, whatever their key order. */
export const digest = (value: unknown): string => sha256(canonical(value));

/**
 * The one salt of `mask` that types and the differ share: masked values of one property are equal when their texts are.
 */
export const maskSalt = (type: string, identity: string, path: string): string => `${type} ${identity} ${path}`;

/** Masks a sensitive text; `salt` (see `maskSalt`) keeps equal secrets of two resources apart. */
export const mask = (
  salt: string,
  text: string,
  state: Masked['$masked'] = 'set',
): Masked & { readonly [k: string]: Json | undefined } => ({
  $masked: state,
  digest: sha256(`aiplan-mask\n${salt}\n${text}`).slice(0, 31),
});
