import { describe, expect, it } from '@jest/globals';
import { loadSchema } from '../../providers/aws/schema.ts';
import { resourceTypes } from '../../providers/index.ts';
import { classify } from '../../src/plan/classify/classify.ts';
import { comparerFor } from '../../src/plan/diff/compare.ts';
import { settableLeaves } from '../../src/plan/classify/verdicts.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { ChangeRule, ResourceType, TypeRules } from '../../src/domain/resource-type.ts';
import { harmless, type Verdicts, type VerdictKind } from '../../src/domain/verdict.ts';
import { memoryNote } from '../helpers/memory-types.ts';

/** Whether a change of one path can be one of the other: one lies inside the other. */
const touches = (one: string, other: string): boolean => {
  const [a, b] = [one.split('.'), other.split('.')];
  return a.slice(0, b.length).every((name, index) => name === b[index]);
};

describe.each(resourceTypes.all.filter(({ managed }) => managed).map(({ type, rules }) => [type, rules] as const))(
  'the verdicts of %s',
  (type, rules: TypeRules) => {
    const schema = loadSchema(type)!;
    const verdicts: Verdicts = rules.verdicts ?? {};
    const leaves = [...settableLeaves(schema, rules), ...(rules.beyondSchema ?? [])];
    const saying = (kind: VerdictKind): readonly string[] =>
      Object.keys(verdicts).filter((path) => verdicts[path]?.can.includes(kind) === true);
    const effectOf = (leaf: string) => rules.properties[leaf.split('.')[0] ?? '']?.update;

    it('say something on every leaf that an author can set', () => {
      expect(leaves.filter((leaf) => verdicts[leaf] === undefined)).toEqual([]);
    });
    it('say nothing on what does not exist', () => {
      expect(Object.keys(verdicts).filter((path) => !leaves.includes(path))).toEqual([]);
    });
    it('each have a reason and at least one kind, and harmless stands alone', () => {
      expect(
        Object.entries(verdicts).filter(
          ([, { can, why }]) => why.trim() === '' || can.length === 0 || (can.includes('harmless') && can.length > 1),
        ),
      ).toEqual([]);
    });

    const rulesOf: Readonly<Record<string, readonly ChangeRule[]>> = {
      destruction: rules.destructive,
      grant: rules.grants,
      'one-way': rules.oneWay ?? [],
    };
    it.each(['destruction', 'grant', 'one-way'] as const)('rest on a rule where they say %s', (kind) => {
      const ruled = (leaf: string): boolean =>
        rulesOf[kind]!.some(({ path }) => touches(path, leaf)) ||
        (kind === 'one-way' && rules.properties[leaf.split('.')[0] ?? '']?.oneWay !== undefined) ||
        (kind === 'destruction' && leaf === schema.tagProperty);
      expect(saying(kind).filter((leaf) => !ruled(leaf))).toEqual([]);
    });
    it.each(['destruction', 'grant', 'one-way'] as const)('tell of every rule about a %s', (kind) => {
      expect(
        rulesOf[kind]!.filter(({ path }) => !saying(kind).some((leaf) => touches(path, leaf))).map(({ path }) => path),
      ).toEqual([]);
    });
    it('say interruption where an update interrupts, and only there', () => {
      expect(
        saying('interruption').filter((leaf) => effectOf(leaf) !== 'restart' && typeof effectOf(leaf) !== 'function'),
      ).toEqual([]);
      expect(
        Object.keys(verdicts).filter((leaf) => effectOf(leaf) === 'restart' && !saying('interruption').includes(leaf)),
      ).toEqual([]);
    });
  },
);

describe('what has no verdict', () => {
  const verdicts: Verdicts = {
    'Settings.known': harmless('x'),
    'Settings.list.*.known': harmless('x'),
    Text: harmless('x'),
    Tags: harmless('x'),
  };
  const judge = (
    before: JsonObject,
    after: JsonObject,
    action: 'create' | 'update' = 'update',
    table: Verdicts | undefined = verdicts,
  ) => {
    const { verdicts: _made, ...rest } = memoryNote.rules;
    const rules: TypeRules = {
      ...rest,
      keys: { 'Settings.list': ['id'] },
      ...(table === undefined ? {} : { verdicts: table }),
    };
    const type: ResourceType = { ...memoryNote, rules };
    const scene = { account: '123456789012', find: () => undefined };
    return classify({
      type,
      schema: undefined,
      comparer: comparerFor(rules, type.type, 'id'),
      before,
      after,
      live: null,
      action,
      scene,
    });
  };
  const at = (path: string): string => `aiplan has no verdict on changes of ${path}: it may lose or open anything`;

  it('is a loss when it changes and a grant when it is created', () => {
    expect(judge({ Settings: { other: 1 } }, { Settings: { other: 2 } }).loses).toEqual([at('Settings.other')]);
    const created = judge({}, { Settings: { other: 2, known: 1 } }, 'create');
    expect([created.loses, created.opens, created.changes[0]?.effect]).toEqual([[], [at('Settings.other')], 'grant']);
    expect(judge({ Settings: { known: 1 } }, { Settings: { known: 2 } })).toMatchObject({
      loses: [],
      opens: [],
      changes: [{ effect: 'in-place' }],
    });
  });
  it('is found in whatever comes or goes as a whole, and not in what stays', () => {
    expect(judge({}, { Settings: { list: [{ id: 1, known: 1, hidden: 2 }] } }).loses).toEqual([
      at('Settings.list.*.id'),
      at('Settings.list.*.hidden'),
    ]);
    expect(judge({ Settings: { list: [{ known: 1 }] } }, { Settings: { list: [] } }).loses).toEqual([]);
    expect(judge({ Settings: { known: 1, other: 7 } }, { Settings: { known: 2, other: 7 } }).loses).toEqual([]);
    expect(judge({ Settings: { known: 1 } }, { Settings: 'text' }).loses).toEqual([at('Settings')]);
  });
  it('is everything where a type has no table', () => {
    expect(judge({ Text: 'a' }, { Text: 'b' }, 'update', {}).loses).toEqual([at('Text')]);
    expect(judge({ Text: 'a' }, { Text: 'b' }).loses).toEqual([]);
  });
});
