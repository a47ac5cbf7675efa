import { limits } from './limits.ts';

/** Thrown at the first thing that the quick reader does not read. */
export const GIVE_UP = Symbol('not in the subset');
export const giveUp = (): never => {
  throw GIVE_UP;
};

const DOUBLE = /"[^"\\\n]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[^"\\\n]*)*"/uy;
const SINGLE = /'[^'\n]*(?:''[^'\n]*)*'/uy;

/** A place in a text, and the small moves that the quick reader makes from it. */
export class Scanner {
  protected readonly text: string;
  protected at = 0;
  #depth = 0;

  constructor(text: string) {
    this.text = text;
  }

  protected peek(): string {
    return this.text[this.at] ?? '';
  }

  /** Matches a sticky pattern here and moves behind it. */
  protected match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (found === null) return undefined;
    this.at = pattern.lastIndex;
    return found[1] ?? found[0];
  }

  protected spaces(): void {
    while (this.text.charCodeAt(this.at) === 32) this.at += 1;
  }

  protected column(): number {
    return this.at - (this.text.lastIndexOf('\n', this.at - 1) + 1);
  }

  protected atLineStart(): boolean {
    return this.at > 0 && this.text.slice(this.text.lastIndexOf('\n', this.at - 1) + 1, this.at).trim() === '';
  }

  /** From the beginning of a line to the first character of the next line that holds something. */
  protected nextLine(): void {
    for (;;) {
      this.spaces();
      if (this.peek() === '#') this.skipComment();
      if (this.peek() !== '\n') return;
      this.at += 1;
    }
  }

  protected skipComment(): void {
    const end = this.text.indexOf('\n', this.at);
    this.at = end === -1 ? this.text.length : end;
  }

  /** Behind a value: nothing but spaces and a comment may follow; then on to the next line that holds something. */
  protected endOfLine(): void {
    const from = this.at;
    this.spaces();
    if (this.peek() === '#' && this.at > from) this.skipComment();
    if (this.peek() === '') return;
    if (this.peek() !== '\n') giveUp();
    this.at += 1;
    this.nextLine();
  }

  protected deeper<T>(work: () => T): T {
    if ((this.#depth += 1) > limits.depth) giveUp();
    const result = work();
    this.#depth -= 1;
    return result;
  }

  protected quoted(): string {
    const double = this.match(DOUBLE);
    if (double !== undefined) return /\p{Cc}/u.test(double) ? giveUp() : (JSON.parse(double) as string);
    const single = this.match(SINGLE) ?? giveUp();
    return single.includes('\t') ? giveUp() : single.slice(1, -1).replaceAll("''", "'");
  }
}
