import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonical } from '../../src/base/digest.ts';
import type { ChangePlan, ResourceEntry } from '../../src/domain/change-plan.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import { isUnsafe, sanitise } from '../../src/base/sanitise.ts';
import { placeholderIn } from '../../src/language/values/placeholders.ts';
import { toLanguage } from '../../src/language/plain-json.ts';
import { writeChangePlan } from '../../src/language/write.ts';
import { parse, planOf } from '../helpers/change-types.ts';

const seed = Number(process.env['AIPLAN_SEED'] ?? 20_260_226);
console.info(`AIPLAN_SEED=${seed}`);
const options = { seed, numRuns: Number(process.env['AIPLAN_RUNS'] ?? 150) };

const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom(
    'true',
    'null',
    '~',
    '012',
    '1e3',
    '123456789012',
    '- a',
    'a: b',
    'a #b',
    '!Ref X',
    '*a',
    '"',
    "'",
    '|',
    ' lead',
    'trail ',
    '',
    '{',
    '0x1F',
    '<<',
    'é ü',
    '\\',
    '%',
    '@x',
    '`',
    '?',
    ':',
  ),
);
const safeText = anyText.filter((text) => !isUnsafe(text));
const lines = fc
  .array(fc.oneof(safeText, fc.constantFrom('\n', '\t', '\r', '\n\n', '  ', '\n ', '# c')), { maxLength: 6 })
  .map((parts) => parts.join(''));
const prose = fc
  .array(fc.oneof(safeText, fc.constant('\n')), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join('').trim())
  .filter((text) => text !== '' && placeholderIn(text, 'prose') === undefined);
const tags = fc
  .dictionary(
    safeText.filter(
      (key) =>
        key !== '' && !/^(?:aws|aiplan):/iu.test(key) && key !== '<<' && key !== '__proto__' && !key.startsWith('$'),
    ),
    safeText,
    { maxKeys: 4 },
  )
  .map((found): JsonObject => Object.fromEntries(Object.entries(found)));
const freeJson: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    lines,
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }).map((value) => value + 0),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc
      .dictionary(
        safeText.filter((key) => key !== '<<' && key !== '__proto__' && !/^(?:\$|Fn::|Ref$)/u.test(key)),
        tie('value'),
        { maxKeys: 3 },
      )
      .map((found): JsonObject => Object.fromEntries(Object.entries(found))),
  ),
})).value;

type Body = Omit<ResourceEntry, 'address' | 'source' | 'positions' | 'dependsOn'>;
const id = fc.stringMatching(/^[a-z][a-z0-9-]{3,12}$/u);
const bodies: fc.Arbitrary<Body> = fc.oneof(
  fc.record({ Tags: tags, UserData: lines, InstanceType: safeText }).map((properties): Body => ({
    type: 'AWS::EC2::Instance',
    action: 'create',
    properties: { ImageId: 'ami-1', ...properties },
  })),
  fc.record({ id, reason: prose, Tags: tags }).map(({ Tags, ...rest }): Body => ({
    type: 'AWS::EC2::Volume',
    action: 'delete',
    expect: { Tags, KmsKeyId: null, SnapshotId: { $any: true } },
    ...rest,
  })),
  fc.record({ id, Parameters: freeJson }).map(({ Parameters, ...rest }): Body => ({
    type: 'AWS::RDS::DBParameterGroup',
    action: 'read',
    expect: { Parameters },
    ...rest,
  })),
  fc
    .record({ id, acceptLoss: prose, port: fc.integer({ min: -1, max: 65_535 }), text: safeText })
    .map(({ port, text, ...rest }): Body => ({
      type: 'AWS::EC2::SecurityGroup',
      action: 'update',
      properties: {
        SecurityGroupIngress: [{ IpProtocol: 'tcp', FromPort: port, ToPort: port, CidrIp: '::/0', Description: text }],
        Tags: { gone: null },
      },
      ...rest,
    })),
  fc.record({ id, name: fc.stringMatching(/^[A-Z_]{1,9}$/u) }).map(({ name, ...rest }): Body => ({
    type: 'AWS::RDS::DBInstance',
    action: 'update',
    when: 'window',
    rotate: 'w.1',
    properties: {
      MasterUserPassword: { $secret: { env: `AIPLAN_SECRET_${name}` } },
      MultiAZ: true,
      AllocatedStorage: '200',
      BackupRetentionPeriod: null,
    },
    ...rest,
  })),
  fc
    .record({ Name: safeText.filter((text) => text !== '') })
    .map((Tags): Body => ({ type: 'AWS::EC2::VPC', action: 'read', find: { Tags } })),
);
const plans: fc.Arbitrary<ChangePlan> = fc
  .record({
    intent: prose,
    agent: prose,
    assume: fc.array(prose, { maxLength: 2 }),
    bodies: fc.uniqueArray(bodies, {
      minLength: 1,
      maxLength: 6,
      selector: (body) => `${body.type} ${body.id ?? canonical(body)}`,
    }),
    references: fc.boolean(),
  })
  .map(({ intent, agent, assume, bodies: found, references }) => ({
    aiplan: 1,
    name: 'round-trip',
    intent,
    author: { agent },
    assume,
    target: { account: '012345678901', region: 'us-gov-west-1' },
    resources: found.map((body, index): ResourceEntry => {
      const before = found[index - 1];
      const points =
        references && before !== undefined && before.action !== 'delete' && body.properties?.['Tags'] !== undefined;
      return {
        address: `A${index}`,
        ...body,
        dependsOn: index > 1 ? [`A${index - 2}`] : [],
        source: { line: 1, column: 1 },
        positions: {},
        ...(points
          ? {
              properties: {
                ...body.properties,
                Tags: {
                  ...(body.properties?.['Tags'] as JsonObject),
                  ref: { Ref: `A${index - 1}` },
                  get: { 'Fn::GetAtt': [`A${index - 1}`, 'Tags.x'] },
                },
              },
            }
          : {}),
      };
    }),
  }));

