import { describe, expect, it } from '@jest/globals';
import type { Program } from '../../src/domain/call.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { reachOf } from '../../src/run/drift/change-progress.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { Step } from '../../src/domain/plan.ts';
import { preview } from '../../src/plan/steps/preview.ts';
import { resourceTypes } from '../../providers/index.ts';
import { quietedInstance } from '../../providers/ec2/instance/programs/capture.ts';
import { contextFor } from '../helpers/ec2-context.ts';
import { sampleInstance } from '../helpers/ec2-samples.ts';
import { liveDatabase, stepContext } from '../helpers/rds-samples.ts';

const operations = (program: Program<unknown>): readonly string[] =>
  preview(program).calls.map(({ operation }) => operation);
const programs = (type: string) => {
  const found = resourceTypes.get(type);
  if (found?.create === undefined) throw new Error(`${type} is not made by aiplan`);
  return { create: found.create, removed: found.removed };
};

describe('a create that an earlier session of the run began', () => {
  it.each([
    [
      'AWS::EC2::Instance',
      {
        ImageId: 'ami-1',
        InstanceType: 't3.micro',
        SourceDestCheck: false,
        Volumes: [{ VolumeId: 'vol-1', Device: '/dev/sdf' }],
      },
      'RunInstances',
      ['ModifyNetworkInterfaceAttribute', 'AttachVolume'],
    ],
    [
      'AWS::EC2::Volume',
      { AvailabilityZone: 'eu-west-1a', Size: 8, VolumeType: 'gp3', AutoEnableIO: true },
      'CreateVolume',
      ['ModifyVolumeAttribute'],
    ],
    [
      'AWS::EC2::SecurityGroup',
      {
        GroupName: 'web',
        GroupDescription: 'Web',
        VpcId: 'vpc-1',
        SecurityGroupIngress: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: '10.0.0.0/8' }],
      },
      'CreateSecurityGroup',
      ['AuthorizeSecurityGroupIngress'],
    ],
    [
      'AWS::RDS::DBInstance',
      {
        DBInstanceIdentifier: 'shop',
        DBInstanceClass: 'db.t4g.micro',
        Engine: 'postgres',
        AllocatedStorage: '20',
        AssociatedRoles: [{ RoleArn: 'arn:aws:iam::123456789012:role/load', FeatureName: 's3Import' }],
      },
      'CreateDBInstance',
      ['AddRoleToDBInstance'],
    ],
  ] as const)(
    '%s makes nothing a second time and sends no call that the first did not declare',
    (type, desired, makes, rest) => {
      const { create } = programs(type);
      const context = contextFor({ desired: desired as unknown as JsonObject });
      const whole = operations(create(context));
      const left = operations(
        create({
          ...context,
          remains: { identity: type === 'AWS::RDS::DBInstance' ? 'shop' : 'there-1', incarnation: 'x' },
        }),
      );
      expect(whole).toContain(makes);
      expect(left).not.toContain(makes);
      expect(left).toEqual(expect.arrayContaining([...rest]));
      expect(left.filter((operation) => !whole.includes(operation))).toEqual([]);
    },
  );

  it('answers the identity of what is there', () => {
    expect(
      preview(
        programs('AWS::EC2::Volume').create(
          contextFor({ desired: { Size: 8 }, remains: { identity: 'vol-there', incarnation: 'vol-there' } }),
        ),
      ).result,
    ).toEqual({ identity: 'vol-there' });
  });
});

describe('a removal whose sender died', () => {
  it('of a database: the final snapshot of the capture that was taken before it gets its tags, and nothing is deleted again', () => {
    const { removed } = programs('AWS::RDS::DBInstance');
    if (removed === undefined) throw new Error('a database has something to do after its deletion');
    const { calls } = preview(
      removed({
        ...stepContext({ live: liveDatabase }),
        capture: {
          how: 'native',
          refs: { final: 'the-first-final' },
          pointInTime: null,
          bytes: null,
          encrypted: null,
          extras: {},
        },
      }),
    );
    expect(calls.map(({ operation }) => operation)).toEqual(['AddTagsToResource']);
    expect(String(calls[0]?.input['ResourceName'])).toMatch(/:snapshot:the-first-final$/u);
  });
});

