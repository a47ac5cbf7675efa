import { look, send, until, type Program } from '../../../src/domain/call.ts';
import { canonical } from '../../../src/base/digest.ts';
import { UserError } from '../../../src/base/error.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import type { LiveResource } from '../../../src/domain/live.ts';
import type { StepContext } from '../../../src/domain/resource-type.ts';
import { compact, listOf, objectOf, propertyOf, textOf } from '../../aws/values/fields.ts';
import { filtered } from '../paging.ts';
import {
  directions,
  permissionOf,
  ruleIds,
  ruleKey,
  rulesFromList,
  rulesOf,
  ruleText,
  type Direction,
  type Rule,
} from './permissions.ts';
import { interfaceText } from './read.ts';
import { changeTags, tagSpecification } from '../tags.ts';

/** The rules of one direction as they are, with their ids as far as known, and as they shall be. */
interface RuleChange {
  readonly direction: Direction;
  readonly before: readonly Rule[];
  readonly ids: ReadonlyMap<string, string>;
  readonly after: readonly Rule[];
}

const inWords = (rules: readonly Rule[], direction: Direction): string =>
  rules.length === 1 && rules[0] !== undefined
    ? `${direction.word} ${ruleText(rules[0], direction)}`
    : `${rules.length} ${direction.word} rules`;

/**
 * Authorises what is new, changes descriptions, then revokes what goes, so that wanted traffic never stops. One call
 * for each direction and kind: AuthorizeSecurityGroupIngress, UpdateSecurityGroupRuleDescriptionsIngress,
 * RevokeSecurityGroupIngress and their egress twins, which take all rules or none.
 */
export function* changeRules(group: string, changes: readonly RuleChange[]): Program {
  const planned = changes.map((change) => {
    const before = new Map(change.before.map((rule) => [ruleKey(rule, change.direction), rule]));
    const after = new Map(change.after.map((rule) => [ruleKey(rule, change.direction), rule]));
    return {
      ...change,
      added: [...after].filter(([key]) => !before.has(key)).map(([, rule]) => rule),
      described: [...after]
        .filter(
          ([key, rule]) => before.has(key) && textOf(before.get(key)?.['Description']) !== textOf(rule['Description']),
        )
        .map(([, rule]) => rule),
      removed: [...before].filter(([key]) => !after.has(key)),
    };
  });
  const base = { service: 'ec2', identity: group, retry: 'absolute' } as const;
  for (const { direction, added } of planned) {
    if (added.length === 0) continue;
    yield* send({
      ...base,
      operation: operation('AuthorizeSecurityGroup', direction),
      purpose: `authorise ${inWords(added, direction)}`,
      input: { GroupId: group, IpPermissions: added.map((rule) => permissionOf(rule, direction, true)) },
    });
  }
  for (const { direction, described } of planned) {
    if (described.length === 0) continue;
    yield* send({
      ...base,
      operation: operation('UpdateSecurityGroupRuleDescriptions', direction),
      purpose: `describe ${inWords(described, direction)}`,
      input: { GroupId: group, IpPermissions: described.map((rule) => permissionOf(rule, direction, true)) },
    });
  }
  for (const { direction, removed, ids } of planned) {
    if (removed.length === 0) continue;
    const known = removed.map(([key]) => ids.get(key)).filter((id): id is string => id !== undefined && id !== '');
    yield* send({
      ...base,
      operation: operation('RevokeSecurityGroup', direction),
      purpose: `revoke ${inWords(
        removed.map(([, rule]) => rule),
        direction,
      )}`,
      input: {
        GroupId: group,
        ...(known.length === removed.length
          ? { SecurityGroupRuleIds: known }
          : { IpPermissions: removed.map(([, rule]) => permissionOf(rule, direction, false)) }),
      },
    });
  }
}

const operation = (verb: string, direction: Direction): string =>
  `${verb}${direction.word === 'ingress' ? 'Ingress' : 'Egress'}`;

/**
 * The rules of a new group: all outbound traffic is allowed, over IPv6 too where the VPC has it (CreateSecurityGroup).
 */
const defaultEgress: readonly JsonObject[] = [{ CidrIpv4: '0.0.0.0/0' }, { CidrIpv6: '::/0' }].map((range, index) => ({
  SecurityGroupRuleId: `sgr-preview-${index}`,
  IsEgress: true,
  IpProtocol: '-1',
  FromPort: -1,
  ToPort: -1,
  ...range,
}));

/**
 * CreateSecurityGroup with its tags, then its rules. AWS gives every new group egress rules that allow everything;
 * where egress is asked for, those are revoked unless they are listed, after the listed ones were authorised.
 */
export function* makeGroup(
  context: StepContext,
  properties: JsonObject,
  tags: JsonObject,
  ownRules: (identity: string) => JsonObject,
): Program<{ readonly identity: string }> {
  const name = textOf(properties['GroupName']) ?? `${context.step}-${context.op}`;
  const answer = yield* send({
    service: 'ec2',
    operation: 'CreateSecurityGroup',
    identity: context.op,
    retry: 'named',
    purpose: `create the security group ${name}`,
    input: compact({
      GroupName: name,
      Description: properties['GroupDescription'],
      VpcId: properties['VpcId'],
      TagSpecifications: [tagSpecification('security-group', tags)],
    }),
    preview: { GroupId: 'sg-preview' },
  });
  const identity = textOf(answer['GroupId']);
  if (identity === undefined) throw new UserError('unexpected-answer', 'CreateSecurityGroup answered no group id');
  const made = yield* until({
    what: `${identity} visible`,
    read: rulesOfGroup(identity),
    judge: (seen) =>
      listOf(seen?.['SecurityGroupRules']).some((rule) => rule['IsEgress'] === true)
        ? { state: 'done' }
        : { state: 'pending' },
    preview: { SecurityGroupRules: defaultEgress },
  });
  yield* setRules(identity, listOf(made?.['SecurityGroupRules']), ownRules(identity));
  return { identity };
}

