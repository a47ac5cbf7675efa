import { look, type Program } from '../../../src/domain/call.ts';
import { isUnknown, type Json, type JsonObject } from '../../../src/base/json.ts';
import type { StepContext } from '../../../src/domain/resource-type.ts';
import { lookAll } from '../common.ts';
import { listOf, objectOf, textOf } from '../../aws/values/fields.ts';
import { filtered } from '../paging.ts';
import { liveOf } from './change.ts';
import { directions, ruleKey, rulesOf, type Direction } from './permissions.ts';
import { countedRules, RULES_QUOTA } from './values.ts';
import { hasGroup, interfaceText, isFurther, refersTo } from './read.ts';

type StepAction = 'create' | 'update' | 'replace' | 'delete';

/** Problems of a step, each in one sentence. Only reads. */
export function* preflightSecurityGroup(context: StepContext, action: StepAction): Program<readonly string[]> {
  const problems: string[] = [];
  const owner = context.live?.binding['owner'];
  if (action !== 'create' && typeof owner === 'string')
    problems.push(`${liveOf(context).identity} belongs to ${owner}, which would change it back: change it there`);
  if (action !== 'delete')
    problems.push(...directions.flatMap((direction) => quotaProblems(context, action, direction)));
  if (action === 'create' || action === 'replace') problems.push(...(yield* nameProblems(context)));
  if (action === 'delete' || action === 'replace') problems.push(...(yield* useProblems(context)));
  return problems;
}

/**
 * AWS counts the rules of a direction, and additions go before removals. The account's quota cannot be read with what
 * aiplan may call: it is AWS's own figure, unless a group has more rules already, which shows that it was raised.
 */
function quotaProblems({ live, desired }: StepContext, action: StepAction, direction: Direction): readonly string[] {
  const before = action === 'update' && live !== null ? rulesOf(live.properties, direction) : [];
  const after = rulesOf(desired, direction);
  const has = countedRules(before);
  if (has > RULES_QUOTA) return [];
  const name = live?.identity ?? textOf(desired['GroupName']) ?? 'the group';
  const wants = countedRules(after);
  if (wants > RULES_QUOTA)
    return wants === has
      ? []
      : [
          `${name} would have ${wants} ${direction.word} rules, and AWS takes ${RULES_QUOTA} unless the quota was raised: merge ranges, or spread the rules over several groups`,
        ];
  const kept = new Set(after.map((rule) => ruleKey(rule, direction)));
  const meanwhile = countedRules([...after, ...before.filter((rule) => !kept.has(ruleKey(rule, direction)))]);
  return meanwhile <= RULES_QUOTA
    ? []
    : [
        `${name} would have ${meanwhile} ${direction.word} rules while rules are exchanged, and AWS takes ${RULES_QUOTA}: what comes is added before what goes is revoked; revoke in one plan and add in the next`,
      ];
}

const known = (value: Json | undefined): string | undefined => (isUnknown(value) ? undefined : textOf(value));

/** The VPC is there and the name is free in it (CreateSecurityGroup: InvalidGroup.Duplicate). */
function* nameProblems(context: StepContext): Program<readonly string[]> {
  const vpc = known(context.desired['VpcId']);
  const name = known(context.desired['GroupName']);
  if (vpc === undefined) return [];
  const vpcs = listOf(
    (yield* look(
      { service: 'ec2', operation: 'DescribeVpcs', input: filtered('vpc-id', [vpc]) },
      { Vpcs: [{ VpcId: vpc }] },
    ))?.['Vpcs'],
  );
  if (vpcs.length === 0) return [`the VPC "${vpc}" does not exist`];
  if (name === undefined) return [];
  const holders = yield* nameHolder(vpc, name);
  const taken = holders.find(
    (holder) =>
      !(context.deletedBefore ?? []).includes(holder) &&
      !(context.replacing && context.order === 'delete-first' && holder === context.live?.identity),
  );
  if (taken === undefined) return [];
  return [
    taken === context.live?.identity
      ? `the name "${name}" is still that of ${taken} while the new group is made: give another GroupName, or write order: delete-first`
      : `the name "${name}" is taken in ${vpc} by ${taken}`,
  ];
}

