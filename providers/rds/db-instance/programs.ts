import { send, type Call, type Program } from '../../../src/domain/call.ts';
import { UserError } from '../../../src/base/error.ts';
import { isUnknown, type Json, type JsonObject } from '../../../src/base/json.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import type { StepContext } from '../../../src/domain/resource-type.ts';
import { listOf, objectOf, textOf } from '../../aws/values/fields.ts';
import { captureTags, tagList } from '../../aws/values/tags.ts';
import { changedProperties, createInput, modifyInput } from './inputs.ts';
import {
  untilCapturable,
  untilChangeable,
  untilChanged,
  untilGone,
  untilReady,
  untilRoles,
  untilSnapshot,
} from './states.ts';
import { finalSnapshotName, noFinalSnapshot } from './snapshots.ts';

const ROTATE = 'aiplan:rotate';
const rds = (call: Omit<Call, 'service'>): Call => ({ service: 'rds', ...call });

/**
 * The resource that a step acts upon. Throws UserError `no-live-resource` where the plan has none, which is a fault of
 * the caller.
 */
export function subjectOf(context: StepContext): LiveResource {
  if (context.live === null)
    throw new UserError('no-live-resource', `step "${context.step}" acts upon a database that was not read`);
  return context.live;
}

/** CreateDBInstance; roles when it is available. RDS has no client tokens: the name is the token. */
export function* createDatabase(context: StepContext): Program<{ readonly identity: string }> {
  const name = context.desired['DBInstanceIdentifier'];
  // A name that another step makes is known when that step has run; a plan lists the calls before.
  const identity = isUnknown(name) ? name.$unknown : textOf(name)?.toLowerCase();
  if (identity === undefined) {
    throw new UserError('name-missing', `step "${context.step}" creates a database without DBInstanceIdentifier`, {
      help: 'give it a DBInstanceIdentifier: aiplan finds it again by that name',
    });
  }
  const tags = { ...objectOf(context.desired['Tags']), ...context.ownership };
  if (context.remains === undefined)
    yield* send(
      rds({
        operation: 'CreateDBInstance',
        identity,
        retry: 'named',
        purpose: `create the database ${identity}`,
        input: { ...createInput(context.desired, tags), DBInstanceIdentifier: identity },
      }),
    );
  const roles = listOf(context.desired['AssociatedRoles']);
  if (roles.length > 0) {
    const there = listOf((yield* untilReady(identity))['AssociatedRoles']);
    yield* addRoles(
      identity,
      roles.filter(
        (role) =>
          !there.some((other) => other['RoleArn'] === role['RoleArn'] && other['FeatureName'] === role['FeatureName']),
      ),
    );
  }
  return { identity };
}

/**
 * Additions first: tags, the change itself (one ModifyDBInstance), roles; then what goes. ApplyImmediately only with
 * `when: now`, because it would also flush what others left pending.
 */
export function* updateDatabase(context: StepContext): Program {
  const live = subjectOf(context);
  const names = changedProperties(context);
  const arn = String(live.attributes['DBInstanceArn'] ?? '');
  const before = objectOf(live.properties['Tags']);
  const after = names.has('Tags') ? objectOf(context.desired['Tags']) : before;
  yield* addTags(
    arn,
    Object.fromEntries(
      Object.entries(after).filter(([key, value]) => typeof value === 'string' && before[key] !== value),
    ),
  );
  const input = modifyInput(live.identity, names, live.properties, context.desired);
  if (Object.keys(input).length > 0 || names.has('AssociatedRoles')) yield* untilChangeable(live.identity);
  if (Object.keys(input).length > 0) {
    yield* send(
      rds({
        operation: 'ModifyDBInstance',
        identity: live.identity,
        retry: 'absolute',
        purpose: `change ${[...names].filter((name) => name !== 'Tags' && name !== 'AssociatedRoles').join(', ')}`,
        input: { ...input, ApplyImmediately: context.when === 'now' },
      }),
    );
    yield* untilChanged(live.identity, { names, desired: context.desired, when: context.when });
  }
  if (names.has('AssociatedRoles')) yield* changeRoles(live, listOf(context.desired['AssociatedRoles']));
  const word = context.ownership[ROTATE];
  // After the change: a recorded word means that the password was set.
  if (word !== undefined && live.systemTags[ROTATE] !== word) yield* addTags(arn, { [ROTATE]: word });
  const gone = Object.keys(before).filter((key) => after[key] === undefined || after[key] === null);
  if (gone.length > 0) {
    yield* send(
      rds({
        operation: 'RemoveTagsFromResource',
        identity: arn,
        retry: 'absolute',
        purpose: 'remove tags',
        input: { ResourceName: arn, TagKeys: gone },
      }),
    );
  }
}

