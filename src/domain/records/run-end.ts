import type { RunOutcome } from './journal.ts';

/**
 * The record of a session's end in the capture bucket: how far the journal of the run was, and what the run had made. A
 * journal that does not hold what stands here was cut or rewritten; what a run made is known by this, not by the
 * journal's word.
 */
export interface RunEnd {
  readonly format: 'aiplan/run-end@1';
  readonly run: string;
  readonly at: string;
  readonly outcome: RunOutcome;
  /** Records of the journal by then, and the SHA-256 of the line of the last of them. */
  readonly records: number;
  readonly head: string;
  readonly made: readonly MadeResource[];
}

/** A resource that a run created or restored. */
export interface MadeResource {
  readonly step: string;
  readonly type: string;
  readonly identity: string;
  readonly incarnation: string | null;
}

/** What the capture bucket holds of the ends of a run. */
export interface LyingEnds {
  readonly ends: readonly RunEnd[];
  /** Objects beside them that are no end of the run, and why: they say nothing and stop nothing. */
  readonly strays: readonly { readonly key: string; readonly why: string }[];
}
