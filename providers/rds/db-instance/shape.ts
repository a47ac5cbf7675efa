import type { Json, JsonObject } from '../../../src/base/json.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import type { Neighbours } from '../../../src/domain/own-effect.ts';
import { compact, gib, listOf, numberOf, objectOf, sorted, textOf, textsOf } from '../../aws/values/fields.ts';
import { creatorOf, ownerOf, splitTags } from '../../aws/values/tags.ts';
import { DB_INSTANCE, fields, fromApi, nameIn } from './fields.ts';

/** The one DB instance of a DescribeDBInstances answer by identifier; undefined where there is none. */
export const instanceOf = (answer: JsonObject | null): JsonObject | undefined => listOf(answer?.['DBInstances'])[0];

/** AWS's word for the state: "Viewing DB instance status", RDS user guide. */
export const statusOf = (raw: JsonObject | undefined): string => textOf(raw?.['DBInstanceStatus']) ?? 'unknown';

/** Name and account-wide resource id with the creation time: a database of the same name later has another one. */
export const incarnationOf = (raw: JsonObject): string =>
  `${textOf(raw['DbiResourceId']) ?? ''}@${textOf(raw['InstanceCreateTime']) ?? ''}`;

/** Identities are compared in lower case, as RDS keeps them. */
const identityOf = (raw: JsonObject): string => (textOf(raw['DBInstanceIdentifier']) ?? '').toLowerCase();

/** Properties in CloudFormation shape. Takes one element of DescribeDBInstances; what AWS does not tell is absent. */
export function propertiesOf(raw: JsonObject): JsonObject {
  const told: Record<string, Json | undefined> = {};
  for (const property of Object.keys(fields)) {
    const name = nameIn('read', property);
    if (name !== undefined) told[property] = fromApi(property, raw[name]);
  }
  const member = textOf(raw['DBClusterIdentifier']) !== undefined;
  const domain = listOf(raw['DomainMemberships'])[0] ?? {};
  const features = listOf(raw['ProcessorFeatures']).map(({ Name, Value }) => ({ Name, Value }));
  const secret = objectOf(raw['MasterUserSecret']);
  return compact({
    ...told,
    DBInstanceIdentifier: identityOf(raw),
    // A member's storage, port and groups are the cluster's; AWS reports 1 GiB for it.
    AllocatedStorage: member ? undefined : told['AllocatedStorage'],
    Iops: positive(raw['Iops']),
    StorageThroughput: positive(raw['StorageThroughput']),
    Port: portOf(raw),
    DBParameterGroupName: textOf(listOf(raw['DBParameterGroups'])[0]?.['DBParameterGroupName']),
    OptionGroupName: textOf(listOf(raw['OptionGroupMemberships'])[0]?.['OptionGroupName']),
    DBSubnetGroupName: textOf(objectOf(raw['DBSubnetGroup'])['DBSubnetGroupName']),
    VPCSecurityGroups: sorted(
      listOf(raw['VpcSecurityGroups'])
        .filter((group) => group['Status'] !== 'removing')
        .flatMap((group) => textOf(group['VpcSecurityGroupId']) ?? []),
    ),
    EnableCloudwatchLogsExports: sorted(textsOf(raw['EnabledCloudwatchLogsExports'])),
    AssociatedRoles: listOf(raw['AssociatedRoles']).map((role) => ({
      FeatureName: textOf(role['FeatureName']) ?? '',
      RoleArn: textOf(role['RoleArn']) ?? '',
    })),
    ProcessorFeatures: features.length === 0 ? undefined : features,
    ManageMasterUserPassword: textOf(secret['SecretArn']) !== undefined,
    MasterUserSecret: textOf(secret['KmsKeyId']) === undefined ? undefined : { KmsKeyId: secret['KmsKeyId'] },
    Domain: textOf(domain['Domain']),
    DomainFqdn: textOf(domain['FQDN']),
    DomainIAMRoleName: textOf(domain['IAMRoleName']),
    DomainOu: textOf(domain['OU']),
    DomainAuthSecretArn: textOf(domain['AuthSecretArn']),
    DomainDnsIps: textsOf(domain['DnsIps']).length === 0 ? undefined : textsOf(domain['DnsIps']),
    Tags: splitTags(raw['TagList']).tags,
  });
}

