import { sanitise } from '../../../base/sanitise.ts';

/** Why a typed text is not the one that is asked for, in words; what matters stands first. Characters count from 1. */
export function difference(typed: string, wanted: string): string {
  if (typed === '') return `nothing was typed: type ${wanted} to confirm, Esc leaves it`;
  const pair = `("${typed}" is not "${wanted}")`;
  const [given, asked] = [[...typed], [...wanted]];
  if (typed.trim() === wanted)
    return `there is a space too many ${typed.trimStart() === typed ? 'at the end' : 'at the beginning'} ${pair}`;
  const at = asked.findIndex((character, index) => given[index] !== character);
  if (at === -1)
    return `${counted(given.length - asked.length)} too many after the end: they differ at character ${asked.length + 1} ${pair}`;
  if (at === given.length)
    return `${counted(asked.length - at)} missing at the end: they differ at character ${at + 1}, ${named(asked[at])} comes next ${pair}`;
  const capitals =
    given[at]?.toLowerCase() === asked[at]?.toLowerCase() ? ', capital and small letters are not the same' : '';
  return `they differ at character ${at + 1}: ${named(given[at])} was typed, ${named(asked[at])} is asked for${capitals} ${pair}`;
}

const counted = (count: number): string => `${count} character${count === 1 ? '' : 's'}`;

/** A character that can be told from its look-alikes. */
function named(character: string | undefined): string {
  if (character === undefined) return 'nothing';
  if (character === ' ') return 'a space';
  const code = character.codePointAt(0) ?? 0;
  const number = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  return sanitise(character) !== character ? number : code > 0x7e ? `"${character}" (${number})` : `"${character}"`;
}

export const pasteRefused = 'pasted text does not count: type it, so that it is you who says it';
/** So many characters at once, in a row, are a paste. */
export const manyTogether = 2;
/** An Enter that belongs to a paste, or comes so soon after it that it may: the screen must show that it was heard. */
export const pasteEntered = `nothing was typed: ${pasteRefused}`;
export const togetherRefused = 'two characters came at once: type them one by one';
/** Longer texts are typed by nobody. */
export const longestTyped = 2_000;
