import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A text that must never be written down, and every spelling in which it would be the same secret. */
export interface Canary {
  readonly name: string;
  readonly text: string;
  readonly spellings: readonly (readonly [string, string])[];
}

/** A random text of `count` characters from a seed: the same seed gives the same text. */
export function randomFrom(seed: number): (characters: string, count: number) => string {
  let state = seed >>> 0;
  // xorshift32 (Marsaglia, "Xorshift RNGs").
  const next = (): number => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
  return (characters, count) =>
    Array.from({ length: count }, () => characters[next() % characters.length] ?? '').join('');
}

/** The middle of a text's base64 wherever the text begins: the edges depend on what stands beside it. */
const base64Cores = (text: string): readonly string[] =>
  [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), Buffer.from(text, 'utf8')])
      .toString('base64')
      .replace(/=+$/u, '');
    return encoded.slice(before === 0 ? 0 : before + 1, -2);
  });

export function canary(name: string, text: string): Canary {
  const json = JSON.stringify(text).slice(1, -1);
  const spellings: (readonly [string, string])[] = [
    ['raw', text],
    ['JSON', json],
    ['JSON in JSON', JSON.stringify(json).slice(1, -1)],
    ['URL', encodeURIComponent(text)],
    ['form', new URLSearchParams({ x: text }).toString().slice(2)],
    ['hex', Buffer.from(text, 'utf8').toString('hex')],
    ...base64Cores(text).map((core) => ['base64', core] as const),
  ];
  return { name, text, spellings };
}

/** Where a canary sings in a text: `place: name (spelling)`, each once. */
export function heard(canaries: readonly Canary[], place: string, text: string): readonly string[] {
  return canaries.flatMap(({ name, spellings }) =>
    spellings
      .filter(([, spelling]) => text.includes(spelling))
      .slice(0, 1)
      .map(([how]) => `${place}: ${name} (${how})`),
  );
}

/** Every file below a folder, with its text. */
export const filesBelow = (folder: string): readonly { readonly path: string; readonly text: string }[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, text: readFileSync(path, 'utf8') }));
