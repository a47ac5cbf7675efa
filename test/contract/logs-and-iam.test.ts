import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { JsonObject } from '../../src/base/json.ts';
import type { Report } from '../../src/domain/records/report.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { interrupter } from '../helpers/interrupter.ts';
import { asker, jsonAsker, type Ask } from '../helpers/query.ts';
import { openRoad, region, type Entries, type Made, type Road } from '../helpers/road.ts';
import { startTestSandbox } from '../helpers/sandbox.ts';

jest.setTimeout(180_000);
const suite = (await emulatorAvailable()) ? describe : describe.skip;
const [PROFILE, GROUP] = ['AWS::IAM::InstanceProfile', 'AWS::Logs::LogGroup'] as const;
const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});

suite('services that are spoken to by forms of another service and in JSON', () => {
  const stop = interrupter();
  let sandbox: Sandbox;
  let road: Road;
  let ask: Ask;
  let logs: (operation: string, input: JsonObject) => Promise<JsonObject>;
  let plans = 0;
  beforeAll(async () => {
    sandbox = await startTestSandbox({ pace: { reads: 1, milliseconds: 0 } });
    road = await openRoad(sandbox, {}, stop);
    ask = asker(sandbox.endpoint, region);
    logs = jsonAsker(sandbox.endpoint, region, 'logs', 'Logs_20140328');
    for (const RoleName of ['reader', 'writer'])
      await ask('iam', 'CreateRole', { RoleName, AssumeRolePolicyDocument: trust });
  }, 60_000);
  afterAll(async () => {
    road?.close();
    await sandbox?.stop();
  });
  afterEach(() => {
    stop.disarm();
  });

  const blocks = ({ plan }: Made): readonly string[] =>
    plan.findings.filter(({ severity }) => severity === 'error').map(({ code, message }) => `${code}: ${message}`);
  const planned = async (entries: Entries): Promise<Made> => {
    plans += 1;
    const made = await road.plan(road.text(`services-${plans}`, entries));
    expect(blocks(made)).toEqual([]);
    return made;
  };
  const ended = (report: Report | readonly string[]): Report => {
    expect(report).toMatchObject({ outcome: 'done', message: null });
    return report as Report;
  };
  const takenBack = async (run: string): Promise<void> => {
    const made = await road.planRollback(run);
    expect(blocks(made)).toEqual([]);
    if (made.plan.steps.some(({ action }) => action !== 'keep')) ended(await road.apply(made));
    const again = await road.planRollback(run);
    expect(again.plan.steps.filter(({ action }) => action !== 'keep').map(({ id }) => id)).toEqual([]);
  };
  const names = (): { readonly profile: string; readonly group: string } => ({
    profile: `profile-${plans}`,
    group: `/services/${plans}`,
  });
  const creates = ({ profile, group }: ReturnType<typeof names>): Entries => ({
    Profile: {
      type: PROFILE,
      action: 'create',
      reason: 'the servers read',
      properties: { InstanceProfileName: profile, Roles: ['reader'], Tags: { team: 'x' } },
    },
    Group: {
      type: GROUP,
      action: 'create',
      properties: { LogGroupName: group, RetentionInDays: 30, Tags: { team: 'x' } },
    },
  });
  const updates = ({ profile, group }: ReturnType<typeof names>): Entries => ({
    Profile: {
      type: PROFILE,
      action: 'update',
      id: profile,
      reason: 'they write now',
      expect: { Roles: ['reader'] },
      properties: { Roles: ['writer'], Tags: { owner: 'me' } },
    },
    Group: {
      type: GROUP,
      action: 'update',
      id: group,
      reason: 'longer',
      properties: { RetentionInDays: 60, Tags: { owner: 'me' } },
    },
  });
  const deletes = ({ profile, group }: ReturnType<typeof names>): Entries => ({
    Profile: { type: PROFILE, action: 'delete', id: profile, reason: 'gone', expect: { Roles: ['reader'] } },
    Group: { type: GROUP, action: 'delete', id: group, reason: 'gone', expect: { RetentionInDays: 30 } },
  });
  const picture = async ({ profile, group }: ReturnType<typeof names>): Promise<unknown> =>
    [await road.live(PROFILE, profile), await road.live(GROUP, group)].map((live) => live?.properties ?? null);

  describe.each([
    ['create', creates, ['CreateInstanceProfile', 'AddRoleToInstanceProfile', 'CreateLogGroup', 'PutRetentionPolicy']],
    [
      'update',
      updates,
      [
        'RemoveRoleFromInstanceProfile',
        'AddRoleToInstanceProfile',
        'TagInstanceProfile',
        'PutRetentionPolicy',
        'TagResource',
      ],
    ],
    ['delete', deletes, ['RemoveRoleFromInstanceProfile', 'DeleteInstanceProfile', 'DeleteLogGroup']],
  ] as const)('a %s', (action, entries, operations) => {
    it.each(operations.map((operation) => [operation]))(
      'whose answer to %s was lost is resumed, and in another run rolled back',
      async (operation) => {
        for (const end of ['resume', 'rollback'] as const) {
          plans += 1;
          const there = names();
          if (action !== 'create') ended(await road.apply(await planned(creates(there))));
          const before = await picture(there);
          const made = await planned(entries(there));
          stop.arm('after', (call) => call.operation === operation);
          await road.apply(made);
          expect(stop.disarm()).not.toBeNull();
          const { run } = road.newest();
          if (end === 'resume') {
            expect(await road.resume(run)).toMatchObject({ outcome: 'done' });
            const again = await road.again(made);
            expect([blocks(again), again.plan.steps.map((step) => step.action)]).toEqual([[], ['keep', 'keep']]);
          }
          await takenBack(run);
          expect(await picture(there)).toEqual(before);
        }
      },
    );
  });

  it.each([
    ['throttle', true],
    ['deny', false],
    ['expired', false],
  ] as const)('knows %s in each protocol for what it is, and goes on by itself: %s', async (kind, goesOn) => {
    for (const operation of ['CreateInstanceProfile', 'CreateLogGroup']) {
      plans += 1;
      const there = names();
      const made = await planned(creates(there));
      let met = 0;
      const unhook = sandbox.proxy.onRequest((request) =>
        request.operation === operation && (met += 1) === 1 ? { kind } : undefined,
      );
      const report = await road.apply(made);
      unhook();
      expect(met).toBeGreaterThan(0);
      if (goesOn) ended(report);
      // A refusal proves that nothing was executed: no step is in doubt.
      expect(report.steps.filter(({ state }) => state === 'doubt')).toEqual([]);
      const { run } = road.newest();
      if (report.outcome !== 'done') expect(await road.resume(run)).toMatchObject({ outcome: 'done' });
      await takenBack(run);
      expect(await picture(there)).toEqual([null, null]);
    }
  });

  it('a log group with events goes only where the loss is accepted, and its configuration comes back without them', async () => {
    plans += 1;
    const there = names();
    ended(await road.apply(await planned({ Group: creates(there)['Group'] as JsonObject })));
    const logGroupName = there.group;
    await logs('CreateLogStream', { logGroupName, logStreamName: 'one' });
    await logs('PutLogEvents', {
      logGroupName,
      logStreamName: 'one',
      logEvents: [{ timestamp: Date.now(), message: 'canary-event' }],
    });
    await logs('PutMetricFilter', {
      logGroupName,
      filterName: 'errors',
      filterPattern: 'ERROR',
      metricTransformations: [{ metricName: 'errors', metricNamespace: 'shop', metricValue: '1' }],
    });
    const going = { Group: deletes(there)['Group'] as JsonObject };
    const refused = await road.plan(road.text('services-full', going));
    expect(blocks(refused)).toEqual([expect.stringMatching(/^accept-loss-needed: .*log events/u)]);
    expect(refused.plan.steps[0]?.recoverability.level).toBe('irreversible');
    const short = await road.plan(
      road.text('services-short', {
        Group: {
          type: GROUP,
          action: 'update',
          id: there.group,
          reason: 'cheaper',
          properties: { RetentionInDays: 1 },
        },
      }),
    );
    expect(blocks(short)).toEqual([expect.stringMatching(/^accept-loss-needed: .*older than 1 days/u)]);
    const before = await road.live(GROUP, there.group);
    const made = await planned({ Group: { ...(going.Group as JsonObject), accept_loss: 'its log events' } });
    const { run } = ended(await road.apply(made));
    expect(await road.live(GROUP, there.group)).toBeUndefined();
    expect(JSON.stringify(road.records(run))).not.toContain('canary-event');
    await takenBack(run);
    const after = await road.live(GROUP, there.group);
    expect(after?.properties).toEqual(before?.properties);
    expect(after?.binding['metricFilters']).toEqual(['errors']);
    expect(after?.observed['streams']).toBe('none');
  });

  it('a role that does not exist is seen before the first call, in plan and in apply', async () => {
    const entries = creates(names());
    const profile = {
      ...(entries['Profile'] as JsonObject),
      properties: { InstanceProfileName: 'p', Roles: ['nobody'] },
    };
    const made = await road.plan(road.text('services-nobody', { Profile: profile }));
    const report = await road.apply(made);
    expect([report.outcome, report.calls]).toEqual(['blocked', 0]);
    expect(JSON.stringify(report)).toContain('the role nobody does not exist');
  });
});
