import { until, type Program, type ReadCall, type Wait, type Waiting } from '../../../src/domain/call.ts';
import { canonical } from '../../../src/base/digest.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import { listOf, numberOf, objectOf, textOf } from '../../aws/values/fields.ts';
import { dbInstanceRules, SNAPSHOT_STATES } from './rules.ts';
import { incarnationOf, instanceOf, pendingOf, propertiesOf, statusOf } from './shape.ts';

/** DescribeDBInstances by identifier; null where there is none. */
export const describeInstance = (identity: string): ReadCall => ({
  service: 'rds',
  operation: 'DescribeDBInstances',
  input: { DBInstanceIdentifier: identity },
  absent: ['DBInstanceNotFound'],
});

/** DescribeDBSnapshots by name (manual ones); null where there is none. */
export const describeSnapshot = (name: string): ReadCall => ({
  service: 'rds',
  operation: 'DescribeDBSnapshots',
  input: { DBSnapshotIdentifier: name },
  absent: ['DBSnapshotNotFound'],
});

/** In use, with changes in effect. `storage-optimization` lasts hours, `storage-initialization` follows a restore. */
const READY: ReadonlySet<string> = new Set(['available', 'storage-optimization', 'storage-initialization']);

/** States that nothing but a person gets out of: "Viewing DB instance status", RDS user guide. */
const STUCK =
  /^(failed|restore-error|storage-full|stopped|stopping|deleting|delete-precheck|insufficient-capacity|incompatible-.*|inaccessible-encryption-credentials.*)$/u;

/** Judges the status alone. */
export function judgeStatus(raw: JsonObject | undefined): Waiting {
  if (raw === undefined) return { state: 'failed', reason: 'the database does not exist' };
  const status = statusOf(raw);
  if (READY.has(status)) return { state: 'done' };
  if (STUCK.test(status)) return { state: 'failed', reason: `the database is "${status}"` };
  const percent = Number(textOf(raw['PercentProgress']) ?? Number.NaN);
  return { state: 'pending', detail: status, ...(Number.isFinite(percent) ? { percent } : {}) };
}

/** Waits until a snapshot can be taken: CreateDBSnapshot wants `available` or `storage-optimization`. */
export function* untilCapturable(identity: string): Program {
  yield* until({
    what: `database ${identity} to be ready for a snapshot`,
    read: describeInstance(identity),
    judge(read) {
      const status = statusOf(instanceOf(read));
      return read !== null && SNAPSHOT_STATES.includes(status)
        ? { state: 'done' }
        : READY.has(status)
          ? { state: 'pending', detail: status }
          : judgeStatus(instanceOf(read));
    },
  });
}

/** Waits until a change is taken: a database that is backed up, say, refuses it. A full disk is a state to change. */
export function* untilChangeable(identity: string): Program {
  yield* until({
    what: `database ${identity} to take a change`,
    read: describeInstance(identity),
    judge(read) {
      const raw = instanceOf(read);
      return statusOf(raw) === 'storage-full' ? { state: 'done' } : judgeStatus(raw);
    },
  });
}

/** Waits until the database is in use; two reads must agree. Answers its description, in a preview `preview`. */
export function* untilReady(identity: string, preview: JsonObject = {}): Program<JsonObject> {
  const answer = yield* until({
    what: `database ${identity} to be available`,
    read: describeInstance(identity),
    judge: (read) => judgeStatus(instanceOf(read)),
    agree: 2,
    preview: { DBInstances: [preview] },
  });
  return instanceOf(answer) ?? {};
}

/** Calm reads after which a change that AWS does not show counts as made; verification then tells the difference. */
const PATIENCE = 5;

export interface Expected {
  /** Properties that were sent. */
  readonly names: ReadonlySet<string>;
  readonly desired: JsonObject;
  /** With `window` a change may stay pending; otherwise it must not. */
  readonly when: 'now' | 'window' | null;
}

/**
 * Waits until a change is in effect. AWS still shows `available` for some seconds after ModifyDBInstance, so the status
 * alone says nothing: what was sent must neither be pending (but for the window) nor still have its old value.
 */
