import { isSensitiveField } from '../../domain/redact.ts';
import { isMasked, isObject, isSecretRef, type Json, type JsonObject, type SecretRef } from '../../base/json.ts';
import type { CaptureVault, SecretSource } from '../../domain/records/ports.ts';

export interface SecretPorts {
  readonly vault: Pick<CaptureVault, 'readSecret'>;
  readonly secrets: SecretSource;
}

/** The text of one secret. Throws UserError `secret-missing`, `secret-not-allowed`, `no-such-secret`. */
export const secretText = (ref: SecretRef, { vault, secrets }: SecretPorts): Promise<string> =>
  ref.$secret.captured === undefined ? secrets.resolve(ref) : vault.readSecret(ref);

/**
 * The input with every secret in place, for the wire only, and all its secret and sensitive texts, so that an answer
 * which echoes one can be scrubbed. `sensitive`: names of fields that hold such texts as literals, beside the known
 * ones. Throws as `secretText` does.
 */
export async function resolveSecrets(
  input: JsonObject,
  ports: SecretPorts,
  sensitive: ReadonlySet<string> = new Set(),
): Promise<{ readonly resolved: JsonObject; readonly texts: readonly string[] }> {
  const texts: string[] = [...sensitiveTexts(input, sensitive)];
  const resolve = async (value: Json | undefined): Promise<Json> => {
    if (Array.isArray(value)) return Promise.all(value.map((item: Json) => resolve(item)));
    if (!isObject(value)) return value ?? null;
    if (isSecretRef(value)) {
      const text = await secretText(value, ports);
      const encoded = Buffer.from(text, 'utf8').toString('base64');
      texts.push(text, ...decoded(text));
      return value.$secret.base64 === true ? encoded : text;
    }
    const entries: [string, Json][] = [];
    for (const [key, item] of Object.entries(value)) {
      if (item !== undefined) entries.push([key, await resolve(item)]);
    }
    return Object.fromEntries(entries);
  };
  return { resolved: (await resolve(input)) as JsonObject, texts };
}

/** The decoded text where a text is base64, as user data on the wire is; nothing where it is not. */
function decoded(text: string): readonly string[] {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length > 0 && bytes.toString('base64') === text ? [bytes.toString('utf8')] : [];
}

/** The literal texts in sensitive fields of an input, as they are and decoded. */
function sensitiveTexts(input: JsonObject, sensitive: ReadonlySet<string>): readonly string[] {
  const texts: string[] = [];
  const collect = (value: Json | undefined, isSensitive: boolean): void => {
    if (typeof value === 'string' && isSensitive) texts.push(value, ...decoded(value));
    else if (Array.isArray(value)) for (const item of value as readonly Json[]) collect(item, isSensitive);
    else if (isObject(value) && !isSecretRef(value) && !isMasked(value))
      for (const [key, item] of Object.entries(value)) collect(item, isSensitive || isSensitiveField(key, sensitive));
  };
  collect(input, false);
  return texts;
}

/** Every reference to a secret in a value. */
export function secretsIn(value: Json | undefined): readonly SecretRef[] {
  if (Array.isArray(value)) return value.flatMap((item: Json) => secretsIn(item));
  if (!isObject(value)) return [];
  return isSecretRef(value) ? [value] : Object.values(value).flatMap(secretsIn);
}
