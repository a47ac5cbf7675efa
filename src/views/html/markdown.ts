import { sanitiseMarkdown } from '../../base/sanitise.ts';
import type { Plan } from '../../domain/plan.ts';
import { planDocument, type DocumentOptions } from '../plan/plan-document.ts';
import { plainText, type Row } from '../base/rows.ts';

const line = (item: Row): string => sanitiseMarkdown(plainText(item).trim());

/**
 * The plan as Markdown for a pull request: the same rows in the same order; destructions and grants are never folded.
 * `now` in milliseconds since 1970.
 */
export function planMarkdown(plan: Plan, now: number, options: DocumentOptions = {}): string {
  const { head, notes, steps, order, findings, stays, asks } = planDocument(plan, now, options);
  const parts: string[] = [
    `### aiplan: ${sanitiseMarkdown(plan.name)}`,
    '',
    ...head.map((item) => `- ${line(item)}`),
    '',
    ...notes.flatMap((item) => [line(item), '']),
  ];
  let listed = false;
  for (const { title, rows } of steps) {
    if (rows.length === 0) parts.push(`- ${line(title)}`);
    else parts.push(...(listed ? [''] : []), `#### ${line(title)}`, '', ...rows.map(detail), '');
    listed = rows.length === 0;
  }
  const [heading, ...below] = order;
  if (heading !== undefined)
    parts.push(...(listed ? [''] : []), `#### ${line(heading)}`, '', ...below.map((item) => `- ${line(item)}`), '');
  if (findings.length > 0)
    parts.push(
      '',
      '#### Findings',
      '',
      ...findings.flatMap((rows) => rows.map((item, index) => `${index === 0 ? '-' : '  -'} ${line(item)}`)),
    );
  const [left, ...what] = stays;
  if (left !== undefined) parts.push('', `**${line(left)}**`, '', ...what.map((item) => `- ${line(item)}`));
  parts.push('', ...asks.map((item) => `**${line(item)}**`), '');
  return parts.join('\n');
}

/** A deeper line belongs to the line above it. */
const detail = (item: Row): string => `${/^\s{3}/u.test(plainText(item)) ? '  ' : ''}- ${line(item)}`;
