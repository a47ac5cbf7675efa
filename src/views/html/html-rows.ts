import { blank, type Row, type Span } from '../base/rows.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as HTML text or attribute value. Control and invisible characters are gone since the row was made (law 10). */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/gu, (character) => entities[character] ?? character);

/** Letters that are written from right to left; their neighbours must not be drawn in. */
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** A span of text with its tone as a class; plain text needs none. */
export function spanHtml({ text, tone }: Span, more = ''): string {
  if (text === '') return '';
  const names = [...(tone === 'plain' ? [] : [`t-${tone}`]), ...(more === '' ? [] : [more])];
  const element = rightToLeft.test(text) ? 'bdi' : 'span';
  return names.length === 0 && element === 'span'
    ? escapeHtml(text)
    : `<${element}${names.length === 0 ? '' : ` class="${names.join(' ')}"`}>${escapeHtml(text)}</${element}>`;
}

const spansHtml = (spans: readonly Span[]): string => spans.map((part) => spanHtml(part)).join('');

/** Deeper indents look the same. */
export const deepest = 16;

/** A row that begins with a muted name and a blank is a name and its value. */
const isPair = ({ spans, indent }: Row): boolean =>
  indent <= 2 && spans.length > 1 && spans[0]?.tone === 'muted' && /\S\s+$/u.test(spans[0].text);

/** A row that begins with a muted blank as wide as a name. */
const continues = ({ spans }: Row): boolean =>
  spans.length > 1 && spans[0]?.tone === 'muted' && /^\s{8,}$/u.test(spans[0].text);

/**
 * Rows as HTML: names with values as a list of definitions, everything else as lines, deeper ones as code in a box. No
 * row and no word is left out, and the order stays.
 */
export function rowsHtml(rows: readonly Row[]): string {
  const groups: { kind: 'pair' | 'code' | 'line'; html: string[] }[] = [];
  let above = '';
  for (const row of rows) {
    if (row === blank || row.spans.every(({ text }) => text.trim() === '')) continue;
    // One more value of the name above.
    if (above === 'pair' && continues(row)) {
      const html = groups.at(-1)?.html;
      html?.push(`${html.pop()?.replace(/<\/div>$/u, '') ?? ''} <dd>${spansHtml(row.spans.slice(1))}</dd></div>`);
      continue;
    }
    const kind = isPair(row) ? 'pair' : row.indent >= 2 ? 'code' : 'line';
    const html =
      kind === 'pair' ? pairHtml(row) : kind === 'code' ? codeHtml(row) : `<p class="row">${spansHtml(row.spans)}</p>`;
    if (kind === above) groups.at(-1)?.html.push(html);
    else groups.push({ kind, html: [html] });
    above = kind;
  }
  return groups
    .map(({ kind, html }) =>
      kind === 'pair'
        ? `<dl>${html.join('')}</dl>`
        : kind === 'code'
          ? `<div class="codes">${html.join('')}</div>`
          : html.join(''),
    )
    .join('');
}

function pairHtml({ spans }: Row): string {
  const [name, ...value] = spans;
  const text = name?.text.trim() ?? '';
  const strongest = value.find(({ tone }) => tone === 'destroy' || tone === 'grant')?.tone;
  const names = [
    'pair',
    ...(/^\d+\.$/u.test(text) ? ['counted'] : strongest === undefined ? [] : ['loud', `is-${strongest}`]),
    ...(text === 'calls' ? ['calls'] : []),
  ];
  return `<div class="${names.join(' ')}"><dt>${escapeHtml(text)}</dt> <dd>${spansHtml(value)}</dd></div>`;
}

/**
 * A line of code with what it is indented by as a class, so that its next lines, where the window is narrow, stand
 * further in.
 */
function codeHtml({ indent, spans }: Row): string {
  const [first, ...rest] = spans;
  const text = first?.text.trimStart() ?? '';
  const depth = Math.min(deepest, Math.max(0, indent - 2 + (first?.text.length ?? 0) - text.length));
  return `<p class="row code in-${depth}">${spansHtml(first === undefined ? [] : [{ ...first, text }, ...rest])}</p>`;
}
