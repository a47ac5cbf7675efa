import type { ResourceTypes } from '../../domain/resource-type.ts';
import type { PropertySchema, Schemas, TypeSchema } from '../../domain/schema.ts';
import { isHcl, readHcl, type Hcl, type HclBlock, type HclMap } from './hcl.ts';
import { textScalar, type MapEntry, type Node } from '../reader/node.ts';
import type { Skeleton } from './skeleton.ts';
import type { TypeRules } from '../../domain/resource-type.ts';
import { carriedProperties } from './left-out.ts';
import { nearest } from '../reader/spelling.ts';

export { isHcl };

/**
 * Resources of the AWS provider ("Resources" in the Terraform registry) and CloudFormation's type of the same thing.
 */
const TYPES: Readonly<Record<string, string>> = {
  aws_instance: 'AWS::EC2::Instance',
  aws_security_group: 'AWS::EC2::SecurityGroup',
  aws_ebs_volume: 'AWS::EC2::Volume',
  aws_db_instance: 'AWS::RDS::DBInstance',
  aws_s3_bucket: 'AWS::S3::Bucket',
  aws_vpc: 'AWS::EC2::VPC',
  aws_subnet: 'AWS::EC2::Subnet',
  aws_db_subnet_group: 'AWS::RDS::DBSubnetGroup',
  aws_db_parameter_group: 'AWS::RDS::DBParameterGroup',
};

/** Arguments whose name is not CloudFormation's in other letters. */
const NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  aws_instance: {
    ami: 'ImageId',
    vpc_security_group_ids: 'SecurityGroupIds',
    iam_instance_profile: 'IamInstanceProfile',
    disable_api_termination: 'DisableApiTermination',
  },
  aws_security_group: {
    name: 'GroupName',
    description: 'GroupDescription',
    ingress: 'SecurityGroupIngress',
    egress: 'SecurityGroupEgress',
  },
  aws_ebs_volume: { type: 'VolumeType' },
  aws_db_instance: {
    identifier: 'DBInstanceIdentifier',
    instance_class: 'DBInstanceClass',
    username: 'MasterUsername',
    password: 'MasterUserPassword',
    vpc_security_group_ids: 'VPCSecurityGroups',
    db_name: 'DBName',
    name: 'DBName',
    parameter_group_name: 'DBParameterGroupName',
    backup_window: 'PreferredBackupWindow',
    maintenance_window: 'PreferredMaintenanceWindow',
  },
  aws_s3_bucket: { bucket: 'BucketName' },
};

/** Terraform's configuration as a change plan that creates what its resources declare. */
export function terraformSkeleton(text: string, types: ResourceTypes, schemas: Schemas): Skeleton {
  const blocks = readHcl(text);
  const resources = blocks.filter(({ kind, labels }) => kind === 'resource' && labels.length === 2);
  const variables = new Map(
    blocks
      .filter(({ kind }) => kind === 'variable')
      .flatMap(({ labels, body }) =>
        body['default'] === undefined ? [] : [[`var.${labels[0] ?? ''}`, body['default']] as const],
      ),
  );
  const addresses = new Map(resources.map(({ labels }) => [labels.join('.'), addressOf(labels, resources)]));
  const gone = new Set(
    resources
      .filter(({ labels: [from = ''] }) => types.get(TYPES[from] ?? '')?.managed !== true)
      .map(({ labels }) => addresses.get(labels.join('.')) ?? ''),
  );
  const left: string[] = blocks
    .filter((block) => !resources.includes(block) && (block.kind !== 'variable' || block.body['default'] === undefined))
    .map(({ kind, labels }) =>
      kind === 'variable'
        ? `Variable ${labels.join('.')} has no default: write its value where  \${var.${labels[0] ?? ''}}  stands`
        : `${[kind, ...labels].join('.')} is left out: a change plan has nothing like it`,
    );
  const entries = resources.flatMap((block): readonly MapEntry[] => {
    const [from = '', label = ''] = block.labels;
    const type = TYPES[from];
    const schema = type === undefined ? undefined : schemas(type);
    const rules = schema === undefined ? undefined : types.get(schema.type);
    if (schema === undefined || rules?.managed !== true) {
      left.push(`${from}.${label} is left out: it is not supported yet`);
      return [];
    }
    return [entryOf(block, schema, rules.rules, { variables, addresses, left, gone })];
  });
  return { name: 'my-change', intent: 'Make what the Terraform configuration declares', resources: entries, left };
}

interface Scope {
  readonly variables: ReadonlyMap<string, Hcl>;
  readonly addresses: ReadonlyMap<string, string>;
  readonly left: string[];
  /** Addresses of resources that are left out. */
  readonly gone: ReadonlySet<string>;
}

const pascal = (text: string): string =>
  text
    .split(/[^A-Za-z0-9]+/u)
    .map((part) => part.slice(0, 1).toUpperCase() + part.slice(1))
    .join('');
function addressOf(labels: readonly string[], all: readonly HclBlock[]): string {
  const [type = '', label = ''] = labels;
  const name = pascal(label) || 'Resource';
  return all.some(({ labels: [otherType, other] }) => otherType !== type && pascal(other ?? '') === name)
    ? `${name}${pascal(type.replace(/^aws_/u, ''))}`
    : name;
}

