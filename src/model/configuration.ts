import type { JsonObject } from './json.ts';

/** The effective configuration: the user's file, tightened by the repository's (law 14). In the digest of every plan. */
export interface Configuration {
  /** Path of the allowed-signers file, outside the working tree; null: no signed approvals. */
  readonly allowedSigners: string | null;
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

/** The part of the configuration that the digest covers, as plain JSON without `sources` and where the store is. */
export const digestible = ({ sources: _sources, store: _store, storeRegion: _storeRegion, storeProfile: _storeProfile, ...rest }: Configuration): JsonObject => rest as unknown as JsonObject;
