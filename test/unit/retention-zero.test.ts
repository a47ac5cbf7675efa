import { describe, expect, it } from '@jest/globals';
import { refusalOf } from '../../providers/aws/gate/protected-parameters.ts';
import { loadSchema } from '../../providers/aws/schema.ts';
import { resourceTypes } from '../../providers/index.ts';
import type { Approval } from '../../src/domain/approval.ts';
import type { Call } from '../../src/domain/call.ts';
import type { ChangePlan, RestoreOrder } from '../../src/domain/change-plan.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { Planned, Step } from '../../src/domain/plan.ts';
import { plan } from '../../src/plan/planner.ts';
import { permitFor } from '../../src/run/apply/permit.ts';
import { changePlanOf, plainConfiguration, planningNow, type EntrySample } from '../helpers/planning-samples.ts';
import { liveSample } from '../helpers/rule-samples.ts';

const type = 'AWS::RDS::DBInstance';
const run = '20260226-230000-0001';
const around = { captureBucket: 'captures', region: 'eu-west-1' };

function planned(entry: EntrySample, rest: Partial<ChangePlan> = {}): Planned {
  return plan({
    changePlan: changePlanOf([entry], rest),
    text: '',
    live: {
      format: 'aiplan/live@1',
      target: {
        account: '123456789012',
        region: 'eu-west-1',
        caller: 'arn:aws:iam::123456789012:user/t',
        endpoint: null,
      },
      readAt: planningNow,
      recorded: false,
      resources: [],
      absent: [],
      complete: resourceTypes.all.map((one) => one.type),
      failures: [],
      calls: {},
      account: {},
    },
    types: resourceTypes,
    schemas: loadSchema,
    configuration: plainConfiguration,
    now: planningNow,
  });
}

const database = (retention: number): JsonObject => ({
  DBInstanceIdentifier: 'courses',
  DBInstanceClass: 'db.m6g.large',
  Engine: 'postgres',
  AllocatedStorage: '100',
  MasterUsername: 'root1',
  ManageMasterUserPassword: true,
  BackupRetentionPeriod: retention,
});
const create = (retention: number): Planned =>
  planned({ address: 'X', type, action: 'create', reason: 'r', properties: database(retention) });
/** The undo of a deletion of a database that had this retention; `proven`: the run pinned it. */
const restore = (retention: number, order: Partial<RestoreOrder> = {}): Planned => {
  const live = liveSample(type, { BackupRetentionPeriod: retention });
  return planned(
    {
      address: 'X',
      type,
      action: 'create',
      reason: 'r',
      properties: live.properties,
      restore: {
        run,
        step: 'X',
        formerIdentity: live.identity,
        formerIncarnation: live.incarnation,
        capture: { how: 'native', refs: { snapshot: 's' }, pointInTime: null, bytes: 1, encrypted: true, extras: {} },
        live,
        ...order,
      },
    },
    { rollbackOf: run },
  );
};

/** Every reason for which the gate would refuse a call of the only step. */
function refusals({ plan: { steps }, work }: Planned, confirms: boolean): readonly string[] {
  const step = steps[0] as Step;
  const calls = work.get('X')?.preview ?? [];
  const confirmations = confirms ? [{ step: 'X', stepDigest: step.digest, typed: '', shown: '', typedLoss: null }] : [];
  const permit = permitFor(run, { confirmations } as unknown as Approval, step, calls);
  expect(calls.length).toBeGreaterThan(0);
  return calls.flatMap(
    ({ service, operation, input }: Call) => refusalOf(service, operation, input, permit, around) ?? [],
  );
}

describe('a database without automated backups', () => {
  it('is created after a confirmation of its own, and by nothing else', () => {
    const step = create(0).plan.steps[0] as Step;
    expect([step.blocked, step.confirm]).toEqual([false, 'courses']);
    expect(step.grant?.opens).toEqual([expect.stringContaining('no automated backups')]);
    expect(refusals(create(0), true)).toEqual([]);
    expect(refusals(create(0), false)).toEqual([expect.stringContaining('BackupRetentionPeriod 0')]);
  });

  it('one with backups asks for nothing and passes', () => {
    expect(create(7).plan.steps[0]).toMatchObject({ confirm: null, grant: null });
    expect(refusals(create(7), false)).toEqual([]);
  });

  it('is restored as it was under the approval of the run that pinned it, and else with a confirmation', () => {
    const pinned = restore(0, { proven: true });
    expect(pinned.plan.steps[0]).toMatchObject({ confirm: null, coveredBy: run });
    expect(pinned.plan.steps[0]?.grant?.opens.join()).toContain('no automated backups');
    expect(refusals(pinned, false)).toEqual([]);
    const claimed = restore(0);
    expect(claimed.plan.steps[0]?.confirm).not.toBeNull();
    expect(refusals(claimed, true)).toEqual([]);
    expect(refusals(claimed, false)).toEqual([expect.stringContaining('BackupRetentionPeriod 0')]);
    expect(refusals(restore(7, { proven: true }), false)).toEqual([]);
  });
});
