import { send, type Program } from '../../../src/domain/call.ts';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import type { CaptureOperations, StepContext } from '../../../src/domain/resource-type.ts';
import { lookAll } from '../common.ts';
import { listOf, numberOf, objectOf, textOf, textsOf } from '../../aws/values/fields.ts';
import { filtered } from '../paging.ts';
import { changeRules, finishGroup, liveOf, makeGroup } from './change.ts';
import {
  directions,
  ruleIds,
  ruleKey,
  rulesFromList,
  rulesFromPermissions,
  egress,
  ingress,
  type Direction,
  type Rule,
} from './permissions.ts';
import { hasGroup, refersTo } from './read.ts';
import { goneSources, securityGroupRestorable, withoutSources } from './restorable.ts';
import { restoreTags } from '../../aws/values/tags.ts';
import type { Capture } from '../../../src/domain/capture-plan.ts';

const naming = (rules: readonly Rule[], direction: Direction, group: string): readonly Rule[] =>
  rules.filter((rule) => rule[direction.group] === group);

/** Other groups' rules that name the group, and network interfaces that have it, as they are before it goes. */
function* referrersOf(identity: string): Program<JsonObject> {
  const groups = [
    ...(yield* lookAll('DescribeSecurityGroups', filtered('ip-permission.group-id', [identity]), 'SecurityGroups')),
    ...(yield* lookAll(
      'DescribeSecurityGroups',
      filtered('egress.ip-permission.group-id', [identity]),
      'SecurityGroups',
    )),
  ].filter(
    (group, index, all) =>
      group['GroupId'] !== identity &&
      refersTo(group, identity) &&
      all.findIndex((other) => other['GroupId'] === group['GroupId']) === index,
  );
  const interfaces = (yield* lookAll(
    'DescribeNetworkInterfaces',
    filtered('group-id', [identity]),
    'NetworkInterfaces',
  )).filter((item) => hasGroup(item, identity));
  return {
    groups: groups.map((group) => ({
      GroupId: textOf(group['GroupId']) ?? '',
      SecurityGroupIngress: naming(rulesFromPermissions(group['IpPermissions'], ingress), ingress, identity),
      SecurityGroupEgress: naming(rulesFromPermissions(group['IpPermissionsEgress'], egress), egress, identity),
    })),
    interfaces: interfaces.map((item) => ({
      NetworkInterfaceId: textOf(item['NetworkInterfaceId']) ?? '',
      InstanceId: textOf(objectOf(item['Attachment'])['InstanceId']) ?? null,
      RequesterManaged: item['RequesterManaged'] === true,
      Groups: listOf(item['Groups']).map((group) => textOf(group['GroupId']) ?? ''),
    })),
  };
}

/** Rules that still name the old group: they stand for what a plan cannot know, so that it lists their revocation. */
const stale = (group: string): readonly JsonObject[] =>
  [false, true].map((IsEgress) => ({
    SecurityGroupRuleId: 'sgr-preview',
    IsEgress,
    IpProtocol: '-1',
    FromPort: -1,
    ToPort: -1,
    ReferencedGroupInfo: { GroupId: group },
  }));

/** A value with every text that is the former id replaced by the new one, and every other id remapped. */
function renamed(value: Json | undefined, rename: (id: string) => string): Json {
  if (typeof value === 'string') return rename(value);
  if (Array.isArray(value)) return value.map((item: Json) => renamed(item, rename));
  if (typeof value !== 'object' || value === null) return value ?? null;
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([key, item]) => [
      key,
      key === 'Description' ? (item ?? null) : renamed(item, rename),
    ]),
  );
}

