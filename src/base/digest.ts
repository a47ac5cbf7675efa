import { createHmac, hash } from 'node:crypto';
import type { Json, Masked } from './json.ts';

/** Texts that stand in JSON as they are: printable ASCII without quote and backslash. */
const NOT_PLAIN = /[^ !#-[\]-~]/u;

const quoted = (text: string): string => (NOT_PLAIN.test(text) ? JSON.stringify(text) : `"${text}"`);

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

/**
 * The key of masks. Who holds a plan, a journal or the audit log, and not the key, can try no guess of a secret against
 * a digest in it. `id` says which key it is and tells nothing of it.
 */
export interface MaskKey {
  readonly id: string;
  readonly key: string;
}

/** The key that is made of a secret text. */
export const maskKeyOf = (key: string): MaskKey => ({ id: sha256(`aiplan-mask-key\n${key}`).slice(7, 15), key });

/** One process works for one account: the one key of it. */
const masking: { key: MaskKey | null } = { key: null };

/** From now on masks are made with this key; null: they get no digest, and are equal to nothing. */
export function useMaskKey(key: MaskKey | null): void {
  masking.key = key;
}

/** Which key masks are made with now; null for none. */
export const maskKeyInUse = (): string | null => masking.key?.id ?? null;

/**
 * Masks a sensitive text; `salt` (see `maskSalt`) keeps equal secrets of two resources apart. Digests of two keys never
 * equal each other.
 */
export const mask = (
  salt: string,
  text: string,
  state: Masked['$masked'] = 'set',
): Masked & { readonly [k: string]: Json | undefined } => {
  const { key } = masking;
  if (key === null) return { $masked: state };
  return {
    $masked: state,
    digest: `hmac:${key.id}:${createHmac('sha256', key.key).update(`aiplan-mask\n${salt}\n${text}`).digest('hex').slice(0, 32)}`,
  };
};

/**
 * Whether two masks are known to hide the same text: made with one key. Masks of different keys are unknown, and not
 * equal (law 9).
 */
export const isSameMask = (one: Masked, other: Masked): boolean =>
  one.digest !== undefined && one.digest === other.digest;

/** The keys with which the masks in a JSON text were made. */
export const maskKeysIn = (text: string): readonly string[] =>
  [...new Set([...text.matchAll(/"hmac:([0-9a-f]{8}):[0-9a-f]{32}"/gu)].map(([, id]) => id ?? ''))].sort();