const bare = ({ resources, ...plan }: ChangePlan): unknown => ({
  ...plan,
  resources: Object.fromEntries(
    resources.map(({ source: _source, positions: _positions, address, ...entry }) => [address, entry]),
  ),
});
const readsBack = (text: string, plan: ChangePlan): void => {
  const { changePlan, findings } = parse(text);
  expect({ text, errors: findings.filter(({ severity }) => severity === 'error') }).toEqual({ text, errors: [] });
  expect(bare(changePlan!)).toEqual(bare(plan));
};

/** The same text by a function. */
const written: fc.Arbitrary<(text: string) => Json> = fc.constantFrom<(text: string) => Json>(
  (text) => ({ 'Fn::Join': ['', [...text].map((character) => character)] }),
  (text) => ({ 'Fn::Select': ['1', ['no', text]] }),
  (text) => ({ 'Fn::Select': [0, { 'Fn::Split': ['\u0001', text] }] }),
  (text) => ({ 'Fn::Sub': ['${V}', { V: text }] }),
  (text) => ({ 'Fn::Sub': text.replaceAll('${', '${!') }),
  (text) => ({
    'Fn::Join': [{ 'Fn::Select': [0, ['']] }, [text.slice(0, 1), { 'Fn::Sub': ['${V}', { V: text.slice(1) }] }]],
  }),
);
const scalars = fc.oneof(
  fc.constantFrom(
    'True',
    'FALSE',
    '14',
    '0',
    'GP3',
    'gp9',
    '20',
    'MySQL',
    'on',
    '-1',
    '1.5',
    '',
    ' ',
    'db.t3.micro',
    '123456789012',
  ),
  safeText.filter((text) => !/[{}<>$…]|\.\.\./u.test(text)),
);

describe('a function', () => {
  it('gives a property the value and the judgement that the literal gives it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(
          'BackupRetentionPeriod',
          'StorageType',
          'MultiAZ',
          'Engine',
          'DBInstanceClass',
          'Iops',
          'MonitoringInterval',
        ),
        scalars,
        written,
        (name, text, by) => {
          const read = (value: Json) => {
            const { changePlan, findings } = parse(
              planOf(
                `  D: ${JSON.stringify({ type: 'AWS::RDS::DBInstance', action: 'update', id: 'd', properties: { [name]: value } })}`,
              ),
            );
            return { properties: changePlan?.resources[0]?.properties, codes: findings.map(({ code }) => code) };
          };
          expect({ text, ...read(by(text)) }).toEqual({ text, ...read(text) });
        },
      ),
      options,
    );
  });
});

