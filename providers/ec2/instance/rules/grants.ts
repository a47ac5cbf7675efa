import type { Json } from '../../../../src/base/json.ts';
import type { LiveResource } from '../../../../src/domain/live.ts';
import type { ChangeRule, RuleScene } from '../../../../src/domain/resource-type.ts';
import { foreignKey } from '../../../aws/values/accounts.ts';
import { listOf, objectOf, textOf } from '../../../aws/values/fields.ts';
import { imageType } from '../../images.ts';

const gone = (value: Json | undefined): boolean => value === undefined || value === null;
const atLaunch = (_before: Json | undefined, live: LiveResource | null): boolean => live === null;

/**
 * The public address that a launch gets because of its subnet, where the author did not say; null: none. A subnet that
 * was not read may give one.
 */
function addressOf(subnet: Json | undefined, scene: RuleScene | undefined): string | null {
  const primary = listOf(scene?.after['NetworkInterfaces']).find((item) => String(item['DeviceIndex']) === '0');
  if (primary?.['AssociatePublicIpAddress'] !== undefined || primary?.['NetworkInterfaceId'] !== undefined) return null;
  const id = textOf(subnet);
  if (id === undefined)
    return scene === undefined
      ? null
      : 'no subnet is named, and a default one gives a public address unless somebody changed it';
  const subnetFound = scene?.find('AWS::EC2::Subnet', id);
  if (subnetFound === null) return null;
  const found = subnetFound?.properties;
  if (found === undefined)
    return `whether the subnet ${id} gives public addresses was not read: the instance may get one`;
  if (found['MapPublicIpOnLaunch'] === true)
    return `the instance gets a public address, as everything that is launched in ${id}`;
  return found['AssignIpv6AddressOnCreation'] === true
    ? `the instance gets an IPv6 address, as everything that is launched in ${id}`
    : null;
}

/** Owners whose images nobody but AWS or the account itself fills (DescribeImages, ImageOwnerAlias). */
const trusted: readonly Json[] = ['amazon', 'self', 'aws-backup-vault'];

/**
 * The meaning of a foreign image; null for one of the account's own or of Amazon's, and for one that does not exist.
 */
function foreignImage(image: Json | undefined, scene: RuleScene | undefined): string | null {
  const id = textOf(image);
  if (id === undefined) return null;
  const found = scene?.find(imageType, id);
  if (found === null) return null;
  const runs = `the instance runs whatever the image ${id} holds`;
  if (found === undefined) return `${runs}; whose image it is was not read`;
  const { OwnerId: owner, OwnerAlias: alias } = found.properties;
  if (owner === scene?.account || trusted.includes(alias ?? null)) return null;
  return `${runs}, which belongs to ${textOf(owner) === undefined ? 'an unknown account' : `account ${String(owner)}`}${textOf(alias) === undefined ? '' : ` (${String(alias)})`}`;
}

/**
 * What an image of the account means, which anybody who may make images fills: what is in it runs with the instance's
 * profile and within its groups. Null for Amazon's images, and where the instance has neither.
 */
function ownImage(image: Json | undefined, scene: RuleScene | undefined): string | null {
  const id = textOf(image);
  const found = id === undefined ? null : scene?.find(imageType, id);
  const { OwnerId: owner, OwnerAlias: alias } = found?.properties ?? {};
  if (scene === undefined || id === undefined || (owner !== scene.account && alias !== 'self')) return null;
  const profile = textOf(scene.after['IamInstanceProfile']);
  const joined = scene.after['SecurityGroupIds'];
  // A group that the same plan makes admits nobody yet, and is admitted nowhere but by steps of the plan.
  const groups = (Array.isArray(joined) ? joined : []).filter((group) => /^sg-[0-9a-f]+$/u.test(String(group)));
  const powers = [
    ...(profile === undefined ? [] : [`acts with the instance profile ${profile}`]),
    ...(groups.length === 0 ? [] : [`reaches whatever admits ${groups.map(String).join(', ')}`]),
  ];
  return powers.length === 0
    ? null
    : `what somebody put into the account's own image ${id} runs on the instance, and ${powers.join(' and ')}`;
}

const imageTexts = (
  image: Json | undefined,
  live: LiveResource | null,
  scene: RuleScene | undefined,
): readonly string[] =>
  [
    ...[foreignImage(image, scene), ownImage(image, scene)],
    ...(live === null && gone(scene?.after['SubnetId']) ? [addressOf(undefined, scene)] : []),
  ].filter((text) => text !== null);

