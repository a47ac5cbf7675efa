import type { Finding } from '../../domain/finding.ts';
import type { Position } from '../../domain/change-plan.ts';
import { isUnsafe, sanitise } from '../../base/sanitise.ts';
import { limits } from './limits.ts';
import { nearest, nearestFew } from './spelling.ts';

/** Turns offsets into 1-based lines and columns (columns in UTF-16 code units). */
export class Places {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  at(offset: number): Position {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - this.#starts[low]! + 1 };
  }
}

/** Collects every finding of a file. `about(address)` gives a view that names the step. */
export class Problems {
  readonly #found: Finding[];
  readonly #state: { errors: number; total: number; compared: number; readonly unsafe: Set<number> };
  readonly #step: string | null;
  readonly places: Places;

  constructor(places: Places, parent?: Problems, step: string | null = null) {
    this.places = places;
    this.#found = parent === undefined ? [] : parent.#found;
    this.#state = parent === undefined ? { errors: 0, total: 0, compared: 0, unsafe: new Set() } : parent.#state;
    this.#step = step;
  }

  about(step: string): Problems {
    return new Problems(this.places, this, step);
  }

  get failed(): boolean {
    return this.#state.errors > 0;
  }

  /** In the order of the file. */
  get findings(): readonly Finding[] {
    const sorted = this.#found
      .map((finding, index) => ({ finding, index }))
      .sort(
        (a, b) =>
          (a.finding.line ?? 0) - (b.finding.line ?? 0) ||
          (a.finding.column ?? 0) - (b.finding.column ?? 0) ||
          a.index - b.index,
      )
      .map(({ finding }) => finding);
    const more = this.#state.total - sorted.length;
    return more === 0
      ? sorted
      : [
          ...sorted,
          {
            code: 'too-many-findings',
            severity: 'error',
            step: null,
            message: `${more} more findings are not listed`,
            line: null,
            column: null,
            help: 'repair these first',
          },
        ];
  }

  error(code: string, at: number | null, message: string, help?: string): void {
    this.#add('error', code, at, message, help);
  }

  warning(code: string, at: number | null, message: string, help?: string): void {
    this.#add('warning', code, at, message, help);
  }

  info(code: string, at: number | null, message: string, help?: string): void {
    this.#add('info', code, at, message, help);
  }

  /** A character that would not show or that acts on a screen; once for each line. */
  unsafe(at: number, text: string): void {
    const { line } = this.places.at(at);
    if (this.#state.unsafe.has(line)) return;
    this.#state.unsafe.add(line);
    const character = [...text].find(isUnsafe) ?? '';
    this.error(
      'unsafe-character',
      at,
      `the character ${quote(character)} is invisible or controls the screen`,
      'delete it',
    );
  }

  /**
   * `; did you mean "…"?` or nothing. Stops looking after many comparisons: a file full of misspellings is not a slip.
   */
  meant(word: string, candidates: Iterable<string>): string {
    const all = [...candidates];
    if ((this.#state.compared += all.length) > 200_000) return '';
    const best = nearest(word, all);
    return best === undefined ? '' : `; did you mean ${quote(best)}?`;
  }

  /** The candidates that come nearest, best first, at most five; none where nothing is near. */
  near(word: string, candidates: readonly string[]): readonly string[] {
    if ((this.#state.compared += candidates.length) > 200_000) return [];
    return nearestFew(word, candidates);
  }

  #add(severity: Finding['severity'], code: string, at: number | null, message: string, help?: string): void {
    this.#state.total += 1;
    if (severity === 'error') this.#state.errors += 1;
    if (this.#found.length >= limits.findings) return;
    const place = at === null ? null : this.places.at(at);
    this.#found.push({
      code,
      severity,
      step: this.#step,
      message,
      line: place?.line ?? null,
      column: place?.column ?? null,
      ...(help === undefined ? {} : { help }),
    });
  }
}

/** Untrusted text for a message: sanitised, cut at 60 characters, in double quotes. */
export function quote(text: string | number | boolean | null): string {
  const points = [...(typeof text === 'string' ? text.slice(0, 200) : String(text))];
  const short =
    points.length > 60 || (typeof text === 'string' && text.length > 200)
      ? `${points.slice(0, 59).join('')}…`
      : points.join('');
  return `"${sanitise(short)}"`;
}

/** `a`, `b` or `c`: all of them up to `most`, then how many more. */
export function list(words: Iterable<string | number>, most = 40): string {
  const all = [...words].map(String);
  return all.length <= most ? all.join(', ') : `${all.slice(0, most).join(', ')} and ${all.length - most} more`;
}
