import { send, type Program } from '../../../src/domain/call.ts';
import type { ResourceType, StepContext } from '../../../src/domain/resource-type.ts';
import { broughtByInstance, instanceBringing } from './rules/brings-along.ts';
import {
  instanceNotBroughtOut,
  quiesceInstance,
  quietedInstance,
  takeInstance,
  unquiesceInstance,
  verifyInstance,
} from './programs/capture.ts';
import { planInstanceCapture } from './rules/capture-plan.ts';
import { createInstance } from './programs/create.ts';
import { instanceType } from './reading/facts.ts';
import { instanceNeighbours } from './rules/neighbours.ts';
import { preflightInstance } from './programs/preflight.ts';
import { readInstances } from './reading/read.ts';
import { instanceApart, instanceRestorable } from './programs/restorable.ts';
import { restoreInstance } from './programs/restore.ts';
import { instanceRules } from './rules/rules.ts';
import { instanceGone, liveOf, settleInstance } from './reading/state.ts';
import { updateInstance } from './programs/update.ts';

/** TerminateInstances. The quiescing has kept before what it would take along (law 1). */
function* removeInstance(context: StepContext): Program {
  const { identity } = liveOf(context);
  yield* send({
    service: 'ec2',
    operation: 'TerminateInstances',
    input: { InstanceIds: [identity] },
    identity,
    retry: 'absolute',
    purpose: 'terminate the instance',
  });
}

/**
 * AWS::EC2::Instance. Its volumes, elastic addresses and further network interfaces outlive it; nothing goes unnamed.
 */
export const instance: ResourceType = {
  type: instanceType,
  service: 'ec2',
  managed: true,
  users: 'related',
  rules: instanceRules,
  read: readInstances,
  create: createInstance,
  update: updateInstance,
  remove: removeInstance,
  waitUntilStable: settleInstance,
  gone: instanceGone,
  neighbours: instanceNeighbours,
  preflight: preflightInstance,
  capture: {
    plan: planInstanceCapture,
    quiesce: quiesceInstance,
    quieted: quietedInstance,
    unquiesce: unquiesceInstance,
    take: takeInstance,
    verify: verifyInstance,
    restorable: instanceRestorable,
    apart: instanceApart,
    notBroughtOut: instanceNotBroughtOut,
    elsewhere: ['InstanceType', 'SubnetId'],
    brings: broughtByInstance,
    bringing: instanceBringing,
    restore: restoreInstance,
  },
  iam: {
    read: [
      'ec2:DescribeInstances',
      'ec2:DescribeInstanceAttribute',
      'ec2:DescribeInstanceCreditSpecifications',
      'ec2:DescribeInstanceTypes',
      'ec2:DescribeInstanceTypeOfferings',
      'ec2:DescribeVolumes',
      'ec2:DescribeSnapshots',
      'ec2:DescribeAddresses',
      'ec2:DescribeImages',
      'ec2:DescribeSubnets',
      'ec2:DescribeSecurityGroups',
      'ec2:DescribeKeyPairs',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeIamInstanceProfileAssociations',
    ],
    write: [
      'ec2:RunInstances',
      'ec2:StartInstances',
      'ec2:StopInstances',
      'ec2:TerminateInstances',
      'ec2:ModifyInstanceAttribute',
      'ec2:ModifyInstanceMetadataOptions',
      'ec2:ModifyInstanceCreditSpecification',
      'ec2:ModifyNetworkInterfaceAttribute',
      'ec2:MonitorInstances',
      'ec2:UnmonitorInstances',
      'ec2:AssociateIamInstanceProfile',
      'ec2:ReplaceIamInstanceProfileAssociation',
      'ec2:DisassociateIamInstanceProfile',
      'ec2:AttachVolume',
      'ec2:DetachVolume',
      'ec2:AssociateAddress',
      'ec2:CreateTags',
      'ec2:DeleteTags',
      'iam:PassRole',
    ],
    capture: [
      'ec2:CreateImage',
      'ec2:CreateSnapshots',
      'ec2:CreateTags',
      'ec2:StopInstances',
      'ec2:StartInstances',
      'ec2:ModifyInstanceAttribute',
      'ec2:ModifyNetworkInterfaceAttribute',
    ],
    restore: [
      'ec2:RunInstances',
      'ec2:CreateVolume',
      'ec2:AttachVolume',
      'ec2:AttachNetworkInterface',
      'ec2:AssociateAddress',
      'ec2:StopInstances',
      'ec2:StartInstances',
      'ec2:ModifyInstanceAttribute',
      'ec2:ModifyNetworkInterfaceAttribute',
      'ec2:CreateTags',
      'iam:PassRole',
      'kms:DescribeKey',
    ],
  },
};
