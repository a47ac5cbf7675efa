#!/usr/bin/env node
// Extracts AWS's CloudFormation registry (@aws-cdk/aws-service-spec) into one compact JSON file per type, in the shape
// of src/domain/schema.ts. The output depends only on the package version and this file; `--force` writes it anew
// regardless.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TYPES = [
  'AWS::EC2::Instance',
  'AWS::EC2::InternetGateway',
  'AWS::EC2::Route',
  'AWS::EC2::RouteTable',
  'AWS::EC2::SecurityGroup',
  'AWS::EC2::Subnet',
  'AWS::EC2::SubnetRouteTableAssociation',
  'AWS::EC2::VPC',
  'AWS::EC2::VPCGatewayAttachment',
  'AWS::EC2::Volume',
  'AWS::IAM::InstanceProfile',
  'AWS::Logs::LogGroup',
  'AWS::RDS::DBInstance',
  'AWS::RDS::DBParameterGroup',
  'AWS::RDS::DBSubnetGroup',
  'AWS::S3::Bucket',
];

const STATUS = ['Disabled', 'Enabled'];
const STATE = ['DISABLED', 'ENABLED'];
const SWITCH = ['disabled', 'enabled'];
const VOLUME_TYPES = ['gp2', 'gp3', 'io1', 'io2', 'sc1', 'st1', 'standard'];
// "Allowed values" of AWS::S3::Bucket Transition and NoncurrentVersionTransition in the CloudFormation template
// reference.
const TRANSITION_CLASSES = [
  'DEEP_ARCHIVE',
  'GLACIER',
  'GLACIER_IR',
  'Glacier',
  'INTELLIGENT_TIERING',
  'ONEZONE_IA',
  'STANDARD_IA',
];

/**
 * Allowed values, which the registry database does not carry. Sources: "Allowed values" of the property in the
 * CloudFormation template reference, and where that page gives none, the enumeration of the same field in the service's
 * API reference (EC2, RDS 2014-10-31, S3 2006-03-01). Only closed lists stand here; what AWS extends often (instance
 * classes, engine versions) does not. Keys: `Property`, or `Definition.Property` for a nested one.
 */
