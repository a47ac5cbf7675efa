import { harmless, judged } from '../../src/domain/verdict.ts';
import { listOf, objectOf, textOf } from '../aws/values/fields.ts';
import { configurationType } from '../kinds/configuration-type.ts';
import { listing, needs } from './listing.ts';

/** AWS::EC2::SubnetRouteTableAssociation. A subnet has at most one; without it the main route table of the VPC counts. */
export const subnetRouteTableAssociation = configurationType({
  type: 'AWS::EC2::SubnetRouteTableAssociation',
  service: 'ec2',
  list: listing('DescribeRouteTables', 'RouteTables', 'association.route-table-association-id', { size: 100 }),
  find: (raw) =>
    listOf(raw['Associations'])
      .filter(
        ({ Main, SubnetId, AssociationState }) =>
          Main !== true && textOf(SubnetId) !== undefined && objectOf(AssociationState)['State'] !== 'disassociated',
      )
      .map((association) => ({
        identity: textOf(association['RouteTableAssociationId']) ?? '',
        properties: { RouteTableId: textOf(association['RouteTableId']), SubnetId: textOf(association['SubnetId']) },
        attributes: { Id: textOf(association['RouteTableAssociationId']) },
        state: textOf(objectOf(association['AssociationState'])['State']) ?? 'associated',
      })),
  properties: {
    SubnetId: { verdict: harmless('it says which subnet; RouteTableId says where its traffic goes') },
    RouteTableId: { verdict: judged('the traffic of the subnet goes by other routes (AssociateRouteTable)', 'grant') },
  },
  create: {
    operation: 'AssociateRouteTable',
    purpose: 'associate the subnet with the route table',
    input: ({ RouteTableId, SubnetId }) => ({ RouteTableId, SubnetId }),
  },
  made: 'AssociationId',
  remove: {
    operation: 'DisassociateRouteTable',
    purpose: 'dissociate the subnet from the route table',
    input: ({ identity }) => ({ AssociationId: identity }),
  },
  stable: ({ state }) => (state === 'failed' ? 'AWS could not associate it' : state === 'associated'),
  // AssociateRouteTable: a subnet can be associated with one route table only.
  alike: ({ SubnetId }) => textOf(SubnetId),
  users: 'related',
  grants: [
    {
      path: 'RouteTableId',
      says: (_before, after) =>
        `the traffic of the subnet goes by the routes of ${textOf(after) ?? 'a route table that is made first'}: to the internet where one of them leads there`,
    },
  ],
  holdsData: false,
  loses: ({ properties }) => [
    `${textOf(properties['SubnetId']) ?? 'the subnet'} uses the main route table of its VPC meanwhile`,
  ],
  rules: {
    replaceBlocked: 'a subnet has one association at a time: delete this one, and create the other in a later plan',
  },
  needs: { RouteTableId: needs.routeTable, SubnetId: needs.subnet },
});
