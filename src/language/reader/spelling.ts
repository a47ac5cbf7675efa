const plain = (word: string): string => word.toLowerCase().replace(/[^a-z0-9]/gu, '');

/**
 * The candidate that a misspelt word most likely meant: equal but for case and punctuation, else within a third of its
 * length in insertions, deletions, replacements and swaps, or a beginning of the other. Undefined where none is near.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = plain(word.slice(0, 100));
  if (wanted === '') return undefined;
  let best: string | undefined;
  let least = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const other = plain(candidate);
    if (other === wanted) return candidate;
    if (
      least > 1 &&
      wanted.length >= 3 &&
      other.length >= 3 &&
      (other.startsWith(wanted) || wanted.startsWith(other))
    ) {
      least = 1;
      best = candidate;
      continue;
    }
    if (Math.abs(other.length - wanted.length) >= least) continue;
    const far = distance(wanted, other, least);
    if (far < least) {
      least = far;
      best = candidate;
    }
  }
  return best;
}

/**
 * Up to five candidates that share a word with it or are spelt like it, best first. `InstanceClass` and
 * `DBInstanceClass` share two.
 */
export function nearestFew(word: string, candidates: readonly string[]): readonly string[] {
  const best = nearest(word, candidates);
  const words = partsOf(word);
  const scored = candidates.map((candidate) => ({
    candidate,
    score: candidate === best ? 100 : partsOf(candidate).filter((part) => words.includes(part)).length,
  }));
  return scored
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, 5)
    .map(({ candidate }) => candidate);
}

/** The words of a name, in small letters, those of less than three letters left out. */
const partsOf = (name: string): readonly string[] =>
  name
    .slice(0, 200)
    .split(/[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/u)
    .map((part) => part.toLowerCase())
    .filter((part) => part.length > 2);

/** Optimal string alignment distance; gives up with `least` once it cannot be smaller. */
function distance(a: string, b: string, least: number): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    let lowest = i;
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1);
      next.push(cost);
      lowest = Math.min(lowest, cost);
    }
    if (lowest >= least) return least;
    before = row;
    row = next;
  }
  return row[b.length]!;
}
