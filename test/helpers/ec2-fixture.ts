import { openSession, type OpenSession } from '../../providers/aws/session/session.ts';
import { startProxy, type Proxy } from '../../src/sandbox/proxy/server.ts';
import type { AwsSession } from '../../src/domain/call.ts';
import type { LiveResource } from '../../src/domain/live.ts';
import type { ResourceType } from '../../src/domain/resource-type.ts';
import { region } from './ec2-context.ts';
import { startEmulator, testCredentials, type Emulator } from './emulator.ts';
import { asker, type Ask } from './query.ts';

/** An emulator behind the correcting proxy, with a small network to launch into. */
export interface Ec2Fixture {
  readonly aws: AwsSession;
  readonly proxy: Proxy;
  readonly subnet: string;
  readonly groups: readonly [string, string];
  /** Registered with a root of 8 GiB. */
  readonly image: string;
  readonly ask: Ask;
  stop(): Promise<void>;
}

/** Starts everything; what was started is stopped again where the rest fails. */
export async function startEc2(): Promise<Ec2Fixture> {
  const emulator = await startEmulator();
  try {
    return await furnish(emulator);
  } catch (error) {
    await emulator.stop();
    throw error;
  }
}

async function furnish(emulator: Emulator): Promise<Ec2Fixture> {
  const proxy = await startProxy({ emulator: emulator.endpoint, pace: { reads: 1, milliseconds: 0 } });
  const session: OpenSession = openSession({
    region,
    endpoint: proxy.endpoint,
    credentials: testCredentials,
    mode: 'apply',
  });
  const ask = asker(proxy.endpoint, region);
  const vpc = await ask('ec2', 'CreateVpc', { CidrBlock: '10.20.0.0/16' }, 'vpcId');
  const subnet = await ask(
    'ec2',
    'CreateSubnet',
    { VpcId: vpc, CidrBlock: '10.20.1.0/24', AvailabilityZone: `${region}a` },
    'subnetId',
  );
  const group = (name: string): Promise<string> =>
    ask('ec2', 'CreateSecurityGroup', { GroupName: name, GroupDescription: name, VpcId: vpc }, 'groupId');
  const groups = [await group('web'), await group('admin')] as const;
  const image = await ask(
    'ec2',
    'RegisterImage',
    {
      Name: 'base',
      RootDeviceName: '/dev/xvda',
      'BlockDeviceMapping.1.DeviceName': '/dev/xvda',
      'BlockDeviceMapping.1.Ebs.VolumeSize': '8',
      'BlockDeviceMapping.1.Ebs.VolumeType': 'gp3',
    },
    'imageId',
  );
  return {
    aws: session,
    proxy,
    subnet,
    groups,
    image,
    ask,
    async stop() {
      session.close();
      await proxy.close();
      await emulator.stop();
    },
  };
}

/** Reads one resource in full; undefined where a complete answer does not hold it. Throws on a failed read. */
export async function readOne(
  aws: AwsSession,
  type: ResourceType,
  identity: string,
): Promise<LiveResource | undefined> {
  const { resources, failures } = await type.read(aws, {
    identities: [identity],
    all: false,
    detailed: new Set([identity]),
  });
  if (failures.length > 0) throw new Error(JSON.stringify(failures));
  return resources[0];
}
