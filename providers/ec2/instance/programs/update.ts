import { look, send, type Call, type Program } from '../../../../src/domain/call.ts';
import { AwsError, UserError } from '../../../../src/base/error.ts';
import { isObject, type Json, type JsonObject } from '../../../../src/base/json.ts';
import type { LiveResource } from '../../../../src/domain/live.ts';
import type { StepContext } from '../../../../src/domain/resource-type.ts';
import { compact, listOf, objectOf, propertyOf, textOf } from '../../../aws/values/fields.ts';
import { isRunning, primaryInterfaceOf } from '../reading/facts.ts';
import { attachVolume, detachVolume, setVolumeFate } from './parts.ts';
import { stoppedProperties } from '../rules/rules.ts';
import { liveOf, settleInstance, start, stop } from '../reading/state.ts';
import { modifyUserData } from './user-data.ts';
import { filtered } from '../../paging.ts';
import { changeTags } from '../../tags.ts';

/**
 * Changes exactly the properties that `context.changes` names: protections on first, additions before removals, stops
 * in one.
 */
export function* updateInstance(context: StepContext): Program {
  const live = liveOf(context);
  const { desired } = context;
  const changed = new Set(context.changes.map(({ path }) => propertyOf(path)));
  if (changed.has('DisableApiTermination'))
    yield* send(
      attribute(live, 'DisableApiTermination', desired['DisableApiTermination'] === true, 'termination protection'),
    );
  if (changed.has('BlockDeviceMappings')) yield* changeVolumeFates(live, desired, 'there');
  if (changed.has('InstanceInitiatedShutdownBehavior')) {
    yield* send({
      service: 'ec2',
      operation: 'ModifyInstanceAttribute',
      identity: live.identity,
      retry: 'absolute',
      purpose: 'set the shutdown behaviour',
      input: {
        InstanceId: live.identity,
        Attribute: 'instanceInitiatedShutdownBehavior',
        Value: desired['InstanceInitiatedShutdownBehavior'] ?? 'stop',
      },
    });
  }
  if (changed.has('SecurityGroupIds'))
    yield* send(primaryAttribute(live, { Groups: desired['SecurityGroupIds'] ?? [] }, 'set the security groups'));
  if (changed.has('SourceDestCheck'))
    yield* send(
      primaryAttribute(
        live,
        { SourceDestCheck: { Value: desired['SourceDestCheck'] !== false } },
        'set the source/destination check',
      ),
    );
  if (changed.has('MetadataOptions')) yield* changeMetadataOptions(live, desired);
  if (changed.has('Monitoring')) {
    const operation = desired['Monitoring'] === true ? 'MonitorInstances' : 'UnmonitorInstances';
    yield* send({
      service: 'ec2',
      operation,
      input: { InstanceIds: [live.identity] },
      identity: live.identity,
      retry: 'absolute',
      purpose: 'switch detailed monitoring',
    });
  }
  if (changed.has('IamInstanceProfile')) yield* changeProfile(live, desired['IamInstanceProfile']);
  if (changed.has('CreditSpecification'))
    yield* changeCredits(live, objectOf(desired['CreditSpecification'])['CPUCredits']);
  if (changed.has('Volumes')) yield* changeVolumes(live, desired);
  if (changed.has('BlockDeviceMappings')) yield* changeVolumeFates(live, desired, 'new');
  const whileStopped = stoppedProperties.filter((name) => changed.has(name));
  if (whileStopped.length > 0) yield* changeStopped(live, desired, whileStopped);
  if (changed.has('Tags')) yield* changeTags(context, live);
  if (changed.has('MetadataOptions')) yield* settleInstance(live.identity);
}

const attribute = (live: LiveResource, name: string, value: Json, what: string): Call => ({
  service: 'ec2',
  operation: 'ModifyInstanceAttribute',
  input: { InstanceId: live.identity, [name]: { Value: value } },
  identity: live.identity,
  retry: 'absolute',
  purpose: `set ${what}`,
});

/**
 * Through the interface, because ModifyInstanceAttribute refuses groups and checks of instances with several
 * interfaces.
 */
function primaryAttribute(live: LiveResource, input: JsonObject, purpose: string): Call {
  const id = primaryInterfaceOf(live)?.id;
  if (id === undefined)
    throw new UserError(
      'no-network-interface',
      `${live.identity} has no primary network interface that could be changed`,
    );
  return {
    service: 'ec2',
    operation: 'ModifyNetworkInterfaceAttribute',
    input: { NetworkInterfaceId: id, ...input },
    identity: id,
    retry: 'absolute',
    purpose,
  };
}

/** Of volumes that are there before anything else; of new ones once they are attached. */
function* changeVolumeFates(live: LiveResource, desired: JsonObject, which: 'there' | 'new'): Program {
  const before = new Map(
    listOf(live.properties['BlockDeviceMappings']).map((mapping) => [
      mapping['DeviceName'],
      objectOf(mapping['Ebs'])['DeleteOnTermination'],
    ]),
  );
  const fates = listOf(desired['BlockDeviceMappings'])
    .map((mapping) => ({
      device: textOf(mapping['DeviceName']) ?? '',
      deleteOnTermination: objectOf(mapping['Ebs'])['DeleteOnTermination'],
    }))
    .filter(
      (fate): fate is { device: string; deleteOnTermination: boolean } =>
        typeof fate.deleteOnTermination === 'boolean' &&
        before.has(fate.device) === (which === 'there') &&
        (before.get(fate.device) ?? false) !== fate.deleteOnTermination,
    );
  if (fates.length > 0)
    yield* send(setVolumeFate(live.identity, fates, 'set which volumes are deleted with the instance'));
}

