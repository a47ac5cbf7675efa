import { Refusal, type QueryContext, type QueryCorrection } from '../protocol/correction.ts';
import { listAt, textAt, type Element } from '../protocol/xml.ts';

const all = async ({ send }: QueryContext, operation: string, list: string): Promise<readonly Element[]> =>
  listAt(await send('ec2', operation, {}), list);

const tableOf = async (context: QueryContext): Promise<Element | undefined> =>
  (await all(context, 'DescribeRouteTables', 'routeTableSet')).find(
    (table) => textAt(table, 'routeTableId') === context.parameters.get('RouteTableId'),
  );

const destinationOf = ({ parameters }: QueryContext): string =>
  parameters.get('DestinationCidrBlock') ??
  parameters.get('DestinationIpv6CidrBlock') ??
  parameters.get('DestinationPrefixListId') ??
  '';

/** API CreateRoute and ReplaceRoute: an internet gateway must be attached to the VPC of the route table. */
const attachedTo = async (context: QueryContext): Promise<void> => {
  const gateway = context.parameters.get('GatewayId') ?? '';
  if (!gateway.startsWith('igw-')) return;
  const table = await tableOf(context);
  const found = (await all(context, 'DescribeInternetGateways', 'internetGatewaySet')).find(
    (item) => textAt(item, 'internetGatewayId') === gateway,
  );
  if (table === undefined || found === undefined) return;
  const vpcs = listAt(found, 'attachmentSet').map((item) => textAt(item, 'vpcId'));
  if (!vpcs.includes(textAt(table, 'vpcId')))
    throw new Refusal(
      'InvalidParameterValue',
      `route table ${textAt(table, 'routeTableId')} and network gateway ${gateway} belong to different networks`,
    );
};

/** API DeleteRoute: the local route of a table is AWS's. */
const localRoute = async (context: QueryContext): Promise<void> => {
  const table = await tableOf(context);
  const isLocal = listAt(table, 'routeSet').some(
    (route) =>
      textAt(route, 'gatewayId') === 'local' &&
      [textAt(route, 'destinationCidrBlock'), textAt(route, 'destinationIpv6CidrBlock')].includes(
        destinationOf(context),
      ),
  );
  if (isLocal)
    throw new Refusal(
      'InvalidParameterValue',
      `cannot remove local route ${destinationOf(context)} in route table ${textAt(table, 'routeTableId')}`,
    );
};

/** What AWS refuses of gateways, route tables, routes and associations, and the emulator takes. */
export const networkRefusals: readonly QueryCorrection[] = [
  {
    operations: ['AttachInternetGateway'],
    answers: 'a VPC has one internet gateway (Amazon VPC quotas)',
    async before(context) {
      const vpc = context.parameters.get('VpcId') ?? '';
      const other = (await all(context, 'DescribeInternetGateways', 'internetGatewaySet')).find((item) =>
        listAt(item, 'attachmentSet').some((attachment) => textAt(attachment, 'vpcId') === vpc),
      );
      if (other !== undefined)
        throw new Refusal(
          'Resource.AlreadyAssociated',
          `resource ${vpc} is already attached to ${textAt(other, 'internetGatewayId')}`,
        );
    },
  },
  {
    operations: ['DetachInternetGateway'],
    answers: 'not while the VPC has mapped public addresses (API DetachInternetGateway)',
    async before(context) {
      const vpc = context.parameters.get('VpcId') ?? '';
      const isPublic = (await all(context, 'DescribeNetworkInterfaces', 'networkInterfaceSet')).some(
        (card) =>
          textAt(card, 'vpcId') === vpc &&
          textAt(card, 'association', 'publicIp') !== '' &&
          context.world.settings.get(`${textAt(card, 'attachment', 'instanceId')}/terminated`) !== 'true',
      );
      if (isPublic)
        throw new Refusal(
          'DependencyViolation',
          `Network ${vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`,
        );
    },
  },
  {
    operations: ['DeleteRouteTable'],
    answers: 'the main route table of a VPC stays (API DeleteRouteTable)',
    async before(context) {
      const table = await tableOf(context);
      if (listAt(table, 'associationSet').some((item) => textAt(item, 'main') === 'true'))
        throw new Refusal(
          'DependencyViolation',
          `The routeTable '${textAt(table, 'routeTableId')}' has dependencies and cannot be deleted.`,
        );
    },
  },
  {
    operations: ['DeleteRoute'],
    answers: 'the local route stays (API DeleteRoute)',
    before: localRoute,
  },
  {
    operations: ['CreateRoute', 'ReplaceRoute'],
    answers: 'an internet gateway that is not attached to the VPC (API CreateRoute)',
    before: attachedTo,
  },
  {
    operations: ['AssociateRouteTable'],
    answers: 'a subnet has one association (API AssociateRouteTable)',
    async before(context) {
      const subnet = context.parameters.get('SubnetId') ?? '';
      const other = (await all(context, 'DescribeRouteTables', 'routeTableSet')).find((table) =>
        listAt(table, 'associationSet').some((item) => textAt(item, 'subnetId') === subnet),
      );
      if (other !== undefined)
        throw new Refusal(
          'Resource.AlreadyAssociated',
          `the specified association for route table ${context.parameters.get('RouteTableId') ?? ''} conflicts with an existing association`,
        );
    },
  },
];
