import { look, type Program } from '../../../../src/domain/call.ts';
import type { Json } from '../../../../src/base/json.ts';
import type { LiveResource } from '../../../../src/domain/live.ts';
import type { StepContext } from '../../../../src/domain/resource-type.ts';
import { listOf, propertyOf, textOf } from '../../../aws/values/fields.ts';
import { decodedUserData } from '../rules/encoded-user-data.ts';
import { hasInstanceStoreRoot, isRunning, isSpot } from '../reading/facts.ts';
import { architectureOf, changedTypeProblems, typeProblems } from '../reading/kind.ts';
import { stoppedProperties } from '../rules/rules.ts';
import { filtered } from '../../paging.ts';
import { placementProblems, usedAddresses } from './placement.ts';

/** Problems of a step, before the first mutation of the run; one sentence each. Reads only. */
export function* preflightInstance(
  context: StepContext,
  action: 'create' | 'update' | 'replace' | 'delete',
): Program<readonly string[]> {
  const { live, desired } = context;
  const encoded = action === 'delete' ? [] : encodingProblems(desired['UserData']);
  if (action === 'create') return [...encoded, ...(yield* launchProblems(context))];
  if (live === null) return [];
  const problems = [
    ...encoded,
    ...ownerProblems(live, action, stops(context, action)),
    ...protectionProblems(context, live, action),
  ];
  if (action === 'replace') {
    const carry = context.carry ?? [];
    if (carry.length > 0 && context.order !== 'delete-first')
      problems.push(
        `${carry.join(', ')} can only be carried with order: delete-first, because ${live.identity} holds it until it is gone`,
      );
    problems.push(...(yield* launchProblems(context)));
  }
  if (action === 'update' && context.changes.some(({ path }) => path === 'InstanceType'))
    problems.push(
      ...(yield* changedTypeProblems(textOf(live.properties['InstanceType']), textOf(desired['InstanceType']))),
    );
  if (
    action === 'update' &&
    Array.isArray(desired['SecurityGroupIds']) &&
    context.changes.some(({ path }) => propertyOf(path) === 'SecurityGroupIds')
  ) {
    problems.push(
      ...(yield* placementProblems({ subnet: undefined, groups: desired['SecurityGroupIds'], key: undefined })),
    );
  }
  return problems;
}

/** AWS takes gzip in base64; aiplan encodes the text that it is given, and shows it to the person. */
const encodingProblems = (userData: Json | undefined): readonly string[] =>
  typeof userData === 'string' && decodedUserData(userData) === 'binary'
    ? ['UserData is gzip in base64, which aiplan would encode once more and could not show: write it as plain text']
    : [];

const stops = (context: StepContext, action: string): boolean =>
  action !== 'update' ||
  context.changes.some(({ path }) => (stoppedProperties as readonly string[]).includes(propertyOf(path)));

/** Auto Scaling replaces what is stopped or terminated, CloudFormation what is missing; AWS services refuse. */
function ownerProblems(live: LiveResource, action: string, stopped: boolean): readonly string[] {
  const owner = textOf(live.binding['owner']);
  if (owner === undefined) return [];
  if (owner.startsWith('AWS service')) return [`${live.identity} is managed by ${owner}; change it there`];
  if (owner.startsWith('Auto Scaling') && stopped)
    return [
      `${live.identity} belongs to ${owner}, which would replace it; change the group, or detach the instance from it first`,
    ];
  if (owner.startsWith('CloudFormation') && action !== 'update')
    return [`${live.identity} belongs to ${owner}; delete or replace it there`];
  return [];
}

function protectionProblems(context: StepContext, live: LiveResource, action: string): readonly string[] {
  const problems: string[] = [];
  const removes = action === 'delete' || action === 'replace';
  if (
    removes &&
    live.properties['DisableApiTermination'] === true &&
    context.desired['DisableApiTermination'] !== false
  ) {
    problems.push(
      `${live.identity} has termination protection; write properties: { DisableApiTermination: false } if it shall go`,
    );
  }
  if (stops(context, action) && live.attributes['StopProtection'] === true) {
    problems.push(
      `${live.identity} has stop protection, which no CloudFormation property switches; switch it off first: aws ec2 modify-instance-attribute --instance-id ${live.identity} --no-disable-api-stop`,
    );
  }
  if (action === 'update' && stops(context, action) && isRunning(live)) {
    if (isSpot(live)) problems.push(`${live.identity} is a spot instance; it is not stopped for a change`);
    if (hasInstanceStoreRoot(live)) problems.push(`${live.identity} has an instance store root and cannot be stopped`);
  }
  return problems;
}

/** Image, subnet, groups, key pair and private address of an instance to be launched. */
function* launchProblems({ desired, live, replacing, deletedBefore }: StepContext): Program<readonly string[]> {
  const image = yield* imageFound(desired['ImageId']);
  const problems = [...image.problems, ...(yield* typeProblems(textOf(desired['InstanceType']), image.architecture))];
  const network = listOf(desired['NetworkInterfaces'])[0];
  const subnet = desired['SubnetId'] ?? network?.['SubnetId'];
  problems.push(
    ...(yield* placementProblems({
      subnet,
      groups: desired['SecurityGroupIds'] ?? network?.['GroupSet'],
      key: desired['KeyName'],
    })),
  );
  const address = textOf(desired['PrivateIpAddress']);
  const subnetId = textOf(subnet);
  const ownAddress = replacing && address === live?.properties['PrivateIpAddress'];
  if (
    address !== undefined &&
    subnetId !== undefined &&
    !ownAddress &&
    (yield* usedAddresses(subnetId, [address], undefined, deletedBefore)).has(address)
  ) {
    problems.push(`the private address ${address} is in use in ${subnetId}`);
  }
  return problems;
}

/**
 * DescribeImages leaves out what other owners have deprecated unless it is asked for, and RunInstances takes it all the
 * same.
 */
function* imageFound(
  image: Json | undefined,
): Program<{ readonly problems: readonly string[]; readonly architecture: string | undefined }> {
  const id = textOf(image);
  const none = { problems: [], architecture: undefined };
  if (id === undefined || !id.startsWith('ami-')) return none;
  const answer = yield* look(
    { service: 'ec2', operation: 'DescribeImages', input: { ...filtered('image-id', [id]), IncludeDeprecated: true } },
    { Images: [{ State: 'available' }] },
  );
  const found = listOf(answer?.['Images'])[0];
  if (found === undefined)
    return { ...none, problems: [`image "${id}" does not exist in this region, or is not shared with this account`] };
  const architecture = architectureOf(found);
  return {
    architecture,
    problems:
      found['State'] === 'available'
        ? []
        : [`image "${id}" is ${textOf(found['State']) ?? 'in an unknown state'}, not available`],
  };
}