describe('what an instance looks like once it was made quiet', () => {
  it('is what it was before, but for what somebody else changed', async () => {
    const before = await sampleInstance();
    const kept = JSON.parse(
      JSON.stringify({ properties: before.properties, binding: before.binding })
        .replaceAll('"DeleteOnTermination":true', '"DeleteOnTermination":false')
        .replaceAll('deleted on termination', 'kept on termination'),
    ) as Pick<typeof before, 'properties' | 'binding'>;
    const quiet = { ...before, ...kept, state: 'stopped' };
    const primary = (quiet.properties['NetworkInterfaces'] as readonly JsonObject[])[0];
    const stopped = {
      ...quiet,
      properties: {
        ...quiet.properties,
        NetworkInterfaces: [
          {
            ...primary,
            AssociatePublicIpAddress: undefined,
            DeleteOnTermination: (before.properties['NetworkInterfaces'] as readonly JsonObject[])[0]?.[
              'DeleteOnTermination'
            ],
          },
        ],
      },
    };
    expect(quietedInstance(before, stopped)).toEqual({ ...before, state: 'stopped' });
    const more = {
      ...stopped,
      properties: {
        ...stopped.properties,
        BlockDeviceMappings: [
          ...(quiet.properties['BlockDeviceMappings'] as readonly JsonObject[]),
          { DeviceName: '/dev/sdz', Ebs: { VolumeSize: 1 } },
        ],
      },
      binding: {
        ...stopped.binding,
        attached: [
          ...(stopped.binding['attached'] as readonly string[]),
          'vol-new /dev/sdz (1 GiB, kept on termination)',
        ],
      },
    };
    const seen = quietedInstance(before, more);
    expect([JSON.stringify(seen.properties), JSON.stringify(seen.binding)]).toEqual([
      expect.stringContaining('/dev/sdz'),
      expect.stringContaining('vol-new'),
    ]);
  });
});

describe('how far an update has come that was begun', () => {
  const volume = resourceTypes.get('AWS::EC2::Volume');
  const disk = (properties: JsonObject): LiveResource => ({
    type: 'AWS::EC2::Volume',
    identity: 'vol-1',
    incarnation: 'vol-1',
    properties: { AvailabilityZone: 'eu-west-1a', Size: 10, ...properties },
    attributes: {},
    systemTags: {},
    state: 'in-use',
    pending: {},
    binding: {},
    observed: {},
    detailed: true,
  });
  const reach = (before: LiveResource, live: LiveResource, acted = true) =>
    reachOf({
      step: {
        action: 'update',
        changes: [
          { path: 'VolumeType', before: before.properties['VolumeType'] ?? null, after: 'gp3', effect: 'in-place' },
        ],
      } as unknown as Step,
      before,
      live,
      type: volume!,
      resolve: () => undefined,
      owned: { effects: [], types: resourceTypes, schemas: () => undefined },
      acted,
    });

  it('takes what AWS moves along for its own, and nothing else', () => {
    const before = disk({ VolumeType: 'gp2', Iops: 100 });
    const moved = reach(before, disk({ VolumeType: 'gp3', Iops: 3000, Throughput: 125 }));
    expect([moved.made.map(({ path }) => path), moved.others]).toEqual([['VolumeType'], []]);
    expect(
      reach(before, disk({ VolumeType: 'gp3', Iops: 3000, Throughput: 125, Size: 20 })).others.map(({ path }) => path),
    ).toEqual(['Size']);
    expect(
      reach(before, disk({ VolumeType: 'gp2', Iops: 100, Throughput: 125 }), false).others.map(({ path }) => path),
    ).toEqual(['Throughput']);
  });
});
