import { look, progress, send, until, type Call, type Program } from '../../../src/domain/call.ts';
import { canonical } from '../../../src/base/digest.ts';
import { AwsError, UserError } from '../../../src/base/error.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import type { StepContext } from '../../../src/domain/resource-type.ts';
import { listOf, objectOf, textOf } from '../../aws/values/fields.ts';
import { isLastingRefusal, sendDispensable } from '../../aws/values/dispensable.ts';
import { captureTags, countedTags, mostTags, splitTags } from '../../aws/values/tags.ts';
import { modifyInput, RESTORED_FROM, RESTORING, restoreInput } from './inputs.ts';
import { addRoles, addTags, subjectOf } from './programs.ts';
import { goneGroups } from './restorable.ts';
import { BROKEN, dbInstanceRules } from './rules.ts';
import { instanceOf, propertiesOf, statusOf } from './shape.ts';
import {
  describeInstance,
  describeSnapshot,
  judgeStatus,
  untilChanged,
  untilGone,
  untilReady,
  untilSnapshot,
} from './states.ts';
import { asideName } from './snapshots.ts';
import type { Capture } from '../../../src/domain/capture-plan.ts';

const rds = (call: Omit<Call, 'service'>): Call => ({ service: 'rds', ...call });

/**
 * Brings a database back under its own identifier: from the final snapshot where there is one, with everything said
 * that a restore would else set to a default; then what a restore cannot take, roles, a restart where the parameter
 * group wants one, and deletion protection last. Throws UserError `capture-missing`, `name-taken`.
 */
export function* restoreDatabase(
  context: StepContext,
  capture: Capture,
): Program<{ readonly identity: string; readonly map: Readonly<Record<string, string>> }> {
  const captured = subjectOf(context);
  const gone = yield* goneGroups(context);
  const was = {
    ...captured,
    properties: Object.fromEntries(
      Object.entries(captured.properties).filter(([name]) => !gone.some((other) => other === name)),
    ),
  };
  const { identity } = was;
  const snapshot = yield* newestSnapshot(identity, capture);
  const begun = yield* freeTheName(identity, context);
  if (!begun) {
    yield* send(
      rds({
        operation: 'RestoreDBInstanceFromDBSnapshot',
        identity,
        retry: 'named',
        purpose: `restore the database ${identity} from the snapshot ${snapshot}`,
        input: restoreInput(context, was.properties, was.systemTags, identity, snapshot),
      }),
    );
  }
  let now = yield* untilReady(identity, { AssociatedRoles: [] });
  now = yield* finish({ ...context, live: was }, identity, now);
  yield* claimFinal(context, capture);
  const map: Record<string, string> = {};
  const note = (from: unknown, to: unknown): void => {
    if (typeof from === 'string' && typeof to === 'string' && from !== to) map[from] = to;
  };
  note(was.attributes['DbiResourceId'], now['DbiResourceId']);
  note(objectOf(was.attributes['MasterUserSecret'])['SecretArn'], objectOf(now['MasterUserSecret'])['SecretArn']);
  return { identity, map };
}

/** The final snapshot if AWS took one, else the capture's; complete in either case. */
function* newestSnapshot(identity: string, capture: Capture): Program<string> {
  for (const name of [textOf(capture.refs['final']), textOf(capture.refs['snapshot'])]) {
    if (name === undefined) continue;
    const found = listOf(
      (yield* look(describeSnapshot(name), { DBSnapshots: [{ Status: 'available' }] }))?.['DBSnapshots'],
    )[0];
    if (found === undefined) continue;
    if (found['Status'] === 'creating') yield* untilSnapshot(name, {});
    if (found['Status'] === 'available' || found['Status'] === 'creating') return name;
  }
  throw new UserError('capture-missing', `no complete snapshot of "${identity}" is left of this run`, {
    help: `look for others with: aws rds describe-db-snapshots --db-instance-identifier ${identity}, and for its automated backups with: aws rds describe-db-instance-automated-backups`,
  });
}

/**
 * A run that was stopped between a deletion and its end has left the final snapshot without the tags of a capture: it
 * gets those of the snapshot before it. The database is back by then, so that a refusal changes nothing.
 */
function* claimFinal(context: StepContext, capture: Capture): Program {
  const name = textOf(capture.refs['final']);
  if (name === undefined) return;
  const found = listOf((yield* look(describeSnapshot(name), { DBSnapshots: [{}] }))?.['DBSnapshots'])[0];
  if (found === undefined || splitTags(found['TagList']).systemTags['aiplan:op'] !== undefined) return;
  try {
    yield* addTags(
      textOf(found['DBSnapshotArn']) ?? `arn:aws:rds:${context.region}:${context.account}:snapshot:${name}`,
      yield* tagsOfCapture(context, capture),
    );
  } catch (error) {
    if (!(error instanceof AwsError) || error.executed !== 'no' || error.kind !== 'denied') throw error;
    yield* progress(`the snapshot ${name} could not be tagged as a capture: ${error.code}`);
  }
}

