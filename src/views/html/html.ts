import type { Plan } from '../../domain/plan.ts';
import { escapeHtml, rowsHtml, spanHtml } from './html-rows.ts';
import { style } from './html-style.ts';
import { planDocument, type DocumentOptions, type PlanDocument, type StepSection } from '../plan/plan-document.ts';
import { isUnchanged } from '../plan/plan-parts.ts';
import { pictureSvg } from './svg.ts';
import { plainText, span, type Row } from '../base/rows.ts';
import { toneOf } from '../base/theme.ts';

/** Nothing may be fetched and nothing may run: a plan is untrusted text (https://www.w3.org/TR/CSP3/). */
const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/**
 * The plan as one HTML page that needs nothing but itself: the same rows in the same order as the text. Only unchanged
 * steps are folded away. `now` in milliseconds since 1970.
 */
export function planHtml(plan: Plan, now: number, options: Omit<DocumentOptions, 'picture'> = {}): string {
  const document = planDocument(plan, now, { ...options, picture: true });
  const name = escapeHtml(span(plan.name).text);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${name}: aiplan</title>
<style>${style}</style>
</head>
<body${document.large ? ' class="large"' : ''}>
${headHtml(document)}
<main>
${stepsHtml(document.steps)}
${orderHtml(document)}
${findingsHtml(document)}
${staysHtml(document)}
</main>
<footer>${document.asks.map((row) => `<p class="block asks">${row.spans.map((part) => spanHtml(part)).join('')}</p>`).join('')}</footer>
</body>
</html>
`;
}

/** What a rollback does not bring back. */
const staysHtml = ({ stays }: PlanDocument): string =>
  stays.length === 0 ? '' : `<section class="stays">${rowsHtml(stays)}</section>`;

/** The first row names the plan; the last one has the totals. */
function headHtml({ head, notes }: PlanDocument): string {
  const [title, ...rest] = head;
  const totals = rest.at(-1);
  const heading =
    title === undefined
      ? ''
      : `<p class="kind">${title.spans
          .slice(0, 1)
          .map(({ text }) => escapeHtml(text.trim()))
          .join('')}</p> <h1>${title.spans
          .slice(1, 2)
          .map(({ text }) => escapeHtml(text))
          .join('')}</h1><p class="row code">${title.spans
          .slice(2)
          .map((part) => spanHtml({ ...part, text: part.text.trim() }))
          .join('')}</p>`;
  return `<header>\n${heading}\n${rowsHtml(rest.slice(0, -1))}\n${totals === undefined ? '' : totalsHtml(totals)}\n${notes.map((row) => `<p class="block note">${row.spans.map((part) => spanHtml(part)).join('')}</p>`).join('')}\n</header>`;
}

/** `1 to delete, 2 to update; 1 destruction, 0 grants`, each in its own box. */
function totalsHtml(row: Row): string {
  const tone = (text: string): string =>
    text.startsWith('0 ')
      ? 'muted'
      : /delete|replace|destruction|BLOCKED/u.test(text)
        ? 'destroy'
        : /grant/u.test(text)
          ? 'grant'
          : /update/u.test(text)
            ? 'change'
            : /create/u.test(text)
              ? 'create'
              : 'muted';
  return `<ul class="totals">${plainText(row)
    .split(/(?<=[,;]) /u)
    .map((text) => text.replace(/[,;]$/u, ''))
    .map((text) => `<li class="t-${tone(text)}">${escapeHtml(text)}</li>`)
    .join(' ')}</ul>`;
}

/** Cards, lines of the steps that need no card, and at the end, folded, the unchanged ones. */
function stepsHtml(steps: readonly StepSection[]): string {
  const folds = ({ step, rows }: StepSection): boolean => isUnchanged(step) && rows.length === 0;
  const unchanged = steps.filter(folds);
  const html: string[] = [];
  let lines: string[] = [];
  const flush = (): void => {
    if (lines.length > 0) html.push(`<ul class="block lines">${lines.join('')}</ul>`);
    lines = [];
  };
  for (const section of steps) {
    if (folds(section)) continue;
    if (section.rows.length === 0) lines.push(lineHtml(section));
    else {
      flush();
      html.push(cardHtml(section));
    }
  }
  flush();
  if (unchanged.length > 0)
    html.push(
      `<details class="block"><summary>${unchanged.length} unchanged</summary><ul class="lines">${unchanged.map(lineHtml).join('')}</ul></details>`,
    );
  return html.join('\n');
}

const lineHtml = ({ title }: StepSection): string =>
  `<li class="row">${title.spans.map((part) => spanHtml(part)).join('')}</li>`;

/** The title's spans are: glyph and word, address, identity, tags. */
function cardHtml({ step, title, rows }: StepSection): string {
  const parts = title.spans.map((part, index) => ({
    ...part,
    text: part.text.trim(),
    name:
      index === 0
        ? 'word'
        : part.text.startsWith(' [') && part.tone !== 'title'
          ? 'tag'
          : index === 1
            ? 'name'
            : 'identity',
  }));
  return `<section class="step edge-${toneOf(step)}"><h2>${parts
    .filter(({ text }) => text !== '')
    .map(({ name, ...part }) => spanHtml(part, name))
    .join(' ')}</h2>${rowsHtml(rows)}</section>`;
}

function orderHtml({ order, picture }: PlanDocument): string {
  const [title, ...rows] = order;
  if (title === undefined || picture === null) return '';
  // The box can be scrolled by keyboard too, which is why it takes the focus.
  return `<section class="block"><h3>${title.spans.map((part) => spanHtml(part)).join('')}</h3><div class="picture" tabindex="0" role="region" aria-label="Picture of the order of execution">${pictureSvg(picture)}</div>${rowsHtml(rows)}</section>`;
}

const findingsHtml = ({ findings }: PlanDocument): string =>
  findings.length === 0
    ? ''
    : `<section class="block"><h3>Findings</h3>${findings.map((rows) => `<div class="finding">${rowsHtml(rows)}</div>`).join('')}</section>`;
