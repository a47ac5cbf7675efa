import type { TypeRules } from '../../domain/resource-type.ts';
import type { TypeSchema } from '../../domain/schema.ts';
import { sanitise, sanitiseLines } from '../../base/sanitise.ts';
import { entryOf, textScalar, type MapEntry, type MapNode, type Node } from '../reader/node.ts';
import { writeEntries } from './skeleton.ts';
import { specialTag, textOf } from '../functions/function-tags.ts';

/**
 * The lines to write instead of a type that AWS has and aiplan does not change; `resources` are the entries of the
 * file.
 */
export function insteadOfType(type: string, entry: MapNode, address: string, resources: readonly MapEntry[]): string {
  const own = entryOf(entry, 'properties')?.node;
  const properties = own?.kind === 'map' ? own : undefined;
  return (
    (properties === undefined ? undefined : inline(type, properties, address, resources)) ??
    GENERAL[type] ??
    'delete the entry, and what refers to it; nothing of it is changed'
  );
}

const GENERAL: Readonly<Record<string, string>> = {
  'AWS::EC2::VolumeAttachment':
    "attach the volume in the instance's own properties:\n  Volumes: [ { VolumeId: …, Device: /dev/sdf } ]",
  'AWS::EC2::SecurityGroupIngress':
    "write the rule in the group's own properties:\n  SecurityGroupIngress: [ { IpProtocol: tcp, FromPort: …, ToPort: …, CidrIp: … } ]",
  'AWS::EC2::SecurityGroupEgress':
    "write the rule in the group's own properties:\n  SecurityGroupEgress: [ { IpProtocol: tcp, FromPort: …, ToPort: …, CidrIp: … } ]",
  'AWS::S3::BucketPolicy':
    'delete the entry: the bucket is made without a policy, and whoever may change policies sets it afterwards',
  'AWS::EC2::EIP': 'delete the entry: the address is allocated elsewhere',
  'AWS::EC2::EIPAssociation': 'delete the entry: the address is associated elsewhere',
  'AWS::SSM::Parameter': 'where its value is needed, write  {{resolve:ssm:NAME}}',
  'AWS::SecretsManager::Secret': 'where the secret is needed, write  {{resolve:secretsmanager:NAME:SecretString:KEY}}',
  'AWS::IAM::InstanceProfile': 'delete the entry, and name a profile that exists:  IamInstanceProfile: name',
  'AWS::EC2::KeyPair': 'delete the entry, and name a key pair that exists:  KeyName: name',
};

/** The same thing said inline, with the values of the entry. */
function inline(
  type: string,
  properties: MapNode,
  address: string,
  resources: readonly MapEntry[],
): string | undefined {
  if (type === 'AWS::EC2::VolumeAttachment') return attached(properties, address, resources);
  const direction = /^AWS::EC2::SecurityGroup(Ingress|Egress)$/u.exec(type)?.[1];
  return direction === undefined ? undefined : ruleInline(`SecurityGroup${direction}`, properties, address, resources);
}

/** The address that a value refers to, where it is one of the file. */
function referred(node: Node | undefined, resources: readonly MapEntry[]): MapEntry | undefined {
  const special = node === undefined ? null : specialTag(node);
  const name =
    special === null
      ? ''
      : special.argument.kind === 'list'
        ? (textOf(special.argument.items[0]!) ?? '')
        : ((textOf(special.argument) ?? '').split('.')[0] ?? '');
  return special?.tag === '!Ref' || special?.tag === '!GetAtt' ? resources.find(({ key }) => key === name) : undefined;
}

const map = (entries: readonly MapEntry[]): MapNode => ({ kind: 'map', at: 0, tag: null, entries });
const list = (items: readonly Node[]): Node => ({ kind: 'list', at: 0, tag: null, items });
const field = (key: string, node: Node): MapEntry => ({ key, at: 0, node });
const valueOf = (entry: MapEntry | undefined, name: string): Node | undefined =>
  entry?.node.kind === 'map' ? entryOf(entry.node, name)?.node : undefined;
const wordOf = (entry: MapEntry | undefined, name: string): string => {
  const node = valueOf(entry, name);
  return node === undefined ? '' : (textOf(node) ?? '');
};

/** The lines of one property, as they stand in an entry's properties. */
const lines = (key: string, node: Node): string => writeEntries([field(key, node)]).trimEnd();

function ruleInline(property: string, { entries }: MapNode, address: string, resources: readonly MapEntry[]): string {
  const group = entries.find(({ key }) => key === 'GroupId')?.node;
  const rule = map(entries.filter(({ key }) => key !== 'GroupId'));
  const owner = referred(group, resources);
  if (owner !== undefined)
    return `add to the properties of ${sanitise(owner.key)}, and delete the entry ${sanitise(address)}:\n${lines(property, list([rule]))}`;
  const whole = map([
    field('type', textScalar('AWS::EC2::SecurityGroup', 0)),
    field('action', textScalar('update', 0)),
    field('id', group ?? textScalar('…', 0)),
    field('properties', map([field(property, list([rule]))])),
  ]);
  return `write instead, with the rules that the group has now (aiplan inventory prints them), because a list is the whole list:\n${writeEntries([field(address, whole)]).trimEnd()}`;
}

