import type { Position, ResourceEntry } from './change-plan.ts';
import type { Finding } from './finding.ts';

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
