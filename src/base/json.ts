/** Plain JSON, the only kind of value that crosses a boundary inside the program. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The only form in which a secret or sensitive live value may stand in a plan, a journal, a log or a screen: that it is
 * set, changed or unknown, with a keyed digest (see `mask` in digest.ts) that binds a confirmation to it.
 */
export interface Masked {
  readonly $masked: 'set' | 'changed' | 'unknown';
  readonly digest?: string;
}
export const isMasked = (value: unknown): value is Masked & JsonObject =>
  isObject(value) && typeof value['$masked'] === 'string';

/**
 * Where a secret is to be read at the last moment, by the executor, just before the request is built. `env`, `file`,
 * `manager` (what follows `{{resolve:secretsmanager:`) and `parameter` (what follows `{{resolve:ssm-secure:`) come from
 * the change plan; `captured` is an encrypted object in the capture bucket, and `version` the id of the version that
 * was written there, which alone is read.
 */
export interface SecretRef {
  readonly $secret: {
    readonly env?: string;
    readonly file?: string;
    readonly captured?: string;
    readonly version?: string;
    readonly base64?: boolean;
    readonly manager?: string;
    readonly parameter?: string;
  };
}
export const isSecretRef = (value: unknown): value is SecretRef & JsonObject =>
  isObject(value) && isObject(value['$secret']);

/** Where a secret that the change plan names is read from, in words; undefined for one that a capture kept. */
export function secretSourceOf({ $secret: { env, file, manager, parameter } }: SecretRef): string | undefined {
  return env !== undefined
    ? `env ${env}`
    : file !== undefined
      ? `file ${file}`
      : manager !== undefined
        ? `Secrets Manager ${manager}`
        : parameter === undefined
          ? undefined
          : `SSM SecureString ${parameter}`;
}

/** A value that only exists after another step has run: `{ $unknown: "WebGroup.GroupId" }`. */
export interface Unknown {
  readonly $unknown: string;
}
export const isUnknown = (value: unknown): value is Unknown & JsonObject =>
  isObject(value) && typeof value['$unknown'] === 'string';
