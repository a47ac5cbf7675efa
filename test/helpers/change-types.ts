import { loadSchema, loadTypeNames } from '../../providers/aws/schema.ts';
import type { PropertyRule, ResourceType, ResourceTypes, TypeRules } from '../../src/domain/resource-type.ts';
import { parseChangePlan, type ParseOptions } from '../../src/language/parse.ts';

/** Stand-ins for resource types: rules only, enough for the language. The schemas are AWS's own. */
function standIn(
  type: string,
  properties: Readonly<Record<string, PropertyRule>>,
  rules: Partial<TypeRules> = {},
  managed = true,
): ResourceType {
  return {
    type,
    managed,
    service: type.startsWith('AWS::RDS') ? 'rds' : type.startsWith('AWS::S3') ? 's3' : 'ec2',
    rules: {
      properties,
      compare: {},
      keys: {},
      secretInput: [],
      sensitive: [],
      volatile: [],
      destructive: [],
      grants: [],
      changeableStates: [],
      goneStates: [],
      duplicate: () => null,
      leftovers: () => [],
      ...rules,
    },
    read: async () => ({ resources: [], absent: [], failures: [] }),
    iam: { read: [], write: [], capture: [], restore: [] },
  };
}

const named = (names: string, update: 'in-place' | 'restart' = 'in-place'): Record<string, PropertyRule> =>
  Object.fromEntries(names.split(' ').map((name) => [name, { update }]));

const all: readonly ResourceType[] = [
  standIn(
    'AWS::RDS::DBInstance',
    {
      ...named(
        'DBInstanceIdentifier DBInstanceClass AllocatedStorage Engine EngineVersion Port MultiAZ VPCSecurityGroups Tags DBSubnetGroupName KmsKeyId StorageType MonitoringInterval MasterUserPassword MasterUsername DBParameterGroupName PubliclyAccessible DBName Iops',
      ),
      BackupRetentionPeriod: { update: 'in-place', reset: 1 },
      DeletionProtection: { update: 'in-place', reset: false },
      ApplyImmediately: { create: false, update: 'in-place' },
    },
    {
      secretInput: ['MasterUserPassword'],
      nameProperty: 'DBInstanceIdentifier',
      optionalName: 'DBInstanceIdentifier',
      replaceBlocked: 'databases are never replaced',
    },
  ),
  standIn(
    'AWS::EC2::Instance',
    named(
      'ImageId InstanceType SubnetId SecurityGroupIds Tags UserData Monitoring DisableApiTermination IamInstanceProfile BlockDeviceMappings PrivateIpAddress MetadataOptions Volumes',
    ),
    { sensitive: ['UserData'], carries: ['PrivateIpAddress', 'volumes', 'addresses'] },
  ),
  standIn('AWS::EC2::Volume', named('AvailabilityZone Size VolumeType Iops Throughput Encrypted SnapshotId Tags')),
  standIn(
    'AWS::EC2::SecurityGroup',
    named('GroupName GroupDescription VpcId SecurityGroupIngress SecurityGroupEgress Tags'),
    { keys: { SecurityGroupIngress: ['IpProtocol', 'FromPort', 'ToPort', 'CidrIp'] }, optionalName: 'GroupName' },
  ),
  standIn(
    'AWS::S3::Bucket',
    {
      ...named(
        'BucketName VersioningConfiguration Tags LifecycleConfiguration PublicAccessBlockConfiguration BucketEncryption LoggingConfiguration ReplicationConfiguration NotificationConfiguration AccessControl InventoryConfigurations',
      ),
      CorsConfiguration: { update: 'in-place', reset: null },
    },
    { nameProperty: 'BucketName', optionalName: 'BucketName' },
  ),
  standIn('AWS::EC2::VPC', {}, {}, false),
  standIn('AWS::EC2::Subnet', {}, {}, false),
  standIn('AWS::RDS::DBSubnetGroup', {}, {}, false),
  standIn('AWS::RDS::DBParameterGroup', {}, {}, false),
];

export const standInTypes: ResourceTypes = { all, get: (type) => all.find((candidate) => candidate.type === type) };

export const parse = (text: string, options: Partial<ParseOptions> = {}) =>
  parseChangePlan(text, {
    file: 'plan.yaml',
    schemas: loadSchema,
    types: standInTypes,
    typeNames: loadTypeNames,
    ...options,
  });

/** A valid plan around the given entries (written with their own indentation of two spaces). */
export const planOf = (resources: string): string =>
  `aiplan: 1\nname: test\nintent: Try it\ntarget: { account: "123456789012", region: eu-west-1 }\nresources:\n${resources}\n`;

/** `code line:column` of each finding, errors plain, others with their severity. */
export const codes = (text: string, options: Partial<ParseOptions> = {}): readonly string[] =>
  parse(text, options).findings.map(
    ({ code, line, column, severity }) => `${severity === 'error' ? '' : `${severity} `}${code} ${line}:${column}`,
  );
