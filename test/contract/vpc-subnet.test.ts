import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openSession, type OpenSession } from '../../providers/aws/session/session.ts';
import { subnet } from '../../providers/ec2/subnet.ts';
import { vpc } from '../../providers/ec2/vpc.ts';
import { AwsError } from '../../src/base/error.ts';
import type { JsonObject } from '../../src/base/json.ts';
import { emulatorAvailable, startEmulator, testCredentials, type Emulator } from '../helpers/emulator.ts';

const suite = (await emulatorAvailable()) ? describe : describe.skip;

suite('AWS::EC2::VPC and AWS::EC2::Subnet on the emulator', () => {
  let emulator: Emulator;
  let session: OpenSession;
  beforeAll(async () => {
    emulator = await startEmulator();
    session = openSession({
      region: 'eu-west-1',
      endpoint: emulator.endpoint,
      credentials: testCredentials,
      mode: 'read-only',
    });
  });
  afterAll(async () => {
    session.close();
    await emulator.stop();
  });

  it('reads VPCs in CloudFormation shape, attributes only where they are expected', async () => {
    const plain = await vpc.read(session, { identities: [], all: true, detailed: new Set() });
    expect(plain.failures).toEqual([]);
    const [first] = plain.resources;
    expect(first).toMatchObject({
      type: 'AWS::EC2::VPC',
      state: 'available',
      detailed: false,
      properties: { CidrBlock: '172.31.0.0/16', InstanceTenancy: 'default', Tags: {} },
      attributes: { IsDefault: true, Ipv6CidrBlocks: [] },
    });
    expect(first?.properties['EnableDnsSupport']).toBeUndefined();
    expect(session.counts['ec2:DescribeVpcAttribute']).toBeUndefined();

    const identity = first?.identity ?? '';
    const { resources, absent, failures } = await vpc.read(session, {
      identities: [identity, 'vpc-00000000'],
      all: false,
      detailed: new Set([identity]),
    });
    expect(failures).toEqual([]);
    expect(absent).toEqual(['vpc-00000000']);
    expect(resources[0]).toMatchObject({
      identity,
      incarnation: identity,
      detailed: true,
      properties: { EnableDnsSupport: true, EnableDnsHostnames: true },
    });
    expect(String(resources[0]?.attributes['DefaultSecurityGroup'])).toMatch(/^sg-/u);
    expect(resources[0]?.attributes['CidrBlockAssociations']).toHaveLength(1);
  });

  it('reads subnets with one call', async () => {
    const { resources, failures } = await subnet.read(session, { identities: [], all: true, detailed: new Set() });
    expect(failures).toEqual([]);
    expect(session.counts['ec2:DescribeSubnets']).toBe(1);
    const one = resources.find(({ properties }) => properties['AvailabilityZone'] === 'eu-west-1a');
    expect(one).toMatchObject({
      type: 'AWS::EC2::Subnet',
      state: 'available',
      properties: {
        CidrBlock: '172.31.0.0/20',
        MapPublicIpOnLaunch: true,
        AssignIpv6AddressOnCreation: false,
        Tags: {},
      },
      attributes: { DefaultForAz: true },
    });
    expect(one?.properties['VpcId']).toMatch(/^vpc-/u);
    expect(
      (await subnet.read(session, { identities: ['subnet-00000000'], all: false, detailed: new Set() })).absent,
    ).toEqual(['subnet-00000000']);
    expect(await subnet.read(session, { identities: [], all: false, detailed: new Set() })).toEqual({
      resources: [],
      absent: [],
      failures: [],
    });
  });
});

describe('reads that fail', () => {
  const denied = new AwsError({
    code: 'UnauthorizedOperation',
    kind: 'denied',
    operation: 'ec2:X',
    message: 'no',
    executed: 'no',
  });
  it('are failures, not absences', async () => {
    for (const type of [vpc, subnet]) {
      const result = await type.read(
        { counts: {}, read: () => Promise.reject(denied) },
        { identities: ['x-1'], all: false, detailed: new Set() },
      );
      expect(result).toEqual({
        resources: [],
        absent: [],
        failures: [
          { type: type.type, identity: 'x-1', code: 'UnauthorizedOperation', message: 'no', operation: 'ec2:X' },
        ],
      });
    }
  });

  it('leave out one attribute, and say so', async () => {
    const answers: Readonly<Record<string, JsonObject>> = {
      DescribeVpcs: { Vpcs: [{ VpcId: 'vpc-1', State: 'available', CidrBlock: '10.0.0.0/16' }] },
      DescribeSecurityGroups: { SecurityGroups: [] },
    };
    const result = await vpc.read(
      {
        counts: {},
        read: ({ operation, input }) => {
          if (operation !== 'DescribeVpcAttribute') return Promise.resolve(answers[operation] ?? {});
          return input['Attribute'] === 'enableDnsSupport'
            ? Promise.resolve({ EnableDnsSupport: { Value: false } })
            : Promise.reject(denied);
        },
      },
      { identities: ['vpc-1'], all: false, detailed: new Set(['vpc-1']) },
    );
    expect(result.resources[0]?.properties).toEqual({ CidrBlock: '10.0.0.0/16', EnableDnsSupport: false, Tags: {} });
    expect(result.failures).toEqual([
      { type: 'AWS::EC2::VPC', identity: 'vpc-1', code: 'UnauthorizedOperation', message: 'no', operation: 'ec2:X' },
    ]);
  });
});
