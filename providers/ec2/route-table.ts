import { harmless } from '../../src/domain/verdict.ts';
import { listOf, textOf } from '../aws/values/fields.ts';
import { configurationType } from '../kinds/configuration-type.ts';
import { ec2Tags, listing, needs } from './listing.ts';
import { tagSpecification } from './tags.ts';

/** AWS::EC2::RouteTable, without its routes and associations, which are resources of their own. */
export const routeTable = configurationType({
  type: 'AWS::EC2::RouteTable',
  service: 'ec2',
  list: listing('DescribeRouteTables', 'RouteTables', 'route-table-id', { size: 100 }),
  find: (raw) => [
    {
      identity: textOf(raw['RouteTableId']) ?? '',
      properties: { VpcId: textOf(raw['VpcId']) },
      attributes: { RouteTableId: textOf(raw['RouteTableId']), OwnerId: textOf(raw['OwnerId']) },
      tags: listOf(raw['Tags']),
      // DeleteRouteTable: "You can't delete the main route table."
      ...(listOf(raw['Associations']).some(({ Main }) => Main === true)
        ? { undeletable: 'it is the main route table of its VPC' }
        : {}),
    },
  ],
  properties: { VpcId: { verdict: harmless('a new table holds the local route alone, and no subnet uses it yet') } },
  tags: ec2Tags,
  create: {
    operation: 'CreateRouteTable',
    purpose: 'create the route table',
    byToken: true,
    input: ({ VpcId }, { token, tags }) => ({
      VpcId,
      ClientToken: token,
      TagSpecifications: [tagSpecification('route-table', tags)],
    }),
  },
  made: 'RouteTable.RouteTableId',
  remove: {
    operation: 'DeleteRouteTable',
    purpose: 'delete the route table',
    input: ({ identity }) => ({ RouteTableId: identity }),
  },
  // DeleteRouteTable: "You must disassociate the route table from any subnets before you can delete it."
  users: 'refused-in-use',
  grants: [],
  holdsData: false,
  needs: { VpcId: needs.vpc },
});
