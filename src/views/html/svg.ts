import { wordOf } from '../step/card-rows.ts';
import { escapeHtml } from './html-rows.ts';
import { box, type Picture, type PictureEdge, type PictureNode } from '../plan/picture.ts';
import { span } from '../base/rows.ts';
import { glyphs, toneOf } from '../base/theme.ts';

const margin = 2;
/** Pixels that a name may take inside its box. */
const room = box.width - 22;

/** About how wide a character is at 13 pixels; on the safe side, because nobody knows the reader's font. */
const widthOf = (character: string): number =>
  /[^\u0000-\u024f]/u.test(character)
    ? 13.5
    : /[MWmw@%]/u.test(character)
      ? 12.5
      : /[A-Z_]/u.test(character)
        ? 9.6
        : /[fijlrtI1.,:|-]/u.test(character)
          ? 5.4
          : 7.9;
const columns = (text: string): number => [...text].reduce((sum, character) => sum + widthOf(character), 0);

/** A name that fits into a box: the middle goes first, because names of one kind often begin alike. */
export function shortened(text: string): string {
  if (columns(text) <= room) return text;
  const characters = [...text];
  for (let kept = Math.min(characters.length - 1, 40); kept > 2; kept -= 1) {
    const short = `${characters.slice(0, Math.ceil(kept / 2)).join('')}…${characters.slice(characters.length - Math.floor(kept / 2)).join('')}`;
    if (columns(short) <= room) return short;
  }
  return '…';
}

/**
 * Draws a picture as inline SVG. Its colours are the page's; each box has glyph, word, address and what the step is.
 */
export function pictureSvg({ width, height, nodes, edges, alone }: Picture): string {
  const [w, h] = [width + 2 * margin, height + 2 * margin];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${w}" height="${h}" viewBox="${-margin} ${-margin} ${w} ${h}" aria-label="${nodes.length} steps and what runs before what; the list below says the same">` +
    `<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>` +
    edges.map(edgeSvg).join('') +
    (alone === null ? '' : `<text class="say" x="0" y="${alone + 8}">These wait for no other step:</text>`) +
    nodes.map(nodeSvg).join('') +
    '</svg>'
  );
}

function edgeSvg({ from, to, points }: PictureEdge): string {
  const [start, ...rest] = points;
  if (start === undefined) return '';
  let path = `M${start.x} ${start.y}`;
  let last = start;
  for (const [index, point] of rest.entries()) {
    // Between two layers a curve, through a layer a straight line.
    const middle = (last.x + point.x) / 2;
    path += index % 2 === 0 ? `C${middle} ${last.y} ${middle} ${point.y} ${point.x} ${point.y}` : `H${point.x}`;
    last = point;
  }
  return `<path class="edge" marker-end="url(#arrow)" d="${path}"><title>${safe(`${to.id} after ${from.id}`)}</title></path>`;
}

function nodeSvg({ step, x, y }: PictureNode): string {
  const tone = toneOf(step);
  const word = `${glyphs[step.action]} ${step.blocked ? 'BLOCKED ' : ''}${wordOf(step)}`;
  const tags = [
    ...(step.destruction === null ? [] : [['destroy', 'destruction']]),
    ...(step.grant === null ? [] : [['grant', 'grant']]),
  ];
  return (
    `<g transform="translate(${x} ${y})"><title>${safe(`${word} ${step.id}${step.identity === null ? '' : ` ${step.identity}`}`)}</title>` +
    `<rect class="box" width="${box.width}" height="${box.height}" rx="8"/><rect class="f-${tone}" width="4" height="${box.height - 16}" x="6" y="8" rx="2"/>` +
    `<text class="word f-${tone}" x="16" y="${tags.length === 0 ? 27 : 18}">${safe(word)}</text><text class="name" x="16" y="${tags.length === 0 ? 44 : 35}">${safe(shortened(span(step.id).text))}</text>` +
    (tags.length === 0
      ? ''
      : `<text class="tag" x="16" y="52">${tags.map(([name, text]) => `<tspan class="f-${name}">[${text}]</tspan>`).join(' ')}</text>`) +
    '</g>'
  );
}

const safe = (text: string): string => escapeHtml(span(text).text);
