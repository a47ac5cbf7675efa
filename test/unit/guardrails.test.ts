import type { JsonObject } from '../../src/base/json.ts';
import { expect, it } from '@jest/globals';
import { builtInGuardrails, judge } from '../../src/plan/guardrails/index.ts';
import type { Judged } from '../../src/plan/guardrails/guardrail.ts';
import { createMemoryWorld, memoryTarget, DATABASE, NOTE } from '../helpers/memory-world.ts';
import {
  changePlanOf,
  codes,
  plainConfiguration,
  planFor,
  stepOf,
  type EntrySample,
} from '../helpers/planning-samples.ts';

const world = () =>
  createMemoryWorld({
    seed: [
      { type: DATABASE, identity: 'courses' },
      { type: NOTE, identity: 'a' },
      { type: NOTE, identity: 'b' },
    ],
  });
const remove = (id: string, rest: Partial<EntrySample> = {}): EntrySample => ({
  address: `X${id}`,
  type: NOTE,
  action: 'delete',
  id,
  reason: 'r',
  expect: {},
  ...rest,
});

it('have distinct codes and say what they are for', () => {
  expect(new Set(builtInGuardrails.map(({ code }) => code)).size).toBe(builtInGuardrails.length);
  for (const { says } of builtInGuardrails) expect(says).not.toBe('');
});

it('protect identities of the configuration, exact or by prefix, also from being created', async () => {
  for (const pattern of ['courses', 'cour*', '*']) {
    const planned = await planFor(
      world(),
      [{ address: 'Db', type: DATABASE, action: 'update', id: 'courses', properties: { Retention: 9 } }],
      { configuration: { protected: [pattern] } },
    );
    expect(codes(planned, 'Db')).toEqual(['protected-identity']);
    expect(stepOf(planned, 'Db').blocked).toBe(true);
  }
  expect(
    codes(
      await planFor(
        world(),
        [{ address: 'Db', type: DATABASE, action: 'update', id: 'courses', properties: { Retention: 9 } }],
        { configuration: { protected: ['course'] } },
      ),
      'Db',
    ),
  ).toEqual([]);
  expect(
    codes(
      await planFor(
        world(),
        [{ address: 'Db', type: DATABASE, action: 'update', id: 'courses', properties: { Retention: 9 } }],
        { configuration: { protected: ['Courses'] } },
      ),
      'Db',
    ),
  ).toEqual(['protected-identity']);
  expect(
    codes(
      await planFor(world(), [{ address: 'N', type: NOTE, action: 'create', properties: { NoteName: 'prod-1' } }], {
        configuration: { protected: ['prod-*'] },
      }),
      'N',
    ),
  ).toEqual(['protected-identity']);
});

it('leave alone what a plan keeps', async () => {
  const planned = await planFor(
    world(),
    [{ address: 'Db', type: DATABASE, action: 'update', id: 'courses', properties: {} }],
    { configuration: { protected: ['*'] } },
  );
  expect(codes(planned, 'Db')).toEqual([]);
});

it('ask to split a plan with too many confirmations, and block all of it', async () => {
  const planned = await planFor(world(), [remove('a'), remove('b')], { configuration: { maxConfirmations: 1 } });
  expect(codes(planned, null)).toEqual(['too-many-confirmations']);
  expect(planned.plan.summary.blocked).toBe(2);
  expect(
    codes(await planFor(world(), [remove('a'), remove('b')], { configuration: { maxConfirmations: 2 } }), null),
  ).toEqual([]);
});

it('refuse accounts that the configuration does not allow', async () => {
  expect(codes(await planFor(world(), [remove('a')], { configuration: { accounts: ['999999999999'] } }), null)).toEqual(
    ['account-not-allowed'],
  );
  expect(codes(await planFor(world(), [remove('a')], { configuration: { accounts: ['123456789012'] } }), null)).toEqual(
    [],
  );
});

it('want a reason for a destruction, and point out a `when` that means nothing', async () => {
  expect(codes(await planFor(world(), [remove('a', { reason: ' ' })]), 'Xa')).toEqual(['reason-needed']);
  expect(codes(await planFor(world(), [remove('a', { when: 'now' })]), 'Xa', 'info')).toEqual(['when-ignored']);
});

it("keep a plan's hands off aiplan's own buckets and off what something else manages", () => {
  const judged = (identity: string, action: 'delete' | 'update', binding = {}): Judged => ({
    step: {
      id: 'B',
      type: 'AWS::S3::Bucket',
      identity,
      action,
      destruction: null,
      grant: null,
      confirm: null,
      recoverability: { level: 'reversible', loses: [] },
    } as unknown as Judged['step'],
    entry: {
      address: 'B',
      type: 'AWS::S3::Bucket',
      action,
      id: identity,
      dependsOn: [],
      source: { line: 1, column: 1 },
      positions: {},
    },
    live: { binding } as never,
  });
  const found = (step: Judged, configuration = {}) =>
    judge({
      changePlan: changePlanOf([]),
      target: memoryTarget,
      configuration: { ...plainConfiguration, ...configuration },
      steps: [step],
      openRuns: [],
    }).map(({ code, severity }) => `${severity} ${code}`);
  expect(found(judged('aiplan-captures-123456789012-eu-west-1', 'update'))).toEqual(['error own-storage']);
  expect(found(judged('mine', 'update'), { capture: { ...plainConfiguration.capture, bucket: 'mine' } })).toEqual([
    'error own-storage',
  ]);
  expect(found(judged('journals', 'update'), { store: 's3://journals/x' })).toEqual(['error own-storage']);
  expect(found(judged('site', 'update'))).toEqual([]);
  const naming = (properties: JsonObject): Judged => {
    const step = judged('site', 'update');
    return { ...step, entry: { ...step.entry, properties } };
  };
  expect(
    found(naming({ LoggingConfiguration: { DestinationBucketName: 'aiplan-captures-123456789012-eu-west-1' } })),
  ).toEqual(['error own-storage']);
  expect(
    found(
      naming({
        ReplicationConfiguration: {
          Rules: [{ Destination: { Bucket: 'arn:aws:s3:::aiplan-captures-123456789012-eu-west-1' } }],
        },
      }),
    ),
  ).toEqual(['error own-storage']);
  expect(
    found(naming({ LoggingConfiguration: { DestinationBucketName: 'aiplan-captures-123456789012-eu-west-1-logs' } })),
  ).toEqual([]);
  expect(found(judged('site', 'delete', { owner: 'CloudFormation stack x' }))).toEqual(['error managed-elsewhere']);
  expect(found(judged('site', 'update', { owner: 'CloudFormation stack x' }))).toEqual(['warning managed-elsewhere']);
  expect(found(judged('site', 'delete', { owner: null }))).toEqual([]);
});
