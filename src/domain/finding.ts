/** A coded judgement about a change plan or a plan. `line` and `column` are 1-based; null where there is no place. */
export interface Finding {
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'info';
  /** Address of the step, or null for the whole plan. */
  readonly step: string | null;
  /** One sentence, with the wrong value quoted; sanitised where it quotes untrusted text. */
  readonly message: string;
  readonly line: number | null;
  readonly column: number | null;
  /** What to do next: one sentence, or lines to paste. */
  readonly help?: string;
}
