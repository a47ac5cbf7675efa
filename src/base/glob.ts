/**
 * Whether a pattern fits a whole text: `*` stands for any text, `?` for one character, everything else for itself.
 * Takes time in proportion to both lengths at most, whatever the pattern: patterns come from files and policies that
 * others wrote.
 */
export function fitsPattern(text: string, pattern: string): boolean {
  let [at, from, star, resume] = [0, 0, -1, 0];
  while (at < text.length) {
    const wanted = pattern[from];
    if (wanted === '*') {
      star = from;
      resume = at;
      from += 1;
    } else if (wanted === '?' || (wanted !== undefined && wanted === text[at])) {
      at += 1;
      from += 1;
    } else if (star >= 0) {
      resume += 1;
      at = resume;
      from = star + 1;
    } else return false;
  }
  while (pattern[from] === '*') from += 1;
  return from === pattern.length;
}
