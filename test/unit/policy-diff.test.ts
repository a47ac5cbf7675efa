import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { noKnowledge } from '../../src/domain/property-hints.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import { policyDiff, policyOf, statementsOf } from '../../src/views/diff/policy-diff.ts';
import { policyRows, policySide } from '../../src/views/diff/policy-rows.ts';
import { plainText } from '../../src/views/base/rows.ts';

const seed = Number(process.env['AIPLAN_SEED'] ?? 20260226);
const viewing = { whole: false, about: (path: string) => noKnowledge('', path) };
const policy = (...statements: readonly Json[]): JsonObject => ({ Version: '2012-10-17', Statement: statements });
const read: JsonObject = {
  Sid: 'Read',
  Effect: 'Allow',
  Principal: { AWS: 'arn:aws:iam::1:root' },
  Action: ['s3:GetObject', 's3:ListBucket'],
  Resource: 'arn:aws:s3:::courses/*',
};
const text = (before: JsonObject, after: JsonObject): readonly string[] => {
  const { headline, below } = policyRows(before, after, viewing);
  return [headline.map((part) => part.text).join(''), ...below.map(plainText)];
};

describe('two policies', () => {
  it('are the same where only order and spelling differ', () => {
    const other = { ...read, Action: ['s3:ListBucket', 's3:GetObject'], Resource: ['arn:aws:s3:::courses/*'] };
    expect(
      text(
        policy(read, { Effect: 'Deny', Action: '*', Resource: '*' }),
        policy({ Effect: 'Deny', Action: ['*'], Resource: '*' }, other),
      ),
    ).toEqual(['the same in other words: only the spelling or the order differs']);
  });
  it('show what each field of a statement gains and loses, and the statement as it will be', () => {
    expect(
      text(
        policy(read),
        policy({ ...read, Principal: '*', Action: ['s3:GetObject', 's3:PutObject', 's3:PutObjectAcl'] }),
      ),
    ).toEqual([
      'statements: 1 changed',
      '~ statement "Read" (changed)',
      '    ~ Principal: AWS arn:aws:iam::1:root → * (everyone)',
      '    - Action: s3:ListBucket (removed)',
      '    + Action: s3:PutObject (added)',
      '    + Action: s3:PutObjectAcl (added)',
      '    now: Allow; Principal * (everyone); Action s3:GetObject, s3:PutObject, s3:PutObjectAcl; Resource arn:aws:s3:::courses/*',
    ]);
  });
  it('match statements by Sid, whatever else changes, and else by what they have in common', () => {
    expect(
      policyDiff(policy(read), policy({ Sid: 'Read', Effect: 'Deny', Action: '*', Resource: '*' })).changed,
    ).toHaveLength(1);
    const { Sid: _sid, ...nameless } = read;
    const found = policyDiff(
      policy(nameless, { Effect: 'Deny', Action: 'sts:*', Resource: '*' }),
      policy({ ...nameless, Effect: 'Deny' }),
    );
    expect(found.changed.map(({ fields }) => fields)).toEqual([
      [{ field: 'Effect', removed: ['Allow'], added: ['Deny'] }],
    ]);
    expect(found.removed).toHaveLength(1);
  });
  it('count what stays in one line, and take apart conditions', () => {
    const narrow = {
      ...read,
      Condition: { StringEquals: { 'aws:SourceVpc': ['vpc-1', 'vpc-2'] }, Bool: { 'aws:SecureTransport': 'true' } },
    };
    expect(
      text(
        policy(narrow, { ...read, Sid: 'A' }, { ...read, Sid: 'B' }),
        policy(
          { ...narrow, Condition: { StringEquals: { 'aws:SourceVpc': 'vpc-1' } } },
          { ...read, Sid: 'B' },
          { ...read, Sid: 'A' },
        ),
      ).slice(0, 4),
    ).toEqual([
      'statements: 1 changed, 2 unchanged',
      '~ statement "Read" (changed)',
      '    - Condition: Bool aws:SecureTransport = true (removed)',
      '    - Condition: StringEquals aws:SourceVpc = vpc-2 (removed)',
    ]);
  });
  it('show what stands beside the statements', () => {
    expect(
      text({ Version: '2008-10-17', Statement: [] }, { Version: '2012-10-17', Id: 'x', Statement: [] }).slice(1),
    ).toEqual(['+ Id: x (added)', '~ Version: 2008-10-17 → 2012-10-17']);
  });
  it('of which one is new or gone show every statement', () => {
    expect(policySide('added', policy(read), viewing).below.map(plainText)).toEqual([
      '+ statement "Read" (added): Allow; Principal AWS arn:aws:iam::1:root; Action s3:GetObject, s3:ListBucket; Resource arn:aws:s3:::courses/*',
    ]);
  });
});

it('a policy is found in an object and in its JSON text, and in nothing else', () => {
  expect(policyOf(JSON.stringify(policy(read)))).toEqual(policy(read));
  for (const other of ['{ "Statement": broken', 'Statement', '[]', null, 5, [], { Version: '1' }, '{"Statement":"x"}'])
    expect(policyOf(other)).toBeNull();
});

/** Statements as an author could write them, good and bad, from few words so that many are alike. */
const item = fc.constantFrom('s3:GetObject', 's3:PutObject', '*', 'ec2:*', '', '__proto__');
const items = fc.oneof(item, fc.array(item, { maxLength: 4 }));
const anyStatement: fc.Arbitrary<Json> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record(
      {
        Sid: fc.constantFrom('A', 'B', '', 'constructor'),
        Effect: fc.constantFrom('Allow', 'Deny'),
        Action: items,
        Resource: items,
        Principal: fc.oneof(items, fc.record({ AWS: items })),
        Condition: fc.record({ StringEquals: fc.record({ k: items }) }),
      },
      { requiredKeys: [] },
    ) as fc.Arbitrary<Json>,
  },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json> },
);
const anyPolicy = fc.array(anyStatement, { maxLength: 7 }).map((list): JsonObject => ({ Statement: list }));

it('no statement is left out: each is added, removed, changed or counted as unchanged', () => {
  fc.assert(
    fc.property(anyPolicy, anyPolicy, (before, after) => {
      const diff = policyDiff(before, after);
      const [old, fresh] = [statementsOf(before).length, statementsOf(after).length];
      expect(diff.removed.length + diff.changed.length + diff.unchanged).toBe(old);
      expect(diff.added.length + diff.changed.length + diff.unchanged).toBe(fresh);
      for (const { fields } of diff.changed)
        expect(fields.every(({ removed, added }) => removed.length + added.length > 0)).toBe(true);
      const shown = policyRows(before, after, { ...viewing, whole: true }).below.map(plainText);
      expect(shown.filter((line) => /^[+-] .*statement.* \((?:added|removed)\): /u.test(line)).length).toBe(
        diff.added.length + diff.removed.length,
      );
      const same = policyDiff(after, after);
      expect([same.added, same.removed, same.changed, same.fields]).toEqual([[], [], [], []]);
    }),
    { seed, numRuns: Number(process.env['AIPLAN_RUNS'] ?? 150) },
  );
});
