import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openSession, type OpenSession } from '../../providers/aws/session/session.ts';
import { securityGroup } from '../../providers/ec2/security-group/security-group.ts';
import { preview } from '../../src/plan/steps/preview.ts';
import type { AwsReader, Call, Program } from '../../src/domain/call.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { ResourceType, StepContext } from '../../src/domain/resource-type.ts';
import { drive } from '../helpers/drive.ts';
import { emulatorAvailable, startEmulator, testCredentials, type Emulator } from '../helpers/emulator.ts';
import type { AttributeChange } from '../../src/domain/attribute-change.ts';
import type { Capture } from '../../src/domain/capture-plan.ts';

const suite = (await emulatorAvailable()) ? describe : describe.skip;
type Managed = Required<
  Pick<ResourceType, 'create' | 'update' | 'remove' | 'waitUntilStable' | 'gone' | 'capture' | 'preflight' | 'repoint'>
>;
const type = securityGroup as ResourceType & Managed;

suite('AWS::EC2::SecurityGroup on the emulator', () => {
  let emulator: Emulator;
  let session: OpenSession;
  let vpc = '';
  let count = 0;
  beforeAll(async () => {
    emulator = await startEmulator();
    session = openSession({
      region: 'eu-west-1',
      endpoint: emulator.endpoint,
      credentials: testCredentials,
      mode: 'apply',
    });
    const vpcs = await session.read({ service: 'ec2', operation: 'DescribeVpcs', input: {} });
    vpc = firstText(vpcs?.['Vpcs'], 'VpcId');
  });
  afterAll(async () => {
    session.close();
    await emulator.stop();
  });

  const context = (more: Partial<StepContext> = {}): StepContext => {
    count += 1;
    return {
      run: 'run-1',
      step: `Group${count}`,
      op: `op-${count}`,
      account: '123456789012',
      region: 'eu-west-1',
      endpoint: emulator.endpoint,
      live: null,
      desired: {},
      changes: [],
      ownership: { 'aiplan:plan': 'test', 'aiplan:resource': `Group${count}`, 'aiplan:op': `op-${count}` },
      when: null,
      captureBucket: null,
      captureName: 'aiplan-x',
      captureExpires: '2030-01-01T00:00:00.000Z',
      remap: (identity) => identity,
      replacing: false,
      ...more,
    };
  };
  const read = async (identity: string, detailed = true): Promise<LiveResource> => {
    const result = await type.read(session, {
      identities: [identity],
      all: false,
      detailed: new Set(detailed ? [identity] : []),
    });
    expect(result.failures).toEqual([]);
    const [live] = result.resources;
    if (live === undefined) throw new Error(`${identity} is not there`);
    return live;
  };
  const create = async (desired: JsonObject): Promise<LiveResource> => {
    const made = context({ desired: { VpcId: vpc, GroupDescription: 'made by a test', ...desired } });
    const { identity } = await drive(session, () => type.create(made));
    await drive(session, () => type.waitUntilStable(identity));
    return read(identity);
  };
  const update = async (live: LiveResource, changed: JsonObject): Promise<LiveResource> => {
    const desired = { ...live.properties, ...changed };
    const changes: AttributeChange[] = Object.keys(changed).map((path) => ({
      path,
      before: live.properties[path] ?? null,
      after: desired[path] as Json,
      effect: 'in-place',
    }));
    await drive(session, () => type.update(context({ live, desired, changes })));
    return read(live.identity);
  };
  const sameRules = (live: LiveResource, wanted: JsonObject): void => {
    for (const name of Object.keys(wanted)) expect(live.properties[name]).toEqual(wanted[name]);
  };
  const inside = (group: string): JsonObject => ({
    IpProtocol: 'tcp',
    FromPort: 5432,
    ToPort: 5432,
    SourceSecurityGroupId: group,
    SourceSecurityGroupOwnerId: '123456789012',
  });
  const anyOut = { IpProtocol: '-1', CidrIp: '0.0.0.0/0' };
  const http = { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, CidrIp: '10.0.0.0/8', Description: 'from the office' };

  it('is created as asked, ownership tags included, and reads the same without details', async () => {
    const wanted = {
      GroupName: 'web',
      SecurityGroupIngress: [http],
      SecurityGroupEgress: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '0.0.0.0/0' }],
      Tags: { Name: 'web' },
    };
    const live = await create(wanted);
    sameRules(live, { ...wanted, VpcId: vpc, GroupDescription: 'made by a test' });
    expect(live.systemTags).toMatchObject({ 'aiplan:plan': 'test' });
    expect(live.binding).toEqual({ protections: [], dependents: [], attached: [] });
    expect((await read(live.identity, false)).properties).toEqual(live.properties);
  });

  it('has the default way out where the plan says nothing of egress', async () => {
    sameRules(await create({ GroupName: 'plain' }), {
      SecurityGroupIngress: [],
      SecurityGroupEgress: [anyOut],
      Tags: {},
    });
  });

  it('is updated rule by rule, description by description and tag by tag, and back again', async () => {
    const first = await create({
      GroupName: 'changing',
      SecurityGroupIngress: [http],
      Tags: { Name: 'changing', team: 'a' },
    });
    const wanted = {
      SecurityGroupIngress: [
        { IpProtocol: 'icmp', FromPort: -1, ToPort: -1, CidrIp: '10.0.0.0/8' },
        inside(first.identity),
        { ...http, Description: 'from everywhere inside' },
      ],
      SecurityGroupEgress: [{ IpProtocol: 'udp', FromPort: 53, ToPort: 53, CidrIp: '10.0.0.2/32' }],
      Tags: { Name: 'changed', owner: 'me' },
    };
    const second = await update(first, wanted);
    sameRules(second, wanted);
    const third = await update(second, {
      SecurityGroupIngress: first.properties['SecurityGroupIngress'] as Json,
      SecurityGroupEgress: first.properties['SecurityGroupEgress'] as Json,
      Tags: first.properties['Tags'] as Json,
    });
    expect(third.properties).toEqual(first.properties);
  });

  it('comes back after a delete under its name with everything but its id', async () => {
    const first = await create({ GroupName: 'restored', Tags: { Name: 'restored', backup: 'no' } });
    const before = await update(first, {
      SecurityGroupIngress: [http, inside(first.identity)],
      SecurityGroupEgress: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '0.0.0.0/0' }],
    });
    const step = context({ live: before, action: 'delete' });
    const capture = await drive<Capture>(session, () => type.capture.take(step));
    expect(await drive(session, () => type.capture.verify(step, capture))).toEqual([]);
    expect(await drive(session, () => type.capture.restorable(step, null))).toEqual({ problems: [], losses: [] });
    expect(await drive(session, () => type.preflight(step, 'delete'))).toEqual([]);
    await drive(session, () => type.remove(step));
    await drive(session, () => type.gone(before.identity));
    expect(
      (await type.read(session, { identities: [before.identity], all: false, detailed: new Set() })).absent,
    ).toEqual([before.identity]);

    const back = context({ live: before, ownership: { 'aiplan:op': 'op-back' } });
    const restored = await drive(session, () => type.capture.restore(back, capture));
    await drive(session, () => type.waitUntilStable(restored.identity));
    const after = await read(restored.identity);
    expect(restored.map).toEqual({ [before.identity]: after.identity });
    const expected = JSON.parse(
      JSON.stringify(before.properties).replaceAll(before.identity, after.identity),
    ) as JsonObject;
    expect(after.properties).toEqual(expected);
    expect(after.systemTags).toEqual({
      ...before.systemTags,
      'aiplan:op': back.op,
      'aiplan:restored-from': before.identity,
    });
  });

  it('knows who uses it, keeps that, and points them at the restored one', async () => {
    const app = await create({ GroupName: 'app' });
    const data = await create({ GroupName: 'data', SecurityGroupIngress: [inside(app.identity)] });
    const subnets = await session.read({ service: 'ec2', operation: 'DescribeSubnets', input: {} });
    const subnet = firstText(subnets?.['Subnets'], 'SubnetId');
    const image = {
      ImageId: 'ami-12345678',
      MinCount: 1,
      MaxCount: 1,
      InstanceType: 't3.micro',
      SubnetId: subnet,
      SecurityGroupIds: [app.identity],
      ClientToken: 'token-1',
    };
    const launch: Call = {
      service: 'ec2',
      operation: 'RunInstances',
      input: image,
      identity: app.identity,
      retry: 'token',
      purpose: 'test',
    };
    const launched = await session.mutate(launch, image, { run: 'r', step: 's', operations: ['ec2:RunInstances'] });
    const instance = firstText(launched.output['Instances'], 'InstanceId');
    const live = await read(app.identity);
    expect(live.binding['dependents']).toEqual([
      { type: 'AWS::EC2::Instance', identity: instance },
      { type: 'AWS::EC2::SecurityGroup', identity: data.identity },
    ]);

    const step = context({ live, action: 'delete' });
    const problems = await drive(session, () => type.preflight(step, 'delete'));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(instance);
    expect(problems[0]).toContain(`a rule of ${data.identity}`);
    const capture = await drive<Capture>(session, () => type.capture.take(step));

    // moto deletes a group in use, which AWS refuses: that is how the referrers come to dangle here.
    const identity = live.identity;
    await session.mutate(
      {
        service: 'ec2',
        operation: 'DeleteSecurityGroup',
        input: { GroupId: identity },
        identity,
        retry: 'absolute',
        purpose: 'test',
      },
      { GroupId: identity },
      { run: 'r', step: 's', operations: ['ec2:DeleteSecurityGroup'] },
    );
    const back = context({ live, ownership: { 'aiplan:op': 'op-app' } });
    const restored = await drive(session, () => type.capture.restore(back, capture));
    await repointDangling(session, () => type.repoint(back, capture, restored.identity), identity);
    sameRules(await read(data.identity), { SecurityGroupIngress: [inside(restored.identity)] });
    expect((await read(restored.identity)).binding['dependents']).toEqual([
      { type: 'AWS::EC2::Instance', identity: instance },
      { type: 'AWS::EC2::SecurityGroup', identity: data.identity },
    ]);
  });

  it('reads all groups of a region with one call', async () => {
    const before = { ...session.counts };
    const { resources, failures } = await type.read(session, { identities: [], all: true, detailed: new Set() });
    expect(failures).toEqual([]);
    expect(resources.length).toBeGreaterThan(4);
    expect((session.counts['ec2:DescribeSecurityGroups'] ?? 0) - (before['ec2:DescribeSecurityGroups'] ?? 0)).toBe(1);
    expect(session.counts['ec2:DescribeSecurityGroupRules']).toBe(before['ec2:DescribeSecurityGroupRules']);
  });

  it('never takes a second group for the same name as made', async () => {
    const first = await create({ GroupName: 'once' });
    const again = context({ desired: { GroupName: 'once', GroupDescription: 'd', VpcId: vpc } });
    expect(await drive(session, () => type.preflight(again, 'create'))).toEqual([
      `the name "once" is taken in ${vpc} by ${first.identity}`,
    ]);
    await expect(drive(session, () => type.create(again))).rejects.toMatchObject({ kind: 'exists', executed: 'no' });
  });
});

/** A text of the first element of a list that AWS answered. */
function firstText(list: Json | undefined, name: string): string {
  const value = (list as readonly JsonObject[] | undefined)?.[0]?.[name];
  if (typeof value !== 'string') throw new Error(`no ${name} in the answer`);
  return value;
}

/** Re-points, and sees that nothing which is sent names the group that is gone. */
async function repointDangling(session: OpenSession & AwsReader, make: () => Program, gone: string): Promise<void> {
  expect(preview(make()).calls.some(({ input }) => JSON.stringify(input).includes(gone))).toBe(false);
  await drive(session, make);
}
