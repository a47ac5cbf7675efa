import { each, harmless, judged, type Verdicts } from '../../../src/domain/verdict.ts';

const fixed = harmless('only a new group takes it, which nothing uses yet (CreateSecurityGroup)');
const who = judged(
  'an added rule admits, a revoked one stops traffic (AuthorizeSecurityGroup…, RevokeSecurityGroup…)',
  'destruction',
  'grant',
);

/**
 * The effects that a change of each member of AWS::EC2::SecurityGroup can have. A rule's ports, protocol and source
 * identify it: another value is another rule.
 */
export const securityGroupVerdicts: Verdicts = {
  ...each('', ['GroupName', 'GroupDescription', 'VpcId'], fixed),
  ...each(
    'SecurityGroupIngress.*',
    [
      'CidrIp',
      'CidrIpv6',
      'FromPort',
      'IpProtocol',
      'SourcePrefixListId',
      'SourceSecurityGroupId',
      'SourceSecurityGroupName',
      'SourceSecurityGroupOwnerId',
      'ToPort',
    ],
    who,
  ),
  ...each(
    'SecurityGroupEgress.*',
    ['CidrIp', 'CidrIpv6', 'DestinationPrefixListId', 'DestinationSecurityGroupId', 'FromPort', 'IpProtocol', 'ToPort'],
    who,
  ),
  'SecurityGroupIngress.*.Description': harmless('words for people (UpdateSecurityGroupRuleDescriptionsIngress)'),
  'SecurityGroupEgress.*.Description': harmless('words for people (UpdateSecurityGroupRuleDescriptionsEgress)'),
  Tags: judged('tools act by tags', 'destruction'),
};
