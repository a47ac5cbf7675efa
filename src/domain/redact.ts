import { isMasked, isObject, isSecretRef, type Json, type JsonObject } from '../base/json.ts';
import type { TypeRules } from './resource-type.ts';

/** Fields of AWS requests and answers that hold secrets or sensitive text (EC2, RDS and STS API references). */
const secretField =
  /^(?:\w*Password|UserData|KeyMaterial|PasswordData|PrivateKey|SecretString|\w*AuthToken|SessionToken|SecretAccessKey|AuthorizationToken)$/u;

/** Whether a field of a request or an answer holds a secret or sensitive text; `sensitive`: further names of such. */
export const isSensitiveField = (name: string, sensitive: ReadonlySet<string>): boolean =>
  secretField.test(name) || sensitive.has(name);

/** Names of fields that a type's rules call secret or sensitive: the last name of each path. */
export const sensitiveNames = (rules: TypeRules | undefined): ReadonlySet<string> =>
  new Set(
    [...(rules?.secretInput ?? []), ...(rules?.sensitive ?? [])].map(
      (path) =>
        path
          .split('.')
          .filter((part) => part !== '*')
          .at(-1) ?? path,
    ),
  );

/** The value as it may stand in a journal: texts in secret fields are masked, references to secrets stay (law 11). */
function redact(value: Json | undefined, sensitive: ReadonlySet<string> = new Set()): Json {
  if (Array.isArray(value)) return value.map((item: Json) => redact(item, sensitive));
  if (!isObject(value)) return value ?? null;
  if (isSecretRef(value) || isMasked(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) =>
      item === undefined ? [] : [[key, isSensitiveField(key, sensitive) ? hidden(item) : redact(item, sensitive)]],
    ),
  );
}

/** `redact` of an object. */
export const redacted = (value: JsonObject, sensitive?: ReadonlySet<string>): JsonObject =>
  redact(value, sensitive) as JsonObject;

function hidden(value: Json): Json {
  if (isSecretRef(value) || isMasked(value)) return value;
  if (typeof value === 'string') return { $masked: 'set' };
  if (Array.isArray(value)) return value.map((item: Json) => hidden(item));
  if (isObject(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, hidden(item ?? null)]));
  return value;
}
