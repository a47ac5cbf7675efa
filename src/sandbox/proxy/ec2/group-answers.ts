import { Refusal, type QueryContext, type QueryCorrection } from '../protocol/correction.ts';
import { ruleDescriptions } from './rule-descriptions.ts';
import { child, listAt, put, textAt, type Element } from '../protocol/xml.ts';

/** API IpRange and CreateSecurityGroup: the characters of a description. */
const TEXT = /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{0,255}$/u;

async function groupsOf(context: QueryContext, identities: ReadonlySet<string>): Promise<ReadonlyMap<string, Element>> {
  const groups = listAt(await context.send('ec2', 'DescribeSecurityGroups', {}), 'securityGroupInfo');
  return new Map(
    groups
      .filter((group) => identities.has(textAt(group, 'groupId')))
      .map((group) => [textAt(group, 'groupId'), group]),
  );
}

/** The description of a rule that names a group, as the group itself has it. */
function descriptionOf(group: Element | undefined, rule: Element): string {
  const permissions = listAt(group, textAt(rule, 'isEgress') === 'true' ? 'ipPermissionsEgress' : 'ipPermissions');
  const same = (permission: Element, name: string): boolean =>
    textAt(permission, name) === textAt(rule, name) || (textAt(permission, name) === '' && textAt(rule, name) === '-1');
  const pair = permissions
    .filter(
      (permission) =>
        textAt(permission, 'ipProtocol') === textAt(rule, 'ipProtocol') &&
        same(permission, 'fromPort') &&
        same(permission, 'toPort'),
    )
    .flatMap((permission) => listAt(permission, 'groups'))
    .find((item) => textAt(item, 'groupId') === textAt(rule, 'referencedGroupInfo', 'groupId'));
  return textAt(pair, 'description');
}

export const groupAnswers: readonly QueryCorrection[] = [
  {
    operations: ['DescribeSecurityGroupRules'],
    answers: 'the description of a rule that names a group is shown',
    async after(context, answer) {
      const rules = listAt(answer, 'securityGroupRuleSet').filter(
        (rule) => textAt(rule, 'referencedGroupInfo', 'groupId') !== '' && textAt(rule, 'description') === '',
      );
      if (rules.length === 0) return;
      const groups = await groupsOf(context, new Set(rules.map((rule) => textAt(rule, 'groupId'))));
      for (const rule of rules) {
        const description = descriptionOf(groups.get(textAt(rule, 'groupId')), rule);
        if (description !== '') put(rule, 'description', description);
      }
    },
  },
  ...ruleDescriptions,
  {
    operations: ['CreateSecurityGroup', 'AuthorizeSecurityGroupIngress', 'AuthorizeSecurityGroupEgress'],
    answers: 'a description with other characters; a rule of TCP or UDP without both ports',
    before({ parameters, operation }) {
      const texts = Object.entries(parameters.toRecord()).filter(
        ([name]) => /(?:^GroupDescription|Description)$/u.test(name) && !name.startsWith('TagSpecification'),
      );
      for (const [, text] of texts)
        if (!TEXT.test(text))
          throw new Refusal(
            'InvalidParameterValue',
            `Invalid security group description. Valid descriptions are strings less than 256 characters from the following set: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*`,
          );
      for (const permission of operation === 'CreateSecurityGroup' ? [] : parameters.structures('IpPermissions')) {
        if (!['tcp', 'udp', '6', '17'].includes(permission.get('IpProtocol') ?? '')) continue;
        if (permission.has('FromPort') !== permission.has('ToPort') || !permission.has('FromPort'))
          throw new Refusal(
            'InvalidParameterValue',
            `Invalid value for portRange. Must specify both from and to ports with ${permission.get('IpProtocol') ?? ''}.`,
          );
        if (Number(permission.get('FromPort')) > Number(permission.get('ToPort')))
          throw new Refusal('InvalidParameterValue', 'Invalid TCP/UDP port range');
      }
    },
  },
  {
    operations: ['DescribeNetworkInterfaces'],
    answers: 'an interface with one of the groups that are asked for is found, whatever other groups it has',
    before({ parameters }) {
      parameters.setFilters(parameters.filters().filter(({ name }) => name !== 'group-id'));
    },
    after({ asked }, answer) {
      const wanted = asked
        .filters()
        .filter(({ name }) => name === 'group-id')
        .map(({ values }) => values);
      const set = child(answer, 'networkInterfaceSet');
      if (wanted.length === 0 || set === undefined) return;
      set.children = set.children.filter((item) =>
        wanted.every((values) => listAt(item, 'groupSet').some((group) => values.includes(textAt(group, 'groupId')))),
      );
    },
  },
];
