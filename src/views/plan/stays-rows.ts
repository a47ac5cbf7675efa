import type { Plan } from '../../domain/plan.ts';
import { row, span, type Row } from '../base/rows.ts';

/**
 * What differs from before the run when a rollback has done all of it, whole; or that nothing is known to. Nothing for
 * any other plan.
 */
export function staysRows({ rollbackOf, stays }: Pick<Plan, 'rollbackOf' | 'stays'>): readonly Row[] {
  if (rollbackOf === null || stays === undefined) return [];
  if (stays.length === 0) return [row(0, span('Nothing is known to stay different after this rollback.', 'good'))];
  return [
    row(0, span('This stays different after the rollback', 'warning'), ':'),
    ...stays.map((text) => row(2, span(text, 'warning'))),
  ];
}