/** Members of a volume that a mapping has too, by its name there. */
const EBS: Readonly<Record<string, string>> = {
  Size: 'VolumeSize',
  VolumeType: 'VolumeType',
  Encrypted: 'Encrypted',
  Iops: 'Iops',
  Throughput: 'Throughput',
  KmsKeyId: 'KmsKeyId',
  SnapshotId: 'SnapshotId',
};

function attached({ entries }: MapNode, address: string, resources: readonly MapEntry[]): string {
  const value = (name: string): Node | undefined => entries.find(({ key }) => key === name)?.node;
  const device = value('Device') ?? textScalar('/dev/sdf', 0);
  const instance = referred(value('InstanceId'), resources);
  const volume = referred(value('VolumeId'), resources);
  if (
    instance !== undefined &&
    volume !== undefined &&
    wordOf(instance, 'action') === 'create' &&
    wordOf(volume, 'action') === 'create'
  ) {
    const made = valueOf(volume, 'properties');
    const ebs = (made?.kind === 'map' ? made.entries : []).flatMap(({ key, node }) =>
      EBS[key] === undefined ? [] : [field(EBS[key], node)],
    );
    return `make the volume with the instance: add to the properties of ${sanitise(instance.key)}, and delete the entries ${sanitise(volume.key)} and ${sanitise(address)}:\n${lines('BlockDeviceMappings', list([map([field('DeviceName', device), field('Ebs', map(ebs))])]))}`;
  }
  const volumes = list([map([field('VolumeId', value('VolumeId') ?? textScalar('…', 0)), field('Device', device)])]);
  if (instance !== undefined)
    return `add to the properties of ${sanitise(instance.key)}, and delete the entry ${sanitise(address)}:\n${lines('Volumes', volumes)}`;
  const whole = map([
    field('type', textScalar('AWS::EC2::Instance', 0)),
    field('action', textScalar('update', 0)),
    field('id', value('InstanceId') ?? textScalar('…', 0)),
    field('properties', map([field('Volumes', volumes)])),
  ]);
  return `write instead, with the volumes that the instance has now, because a list is the whole list:\n${sanitiseLines(writeEntries([field(address, whole)])).trimEnd()}`;
}

/** Properties that say how AWS goes about a change, not how the resource is. */
const HOW: Readonly<Record<string, string>> = {
  ApplyImmediately: 'delete the line; when a change is made is said by  when: now  or  when: window',
  AllowMajorVersionUpgrade: 'delete the line: aiplan asks AWS for a major upgrade where EngineVersion is one',
  DeleteAutomatedBackups: 'delete the line: aiplan keeps automated backups',
  PropagateTagsToVolumeOnCreation: 'delete the line: aiplan tags the volumes it makes',
};

const PROPERTY: Readonly<Record<string, string>> = {
  'AWS::EC2::Instance.LaunchTemplate':
    'write what the template says in this entry: ImageId, InstanceType, SecurityGroupIds and so on',
  'AWS::EC2::Instance.SecurityGroups': 'name groups by id:  SecurityGroupIds: [ sg-… ]',
  'AWS::RDS::DBInstance.DBSnapshotIdentifier':
    'restore the snapshot elsewhere, and name the database here by  action: update  or  read',
  'AWS::RDS::DBInstance.SourceDBInstanceIdentifier':
    'make the replica elsewhere, and name it here by  action: update  or  read',
};

/** How to say otherwise what a property says of the way of a change; undefined for one that says how a resource is. */
export const saidOtherwise = (name: string): string | undefined => (Object.hasOwn(HOW, name) ? HOW[name] : undefined);

/** Whether a property is one that decides what is made, and that aiplan cannot set. */
export const makesSomethingElse = (name: string, schema: TypeSchema, rules: TypeRules): boolean =>
  HOW[name] === undefined && Object.hasOwn(schema.properties, name) && !Object.hasOwn(rules.properties, name);

/**
 * The advice about a property that AWS knows and aiplan does not set. It never says "delete the line" where that makes
 * something else.
 */
export function unsupportedProperty(
  type: string,
  name: string,
  action: string,
): { readonly message: string; readonly help: string } {
  const how = HOW[name];
  if (how !== undefined) return { message: `${name} of ${type} is nothing that a change plan sets`, help: how };
  const makes = action === 'create' || action === 'replace';
  return {
    message: `${name} of ${type} is not supported yet: without it something else ${makes ? 'is made' : 'comes out'}`,
    help:
      PROPERTY[`${type}.${name}`] ??
      `take the entry out, or leave ${name} out only if what ${makes ? 'is made' : 'comes out'} without it is meant`,
  };
}
