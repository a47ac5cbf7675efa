import { sanitiseMarkdown } from '../model/sanitise.ts';
import type { Plan } from '../model/plan.ts';
import { cardRows, stepRow } from './card-rows.ts';
import { askRows, findingRows, headRows, inFindingOrder, inReadingOrder } from './plan-rows.ts';
import { plainText, type Row } from './rows.ts';

const line = (item: Row): string => sanitiseMarkdown(plainText(item).trim());

/** The plan as Markdown for a pull request: the same rows in the same order; destructions and grants are never folded. */
export function planMarkdown(plan: Plan, now: number, file: string | null): string {
  const parts: string[] = [`### aiplan: ${sanitiseMarkdown(plan.name)}`, ''];
  parts.push(...headRows(plan, now).map((item) => `- ${line(item)}`), '');
  for (const step of inReadingOrder(plan.steps)) {
    const [, ...details] = cardRows(step, plan, now);
    if (step.action === 'keep' && !step.blocked) parts.push(`- ${line(stepRow(step))}`);
    else parts.push(`#### ${line(stepRow(step))}`, '', ...details.map((item) => `- ${line(item)}`), '');
  }
  if (plan.findings.length > 0) parts.push('', '#### Findings', '', ...inFindingOrder(plan.findings).flatMap((finding) => findingRows(finding, file).map((item, index) => `${index === 0 ? '-' : '  -'} ${line(item)}`)));
  parts.push('', ...askRows(plan).map((item) => `**${line(item)}**`), '');
  return parts.join('\n');
}
