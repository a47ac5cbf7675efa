import { isObject, type Json } from '../../../src/base/json.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import type { ChangeRule, RuleScene, TypeRules } from '../../../src/domain/resource-type.ts';
import { few } from '../../../src/domain/wording.ts';
import { keyed, objectOf, textOf } from '../../aws/values/fields.ts';
import {
  canonicalProperties,
  canonicalRule,
  directions,
  egress,
  ingress,
  keyFields,
  ruleText,
  type Direction,
} from './permissions.ts';
import { refusedSecurityGroup } from './values.ts';
import { isPublic, sizeOf } from '../../../src/base/cidr.ts';
import { securityGroupVerdicts } from './verdicts.ts';

const gone = (value: Json | undefined): boolean => value === undefined || value === null;

/** Ranges so wide that halves or eighths of the internet do not slip through as something else than "everyone". */
const widest = { ipv4: 8, ipv6: 16 } as const;

/** The range that opens a rule to everyone, or undefined: 0.0.0.0/0, ::/0 and anything wider than /8 or /16. */
function everyone(rule: Json | undefined): string | undefined {
  const range = textOf(objectOf(rule)['CidrIp']) ?? textOf(objectOf(rule)['CidrIpv6']);
  const length = Number(/\/(\d+)$/u.exec(range ?? '')?.[1] ?? Number.NaN);
  if (range === undefined || Number.isNaN(length) || !isPublic(range)) return undefined;
  return length < (range.includes(':') ? widest.ipv6 : widest.ipv4) ? range : undefined;
}

/**
 * The range of the internet that a rule names, where it is not everyone; undefined for private ranges and for groups.
 */
function someone(rule: Json | undefined): string | undefined {
  const range = textOf(objectOf(rule)['CidrIp']) ?? textOf(objectOf(rule)['CidrIpv6']);
  return range !== undefined && everyone(rule) === undefined && isPublic(range) ? range : undefined;
}

const opens = (rule: Json | undefined, direction: Direction): string =>
  ruleText(canonicalRule(objectOf(rule)), direction);

/** The account that owns the source group where it is not the plan's own, or may not be. */
function foreignOwner(
  rule: Json | undefined,
  live: LiveResource | null,
  scene: RuleScene | undefined,
): string | undefined {
  const owner = textOf(objectOf(rule)['SourceSecurityGroupOwnerId']);
  return owner !== undefined && owner !== (scene?.account ?? live?.attributes['OwnerId']) ? owner : undefined;
}

const revoked = (direction: Direction): ChangeRule => ({
  path: `${direction.property}.*`,
  given: (before) => !gone(before),
  when: (_before, after) => gone(after),
  says: (before) => `${direction.word} rule revoked: ${opens(before, direction)}; traffic that relies on it stops`,
});

const openToEveryone = (direction: Direction): ChangeRule => ({
  path: `${direction.property}.*`,
  // A new group may send to everyone anyway: AWS adds that rule where egress is left out.
  given: (_before, live) => direction === ingress || live !== null,
  when: (before, after) => isObject(after) && everyone(after) !== undefined && everyone(before) !== everyone(after),
  says: (_before, after) =>
    direction === ingress
      ? `${opens(after, direction)}: everyone on the internet may connect`
      : `${opens(after, direction)}: traffic may leave to the whole internet`,
});

const openToSomeone = (direction: Direction): ChangeRule => ({
  path: `${direction.property}.*`,
  given: (_before, live) => direction === ingress || live !== null,
  when: (before, after) => isObject(after) && someone(after) !== undefined && someone(before) !== someone(after),
  says: (_before, after) => {
    const size = sizeOf(someone(after) ?? '');
    const who = size === '' ? 'addresses that may be on the internet' : `${size} of the internet`;
    return direction === ingress
      ? `${opens(after, direction)}: ${who} may connect`
      : `${opens(after, direction)}: traffic may leave to ${who}`;
  },
});

const otherAccount: ChangeRule = {
  path: 'SecurityGroupIngress.*',
  when: (before, after, live, scene) =>
    isObject(after) &&
    foreignOwner(after, live, scene) !== undefined &&
    foreignOwner(before, live, scene) !== foreignOwner(after, live, scene),
  says: (_before, after, live, scene) =>
    `${opens(after, ingress)}: whoever runs account ${foreignOwner(after, live, scene) ?? 'unknown'} decides who may connect`,
};

/** What the group's interfaces are known to belong to, in words; null where nothing uses the group. */
function guarded(live: LiveResource): string | null {
  const attached = live.binding['attached'];
  if (!Array.isArray(attached)) return 'whatever the group guards, which was not read';
  return attached.length === 0 ? null : `what the group guards (${few(attached.map(String), 3)})`;
}