const VALUES = {
  'AWS::EC2::Instance': {
    Affinity: ['default', 'host'],
    'CreditSpecification.CPUCredits': ['standard', 'unlimited'],
    'Ebs.VolumeType': VOLUME_TYPES,
    InstanceInitiatedShutdownBehavior: ['stop', 'terminate'],
    'MetadataOptions.HttpEndpoint': SWITCH,
    'MetadataOptions.HttpProtocolIpv6': SWITCH,
    'MetadataOptions.HttpTokens': ['optional', 'required'],
    'MetadataOptions.InstanceMetadataTags': SWITCH,
    'PrivateDnsNameOptions.HostnameType': ['ip-name', 'resource-name'],
    'State.Name': ['pending', 'running', 'shutting-down', 'stopped', 'stopping', 'terminated'],
    Tenancy: ['dedicated', 'default', 'host'],
  },
  'AWS::EC2::Subnet': {
    'PrivateDnsNameOptionsOnLaunch.HostnameType': ['ip-name', 'resource-name'],
  },
  'AWS::EC2::VPC': {
    InstanceTenancy: ['dedicated', 'default', 'host'],
    'VpcEncryptionControl.Mode': ['enforce', 'monitor'],
  },
  'AWS::EC2::Volume': {
    VolumeType: VOLUME_TYPES,
  },
  'AWS::Logs::LogGroup': {
    LogGroupClass: ['DELIVERY', 'INFREQUENT_ACCESS', 'STANDARD'],
  },
  'AWS::RDS::DBInstance': {
    'AdditionalStorageVolume.StorageType': ['GP3', 'IO2', 'gp3', 'io2'],
    'AdditionalStorageVolume.VolumeName': ['RDSDBDATA2', 'RDSDBDATA3', 'RDSDBDATA4'],
    BackupTarget: ['local', 'outposts', 'region'],
    DatabaseInsightsMode: ['advanced', 'standard'],
    Engine: [
      'aurora-mysql',
      'aurora-postgresql',
      'custom-oracle-ee',
      'custom-oracle-ee-cdb',
      'custom-oracle-se2',
      'custom-oracle-se2-cdb',
      'custom-sqlserver-dev',
      'custom-sqlserver-ee',
      'custom-sqlserver-se',
      'custom-sqlserver-web',
      'db2-ae',
      'db2-se',
      'mariadb',
      'mysql',
      'oracle-ee',
      'oracle-ee-cdb',
      'oracle-se2',
      'oracle-se2-cdb',
      'postgres',
      'sqlserver-dev-ee',
      'sqlserver-ee',
      'sqlserver-ex',
      'sqlserver-se',
      'sqlserver-web',
    ],
    EngineLifecycleSupport: ['open-source-rds-extended-support', 'open-source-rds-extended-support-disabled'],
    LicenseModel: [
      'bring-your-own-license',
      'general-public-license',
      'license-included',
      'marketplace-license',
      'postgresql-license',
    ],
    MasterUserAuthenticationType: ['iam-db-auth', 'password'],
    MonitoringInterval: [0, 1, 5, 10, 15, 30, 60],
    NetworkType: ['DUAL', 'IPV4'],
    ReplicaMode: ['mounted', 'open-read-only'],
    StorageType: ['gp2', 'gp3', 'io1', 'io2', 'standard'],
  },
  'AWS::S3::Bucket': {
    AbacStatus: STATUS,
    'AccelerateConfiguration.AccelerationStatus': ['Enabled', 'Suspended'],
    AccessControl: [
      'AuthenticatedRead',
      'AwsExecRead',
      'BucketOwnerFullControl',
      'BucketOwnerRead',
      'LogDeliveryWrite',
      'Private',
      'PublicRead',
      'PublicReadWrite',
    ],
    'AccessControlTranslation.Owner': ['Destination'],
    'AnnotationTableConfiguration.ConfigurationState': STATE,
    'BlockedEncryptionTypes.EncryptionType': ['NONE', 'SSE-C'],
    BucketNamespace: ['account-regional', 'global'],
    'CorsRule.AllowedMethods': ['DELETE', 'GET', 'HEAD', 'POST', 'PUT'],
    'DataExport.OutputSchemaVersion': ['V_1'],
    'DefaultRetention.Mode': ['COMPLIANCE', 'GOVERNANCE'],
    'DeleteMarkerReplication.Status': STATUS,
    'Destination.Format': ['CSV', 'ORC', 'Parquet'],
    'IntelligentTieringConfiguration.Status': STATUS,
    'InventoryConfiguration.IncludedObjectVersions': ['All', 'Current'],
    'InventoryConfiguration.OptionalFields': [
      'BucketKeyStatus',
      'ChecksumAlgorithm',
      'ETag',
      'EncryptionStatus',
      'IntelligentTieringAccessTier',
      'IsMultipartUploaded',
      'LastModifiedDate',
      'LifecycleExpirationDate',
      'ObjectAccessControlList',
      'ObjectLockLegalHoldStatus',
      'ObjectLockMode',
      'ObjectLockRetainUntilDate',
      'ObjectOwner',
      'ReplicationStatus',
      'Size',
      'StorageClass',
    ],
    'InventoryConfiguration.ScheduleFrequency': ['Daily', 'Weekly'],
    'InventoryTableConfiguration.ConfigurationState': STATE,
    'LifecycleConfiguration.TransitionDefaultMinimumObjectSize': [
      'all_storage_classes_128K',
      'varies_by_storage_class',
    ],
    'MetadataDestination.TableBucketType': ['aws', 'customer'],
    'MetadataTableEncryptionConfiguration.SseAlgorithm': ['AES256', 'aws:kms'],
    'Metrics.Status': STATUS,
    'NoncurrentVersionTransition.StorageClass': TRANSITION_CLASSES,
    'ObjectLockConfiguration.ObjectLockEnabled': ['Enabled'],
    'OwnershipControlsRule.ObjectOwnership': ['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter'],
    'PartitionedPrefix.PartitionDateSource': ['DeliveryTime', 'EventTime'],
    'RecordExpiration.Expiration': STATE,
    'RedirectAllRequestsTo.Protocol': ['http', 'https'],
    'RedirectRule.Protocol': ['http', 'https'],
    'ReplicaModifications.Status': STATUS,
    'ReplicationDestination.StorageClass': [
      'DEEP_ARCHIVE',
      'EXPRESS_ONEZONE',
      'GLACIER',
      'GLACIER_IR',
      'INTELLIGENT_TIERING',
      'ONEZONE_IA',
      'OUTPOSTS',
      'REDUCED_REDUNDANCY',
      'SNOW',
      'STANDARD',
      'STANDARD_IA',
    ],
    'ReplicationRule.Status': STATUS,
    'ReplicationTime.Status': STATUS,
    'Rule.Status': STATUS,
    'ServerSideEncryptionByDefault.SSEAlgorithm': ['AES256', 'aws:fsx', 'aws:kms', 'aws:kms:dsse'],
    'SseKmsEncryptedObjects.Status': STATUS,
    'Tiering.AccessTier': ['ARCHIVE_ACCESS', 'DEEP_ARCHIVE_ACCESS'],
    'Transition.StorageClass': TRANSITION_CLASSES,
    'VersioningConfiguration.Status': ['Enabled', 'Suspended'],
  },
};

