/** A small XML tree: enough for the answers of AWS's query protocols, in which text and elements never mix. */
export interface Element {
  readonly name: string;
  /** The attributes as they were written, with a leading blank; kept, never looked at. */
  attributes: string;
  children: Element[];
  text: string;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Replaces entities and character references by what they stand for. */
const unescape = (text: string): string =>
  text.replace(
    /&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/giu,
    (whole, hex: string | undefined, decimal: string | undefined, name: string | undefined) => {
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (decimal !== undefined) return String.fromCodePoint(Number.parseInt(decimal, 10));
      return ENTITIES[name ?? ''] ?? whole;
    },
  );

/** Makes text safe inside an element. */
const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('\r', '&#xD;');

/** A new element, holding text or children. */
export const element = (name: string, content: string | readonly Element[] = '', attributes = ''): Element =>
  typeof content === 'string'
    ? { name, attributes, children: [], text: content }
    : { name, attributes, children: [...content], text: '' };

/** Parses a document. Throws an Error for one that is not well formed. */
export function parseXml(source: string): Element {
  const holder = element('');
  const stack: Element[] = [holder];
  const token =
    /<\?[^>]*\?>|<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<![^>]*>|<\/([^\s>]+)\s*>|<([^\s/>]+)((?:\s+[^\s=>/]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)/gu;
  for (const [, cdata, closes, opens, attributes, empty, text] of source.matchAll(token)) {
    const top = stack.at(-1);
    if (top === undefined) throw new Error('XML closes more than it opened');
    if (text !== undefined) top.text += unescape(text);
    else if (cdata !== undefined) top.text += cdata;
    else if (closes !== undefined) {
      if (top.name !== closes) throw new Error(`XML closes "${closes}" inside "${top.name}"`);
      if (top.children.length > 0) top.text = '';
      stack.pop();
    } else if (opens !== undefined) {
      const made = element(opens, '', attributes ?? '');
      top.children.push(made);
      if (empty !== '/') stack.push(made);
    }
  }
  const root = holder.children[0];
  if (root === undefined || stack.length !== 1) throw new Error('XML is not well formed');
  return root;
}

/** Writes an element without a declaration. */
export function writeElement(node: Element): string {
  const inner = node.children.length > 0 ? node.children.map(writeElement).join('') : escape(node.text);
  return inner === '' ? `<${node.name}${node.attributes}/>` : `<${node.name}${node.attributes}>${inner}</${node.name}>`;
}

/** Writes a document. */
export const writeXml = (root: Element): string => `<?xml version="1.0" encoding="UTF-8"?>\n${writeElement(root)}`;

/** The first child of that name. */
export const child = (node: Element | undefined, name: string): Element | undefined =>
  node?.children.find((item) => item.name === name);

/** Follows names downwards; undefined where one is missing. */
export const at = (node: Element | undefined, ...names: readonly string[]): Element | undefined =>
  names.reduce<Element | undefined>((current, name) => child(current, name), node);

/** The text found by following names; empty where one is missing. */
export const textAt = (node: Element | undefined, ...names: readonly string[]): string =>
  at(node, ...names)?.text ?? '';

/** The children of a list element, found by following names. */
export const listAt = (node: Element | undefined, ...names: readonly string[]): readonly Element[] =>
  at(node, ...names)?.children ?? [];

/** Sets a child's content, adding the child where it is missing. */
export function put(node: Element, name: string, content: string | readonly Element[]): void {
  const found = child(node, name);
  const made = element(name, content);
  if (found === undefined) node.children.push(made);
  else {
    found.text = made.text;
    found.children = made.children;
  }
}

/** Takes every child of that name away. */
export function drop(node: Element, name: string): void {
  node.children = node.children.filter((item) => item.name !== name);
}

/** A copy that shares nothing with the original. */
export const copyOf = (node: Element): Element => ({ ...node, children: node.children.map(copyOf) });
