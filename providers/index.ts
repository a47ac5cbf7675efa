import type { ResourceType, ResourceTypes } from '../src/domain/resource-type.ts';
import { readTogether } from './aws/session/read-together.ts';
import { availabilityZones } from './ec2/availability-zones.ts';
import { images } from './ec2/images.ts';
import { instance } from './ec2/instance/instance.ts';
import { internetGateway } from './ec2/internet-gateway.ts';
import { route } from './ec2/route.ts';
import { routeTable } from './ec2/route-table.ts';
import { securityGroup } from './ec2/security-group/security-group.ts';
import { subnet } from './ec2/subnet.ts';
import { subnetRouteTableAssociation } from './ec2/subnet-route-table-association.ts';
import { volume } from './ec2/volume/volume.ts';
import { vpcGatewayAttachment } from './ec2/vpc-gateway-attachment.ts';
import { vpc } from './ec2/vpc.ts';
import { instanceProfile } from './iam/instance-profile.ts';
import { dbInstance } from './rds/db-instance/db-instance.ts';
import { dbParameterGroup } from './rds/db-parameter-group.ts';
import { dbSubnetGroup } from './rds/db-subnet-group.ts';
import { logGroup } from './logs/log-group.ts';
import { bucket } from './s3/bucket/bucket.ts';
import { ssmParameter } from './ssm/parameter.ts';

const all: readonly ResourceType[] = [
  vpc,
  subnet,
  internetGateway,
  vpcGatewayAttachment,
  routeTable,
  route,
  subnetRouteTableAssociation,
  securityGroup,
  volume,
  instanceProfile,
  logGroup,
  instance,
  dbSubnetGroup,
  dbParameterGroup,
  dbInstance,
  bucket,
];

/**
 * Types in which values are looked up at plan time (`{{resolve:ssm:…}}`, `!GetAZs`), and what rules ask of it
 * (`looksUp`): read like a resource, and no type that an entry can have.
 */
const lookups: readonly ResourceType[] = [ssmParameter, availabilityZones, images];

/** Every resource type that aiplan knows, in an order in which they could be created. */
export const resourceTypes: ResourceTypes = {
  all,
  get: (type) =>
    all.find((candidate) => candidate.type === type) ?? lookups.find((candidate) => candidate.type === type),
  readTogether,
};