const positive = (value: Json | undefined): number | undefined =>
  (numberOf(value) ?? 0) > 0 ? numberOf(value) : undefined;

function portOf(raw: JsonObject): string | undefined {
  const port = positive(objectOf(raw['Endpoint'])['Port']) ?? positive(raw['DbInstancePort']);
  return port === undefined ? undefined : String(port);
}

/**
 * PendingModifiedValues by CloudFormation property. Of a password only its presence; names that CloudFormation has not,
 * as they are.
 */
export function pendingOf(raw: JsonObject): JsonObject {
  const {
    PendingCloudwatchLogsExports: logs,
    MasterUserPassword: password,
    ...rest
  } = objectOf(raw['PendingModifiedValues']);
  const pending: Record<string, Json | undefined> = {};
  const known = new Map(
    Object.keys(fields).flatMap((property) => {
      const name = nameIn('pending', property);
      return name === undefined ? [] : [[name, property] as const];
    }),
  );
  for (const [name, value] of Object.entries(compact(rest))) {
    const property = known.get(name) ?? name;
    if (!Array.isArray(value) || value.length > 0) pending[property] = fromApi(property, value);
  }
  const enable = textsOf(objectOf(logs)['LogTypesToEnable']);
  const disable = textsOf(objectOf(logs)['LogTypesToDisable']);
  if (enable.length + disable.length > 0) {
    const now = textsOf(raw['EnabledCloudwatchLogsExports']).filter((type) => !disable.includes(type));
    pending['EnableCloudwatchLogsExports'] = sorted([...new Set([...now, ...enable])]);
  }
  return compact({
    ...pending,
    MasterUserPassword: password === undefined || password === null ? undefined : { $masked: 'changed' },
  });
}

/**
 * Groups that are attached and not in effect: AWS shows the new group at once, and uses it only after a reboot, or from
 * the maintenance window on (API reference, DBParameterGroupStatus and OptionGroupMembership).
 */
function inactiveOf(raw: JsonObject): LiveResource['inactive'] {
  const parameters = textOf(listOf(raw['DBParameterGroups'])[0]?.['ParameterApplyStatus']);
  const options = textOf(listOf(raw['OptionGroupMemberships'])[0]?.['Status']);
  const inactive = {
    ...(parameters === undefined || parameters === 'in-sync' ? {} : { DBParameterGroupName: parameters }),
    ...(options === undefined || options === 'in-sync' ? {} : { OptionGroupName: options }),
  };
  return Object.keys(inactive).length === 0 ? undefined : inactive;
}

/** The attributes of the CloudFormation registry that stay as they are between two reads. */
function attributesOf(raw: JsonObject): JsonObject {
  const endpoint = (value: Json | undefined): JsonObject | undefined => {
    const { Address, Port, HostedZoneId } = objectOf(value);
    return textOf(Address) === undefined ? undefined : compact({ Address, Port: String(Port ?? ''), HostedZoneId });
  };
  const certificate = objectOf(raw['CertificateDetails']);
  const secret = textOf(objectOf(raw['MasterUserSecret'])['SecretArn']);
  return compact({
    DBInstanceArn: raw['DBInstanceArn'],
    DbiResourceId: raw['DbiResourceId'],
    DBInstanceStatus: raw['DBInstanceStatus'],
    InstanceCreateTime: raw['InstanceCreateTime'],
    Endpoint: endpoint(raw['Endpoint']),
    ListenerEndpoint: endpoint(raw['ListenerEndpoint']),
    CertificateDetails:
      Object.keys(certificate).length === 0
        ? undefined
        : compact({ CAIdentifier: certificate['CAIdentifier'], ValidTill: certificate['ValidTill'] }),
    MasterUserSecret: secret === undefined ? undefined : { SecretArn: secret },
    ReadReplicaDBInstanceIdentifiers: textsOf(raw['ReadReplicaDBInstanceIdentifiers']),
    ReadReplicaDBClusterIdentifiers: textsOf(raw['ReadReplicaDBClusterIdentifiers']),
    SecondaryAvailabilityZone: raw['SecondaryAvailabilityZone'],
  });
}

