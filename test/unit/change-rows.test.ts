import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { noKnowledge, type Knowledge } from '../../src/domain/property-hints.ts';
import { isUnsafe } from '../../src/base/sanitise.ts';
import type { Json } from '../../src/base/json.ts';
import type { Step } from '../../src/domain/plan.ts';
import { changeLinesOf } from '../../src/views/step/change-rows.ts';
import { mostRows } from '../../src/views/diff/diff-view.ts';
import { sequenceDiff, setDiff } from '../../src/views/diff/list-diff.ts';
import { plainText } from '../../src/views/base/rows.ts';
import type { AttributeChange } from '../../src/domain/attribute-change.ts';

const seed = Number(process.env['AIPLAN_SEED'] ?? 20260226);
const numRuns = Number(process.env['AIPLAN_RUNS'] ?? 200);
const sets: Knowledge = (type, path) => ({ ...noKnowledge(type, path), set: true });
const lines = (
  changes: readonly Partial<AttributeChange>[],
  { action = 'update', knowledge = noKnowledge }: { action?: Step['action']; knowledge?: Knowledge } = {},
): readonly string[] =>
  changeLinesOf(
    {
      type: 'T',
      action,
      changes: changes.map((change) => ({ path: 'P', before: null, after: null, effect: 'in-place', ...change })),
    },
    knowledge,
  ).map(({ row }) => plainText(row));

describe('a change', () => {
  it('of a scalar is old → new, with its unit; what comes and goes says so', () => {
    expect(
      lines([
        { path: 'AllocatedStorage', before: '100', after: '200' },
        { path: 'Tags.a', after: 'x' },
        { path: 'Tags.b', before: 'y' },
        { path: 'VolumeType', before: 'gp2', after: 'gp3', effect: 'restart' },
      ]),
    ).toEqual([
      '  ~ AllocatedStorage: 100 GiB → 200 GiB',
      '  + Tags.a: x (added)',
      '  - Tags.b: y (removed)',
      '  ~ VolumeType: gp2 → gp3 (restart)',
    ]);
  });
  it('of a create needs no word for what is new anyway', () => {
    expect(lines([{ path: 'BucketName', after: 'site' }], { action: 'create' })).toEqual(['  + BucketName: site']);
  });
  it('of a secret says that it is set or changes, and from where, never more', () => {
    expect(
      lines([
        { before: { $masked: 'unknown' }, after: { $masked: 'changed', source: 'env AIPLAN_SECRET_X' } },
        { before: { $masked: 'set', digest: 'sha256:0a' }, after: { $masked: 'set', digest: 'sha256:0b' } },
        { before: { $masked: 'set' } },
      ]),
    ).toEqual([
      '  ~ P: (sensitive: changed, from env AIPLAN_SECRET_X)',
      '  ~ P: (sensitive: changed)',
      '  - P: (sensitive: set) (removed)',
    ]);
  });
  it('to what another step makes says after which', () => {
    expect(lines([{ before: 'sg-1', after: { $unknown: 'WebGroup.GroupId' } }])).toEqual([
      '  ~ P: sg-1 → (known after WebGroup.GroupId)',
    ]);
  });
  it('of a set shows what came and went, and of a sequence what moved', () => {
    expect(lines([{ before: ['a', 'b', 'c'], after: ['c', 'a', 'd'] }], { knowledge: sets })).toEqual([
      '  ~ P: 1 removed, 1 added, 2 unchanged',
      '      - b (removed)',
      '      + d (added)',
    ]);
    expect(lines([{ before: ['a', 'b', 'c', 'd'], after: ['d', 'a', 'b', 'c'] }])).toEqual([
      '  ~ P: 1 moved, 3 unchanged',
      '      ~ [4] → [1] d (moved)',
    ]);
    expect(lines([{ before: ['a', 'b'], after: ['b', 'a'] }], { knowledge: sets })).toEqual([
      '  ~ P: 2 unchanged; only the order differs',
    ]);
  });
  it('of an object shows only what differs, and counts the rest', () => {
    expect(
      lines([
        {
          path: 'Redirect',
          before: [{ HostName: 'a', Protocol: 'https', Rule: { Days: 1 } }],
          after: [{ HostName: 'b', Protocol: 'https', Rule: { Days: 2 } }],
        },
      ]),
    ).toEqual([
      '  ~ Redirect: 1 changed',
      '      ~ [1]: 2 fields differ, 1 unchanged',
      '        ~ HostName: a → b',
      '        ~ Rule: 1 field differs',
      '          ~ Days: 1 day → 2 days',
    ]);
  });
  it('of elements of one list stands under its name, once', () => {
    const found = lines([
      { path: 'Rules[a]', after: 'a' },
      { path: 'Rules[b c].Status', before: 'Enabled', after: 'Disabled' },
      { path: 'Rules[z]', before: { Id: 'z' } },
    ]);
    expect(found).toEqual([
      '  ~ Rules: 1 removed, 1 added, 1 changed; what is not named stays as it is',
      '    + a (added)',
      '    ~ [b c].Status: Enabled → Disabled',
      '    - [z]: { Id: z } (removed)',
    ]);
    expect(
      lines([
        { path: 'Tags.a[1]', after: 'x' },
        { path: 'Tags.a[2]', after: 'y' },
      ]),
    ).toEqual(['  + Tags.a[1]: x (added)', '  + Tags.a[2]: y (added)']);
  });
  it('that loses or opens something is never cut; any other is, and says how long it is', () => {
    const long = `${'a'.repeat(9_999)}!`;
    expect(lines([{ after: long }])[0]).toMatch(/^ {2}\+ P: a{400}… \(10000 characters\) \(added\)$/u);
    for (const effect of ['grant', 'destructive'] as const) expect(lines([{ after: long, effect }])[0]).toContain('a!');
    const many = Array.from({ length: 500 }, (_, index) => ({ name: `element ${index}`, note: 'n'.repeat(80) }));
    expect(lines([{ after: many }]).at(-1)).toMatch(/more lines; the plan file has them whole$/u);
    expect(lines([{ after: many, effect: 'grant' }]).join('\n')).toContain('element 499');
  });
  it('deep inside of two long values is seen', () => {
    const found = lines([{ before: `${'a'.repeat(5_000)}old`, after: `${'a'.repeat(5_000)}new` }]).join('\n');
    expect(found).toMatch(/P: \(4980 characters as before\) …a{20}old → \(4980 characters as before\) …a{20}new$/u);
  });
  it('of user data shows all of what the author wrote', () => {
    const authored = Array.from({ length: 500 }, (_, index) => `run ${index}`).join('\n');
    expect(
      lines([{ before: { $masked: 'set' }, after: { $masked: 'set' }, authored }]).filter((line) =>
        line.startsWith('      | '),
      ),
    ).toHaveLength(500);
  });
});

