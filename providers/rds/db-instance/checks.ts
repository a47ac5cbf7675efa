import { look, type Program } from '../../../src/domain/call.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import type { Preflight, StepContext } from '../../../src/domain/resource-type.ts';
import { listOf, textOf, textsOf } from '../../aws/values/fields.ts';
import { changedProperties } from './inputs.ts';
import { subjectOf } from './programs.ts';
import { fittingProblems, givenBy } from './fitting.ts';
import { BROKEN } from './rules.ts';
import { describeInstance, describeSnapshot } from './states.ts';
import { instanceOf, statusOf } from './shape.ts';
import { clusterOf, finalSnapshotName, noFinalSnapshot, snapshotName, snapshotRoom } from './snapshots.ts';

const REFERENCES = ['DBSubnetGroupName', 'VPCSecurityGroups', 'DBParameterGroupName', 'OptionGroupName'] as const;

/** A named group of RDS that must exist; AWS's own default groups are made when they are needed. */
function* missing(
  operation: string,
  parameter: string,
  list: string,
  absent: string,
  name: string | undefined,
  what: string,
): Program<readonly string[]> {
  if (name === undefined || /^default[.:]/u.test(name)) return [];
  const answer = yield* look(
    { service: 'rds', operation, input: { [parameter]: name }, absent: [absent] },
    { [list]: [{ [parameter]: name }] },
  );
  return listOf(answer?.[list]).length === 0 ? [`the ${what} "${name}" does not exist`] : [];
}

/** Names in the properties that AWS does not know: subnet, security, parameter and option groups. Reads only. */
export function* missingReferences(
  properties: JsonObject,
  names: ReadonlySet<string> = new Set(REFERENCES),
): Program<readonly string[]> {
  const named = (property: (typeof REFERENCES)[number]): string | undefined =>
    names.has(property) ? textOf(properties[property]) : undefined;
  const problems = [
    ...(yield* missing(
      'DescribeDBSubnetGroups',
      'DBSubnetGroupName',
      'DBSubnetGroups',
      'DBSubnetGroupNotFound',
      named('DBSubnetGroupName'),
      'DB subnet group',
    )),
    ...(yield* missing(
      'DescribeDBParameterGroups',
      'DBParameterGroupName',
      'DBParameterGroups',
      'DBParameterGroupNotFound',
      named('DBParameterGroupName'),
      'DB parameter group',
    )),
    ...(yield* missing(
      'DescribeOptionGroups',
      'OptionGroupName',
      'OptionGroupsList',
      'OptionGroupNotFound',
      named('OptionGroupName'),
      'option group',
    )),
  ];
  const groups = names.has('VPCSecurityGroups') ? textsOf(properties['VPCSecurityGroups']) : [];
  if (groups.length > 0) {
    // By filter: an id that does not exist would fail a call by id as a whole.
    const answer = yield* look(
      {
        service: 'ec2',
        operation: 'DescribeSecurityGroups',
        input: { Filters: [{ Name: 'group-id', Values: [...groups] }] },
      },
      { SecurityGroups: groups.map((GroupId) => ({ GroupId })) },
    );
    const found = new Set(listOf(answer?.['SecurityGroups']).map((group) => group['GroupId']));
    problems.push(
      ...groups.filter((group) => !found.has(group)).map((group) => `the security group ${group} does not exist`),
    );
  }
  return problems;
}

/** Names of snapshots that this step needs and another snapshot already has. */
function* takenNames(context: StepContext, names: readonly string[]): Program<readonly string[]> {
  const problems: string[] = [];
  for (const name of names) {
    const answer = yield* look(describeSnapshot(name), null);
    const snapshot = listOf(answer?.['DBSnapshots'])[0];
    const mine = listOf(snapshot?.['TagList']).some((tag) => tag['Key'] === 'aiplan:op' && tag['Value'] === context.op);
    if (snapshot !== undefined && !mine) problems.push(`a DB snapshot named "${name}" already exists`);
  }
  return problems;
}

/** Of an update the plan warns; a deletion behind the owner's back is refused. */
function ownerProblem(live: LiveResource): readonly string[] {
  const owner = textOf(live.binding['owner']);
  const cluster = clusterOf(live);
  if (cluster !== undefined)
    return [
      `${live.identity} is a member of the Aurora cluster ${cluster}: its data, snapshots and deletion belong to the cluster, which aiplan does not manage yet`,
    ];
  return owner === undefined
    ? []
    : [`${live.identity} belongs to the ${owner}, which would put it back or lose track of it: delete it there`];
}

/** ModifyDBInstance, BackupRetentionPeriod: not 0 while the database is a source of replicas. */
function replicaProblems({ desired }: StepContext, live: LiveResource): readonly string[] {
  const replicas = textsOf(live.attributes['ReadReplicaDBInstanceIdentifiers']);
  return desired['BackupRetentionPeriod'] === 0 && live.properties['BackupRetentionPeriod'] !== 0 && replicas.length > 0
    ? [
        `${live.identity} is the source of ${replicas.join(', ')}, and AWS keeps backups of a source: its BackupRetentionPeriod cannot become 0`,
      ]
    : [];
}

/** Checks before the first mutation: name, state, protection, owner, groups, and room and names for the snapshots. */
export const preflightDatabase: Preflight = function* (context, action) {
  if (action === 'create') return yield* beforeCreate(context);
  const live = subjectOf(context);
  const member = clusterOf(live) !== undefined;
  const refused = noFinalSnapshot(live);
  const problems: string[] = [];
  if (action === 'delete') {
    problems.push(...ownerProblem(live));
    if (live.properties['DeletionProtection'] === true && context.desired['DeletionProtection'] !== false) {
      problems.push(
        `${live.identity} is protected against deletion: write "properties: { DeletionProtection: false }" in its delete, which is then confirmed with it`,
      );
    }
    if (live.state === 'storage-full')
      problems.push(
        `${live.identity} is "storage-full" and no snapshot of it can be taken: raise AllocatedStorage first`,
      );
  } else if (BROKEN.includes(live.state)) {
    problems.push(`${live.identity} is "${live.state}": AWS changes a database only while it is available`);
  }
  problems.push(
    ...(yield* missingReferences(
      context.desired,
      new Set(
        [...changedProperties(context)].filter(
          (name) => action !== 'delete' && (REFERENCES as readonly string[]).includes(name),
        ),
      ),
    )),
  );
  if (action === 'update')
    problems.push(
      ...(yield* fittingProblems(context.desired, givenBy(context, action))),
      ...replicaProblems(context, live),
    );
  const names = [
    ...(member || BROKEN.includes(live.state) ? [] : [snapshotName(context.captureName)]),
    ...(action === 'delete' && refused === null ? [finalSnapshotName(context.captureName)] : []),
  ];
  problems.push(...(yield* takenNames(context, names)));
  const full = names.length === 0 ? null : yield* snapshotRoom(names.length);
  return full === null ? problems : [...problems, full];
};

function* beforeCreate(context: StepContext): Program<readonly string[]> {
  const identity = textOf(context.desired['DBInstanceIdentifier'])?.toLowerCase();
  if (identity === undefined) return ['DBInstanceIdentifier is missing: aiplan finds a database again by its name'];
  const held = instanceOf(yield* look(describeInstance(identity), null));
  const problems =
    held === undefined ? [] : [`the name "${identity}" is held by a database that is "${statusOf(held)}"`];
  return [
    ...problems,
    ...(yield* missingReferences(context.desired)),
    ...(yield* fittingProblems(context.desired, givenBy(context, 'create'))),
  ];
}
