import type { AwsReader } from '../../../src/domain/call.ts';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import { nameIn, nameText, type ResourceName } from '../../../src/domain/identity.ts';
import type { LiveResource, ReadFailure } from '../../../src/domain/live.ts';
import type { Neighbours, Subject } from '../../../src/domain/own-effect.ts';
import type { ReadQuery, ReadResult } from '../../../src/domain/resource-type.ts';
import { describe } from '../common.ts';
import { compact, listOf, numberOf, objectOf, sorted, textOf } from '../../aws/values/fields.ts';
import { attempt, type Attempt, failureOf } from '../../aws/values/batches.ts';
import { byFilter } from '../paging.ts';
import { directions, egress, ingress, ruleIds, rulesFromList, rulesFromPermissions } from './permissions.ts';
import { creatorOf, ownerOf, splitTags } from '../../aws/values/tags.ts';

export const securityGroupType = 'AWS::EC2::SecurityGroup';

/**
 * The part of the groups that only a detailed read tells: each rule with its id, the interfaces and the groups that use
 * them.
 */
interface Details {
  readonly rules: Attempt<readonly JsonObject[]>;
  readonly interfaces: Attempt<readonly JsonObject[]>;
  readonly referrers: Attempt<readonly JsonObject[]>;
}

/**
 * Reads security groups: DescribeSecurityGroups in pages, and for the detailed ones DescribeSecurityGroupRules,
 * DescribeNetworkInterfaces and the groups that refer to them, 200 groups a call. Evidence that could not be read is
 * `unknown`; rules that could not be read are a failure.
 */
export async function readSecurityGroups(aws: AwsReader, query: ReadQuery): Promise<ReadResult> {
  const { found, absent, failures } = await describe(aws, query, {
    type: securityGroupType,
    operation: 'DescribeSecurityGroups',
    list: 'SecurityGroups',
    filter: 'group-id',
    idField: 'GroupId',
  });
  const detailed = found.map(idOf).filter((id) => query.detailed.has(id));
  const details = detailed.length === 0 ? null : await readDetails(aws, detailed);
  const more: ReadFailure[] = [];
  const resources = found.map((raw) => {
    const own = query.detailed.has(idOf(raw)) ? details : null;
    if (own !== null && !own.rules.ok) more.push(failureOf(securityGroupType, idOf(raw), own.rules.error));
    return groupResource(raw, own);
  });
  return { resources, absent, failures: [...failures, ...more] };
}

const idOf = (raw: JsonObject): string => textOf(raw['GroupId']) ?? '';

async function readDetails(aws: AwsReader, ids: readonly string[]): Promise<Details> {
  const groupsBy = (filter: string): Promise<Attempt<readonly JsonObject[]>> =>
    attempt(byFilter(aws, 'DescribeSecurityGroups', 'SecurityGroups', filter, ids, { MaxResults: 1000 }));
  const [rules, interfaces, incoming, outgoing] = await Promise.all([
    attempt(byFilter(aws, 'DescribeSecurityGroupRules', 'SecurityGroupRules', 'group-id', ids, { MaxResults: 1000 })),
    attempt(byFilter(aws, 'DescribeNetworkInterfaces', 'NetworkInterfaces', 'group-id', ids, { MaxResults: 1000 })),
    groupsBy('ip-permission.group-id'),
    groupsBy('egress.ip-permission.group-id'),
  ]);
  return {
    rules,
    interfaces,
    referrers: !incoming.ok
      ? incoming
      : !outgoing.ok
        ? outgoing
        : { ok: true, value: [...incoming.value, ...outgoing.value] },
  };
}

function groupResource(raw: JsonObject, details: Details | null): LiveResource {
  const identity = idOf(raw);
  const { tags, systemTags } = splitTags(raw['Tags']);
  const listed = details?.rules.ok === true ? details.rules.value.filter((rule) => rule['GroupId'] === identity) : null;
  return {
    type: securityGroupType,
    identity,
    incarnation: identity,
    properties: compact({
      GroupName: textOf(raw['GroupName']),
      GroupDescription: textOf(raw['Description']),
      VpcId: textOf(raw['VpcId']),
      SecurityGroupIngress:
        listed === null ? rulesFromPermissions(raw['IpPermissions'], ingress) : rulesFromList(listed, ingress),
      SecurityGroupEgress:
        listed === null ? rulesFromPermissions(raw['IpPermissionsEgress'], egress) : rulesFromList(listed, egress),
      Tags: tags,
    }),
    attributes: compact({
      GroupId: identity,
      Id: identity,
      VpcId: textOf(raw['VpcId']),
      OwnerId: textOf(raw['OwnerId']),
      ...(listed === null
        ? {}
        : {
            RuleIds: Object.fromEntries(
              directions.map((direction) => [direction.word, Object.fromEntries(ruleIds(listed, direction))]),
            ),
            TaggedRules: listed.filter((rule) => listOf(rule['Tags']).length > 0).length,
          }),
      ...(details?.interfaces.ok === true
        ? { Interfaces: details.interfaces.value.filter((item) => hasGroup(item, identity)).map(ownerOfInterface) }
        : {}),
    }),
    systemTags,
    state: 'present',
    pending: {},
    binding: compact({ owner: ownerOf(systemTags, undefined), ...(details === null ? {} : usersOf(raw, details)) }),
    observed: compact({ creator: creatorOf(tags, systemTags) }),
    detailed: details !== null,
  };
}

