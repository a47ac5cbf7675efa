import type { Confirmation } from './approval.ts';
import type { Plan } from './plan.ts';

/** The result of a review by a person. Anything but `approved` is no (law 12). */
export interface ReviewResult {
  readonly decision: 'approved' | 'declined';
  readonly confirmations: readonly Confirmation[];
  readonly typedName: string | null;
  /** Why it was declined, in words: left, interrupted, the terminal was closed, the plan expired. */
  readonly why: string;
  /** The plan as it was at the end: without what the person left out. It is what was confirmed. */
  readonly plan: Plan;
  /** The addresses of the steps that the person left out, sorted. */
  readonly rejected: readonly string[];
}
