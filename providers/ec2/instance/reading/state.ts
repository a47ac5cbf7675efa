import { send, until, type Program, type Waiting } from '../../../../src/domain/call.ts';
import { UserError } from '../../../../src/base/error.ts';
import type { JsonObject } from '../../../../src/base/json.ts';
import type { LiveResource } from '../../../../src/domain/live.ts';
import type { StepContext } from '../../../../src/domain/resource-type.ts';
import { listOf, objectOf, textOf } from '../../../aws/values/fields.ts';
import { filtered } from '../../paging.ts';

/** The resource that the step is about. Throws UserError `no-live-resource` where the engine gave none. */
export function liveOf(context: StepContext): LiveResource {
  if (context.live === null)
    throw new UserError('no-live-resource', `step "${context.step}" needs the live instance, and there is none`);
  return context.live;
}

/** By filter: an id that AWS does not know yet, or any more, makes an empty answer and not an error. */
export const describeInstance = (identity: string) =>
  ({ service: 'ec2', operation: 'DescribeInstances', input: filtered('instance-id', [identity]) }) as const;

/** The instance in an answer of `describeInstance`; undefined where it holds none. */
export const instanceIn = (answer: JsonObject | null): JsonObject | undefined =>
  listOf(answer?.['Reservations']).flatMap((reservation) => listOf(reservation['Instances']))[0];

const stateIn = (answer: JsonObject | null): string | undefined =>
  textOf(objectOf(instanceIn(answer)?.['State'])['Name']);

/**
 * Stands for DescribeInstances while calls are only listed: running, one interface, and as many volumes as `live` has.
 */
export const previewInstance = (identity: string): JsonObject => ({
  Reservations: [
    {
      Instances: [
        {
          InstanceId: identity,
          State: { Name: 'running' },
          RootDeviceName: '/dev/preview',
          BlockDeviceMappings: [
            { DeviceName: '/dev/preview', Ebs: { VolumeId: 'vol-preview', DeleteOnTermination: true } },
          ],
          NetworkInterfaces: [
            { NetworkInterfaceId: 'eni-preview', Attachment: { AttachmentId: 'eni-attach-preview', DeviceIndex: 0 } },
          ],
        },
      ],
    },
  ],
});

/** A stop that nobody asked for names its reason (StateReason); one by a user or a shutdown is no failure. */
function failureIn(instance: JsonObject | undefined): string | undefined {
  const reason = objectOf(instance?.['StateReason']);
  const code = textOf(reason['Code']);
  return code === undefined || /UserInitiatedShutdown|InstanceInitiatedShutdown/u.test(code)
    ? undefined
    : `${code}: ${textOf(reason['Message']) ?? ''}`;
}

/**
 * Waits until the instance is in one of the states and answers its description. Fails where it is terminated, or was
 * stopped again by AWS itself (no capacity, key not usable).
 */
export function* untilState(identity: string, states: readonly string[]): Program<JsonObject> {
  const answer = yield* until({
    what: `instance ${identity} ${states.join(' or ')}`,
    read: describeInstance(identity),
    judge: (found): Waiting => {
      const instance = instanceIn(found);
      const state = stateIn(found);
      if (state !== undefined && states.includes(state)) return { state: 'done' };
      if (state === 'terminated' || state === 'shutting-down')
        return { state: 'failed', reason: `it is ${state} (${failureIn(instance) ?? 'no reason given'})` };
      const failure = state === 'stopped' ? failureIn(instance) : undefined;
      return failure === undefined
        ? { state: 'pending', detail: state ?? 'not visible yet' }
        : { state: 'failed', reason: failure };
    },
    preview: previewInstance(identity),
  });
  return instanceIn(answer) ?? {};
}

/** StopInstances, unless it is stopped already; it is then really stopped. */
export function* stop(identity: string, purpose: string): Program {
  yield* send({
    service: 'ec2',
    operation: 'StopInstances',
    input: { InstanceIds: [identity] },
    identity,
    retry: 'absolute',
    purpose,
  });
  yield* untilState(identity, ['stopped']);
}

/** StartInstances; it is then running. */
export function* start(identity: string, purpose: string): Program<JsonObject> {
  yield* send({
    service: 'ec2',
    operation: 'StartInstances',
    input: { InstanceIds: [identity] },
    identity,
    retry: 'absolute',
    purpose,
  });
  return yield* untilState(identity, ['running']);
}

/**
 * Stable after a create, an update or a restore: running, or stopped where it was stopped; metadata options applied.
 */
export function* settleInstance(identity: string): Program {
  yield* untilState(identity, ['running', 'stopped']);
  yield* until({
    what: `metadata options of ${identity} applied`,
    read: describeInstance(identity),
    // On a stopped instance they stay pending until it is started (ModifyInstanceMetadataOptions).
    judge: (answer) =>
      textOf(objectOf(instanceIn(answer)?.['MetadataOptions'])['State']) === 'pending' && stateIn(answer) === 'running'
        ? { state: 'pending' }
        : { state: 'done' },
    preview: previewInstance(identity),
  });
}

/** Gone when terminated; AWS shows a terminated instance for about an hour, and then not at all. */
export function* instanceGone(identity: string): Program {
  yield* until({
    what: `instance ${identity} terminated`,
    read: describeInstance(identity),
    judge: (answer) => {
      const state = stateIn(answer);
      return state === undefined || state === 'terminated' ? { state: 'done' } : { state: 'pending', detail: state };
    },
    agree: 2,
    preview: { Reservations: [] },
  });
}