describe('rows know their change', () => {
  it('so that a screen can select a property', () => {
    const step = {
      type: 'T',
      action: 'update',
      changes: [
        { path: 'L[a]', before: null, after: 'a', effect: 'grant', notes: ['opens a'] },
        { path: 'L[b]', before: null, after: 'b', effect: 'in-place' },
        { path: 'Z', before: 1, after: 2, effect: 'in-place' },
      ],
    } as const;
    expect(changeLinesOf(step, noKnowledge).map(({ change }) => change)).toEqual([null, 0, 0, 1, 2]);
  });
});

const anyJson = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 4 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 700 }) },
  { weight: 1, arbitrary: fc.array(fc.constantFrom('a', 'b', 'c\n', 'd e'), { maxLength: 90 }) },
  {
    weight: 1,
    arbitrary: fc
      .array(fc.constantFrom('a b\n', 'c d\n', '\tx\r\n', ''), { maxLength: 90 })
      .map((parts) => parts.join('')),
  },
  { weight: 1, arbitrary: fc.record({ Statement: fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 90 }) }) },
) as fc.Arbitrary<Json>;
const anyPath = fc.oneof(
  fc.constantFrom('P', 'L[a].B', 'Tags.x', 'Size', '__proto__', '[', 'a[', 'L[]]'),
  fc.string({ maxLength: 30 }),
);

it('nothing that stands in a change breaks its rows: they are safe, bounded, and belong to a change', () => {
  fc.assert(
    fc.property(anyJson, anyJson, anyPath, fc.boolean(), (before, after, path, set) => {
      const effect = 'in-place';
      const found = changeLinesOf(
        { type: 'T', action: 'update', changes: [{ path, before, after, effect }] },
        set ? sets : noKnowledge,
      );
      expect(found.length).toBeGreaterThan(0);
      expect(found.length).toBeLessThanOrEqual(mostRows + 1);
      // An unsafe character takes up to ten when it is made visible; a line may hold both sides.
      const wrong = found.filter(
        ({ row, change }) => change !== 0 || plainText(row).length > 11_000 || isUnsafe(plainText(row)),
      );
      expect(wrong).toEqual([]);
    }),
    { seed, numRuns },
  );
});

it('every element of both lists is named or counted', () => {
  const list = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 12 });
  fc.assert(
    fc.property(list, list, fc.boolean(), (before, after, ordered) => {
      const { edits, stay } = ordered ? sequenceDiff(before, after) : setDiff(before, after);
      const count = (...kinds: readonly string[]): number => edits.filter(({ kind }) => kinds.includes(kind)).length;
      expect(count('removed', 'changed', 'moved') + stay).toBe(before.length);
      expect(count('added', 'changed', 'moved') + stay).toBe(after.length);
      const left = edits.flatMap((edit) =>
        edit.kind === 'removed' ? [edit.value] : edit.kind === 'changed' ? [edit.before] : [],
      );
      const came = edits.flatMap((edit) =>
        edit.kind === 'added' ? [edit.value] : edit.kind === 'changed' ? [edit.after] : [],
      );
      const rest: string[] = [...before];
      for (const value of left) rest.splice(rest.indexOf(String(value)), 1);
      expect([...rest, ...came].sort()).toEqual([...after].sort());
      // Nothing is said to leave and to come at once.
      expect(left.filter((value) => came.includes(value))).toEqual([]);
    }),
    { seed, numRuns },
  );
});

it('one reason for several elements of a list is told once, and an element that is its own key is not told twice', () => {
  const note = 'objects below tmp/ are destroyed later, without further question';
  const rule = { Methods: ['GET'], Origins: ['https://a.example'], Headers: ['*'] };
  expect(
    lines([
      { path: 'Rules[a]', before: 'a', effect: 'destructive', notes: [note] },
      { path: 'Rules[b]', before: 'b', effect: 'destructive', notes: [note, 'short'] },
    ]),
  ).toEqual([
    '  ~ Rules: 2 removed; what is not named stays as it is',
    '    - a (removed, destructive)',
    `        ${note}`,
    '    - b (removed, destructive)',
    '        for the reason above',
    '        short',
  ]);
  expect(
    lines([
      {
        path: `Cors[${JSON.stringify({ Headers: ['*'], Methods: ['GET'], Origins: ['https://a.example'] })}]`,
        after: rule,
      },
    ])[0],
  ).toBe('  + Cors: 3 fields (added)');
});
