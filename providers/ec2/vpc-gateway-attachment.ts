import { formatIdentity } from '../../src/domain/identity.ts';
import { harmless, judged } from '../../src/domain/verdict.ts';
import { listOf, objectOf, textOf } from '../aws/values/fields.ts';
import { configurationType } from '../kinds/configuration-type.ts';
import { listing, needs } from './listing.ts';
import { filtered } from './paging.ts';

const attachmentOf = (vpc: string): string => formatIdentity(['IGW', vpc]);

/** AWS::EC2::VPCGatewayAttachment of an internet gateway. Identity: `IGW` and the VPC, which has at most one. */
export const vpcGatewayAttachment = configurationType({
  type: 'AWS::EC2::VPCGatewayAttachment',
  service: 'ec2',
  list: listing('DescribeInternetGateways', 'InternetGateways', 'attachment.vpc-id', { part: 1 }),
  find: (raw) =>
    listOf(raw['Attachments'])
      .filter(({ State }) => State !== 'detached')
      .map((attachment) => ({
        identity: attachmentOf(textOf(attachment['VpcId']) ?? ''),
        // Which gateway it is of: another one in its place is another attachment.
        incarnation: textOf(raw['InternetGatewayId']) ?? '',
        properties: { InternetGatewayId: textOf(raw['InternetGatewayId']), VpcId: textOf(attachment['VpcId']) },
        attributes: { AttachmentType: 'IGW' },
        state: textOf(attachment['State']) ?? 'unknown',
      })),
  properties: {
    VpcId: { verdict: harmless('it says where; InternetGatewayId says what it opens (AttachInternetGateway)') },
    InternetGatewayId: { verdict: judged('the VPC gets a way to the internet (AttachInternetGateway)', 'grant') },
  },
  identityOf: ({ VpcId }) => (textOf(VpcId) === undefined ? undefined : attachmentOf(String(VpcId))),
  problems: ({ InternetGatewayId, VpnGatewayId }, whole) =>
    whole && InternetGatewayId === undefined && VpnGatewayId === undefined
      ? [{ at: '', missing: 'InternetGatewayId', message: 'nothing is attached', help: 'name the internet gateway' }]
      : [],
  create: {
    operation: 'AttachInternetGateway',
    purpose: 'attach the internet gateway',
    input: ({ InternetGatewayId, VpcId }) => ({ InternetGatewayId, VpcId }),
  },
  remove: {
    operation: 'DetachInternetGateway',
    purpose: 'detach the internet gateway',
    input: ({ properties: { InternetGatewayId, VpcId } }) => ({ InternetGatewayId, VpcId }),
  },
  // EC2's words: `available` for an internet gateway; `attached` in the enumeration of the API.
  stable: ({ state }) => state === 'available' || state === 'attached',
  users: [
    {
      operation: 'DescribeRouteTables',
      items: 'RouteTables',
      page: { MaxResults: 100 },
      ask: (used) => filtered('vpc-id', [...new Set(used.map(({ properties }) => properties['VpcId'] ?? ''))]),
      find: (table, { properties }) =>
        listOf(table['Routes'])
          .filter(
            (route) => table['VpcId'] === properties['VpcId'] && route['GatewayId'] === properties['InternetGatewayId'],
          )
          .map((route) => ({
            type: 'AWS::EC2::Route',
            identity: formatIdentity([
              textOf(table['RouteTableId']) ?? '',
              textOf(route['DestinationCidrBlock']) ??
                textOf(route['DestinationIpv6CidrBlock']) ??
                textOf(route['DestinationPrefixListId']) ??
                '',
            ]),
          })),
    },
    // DetachInternetGateway: "The VPC must not contain any running instances with Elastic IP addresses or public IPv4
    // addresses."
    {
      operation: 'DescribeNetworkInterfaces',
      items: 'NetworkInterfaces',
      page: { MaxResults: 1000 },
      ask: (used) => filtered('vpc-id', [...new Set(used.map(({ properties }) => properties['VpcId'] ?? ''))]),
      find: (card, { properties }) => {
        if (card['VpcId'] !== properties['VpcId'] || textOf(objectOf(card['Association'])['PublicIp']) === undefined)
          return [];
        const instance = textOf(objectOf(card['Attachment'])['InstanceId']);
        return [
          instance === undefined
            ? { type: 'AWS::EC2::NetworkInterface', identity: textOf(card['NetworkInterfaceId']) ?? '' }
            : { type: 'AWS::EC2::Instance', identity: instance },
        ];
      },
    },
  ],
  grants: [
    {
      path: 'InternetGatewayId',
      says: (_before, after) =>
        `${textOf(after) ?? 'an internet gateway'} is attached: what has a public address and a route to it can be reached from the internet`,
    },
  ],
  holdsData: false,
  needs: { VpcId: needs.vpc, InternetGatewayId: needs.internetGateway },
});
