import { describe, expect, it } from '@jest/globals';
import { classify } from '../../src/plan/classify/classify.ts';
import { comparerFor } from '../../src/plan/diff/compare.ts';
import { desiredProperties } from '../../src/plan/diff/desired.ts';
import { diffProperties, shown } from '../../src/plan/diff/diff.ts';
import { below } from '../../src/plan/diff/rule-tree.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { ResourceType, TypeRules } from '../../src/domain/resource-type.ts';
import { memoryNote } from '../helpers/memory-types.ts';
import { judgedByRules } from '../helpers/verdicts.ts';

const { verdicts: _none, ...noteRules } = memoryNote.rules;
const rules: TypeRules = judgedByRules({
  ...noteRules,
  properties: Object.fromEntries(
    ['Rules', 'Groups', 'Disks', 'Config', 'Secret', 'Data', 'Nested', 'Plain', 'Tags'].map((name) => [
      name,
      { update: 'in-place' as const },
    ]),
  ),
  keys: { Rules: ['Port', 'Cidr'], Groups: [], Disks: ['Name'], 'Nested.*.Parts': ['Id'], Nested: ['Id'] },
  partialLists: ['Disks'],
  compare: { 'Rules.*.Cidr': 'cidr' },
  assigned: ['Rules.*.Description', 'Config.list.*.by'],
  defaults: { 'Rules.*.Quiet': false },
  exclusive: { 'Config.Either': [['Days'], ['Years', 'Months']] },
  sensitive: ['Data', 'Config.Data'],
  secretInput: ['Secret'],
  volatile: ['Config.Moves'],
  destructive: [
    { path: 'Config.Mode', when: (before) => before === 'safe', says: () => 'unsafe' },
    { path: 'Plain', says: (before, after) => `${String(before)} to ${String(after)}` },
  ],
  grants: [
    { path: 'Rules.*.Cidr', when: (_before, after) => after === '0.0.0.0/0', says: () => 'open' },
    {
      path: 'Config.Crash',
      when: () => {
        throw new Error('odd');
      },
      says: () => '',
    },
  ],
});
const type: ResourceType = { ...memoryNote, rules };
const comparer = comparerFor(rules, type.type, 'id');
const desire = (before: JsonObject, author: JsonObject, expectation?: JsonObject) =>
  desiredProperties({
    type,
    schema: undefined,
    comparer,
    before,
    author,
    expect: expectation,
    action: 'update',
    rotates: false,
  });
const diff = (before: JsonObject, after: JsonObject, options = {}) =>
  diffProperties(before, after, comparer, options).map(({ path, before: old, after: fresh }) => [path, old, fresh]);

