import {
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateInternetGatewayCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  RegisterImageCommand,
  type IpPermission,
} from '@aws-sdk/client-ec2';
import type { Fixture, FixtureRule } from './fixture.ts';
import { ageOf, named, tagList, type SeedContext } from './context.ts';

/** Makes images, the VPC with its subnets, and the security groups: all groups first, then their rules. */
export async function seedNetwork(
  context: SeedContext,
  { images = {}, network, securityGroups = {} }: Fixture,
): Promise<void> {
  const { ec2, names } = context;
  for (const [name, { Name, Architecture, RootDeviceName, RootSize, age }] of Object.entries(images)) {
    const { ImageId = '' } = await ec2.send(
      new RegisterImageCommand({
        Name,
        Architecture,
        RootDeviceName,
        VirtualizationType: 'hvm',
        BlockDeviceMappings: [
          { DeviceName: RootDeviceName, Ebs: { VolumeSize: RootSize, VolumeType: 'gp3', DeleteOnTermination: true } },
        ],
      }),
    );
    names[name] = ImageId;
    ageOf(context, ImageId, age);
  }
  if (network !== undefined) {
    const { Vpc } = await ec2.send(
      new CreateVpcCommand({
        CidrBlock: network.Vpc.CidrBlock,
        TagSpecifications: [{ ResourceType: 'vpc', Tags: tagList(network.Vpc.tags) }],
      }),
    );
    const VpcId = (names['Vpc'] = Vpc?.VpcId ?? '');
    const { InternetGateway } = await ec2.send(new CreateInternetGatewayCommand({}));
    await ec2.send(new AttachInternetGatewayCommand({ VpcId, InternetGatewayId: InternetGateway?.InternetGatewayId }));
    for (const [name, { CidrBlock, AvailabilityZone, tags }] of Object.entries(network.subnets)) {
      const { Subnet } = await ec2.send(
        new CreateSubnetCommand({
          VpcId,
          CidrBlock,
          AvailabilityZone,
          TagSpecifications: [{ ResourceType: 'subnet', Tags: tagList(tags) }],
        }),
      );
      names[name] = Subnet?.SubnetId ?? '';
    }
  }
  for (const [name, { GroupName, Description, tags }] of Object.entries(securityGroups)) {
    const { GroupId = '' } = await ec2.send(
      new CreateSecurityGroupCommand({
        GroupName,
        Description,
        TagSpecifications: [{ ResourceType: 'security-group', Tags: tagList(tags) }],
        ...(names['Vpc'] === undefined ? {} : { VpcId: names['Vpc'] }),
      }),
    );
    names[name] = GroupId;
  }
  for (const [name, { ingress = [] }] of Object.entries(securityGroups)) {
    if (ingress.length > 0)
      await ec2.send(
        new AuthorizeSecurityGroupIngressCommand({
          GroupId: named(context, name),
          IpPermissions: ingress.map((rule) => permission(context, rule)),
        }),
      );
  }
}

function permission(
  context: SeedContext,
  { IpProtocol, FromPort, ToPort, CidrIp, group, Description }: FixtureRule,
): IpPermission {
  const described = Description === undefined ? {} : { Description };
  return {
    IpProtocol,
    FromPort,
    ToPort,
    ...(CidrIp === undefined ? {} : { IpRanges: [{ CidrIp, ...described }] }),
    ...(group === undefined ? {} : { UserIdGroupPairs: [{ GroupId: named(context, group), ...described }] }),
  };
}
