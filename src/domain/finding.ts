import type { Position, ResourceEntry } from './change-plan.ts';

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
  /** The next thing to do: one sentence, or lines to paste. */
  readonly help?: string;
}

/**
 * Where a dotted path of an entry stands in the file: its own position, that of the nearest part around it, or the
 * entry's.
 */
export function placeOf(entry: ResourceEntry, path: string): Position {
  for (let rest = path; rest !== ''; rest = rest.includes('.') ? rest.slice(0, rest.lastIndexOf('.')) : '') {
    const found = Object.hasOwn(entry.positions, rest) ? entry.positions[rest] : undefined;
    if (found !== undefined) return found;
  }
  return entry.source;
}

/** A finding about an entry, at the place of a dotted path inside it (`''`: the entry itself). */
export function findingAt(
  entry: ResourceEntry,
  at: string,
  severity: Finding['severity'],
  code: string,
  message: string,
  help?: string,
): Finding {
  const { line, column } = placeOf(entry, at);
  return { code, severity, step: entry.address, message, line, column, ...(help === undefined ? {} : { help }) };
}

/** Codes of what stays for good: however often a rollback is asked, it puts nothing of it back. */
export const staysForGood: ReadonlySet<string> = new Set([
  'rollback-one-way',
  'rollback-secret',
  'rollback-differs',
  'rollback-impossible',
]);
