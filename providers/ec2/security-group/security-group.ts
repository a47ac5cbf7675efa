import type { ResourceType } from '../../../src/domain/resource-type.ts';
import { repointSecurityGroup, securityGroupCapture } from './capture.ts';
import {
  createSecurityGroup,
  removeSecurityGroup,
  securityGroupGone,
  settleSecurityGroup,
  updateSecurityGroup,
} from './change.ts';
import { preflightSecurityGroup } from './preflight.ts';
import { groupNeighbours, readSecurityGroups, securityGroupType } from './read.ts';
import { securityGroupRules } from './rules.ts';

const reading = [
  'ec2:DescribeSecurityGroups',
  'ec2:DescribeSecurityGroupRules',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeVpcs',
  'rds:DescribeDBInstances',
];
const ruleWrites = [
  'ec2:AuthorizeSecurityGroupIngress',
  'ec2:AuthorizeSecurityGroupEgress',
  'ec2:RevokeSecurityGroupIngress',
  'ec2:RevokeSecurityGroupEgress',
  'ec2:UpdateSecurityGroupRuleDescriptionsIngress',
  'ec2:UpdateSecurityGroupRuleDescriptionsEgress',
];

/** AWS::EC2::SecurityGroup. Identity: the group id. Rules are matched by protocol, ports and peer. */
export const securityGroup: ResourceType = {
  type: securityGroupType,
  service: 'ec2',
  managed: true,
  users: 'listed',
  rules: securityGroupRules,
  read: readSecurityGroups,
  create: createSecurityGroup,
  update: updateSecurityGroup,
  remove: removeSecurityGroup,
  waitUntilStable: settleSecurityGroup,
  gone: securityGroupGone,
  capture: securityGroupCapture,
  neighbours: groupNeighbours,
  preflight: preflightSecurityGroup,
  repoint: repointSecurityGroup,
  iam: {
    read: reading,
    write: ['ec2:CreateSecurityGroup', 'ec2:DeleteSecurityGroup', ...ruleWrites, 'ec2:CreateTags', 'ec2:DeleteTags'],
    capture: [],
    restore: ['ec2:CreateSecurityGroup', 'ec2:CreateTags', ...ruleWrites, 'ec2:ModifyNetworkInterfaceAttribute'],
  },
};
