import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import type { Node } from '../../src/language/reader/node.ts';
import { readTree } from '../../src/language/reader/read.ts';

const seed = Number(process.env['AIPLAN_SEED'] ?? 20_260_226);
console.info(`AIPLAN_SEED=${seed}`);
const options = { seed, numRuns: Number(process.env['AIPLAN_RUNS'] ?? 800) };

/** The value of a tree, as JSON has it. */
const valueOf = (node: Node | undefined): unknown => {
  if (node?.kind === 'map')
    return Object.fromEntries(node.entries.map(({ key, node: value }) => [key, valueOf(value)]));
  if (node?.kind === 'list') return node.items.map(valueOf);
  return node?.kind === 'scalar' ? node.value : undefined;
};
const isPlain = (value: unknown): boolean =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).every(([key, item]) => !/^[$]|^(?:<<|__proto__)$/u.test(key) && isPlain(item))
    : true;

const scalarText = fc.oneof(
  fc.constantFrom(
    'a',
    'b c',
    'true',
    'null',
    '~',
    '0',
    '-1',
    '1.50',
    '0x1F',
    '1e3',
    '012345678901',
    'i-0ab',
    '0.0.0.0/0',
    'x: y',
    'x # y',
    'a:b',
    '- a',
    '!Ref X',
    '!Any',
    '*x',
    '&x y',
    '"q"',
    "'it''s'",
    "it's",
    '|',
    '>',
    '[',
    '{a}',
    '@',
    '`',
    '%a',
    '',
    'é ü',
    'a\\b',
    '"\\u00e9\\n"',
    '<<',
    '?',
    '? a',
    ':',
    '::',
    'a\u00a0',
    'a\u2003b',
    'a\u0085b',
    "a'b",
    'a"b',
    'a`b',
  ),
  fc.string({ maxLength: 6 }),
);
const flow: fc.Arbitrary<string> = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    scalarText,
    fc.array(tie('node'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
    fc
      .array(fc.tuple(fc.constantFrom('a', 'Ref', '"k"', "'q'", 'A::B', 'b c'), tie('node')), { maxLength: 3 })
      .map((items) => `{ ${items.map(([key, value]) => `${key}: ${value}`).join(', ')} }`),
  ),
})).node;
/** Mostly well-formed block YAML, and then a character or two changed. */
const block: fc.Arbitrary<string> = fc.letrec<{ map: string; list: string; value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(
      ' plain',
      ' two words',
      ' 12',
      ' "q"',
      ' db.m7g.large',
      ' { a: 1, b: [x, y] }',
      ' [ 10.0.0.0/8, "::/0" ]',
    ),
    fc.constantFrom(
      ' true # c',
      ' !Ref X',
      ' é—ü',
      " { a: { b: !Ref Y }, c: 'd' }",
      ' {a: b,\n    c: d}',
      ' [\n    a,\n    b ]',
    ),
    scalarText.map((text) => ` ${text}`),
    flow.map((text) => ` ${text}`),
    fc.constantFrom(
      '',
      ' # c',
      ' |\n  a\n   b: c\n\n',
      ' |-\n  a',
      ' >\n  a\n  b',
      ' !Ref X',
      ' !GetAtt [X, y]',
      ' "a\n  b"',
      ' a\n  b',
    ),
    tie('map').map((text) => `\n${text.replace(/^/gmu, '  ')}`),
    tie('list').map((text) => `\n${text.replace(/^/gmu, '  ')}`),
    tie('list').map((text) => `\n${text}`),
  ),
  map: fc
    .array(
      fc.tuple(
        fc.constantFrom('a', 'b', 'Key', '"q r"', "'s'", 'A::B', 'b c', 'true', '12'),
        tie('value'),
        fc.constantFrom('', '', ' ', ' # c', '\n', '\n# c'),
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map((entries) => entries.map(([key, value, tail]) => `${key}:${value}${tail}`).join('\n')),
  list: fc
    .array(
      fc.oneof(
        tie('value').map((value) => `-${value}`),
        tie('map').map((text) => `- ${text.replace(/\n/gu, '\n  ')}`),
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map((items) => items.join('\n')),
})).map;
const edited = fc
  .tuple(
    block,
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.nat(1),
        fc.constantFrom(
          '',
          ' ',
          '\n',
          ':',
          ': ',
          '-',
          '#',
          ' #',
          '"',
          "'",
          '[',
          ']',
          '{',
          '}',
          ',',
          '!',
          '|',
          '>',
          '&',
          '*',
          'a',
          '\t',
          '\\',
        ),
      ),
      { maxLength: 2 },
    ),
    fc.constantFrom('', '\n', '\n\n', ' '),
  )
  .map(
    ([text, edits, end]) =>
      edits.reduce((result, [where, cut, put]) => {
        const at = where % (result.length + 1);
        return result.slice(0, at) + put + result.slice(at + cut);
      }, text) + end,
  );
