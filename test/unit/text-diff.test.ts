import { describe, expect, it } from '@jest/globals';
import { noKnowledge } from '../../src/domain/property-hints.ts';
import type { Viewing } from '../../src/views/diff/diff-view.ts';
import { plainText, type Row } from '../../src/views/base/rows.ts';
import { isText, textDiff } from '../../src/views/diff/text-diff.ts';

const viewing: Viewing = { whole: false, about: (path) => noKnowledge('', path) };
const lines = (before: string, after: string, over: Partial<Viewing> = {}): readonly string[] =>
  textDiff(before, after, { ...viewing, ...over }).below.map(plainText);
const tones = (rows: readonly Row[]): readonly string[] =>
  rows.flatMap(({ spans }) => spans.map(({ text, tone }) => `${tone}: ${text}`));
const numbered = (count: number, from = 1): string =>
  Array.from({ length: count }, (_, index) => `line ${index + from}\n`).join('');

describe('two texts of one line', () => {
  it('are compared word by word, with brackets that need no colour', () => {
    expect(lines('The web server of the course platform', 'The web server of the courses')).toEqual([
      'The web server of the [-course platform-]{+courses+}',
    ]);
    expect(tones(textDiff('keep this word', 'keep that word', viewing).below)).toEqual([
      'plain: keep ',
      'removed-word: [-this-]',
      'added-word: {+that+}',
      'plain:  word',
    ]);
  });
  it('leave out long stretches that do not change', () => {
    const [line = ''] = lines(`${'word '.repeat(100)}old`, `${'word '.repeat(100)}new`);
    expect(line).toMatch(/^ … .*word \[-old-\]\{\+new\+\}$/u);
    expect(line.length).toBeLessThan(70);
  });
  it('stand one below the other where little is common', () => {
    expect(lines('nothing of this is left over', 'every single thing became new')).toEqual([
      '- nothing of this is left over',
      '+ every single thing became new',
    ]);
  });
  it('show where they differ, however far behind', () => {
    const shown = lines(`${'x'.repeat(5_000)} a b`, `${'x'.repeat(5_000)} a c`).join('\n');
    expect(shown).toContain('b');
    expect(shown).toContain('c');
    expect(shown.length).toBeLessThan(600);
  });
  it('show white space and hidden characters that changed', () => {
    expect(lines('one two three', 'one  two three').join('')).toBe('one[- -]{+  +}two three');
    expect(lines('stay here tonight', 'stay\u200b here tonight').join('')).toContain('\\u{200b}');
  });
});

describe('two texts of several lines', () => {
  it('are compared line by line, with the lines around a change and the rest counted', () => {
    expect(lines(numbered(20), numbered(20).replace('line 10\n', 'line ten\n'))).toEqual([
      '… 6 unchanged lines',
      '  line 7',
      '  line 8',
      '  line 9',
      '- line 10',
      '+ line ten',
      '  line 11',
      '  line 12',
      '  line 13',
      '… 7 unchanged lines',
    ]);
  });
  it("mark the words that differ in lines that took each other's place", () => {
    expect(tones(textDiff('a\nproxy to port 8080\n', 'a\nproxy to port 9090\n', viewing).below).slice(1)).toEqual([
      'removed: - ',
      'removed: proxy to port ',
      'removed-word: 8080',
      'added: + ',
      'added: proxy to port ',
      'added-word: 9090',
    ]);
  });
  it('say in words what nobody sees', () => {
    expect(lines('a\nb', 'a\nb\n')).toEqual([
      '  a',
      '- b (without a line break at its end)',
      '+ b (with a line break at its end)',
    ]);
    expect(lines('a\nb\n', 'a\nb  \n')).toEqual([
      '  a',
      '- b (no white space at its end)',
      '+ b   (2 characters of white space at its end)',
    ]);
    expect(lines('a\n\tb\n', 'a\n  b\n').join('\n')).toContain('\\u{9}');
  });
  it('count what they add and remove, and never hide one side behind the other', () => {
    expect(textDiff('a\nb\n', 'a\nc\nd\n', viewing).headline.map(({ text }) => text)).toEqual([
      '2 lines added, 1 line removed',
    ]);
    const rows = lines(numbered(900), numbered(900, 5_000));
    expect(rows.length).toBeLessThanOrEqual(60);
    expect(rows.filter((line) => line.startsWith('- ')).length).toBeGreaterThan(20);
    expect(rows.filter((line) => line.startsWith('+ ')).length).toBeGreaterThan(20);
  });
  it('are shown whole where something is lost or opened', () => {
    expect(lines(numbered(300), numbered(300, 5_000), { whole: true })).toHaveLength(600);
  });
});

it('takes an ARN for one word, and prose for words', () => {
  expect(
    isText(
      'arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab',
      'arn:aws:kms:eu-west-1:123456789012:key/0987dcba-09fe-87dc-65ba-ab0987654321',
      false,
    ),
  ).toBe(false);
  expect(isText('the old words', 'the new words', true)).toBe(true);
  expect(isText('the old words', 'the new words', false)).toBe(false);
});