/** Who gets in by a rule that is neither of the internet, nor of a prefix list, nor of another account. */
function neighbour(rule: Json | undefined): string {
  const { CidrIp, CidrIpv6, SourceSecurityGroupId } = objectOf(rule);
  const range = textOf(CidrIp) ?? textOf(CidrIpv6);
  if (range !== undefined) return `${sizeOf(range) || 'an unreadable range'} of private networks`;
  return textOf(SourceSecurityGroupId) === undefined
    ? 'a source that is not known yet'
    : `everything in ${String(SourceSecurityGroupId)}`;
}

/**
 * A new source or new ports for a group that is in use: whoever sits there reaches what the group guards. A private
 * range and a group of the account are somebody else's door too.
 */
const openToNeighbours: ChangeRule = {
  path: `${ingress.property}.*`,
  given: (before, live) => live !== null && gone(before) && guarded(live) !== null,
  when: (_before, after, live, scene) =>
    isObject(after) &&
    everyone(after) === undefined &&
    someone(after) === undefined &&
    textOf(after['SourcePrefixListId']) === undefined &&
    foreignOwner(after, live, scene) === undefined,
  says: (_before, after, live) =>
    `${opens(after, ingress)}: ${neighbour(after)} may connect to ${live === null ? 'the group' : (guarded(live) ?? 'the group')}`,
};

/** A rule whose other end is a prefix list; a new group may send to everyone anyway. */
const prefixList = (direction: Direction): ChangeRule => {
  const field = direction === ingress ? 'SourcePrefixListId' : 'DestinationPrefixListId';
  return {
    path: `${direction.property}.*`,
    given: (_before, live) => direction === ingress || live !== null,
    when: (before, after) =>
      isObject(after) && textOf(after[field]) !== undefined && objectOf(before)[field] !== after[field],
    says: (_before, after) =>
      `${opens(after, direction)}: whoever keeps that prefix list decides ${direction === ingress ? 'who may connect' : 'where traffic may leave to'}`,
  };
};

const cidrs = Object.fromEntries(
  directions.flatMap(
    ({ property }) =>
      [
        [`${property}.*.CidrIp`, 'cidr'],
        [`${property}.*.CidrIpv6`, 'cidr'],
        [`${property}.*.IpProtocol`, 'case-insensitive'],
      ] as const,
  ),
);

/** AWS::EC2::SecurityGroup: what can be changed, what that destroys and what it opens. */
export const securityGroupRules: TypeRules = {
  properties: {
    GroupName: { update: () => 'replace' },
    GroupDescription: { update: () => 'replace' },
    VpcId: { update: () => 'replace' },
    SecurityGroupIngress: { update: 'in-place', reset: [] },
    SecurityGroupEgress: { update: 'in-place', reset: [] },
    Tags: { update: 'in-place' },
  },
  canonical: canonicalProperties,
  refuses: refusedSecurityGroup,
  compare: cidrs,
  keys: { SecurityGroupIngress: keyFields(ingress), SecurityGroupEgress: keyFields(egress) },
  // Descriptions merge; AWS fills in the own account.
  assigned: [
    `${ingress.property}.*.Description`,
    `${egress.property}.*.Description`,
    `${ingress.property}.*.SourceSecurityGroupOwnerId`,
    `${ingress.property}.*.SourceSecurityGroupName`,
  ],
  verdicts: securityGroupVerdicts,
  secretInput: [],
  sensitive: [],
  optionalName: 'GroupName',
  // AWS fills in the own account; a group's id is unique over all accounts.
  volatile: ['SecurityGroupIngress.*.SourceSecurityGroupOwnerId'],
  destructive: [revoked(ingress), revoked(egress)],
  grants: [
    openToEveryone(ingress),
    openToEveryone(egress),
    openToSomeone(ingress),
    openToSomeone(egress),
    otherAccount,
    openToNeighbours,
    prefixList(ingress),
    prefixList(egress),
  ],
  changeableStates: [],
  goneStates: [],
  duplicate: (desired, other) => {
    const name = textOf(desired['GroupName']);
    const sameName = name !== undefined && name === other.properties['GroupName'];
    if (sameName && desired['VpcId'] === other.properties['VpcId']) return 'same';
    const tag = textOf(objectOf(desired['Tags'])['Name']);
    return sameName || (tag !== undefined && tag === objectOf(other.properties['Tags'])['Name']) ? 'similar' : null;
  },
  duplicateKeys: (properties) => [
    ...keyed('group', properties['GroupName']),
    ...keyed('name', objectOf(properties['Tags'])['Name']),
  ],
  leftovers: () => [],
};
