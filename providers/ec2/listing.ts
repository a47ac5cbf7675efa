import { identityParts } from '../../src/domain/identity.ts';
import type { Listing, Need, Tagging } from '../kinds/description.ts';
import { tagList } from '../aws/values/tags.ts';
import { filtered } from './paging.ts';

/** A describe operation of EC2 narrowed by a filter: by the identity, or by one part of a composite one. */
export const listing = (
  operation: string,
  items: string,
  filter: string,
  { part = 0, size = 1000 }: { readonly part?: number; readonly size?: number } = {},
): Listing => ({
  operation,
  items,
  narrow: (identities) =>
    filtered(filter, [...new Set(identities.map((identity) => identityParts(identity)[part] ?? identity))]),
  page: { MaxResults: size },
});

/** How EC2 sets and removes tags of what is there (CreateTags, DeleteTags). */
export const ec2Tags: Tagging = {
  set: {
    operation: 'CreateTags',
    purpose: 'set tags',
    input: (identity, tags) => ({ Resources: [identity], Tags: tagList(tags) }),
  },
  remove: {
    operation: 'DeleteTags',
    purpose: 'remove tags',
    input: (identity, keys) => ({ Resources: [identity], Tags: keys.map((Key) => ({ Key })) }),
  },
};

const need = (operation: string, items: string, filter: string): Need => ({
  operation,
  items,
  input: (identity) => filtered(filter, [identity]),
});

/** How things of a network are looked up. */
export const needs = {
  vpc: need('DescribeVpcs', 'Vpcs', 'vpc-id'),
  subnet: need('DescribeSubnets', 'Subnets', 'subnet-id'),
  routeTable: need('DescribeRouteTables', 'RouteTables', 'route-table-id'),
  internetGateway: need('DescribeInternetGateways', 'InternetGateways', 'internet-gateway-id'),
} as const;
