import { isObject } from '../../../src/base/json.ts';
import type { ValueProblem } from '../../../src/domain/resource-type.ts';
import { isIpv4Range, isIpv6Range } from '../../../src/base/cidr.ts';
import {
  fits,
  isThere,
  knownNumber,
  knownText,
  named,
  range,
  refusing,
  shown,
  tagChecks,
  type ValueCheck,
} from '../../aws/values/value-checks.ts';
import { canonicalRule, directions, ruleText, type Direction, type Rule } from './permissions.ts';

/** CreateSecurityGroup and IpRange: up to 255 characters of a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*. */
const TEXT = /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{0,255}$/u;
const TEXT_SAYS = 'up to 255 letters of a-z and A-Z, digits, blanks and ._-:/()#,@[]+=&;{}!$*';

/**
 * Amazon VPC quotas, "Inbound or outbound rules per security group"; AWS raises it on request. IPv4 and IPv6 are
 * counted apart.
 */
export const RULES_QUOTA = 60;
/** The same page: the quota times the groups of an interface cannot exceed 1,000, so no group can have more rules. */
const RULES_EVER = 1000;

const families = (rules: readonly Rule[]): Readonly<Record<'IPv4' | 'IPv6', number>> => {
  const ipv6 = rules.filter((rule) => isThere(rule['CidrIpv6'])).length;
  const ipv4 = rules.filter((rule) => isThere(rule['CidrIp'])).length;
  const both = rules.length - ipv4 - ipv6;
  return { IPv4: ipv4 + both, IPv6: ipv6 + both };
};

/** How many rules of a direction AWS counts: those of the family that has more; one for a group counts in both. */
export const countedRules = (rules: readonly Rule[]): number => Math.max(...Object.values(families(rules)));

const rules =
  (direction: Direction): ValueCheck =>
  (properties) => {
    const list = properties[direction.property];
    if (!Array.isArray(list)) return [];
    const found = list.flatMap((item, index) =>
      isObject(item) ? ruleProblems(canonicalRule(item), direction, `${direction.property}.${index}`) : [],
    );
    const counted = countedRules(list.filter(isObject));
    if (counted > RULES_EVER)
      found.push({
        at: direction.property,
        message: `${direction.property} has ${counted} rules; no group can have more than ${RULES_EVER}`,
        help: 'merge ranges, or spread the rules over several groups',
      });
    return found;
  };

/**
 * A rule names exactly one peer, and ports where its protocol has them (AuthorizeSecurityGroupIngress, IpPermission).
 */
function ruleProblems(rule: Rule, direction: Direction, at: string): readonly ValueProblem[] {
  const said = `${direction.property}: the rule "${ruleText(rule, direction)}"`;
  if (rule['SourceSecurityGroupName'] !== undefined)
    return [
      {
        at: `${at}.SourceSecurityGroupName`,
        message: `${direction.property}: ${shown(rule['SourceSecurityGroupName'])} is a group's name; give its id as SourceSecurityGroupId`,
        help: 'SourceSecurityGroupId: sg-…',
      },
    ];
  const problems: ValueProblem[] = [];
  const peers = ['CidrIp', 'CidrIpv6', direction.group, direction.prefixList];
  const given = peers.filter((name) => isThere(rule[name]));
  if (given.length !== 1)
    problems.push({
      at,
      message: `${said} names ${given.length === 0 ? 'no peer' : given.join(' and ')}; AWS takes one of ${peers.join(', ')}`,
      help: 'write exactly one of them',
    });
  const [ipv4, ipv6] = [knownText(rule['CidrIp']), knownText(rule['CidrIpv6'])];
  if (ipv4 !== undefined && !isIpv4Range(ipv4))
    problems.push({
      at: `${at}.CidrIp`,
      message: `${direction.property}: CidrIp ${shown(ipv4)} is no range of IPv4 addresses`,
      help: 'CidrIp: 10.0.0.0/16',
    });
  if (ipv6 !== undefined && !isIpv6Range(ipv6))
    problems.push({
      at: `${at}.CidrIpv6`,
      message: `${direction.property}: CidrIpv6 ${shown(ipv6)} is no range of IPv6 addresses`,
      help: 'CidrIpv6: 2001:db8::/32',
    });
  return [
    ...problems,
    ...portProblems(rule, at, said),
    ...fits(`${at}.Description`, rule['Description'], TEXT, TEXT_SAYS),
  ];
}

function portProblems(rule: Rule, at: string, said: string): readonly ValueProblem[] {
  const protocol = knownText(rule['IpProtocol']);
  if (protocol === undefined || !['tcp', 'udp', 'icmp', 'icmpv6'].includes(protocol)) return [];
  const absent = ['FromPort', 'ToPort'].filter((name) => !isThere(rule[name]));
  const [from, to] = [knownNumber(rule['FromPort']), knownNumber(rule['ToPort'])];
  if (absent.length > 0) {
    const other = from ?? to;
    return [
      {
        at,
        missing: absent[0] ?? '',
        message: `${said} has no ${absent.join(' and no ')}; ${protocol} needs both`,
        help: other === undefined ? 'FromPort: 443, ToPort: 443' : `${absent[0] ?? ''}: ${other}`,
      },
    ];
  }
  const least = protocol.startsWith('icmp') ? -1 : 0;
  const most = protocol.startsWith('icmp') ? 255 : 65_535;
  const problems = [
    ...range(`${at}.FromPort`, rule['FromPort'], least, most, { of: `FromPort of ${protocol}` }),
    ...range(`${at}.ToPort`, rule['ToPort'], least, most, { of: `ToPort of ${protocol}` }),
  ];
  if (problems.length > 0 || least === -1 || from === undefined || to === undefined || from <= to) return problems;
  return [
    {
      at: `${at}.FromPort`,
      message: `${said} begins at port ${from} and ends at ${to}`,
      help: `FromPort: ${to}, ToPort: ${from}`,
    },
  ];
}

/** AWS::EC2::SecurityGroup, without a look at what is live. */
export const refusedSecurityGroup = refusing(
  named(
    'GroupName',
    /^(?!sg-)[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{1,255}$/iu,
    '1 to 255 letters of a-z and A-Z, digits, blanks and ._-:/()#,@[]+=&;{}!$*, not beginning with sg-',
  ),
  named('GroupDescription', TEXT, TEXT_SAYS),
  ...directions.map(rules),
  tagChecks(),
);