describe('the wanted properties', () => {
  it('merge objects to any depth and keep what is live, without copying it', () => {
    const before = { Config: { a: 1, b: { c: 2, d: 3 } }, Plain: 'x' };
    const { desired } = desire(before, { Config: { b: { d: 4, e: null }, f: null } });
    expect(desired).toEqual({ Config: { a: 1, b: { c: 2, d: 4 } }, Plain: 'x' });
    expect(desire(before, { Config: { a: 1 } }).desired['Config']).toBe(before.Config);
  });

  it('take a list as the whole list, elements by key, with what live has in addition', () => {
    const before = {
      Rules: [
        { Port: 1, Cidr: '10.0.0.0/8', Description: 'kept' },
        { Port: 2, Cidr: '10.0.0.0/8' },
      ],
    };
    const { desired, removals } = desire(before, {
      Rules: [
        { Port: 3, Cidr: '1.1.1.1/32' },
        { Port: 1, Cidr: '10.0.0.9/8' },
      ],
    });
    expect(desired['Rules']).toEqual([
      { Port: 1, Cidr: '10.0.0.0/8', Description: 'kept' },
      { Port: 3, Cidr: '1.1.1.1/32' },
    ]);
    expect(removals.map(({ path }) => path)).toEqual(['Rules[2 10.0.0.0/8]']);
  });

  it('take each element whole: what it leaves out goes, unless AWS fills it in or it means nothing', () => {
    const before = {
      Rules: [{ Port: 1, Cidr: '10.0.0.0/8', Description: 'kept', Quiet: false, Note: 'x', Deep: { a: 1, b: 2 } }],
    };
    const after = (more: JsonObject): JsonObject =>
      desire(before, { Rules: [{ Port: 1, Cidr: '10.0.0.0/8', ...more }] }).desired;
    expect(
      desire(before, { Rules: [{ Port: 1, Cidr: '10.0.0.0/8', Note: 'x', Deep: { a: 1, b: 2 } }] }).desired['Rules'],
    ).toBe(before.Rules);
    expect(after({ Note: 'x', Deep: { a: 1 } })).toEqual({
      Rules: [{ Port: 1, Cidr: '10.0.0.0/8', Description: 'kept', Quiet: false, Note: 'x', Deep: { a: 1 } }],
    });
    expect(after({})).toEqual({ Rules: [{ Port: 1, Cidr: '10.0.0.0/8', Description: 'kept', Quiet: false }] });
    expect(after({ Description: null, Note: null })).toEqual({
      Rules: [{ Port: 1, Cidr: '10.0.0.0/8', Quiet: false }],
    });
    expect(diff(before, after({ Deep: { a: 1, b: 2 } }))).toEqual([['Rules[1 10.0.0.0/8].Note', 'x', undefined]]);
    expect(
      diff({ Rules: [{ Port: 1, Cidr: '10.0.0.0/8', Quiet: false }] }, { Rules: [{ Port: 1, Cidr: '10.0.0.0/8' }] }),
    ).toEqual([]);
    // A list inside of an element that is left out loses its elements, and these are stated like any other.
    const nested = { Nested: [{ Id: 'a', Parts: [{ Id: 1 }] }] };
    expect(desire(nested, { Nested: [{ Id: 'a' }] }).removals.map(({ path }) => path)).toEqual(['Nested[a].Parts[1]']);
    expect(desire(nested, { Nested: [{ Id: 'a' }] }, nested)).toMatchObject({
      removals: [],
      desired: { Nested: [{ Id: 'a' }] },
    });
  });

  it('of members that exclude each other keep those that the author sets', () => {
    const before = { Config: { Either: { Mode: 'm', Years: 1, Months: 2 } } };
    expect(desire(before, { Config: { Either: { Days: 3 } } }).desired).toEqual({
      Config: { Either: { Mode: 'm', Days: 3 } },
    });
    expect(desire(before, { Config: { Either: { Months: 3 } } }).desired).toEqual({
      Config: { Either: { Mode: 'm', Years: 1, Months: 3 } },
    });
    expect(desire(before, { Config: { Either: { Mode: 'n', Days: null } } }).desired).toEqual({
      Config: { Either: { Mode: 'n', Years: 1, Months: 2 } },
    });
  });

  it('look into the lists of elements, and into what expect says of them', () => {
    const before = { Nested: [{ Id: 'a', Parts: [{ Id: 1 }, { Id: 2 }] }] };
    const author = { Nested: [{ Id: 'a', Parts: [{ Id: 1 }] }] };
    expect(desire(before, author).removals.map(({ path }) => path)).toEqual(['Nested[a].Parts[2]']);
    expect(desire(before, author, { Nested: [{ Id: 'a', Parts: [{ Id: 2 }] }] }).removals).toEqual([]);
    expect(desire(before, author, { Nested: [{ Id: 'b', Parts: [{ Id: 2 }] }] }).removals).toHaveLength(1);
  });

  it('leave elements that AWS adds by itself where a list is declared partial', () => {
    const { desired, removals } = desire(
      { Disks: [{ Name: 'root' }, { Name: 'data', Size: 1 }] },
      { Disks: [{ Name: 'data', Size: 2 }] },
    );
    expect([desired['Disks'], removals]).toEqual([[{ Name: 'root' }, { Name: 'data', Size: 2 }], []]);
  });

  it('treat a list without keys by position and demand that what leaves is named whole', () => {
    const before = { Config: { list: [{ a: 1, by: 'aws' }, { a: 2 }] } };
    expect(desire(before, { Config: { list: [{ a: 1 }, { a: 2 }] } }).desired['Config']).toBe(before.Config);
    expect(desire(before, { Config: { list: [{ a: 2 }] } }).removals).toHaveLength(1);
    expect(desire(before, { Config: { list: [{ a: 2 }] } }, { Config: { list: [{ a: 1 }] } }).removals).toEqual([]);
    expect(desire(before, { Config: null }).problems).toMatchObject([{ code: 'no-default', at: 'Config' }]);
    expect(desire({ Config: { inner: { list: [1] } } }, { Config: { inner: null } }).removals).toMatchObject([
      { path: 'Config.inner.list[1]' },
    ]);
  });

  it('survive hostile keys', () => {
    const author = JSON.parse('{"Config":{"__proto__":{"polluted":true},"constructor":1},"toString":1}') as JsonObject;
    const { desired, problems } = desire({ Config: {} }, author);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(Object.keys(desired['Config'] as object).sort()).toEqual(['__proto__', 'constructor']);
    expect(problems).toMatchObject([{ code: 'unsupported-property', at: 'toString' }]);
  });
});