/** ModifyInstanceMetadataOptions with the changed options only; the others stay. */
function* changeMetadataOptions(live: LiveResource, desired: JsonObject): Program {
  const before = objectOf(live.properties['MetadataOptions']);
  const options = Object.fromEntries(
    Object.entries(objectOf(desired['MetadataOptions'])).filter(([name, value]) => value !== before[name]),
  );
  yield* send({
    service: 'ec2',
    operation: 'ModifyInstanceMetadataOptions',
    input: { InstanceId: live.identity, ...compact(options) },
    identity: live.identity,
    retry: 'absolute',
    purpose: 'set the metadata options',
  });
}

/** Associate, replace or disassociate; the association has an id of its own, which only a read tells. */
function* changeProfile(live: LiveResource, wanted: Json | undefined): Program {
  const name = textOf(wanted);
  const profile =
    name === undefined
      ? isObject(wanted)
        ? { Name: wanted }
        : undefined
      : name.startsWith('arn:')
        ? { Arn: name }
        : { Name: name };
  if (textOf(live.properties['IamInstanceProfile']) === undefined) {
    if (profile === undefined) return;
    yield* send({
      service: 'ec2',
      operation: 'AssociateIamInstanceProfile',
      input: { InstanceId: live.identity, IamInstanceProfile: profile },
      identity: live.identity,
      retry: 'absolute',
      purpose: 'associate the instance profile',
    });
    return;
  }
  const answer = yield* look(
    {
      service: 'ec2',
      operation: 'DescribeIamInstanceProfileAssociations',
      input: filtered('instance-id', [live.identity]),
    },
    { IamInstanceProfileAssociations: [{ AssociationId: 'iip-assoc-preview', State: 'associated' }] },
  );
  const association = textOf(
    listOf(answer?.['IamInstanceProfileAssociations']).find(
      (item) => item['State'] === 'associated' || item['State'] === 'associating',
    )?.['AssociationId'],
  );
  if (association === undefined)
    throw new UserError(
      'profile-association-gone',
      `the instance profile of ${live.identity} is not associated any more`,
    );
  yield* send(
    profile === undefined
      ? {
          service: 'ec2',
          operation: 'DisassociateIamInstanceProfile',
          input: { AssociationId: association },
          identity: association,
          retry: 'absolute',
          purpose: 'take the instance profile away',
        }
      : {
          service: 'ec2',
          operation: 'ReplaceIamInstanceProfileAssociation',
          input: { AssociationId: association, IamInstanceProfile: profile },
          identity: association,
          retry: 'absolute',
          purpose: 'replace the instance profile',
        },
  );
}

/** The answer is 200 even where the change was refused: the refusal stands in it. */
function* changeCredits(live: LiveResource, credits: Json | undefined): Program {
  const answer = yield* send({
    service: 'ec2',
    operation: 'ModifyInstanceCreditSpecification',
    identity: live.identity,
    retry: 'absolute',
    purpose: 'set the CPU credits',
    input: { InstanceCreditSpecifications: [{ InstanceId: live.identity, CpuCredits: credits ?? 'standard' }] },
  });
  const refused = listOf(answer['UnsuccessfulInstanceCreditSpecifications'])[0];
  if (refused !== undefined)
    throw new UserError(
      'credits-refused',
      `CPU credits of ${live.identity} were not changed: ${textOf(objectOf(refused['Error'])['Message']) ?? 'no reason given'}`,
    );
}

function* changeVolumes(live: LiveResource, desired: JsonObject): Program {
  const before = listOf(live.properties['Volumes']);
  const after = listOf(desired['Volumes']);
  const has = (list: readonly JsonObject[], volume: JsonObject): boolean =>
    list.some((item) => JSON.stringify(item['VolumeId']) === JSON.stringify(volume['VolumeId']));
  for (const volume of after.filter((item) => !has(before, item)))
    yield* attachVolume(live.identity, volume['VolumeId'] ?? null, volume['Device'] ?? null);
  for (const volume of before.filter((item) => !has(after, item)))
    yield* detachVolume(live.identity, textOf(volume['VolumeId']) ?? '');
}

/**
 * One stop for all changes that need it. A refused change or start is undone, and an instance that ran runs again,
 * before the error is thrown: a failed step does not leave an outage behind.
 */
function* changeStopped(
  live: LiveResource,
  desired: JsonObject,
  names: readonly (typeof stoppedProperties)[number][],
): Program {
  const ran = isRunning(live);
  const type = (value: Json | undefined): Call => attribute(live, 'InstanceType', value ?? null, 'the instance type');
  const optimised = (value: Json | undefined): Call =>
    attribute(live, 'EbsOptimized', value === true, 'EBS optimisation');
  const sent: Call[] = [];
  if (ran) yield* stop(live.identity, `stop the instance to change ${names.join(', ')}`);
  try {
    if (names.includes('InstanceType')) {
      yield* send(type(desired['InstanceType']));
      sent.push(type(live.properties['InstanceType']));
    }
    if (names.includes('EbsOptimized')) {
      yield* send(optimised(desired['EbsOptimized']));
      sent.push(optimised(live.properties['EbsOptimized']));
    }
    if (names.includes('UserData')) yield* send(modifyUserData(live.identity, desired['UserData']));
    if (ran) yield* start(live.identity, 'start the instance again');
  } catch (error) {
    const refused =
      (error instanceof AwsError && error.executed === 'no') ||
      (error instanceof UserError && error.code === 'wait-failed');
    if (!ran || !refused) throw error;
    for (const call of sent.toReversed()) yield* send({ ...call, purpose: `put back: ${call.purpose}` });
    yield* start(live.identity, 'start the instance again as it was');
    throw error;
  }
}
