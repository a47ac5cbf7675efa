import type { Confirmation } from './approval.ts';

/** What came out of a review by a person. Anything but `approved` is no (law 12). */
export interface ReviewResult {
  readonly decision: 'approved' | 'declined';
  readonly confirmations: readonly Confirmation[];
  readonly typedName: string | null;
  /** Why it was declined, in words: left, interrupted, the terminal was closed, the plan expired. */
  readonly why: string;
}