/** Who uses a group. `dependents` names resources, `attached` says more about its network interfaces. */
function usersOf(raw: JsonObject, { interfaces, referrers }: Details): JsonObject {
  const identity = idOf(raw);
  const own = interfaces.ok ? interfaces.value.filter((item) => hasGroup(item, identity)) : null;
  const groups = referrers.ok
    ? referrers.value
        .filter((group) => idOf(group) !== identity && refersTo(group, identity))
        .map((group) => ({ type: securityGroupType, identity: idOf(group) }))
    : null;
  return {
    protections: textOf(raw['GroupName']) === 'default' ? ['default group of its VPC, which AWS does not delete'] : [],
    dependents: own === null || groups === null ? 'unknown' : namesOf([...own.map(userOf), ...groups]),
    attached: own === null ? 'unknown' : unique(own.map(interfaceText)),
  };
}

const unique = (texts: readonly string[]): Json => sorted([...new Set(texts)]);

/** Each resource once, in a stable order. */
const namesOf = (names: readonly ResourceName[]): Json =>
  [...new Map(names.map((name) => [nameText(name), { ...name }]))]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, name]) => name);

export const hasGroup = (item: JsonObject, group: string): boolean =>
  listOf(item['Groups']).some((entry) => entry['GroupId'] === group);

/** Whether rules of `group` name `identity` (DescribeSecurityGroups, UserIdGroupPairs). */
export const refersTo = (group: JsonObject, identity: string): boolean =>
  ['IpPermissions', 'IpPermissionsEgress'].some((name) =>
    listOf(group[name]).some((permission) =>
      listOf(permission['UserIdGroupPairs']).some((pair) => pair['GroupId'] === identity),
    ),
  );

/** Whose an interface is, as far as AWS says it: an instance's, or that of a service, which does not say of what. */
const ownerOfInterface = (item: JsonObject): JsonObject =>
  compact({
    NetworkInterfaceId: textOf(item['NetworkInterfaceId']),
    InstanceId: textOf(objectOf(item['Attachment'])['InstanceId']),
    RequesterId: textOf(item['RequesterId']),
  });

/**
 * An element of `attached` or `dependents` that is about an interface is about its instance too, or about some database
 * that RDS made it for.
 */
export const groupNeighbours: Neighbours = {
  about(live, _fact, element) {
    const name = nameIn(element);
    if (name !== undefined && name.type !== networkInterface) return [name];
    const id = name?.identity ?? String(element).split(' ', 1)[0] ?? '';
    const own = listOf(live.attributes['Interfaces']).find((item) => item['NetworkInterfaceId'] === id);
    const instance = textOf(own?.['InstanceId']);
    const owners: readonly Subject[] = [
      ...(instance === undefined ? [] : [{ type: 'AWS::EC2::Instance', identity: instance }]),
      ...(own?.['RequesterId'] === 'amazon-rds' ? [{ type: 'AWS::RDS::DBInstance', identity: null }] : []),
    ];
    return [{ type: networkInterface, identity: id }, ...owners];
  },
};

const networkInterface = 'AWS::EC2::NetworkInterface';

/**
 * A further interface of an instance: no property of the instance names its groups, and it stays when the instance
 * goes, so that it is a user of its own.
 */
export const isFurther = (item: JsonObject): boolean =>
  (numberOf(objectOf(item['Attachment'])['DeviceIndex']) ?? 0) > 0;

/** The instance whose first interface it is, else the interface itself. */
function userOf(item: JsonObject): ResourceName {
  const instance = textOf(objectOf(item['Attachment'])['InstanceId']);
  return instance === undefined || isFurther(item)
    ? { type: networkInterface, identity: textOf(item['NetworkInterfaceId']) ?? '' }
    : { type: 'AWS::EC2::Instance', identity: instance };
}

/** A network interface in words: its id, what it is for, and who made it where that is a service of AWS. */
export function interfaceText(item: JsonObject): string {
  const instance = textOf(objectOf(item['Attachment'])['InstanceId']);
  const description = textOf(item['Description']);
  const service =
    item['RequesterManaged'] === true ? `made by ${textOf(item['RequesterId']) ?? 'an AWS service'}` : undefined;
  const notes = [instance === undefined ? undefined : `of ${instance}`, description, service].filter(
    (note) => note !== undefined,
  );
  return `${textOf(item['NetworkInterfaceId']) ?? 'interface'}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`;
}
