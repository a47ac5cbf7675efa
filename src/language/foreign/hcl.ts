/** A value of Terraform's language, as far as plans need it: an expression that is no literal keeps its text. */
export type Hcl = string | number | boolean | null | readonly Hcl[] | HclMap | { readonly expression: string };
export interface HclMap {
  readonly [key: string]: Hcl;
}
export interface HclBlock {
  readonly kind: string;
  readonly labels: readonly string[];
  readonly body: HclMap;
}

/** Whether a text is HCL: its first line that says something opens a block. */
export const isHcl = (text: string): boolean =>
  /^(?:\s|#[^\n]*\n|\/\/[^\n]*\n|\/\*[^]*?\*\/)*(?:(?:resource|data|provider|variable|module|output)\s+"|(?:terraform|locals)\s*\{)/u.test(
    text.slice(0, 20_000),
  );

const TOKEN =
  /\s+|#[^\n]*|\/\/[^\n]*|\/\*[^]*?\*\/|<<-?([A-Za-z_]\w*)[^\n]*\n([^]*?)\n[ \t]*\1(?=\W|$)|"(?:[^"\\$]|\\.|\$(?!\{)|\$\{(?:[^{}"]|"[^"]*")*\})*"|[A-Za-z_][\w.*-]*(?:\[[^\]\n]*\])?(?:\.[\w.*]+)*|-?\d+(?:\.\d+)?|[={}[\](),:?]|./gu;

interface Token {
  readonly text: string;
  readonly heredoc?: string;
}

/** The blocks of a file at its top. Never throws: what is not understood is skipped. */
export function readHcl(text: string): readonly HclBlock[] {
  const tokens: Token[] = [];
  for (const found of text.slice(0, 500_000).matchAll(TOKEN)) {
    if (/^(?:\s|#|\/\/|\/\*)/u.test(found[0])) continue;
    tokens.push(found[2] === undefined ? { text: found[0] } : { text: found[0], heredoc: unindented(found[2]) });
  }
  const reader = new Reader(tokens);
  return reader.blocks();
}

function unindented(text: string): string {
  const lines = text.split('\n');
  const indent = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.search(/\S/u)), 200);
  return `${lines.map((line) => line.slice(indent)).join('\n')}\n`;
}

class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  #peek(): string {
    return this.#tokens[this.#at]?.text ?? '';
  }
  #next(): Token {
    const token = this.#tokens[this.#at] ?? { text: '' };
    this.#at += 1;
    return token;
  }

  blocks(): readonly HclBlock[] {
    const found: HclBlock[] = [];
    while (this.#at < this.#tokens.length) {
      const kind = this.#next().text;
      const labels: string[] = [];
      while (this.#peek().startsWith('"')) labels.push(literal(this.#next().text));
      if (this.#peek() === '{') {
        this.#next();
        found.push({ kind, labels, body: this.#body() });
      }
    }
    return found;
  }

  /** Attributes and inner blocks up to the closing brace; blocks of one name become a list. */
  #body(): HclMap {
    const body: Record<string, Hcl> = {};
    if ((this.#depth += 1) > 20) return body;
    while (this.#at < this.#tokens.length && this.#peek() !== '}') {
      const key = literal(this.#next().text);
      while (this.#peek().startsWith('"')) this.#next();
      if (this.#peek() === '=' || this.#peek() === ':') {
        this.#next();
        define(body, key, this.#value());
      } else if (this.#peek() === '{') {
        this.#next();
        const inner = this.#body();
        const known = body[key];
        define(body, key, Array.isArray(known) ? [...(known as readonly Hcl[]), inner] : [inner]);
      }
      if (this.#peek() === ',') this.#next();
    }
    this.#next();
    this.#depth -= 1;
    return body;
  }

  #value(): Hcl {
    const { text, heredoc } = this.#next();
    if (heredoc !== undefined) return heredoc;
    if (text === '{') return this.#body();
    if (text === '[') {
      const items: Hcl[] = [];
      while (this.#at < this.#tokens.length && this.#peek() !== ']') {
        items.push(this.#value());
        if (this.#peek() === ',') this.#next();
      }
      this.#next();
      return items;
    }
    if (text.startsWith('"')) return text.includes('${') ? { expression: literal(text) } : literal(text);
    if (/^-?\d/u.test(text)) return Number(text);
    if (text === 'true' || text === 'false') return text === 'true';
    if (text === 'null') return null;
    return { expression: `${text}${this.#call()}` };
  }

  /** The arguments of a call and what hangs on it, skipped. */
  #call(): string {
    if (this.#peek() !== '(') return '';
    let depth = 0;
    do {
      const { text } = this.#next();
      if (text === '(') depth += 1;
      else if (text === ')') depth -= 1;
    } while (depth > 0 && this.#at < this.#tokens.length);
    return '(…)';
  }
}

const define = (body: Record<string, Hcl>, key: string, value: Hcl): void => {
  if (key !== '__proto__') body[key] = value;
};

function literal(text: string): string {
  if (!text.startsWith('"')) return text;
  return text
    .slice(1, -1)
    .replace(/\\(.)/gu, (_whole, character: string) => ({ n: '\n', t: '\t', r: '\r' })[character] ?? character);
}
