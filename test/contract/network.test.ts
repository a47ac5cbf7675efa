import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { JsonObject } from '../../src/base/json.ts';
import type { Report } from '../../src/domain/records/report.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { emulatorAvailable } from '../helpers/emulator.ts';
import { interrupter } from '../helpers/interrupter.ts';
import { asker, type Ask } from '../helpers/query.ts';
import { openRoad, region, type Entries, type Made, type Road } from '../helpers/road.ts';
import { startTestSandbox } from '../helpers/sandbox.ts';

jest.setTimeout(120_000);
const suite = (await emulatorAvailable()) ? describe : describe.skip;
const type = (name: string): string => `AWS::EC2::${name}`;
const typeNames = ['InternetGateway', 'VPCGatewayAttachment', 'RouteTable', 'Route', 'SubnetRouteTableAssociation'];

suite('a network of types without tags, in strict order', () => {
  const stop = interrupter();
  let sandbox: Sandbox;
  let road: Road;
  let ask: Ask;
  let plans = 0;
  beforeAll(async () => {
    sandbox = await startTestSandbox({ pace: { reads: 1, milliseconds: 0 } });
    road = await openRoad(sandbox, {}, stop);
    ask = asker(sandbox.endpoint, region);
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
  const changes = ({ plan }: Made): readonly string[] =>
    plan.steps.filter(({ action }) => action !== 'keep').map(({ id, action }) => `${action} ${id}`);
  const planned = async (entries: Entries): Promise<Made> => {
    plans += 1;
    const made = await road.plan(road.text(`network-${plans}`, entries));
    expect(blocks(made)).toEqual([]);
    return made;
  };
  const ended = (report: Report | readonly string[]): Report => {
    expect(report).toMatchObject({ outcome: 'done', message: null });
    // A run that died could not keep its end.
    const { findings } = report as Report;
    expect(findings.filter(({ code }) => code !== 'end-not-kept')).toEqual([]);
    return report as Report;
  };
  const takenBack = async (run: string): Promise<Report> => {
    const made = await road.planRollback(run);
    expect(blocks(made)).toEqual([]);
    return ended(await road.apply(made));
  };
  /** Everything of the five types in one VPC, former identities in the place of new ones. */
  const pictured = async (map: Readonly<Record<string, string>> = {}): Promise<unknown> => {
    const all = await Promise.all(typeNames.map((name) => road.all(type(name))));
    let text = JSON.stringify(
      all
        .flat()
        .map(({ identity, properties, binding }) => [identity, properties, binding])
        .toSorted(),
    );
    for (const [from, to] of Object.entries(map)) text = text.replaceAll(to, from);
    return (JSON.parse(text) as string[][]).map((item) => JSON.stringify(item)).toSorted();
  };
  const network = async (block: string): Promise<Entries> => {
    const vpc = await ask('ec2', 'CreateVpc', { CidrBlock: `10.${block}.0.0/16` }, 'vpcId');
    const subnet = await ask('ec2', 'CreateSubnet', { VpcId: vpc, CidrBlock: `10.${block}.1.0/24` }, 'subnetId');
    const made = (name: string, properties: JsonObject, more: JsonObject = {}): JsonObject => ({
      type: type(name),
      action: 'create',
      reason: 'the network',
      properties,
      ...more,
    });
    return {
      Way: made(
        'Route',
        { RouteTableId: { Ref: 'Table' }, DestinationCidrBlock: '0.0.0.0/0', GatewayId: { Ref: 'Gateway' } },
        { depends_on: ['Door'] },
      ),
      Use: made('SubnetRouteTableAssociation', { RouteTableId: { Ref: 'Table' }, SubnetId: subnet }),
      Door: made('VPCGatewayAttachment', { VpcId: vpc, InternetGatewayId: { Ref: 'Gateway' } }),
      Table: made('RouteTable', { VpcId: vpc, Tags: { Name: `table-${block}` } }),
      Gateway: made('InternetGateway', { Tags: { Name: `door-${block}` } }),
    };
  };
  const deletes = ({ steps }: Report, only?: readonly string[]): Entries =>
    Object.fromEntries(
      steps
        .filter(({ id }) => only === undefined || only.includes(id))
        .map((step): [string, JsonObject] => [
          step.id,
          { type: step.type, action: 'delete', id: step.identity ?? '', reason: 'gone' },
        ]),
    );

  it('is created, planned again to nothing, deleted in order, and comes back', async () => {
    const made = await planned(await network('50'));
    const report = ended(await road.apply(made));
    expect(changes(await road.again(made))).toEqual([]);
    const before = await pictured();

    const going = await planned(deletes(report));
    const gone = ended(await road.apply(going));
    const sent = gone.steps.map(({ id }) => id);
    expect(sent.indexOf('Way')).toBeLessThan(sent.indexOf('Door'));
    expect(sent.indexOf('Door')).toBeLessThan(sent.indexOf('Gateway'));
    expect(sent.indexOf('Use')).toBeLessThan(sent.indexOf('Table'));
    expect(changes(await road.again(going))).toEqual([]);

    const { map } = await takenBack(gone.run);
    expect(await pictured(map)).toEqual(before);
    expect(changes(await road.planRollback(gone.run))).toEqual([]);
  });

  it('is not deleted while something of it is used that stays', async () => {
    const report = ended(await road.apply(await planned(await network('51'))));
    const alone = await road.plan(road.text('network-alone', deletes(report, ['Gateway', 'Door'])));
    expect(blocks(alone)).toEqual(expect.arrayContaining([expect.stringMatching(/^still-used: .*AWS::EC2::Route /u)]));
    const [main] = await road.all(type('RouteTable'));
    const mainPlan = await road.plan(
      road.text('network-main', {
        Main: { type: type('RouteTable'), action: 'delete', id: main?.identity ?? '', reason: 'gone' },
      }),
    );
    expect(await road.apply(mainPlan)).toMatchObject({ outcome: 'blocked', calls: 0 });
  });

  it.each(['CreateRoute', 'AttachInternetGateway', 'AssociateRouteTable'])(
    'whose answer to %s was lost is resumed, and in another run rolled back',
    async (operation) => {
      const before = await pictured();
      for (const end of ['resume', 'rollback'] as const) {
        const entries = await network(String(60 + plans));
        const made = await planned(entries);
        stop.arm('after', (call) => call.operation === operation);
        expect(await road.apply(made)).toMatchObject({
          outcome: 'failed',
          steps: expect.arrayContaining([expect.objectContaining({ state: 'doubt' })]),
        });
        expect(stop.disarm()).not.toBeNull();
        const { run } = road.newest();
        if (end === 'resume') {
          ended(await road.resume(run));
          expect(changes(await road.again(made))).toEqual([]);
        }
        await takenBack(run);
        const names = await pictured();
        expect(names).toEqual(expect.arrayContaining(before as string[]));
      }
    },
  );
});
