import { describe, expect, it } from '@jest/globals';
import { loadSchema } from '../../providers/aws/schema.ts';
import { resourceTypes } from '../../providers/index.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { Configuration } from '../../src/domain/configuration.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import { plan } from '../../src/plan/planner.ts';
import { liveSample } from '../helpers/rule-samples.ts';
import { builtInGuardrails, judge, judgeValues } from '../../src/plan/guardrails/index.ts';
import type { Judged } from '../../src/plan/guardrails/guardrail.ts';
import { createMemoryWorld, memoryTarget, DATABASE, NOTE } from '../helpers/memory-world.ts';
import {
  changePlanOf,
  codes,
  plainConfiguration,
  planFor,
  planningNow,
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
    desired: {},
    nameProperty: 'BucketName',
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
    return { ...step, entry: { ...step.entry, properties }, desired: properties };
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

const own = 'aiplan-captures-123456789012-eu-west-1';

describe('guardrails judge the value that will be sent, however it comes in', () => {
  const live = (identity: string): LiveResource => ({
    ...liveSample('AWS::S3::Bucket', { BucketName: identity }),
    identity,
    attributes: { Arn: `arn:aws:s3:::${identity}` },
  });
  const bucket: EntrySample = { address: 'B', type: 'AWS::S3::Bucket', action: 'update', id: 'site', reason: 'r' };
  const cap: EntrySample = { address: 'Cap', type: 'AWS::S3::Bucket', action: 'read', id: own };
  const ours = (entries: readonly EntrySample[], configuration: Partial<Configuration> = {}): readonly string[] =>
    plan({
      changePlan: changePlanOf(entries),
      text: '',
      live: {
        format: 'aiplan/live@1',
        target: memoryTarget,
        readAt: planningNow,
        recorded: false,
        resources: [live('site'), live(own), live('logs')],
        absent: [],
        complete: resourceTypes.all.map(({ type }) => type),
        failures: [],
        calls: {},
        account: {},
      },
      types: resourceTypes,
      schemas: loadSchema,
      configuration: { ...plainConfiguration, ...configuration },
      now: planningNow,
    }).plan.findings.flatMap(({ code, severity, step }) =>
      severity === 'error' && /own-storage|protected/u.test(code) ? [`${step ?? ''} ${code}`] : [],
    );
  const logging = (name: Json): JsonObject => ({
    LoggingConfiguration: { DestinationBucketName: name, LogFilePrefix: 'x/' },
  });
  const replication = (name: Json): JsonObject => ({
    ReplicationConfiguration: {
      Role: 'arn:aws:iam::123456789012:role/r',
      Rules: [{ Id: 'a', Status: 'Enabled', Priority: 1, Filter: { Prefix: '' }, Destination: { Bucket: name } }],
    },
  });

  it.each([
    ['a literal', logging(own)],
    ['!Ref', logging({ Ref: 'Cap' })],
    ['!GetAtt', replication({ 'Fn::GetAtt': ['Cap', 'Arn'] })],
    ['!Join, as !Sub is read', replication({ 'Fn::Join': ['', ['arn:aws:s3:::', { Ref: 'Cap' }]] })],
  ] as const)('own storage named by %s', (_how, properties) => {
    expect(ours([cap, { ...bucket, properties }])).toEqual(['B own-storage']);
    const other = { ...cap, id: 'logs' };
    if (JSON.stringify(properties).includes('Cap')) expect(ours([other, { ...bucket, properties }])).toEqual([]);
  });

  it('a value that another step will make may name own storage, unless it is of a bucket with another name', () => {
    const group: EntrySample = {
      address: 'G',
      type: 'AWS::EC2::SecurityGroup',
      action: 'create',
      properties: { GroupDescription: 'g', GroupName: 'g' },
    };
    const fresh: EntrySample = { ...cap, address: 'N', action: 'create', properties: { BucketName: 'fresh' } };
    const { id: _id, ...made } = fresh;
    expect(ours([group, { ...bucket, properties: logging({ 'Fn::GetAtt': ['G', 'GroupId'] }) }])).toEqual([
      'B own-storage',
    ]);
    expect(ours([made, { ...bucket, properties: replication({ 'Fn::GetAtt': ['N', 'Arn'] }) }])).toEqual([]);
  });

  it('a protected name that a create takes from elsewhere', () => {
    const made: EntrySample = {
      address: 'N',
      type: 'AWS::S3::Bucket',
      action: 'create',
      properties: { BucketName: { 'Fn::Join': ['-', ['prod', { Ref: 'Cap' }]] } },
    };
    expect(ours([{ ...cap, id: 'logs' }, made], { protected: ['prod-*'] })).toEqual(['N protected-identity']);
    expect(ours([{ ...cap, id: 'logs' }, made], { protected: ['live-*'] })).toEqual([]);
  });

  it('again before it is sent, when everything is known', () => {
    const { step, entry } = {
      step: { id: 'B', type: 'AWS::S3::Bucket', identity: 'site', action: 'update' },
      entry: bucket,
    };
    const judging = (desired: JsonObject): readonly string[] =>
      judgeValues(
        {
          step: step as unknown as Judged['step'],
          entry: { ...changePlanOf([entry]).resources[0]!, properties: desired },
          desired,
          nameProperty: 'BucketName',
        },
        { configuration: plainConfiguration, target: memoryTarget, steps: [] },
      ).map(({ code }) => code);
    expect([judging(logging(own)), judging(logging('logs'))]).toEqual([['own-storage'], []]);
  });
});