/** Obstacles to a restore or to a delete, from one element of DescribeDBInstances. */
function bindingOf(raw: JsonObject, systemTags: Readonly<Record<string, string>>): JsonObject {
  const cluster = textOf(raw['DBClusterIdentifier']);
  return compact({
    // AWS always answers both (API reference, DBInstance): a member that is missing was not read (law 9).
    protections:
      typeof raw['DeletionProtection'] !== 'boolean'
        ? 'unknown'
        : raw['DeletionProtection']
          ? ['DeletionProtection']
          : [],
    dependents: [
      ...sorted(textsOf(raw['ReadReplicaDBInstanceIdentifiers'])).map((identity) => ({ type: DB_INSTANCE, identity })),
      ...sorted(textsOf(raw['ReadReplicaDBClusterIdentifiers'])).map((identity) => ({
        type: 'AWS::RDS::DBCluster',
        identity,
      })),
    ],
    encrypted:
      typeof raw['StorageEncrypted'] !== 'boolean'
        ? 'unknown'
        : raw['StorageEncrypted'] && (textOf(raw['KmsKeyId']) ?? true),
    replicaOf:
      textOf(raw['ReadReplicaSourceDBInstanceIdentifier']) ?? textOf(raw['ReadReplicaSourceDBClusterIdentifier']),
    owner: cluster === undefined ? ownerOf(systemTags, undefined) : `Aurora cluster ${cluster}`,
  });
}

/** A replica is tied to its source, and becomes a database of its own when that is deleted (DeleteDBInstance). */
export const replicas: Neighbours = {
  ties: ({ binding }) =>
    textOf(binding['replicaOf']) === undefined
      ? []
      : [{ type: DB_INSTANCE, identity: String(binding['replicaOf']), along: false }],
  shows(live, { type, identity, what }) {
    if (type !== DB_INSTANCE || what !== 'removed' || live.binding['replicaOf'] !== identity) return live;
    const { replicaOf: _source, ...binding } = live.binding;
    const { SourceDBInstanceIdentifier: _name, ...properties } = live.properties;
    return { ...live, binding, properties };
  },
};

/** A DB instance as a live resource, without the evidence that needs further reads (see evidence.ts). */
export function liveOf(raw: JsonObject): LiveResource {
  const { tags, systemTags } = splitTags(raw['TagList']);
  const size = numberOf(raw['AllocatedStorage']);
  const inactive = inactiveOf(raw);
  return {
    type: DB_INSTANCE,
    identity: identityOf(raw),
    incarnation: incarnationOf(raw),
    properties: propertiesOf(raw),
    attributes: attributesOf(raw),
    systemTags,
    state: statusOf(raw),
    pending: pendingOf(raw),
    ...(inactive === undefined ? {} : { inactive }),
    binding: bindingOf(raw, systemTags),
    observed: compact({
      created: raw['InstanceCreateTime'],
      bytes: size === undefined || textOf(raw['DBClusterIdentifier']) !== undefined ? undefined : size * gib,
      creator: creatorOf(tags, systemTags),
      latestRestorable: raw['LatestRestorableTime'],
      parameterApplyStatus: listOf(raw['DBParameterGroups'])[0]?.['ParameterApplyStatus'],
      // Connections are a CloudWatch metric, which aiplan does not read.
      lastUse: 'unknown',
    }),
    detailed: false,
  };
}
