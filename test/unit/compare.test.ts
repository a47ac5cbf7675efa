import { describe, expect, it } from '@jest/globals';
import { comparerFor } from '../../src/plan/diff/compare.ts';
import { normaliseCidr } from '../../src/base/cidr.ts';
import { normalisePolicy } from '../../src/base/policy.ts';
import { below } from '../../src/plan/diff/rule-tree.ts';
import { mask, maskSalt } from '../../src/base/digest.ts';
import type { Json } from '../../src/base/json.ts';
import type { CompareRule, TypeRules } from '../../src/domain/resource-type.ts';

const rules = (rest: Partial<TypeRules>): TypeRules => ({
  properties: {},
  compare: {},
  keys: {},
  secretInput: [],
  sensitive: [],
  volatile: [],
  destructive: [],
  grants: [],
  changeableStates: [],
  goneStates: [],
  duplicate: () => null,
  leftovers: () => [],
  ...rest,
});
const under = (rule: CompareRule, live: Json, wanted: Json): boolean => {
  const comparer = comparerFor(rules({ compare: { P: rule } }), 'T', 'i');
  return comparer.equal(live, wanted, below(comparer.root, 'P'));
};

describe('compare rules', () => {
  const table: readonly (readonly [CompareRule, Json, Json, boolean])[] = [
    ['case-insensitive', 'DB.Large', 'db.large', true],
    ['case-insensitive', 'a', 'b', false],
    ['cidr', '10.0.0.0/24', '10.0.0.7/24', true],
    ['cidr', '10.0.0.0/24', '10.0.1.0/24', false],
    ['cidr', '2001:db8::/32', '2001:DB8:0:0::/32', true],
    ['cidr', '10.0.0.0/24', '10.0.0.0/25', false],
    ['arn-or-name', 'arn:aws:iam::1:instance-profile/web', 'web', true],
    ['arn-or-name', 'web', 'arn:aws:iam::1:instance-profile/x/web', true],
    ['arn-or-name', 'arn:aws:iam::1:role/web', 'arn:aws:iam::2:role/web', false],
    ['arn-or-name', 'web', 'db', false],
    ['version-prefix', '15.4', '15', true],
    ['version-prefix', '15.4', '15.4', true],
    ['version-prefix', '15', '15.4', false],
    ['version-prefix', '151.0', '15', false],
    ['at-least', 100, 50, true],
    ['at-least', '100', 100, true],
    ['at-least', 50, 100, false],
    ['at-least', 'x', 1, false],
    ['number', '5432', 5432, true],
    ['number', '5432', 5433, false],
    ['number', '', 0, false],
    ['set', ['a', 'b'], ['b', 'a'], true],
    ['set', ['a', 'a'], ['a', 'b'], false],
    ['set', ['a'], ['a', 'a'], false],
    [
      'policy',
      { Statement: { Action: 's3:*', Effect: 'Deny', Principal: '*', Resource: ['b', 'a'] } },
      { Statement: [{ Effect: 'Deny', Principal: { AWS: '*' }, Action: ['s3:*'], Resource: ['a', 'b'] }] },
      true,
    ],
    ['policy', '{"Statement":[{"Effect":"Allow"}]}', { Statement: [{ Effect: 'Deny' }] }, false],
    [
      'policy',
      { Statement: [{ Principal: { AWS: '123456789012' } }] },
      { Statement: [{ Principal: { AWS: ['arn:aws:iam::123456789012:root'] } }] },
      true,
    ],
  ];
  it.each(table)('%s: %j and %j', (rule, live, wanted, equal) => expect(under(rule, live, wanted)).toBe(equal));

  it('leaves odd texts as they are', () => {
    for (const odd of [
      '',
      'x',
      '10.0.0/8',
      '10.0.0.300/8',
      '10.0.0.0/99',
      '10.0.0.0/',
      '010.0.0.0/8',
      'fe80::1%eth0/64',
      ':::',
      '1:2:3:4:5:6:7:8:9/3',
    ])
      expect(normaliseCidr(odd)).toBe(odd);
    for (const odd of [null, 3, 'not json', [1]] as const) expect(normalisePolicy(odd as Json)).toEqual(odd);
  });

  it('finds rules below lists and maps, and compares nested values by them', () => {
    const comparer = comparerFor(
      rules({ compare: { 'L.*.Cidr': 'cidr', 'M.*': 'number' }, keys: { L: ['Cidr'] } }),
      'T',
      'i',
    );
    expect(
      comparer.equal(
        [{ Cidr: '10.0.0.0/8', Name: 'a' }, { Cidr: '11.0.0.0/8' }],
        [{ Cidr: '11.0.0.9/8' }, { Cidr: '10.9.0.0/8', Name: 'a' }],
        below(comparer.root, 'L'),
      ),
    ).toBe(true);
    expect(comparer.equal({ a: '1' }, { a: 1 }, below(comparer.root, 'M'))).toBe(true);
    expect(comparer.elementKey({ Cidr: '10.9.0.0/8' }, below(comparer.root, 'L'))).toBe('10.0.0.0/8');
  });

  it('compares a sensitive text with its mask, salted by type, identity and path', () => {
    const of = (identity: string) => comparerFor(rules({ sensitive: ['UserData'] }), 'T', identity);
    const live = mask(maskSalt('T', 'i-1', 'UserData'), 'text');
    expect(of('i-1').equal(live, 'text', below(of('i-1').root, 'UserData'))).toBe(true);
    expect(of('i-1').equal(live, 'other', below(of('i-1').root, 'UserData'))).toBe(false);
    expect(of('i-2').equal(live, 'text', below(of('i-2').root, 'UserData'))).toBe(false);
    expect(of('i-1').equal({ $masked: 'unknown' }, 'text', below(of('i-1').root, 'UserData'))).toBe(false);
  });
});
