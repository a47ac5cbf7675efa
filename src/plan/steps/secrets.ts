import { isObject, isSecretRef, type Json, type JsonObject, type SecretRef } from '../../base/json.ts';
import type { CaptureVault, SecretSource } from '../../domain/records/ports.ts';

export interface SecretPorts {
  readonly vault: Pick<CaptureVault, 'readSecret'>;
  readonly secrets: SecretSource;
}

/** The text of one secret. Throws UserError `secret-missing`, `secret-not-allowed`, `no-such-secret`. */
export const secretText = (ref: SecretRef, { vault, secrets }: SecretPorts): Promise<string> =>
  ref.$secret.captured === undefined ? secrets.resolve(ref) : vault.readSecret(ref);

/**
 * The input with every secret in place, for the wire only, and the texts that were put in, so that an answer which
 * echoes one can be scrubbed. Throws as `secretText` does.
 */
export async function resolveSecrets(
  input: JsonObject,
  ports: SecretPorts,
): Promise<{ readonly resolved: JsonObject; readonly texts: readonly string[] }> {
  const texts: string[] = [];
  const resolve = async (value: Json | undefined): Promise<Json> => {
    if (Array.isArray(value)) return Promise.all(value.map((item: Json) => resolve(item)));
    if (!isObject(value)) return value ?? null;
    if (isSecretRef(value)) {
      const text = await secretText(value, ports);
      const encoded = Buffer.from(text, 'utf8').toString('base64');
      texts.push(text, encoded);
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

/** A text without the given secrets. One of less than four characters is left: it would match anything. */
export const scrub = (text: string, texts: readonly string[]): string =>
  texts.filter((secret) => secret.length >= 4).reduce((rest, secret) => rest.replaceAll(secret, '(secret)'), text);

/** A value without the given secrets. */
export function scrubbed(value: Json | undefined, texts: readonly string[]): Json {
  if (typeof value === 'string') return scrub(value, texts);
  if (Array.isArray(value)) return value.map((item: Json) => scrubbed(item, texts));
  if (!isObject(value)) return value ?? null;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, scrubbed(item, texts)]));
}

/** Every reference to a secret in a value. */
export function secretsIn(value: Json | undefined): readonly SecretRef[] {
  if (Array.isArray(value)) return value.flatMap((item: Json) => secretsIn(item));
  if (!isObject(value)) return [];
  return isSecretRef(value) ? [value] : Object.values(value).flatMap(secretsIn);
}
