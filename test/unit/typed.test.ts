import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { difference } from '../../src/tui/review/state/typed.ts';
import { repaint } from '../../src/tui/terminal/repaint.ts';

describe('what is wrong with a typed text', () => {
  it.each([
    ['', 'nothing was typed: type courses-prod to confirm, Esc leaves it'],
    [
      'courses-dev',
      'they differ at character 9: "d" was typed, "p" is asked for ("courses-dev" is not "courses-prod")',
    ],
    [
      'Courses-prod',
      'they differ at character 1: "C" was typed, "c" is asked for, capital and small letters are not the same ("Courses-prod" is not "courses-prod")',
    ],
    [
      'courses',
      '5 characters missing at the end: they differ at character 8, "-" comes next ("courses" is not "courses-prod")',
    ],
    [
      'courses-prods',
      '1 character too many after the end: they differ at character 13 ("courses-prods" is not "courses-prod")',
    ],
    ['courses-prod ', 'there is a space too many at the end ("courses-prod " is not "courses-prod")'],
    [' courses-prod', 'there is a space too many at the beginning (" courses-prod" is not "courses-prod")'],
    [
      'courses prod',
      'they differ at character 8: a space was typed, "-" is asked for ("courses prod" is not "courses-prod")',
    ],
    [
      'cоurses-prod',
      'they differ at character 2: "о" (U+043E) was typed, "o" is asked for ("cоurses-prod" is not "courses-prod")',
    ],
    [
      'courses\u200b-prod',
      'they differ at character 8: U+200B was typed, "-" is asked for ("courses\u200b-prod" is not "courses-prod")',
    ],
  ])('%j', (typed, expected) => expect(difference(typed, 'courses-prod')).toBe(expected));

  it('names a place for every text that is not the one', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 1 }), (typed, wanted) => {
        fc.pre(typed !== wanted);
        expect(difference(typed, wanted)).toMatch(/character \d+|nothing was typed|space too many/u);
      }),
      { seed: 20260226 },
    );
  });
});

describe('repainting', () => {
  it('writes only lines that differ, and clears what is left over', () => {
    expect(repaint(['a', 'b', 'c'], ['a', 'x', 'c'])).toBe('\u001b[?2026h\u001b[2;1H\u001b[2Kx\u001b[?2026l');
    expect(repaint(['a', 'b', 'c'], ['a'])).toBe('\u001b[?2026h\u001b[2;1H\u001b[J\u001b[?2026l');
    expect(repaint(['a'], ['a'])).toBe('');
    expect(repaint(null, ['a'])).toContain('\u001b[1;1H\u001b[2Ka\u001b[2;1H\u001b[J');
  });
});
