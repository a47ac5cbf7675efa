import { readdirSync, readFileSync } from 'node:fs';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { parse } from 'yaml';
import type { JsonObject } from '../../src/base/json.ts';
import type { Sandbox } from '../../src/sandbox/sandbox.ts';
import { asker, keyAsker, type Ask } from './query.ts';
import { region } from './road.ts';
import { clientsOf } from './sandbox.ts';

const logs = 'contract-access-logs';
const trust = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});

/** One update of a fixture. Fields beside `name`, `shows` and `back` are those of an entry. */
interface FixtureUpdate {
  readonly name: string;
  readonly entry: JsonObject;
  /** Every changed path with its effect, exactly. */
  readonly shows: Readonly<Record<string, string>>;
  /** A property that nothing takes back; the rollback must say so. */
  readonly stays?: string;
}

/** What the contract suite needs to know of a type: fixtures/contract/<name>.yaml. */
export interface TypeFixture {
  readonly type: string;
  readonly create: JsonObject;
  readonly updates: readonly FixtureUpdate[];
  /** What somebody else changes in between; absent where an update can change nothing but tags. */
  readonly meddle?: JsonObject;
  /** An update of the same property to another value. */
  readonly victim?: JsonObject;
  /** Fields of the delete's entry. */
  readonly delete: JsonObject;
  /** Properties that a restore cannot bring back as they were, by `loses` of the plan or because AWS assigns them. */
  readonly lost: readonly string[];
}

const folder = new URL('../../fixtures/contract/', import.meta.url);

/** Every fixture by name: the type that it is of, and whether an update of it can change anything. */
export const fixtures = readdirSync(folder)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => {
    const { type, meddle } = parse(
      readFileSync(new URL(file, folder), 'utf8').replaceAll(/\$\{(\w+)\}/gu, '$1'),
    ) as TypeFixture;
    return { file: file.replace(/\.yaml$/u, ''), type, hasUpdates: meddle !== undefined };
  });

/** A fixture with `${Name}` replaced by identities. Throws on a name that the account does not have. */
export function typeFixture(name: string, names: Readonly<Record<string, string>>): TypeFixture {
  const text = readFileSync(new URL(`${name}.yaml`, folder), 'utf8');
  return parse(
    text.replaceAll(/\$\{(\w+)\}/gu, (_, key: string) => {
      const value = names[key];
      if (value === undefined)
        throw new Error(`fixtures/contract/${name}.yaml names "${key}", which the account does not have`);
      return value;
    }),
  ) as TypeFixture;
}

/** What every fixture may name: a network, two images, roles, groups of RDS. */
export async function furnish(
  sandbox: Sandbox,
): Promise<{ readonly names: Readonly<Record<string, string>>; readonly ask: Ask }> {
  const ask = asker(sandbox.endpoint, region);
  const vpc = await ask('ec2', 'CreateVpc', { CidrBlock: '10.40.0.0/16' }, 'vpcId');
  const subnet = (zone: string, block: string): Promise<string> =>
    ask('ec2', 'CreateSubnet', { VpcId: vpc, CidrBlock: block, AvailabilityZone: `${region}${zone}` }, 'subnetId');
  const group = (name: string): Promise<string> =>
    ask('ec2', 'CreateSecurityGroup', { GroupName: name, GroupDescription: name, VpcId: vpc }, 'groupId');
  const image = (name: string): Promise<string> =>
    ask(
      'ec2',
      'RegisterImage',
      {
        Name: name,
        RootDeviceName: '/dev/xvda',
        'BlockDeviceMapping.1.DeviceName': '/dev/xvda',
        'BlockDeviceMapping.1.Ebs.VolumeSize': '8',
        'BlockDeviceMapping.1.Ebs.VolumeType': 'gp3',
      },
      'imageId',
    );
  const vpcB = await ask('ec2', 'CreateVpc', { CidrBlock: '10.41.0.0/16' }, 'vpcId');
  const gatewayB = await ask('ec2', 'CreateInternetGateway', {}, 'internetGatewayId');
  const table = await ask('ec2', 'CreateRouteTable', { VpcId: vpc }, 'routeTableId');
  const [subnetA, subnetB, groupA, groupB, imageA, imageB] = [
    await subnet('a', '10.40.1.0/24'),
    await subnet('b', '10.40.2.0/24'),
    await group('first'),
    await group('second'),
    await image('older'),
    await image('newer'),
  ];
  const subnetC = await subnet('a', '10.40.3.0/24');
  const card = (): Promise<string> => ask('ec2', 'CreateNetworkInterface', { SubnetId: subnetC }, 'networkInterfaceId');
  const [cardA, cardB, cardC] = [await card(), await card(), await card()];
  await ask('rds', 'CreateDBSubnetGroup', {
    DBSubnetGroupName: 'private',
    DBSubnetGroupDescription: 'private',
    'SubnetIds.SubnetIdentifier.1': subnetA,
    'SubnetIds.SubnetIdentifier.2': subnetB,
  });
  for (const name of ['first-pg15', 'second-pg15'])
    await ask('rds', 'CreateDBParameterGroup', {
      DBParameterGroupName: name,
      DBParameterGroupFamily: 'postgres15',
      Description: name,
    });
  for (const name of ['web', 'worker']) await ask('iam', 'CreateInstanceProfile', { InstanceProfileName: name });
  for (const name of ['contract-reader', 'contract-writer', 'contract-other'])
    await ask('iam', 'CreateRole', { RoleName: name, AssumeRolePolicyDocument: trust });
  const { ec2, rds, s3 } = clientsOf(sandbox.endpoint);
  await s3.send(new CreateBucketCommand({ Bucket: logs, CreateBucketConfiguration: { LocationConstraint: region } }));
  for (const client of [ec2, rds, s3]) client.destroy();
  const data = await ask(
    'ec2',
    'CreateVolume',
    { AvailabilityZone: `${region}a`, Size: '5', VolumeType: 'gp3' },
    'volumeId',
  );
  const key = (await keyAsker(sandbox.endpoint, region)('CreateKey', {})).KeyMetadata?.Arn ?? '';
  return {
    ask,
    names: {
      Account: sandbox.account,
      Vpc: vpc,
      VpcB: vpcB,
      GatewayB: gatewayB,
      Table: table,
      SubnetC: subnetC,
      CardA: cardA,
      CardB: cardB,
      CardC: cardC,
      Subnet: subnetA,
      SubnetB: subnetB,
      Group: groupA,
      GroupB: groupB,
      Image: imageA,
      ImageB: imageB,
      Data: data,
      Logs: logs,
      Key: key,
      Store: `aiplan-captures-${sandbox.account}-${region}`,
      Role: `arn:aws:iam::${sandbox.account}:role`,
    },
  };
}
