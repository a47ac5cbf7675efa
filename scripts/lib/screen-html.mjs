// A frame of the screen as an HTML page that looks like a terminal's window; for pictures.
import stringWidth from 'string-width';

/** Colours of each scheme: those that terminals give to the SGR codes of src/views/base/theme.ts. */
const palettes = {
  dark: {
    page: '#0b0e14',
    window: '#14181f',
    bar: '#1f2530',
    edge: '#2c3442',
    text: '#d5dae3',
    muted: '#8590a2',
    red: '#ff7b72',
    green: '#6fdc8c',
    yellow: '#e3b341',
    magenta: '#d2a8ff',
    cyan: '#79c0ff',
  },
  light: {
    page: '#e9ecf1',
    window: '#ffffff',
    bar: '#f0f2f5',
    edge: '#cfd6e0',
    text: '#1f2430',
    muted: '#667085',
    red: '#b42318',
    green: '#18794e',
    yellow: '#8a5a00',
    magenta: '#8250a8',
    cyan: '#0b63b5',
  },
};
const colors = { 31: 'red', 32: 'green', 33: 'yellow', 35: 'magenta', 36: 'cyan' };

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** As in a terminal every character has its cells, whatever the font makes of it. */
const inCells = (text) =>
  /^[ -~]*$/u.test(text)
    ? escaped(text)
    : [...segmenter.segment(text)]
        .map(({ segment }) =>
          /^[ -~]$/u.test(segment)
            ? escaped(segment)
            : `<b style="width:${stringWidth(segment)}ch">${escaped(segment)}</b>`,
        )
        .join('');

/** CSS of one tone, from its SGR parameters. */
function styleOf(parameters, palette) {
  const codes = parameters
    .split(';')
    .filter((code) => code !== '')
    .map(Number);
  const color = codes.map((code) => colors[code]).find((name) => name !== undefined);
  return [
    ...(color === undefined ? [] : [`color:${palette[color]}`]),
    ...(codes.includes(1) ? ['font-weight:700'] : []),
    ...(codes.includes(2) ? [`color:${palette.muted}`] : []),
    ...(codes.includes(3) ? ['font-style:italic'] : []),
    ...(codes.includes(4) ? ['text-decoration:underline'] : []),
  ].join(';');
}

/** Width and height of a character cell in CSS pixels. */
const cell = { width: 8.02, height: 18 };

/** `rows` of a frame of `size` as a page, and the page's size in CSS pixels. `sgr`: parameters by tone. */
export function screenHtml(rows, size, scheme, title, sgr) {
  const palette = palettes[scheme];
  const lines = Array.from({ length: size.rows - 1 }, (_, index) => rows[index] ?? { indent: 0, spans: [] });
  const body = lines
    .map(
      ({ indent, spans }) =>
        `${' '.repeat(indent)}${spans.map(({ text, tone }) => `<span style="${styleOf(sgr[tone], palette)}">${inCells(text)}</span>`).join('')}`,
    )
    .join('\n');
  const own = Math.ceil(size.columns * cell.width) + 32;
  // A narrower page would be drawn as on a telephone.
  const width = Math.max(own + 32, 620);
  const height = Math.ceil(lines.length * cell.height) + 96;
  const html = `<!doctype html><meta charset="utf-8"><style>
    * { margin: 0; box-sizing: border-box } body { background: ${palette.page}; padding: 16px; width: ${width}px; height: ${height}px }
    .window { width: ${own}px; margin: 0 auto; height: 100%; background: ${palette.window}; border: 1px solid ${palette.edge}; border-radius: 9px; overflow: hidden; box-shadow: 0 6px 22px rgb(0 0 0 / .22) }
    .bar { height: 30px; background: ${palette.bar}; border-bottom: 1px solid ${palette.edge}; color: ${palette.muted}; font: 12px/30px system-ui, "DejaVu Sans", sans-serif; text-align: center; position: relative }
    .bar::before { content: ""; position: absolute; left: 12px; top: 10px; width: 10px; height: 10px; border-radius: 50%; background: ${palette.edge}; box-shadow: 17px 0 ${palette.edge}, 34px 0 ${palette.edge} }
    pre { padding: 14px 15px; color: ${palette.text}; font: 13px/${cell.height}px "DejaVu Sans Mono", "Liberation Mono", Menlo, Consolas, monospace; white-space: pre }
    b { display: inline-block; font-weight: inherit; overflow: hidden; vertical-align: top; height: ${cell.height}px }
  </style><div class="window"><div class="bar">${escaped(title)}</div><pre>${body}</pre></div>`;
  return { html, width, height };
}