/**
 * Types of which the API takes tags and the registry has no property for them. They carry the marks of aiplan as every
 * other type, and authors write `Tags`. Source: CreateInstanceProfile, TagInstanceProfile (IAM API reference).
 */
const TAGGED = ['AWS::IAM::InstanceProfile'];
const TAGS = { type: { type: 'array', element: { type: 'tag' } }, documentation: 'The tags of the resource.' };

/** The first sentence of AWS's documentation as plain text of at most 200 characters; '' where there is none. */
function firstSentence(markdown) {
  const paragraph =
    (markdown ?? '')
      .split(/\n\s*\n/u)
      .map((text) => text.trim())
      .find((text) => text !== '' && !/^[>*#-]/u.test(text)) ?? '';
  const plain = paragraph
    .replace(/\[([^\]]*)\]\([^)]*\)/gu, '$1')
    .replace(/^\[[^\]]*\] /u, '')
    .replace(/[`*]/gu, '')
    .replace(/\s+/gu, ' ')
    .replace(/ ([.,:])/gu, '$1');
  const sentence = /^.*?[^.][.!?:](?= [A-Z>-]|$)/u.exec(plain)?.[0] ?? plain;
  // Cut between words.
  return sentence.length <= 200 ? sentence : `${sentence.slice(0, sentence.lastIndexOf(' ', 198))} …`;
}

const sorted = (entries) => Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));

function extract(database, name) {
  const resource = database.lookup('resource', 'cloudFormationType', 'equals', name).only();
  const values = VALUES[name] ?? {};
  const used = new Set();
  const definitions = new Map();

  const typeOf = (type) => {
    switch (type.type) {
      case 'string':
      case 'date-time':
        return { kind: 'string' };
      case 'integer':
      case 'number':
      case 'boolean':
      case 'json':
        return { kind: type.type };
      case 'array':
        return type.element.type === 'tag' ? { kind: 'tags' } : { kind: 'list', element: typeOf(type.element) };
      case 'map':
        return { kind: 'map', element: typeOf(type.element) };
      case 'union':
        return { kind: 'union', types: type.types.map(typeOf) };
      case 'ref':
        return { kind: 'object', definition: define(database.get('typeDefinition', type.reference.$ref)) };
      default:
        throw new Error(`${name}: unknown kind of type "${type.type}"`);
    }
  };
  const define = (definition) => {
    const known = definitions.get(definition.name);
    if (known !== undefined && known.id !== definition.$id)
      throw new Error(`${name}: two definitions are called ${definition.name}`);
    if (known === undefined) {
      const entry = { id: definition.$id, properties: {} };
      definitions.set(definition.name, entry);
      entry.properties = propertiesOf(definition.properties, `${definition.name}.`);
    }
    return definition.name;
  };
  const propertiesOf = (properties, prefix) =>
    sorted(
      Object.entries(properties)
        .filter(([, { deprecated }]) => deprecated !== 'IGNORE')
        .map(([key, property]) => {
          const allowed = values[prefix + key];
          if (allowed !== undefined) used.add(prefix + key);
          const documentation = firstSentence(property.documentation);
          const refers = (property.relationshipRefs ?? []).map(({ cloudFormationType, propertyName }) => ({
            type: cloudFormationType,
            property: propertyName,
          }));
          return [
            key,
            {
              type: typeOf(property.type),
              ...(property.required === true ? { required: true } : {}),
              ...(property.causesReplacement === 'yes' || property.causesReplacement === 'maybe'
                ? { replacement: property.causesReplacement }
                : {}),
              ...(allowed === undefined ? {} : { values: allowed }),
              ...(refers.length === 0
                ? {}
                : { refers: refers.sort((a, b) => (`${a.type} ${a.property}` < `${b.type} ${b.property}` ? -1 : 1)) }),
              ...(documentation === '' ? {} : { documentation }),
            },
          ];
        }),
    );

  const schema = {
    type: name,
    documentation: firstSentence(resource.documentation),
    primaryIdentifier: resource.primaryIdentifier,
    stateful: resource.isStateful === true,
    tagProperty: resource.tagInformation?.tagPropertyName ?? (TAGGED.includes(name) ? 'Tags' : null),
    properties: propertiesOf({ ...(TAGGED.includes(name) ? { Tags: TAGS } : {}), ...resource.properties }, ''),
    attributes: propertiesOf(resource.attributes, '@'),
    definitions: {},
  };
  schema.definitions = sorted([...definitions].map(([key, { properties }]) => [key, properties]));
  const unused = Object.keys(values).filter((key) => !used.has(key));
  if (unused.length > 0)
    throw new Error(`${name}: allowed values for what the registry does not have: ${unused.join(', ')}`);
  return schema;
}

const require = createRequire(import.meta.url);
const own = fileURLToPath(import.meta.url);
const folder = fileURLToPath(new URL('../providers/aws/schemas/', import.meta.url));
const fileOf = (type) => join(folder, `${type.replaceAll('::', '-')}.json`);
const version = require('@aws-cdk/aws-service-spec/package.json').version;
const source = `${JSON.stringify({ from: '@aws-cdk/aws-service-spec', version, script: createHash('sha256').update(readFileSync(own)).digest('hex') })}\n`;
const sourceFile = join(folder, 'source.json');

const current =
  existsSync(sourceFile) &&
  readFileSync(sourceFile, 'utf8') === source &&
  TYPES.every((type) => existsSync(fileOf(type)));
if (current && !process.argv.includes('--force')) {
  process.stdout.write(`schemas: ${TYPES.length} types are up to date (${version})\n`);
} else {
  const database = require('@aws-cdk/aws-service-spec').loadAwsServiceSpecSync();
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(folder)) rmSync(join(folder, file));
  for (const type of TYPES) writeFileSync(fileOf(type), `${JSON.stringify(extract(database, type))}\n`);
  // Every type that AWS has, so that one which aiplan does not know can be told from a misspelt one.
  writeFileSync(
    join(folder, 'types.json'),
    `${JSON.stringify(
      database
        .all('resource')
        .map(({ cloudFormationType }) => cloudFormationType)
        .sort(),
    )}\n`,
  );
  writeFileSync(sourceFile, source);
  process.stdout.write(`schemas: ${TYPES.length} types extracted from @aws-cdk/aws-service-spec ${version}\n`);
}
