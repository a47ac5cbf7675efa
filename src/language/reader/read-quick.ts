import { plainScalar, textScalar, type MapEntry, type Node } from './node.ts';
import { GIVE_UP, giveUp, Scanner } from './scanner.ts';

/**
 * Reads JSON and the plain block YAML that most plans are written in, some ten times faster than the YAML library and
 * with less memory. It reads nothing that the library reads differently: at the first thing outside of its subset it
 * gives up (undefined), and the library, which also words the syntax errors, reads the whole text. A property test
 * compares the two. `text` has `\n` line ends only.
 */
export function readQuick(text: string): Node | undefined {
  try {
    return new QuickReader(text).document();
  } catch (error) {
    if (error === GIVE_UP || error instanceof RangeError) return undefined;
    throw error;
  }
}

const BLOCK_KEY = /([A-Za-z_][\w./-]*(?:::?[\w./-]+)*):(?=[ \n]|$)/uy;
const FLOW_KEY = /([A-Za-z_][\w./-]*(?:::?[\w./-]+)*):(?=[ \n])/uy;
const TAG = /(![A-Za-z]+)(?=[ \n]|$)/uy;
const PLAIN_START = /[\w./+$^(\\]|[-?:](?=[\w./$^(\\])/uy;
const NOT_PLAIN = /:(?: |$)|\p{Cc}/u;
const MARKER = /---\n/uy;

class QuickReader extends Scanner {
  document(): Node {
    this.nextLine();
    if (this.match(MARKER) !== undefined) this.nextLine();
    const root = this.peek() === '{' ? this.#flow(-1) : this.column() === 0 ? this.#blockMap(0) : giveUp();
    if (this.peek() !== '' && !this.atLineStart()) this.endOfLine();
    if (this.at < this.text.length) giveUp();
    return root;
  }

  #isDash(): boolean {
    return this.peek() === '-' && (this.text[this.at + 1] === ' ' || this.text[this.at + 1] === '\n');
  }

  /** A map whose keys stand in `column`; the first key is here. */
  #blockMap(column: number): Node {
    return this.deeper(() => {
      const start = this.at;
      const entries: MapEntry[] = [];
      do {
        const at = this.at;
        const key = this.#blockKey() ?? giveUp();
        entries.push({ key, at, node: this.#blockValue(column, true) });
      } while (this.peek() !== '' && this.column() === column);
      if (this.peek() !== '' && this.column() > column) giveUp();
      return { kind: 'map', at: start, tag: null, entries };
    });
  }

  #blockKey(): string | undefined {
    if (this.peek() === '"' || this.peek() === "'") {
      const key = this.quoted();
      if (this.peek() !== ':' || !/^(?:[ \n]|$)/u.test(this.text.slice(this.at + 1, this.at + 2))) giveUp();
      this.at += 1;
      return key;
    }
    const key = this.match(BLOCK_KEY);
    return key === undefined || plainScalar(key, 0).source === null ? key : giveUp();
  }

  #blockList(column: number): Node {
    return this.deeper(() => {
      const start = this.at;
      const items: Node[] = [];
      while (this.peek() !== '' && this.column() === column && this.#isDash()) {
        this.at += 1;
        const dash = this.at;
        this.spaces();
        if (this.at === dash && this.peek() !== '\n') giveUp();
        if (this.#isDash()) giveUp();
        const here = this.at;
        if (this.#keyIsHere()) {
          this.at = here;
          items.push(this.#blockMap(this.column()));
        } else {
          this.at = dash;
          items.push(this.#blockValue(column, false));
        }
      }
      if (this.peek() !== '' && this.column() > column) giveUp();
      return { kind: 'list', at: start, tag: null, items };
    });
  }

  #keyIsHere(): boolean {
    const here = this.at;
    const first = this.peek();
    if (first === '"' || first === "'") {
      this.quoted();
      const found = this.peek() === ':';
      this.at = here;
      return found;
    }
    const found = this.match(BLOCK_KEY) !== undefined;
    this.at = here;
    return found;
  }

  /** The value behind `key:` or `-`, and on to the next line. `column` is that of the key or the dash. */
  #blockValue(column: number, ofKey: boolean): Node {
    const behind = this.at;
    this.spaces();
    const next = this.peek();
    if (next === '\n' || next === '' || (next === '#' && this.at > behind)) {
      this.endOfLine();
      if (this.peek() !== '' && this.atLineStart()) {
        const inner = this.column();
        if (inner > column || (ofKey && inner === column && this.#isDash())) {
          if (this.#isDash()) return this.#blockList(inner);
          return this.#keyIsHere() ? this.#blockMap(inner) : giveUp();
        }
      }
      return plainScalar('', behind);
    }
    if (this.at === behind) giveUp();
    if (next === '|') return this.#literal(column);
    const node = this.#inline(column);
    this.endOfLine();
    return node;
  }

  /** A value that begins on this line: tagged, in brackets, quoted or plain. */
  #inline(column: number): Node {
    const next = this.peek();
    if (next === '!') {
      const tag = this.match(TAG) ?? giveUp();
      const behind = this.at;
      this.spaces();
      const inner = this.peek();
      if (inner === '\n' || inner === '' || inner === '#')
        return inner === '#' ? giveUp() : this.#nothingDeeper(column, textScalar('', behind, tag));
      if (inner === '!') giveUp();
      const node = this.#inline(column);
      if (node.kind === 'scalar') return textScalar(node.source ?? String(node.value), node.at, tag);
      return node.kind === 'list' || node.kind === 'map' ? { ...node, tag } : giveUp();
    }
    if (next === '{' || next === '[') return this.#flow(column);
    if (next === '"' || next === "'") {
      const at = this.at;
      return textScalar(this.quoted(), at);
    }
    const start = this.at;
    if (this.match(PLAIN_START) === undefined) giveUp();
    const line = this.text.indexOf('\n', start);
    let end = line === -1 ? this.text.length : line;
    const comment = this.text.slice(start, end).search(/[ \t]#/u);
    if (comment !== -1) end = start + comment;
    const plain = this.text.slice(start, end).replace(/ +$/u, '');
    if (NOT_PLAIN.test(plain)) giveUp();
    this.at = start + plain.length;
    return this.#nothingDeeper(column, plainScalar(plain, start));
  }

  /** A plain value goes on where the next line is indented deeper than its key: that is for the library. */
  #nothingDeeper(column: number, node: Node): Node {
    const here = this.at;
    this.endOfLine();
    if (this.peek() !== '' && this.column() > column) giveUp();
    this.at = here;
    return node;
  }

  #flowSpace(column: number): void {
    for (;;) {
      const from = this.at;
      this.spaces();
      if (column === -1)
        while (this.peek() === '\t') {
          this.at += 1;
          this.spaces();
        }
      if (this.peek() === '#') {
        if (this.at === from) giveUp();
        this.skipComment();
      }
      if (this.peek() !== '\n') return;
      this.at += 1;
      const start = this.at;
      this.spaces();
      if (this.peek() !== '\n' && this.peek() !== '' && this.at - start <= column) giveUp();
    }
  }

  #flow(column: number): Node {
    return this.deeper(() => {
      const at = this.at;
      const map = this.peek() === '{';
      const close = map ? '}' : ']';
      const entries: MapEntry[] = [];
      const items: Node[] = [];
      this.at += 1;
      this.#flowSpace(column);
      while (this.peek() !== close) {
        if (map) entries.push(this.#flowEntry(column));
        else items.push(this.#flowValue(column));
        this.#flowSpace(column);
        if (this.peek() === ',') {
          this.at += 1;
          this.#flowSpace(column);
          if (this.peek() === close) giveUp();
        } else if (this.peek() !== close) giveUp();
      }
      this.at += 1;
      return map ? { kind: 'map', at, tag: null, entries } : { kind: 'list', at, tag: null, items };
    });
  }

  #flowEntry(column: number): MapEntry {
    const at = this.at;
    let key: string;
    if (this.peek() === '"' || this.peek() === "'") {
      key = this.quoted();
      if (this.peek() !== ':') giveUp();
      this.at += 1;
    } else {
      key = this.match(FLOW_KEY) ?? giveUp();
      if (plainScalar(key, 0).source !== null) giveUp();
    }
    this.#flowSpace(column);
    return { key, at, node: this.#flowValue(column) };
  }

  #flowValue(column: number): Node {
    const next = this.peek();
    if (next === '!') {
      const tag = this.match(TAG) ?? giveUp();
      this.spaces();
      const node = this.peek() === '!' ? giveUp() : this.#flowValue(column);
      if (node.kind === 'scalar') return textScalar(node.source ?? String(node.value), node.at, tag);
      return node.kind === 'list' || node.kind === 'map' ? { ...node, tag } : giveUp();
    }
    if (next === '{' || next === '[') return this.#flow(column);
    const at = this.at;
    if (next === '"' || next === "'") {
      const value = this.quoted();
      return this.peek() === ':' ? giveUp() : textScalar(value, at);
    }
    if (this.match(PLAIN_START) === undefined) giveUp();
    while (/[^,[\]{}\n]/u.test(this.peek())) this.at += 1;
    const raw = this.text.slice(at, this.at);
    if (/[ \t]#/u.test(raw) || /[[{]/u.test(this.peek())) giveUp();
    const plain = raw.replace(/ +$/u, '');
    if (NOT_PLAIN.test(plain)) giveUp();
    const scalar = plainScalar(plain, at);
    if (this.peek() === '\n') {
      this.#flowSpace(column);
      if (this.peek() !== ',' && this.peek() !== ']' && this.peek() !== '}') giveUp();
    }
    return scalar;
  }

  /** `|` or `|-` and the lines below, taken as they are. */
  #literal(column: number): Node {
    const at = this.at;
    const header = this.match(/\|(?:-?)\n/uy) ?? giveUp();
    const rest = this.text;
    const first = /[^ \n]/u.exec(rest.slice(this.at, this.at + 1_000));
    const indent =
      first === null ? giveUp() : this.at + first.index - (rest.lastIndexOf('\n', this.at + first.index - 1) + 1);
    if (indent <= column || rest.startsWith('\n', this.at) || /^ *\n/u.test(rest.slice(this.at, this.at + indent + 2)))
      giveUp();
    const lines: string[] = [];
    while (this.at < rest.length) {
      const found = rest.indexOf('\n', this.at);
      const line = rest.slice(this.at, found === -1 ? rest.length : found);
      const blank = /^ *$/u.test(line);
      if (blank ? line.length > indent : /^ *\t/u.test(line)) giveUp();
      if (!blank && line.search(/[^ ]/u) < indent) break;
      lines.push(line.slice(indent));
      this.at = found === -1 ? rest.length : found + 1;
      if (found === -1) giveUp();
    }
    while (lines.at(-1) === '') lines.pop();
    this.nextLine();
    return textScalar(`${lines.join('\n')}${header.includes('-') ? '' : '\n'}`, at);
  }
}
