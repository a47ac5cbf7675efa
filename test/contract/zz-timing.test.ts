import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { JsonObject } from '../../src/model/json.ts';
import type { Report } from '../../src/model/report.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { reportRows } from '../../src/views/report-rows.ts';
import { rowsToText } from '../../src/views/text.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { bucket, database, everything, furnishSmall, stateOf, type SmallAccount } from '../helpers/interrupted-account.ts';
import { interrupter, nameOf, type Stop } from '../helpers/interrupter.ts';
import { openRoad, type Entries, type Made, type Road } from '../helpers/road.ts';
import { startTestSandbox } from '../helpers/sandbox.ts';

jest.setTimeout(300_000);
const shown = (report: Report): string => rowsToText(reportRows(report), { width: 200, color: false });
const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('a run that was stopped anywhere is taken back, and a rollback that was stopped anywhere goes on', () => {
  const stop = interrupter();
  let sandbox: Sandbox;
  let road: Road;
  let small: SmallAccount;
  let before: JsonObject;
  let plans = 0;
  beforeAll(async () => {
    sandbox = await startTestSandbox({ pace: { reads: 1, milliseconds: 0 } });
    road = await openRoad(sandbox, {}, stop);
    small = await furnishSmall(sandbox);
  }, 90_000);
  afterAll(async () => {
    road?.close();
    await sandbox?.stop();
  });
  beforeEach(async () => { before = await stateOf(road, sandbox); });
  afterEach(() => { stop.disarm(); });

  const webIdentity = async (): Promise<string> => (await everything(road))['AWS::EC2::Instance'].find(({ properties }) => (properties['Tags'] as JsonObject)['Name'] === 'web')?.identity ?? 'no instance';
  const blocks = ({ plan }: Made): readonly string[] => plan.findings.filter(({ severity }) => severity === 'error').map(({ code, message }) => `${code}: ${message}`);
  const remove = async (...names: readonly ('Database' | 'Instance' | 'Bucket')[]): Promise<Entries> => {
    const all: Entries = {
      Database: { type: 'AWS::RDS::DBInstance', action: 'delete', id: database, reason: 'a test', properties: { DeletionProtection: false } },
      Instance: { type: 'AWS::EC2::Instance', action: 'delete', id: await webIdentity(), reason: 'a test' },
      Bucket: { type: 'AWS::S3::Bucket', action: 'delete', id: bucket, reason: 'a test' },
    };
    return Object.fromEntries(names.map((name) => [name, all[name] ?? {}]));
  };
  const change = async (): Promise<Entries> => ({
    Database: { type: 'AWS::RDS::DBInstance', action: 'update', id: database, when: 'now', reason: 'a test', properties: { DBInstanceClass: 'db.m6g.xlarge', Tags: { team: 'shop' } } },
    Instance: { type: 'AWS::EC2::Instance', action: 'update', id: await webIdentity(), when: 'now', reason: 'a test', properties: { InstanceType: 't3.small', Tags: { owner: 'me' } } },
    Bucket: { type: 'AWS::S3::Bucket', action: 'update', id: bucket, reason: 'a test', properties: { Tags: { owner: 'me' }, OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerPreferred' }] } } },
    Made: { type: 'AWS::S3::Bucket', action: 'create', reason: 'a test', properties: { BucketName: 'courses-made', VersioningConfiguration: { Status: 'Enabled' }, Tags: { team: 'shop' } } },
    Group: { type: 'AWS::EC2::SecurityGroup', action: 'create', reason: 'a test', properties: { GroupName: 'made', GroupDescription: 'made', VpcId: small.vpc, SecurityGroupIngress: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '10.0.0.0/8' }] } },
    Server: { type: 'AWS::EC2::Instance', action: 'create', reason: 'a test', properties: { ImageId: small.image, InstanceType: 't3.micro', SubnetId: small.subnet, SecurityGroupIds: [{ Ref: 'Group' }], Tags: { Name: 'made' } } },
  });

  async function applied(entries: Entries): Promise<Report> {
    plans += 1;
    const made = await road.plan(road.text(`interrupted-${plans}`, entries));
    expect(blocks(made)).toEqual([]);
    return road.apply(made);
  }

  /** The plan that takes a run back, as soon as AWS has finished what the run began; until then it says "wait". */
  async function planBack(run: string, where: string): Promise<Made> {
    let made = await road.planRollback(run);
    for (let waits = 0; waits < 5 && blocks(made).some((text) => /^(rollback-wait|wrong-state):/u.test(text)); waits += 1) made = await road.planRollback(run);
    expect([where, blocks(made)]).toEqual([where, []]);
    return made;
  }

  /** Takes a run back to the end; then nothing is left to do, and everything is as it was. */
  async function takenBack(run: string, where: string): Promise<Report | null> {
    const made = await planBack(run, where);
    const report = made.plan.steps.length === 0 ? null : await road.apply(made);
    if (report !== null) expect([where, report.outcome, report.message, report.findings]).toEqual([where, 'done', null, []]);
    expect([where, (await planBack(run, where)).plan.steps.map(({ id, action }) => `${id} ${action}`)]).toEqual([where, []]);
    expect([where, await stateOf(road, sandbox)]).toEqual([where, before]);
    return report;
  }


  it('times', async () => {
    const lap = (() => { let t = Date.now(), c = process.cpuUsage(); return (w: string) => { const u = process.cpuUsage(c); process.stdout.write(`${w} ${Date.now() - t} ms, cpu ${Math.round((u.user + u.system) / 1000)}, requests ${road.requestCount() - n}\n`); t = Date.now(); c = process.cpuUsage(); n = road.requestCount(); }; })();
    let n = road.requestCount();
    for (let i = 0; i < 6; i += 1) {
      const entries = await remove('Bucket'); lap('entries');
      plans += 1; const made = await road.plan(road.text(`t-${plans}`, entries)); lap('plan');
      const report = await road.apply(made); lap('apply');
      const back = await planBack(report.run, ''); lap('plan back');
      await road.apply(back); lap('back');
      await planBack(report.run, ''); lap('plan again');
      await stateOf(road, sandbox); lap('state');
    }
  });
});