/** The configuration of a group is all that it has: it lies in the journal, referrers in the capture. */
export const securityGroupCapture: CaptureOperations = {
  /**
   * Groups that are deleted after this one and name it still let go of it first: AWS refuses to delete a group that
   * another's rule names (DeleteSecurityGroup, DependencyViolation).
   */
  *quiesce(context) {
    const { identity } = liveOf(context);
    for (const group of context.deletedAfter ?? []) {
      const listed = yield* lookAll(
        'DescribeSecurityGroupRules',
        filtered('group-id', [group]),
        'SecurityGroupRules',
        stale(identity),
      );
      yield* changeRules(
        group,
        directions.map((direction) => {
          const before = rulesFromList(listed, direction);
          return {
            direction,
            before,
            ids: ruleIds(listed, direction),
            after: before.filter((rule) => rule[direction.group] !== identity),
          };
        }),
      );
    }
  },
  *unquiesce(context) {
    const { identity } = liveOf(context);
    const { capture } = context;
    const released = new Set(textsOf(capture?.extras['released']));
    if (capture === undefined || released.size === 0) return;
    const groups = listOf(objectOf(capture.extras['referrers'])['groups']).filter((group) =>
      released.has(textOf(group['GroupId']) ?? ''),
    );
    yield* pointGroups(context, groups, identity, identity);
  },
  plan(live, action) {
    const count =
      listOf(live.properties['SecurityGroupIngress']).length + listOf(live.properties['SecurityGroupEgress']).length;
    const what = `configuration of ${live.identity} with ${count} rule${count === 1 ? '' : 's'}, in the journal`;
    if (action === 'update') return { how: 'config', what, late: false, loses: [] };
    const tagged = numberOf(live.attributes['TaggedRules']) ?? 0;
    return {
      how: 'config',
      what,
      late: false,
      newIdentity: true,
      loses: [
        `the id ${live.identity}: a restored group gets a new one`,
        ...(tagged === 0 ? [] : [`the tags of ${tagged} of its rules`]),
      ],
    };
  },
  *take(context: StepContext): Program<Capture> {
    const { identity } = liveOf(context);
    const referrers = context.action === 'update' ? { groups: [], interfaces: [] } : yield* referrersOf(identity);
    // The capture says of itself whose rules the step revokes: the undo knows no plan any more.
    return {
      how: 'config',
      refs: { group: identity },
      pointInTime: null,
      bytes: null,
      encrypted: null,
      extras: { referrers, ...(context.deletedAfter === undefined ? {} : { released: context.deletedAfter }) },
    };
  },
  /** The rules in the journal are the live ones still. */
  *verify(context) {
    const live = liveOf(context);
    const listed = yield* lookAll(
      'DescribeSecurityGroupRules',
      filtered('group-id', [live.identity]),
      'SecurityGroupRules',
    );
    const differs = directions.filter((direction) => {
      const now = rulesFromList(listed, direction).map((rule) => ruleKey(rule, direction));
      const then = listOf(live.properties[direction.property])
        .map((rule) => ruleKey(rule, direction))
        .toSorted();
      return now.join('\n') !== then.join('\n');
    });
    return differs.map(({ word }) => `the ${word} rules of ${live.identity} changed while it was captured`);
  },
  restorable: securityGroupRestorable,
  apart: (live, as) => (as === null ? live : { ...live, properties: { ...live.properties, GroupName: as } }),
  /**
   * Makes the group again under its name, in its VPC, with its rules; rules that name the group itself name the new
   * one.
   */
  *restore(context) {
    const live = liveOf(context);
    const properties = renamed(live.properties, context.remap) as JsonObject;
    const { GroupName, GroupDescription } = live.properties;
    const gone = yield* goneSources(context);
    const ownRules = (identity: string): JsonObject =>
      renamed(withoutSources(live.properties, gone), (id) =>
        id === live.identity ? identity : context.remap(id),
      ) as JsonObject;
    const made =
      context.remains === undefined
        ? yield* makeGroup(
            context,
            { ...properties, GroupName, GroupDescription },
            restoreTags(context, objectOf(live.properties['Tags']), live.systemTags, live.identity),
            ownRules,
          )
        : yield* finishGroup(context.remains.identity, ownRules(context.remains.identity));
    return { identity: made.identity, map: { [live.identity]: made.identity } };
  },
};

/**
 * Points what named the old group at the restored one: adds the rules of other groups again with the new id, revokes
 * what is left of the old ones, and gives the captured interfaces their groups back. A resource that does not exist any
 * more is passed over.
 */
export function* repointSecurityGroup(context: StepContext, capture: Capture, to: string): Program {
  const from = liveOf(context).identity;
  const rename = (id: string): string => (id === from ? to : context.remap(id));
  const referrers = objectOf(capture.extras['referrers']);
  yield* pointGroups(context, listOf(referrers['groups']), from, to);
  yield* pointInterfaces(context, listOf(referrers['interfaces']), rename);
}

/**
 * Gives other groups their captured rules that named the group `from`, with `to` in its place; no other rule of theirs
 * is touched.
 */
function* pointGroups(context: StepContext, groups: readonly JsonObject[], from: string, to: string): Program {
  const rename = (id: string): string => (id === from ? to : context.remap(id));
  for (const group of groups) {
    const identity = context.remap(textOf(group['GroupId']) ?? '');
    const there = yield* lookAll('DescribeSecurityGroups', filtered('group-id', [identity]), 'SecurityGroups', [
      { GroupId: identity },
    ]);
    if (there.length === 0) continue;
    const listed = yield* lookAll(
      'DescribeSecurityGroupRules',
      filtered('group-id', [identity]),
      'SecurityGroupRules',
      stale(from),
    );
    yield* changeRules(
      identity,
      directions.map((direction) => {
        const before = rulesFromList(listed, direction);
        // Only the rules that name the former group: a journal may not add others to groups that no step names.
        const wanted = naming(listOf(group[direction.property]), direction, from).map(
          (rule) => renamed(rule, rename) as Rule,
        );
        const kept = before.filter((rule) => rule[direction.group] !== from);
        const keys = new Set(wanted.map((rule) => ruleKey(rule, direction)));
        return {
          direction,
          before,
          ids: ruleIds(listed, direction),
          after: [...kept.filter((rule) => !keys.has(ruleKey(rule, direction))), ...wanted],
        };
      }),
    );
  }
}

function* pointInterfaces(
  context: StepContext,
  interfaces: readonly JsonObject[],
  rename: (id: string) => string,
): Program {
  for (const item of interfaces) {
    const identity = context.remap(textOf(item['NetworkInterfaceId']) ?? '');
    const groups = textsOf(item['Groups']).map(rename);
    if (item['RequesterManaged'] === true) continue;
    const [live] = yield* lookAll(
      'DescribeNetworkInterfaces',
      filtered('network-interface-id', [identity]),
      'NetworkInterfaces',
      [{ NetworkInterfaceId: identity }],
    );
    if (live === undefined || groups.every((group) => hasGroup(live, group))) continue;
    yield* send({
      service: 'ec2',
      operation: 'ModifyNetworkInterfaceAttribute',
      identity,
      retry: 'absolute',
      purpose: `give ${identity} the restored group`,
      input: { NetworkInterfaceId: identity, Groups: groups },
    });
  }
}