const launch: readonly ChangeRule[] = [
  {
    // Every launch has an image: what follows from a subnet that is not named hangs on it too.
    path: 'ImageId',
    when: (before, after, live, scene) => after !== before && imageTexts(after, live, scene).length > 0,
    says: (_before, after, live, scene) =>
      imageTexts(after, live, scene).join('; ') ||
      `the instance runs whatever the image ${textOf(after) ?? 'that is not known yet'} holds`,
  },
  {
    path: 'SubnetId',
    given: atLaunch,
    when: (_before, after, _live, scene) => addressOf(after, scene) !== null,
    says: (_before, after, _live, scene) => addressOf(after, scene) ?? 'the instance may get a public address',
  },
  {
    path: 'KeyName',
    when: (before, after) => !gone(after) && after !== before,
    says: (_before, after) =>
      `whoever holds the private key of ${textOf(after) ?? 'a key pair that is not known yet'} may sign in to the instance`,
  },
  {
    path: 'BlockDeviceMappings.*.Ebs.SnapshotId',
    given: atLaunch,
    when: (before, after) => !gone(after) && after !== before,
    says: (_before, after) =>
      `whoever works on the instance reads the data of ${textOf(after) ?? 'a snapshot that is not known yet'}`,
  },
  foreignKey('BlockDeviceMappings.*.Ebs.KmsKeyId', 'the volume'),
  ...(['AssociatePublicIpAddress', 'AssociateCarrierIpAddress'] as const).map((name): ChangeRule => ({
    path: `NetworkInterfaces.*.${name}`,
    when: (before, after) => before !== true && after === true,
    says: () =>
      name === 'AssociatePublicIpAddress'
        ? 'the instance gets a public address'
        : 'the instance gets an address in the network of a carrier',
  })),
  {
    path: 'NetworkInterfaces.*.Ipv6AddressCount',
    when: (before, after) => after !== before && typeof after === 'number' && after > 0,
    says: () => 'the instance gets an IPv6 address: whoever its groups and routes admit reaches it from the internet',
  },
  {
    path: 'NetworkInterfaces.*.Ipv6Addresses.*.Ipv6Address',
    given: gone,
    when: (_before, after) => !gone(after),
    says: (_before, after) =>
      `the instance gets ${textOf(after) ?? 'an IPv6 address'}: whoever its groups and routes admit reaches it from the internet`,
  },
  {
    path: 'NetworkInterfaces.*.NetworkInterfaceId',
    given: atLaunch,
    when: (_before, after) => !gone(after),
    says: (_before, after) =>
      `the instance takes over ${textOf(after) ?? 'an interface that is not known yet'}, with its addresses and groups`,
  },
];

/** Changes of an instance that hand out power or open access (law 3). */
export const instanceGrants: readonly ChangeRule[] = [
  {
    path: 'SecurityGroupIds.*',
    // A new instance has nothing to give away yet; who may reach it stands in the groups.
    given: (before, live) => live !== null && gone(before),
    when: (_before, after) => !gone(after),
    says: (_before, after) =>
      `whatever the rules of ${textOf(after) ?? 'a security group that is not known yet'} admit reaches the instance`,
  },
  {
    path: 'Volumes.*',
    given: gone,
    when: (_before, after) => !gone(after),
    says: (_before, after) =>
      `whoever works on the instance reads and writes ${textOf(objectOf(after)['VolumeId']) ?? 'a volume that is not known yet'}`,
  },
  {
    path: 'SourceDestCheck',
    when: (before, after) => before === true && after === false,
    says: () => 'the instance may send and receive traffic in the name of others: routes can lead through it',
  },
  {
    path: 'IamInstanceProfile',
    when: (before, after) => typeof after === 'string' && after !== before,
    says: (before, after) =>
      `everything on the instance acts with the instance profile "${String(after)}"${typeof before === 'string' ? ` instead of "${before}"` : ''}`,
  },
  {
    path: 'UserData',
    when: (_before, after) => after !== undefined && after !== null && after !== '',
    says: () => 'the user data runs as root (or Administrator) on the instance',
  },
  {
    path: 'MetadataOptions.HttpTokens',
    when: (before, after) =>
      (after === 'optional' && before !== 'optional') || (before === 'required' && after !== 'required'),
    says: () => 'IMDSv2 is no longer required: a forged request from the instance can read its credentials',
  },
  {
    path: 'MetadataOptions.HttpPutResponseHopLimit',
    when: (before, after) => typeof after === 'number' && after > (typeof before === 'number' ? before : 2),
    says: (before, after) =>
      `the hop limit of the metadata service goes ${typeof before === 'number' ? `from ${before} ` : ''}to ${String(after)}: what is further away, such as containers, can read the credentials`,
  },
  {
    path: 'MetadataOptions.HttpEndpoint',
    when: (before, after) => before === 'disabled' && after === 'enabled',
    says: () => 'the metadata service, and with it the credentials of the instance, becomes reachable',
  },
  ...launch,
];