describe('a change plan', () => {
  it('written as YAML or JSON reads back as the same thing', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        readsBack(writeChangePlan(plan), plan);
        readsBack(canonical(toLanguage(plan)), plan);
        readsBack(JSON.stringify(toLanguage(plan), null, 2), plan);
      }),
      options,
    );
  });

  it('never throws and never shows a raw control character, whatever stands in it', () => {
    const fields = [
      'aiplan',
      'name',
      'intent',
      'author',
      'assume',
      'target',
      'resources',
      'type',
      'action',
      'id',
      'find',
      'properties',
      'expect',
      'reason',
      'depends_on',
      'Tags',
      'MasterUserPassword',
      'Ref',
      'Fn::GetAtt',
      'Fn::Text',
      '$secret',
      '__proto__',
      'constructor',
      'SecurityGroupIngress',
      'UserData',
      'LifecycleConfiguration',
    ];
    const values = [
      'create',
      'read',
      'delete',
      'update',
      'replace',
      'AWS::S3::Bucket',
      'AWS::RDS::DBInstance',
      'AWS::EC2::Instance',
      'AWS::EC2::VPC',
      1,
      '123456789012',
      'eu-west-1',
    ];
    const wild: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'medium' },
        fc.constantFrom(...values),
        fc.string({ unit: 'binary', maxLength: 8 }),
        fc.jsonValue({ maxDepth: 1 }),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...fields), tie('value'), { maxKeys: 6 }),
      ),
    })).value;
    const whole = fc
      .tuple(
        wild,
        fc.dictionary(
          fc.constantFrom('A', 'B', 'x y'),
          fc.record(
            {
              type: fc.constantFrom(...values),
              action: fc.constantFrom(...values),
              id: wild,
              properties: wild,
              expect: wild,
              depends_on: wild,
              find: wild,
            },
            { requiredKeys: [] },
          ),
        ),
      )
      .map(([head, resources]) => ({ aiplan: 1, name: 'x', intent: 'x', target: head, resources }));
    fc.assert(
      fc.property(
        fc.oneof(wild, whole).map((value) => JSON.stringify(value) ?? ''),
        (text) => {
          const { changePlan, findings } = parse(text);
          expect(changePlan !== null || findings.some(({ severity }) => severity === 'error')).toBe(true);
          for (const { message, help = '', code } of findings) {
            expect(sanitise(message)).toBe(message);
            expect(sanitise(help.replaceAll('\n', ' '))).toBe(help.replaceAll('\n', ' '));
            expect(code).toMatch(/^[a-z]+(?:-[a-z]+)*$/u);
          }
        },
      ),
      options,
    );
  });

  it('never repeats a secret that stands where one belongs, however it is written', () => {
    const canary = 'Xy7-canary-Qz9';
    const shapes = fc.constantFrom<(secret: string) => string>(
      (s) => s,
      (s) => `"${s}"`,
      (s) => `[ ${s} ]`,
      (s) => `{ a: ${s} }`,
      (s) => `!Ref ${s}`,
      (s) => `!Sub "${s}"`,
      (s) => `!${s} x`,
      (s) => `"${s}`,
      (s) => `|\n        ${s}`,
      (s) => `${s}: ${s}`,
      (s) => `&${s} x`,
      (s) => `*${s}`,
      (s) => `{ "Fn::${s}": ${s} }`,
      (s) => `[ ${s}`,
      (s) => `@${s}`,
      (s) => `${s}\n     ${s}`,
    );
    const entries = fc.constantFrom<(value: string) => string>(
      (value) =>
        `  D:\n    type: AWS::RDS::DBInstance\n    action: update\n    id: d\n    properties:\n      MasterUserPassword: ${value}\n`,
      (value) =>
        `  D: { type: AWS::RDS::DBInstance, action: create, properties: { DBInstanceIdentifier: d, MasterUserPassword: ${value} } }`,
      (value) =>
        `  D:\n    type: AWS::RDS::DBInstance\n    action: read\n    id: d\n    expect:\n      MasterUserPassword: ${value}\n`,
    );
    fc.assert(
      fc.property(shapes, entries, (shape, entry) => {
        const { changePlan, findings } = parse(planOf(entry(shape(canary))));
        expect(changePlan).toBeNull();
        expect(JSON.stringify(findings)).not.toContain(canary);
      }),
      options,
    );
  });
});