const line = fc
  .tuple(
    fc.constantFrom(0, 0, 0, 2, 2, 4, 4, 6, 1, 3),
    fc.constantFrom(
      'a: ',
      'b: ',
      'key:',
      '- ',
      '- a: ',
      '"q": ',
      '',
      '# ',
      'a:',
      '-',
      '---',
      '- - ',
      'x: |',
      'y: |-',
      'z: >',
      '\t',
    ),
    fc.oneof(scalarText, flow, fc.constant('')),
    fc.constantFrom('', '', '', ' ', ' # c', '#c'),
  )
  .map(([indent, head, value, tail]) => `${' '.repeat(indent)}${head}${value}${tail}`);
const json = fc.jsonValue({ maxDepth: 4 });

describe('the reader', () => {
  it('reads JSON as JSON.parse reads it, written in any way', () => {
    let answered = 0;
    fc.assert(
      fc.property(json, fc.constantFrom(0, 1, 2, '\t'), (value, space) => {
        const text = JSON.stringify({ a: value }, null, space);
        const { tree, problems } = readTree(text);
        if (problems.failed) return;
        answered += 1;
        expect(valueOf(tree)).toEqual(JSON.parse(text));
      }),
      options,
    );
    expect(answered).toBeGreaterThan(options.numRuns / 2);
  });

  it('reads YAML as the library reads it, and places each value where it stands', () => {
    let answered = 0;
    fc.assert(
      fc.property(json.filter(isPlain), fc.boolean(), (value, flowing) => {
        const text = stringify(
          { key: value, other: [value] },
          { collectionStyle: flowing ? 'flow' : 'any', aliasDuplicateObjects: false },
        );
        const { tree, problems } = readTree(text);
        if (problems.failed) return;
        answered += 1;
        expect(valueOf(tree)).toEqual(parse(text, { schema: 'core' }));
        const other = tree?.kind === 'map' ? tree.entries.find(({ key }) => key === 'other') : undefined;
        expect(text.slice(other?.at).startsWith('other:')).toBe(true);
      }),
      options,
    );
    expect(answered).toBeGreaterThan(options.numRuns / 4);
  });

  it('reads text that looks like YAML as the library reads it, or refuses it', () => {
    let answered = 0;
    fc.assert(
      fc.property(
        fc.oneof(
          edited,
          fc.array(line, { maxLength: 8 }).map((lines) => lines.join('\n')),
        ),
        (text) => {
          const { tree, problems } = readTree(text);
          if (problems.failed || text.includes('!')) return;
          answered += 1;
          expect([text, valueOf(tree)]).toEqual([text, parse(text, { schema: 'core' })]);
        },
      ),
      options,
    );
    expect(answered).toBeGreaterThan(options.numRuns / 40);
  });

  it('never throws on any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 60 }),
          fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('utf8')),
          fc.array(line, { maxLength: 8 }).map((lines) => lines.join('\n')),
        ),
        (text) => {
          const { tree, problems } = readTree(text);
          expect(tree !== undefined || problems.failed).toBe(true);
        },
      ),
      options,
    );
  });
});
