import { afterAll, describe, expect, it } from '@jest/globals';
import { loadSchema } from '../../providers/aws/schema.ts';
import { resourceTypes } from '../../providers/index.ts';
import { parseChangePlan } from '../../src/language/parse.ts';
import { plan } from '../../src/plan/planner.ts';
import { valueAt } from '../../src/plan/diff/references.ts';
import type { ChangePlan } from '../../src/domain/change-plan.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { Step } from '../../src/domain/plan.ts';
import { changePlanOf, plainConfiguration, planningNow, type EntrySample } from '../helpers/planning-samples.ts';
import { authored, changedAt, ruleSamples, scalarPlaces, type RuleSample } from '../helpers/rule-samples.ts';

const seed = Number(process.env['AIPLAN_SEED'] ?? 20_261_130);
afterAll(() => {
  process.stderr.write(`property seed ${seed}\n`);
});

const SUBJECT = 'X';
const target = {
  account: '123456789012',
  region: 'eu-west-1',
  caller: 'arn:aws:iam::123456789012:user/t',
  endpoint: null,
};
const GROUP = 'AWS::EC2::SecurityGroup';

/** What leaves is stated, so that law 1 has nothing to say here. */
const stated = ({ property, before }: RuleSample): JsonObject | undefined =>
  before === undefined || (typeof before === 'object' && Object.keys(before as object).length === 0)
    ? undefined
    : { [property]: before };
const entryOf = (sample: RuleSample, type: string, value: Json): EntrySample => {
  const expected = stated(sample);
  return {
    address: SUBJECT,
    type,
    action: sample.live === null ? 'create' : 'update',
    reason: 'r',
    ...(sample.live === null ? {} : { id: sample.live.identity }),
    properties: { [sample.property]: value },
    ...(expected === undefined ? {} : { expect: expected }),
  };
};
/** A resource that the same plan makes: its tag `v` is known beforehand, its id is not. */
const maker = (text: string): EntrySample => ({
  address: 'H',
  type: GROUP,
  action: 'create',
  properties: { GroupDescription: 'holds a tag', Tags: { v: text } },
});
const toTag: Json = { 'Fn::GetAtt': ['H', 'Tags.v'] };
const toId: Json = { 'Fn::GetAtt': ['H', 'GroupId'] };

function planned(changePlan: ChangePlan, { live }: RuleSample): Step {
  const state = {
    format: 'aiplan/live@1' as const,
    target,
    readAt: planningNow,
    recorded: false,
    resources: live === null ? [] : [live],
    absent: [],
    complete: resourceTypes.all.map(({ type }) => type).filter((type) => type !== 'AWS::EC2::Subnet'),
    failures: [],
    calls: {},
    account: {},
  };
  return plan({
    changePlan,
    text: '',
    live: state,
    types: resourceTypes,
    schemas: loadSchema,
    configuration: plainConfiguration,
    now: planningNow,
  }).plan.steps.find(({ id }) => id === SUBJECT) as Step;
}
const step = (sample: RuleSample, type: string, value: Json, tag = ''): Step =>
  planned(changePlanOf([maker(tag), entryOf(sample, type, value)]), sample);

/** Through the language, as an author writes it: null where it refuses, with the codes. */
function written(
  sample: RuleSample,
  type: string,
  value: Json,
): { readonly step: Step | null; readonly codes: string } {
  const { address: _address, ...rest } = entryOf(sample, type, value);
  const text = JSON.stringify({
    aiplan: 1,
    name: 'p',
    intent: 'i',
    target: { account: '123456789012', region: 'eu-west-1' },
    resources: { [SUBJECT]: rest },
  });
  const { changePlan, findings } = parseChangePlan(text, { file: 'p.json', schemas: loadSchema, types: resourceTypes });
  return {
    step: changePlan === null ? null : planned(changePlan, sample),
    codes: findings
      .map(({ code }) => code)
      .sort()
      .join(' '),
  };
}

const hits = ({ destruction, grant }: Step): readonly string[] => [
  ...(destruction?.loses ?? []),
  ...(grant?.opens ?? []),
];
const at = (value: Json, place: string): Json | undefined => (place === '' ? value : valueAt(value, place));

describe.each(resourceTypes.all.filter(({ managed }) => managed).map((type) => [type.type, type] as const))(
  'every rule of %s sees its value',
  (name, type) => {
    const found = [ruleSamples(type, 'destructive', 400, seed), ruleSamples(type, 'grants', 400, seed)];
    it('a change that it recognises was found for each rule', () => {
      expect(found.flatMap(({ missing }) => missing)).toEqual([]);
    });
    const cases = found.flatMap(({ samples }) =>
      samples.map((sample) => [`${sample.rule.path}: ${sample.says}`.slice(0, 120), sample] as const),
    );
    // A type may have no rule of its own: of its tags the rules of all types speak.
    if (cases.length === 0) return;
    it.each(cases)('%s', (_title, sample) => {
      const { says } = sample;
      const after = authored(sample.before, sample.after);
      expect(hits(step(sample, name, after))).toContain(says);
      const literal = written(sample, name, after);
      for (const place of scalarPlaces(after)) {
        const text = String(at(after, place));
        const asText = written(
          sample,
          name,
          changedAt(after, place, () => text),
        );
        if (asText.step === null) expect([place, asText.codes]).toEqual([place, literal.codes]);
        else expect(hits(asText.step)).toContain(says);
        expect([
          place,
          hits(
            step(
              sample,
              name,
              changedAt(after, place, () => toTag),
              text,
            ),
          ),
        ]).toEqual([place, expect.arrayContaining([says])]);
        const unknown = hits(
          step(
            sample,
            name,
            changedAt(after, place, () => toId),
          ),
        );
        expect([
          place,
          unknown.some(
            (hit) => hit.startsWith(says.split(':')[0] ?? says) || /known (?:only )?after h\.groupid/iu.test(hit),
          ),
        ]).toEqual([place, true]);
      }
      expect(hits(step(sample, name, toId)).some((hit) => hit.includes('is known only after H.GroupId'))).toBe(true);
    });
  },
);
