import { look, type Program } from '../../../src/domain/call.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import type { Restorable, StepContext } from '../../../src/domain/resource-type.ts';
import { listOf, textOf, textsOf } from '../../aws/values/fields.ts';
import { keysRestorable, type NeededKey } from '../../aws/values/keys.ts';
import { splitTags } from '../../aws/values/tags.ts';
import { missingReferences } from './checks.ts';
import { RESTORING } from './inputs.ts';
import { subjectOf } from './programs.ts';
import { instanceOf, statusOf } from './shape.ts';
import { describeInstance, describeSnapshot } from './states.ts';
import { clusterOf, snapshotRoom } from './snapshots.ts';
import type { Capture } from '../../../src/domain/capture-plan.ts';

/** Groups without which a database is restored all the same: AWS then takes the default one of its engine. */
const REPLACEABLE = ['DBParameterGroupName', 'OptionGroupName'] as const;

/**
 * Whether a database could be restored now, and whether there is room for the snapshots before a destruction. Its key
 * has to be usable (KMS): a database and its snapshots have one and the same, and no restore takes another
 * (RestoreDBInstanceFromDBSnapshot). Reads only.
 */
export function* databaseRestorable(context: StepContext, capture: Capture | null): Program<Restorable> {
  const live = subjectOf(context);
  if (capture === null) {
    const problems = yield* missingReferences(live.properties);
    const full = clusterOf(live) === undefined ? yield* snapshotRoom(1) : null;
    const keys = yield* keysRestorable(keysOf(live), false);
    return { problems: [...problems, ...(full === null ? [] : [full]), ...keys.problems], losses: [] };
  }
  const held = instanceOf(yield* look(describeInstance(live.identity), null));
  const problems =
    held === undefined || statusOf(held) === 'deleting' || isOurs(context, held)
      ? []
      : [
          `the name "${live.identity}" is held by another database that is "${statusOf(held)}": rename that one, or restore under another name`,
        ];
  if (context.remains === undefined) problems.push(...(yield* snapshotProblems(live.identity, capture)));
  const returning = new Set(context.returning);
  const groups = textsOf(live.properties['VPCSecurityGroups'])
    .filter((group) => !returning.has(group))
    .map(context.remap);
  const subnets = textOf(live.properties['DBSubnetGroupName']);
  problems.push(
    ...(yield* missingReferences({
      VPCSecurityGroups: groups,
      ...(subnets === undefined ? {} : { DBSubnetGroupName: context.remap(subnets) }),
    })),
  );
  const keys = context.remains === undefined ? yield* keysRestorable(keysOf(live), true) : { problems: [], losses: [] };
  const gone = yield* goneGroups(context);
  return {
    problems: [...problems, ...keys.problems],
    losses: [
      ...keys.losses,
      ...gone.map(
        (name) =>
          `its ${name === 'OptionGroupName' ? 'option' : 'DB parameter'} group "${textOf(live.properties[name]) ?? ''}", which does not exist any more: it comes back with the default one of its engine`,
      ),
    ],
  };
}

/**
 * The key of its storage and of its snapshots. That of Performance Insights may go: a restore leaves it out where AWS
 * refuses it.
 */
const keysOf = ({ identity, properties }: LiveResource): readonly NeededKey[] => {
  const key = textOf(properties['KmsKeyId']);
  return properties['StorageEncrypted'] !== true || key === undefined ? [] : [{ key, of: identity }];
};

/** The rest of this restore, or of an earlier one, which the restore itself tells from a stranger. */
function isOurs(context: StepContext, held: JsonObject): boolean {
  const { systemTags } = splitTags(held['TagList']);
  return (
    systemTags[RESTORING] !== undefined ||
    systemTags['aiplan:op'] === context.op ||
    (context.tries ?? []).includes(systemTags['aiplan:op'] ?? '')
  );
}

function* snapshotProblems(identity: string, capture: Capture): Program<readonly string[]> {
  const said: string[] = [];
  for (const name of [textOf(capture.refs['final']), textOf(capture.refs['snapshot'])]) {
    if (name === undefined) continue;
    const found = listOf(
      (yield* look(describeSnapshot(name), { DBSnapshots: [{ Status: 'available' }] }))?.['DBSnapshots'],
    )[0];
    if (found?.['Status'] === 'available' || found?.['Status'] === 'creating') return [];
    said.push(found === undefined ? `${name} does not exist any more` : `${name} is "${String(found['Status'])}"`);
  }
  return [
    `no snapshot of ${identity} is left of its capture (${said.join(', ')}); look for others with aws rds describe-db-snapshots --db-instance-identifier ${identity}, and for its automated backups`,
  ];
}

/** The captured parameter and option group, as far as they are gone. */
export function* goneGroups(context: StepContext): Program<readonly (typeof REPLACEABLE)[number][]> {
  const { properties } = subjectOf(context);
  const gone: (typeof REPLACEABLE)[number][] = [];
  for (const name of REPLACEABLE) {
    const value = textOf(properties[name]);
    if (value !== undefined && (yield* missingReferences({ [name]: context.remap(value) })).length > 0) gone.push(name);
  }
  return gone;
}