/** The tags that the capture's own snapshot carries; where that is gone, those of this step. */
function* tagsOfCapture(context: StepContext, capture: Capture): Program<JsonObject> {
  const name = textOf(capture.refs['snapshot']);
  const found =
    name === undefined
      ? undefined
      : listOf((yield* look(describeSnapshot(name), { DBSnapshots: [] }))?.['DBSnapshots'])[0];
  const known = Object.fromEntries(
    Object.entries(splitTags(found?.['TagList']).systemTags).filter(([key]) => key.startsWith('aiplan:')),
  );
  return known['aiplan:op'] === undefined ? captureTags(context) : known;
}

const preview = (identity: string): JsonObject => ({
  DBInstanceIdentifier: identity,
  DBInstanceStatus: 'available',
  TagList: [{ Key: RESTORING, Value: '' }],
});

/**
 * Makes sure that nobody holds the name. A half-restored database of this restore or of an earlier try of it is
 * completed (answers true); one of another restore is moved aside, never deleted; one that is being deleted is waited
 * for; anybody else's stays.
 */
function* freeTheName(identity: string, context: StepContext): Program<boolean> {
  const held = instanceOf(yield* look(describeInstance(identity), { DBInstances: [preview(identity)] }));
  if (held === undefined) return false;
  const status = statusOf(held);
  if (status === 'deleting') {
    yield* untilGone(identity);
    return false;
  }
  const { systemTags } = splitTags(held['TagList']);
  if ([context.op, ...(context.tries ?? [])].includes(systemTags['aiplan:op'] ?? '')) return true;
  if (systemTags[RESTORING] === undefined) throw taken(identity, held, 'it is not a leftover of aiplan');
  if (BROKEN.includes(status))
    throw taken(
      identity,
      held,
      `it is what is left of an earlier restore, but AWS does not rename a database that is "${status}"`,
    );
  yield* untilReady(identity);
  const aside = asideName(identity, context.run);
  yield* send(
    rds({
      operation: 'ModifyDBInstance',
      identity,
      retry: 'absolute',
      purpose: `move the half-restored ${identity} aside to ${aside}`,
      input: { DBInstanceIdentifier: identity, NewDBInstanceIdentifier: aside, ApplyImmediately: true },
    }),
  );
  // The new name is unknown to AWS for some minutes while the instance restarts.
  yield* until({
    what: `the leftover to be called ${aside}`,
    read: describeInstance(aside),
    judge: (answer) => (answer === null ? { state: 'pending', detail: 'renaming' } : judgeStatus(instanceOf(answer))),
  });
  yield* untilGone(identity);
  return false;
}

const taken = (identity: string, held: JsonObject, why: string): UserError =>
  new UserError(
    'name-taken',
    `the name "${identity}" is held by another database (${String(held['DbiResourceId'] ?? 'no resource id')}, created ${String(held['InstanceCreateTime'] ?? 'at an unknown time')}, "${statusOf(held)}"): ${why}`,
    { help: `rename that one, or restore under another name, such as "${identity}-restored"` },
  );

/** Properties that a restored database takes from its snapshot, or that are set by calls of their own. */
const NOT_SET_AGAIN = new Set([
  'AllocatedStorage',
  'AssociatedRoles',
  'DeletionProtection',
  'EngineVersion',
  'MasterUserPassword',
  'MasterUserSecret',
  'Tags',
]);

/** The captured properties, in today's ids. */
function wantedProperties(context: StepContext): JsonObject {
  const properties = subjectOf(context).properties;
  const remapped = Object.fromEntries(
    ['DBSubnetGroupName', 'DBParameterGroupName', 'OptionGroupName'].flatMap((name) => {
      const value = textOf(properties[name]);
      return value === undefined ? [] : [[name, context.remap(value)]];
    }),
  );
  const groups = properties['VPCSecurityGroups'];
  return {
    ...properties,
    ...remapped,
    ...(Array.isArray(groups)
      ? { VPCSecurityGroups: groups.map((group) => context.remap(String(group))).toSorted() }
      : {}),
  };
}

/** Parameters that AWS takes only together with others of these. */
const TOGETHER = [
  ['MonitoringInterval', 'MonitoringRoleArn'],
  [
    'EnablePerformanceInsights',
    'PerformanceInsightsKMSKeyId',
    'PerformanceInsightsRetentionPeriod',
    'DatabaseInsightsMode',
  ],
] as const;

/**
 * Sets the named properties in one call, or, where AWS refuses that one, in as many as it takes: a role or a key that
 * is gone keeps nothing else back. Answers the names of those that were set.
 */
