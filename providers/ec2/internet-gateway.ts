import { listOf, textOf } from '../aws/values/fields.ts';
import { configurationType } from '../kinds/configuration-type.ts';
import { ec2Tags, listing } from './listing.ts';
import { tagSpecification } from './tags.ts';

const internetGatewayType = 'AWS::EC2::InternetGateway';

/** AWS::EC2::InternetGateway: the door itself, which leads nowhere until it is attached to a VPC. */
export const internetGateway = configurationType({
  type: internetGatewayType,
  service: 'ec2',
  list: listing('DescribeInternetGateways', 'InternetGateways', 'internet-gateway-id'),
  find: (raw) => [
    {
      identity: textOf(raw['InternetGatewayId']) ?? '',
      properties: {},
      attributes: { InternetGatewayId: textOf(raw['InternetGatewayId']), OwnerId: textOf(raw['OwnerId']) },
      tags: listOf(raw['Tags']),
    },
  ],
  properties: {},
  tags: ec2Tags,
  create: {
    operation: 'CreateInternetGateway',
    purpose: 'create the internet gateway',
    input: (_desired, { tags }) => ({ TagSpecifications: [tagSpecification('internet-gateway', tags)] }),
  },
  made: 'InternetGateway.InternetGatewayId',
  remove: {
    operation: 'DeleteInternetGateway',
    purpose: 'delete the internet gateway',
    input: ({ identity }) => ({ InternetGatewayId: identity }),
  },
  // DeleteInternetGateway: "You must detach the internet gateway from the VPC before you can delete it."
  users: 'refused-in-use',
  grants: [],
  holdsData: false,
});
