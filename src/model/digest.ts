import { createHash } from 'node:crypto';
import type { Json, Masked } from './json.ts';

/**
 * Canonical JSON (RFC 8785 for the values that aiplan uses): keys sorted by UTF-16 code units, no white space,
 * `undefined` members left out. Throws a TypeError for a number that JSON cannot express.
 */
export function canonical(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`not a JSON number: ${value}`);
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => (item === undefined ? 'null' : canonical(item))).join(',')}]`;
  if (typeof value === 'object') {
    const members = value as Record<string, unknown>;
    let text = '';
    // The default order of `sort` is by UTF-16 code units.
    for (const key of Object.keys(members).sort()) {
      if (members[key] !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonical(members[key])}`;
    }
    return `{${text}}`;
  }
  throw new TypeError(`not a JSON value: ${typeof value}`);
}

/** SHA-256 of a text in UTF-8, as `sha256:` and 64 hexadecimal digits. */
export const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;

/** The digest of a JSON value: equal values have equal digests, whatever their key order. */
export const digest = (value: unknown): string => sha256(canonical(value));

/** The one salt of `mask` that types and the differ share: masked values of one property are equal when their texts are. */
export const maskSalt = (type: string, identity: string, path: string): string => `${type} ${identity} ${path}`;

/** Masks a sensitive text; `salt` (see `maskSalt`) keeps equal secrets of two resources apart. */
export const mask = (salt: string, text: string, state: Masked['$masked'] = 'set'): Masked & { readonly [k: string]: Json | undefined } =>
  ({ $masked: state, digest: sha256(`aiplan-mask\n${salt}\n${text}`).slice(0, 31) });
