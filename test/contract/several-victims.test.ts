import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { S3Client } from '@aws-sdk/client-s3';
import type { JsonObject } from '../../src/base/json.ts';
import type { Report } from '../../src/domain/records/report.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { database, furnishSmall, stateOf, type SmallAccount } from '../helpers/interrupted-account.ts';
import { interrupter, nameOf } from '../helpers/interrupter.ts';
import { openRoad, type Entries, type Made, type Road } from '../helpers/road.ts';
import { clientsOf, startTestSandbox } from '../helpers/sandbox.ts';

jest.setTimeout(240_000);
const suite = (await emulatorAvailable()) ? describe : describe.skip;
const [INSTANCE, VOLUME, GROUP, DATABASE] = [
  'AWS::EC2::Instance',
  'AWS::EC2::Volume',
  'AWS::EC2::SecurityGroup',
  'AWS::RDS::DBInstance',
] as const;

suite('several victims that need each other', () => {
  const stop = interrupter();
  let sandbox: Sandbox;
  let road: Road;
  let s3: S3Client;
  let small: SmallAccount;
  let plans = 0;
  beforeAll(async () => {
    sandbox = await startTestSandbox({ pace: { reads: 1, milliseconds: 0 } });
    road = await openRoad(sandbox, {}, { ...stop, checked: true });
    ({ s3 } = clientsOf(sandbox.endpoint));
    small = await furnishSmall(sandbox);
  }, 90_000);
  afterAll(async () => {
    road?.close();
    s3?.destroy();
    await sandbox?.stop();
  });
  afterEach(() => {
    stop.disarm();
  });

  const blocks = ({ plan }: Made): readonly string[] =>
    plan.findings
      .filter(({ severity }) => severity === 'error')
      .map(({ code, step, message }) => `${step ?? ''} ${code}: ${message}`);
  const namesOf = async (): Promise<{ readonly web: string; readonly disk: string; readonly group: string }> => {
    const named = async (type: string, name: string): Promise<string> =>
      (await road.all(type)).find(({ properties }) => (properties['Tags'] as JsonObject | undefined)?.['Name'] === name)
        ?.identity ?? '';
    return {
      web: await named(INSTANCE, 'web'),
      disk: await named(VOLUME, 'data'),
      group:
        (await road.all(GROUP)).find(({ properties }) => properties['GroupName'] === 'courses')?.identity ??
        small.group,
    };
  };
  const gone = { action: 'delete', reason: 'a test', expect: {} } as const;
  /** A database and an instance in one group, and the instance's volume: all of them in one plan. */
  const all = async (): Promise<Entries> => {
    const { web, disk, group } = await namesOf();
    return {
      Db: { type: DATABASE, id: database, ...gone, properties: { DeletionProtection: false } },
      Web: { type: INSTANCE, id: web, ...gone },
      Disk: { type: VOLUME, id: disk, ...gone, depends_on: ['Web'] },
      Group: { type: GROUP, id: group, ...gone, depends_on: ['Db', 'Web'] },
    };
  };
  const planned = async (): Promise<Made> => {
    plans += 1;
    const made = await road.plan(road.text(`several-${plans}`, await all()));
    expect(blocks(made)).toEqual([]);
    return made;
  };
  const planBack = async (run: string): Promise<Made> => {
    let made = await road.planRollback(run);
    for (
      let waits = 0;
      waits < 5 && blocks(made).some((text) => /(?:rollback-wait|wrong-state):/u.test(text));
      waits += 1
    )
      made = await road.planRollback(run);
    expect(blocks(made)).toEqual([]);
    return made;
  };
  const done = ({ outcome, message }: Report): void => expect([outcome, message]).toEqual(['done', null]);
  /** The ids of groups and volumes change too: they are held by their names. */
  const state = async (): Promise<unknown> => {
    const { disk, group } = await namesOf();
    const found = JSON.parse(
      JSON.stringify(await stateOf(road, s3))
        .replaceAll(group, 'GROUP')
        .replaceAll(disk === '' ? '-' : disk, 'DISK'),
    ) as { resources: JsonObject[] };
    return { ...found, resources: found.resources.map((one) => JSON.stringify(one)).toSorted() };
  };

  it('go in one run and come back, and so they do a second time, with other ids', async () => {
    const before = await state();
    for (let round = 0; round < 2; round += 1) {
      const report = await road.apply(await planned());
      done(report);
      expect(await road.live(DATABASE, database)).toBeUndefined();
      const back = await road.apply(await planBack(report.run));
      done(back);
      expect(await state()).toEqual(before);
      // Nothing is left for another rollback of that run.
      expect((await planBack(report.run)).plan.steps.filter(({ action }) => action !== 'keep')).toEqual([]);
    }
  });

  it('killed in each phase of the run and of its rollback, they come back all the same', async () => {
    const before = await state();
    for (const operation of ['TerminateInstances', 'DeleteDBInstance', 'DeleteSecurityGroup']) {
      stop.arm('after', (call) => nameOf(call).startsWith(operation));
      const report = await road.apply(await planned());
      expect([operation, stop.disarm(), report.outcome]).toEqual([
        operation,
        expect.stringContaining(operation),
        'failed',
      ]);
      const next =
        {
          TerminateInstances: 'RunInstances',
          DeleteDBInstance: 'RestoreDBInstance',
          DeleteSecurityGroup: 'CreateSecurityGroup',
        }[operation] ?? '';
      stop.arm('after', (call) => nameOf(call).startsWith(next));
      await road.apply(await planBack(report.run));
      stop.disarm();
      const back = await planBack(report.run);
      if (back.plan.steps.length > 0) done(await road.apply(back));
      expect([operation, await state()]).toEqual([operation, before]);
    }
  });
});
