import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { JsonObject } from '../../src/base/json.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { openRoad, type Made, type Road } from '../helpers/road.ts';
import { startTestSandbox } from '../helpers/sandbox.ts';

jest.setTimeout(180_000);
const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('a database without automated backups', () => {
  let sandbox: Sandbox;
  let road: Road;
  beforeAll(async () => {
    sandbox = await startTestSandbox({ pace: { reads: 1, milliseconds: 0 } });
    road = await openRoad(sandbox, { AIPLAN_SECRET_DB: 'correct-horse-battery' }, { checked: true });
  }, 60_000);
  afterAll(async () => {
    road?.close();
    await sandbox?.stop();
  });
  const applied = async (made: Made): Promise<string> => {
    expect(made.plan.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    const report = await road.apply(made);
    expect([report.outcome, report.message]).toEqual(['done', null]);
    return report.run;
  };
  const retention = async (): Promise<unknown> =>
    (await road.live('AWS::RDS::DBInstance', 'scratch'))?.properties['BackupRetentionPeriod'];
  const plan = (name: string, entry: JsonObject): Promise<Made> =>
    road.plan(road.text(name, { Scratch: { type: 'AWS::RDS::DBInstance', reason: 'a scratch database', ...entry } }));

  it('is made, deleted, and brought back so, each with what a person confirmed', async () => {
    const make = await plan('scratch-make', {
      action: 'create',
      properties: {
        DBInstanceIdentifier: 'scratch',
        DBInstanceClass: 'db.m6g.large',
        Engine: 'postgres',
        AllocatedStorage: '20',
        MasterUsername: 'root1',
        MasterUserPassword: { 'Fn::Env': 'AIPLAN_SECRET_DB' },
        BackupRetentionPeriod: 0,
      },
    });
    expect(make.plan.steps[0]).toMatchObject({ confirm: 'scratch' });
    await applied(make);
    expect(await retention()).toBe(0);
    const gone = await applied(await plan('scratch-delete', { action: 'delete', id: 'scratch' }));
    expect(await retention()).toBeUndefined();
    const back = await road.planRollback(gone);
    expect(back.plan.steps[0]).toMatchObject({ confirm: null, coveredBy: gone });
    await applied(back);
    expect(await retention()).toBe(0);
  });
});
