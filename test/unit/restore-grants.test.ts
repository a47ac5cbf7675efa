import { describe, expect, it } from '@jest/globals';
import { loadSchema } from '../../providers/aws/schema.ts';
import { resourceTypes } from '../../providers/index.ts';
import { plan } from '../../src/plan/planner.ts';
import { ruleHits } from '../../src/plan/classify/rule-hits.ts';
import { comparerFor } from '../../src/plan/diff/compare.ts';
import type { ChangePlan, RestoreOrder } from '../../src/domain/change-plan.ts';
import type { Step } from '../../src/domain/plan.ts';
import { changePlanOf, plainConfiguration, planningNow } from '../helpers/planning-samples.ts';
import { liveSample, ruleSamples, type RuleSample } from '../helpers/rule-samples.ts';

const run = '20260226-230000-0001';
const target = { account: '123456789012', region: 'eu-west-1', caller: 'arn:aws:iam::123456789012:user/t' };

/** The step that restores a resource with the value that a rule recognises. */
function restoring(
  type: string,
  { property, after }: RuleSample,
  order: Partial<RestoreOrder>,
  rest: Partial<ChangePlan>,
): Step {
  const live = liveSample(type, after === undefined ? {} : { [property]: after });
  const restore: RestoreOrder = {
    run,
    step: 'X',
    formerIdentity: live.identity,
    formerIncarnation: live.incarnation,
    capture: { how: 'native', refs: {}, pointInTime: null, bytes: 1, encrypted: true, extras: {} },
    live,
    ...order,
  };
  const changePlan = changePlanOf(
    [{ address: 'X', type, action: 'create', reason: 'r', properties: live.properties, restore }],
    rest,
  );
  return plan({
    changePlan,
    text: '',
    live: {
      format: 'aiplan/live@1',
      target: { ...target, endpoint: null },
      readAt: planningNow,
      recorded: false,
      resources: [],
      absent: [],
      // Whether a subnet gives public addresses was not read, as in the trial of the rules.
      complete: resourceTypes.all.map((one) => one.type).filter((one) => one !== 'AWS::EC2::Subnet'),
      failures: [],
      calls: {},
      account: {},
    },
    types: resourceTypes,
    schemas: loadSchema,
    configuration: plainConfiguration,
    now: planningNow,
  }).plan.steps[0] as Step;
}

describe.each(
  resourceTypes.all
    .filter(({ managed, capture, rules }) => managed && capture !== undefined && rules.grants.length > 0)
    .map((type) => [type.type, type] as const),
)('what a restore of %s hands out', (name, type) => {
  const comparer = comparerFor(type.rules, name, '');
  // What a create would hand out with the same value.
  const samples = ruleSamples(type, 'grants', 400, 7).samples.filter(
    ({ rule, property, after }) =>
      after !== undefined && ruleHits([rule], {}, { [property]: after }, null, comparer).length > 0,
  );
  const saysOf = ({ rule, property, after }: RuleSample): string =>
    ruleHits([rule], {}, { [property]: after }, null, comparer)[0]?.says ?? '';

  it('is a grant with its own confirmation where it is brought out, and where nothing pins the journal', () => {
    expect(samples.length).toBeGreaterThan(0);
    for (const sample of samples) {
      const out = restoring(
        name,
        sample,
        { proven: true, apart: { as: null, instead: {} } },
        { bringsOut: { run, step: 'X', as: null, instead: {}, fromAws: false } },
      );
      const undo = restoring(name, sample, {}, { rollbackOf: run });
      for (const step of [out, undo]) {
        expect(step.grant?.opens.join('\n')).toContain(saysOf(sample));
        expect(step.confirm).not.toBeNull();
        expect(step.coveredBy).toBeUndefined();
      }
      expect(undo.grant?.opens[0]).toContain('pins that journal');
    }
  });

  it('is shown as a grant, and covered by the approval of the run, where the run pinned it', () => {
    for (const sample of samples) {
      const step = restoring(name, sample, { proven: true }, { rollbackOf: run });
      expect(step.grant?.opens.join('\n')).toContain(saysOf(sample));
      expect([step.confirm, step.coveredBy]).toEqual([null, run]);
      // Whatever the capture bucket says, the log of the store does not know the run.
      const unlogged = restoring(name, sample, { proven: true }, { rollbackOf: run, unlogged: true });
      expect(unlogged.grant?.opens[0]).toContain(`does not know run ${run}`);
      expect(unlogged.confirm).not.toBeNull();
    }
  });
});

it('an instance that is brought out runs its user data, which nobody sees, and has its profile: two grants', () => {
  const live = liveSample('AWS::EC2::Instance', {
    IamInstanceProfile: 'admin',
    UserData: { $masked: 'sha256:1' },
    SubnetId: 'subnet-0123456789abcdef0',
  });
  const sample = { property: 'Tags', after: live.properties['Tags'] } as unknown as RuleSample;
  const { grant, confirm } = restoring(
    live.type,
    sample,
    { live, proven: true, apart: { as: null, instead: {} } },
    { bringsOut: { run, step: 'X', as: null, instead: {}, fromAws: false } },
  );
  expect(grant?.opens).toEqual(
    expect.arrayContaining([expect.stringContaining('admin'), expect.stringMatching(/user data/iu)]),
  );
  expect(confirm).not.toBeNull();
});
