import type { Plan } from '../../domain/plan.ts';
import { stepRow } from '../step/card-rows.ts';
import { documentRows, planDocument } from './plan-document.ts';
import { askRows, findingRows, headRows, inFindingOrder, inReadingOrder } from './plan-parts.ts';
import { blank, row, span, type Row } from '../base/rows.ts';

export { findingRows, inFindingOrder } from './plan-parts.ts';

/**
 * The whole plan as rows: head, destructions and grants with their cards, the rest, findings, what is asked of the
 * person.
 */
export const planRows = (plan: Plan, now: number, file: string | null = null): readonly Row[] =>
  documentRows(planDocument(plan, now, { file }));

/**
 * The plan in brief: head, one line for each step with what it destroys or opens, findings, what is asked of the
 * person.
 */
export function briefRows(plan: Plan, now: number, file: string | null = null): readonly Row[] {
  const rows: Row[] = [...headRows(plan, now), blank];
  for (const step of inReadingOrder(plan.steps)) {
    rows.push(
      stepRow(step),
      ...(step.destruction?.loses ?? []).map((loss) => row(4, span(`loses ${loss}`, 'destroy'))),
      ...(step.grant?.opens ?? []).map((opened) => row(4, span(`opens ${opened}`, 'grant'))),
    );
  }
  if (plan.findings.length > 0)
    rows.push(blank, ...inFindingOrder(plan.findings).flatMap((finding) => findingRows(finding, file)), blank);
  return [...rows, ...askRows(plan)];
}
