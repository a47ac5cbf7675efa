/** An element of a page, or a text. */
export type HtmlNode = HtmlElement | string;
export interface HtmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: HtmlNode[];
}

const empty = new Set(['meta', 'br']);
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

const decoded = (text: string): string =>
  text.replaceAll(/&([^;]*);?/gu, (whole, name: string) => {
    const character = entities[name];
    if (character === undefined || !whole.endsWith(';')) throw new Error(`not an entity of ours: ${whole}`);
    return character;
  });

/**
 * Reads the HTML that aiplan writes, and nothing looser: every element closed in its order, every attribute quoted, no
 * character that would have to be an entity. Throws on anything else, so that text which got out of its place is found.
 */
export function parseHtml(html: string): HtmlElement {
  const top: HtmlElement = { name: '', attributes: {}, children: [] };
  const open: HtmlElement[] = [top];
  let at = 0;
  const fail = (why: string): never => {
    throw new Error(`${why} at ${at}: ${html.slice(Math.max(0, at - 80), at + 80)}`);
  };
  while (at < html.length) {
    const here = open.at(-1) ?? top;
    if (here.name === 'style') {
      const end = html.indexOf('</style>', at);
      here.children.push(html.slice(at, end));
      at = end;
    }
    if (!html.startsWith('<', at)) {
      const end = html.indexOf('<', at);
      const text = html.slice(at, end === -1 ? html.length : end);
      if (text.includes('>')) fail('a loose >');
      here.children.push(decoded(text));
      at += text.length;
      continue;
    }
    const tag =
      /^<(?:!doctype html|\/(?<closed>[a-z][a-z0-9]*)|(?<name>[a-zA-Z][a-zA-Z0-9]*)(?<attributes>(?: [a-zA-Z][a-zA-Z-]*(?:="[^"<>]*")?)*)(?<self>\/?))>/u.exec(
        html.slice(at, at + 100_000),
      );
    if (tag?.groups === undefined) return fail('not a tag of ours');
    at += tag[0].length;
    const { closed, name, attributes = '', self } = tag.groups;
    if (closed !== undefined) {
      if (open.pop()?.name !== closed) fail(`</${closed}> closes nothing`);
    } else if (name !== undefined) {
      const element: HtmlElement = {
        name,
        children: [],
        attributes: Object.fromEntries(
          [...attributes.matchAll(/ ([a-zA-Z-]+)(?:="([^"]*)")?/gu)].map(([, key = '', value = '']) => [
            key,
            decoded(value),
          ]),
        ),
      };
      here.children.push(element);
      if (self !== '/' && !empty.has(name)) open.push(element);
    }
  }
  if (open.length !== 1) fail(`<${open.at(-1)?.name ?? ''}> is not closed`);
  return top;
}

/** All elements, in their order. */
export function* elements(node: HtmlNode): Generator<HtmlElement> {
  if (typeof node === 'string') return;
  if (node.name !== '') yield node;
  for (const child of node.children) yield* elements(child);
}

/** The text of an element; `without` leaves whole elements out. */
export const textOf = (node: HtmlNode, without: (element: HtmlElement) => boolean = () => false): string =>
  typeof node === 'string' ? node : without(node) ? '' : node.children.map((child) => textOf(child, without)).join('');
