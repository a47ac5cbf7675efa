import { openSession, type OpenSession } from '../../providers/aws/session/session.ts';
import { startProxy, type Proxy } from '../../src/sandbox/proxy/server.ts';
import type { AwsSession } from '../../src/domain/call.ts';
import { startEmulator, testCredentials } from './emulator.ts';
import { asker, type Ask } from './query.ts';

/** An emulator behind the correcting proxy, with the network and groups that databases need. */
export interface RdsFixture {
  readonly aws: AwsSession;
  readonly proxy: Proxy;
  readonly groups: readonly [string, string];
  readonly subnets: readonly [string, string];
  readonly ask: Ask;
  stop(): Promise<void>;
}

export const region = 'eu-west-1';

/**
 * Makes a VPC with two subnets and two security groups, the subnet group `private` and the parameter groups
 * `courses-pg15` and `other-pg15`.
 */
export async function startRds(): Promise<RdsFixture> {
  const emulator = await startEmulator();
  const proxy = await startProxy({ emulator: emulator.endpoint, pace: { reads: 1, milliseconds: 100 } });
  const session: OpenSession = openSession({
    region,
    endpoint: proxy.endpoint,
    credentials: testCredentials,
    mode: 'apply',
  });
  const ask = asker(proxy.endpoint, region);
  const vpc = await ask('ec2', 'CreateVpc', { CidrBlock: '10.30.0.0/16' }, 'vpcId');
  const subnet = (zone: string, block: string): Promise<string> =>
    ask('ec2', 'CreateSubnet', { VpcId: vpc, CidrBlock: block, AvailabilityZone: `${region}${zone}` }, 'subnetId');
  const subnets = [await subnet('a', '10.30.1.0/24'), await subnet('b', '10.30.2.0/24')] as const;
  const group = (name: string): Promise<string> =>
    ask('ec2', 'CreateSecurityGroup', { GroupName: name, GroupDescription: name, VpcId: vpc }, 'groupId');
  const groups = [await group('db'), await group('admin')] as const;
  await ask('rds', 'CreateDBSubnetGroup', {
    DBSubnetGroupName: 'private',
    DBSubnetGroupDescription: 'private subnets',
    'SubnetIds.SubnetIdentifier.1': subnets[0],
    'SubnetIds.SubnetIdentifier.2': subnets[1],
    'Tags.Tag.1.Key': 'team',
    'Tags.Tag.1.Value': 'platform',
  });
  await ask('rds', 'CreateDBParameterGroup', {
    DBParameterGroupName: 'other-pg15',
    DBParameterGroupFamily: 'postgres15',
    Description: 'other',
  });
  await ask('rds', 'CreateDBParameterGroup', {
    DBParameterGroupName: 'courses-pg15',
    DBParameterGroupFamily: 'postgres15',
    Description: 'courses',
    'Tags.Tag.1.Key': 'team',
    'Tags.Tag.1.Value': 'platform',
  });
  return {
    aws: session,
    proxy,
    groups,
    subnets,
    ask,
    async stop() {
      session.close();
      await proxy.close();
      await emulator.stop();
    },
  };
}