export function* untilChanged(identity: string, expected: Expected, preview: JsonObject = {}): Program<JsonObject> {
  let calm = 0;
  const judge: Wait['judge'] = (answer) => {
    const raw = instanceOf(answer);
    // A full disk is what the change may be mending.
    const status: Waiting =
      statusOf(raw) === 'storage-full' ? { state: 'pending', detail: 'storage-full' } : judgeStatus(raw);
    if (status.state !== 'done' || raw === undefined) {
      calm = 0;
      return status;
    }
    calm += 1;
    const pending = Object.keys(pendingOf(raw)).filter((name) => expected.names.has(name));
    const due = pending.filter(
      (name) => expected.when !== 'window' || dbInstanceRules.properties[name]?.deferrable !== true,
    );
    if (due.length > 0) return { state: 'pending', detail: `${due.join(', ')} pending` };
    if (
      expected.names.has('DBParameterGroupName') &&
      listOf(raw['DBParameterGroups'])[0]?.['ParameterApplyStatus'] === 'applying'
    )
      return { state: 'pending', detail: 'the parameter group is being applied' };
    const now = propertiesOf(raw);
    const old = [...expected.names].filter(
      (name) =>
        !pending.includes(name) &&
        now[name] !== undefined &&
        expected.desired[name] !== undefined &&
        canonical(now[name]).toLowerCase() !== canonical(expected.desired[name]).toLowerCase(),
    );
    return old.length > 0 && calm < PATIENCE
      ? { state: 'pending', detail: `${old.join(', ')} not in effect yet` }
      : { state: 'done' };
  };
  const answer = yield* until({
    what: `the change of database ${identity}`,
    read: describeInstance(identity),
    judge,
    agree: 2,
    preview: { DBInstances: [preview] },
  });
  return instanceOf(answer) ?? {};
}

/** Waits until roles are as said: each of `present` active, none of `absent` there. */
export function* untilRoles(identity: string, present: readonly string[], absent: readonly string[]): Program {
  yield* until({
    what: `the roles of database ${identity}`,
    read: describeInstance(identity),
    judge(answer) {
      const raw = instanceOf(answer);
      const status = judgeStatus(raw);
      if (status.state !== 'done') return status;
      const roles = new Map(
        listOf(raw?.['AssociatedRoles']).map((role) => [String(role['RoleArn']), String(role['Status'] ?? 'ACTIVE')]),
      );
      const invalid = present.find((role) => roles.get(role) === 'INVALID');
      if (invalid !== undefined) return { state: 'failed', reason: `RDS cannot assume the role ${invalid}` };
      const waiting = [
        ...present.filter((role) => roles.get(role) !== 'ACTIVE'),
        ...absent.filter((role) => roles.has(role)),
      ];
      return waiting.length === 0 ? { state: 'done' } : { state: 'pending', detail: waiting.join(', ') };
    },
  });
}

/**
 * Waits until the database does not exist any more; two reads must agree. Another one under its name (another
 * DbiResourceId or creation time) proves it too. A delete that AWS gave up shows as a failure.
 */
export function* untilGone(identity: string, incarnation?: string): Program {
  let deleting = false;
  yield* until({
    what: `database ${identity} to be gone`,
    read: describeInstance(identity),
    agree: 2,
    judge(answer) {
      const raw = instanceOf(answer);
      if (raw === undefined || (incarnation !== undefined && incarnationOf(raw) !== incarnation))
        return { state: 'done' };
      const status = statusOf(instanceOf(answer));
      if (status === 'deleting') deleting = true;
      else if (deleting && READY.has(status))
        return { state: 'failed', reason: `AWS gave the deletion up: the database is "${status}" again` };
      return { state: 'pending', detail: status };
    },
  });
}

/** Waits until a snapshot is complete and answers it, in a preview `preview`. */
export function* untilSnapshot(name: string, preview: JsonObject): Program<JsonObject> {
  const answer = yield* until({
    what: `snapshot ${name} to be complete`,
    read: describeSnapshot(name),
    preview: { DBSnapshots: [preview] },
    judge(read) {
      const snapshot = listOf(read?.['DBSnapshots'])[0];
      const status = textOf(snapshot?.['Status']);
      if (status === 'available') return { state: 'done' };
      if (snapshot === undefined) return { state: 'failed', reason: 'the snapshot does not exist' };
      if (status === 'creating' || status === 'modifying' || status === undefined)
        return { state: 'pending', percent: numberOf(snapshot['PercentProgress']) ?? 0 };
      return { state: 'failed', reason: `the snapshot is "${status}"` };
    },
  });
  return objectOf(listOf(answer?.['DBSnapshots'])[0]);
}
