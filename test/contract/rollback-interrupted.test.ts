import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { S3Client } from '@aws-sdk/client-s3';
import type { Call } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import type { Report } from '../../src/domain/records/report.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { reportRows } from '../../src/views/run/report-rows.ts';
import { rowsToText } from '../../src/views/base/text.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { bucket, database, furnishSmall, stateOf, type SmallAccount } from '../helpers/interrupted-account.ts';
import { interrupter, nameOf, type Stop } from '../helpers/interrupter.ts';
import { openRoad, type Entries, type Made, type Road } from '../helpers/road.ts';
import { clientsOf, startTestSandbox } from '../helpers/sandbox.ts';

jest.setTimeout(process.env['AIPLAN_EVERY_POINT'] === '1' ? 900_000 : 240_000);
/**
 * What is tried on the emulator; the memory double tries every point of a run and of a rollback
 * (test/faults/matrix-*.test.ts).
 */
const every = process.env['AIPLAN_EVERY_POINT'] === '1';
const rule = every
  ? 'each operation, before and after'
  : 'each operation after it was carried out; the first and the last also before it was sent; AIPLAN_EVERY_POINT=1 tries all';
const shown = (report: Report): string => rowsToText(reportRows(report), { width: 200, color: false });
const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('a run that was stopped anywhere is undone, and a rollback that was stopped anywhere goes on', () => {
  const stop = interrupter();
  let sandbox: Sandbox;
  let road: Road;
  let s3: S3Client;
  let small: SmallAccount;
  let before: JsonObject;
  let web = '';
  let plans = 0;
  beforeAll(async () => {
    sandbox = await startTestSandbox({ pace: { reads: 1, milliseconds: 0 } });
    road = await openRoad(sandbox, {}, stop);
    ({ s3 } = clientsOf(sandbox.endpoint));
    small = await furnishSmall(sandbox);
  }, 90_000);
  afterAll(async () => {
    road?.close();
    s3?.destroy();
    await sandbox?.stop();
  });
  /** The instance has another id after each restore. */
  const refreshed = async (): Promise<void> => {
    web =
      (await road.all('AWS::EC2::Instance')).find(
        ({ properties }) => (properties['Tags'] as JsonObject)['Name'] === 'web',
      )?.identity ?? '';
  };
  beforeEach(async () => {
    before = await stateOf(road, s3);
    await refreshed();
  });
  afterEach(() => {
    stop.disarm();
  });

  const blocks = ({ plan }: Made): readonly string[] =>
    plan.findings.filter(({ severity }) => severity === 'error').map(({ code, message }) => `${code}: ${message}`);
  const only = (names: readonly string[], all: Entries): Entries =>
    Object.fromEntries(names.map((name) => [name, all[name] ?? {}]));
  const remove = (...names: readonly ('Database' | 'Instance' | 'Bucket')[]): Entries => {
    const all: Entries = {
      Database: {
        type: 'AWS::RDS::DBInstance',
        action: 'delete',
        id: database,
        reason: 'a test',
        properties: { DeletionProtection: false },
      },
      Instance: { type: 'AWS::EC2::Instance', action: 'delete', id: web, reason: 'a test' },
      Bucket: { type: 'AWS::S3::Bucket', action: 'delete', id: bucket, reason: 'a test' },
    };
    return only(names, all);
  };
  const updates = (...names: readonly ('Database' | 'Instance' | 'Bucket')[]): Entries =>
    only(names, {
      Database: {
        type: 'AWS::RDS::DBInstance',
        action: 'update',
        id: database,
        when: 'now',
        reason: 'a test',
        properties: { DBInstanceClass: 'db.m6g.xlarge', Tags: { team: 'shop' } },
      },
      Instance: {
        type: 'AWS::EC2::Instance',
        action: 'update',
        id: web,
        when: 'now',
        reason: 'a test',
        properties: { InstanceType: 't3.small', Tags: { owner: 'me' } },
      },
      Bucket: {
        type: 'AWS::S3::Bucket',
        action: 'update',
        id: bucket,
        reason: 'a test',
        properties: {
          Tags: { owner: 'me' },
          OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerPreferred' }] },
        },
      },
    });
  const creates = (): Entries => ({
    Made: {
      type: 'AWS::S3::Bucket',
      action: 'create',
      reason: 'a test',
      properties: {
        BucketName: 'courses-made',
        VersioningConfiguration: { Status: 'Enabled' },
        Tags: { team: 'shop' },
      },
    },
    Group: {
      type: 'AWS::EC2::SecurityGroup',
      action: 'create',
      reason: 'a test',
      properties: {
        GroupName: 'made',
        GroupDescription: 'made',
        VpcId: small.vpc,
        SecurityGroupIngress: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '10.0.0.0/8' }],
      },
    },
    Server: {
      type: 'AWS::EC2::Instance',
      action: 'create',
      reason: 'a test',
      properties: {
        ImageId: small.image,
        InstanceType: 't3.micro',
        SubnetId: small.subnet,
        SecurityGroupIds: [{ Ref: 'Group' }],
        Tags: { Name: 'made' },
      },
    },
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
    for (
      let waits = 0;
      waits < 5 && blocks(made).some((text) => /^(rollback-wait|wrong-state):/u.test(text));
      waits += 1
    )
      made = await road.planRollback(run);
    expect([where, blocks(made)]).toEqual([where, []]);
    return made;
  }

  /** Takes a run back to the end; then everything is as it was. */
  async function takenBack(run: string, where: string): Promise<Report | null> {
    const made = await planBack(run, where);
    const report = made.plan.steps.length === 0 ? null : await road.apply(made);
    if (report !== null)
      expect([where, report.outcome, report.message, report.findings]).toEqual([where, 'done', null, []]);
    expect([where, await stateOf(road, s3)]).toEqual([where, before]);
    return report;
  }
  /** A run that is taken back has nothing left to take back. */
  const nothingLeft = async (run: string): Promise<void> =>
    expect((await planBack(run, 'the end')).plan.steps.map(({ id, action }) => `${id} ${action}`)).toEqual([]);

  /** The next run is stopped at the first call whose name was not seen before. */
  const armNext = (how: Stop, seen: Set<string>, name: (call: Call) => string): void =>
    stop.arm(how, (call) => {
      if (seen.has(name(call))) return false;
      seen.add(name(call));
      return true;
    });

  it.each([
    ['the deletion of a database', () => remove('Database')],
    ['the deletion of an instance', () => remove('Instance')],
    ['the deletion of a bucket', () => remove('Bucket')],
    ['the update of a database', () => updates('Database')],
    ['the update of an instance', () => updates('Instance')],
    ['the update of a bucket', () => updates('Bucket')],
    ['creates', creates],
  ] as const)('%s, stopped in each of its operations', async (what, entriesOf) => {
    const points: string[] = [];
    const stopAt = async (how: Stop, seen: Set<string>): Promise<boolean> => {
      armNext(how, seen, ({ operation }) => operation);
      const report = await applied(entriesOf());
      const where = stop.disarm();
      if (where === null) expect([report.outcome, report.message]).toEqual(['done', null]);
      else points.push(where);
      await takenBack(report.run, where ?? 'the end');
      if (where === null || every) await nothingLeft(report.run);
      await refreshed();
      return where !== null;
    };
    const operations = new Set<string>();
    for (let more = true; more;) more = await stopAt('after', operations);
    const [first, last] = [[...operations][0] ?? '', [...operations].at(-1) ?? ''];
    for (const name of every ? operations : new Set([first, last]))
      await stopAt('before', new Set([...operations].filter((other) => other !== name)));
    process.stdout.write(`${what}: ${points.length} points (${rule})\n`);
    expect(points.length).toBeGreaterThan(3);
  });

  it.each([
    ['the deletion of all three', () => remove('Database', 'Instance', 'Bucket'), ['after']],
    ['the deletion of a bucket', () => remove('Bucket'), ['ctrl-c']],
    [
      'an update and creates',
      () => ({
        ...updates(...(every ? (['Database', 'Instance', 'Bucket'] as const) : (['Instance'] as const))),
        ...creates(),
      }),
      ['after'],
    ],
  ] as const)('the rollback of %s, stopped at each of its calls in turn', async (what, entriesOf, ways) => {
    for (const how of every ? (['before', 'after', 'ctrl-c'] as const) : ways) {
      const { run } = await applied(entriesOf());
      const calls = new Set<string>();
      const points: string[] = [];
      while (points.length < 100) {
        const made = await planBack(run, points.at(-1) ?? 'the beginning');
        if (made.plan.steps.length === 0) break;
        armNext(how, calls, nameOf);
        const report = await road.apply(made);
        const where = stop.disarm();
        if (where === null) {
          expect([points.at(-1), report.outcome, report.message, report.findings]).toEqual([
            points.at(-1),
            'done',
            null,
            [],
          ]);
          break;
        }
        // Ctrl-C at the last call stops nothing any more.
        if (how !== 'ctrl-c') expect([where, report.outcome]).toEqual([where, 'failed']);
        points.push(where);
      }
      await takenBack(run, `after ${points.length} stops`);
      await nothingLeft(run);
      await refreshed();
      process.stdout.write(
        `the rollback of ${what}: ${points.length} points, ${how === 'ctrl-c' ? 'Ctrl-C during' : how} each call in turn\n`,
      );
      expect(points.length).toBeGreaterThan(5);
    }
  });

  it('says how to go on after Ctrl-C in the middle of a bucket', async () => {
    const { run } = await applied(remove('Bucket'));
    let copies = 0;
    stop.arm('ctrl-c', ({ operation }) => operation === 'CopyObject' && (copies += 1) === 2);
    const stopped = await road.apply(await planBack(run, 'the beginning'));
    expect([stopped.outcome, stopped.rollbackOf, stop.disarm()]).toEqual([
      'stopped',
      run,
      expect.stringContaining('CopyObject'),
    ]);
    expect(shown(stopped)).toContain(`aiplan rollback ${run}`);
    const report = await takenBack(run, 'Ctrl-C');
    expect(shown(report ?? stopped)).toContain(`Run ${run} is undone`);
  });
});
