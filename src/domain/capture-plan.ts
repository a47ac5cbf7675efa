import type { JsonObject } from '../base/json.ts';

/** Plan-time description of the capture that will be taken. */
export interface CapturePlan {
  readonly how: Capture['how'];
  readonly what: string;
  /** Taken only after the resource was quiesced, immediately before the destruction. */
  readonly late: boolean;
  /** AWS itself takes one more with the deletion: its point in time is the end. */
  readonly final?: true;
  /** Losses that a restore leaves, for the card. */
  readonly loses: readonly string[];
  /** Set where a capture is impossible for this state or this data: the reason. The step is then irreversible. */
  readonly impossible?: string;
  /** Set where the restore is not exact: new ids and so on. */
  readonly newIdentity?: boolean;
}

/** Configuration and data of a resource before a step; the manifest beside the data holds the same. */
export interface Capture {
  readonly how: 'native' | 'config' | 'copy' | 'none';
  /**
   * References to the capture: snapshot ids, image id, object prefix and manifest digest; whatever verify and restore
   * need.
   */
  readonly refs: JsonObject;
  /** ISO time up to which writes are in it. */
  readonly pointInTime: string | null;
  readonly bytes: number | null;
  readonly encrypted: boolean | null;
  /**
   * Whatever a restore needs that the live resource does not hold: full attribute answers, referrers. Secrets as refs.
   */
  readonly extras: JsonObject;
}

/** Whether a capture holds data beside its configuration: a snapshot, an image, or copies. */
export const holdsData = (capture: Pick<Capture, 'how'> | null | undefined): boolean =>
  capture?.how === 'native' || capture?.how === 'copy';

/** Why nothing can be made of a capture as its own type, and what to do with the data that it holds; one sentence each. */
export interface NotBroughtOut {
  readonly why: string;
  readonly instead: string;
}
