import { look, type Program } from '../../../src/domain/call.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import type { Restorable, StepContext } from '../../../src/domain/resource-type.ts';
import { lookAll } from '../common.ts';
import { listOf, textOf } from '../../aws/values/fields.ts';
import { filtered } from '../paging.ts';
import { liveOf } from './change.ts';
import { directions, rulesOf, ruleText } from './permissions.ts';
import { nameHolder } from './preflight.ts';
import type { Capture } from '../../../src/domain/capture-plan.ts';

/**
 * Whether the group could be made again now: its VPC is there and its name is free; rules about groups that are gone
 * stay out. Reads only.
 */
export function* securityGroupRestorable(context: StepContext, capture: Capture | null): Program<Restorable> {
  const live = liveOf(context);
  const vpc = context.remap(textOf(live.properties['VpcId']) ?? '');
  const answer = yield* look(
    { service: 'ec2', operation: 'DescribeVpcs', input: filtered('vpc-id', [vpc]) },
    { Vpcs: [{ VpcId: vpc }] },
  );
  if (listOf(answer?.['Vpcs']).length !== 1)
    return { problems: [`the VPC "${vpc}" of ${live.identity} does not exist`], losses: [] };
  if (capture === null) return { problems: [], losses: [] };
  const name = textOf(live.properties['GroupName']);
  const holder =
    name === undefined || context.remains !== undefined
      ? undefined
      : (yield* nameHolder(vpc, name)).find(
          (id) => id !== live.identity && !(context.deletedBefore ?? []).includes(id),
        );
  const gone = new Set([...(yield* goneSources(context))].filter((id) => !(context.returning ?? []).includes(id)));
  const losses = directions.flatMap((direction) =>
    rulesOf(live.properties, direction)
      .filter((rule) => gone.has(textOf(rule[direction.group]) ?? ''))
      .map(
        (rule) =>
          `the ${direction.word} rule "${ruleText(rule, direction)}", which names a group that does not exist any more`,
      ),
  );
  return { problems: holder === undefined ? [] : [`the name "${name ?? ''}" is taken in ${vpc} by ${holder}`], losses };
}

/**
 * The groups of this account that rules of the captured group name and that are not there: AWS refuses a rule about one
 * (AuthorizeSecurityGroupIngress: InvalidGroup.NotFound). One that comes back later in the same run is pointed at by
 * re-pointing.
 */
export function* goneSources(context: StepContext): Program<ReadonlySet<string>> {
  const live = liveOf(context);
  const named = new Set(
    directions.flatMap((direction) =>
      rulesOf(live.properties, direction).flatMap((rule) => {
        const owner = textOf(rule[direction.group.replace(/Id$/u, 'OwnerId')]);
        const source = textOf(rule[direction.group]);
        return source === undefined || source === live.identity || (owner !== undefined && owner !== context.account)
          ? []
          : [source];
      }),
    ),
  );
  if (named.size === 0) return new Set();
  const ids = [...named].map(context.remap);
  const there = new Set(
    (yield* lookAll(
      'DescribeSecurityGroups',
      filtered('group-id', ids),
      'SecurityGroups',
      ids.map((GroupId) => ({ GroupId })),
    )).map((group) => textOf(group['GroupId'])),
  );
  return new Set([...named].filter((id) => !there.has(context.remap(id))));
}

/** The properties without the rules that name these groups. */
export function withoutSources(properties: JsonObject, gone: ReadonlySet<string>): JsonObject {
  if (gone.size === 0) return properties;
  const kept = directions
    .filter(({ property }) => properties[property] !== undefined)
    .map((direction) => [
      direction.property,
      rulesOf(properties, direction).filter((rule) => !gone.has(textOf(rule[direction.group]) ?? '')),
    ]);
  return { ...properties, ...(Object.fromEntries(kept) as JsonObject) };
}