function entryOf({ labels, body }: HclBlock, schema: TypeSchema, rules: TypeRules, scope: Scope): MapEntry {
  const [from = '', label = ''] = labels;
  const properties: MapEntry[] = [];
  for (const [key, value] of Object.entries(body)) {
    const name = NAMES[from]?.[key] ?? propertyNamed(key, schema.properties);
    const property = name === undefined ? undefined : schema.properties[name];
    if (name === undefined || property === undefined) {
      scope.left.push(`${from}.${label}: ${key} is left out: ${schema.type} has no property of that name`);
      continue;
    }
    const items =
      property.type.kind === 'list' && Array.isArray(value) && property.type.element.kind === 'object'
        ? (value as readonly Hcl[]).flatMap((item, index) =>
            rulesOf(item as HclMap, (text) => scope.left.push(`${from}.${label}: ${key}.${index} ${text}`)),
          )
        : value;
    properties.push({ key: name, at: 0, node: toNode(items, property, schema, scope) });
  }
  const address = scope.addresses.get(labels.join('.')) ?? 'Resource';
  const map = (entries: readonly MapEntry[]): Node => ({ kind: 'map', at: 0, tag: null, entries });
  return {
    key: address,
    at: 0,
    node: map([
      { key: 'type', at: 0, node: textScalar(schema.type, 0) },
      { key: 'action', at: 0, node: textScalar('create', 0) },
      {
        key: 'properties',
        at: 0,
        node: carriedProperties(
          { kind: 'map', at: 0, tag: null, entries: properties },
          { address, schema, rules, gone: scope.gone, left: scope.left },
        ),
      },
    ]),
  };
}

const propertyNamed = (key: string, properties: Readonly<Record<string, PropertySchema>>): string | undefined => {
  const plain = key.replaceAll('_', '').toLowerCase();
  return Object.keys(properties).find((name) => name.toLowerCase() === plain);
};

/** A rule of a group names several sources in Terraform and one in CloudFormation. */
function rulesOf(rule: HclMap, leave: (text: string) => void): readonly Hcl[] {
  const {
    cidr_blocks: cidrs,
    ipv6_cidr_blocks: wide,
    security_groups: groups,
    protocol,
    from_port: from,
    to_port: to,
    description,
    ...others
  } = rule as Record<string, Hcl | undefined>;
  if (protocol === undefined) return [rule];
  for (const name of Object.keys(others)) leave(`${name} is left out: write its rules in CloudFormation's words`);
  const base: Record<string, Hcl> = { IpProtocol: protocol };
  if (String(protocol) !== '-1') {
    if (from !== undefined) base['FromPort'] = from;
    if (to !== undefined) base['ToPort'] = to;
  }
  if (description !== undefined) base['Description'] = description;
  const listed = (value: Hcl | undefined): readonly Hcl[] => (Array.isArray(value) ? (value as readonly Hcl[]) : []);
  const made = [
    ...listed(cidrs).map((cidr): HclMap => ({ ...base, CidrIp: cidr })),
    ...listed(wide).map((cidr): HclMap => ({ ...base, CidrIpv6: cidr })),
    ...listed(groups).map((group): HclMap => ({ ...base, SourceSecurityGroupId: group })),
  ];
  if (made.length === 0) leave('is left out: it names no source that is carried over');
  return made;
}

function toNode(value: Hcl, property: PropertySchema | undefined, schema: TypeSchema, scope: Scope): Node {
  if (value === null || typeof value !== 'object')
    return typeof value === 'string'
      ? textScalar(value, 0)
      : { kind: 'scalar', at: 0, tag: null, value, source: String(value) };
  if (Array.isArray(value))
    return {
      kind: 'list',
      at: 0,
      tag: null,
      items: (value as readonly Hcl[]).map((item) => toNode(item, undefined, schema, scope)),
    };
  if ('expression' in value && typeof value['expression'] === 'string')
    return expressionNode(value['expression'], scope);
  const members = property?.type.kind === 'object' ? schema.definitions[property.type.definition] : undefined;
  return {
    kind: 'map',
    at: 0,
    tag: null,
    entries: Object.entries(value as HclMap).map(([key, item]) => ({
      key: (members === undefined ? undefined : propertyNamed(key, members)) ?? key,
      at: 0,
      node: toNode(item, undefined, schema, scope),
    })),
  };
}

/**
 * `aws_x.y.id` is a reference, `var.x` its default; any other expression stays as a placeholder for the author to write
 * out.
 */
function expressionNode(expression: string, scope: Scope): Node {
  const variable = scope.variables.get(expression);
  if (variable !== undefined && (variable === null || typeof variable !== 'object'))
    return toNode(variable, undefined, { properties: {} } as TypeSchema, scope);
  const [type = '', label = '', attribute = ''] = expression.replaceAll(/\[[^\]]*\]/gu, '').split('.');
  const address = scope.addresses.get(`${type}.${label}`);
  if (address === undefined) return textScalar(expression.includes('${') ? expression : `\${${expression}}`, 0);
  if (attribute === 'id' || attribute === 'bucket' || attribute === 'identifier' || attribute === '')
    return textScalar(address, 0, '!Ref');
  return textScalar(
    `${address}.${nearest(attribute, ['Arn', 'AvailabilityZone', 'PrivateIp', 'PublicIp', 'GroupId']) ?? pascal(attribute)}`,
    0,
    '!GetAtt',
  );
}
