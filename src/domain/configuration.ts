import { canonical } from '../base/digest.ts';
import { isObject, type Json, type JsonObject } from '../base/json.ts';

/**
 * The effective configuration: the user's file, tightened by the repository's (law 14). In the digest of every plan.
 */
export interface Configuration {
  /** Path of the allowed-signers file, outside the working tree; null: no signed approvals. */
  readonly allowedSigners: string | null;
  /** Who may sign: the digest of what that file says, whatever its order and comments; null: there is none. */
  readonly signers?: string | null;
  /** The least tier that may approve a plan with confirmations. */
  readonly minimumTier: 'T0' | 'T1';
  /** `--yes` may answer for a plan without destruction, grant, interruption or one-way change. */
  readonly allowYes: boolean;
  readonly planExpiryMinutes: number;
  /** More destructions and grants than this in one plan: "split the plan". */
  readonly maxConfirmations: number;
  /** Allowed `!Env` prefixes and `!File` paths. */
  readonly secretPrefixes: readonly string[];
  readonly secretFiles: readonly string[];
  /** Identities that no plan may touch: exact text or a prefix ending in `*`. */
  readonly protected: readonly string[];
  /** Account ids that plans may target; empty: any. */
  readonly accounts: readonly string[];
  readonly aliases: Readonly<Record<string, string>>;
  readonly capture: {
    /** Null: `aiplan-captures-<account>-<region>`. */
    readonly bucket: string | null;
    readonly maxObjects: number;
    readonly maxBytes: number;
    readonly expiryDays: number;
    readonly expiryDaysDestruction: number;
  };
  /** Folder of the store, or `s3://bucket/prefix`; null: the user's state folder. */
  readonly store: string | null;
  /** Region and profile for a store in S3; null: as for everything else. */
  readonly storeRegion: string | null;
  readonly storeProfile: string | null;
  /** Where each value came from, for the screen: `default`, the user's file, the repository's file. */
  readonly sources: Readonly<Record<string, string>>;
}

const inOrder = (texts: readonly string[]): readonly string[] => texts.toSorted();

/**
 * The part of the configuration that the digest covers: what weakens or tightens. Not where something lies (store, the
 * allowed-signers file, files of secrets, which each home allows for itself whenever one is read) nor what an account
 * is called, so that a plan can be made in one home, signed in another and applied in a third. Pure.
 */
export const digestible = ({
  signers = null,
  minimumTier,
  allowYes,
  planExpiryMinutes,
  maxConfirmations,
  secretPrefixes,
  protected: identities,
  accounts,
  capture,
}: Configuration): JsonObject => ({
  signers,
  minimumTier,
  allowYes,
  planExpiryMinutes,
  maxConfirmations,
  secretPrefixes: inOrder(secretPrefixes),
  protected: inOrder(identities),
  accounts: inOrder(accounts),
  capture: { ...capture },
});

/** The settings by their names in the file; what is not among them has the name of its member. */
const fileNames: Readonly<Record<string, string>> = {
  signers: 'allowed_signers',
  minimumTier: 'minimum_tier',
  allowYes: 'allow_yes',
  planExpiryMinutes: 'plan_expiry_minutes',
  maxConfirmations: 'max_confirmations',
  secretPrefixes: 'secret_prefixes',
  'capture.bucket': 'capture_bucket',
  'capture.maxObjects': 'capture_max_objects',
  'capture.maxBytes': 'capture_max_bytes',
  'capture.expiryDays': 'capture_expiry_days',
  'capture.expiryDaysDestruction': 'capture_expiry_days_destruction',
};

const flat = (values: JsonObject): ReadonlyMap<string, Json> =>
  new Map(
    Object.entries(values).flatMap(([name, value]): (readonly [string, Json])[] =>
      isObject(value)
        ? Object.entries(value).map(([inner, item]) => [`${name}.${inner}`, item ?? null])
        : [[name, value ?? null]],
    ),
  );

/**
 * The settings in which the configuration of a plan and the one of now differ, by name and value, one phrase each.
 * Pure.
 */
export function settingsMoved(before: JsonObject, now: JsonObject): readonly string[] {
  const [was, is] = [flat(before), flat(now)];
  const names = [...new Set([...was.keys(), ...is.keys()])]
    .sort()
    .filter((name) => canonical(was.get(name) ?? null) !== canonical(is.get(name) ?? null));
  return names.map((name) => {
    const setting = fileNames[name] ?? name;
    if (name === 'signers') return `${setting}: other people or keys may sign here than where the plan was made`;
    const told = (value: Json | undefined): string =>
      value === undefined || value === null ? 'not set' : canonical(value);
    return `${setting}: ${told(is.get(name))} here, ${told(was.get(name))} where the plan was made`;
  });
}
