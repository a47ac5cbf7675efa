import { isObject, type Json, type JsonObject, type SecretRef } from '../../../src/base/json.ts';

/** Fields of answers and properties as typed values; anything of another kind, or empty text, counts as absent. */
export const textOf = (value: Json | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
export const numberOf = (value: Json | undefined): number | undefined =>
  typeof value === 'number' ? value : undefined;
export const flagOf = (value: Json | undefined): boolean | undefined =>
  typeof value === 'boolean' ? value : undefined;
export const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
export const listOf = (value: Json | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : [];
export const textsOf = (value: Json | undefined): readonly string[] =>
  Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];

/** The object without members that are undefined or null. */
export const compact = (value: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined && item !== null));

/** The named members of an object, as far as they are set. */
export const pick = (value: JsonObject, names: readonly string[]): JsonObject =>
  compact(Object.fromEntries(names.map((name) => [name, value[name]])));

/** The first part of a property path: `Tags` of `Tags.Name`, `Volumes` of `Volumes[vol-1]`. */
export const propertyOf = (path: string): string => path.split(/[.[]/u, 1)[0] ?? path;

/** Texts in a stable order. */
export const sorted = (values: readonly string[]): readonly string[] => values.toSorted();

/** A key under which duplicates are looked up (`TypeRules.duplicateKeys`); none where there is no text. */
export const keyed = (kind: string, value: Json | undefined): readonly string[] =>
  textOf(value) === undefined ? [] : [`${kind} ${String(value)}`];

/** GiB in bytes. */
export const gib = 2 ** 30;

/** A reference to a secret as it stands in a call's input. */
export const secretJson = (ref: SecretRef): JsonObject => ({ $secret: { ...ref.$secret } });