const rulesOfGroup = (identity: string) =>
  ({
    service: 'ec2',
    operation: 'DescribeSecurityGroupRules',
    input: filtered('group-id', [identity]),
    absent: ['InvalidGroup.NotFound', 'InvalidGroupId.NotFound'],
  }) as const;

/** While calls are only listed nothing that is wanted is there, and one rule that is not: every operation is listed. */
const unwantedEgress: readonly JsonObject[] = [
  {
    SecurityGroupRuleId: 'sgr-preview',
    IsEgress: true,
    IpProtocol: 'tcp',
    FromPort: 0,
    ToPort: 0,
    CidrIpv4: '255.255.255.255/32',
  },
];

/** Gives a group that an earlier restore made the rules that it did not get any more. */
export function* finishGroup(identity: string, wanted: JsonObject): Program<{ readonly identity: string }> {
  const existing = yield* look(rulesOfGroup(identity), { SecurityGroupRules: unwantedEgress });
  yield* setRules(identity, listOf(existing?.['SecurityGroupRules']), wanted);
  return { identity };
}

function* setRules(identity: string, existing: readonly JsonObject[], wanted: JsonObject): Program {
  yield* changeRules(
    identity,
    directions
      .filter(({ property }) => wanted[property] !== undefined)
      .map((direction) => ({
        direction,
        before: rulesFromList(existing, direction),
        ids: ruleIds(existing, direction),
        after: rulesOf(wanted, direction),
      })),
  );
}

export const createSecurityGroup = (context: StepContext): Program<{ readonly identity: string }> =>
  context.remains !== undefined
    ? finishGroup(context.remains.identity, context.desired)
    : makeGroup(
        context,
        context.desired,
        { ...objectOf(context.desired['Tags']), ...context.ownership },
        () => context.desired,
      );

/** Rules (additions before removals), then tags; only what differs. */
export function* updateSecurityGroup(context: StepContext): Program {
  const live = liveOf(context);
  const changed = new Set(context.changes.map(({ path }) => propertyOf(path)));
  const ids = objectOf(live.attributes['RuleIds']);
  yield* changeRules(
    live.identity,
    directions
      .filter(({ property }) => changed.has(property))
      .map((direction) => ({
        direction,
        before: rulesOf(live.properties, direction),
        after: rulesOf(context.desired, direction),
        ids: new Map(Object.entries(objectOf(ids[direction.word])).map(([key, id]) => [key, textOf(id) ?? ''])),
      })),
  );
  if (changed.has('Tags') && canonical(live.properties['Tags'] ?? {}) !== canonical(context.desired['Tags'] ?? {}))
    yield* changeTags(context, live);
}

/**
 * DeleteSecurityGroup, after the interfaces of what this run deleted before have gone; AWS refuses it
 * (DependencyViolation) while anything uses the group. An interface of something else ends the wait as failed.
 */
export function* removeSecurityGroup(context: StepContext): Program {
  const { identity } = liveOf(context);
  yield* until({
    what: `nothing uses ${identity}`,
    read: { service: 'ec2', operation: 'DescribeNetworkInterfaces', input: filtered('group-id', [identity]) },
    judge: (answer) => {
      const interfaces = listOf(answer?.['NetworkInterfaces']);
      const staying = interfaces.filter((item) => !isLeaving(item, context));
      if (staying.length > 0)
        return { state: 'failed', reason: `${identity} is still used by ${staying.map(interfaceText).join(', ')}` };
      return interfaces.length === 0
        ? { state: 'done' }
        : { state: 'pending', detail: interfaces.map(interfaceText).join(', ') };
    },
    preview: { NetworkInterfaces: [] },
  });
  yield* send({
    service: 'ec2',
    operation: 'DeleteSecurityGroup',
    identity,
    retry: 'absolute',
    purpose: 'delete the security group',
    input: { GroupId: identity },
  });
}

/** Interfaces that AWS made go by themselves after what they served; those of an instance go with it. */
const isLeaving = (item: JsonObject, context: StepContext): boolean =>
  item['RequesterManaged'] === true ||
  objectOf(item['Attachment'])['Status'] === 'detaching' ||
  (context.deletedBefore ?? []).includes(textOf(objectOf(item['Attachment'])['InstanceId']) ?? '');

export function liveOf(context: StepContext): LiveResource {
  if (context.live === null) throw new UserError('not-live', `step "${context.step}" has no live security group`);
  return context.live;
}

/** Done when the group is seen. DescribeSecurityGroups. */
export function* settleSecurityGroup(identity: string): Program {
  yield* until({
    what: `${identity} present`,
    read: { service: 'ec2', operation: 'DescribeSecurityGroups', input: filtered('group-id', [identity]) },
    judge: (answer) => (listOf(answer?.['SecurityGroups']).length === 1 ? { state: 'done' } : { state: 'pending' }),
  });
}

/** Done when two reads in a row do not see the group. DescribeSecurityGroups. */
export function* securityGroupGone(identity: string): Program {
  yield* until({
    what: `${identity} gone`,
    agree: 2,
    read: { service: 'ec2', operation: 'DescribeSecurityGroups', input: filtered('group-id', [identity]) },
    judge: (answer) => (listOf(answer?.['SecurityGroups']).length === 0 ? { state: 'done' } : { state: 'pending' }),
  });
}
