import type { Confirmation } from './approval.ts';
import type { Target } from './live.ts';

/**
 * What the audit log itself holds: everything that no run's journal tells (reviews, refusals, plans made), and the beginning
 * and end of each run with the head of its journal, so that journals cannot be changed or taken away unseen.
 */
export type AuditEntry =
  | { readonly kind: 'planned'; readonly by: string; readonly host: string; readonly target: Target; readonly plan: string; readonly name: string; readonly claims: Readonly<Record<string, string>>; readonly steps: number; readonly blocked: number }
  | { readonly kind: 'reviewed'; readonly by: string; readonly host: string; readonly target: Target; readonly plan: string; readonly name: string; readonly tier: 'T0' | 'T1' | 'none'; readonly decision: 'approved' | 'declined'; readonly why: string; readonly rejected: readonly string[]; readonly confirmations: readonly Confirmation[]; readonly typedName: string | null }
  | { readonly kind: 'refused'; readonly by: string; readonly host: string; readonly target: Target | null; readonly plan: string | null; readonly code: string; readonly message: string }
  | { readonly kind: 'run-began'; readonly by: string; readonly host: string; readonly target: Target; readonly run: string; readonly command: 'apply' | 'rollback' | 'resume'; readonly plan: string; readonly journal: { readonly records: number; readonly head: string } }
  | { readonly kind: 'run-ended'; readonly by: string; readonly host: string; readonly target: Target; readonly run: string; readonly outcome: string; readonly journal: { readonly records: number; readonly head: string } }
  | { readonly kind: 'run-abandoned'; readonly by: string; readonly host: string; readonly target: Target; readonly run: string; readonly typed: string; readonly journal: { readonly records: number; readonly head: string } };

/** A line of the audit log: sequence number, SHA-256 of the line before, time (ISO 8601), and what happened. */
export type AuditRecord = { readonly seq: number; readonly prev: string; readonly at: string } & AuditEntry;
