import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  isOpen,
  newKeyReader,
  readKeys,
  flushPendingKeys,
  type Key,
  type KeyReader,
} from '../../src/tui/terminal/keys.ts';

const seed = Number(process.env['AIPLAN_SEED'] ?? 20260226);

/** Keys of several reads, and what a silence after them makes of the rest. */
function keysOf(...reads: readonly (string | Uint8Array)[]): readonly Key[] {
  let reader: KeyReader = newKeyReader;
  const keys: Key[] = [];
  for (const chunk of reads) {
    const read = readKeys(reader, typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
    reader = read.reader;
    keys.push(...read.keys);
  }
  return [...keys, ...flushPendingKeys(reader).keys];
}
const names = (...reads: readonly (string | Uint8Array)[]): string =>
  keysOf(...reads)
    .map((key) => (key.kind === 'character' ? key.character : key.kind) + ('together' in key ? '*' : ''))
    .join(' ');

describe('keys from the bytes of a terminal', () => {
  it.each([
    ['\u001b[A', 'up'],
    ['\u001bOA', 'up'],
    ['\u001b[B', 'down'],
    ['\u001bOB', 'down'],
    ['\u001b[C', 'right'],
    ['\u001bOC', 'right'],
    ['\u001b[D', 'left'],
    ['\u001bOD', 'left'],
    ['\u001b[5~', 'page-up'],
    ['\u001b[6~', 'page-down'],
    ['\u001b[H', 'home'],
    ['\u001bOH', 'home'],
    ['\u001b[1~', 'home'],
    ['\u001b[7~', 'home'],
    ['\u001b[F', 'end'],
    ['\u001bOF', 'end'],
    ['\u001b[4~', 'end'],
    ['\u001b[8~', 'end'],
    ['\t', 'tab'],
    ['\u001b[Z', 'back-tab'],
    ['\r', 'enter'],
    ['\n', 'enter'],
    ['\u001bOM', 'enter'],
    ['\u007f', 'backspace'],
    ['\u0008', 'backspace'],
    ['\u001b', 'escape'],
    ['\u0003', 'interrupt'],
    ['\u001a', 'suspend'],
    ['\u000c', 'redraw'],
    ['\u0006', 'page-down'],
    ['\u0002', 'page-up'],
    ['\u0004', 'page-down'],
    ['\u0015', 'page-up'],
    ['x', 'x'],
    ['é', 'é'],
    ['漢', '漢'],
    ['👍🏽', '👍🏽'],
    ['e\u0301', 'e\u0301'],
  ])('reads %j as %s', (bytes, expected) => expect(names(bytes)).toBe(expected));

  it.each([
    ['Alt and a letter', '\u001bx'],
    ['Alt and an arrow', '\u001b[1;3A'],
    ['Alt and an arrow of rxvt', '\u001b\u001b[A'],
    ['Control and an arrow', '\u001b[1;5C'],
    ['function keys', '\u001bOP\u001b[15~\u001b[[A'],
    ['delete and insert', '\u001b[3~\u001b[2~'],
    ['focus', '\u001b[I\u001b[O'],
    ['a cursor report', '\u001b[12;40R'],
    ['a device report', '\u001b[?62;22c'],
    ['a colour report', '\u001b]11;rgb:ffff/ffff/ffff\u0007'],
    ['a string report', '\u001bP1+r\u001b\\'],
    ['other controls', '\u0000\u0001\u0005\u0007\u000e\u001c'],
  ])('ignores %s', (_name, bytes) => expect(names(bytes)).toBe(''));

  it('reads a burst of arrows one by one: a held key on a slow line', () => {
    expect(names('\u001b[B\u001b[B\u001bOB\u001b[A')).toBe('down down down up');
    expect(names('jjjj')).toBe('j* j* j* j*');
  });

  it('marks characters and Enter that came together; one alone is not', () => {
    expect(names('a', 'b')).toBe('a b');
    expect(names('ab')).toBe('a* b*');
    expect(names('b\r')).toBe('b* enter*');
    expect(names('\u001b[Aa')).toBe('up a');
    expect(names('a\u007f')).toBe('a backspace');
    expect(names('\r\r')).toBe('enter* enter*');
  });

  it('marks what comes right after a paste as a part of it', () => {
    expect(readKeys(newKeyReader, Buffer.from('y'), true).keys).toEqual([
      { kind: 'character', character: 'y', together: true },
    ]);
    expect(names('\u001b[200~text\u001b[201~y')).toBe('paste y*');
  });

  it('takes a marked paste for one event, whatever is in it and however it is cut', () => {
    const paste = '\u001b[200~courses-prod\r\u001b[A\u0003\u001a y\u001b[201~';
    expect(names(paste)).toBe('paste');
    for (let at = 1; at < paste.length; at += 1) expect(names(paste.slice(0, at), paste.slice(at))).toBe('paste');
    expect(names(paste, 'q')).toBe('paste q');
  });

  it('ends a paste whose end never comes after a silence', () => {
    const { reader } = readKeys(newKeyReader, Buffer.from('\u001b[200~never'));
    expect(isOpen(reader)).toBe(true);
    expect(flushPendingKeys(reader)).toEqual({ reader: newKeyReader, keys: [] });
  });

  it('waits for the rest of a sequence or a character, and gives up on one that has no end', () => {
    expect(names('\u001b', '[A')).toBe('up');
    expect(names('\u001b[', 'A')).toBe('up');
    expect(names('\u001b', 'O', 'H')).toBe('home');
    expect(names('\u001b[1', ';5', 'C', 'x')).toBe('x');
    const bytes = Buffer.from('漢');
    expect(names(bytes.subarray(0, 1), bytes.subarray(1, 2), bytes.subarray(2))).toBe('漢');
    expect(names(Buffer.from([0xff]), 'a')).toBe('\ufffd a');
    expect(names(`\u001b]${'x'.repeat(1_000)}`, 'a')).toContain('a');
  });

  it('tells two presses of Escape, and Escape before another key, from a combination', () => {
    expect(names('\u001b\u001b')).toBe('escape escape');
    expect(names('\u001b', '\r')).toBe('escape enter');
    expect(names('\u001b\u0003')).toBe('escape interrupt');
  });

  it('reads the same keys however the bytes are cut', () => {
    const part = fc.constantFrom(
      'j',
      'é',
      '漢',
      '\r',
      '\t',
      '\u007f',
      '\u0003',
      '\u001b[A',
      '\u001bOB',
      '\u001b[5~',
      '\u001b[Z',
      '\u001b[1;3C',
      '\u001b[200~a\rb\u001b[201~',
      '\u001b]0;t\u0007',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.array(fc.nat(80), { maxLength: 6 }), (parts, cuts) => {
        const bytes = Buffer.from(parts.join(''));
        const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
        const reads = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
        const plain = (text: string): string => text.replaceAll('*', '');
        expect(plain(names(...reads))).toBe(plain(names(bytes)));
      }),
      { seed, numRuns: 500 },
    );
  });

  it('never throws, and answers no control character, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 6 }), (reads) => {
        for (const key of keysOf(...reads))
          if (key.kind === 'character') expect(key.character).not.toMatch(/^[\u0000-\u001f\u007f]$/u);
      }),
      { seed, numRuns: 500 },
    );
  });
});
