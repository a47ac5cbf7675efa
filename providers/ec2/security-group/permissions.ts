import { isObject, type Json, type JsonObject } from '../../../src/base/json.ts';
import { compact, listOf, numberOf, objectOf, textOf } from '../../aws/values/fields.ts';

/** A rule of a security group in CloudFormation shape: an element of SecurityGroupIngress or SecurityGroupEgress. */
export type Rule = JsonObject;

export interface Direction {
  readonly property: 'SecurityGroupIngress' | 'SecurityGroupEgress';
  readonly word: 'ingress' | 'egress';
  readonly group: string;
  readonly prefixList: string;
}

export const ingress: Direction = {
  property: 'SecurityGroupIngress',
  word: 'ingress',
  group: 'SourceSecurityGroupId',
  prefixList: 'SourcePrefixListId',
};
export const egress: Direction = {
  property: 'SecurityGroupEgress',
  word: 'egress',
  group: 'DestinationSecurityGroupId',
  prefixList: 'DestinationPrefixListId',
};
export const directions = [ingress, egress] as const;

/** The identity of a rule: protocol, ports and source; not its description. */
export const keyFields = (direction: Direction): readonly string[] => [
  'IpProtocol',
  'FromPort',
  'ToPort',
  'CidrIp',
  'CidrIpv6',
  direction.group,
  direction.prefixList,
];

/** Numbers that AWS answers with a name (AuthorizeSecurityGroupIngress, IpProtocol). */
const protocolNames: Readonly<Record<string, string>> = { 1: 'icmp', 6: 'tcp', 17: 'udp', 58: 'icmpv6', all: '-1' };
const withPorts: ReadonlySet<string> = new Set(['tcp', 'udp', 'icmp', 'icmpv6']);

/** The spelling that AWS answers with: protocol names, and ports only for the protocols that have them. */
export function canonicalRule(rule: Rule): Rule {
  const raw = rule['IpProtocol'];
  if (typeof raw !== 'string' && typeof raw !== 'number') return rule;
  const text = String(raw).toLowerCase();
  const IpProtocol = Object.hasOwn(protocolNames, text) ? (protocolNames[text] as string) : text;
  const { FromPort: _from, ToPort: _to, ...rest } = rule;
  return withPorts.has(IpProtocol) ? { ...rule, IpProtocol } : { ...rest, IpProtocol };
}

/** Both lists of rules of a group's properties in AWS's spelling; anything that is not a list of rules stays. */
export function canonicalProperties(properties: JsonObject): JsonObject {
  const changed: Record<string, Json> = {};
  for (const { property } of directions) {
    const list = properties[property];
    if (Array.isArray(list))
      changed[property] = list.map((item: Json) => (isObject(item) ? canonicalRule(item) : item));
  }
  return { ...properties, ...changed };
}

/** The rules of one direction; those that are not objects are left out. */
export const rulesOf = (properties: JsonObject, direction: Direction): readonly Rule[] =>
  listOf(properties[direction.property]).map(canonicalRule);

/** The text by which two rules are the same one. */
export const ruleKey = (rule: Rule, direction: Direction): string =>
  keyFields(direction)
    .flatMap((name) =>
      rule[name] === undefined || rule[name] === null
        ? []
        : [typeof rule[name] === 'object' ? JSON.stringify(rule[name]) : String(rule[name])],
    )
    .join(' ');

/** A rule as a person reads it: `tcp 443 from 0.0.0.0/0`, `all traffic to sg-1`. */
export function ruleText(rule: Rule, direction: Direction): string {
  const protocol = rule['IpProtocol'] === '-1' ? 'all traffic' : (textOf(rule['IpProtocol']) ?? 'unknown protocol');
  const from = numberOf(rule['FromPort']);
  const to = numberOf(rule['ToPort']);
  const ports =
    from === undefined || rule['IpProtocol'] === '-1'
      ? ''
      : to === undefined || from === to
        ? ` ${from}`
        : ` ${from}-${to}`;
  const owner = textOf(rule['SourceSecurityGroupOwnerId']);
  const group = textOf(rule[direction.group]);
  const peer =
    textOf(rule['CidrIp']) ??
    textOf(rule['CidrIpv6']) ??
    (group === undefined
      ? textOf(rule[direction.prefixList])
      : `${group}${owner === undefined ? '' : ` of account ${owner}`}`);
  return `${protocol}${ports} ${direction === ingress ? 'from' : 'to'} ${peer ?? 'a group'}`;
}