/** Groups that have a name in a VPC. DescribeSecurityGroups. */
export function* nameHolder(vpc: string, name: string): Program<readonly string[]> {
  const input: JsonObject = {
    Filters: [
      { Name: 'vpc-id', Values: [vpc] },
      { Name: 'group-name', Values: [name] },
    ],
  };
  return (yield* lookAll('DescribeSecurityGroups', input, 'SecurityGroups')).map(
    (group) => textOf(group['GroupId']) ?? '',
  );
}

/**
 * Nothing will use the group any more when it is deleted; what other steps of the run delete or change before is left
 * out.
 */
function* useProblems(context: StepContext): Program<readonly string[]> {
  const live = liveOf(context);
  const { identity } = live;
  if (live.properties['GroupName'] === 'default')
    return [`${identity} is the default group of its VPC, which AWS does not delete`];
  const before = new Set([
    ...(context.deletedBefore ?? []),
    ...(context.releasedBefore ?? []),
    ...(context.deletedAfter ?? []),
  ]);
  const databases = yield* usingDatabases(identity);
  const held = databases.filter((name) => !before.has(name));
  const interfaces = (yield* lookAll(
    'DescribeNetworkInterfaces',
    filtered('group-id', [identity]),
    'NetworkInterfaces',
  )).filter((item) => {
    if (
      !hasGroup(item, identity) ||
      before.has(textOf(item['NetworkInterfaceId']) ?? '') ||
      goesWithInstance(item, context)
    )
      return false;
    // Interfaces of RDS go with their database, and do not say whose they are.
    return !(item['RequesterId'] === 'amazon-rds' && databases.length > 0 && held.length === 0);
  });
  const groups = [
    ...(yield* lookAll('DescribeSecurityGroups', filtered('ip-permission.group-id', [identity]), 'SecurityGroups')),
    ...(yield* lookAll(
      'DescribeSecurityGroups',
      filtered('egress.ip-permission.group-id', [identity]),
      'SecurityGroups',
    )),
  ]
    .filter((group) => group['GroupId'] !== identity && refersTo(group, identity))
    .map((group) => textOf(group['GroupId']) ?? '');
  const users = [
    ...interfaces.map(interfaceText),
    ...held.map((name) => `database ${name}`),
    ...[...new Set(groups)].filter((group) => !before.has(group)).map((group) => `a rule of ${group}`),
  ];
  return users.length === 0 ? [] : [`${identity} is in use, and AWS would refuse to delete it: ${users.join(', ')}`];
}

/**
 * The first interface of an instance that the run deletes before goes with it, unless it outlives it, and has other
 * groups where the run points the instance elsewhere. A further one stays as it is.
 */
function goesWithInstance(
  item: JsonObject,
  { deletedBefore = [], releasedBefore = [], deletedAfter = [] }: StepContext,
): boolean {
  const attachment = objectOf(item['Attachment']);
  const instance = textOf(attachment['InstanceId']) ?? '';
  if (isFurther(item)) return false;
  return (
    releasedBefore.includes(instance) ||
    ([...deletedBefore, ...deletedAfter].includes(instance) && attachment['DeleteOnTermination'] !== false)
  );
}

/** Names of the databases that have the group. DescribeDBInstances, every page. */
function* usingDatabases(identity: string): Program<readonly string[]> {
  const found: string[] = [];
  let marker: string | undefined;
  do {
    const answer: JsonObject | null = yield* look({
      service: 'rds',
      operation: 'DescribeDBInstances',
      input: marker === undefined ? {} : { Marker: marker },
    });
    for (const database of listOf(answer?.['DBInstances'])) {
      const name = textOf(database['DBInstanceIdentifier']);
      if (
        name !== undefined &&
        listOf(database['VpcSecurityGroups']).some((group) => group['VpcSecurityGroupId'] === identity)
      )
        found.push(name);
    }
    marker = textOf(answer?.['Marker']);
  } while (marker !== undefined);
  return found;
}