/** AddTagsToResource; nothing for no tags. */
export function* addTags(arn: string, tags: JsonObject): Program {
  if (Object.keys(tags).length === 0) return;
  yield* send(
    rds({
      operation: 'AddTagsToResource',
      identity: arn,
      retry: 'absolute',
      purpose: 'set tags',
      input: { ResourceName: arn, Tags: tagList(tags) },
    }),
  );
}

const roleInput = (identity: string, role: JsonObject): JsonObject => ({
  DBInstanceIdentifier: identity,
  RoleArn: role['RoleArn'],
  FeatureName: role['FeatureName'],
});
const arnsOf = (roles: readonly JsonObject[]): readonly string[] => roles.map((role) => String(role['RoleArn']));

/** AddRoleToDBInstance, one call per feature, each waited for: RDS takes them one by one. */
export function* addRoles(
  identity: string,
  roles: readonly JsonObject[],
  sending: (call: Call) => Program<JsonObject | null> = send,
): Program {
  for (const role of roles) {
    const answer = yield* sending(
      rds({
        operation: 'AddRoleToDBInstance',
        identity,
        retry: 'absolute',
        purpose: `let the database act as ${String(role['RoleArn'])}`,
        input: roleInput(identity, role),
      }),
    );
    if (answer === null) continue;
    yield* untilRoles(identity, arnsOf([role]), []);
  }
}

function* removeRoles(identity: string, roles: readonly JsonObject[]): Program {
  for (const role of roles) {
    yield* send(
      rds({
        operation: 'RemoveRoleFromDBInstance',
        identity,
        retry: 'absolute',
        purpose: `no longer act as ${String(role['RoleArn'])}`,
        input: roleInput(identity, role),
      }),
    );
    yield* untilRoles(identity, [], arnsOf([role]));
  }
}

/** A feature has one role at a time: where it changes, the old one goes first; what only goes, goes last. */
function* changeRoles(live: LiveResource, desired: readonly JsonObject[]): Program {
  const before = listOf(live.properties['AssociatedRoles']);
  const equal =
    (one: JsonObject) =>
    (other: JsonObject): boolean =>
      one['RoleArn'] === other['RoleArn'] && one['FeatureName'] === other['FeatureName'];
  const added = desired.filter((role) => !before.some(equal(role)));
  const removed = before.filter((role) => !desired.some(equal(role)));
  const inTheWay = (role: JsonObject): boolean =>
    added.some((other) => other['FeatureName'] === role['FeatureName'] || other['RoleArn'] === role['RoleArn']);
  yield* removeRoles(live.identity, removed.filter(inTheWay));
  yield* addRoles(live.identity, added);
  yield* removeRoles(
    live.identity,
    removed.filter((role) => !inTheWay(role)),
  );
}

/**
 * DeleteDBInstance with a final snapshot wherever AWS takes one, automated backups kept; then the final snapshot is
 * waited for and gets the tags of a capture.
 */
export function* removeDatabase(context: StepContext): Program {
  const live = subjectOf(context);
  const { identity } = live;
  const skipped = noFinalSnapshot(live) !== null;
  if (!skipped) yield* untilCapturable(identity);
  const final = finalSnapshotName(context.captureName);
  const how: Record<string, Json> = skipped
    ? { SkipFinalSnapshot: true }
    : { SkipFinalSnapshot: false, FinalDBSnapshotIdentifier: final };
  yield* send(
    rds({
      operation: 'DeleteDBInstance',
      identity,
      retry: 'absolute',
      purpose: skipped
        ? `delete the database ${identity} without a final snapshot, which AWS refuses here`
        : `delete the database ${identity} with the final snapshot ${final}`,
      input: { DBInstanceIdentifier: identity, ...how, DeleteAutomatedBackups: false },
    }),
  );
  if (!skipped) yield* finishRemoval(context);
}

/**
 * The work after DeleteDBInstance: its final snapshot gets the tags of a capture, which the call itself cannot give it.
 */
export function* finishRemoval(context: StepContext): Program {
  const live = subjectOf(context);
  if (noFinalSnapshot(live) !== null) return;
  const final = textOf(context.capture?.refs['final']) ?? finalSnapshotName(context.captureName);
  yield* untilGone(live.identity, live.incarnation);
  const snapshot = yield* untilSnapshot(final, {
    DBSnapshotArn: `arn:aws:rds:${context.region}:${context.account}:snapshot:${final}`,
  });
  yield* addTags(String(snapshot['DBSnapshotArn'] ?? ''), captureTags(context));
}