function* setAgain(
  identity: string,
  names: ReadonlySet<string>,
  live: JsonObject,
  wanted: JsonObject,
): Program<ReadonlySet<string>> {
  const call = (some: ReadonlySet<string>): Call =>
    rds({
      operation: 'ModifyDBInstance',
      identity,
      retry: 'absolute',
      purpose: some === names ? 'set what a restore cannot take' : `set ${[...some].join(', ')}`,
      input: { ...modifyInput(identity, some, live, wanted), ApplyImmediately: true },
    });
  if (Object.keys(modifyInput(identity, names, live, wanted)).length === 0) return new Set();
  try {
    yield* send(call(names));
    return names;
  } catch (error) {
    if (!isLastingRefusal(error)) throw error;
  }
  const groups = [...names].map((name) => TOGETHER.find((group) => group.some((other) => other === name)) ?? [name]);
  const set = new Set<string>();
  for (const group of new Set(groups.map((all) => all.filter((name) => names.has(name)).join(' ')))) {
    const some = new Set(group.split(' '));
    if (Object.keys(modifyInput(identity, some, live, wanted)).length === 0) continue;
    if ((yield* sendDispensable(call(some))) === null) continue;
    for (const name of some) set.add(name);
    yield* untilReady(identity);
  }
  return set;
}

/** The second half of a restore: settings, roles, restart, protection; then the mark of a restore under way goes. */
function* finish(context: StepContext, identity: string, restored: JsonObject): Program<JsonObject> {
  const wanted = wantedProperties(context);
  let now = restored;
  const live = propertiesOf(now);
  const names = new Set(
    Object.entries(dbInstanceRules.properties)
      .filter(
        ([name, rule]) =>
          rule.update !== undefined &&
          !NOT_SET_AGAIN.has(name) &&
          canonical(live[name] ?? null) !== canonical(wanted[name] ?? null) &&
          (wanted[name] !== undefined || name === 'MaxAllocatedStorage'),
      )
      .map(([name]) => name),
  );
  // Backups that AWS began although the captured database had none are not deleted; the comparison afterwards tells.
  if (wanted['BackupRetentionPeriod'] === 0) names.delete('BackupRetentionPeriod');
  const set = yield* setAgain(identity, names, live, wanted);
  if (set.size > 0)
    now = yield* untilChanged(identity, { names: set, desired: wanted, when: 'now' }, { AssociatedRoles: [] });
  const has = (role: JsonObject): boolean =>
    listOf(now['AssociatedRoles']).some(
      (other) => other['RoleArn'] === role['RoleArn'] && (other['FeatureName'] ?? '') === role['FeatureName'],
    );
  yield* addRoles(
    identity,
    listOf(wanted['AssociatedRoles']).filter((role) => !has(role)),
    sendDispensable,
  );
  now = yield* untilReady(identity, { DBParameterGroups: [{ ParameterApplyStatus: 'pending-reboot' }] });
  if (listOf(now['DBParameterGroups'])[0]?.['ParameterApplyStatus'] === 'pending-reboot') {
    yield* send(
      rds({
        operation: 'RebootDBInstance',
        identity,
        retry: 'absolute',
        purpose: 'restart, so that the parameter group takes effect',
        input: { DBInstanceIdentifier: identity },
      }),
    );
    now = yield* untilReady(identity);
  }
  if (wanted['DeletionProtection'] === true) {
    const names = new Set(['DeletionProtection']);
    yield* send(
      rds({
        operation: 'ModifyDBInstance',
        identity,
        retry: 'absolute',
        purpose: 'protect the restored database against deletion',
        input: { DBInstanceIdentifier: identity, DeletionProtection: true, ApplyImmediately: false },
      }),
    );
    now = yield* untilChanged(identity, { names, desired: wanted, when: null });
  }
  const arn = textOf(now['DBInstanceArn']) ?? `arn:aws:rds:${context.region}:${context.account}:db:${identity}`;
  const { tags, systemTags } = splitTags(now['TagList']);
  const room = mostTags - countedTags({ ...tags, ...systemTags });
  const isMarked = systemTags[RESTORING] !== undefined;
  // A restore beside the original is not the undo of a run. Where one tag more does not fit, the mark goes first.
  const says = context.apart === undefined && room + (isMarked ? 1 : 0) > 0;
  if (says && room > 0) yield* addTags(arn, { [RESTORED_FROM]: identity });
  yield* send(
    rds({
      operation: 'RemoveTagsFromResource',
      identity: arn,
      retry: 'absolute',
      purpose: 'the restore is complete',
      input: { ResourceName: arn, TagKeys: [RESTORING] },
    }),
  );
  if (says && room <= 0) yield* addTags(arn, { [RESTORED_FROM]: identity });
  return now;
}
