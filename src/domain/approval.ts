import type { JsonObject } from '../base/json.ts';

/**
 * A person's confirmations of one plan: `aiplan/approval@1`. Single use: the nonce is marked as used when apply starts.
 */
export interface Approval {
  readonly format: 'aiplan/approval@1';
  readonly planDigest: string;
  readonly planName: string;
  readonly target: { readonly account: string; readonly region: string; readonly endpoint: string | null };
  /** Random, 128 bits, hexadecimal. */
  readonly nonce: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  /**
   * T0 typed in a terminal; T1 signed with an SSH key; none: nothing needed confirmation and configuration allows
   * `--yes`.
   */
  readonly tier: 'T0' | 'T1' | 'none';
  /** Who: the login name for T0, the principal of the allowed signer for T1. */
  readonly by: string;
  readonly confirmations: readonly Confirmation[];
  /** The plan name as typed, where interruptions, one-way changes or confirmations asked for it. */
  readonly typedName: string | null;
}

export interface Confirmation {
  readonly step: string;
  readonly stepDigest: string;
  readonly typed: string;
  /** SHA-256 of the card's text as it was shown. */
  readonly shown: string;
  /** The loss as typed, where the step is irreversible. */
  readonly typedLoss: string | null;
  /** ISO 8601 time at which it was typed; older approvals have none. */
  readonly at?: string;
  /**
   * Bytes, counts and times as the card showed them: they may move within their bands (`domain/bands.ts`). Older
   * approvals have none.
   */
  readonly observed?: JsonObject;
}

/** An approval with its signature over the canonical JSON of `approval`, namespace `aiplan-approval`. */
export interface SignedApproval {
  readonly format: 'aiplan/signed-approval@1';
  readonly approval: Approval;
  readonly signature: string;
}