describe('differences', () => {
  it('have the key of an element in their path', () => {
    expect(
      diff(
        { Rules: [{ Port: 1, Cidr: 'a' }], Groups: ['g-1'] },
        { Rules: [{ Port: 1, Cidr: 'a', Description: 'd' }], Groups: ['g-2'] },
      ),
    ).toEqual([
      ['Groups[g-1]', 'g-1', undefined],
      ['Groups[g-2]', undefined, 'g-2'],
      ['Rules[1 a].Description', undefined, 'd'],
    ]);
  });

  it('number elements whose key occurs twice', () => {
    expect(diff({ Groups: ['x'] }, { Groups: ['x', 'x'] })).toEqual([['Groups[x #2]', undefined, 'x']]);
  });

  it('leave out what is volatile or added by AWS only when told to', () => {
    const [before, after] = [
      { Config: { Moves: 1 }, Disks: [{ Name: 'root' }] },
      { Config: { Moves: 2 }, Disks: [] },
    ];
    expect(diff(before, after)).toHaveLength(2);
    expect(diff(before, after, { ignoreVolatile: true })).toEqual([]);
  });

  it('are none whatever the key order', () => {
    expect(diff({ Config: { a: 1, b: 2 } }, { Config: { b: 2, a: 1 } })).toEqual([]);
  });

  it('are shown with every sensitive text and secret masked, at any depth', () => {
    const show = (name: string, value: JsonObject[string]) =>
      JSON.stringify(shown(value, below(comparer.root, name), type.type, 'id'));
    expect(show('Config', { Data: 'CANARY', other: { $secret: { env: 'X' } } })).toMatch(
      /^\{"Data":\{"\$masked":"set","digest":"hmac:[0-9a-f]{8}:[0-9a-f]{32}"\},"other":\{"\$masked":"set","source":"env X"\}\}$/u,
    );
    expect(show('Secret', 'CANARY')).toBe('{"$masked":"set"}');
    expect(show('Data', { odd: 'CANARY' })).not.toContain('CANARY');
    expect(show('Plain', { deep: [{ $secret: { file: '/f' } }] })).toBe(
      '{"deep":[{"$masked":"set","source":"file /f"}]}',
    );
  });
});

describe('classification', () => {
  const judge = (before: JsonObject, after: JsonObject, action: 'create' | 'update' = 'update') =>
    classify({
      type,
      schema: undefined,
      comparer,
      before,
      after,
      live: null,
      action,
      scene: { account: '123456789012', find: () => undefined },
    });

  it('attaches a rule to the change above, below or at its path', () => {
    expect(judge({ Config: { Mode: 'safe' } }, { Config: { Mode: 'x' } }).changes).toMatchObject([
      { path: 'Config.Mode', effect: 'destructive', notes: ['unsafe'] },
    ]);
    expect(judge({ Config: { Mode: 'safe' } }, {}).changes).toMatchObject([{ path: 'Config', effect: 'destructive' }]);
    expect(judge({}, { Rules: [{ Port: 1, Cidr: '0.0.0.0/0' }] }).changes).toMatchObject([
      { path: 'Rules[1 0.0.0.0/0]', effect: 'grant', notes: ['open'] },
    ]);
    expect(judge({ Plain: ['a', 'b'] }, { Plain: ['a'] }).loses).toEqual(['a,b to a']);
  });

  it('loses nothing and opens the same on a create', () => {
    const created = judge(
      {},
      { Config: { Mode: 'safe' }, Plain: 'p', Rules: [{ Port: 1, Cidr: '0.0.0.0/0' }] },
      'create',
    );
    expect([created.loses, created.opens]).toEqual([[], ['open']]);
  });

  it('takes a rule that throws, and a value that is not known yet, as a hit rather than as safe', () => {
    expect(judge({}, { Config: { Crash: 1 } }).opens[0]).toContain('could not be judged');
    expect(judge({ Plain: 'a' }, { Plain: { $unknown: 'X.Y' } }).loses).toEqual([
      'Plain is known only after X.Y; it may mean this: a to (known after X.Y)',
    ]);
  });
});