const sortRules = (rules: readonly Rule[], direction: Direction): readonly Rule[] =>
  rules
    .map((rule) => [ruleKey(rule, direction), rule] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, rule]) => rule);

/** Rules from the grouped form of DescribeSecurityGroups (`IpPermissions`, `IpPermissionsEgress`). */
export function rulesFromPermissions(permissions: Json | undefined, direction: Direction): readonly Rule[] {
  const rules = listOf(permissions).flatMap((permission) => {
    const base = {
      IpProtocol: textOf(permission['IpProtocol']),
      FromPort: numberOf(permission['FromPort']),
      ToPort: numberOf(permission['ToPort']),
    };
    const each = (name: string, peer: (item: JsonObject) => JsonObject): readonly Rule[] =>
      listOf(permission[name]).map((item) =>
        canonicalRule(compact({ ...base, ...peer(item), Description: textOf(item['Description']) })),
      );
    return [
      ...each('IpRanges', (item) => ({ CidrIp: textOf(item['CidrIp']) })),
      ...each('Ipv6Ranges', (item) => ({ CidrIpv6: textOf(item['CidrIpv6']) })),
      ...each('UserIdGroupPairs', (item) => groupPeer(direction, textOf(item['GroupId']), textOf(item['UserId']))),
      ...each('PrefixListIds', (item) => ({ [direction.prefixList]: textOf(item['PrefixListId']) })),
    ];
  });
  return sortRules(rules, direction);
}

/** Rules from DescribeSecurityGroupRules, which answers one element per rule. */
export function rulesFromList(list: readonly JsonObject[], direction: Direction): readonly Rule[] {
  return sortRules(
    list.filter((raw) => (raw['IsEgress'] === true) === (direction === egress)).map((raw) => ruleFrom(raw, direction)),
    direction,
  );
}

function ruleFrom(raw: JsonObject, direction: Direction): Rule {
  const referenced = objectOf(raw['ReferencedGroupInfo']);
  return canonicalRule(
    compact({
      IpProtocol: textOf(raw['IpProtocol']),
      FromPort: numberOf(raw['FromPort']),
      ToPort: numberOf(raw['ToPort']),
      CidrIp: textOf(raw['CidrIpv4']),
      CidrIpv6: textOf(raw['CidrIpv6']),
      [direction.prefixList]: textOf(raw['PrefixListId']),
      ...groupPeer(direction, textOf(referenced['GroupId']), textOf(referenced['UserId'])),
      Description: textOf(raw['Description']),
    }),
  );
}

/** CloudFormation knows the owner of a source group only for ingress. */
const groupPeer = (direction: Direction, group: string | undefined, owner: string | undefined): JsonObject => ({
  [direction.group]: group,
  ...(direction === ingress && group !== undefined ? { SourceSecurityGroupOwnerId: owner } : {}),
});

/** The ids (`sgr-…`) of rules by their key. */
export const ruleIds = (list: readonly JsonObject[], direction: Direction): ReadonlyMap<string, string> =>
  new Map(
    list
      .filter((raw) => (raw['IsEgress'] === true) === (direction === egress))
      .map((raw) => [ruleKey(ruleFrom(raw, direction), direction), textOf(raw['SecurityGroupRuleId']) ?? ''] as const),
  );

/**
 * A rule as an element of IpPermissions. Without a description when it only identifies (RevokeSecurityGroupIngress).
 */
export function permissionOf(rule: Rule, direction: Direction, described: boolean): JsonObject {
  const Description = described ? textOf(rule['Description']) : undefined;
  const base = compact({ IpProtocol: rule['IpProtocol'], FromPort: rule['FromPort'], ToPort: rule['ToPort'] });
  if (rule['CidrIp'] !== undefined) return { ...base, IpRanges: [compact({ CidrIp: rule['CidrIp'], Description })] };
  if (rule['CidrIpv6'] !== undefined)
    return { ...base, Ipv6Ranges: [compact({ CidrIpv6: rule['CidrIpv6'], Description })] };
  if (rule[direction.group] !== undefined)
    return {
      ...base,
      UserIdGroupPairs: [
        compact({ GroupId: rule[direction.group], UserId: rule['SourceSecurityGroupOwnerId'], Description }),
      ],
    };
  return { ...base, PrefixListIds: [compact({ PrefixListId: rule[direction.prefixList], Description })] };
}
