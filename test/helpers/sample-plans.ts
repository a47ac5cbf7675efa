import fc from 'fast-check';
import type { Json } from '../../src/base/json.ts';
import type { Plan, Step } from '../../src/domain/plan.ts';
import { baseStep, samplePlan } from './sample-plan.ts';
import type { AttributeChange } from '../../src/domain/attribute-change.ts';

/** Texts as they come from change plans, tags and AWS: plain, hostile, wide, long. */
const anyText = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom('courses-prod', 'i-0abc', 'the data', 'port 443 to everyone', 'a reason', 'production'),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 30 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '數據庫 ｗｉｄｅ 漢字',
      'e\u0301e\u0301'.repeat(30),
      '👍🏽🇩🇪👩‍💻',
      '\u001b[2J\u202e\u200b\u0000\n',
      'x'.repeat(120),
      '字'.repeat(70),
      'word '.repeat(30),
    ),
  },
);
const texts = fc.array(anyText, { minLength: 1, maxLength: 3 });

const table = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Record<string, Value>> =>
  fc.array(fc.tuple(anyText, value), { maxLength: 3 }).map((entries) => Object.fromEntries(entries));

/** What a person can type; plain, so that a test can too. */
const typeable = fc.integer({ min: 0, max: 99_999 }).map((number) => `thing-${number}`);
const anyJson: fc.Arbitrary<Json> = fc.oneof(
  anyText,
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.array(anyText, { maxLength: 4 }),
  table(anyText),
);

const anyChange: fc.Arbitrary<AttributeChange> = fc.record({
  path: fc.oneof(
    fc.constantFrom('Tags.owner', 'InstanceType', 'SecurityGroupIngress[tcp 22 22 0.0.0.0/0]', 'PolicyDocument'),
    anyText,
  ),
  before: anyJson,
  after: anyJson,
  effect: fc.constantFrom<AttributeChange['effect'][]>('in-place', 'destructive', 'grant', 'replace'),
  notes: fc.array(anyText, { maxLength: 2 }),
});

/** A step of any kind, whose confirmation is asked exactly where it destroys or grants. */
const anyStep = (id: string): fc.Arbitrary<Step> =>
  fc
    .record({
      action: fc.constantFrom<Step['action'][]>('create', 'update', 'replace', 'delete', 'keep'),
      hazard: fc.constantFrom('none', 'destruction', 'grant', 'both'),
      confirm: typeable,
      identity: fc.option(anyText),
      type: fc.constantFrom('AWS::RDS::DBInstance', 'AWS::EC2::Instance', 'AWS::S3::Bucket'),
      texts,
      changes: fc.array(anyChange, { maxLength: 4 }),
      facts: table(anyJson),
      level: fc.constantFrom('reversible', 'restorable', 'irreversible'),
      interrupts: fc.boolean(),
      blocked: fc.integer({ min: 0, max: 29 }).map((number) => number === 0),
      reason: fc.option(anyText),
    })
    .map(({ hazard, facts, level, texts: said, ...rest }): Step => {
      const destroys =
        rest.action === 'delete' ||
        rest.action === 'replace' ||
        (rest.action !== 'keep' && (hazard === 'destruction' || hazard === 'both'));
      const grants = rest.action !== 'keep' && rest.action !== 'delete' && (hazard === 'grant' || hazard === 'both');
      return {
        ...baseStep,
        ...rest,
        id,
        digest: `sha256:${id}-${rest.confirm}`,
        declared: rest.action === 'keep' ? 'update' : rest.action,
        confirm: destroys || grants ? rest.confirm : null,
        interrupts: rest.interrupts && rest.action !== 'keep',
        destruction: destroys ? { loses: said } : null,
        grant: grants ? { opens: said } : null,
        evidence: { binding: facts, observed: { tags: facts } },
        recoverability: { level: level as 'reversible', loses: level === 'reversible' ? [] : said },
        calls: said,
      };
    });

/** A plan with up to `most` steps of any kind. */
export const anyPlan = (most = 8): fc.Arbitrary<Plan> =>
  fc.nat(most).chain((count) =>
    fc.tuple(...Array.from({ length: count }, (_, index) => anyStep(`Step${index}`))).chain((steps) =>
      fc
        .record({
          intent: anyText,
          assume: fc.array(anyText, { maxLength: 2 }),
          name: typeable,
          caller: anyText,
          alias: fc.option(anyText, { nil: undefined }),
        })
        .map(({ intent, assume, name, caller, alias }) =>
          samplePlan(steps, {
            name,
            intent,
            assume,
            target: {
              account: '123456789012',
              region: 'eu-west-1',
              caller,
              endpoint: null,
              ...(alias === undefined ? {} : { alias }),
            },
            findings: steps
              .filter(({ blocked }) => blocked)
              .map((step) => ({
                code: 'blocked',
                severity: 'error',
                step: step.id,
                message: 'blocked',
                line: 1,
                column: 1,
                help: 'h',
              })),
          }),
        ),
    ),
  );
