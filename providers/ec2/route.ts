import { normaliseCidr } from '../../src/base/cidr.ts';
import type { Json, JsonObject } from '../../src/base/json.ts';
import { formatIdentity } from '../../src/domain/identity.ts';
import { harmless, judged } from '../../src/domain/verdict.ts';
import { compact, listOf, pick, textOf } from '../aws/values/fields.ts';
import { configurationType } from '../kinds/configuration-type.ts';
import type { Found, KindProperty, Setting } from '../kinds/description.ts';
import { listing, needs } from './listing.ts';

const destinations = ['DestinationCidrBlock', 'DestinationIpv6CidrBlock', 'DestinationPrefixListId'] as const;
/** Where a route may lead, and what that means to whoever confirms it. */
const targets = {
  GatewayId: 'it, and may come from there',
  NatGatewayId: 'the internet through it',
  EgressOnlyInternetGatewayId: 'the internet through it',
  InstanceId: 'it: whoever runs that machine sees the traffic',
  NetworkInterfaceId: 'it: whoever runs what has that interface sees the traffic',
  VpcPeeringConnectionId: 'the VPC on its other side, and may come from there',
  TransitGatewayId: 'the networks behind it, and may come from there',
  VpcEndpointId: 'the service behind it',
  CarrierGatewayId: 'the carrier network, and may come from there',
  LocalGatewayId: 'the network on premises, and may come from there',
  CoreNetworkArn: 'the networks behind it, and may come from there',
} as const;
const targetNames = Object.keys(targets);

const destinationOf = (properties: JsonObject): string | undefined =>
  destinations.map((name) => textOf(properties[name])).find((text) => text !== undefined);

function routeOf(table: JsonObject, route: JsonObject): Found {
  const id = textOf(route['GatewayId']);
  const gateway = id?.startsWith('vpce-') === true ? { VpcEndpointId: id } : { GatewayId: id };
  const RouteTableId = textOf(table['RouteTableId']) ?? '';
  const destination = destinationOf(route) ?? '';
  // CreateRoute makes routes that are somebody's; the local one and propagated ones are AWS's, and go with the table.
  const origin = textOf(route['Origin']);
  const isOwn = origin === 'CreateRoute' && id !== 'local';
  return {
    identity: formatIdentity([RouteTableId, destination]),
    properties: {
      ...(isOwn ? { RouteTableId } : {}),
      ...pick(route, destinations),
      ...pick(route, targetNames),
      ...gateway,
      // AWS shows the interface of an instance beside it; a route is made with one of the two.
      NetworkInterfaceId: textOf(route['InstanceId']) === undefined ? route['NetworkInterfaceId'] : undefined,
    },
    attributes: { CidrBlock: destination, RouteTableId, Origin: origin },
    state: textOf(route['State']) ?? 'unknown',
    binding: {
      subnets: listOf(table['Associations'])
        .flatMap(({ SubnetId, Main }) => textOf(SubnetId) ?? (Main === true ? 'every other subnet of the VPC' : []))
        .toSorted(),
    },
    ...(isOwn
      ? {}
      : {
          undeletable:
            id === 'local'
              ? 'it is the local route of its VPC'
              : 'a virtual private gateway propagates it to the route table',
        }),
  };
}

const isOther = (before: Json | undefined, after: Json | undefined): boolean => before !== after;
const target: KindProperty = {
  // ReplaceRoute would take another kind of target too; then the property of the former one would have to go as well.
  update: (before, after) =>
    before === undefined || after === undefined || after === null
      ? { blocked: 'a route keeps its kind of target: delete this one, and create the other in a later plan' }
      : 'in-place',
  verdict: judged('traffic of the subnets goes there (CreateRoute, ReplaceRoute)', 'grant'),
};
const fixed: KindProperty = { verdict: harmless('it says which traffic; the target says where it goes') };
const setTarget: Setting = {
  operation: 'ReplaceRoute',
  purpose: 'lead the route elsewhere',
  input: (_identity, desired) => pick(desired, ['RouteTableId', ...destinations, ...targetNames]),
};

/** AWS::EC2::Route. Identity: the route table and the destination. */
export const route = configurationType({
  type: 'AWS::EC2::Route',
  service: 'ec2',
  list: listing('DescribeRouteTables', 'RouteTables', 'route-table-id', { size: 100 }),
  find: (raw) => listOf(raw['Routes']).map((one) => routeOf(raw, one)),
  properties: {
    RouteTableId: fixed,
    ...Object.fromEntries(destinations.map((name) => [name, fixed])),
    ...Object.fromEntries(targetNames.map((name) => [name, target])),
  },
  identityOf: (desired) => {
    const [table, destination] = [textOf(desired['RouteTableId']), destinationOf(desired)];
    return table === undefined || destination === undefined
      ? undefined
      : formatIdentity([table, normaliseCidr(destination)]);
  },
  problems: (properties, whole) =>
    (
      [
        [destinations, 'a destination', 'DestinationCidrBlock'],
        [targetNames, 'a target', 'GatewayId'],
      ] as const
    ).flatMap(([names, what, missing]) => {
      const given = names.filter((name) => properties[name] !== undefined && properties[name] !== null);
      if (given.length > 1)
        return [
          { at: given[1] ?? '', message: `a route has ${what} of one kind`, help: `keep one of ${given.join(', ')}` },
        ];
      return whole && given.length === 0
        ? [{ at: '', missing, message: `a route has ${what}`, help: `set one of ${names.join(', ')}` }]
        : [];
    }),
  create: {
    operation: 'CreateRoute',
    purpose: 'create the route',
    input: (desired) => compact(pick(desired, ['RouteTableId', ...destinations, ...targetNames])),
  },
  set: Object.fromEntries(targetNames.map((name) => [name, setTarget])),
  remove: {
    operation: 'DeleteRoute',
    purpose: 'delete the route',
    input: ({ properties }) => pick(properties, ['RouteTableId', ...destinations]),
  },
  users: 'related',
  grants: targetNames.map((name) => ({
    path: name,
    when: isOther,
    says: (_before, after, live) =>
      `traffic of the subnets${live === null ? '' : ` of ${live.identity}`} is led to ${textOf(after) ?? 'what is made first'}: it leaves to ${targets[name as keyof typeof targets]}`,
  })),
  holdsData: false,
  loses: ({ properties, binding }) => [
    `traffic to ${destinationOf(properties) ?? 'its destination'} is not led anywhere meanwhile`,
    ...(Array.isArray(binding['subnets']) && binding['subnets'].length > 0
      ? [`of the subnets ${binding['subnets'].join(', ')}`]
      : []),
  ],
  rules: { compare: { DestinationCidrBlock: 'cidr', DestinationIpv6CidrBlock: 'cidr' } },
  needs: { RouteTableId: needs.routeTable },
});
