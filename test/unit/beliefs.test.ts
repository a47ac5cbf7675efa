import { describe, expect, it } from '@jest/globals';
import { loadSchema } from '../../providers/aws/schema.ts';
import { resourceTypes } from '../../providers/index.ts';
import { linesToPaste } from '../../src/base/paste.ts';
import type { Json } from '../../src/base/json.ts';
import { parseChangePlan } from '../../src/language/parse.ts';
import { comparerFor } from '../../src/plan/diff/compare.ts';
import { mismatches } from '../../src/plan/diff/expectation.ts';
import { liveSample } from '../helpers/rule-samples.ts';

const lenient = resourceTypes.all.flatMap(({ type, rules }) =>
  Object.entries(rules.compare).flatMap(([path, rule]) => (rule === 'at-least' ? [{ type, rules, path }] : [])),
);

describe.each(lenient.map((one) => [`${one.type} ${one.path}`, one] as const))(
  'a belief about %s',
  (_name, { type, rules, path }) => {
    const wrong = (stated: Json) =>
      mismatches({ [path]: stated }, liveSample(type, { [path]: '100' }), comparerFor(rules, type, 'id'), null);
    it('is false where live is more, and true in every form of the same number', () => {
      expect([20, '20', 99, 101].map((stated) => wrong(stated).length)).toEqual([1, 1, 1, 1]);
      expect([100, '100'].map((stated) => wrong(stated).length)).toEqual([0, 0]);
    });
    it('is held against a change that is pending too', () => {
      const live = { ...liveSample(type, { [path]: '100' }), pending: { [path]: '200' } };
      const found = (stated: Json) => mismatches({ [path]: stated }, live, comparerFor(rules, type, 'id'), null).length;
      expect([found(150), found(200)]).toEqual([1, 0]);
    });
  },
);

describe('a deletion that states nothing', () => {
  const findings = (...expected: readonly string[]) =>
    parseChangePlan(
      `aiplan: 1\nname: n\nintent: i\ntarget: { account: "123456789012", region: eu-west-1 }\nresources:\n${expected
        .map(
          (text, index) =>
            `  D${index}: { type: AWS::RDS::DBInstance, action: delete, id: courses-${index}, reason: r${text} }`,
        )
        .join('\n')}`,
      { file: 'p', schemas: loadSchema, types: resourceTypes },
    ).findings.filter(({ code }) => code === 'delete-without-expect');

  it.each([
    '',
    ', expect: {}',
    ', expect: { Tags: {} }',
    ', expect: { VPCSecurityGroups: [] }',
    ', expect: { Tags: { Name: null } }',
    ', expect: { Tags: { Name: { $any: true } } }',
    ', expect: { ProcessorFeatures: [ {} ] }',
    ', expect: { DBInstanceIdentifier: courses-0 }',
  ])('is said: %j', (text) => {
    expect(findings(text)).toHaveLength(1);
  });
  it('is not said to state nothing where it states the identity', () => {
    expect(findings(', expect: { DBInstanceIdentifier: courses-0 }')[0]?.message).toMatch(
      /says nothing beside the identity/u,
    );
    expect(findings('')[0]?.message).toBe('the deletion does not say what it believes to delete');
  });
  it.each([
    ', expect: { Tags: { Name: x } }',
    ', expect: { MultiAZ: false }',
    ', expect: { VPCSecurityGroups: [ sg-1 ] }',
  ])('is not one: %j', (text) => {
    expect(findings(text)).toEqual([]);
  });
  it('is one finding, however many there are, and its lines fit 76 columns', () => {
    const [only, ...more] = findings(...Array.from({ length: 18 }, () => ''));
    expect([only?.message, more]).toEqual([
      '18 deletions do not say what they believe to delete: D0, D1, D2, D3, D4 and 13 more',
      [],
    ]);
    for (const line of only?.help?.split('\n') ?? []) expect(line.length).toBeLessThanOrEqual(76);
  });
});

describe('lines to paste', () => {
  it('fit 76 columns and say the same', () => {
    const value = {
      Rules: Array.from({ length: 5 }, (_, index) => ({ Cidr: `10.${index}.0.0/16`, Name: 'x'.repeat(40) })),
    };
    const lines = linesToPaste('expect', value, 4).split('\n');
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(76);
    expect(JSON.parse(lines.join('\n').trim().replace('expect: ', ''))).toEqual(value);
    expect(linesToPaste('expect', { A: [1] }, 4)).toBe('    expect: {"A":[1]}');
  });
});
