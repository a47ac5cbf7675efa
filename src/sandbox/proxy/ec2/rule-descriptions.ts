import { Refusal, type QueryContext, type QueryCorrection } from '../protocol/correction.ts';
import type { Parameters } from '../protocol/parameters.ts';
import { drop, element, listAt, put, textAt, type Element } from '../protocol/xml.ts';

/** The other side of a rule: the lists of a permission and the name in their elements, as asked and as answered. */
const parties = [
  ['IpRanges', 'ipRanges', 'CidrIp', 'cidrIp'],
  ['Ipv6Ranges', 'ipv6Ranges', 'CidrIpv6', 'cidrIpv6'],
  ['Groups', 'groups', 'GroupId', 'groupId'],
  ['PrefixListIds', 'prefixListIds', 'PrefixListId', 'prefixListId'],
] as const;

const partyOf = (rule: Element): string =>
  [['cidrIpv4'], ['cidrIpv6'], ['referencedGroupInfo', 'groupId'], ['prefixListId']]
    .map((names) => textAt(rule, ...names))
    .find((text) => text !== '') ?? '';

/** Protocol, ports and party of a rule as one text; a rule of every protocol has no ports. */
function keyOf(protocol: string, from: string, to: string, party: string): string {
  const name =
    ({ 1: 'icmp', 6: 'tcp', 17: 'udp' } as Readonly<Record<string, string>>)[protocol] ?? protocol.toLowerCase();
  return [name, ...(name === '-1' ? [] : [from, to]), party].join(' ');
}

const settingOf = (rule: string): string => `${rule}/description`;

/** The rules of one group in one direction as the emulator has them: key → rule id. */
async function rulesOf(context: QueryContext, group: string, isEgress: boolean): Promise<ReadonlyMap<string, string>> {
  const filter = { 'Filter.1.Name': 'group-id', 'Filter.1.Value.1': group };
  const rules = listAt(await context.send('ec2', 'DescribeSecurityGroupRules', filter), 'securityGroupRuleSet');
  return new Map(
    rules
      .filter((rule) => (textAt(rule, 'isEgress') === 'true') === isEgress)
      .map((rule) => {
        const key = keyOf(textAt(rule, 'ipProtocol'), textAt(rule, 'fromPort'), textAt(rule, 'toPort'), partyOf(rule));
        return [key, textAt(rule, 'securityGroupRuleId')];
      }),
  );
}

interface Wanted {
  readonly key: string;
  readonly description: string;
}

const wantedIn = (parameters: Parameters): readonly Wanted[] =>
  parameters.structures('IpPermissions').flatMap((permission) =>
    parties.flatMap(([list, , name]) =>
      permission.structures(list).map((party) => {
        const [protocol, from, to] = ['IpProtocol', 'FromPort', 'ToPort'].map((part) => permission.get(part) ?? '');
        const key = keyOf(protocol ?? '', from ?? '', to ?? '', party.get(name) ?? '');
        return { key, description: party.get('Description') ?? '' };
      }),
    ),
  );

function describe(node: Element, description: string): void {
  if (description === '') drop(node, 'description');
  else put(node, 'description', description);
}

/** The permissions of one direction of a group, described as the proxy remembers. */
async function describeGroup(
  context: QueryContext,
  group: Element,
  direction: string,
  isEgress: boolean,
): Promise<void> {
  const rules = await rulesOf(context, textAt(group, 'groupId'), isEgress);
  for (const permission of listAt(group, direction)) {
    const [protocol, from, to] = ['ipProtocol', 'fromPort', 'toPort'].map((part) => textAt(permission, part));
    for (const [, list, , name] of parties) {
      for (const party of listAt(permission, list)) {
        const rule = rules.get(keyOf(protocol ?? '', from ?? '', to ?? '', textAt(party, name))) ?? '';
        const description = context.world.settings.get(settingOf(rule));
        if (description !== undefined) describe(party, description);
      }
    }
  }
}

/**
 * API UpdateSecurityGroupRuleDescriptionsIngress, and its twin for egress: a description that is left out is removed.
 * moto keeps it, and finds no rule that names a group once its description differs, so that the proxy remembers what
 * rules are described with, by rule id.
 */
export const ruleDescriptions: readonly QueryCorrection[] = [
  {
    operations: ['UpdateSecurityGroupRuleDescriptionsIngress', 'UpdateSecurityGroupRuleDescriptionsEgress'],
    answers: 'a description that is left out is removed; a rule that names a group is described anew',
    async before(context) {
      const { parameters, operation, world } = context;
      const rules = await rulesOf(context, parameters.get('GroupId') ?? '', operation.endsWith('Egress'));
      const found = wantedIn(parameters).map(({ key, description }) => ({ rule: rules.get(key), description }));
      const byId = parameters
        .structures('SecurityGroupRuleDescription')
        .map((one) => ({ rule: one.get('SecurityGroupRuleId'), description: one.get('Description') ?? '' }));
      for (const { rule, description } of [...found, ...byId]) {
        if (rule === undefined)
          throw new Refusal('InvalidPermission.NotFound', 'The specified rule does not exist in this security group.');
        world.settings.set(settingOf(rule), description);
      }
      return element(`${operation}Response`, [element('return', 'true')]);
    },
  },
  {
    operations: ['DescribeSecurityGroupRules'],
    answers: 'the newest description of a rule is shown',
    after({ world }, answer) {
      for (const rule of listAt(answer, 'securityGroupRuleSet')) {
        const description = world.settings.get(settingOf(textAt(rule, 'securityGroupRuleId')));
        if (description !== undefined) describe(rule, description);
      }
    },
  },
  {
    operations: ['DescribeSecurityGroups'],
    answers: 'the newest description of a rule is shown in its group',
    async after(context, answer) {
      if (![...context.world.settings.keys()].some((name) => name.startsWith('sgr-'))) return;
      for (const group of listAt(answer, 'securityGroupInfo')) {
        await describeGroup(context, group, 'ipPermissions', false);
        await describeGroup(context, group, 'ipPermissionsEgress', true);
      }
    },
  },
];
